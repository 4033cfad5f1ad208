"""What may fill in the next bar: the rest is not planned, as it would change nothing."""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from machines.pricing.closes import Held, close_terms, risen, turned_down
from machines.pricing.ema import CLOSE, HIGH, LOW
from machines.pricing.entries import Scene, entry_terms, fallen, turned_up
from machines.pricing.numbers import LONG, Floats, Records, compiled, inlined, lower, market_of
from machines.pricing.reach import (
    DRIFT,
    balances,
    close_reach,
    entry_reach,
    initial_reach,
    partial_below,
    unstuck_enabled,
)
from machines.pricing.unstuck import unstuck_terms
from simulator.engine.fills import extremes_of
from simulator.engine.layout import (
    BALANCE,
    SIDES,
    Desk,
    Ints,
    enabled,
    side_of,
    tradable,
)

ENTRY, EXIT, STUCK, OPENING = 1, 2, 4, 8  # what a scan finds, to be added


@compiled
def refresh(desk: Desk, hour: int, everything: bool, ladders: bool) -> None:  # noqa: FBT001
    """Compute again how far the orders reach, of positions that changed or when the balance did."""
    balance = desk.cash[BALANCE]
    for s in range(SIDES):
        if not enabled(desk.chosen[s]):
            continue
        for i in range(desk.held_count[s]):
            position = desk.positions[s, desk.held[s, i]]
            if (
                everything
                or position.stale
                or abs(balance - position.balance) > position.balance * DRIFT
            ):
                refresh_position(desk, s, desk.held[s, i], hour, ladders)


@compiled
def refresh_position(desk: Desk, s: int, coin: int, hour: int, ladders: bool) -> None:  # noqa: FBT001
    """Compute how far the orders of a position reach."""
    side, market, balance = side_of(s), market_of(desk.markets, coin), desk.cash[BALANCE]
    entry, close, unstuck = (
        entry_terms(desk.entry[s, coin]),
        close_terms(desk.close[s, coin]),
        unstuck_terms(desk.unstuck[s, coin]),
    )
    size, price = desk.sizes[s, coin], desk.prices[s, coin]
    scene = Scene(balance, size, price, price, price, desk.hourly[s, hour, coin])
    held = Held(balance, size, price, price)
    threshold = unstuck.threshold if unstuck_enabled(unstuck) else 0.0
    at = balances(market, entry.limit, close.enforcer_threshold, threshold, held)
    into = entry_reach(side, market, entry, scene)
    out = close_reach(side, market, close, held, ladders)
    position = desk.positions[s, coin]
    position.stale, position.balance = False, balance
    position.full, position.reduced, position.stuck = at.full, at.reduced, at.stuck
    position.partial_below = partial_below(market, entry, balance, size)
    position.entry_level, position.entry_trails = into.level, into.trails
    position.entry_fall, position.entry_turn = into.fall, into.turn
    position.close_level, position.close_trails = out.level, out.trails
    position.close_rise, position.close_turn = out.rise, close.trailing_retracement_pct


@inlined
def scan(
    side: int,
    bar: int,
    bars: Floats,
    bands: Floats,
    positions: Records,
    held: Ints,
    count: int,
    balance: float,
    entry: Floats,
    may_enter: bool,  # noqa: FBT001
    wants: Ints,
) -> int:
    """Return what may fill of the positions of a side in the next bar; *wants* says it for each."""
    found, edge, into, out = 0, 1, HIGH, LOW
    if side == LONG:
        edge, into, out = 0, LOW, HIGH
    for i in range(count):
        coin = held[i]
        position, want = positions[coin], 0
        touch = side * bars[bar, coin, CLOSE]
        if may_enter and side * bars[bar + 1, coin, into] < touch:
            dist = entry_terms(entry[coin]).initial_ema_dist
            first = lower(side, touch * side, bands[coin, edge] * (1.0 - side * dist))
            if first < position.partial_below or (
                balance > position.full
                and _entry_may_fill(side, side * bars[bar + 1, coin, into], position)
            ):
                want = ENTRY
        reached = side * bars[bar + 1, coin, out]
        if reached > touch and (
            balance < position.reduced
            or reached > position.close_level
            or (position.close_trails and _close_may_trail(side, position))
        ):
            want |= EXIT
        if balance < position.stuck:
            want |= STUCK
        wants[coin] = want
        found |= want
    return found


@compiled
def _entry_may_fill(side: int, reached: float, position: Records) -> bool:
    """Return whether a re-entry may fill when the next bar has *reached* a signed price."""
    if reached < position["entry_level"]:
        return True
    if not position["entry_trails"]:
        return False
    extremes, turn = extremes_of(position), position["entry_turn"]
    return fallen(side, extremes, position["entry_fall"]) and (
        turn <= 0.0 or turned_up(side, extremes, turn)
    )


@compiled
def _close_may_trail(side: int, position: Records) -> bool:
    """Return whether the market has risen and turned as far as a trailing close waits for."""
    extremes = extremes_of(position)
    return risen(side, extremes, position["close_rise"]) and turned_down(
        side, extremes, position["close_turn"]
    )


@inlined
def scan_flat(
    desk: Desk,
    s: int,
    bar: int,
    row: int,
    one_way: bool,  # noqa: FBT001
) -> int:
    """Return whether the first entry of a coin without a position may fill in the next bar."""
    for coin in range(len(desk.markets)):
        blocked = desk.sizes[s, coin] != 0.0 or (one_way and desk.sizes[1 - s, coin] != 0.0)
        if (
            not blocked
            and tradable(desk.listed, s, coin, bar)
            and may_open(desk, s, coin, bar, row)
        ):
            return OPENING
    return 0


@compiled
def may_open(desk: Desk, s: int, coin: int, bar: int, row: int) -> bool:
    """Return whether the first entry of *coin* may fill in the next bar."""
    side = side_of(s)
    edge, into = (0, LOW) if side == LONG else (1, HIGH)
    band, dist = desk.bands[s, row, coin, edge], entry_terms(desk.entry[s, coin]).initial_ema_dist
    most = initial_reach(side, desk.bars[bar, coin, CLOSE], band, dist)
    return bool(side * desk.bars[bar + 1, coin, into] < most)
