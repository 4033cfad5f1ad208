"""Defects of base and mirror over order machines: how they meet on a wire that fails."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from attrs import evolve

from machines import collision as machine
from machines import order as orders
from machines.order import Event, Order, OrderSpec
from simulator.judge import Mutant
from simulator.worlds.collision_desk import Gate
from simulator.worlds.collision_scene import Told
from simulator.worlds.product_collision import SIZES, our_actor, product_world
from simulator.worlds.product_ours import Ours, told_of
from simulator.worlds.product_places import FREE
from spec.collision import COLLISION
from spec.collision import State as Use
from spec.collision import Symbol as News
from spec.order import ORDER, Action, State, Symbol

S, X, A = State, Symbol, Action


def mutants() -> tuple[Mutant, ...]:
    """Return defects of the orders, of what is told of them, and of what a restart knows."""
    believed = ORDER.redirected(S.NEW, X.CANCEL, S.CANCELED)
    refused = ORDER.redirected(S.PENDING_NEW, X.LOST, S.REJECTED, (A.RELEASE,))
    reopened = ORDER.redirected(S.FILLED, X.STALE, S.NEW)
    trusting = ORDER.redirected(S.PENDING_CANCEL, X.RESTS_NEW, S.CANCELED, (A.RELEASE,))
    short = COLLISION.redirected(Use.CLOSING, News.OUT, Use.RESERVED)
    gate = Gate(step=partial(machine.step, spec=short))
    return (
        _mutant("a cancel is believed when asked for", "ORD-2", "", spec=believed),
        _mutant("a lost submit counts as refused", "COL-1.1", "-lossy", spec=refused),
        _mutant("a lost submit counts as refused", "COL-1.2", "-lossy", spec=refused),
        _mutant("a lost submit is sent again", "ORD-3", "-lossy", step=blind),
        _mutant("a late report reopens a filled order", "ORD-4", "-lossy", spec=reopened),
        _mutant("a refused cancel counts as done", "COL-1.1", "-overtaking", spec=trusting),
        _mutant("an UNKNOWN order is told as final", "COL-1.1", "-lossy", tells=hopeless),
        _mutant("what an answer ends is not told", "COL-3", "-lossy", tells=unended),
        _mutant("the gate lasts one cycle, even if the close has not filled", "COL-1.1", "-crash",
                gate=gate),
        _mutant("a restart forgets the orders", "ORD-2", "-crash", survives=orderless),
        _mutant("a restart forgets both ledgers", "COL-1.1", "-crash", survives=ledgerless),
    )  # fmt: skip


def blind(order: Order, event: Event, spec: OrderSpec) -> tuple[Order, tuple[Action, ...]]:
    """Step *order*, and send it again where a query is due."""
    after, emits = orders.step(order, event, spec)
    return after, tuple(A.SEND_NEW if each is A.RECONCILE else each for each in emits)


def hopeless(which: int, turn: int, before: Order, after: Order) -> Iterator[Told]:
    """Tell that an order has ended of which nothing is known."""
    for news in told_of(which, turn, before, evolve(after, state=S.CANCELED)):
        unknown = before.state is not S.UNKNOWN and after.state is S.UNKNOWN
        yield from (news,) if unknown else ()
    yield from told_of(which, turn, before, after)


def unended(which: int, turn: int, before: Order, after: Order) -> Iterator[Told]:
    """Tell of nothing that only the answer to a query says."""
    if before.state is not S.UNKNOWN:
        yield from told_of(which, turn, before, after)


def orderless(ours: Ours) -> Ours:
    """Return what a restart knows that has forgotten the order machines."""
    free = (FREE,) * len(ours.places.orders)
    return ours._replace(places=ours.places._replace(orders=free))


def ledgerless(ours: Ours) -> Ours:
    """Return what a restart knows that holds nothing and has no order."""
    desks = (
        desk._replace(orders=(None,) * len(desk.orders), mirror_lots=0, base_lots=0)
        for desk in ours.bot.desks
    )
    return orderless(ours._replace(bot=ours.bot._replace(desks=tuple(desks))))


def _mutant(defect: str, property_id: str, name: str, **changes: Any) -> Mutant:  # noqa: ANN401
    """Return the mutant of the world called *name* with another side of ours."""
    world = f"collision-orders{name}"
    return Mutant(defect, property_id, product_world(world, SIZES[world], our_actor(**changes)))
