"""How much of a closed world something has seen, next to all that there is."""

from collections.abc import Callable, Generator, Hashable, Iterable, Mapping
from contextlib import contextmanager, suppress
from sys import modules
from typing import Any, TypeVar, cast

from attrs import evolve, field, frozen, has

from simulator.explorer import BoundExceeded, Progress, World
from simulator.judge import explore
from spec.fsm import Spec

St = TypeVar("St", bound=Hashable)
Pair = tuple[int, int]  # state and symbol
OURS = "simulator.worlds."


@frozen
class Rows:
    """The rows of the *machine* that were *taken*, of so many *declared*."""

    machine: str
    taken: frozenset[Pair]
    declared: int

    def __str__(self) -> str:
        return f"{len(self.taken)} of {self.declared}"


def rows(spec: Spec[Any, Any, Any], pairs: Iterable[tuple[Any, Any]]) -> Rows:
    """Return which rows of *spec* were taken for *pairs*; a pair without a row is none."""
    declared = {(row.source, row.symbol) for row in spec.rows}
    taken = frozenset((int(state), int(symbol)) for state, symbol in declared.intersection(pairs))
    return Rows(spec.name, taken, len(declared))


@contextmanager
def watched() -> Generator[Callable[[], tuple[Rows, ...]]]:
    """Yield a function that returns which rows any machine has taken meanwhile, sorted by name.

    What the worlds remember of earlier steps is forgotten first: a step remembered takes no row.
    """
    pairs: dict[str, set[tuple[Any, Any]]] = {}
    specs: dict[str, Spec[Any, Any, Any]] = {}
    plain = Spec[Any, Any, Any].take

    def take(spec: Spec[Any, Any, Any], state: Any, symbol: Any) -> Any:  # noqa: ANN401
        specs[spec.name] = spec
        pairs.setdefault(spec.name, set()).add((state, symbol))
        return plain(spec, state, symbol)

    _forget()
    setattr(Spec, "take", take)  # noqa: B010  # every machine, a user's too, looks its rows up here
    try:
        yield lambda: tuple(rows(specs[name], pairs[name]) for name in sorted(specs))
    finally:
        setattr(Spec, "take", plain)  # noqa: B010


def fresh(world: World[St]) -> World[St]:
    """Return *world* without what it remembers of earlier steps."""
    return evolve(cast("Any", world)) if has(type(world)) else world


def _forget() -> None:
    """Empty the caches of the modules that have worlds, ours and a user's."""
    for name, module in tuple(modules.items()):
        if name.startswith(OURS) or "worlds" in vars(module):
            for value in tuple(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if callable(clear):
                    clear()


def rows_at(world: World[St], states: Iterable[St]) -> tuple[Rows, ...]:
    """Return the rows that the moves of *world* take in *states*."""
    asked = fresh(world)
    with watched() as found:
        for state in states:
            with suppress(AssertionError):  # it is told as a failure elsewhere
                for _ in asked.moves(state):
                    pass
        return found()


@frozen
class Whole:
    """All that can be reached of a world: how many states and transitions, and which rows."""

    states: int
    transitions: int
    rows: Mapping[str, Rows] = field(repr=False)


def whole(world: World[Any], states_max: int, progress: Progress | None = None) -> Whole | None:
    """Return all that can be reached of *world*, None where that is too much or its code fails."""
    with watched() as found:
        try:
            report = explore(fresh(world), progress, states_max=states_max)
        except BoundExceeded:
            return None
        if not report.complete:
            return None
        return Whole(report.states, report.transitions, {each.machine: each for each in found()})
