"""Slots with one thing wrong between them and their venue."""

from collections.abc import Iterator, Mapping

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.slots import MINE, PANIC, STOP, SWAP, world
from simulator.worlds.slots_scene import Scope
from simulator.worlds.wires import wired

SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "swap": (Scope(SWAP, modes=(STOP,)), (*MINE, "FOR-6.3")),
    "panic": (Scope(SWAP, modes=(PANIC,)), ("FOR-6.3", "FOR-6.4")),
}


def assumptions() -> Iterator[Assumed]:
    """Yield two symbols with one slot, the first of which may no more be entered at some time."""
    for kind in SCOPES:
        yield Assumed(Assumption.FIFO, _world(kind, "in order"))
        unordered = wired(_world(kind, "out of order"), {"news"}, ordered=False)
        yield Assumed(Assumption.UNORDERED, unordered)
        overtaking = wired(_world(kind, "requests out of order"), {"asks"}, ordered=False)
        yield Assumed(Assumption.OVERTAKING, overtaking)
        doubled = wired(_world(kind, "doubled"), {"news"}, doubling=True)
        yield Assumed(Assumption.DUPLICATING, doubled)
        yield Assumed(Assumption.LOSSY, wired(_world(kind, "lost"), {"news"}, lossy=True))
        unknown = wired(_world(kind, "no answer"), {"asks"}, lossy=True)
        yield Assumed(Assumption.UNKNOWN_OUTCOME, unknown)
        yield Assumed(Assumption.CRASH, _world(kind, "crash", crashes=1))
    yield Assumed(Assumption.LATE_ACK, "it awaits no acknowledgement of an order")


def _world(kind: str, name: str, crashes: int = 0) -> ActorWorld:
    """Return the world of *kind*."""
    scope, claims = SCOPES[kind]
    return world(f"slots, {kind}, {name}", scope._replace(crashes=crashes), claims)
