"""Strict fills: along the price inside a bar, with funding, margin, and as much as was traded.

The price of a bar is that of `simulator.path`: from the open to the extreme nearer to it, to the
other one and to the close, at 0, 1/4, 3/4 and 1 of the bar, straight between.  Equity less
maintenance margin is concave along a straight line, as maintenance rates never fall with size; so
where it is not negative at both ends, it is not in between.
"""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from collections.abc import Mapping
from math import inf
from typing import NamedTuple, TypeAlias

import numpy as np
from attrs import field, frozen

from machines.pricing.ema import CLOSE, HIGH, LOW, VOLUME
from machines.pricing.numbers import LONG, Floats, Records, compiled, down, inlined, put
from simulator.engine.bars import Bars
from simulator.engine.fills import PANIC, count_positions, fill
from simulator.engine.layout import BALANCE, CLOSES, ENTRIES, SIDES, Desk, Ints, side_of

HOUR_MS = 3_600_000
FIRST, SECOND, END = 0.25, 0.75, 1.0  # of a bar: where its path turns, and ends
HALVINGS = 50
Tiers: TypeAlias = tuple[tuple[float, float], ...]
EVENT = np.dtype(
    [
        ("at", np.float64),  # part of the bar
        ("s", np.int64),
        ("group", np.int64),
        ("coin", np.int64),
        ("place", np.int64),
    ]
)


class Rates(NamedTuple):
    """Funding of a symbol: moments, Unix ms, and the fraction of its worth that longs pay then."""

    times_ms: Ints
    fractions: Floats


@frozen(kw_only=True)
class Venue:
    """What a person says of the venue of a strict run.

    *funding* is the fraction of a position's worth that longs pay to shorts each *funding_hours*,
    counted from midnight UTC; symbols that have *rates* pay those instead.  *tiers* of maintenance
    margin: up to which worth in quote, and at what rate what is above the tier before is held;
    symbols in *own_tiers* have theirs.  Whoever is liquidated pays *liquidation_fee* of what is
    closed.  Orders of a coin fill up to *volume_share* of what was traded in a bar, 0 for all of
    it.
    """

    funding: float = 0.0
    funding_hours: int = 8
    rates: Mapping[str, Rates] = field(factory=dict[str, Rates], eq=False, repr=False)
    tiers: Tiers = ((inf, 0.005),)
    own_tiers: Mapping[str, Tiers] = field(factory=dict[str, Tiers], hash=False)
    liquidation_fee: float = 0.005
    volume_share: float = 0.0


class Strict(NamedTuple):
    """What a strict run knows besides; of another run only a stand-in."""

    on: bool
    opens: Floats  # (bars, coins)
    due: Ints  # (bars): row of the rates that are paid as a bar opens, -1 for none
    rates: Floats  # (rows, coins)
    tiers: Floats  # (coins, tiers, 2): worth, rate
    liquidation_fee: float
    volume_share: float
    received: Floats  # (bars): funding
    events: Records  # (places) of EVENT, to be overwritten
    left: Floats  # (coins): volume, likewise


def not_strict() -> Strict:
    """Return the stand-in of a run that is not strict."""
    empty, table = np.zeros(0), np.zeros((0, 2))
    return Strict(
        on=False,
        opens=table,
        due=np.zeros(0, np.int64),
        rates=table,
        tiers=np.zeros((0, 0, 2)),
        liquidation_fee=0.0,
        volume_share=0.0,
        received=empty,
        events=np.zeros(0, EVENT),
        left=empty,
    )


def strict(venue: Venue, bars: Bars, places: int) -> Strict:
    """Return what a strict run over *bars* knows; *places* are those of the longest ladder.

    Raises:
        ValueError: The bars have no opens, the rates of maintenance fall, or the last tier has an
            end.
    """
    if bars.opens is None:
        raise ValueError("a strict run needs the opens of the bars")
    count, coins = bars.opens.shape
    due, rates = _schedule(venue, bars)
    return Strict(
        on=True,
        opens=bars.opens,
        due=due,
        rates=rates,
        tiers=_tiers(venue, bars.symbols),
        liquidation_fee=venue.liquidation_fee,
        volume_share=venue.volume_share,
        received=np.zeros(count),
        events=np.zeros(2 * SIDES * coins * places, EVENT),
        left=np.zeros(coins),
    )


