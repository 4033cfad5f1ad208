"""Orders for the next bar: entries, closes, unstucking, cuts, and what is taken back from them."""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from math import inf

from machines.pricing.closes import REDUCED as REDUCED_ALONE
from machines.pricing.closes import Held, close_terms, next_close, write_closes
from machines.pricing.ema import CLOSE, HIGH, LOW
from machines.pricing.enforcer import REDUCED, cut_price, cuts
from machines.pricing.entries import Scene, entry_terms, next_entry, write_entries
from machines.pricing.forager import affordable, choose, first_by_distance, marked, readiness
from machines.pricing.gates import (
    EPSILON,
    gate_entries,
    gate_touching,
    total_exposure,
    trim_closes,
    without_losses,
)
from machines.pricing.numbers import LONG, Floats, compiled, copy, inlined, market_of, put
from machines.pricing.sides import base_limit, even_share, least_balance, side_terms
from machines.pricing.unstuck import distance, unstuck, unstuck_terms
from simulator.engine.fills import extremes_of
from simulator.engine.indicators import catch_up
from simulator.engine.layout import (
    BALANCE,
    CLOSES,
    ENTRIES,
    PROFIT,
    PROFIT_MAX,
    SIDES,
    Desk,
    enabled,
    side_of,
    tradable,
    tradable_coins,
)
from simulator.engine.scan import ENTRY, EXIT, OPENING, STUCK, may_open


@compiled
def reached(desk: Desk, bar: int, coin: int, price: float, buys: bool) -> bool:  # noqa: FBT001
    """Return whether an order at *price* fills in the bar after *bar*."""
    if buys:
        return bool(desk.bars[bar + 1, coin, LOW] < price)
    return bool(desk.bars[bar + 1, coin, HIGH] > price)


@compiled
def scene_of(desk: Desk, s: int, coin: int, bar: int, row: int, hour: int) -> Scene:
    """Return what the entries of a coin depend on."""
    return Scene(
        desk.cash[BALANCE],
        desk.sizes[s, coin],
        desk.prices[s, coin],
        desk.bars[bar, coin, CLOSE],
        desk.bands[s, row, coin, 0 if side_of(s) == LONG else 1],
        desk.hourly[s, hour, coin],
    )


@compiled
def plan_entry(desk: Desk, s: int, coin: int, bar: int, row: int, hour: int) -> bool:
    """Plan the next entry of a coin, and the whole ladder if that fills; return whether it does."""
    side, market = side_of(s), market_of(desk.markets, coin)
    terms = entry_terms(desk.entry[s, coin])
    scene = scene_of(desk, s, coin, bar, row, hour)
    extremes, ladder = extremes_of(desk.positions[s, coin]), desk.orders[s, ENTRIES, coin]
    order = next_entry(side, market, terms, scene, extremes)
    desk.planned_at[s, coin] = bar
    if order.qty == 0.0:
        return False
    if reached(desk, bar, coin, order.price, side == LONG):
        count = write_entries(side, market, terms, scene, extremes, order, ladder)
        desk.counts[s, ENTRIES, coin] = count
        return True
    put(ladder, 0, order.qty, order.price, order.kind)
    desk.counts[s, ENTRIES, coin] = 1
    return False


@inlined
def plan_entries(
    desk: Desk,
    s: int,
    bar: int,
    row: int,
    hour: int,
    found: int,
    one_way: bool,  # noqa: FBT001
) -> bool:
    """Plan the entries of a side if any fills in the next bar; return whether one does."""
    fills, opened = False, False
    for i in range(desk.held_count[s] - 1, -1, -1):
        if desk.wants[s, desk.held[s, i]] & ENTRY:
            fills = plan_entry(desk, s, desk.held[s, i], bar, row, hour)
            if fills:
                break
    if not fills and found & OPENING:
        opened = choose_coins(desk, s, bar, row, one_way, True)  # noqa: FBT003
        fills = opened and plan_openings(desk, s, bar, row, hour, one_way)
    if not fills:
        desk.counts[s, ENTRIES, :] = 0
        return False
    if not opened and choose_coins(desk, s, bar, row, one_way, False):  # noqa: FBT003
        plan_openings(desk, s, bar, row, hour, one_way)
    plan_others(desk, s, bar, row, hour)
    return True


