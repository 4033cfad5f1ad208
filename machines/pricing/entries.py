"""Entry orders: the first one, re-entries on a grid, and re-entries that trail the price."""

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
    entered,
    exposure,
    inlined,
    least_qty,
    lower,
    near,
    passive,
    put,
    qty_of,
)

LADDER_MAX = 500  # orders
FULL, FULL_TRAILING = 0.999, 0.999  # of the limit: no more entries from here on
OVER = 1.01  # of the limit: an entry that leads beyond it is cropped
ROOM = 1.01  # of a partial limit: where the grid hands over to trailing, and the reverse
PARTIAL = 0.8  # of the initial quantity: less than that is filled up first
INFLATE = 0.25  # of double-down: a next order smaller than that is added to this one
NORMAL, CROPPED = 0, 1
NONE = Order(0.0, 0.0, 0)
INITIAL, INITIAL_PARTIAL = int(Kind.ENTRY_INITIAL_NORMAL), int(Kind.ENTRY_INITIAL_PARTIAL)
GRID, GRID_CROPPED = int(Kind.ENTRY_GRID_NORMAL), int(Kind.ENTRY_GRID_CROPPED)
GRID_INFLATED = int(Kind.ENTRY_GRID_INFLATED)
TRAILING, TRAILING_CROPPED = int(Kind.ENTRY_TRAILING_NORMAL), int(Kind.ENTRY_TRAILING_CROPPED)


class EntryTerms(NamedTuple):
    """What a person chooses for entries; fractions, not percent.  *limit* is of one position."""

    limit: float  # wallet exposure limit, the excess allowance included
    initial_qty_pct: float
    initial_ema_dist: float
    grid_double_down_factor: float
    grid_inflation: bool
    grid_spacing_pct: float
    grid_spacing_we_weight: float
    grid_spacing_volatility_weight: float
    trailing_grid_ratio: float
    trailing_double_down_factor: float
    trailing_threshold_pct: float
    trailing_threshold_we_weight: float
    trailing_threshold_volatility_weight: float
    trailing_retracement_pct: float
    trailing_retracement_we_weight: float
    trailing_retracement_volatility_weight: float


class Scene(NamedTuple):
    """What an entry depends on besides its terms.

    *touch* is the bid of a long, the ask of a short; *band* the lower EMA band of a long, the upper
    of a short; *volatility* the hourly log range; *size* and *price* are the position's.
    """

    balance: float
    size: float
    price: float
    touch: float
    band: float
    volatility: float


@compiled
def entry_terms(row: Floats) -> EntryTerms:
    """Return what a *row* of numbers says."""
    return EntryTerms(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4] != 0.0,
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
        row[14],
        row[15],
    )


@compiled
def initial_price(side: int, market: Market, terms: EntryTerms, scene: Scene) -> float:
    """Return the price of the first entry: off the EMA band, never across the market."""
    off = scene.band * (1.0 - side * terms.initial_ema_dist)
    return lower(side, scene.touch, passive(side, off, market.price_step))


@compiled
def initial_qty(market: Market, terms: EntryTerms, balance: float, price: float) -> float:
    """Return the quantity of the first entry at *price*."""
    worth = balance * terms.limit * terms.initial_qty_pct
    qty = near(qty_of(worth, price, market.c_mult), market.qty_step)
    return max(least_qty(market, price), qty)


@compiled
def multiplier(scene: Scene, ratio: float, we_weight: float, volatility_weight: float) -> float:
    """Return what a distance grows by with exposure (*ratio* of the limit) and volatility."""
    return max(0.0, 1.0 + ratio * we_weight + scene.volatility * volatility_weight)


@compiled
def reentry_qty(
    market: Market, terms: EntryTerms, factor: float, scene: Scene, price: float, limit: float
) -> float:
    """Return the quantity of a re-entry at *price* that doubles down by *factor*."""
    first = qty_of(scene.balance, price, market.c_mult) * limit * terms.initial_qty_pct
    qty = near(max(scene.size * factor, first), market.qty_step)
    return max(least_qty(market, price), qty)


@inlined
def cropped(
    market: Market, scene: Scene, qty: float, price: float, limit: float
) -> tuple[float, float]:
    """Return *qty*, not less than the venue takes, as far as the exposure may go, and that."""
    size, average = entered(market, scene.size, scene.price, qty, price)
    after = exposure(market, scene.balance, size, average)
    if after <= limit * OVER:
        return qty, after
    now = exposure(market, scene.balance, scene.size, scene.price)
    filled = interpolated(limit, now, after, scene.size, scene.size + qty)
    rest = near(filled - scene.size, market.qty_step)
    return max(rest, least_qty(market, price)), after


