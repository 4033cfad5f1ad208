"""An order at the simulated venue: when it acts, at what price, and why it is refused on arrival.

One price stands for bid and ask.  An order that takes does so at the last price, worse by the
slippage.  A limit order at the last price takes; one that rests fills only once the last price
has gone beyond it, since at its own price others were first.  The trigger of a trailing stop
follows the price in steps, so that few prices are barriers.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from attrs import define, frozen

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
from spec.units import MILLION, div_up

NO_BOUND = 2**62
TRAIL_STEPS = 100  # in which a trigger follows the price over its distance from it


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


@frozen
class Trail:
    """The trigger of a stop stays *ticks*, or else *ppm* of the price, behind the best price.

    It begins to follow once the price has come to *start_ticks*, at once where that is 0.
    """

    ticks: int = 0
    ppm: int = 0
    start_ticks: int = 0

    def distance(self, price: int) -> int:
        """Return how far the trigger is from the best *price*, in ticks."""
        return max(self.ticks or price * self.ppm // MILLION, 1)


@frozen(kw_only=True)
class Instructions:
    """FIX ExecInst <18>: what a conditional order is to do beyond what strategies may want.

    Its trigger follows a *trail*.  One that is *whole* closes all that its leg holds when it is
    triggered, whatever its quantity; one that is *tied* expires once its leg is closed.
    """

    trail: Trail | None = None
    whole: bool = False
    tied: bool = False


NONE_GIVEN = Instructions()


class Phase(IntEnum):
    """What an order at the venue is doing."""

    WAITING = 0  # for its trigger
    RESTING = 1  # in the book
    TAKING = 2  # its rest takes again at `wake_ns`
    CLOSED = 3


@define(kw_only=True, eq=False)
class VenueOrder:
    """An order as the venue knows it; *notional* (tick-lots) and *fee* (money) are of its fills.

    Only the venue changes it.  *threshold* is None where no price makes the order act; *follows* is
    where the trigger of a trailing stop moves next.  *reason* says why it was closed;
    *reserve_ticks* is the price at which its opening lots reserve margin.
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
    instructions: Instructions = NONE_GIVEN
    follows: Threshold | None = None
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


def trail_start(order: Wanted, trail: Trail) -> Threshold:
    """Return the threshold from which the trigger of *order* follows its *trail*."""
    above = order.side is Side.SELL
    return Threshold(trail.start_ticks, above, order.trigger_by is TriggerBy.MARK)


def follow(order: VenueOrder, trail: Trail, prices: Prices) -> None:
    """Let the trigger of *order* be where its *trail* puts it if *prices* are the best so far."""
    rising, sign = order.order.side is Side.SELL, order.order.side.sign
    by_mark = order.order.trigger_by is TriggerBy.MARK
    best = prices.mark if by_mark else prices.last
    distance = trail.distance(best)
    step = div_up(distance, TRAIL_STEPS)
    order.threshold = Threshold(best + sign * distance, not rising, by_mark)
    order.follows = Threshold(best - sign * step, rising, by_mark)


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


def refusal(
    order: Wanted,
    instrument: Instrument,
    pair: Pair,
    prices: Prices,
    trail: Trail | None = None,
) -> Reason:
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
    if conditional(order) and _crossed(order, prices, trail):
        return Reason.TRIGGER_CROSSED
    return Reason.NONE


def _crossed(order: Wanted, prices: Prices, trail: Trail | None) -> bool:
    """Return whether what arriving *order* waits for is there: its trigger or where that starts."""
    if trail is None:
        return trigger(order).touched(prices)
    return trail.start_ticks > 0 and trail_start(order, trail).touched(prices)


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


def band_of(thresholds: Iterable[Threshold | None]) -> Band:
    """Return the prices strictly between which none of *thresholds* is touched."""
    last_lo = mark_lo = 0
    last_hi = mark_hi = NO_BOUND
    for threshold in thresholds:
        if threshold is None:
            continue
        ticks, above, by_mark = threshold
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
