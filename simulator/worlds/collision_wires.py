"""Base and mirror of one account with one thing wrong between them and their venue.

Over order machines, where requests and reports get lost; also without: what those are for.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from attrs import evolve

from simulator.actors import ActorWorld
from simulator.matrix import Assumed, Assumption
from simulator.worlds.collision import Scope, collision_world
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_collision import Size, product_world
from simulator.worlds.wires import doubled, wired
from spec.collision import PROPERTIES


class Account(NamedTuple):
    """What a world claims beside what every one like that of *scope* does."""

    scope: Scope
    claims: tuple[str, ...] = ()


ACCOUNTS: Mapping[str, Account] = {
    "one-way": Account(Scope(openings=2, entries=1, keeps=True, exits=False), ("COL-3",)),
    "hedge": Account(Scope(openings=2, entries=2, exits=False, hedge=True)),
    "unasked": Account(Scope(openings=1, entries=1, exits=False, trespasses=1)),
}
RESTARTED = ("one-way", "hedge", "unasked")
NEVER, LOST = Budget(), Budget(losses=1)
BARE = "no order machines below it"


def assumptions() -> Iterator[Assumed]:
    """Yield one symbol: in a one-way account, in hedge mode, and with a mirror that never asks."""
    for kind in ACCOUNTS:
        yield Assumed(Assumption.FIFO, _world(kind, "in order"))
        yield Assumed(Assumption.UNORDERED, _world(kind, "out of order", mixed=True))
        late = _ordering(kind, "orders out of order", NEVER, unordered=("reports",))
        yield Assumed(Assumption.UNORDERED, late)
        overtaking = _ordering(kind, "requests out of order", NEVER, unordered=("reports", "asks"))
        yield Assumed(Assumption.OVERTAKING, overtaking)
        twice = doubled(_world(kind, "doubled"), "bot", {"reports"}, times=1)
        yield Assumed(Assumption.DUPLICATING, twice)
        yield Assumed(Assumption.LOSSY, _ordering(kind, "lost", LOST))
        unknown = _ordering(kind, "no answer", LOST, losses=1)
        yield Assumed(Assumption.UNKNOWN_OUTCOME, unknown)
    for kind in RESTARTED:
        yield Assumed(Assumption.CRASH, _ordering(kind, "crash", Budget(crashes=1)))
    yield Assumed(Assumption.LATE_ACK, "it awaits no acknowledgement of an order")
    for assumption, channel in (
        (Assumption.LOSSY, "reports"),
        (Assumption.UNKNOWN_OUTCOME, "asks"),
    ):
        bare = wired(_world("one-way", f"{channel} lost"), {channel}, lossy=True)
        yield Assumed(assumption, bare, BARE)


def _world(kind: str, name: str, *, mixed: bool = False) -> ActorWorld:
    """Return the world of one *kind* of account."""
    scope, claims = ACCOUNTS[kind]
    return collision_world(f"collision, {kind}, {name}", scope._replace(mixed=mixed), claims)


def _ordering(
    kind: str, name: str, budget: Budget, losses: int = 0, unordered: Collection[str] = ()
) -> ActorWorld:
    """Return the world over order machines, with what is claimed of the collision in it."""
    scope, claims = ACCOUNTS[kind]
    scope = scope._replace(openings=1, entries=1, mixed="reports" in unordered)
    size = Size(scope, claims, losses, budget, "asks" in unordered)
    world = product_world(f"collision, {kind}, {name}", size)
    return evolve(world, rules=tuple(r for r in world.rules if r.property.id in PROPERTIES))
