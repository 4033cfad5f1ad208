"""Bars of one market as columns of integers.

A bar knows nothing of the order of its extremes, of the spread or of the trades inside it.
"""

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

from spec.units import div_up

Ints = npt.NDArray[np.int64]

COLUMNS = ("open", "high", "low", "close", "volume")
STEP_MS_MIN = 5  # the path inside a bar has four points, the last one 1 ms before the end
DP_MAX = 18  # 10**18 is the largest power of ten in an int64


class CandleError(ValueError):
    """The bars contradict themselves; the message names the bar, the value and the fix."""


@frozen(eq=False, kw_only=True)
class Candles:
    """Consecutive bars: bar i opens at *start_ms* + i * *step_ms*, Unix ms UTC.

    Columns are int64 (bars,): prices in 10**-*price_dp* quote units, volume in 10**-*volume_dp*
    base units.  `validate` tells whether they make sense; the class itself checks nothing.
    """

    symbol: str
    venue: str
    start_ms: int
    step_ms: int
    price_dp: int
    volume_dp: int
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints

    def __len__(self) -> int:
        return len(self.open)

    @property
    def end_ms(self) -> int:
        """The moment at which the last bar ends, Unix ms UTC."""
        return self.start_ms + len(self) * self.step_ms

    def between(self, from_ms: int, to_ms: int) -> "Candles":
        """Return the bars that open at or after *from_ms* and before *to_ms*, without a copy.

        Raises:
            CandleError: No bar opens there.
        """
        first = max(0, div_up(from_ms - self.start_ms, self.step_ms))
        stop = min(len(self), div_up(to_ms - self.start_ms, self.step_ms))
        if first >= stop:
            raise CandleError(
                f"{self.symbol}: no bar opens from {utc(from_ms)} to {utc(to_ms)}; "
                f"ask inside {utc(self.start_ms)} to {utc(self.end_ms)}"
            )
        columns = {name: getattr(self, name)[first:stop] for name in COLUMNS}
        return evolve(self, start_ms=self.start_ms + first * self.step_ms, **columns)


def utc(ms: int) -> str:
    """Return Unix time *ms* as text.

    >>> utc(1_746_613_860_000), utc(1_746_613_860_250)
    ('2025-05-07 10:31 UTC', '2025-05-07 10:31:00.250 UTC')
    """
    unit = "m" if ms % 60_000 == 0 else "ms"
    return str(np.datetime64(ms, "ms").astype(f"datetime64[{unit}]")).replace("T", " ") + " UTC"


def validate(candles: Candles) -> None:
    """Check what every reader of *candles* relies on.

    Raises:
        CandleError: No bars, unequal or non-int64 columns, a step below 5 ms, decimals outside
            0..18, low <= 0, high below open or close, low above them, or a negative volume.
    """
    _validate_shape(candles)
    o, h, l, c = candles.open, candles.high, candles.low, candles.close  # noqa: E741
    _refuse(candles, "low", l <= 0, "is not positive; write the traded price or drop the file")
    _refuse(candles, "high", h < np.maximum(o, c), "is below the open or the close; raise it")
    _refuse(candles, "low", l > np.minimum(o, c), "is above the open or the close; lower it")
    _refuse(candles, "volume", candles.volume < 0, "is negative; write 0 where nothing traded")


def _validate_shape(candles: Candles) -> None:
    """Check everything but the values of the bars."""
    lengths = {name: len(getattr(candles, name)) for name in COLUMNS}
    if len(set(lengths.values())) > 1:
        raise CandleError(f"{candles.symbol}: columns differ in length, {lengths}; align them")
    if len(candles) == 0:
        raise CandleError(f"{candles.symbol}: no bars; give at least one")
    for name in COLUMNS:
        if (dtype := getattr(candles, name).dtype) != np.int64:
            raise CandleError(f"{candles.symbol}: column {name} is {dtype}; make it int64")
    if candles.step_ms < STEP_MS_MIN:
        raise CandleError(f"{candles.symbol}: step_ms {candles.step_ms} is below {STEP_MS_MIN}")
    for name in ("price_dp", "volume_dp"):
        if not 0 <= (dp := getattr(candles, name)) <= DP_MAX:
            raise CandleError(f"{candles.symbol}: {name} {dp} is outside 0..{DP_MAX}")


def _refuse(candles: Candles, column: str, bad: npt.NDArray[np.bool_], why: str) -> None:
    """Raise for the first bar of *bad*, if any."""
    if not bad.any():
        return
    bar = int(bad.argmax())
    value = getattr(candles, column)[bar]
    opened = utc(candles.start_ms + bar * candles.step_ms)
    raise CandleError(f"{candles.symbol}: bar {bar} ({opened}): {column} {value} {why}")