@compiled
def interpolated(x: float, x0: float, x1: float, y0: float, y1: float) -> float:
    """Return y at *x* on the line through (x0, y0) and (x1, y1)."""
    return y0 * ((x - x1) / (x0 - x1)) + y1 * ((x - x0) / (x1 - x0))


@inlined
def _first(side: int, market: Market, terms: EntryTerms, scene: Scene) -> tuple[Order, float]:
    """Return the entry that comes before all re-entries, and the least that those should be."""
    if _grown(side, market, terms, scene):
        return NONE, 0.0
    price = initial_price(side, market, terms, scene)
    if price <= market.price_step:
        return NONE, -1.0
    first = initial_qty(market, terms, scene.balance, price)
    if scene.size == 0.0:
        return Order(first, price, INITIAL), first
    if scene.size < first * PARTIAL:
        rest = down(first - scene.size, market.qty_step)
        return Order(max(least_qty(market, price), rest), price, INITIAL_PARTIAL), first
    if scene.size < first:
        first = max(near(scene.size, market.qty_step), least_qty(market, price))
    return NONE, first


@inlined
def _grown(side: int, market: Market, terms: EntryTerms, scene: Scene) -> bool:
    """Return whether the position is so large that its first entry does not matter any more."""
    off = scene.band * (1.0 - side * terms.initial_ema_dist)
    price = lower(side, scene.touch, off - market.price_step)
    if price <= 2.0 * market.price_step:
        return False
    worth = max(market.min_cost, scene.balance * terms.limit * terms.initial_qty_pct)
    most = max(market.min_qty, qty_of(worth, price, market.c_mult)) + 2.0 * market.qty_step
    factor = min(terms.grid_double_down_factor, terms.trailing_double_down_factor, PARTIAL)
    return scene.size * factor > most


@inlined
def grid(side: int, market: Market, terms: EntryTerms, scene: Scene, cap: float) -> Order:
    """Return the next entry of the grid, as long as the exposure stays below *cap*."""
    opening, first = _first(side, market, terms, scene)
    if opening.qty > 0.0 or first < 0.0:
        return opening
    limit = min(cap, terms.limit)
    now = exposure(market, scene.balance, scene.size, scene.price)
    if now >= limit * FULL:
        return NONE
    order = _reentry(side, market, terms, scene, limit, first)
    if order.qty == 0.0:
        return NONE
    qty, after = cropped(market, scene, order.qty, order.price, limit)
    if qty < order.qty:
        return Order(qty, order.price, GRID_CROPPED)
    if terms.grid_inflation:
        return _inflated(side, market, terms, scene, limit, first, order, after)
    return order


@inlined
def _reentry(
    side: int, market: Market, terms: EntryTerms, scene: Scene, limit: float, first: float
) -> Order:
    """Return the next re-entry of the grid, before it is cropped."""
    ratio = exposure(market, scene.balance, scene.size, scene.price) / limit
    grown = multiplier(
        scene, ratio, terms.grid_spacing_we_weight, terms.grid_spacing_volatility_weight
    )
    off = scene.price * (1.0 - side * (terms.grid_spacing_pct * grown))
    price = lower(side, passive(side, off, market.price_step), scene.touch)
    if price <= market.price_step:
        return NONE
    qty = reentry_qty(market, terms, terms.grid_double_down_factor, scene, price, limit)
    return Order(max(qty, first), price, GRID)


@inlined
def _inflated(
    side: int,
    market: Market,
    terms: EntryTerms,
    scene: Scene,
    limit: float,
    first: float,
    order: Order,
    after: float,
) -> Order:
    """Return *order*, raised up to the limit if the next would be too small to be worth it."""
    size, price = entered(market, scene.size, scene.price, order.qty, order.price)
    then = Scene(scene.balance, size, price, scene.touch, scene.band, scene.volatility)
    following = _reentry(side, market, terms, then, limit, first)
    qty, _ = cropped(market, then, following.qty, following.price, limit)
    if qty / size >= terms.grid_double_down_factor * INFLATE:
        return order
    now = exposure(market, scene.balance, scene.size, scene.price)
    filled = interpolated(limit, now, after, scene.size, scene.size + order.qty)
    return Order(near(filled - scene.size, market.qty_step), order.price, GRID_INFLATED)


@inlined
def trailing(
    side: int, market: Market, terms: EntryTerms, scene: Scene, extremes: Extremes, cap: float
) -> Order:
    """Return the entry that waits for a turn of the price, once it has turned."""
    opening, first = _first(side, market, terms, scene)
    if opening.qty > 0.0 or first < 0.0:
        return opening
    limit = min(cap, terms.limit)
    ratio = exposure(market, scene.balance, scene.size, scene.price) / limit
    if ratio > FULL_TRAILING:
        return NONE
    price = trailing_price(side, market, terms, scene, extremes, ratio)
    if price == 0.0:
        return NONE
    wanted = reentry_qty(market, terms, terms.trailing_double_down_factor, scene, price, limit)
    wanted = max(wanted, first)
    qty, _ = cropped(market, scene, wanted, price, limit)
    return Order(qty, price, TRAILING_CROPPED if qty < wanted else TRAILING)