@inlined
def plan_others(desk: Desk, s: int, bar: int, row: int, hour: int) -> None:
    """Plan the entries of a side's positions that are not planned yet, as far as there is room."""
    counts, ladders, markets = desk.counts[s, ENTRIES], desk.orders[s, ENTRIES], desk.markets
    balance, limit = desk.cash[BALANCE], side_terms(desk.chosen[s]).total_limit
    sizes, prices, touches = desk.sizes[s], desk.prices[s], desk.bars[bar, :, CLOSE]
    total = total_exposure(markets, balance, sizes, prices)
    if total >= limit - EPSILON:
        counts[:] = 0
        return
    for coin in range(len(sizes) - 1, -1, -1):
        if sizes[coin] != 0.0 and desk.planned_at[s, coin] != bar:
            plan_entry(desk, s, coin, bar, row, hour)
        total = gate_touching(
            markets, balance, limit, total, sizes, prices, touches, ladders, counts, coin
        )
        if total >= limit - EPSILON:
            return
    gate_entries(side_of(s), markets, balance, limit, sizes, prices, touches, ladders, counts)


@compiled
def plan_openings(
    desk: Desk,
    s: int,
    bar: int,
    row: int,
    hour: int,
    one_way: bool,  # noqa: FBT001
) -> bool:
    """Plan the first entries of the coins that were chosen; return whether any fills."""
    chosen, fills = desk.flags[1], False
    both = one_way and enabled(desk.chosen[0]) and enabled(desk.chosen[1])
    for coin in range(len(chosen)):
        if chosen[coin] and not (both and long_first(desk, coin, bar, row) != (s == 0)):
            fills |= plan_entry(desk, s, coin, bar, row, hour)
    return fills


@compiled
def free_slots(desk: Desk, s: int, bar: int) -> int:
    """Return how many positions may be opened on a side."""
    return int(slots_of(desk, s, bar) - desk.held_count[s])


@compiled
def slots_of(desk: Desk, s: int, bar: int) -> int:
    """Return how many positions a side may have: more than were chosen if more are forced."""
    most = min(int(side_terms(desk.chosen[s]).positions), tradable_coins(desk.listed, s, bar))
    return int(max(most, desk.forced_count[s]))


@inlined
def choose_coins(
    desk: Desk,
    s: int,
    bar: int,
    row: int,
    one_way: bool,  # noqa: FBT001
    to_fill: bool,  # noqa: FBT001
) -> bool:
    """Mark in the second row of the desk's flags which coins get the free slots.

    Returns whether any does, and may fill in the next bar if it is *to_fill*.
    """
    slots = free_slots(desk, s, bar)
    if slots <= 0:
        return False
    may, chosen = desk.flags[0], desk.flags[1]
    for coin in range(len(may)):
        free = desk.sizes[s, coin] == 0.0 and tradable(desk.listed, s, coin, bar)
        may[coin] = free and not (one_way and desk.sizes[1 - s, coin] != 0.0)
    if desk.affordable:
        drop_dear(desk, s, bar)
    if marked(may) <= slots:
        copy(may, chosen)
    else:
        rank_coins(desk, s, bar, row, slots)
    for coin in range(len(may)):
        if chosen[coin] and (not to_fill or may_open(desk, s, coin, bar, row)):
            return True
    return False


@compiled
def drop_dear(desk: Desk, s: int, bar: int) -> None:
    """Clear the flags of the desk's first row whose smallest order is too large."""
    may, balance = desk.flags[0], desk.cash[BALANCE]
    for coin in range(len(may)):
        if may[coin] and not desk.forced[s, coin]:
            market, terms = market_of(desk.markets, coin), entry_terms(desk.entry[s, coin])
            may[coin] = affordable(market, terms, balance, desk.bars[bar, coin, CLOSE])


