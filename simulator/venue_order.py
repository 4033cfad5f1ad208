"""An order at the simulated venue: when it acts, at what price, and why it is refused on arrival.

One price stands for bid and ask.  An order that takes does so at the last price, worse by the
slippage.  A limit order at the last price takes; one that rests fills only once the last price
has gone beyond it, since at its own price others were first.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from attrs import define

from machines.messages import Wanted
from machines.order import Found
from machines.position import Pair, opens, reducible, route
from spec.terms import (
    Instrument,
    OrderType,
    PositionMode,
    PositionSide,
    Reason,
    Side,
    TriggerBy,
)

NO_BOUND = 2**62


class Band(NamedTuple):
    """Strictly inside, nothing happens: last and mark prices in ticks; 0 and 2**62 are no bound."""

    last_lo: int = 0
    last_hi: int = NO_BOUND
    mark_lo: int = 0
    mark_hi: int = NO_BOUND


class Prices(NamedTuple):
    """The market in ticks; 0 while unknown."""

    last: int = 0
    mark: int = 0


class Threshold(NamedTuple):
    """An order acts at a price of *ticks* or beyond: above where *above*, else below."""

    ticks: int
    above: bool
    by_mark: bool = False

    def touched(self, prices: Prices) -> bool:
        """Return whether *prices* have come to it."""
        price = prices.mark if self.by_mark else prices.last
        return price >= self.ticks if self.above else price <= self.ticks


class Phase(IntEnum):
    """What an order at the venue is doing."""

    WAITING = 0  # for its trigger
    RESTING = 1  # in the book
    TAKING = 2  # its rest takes again at `wake_ns`
    CLOSED = 3


@define(kw_only=True, eq=False)
class VenueOrder:
    """An order as the venue knows it; *notional* (tick-lots) and *fee* (money) are of its fills.

    Only the venue changes it.  *threshold* is None where no price makes the order act;
    *reason* says why it was closed; *reserve_ticks* is the price at which its opening lots
    reserve margin.
    """

    client_order_id: int
    symbol: int
    order: Wanted
    qty: int
    cum_qty: int = 0
    notional: int = 0
    fee: int = 0
    phase: Phase = Phase.WAITING
    found: Found = Found.OPEN
    reason: Reason = Reason.NONE
    triggered: bool = False
    threshold: Threshold | None = None
    reserve_ticks: int = 0
    wake_ns: int = 0

    @property
    def leaves_qty(self) -> int:
        """The lots still to fill."""
        return self.qty - self.cum_qty


def conditional(order: Wanted) -> bool:
    """Return whether *order* waits for a trigger."""
    return order.type > OrderType.LIMIT


def limited(order: Wanted) -> bool:
    """Return whether *order* has a limit price."""
    kind = order.type
    return (
        kind is OrderType.LIMIT
        or kind is OrderType.STOP_LIMIT
        or kind is OrderType.TAKE_PROFIT_LIMIT
    )


def trigger(order: Wanted) -> Threshold:
    """Return the threshold that triggers *order*: a stop follows the price, a profit meets it."""
    stop = order.type is OrderType.STOP_MARKET or order.type is OrderType.STOP_LIMIT
    above = stop == (order.side is Side.BUY)
    return Threshold(order.trigger_ticks, above, order.trigger_by is TriggerBy.MARK)


def traded_through(order: Wanted) -> Threshold:
    """Return the threshold that fills *order* where it rests."""
    if order.side is Side.BUY:
        return Threshold(order.price_ticks - 1, above=False)
    return Threshold(order.price_ticks + 1, above=True)


def crosses(order: Wanted, last: int) -> bool:
    """Return whether *order* takes at a last price of *last* ticks."""
    if not limited(order):
        return True
    return order.price_ticks >= last if order.side is Side.BUY else order.price_ticks <= last


def taker_price(order: Wanted, last: int, slippage_ticks: int) -> int:
    """Return the price in ticks at which *order* takes: never worse than its limit.

    >>> sell = Wanted(key=0, kind=0, side=Side.SELL, qty=1)
    >>> taker_price(sell, 100, 3)
    97
    """
    price = last + order.side.sign * slippage_ticks
    if limited(order):
        limit = order.price_ticks
        price = min(price, limit) if order.side is Side.BUY else max(price, limit)
    return max(price, 1)


def closes(pair: Pair, order: Wanted) -> bool:
    """Return whether *order* can only reduce: it says so, or acts against a leg in hedge mode."""
    if order.reduce_only:
        return True
    if pair.mode is PositionMode.ONE_WAY:
        return False
    leg = route(pair, order.side, order.position_side)
    return leg is not PositionSide.NONE and not opens(leg, order.side)


def room(pair: Pair, order: Wanted, leaves_qty: int) -> int:
    """Return how many of *leaves_qty* lots *order* may fill now."""
    if closes(pair, order):
        return min(leaves_qty, reducible(pair, order.side, order.position_side))
    if route(pair, order.side, order.position_side) is PositionSide.NONE:
        return 0
    return leaves_qty


def barred(pair: Pair, order: Wanted) -> Reason:
    """Return why *order* may not fill at all now, or NONE."""
    if route(pair, order.side, order.position_side) is PositionSide.NONE:
        return Reason.POSITION_SIDE
    return Reason.NONE if room(pair, order, 1) else Reason.REDUCE_ONLY


def refusal(order: Wanted, instrument: Instrument, pair: Pair, prices: Prices) -> Reason:
    """Return why *order* is refused on arrival, margin and post-only aside, or NONE."""
    price = _price_ticks(order, prices)
    if price < 1 or prices.last < 1 or (conditional(order) and order.trigger_ticks < 1):
        return Reason.BAD_PRICE
    if not instrument.min_qty <= order.qty <= instrument.max_qty:
        return Reason.BAD_QTY
    if route(pair, order.side, order.position_side) is PositionSide.NONE:
        return Reason.POSITION_SIDE
    if closes(pair, order):
        if _unreducible(order, reducible(pair, order.side, order.position_side)):
            return Reason.REDUCE_ONLY
    elif instrument.notional(price, order.qty) < instrument.min_notional:
        return Reason.MIN_NOTIONAL
    if conditional(order) and trigger(order).touched(prices):
        return Reason.TRIGGER_CROSSED
    return Reason.NONE


def _price_ticks(order: Wanted, prices: Prices) -> int:
    """Return the price that an arriving *order* is valued at."""
    if limited(order):
        return order.price_ticks
    return order.trigger_ticks if conditional(order) else prices.last


def _unreducible(order: Wanted, held_qty: int) -> bool:
    """Return whether closing *order* is refused on arrival while its leg holds *held_qty* lots.

    Reduce-only needs a position.  In hedge mode an order against a leg may not exceed it, but a
    conditional one may wait for a leg to come, and is capped when it fills.
    """
    if order.reduce_only:
        return held_qty == 0
    return not conditional(order) and order.qty > held_qty


def order_band(orders: Iterable[VenueOrder]) -> Band:
    """Return the prices between which none of *orders* acts."""
    last_lo = mark_lo = 0
    last_hi = mark_hi = NO_BOUND
    for each in orders:
        if each.threshold is None:
            continue
        ticks, above, by_mark = each.threshold
        if by_mark:
            if above:
                mark_hi = min(mark_hi, ticks)
            else:
                mark_lo = max(mark_lo, ticks)
        elif above:
            last_hi = min(last_hi, ticks)
        else:
            last_lo = max(last_lo, ticks)
    return Band(last_lo, last_hi, mark_lo, mark_hi)
