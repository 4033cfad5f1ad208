"""The compiled engine: against recorded backtests, on markets made by hand, and by laws."""

from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from machines.pricing.kinds import Kind, word
from machines.pricing.numbers import Floats, Market
from machines.pricing.sides import Side, SideTerms
from machines.pricing.unstuck import UnstuckTerms
from simulator.engine.bars import Bars, side_by_side
from simulator.engine.run import Result, Settings, run
from simulator.synthetic import market
from tests.machines.test_pricing import CLOSES, COIN, ENTRIES
from tests.simulator import recorded_runs

OFF = SideTerms(0.0, 0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 5.0, 5.0, 5.0, 5.0, 1.0)
ON = OFF._replace(total_limit=1.0, positions=1)
UNSTUCK = UnstuckTerms(0.0, 0.5, 0.1, -0.1, 0.05)
LONG_ONLY = Settings(
    (COIN,),
    Side(ENTRIES._replace(initial_ema_dist=0.0), CLOSES, UNSTUCK, ON),
    Side(ENTRIES, CLOSES, UNSTUCK, OFF),
    balance=1_000.0,
    fee=0.0002,
    warmup_bars=5,
)
SHORT_ONLY = evolve(LONG_ONLY, long=LONG_ONLY.short, short=LONG_ONLY.long)


def flat(*changes: tuple[int, float, float, float]) -> Bars:
    """Return twenty bars at 100 but for *changes*: bar, high, low, close."""
    values = np.full((20, 1, 4), 100.0)
    for bar, *prices in changes:
        values[bar, 0, :3] = prices
    return Bars(("BTC",), 0, 60_000, values)


def words(result: Result) -> list[tuple[int, str, float, float]]:
    """Return the fills: bar, kind, price and quantity."""
    return [
        (int(f["bar"]), word(int(f["kind"]), int(f["side"])), float(f["price"]), float(f["qty"]))
        for f in result.fills
    ]


@pytest.mark.parametrize("name", recorded_runs.NAMES)
def test_a_recorded_backtest_is_repeated_fill_for_fill(shared: Path, name: str) -> None:
    """Bar, coin, kind, price, quantity, size, average price and balance of every fill agree."""
    made = recorded_runs.config(shared, name)
    result = run(recorded_runs.bars(shared, made), recorded_runs.settings(made))
    recorded = recorded_runs.lines(shared, name, "fills")
    assert len(result.fills) == len(recorded)
    for fill, line in zip(result.fills, recorded, strict=True):
        kind = word(int(fill["kind"]), int(fill["side"]))
        assert (fill["bar"], result.symbols[fill["coin"]]) == (int(line["index"]), line["coin"])
        assert kind == line["type"], line
        for ours, theirs in (
            ("price", "price"),
            ("qty", "qty"),
            ("balance", "usd_total_balance"),
            ("average", "pprice"),
        ):
            if line[theirs] and float(line["psize"]):
                assert isclose(fill[ours], float(line[theirs]), rel_tol=1e-9), (ours, line)
        assert isclose(fill["size"], abs(float(line["psize"])), rel_tol=1e-9), line


@pytest.mark.parametrize("name", recorded_runs.NAMES)
def test_the_recorded_equity_is_repeated(shared: Path, name: str) -> None:
    """Once an hour, to the four decimals that were written down."""
    made = recorded_runs.config(shared, name)
    result = run(recorded_runs.bars(shared, made), recorded_runs.settings(made))
    recorded = recorded_runs.lines(shared, name, "equity_hourly")
    assert [int(line["timestamp_ms"]) for line in recorded] == [
        int(ms) for ms in result.equity_ms[: len(recorded)]
    ]
    theirs = np.array([float(line["equity"]) for line in recorded])
    assert np.abs(result.equity[: len(recorded)] - theirs).max() < 1e-4


def test_a_fall_is_bought_and_the_rise_is_sold() -> None:
    """The first entry rests at the band; a close one percent above it; both fill at their price."""
    bars = flat((8, 100.0, 99.0, 100.0), (10, 101.5, 100.0, 100.0))
    assert words(run(bars, LONG_ONLY)) == [
        (8, "entry_initial_normal_long", 100.0, 0.2),
        (10, "close_grid_long", 101.0, -0.2),
    ]


