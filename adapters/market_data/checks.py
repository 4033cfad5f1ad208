"""What can be wrong with bars; docs/how-to/own-candles.md states the rules."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from attrs import frozen
from numpy.lib.stride_tricks import sliding_window_view

from adapters.market_data.exact import shown
from adapters.market_data.table import Table
from simulator.candles import COLUMNS, Ints, utc

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
SPIKE_MADS = 60  # the largest move in 34 recorded files was 57 usual ones
SPIKE_BARS = 241
QUIET_BARS = 10
_MOVE_MIN = 0.0001
_CHUNK = 4_096


@frozen
class Rules:
    """Where a zero-volume run and a spike begin; *spike_bars* is odd."""

    spike_mads: int = SPIKE_MADS
    spike_bars: int = SPIKE_BARS
    quiet_bars: int = QUIET_BARS


@frozen
class Finding:
    """One thing that is wrong: its kind, the row, and what is there."""

    kind: str
    row: int
    what: str


@frozen(eq=False)
class Bars:
    """A table whose prices have one number of decimals and whose volumes have one.

    columns: int64 (n,) each, in units of 10**-price_dp and 10**-volume_dp.
    """

    times: Ints
    columns: dict[str, Ints]
    price_dp: int
    volume_dp: int

    def text(self, name: str, row: int) -> str:
        """Return the value of column *name* in *row*."""
        dp = self.volume_dp if name == "volume" else self.price_dp
        return shown(int(self.columns[name][row]), dp)


def bars_of(table: Table, price_dp: int | None = None, volume_dp: int | None = None) -> Bars:
    """Return *table* with the decimals asked for, or as few as it needs.

    Raises:
        DataError: A value has more, or does not fit 64 bits.
    """
    prices, volume = COLUMNS[:-1], COLUMNS[-1]
    price = table.places(*prices) if price_dp is None else price_dp
    size = table.places(volume) if volume_dp is None else volume_dp
    columns = {name: table.units(name, price) for name in prices}
    return Bars(table.times, columns | {volume: table.units(volume, size)}, price, size)


def step_of(times: Ints) -> int:
    """Return the commonest distance between one time and the next later one, ms; 0 if none is."""
    ahead = np.diff(times)
    steps, counts = np.unique(ahead[ahead > 0], return_counts=True)
    return int(steps[counts.argmax()]) if len(steps) else 0


def findings(bars: Bars, step_ms: int, rules: Rules) -> list[Finding]:
    """Return all that is wrong with *bars*, in the order of the rows."""
    found = [*order(bars.times, step_ms), *contradictions(bars), *quiet(bars, rules.quiet_bars)]
    found += spikes(bars, rules)
    return sorted(found, key=lambda each: each.row)


def order(times: Ints, step_ms: int) -> Iterator[Finding]:
    """Yield the rows that do not open *step_ms* after the row before."""
    for row in (np.flatnonzero(np.diff(times) != step_ms) + 1).tolist():
        before, now = int(times[row - 1]), int(times[row])
        count, odd = divmod(now - before, step_ms) if step_ms else (0, 0)
        if now == before:
            yield Finding("duplicate", row, f"{utc(now)} again")
        elif now < before:
            yield Finding("unsorted", row, f"{utc(now)} after {utc(before)}")
        elif odd:
            yield Finding("off step", row, f"{utc(now)} is {now - before} ms after the row before")
        else:
            yield Finding("gap", row, f"{count - 1} bars missing after {utc(before)}")


def contradictions(bars: Bars) -> Iterator[Finding]:
    """Yield the values that no market can have shown."""
    o, h, l, c = (bars.columns[name] for name in COLUMNS[:-1])  # noqa: E741
    checks: tuple[tuple[str, Mask, str], ...] = (
        ("low", l <= 0, "is not positive"),
        ("high", h < np.maximum(o, c), "is below the open or the close"),
        ("low", (l > np.minimum(o, c)) & (l > 0), "is above the open or the close"),
        ("volume", bars.columns["volume"] < 0, "is negative"),
    )
    for name, bad, why in checks:
        for row in np.flatnonzero(bad).tolist():
            value = bars.text(name, row)
            yield Finding("impossible", row, f"{utc(int(bars.times[row]))} {name} {value} {why}")


def quiet(bars: Bars, least: int) -> Iterator[Finding]:
    """Yield the runs of at least *least* bars in which nothing was traded."""
    edges = np.diff(np.concatenate(([0], bars.columns["volume"] == 0, [0])))
    starts, stops = np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist()
    for start, stop in zip(starts, stops, strict=True):
        if stop - start >= least:
            first = utc(int(bars.times[start]))
            yield Finding("no volume", start, f"{stop - start} bars from {first}")


def spikes(bars: Bars, rules: Rules) -> Iterator[Finding]:
    """Yield closes too far from the close before.

    Too far: the absolute log return exceeds *spike_mads* times the median absolute log return of
    the *spike_bars* bars around it, which counts as at least 1 bp and one unit of price.
    """
    close = bars.columns["close"]
    if len(close) < 2 or (close <= 0).any():  # noqa: PLR2004  # a return needs two
        return
    moves: Floats = np.abs(np.diff(np.log(close)))
    usual = np.maximum(_medians(moves, rules.spike_bars), np.maximum(_MOVE_MIN, 1 / close[1:]))
    times = moves / usual
    for row in (np.flatnonzero(times > rules.spike_mads) + 1).tolist():
        before, now = bars.text("close", row - 1), bars.text("close", row)
        size = f"{times[row - 1]:.0f} times the usual move"
        yield Finding("spike", row, f"{utc(int(bars.times[row]))} {before} to {now}, {size}")


def _medians(values: Floats, width: int) -> Floats:
    """Return the medians of the windows of *width* values around each, mirrored at the ends."""
    half = min(width // 2, len(values) - 1)
    padded = np.pad(values, half, mode="reflect") if half else values
    windows = sliding_window_view(padded, 2 * half + 1)
    starts = range(0, len(values), _CHUNK)
    return np.concatenate([np.median(windows[s : s + _CHUNK], axis=1) for s in starts])


def longest(times: Ints, step_ms: int) -> tuple[int, int]:
    """Return the first row, and the row after the last, of the longest run without a gap."""
    edges = [0, *(np.flatnonzero(np.diff(times) != step_ms) + 1).tolist(), len(times)]
    return max(pairwise(edges), key=lambda pair: pair[1] - pair[0])
