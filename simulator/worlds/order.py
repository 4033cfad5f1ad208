"""Our orders, one venue, and a wire between them that may delay, reorder, double and lose.

Our side is an order machine for each client order id, behind a journal that survives a crash.  The
venue accepts, rejects, triggers, fills by lots, expires and cancels by itself.  Requests and
reports are channels; what gets lost is told in the end, or where the wire is *silent* never.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from attrs import field, frozen

from machines.order import Acked, Lost
from simulator.actors import Actor, ActorWorld, Channel
from simulator.worlds.order_ours import Budget, OurActor, Ours, show_ours
from simulator.worlds.order_rules import Setting, rules
from simulator.worlds.order_venue import (
    Held,
    Report,
    Request,
    Venue,
    VenueActor,
    show_report,
    show_request,
    show_venue,
)


@frozen
class Size:
    """How large a world is, and what may go wrong in it.

    *orders* are placed at once, or *anew*: the next once the last has come to nothing.  *losses*
    are of requests, *budget* is what our side may suffer.  An *ordered* wire keeps the order of
    messages, a *doubling* one delivers a report any number of times, a *silent* one loses as much
    as it likes and tells nobody.  *room* is how many messages are under way each way: whoever
    sends more waits, which happens only where reports are doubled.
    """

    qty: int = 2
    stop: bool = False
    orders: int = 1
    anew: bool = False
    losses: int = 0
    budget: Budget = field(default=Budget())
    ordered: bool = False
    doubling: bool = False
    silent: bool = False
    room: int = 8


def order_world(
    name: str, size: Size, ours: OurActor | None = None, venue: VenueActor | None = None
) -> ActorWorld:
    """Return the world called *name*; another side of *ours* or *venue* is for mutants."""
    we, there = ours or our_side(size), venue or venue_side(size)
    first, held = (None,) * size.orders, (Held(),) * size.orders
    actors = (
        Actor("we", Ours(first, size.budget), we.acts, we.hears, we.features, show_ours),
        Actor(
            "venue",
            Venue(held, size.losses),
            there.acts,
            there.hears,
            there.features,
            show_venue,
        ),
    )
    return ActorWorld(name, actors, _channels(size), rules(_setting(size)))


def our_side(size: Size) -> OurActor:
    """Return our side of a world of this *size*."""
    return OurActor(size.qty, size.anew, size.budget)


def venue_side(size: Size) -> VenueActor:
    """Return the venue of a world of this *size*."""
    return VenueActor(size.stop, size.losses)


def _channels(size: Size) -> tuple[Channel, ...]:
    """Return the wire, each way."""
    ids = range(size.orders)
    wire = partial(Channel, capacity=size.room, ordered=size.ordered, lossy=size.silent)
    sent = {f"new_{i}": _new(i) for i in ids}
    told = {f"acks_{i}": _ack(i) for i in ids} | {"losts": _loss}
    return (
        wire("requests", "venue", weights=sent, show=show_request),
        wire("reports", "we", doubling=size.doubling, weights=told, show=show_report),
    )


def _new(which: int) -> Callable[[Request], int]:
    """Return what tells whether a request places order *which*."""
    return lambda request: int(request.what == "new" and request.which == which)


def _ack(which: int) -> Callable[[Report], int]:
    """Return what tells whether a report acknowledges order *which*."""
    return lambda report: int(isinstance(report.event, Acked) and report.which == which)


def _loss(report: Report) -> int:
    return int(isinstance(report.event, Lost))


def _setting(size: Size) -> Setting:
    """Return what can be claimed of a world of this *size*."""
    return Setting(
        count=size.orders,
        one=size.anew,
        parts=size.qty > 1,
        ends=not size.silent,
        ordered=size.ordered,
        crashes=size.budget.crashes > 0,
        unsure=size.budget.losses + size.budget.timeouts > 0,
        absent=size.losses > 0 or size.silent,
    )


LOST = Budget(losses=1)
CRASH = Budget(crashes=1)
BOTH = Budget(losses=1, crashes=1)
SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "order-plain": Size(),
        "order-fifo": Size(qty=3, ordered=True),
        "order-stop": Size(stop=True),
        "order-replace": Size(budget=Budget(replaces=2)),
        "order-doubled": Size(doubling=True),
        "order-lossy": Size(losses=1, budget=LOST),
        "order-crash": Size(losses=1, budget=BOTH),
        "order-anew": Size(orders=2, anew=True),
        "order-stop-replace": Size(stop=True, budget=Budget(replaces=1)),
        "order-stop-lossy": Size(stop=True, losses=1, budget=LOST),
        "order-replace-lossy": Size(losses=1, budget=Budget(losses=1, replaces=1)),
        "order-anew-crash": Size(orders=2, anew=True, budget=CRASH),
        "order-doubled-crash": Size(doubling=True, budget=CRASH, room=6),
        "order-silent": Size(silent=True, doubling=True, budget=Budget(timeouts=1), room=6),
        "order-twins": Size(orders=2, room=9),
        "order-twins-lossy": Size(orders=2, losses=1, room=9),
        "order-twins-crash": Size(orders=2, qty=1, budget=CRASH, room=9),
    }
)
DEEP: Mapping[str, Size] = MappingProxyType(
    {
        "order-stop-crash": Size(stop=True, losses=1, budget=BOTH),
        "order-stop-all": Size(
            qty=3,
            stop=True,
            ordered=True,
            losses=1,
            budget=Budget(losses=1, crashes=1, replaces=1),
            room=6,
        ),
        "order-replace-crash": Size(losses=1, budget=Budget(losses=1, crashes=1, replaces=1)),
        "order-stop-doubled": Size(
            stop=True,
            ordered=True,
            losses=1,
            budget=Budget(losses=1, crashes=1, doubles=1),
        ),
        "order-anew-all": Size(orders=2, anew=True, qty=1, losses=1, budget=BOTH),
        "order-silent-again": Size(silent=True, doubling=True, budget=Budget(timeouts=2), room=6),
        "order-twins-lost": Size(orders=2, qty=1, losses=1, budget=LOST),
        "order-twins-crash-lossy": Size(orders=2, qty=1, losses=1, budget=CRASH),
        "order-twins-crash-parts": Size(orders=2, budget=CRASH),
        "order-three": Size(orders=3, qty=1),
    }
)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked: what may go wrong, one kind or two at a time."""
    return tuple(order_world(name, size) for name, size in SIZES.items())


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(order_world(name, size) for name, size in DEEP.items())