def test_shorts_are_the_mirror_image() -> None:
    """A rise is sold, and the fall buys it back."""
    bars = flat((8, 101.0, 100.0, 100.0), (10, 100.0, 98.5, 100.0))
    assert words(run(bars, SHORT_ONLY)) == [
        (8, "entry_initial_normal_short", 100.0, -0.2),
        (10, "close_grid_short", 99.0, 0.2),
    ]


def test_nothing_fills_at_the_very_price() -> None:
    """A bar must trade through an order, not only touch it."""
    assert not words(run(flat((8, 100.0, 100.0, 100.0)), LONG_ONLY))


def test_nothing_is_planned_before_the_averages_are_warm() -> None:
    """The first bar that may fill is the second after the warm-up."""
    for bar, fills in ((6, 0), (7, 1)):
        assert len(words(run(flat((bar, 100.0, 99.0, 100.0)), LONG_ONLY))) == fills


def test_a_deep_fall_fills_a_whole_ladder_at_once() -> None:
    """Several levels of the grid fill in one bar, each at its own price."""
    fills = words(run(flat((8, 100.0, 90.0, 92.0)), LONG_ONLY))
    assert [kind for _, kind, _, _ in fills[:3]] == [
        "entry_initial_normal_long",
        "entry_grid_normal_long",
        "entry_grid_normal_long",
    ]
    assert [bar for bar, *_ in fills[:3]] == [8, 8, 8]
    assert [price for *_, price, _ in fills[:3]] == sorted(
        (price for *_, price, _ in fills[:3]), reverse=True
    )


def test_a_coin_that_is_delisted_is_closed_in_its_last_bar() -> None:
    """At its close, whatever that is worth; nothing is traded after."""
    bars = flat((8, 100.0, 99.0, 100.0))
    bars.values[12:] = np.nan
    two = np.concatenate([bars.values, np.full((20, 1, 4), 100.0)], axis=1)
    settings = evolve(LONG_ONLY, markets=(COIN, COIN))
    result = run(Bars(("A", "B"), 0, 60_000, two), settings)
    assert words(result)[-1] == (11, "close_panic_long", 100.0, -0.2)


def test_a_run_ends_when_the_equity_is_gone() -> None:
    """Below a twentieth of the starting balance nothing is traded any more."""
    settings = evolve(LONG_ONLY, liquidation_threshold=0.999)
    result = run(flat((8, 100.0, 90.0, 90.0), (9, 90.0, 80.0, 80.0)), settings)
    assert result.liquidated
    assert result.bars < 20
    assert not run(flat(), LONG_ONLY).liquidated


def test_settings_must_fit_the_bars() -> None:
    """A market for each coin, and a bar of each."""
    with pytest.raises(ValueError, match="1 markets"):
        run(Bars(("A", "B"), 0, 60_000, np.full((9, 2, 4), 100.0)), LONG_ONLY)
    with pytest.raises(ValueError, match="no bars"):
        run(Bars(("A",), 0, 60_000, np.full((9, 1, 4), np.nan)), LONG_ONLY)


def busy() -> tuple[Bars, Settings]:
    """Return synthetic markets of three coins, held long and short, trailing, often full."""
    candles = [market(seed, 6_000) for seed in (1, 2, 3)]
    bars = side_by_side([evolve(each, symbol=f"{i}") for i, each in enumerate(candles)])
    price = float(bars.values[0, 0, 2])
    steps = Market(0.001, round(price / 1e5, 2) or 0.01, 0.001, 5.0, 1.0)
    terms = ON._replace(
        total_limit=3.0,
        positions=2,
        total_enforcer_threshold=1.0,
        excess_allowance_pct=0.3,
        volume_drop_pct=0.3,
        volume_span=60.0,
        range_span=60.0,
        band_span=60.0,
        other_band_span=200.0,
    )
    entry = ENTRIES._replace(
        initial_ema_dist=-0.001, initial_qty_pct=0.1, grid_spacing_pct=0.004, grid_inflation=True
    )
    trailing = entry._replace(
        trailing_grid_ratio=-0.5, trailing_threshold_pct=0.004, trailing_retracement_pct=0.001
    )
    closes = CLOSES._replace(grid_markup_start=0.004, grid_markup_end=0.002, enforcer_threshold=0.9)
    trailing_closes = closes._replace(
        trailing_grid_ratio=0.4, trailing_threshold_pct=0.002, trailing_retracement_pct=0.001
    )
    return bars, Settings(
        (steps,) * 3,
        Side(entry, trailing_closes, UNSTUCK, terms),
        Side(trailing, closes, UNSTUCK, terms),
        balance=100_000.0,
        fee=0.0002,
        warmup_bars=300,
        losses_max=0.9,
    )


