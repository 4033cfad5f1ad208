"""The loop over the bars: fill what was planned, look at the market, plan what may fill next.

With mirrors it stops in the middle of a bar, wherever the overlay has to be asked, and is resumed.
"""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from typing import NamedTuple

from machines.pricing.ema import CLOSE, HOUR_MS
from machines.pricing.numbers import Floats, Records, compiled, inlined
from machines.pricing.sides import position_limit, side_terms
from simulator.engine.fills import delist, fill_orders, forget_profits, watch
from simulator.engine.hedge import Hedge
from simulator.engine.indicators import next_block, seed
from simulator.engine.layout import (
    BALANCE,
    BLOCK,
    SIDES,
    Desk,
    Ints,
    enabled,
    side_of,
    tradable_coins,
)
from simulator.engine.plan import finish_closes, plan_closes, plan_cuts, plan_entries, plan_unstuck
from simulator.engine.scan import ENTRY, EXIT, OPENING, STUCK, refresh, scan, scan_flat
from simulator.engine.screen import asks
from simulator.engine.strict import Strict, pass_bar

NEARLY = 1e-9  # of exposure
# places of what says how far a run has come
BAR, FILLS, SAMPLES, LIVE, BLOCK_FROM, HOUR, LISTED, ASKED, LOST = range(9)
PLACES = 9


class Rules(NamedTuple):
    """What holds for a whole run."""

    first_ms: int
    step_ms: int
    warmup_bars: int
    sample_bars: int  # of equity: one in so many bars
    fee: float  # fraction of what is filled
    losses_max: float  # fraction of the peak balance that closes may take it down by
    lookback_bars: int  # before which profits are forgotten, negative for never
    liquidation: float  # equity, in quote
    least_cost: float  # of any order, in quote
    one_way: bool
    dynamic: bool  # each position's limit follows the number of coins that are listed
    mirrored: bool  # the overlay is asked, and the base's entries are planned for it
    strict: Strict


@compiled
def trade(
    desk: Desk, hedge: Hedge, rules: Rules, fills: Records, equity: Floats, place: Ints
) -> bool:
    """Trade the bars that are left; return whether to ask the mirror overlay, then to go on.

    *place* says how far the run has come.  Fills for which there is no place in *fills* are only
    counted.
    """
    if place[BAR] == 0:
        seed(desk)
        rules.strict.received[:] = 0.0
        place[BAR], place[BLOCK_FROM], place[HOUR] = 1, 1 - BLOCK, -1
    moves = watches(desk)
    while place[BAR] < len(desk.bars) - 1:
        bar = place[BAR]
        if not place[ASKED]:
            happen(desk, rules, bar, moves, fills, place)
            if place[LOST]:
                return False
            if rules.mirrored and bar > rules.warmup_bars:
                place[ASKED] = asks(desk, hedge, bar, bar - place[BLOCK_FROM], place[HOUR])
                if place[ASKED]:
                    return True
        place[ASKED] = False
        if bar > rules.warmup_bars and not react(desk, rules, bar, equity, place):
            return False
        place[BAR] = bar + 1
    return False


# What follows is inlined: to call it at every bar would hand over hundreds of words each time.
@inlined
def happen(
    desk: Desk,
    rules: Rules,
    bar: int,
    moves: bool,  # noqa: FBT001
    fills: Records,
    place: Ints,
) -> None:
    """Let *bar* happen to what was planned, and look at what it has changed."""
    if bar >= place[BLOCK_FROM] + BLOCK:
        next_block(desk, bar)
        place[BLOCK_FROM] = bar
    before = place[FILLS]
    if rules.strict.on:
        place[FILLS], place[LOST] = pass_bar(
            desk, rules.strict, bar, rules.fee, place[LIVE] != 0, fills, place[FILLS]
        )
    elif place[LIVE]:
        place[FILLS] = fill_orders(desk, bar, rules.fee, fills, place[FILLS])
    if rules.dynamic:
        place[FILLS] = delist(desk, bar, rules.fee, fills, place[FILLS])
    if rules.lookback_bars >= 0:
        forget_profits(desk, bar - rules.lookback_bars)
    if moves:
        watch(desk, bar)
    if bar <= rules.warmup_bars:
        return
    if rules.dynamic or not place[LISTED]:
        listed = set_limits(desk, bar, place[LISTED])
        place[HOUR] = place[HOUR] if listed == place[LISTED] else -1
        place[LISTED] = listed
    start = rules.first_ms // HOUR_MS
    now = (rules.first_ms + bar * rules.step_ms) // HOUR_MS - start
    if now != place[HOUR]:
        place[HOUR] = now
        refresh(desk, now, True, rules.strict.on)  # noqa: FBT003
    elif place[FILLS] != before:
        refresh(desk, now, False, rules.strict.on)  # noqa: FBT003