@compiled
def rank_coins(desk: Desk, s: int, bar: int, row: int, slots: int) -> None:
    """Mark in the second row of the desk's flags the best coins of the first."""
    may, chosen, kept = desk.flags[0], desk.flags[1], desk.flags[2]
    activity = desk.activity[catch_up(desk, s, bar)]
    terms, side = side_terms(desk.chosen[s]), side_of(s)
    weights = (terms.volume_weight, terms.range_weight, terms.readiness_weight)
    distances, scores = desk.numbers[0], desk.numbers[1]
    if terms.readiness_weight != 0.0:
        for coin in range(len(may)):
            band = desk.bands[s, row, coin, 0 if side == LONG else 1]
            dist = entry_terms(desk.entry[s, coin]).initial_ema_dist
            distances[coin] = readiness(side, desk.bars[bar, coin, CLOSE], band, dist)
    drop, volumes, ranges = terms.volume_drop_pct, activity[:, 0], activity[:, 1]
    forced = desk.forced[s]
    choose(slots, drop, weights, volumes, ranges, distances, may, forced, chosen, kept, scores)


@compiled
def long_first(desk: Desk, coin: int, bar: int, row: int) -> bool:
    """Return whether a coin that is held one way only may be entered long, else short."""
    return first_by_distance(
        desk.bars[bar, coin, CLOSE],
        desk.bands[0, row, coin, 0],
        desk.bands[1, row, coin, 1],
        entry_terms(desk.entry[0, coin]).initial_ema_dist,
        entry_terms(desk.entry[1, coin]).initial_ema_dist,
    )


@compiled
def plan_closes(desk: Desk, s: int, bar: int, ladders: bool) -> bool:  # noqa: FBT001
    """Plan the closes of a side that fill in the next bar; return whether there may be any.

    Of a ladder the first one decides, but where whole *ladders* rest: others may be nearer.
    """
    side, any_fills = side_of(s), False
    for i in range(desk.held_count[s]):
        coin = desk.held[s, i]
        if not desk.wants[s, coin] & EXIT:
            continue
        market, held = market_of(desk.markets, coin), held_of(desk, s, coin, bar)
        terms = close_terms(desk.close[s, coin])
        extremes, ladder = extremes_of(desk.positions[s, coin]), desk.orders[s, CLOSES, coin]
        order = next_close(side, market, terms, held, extremes)
        if order.qty == 0.0:
            continue
        if not (ladders or reached(desk, bar, coin, order.price, side != LONG)):
            continue
        any_fills, position = True, desk.positions[s, coin]
        into = desk.bars[bar + 1, coin, HIGH if side == LONG else LOW]
        if order.kind == REDUCED_ALONE and not (
            side * into > position.close_level or position.close_trails
        ):
            put(ladder, 0, order.qty, order.price, order.kind)  # the rest is out of reach
            desk.counts[s, CLOSES, coin] = 1
        else:
            count = write_closes(side, market, terms, held, extremes, ladder)
            desk.counts[s, CLOSES, coin] = count
    return any_fills


@compiled
def held_of(desk: Desk, s: int, coin: int, bar: int) -> Held:
    """Return what the closes of a position depend on."""
    balance, touch = desk.cash[BALANCE], desk.bars[bar, coin, CLOSE]
    return Held(balance, desk.sizes[s, coin], desk.prices[s, coin], touch)


@compiled
def plan_unstuck(desk: Desk, bar: int, row: int) -> bool:
    """Plan a close of the position that is stuck the least; return whether any is stuck."""
    nearest, found_s, found = inf, -1, -1
    for s in range(SIDES):
        if not (enabled(desk.chosen[s]) and desk.allowed[s] > 0.0):
            continue
        side = side_of(s)
        for i in range(desk.held_count[s]):
            coin = desk.held[s, i]
            if not desk.wants[s, coin] & STUCK:
                continue
            far = distance(
                side,
                market_of(desk.markets, coin),
                unstuck_terms(desk.unstuck[s, coin]),
                desk.cash[BALANCE],
                desk.sizes[s, coin],
                desk.prices[s, coin],
                desk.bars[bar, coin, CLOSE],
                desk.bands[s, row, coin, 1 if side == LONG else 0],
            )
            if far < nearest:
                nearest, found_s, found = far, s, coin
    if found < 0:
        return False
    s, coin = found_s, found
    balance, size, price = desk.cash[BALANCE], desk.sizes[s, coin], desk.prices[s, coin]
    market, terms, touch = (
        market_of(desk.markets, coin),
        unstuck_terms(desk.unstuck[s, coin]),
        desk.bars[bar, coin, CLOSE],
    )
    order = unstuck(side_of(s), market, terms, balance, size, price, touch, desk.allowed[s])
    put(
        desk.orders[s, CLOSES, coin],
        desk.counts[s, CLOSES, coin],
        order.qty,
        order.price,
        order.kind,
    )
    desk.counts[s, CLOSES, coin] += 1
    return True


