"""One order and one venue, with one thing wrong on a wire that keeps its order otherwise."""

from collections.abc import Iterator

from attrs import evolve

from machines.order import Acked
from simulator.actors import ActorWorld
from simulator.matrix import Assumption
from simulator.worlds.order import Size, order_world
from simulator.worlds.order_ours import Budget
from simulator.worlds.order_venue import Report
from simulator.worlds.wires import late

ONCE = Budget(replaces=1)
SIZE = Size(ordered=True, budget=ONCE)


def assumptions() -> Iterator[tuple[Assumption, ActorWorld]]:
    """Yield an order that may be replaced once."""
    lost, waited, crash = (
        ONCE._replace(losses=1),
        ONCE._replace(timeouts=1),
        ONCE._replace(crashes=1),
    )
    for assumption, name, size in (
        (Assumption.FIFO, "in order", SIZE),
        (Assumption.UNORDERED, "out of order", evolve(SIZE, ordered=False)),
        (Assumption.DUPLICATING, "doubled", evolve(SIZE, doubling=True)),
        (Assumption.LOSSY, "lost", evolve(SIZE, losses=1, budget=lost)),
        (Assumption.UNKNOWN_OUTCOME, "time-outs", evolve(SIZE, budget=waited)),
        (Assumption.CRASH, "crash", evolve(SIZE, budget=crash)),
    ):
        yield assumption, order_world(f"order, {name}", size)
    slow = late(order_world("order, late acks", SIZE), "venue", "reports", _acknowledges)
    yield Assumption.LATE_ACK, slow


def _acknowledges(report: Report) -> bool:
    """Return whether *report* says only that an order was placed."""
    return isinstance(report.event, Acked)
