"""Fills: what the orders that were planned at a bar become in the next one."""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from machines.pricing.ema import CLOSE, HIGH, LOW
from machines.pricing.extremes import forgotten, seen
from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    LONG,
    Extremes,
    Records,
    compiled,
    cost,
    entered,
    inlined,
    market_of,
    near,
    put,
)
from machines.pricing.unstuck import allowance
from simulator.engine.layout import (
    BALANCE,
    CLOSES,
    ENTRIES,
    LAST,
    PROFIT,
    PROFIT_MAX,
    SIDES,
    Desk,
    side_of,
)

PANIC = int(Kind.CLOSE_PANIC)


@inlined
def fill_orders(desk: Desk, bar: int, fee: float, fills: Records, count: int) -> int:
    """Fill what *bar* reaches, in full and at the order's price, and drop the rest.

    Longs come first, then coins by index, then closes before entries, the nearest first.  Returns
    how many fills there are; those for which *fills* has no place are only counted.
    """
    before = count
    for s in range(SIDES):
        for coin in range(len(desk.markets)):
            for group in (CLOSES, ENTRIES):
                if desk.counts[s, group, coin]:
                    count = _fill_ladder(desk, s, group, coin, bar, fee, fills, count)
                    desk.counts[s, group, coin] = 0
    if count != before:
        count_positions(desk)
    return count


@compiled
def _fill_ladder(
    desk: Desk, s: int, group: int, coin: int, bar: int, fee: float, fills: Records, count: int
) -> int:
    """Fill what *bar* reaches of one ladder."""
    side = side_of(s)
    buys = (side == LONG) == (group == ENTRIES)
    high, low = desk.bars[bar, coin, HIGH], desk.bars[bar, coin, LOW]
    for i in range(desk.counts[s, group, coin]):
        order = desk.orders[s, group, coin, i]
        if low < order.price if buys else high > order.price:
            count = fill(desk, s, group, coin, i, bar, fee, fills, count)
    return count


@compiled
def fill(
    desk: Desk,
    s: int,
    group: int,
    coin: int,
    place: int,
    bar: int,
    fee: float,
    fills: Records,
    count: int,
) -> int:
    """Book one fill, and return how many there are."""
    order, market, side = (
        desk.orders[s, group, coin, place],
        market_of(desk.markets, coin),
        side_of(s),
    )
    size, average, qty, profit = desk.sizes[s, coin], desk.prices[s, coin], order.qty, 0.0
    if group == CLOSES:
        qty = min(qty, size)
        if qty <= 0.0:
            return count
        profit = side * qty * (order.price - average) * market.c_mult
        size = near(size - qty, market.qty_step)
    else:
        size, average = entered(market, size, average, qty, order.price)
    paid = cost(qty, order.price, market.c_mult) * fee
    cash = desk.cash
    cash[BALANCE] = cash[BALANCE] - paid + profit
    if profit < 0.0 and len(desk.peaks):
        keep_profit(desk, bar - 1)
    cash[PROFIT] += profit
    cash[PROFIT_MAX] = max(cash[PROFIT_MAX], cash[PROFIT])
    desk.sizes[s, coin], desk.prices[s, coin] = size, average if size != 0.0 else 0.0
    position = desk.positions[s, coin]
    position.filled_at, position.stale = bar, True
    remember(desk.positions[s, coin], forgotten())
    if count < len(fills):
        line = fills[count]
        line.bar, line.coin, line.side, line.kind = bar, coin, side, order.kind
        line.price, line.fee, line.profit = order.price, paid, profit
        line.qty = side * qty if group == ENTRIES else -side * qty
        line.balance, line.size, line.average = cash[BALANCE], size, average
    return count + 1