def _schedule(venue: Venue, bars: Bars) -> tuple[Ints, Floats]:
    """Return the row of rates that is due as each bar opens, and the rates, (rows, coins).

    What is due between two opens is paid at the second.
    """
    count, step = len(bars.values), bars.step_ms
    last_ms, period = bars.first_ms + (count - 1) * step, venue.funding_hours * HOUR_MS
    times = np.arange(-(-bars.first_ms // period) * period, last_ms + 1, period)
    even = Rates(times, np.full(len(times), venue.funding))
    if venue.funding == 0.0:
        even = Rates(times[:0], even.fractions[:0])
    each = [venue.rates.get(symbol, even) for symbol in bars.symbols]
    paid_at = [-((bars.first_ms - rates.times_ms) // step) for rates in each]
    within = [(at >= 0) & (at < count) for at in paid_at]
    rows = np.unique(np.concatenate([at[kept] for at, kept in zip(paid_at, within, strict=True)]))
    due, found = np.full(count, -1), np.zeros((len(rows), len(each)))
    due[rows] = np.arange(len(rows))
    for coin, (at, kept, rates) in enumerate(zip(paid_at, within, each, strict=True)):
        np.add.at(found[:, coin], due[at[kept]], rates.fractions[kept])
    return due, found


def _tiers(venue: Venue, symbols: tuple[str, ...]) -> Floats:
    """Return the tiers of each symbol, (coins, tiers, 2), the last of each repeated."""
    each = [venue.own_tiers.get(symbol, venue.tiers) for symbol in symbols]
    for tiers in each:
        worths, rates = zip(*tiers, strict=True)
        if list(worths) != sorted(worths) or list(rates) != sorted(rates) or worths[-1] != inf:
            raise ValueError(f"tiers {tiers}: worths and rates must rise, the last without end")
    most = max(map(len, each))
    return np.array([(*tiers, *(tiers[-1:] * (most - len(tiers)))) for tiers in each])


@inlined  # to call it at every bar would take longer than what it does in most
def pass_bar(
    desk: Desk,
    venue: Strict,
    bar: int,
    fee: float,
    live: bool,  # noqa: FBT001
    fills: Records,
    count: int,
) -> tuple[int, bool]:
    """Let *bar* pass: funding first, then its path; return the fills, and whether all is lost."""
    fund(desk, venue, bar)
    events = collect(desk, venue, bar) if live else 0
    if not events and safe(desk, venue, bar):
        return count, False
    i, at, lost = 0, 0.0, slack(desk, venue, bar, 0.0) < 0.0
    while not lost and at < END:
        until = turn_after(at)
        if i < events:
            until = min(until, venue.events[i].at)
        lost = slack(desk, venue, bar, until) < 0.0
        if not lost:
            at = until
            if i < events and venue.events[i].at == at:
                count = fill_event(desk, venue, i, bar, fee, fills, count)
                lost = slack(desk, venue, bar, at) < 0.0
                i += 1
    if lost:
        count = liquidate(desk, venue, bar, failing(desk, venue, bar, at), fills, count)
    count_positions(desk)
    return count, lost


@compiled
def turn_after(at: float) -> float:
    """Return the part of a bar at which its path turns next, or ends."""
    if at < FIRST:
        return FIRST
    return SECOND if at < SECOND else END


@compiled
def fund(desk: Desk, venue: Strict, bar: int) -> None:
    """Pay the funding that is due as *bar* opens, on what positions are worth at its open."""
    row = venue.due[bar]
    if row < 0:
        return
    for s in range(SIDES):
        for i in range(desk.held_count[s]):
            coin = desk.held[s, i]
            worth = desk.sizes[s, coin] * venue.opens[bar, coin] * desk.markets[coin, 4]
            venue.received[bar] -= side_of(s) * worth * venue.rates[row, coin]
    desk.cash[BALANCE] += venue.received[bar]


@compiled
def collect(desk: Desk, venue: Strict, bar: int) -> int:
    """Write the orders that *bar* reaches in the order in which it does; return how many.

    The others are dropped.
    """
    count = 0
    for s in range(SIDES):
        for coin in range(len(desk.markets)):
            high, low = desk.bars[bar, coin, HIGH], desk.bars[bar, coin, LOW]
            opened, touch = venue.opens[bar, coin], desk.bars[bar - 1, coin, CLOSE]
            for group in (CLOSES, ENTRIES):
                buys = (side_of(s) == LONG) == (group == ENTRIES)
                for place in range(desk.counts[s, group, coin]):
                    price = desk.orders[s, group, coin, place].price
                    crosses = touch < price if buys else touch > price
                    at = 0.0 if crosses else reached_at(opened, high, low, price, buys)
                    if at <= END:
                        insert(venue.events, count, at, s, group, coin, place)
                        venue.left[coin] = venue.volume_share * desk.bars[bar, coin, VOLUME]
                        count += 1
    desk.counts[:] = 0
    return count


@compiled
def insert(
    events: Records, count: int, at: float, s: int, group: int, coin: int, place: int
) -> None:
    """Put an event among the first *count*, behind those that are not later."""
    i = count
    while i > 0 and events[i - 1].at > at:
        events[i] = events[i - 1]
        i -= 1
    event = events[i]
    event.at, event.s, event.group, event.coin, event.place = at, s, group, coin, place


@compiled
def high_first(opened: float, high: float, low: float) -> bool:
    """Return whether a bar goes to its high before its low: the nearer of them comes first."""
    return bool(high - opened < opened - low)


@compiled
def reached_at(opened: float, high: float, low: float, price: float, buys: bool) -> float:  # noqa: FBT001
    """Return at what part of a bar its path goes through *price*, beyond the end if it does not."""
    sign = 1.0 if buys else -1.0
    near, far = (high, low) if buys else (low, high)  # an order waits for the far one
    if not sign * far < sign * price:
        return 2.0 * END
    if sign * opened < sign * price:
        return 0.0
    if high_first(opened, high, low) == buys:
        return FIRST + (SECOND - FIRST) * (near - price) / (near - far)
    return FIRST * (opened - price) / (opened - far)


@compiled
def price_at(opened: float, high: float, low: float, close: float, at: float) -> float:
    """Return the price at a part of a bar."""
    one, other = (high, low) if high_first(opened, high, low) else (low, high)
    if at <= FIRST:
        return opened + (one - opened) * at / FIRST
    if at <= SECOND:
        return one + (other - one) * (at - FIRST) / (SECOND - FIRST)
    return other + (close - other) * (at - SECOND) / (END - SECOND)


@compiled
def mark(desk: Desk, venue: Strict, bar: int, coin: int, at: float) -> float:
    """Return the price of *coin* at a part of *bar*."""
    row = desk.bars[bar, coin]
    return price_at(venue.opens[bar, coin], row[HIGH], row[LOW], row[CLOSE], at)


@compiled
def maintenance(tiers: Floats, worth: float) -> float:
    """Return the maintenance margin of a position of *worth*."""
    due, below = 0.0, 0.0
    for i in range(len(tiers)):
        due += max(0.0, min(worth, tiers[i, 0]) - below) * tiers[i, 1]
        below = tiers[i, 0]
    return due


@compiled
def slack(desk: Desk, venue: Strict, bar: int, at: float) -> float:
    """Return equity less maintenance margin at a part of *bar*, quote; below 0 all is closed."""
    found = desk.cash[BALANCE]
    for s in range(SIDES):
        for coin in range(len(desk.markets)):
            if desk.sizes[s, coin] != 0.0:
                price, held = mark(desk, venue, bar, coin, at), desk.sizes[s, coin]
                coins = held * desk.markets[coin, 4]
                found += side_of(s) * (price - desk.prices[s, coin]) * coins
                found -= maintenance(venue.tiers[coin], price * coins)
    return float(found)


@compiled
def safe(desk: Desk, venue: Strict, bar: int) -> bool:
    """Return whether nothing fails in *bar* even if all positions meet their worst together."""
    found = desk.cash[BALANCE]
    for s in range(SIDES):
        for i in range(desk.held_count[s]):
            coin = desk.held[s, i]
            high, low = desk.bars[bar, coin, HIGH], desk.bars[bar, coin, LOW]
            coins, side = desk.sizes[s, coin] * desk.markets[coin, 4], side_of(s)
            found += side * ((low if side == LONG else high) - desk.prices[s, coin]) * coins
            found -= maintenance(venue.tiers[coin], high * coins)
    return bool(found >= 0.0)


@compiled
def fill_event(
    desk: Desk, venue: Strict, i: int, bar: int, fee: float, fills: Records, count: int
) -> int:
    """Fill the order of event *i*, as far as enough was traded; return how many fills there are."""
    event = venue.events[i]
    s, group, coin, place = event.s, event.group, event.coin, event.place
    if venue.volume_share > 0.0:
        order = desk.orders[s, group, coin, place]
        coins, most = desk.markets[coin, 4], order.qty
        if group == CLOSES:
            most = min(most, desk.sizes[s, coin])
        order.qty = min(most, down(venue.left[coin] / coins, desk.markets[coin, 0]))
        if order.qty <= 0.0:
            return count
        venue.left[coin] -= order.qty * coins
    return fill(desk, s, group, coin, place, bar, fee, fills, count)


@compiled
def failing(desk: Desk, venue: Strict, bar: int, at: float) -> float:
    """Return the first part of *bar* at which all fails, from *at* until its path turns."""
    sound, lost = at, turn_after(at)
    if slack(desk, venue, bar, sound) < 0.0:
        return sound
    for _ in range(HALVINGS):
        middle = (sound + lost) / 2.0
        if slack(desk, venue, bar, middle) < 0.0:
            lost = middle
        else:
            sound = middle
    return lost


@compiled
def liquidate(desk: Desk, venue: Strict, bar: int, at: float, fills: Records, count: int) -> int:
    """Close all positions at the price at a part of *bar*; return how many fills there are."""
    for s in range(SIDES):
        for coin in range(len(desk.markets)):
            if desk.sizes[s, coin] != 0.0:
                price = mark(desk, venue, bar, coin, at)
                put(desk.orders[s, CLOSES, coin], 0, desk.sizes[s, coin], price, PANIC)
                count = fill(desk, s, CLOSES, coin, 0, bar, venue.liquidation_fee, fills, count)
    return count
