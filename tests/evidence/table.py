"""The table of trials by fault."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from statistics import median

from attrs import evolve

from tests.evidence.trial import DOUBLED, Outcome

WRONG = {  # what is counted as wrong, by what it means
    "doubled": DOUBLED,
    "lost": (
        "orders whose fills differ in lots, price or fee",
        "orders in the books whose fills differ",
    ),
    "orphaned": (
        "orders at the venue that the journal does not have",
        "orders in the books that the journal does not have",
        "orders left open",
    ),
    "mismatched": (
        "lots of the position that differ",
        "money units that differ",
        "findings of the journal's audit",
    ),
}
SWARM = "swarm"
Outcomes = Sequence[Outcome]


def failed(outcome: Outcome) -> bool:
    """Return whether something is not as it has to be."""
    return any(outcome.wrong.values())


def _wrong(of: Outcomes, column: str) -> str:
    """Return in how many trials something of *column* is wrong."""
    return str(sum(any(each.wrong.get(one) for one in WRONG[column]) for each in of))


def _outage(of: Outcomes, pick: Callable[[list[float]], float]) -> str:
    """Return what *pick* makes of the longest time out of RUNNING of each trial."""
    return f"{pick([each.outage_s for each in of]):.0f}"


def _settled(of: Outcomes, pick: Callable[[list[float]], float]) -> str:
    """Return what *pick* makes of the times from the end of the faults until the bot ran."""
    found = [each.settled_s for each in of if each.settled_s is not None]
    return f"{pick(found):.0f}" if found else "-"


COLUMNS: dict[str, Callable[[Outcomes], str]] = {
    "runs": lambda of: f"{len(of):,}",
    "orders": lambda of: f"{sum(each.orders for each in of):,}",
    "fills": lambda of: f"{sum(each.fills for each in of):,}",
    "injected": lambda of: f"{sum(sum(each.faults.values()) for each in of):,}",
    **{name: partial(_wrong, column=name) for name in WRONG},
    "failed": lambda of: str(sum(map(failed, of))),
    "noticed": lambda of: str(sum(each.noticed for each in of)),
    "outage s, median": partial(_outage, pick=median),
    "outage s, longest": partial(_outage, pick=max),
    "settled s, median": partial(_settled, pick=median),
    "settled s, longest": partial(_settled, pick=max),
}


def table(of: Outcomes, names: Iterable[str]) -> str:
    """Return the table of *of*, a line for each of *names* that was tried, and one for all."""
    lines = [f"| fault | {' | '.join(COLUMNS)} |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name in names:
        row = [_narrowed(each, name) for each in of if name in _rows(each)]
        lines += [f"| `{name}` {_cells(row)}"] if row else []
    return "\n".join((*lines, f"| all runs {_cells(of)}" if of else "")) + "\n"


def _rows(outcome: Outcome) -> Iterable[str]:
    """Return the lines in which *outcome* counts: a swarm for each fault that was on."""
    return outcome.faults if outcome.name == SWARM else (outcome.name,)


def _narrowed(outcome: Outcome, name: str) -> Outcome:
    """Return *outcome* with the strikes of the fault *name* only, if it is one."""
    found = {name: outcome.faults[name]} if name in outcome.faults else outcome.faults
    return evolve(outcome, faults=found)


def _cells(of: Outcomes) -> str:
    """Return what a line says of *of*."""
    return "".join(f"| {count(of)} " for count in COLUMNS.values()) + "|"
