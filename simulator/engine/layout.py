"""How the engine lays out what it knows: arrays, one row for each side and one place for each coin.

Everything is in coins or contracts and in quote; sizes are never negative.
"""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from machines.pricing.closes import LADDER_MAX
from machines.pricing.ema import BANDS
from machines.pricing.numbers import LADDER, Floats, Records, compiled
from simulator.engine.chosen import Chosen

Ints = NDArray[np.int64]
SIDES = 2  # the first is long, the second short
CLOSES, ENTRIES = 0, 1  # what fills first is first
BLOCK = 64  # bars whose EMA bands are computed at once: they stay in the cache
BALANCE, PROFIT, PROFIT_MAX = 0, 1, 2  # of `Desk.cash`
FIRST, LAST, START = 0, 1, 2  # of `Desk.listed`: bars; START of the longs, then of the shorts
NUMBERS, FLAGS = 6, 3
SPREAD = 2  # a ladder of closes may get an unstucking close and a cut besides

FILL = np.dtype(
    [
        ("bar", np.int64),
        ("coin", np.int64),
        ("side", np.int64),  # +1 long, -1 short
        ("kind", np.int64),
        ("price", np.float64),
        ("qty", np.float64),  # positive to buy
        ("fee", np.float64),
        ("profit", np.float64),  # realized, before fees
        ("balance", np.float64),  # after it, as the next two
        ("size", np.float64),
        ("average", np.float64),
    ]
)
POSITION = np.dtype(
    [
        ("min_since_open", np.float64),
        ("max_since_min", np.float64),
        ("max_since_open", np.float64),
        ("min_since_max", np.float64),
        ("filled_at", np.int64),  # bar
        ("stale", np.bool_),  # what follows is to be computed again
        ("balance", np.float64),  # for which it was
        ("full", np.float64),
        ("reduced", np.float64),
        ("stuck", np.float64),
        ("partial_below", np.float64),
        ("entry_level", np.float64),
        ("entry_trails", np.bool_),
        ("entry_fall", np.float64),
        ("entry_turn", np.float64),
        ("close_level", np.float64),
        ("close_trails", np.bool_),
        ("close_rise", np.float64),
        ("close_turn", np.float64),
    ]
)
PEAK = np.dtype([("until", np.int64), ("profit", np.float64)])  # until: bar


class Desk(NamedTuple):
    """All that a run knows and changes."""

    bars: Floats  # (bars, coins, 4): high, low, close, volume
    listed: Ints  # (coins, 4): first and last bar, first bar to open a position on each side
    markets: Floats  # (coins, 5): fields of `Market`
    entry: Floats  # (sides, coins, 16): fields of `EntryTerms`
    close: Floats  # (sides, coins, 9): fields of `CloseTerms`
    unstuck: Floats  # (sides, coins, 5): fields of `UnstuckTerms`
    own: Floats  # (sides, coins, 14): fields of `SideTerms`, those of one coin
    chosen: Floats  # (sides, 14): fields of `SideTerms`
    budget: Floats  # (sides): fraction of the peak balance that unstucking may lose
    forced: Records  # (sides, coins): flags of those that come first
    forced_count: Ints  # (sides)
    affordable: bool  # coins whose smallest order is worth more than a first entry are left out
    weights: Floats  # (sides, coins, 3): of the newest close in the averages
    alike: bool  # both sides trade, with the same bands
    bands: Floats  # (sides, BLOCK, coins, 2): lower and upper
    averages: Floats  # (sides, coins, 3): of which the bands are made
    hourly: Floats  # (sides, hours, coins)
    activity: Floats  # (sides, coins, 2): averages of volume and range
    active_until: Ints  # (sides): bar
    cash: Floats  # (3)
    peaks: Records  # (places) of PEAK, a ring: profits that were higher than all that came later
    ring: Ints  # (2): the first of those, and how many there are
    sizes: Floats  # (sides, coins)
    prices: Floats  # (sides, coins)
    worth: Floats  # (sides): of all positions at their own prices
    allowed: Floats  # (sides): loss that unstucking may take
    positions: Records  # (sides, coins) of POSITION
    held: Ints  # (sides, coins): the coins with a position, ascending
    held_count: Ints  # (sides)
    wants: Ints  # (sides, coins): what may fill in the next bar
    planned_at: Ints  # (sides, coins): bar at which the entry was planned
    orders: Records  # (sides, 2, coins, LADDER_MAX + SPREAD) of LADDER
    counts: Ints  # (sides, 2, coins)
    numbers: Floats  # (NUMBERS, coins) to be overwritten
    flags: Records  # (FLAGS, coins) likewise


def new_desk(
    bars: Floats,
    listed: Ints,
    markets: Floats,
    chosen: Chosen,
    hourly: Floats,
    balance: float,
    *,
    peaks: int,
    affordable: bool,
) -> Desk:
    """Return the desk before the first bar: flat, with *balance* of cash.

    Past profits have so many *peaks* places, 0 if none is forgotten.
    """
    coins, fields = len(markets), chosen._asdict()
    del fields["hours"]
    positions: NDArray[Any] = np.zeros((SIDES, coins), POSITION)
    positions["min_since_open"] = positions["min_since_max"] = np.inf
    for limited in ("entry", "close", "unstuck"):
        fields[limited] = fields[limited].copy()
    return Desk(
        bars=bars,
        listed=listed,
        markets=markets,
        **fields,
        forced_count=np.count_nonzero(chosen.forced, axis=1),
        affordable=affordable,
        bands=np.zeros((SIDES, BLOCK, coins, 2)),
        averages=np.zeros((SIDES, coins, BANDS)),
        hourly=hourly,
        activity=np.zeros((SIDES, coins, 2)),
        active_until=np.zeros(SIDES, np.int64),
        cash=np.array([balance, 0.0, 0.0]),
        peaks=np.zeros(peaks, PEAK),
        ring=np.zeros(2, np.int64),
        sizes=np.zeros((SIDES, coins)),
        prices=np.zeros((SIDES, coins)),
        worth=np.zeros(SIDES),
        allowed=np.zeros(SIDES),
        positions=positions,
        held=np.zeros((SIDES, coins), np.int64),
        held_count=np.zeros(SIDES, np.int64),
        wants=np.zeros((SIDES, coins), np.int64),
        planned_at=np.zeros((SIDES, coins), np.int64),
        orders=np.zeros((SIDES, 2, coins, LADDER_MAX + SPREAD), LADDER),
        counts=np.zeros((SIDES, 2, coins), np.int64),
        numbers=np.zeros((NUMBERS, coins)),
        flags=np.zeros((FLAGS, coins), np.bool_),
    )


@compiled
def side_of(s: int) -> int:
    """Return +1 for the row of longs, -1 for the row of shorts."""
    return 1 - 2 * s


@compiled
def enabled(row: Floats) -> bool:
    """Return whether a side trades at all."""
    return bool(row[0] > 0.0 and row[1] > 0.0)


@compiled
def tradable(listed: Ints, s: int, coin: int, bar: int) -> bool:
    """Return whether *coin* is listed, warm and approved on a side at *bar*."""
    return bool(listed[coin, START + s] <= bar <= listed[coin, LAST])


@compiled
def tradable_coins(listed: Ints, s: int, bar: int) -> int:
    """Return how many coins `tradable` is true of."""
    count = 0
    for coin in range(len(listed)):
        count += tradable(listed, s, coin, bar)
    return count
