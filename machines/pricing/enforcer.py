"""Cutting positions back until all of one side together are within their limit."""

from math import inf

from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    Floats,
    Market,
    Records,
    compiled,
    copy,
    down,
    exposure,
    least_qty,
    market_of,
    near,
    passive,
    up,
)

REDUCED = int(Kind.CLOSE_AUTO_REDUCE_TWEL)
ACROSS = 0.0005  # of the price: so far across the market the order goes
CLOSE = 1e-9  # of exposure, or of size: less than that is rounding


@compiled
def under_water(side: int, price: float, touch: float) -> float:
    """Return how far a position is under water, as a fraction of its price."""
    if price <= 0.0:
        return 0.0
    return 1.0 - touch / price if side > 0 else touch / price - 1.0


@compiled
def cut_price(side: int, market: Market, touch: float) -> float:
    """Return the price of an order that cuts: across the market."""
    off = touch * (1.0 - ACROSS) if side > 0 else touch * (1.0 + ACROSS)
    return passive(side, off, market.price_step)


@compiled
def cut_qty(
    market: Market, balance: float, size: float, price: float, floor: float, excess: float
) -> float:
    """Return what to cut of a position that is *excess* of exposure too large, 0 for nothing.

    Its exposure, at its own price, does not fall below *floor*.
    """
    now = exposure(market, balance, size, price)
    unit = price * market.c_mult
    qty = min(size, up(min(now - floor, excess) * balance / unit, market.qty_step))
    least = floor * balance / unit
    if size - qty + CLOSE < least:
        qty = down(max(0.0, size - least), market.qty_step)
    if qty <= CLOSE:
        return 0.0
    if qty < market.min_qty:
        qty = min(size, market.min_qty) if size > market.min_qty + CLOSE else size
    qty = min(size, down(qty, market.qty_step))
    left = exposure(market, balance, max(0.0, size - qty), price)
    if qty <= CLOSE or left < floor - CLOSE or now - left <= CLOSE:
        return 0.0
    return qty


@compiled
def placed_qty(market: Market, size: float, left: float, cut: float, price: float) -> float:
    """Return the quantity of the order at *price* that cuts *cut*, from *size* to *left*."""
    gone = max(0.0, size - left)
    qty = min(cut, gone)
    if qty <= CLOSE:
        return 0.0
    if qty < market.min_qty:
        qty = gone if gone <= market.min_qty + CLOSE else market.min_qty
    qty = down(qty, market.qty_step)
    if qty <= CLOSE:
        return 0.0
    least = least_qty(market, price)
    qty = up(min(size, max(qty, least)), market.qty_step)
    return near(qty, market.qty_step) if qty >= least - CLOSE else 0.0


@compiled
def cuts(
    side: int,
    markets: Floats,
    balance: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    floor: Floats,
    most: float,
    kept: Records,
    left: Floats,
    cut: Floats,
    qty: Floats,
) -> int:
    """Write to *qty* what to cut of each position until all together are at *most*.

    The position least under water comes first, and none goes below its *floor* of exposure.  Those
    that are *kept* are neither cut nor counted; one that cannot be cut further becomes so.
    Exposures are at the positions' own prices.  *left* and *cut* are overwritten.  Returns how
    many are cut.
    """
    total = 0.0
    for coin in range(len(sizes)):
        if not kept[coin]:
            total += exposure(market_of(markets, coin), balance, sizes[coin], prices[coin])
    copy(sizes, left)
    cut[:] = 0.0
    while total > most + CLOSE:
        coin = _next(side, markets, balance, left, prices, touches, floor, kept)
        if coin < 0:
            break
        market = market_of(markets, coin)
        part = cut_qty(market, balance, left[coin], prices[coin], floor[coin], total - most)
        if part == 0.0:
            kept[coin] = True
            continue
        now = exposure(market, balance, left[coin], prices[coin])
        left[coin] = max(0.0, left[coin] - part)
        cut[coin] += part
        total -= now - exposure(market, balance, left[coin], prices[coin])
    return _placed(side, markets, sizes, left, cut, touches, qty)


@compiled
def _next(
    side: int,
    markets: Floats,
    balance: float,
    left: Floats,
    prices: Floats,
    touches: Floats,
    floor: Floats,
    kept: Records,
) -> int:
    """Return the coin to cut next, the least under water; -1 if none is above its floor."""
    found, least = -1, inf
    for coin in range(len(left)):
        if kept[coin] or left[coin] <= CLOSE:
            continue
        now = exposure(market_of(markets, coin), balance, left[coin], prices[coin])
        under = under_water(side, prices[coin], touches[coin])
        if now > floor[coin] + CLOSE and under < least:
            found, least = coin, under
    return found


@compiled
def _placed(
    side: int,
    markets: Floats,
    sizes: Floats,
    left: Floats,
    cut: Floats,
    touches: Floats,
    qty: Floats,
) -> int:
    """Write the quantities of the orders to *qty*, and return how many there are."""
    count = 0
    for coin in range(len(sizes)):
        qty[coin] = 0.0
        if cut[coin] > CLOSE:
            market = market_of(markets, coin)
            price = cut_price(side, market, touches[coin])
            qty[coin] = placed_qty(market, sizes[coin], left[coin], cut[coin], price)
            count += qty[coin] > 0.0
    return count
