"""Unstucking with one thing wrong between it and its account."""

from collections.abc import Iterator, Mapping

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.unstuck import FAR, MOVED, NEAR, world
from simulator.worlds.unstuck_scene import Scope
from simulator.worlds.wires import wired

HEARD = ("reports", "balances")
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "moves": (Scope((FAR, MOVED), budgets=(4, 4), moves=1), ("UNS-2.2",)),
    "shock": (Scope((NEAR,), budgets=(5, 5), sizes=(3, 2), shocks=2), ()),
}


def assumptions() -> Iterator[Assumed]:
    """Yield two positions whose market moves once, and two that lose otherwise as well."""
    for kind in SCOPES:
        yield Assumed(Assumption.FIFO, _world(kind, "in order"))
        unordered = wired(_world(kind, "out of order"), HEARD, ordered=False)
        yield Assumed(Assumption.UNORDERED, unordered)
        overtaking = wired(_world(kind, "requests out of order"), {"asks"}, ordered=False)
        yield Assumed(Assumption.OVERTAKING, overtaking)
        yield Assumed(Assumption.DUPLICATING, _world(kind, "doubled", repeats=1))
        yield Assumed(Assumption.LOSSY, wired(_world(kind, "lost"), HEARD, lossy=True))
        unknown = wired(_world(kind, "no answer"), {"asks"}, lossy=True)
        yield Assumed(Assumption.UNKNOWN_OUTCOME, unknown)
        yield Assumed(Assumption.CRASH, _world(kind, "crash", crashes=1))
    yield Assumed(Assumption.LATE_ACK, "it awaits no acknowledgement of an order")


def _world(kind: str, name: str, repeats: int = 0, crashes: int = 0) -> ActorWorld:
    """Return the world of *kind*, where reports may be repeated and we may crash."""
    scope, claims = SCOPES[kind]
    scope = scope._replace(repeats=repeats, crashes=crashes)
    return world(f"unstuck, {kind}, {name}", scope, claims)
