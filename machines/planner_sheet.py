"""What the planner writes on: one side's numbers, in coins and in quote, a row for each coin."""

from itertools import chain
from typing import NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from machines.planner_inputs import Flags, Moment, Roster, Strategy
from machines.pricing.board import write_limits, write_prices, write_sizes
from machines.pricing.closes import LADDER_MAX
from machines.pricing.numbers import LADDER, LONG, SHORT, Floats, Order, Records, put
from machines.pricing.sides import Side, in_quote

CLOSES, ENTRIES = 0, 1
LOWER, UPPER = 0, 1
SPREAD = 2  # a ladder of closes may get an unstucking close and a cut besides
Places = NDArray[np.int64]


@frozen(kw_only=True, eq=False)
class Sheet:
    """One side's numbers at one moment; *ladders* and *counts* are written to.

    *count* positions share the limit, *slots* may be open.  *entry*, *close* and *unstuck* are the
    terms with that limit.  *bands* has the lower edges, then the upper ones, *activity* the
    volumes, then the ranges.
    """

    side: int
    roster: Roster
    entry: Floats
    close: Floats
    unstuck: Floats
    count: int
    slots: int
    balance: float
    touches: Floats  # at which an entry may rest
    outs: Floats  # at which a close may
    sizes: Floats
    prices: Floats
    seen: Floats  # extremes
    bands: Floats
    hourly: Floats
    activity: Floats
    tradable: Flags
    ladders: Records
    counts: Places
    held: tuple[int, ...]

    @property
    def chosen(self) -> Side:
        """What a person chooses for the side."""
        return self.roster.chosen

    @property
    def near(self) -> Floats:
        """The edges of the EMA bands on the side of an entry."""
        found: Floats = self.bands[LOWER if self.side == LONG else UPPER]
        return found

    @property
    def far(self) -> Floats:
        """The edges of the EMA bands on the side of a close."""
        found: Floats = self.bands[UPPER if self.side == LONG else LOWER]
        return found

    def add(self, group: int, coin: int, order: Order) -> None:
        """Write *order* behind those of a ladder."""
        place = self.counts[group, coin]
        put(self.ladders[group, coin], place, order.qty, order.price, order.kind)
        self.counts[group, coin] = place + 1


class Touches(NamedTuple):
    """The prices at which entries and closes may rest."""

    entries: Floats
    closes: Floats


def sheets(strategy: Strategy, moment: Moment) -> tuple[Sheet, Sheet]:
    """Return the numbers of longs and of shorts at *moment*, without orders."""
    table, tradable = strategy.rosters[0].table, np.array(moment.tradable)
    bids, asks = _prices(moment.bids, table), _prices(moment.asks, table)
    longs = _sheet(LONG, strategy, moment, tradable, Touches(bids, asks))
    shorts = _sheet(SHORT, strategy, moment, tradable, Touches(asks, bids))
    return longs, shorts


def _prices(counts: tuple[int, ...], table: Floats) -> Floats:
    """Return prices in ticks as prices in quote."""
    found = np.empty(len(counts))
    write_prices(np.array(counts), table, found)
    return found


def _sheet(
    side: int, strategy: Strategy, moment: Moment, tradable: Flags, touches: Touches
) -> Sheet:
    """Return the numbers of *side*."""
    row, positions = (0, moment.longs) if side == LONG else (1, moment.shorts)
    roster, averages = strategy.rosters[row], moment.averages.sides[row]
    opens = tradable & roster.opens
    count = min(int(roster.chosen.terms.positions), int(np.count_nonzero(opens)))
    entry, close, unstuck = roster.entry.copy(), roster.close.copy(), roster.unstuck.copy()
    if count:
        write_limits(roster.shares, count, entry, close, unstuck)
    coins, extremes = len(positions), (position.extremes for position in positions)
    sizes = np.empty(coins)
    write_sizes(np.array([position.qty for position in positions]), roster.table, sizes)
    return Sheet(
        side=side,
        roster=roster,
        entry=entry,
        close=close,
        unstuck=unstuck,
        count=count,
        slots=max(count, int(np.count_nonzero(roster.forced))),
        balance=in_quote(moment.balance, strategy.instruments[0]),
        touches=touches.entries,
        outs=touches.closes,
        sizes=sizes,
        prices=np.array([position.price for position in positions], np.float64),
        seen=np.fromiter(chain.from_iterable(extremes), np.float64).reshape(coins, -1),
        bands=_columns(averages.bands),
        hourly=np.array(averages.hourly),
        activity=_columns(averages.activity),
        tradable=opens,
        ladders=np.empty((2, coins, LADDER_MAX + SPREAD), LADDER),
        counts=np.zeros((2, coins), np.int64),
        held=tuple(coin for coin, position in enumerate(positions) if position.qty),
    )


def _columns(rows: tuple[tuple[float, ...], ...]) -> Floats:
    """Return the columns of *rows*, each in one piece."""
    return np.fromiter(chain.from_iterable(zip(*rows, strict=True)), np.float64).reshape(2, -1)
