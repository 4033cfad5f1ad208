"""Market mirroring with one thing wrong on wires that keep their order otherwise.

Also without each of its repairs for reports out of order: what they are for.
"""

from collections.abc import Iterator

from attrs import evolve

from machines import mirroring as machine
from machines.mirroring import Reported
from machines.order import Acked
from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.mutants.mirroring import unkept, untold
from simulator.worlds.mirroring import mirroring_world
from simulator.worlds.mirroring_scene import Size, Step
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_mirroring import MIXED, ONE, OVERTAKING, product_world
from simulator.worlds.product_mirroring import Size as Product
from simulator.worlds.wires import doubled, late, wired
from spec.mirroring import PROPERTIES

SIZE = Size(limit=2, volume=2, prices=1, wire=2, ends=True)
REPORTS = ("reports", "recoup_reports")
UNREPAIRED = (
    ("closing reports have no total", untold),
    ("a closing report ends a request", unkept),
)


def assumptions() -> Iterator[Assumed]:
    """Yield a strategy with one slot, whose venues and traders may fall quiet."""
    fifo, unordered = _worlds(machine.step)
    yield Assumed(Assumption.FIFO, fifo)
    yield Assumed(Assumption.UNORDERED, unordered)
    yield Assumed(Assumption.UNORDERED, _ordering("orders out of order", MIXED))
    yield Assumed(Assumption.OVERTAKING, _ordering("requests out of order", OVERTAKING))
    twice = evolve(fifo, name="mirroring, doubled")
    yield Assumed(Assumption.DUPLICATING, doubled(twice, "strategy", REPORTS, times=1))
    lost = wired(evolve(fifo, name="mirroring, lost"), REPORTS, lossy=True)
    yield Assumed(Assumption.LOSSY, lost)
    acked = mirroring_world("mirroring, late acks", evolve(SIZE, acks=True))
    slow = late(acked, "destination", "reports", _acknowledges)
    yield Assumed(Assumption.LATE_ACK, slow)
    asked = wired(evolve(fifo, name="mirroring, no answer"), ("orders", "recoups"), lossy=True)
    yield Assumed(Assumption.UNKNOWN_OUTCOME, asked)
    crash = _ordering("crash", Product(ONE, budget=Budget(crashes=1)))
    yield Assumed(Assumption.CRASH, crash)
    for defect, step in UNREPAIRED:
        fifo, unordered = _worlds(step)
        yield Assumed(Assumption.FIFO, fifo, defect)
        yield Assumed(Assumption.UNORDERED, unordered, defect)


def _worlds(step: Step) -> tuple[ActorWorld, ActorWorld]:
    """Return the strategy that steps by *step*, with reports in order and not."""
    return (
        mirroring_world("mirroring, in order", SIZE, step),
        mirroring_world("mirroring, out of order", evolve(SIZE, ordered=False), step),
    )


def _ordering(name: str, size: Product) -> ActorWorld:
    """Return the strategy over order machines, with what is claimed of the strategy in it."""
    world = product_world(f"mirroring, {name}", size)
    return evolve(world, rules=tuple(r for r in world.rules if r.property.id in PROPERTIES))


def _acknowledges(report: Reported) -> bool:
    """Return whether *report* says only that an order was placed."""
    return isinstance(report.news, Acked)