@inlined
def react(desk: Desk, rules: Rules, bar: int, equity: Floats, place: Ints) -> bool:
    """Plan what may fill next, and note the equity; return whether there is enough of it left."""
    live = plan(desk, rules, bar, bar - place[BLOCK_FROM], place[HOUR])
    place[LIVE] = live or rules.mirrored
    worth = value(desk, bar)
    if place[SAMPLES] < len(equity) and (bar - rules.warmup_bars - 1) % rules.sample_bars == 0:
        equity[place[SAMPLES]] = max(worth, rules.liquidation)
        place[SAMPLES] += 1
    return worth > rules.liquidation


@compiled
def plan(desk: Desk, rules: Rules, bar: int, row: int, hour: int) -> bool:
    """Plan the orders that may fill in the bar after *bar*; return whether there are any."""
    live, closes, stuck, balance = False, False, 0, desk.cash[BALANCE]
    for s in range(SIDES):
        chosen = side_terms(desk.chosen[s])
        if not enabled(desk.chosen[s]):
            continue
        most = chosen.total_limit * balance
        may_enter = not rules.mirrored and desk.worth[s] + rules.least_cost < most * (1.0 + NEARLY)
        count = desk.held_count[s]
        found = scan(
            side_of(s),
            bar,
            desk.bars,
            desk.bands[s, row],
            desk.positions[s],
            desk.held[s],
            count,
            balance,
            desk.entry[s],
            may_enter,
            desk.wants[s],
        )
        if may_enter and count < max(int(chosen.positions), desk.forced_count[s]):
            found |= scan_flat(desk, s, bar, row, rules.one_way)
        if found & (ENTRY | OPENING):
            live |= plan_entries(desk, s, bar, row, hour, found, rules.one_way)
        if found & EXIT:
            closes |= plan_closes(desk, s, bar, rules.strict.on)
        stuck |= found & STUCK
    if stuck and (desk.allowed[0] > 0.0 or desk.allowed[1] > 0.0):
        closes |= plan_unstuck(desk, bar, row)
    for s in range(SIDES):
        threshold = side_terms(desk.chosen[s]).total_enforcer_threshold
        most = side_terms(desk.chosen[s]).total_limit * threshold * balance * (1.0 - NEARLY)
        if enabled(desk.chosen[s]) and threshold > 0.0 and desk.worth[s] > most:
            closes |= plan_cuts(desk, s, bar)
    if closes:
        finish_closes(desk, bar, rules.losses_max)
    return live or closes


@compiled
def watches(desk: Desk) -> bool:
    """Return whether any order trails, so that the extreme prices matter."""
    for s in range(SIDES):
        for coin in range(len(desk.markets)):
            if desk.entry[s, coin, 8] != 0.0 or desk.close[s, coin, 4] != 0.0:
                return True
    return False


@compiled
def set_limits(desk: Desk, bar: int, listed: int) -> int:
    """Share each side's limit among its positions; return a number for how many may be opened."""
    counts = (tradable_coins(desk.listed, 0, bar), tradable_coins(desk.listed, 1, bar))
    found = counts[0] * (len(desk.markets) + 1) + counts[1]
    if found in (listed, 0):
        return listed
    for s in range(SIDES):
        most = min(int(side_terms(desk.chosen[s]).positions), counts[s])
        if enabled(desk.chosen[s]) and most > 0:
            for coin in range(len(desk.markets)):
                limit = position_limit(side_terms(desk.own[s, coin]), most)
                desk.entry[s, coin, 0] = desk.close[s, coin, 0] = limit
                desk.unstuck[s, coin, 0] = limit
    return found


@compiled
def value(desk: Desk, bar: int) -> float:
    """Return the equity: cash, and what the positions would gain or lose at the close."""
    equity = desk.cash[BALANCE]
    for s in range(SIDES):
        side = side_of(s)
        for i in range(desk.held_count[s]):
            coin = desk.held[s, i]
            close = desk.bars[bar, coin, CLOSE]
            if close == close:  # noqa: PLR0124
                gain = side * (close - desk.prices[s, coin])
                equity += gain * desk.sizes[s, coin] * desk.markets[coin, 4]
    return float(equity)
