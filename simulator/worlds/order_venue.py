"""The venue of the order worlds: what it holds, what it makes of requests, and what it does itself.

A request carries the number of the latest query before it.  Once the venue has read a later query
the validity of the request has passed, and it is dropped: an answer describes a moment after which
nothing older can change anything.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from attrs import frozen

from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Event,
    Expired,
    Filled,
    Found,
    Lost,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
    Triggered,
)
from simulator.actors import Do, Features


class Life(IntEnum):
    """What the venue knows of an order."""

    NONE = 0
    OPEN = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5


FOUND = {
    Life.NONE: Found.ABSENT,
    Life.OPEN: Found.OPEN,
    Life.FILLED: Found.FILLED,
    Life.CANCELED: Found.CANCELED,
    Life.EXPIRED: Found.EXPIRED,
    Life.REJECTED: Found.REJECTED,
}
SELF_CLOSES = (
    ("cancels order {} by itself", Life.CANCELED, Canceled),
    ("expires order {}", Life.EXPIRED, Expired),
)


class Request(NamedTuple):
    """A command about order *which*; *query* is the latest asked, or for a query its own number."""

    what: str  # new, cancel, replace, query
    which: int
    query: int = 0
    revision: int = 0
    qty: int = 0


class Report(NamedTuple):
    """News of order *which*."""

    which: int
    event: Event


class Held(NamedTuple):
    """An order as it is at the venue; *doubled* if a second one was taken under its id.

    *asked* is the latest query that was read.
    """

    life: Life = Life.NONE
    qty: int = 0
    cum_qty: int = 0
    triggered: bool = False
    doubled: bool = False
    asked: int = 0


class Venue(NamedTuple):
    """The orders by client order id, and how many requests may still get lost on the way here."""

    held: tuple[Held, ...]
    losses: int = 0


@frozen
class VenueActor:
    """A venue of *stop* orders, or plain ones; *losses* is the budget that it starts with.

    *patient* is for mutants: requests stay valid for ever.
    """

    stop: bool = False
    losses: int = 0
    patient: bool = False

    def hears(self, venue: Venue, channel: str, request: Request) -> Iterator[Do]:  # noqa: ARG002
        """Yield what becomes of a request."""
        held = venue.held[request.which]
        if venue.losses:
            less = venue._replace(losses=venue.losses - 1)
            yield Do("is lost", less, (_report(request.which, Lost()),))
        if request.what != "query" and request.query < held.asked and not self.patient:
            yield Do("is read too late", venue)
            return
        after, event = read(held, request)
        yield _changed("is read", venue, request.which, after, event)
        if request.what == "new" and held.life is Life.NONE:
            refused = held._replace(life=Life.REJECTED, qty=request.qty)
            yield _changed("is rejected", venue, request.which, refused, Rejected())

    def acts(self, venue: Venue) -> Iterator[Do]:
        """Yield what the venue may do by itself with each open order."""
        for which, held in enumerate(venue.held):
            if held.life is not Life.OPEN:
                continue
            if self.stop and not held.triggered:
                after = held._replace(triggered=True)
                yield _changed(f"triggers order {which}", venue, which, after, Triggered())
            else:
                cum = held.cum_qty + 1
                life = Life.FILLED if cum == held.qty else Life.OPEN
                after = held._replace(cum_qty=cum, life=life)
                yield _changed(f"fills a lot of order {which}", venue, which, after, Filled(cum))
            if self.stop and not held.cum_qty:
                after = held._replace(life=Life.REJECTED)
                yield _changed(f"refuses order {which} at last", venue, which, after, Rejected())
            for what, life, event in SELF_CLOSES:
                after = held._replace(life=life)
                yield _changed(what.format(which), venue, which, after, event(held.cum_qty))

    def features(self, venue: Venue) -> Features:
        """Return what is true of each order, and whether a request was lost."""
        found = {"venue_lost": int(venue.losses < self.losses)}
        for i, held in enumerate(venue.held):
            found |= {
                f"life_{i}": int(held.life),
                f"open_{i}": int(held.life is Life.OPEN),
                f"doubled_{i}": int(held.doubled),
                f"held_cum_{i}": held.cum_qty,
                f"held_qty_{i}": held.qty,
                f"true_{i}": held.qty if held.life is Life.OPEN else held.cum_qty,
            }
        return found


def read(held: Held, request: Request) -> tuple[Held, Event]:
    """Return *held* after a request about it was read, and what is told of that."""
    is_open = held.life is Life.OPEN
    match request.what:
        case "new" if held.life is Life.NONE:
            return held._replace(life=Life.OPEN, qty=request.qty), Acked()
        case "new":  # a venue that knows the ids only of open orders takes it again
            return held._replace(doubled=held.doubled or not is_open), Lost()
        case "cancel" if is_open:
            return held._replace(life=Life.CANCELED), Canceled(held.cum_qty)
        case "cancel":
            return held, CancelRejected()
        case "replace" if is_open and request.qty > held.cum_qty:
            return held._replace(qty=request.qty), Replaced(request.revision, request.qty)
        case "replace":
            return held, ReplaceRejected(request.revision)
        case _:
            found = FOUND[held.life]
            answer = Reconciled(request.query, found, held.qty, held.cum_qty, held.triggered)
            return held._replace(asked=max(held.asked, request.query)), answer


def _report(which: int, event: Event) -> tuple[str, Report]:
    return "reports", Report(which, event)


def _changed(what: str, venue: Venue, which: int, held: Held, event: Event) -> Do:
    """Return that the order *which* is now *held*, and *event* is told of it."""
    orders = (*venue.held[:which], held, *venue.held[which + 1 :])
    return Do(what, venue._replace(held=orders), (_report(which, event),))


def show_venue(venue: Venue) -> str:
    """Return the venue's orders in words."""
    return ", ".join(f"{h.life.name} {h.cum_qty}/{h.qty}" for h in venue.held)


def show_request(request: Request) -> str:
    """Return a request in words."""
    number = request.query if request.what == "query" else request.revision
    qty = f" of {request.qty} lots" if request.qty else ""
    return f"{request.what} {number or ''}".strip() + f"{qty} (order {request.which})"


def show_report(report: Report) -> str:
    """Return a report in words."""
    event, name = report.event, type(report.event).__name__
    if isinstance(event, Reconciled):
        name = f"answer {event.query}: {event.found.name} {event.cum_qty}/{event.qty}"
    elif isinstance(event, Filled | Canceled | Expired):
        name = f"{name} {event.cum_qty}"
    return f"{name} (order {report.which})"