@pytest.fixture(scope="module", params=[True, False], ids=["hedge", "one-way"])
def traded(request: pytest.FixtureRequest) -> tuple[Bars, Settings, Result]:
    """A busy run, in each position mode."""
    bars, settings = busy()
    settings = evolve(settings, hedge=bool(request.param))
    return bars, settings, run(bars, settings)


def test_a_busy_run_does_everything(traded: tuple[Bars, Settings, Result]) -> None:
    """Otherwise the laws below would say little: many fills, of many kinds, on both sides."""
    fills = traded[2].fills
    assert len(fills) > 300
    assert len(np.unique(fills["kind"])) >= 7
    assert set(np.unique(fills["side"])) == {-1, 1}


def test_no_fill_is_outside_its_bar(traded: tuple[Bars, Settings, Result]) -> None:
    """What is bought was above the low, what is sold below the high."""
    bars, _, result = traded
    for fill in result.fills:
        high, low = bars.values[fill["bar"], fill["coin"], :2]
        assert fill["price"] > low if fill["qty"] > 0 else fill["price"] < high


def test_cash_is_conserved(traded: tuple[Bars, Settings, Result]) -> None:
    """The last balance is the first, and profits, without fees; equity adds what is open."""
    bars, settings, result = traded
    fills = result.fills
    left = settings.balance + fills["profit"].sum() - fills["fee"].sum()
    assert result.balance == pytest.approx(left, rel=1e-12)
    assert fills["fee"] == pytest.approx(np.abs(fills["qty"]) * fills["price"] * settings.fee)
    flow = -(fills["qty"] * fills["price"]).sum() - fills["fee"].sum()
    last = bars.values[-2, :, 2]
    worth = sum(fills["qty"][fills["coin"] == coin].sum() * last[coin] for coin in range(3))
    assert equity_at_end(result, last) == pytest.approx(settings.balance + flow + worth, rel=1e-9)


def equity_at_end(result: Result, last: Floats) -> float:
    """Return cash, and what the open positions would gain or lose at the prices *last*."""
    equity = result.balance
    for coin in range(3):
        for side in (1, -1):
            of = result.fills[(result.fills["coin"] == coin) & (result.fills["side"] == side)]
            if len(of) and of["size"][-1]:
                equity += side * of["size"][-1] * (last[coin] - of["average"][-1])
    return float(equity)


def test_the_same_run_twice_is_the_same(traded: tuple[Bars, Settings, Result]) -> None:
    """Nothing is left over from one run in the next."""
    bars, settings, result = traded
    again = run(bars, settings)
    assert (again.fills == result.fills).all()
    assert (again.equity == result.equity).all()


def test_a_coin_is_held_one_way_where_asked(traded: tuple[Bars, Settings, Result]) -> None:
    """Long and short at once happens in the hedge mode only; slots are never exceeded."""
    _, settings, result = traded
    held: dict[tuple[int, int], float] = {}
    both = False
    for fill in result.fills:
        held[int(fill["coin"]), int(fill["side"])] = float(fill["size"])
        both |= bool(held.get((int(fill["coin"]), -int(fill["side"])))) and bool(fill["size"])
        for side in (1, -1):
            assert sum(size > 0.0 for key, size in held.items() if key[1] == side) <= 2
    assert both == settings.hedge


def test_a_close_never_exceeds_the_position(traded: tuple[Bars, Settings, Result]) -> None:
    """Sizes follow from the fills, and are never negative."""
    sizes: dict[Any, float] = {}
    for fill in traded[2].fills:
        key, way = (fill["coin"], fill["side"]), fill["side"]
        sizes[key] = sizes.get(key, 0.0) + float(way * fill["qty"])
        assert fill["size"] >= 0.0
        assert sizes[key] == pytest.approx(fill["size"], abs=1e-8)
        assert (fill["kind"] < Kind.CLOSE_GRID) == (way * fill["qty"] > 0)
