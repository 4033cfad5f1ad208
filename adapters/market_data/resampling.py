"""Longer bars from shorter ones."""

from typing import NamedTuple

import numpy as np
from attrs import evolve

from adapters.candles import DataError
from adapters.market_data.times import step_text
from simulator.candles import Candles
from spec.units import div_up

_INT64_MAX = 2**63 - 1


class Resampled(NamedTuple):
    """Longer bars, and how many of the shorter were dropped before and after them."""

    candles: Candles
    dropped_before: int
    dropped_after: int


def resampled(candles: Candles, step_ms: int) -> Resampled:
    """Return *candles* with bars of *step_ms*, which open at whole multiples of it since 1970.

    The open is the first, the high the largest, the low the smallest, the close the last, the
    volume the sum.  Bars that do not fill a longer one are dropped at both ends.

    Raises:
        DataError: *step_ms* is no larger multiple of the step, no whole bar is left, or a sum
            of volumes does not fit 64 bits.
    """
    count, odd = divmod(step_ms, candles.step_ms)
    if odd or count < 2:  # noqa: PLR2004  # one is the same again
        given = step_text(candles.step_ms)
        raise DataError(
            f"step {step_text(step_ms)}: {candles.symbol} has bars of {given}; "
            f"give a multiple, such as {step_text(5 * candles.step_ms)}"
        )
    start_ms = div_up(candles.start_ms, step_ms) * step_ms
    first, between = divmod(start_ms - candles.start_ms, candles.step_ms)
    if between:
        raise DataError(f"{candles.symbol}: bars open off the multiples of their step; mend them")
    bars = max(0, len(candles) - first) // count
    if not bars:
        raise DataError(f"{candles.symbol}: no whole bar of {step_text(step_ms)}; give a shorter")
    cut = slice(first, first + bars * count)
    shape = (bars, count)
    volume = candles.volume[cut].reshape(shape)
    if int(volume.max()) > _INT64_MAX // count:
        raise DataError(f"{candles.symbol}: volumes do not fit 64 bits; give a shorter step")
    longer = evolve(
        candles,
        start_ms=start_ms,
        step_ms=step_ms,
        open=np.ascontiguousarray(candles.open[cut].reshape(shape)[:, 0]),
        high=candles.high[cut].reshape(shape).max(axis=1),
        low=candles.low[cut].reshape(shape).min(axis=1),
        close=np.ascontiguousarray(candles.close[cut].reshape(shape)[:, -1]),
        volume=volume.sum(axis=1),
    )
    return Resampled(longer, first, len(candles) - first - bars * count)
