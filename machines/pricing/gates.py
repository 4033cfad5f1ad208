"""What is taken back from planned orders: closes beyond a position, losses, too much exposure."""

from math import inf

from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    Floats,
    Market,
    Records,
    compiled,
    down,
    entered,
    exposure,
    least_qty,
    market_of,
    near,
    put,
    sort_ladder,
)

EPSILON = 1e-12  # of quantities and of exposure: less than that is rounding
HALVINGS = 50
NARROW = 1e-9  # of a quantity: within that the answer is searched for by halving
PANIC = int(Kind.CLOSE_PANIC)


@compiled
def trim_closes(
    side: int, market: Market, size: float, touch: float, ladder: Records, count: int
) -> int:
    """Trim the closes in *ladder* to *size*, sort them, the nearest first; return how many remain.

    Those too small to place go first, then what exceeds the position, the furthest first.  What
    would remain of the position and be too small to close is added to the furthest.
    """
    if size <= EPSILON or count == 0:
        return 0
    least = least_qty(market, touch)
    if size < least - EPSILON:
        sort_ladder(side, ladder, count)
        ladder[0].qty = size
        return 1
    kept, total = 0, 0.0
    for i in range(count):
        if ladder[i].qty + EPSILON >= least:
            put(ladder, kept, ladder[i].qty, ladder[i].price, ladder[i].kind)
            total += ladder[i].qty
            kept += 1
    if total > size + EPSILON:
        kept = _without_excess(side, market, least, total - size, ladder, kept)
    sort_ladder(side, ladder, kept)
    _add_remainder(market, size, ladder, kept)
    return kept


@compiled
def _without_excess(
    side: int, market: Market, least: float, excess: float, ladder: Records, count: int
) -> int:
    """Take *excess* from the orders, the furthest first, and return how many remain."""
    sort_ladder(-side, ladder, count)
    kept = 0
    for i in range(count):
        qty = ladder[i].qty
        if excess > EPSILON:
            if qty <= excess + EPSILON:
                excess -= qty
                continue
            qty, excess = near(qty - excess, market.qty_step), 0.0
            if qty <= EPSILON or qty < least:
                continue
        put(ladder, kept, qty, ladder[i].price, ladder[i].kind)
        kept += 1
    return kept


@compiled
def _add_remainder(market: Market, size: float, ladder: Records, count: int) -> None:
    """Let the furthest order close what would remain, where that is too small for an order."""
    total, others, least = 0.0, 0.0, inf
    for i in range(count):
        others = total
        total += ladder[i].qty
        least = min(least, least_qty(market, ladder[i].price))
    rest = size - total
    if count and EPSILON < rest < least - EPSILON:
        wanted = near(max(0.0, size - others), market.qty_step)
        ladder[count - 1].qty = min(wanted, near(size, market.qty_step))


@compiled
def without_losses(
    side: int,
    market: Market,
    price: float,
    balance: float,
    least_balance: float,
    ladder: Records,
    count: int,
) -> int:
    """Drop the closes of a position whose loss would take *balance* below *least_balance*."""
    kept = 0
    for i in range(count):
        order = ladder[i]
        profit = side * (order.price - price) * order.qty * market.c_mult
        fits = profit >= 0.0 or balance + profit >= least_balance - EPSILON
        if fits or order.kind == PANIC:
            put(ladder, kept, order.qty, order.price, order.kind)
            kept += 1
    return kept


@compiled
def total_exposure(markets: Floats, balance: float, sizes: Floats, prices: Floats) -> float:
    """Return the exposure of all positions together, at their own prices."""
    total = 0.0
    for coin in range(len(sizes)):
        if sizes[coin] != 0.0:
            total += exposure(market_of(markets, coin), balance, sizes[coin], prices[coin])
    return total


@compiled
def _after(
    market: Market, balance: float, size: float, price: float, ladder: Records, count: int
) -> tuple[float, float, float]:
    """Return size, price and exposure of a position after the entries in *ladder*."""
    for i in range(count):
        size, price = entered(market, size, price, ladder[i].qty, ladder[i].price)
    return size, price, exposure(market, balance, size, price)


@compiled
def _if_filled(
    markets: Floats,
    balance: float,
    total: float,
    sizes: Floats,
    prices: Floats,
    ladders: Records,
    counts: Records,
) -> float:
    """Return the exposure of all positions together after all entries; *total* is without them."""
    for coin in range(len(sizes)):
        if counts[coin]:
            market = market_of(markets, coin)
            now = exposure(market, balance, sizes[coin], prices[coin])
            size, price = sizes[coin], prices[coin]
            total += _after(market, balance, size, price, ladders[coin], counts[coin])[2] - now
    return total


