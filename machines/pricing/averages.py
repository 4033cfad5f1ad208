"""What is known of the markets from their bars: averages kept as a value, moved bar by bar.

The arithmetic is that of whole runs of bars, `machines.pricing.ema`, in blocks of one bar.
"""

from itertools import chain
from typing import TypeAlias

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from machines.pricing.ema import (
    BANDS,
    CLOSE,
    HIGH,
    HOUR_MS,
    LOW,
    VOLUME,
    activity_block,
    after_hour,
    alpha,
    band_block,
    band_weights,
    quote_volume,
)
from machines.pricing.numbers import Floats
from machines.pricing.sides import SideTerms

Row: TypeAlias = tuple[float, ...]
Rows: TypeAlias = tuple[Row, ...]
Flags: TypeAlias = NDArray[np.bool_]
Terms: TypeAlias = tuple[SideTerms, ...]  # of a side, for each coin


@frozen(kw_only=True)
class SideAverages:
    """The averages of one side, a row for each coin but for *hourly*, which is one row.

    *closes* are those that the bands are made of, *bands* the lower and the upper, *activity* the
    volume in quote and the log range, *hourly* the log range of whole hours.
    """

    closes: Rows
    bands: Rows
    activity: Rows
    hourly: Row


@frozen(kw_only=True)
class Averages:
    """The averages of both sides, how many *bars* each coin had, and the *hour* under way."""

    sides: tuple[SideAverages, SideAverages]
    bars: tuple[int, ...]
    hour: int = 0
    highs: Row
    lows: Row


def unknown(coins: int) -> Averages:
    """Return the averages of *coins* coins before their first bar."""
    side = SideAverages(
        closes=((0.0,) * BANDS,) * coins,
        bands=((0.0, 0.0),) * coins,
        activity=((0.0, 0.0),) * coins,
        hourly=(0.0,) * coins,
    )
    return Averages(
        sides=(side, side), bars=(0,) * coins, highs=(0.0,) * coins, lows=(np.inf,) * coins
    )


def moved(averages: Averages, bar: Floats, open_ms: int, terms: tuple[Terms, Terms]) -> Averages:
    """Return *averages* after *bar*, of shape (coins, 4): high, low, close, volume; NaN for none.

    *open_ms* is when it opened, Unix ms UTC; *terms* are those of longs and of shorts.
    """
    hour = open_ms // HOUR_MS
    highs, lows, sides = np.array(averages.highs), np.array(averages.lows), averages.sides
    if averages.hour and hour > averages.hour:
        sides = _after_hour(sides, highs, lows, terms)
        highs[:], lows[:] = 0.0, np.inf
    known = np.array(averages.bars) > 0
    return Averages(
        sides=(
            _moved(sides[0], bar, terms[0], known=known),
            _moved(sides[1], bar, terms[1], known=known),
        ),
        bars=tuple((np.array(averages.bars) + ~np.isnan(bar[:, CLOSE])).tolist()),
        hour=hour,
        highs=tuple(np.fmax(highs, bar[:, HIGH]).tolist()),
        lows=tuple(np.fmin(lows, bar[:, LOW]).tolist()),
    )


def _after_hour(
    sides: tuple[SideAverages, SideAverages],
    highs: Floats,
    lows: Floats,
    terms: tuple[Terms, Terms],
) -> tuple[SideAverages, SideAverages]:
    """Return *sides* after an hour between *highs* and *lows*."""
    first, second = (
        evolve(side, hourly=_hourly(side.hourly, highs, lows, chosen))
        for side, chosen in zip(sides, terms, strict=True)
    )
    return first, second


def _hourly(before: Row, highs: Floats, lows: Floats, terms: Terms) -> Row:
    """Return the averages of log ranges after an hour."""
    after, weights = np.empty(len(before)), np.array([alpha(each.hourly_span) for each in terms])
    after_hour(highs, lows, weights, np.array(before), after)
    return tuple(after.tolist())


def _moved(side: SideAverages, bar: Floats, terms: Terms, *, known: Flags) -> SideAverages:
    """Return the averages of a side after *bar*; those of a coin's first bar are that bar."""
    closes, activity = _table(side.closes), _table(side.activity)
    for coin in np.flatnonzero(~known & ~np.isnan(bar[:, CLOSE])):
        high, low, close, volume = bar[coin, [HIGH, LOW, CLOSE, VOLUME]]
        closes[coin], activity[coin] = close, (quote_volume(high, low, close, volume), 0.0)
    bands = np.empty((1, len(closes), 2))
    block = (bar if known.all() else np.where(known[:, None], bar, np.nan))[None]
    weights = np.array([band_weights(each.band_span, each.other_band_span) for each in terms])
    band_block(block, 0, 1, weights, closes, bands)
    volume, spread = alpha(terms[0].volume_span), alpha(terms[0].range_span)
    activity_block(block, 0, 1, volume, spread, activity)
    return evolve(
        side,
        closes=_rows(closes),
        bands=_rows(bands[0]),
        activity=_rows(activity),
    )


def _table(rows: Rows) -> Floats:
    """Return *rows* as an array."""
    return np.fromiter(chain.from_iterable(rows), np.float64).reshape(len(rows), -1)


def _rows(table: Floats) -> Rows:
    """Return *table* as a value."""
    rows: list[list[float]] = table.tolist()
    return tuple(map(tuple, rows))
