"""The supervisor with one thing wrong between it and its venue."""

from collections.abc import Iterator

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.supervisor import STOP, world
from simulator.worlds.supervisor_scene import Scope
from simulator.worlds.wires import wired

CLAIMS = ("SUP-3", *STOP)
BASE = Scope(orders=1, stops=1)
HEARD = ("news", "answers")


def assumptions() -> Iterator[Assumed]:
    """Yield a supervisor that may send one order, and a person who may stop it."""
    yield Assumed(Assumption.FIFO, _world("in order", BASE))
    unordered = wired(_world("out of order", BASE), HEARD, ordered=False)
    yield Assumed(Assumption.UNORDERED, unordered)
    overtaking = wired(_world("requests out of order", BASE), {"asks"}, ordered=False)
    yield Assumed(Assumption.OVERTAKING, overtaking)
    yield Assumed(Assumption.DUPLICATING, wired(_world("doubled", BASE), HEARD, doubling=True))
    yield Assumed(Assumption.LOSSY, _world("gap", BASE._replace(gaps=1)))
    yield Assumed(Assumption.LATE_ACK, "it awaits no acknowledgement of an order")
    yield Assumed(Assumption.UNKNOWN_OUTCOME, _world("time-outs", BASE._replace(losses=1)))
    yield Assumed(Assumption.CRASH, _world("crash", BASE._replace(crashes=1)))
    silent = wired(_world("lost", BASE), {"news"}, lossy=True)
    yield Assumed(Assumption.LOSSY, silent, "nobody says that news was lost")


def _world(name: str, scope: Scope) -> ActorWorld:
    """Return the world of *scope*."""
    return world(f"supervisor, {name}", scope, CLAIMS)
