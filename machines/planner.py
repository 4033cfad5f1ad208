"""The planner: all the orders that the base strategy wants at one moment, whatever comes next.

Every formula is in `machines.pricing`; the order of the decisions is that of the compiled candle
engine, which leaves out what the next bar does not reach.  Floats stay inside: orders leave in
lots and ticks.
"""

from itertools import islice
from typing import NamedTuple

import numpy as np
from attrs import frozen

from machines.planner_inputs import Moment, Strategy, enabled
from machines.planner_sheet import CLOSES, ENTRIES, Places, Sheet, sheets
from machines.pricing.board import (
    drop_dear,
    finish_all_closes,
    least_stuck,
    write_all_closes,
    write_all_entries,
    write_distances,
    write_lines,
)
from machines.pricing.closes import REDUCED as REDUCED_ALONE
from machines.pricing.enforcer import REDUCED, cut_price, cuts
from machines.pricing.forager import choose, first_by_distance
from machines.pricing.gates import PANIC, gate_entries, total_exposure
from machines.pricing.numbers import Order
from machines.pricing.reach import unstuck_enabled
from machines.pricing.sides import base_limit, even_share, in_quote, least_balance
from machines.pricing.unstuck import allowance, unstuck, unstuck_terms
from spec.slots import Mode
from spec.terms import PositionMode

ADDING = {None, Mode.NORMAL, Mode.GRACEFUL_STOP}  # modes in which a position may grow
LEFT = {Mode.MANUAL, Mode.PANIC}  # modes in which the strategy closes nothing
Both = tuple[Sheet, Sheet]


class Line(NamedTuple):
    """An order that is wanted; *kind* is one of `machines.pricing.kinds`."""

    qty: int
    price_ticks: int
    kind: int


@frozen
class Ladders:
    """What one side wants in one symbol, the nearest orders first."""

    entries: tuple[Line, ...] = ()
    closes: tuple[Line, ...] = ()


NONE = Ladders()


class Profit(NamedTuple):
    """What was realized, and the most that it has been, in quote."""

    now: float
    most: float


def plan(strategy: Strategy, moment: Moment) -> tuple[tuple[Ladders, Ladders], ...]:
    """Return what longs and shorts want, symbol by symbol.  Total: never raises."""
    unit = strategy.instruments[0]
    profit = Profit(in_quote(moment.profit, unit), in_quote(moment.profit_max, unit))
    both = sheets(strategy, moment)
    trading = [sheet for sheet in both if enabled(sheet.chosen)]
    for sheet in trading:
        _plan_entries(strategy, sheet, both)
        _plan_closes(sheet)
    _plan_unstuck(trading, profit)
    for sheet in trading:
        _plan_cuts(sheet)
        _finish_closes(sheet, profit, strategy.losses_max)
    longs, shorts = map(_ladders, both)
    return tuple(zip(longs, shorts, strict=True))


def _places(coins: list[int]) -> Places:
    return np.array(coins, np.int64)


def _plan_entries(strategy: Strategy, sheet: Sheet, both: Both) -> None:
    """Plan the re-entries of what is held and the first entries of what is chosen, then gate."""
    owns, table = sheet.roster.owns, sheet.roster.table
    adding = [coin for coin in sheet.held if owns[coin].mode in ADDING]
    write_all_entries(
        sheet.side,
        _places([*adding, *_chosen(strategy, sheet, both)]),
        table,
        sheet.entry,
        sheet.balance,
        sheet.sizes,
        sheet.prices,
        sheet.touches,
        sheet.near,
        sheet.hourly,
        sheet.seen,
        sheet.ladders[ENTRIES],
        sheet.counts[ENTRIES],
    )
    gate_entries(
        sheet.side,
        table,
        sheet.balance,
        sheet.chosen.terms.total_limit,
        sheet.sizes,
        sheet.prices,
        sheet.touches,
        sheet.ladders[ENTRIES],
        sheet.counts[ENTRIES],
    )


def _chosen(strategy: Strategy, sheet: Sheet, both: Both) -> list[int]:
    """Return the coins without a position that get the free slots of a side."""
    slots, one_way = sheet.slots - len(sheet.held), strategy.mode is PositionMode.ONE_WAY
    if slots <= 0:
        return []
    longs, shorts = both
    other = shorts if sheet is longs else longs
    may = sheet.tradable & (sheet.sizes == 0) & ~(one_way & (other.sizes != 0))
    own, near = sheet.roster, sheet.near
    if strategy.affordable:
        drop_dear(own.table, sheet.entry, sheet.balance, sheet.touches, own.forced, may)
    distances, scores = np.empty((2, len(may)))
    write_distances(sheet.side, sheet.touches, near, sheet.entry, sheet.tradable, distances)
    chosen, kept = np.zeros((2, len(may)), np.bool_)
    terms, (volumes, ranges) = sheet.chosen.terms, sheet.activity
    weights = (terms.volume_weight, terms.range_weight, terms.readiness_weight)
    drop, forced = terms.volume_drop_pct, own.forced
    choose(slots, drop, weights, volumes, ranges, distances, may, forced, chosen, kept, scores)
    contested = one_way and enabled(longs.chosen) and enabled(shorts.chosen)
    coins: list[int] = np.flatnonzero(chosen).tolist()
    return [c for c in coins if not contested or _long_first(both, c) == (sheet is longs)]


def _long_first(both: Both, coin: int) -> bool:
    """Return whether a coin that is held one way only may be entered long, else short."""
    longs, shorts = both
    return bool(
        first_by_distance(
            longs.touches[coin],
            longs.near[coin],
            shorts.near[coin],
            longs.roster.owns[coin].entry.initial_ema_dist,
            shorts.roster.owns[coin].entry.initial_ema_dist,
        )
    )