@compiled
def delist(desk: Desk, bar: int, fee: float, fills: Records, count: int) -> int:
    """Close, at the close of *bar*, the positions of the coins whose last bar it is."""
    before = count
    for s in range(SIDES):
        for coin in range(len(desk.markets)):
            if desk.listed[coin, LAST] == bar and desk.sizes[s, coin] != 0.0:
                price = desk.bars[bar, coin, CLOSE]
                put(desk.orders[s, CLOSES, coin], 0, desk.sizes[s, coin], price, PANIC)
                count = fill(desk, s, CLOSES, coin, 0, bar, fee, fills, count)
    if count != before:
        count_positions(desk)
    return count


@compiled
def count_positions(desk: Desk) -> None:
    """Renew the lists of positions, and what they are worth."""
    for s in range(SIDES):
        held, worth = 0, 0.0
        for coin in range(len(desk.markets)):
            if desk.sizes[s, coin] != 0.0:
                desk.held[s, held] = coin
                held += 1
                worth += cost(desk.sizes[s, coin], desk.prices[s, coin], desk.markets[coin, 4])
        desk.held_count[s], desk.worth[s] = held, worth
        desk.allowed[s] = loss_allowed(desk, s)


@compiled
def loss_allowed(desk: Desk, s: int) -> float:
    """Return the loss that unstucking of a side may take, in quote; 0 if it is not enabled."""
    if desk.budget[s] == 0.0:
        return 0.0
    balance, profit, most = desk.cash[BALANCE], desk.cash[PROFIT], desk.cash[PROFIT_MAX]
    return allowance(balance, desk.budget[s], most, profit)


@compiled
def keep_profit(desk: Desk, until: int) -> None:
    """Keep what has been realized until the close of a bar, and forget the peaks below."""
    peaks, ring, profit = desk.peaks, desk.ring, desk.cash[PROFIT]
    while ring[1] and peaks[(ring[0] + ring[1] - 1) % len(peaks)].profit <= profit:
        ring[1] -= 1
    if not (ring[1] and peaks[(ring[0] + ring[1] - 1) % len(peaks)].until == until):
        place = peaks[(ring[0] + ring[1]) % len(peaks)]
        place.until, place.profit = until, profit
        ring[1] += 1


@compiled
def forget_profits(desk: Desk, first: int) -> None:
    """Forget the peaks that were over before bar *first* closed: they do not count any more."""
    peaks, ring, cash, before = desk.peaks, desk.ring, desk.cash, desk.cash[PROFIT_MAX]
    while ring[1] and peaks[ring[0]].until < first:
        ring[0], ring[1] = (ring[0] + 1) % len(peaks), ring[1] - 1
    cash[PROFIT_MAX] = cash[PROFIT]
    if ring[1]:
        cash[PROFIT_MAX] = max(cash[PROFIT], peaks[ring[0]].profit)
    if cash[PROFIT_MAX] != before:
        for s in range(SIDES):
            desk.allowed[s] = loss_allowed(desk, s)


@compiled
def remember(position: Records, extremes: Extremes) -> None:
    """Write the extreme prices since the last fill of a position."""
    position["min_since_open"], position["max_since_min"] = (
        extremes.min_since_open,
        extremes.max_since_min,
    )
    position["max_since_open"], position["min_since_max"] = (
        extremes.max_since_open,
        extremes.min_since_max,
    )


@compiled
def extremes_of(position: Records) -> Extremes:
    """Return the extreme prices since the last fill of a position."""
    return Extremes(
        position["min_since_open"],
        position["max_since_min"],
        position["max_since_open"],
        position["min_since_max"],
    )


@compiled
def watch(desk: Desk, bar: int) -> None:
    """Let *bar* move the extreme prices of the positions that did not fill in it."""
    for s in range(SIDES):
        for i in range(desk.held_count[s]):
            coin = desk.held[s, i]
            high = desk.bars[bar, coin, HIGH]
            if desk.positions[s, coin].filled_at != bar and high == high:  # noqa: PLR0124
                low, close = desk.bars[bar, coin, LOW], desk.bars[bar, coin, CLOSE]
                remember(
                    desk.positions[s, coin],
                    seen(extremes_of(desk.positions[s, coin]), high, low, close),
                )