@compiled
def trailing_price(
    side: int, market: Market, terms: EntryTerms, scene: Scene, extremes: Extremes, ratio: float
) -> float:
    """Return the price of a trailing entry, 0 while the price has not fallen and turned."""
    threshold = terms.trailing_threshold_pct * multiplier(
        scene, ratio, terms.trailing_threshold_we_weight, terms.trailing_threshold_volatility_weight
    )
    retracement = terms.trailing_retracement_pct * multiplier(
        scene,
        ratio,
        terms.trailing_retracement_we_weight,
        terms.trailing_retracement_volatility_weight,
    )
    turned = turned_up(side, extremes, retracement)
    if threshold <= 0.0:
        return scene.touch if retracement > 0.0 and turned else 0.0
    if retracement <= 0.0:
        off = scene.price * (1.0 - side * threshold)
        return lower(side, scene.touch, passive(side, off, market.price_step))
    if not (fallen(side, extremes, scene.price * (1.0 - side * threshold)) and turned):
        return 0.0
    off = scene.price * (1.0 - side * threshold + side * retracement)
    return lower(side, scene.touch, passive(side, off, market.price_step))


@compiled
def turned_up(side: int, extremes: Extremes, retracement: float) -> bool:
    """Return whether the price has come back by more than *retracement* from its worst."""
    if side == LONG:
        return extremes.max_since_min > extremes.min_since_open * (1.0 + retracement)
    return extremes.min_since_max < extremes.max_since_open * (1.0 - retracement)


@compiled
def fallen(side: int, extremes: Extremes, price: float) -> bool:
    """Return whether the worst price since the last fill is worse than *price*."""
    if side == LONG:
        return extremes.min_since_open < price
    return extremes.max_since_open > price


@compiled
def next_entry(
    side: int, market: Market, terms: EntryTerms, scene: Scene, extremes: Extremes
) -> Order:
    """Return the next entry: on the grid or trailing, by the ratio of the two and by exposure."""
    if terms.limit <= 0.0 or scene.balance <= 0.0:
        return NONE
    trails, cap = _trails(market, terms, scene)
    if trails:
        return trailing(side, market, terms, scene, extremes, cap)
    return grid(side, market, terms, scene, cap)


@inlined
def _trails(market: Market, terms: EntryTerms, scene: Scene) -> tuple[bool, float]:
    """Return whether the next entry trails, and below which exposure it is to stay."""
    ratio, limit = terms.trailing_grid_ratio, terms.limit
    if ratio == 0.0 or ratio >= 1.0 or ratio <= -1.0:
        return ratio != 0.0, limit
    filled = exposure(market, scene.balance, scene.size, scene.price) / limit
    first = ratio if ratio > 0.0 else 1.0 + ratio
    if filled >= first:
        return ratio < 0.0, limit
    return ratio > 0.0, limit if filled == 0.0 else min(limit * first * ROOM, limit)


@allocating
def entries(
    side: int, market: Market, terms: EntryTerms, scene: Scene, extremes: Extremes
) -> list[Order]:
    """Return the whole ladder of entries, the nearest first: each as if those before had filled."""
    ladder = np.empty(LADDER_MAX, LADDER)
    first = next_entry(side, market, terms, scene, extremes)
    count = write_entries(side, market, terms, scene, extremes, first, ladder)
    return [Order(ladder[i].qty, ladder[i].price, ladder[i].kind) for i in range(count)]


@compiled
def write_entries(
    side: int,
    market: Market,
    terms: EntryTerms,
    scene: Scene,
    extremes: Extremes,
    first: Order,
    ladder: Records,
) -> int:
    """Write `entries` to *ladder*, of `LADDER_MAX` orders; return how many, *first* included."""
    count, order = 0, first
    for _ in range(LADDER_MAX):
        if order.qty == 0.0:
            break
        if count:
            trails = order.kind == TRAILING or order.kind == TRAILING_CROPPED  # noqa: PLR1714
            if trails or order.price == ladder[count - 1].price:
                break
        put(ladder, count, order.qty, order.price, order.kind)
        count += 1
        size, price = entered(market, scene.size, scene.price, order.qty, order.price)
        touch = lower(side, scene.touch, order.price)
        scene = Scene(scene.balance, size, price, touch, scene.band, scene.volatility)
        order = next_entry(side, market, terms, scene, extremes)
    return count
