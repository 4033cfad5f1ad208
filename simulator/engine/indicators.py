"""Averages of the bars, computed in blocks, or only when somebody asks."""

from math import isnan

from machines.pricing.ema import (
    CLOSE,
    HIGH,
    LOW,
    VOLUME,
    activity_block,
    alpha,
    band_block,
    quote_volume,
)
from machines.pricing.numbers import Floats, compiled
from machines.pricing.sides import side_terms
from simulator.engine.layout import (
    BLOCK,
    FIRST,
    LAST,
    SIDES,
    START,
    Desk,
    Ints,
    enabled,
)


@compiled
def seed(desk: Desk) -> None:
    """Start the averages of each coin at its first bar."""
    for coin in range(len(desk.markets)):
        bar = desk.bars[desk.listed[coin, FIRST], coin]
        for s in range(SIDES):
            desk.averages[s, coin, :] = bar[CLOSE]
            desk.activity[s, coin, 0] = quote_volume(bar[HIGH], bar[LOW], bar[CLOSE], bar[VOLUME])


@compiled
def next_block(desk: Desk, bar: int) -> None:
    """Compute the EMA bands of the next block, which starts at *bar*."""
    last = min(bar + BLOCK, len(desk.bars))
    for s in range(SIDES):
        if s and desk.alike:
            copy_bands(desk.bands[0], desk.bands[s])
        elif enabled(desk.chosen[s]):
            band_block(desk.bars, bar, last, desk.weights[s], desk.averages[s], desk.bands[s])


@compiled
def copy_bands(source: Floats, target: Floats) -> None:
    """Write the bands of one side to those of the other."""
    for row in range(len(source)):
        for coin in range(source.shape[1]):
            target[row, coin, 0], target[row, coin, 1] = source[row, coin, 0], source[row, coin, 1]


@compiled
def catch_up(desk: Desk, s: int, bar: int) -> int:
    """Bring the averages of volume and range of a side up to *bar*; return the row they are in."""
    terms, longs = side_terms(desk.chosen[s]), side_terms(desk.chosen[0])
    if terms.volume_span == longs.volume_span and terms.range_span == longs.range_span:
        s = 0
    volume, spread = alpha(terms.volume_span), alpha(terms.range_span)
    activity_block(desk.bars, desk.active_until[s] + 1, bar + 1, volume, spread, desk.activity[s])
    desk.active_until[s] = bar
    return s


@compiled
def find_listed(bars: Floats, warmup: int, listed: Ints) -> bool:
    """Write each coin's first, last and, twice, first warm bar; return whether each has a bar."""
    for coin in range(len(listed)):
        first, last = 0, len(bars) - 1
        while first <= last and isnan(bars[first, coin, CLOSE]):
            first += 1
        while last > first and isnan(bars[last, coin, CLOSE]):
            last -= 1
        if first > last:
            return False
        listed[coin, FIRST], listed[coin, LAST], listed[coin, START:] = first, last, first + warmup
    return True
