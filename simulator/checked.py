"""All that `hedgeproof check` tells of a world: verdicts, mutants, rows taken.

A row that no world takes was not checked, whatever its machine's properties say.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from attrs import frozen

from simulator.coverage import fresh, watched
from simulator.explorer import Progress, World
from simulator.judge import STATES_MAX, Entry, Judgement, explore, kill
from spec.catalogue import Machine
from spec.fsm import Row, Spec

UNTAKEN = "no world: "  # how the remark of a row begins that no world can take

AnyRow = Row[Any, Any, Any]
Machines = Mapping[str, Machine]
Pair = tuple[int, int]  # state, symbol


@frozen
class Checked:
    """What a world is worth, and the rows that it takes by machine."""

    judgement: Judgement
    taken: Mapping[str, frozenset[Pair]]


def checked(  # noqa: PLR0913  # what may be asked of an exploration
    entry: Entry,
    progress: Progress | None = None,
    workers: int = 1,
    *,
    symmetry: bool = False,
    states_max: int = STATES_MAX,
    memory_max: int | None = None,
) -> Checked:
    """Explore *entry* to its end and note which rows it takes, then judge its mutants.

    Of a world of actors *workers*, one or two, share the work, and a declared *symmetry* may be
    made use of, and the bounds are those of `explore`; the mutants are explored without.

    Raises:
        AsymmetryError: The world is not as symmetric as it declares.
        BoundExceeded: The world has more than *states_max* states, or needs more memory; nothing
            was proven.
    """
    with watched() as found:
        report = explore(
            fresh(entry.world),
            progress,
            states_max=states_max,
            memory_max=memory_max,
            workers=workers,
            symmetry=symmetry,
        )
        taken = {rows.machine: rows.taken for rows in found()}
    kills = tuple(kill(mutant, progress) for mutant in entry.mutants)
    return Checked(Judgement(entry, report, kills), taken)


@frozen
class Table:
    """The rows of *spec*; *takers* are the worlds that take each pair of state and symbol.

    It is *whole* where no world of the machine was left out: what none takes now is dead.
    """

    spec: Spec[Any, Any, Any]
    takers: Mapping[Pair, tuple[str, ...]]
    whole: bool

    def of(self, row: AnyRow) -> tuple[str, ...]:
        """Return the worlds that take *row*."""
        return self.takers.get((int(row.source), int(row.symbol)), ())

    @property
    def taken(self) -> tuple[AnyRow, ...]:
        """The rows that some world takes."""
        return tuple(row for row in self.spec.rows if self.of(row))

    @property
    def dead(self) -> tuple[AnyRow, ...]:
        """The rows that no world takes, and whose remark does not say why."""
        untaken = (row for row in self.spec.rows if self.whole and not self.of(row))
        return tuple(row for row in untaken if not row.why.startswith(UNTAKEN))


def tables(
    machines: Machines, done: Iterable[Checked], whole: Collection[str]
) -> tuple[Table, ...]:
    """Return the table of each of *machines* that the worlds of *done* look at.

    Of the machines called *whole* no world is left out.
    """
    takers: dict[str, dict[Pair, tuple[str, ...]]] = {name: {} for name in machines}
    for each in done:
        for name in each.taken.keys() & takers.keys():
            for pair in each.taken[name]:
                before = takers[name].get(pair, ())
                takers[name][pair] = (*before, each.judgement.entry.name)
    looked_at = ((machines[name][0], found) for name, found in takers.items() if found)
    return tuple(Table(spec, found, spec.name in whole) for spec, found in looked_at)


def owners(world: World[Any], machines: Machines) -> frozenset[str]:
    """Return the machines of which *world* claims a property."""
    claimed = {claim.property.id for claim in world.claims()}
    return frozenset(name for name, (_, declared) in machines.items() if claimed & set(declared))
