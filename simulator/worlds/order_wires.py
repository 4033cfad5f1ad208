"""One order and one venue, with one thing wrong on a wire that keeps its order otherwise."""

from collections.abc import Iterator

from attrs import evolve

from machines.order import Acked
from simulator.actors import ActorWorld
from simulator.matrix import Assumption
from simulator.worlds.order import Size, order_world
from simulator.worlds.order_ours import Budget
from simulator.worlds.order_venue import Report
from simulator.worlds.wires import late, wired

SIZE = Size(ordered=True, budget=Budget(replaces=1))


def assumptions() -> Iterator[tuple[Assumption, ActorWorld]]:
    """Yield an order that may be replaced once."""
    for assumption, name, size in (
        (Assumption.FIFO, "in order", SIZE),
        (Assumption.UNORDERED, "out of order", evolve(SIZE, ordered=False)),
        (Assumption.DUPLICATING, "doubled", _suffering(doubles=1)),
        (Assumption.LOSSY, "lost", evolve(_suffering(losses=1), losses=1)),
        (Assumption.UNKNOWN_OUTCOME, "time-outs", _suffering(timeouts=1)),
        (Assumption.CRASH, "crash", _suffering(crashes=1)),
    ):
        yield assumption, order_world(f"order, {name}", size)
    timed_out = order_world("order, requests out of order", _suffering(timeouts=1))
    yield Assumption.OVERTAKING, wired(timed_out, {"requests"}, ordered=False)
    slow = late(order_world("order, late acks", SIZE), "venue", "reports", _acknowledges)
    yield Assumption.LATE_ACK, slow


def _suffering(**budget: int) -> Size:
    """Return the size of a world in which our side may suffer so much more."""
    return evolve(SIZE, budget=SIZE.budget._replace(**budget))


def _acknowledges(report: Report) -> bool:
    """Return whether *report* says only that an order was placed."""
    return isinstance(report.event, Acked)
