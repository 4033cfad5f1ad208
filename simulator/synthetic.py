"""A seeded market to try things on: regimes, volatility that clusters, wicks and volume.

It looks like a market and has the same bytes on every machine; it claims nothing about any real
one.  Left out: the hours of the day, news, jumps between bars, and what other markets do.
"""

from collections.abc import Iterator
from enum import IntEnum

import numpy as np
from attrs import frozen

from simulator.candles import Candles, Ints
from simulator.prng import Prng
from spec.units import div_near

_START_MS = 1_735_689_600_000  # 2025-01-01 UTC
_STEP_MS = 60_000
_BILLION = 1_000_000_000  # relative moves are in ppb, parts per billion
_CALM_PPB = 600_000  # standard deviation of a calm bar
_WILD_PPB = 18_000_000  # ... of the wildest: 9.8 of them, the most there is, are below a fifth
_MOVES = 8  # inside a bar; their extremes are the wicks
_SIGMA = 107_019  # standard deviation of the sum of eight moves, each of four 16-bit uniforms
_GAPS_PER_BAR = 14  # the deviation of a gap is so much smaller than that of the same draw in a bar
_CALM_VOLUME = 20_000


class Regime(IntEnum):
    """What the market is doing."""

    TREND_UP = 0
    TREND_DOWN = 1
    RANGE = 2
    CRASH = 3
    RECOVERY = 4


@frozen
class Climate:
    """How a regime moves: length in bars, drift in ppb a bar, unrest in percent of a calm bar.

    *pull* is what each bar takes back, in ppm, of the distance from the episode's first price.
    """

    bars_min: int
    bars_max: int
    drift: int
    unrest: int
    pull: int = 0


CLIMATES = {
    Regime.TREND_UP: Climate(1_200, 4_200, 26_000, 110),
    Regime.TREND_DOWN: Climate(1_200, 3_600, -30_000, 130),
    Regime.RANGE: Climate(1_800, 5_400, 0, 80, pull=400),
    Regime.CRASH: Climate(45, 240, -900_000, 420),
    Regime.RECOVERY: Climate(900, 2_400, 70_000, 190),
}


@frozen
class Episode:
    """One regime, from bar *first* to the one before *stop*."""

    regime: Regime
    first: int
    stop: int


def episodes(seed: int, bars: int) -> tuple[Episode, ...]:
    """Return the regimes of `market`: rounds of all five, in an order drawn from *seed*."""
    prng, found, first = Prng(seed).split("regimes"), list[Episode](), 0
    regimes = _regimes(prng)
    while first < bars:
        regime = next(regimes)
        lasts = prng.between(CLIMATES[regime].bars_min, CLIMATES[regime].bars_max)
        found.append(Episode(regime, first, min(first + lasts, bars)))
        first += lasts
    return tuple(found)


def market(
    seed: int,
    bars: int,
    *,
    symbol: str = "SYNTH",
    start_ms: int = _START_MS,
    start_price: int = 3_000_000,
) -> Candles:
    """Return *bars* one-minute bars, the first of them near *start_price* hundredths.

    The same seed gives the same market; a shorter one is the beginning of a longer one.
    """
    assert bars > 0
    assert start_price > 0
    prng = Prng(seed)
    walks = _walks(prng.split("walks"), bars, _MOVES)
    gaps = _walks(prng.split("gaps"), bars, 1)
    rows = _bars(episodes(seed, bars), start_price, walks[:, -1].tolist(), gaps[:, 0].tolist())
    opens, closes, drifts, deviations = np.array(list(rows), np.int64).T.copy()
    moves = drifts[:, None] * np.arange(1, _MOVES) // _MOVES
    moves += deviations[:, None] * walks[:, :-1] // _SIGMA
    inside = opens[:, None] + (2 * opens[:, None] * moves + _BILLION) // (2 * _BILLION)
    return Candles(
        symbol=symbol,
        venue="synthetic",
        start_ms=start_ms,
        step_ms=_STEP_MS,
        price_dp=2,
        volume_dp=3,
        open=opens,
        high=np.maximum(np.maximum(opens, closes), inside.max(axis=1)),
        low=np.minimum(np.minimum(opens, closes), inside.min(axis=1)),
        close=closes,
        volume=_volumes(prng.split("volumes"), opens, closes, deviations),
    )


def _regimes(prng: Prng) -> Iterator[Regime]:
    """Yield rounds of all regimes, shuffled, but a recovery right after each crash."""
    while True:
        bag = [Regime.TREND_UP, Regime.TREND_DOWN, Regime.RANGE, Regime.CRASH]
        while bag:
            regime = bag.pop(prng.below(len(bag)))
            yield regime
            if regime is Regime.CRASH:
                yield Regime.RECOVERY


def _walks(prng: Prng, bars: int, moves: int) -> Ints:
    """Return one random walk of nearly normal *moves* a bar, int64 (bars, moves)."""
    uniforms = prng.u64_array(bars * moves).view(np.uint16).reshape(bars, moves, 4)
    normals: Ints = uniforms.sum(axis=2, dtype=np.int64) - 2 * 0xFFFF
    return normals.cumsum(axis=1)


def _bars(
    found: tuple[Episode, ...], price: int, walks: list[int], gaps: list[int]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield open, close, drift and deviation of each bar; the latter two in ppb.

    The deviation follows its own last shock, which is what makes volatility cluster.
    """
    deviation = _CALM_PPB
    for episode in found:
        climate, anchor = CLIMATES[episode.regime], price
        target = _CALM_PPB * climate.unrest // 100
        deviation = max(deviation, target)  # unrest comes at once and goes slowly
        for bar in range(episode.first, episode.stop):
            drift = climate.drift + (anchor - price) * climate.pull * 1_000 // price
            shock = deviation * walks[bar] // _SIGMA
            gap = deviation * gaps[bar] // (_SIGMA * _GAPS_PER_BAR)
            opened = price + div_near(price * gap, _BILLION)
            price = opened + div_near(opened * (drift + shock), _BILLION)
            yield opened, price, drift, deviation
            deviation = (20 * target + 150 * abs(shock) + 860 * deviation) // 1_000
            deviation = min(deviation, _WILD_PPB)


def _volumes(prng: Prng, opens: Ints, closes: Ints, deviations: Ints) -> Ints:
    """Return volumes that grow with the unrest and the move of each bar, int64 (bars,)."""
    moves = abs(closes - opens) * _BILLION // opens
    draws = prng.u64_array(len(opens))
    skewed = (draws >> np.uint64(48)) * (draws >> np.uint64(16) & np.uint64(0xFFFF))
    share = (skewed >> np.uint64(16)).astype(np.int64) + 2_000  # few are four times the mean
    volumes: Ints = (deviations + 2 * moves) * _CALM_VOLUME // _CALM_PPB * share // 2**14
    return volumes
