"""Which property survives which network: each machine's world with one thing wrong at a time.

A world module, or the module of its wires beside it, says what its machine meets under each
assumption in a function `assumptions()`: a world, or why there is none.  What fails where it is
not promised is worth knowing: it says what the machine relies on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from attrs import frozen

from simulator.explorer import NO_EXCEPTION, BoundExceeded, Report, Verdict, World
from simulator.judge import explore
from spec.catalogue import Machine
from spec.properties import Kind, Property

STATES_MAX = 1_000_000


class Assumption(Enum):
    """What the network may do, beside taking its time; all but the first, one at a time."""

    FIFO = "FIFO"
    UNORDERED = "unordered"
    DUPLICATING = "duplicating"
    LOSSY = "lossy"
    LATE_ACK = "late acknowledgement"
    UNKNOWN_OUTCOME = "unknown outcome"
    CRASH = "crash"
    OVERTAKING = "requests unordered"


MEANING: Mapping[Assumption, str] = MappingProxyType(
    {
        Assumption.FIFO: "messages take their time, and each wire keeps their order",
        Assumption.UNORDERED: "reports overtake each other",
        Assumption.DUPLICATING: "a report arrives twice",
        Assumption.LOSSY: "a message is lost; a machine that can be told so is told",
        Assumption.LATE_ACK: "an acknowledgement is overtaken by the reports that follow it",
        Assumption.UNKNOWN_OUTCOME: "no answer to a request: it may have arrived, or not",
        Assumption.CRASH: "we start again; what was on the way to us is lost, the journal is not",
        Assumption.OVERTAKING: "requests overtake each other; a query voids what is older",
    }
)


class Assumed(NamedTuple):
    """The *world* under *assumption*, or in words why there is none.

    A *defect* is what the machine of this world lacks; its properties have rows of their own.
    """

    assumption: Assumption
    world: World[Any] | str
    defect: str = ""


Pair = Assumed | tuple[Assumption, World[Any] | str]
Hook = Callable[[], Iterable[Pair]]
Told = Callable[[str], None]


@frozen
class Cell:
    """What becomes of a property: *verdict* on *world*, or *why* there is none."""

    verdict: Verdict[Any] | None = None
    world: World[Any] | None = None
    why: str = ""

    @property
    def fails(self) -> bool:
        """Whether there is a counterexample."""
        return self.verdict is not None and not self.verdict.holds

    @property
    def words(self) -> str:
        """What a table says: "holds", the length of the counterexample, or nothing."""
        if self.verdict is None:
            return "-"
        moves = len(self.verdict.moves())
        return "holds" if self.verdict.holds else "1 move" if moves == 1 else f"{moves} moves"


@frozen
class Line:
    """The cells of one property of *machine*, one for each assumption, in their order."""

    machine: str
    property: Property
    cells: Mapping[Assumption, Cell]
    defect: str = ""


class _Explored(NamedTuple):
    """A world and its report, None where it has too many states."""

    world: World[Any]
    report: Report[Any] | None


def hooks(modules: Iterable[ModuleType]) -> tuple[Hook, ...]:
    """Return the functions `assumptions` of *modules*, or of the modules of their wires."""
    return tuple(hook for hook in map(_hook, modules) if hook is not None)


def _hook(module: ModuleType) -> Hook | None:
    """Return the function of *module*, or of the one beside it whose name ends in "_wires"."""
    beside = f"{module.__name__}_wires"
    if not hasattr(module, "assumptions") and find_spec(beside):
        module = import_module(beside)
    hook: Hook | None = getattr(module, "assumptions", None)
    return hook


def matrix(
    declared: Iterable[Hook], machines: Mapping[str, Machine], told: Told = lambda _: None
) -> tuple[Line, ...]:
    """Explore every world of the hooks *declared*, and return what becomes of each property.

    Properties are those of *machines* that are no "sometimes".  Of a machine with a defect only
    those that fail somewhere are returned.  *told* is given the name of each world.
    """
    lines: list[Line] = []
    for hook in declared:
        assumed = [pair if isinstance(pair, Assumed) else Assumed(*pair) for pair in hook()]
        worlds = {id(each.world): each.world for each in assumed}
        reports = {number: _explored(world, told) for number, world in worlds.items()}
        for defect in dict.fromkeys(each.defect for each in assumed):
            mine = [each for each in assumed if each.defect == defect]
            lines += _lines(defect, mine, reports, machines)
    return tuple(lines)


def _explored(world: World[Any] | str, told: Told) -> _Explored | None:
    """Return the report on *world*, None where there is no world."""
    if isinstance(world, str):
        return None
    told(world.name)
    try:
        return _Explored(world, explore(world, states_max=STATES_MAX))
    except BoundExceeded:
        return _Explored(world, None)


def _lines(
    defect: str,
    assumed: list[Assumed],
    reports: Mapping[int, _Explored | None],
    machines: Mapping[str, Machine],
) -> list[Line]:
    """Return the lines of what *assumed* claims."""
    worlds = [each.world for each in assumed if not isinstance(each.world, str)]
    claimed = {claim.property.id for world in worlds for claim in world.claims()}
    lines: list[Line] = []
    for name, (_, properties) in machines.items():
        for prop in properties.values():
            if prop.id in claimed and prop.kind is not Kind.SOMETIMES:
                cells = {each: _cell(prop, each, assumed, reports) for each in Assumption}
                lines.append(Line(name, prop, cells, defect))
    if defect:
        return [line for line in lines if any(cell.fails for cell in line.cells.values())]
    return lines


def _cell(
    prop: Property,
    assumption: Assumption,
    assumed: list[Assumed],
    reports: Mapping[int, _Explored | None],
) -> Cell:
    """Return what becomes of *prop*: its failure if it fails in one of the worlds."""
    mine = [each.world for each in assumed if each.assumption is assumption]
    found = [explored for world in mine if (explored := reports[id(world)]) is not None]
    cells = [_judged(prop, each) for each in found]
    failing = [cell for cell in cells if cell.fails]
    holding = [cell for cell in cells if cell.verdict is not None]
    reasons = [Cell(why=world) for world in mine if isinstance(world, str)]
    return next(iter((*failing, *holding, *cells, *reasons)), Cell(why="not explored"))


def _judged(prop: Property, explored: _Explored) -> Cell:
    """Return what one exploration says of *prop*."""
    world, report = explored
    if report is None:
        return Cell(why=f"{world.name} has too many states to decide")
    verdicts = {verdict.property.id: verdict for verdict in report.verdicts}
    if prop.id not in {claim.property.id for claim in world.claims()}:
        return Cell(why="nothing that it speaks of can happen in that world")
    verdict = verdicts.get(prop.id, verdicts.get(NO_EXCEPTION.id))
    if verdict is not None and verdict.holds and verdict.note:
        return Cell(why=verdict.note)
    return Cell(verdict, world)


def reasons(lines: Iterable[Line]) -> dict[str, str]:
    """Return why cells are empty: by each reason, which they are."""
    found: dict[str, dict[str, list[str]]] = {}
    sound = [line for line in lines if not line.defect]
    for line in sound:
        for assumption, cell in line.cells.items():
            if cell.why:
                empty = found.setdefault(cell.why, {}).setdefault(line.property.id, [])
                empty.append(assumption.value)
    every = [line.property.id for line in sound]
    return {why: "; ".join(_where(cells, every)) for why, cells in found.items()}


def _where(empty: Mapping[str, list[str]], every: list[str]) -> Iterator[str]:
    """Yield which cells are empty, properties with the same ones together."""
    together: dict[str, list[str]] = {}
    for property_id, assumptions in empty.items():
        together.setdefault(", ".join(assumptions), []).append(property_id)
    for under, ids in together.items():
        yield f"{'all' if ids == every else ', '.join(ids)} under {under}"
