"""A trailing order with one thing wrong between it, its market and its venue."""

from collections.abc import Iterator, Mapping

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.trailing import BUYS, ENDS, REST, world
from simulator.worlds.trailing_scene import Scope
from simulator.worlds.wires import wired

SCOPES: Mapping[str, Scope] = {
    "trails": BUYS._replace(bars=3, others=1),
    "rests": BUYS._replace(bars=2, others=1, levels=(REST,)),
}
HEARD = ("bars", "reports", "answers")


def assumptions() -> Iterator[Assumed]:
    """Yield an order that trails, and one that rests; another of its position may fill.

    Lost are bars, and answers to the question which bars there were.
    """
    for name, base in SCOPES.items():
        fifo = _world(f"{name}, in order", base)
        yield Assumed(Assumption.FIFO, fifo)
        unordered = wired(_world(f"{name}, out of order", base), HEARD, ordered=False)
        yield Assumed(Assumption.UNORDERED, unordered)
        overtaking = wired(_world(f"{name}, requests out of order", base), {"asks"}, ordered=False)
        yield Assumed(Assumption.OVERTAKING, overtaking)
        twice = wired(_world(f"{name}, doubled", base), HEARD, doubling=True)
        yield Assumed(Assumption.DUPLICATING, twice)
        yield Assumed(Assumption.LOSSY, _world(f"{name}, gap", base._replace(losses=1)))
        failing = _world(f"{name}, no answer", base._replace(failures=1))
        yield Assumed(Assumption.UNKNOWN_OUTCOME, failing)
        yield Assumed(Assumption.CRASH, _world(f"{name}, crash", base._replace(crashes=1)))
    yield Assumed(Assumption.LATE_ACK, "it awaits no acknowledgement of an order")


def _world(name: str, scope: Scope) -> ActorWorld:
    """Return the world of *scope*."""
    return world(f"trailing, {name}", scope, ENDS)
