"""Exponential moving averages of prices, volumes and ranges, in blocks of bars.

Bars are an array of shape (bars, coins, 4): high, low, close, and volume in coins.  A bar that is
missing is NaN and moves no average.
"""

from functools import cache
from math import inf, log, sqrt

import numpy as np

from machines.pricing.numbers import Floats, allocating, compiled

HIGH, LOW, CLOSE, VOLUME = 0, 1, 2, 3
HOUR_MS = 3_600_000
BANDS = 3


@compiled
def alpha(span: float) -> float:
    """Return the weight of the newest value in an average over *span* values."""
    return min(1.0, max(0.0, 2.0 / (span + 1.0)))


@compiled
def spans_between(one: float, other: float) -> tuple[float, float, float]:
    """Return the three spans of an EMA band, ascending: the two and their geometric mean."""
    return min(one, other), sqrt(one * other), max(one, other)


@cache
def band_weights(one: float, other: float) -> tuple[float, float, float]:
    """Return the weights of the three averages of an EMA band between two spans."""
    first, second, third = spans_between(one, other)
    return alpha(first), alpha(second), alpha(third)


@compiled
def averaged(before: float, value: float, weight: float) -> float:
    """Return the average after *value*."""
    return value * weight + before * (1.0 - weight)


@compiled
def band_block(
    bars: Floats, first: int, last: int, weights: Floats, state: Floats, bands: Floats
) -> None:
    """Write the EMA bands of the bars from *first* to *last* to *bands*, and move *state* along.

    *bands* has the shape (bars, coins, 2): the lower and the upper; *state* (coins, 3): averages,
    whose *weights* are of the same shape.
    """
    for coin in range(bars.shape[1]):
        one, two, three = state[coin, 0], state[coin, 1], state[coin, 2]
        for bar in range(first, last):
            close = bars[bar, coin, CLOSE]
            if close == close:  # noqa: PLR0124
                one = averaged(one, close, weights[coin, 0])
                two = averaged(two, close, weights[coin, 1])
                three = averaged(three, close, weights[coin, 2])
            bands[bar - first, coin, 0] = min(one, min(two, three))  # noqa: PLW3301
            bands[bar - first, coin, 1] = max(one, max(two, three))  # noqa: PLW3301
        state[coin, 0], state[coin, 1], state[coin, 2] = one, two, three


@compiled
def activity_block(
    bars: Floats, first: int, last: int, volume_weight: float, range_weight: float, state: Floats
) -> None:
    """Move *state*, of shape (coins, 2), over the bars from *first* to *last*.

    Its columns are the averages of the quote volume and of the log range.
    """
    for coin in range(bars.shape[1]):
        volume, spread = state[coin, 0], state[coin, 1]
        for bar in range(first, last):
            high, low = bars[bar, coin, HIGH], bars[bar, coin, LOW]
            if high == high:  # noqa: PLR0124
                worth = quote_volume(high, low, bars[bar, coin, CLOSE], bars[bar, coin, VOLUME])
                volume = averaged(volume, worth, volume_weight)
                spread = averaged(spread, log(high / low), range_weight)
        state[coin, 0], state[coin, 1] = volume, spread


@compiled
def quote_volume(high: float, low: float, close: float, volume: float) -> float:
    """Return what was traded in a bar, in quote."""
    return volume * (high + low + close) / 3.0


@allocating
def hourly(bars: Floats, first_ms: int, step_ms: int, weights: Floats) -> Floats:
    """Return averages of the hours' log ranges, of shape (sides, hours, coins).

    A row is what is known during an hour: the average over the whole hours before it.  *weights*
    has the shape (sides, coins).
    """
    coins, start = bars.shape[1], first_ms // HOUR_MS
    hours = (first_ms + (len(bars) - 1) * step_ms) // HOUR_MS - start + 1
    found, highs, lows = np.zeros((len(weights), hours, coins)), np.zeros(coins), np.zeros(coins)
    lows[:] = inf
    hour, ends_ms = 0, (start + 1) * HOUR_MS
    for bar in range(len(bars)):
        now_ms = first_ms + bar * step_ms
        if now_ms >= ends_ms:
            before, hour = hour, now_ms // HOUR_MS - start
            ends_ms = (start + hour + 1) * HOUR_MS
            for i in range(len(weights)):
                after_hour(highs, lows, weights[i], found[i, before], found[i, hour])
            highs[:], lows[:] = 0.0, inf
        for coin in range(coins):
            if bars[bar, coin, HIGH] > highs[coin]:  # noqa: PLR1730
                highs[coin] = bars[bar, coin, HIGH]
            if bars[bar, coin, LOW] < lows[coin]:  # noqa: PLR1730
                lows[coin] = bars[bar, coin, LOW]
    return found


@compiled
def after_hour(highs: Floats, lows: Floats, weights: Floats, before: Floats, after: Floats) -> None:
    """Write the averages after an hour to *after*; an hour without bars moves none."""
    for coin in range(len(highs)):
        after[coin] = before[coin]
        if highs[coin] > 0.0:
            after[coin] = averaged(before[coin], log(highs[coin] / lows[coin]), weights[coin])
