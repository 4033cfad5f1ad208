"""Bars of several coins side by side."""

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import field, frozen

from machines.pricing.numbers import Floats
from simulator.candles import Candles

COLUMNS = ("high", "low", "close", "volume")


@frozen
class Bars:
    """Bars of the same time for several coins; bar i opens at *first_ms* + i * *step_ms*.

    *values* has the shape (bars, coins, 4): high, low, close in quote, and volume in coins; the
    rows of a coin are NaN before its first and after its last bar.  So have *opens* (bars, coins),
    which only strict runs need.
    """

    symbols: tuple[str, ...]
    first_ms: int
    step_ms: int
    values: Floats = field(eq=False, repr=False)
    opens: Floats | None = field(default=None, eq=False, repr=False)


def side_by_side(candles: Sequence[Candles], *, opens: bool = False) -> Bars:
    """Return the bars of all *candles*, from the first of any to the last of any.

    *opens* are kept if they are asked for.

    Raises:
        ValueError: There are none, or their bars do not last equally long or do not line up.
    """
    if not candles:
        raise ValueError("no candles")
    first_ms, step_ms = min(each.start_ms for each in candles), candles[0].step_ms
    if any(c.step_ms != step_ms or (c.start_ms - first_ms) % step_ms for c in candles):
        raise ValueError("the bars of all coins must open at the same times")
    count = (max(each.end_ms for each in candles) - first_ms) // step_ms
    empty = blank(tuple(each.symbol for each in candles), first_ms, step_ms, count, opens=opens)
    return filled(empty, candles)


def blank(
    symbols: tuple[str, ...], first_ms: int, step_ms: int, count: int, *, opens: bool = False
) -> Bars:
    """Return *count* bars of *symbols* from *first_ms* on, all NaN."""
    values = np.full((count, len(symbols), len(COLUMNS)), np.nan)
    first = np.full(values.shape[:2], np.nan) if opens else None
    return Bars(symbols, first_ms, step_ms, values, first)


def filled(bars: Bars, candles: Iterable[Candles]) -> Bars:
    """Write *candles*, those of each symbol in order, into *bars*, and return these."""
    for coin, each in enumerate(candles):
        start = (each.start_ms - bars.first_ms) // bars.step_ms
        rows = slice(start, start + len(each))
        for column, name in enumerate(COLUMNS):
            places = each.volume_dp if name == "volume" else each.price_dp
            bars.values[rows, coin, column] = getattr(each, name) / 10**places
        if bars.opens is not None:
            bars.opens[rows, coin] = each.open / 10**each.price_dp
    return bars
