"""What the planner is told: what a person chooses, and what there is at one moment."""

from attrs import frozen

from machines.pricing.averages import Averages
from machines.pricing.sides import Position, Side
from spec.terms import Instrument, PositionMode


@frozen(kw_only=True)
class Strategy:
    """What a person chooses, for *instruments* that all count money in the same unit."""

    instruments: tuple[Instrument, ...]
    long: Side
    short: Side
    mode: PositionMode = PositionMode.HEDGE
    losses_max: float = 1  # of the peak balance; 1 for all


@frozen(kw_only=True)
class Moment:
    """What the strategy looks at; each tuple has a place for every instrument.

    Prices are ticks.  Positions are opened where one is *tradable*.  *balance* is cash, *profit*
    all that was realized before fees and *profit_max* the most that it has been, in money units.
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