@compiled
def plan_cuts(desk: Desk, s: int, bar: int) -> bool:
    """Plan what cuts a side back to its total limit; return whether anything does."""
    chosen, side, balance = side_terms(desk.chosen[s]), side_of(s), desk.cash[BALANCE]
    coins, touches, qty = len(desk.markets), desk.numbers[0], desk.numbers[1]
    floor, left, gone, kept = desk.numbers[2], desk.numbers[3], desk.numbers[4], desk.flags[0]
    most = chosen.total_limit * chosen.total_enforcer_threshold
    if total_exposure(desk.markets, balance, desk.sizes[s], desk.prices[s]) <= most:
        return False
    kept[:] = False
    copy(desk.bars[bar, :, CLOSE], touches)
    for i in range(desk.held_count[s]):
        kept[desk.held[s, i]] = reduces(desk, s, desk.held[s, i], bar)
    write_floors(desk, s, bar, floor)
    sizes, prices = desk.sizes[s], desk.prices[s]
    if not cuts(
        side, desk.markets, balance, sizes, prices, touches, floor, most, kept, left, gone, qty
    ):
        return False
    for coin in range(coins):
        if qty[coin] > 0.0:
            price = cut_price(side, market_of(desk.markets, coin), touches[coin])
            place = desk.counts[s, CLOSES, coin]
            put(desk.orders[s, CLOSES, coin], place, qty[coin], price, REDUCED)
            desk.counts[s, CLOSES, coin] = place + 1
    return True


@compiled
def reduces(desk: Desk, s: int, coin: int, bar: int) -> bool:
    """Return whether a position's own enforcer is at work."""
    if desk.cash[BALANCE] >= desk.positions[s, coin].reduced:
        return False
    for i in range(desk.counts[s, CLOSES, coin]):
        if desk.orders[s, CLOSES, coin, i].kind == REDUCED_ALONE:
            return True
    if desk.counts[s, CLOSES, coin]:
        return False
    market, held = market_of(desk.markets, coin), held_of(desk, s, coin, bar)
    terms, extremes = close_terms(desk.close[s, coin]), extremes_of(desk.positions[s, coin])
    return next_close(side_of(s), market, terms, held, extremes).kind == REDUCED_ALONE


@compiled
def write_floors(desk: Desk, s: int, bar: int, floors: Floats) -> None:
    """Write the exposures below which positions are not cut: their limits, without allowances."""
    chosen = side_terms(desk.chosen[s])
    count = min(int(chosen.positions), tradable_coins(desk.listed, s, bar))
    share = even_share(chosen.total_limit, max(slots_of(desk, s, bar), desk.held_count[s]))
    for coin in range(len(floors)):
        floors[coin] = min(share, base_limit(side_terms(desk.own[s, coin]), max(1, count)))


@compiled
def finish_closes(desk: Desk, bar: int, losses: float) -> None:
    """Trim the closes to their positions, and drop those that lose more than *losses* allow."""
    balance = desk.cash[BALANCE]
    least = least_balance(balance, desk.cash[PROFIT], desk.cash[PROFIT_MAX], losses)
    for s in range(SIDES):
        if not enabled(desk.chosen[s]):
            continue
        for i in range(desk.held_count[s]):
            coin = desk.held[s, i]
            count = desk.counts[s, CLOSES, coin]
            if count:
                market, ladder = market_of(desk.markets, coin), desk.orders[s, CLOSES, coin]
                size, touch = desk.sizes[s, coin], desk.bars[bar, coin, CLOSE]
                count = trim_closes(side_of(s), market, size, touch, ladder, count)
                if losses < 1.0:
                    price = desk.prices[s, coin]
                    count = without_losses(side_of(s), market, price, balance, least, ladder, count)
                desk.counts[s, CLOSES, coin] = count
