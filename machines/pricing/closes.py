"""Close orders: a grid above the entry price, closes that trail, and what reduces an excess."""

from typing import NamedTuple

import numpy as np

from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    LADDER,
    LONG,
    Extremes,
    Floats,
    Market,
    Order,
    Records,
    allocating,
    compiled,
    down,
    exposure,
    higher,
    least_qty,
    near,
    put,
    qty_of,
    sort_ladder,
    taking,
    up,
)

LADDER_MAX = 500
ROOM = 1.01  # where the grid hands over to trailing, and the reverse
STRICTLY = 1e-12  # of exposure: below the enforcer's threshold, not at it
NONE = Order(0.0, 0.0, 0)
GRID, TRAILING = int(Kind.CLOSE_GRID), int(Kind.CLOSE_TRAILING)
REDUCED = int(Kind.CLOSE_AUTO_REDUCE_WEL)


class CloseTerms(NamedTuple):
    """What a person chooses for closes; fractions, not percent.  *limit* is of one position."""

    limit: float  # wallet exposure limit, the excess allowance included
    grid_markup_start: float
    grid_markup_end: float
    grid_qty_pct: float
    trailing_grid_ratio: float
    trailing_qty_pct: float
    trailing_threshold_pct: float
    trailing_retracement_pct: float
    enforcer_threshold: float


class Held(NamedTuple):
    """What a close depends on besides its terms; *touch* is a long's ask, a short's bid."""

    balance: float
    size: float
    price: float
    touch: float


@compiled
def close_terms(row: Floats) -> CloseTerms:
    """Return what a *row* of numbers says."""
    return CloseTerms(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8])


@compiled
def close_qty(market: Market, terms: CloseTerms, held: Held, pct: float, price: float) -> float:
    """Return the part *pct* of a full position, and all that is above a full one."""
    full = qty_of(held.balance * terms.limit, held.price, market.c_mult)
    size, least = near(held.size, market.qty_step), least_qty(market, price)
    excess = max(0.0, held.size - full)
    qty = min(size, max(least, up(full * pct + excess, market.qty_step)))
    return size if qty < size and size - qty < least else qty


@compiled
def reducing(market: Market, terms: CloseTerms, held: Held) -> Order:
    """Return what brings the exposure below the enforcer's threshold, nothing if it is there."""
    if terms.enforcer_threshold <= 0.0 or terms.limit <= 0.0:
        return NONE
    most = terms.limit * terms.enforcer_threshold
    if exposure(market, held.balance, held.size, held.price) <= most:
        return NONE
    size = near(held.size, market.qty_step)
    kept = down(qty_of(most * held.balance, held.price, market.c_mult), market.qty_step)
    if exposure(market, held.balance, kept, held.price) > most - STRICTLY:
        kept = near(kept - market.qty_step, market.qty_step)
    qty = max(near(size - max(kept, 0.0), market.qty_step), least_qty(market, held.touch))
    return Order(min(qty, size), held.touch, REDUCED)


@compiled
def grid(side: int, market: Market, terms: CloseTerms, held: Held) -> Order:
    """Return the next close of the grid; its price says how full the position is."""
    start = taking(side, held.price * (1.0 + side * terms.grid_markup_start), market.price_step)
    end = taking(side, held.price * (1.0 + side * terms.grid_markup_end), market.price_step)
    size = near(held.size, market.qty_step)
    if start == end or terms.grid_qty_pct < 0.0 or terms.grid_qty_pct >= 1.0:
        return Order(size, higher(side, held.touch, start), GRID)
    steps = up(abs(end - start) / market.price_step, 1.0)
    pct = max(terms.grid_qty_pct, 1.0 / steps)
    filled = exposure(market, held.balance, held.size, held.price) / terms.limit
    if filled > 1.0:
        price = min(start, end) if side == LONG else max(start, end)
    else:
        price = taking(side, start + (end - start) * filled, market.price_step)
    price = higher(side, held.touch, price)
    return Order(close_qty(market, terms, held, pct, price), price, GRID)


