"""What the planner is told: what a person chooses, and what there is at one moment."""

from functools import cached_property

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from machines.pricing.averages import Averages, Terms
from machines.pricing.numbers import Floats, Market
from machines.pricing.sides import Own, Position, Side, market_from
from spec.terms import Instrument, PositionMode

Flags = NDArray[np.bool_]


@frozen(kw_only=True, eq=False)
class Roster:
    """How each coin trades on a side; the tables have the fields of its market and its terms.

    Positions may be opened where it *opens*, and are where it is *forced*.
    """

    chosen: Side
    owns: tuple[Own, ...]
    markets: tuple[Market, ...]
    table: Floats
    entry: Floats
    close: Floats
    unstuck: Floats
    shares: Floats  # own limits
    opens: Flags
    forced: Flags


@frozen(kw_only=True)
class Strategy:
    """What a person chooses, for *instruments* that all count money in the same unit.

    *affordable* leaves coins out whose smallest order is worth more than a first entry.  Profits
    and losses older than *lookback_ms* do not count; None counts all.
    """

    instruments: tuple[Instrument, ...]
    long: Side
    short: Side
    mode: PositionMode = PositionMode.HEDGE
    losses_max: float = 1  # of the peak balance; 1 for all
    lookback_ms: int | None = None
    affordable: bool = False

    @cached_property
    def terms(self) -> tuple[Terms, Terms]:
        """What was chosen for longs and for shorts, of each instrument."""
        long, short = (tuple(own.terms for own in each.owns) for each in self.rosters)
        return long, short

    @cached_property
    def rosters(self) -> tuple[Roster, Roster]:
        """How longs and how shorts trade."""
        return _roster(self.long, self.instruments), _roster(self.short, self.instruments)


def _roster(side: Side, instruments: tuple[Instrument, ...]) -> Roster:
    """Return how *instruments* trade on *side*."""
    names = tuple(each.symbol for each in instruments)
    owns, markets = tuple(map(side.of, names)), tuple(map(market_from, instruments))
    return Roster(
        chosen=side,
        owns=owns,
        markets=markets,
        table=np.array(markets, np.float64),
        entry=np.array([own.entry for own in owns], np.float64),
        close=np.array([own.close for own in owns], np.float64),
        unstuck=np.array([own.unstuck for own in owns], np.float64),
        shares=np.array([own.terms for own in owns], np.float64),
        opens=np.array([*map(side.opens, names)]),
        forced=np.array([*map(side.forces, names)]),
    )


@frozen(kw_only=True)
class Moment:
    """What the strategy looks at; each tuple has a place for every instrument.

    Prices are ticks.  Positions are opened where one is *tradable*.  *balance* is cash, *profit*
    all that was realized before fees and *profit_max* the most that it has been, as far as that
    still counts, in money units.
    """

    bids: tuple[int, ...]
    asks: tuple[int, ...]
    tradable: tuple[bool, ...]
    averages: Averages
    longs: tuple[Position, ...]
    shorts: tuple[Position, ...]
    balance: int
    profit: int = 0
    profit_max: int = 0


def enabled(side: Side) -> bool:
    """Return whether a side trades at all."""
    return side.terms.total_limit > 0 and side.terms.positions > 0
