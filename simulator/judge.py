"""What a closed world is worth: its verdicts, and the defects that its properties find."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve, frozen

from simulator import explorer
from simulator.actors import ActorWorld
from simulator.explorer import BoundExceeded, Claim, Move, Progress, Report, Verdict, World

STATES_MAX = 4_000_000
EVERY = 10_000  # states between two words of progress


@frozen
class Mutant:
    """A *world* with a defect, said in words; the property of *property_id* must fail in it."""

    defect: str
    property_id: str
    world: World[Any]


@frozen
class Entry:
    """A world that is checked, and the mutants of it."""

    world: World[Any]
    mutants: tuple[Mutant, ...] = ()

    @property
    def name(self) -> str:
        """The name of the world."""
        return self.world.name


@frozen
class Kill:
    """What became of a mutant: *verdict* is on the property that must fail, None if not reached."""

    mutant: Mutant
    verdict: Verdict[Any] | None

    @property
    def killed(self) -> bool:
        """Whether the property has failed."""
        return self.verdict is not None and not self.verdict.holds


@frozen
class _Only:
    """A world that claims some of its properties only: what else fails does not matter."""

    world: World[Any]
    ids: frozenset[str]

    def claims(self) -> Iterable[Claim[Any]]:
        """Return these claims."""
        return (c for c in self.world.claims() if c.property.id in self.ids)

    @property
    def name(self) -> str:
        """The name of the world."""
        return self.world.name

    def initial(self) -> Iterable[Any]:
        """Return where the world may start."""
        return self.world.initial()

    def moves(self, state: Any, /) -> Iterable[tuple[Move, Any]]:  # noqa: ANN401
        """Return what may happen in *state*."""
        return self.world.moves(state)

    def show(self, state: Any, /) -> Mapping[str, str]:  # noqa: ANN401
        """Return *state* in words."""
        return self.world.show(state)


def only(world: World[Any], ids: frozenset[str]) -> World[Any]:
    """Return *world* with its claims on the properties *ids* only."""
    if isinstance(world, ActorWorld):
        return evolve(world, rules=tuple(r for r in world.rules if r.property.id in ids))
    return _Only(world, ids)


@frozen
class Judgement:
    """The report on one entry, and what became of its mutants."""

    entry: Entry
    report: Report[Any]
    kills: tuple[Kill, ...]


def explore(  # noqa: PLR0913  # what may be asked of an exploration
    world: World[Any],
    progress: Progress | None = None,
    stop_at: frozenset[str] = frozenset(),
    *,
    states_max: int = STATES_MAX,
    memory_max: int | None = None,
    workers: int = 1,
    symmetry: bool = False,
) -> Report[Any]:
    """Explore *world* with the fastest explorer that can.

    Of actors two *workers* share the work, a declared *symmetry* may be made use of, and
    *memory_max* bytes are what states and tables may hold.

    Raises:
        AsymmetryError: The world is not as symmetric as it declares.
        BoundExceeded: The world has more than *states_max* states, or needs more memory; nothing
            was proven.
    """
    if isinstance(world, ActorWorld):
        from simulator.compiled import explore as compiled  # a second to import, if it is needed

        return compiled(
            world,
            states_max=states_max,
            memory_max=memory_max,
            progress=progress,
            every=EVERY,
            stop_at_first_failure=stop_at,
            workers=workers,
            symmetry=symmetry,
        )
    return explorer.explore(
        world,
        states_max=states_max,
        progress=progress,
        every=EVERY,
        stop_at_first_failure=stop_at,
    )


def kill(mutant: Mutant, progress: Progress | None = None) -> Kill:
    """Explore *mutant* until its property has failed; without bound nothing is proven of it."""
    ids = frozenset({mutant.property_id})
    try:
        report = explore(only(mutant.world, ids), progress, ids)
    except BoundExceeded:
        return Kill(mutant, None)
    found = (v for v in report.verdicts if v.property.id == mutant.property_id)
    return Kill(mutant, next(found, None))
