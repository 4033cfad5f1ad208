"""The months of a run, UTC; the first and the last as far as they go."""

from itertools import pairwise

import numpy as np
from attrs import frozen

from simulator.metrics.exposure import exposure_long_mean, exposure_short_mean
from simulator.metrics.growth import drawdown_worst, gain
from simulator.metrics.hedging import mirror_fees, mirror_pnl
from simulator.metrics.records import Records
from simulator.metrics.trading import fees, pnl


@frozen(kw_only=True)
class Month:
    """What one month was like; its drawdown begins anew."""

    month: str  # as in 2025-05
    gain: float | None
    drawdown: float | None
    pnl: float | None
    mirror_pnl: float | None
    fees: float | None
    mirror_fees: float | None
    fills: int
    long: float | None
    short: float | None


def months(records: Records) -> tuple[Month, ...]:
    """Return the months in which there are samples or between them, the first one first."""
    if not len(records.ts_ms):
        return ()
    start, end = int(records.ts_ms[0]), int(records.ts_ms[-1])
    first, last = _number(start), _number(max(start, end - 1))  # midnight ends a month
    edges = [start, *(_start_ms(number) for number in range(first + 1, last + 1)), end]
    names = [str(np.datetime64(number, "M")) for number in range(first, last + 1)]
    if first == last:
        return (_month(names[0], records),)
    parts = (records.between(*bounds) for bounds in pairwise(edges))
    return tuple(map(_month, names, parts))


def _number(ts_ms: int) -> int:
    """Return the month of *ts_ms*, counted since the beginning of Unix time."""
    return int(np.datetime64(ts_ms, "ms").astype("datetime64[M]").astype(np.int64))


def _start_ms(number: int) -> int:
    """Return when month *number* begins, Unix ms."""
    return int(np.datetime64(number, "M").astype("datetime64[ms]").astype(np.int64))


def _month(name: str, part: Records) -> Month:
    """Return what *part* was like."""
    return Month(
        month=name,
        gain=gain(part),
        drawdown=drawdown_worst(part),
        pnl=pnl(part),
        mirror_pnl=mirror_pnl(part),
        fees=fees(part),
        mirror_fees=mirror_fees(part),
        fills=len(part.fills),
        long=exposure_long_mean(part),
        short=exposure_short_mean(part),
    )
