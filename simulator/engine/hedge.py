"""What the engine keeps for the mirror overlay: a table of integers for it, and a screen's numbers.

Amounts are in money units; see `simulator.engine.mirrors` for how long one is.
"""

from typing import NamedTuple

import numpy as np

from machines.pricing.numbers import Records
from simulator.engine.layout import Ints

# columns of `Hedge.seen`
LISTED, TICKS, LOWER, UPPER, BASE_LOTS, MIRROR_LOTS, WANTED, KNOWN, VOLATILITY, VOLUME = range(10)
HANDED, OPENING = 10, 11  # lots of entries: of those handed over, and of those no bar has filled
COLUMNS = 12
VALUE, LEAST, MOST, NOTIONAL = 0, 1, 2, 3  # columns of `Hedge.venue`
RESTLESS, STOPPED, SETTLED = 0, 1, 2  # places of `Hedge.flags`


class Hedge(NamedTuple):
    """What is asked of the overlay, and what it was told last; without mirrors only a stand-in."""

    base: int  # row of the side that is hedged
    one_way: bool
    every: bool  # ask at every bar
    slots: int  # at most so many mirrors
    dist_ppm: int  # how far beyond its band a price must be for a mirror to open
    pending: int  # which entries of the base count before they fill, of `spec.mirror.Pending`
    ladders: bool  # every entry is planned: all count, or the next bar's path meets more than one
    full: bool  # mirrors are closed whole
    threshold: float  # of the base's exposure, 0 to unwind
    tolerance: float  # of the target
    cap: float  # of one mirror, as a share of the balance
    money: float  # units of it in one of quote
    venue: Ints  # (coins, 4): worth of a tick of a lot, least and most lots, least money
    approved: Records  # (coins) of flags
    seen: Ints  # (coins, COLUMNS): what the overlay is asked with
    flags: Ints  # (3): whether something waits for the next cycle, stopped, situation when asked


def no_hedge() -> Hedge:
    """Return the stand-in of a run without mirrors."""
    return Hedge(
        base=0,
        one_way=False,
        every=False,
        slots=0,
        dist_ppm=0,
        pending=0,
        ladders=False,
        full=False,
        threshold=0.0,
        tolerance=0.0,
        cap=0.0,
        money=1.0,
        venue=np.zeros((0, 4), np.int64),
        approved=np.zeros(0, np.bool_),
        seen=np.zeros((0, COLUMNS), np.int64),
        flags=np.zeros(3, np.int64),
    )
