"""Defects between the mirroring strategy and its order machines, and below them."""

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from machines import order as orders
from machines.mirroring import Fill, News
from machines.order import Canceled, Event, Order, OrderSpec, Rejected
from simulator.judge import Mutant
from simulator.mutants.mirroring import insistent
from simulator.worlds.mirroring_scene import opening
from simulator.worlds.product_mirroring import DEEP, SIZES, product_world
from simulator.worlds.product_mirroring_desk import Desk, DeskActor, told_of
from simulator.worlds.product_places import FREE, with_order
from spec.order import ORDER, Action, State, Symbol

S, X, A = State, Symbol, Action


def mutants() -> tuple[Mutant, ...]:
    """Return defects of the order machine, of what is told of it, and of what a restart knows."""
    believed = ORDER.redirected(S.NEW, X.CANCEL, S.CANCELED)
    refused = ORDER.redirected(S.PENDING_NEW, X.LOST, S.REJECTED, (A.RELEASE,))
    reopened = ORDER.redirected(S.FILLED, X.STALE, S.NEW)
    trusting = ORDER.redirected(S.PENDING_CANCEL, X.RESTS_NEW, S.CANCELED, (A.RELEASE,))
    return (
        _mutant("a cancel is believed when asked for", "ORD-2", "", spec=believed),
        _mutant("a lost submit counts as refused", "ORD-2", "-lossy", spec=refused),
        _mutant("a lost submit counts as refused", "MMS-1.1", "-lossy", spec=refused),
        _mutant("a lost submit is sent again", "ORD-3", "-lossy", order_step=blind),
        _mutant("a late report reopens a filled order", "ORD-4", "-lossy", spec=reopened),
        _mutant("a late report reopens a filled order", "ORD-4", "-mixed", spec=reopened),
        _mutant("a refused cancel counts as done", "ORD-2", "-overtaking", spec=trusting),
        _mutant("a lost submit is sent again", "ORD-3", "-overtaking-crash", order_step=blind),
        _mutant("an UNKNOWN order is told as refused", "MMS-1.1", "-lossy", tells=hopeless),
        _mutant("an UNKNOWN order is told as refused", "MMS-1.2", "-lossy", tells=hopeless),
        _mutant("totals are told as fills", "MMS-7", "-lots", tells=totals),
        _mutant("a lost cancel is told as done", "MMS-1.1", "-lossy", tells=hasty),
        _mutant("what an answer ends is not told", "MMS-4", "-lossy", tells=unended),
        _mutant("what an answer ends is not told", "MMS-5.1", "-lossy", tells=unended),
        _mutant("a cancel is asked again with each book", "MMS-3.1", "-lots", step=insistent),
        _mutant("a restart forgets the orders", "ORD-2", "-crash", survives=orderless),
        _mutant("a restart forgets the strategy", "MMS-1.1", "-crash", survives=aimless),
        _mutant("a restart recoups again", "MMS-5.3", "-crash", survives=generous),
    )


def blind(order: Order, event: Event, spec: OrderSpec) -> tuple[Order, tuple[Action, ...]]:
    """Step *order*, and send it again where a query is due."""
    after, emits = orders.step(order, event, spec)
    return after, tuple(A.SEND_NEW if each is A.RECONCILE else each for each in emits)


def hopeless(before: Order, after: Order) -> Iterator[News]:
    """Tell that an order was refused when nothing is known of it."""
    if before.state is S.PENDING_NEW and after.state is S.UNKNOWN:
        yield Rejected()
    yield from told_of(before, after)


def totals(before: Order, after: Order) -> Iterator[News]:
    """Tell of each fill as if its total were news."""
    for news in told_of(before, after):
        yield Fill(after.cum_qty) if isinstance(news, Fill) else news


def hasty(before: Order, after: Order) -> Iterator[News]:
    """Tell that a cancel is done whose answer is missing."""
    yield from told_of(before, after)
    if before.state is S.PENDING_CANCEL and after.state is S.UNKNOWN:
        yield Canceled(after.cum_qty)


def unended(before: Order, after: Order) -> Iterator[News]:
    """Tell of fills only where the answer to a query ends an order."""
    for news in told_of(before, after):
        if isinstance(news, Fill) or before.state is not S.UNKNOWN:
            yield news


def orderless(desk: Desk) -> Desk:
    """Return what a restart knows that has kept the strategy only."""
    free = (FREE,) * len(desk.places.orders)
    return desk._replace(places=desk.places._replace(orders=free))


def aimless(desk: Desk) -> Desk:
    """Return what a restart knows that has kept the orders only."""
    mirror = desk.strategy.mirror
    fresh = opening(mirror.limits, len(mirror.requests))
    return desk._replace(strategy=desk.strategy._replace(mirror=fresh))


def generous(desk: Desk) -> Desk:
    """Return what a restart knows that takes what is under way to recoup for lost."""
    slots, mirror = len(desk.places.orders) - 1, desk.strategy.mirror
    recoup = opening(mirror.limits, slots).recoup
    strategy = desk.strategy._replace(mirror=evolve(mirror, recoup=recoup))
    return desk._replace(strategy=strategy, places=with_order(desk.places, slots, FREE))


def _mutant(defect: str, property_id: str, name: str, **changes: Any) -> Mutant:  # noqa: ANN401
    """Return the mutant of the world called *name* with another side of ours."""
    world = f"mirrored-orders{name}"
    side = evolve(DeskActor(), **changes)
    return Mutant(defect, property_id, product_world(world, {**SIZES, **DEEP}[world], side))
