"""A venue of one contract, and short ways to trade on it and to hear what it says."""

from typing import Any

from machines.messages import Place, Report, Wanted
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.terms import Instrument, Reason, Side


def opened(contract: Instrument, **options: Any) -> Venue:  # noqa: ANN401 - fields of VenueConfig
    """Return a checked venue of *contract* at 100."""
    v = Venue(VenueConfig(**({"deposit": 100_000} | options)), [contract], checked=True)
    v.price(0, 100, 100, 1)
    return v


def wanted(side: Side, qty: int = 4, **fields: Any) -> Wanted:  # noqa: ANN401
    return Wanted(key=0, kind=0, side=side, qty=qty, **fields)


def said(v: Venue) -> list[tuple[int, object, Reason]]:
    """Return what was reported since the last call: (client order id, event, reason)."""
    news: list[tuple[int, object, Reason]] = [
        (m.client_order_id, m.event, m.reason) if isinstance(m, Report) else (0, m, Reason.NONE)
        for _, m in v.outbox
    ]
    v.outbox.clear()
    return news


def submit(v: Venue, key: int, order: Wanted) -> list[object]:
    """Submit *order* and return the events that follow."""
    v.submit(Place(key, order), 0, 2)
    return [event for _, event, _ in said(v)]


def move(v: Venue, last: int, mark: int | None = None) -> list[object]:
    """Move the price and return the events that follow."""
    v.price(0, last, last if mark is None else mark, 3)
    return [event for _, event, _ in said(v)]