@compiled
def trailing(side: int, market: Market, terms: CloseTerms, held: Held, extremes: Extremes) -> Order:
    """Return the close that waits for a turn of the price, once it has turned."""
    threshold, retracement = terms.trailing_threshold_pct, terms.trailing_retracement_pct
    turned = turned_down(side, extremes, retracement)
    price = 0.0
    if threshold <= 0.0:
        if retracement > 0.0 and turned:
            price = held.touch
    elif retracement <= 0.0:
        off = taking(side, held.price * (1.0 + side * threshold), market.price_step)
        price = higher(side, held.touch, off)
    elif risen(side, extremes, held.price * (1.0 + side * threshold)) and turned:
        off = held.price * (1.0 + side * threshold - side * retracement)
        price = higher(side, held.touch, taking(side, off, market.price_step))
    if price == 0.0:
        return Order(0.0, 0.0, TRAILING)
    return Order(close_qty(market, terms, held, terms.trailing_qty_pct, price), price, TRAILING)


@compiled
def turned_down(side: int, extremes: Extremes, retracement: float) -> bool:
    """Return whether the price has come back by more than *retracement* from its best."""
    if side == LONG:
        return extremes.min_since_max < extremes.max_since_open * (1.0 - retracement)
    return extremes.max_since_min > extremes.min_since_open * (1.0 + retracement)


@compiled
def risen(side: int, extremes: Extremes, price: float) -> bool:
    """Return whether the best price since the last fill is better than *price*."""
    if side == LONG:
        return extremes.max_since_open > price
    return extremes.min_since_open < price


@compiled
def next_close(
    side: int, market: Market, terms: CloseTerms, held: Held, extremes: Extremes
) -> Order:
    """Return the next close: what reduces an excess, else of the grid or trailing."""
    if held.size == 0.0 or held.balance <= 0.0 or terms.limit <= 0.0:
        return NONE
    reduced = reducing(market, terms, held)
    if reduced.qty > 0.0:
        return reduced
    ratio = terms.trailing_grid_ratio
    if ratio >= 1.0 or ratio <= -1.0:
        return trailing(side, market, terms, held, extremes)
    if ratio == 0.0:
        return grid(side, market, terms, held)
    filled = exposure(market, held.balance, held.size, held.price) / terms.limit
    kept = ratio if ratio > 0.0 else 1.0 + ratio
    if filled < kept:
        if ratio > 0.0:
            return trailing(side, market, terms, held, extremes)
        return grid(side, market, terms, held)
    part = _above(market, terms, held, kept)
    if ratio > 0.0:
        return grid(side, market, terms, part)
    return trailing(side, market, terms, part, extremes)


@compiled
def _above(market: Market, terms: CloseTerms, held: Held, kept: float) -> Held:
    """Return *held* with only the part of its size above *kept* of a full position."""
    below = qty_of(held.balance * terms.limit * kept, held.price, market.c_mult)
    least = least_qty(market, held.price)
    if below < least:
        return held
    size = min(held.size, max(near((held.size - below) * ROOM, market.qty_step), least))
    return Held(held.balance, size, held.price, held.touch)


@allocating
def closes(
    side: int, market: Market, terms: CloseTerms, held: Held, extremes: Extremes
) -> list[Order]:
    """Return the whole ladder of closes, the nearest first: each as if those before had filled."""
    ladder = np.empty(LADDER_MAX, LADDER)
    count = write_closes(side, market, terms, held, extremes, ladder)
    return [Order(ladder[i].qty, ladder[i].price, ladder[i].kind) for i in range(count)]


@compiled
def write_closes(
    side: int,
    market: Market,
    terms: CloseTerms,
    held: Held,
    extremes: Extremes,
    ladder: Records,
) -> int:
    """Write `closes` to *ladder*, of `LADDER_MAX` orders, and return how many there are."""
    size, count = held.size, 0
    for _ in range(LADDER_MAX):
        left = Held(held.balance, size, held.price, held.touch)
        order = next_close(side, market, terms, left, extremes)
        if order.qty == 0.0 or (count and order.kind == TRAILING):
            break
        size = near(size - order.qty, market.qty_step)
        qty = order.qty
        if count and ladder[count - 1].price == order.price:
            count -= 1
            qty = near(ladder[count].qty + qty, market.qty_step)
        put(ladder, count, qty, order.price, order.kind)
        count += 1
    sort_ladder(side, ladder, count)
    return count
