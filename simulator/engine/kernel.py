"""The loop over the bars: fill what was planned, look at the market, plan what may fill next."""

from typing import NamedTuple

from machines.pricing.ema import CLOSE, HOUR_MS
from machines.pricing.numbers import Floats, Records, compiled
from simulator.engine.fills import delist, fill_orders, watch
from simulator.engine.indicators import next_block, seed
from simulator.engine.layout import (
    BALANCE,
    BLOCK,
    LAST,
    SIDES,
    START,
    Desk,
    enabled,
    entry_terms,
    side_of,
    side_terms,
)
from simulator.engine.plan import finish_closes, plan_closes, plan_cuts, plan_entries, plan_unstuck
from simulator.engine.scan import ENTRY, EXIT, OPENING, STUCK, refresh, scan, scan_flat

NEARLY = 1e-9  # of exposure


class Rules(NamedTuple):
    """What holds for a whole run."""

    first_ms: int
    step_ms: int
    warmup_bars: int
    sample_bars: int  # of equity: one in so many bars
    fee: float  # fraction of what is filled
    losses_max: float  # fraction of the peak balance that closes may take it down by
    liquidation: float  # equity, in quote
    least_cost: float  # of any order, in quote
    one_way: bool
    dynamic: bool  # each position's limit follows the number of coins that are listed


@compiled
def trade(desk: Desk, rules: Rules, fills: Records, equity: Floats) -> tuple[int, int, int]:
    """Trade all bars; return the fills, the samples of equity, and the last bar.

    Fills for which there is no place in *fills* are only counted.
    """
    count, samples, live, block, hour = 0, 0, False, 1 - BLOCK, -1
    seed(desk)
    listed, moves = 0, watches(desk)
    start = rules.first_ms // HOUR_MS
    for bar in range(1, len(desk.bars) - 1):
        if bar >= block + BLOCK:
            next_block(desk, bar)
            block = bar
        before = count
        if live:
            count = fill_orders(desk, bar, rules.fee, fills, count)
            live = False
        if rules.dynamic:
            count = delist(desk, bar, rules.fee, fills, count)
        if moves:
            watch(desk, bar)
        if bar <= rules.warmup_bars:
            continue
        if rules.dynamic or not listed:
            count_before, listed = listed, set_limits(desk, bar, listed)
            hour = hour if listed == count_before else -1
        now = (rules.first_ms + bar * rules.step_ms) // HOUR_MS - start
        if now != hour:
            hour = now
            refresh(desk, hour, True)  # noqa: FBT003
        elif count != before:
            refresh(desk, hour, False)  # noqa: FBT003
        live = plan(desk, rules, bar, bar - block, hour)
        worth = value(desk, bar)
        if samples < len(equity) and (bar - rules.warmup_bars - 1) % rules.sample_bars == 0:
            equity[samples] = max(worth, rules.liquidation)
            samples += 1
        if worth <= rules.liquidation:
            return count, samples, bar
    return count, samples, len(desk.bars) - 1


@compiled
def plan(desk: Desk, rules: Rules, bar: int, row: int, hour: int) -> bool:
    """Plan the orders that may fill in the bar after *bar*; return whether there are any."""
    live, closes, stuck, balance = False, False, 0, desk.cash[BALANCE]
    for s in range(SIDES):
        chosen = side_terms(desk.chosen[s])
        if not enabled(desk.chosen[s]):
            continue
        dist, most = entry_terms(desk.entry[s]).initial_ema_dist, chosen.total_limit * balance
        may_enter = desk.worth[s] + rules.least_cost < most * (1.0 + NEARLY)
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
            dist,
            may_enter,
            desk.wants[s],
        )
        if may_enter and count < chosen.positions:
            found |= scan_flat(desk, s, bar, row, dist, rules.one_way)
        if found & (ENTRY | OPENING):
            live |= plan_entries(desk, s, bar, row, hour, found, rules.one_way)
        if found & EXIT:
            closes |= plan_closes(desk, s, bar)
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
    for s in range(SIDES):  # noqa: SIM110
        if desk.entry[s, 8] != 0.0 or desk.close[s, 4] != 0.0:
            return True
    return False


@compiled
def set_limits(desk: Desk, bar: int, listed: int) -> int:
    """Share each side's limit among its positions; return how many coins are listed and warm."""
    count = 0
    for coin in range(len(desk.markets)):
        count += desk.listed[coin, START] <= bar <= desk.listed[coin, LAST]
    if count in (listed, 0):
        return listed
    for s in range(SIDES):
        terms = side_terms(desk.chosen[s])
        most = min(int(terms.positions), count)
        if enabled(desk.chosen[s]) and most > 0:
            limit = terms.total_limit / most * (1.0 + max(0.0, terms.excess_allowance_pct))
            desk.entry[s, 0] = desk.close[s, 0] = desk.unstuck[s, 0] = limit
    return count


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