def _plan_closes(sheet: Sheet) -> None:
    """Plan the closes of what is held; in a panic that is one, a tick through the market."""
    owns, markets = sheet.roster.owns, sheet.roster.markets
    write_all_closes(
        sheet.side,
        _places([coin for coin in sheet.held if owns[coin].mode not in LEFT]),
        sheet.roster.table,
        sheet.close,
        sheet.balance,
        sheet.sizes,
        sheet.prices,
        sheet.outs,
        sheet.seen,
        sheet.ladders[CLOSES],
        sheet.counts[CLOSES],
    )
    for coin in sheet.held:
        if owns[coin].mode is Mode.PANIC:
            price = sheet.outs[coin] - sheet.side * markets[coin].price_step
            sheet.add(CLOSES, coin, Order(sheet.sizes[coin], price, PANIC))


def _plan_unstuck(trading: list[Sheet], profit: Profit) -> None:
    """Plan a close of the position that is stuck the least, if any is."""
    least, found = np.inf, None
    for sheet in trading:
        allowed = _allowed(sheet, profit)
        far, coin = _stuck(sheet) if allowed > 0 else (np.inf, 0)
        if far < least:
            least, found = far, (sheet, coin, allowed)
    if found is not None:
        sheet, coin, allowed = found
        size, price, touch = sheet.sizes[coin], sheet.prices[coin], sheet.outs[coin]
        market, terms = sheet.roster.markets[coin], unstuck_terms(sheet.unstuck[coin])
        order = unstuck(sheet.side, market, terms, sheet.balance, size, price, touch, allowed)
        sheet.add(CLOSES, coin, order)


def _allowed(sheet: Sheet, profit: Profit) -> float:
    """Return the loss that unstucking of a side may take, in quote; 0 if it is not enabled."""
    terms = sheet.chosen.unstuck
    if not unstuck_enabled(terms):
        return 0
    part = terms.loss_allowance_pct * sheet.chosen.terms.total_limit
    return float(allowance(sheet.balance, part, profit.most, profit.now))


def _stuck(sheet: Sheet) -> tuple[float, int]:
    """Return how far the least stuck position is under water, inf if none is, and its coin."""
    owns = sheet.roster.owns
    found: tuple[float, int] = least_stuck(
        sheet.side,
        _places([coin for coin in sheet.held if owns[coin].mode not in LEFT]),
        sheet.roster.table,
        sheet.unstuck,
        sheet.balance,
        sheet.sizes,
        sheet.prices,
        sheet.outs,
        sheet.far,
    )
    return found


def _plan_cuts(sheet: Sheet) -> None:
    """Plan what cuts a side back to its total limit, if it is above."""
    terms, own, coins = sheet.chosen.terms, sheet.roster, len(sheet.sizes)
    most = terms.total_limit * terms.total_enforcer_threshold
    exposed = total_exposure(own.table, sheet.balance, sheet.sizes, sheet.prices)
    if terms.total_enforcer_threshold <= 0 or exposed <= most:
        return
    kept = np.array([_reduces(sheet, coin) for coin in range(coins)])
    share = even_share(terms.total_limit, max(sheet.slots, len(sheet.held)))
    count = max(1, sheet.count)
    floor = np.array([min(share, base_limit(each.terms, count)) for each in own.owns])
    left, gone, qty = np.zeros((3, coins))
    cuts(
        sheet.side,
        own.table,
        sheet.balance,
        sheet.sizes,
        sheet.prices,
        sheet.outs,
        floor,
        most,
        kept,
        left,
        gone,
        qty,
    )
    for coin in np.flatnonzero(qty > 0).tolist():
        price = cut_price(sheet.side, own.markets[coin], sheet.outs[coin])
        sheet.add(CLOSES, coin, Order(qty[coin], price, REDUCED))


def _reduces(sheet: Sheet, coin: int) -> bool:
    """Return whether a position's own enforcer is at work, or nothing is to be cut of it."""
    if sheet.roster.owns[coin].mode in LEFT:
        return True
    count = sheet.counts[CLOSES, coin]
    return bool((sheet.ladders[CLOSES, coin, :count]["kind"] == REDUCED_ALONE).any())


def _finish_closes(sheet: Sheet, profit: Profit, losses_max: float) -> None:
    """Trim the closes to their positions, and drop those that lose more than *losses_max*."""
    least = least_balance(sheet.balance, profit.now, profit.most, float(losses_max))
    finish_all_closes(
        sheet.side,
        _places([*sheet.held]),
        sheet.roster.table,
        sheet.balance,
        least if losses_max < 1 else -np.inf,
        sheet.sizes,
        sheet.prices,
        sheet.outs,
        sheet.ladders[CLOSES],
        sheet.counts[CLOSES],
    )


def _ladders(sheet: Sheet) -> list[Ladders]:
    """Return the orders of a side, in lots and ticks, coin by coin."""
    closes, entries = (_lines(sheet, group) for group in (CLOSES, ENTRIES))
    pairs = zip(entries, closes, strict=True)
    return [Ladders(*each) if each[0] or each[1] else NONE for each in pairs]


def _lines(sheet: Sheet, group: int) -> list[tuple[Line, ...]]:
    """Return one ladder of each coin, in lots and ticks."""
    counts, table = sheet.counts[group], sheet.roster.table
    lines = np.empty((counts.sum(), len(Line._fields)), np.int64)
    write_lines(table, sheet.ladders[group], counts, lines)
    found = map(Line._make, lines.tolist())
    return [tuple(islice(found, count)) if count else () for count in counts.tolist()]
