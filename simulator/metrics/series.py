"""How samples become returns, drawdowns and averages; nothing here looks ahead."""

from collections.abc import Callable
from functools import wraps
from math import ceil, isfinite
from typing import Final

import numpy as np

from simulator.metrics.records import DAY_MS, Floats, Ints, Records

Measure = Callable[[Records], float | None]
WORST_SHARE: Final = 0.01


def measured(measure: Measure) -> Measure:
    """Return *measure* with None in place of what is not a finite number."""

    @wraps(measure)
    def result(records: Records) -> float | None:
        value = measure(records)
        return float(value) if value is not None and isfinite(value) else None

    return result


def ratio(above: float, below: float) -> float | None:
    """Return *above* / *below*, None where that is not defined.

    >>> ratio(1.0, 4.0), ratio(1.0, 0.0)
    (0.25, None)
    """
    return float(above) / float(below) if below != 0 else None


def marks(ts_ms: Ints, step_ms: int) -> Ints:
    """Return the samples that hold at the start, at each multiple of *step_ms* and at the end.

    A sample at a boundary belongs to what ended there; without samples, what held goes on.
    """
    if len(ts_ms) == 0:
        return np.zeros(0, np.int64)
    start, end = int(ts_ms[0]), int(ts_ms[-1])
    inside = np.arange((start // step_ms + 1) * step_ms, end, step_ms, dtype=np.int64)
    times = np.concatenate([[start], inside, [end]] if end > start else [[start]])
    return np.asarray(np.searchsorted(ts_ms, times, "right") - 1, np.int64)


def changes(values: Floats) -> Floats:
    """Return the relative change from each value to the next, NaN from what is not positive.

    >>> changes(np.array([100.0, 110.0, 99.0])).round(9).tolist()
    [0.1, -0.1]
    """
    before, after = values[:-1], values[1:]
    result = np.full(before.shape, np.nan)
    np.divide(after - before, before, out=result, where=before > 0)
    return result


def daily(records: Records) -> Floats:
    """Return the change of equity in each UTC day, the first and the last included as they are."""
    return changes(records.equity[marks(records.ts_ms, DAY_MS)])


def drawdowns(values: Floats) -> Floats:
    """Return how far each value is below the highest so far, as a share of that.

    >>> drawdowns(np.array([100.0, 80.0, 120.0, 90.0])).round(9).tolist()
    [0.0, 0.2, 0.0, 0.25]
    """
    peaks = np.maximum.accumulate(values)
    result = np.full(values.shape, np.nan)
    np.divide(peaks - values, peaks, out=result, where=peaks > 0)
    return result


def worst_mean(values: Floats) -> float | None:
    """Return the mean of the largest hundredth of *values*, at least of one; None of nothing.

    >>> worst_mean(np.array([0.1, 0.3, 0.2])), worst_mean(np.zeros(0))
    (0.3, None)
    """
    if not len(values):
        return None
    count = max(1, ceil(len(values) * WORST_SHARE))
    return float(np.sort(values)[-count:].mean()) if not np.isnan(values).any() else None


def held_mean(ts_ms: Ints, values: Floats) -> float | None:
    """Return the mean over time of what holds until the next sample; None of no time.

    >>> held_mean(np.array([0, 10, 40]), np.array([1.0, 3.0, 9.0]))
    2.5
    """
    lasted = np.diff(ts_ms)
    return ratio(float((values[:-1] * lasted).sum()), float(lasted.sum()))


def largest(values: Floats) -> float | None:
    """Return the largest of *values*, None of nothing."""
    return float(values.max()) if len(values) else None
