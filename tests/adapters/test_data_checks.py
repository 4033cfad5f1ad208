"""Checks find what was broken and nothing else; longer bars add up; fingerprints tell."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.candles import DataError, save
from adapters.market_data import checks
from adapters.market_data.checks import Bars, Finding, Rules
from adapters.market_data.files import candle_file, candle_files, fingerprint
from adapters.market_data.readers import read
from adapters.market_data.resampling import resampled
from adapters.market_data.table import Layout
from simulator.candles import COLUMNS, validate
from simulator.synthetic import market

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("HEDGEPROOF_SHARED", ROOT.parent / "shared")) / "data"
MINUTE_MS = 60_000
BARS = 600
HOUR = 60 * MINUTE_MS


def good() -> Bars:
    candles = market(4, BARS)
    times = candles.start_ms + MINUTE_MS * np.arange(BARS)
    return Bars(times, {name: getattr(candles, name).copy() for name in COLUMNS}, 2, 3)


def cut(*rows: int) -> Callable[[Bars], Bars]:
    def apply(bars: Bars) -> Bars:
        columns = {name: np.delete(values, rows) for name, values in bars.columns.items()}
        return evolve(bars, times=np.delete(bars.times, rows), columns=columns)

    return apply


def put(name: str, row: int, value: int, stop: int = 0) -> Callable[[Bars], Bars]:
    def apply(bars: Bars) -> Bars:
        target = bars.times if name == "ts_ms" else bars.columns[name]
        target[row : stop or row + 1] = value
        return bars

    return apply


def factor(row: int, by: float) -> Callable[[Bars], Bars]:
    def apply(bars: Bars) -> Bars:
        for name in COLUMNS[:-1]:
            bars.columns[name][row] *= by
        return bars

    return apply


def found(bars: Bars, **rules: int) -> list[Finding]:
    return checks.findings(bars, MINUTE_MS, Rules(**rules))


def test_good_bars_have_no_findings() -> None:
    """A check that cries wolf is not read."""
    assert found(good()) == []


def test_the_step_is_the_commonest() -> None:
    """A gap or a repetition does not hide it; one bar has none."""
    assert checks.step_of(cut(3, 4, 9)(good()).times) == MINUTE_MS
    assert checks.step_of(good().times[:1]) == 0


@pytest.mark.parametrize(
    ("damage", "kind", "row", "what"),
    [
        (cut(4, 5, 6), "gap", 4, "3 bars missing after 2025-01-01 00:03 UTC"),
        (put("ts_ms", 5, 1_735_689_840_000), "duplicate", 5, "2025-01-01 00:04 UTC again"),
        (put("ts_ms", 5, 1_735_689_600_000), "unsorted", 5, "00:00 UTC after 2025-01-01 00:04"),
        (put("ts_ms", 5, 1_735_689_870_000), "off step", 5, "is 30000 ms after the row before"),
        (put("low", 5, 0), "impossible", 5, "low 0.00 is not positive"),
        (put("high", 5, 1), "impossible", 5, "high 0.01 is below the open or the close"),
        (put("low", 5, 10**12), "impossible", 5, "low 10000000000.00 is above the open or the"),
        (put("volume", 5, -1), "impossible", 5, "volume -0.001 is negative"),
        (put("volume", 5, 0, 15), "no volume", 5, "10 bars from 2025-01-01 00:05 UTC"),
        (put("volume", BARS - 10, 0, BARS), "no volume", BARS - 10, "10 bars from"),
        (factor(300, 1.5), "spike", 300, "times the usual move"),
        (factor(0, 1.5), "spike", 1, "times the usual move"),
    ],
)
def test_what_was_broken_is_found(
    damage: Callable[[Bars], Bars], kind: str, row: int, what: str
) -> None:
    """The first finding has the kind, the row and the value."""
    first = found(damage(good()))[0]
    assert (first.kind, first.row) == (kind, row)
    assert what in first.what


def test_rules_have_a_boundary() -> None:
    """One bar less is no run; a move of exactly so many usual moves is no spike."""
    assert found(put("volume", 5, 0, 14)(good())) == []
    assert len(found(put("volume", 5, 0, 14)(good()), quiet_bars=9)) == 1
    flat = good()
    for name in COLUMNS[:-1]:
        flat.columns[name][:] = 1_000_000
    flat.columns["close"][300:] = 1_006_000  # 59.8 times the least usual move of 1 bp
    assert list(checks.spikes(flat, Rules())) == []
    assert [each.row for each in checks.spikes(flat, Rules(spike_mads=59))] == [300]
    assert list(checks.spikes(evolve(flat, columns={"close": np.ones(1, np.int64)}), Rules())) == []


def test_the_median_is_of_the_window_around() -> None:
    """The chunks of the computation do not show."""
    values = np.abs(np.sin(np.arange(9_000.0) ** 1.3))
    medians = checks._medians(values, 7)
    for row in (3, 4_095, 4_096, 8_000, 8_996):
        assert medians[row] == np.median(values[row - 3 : row + 4])
    assert len(checks._medians(values[:4], 241)) == 4
    assert checks._medians(values[:1], 241)[0] == values[0]


@given(st.integers(0, 500), st.integers(2, 60), st.integers(150, 400))
def test_longer_bars_are_what_the_shorter_ones_did(first: int, count: int, bars: int) -> None:
    """Each is compared with its shorter bars, one by one; nothing is lost but the ends."""
    source = market(5, 1_000)
    part = source.between(
        source.start_ms + first * MINUTE_MS, source.start_ms + (first + bars) * MINUTE_MS
    )
    longer, before, after = resampled(part, count * MINUTE_MS)
    validate(longer)
    assert longer.start_ms % (count * MINUTE_MS) == 0
    assert longer.start_ms == part.start_ms + before * MINUTE_MS
    assert before + len(longer) * count + after == len(part)
    assert max(before, after) < count
    for bar in range(len(longer)):
        inside = slice(before + bar * count, before + (bar + 1) * count)
        assert longer.open[bar] == part.open[inside][0]
        assert longer.high[bar] == part.high[inside].max()
        assert longer.low[bar] == part.low[inside].min()
        assert longer.close[bar] == part.close[inside][-1]
        assert longer.volume[bar] == part.volume[inside].sum()


@pytest.mark.parametrize("step_ms", [MINUTE_MS, 90_000, 30_000])
def test_only_larger_multiples_of_the_step(step_ms: int) -> None:
    """Anything else would have to invent trades."""
    with pytest.raises(DataError, match="give a multiple, such as 5m"):
        resampled(market(5, 10), step_ms)


def test_longer_bars_that_cannot_be_are_refused() -> None:
    """No whole bar, bars between the multiples, and sums beyond 64 bits."""
    candles = market(5, 59)
    with pytest.raises(DataError, match="no whole bar of 1h"):
        resampled(candles, HOUR)
    with pytest.raises(DataError, match="off the multiples"):
        resampled(evolve(candles, start_ms=candles.start_ms + 1), 5 * MINUTE_MS)
    with pytest.raises(DataError, match="do not fit 64 bits"):
        resampled(evolve(candles, volume=candles.volume + 2**62), 5 * MINUTE_MS)


def test_a_fingerprint_is_of_the_bars_not_of_the_file(tmp_path: Path) -> None:
    """Each field and each value counts; where it is stored does not."""
    candles = market(6, 50)
    path = save(candles, tmp_path)
    mark = fingerprint(candles)
    assert mark == fingerprint(candle_file(path)) == "2b94ea727c32"
    others = [evolve(candles, venue="x"), evolve(candles, price_dp=3), evolve(candles, start_ms=0)]
    others += [evolve(candles, **{name: getattr(candles, name) + 1}) for name in COLUMNS]
    assert len({mark, *map(fingerprint, others)}) == len(others) + 1


def test_only_candle_files_are_candle_files(tmp_path: Path) -> None:
    """An empty folder and another kind of file are refused with the way out."""
    with pytest.raises(DataError, match=r"holds no \.parquet file"):
        candle_files(tmp_path)
    with pytest.raises(DataError, match="`data import` makes one of it"):
        candle_file(tmp_path / "a.csv")


@pytest.mark.skipif(not REAL.is_dir(), reason="no recorded candles: set HEDGEPROOF_SHARED")
@pytest.mark.parametrize("name", ["binance_usdm_5m_2025-03", "bybit_linear_1m"])
def test_recorded_candles_have_no_findings(name: str) -> None:
    """What exchanges recorded, the crash of April 2025 included, is no misprint."""
    for path in candle_files(REAL / name):
        bars = checks.bars_of(read(path, Layout()))
        assert checks.findings(bars, checks.step_of(bars.times), Rules()) == []
