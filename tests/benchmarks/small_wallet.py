"""A hedge wallet small enough to run on any engine: the orders it wants, after fills and prices.

It keeps what costs an engine time: an exit stop and a ladder of four stop orders that slide with
the price, turn into covers when they fill, and end in a market order for the whole position.
Left out: latency, partial fills, refusals, restarts, cash (the position has a fixed size).
"""

from collections.abc import Mapping
from typing import NamedTuple

BUY, EXIT, SLOT = 0, 1, 2  # keys; slot i has key SLOT + i
SLOTS = 4
DEPOSIT, TAKER_PPM = 100_000, 550
LEVERAGE = 10  # enough that no order lacks margin
USED_PPM = 950_000  # of the deposit; the rest is for fees


class Wanted(NamedTuple):
    """An order for *lots*, sold where negative; a stop at *trigger_ticks*, or at market if 0."""

    key: int
    lots: int
    trigger_ticks: int = 0


def sized(first_ticks: int, dp: int) -> int:
    """Return the lots that the deposit buys at the first price, a multiple of four.

    *dp* are the decimals of price and volume together.
    """
    lots: int = DEPOSIT * USED_PPM * 10**dp // (first_ticks * 1_000_000)
    return lots // SLOTS * SLOTS


class Wallet:
    """The wallet; flat at first."""

    def __init__(self, unit_ticks: int, lots: int) -> None:
        self.unit_ticks, self.lots = unit_ticks, lots
        self.anchor_ticks = 0
        self.flat, self.long = True, False
        self.edges, self.short = [-1, -2, -3, -4], [False] * SLOTS

    def level(self, unit: int) -> int:
        """Return the price of *unit* in ticks."""
        return self.anchor_ticks + unit * self.unit_ticks

    def filled(self, key: int, price_ticks: int) -> None:
        """Take note that the order of *key* has filled."""
        if key == BUY:
            self.anchor_ticks = price_ticks
            self.flat, self.long = False, True
            self.edges, self.short = [-1, -2, -3, -4], [False] * SLOTS
        elif key == EXIT:
            self.long = False
        else:
            covered = self.short[key - SLOT]
            self.short[key - SLOT] = not covered
            self.flat = covered and not any(self.short)

    def price(self, ticks: int) -> None:
        """Slide the ladder to *ticks*, the last price."""
        if self.flat:
            return
        if self.long and not any(self.short):
            while ticks >= self.level(max(self.edges) + 2):
                self.edges[self.edges.index(min(self.edges))] = max(self.edges) + 1
        elif all(self.short):
            while ticks <= self.level(min(self.edges) - 1):
                self.edges[self.edges.index(max(self.edges))] = min(self.edges) - 1
        elif not self.long and not any(self.short):
            self.flat = ticks >= self.level(max(self.edges) + 1)

    def wanted(self) -> list[Wanted]:
        """Return the orders that should be working, the exit first."""
        if self.flat:
            return [Wanted(BUY, self.lots)]
        part = self.lots // SLOTS
        orders = [Wanted(EXIT, -self.lots, self.level(max(self.edges)))] if self.long else []
        for index, edge in enumerate(self.edges):
            if not self.short[index]:
                orders.append(Wanted(SLOT + index, -part, self.level(edge)))
            elif not self.long:
                orders.append(Wanted(SLOT + index, part, self.level(edge + 1)))
        return orders


def changes(working: Mapping[int, Wanted], wanted: list[Wanted]) -> tuple[list[int], list[Wanted]]:
    """Return the keys to cancel and the orders to place; the market order waits for the others."""
    by_key = {order.key: order for order in wanted}
    cancels = [key for key, order in working.items() if by_key.get(key) != order]
    places = [order for order in wanted if order.key not in working]
    if working and BUY in by_key:
        places = []
    return cancels, places