@compiled
def gate_entries(
    side: int,
    markets: Floats,
    balance: float,
    limit: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    ladders: Records,
    counts: Records,
) -> None:
    """Take entries away until all positions together stay below *limit* if the rest fills.

    *ladders* has a row for each coin, *counts* says how many orders it has.  The entry furthest
    from the market goes first; of the last that goes, as much is kept as fits.
    """
    now = total_exposure(markets, balance, sizes, prices)
    if balance <= 0.0 or limit <= 0.0 or now >= limit - EPSILON:
        counts[:] = 0
        return
    _drop_dust(markets, ladders, counts)
    total = _if_filled(markets, balance, now, sizes, prices, ladders, counts)
    last = -1
    while total >= limit - EPSILON:
        last = _furthest(side, touches, ladders, counts)
        if last < 0:
            return
        counts[last] -= 1
        total = _if_filled(markets, balance, now, sizes, prices, ladders, counts)
    if last >= 0:
        market, size, price = market_of(markets, last), sizes[last], prices[last]
        room = limit - EPSILON - total
        counts[last] += _fit(market, balance, room, size, price, ladders[last], counts[last])


@compiled
def gate_touching(
    markets: Floats,
    balance: float,
    limit: float,
    now: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    ladders: Records,
    counts: Records,
    last: int,
) -> float:
    """Return *now*, the exposure so far, after the first entry of coin *last*, if at its touch.

    Where that reaches *limit*, do as `gate_entries` would: nothing else stays than the first
    entries, at their touches, of the coins after *last*, and of its own as much as fits.
    """
    ladder, market = ladders[last], market_of(markets, last)
    if not counts[last] or ladder[0].price != touches[last]:
        return now
    size, price = sizes[last], prices[last]
    before = exposure(market, balance, size, price)
    after = now + _after(market, balance, size, price, ladder, 1)[2] - before
    if after >= limit - EPSILON:
        counts[:last] = 0
        for coin in range(last + 1, len(counts)):
            stays = counts[coin] and ladders[coin, 0].price == touches[coin]
            counts[coin] = 1 if stays else 0
        room = limit - EPSILON - now
        counts[last] = _fit(market, balance, room, size, price, ladder, 0)
    return after


@compiled
def _fit(
    market: Market,
    balance: float,
    room: float,
    size: float,
    price: float,
    ladder: Records,
    place: int,
) -> int:
    """Crop the order at *place* to what fits *room*; return 1, or 0 if that is too small."""
    size, price, _ = _after(market, balance, size, price, ladder, place)
    order = ladder[place]
    qty = _fitting(market, balance, room, size, price, order.qty, order.price)
    if qty <= EPSILON or qty + EPSILON < least_qty(market, order.price):
        return 0
    order.qty = qty
    return 1


@compiled
def _drop_dust(markets: Floats, ladders: Records, counts: Records) -> None:
    """Take away the entries that are too small to place."""
    for coin in range(len(counts)):
        market, ladder, kept = market_of(markets, coin), ladders[coin], 0
        for i in range(counts[coin]):
            qty, price = ladder[i].qty, ladder[i].price
            if qty > EPSILON and qty + EPSILON >= least_qty(market, price):
                put(ladder, kept, qty, price, ladder[i].kind)
                kept += 1
        counts[coin] = kept


@compiled
def _furthest(side: int, touches: Floats, ladders: Records, counts: Records) -> int:
    """Return the coin whose last entry is the furthest from its market, -1 if there is none."""
    found, most = -1, -inf
    for coin in range(len(counts)):
        if counts[coin]:
            distance = side * (1.0 - ladders[coin, counts[coin] - 1].price / touches[coin])
            if distance > most:
                found, most = coin, distance
    return found


@compiled
def _fitting(
    market: Market,
    balance: float,
    room: float,
    size: float,
    price: float,
    most: float,
    fill_price: float,
) -> float:
    """Return the part of an entry of *most* that takes less than *room* of exposure."""
    now = exposure(market, balance, size, price)
    guess = room * balance / (fill_price * market.c_mult)
    low, high = guess * (1.0 - NARROW), guess * (1.0 + NARROW)
    floor = down(low, market.qty_step)
    if 0.0 < low < high < most and floor == down(high, market.qty_step):
        return floor
    low, high = 0.0, most
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        after, average = entered(market, size, price, middle, fill_price)
        if exposure(market, balance, after, average) - now >= room:
            high = middle
        else:
            low = middle
    return down(low, market.qty_step)
