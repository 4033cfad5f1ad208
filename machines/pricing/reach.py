"""Prices that the next orders cannot pass: where the market stays short of them, none fills.

Each bound holds while the position is what it is and the balance changes by less than `DRIFT`.  It
may be too wide, never too narrow.  Signed prices are times the side: an entry's are at most its
bound, a close's at least.
"""

from math import inf
from typing import NamedTuple

from machines.pricing.closes import CloseTerms, Held
from machines.pricing.entries import FULL, PARTIAL, ROOM, EntryTerms, Scene, multiplier
from machines.pricing.numbers import Market, compiled, cost, exposure, qty_of, taking
from machines.pricing.unstuck import UnstuckTerms

DRIFT = 0.01  # of the balance
SLACK = 1e-9  # of a price or a balance: more than any rounding


class Balances(NamedTuple):
    """Balances at which a position changes what it wants."""

    full: float  # below this one there is no room for a re-entry
    reduced: float  # below this one its excess is closed
    stuck: float  # below this one it may be stuck


class EntryReach(NamedTuple):
    """How far re-entries reach: *level* is signed, those that trail wait for *fall* and *turn*."""

    level: float
    trails: bool
    fall: float  # a price, inf times the side where there is no need to wait for it
    turn: float  # a fraction, at most 0 where there is no need to wait for it


class CloseReach(NamedTuple):
    """How far closes reach: *level* is signed, those that trail wait for *rise* and a turn."""

    level: float
    trails: bool
    rise: float  # a price, -inf times the side where there is no need to wait for it


@compiled
def balances(market: Market, limit: float, reduce: float, stuck: float, held: Held) -> Balances:
    """Return the balances of a position whose exposure limit is *limit*.

    *reduce* is the enforcer's threshold, *stuck* the one of unstucking; 0 for never.
    """
    worth = cost(held.size, held.price, market.c_mult)
    if limit <= 0.0:
        return Balances(inf, -inf, -inf)
    return Balances(
        worth / (limit * FULL) * (1.0 - SLACK),
        worth / (limit * reduce) * (1.0 + SLACK) if reduce > 0.0 else -inf,
        worth / (limit * stuck) * (1.0 + SLACK) if stuck > 0.0 else -inf,
    )


@compiled
def unstuck_enabled(terms: UnstuckTerms) -> bool:
    """Return whether a side's positions are ever unstuck."""
    return terms.loss_allowance_pct > 0.0 and terms.close_pct > 0.0 and terms.threshold > 0.0


@compiled
def partial_below(market: Market, terms: EntryTerms, balance: float, size: float) -> float:
    """Return the price of a first entry from which on that entry has filled well enough."""
    enough = size / PARTIAL
    if market.min_qty > enough or enough <= market.qty_step:
        return inf
    worth = max(
        balance * terms.limit * terms.initial_qty_pct * (1.0 + 2.0 * DRIFT), market.min_cost
    )
    return qty_of(worth, enough - market.qty_step, market.c_mult) + market.price_step


@compiled
def entry_reach(side: int, market: Market, terms: EntryTerms, scene: Scene) -> EntryReach:
    """Return how far the re-entries of a position reach."""
    split = terms.trailing_grid_ratio
    filled = exposure(market, scene.balance, scene.size, scene.price) / terms.limit
    least, most = filled * (1.0 - 2.0 * DRIFT), filled * (1.0 + 2.0 * DRIFT)
    grids, trails, part = split == 0.0, split >= 1.0 or split <= -1.0, 1.0
    if 0.0 < split < 1.0:
        grids, trails, part = most >= split, least < split, split
    elif -1.0 < split < 0.0:
        grids, trails, part = least < 1.0 + split, most >= 1.0 + split, 1.0 + split
    most /= min(1.0, part * ROOM)
    level, fall, turn = -inf, side * inf, 0.0
    if grids:
        grown = _least_multiplier(
            scene, least, most, terms.grid_spacing_we_weight, terms.grid_spacing_volatility_weight
        )
        level = side * scene.price * (1.0 - side * terms.grid_spacing_pct * grown)
    if trails:
        threshold = terms.trailing_threshold_pct * _least_multiplier(
            scene,
            least,
            most,
            terms.trailing_threshold_we_weight,
            terms.trailing_threshold_volatility_weight,
        )
        turn = terms.trailing_retracement_pct * _least_multiplier(
            scene,
            least,
            most,
            terms.trailing_retracement_we_weight,
            terms.trailing_retracement_volatility_weight,
        )
        turn *= 1.0 - SLACK
        if threshold > 0.0:
            fall = scene.price * (1.0 - side * threshold + side * SLACK)
            if turn <= 0.0:
                level = max(level, side * fall)
    if level > -inf:
        level += abs(level) * SLACK
    return EntryReach(level, trails, fall, turn)


@compiled
def _least_multiplier(
    scene: Scene, least: float, most: float, we_weight: float, volatility_weight: float
) -> float:
    """Return the least multiplier while the exposure is between *least* and *most* of its limit."""
    return min(
        multiplier(scene, least, we_weight, volatility_weight),
        multiplier(scene, most, we_weight, volatility_weight),
    )


@compiled
def close_reach(
    side: int,
    market: Market,
    terms: CloseTerms,
    held: Held,
    ladder: bool,  # noqa: FBT001
) -> CloseReach:
    """Return how far the first close of a position reaches, or any of its whole *ladder*.

    What reduces an excess is not among them.
    """
    split = terms.trailing_grid_ratio
    filled = exposure(market, held.balance, held.size, held.price) / terms.limit
    least, most = filled * (1.0 - 2.0 * DRIFT), filled * (1.0 + 2.0 * DRIFT)
    if ladder:
        least = 0.0  # each close is that of a smaller position than the one before
    grids, trails = split == 0.0, split >= 1.0 or split <= -1.0
    if 0.0 < split < 1.0:
        grids, trails = most >= split, least < split
    elif -1.0 < split < 0.0:
        grids, trails = least < 1.0 + split, most >= 1.0 + split
    level = inf
    if grids:
        start = taking(side, held.price * (1.0 + side * terms.grid_markup_start), market.price_step)
        end = taking(side, held.price * (1.0 + side * terms.grid_markup_end), market.price_step)
        level = min(side * start, side * end)
        whole = terms.grid_qty_pct < 0.0 or terms.grid_qty_pct >= 1.0
        if whole:
            level = side * start
        elif split == 0.0 and most <= 1.0:
            one, other = start + (end - start) * least, start + (end - start) * most
            level = min(side * one, side * other)
    threshold, rise = terms.trailing_threshold_pct, -side * inf
    if trails and threshold > 0.0:
        rise = held.price * (1.0 + side * threshold - side * SLACK)
        if terms.trailing_retracement_pct <= 0.0:
            level = min(level, side * rise)
    if level < inf:
        level -= abs(level) * SLACK
    return CloseReach(level, trails and terms.trailing_retracement_pct > 0.0, rise)


@compiled
def initial_reach(side: int, touch: float, band: float, ema_dist: float) -> float:
    """Return a signed price that a first entry does not pass."""
    off = side * band * (1.0 - side * ema_dist)
    return min(side * touch, off + abs(off) * SLACK)
