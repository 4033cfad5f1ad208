"""What the planner is told: what a person chooses, and what there is at one moment."""

from attrs import frozen

from machines.pricing.averages import Averages, Terms
from machines.pricing.sides import Position, Side
from spec.terms import Instrument, PositionMode


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

    @property
    def terms(self) -> tuple[Terms, Terms]:
        """What was chosen for longs and for shorts, of each instrument."""
        return _terms(self.long, self.instruments), _terms(self.short, self.instruments)


def _terms(side: Side, instruments: tuple[Instrument, ...]) -> Terms:
    """Return what was chosen for *instruments* on *side*."""
    return tuple(side.of(each.symbol).terms for each in instruments)


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
