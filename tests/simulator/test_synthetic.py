"""The synthetic market: the same bytes everywhere, valid for any seed, with all its regimes."""

from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.candles import COLUMNS, Candles, validate
from simulator.synthetic import CLIMATES, Regime, episodes, market

MONTH = 43_200
MARKET_1 = "c10fa6c1b8daa2c612697a8945b924c74324187bac1861b4e9f3abf28c133f11"


def digest(candles: Candles) -> str:
    total = sha256()
    for name in COLUMNS:
        total.update(getattr(candles, name).astype("<i8").tobytes())
    return total.hexdigest()


def test_one_seed_has_one_market() -> None:
    """The bytes are pinned: a change here changes every result that was drawn from a seed."""
    assert digest(market(1, 5_000)) == MARKET_1


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(1, 3_000), st.integers(1, 10**9))
def test_any_seed_gives_a_valid_market(seed: int, bars: int, start_price: int) -> None:
    """Prices stay positive and bars consistent, even where a tick is a large move."""
    candles = market(seed, bars, start_price=start_price)
    validate(candles)
    assert len(candles) == bars


@given(st.integers(0, 2**64 - 1))
def test_a_month_has_every_regime(seed: int) -> None:
    """Episodes follow each other without a hole, and each crash has its recovery."""
    found = episodes(seed, MONTH)
    assert {episode.regime for episode in found} == set(Regime)
    assert (found[0].first, found[-1].stop) == (0, MONTH)
    for one, other in pairwise(found):
        assert one.stop == other.first
        assert (one.regime is Regime.CRASH) == (other.regime is Regime.RECOVERY)
        climate = CLIMATES[one.regime]
        assert climate.bars_min <= one.stop - one.first <= climate.bars_max


def test_regimes_move_as_they_are_named() -> None:
    """The average log return of a regime has its sign, and a crash is the wildest."""
    returns: dict[Regime, list[float]] = {regime: [] for regime in Regime}
    unrest: dict[Regime, list[float]] = {regime: [] for regime in Regime}
    for seed in range(10):
        close = market(seed, MONTH).close
        for episode in episodes(seed, MONTH)[:-1]:
            prices = np.log(close[episode.first : episode.stop])
            returns[episode.regime].append(float(prices[-1] - prices[0]))
            unrest[episode.regime].append(float(np.diff(prices).std()))
    mean = {regime: float(np.mean(values)) for regime, values in returns.items()}
    assert mean[Regime.CRASH] < -0.08
    assert mean[Regime.TREND_DOWN] < -0.03
    assert abs(mean[Regime.RANGE]) < 0.02
    assert mean[Regime.TREND_UP] > 0.03
    assert mean[Regime.RECOVERY] > 0.05
    wild = {regime: float(np.mean(values)) for regime, values in unrest.items()}
    assert max(wild, key=wild.__getitem__) is Regime.CRASH
    assert min(wild, key=wild.__getitem__) is Regime.RANGE


def test_volatility_clusters_and_volume_follows_it() -> None:
    """Large moves follow large moves, and the bars that move most are traded most."""
    candles = market(0, MONTH)
    moves = abs(np.diff(np.log(candles.close)))
    assert np.corrcoef(moves[:-10], moves[10:])[0, 1] > 0.15
    assert np.corrcoef(candles.high - candles.low, candles.volume)[0, 1] > 0.4
    inside = np.maximum(candles.open, candles.close) < candles.high
    assert inside.mean() > 0.5


@pytest.mark.parametrize("bars", [1, 999, 20_000])
def test_a_shorter_market_is_the_beginning_of_a_longer_one(bars: int) -> None:
    """Nothing looks ahead: the first bars do not depend on how many follow."""
    whole, part = market(4, 20_001), market(4, bars)
    for name in COLUMNS:
        assert np.array_equal(getattr(whole, name)[:bars], getattr(part, name))


def test_it_says_what_it_is() -> None:
    """Symbol and times are the caller's; the venue is none."""
    candles = market(1, 10, symbol="FAKE", start_ms=60_000)
    assert (candles.symbol, candles.venue) == ("FAKE", "synthetic")
    assert (candles.start_ms, candles.end_ms, candles.price_dp) == (60_000, 660_000, 2)
    assert abs(int(candles.open[0]) - 3_000_000) < 10_000
