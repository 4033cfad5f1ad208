"""Fills by order, each counted once; and what the venue says of orders beyond their fills.

A venue tells of an order in two ways, by its state and by its fills, and each may come first, twice
or out of turn.  Totals are made of fills alone, which have exact prices and fees; how an order
ended is told only once all of its fills are there.
"""

from typing import NamedTuple

from adapters.venue.port import FillNews

ORDERS_MAX = 4_096


class Totals(NamedTuple):
    """What the fills of an order come to: lots, tick-lots and money units."""

    qty: int = 0
    notional: int = 0
    fee: int = 0


class Ledger:
    """The fills of our orders by client order id, the oldest order first.

    It remembers `ORDERS_MAX` orders, far more than can still be reported late.
    """

    def __init__(self) -> None:
        self._fills: dict[int, set[str]] = {}
        self._totals: dict[int, Totals] = {}

    def knows(self, fill: FillNews) -> bool:
        """Return whether *fill* is counted."""
        return fill.fill_id in self._fills.get(fill.client_order_id, ())

    def add(self, fill: FillNews) -> bool:
        """Count *fill*; return whether it is new."""
        if self.knows(fill):
            return False
        key = fill.client_order_id
        self._fills.setdefault(key, set()).add(fill.fill_id)
        qty, notional, fee = self.totals(key)
        notional += fill.qty * fill.price_ticks
        self._totals[key] = Totals(qty + fill.qty, notional, fee + fill.fee)
        if len(self._fills) > ORDERS_MAX:
            oldest = next(iter(self._fills))
            del self._fills[oldest], self._totals[oldest]
        return True

    def totals(self, client_order_id: int) -> Totals:
        """Return what the fills of an order come to."""
        return self._totals.get(client_order_id, Totals())
