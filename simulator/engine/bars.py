"""Bars of several coins side by side."""

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen

from machines.pricing.numbers import Floats
from simulator.candles import Candles

COLUMNS = ("high", "low", "close", "volume")


@frozen
class Bars:
    """Bars of the same time for several coins; bar i opens at *first_ms* + i * *step_ms*.

    *values* has the shape (bars, coins, 4): high, low, close in quote, and volume in coins; the
    rows of a coin are NaN before its first and after its last bar.
    """

    symbols: tuple[str, ...]
    first_ms: int
    step_ms: int
    values: Floats = field(eq=False, repr=False)


def side_by_side(candles: Sequence[Candles]) -> Bars:
    """Return the bars of all *candles*, from the first of any to the last of any.

    Raises:
        ValueError: There are none, or their bars do not last equally long or do not line up.
    """
    if not candles:
        raise ValueError("no candles")
    first_ms, step_ms = min(each.start_ms for each in candles), candles[0].step_ms
    if any(c.step_ms != step_ms or (c.start_ms - first_ms) % step_ms for c in candles):
        raise ValueError("the bars of all coins must open at the same times")
    count = (max(each.end_ms for each in candles) - first_ms) // step_ms
    values = np.full((count, len(candles), len(COLUMNS)), np.nan)
    for coin, each in enumerate(candles):
        start = (each.start_ms - first_ms) // step_ms
        for column, name in enumerate(COLUMNS):
            places = each.volume_dp if name == "volume" else each.price_dp
            values[start : start + len(each), coin, column] = getattr(each, name) / 10**places
    return Bars(tuple(each.symbol for each in candles), first_ms, step_ms, values)
