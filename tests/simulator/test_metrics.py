"""Metrics: small runs computed by hand, what is not defined, and laws."""

from itertools import pairwise
from math import isfinite, sqrt
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from simulator.metrics import (
    BY_NAME,
    LONG,
    METRICS,
    NET,
    SHORT,
    Band,
    RecordError,
    Records,
    equal_weight,
    fill_rows,
    mark,
    markdown,
    metrics,
    months,
    trades,
    validate,
    weighted,
)
from simulator.metrics.records import DAY_MS, HOUR_MS, Rows
from simulator.metrics.series import marks

MIDNIGHT = 20_000 * DAY_MS  # 2024-10-04
Table = tuple[tuple[Any, ...], ...]
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def records(
    equity: list[float],
    step_ms: int = DAY_MS,
    start_ms: int = MIDNIGHT,
    **more: Any,  # noqa: ANN401
) -> Records:
    """Samples *step_ms* apart, flat unless *more* says otherwise."""
    values = np.array(equity, float)
    given: dict[str, Any] = {
        "symbols": ("A", "B"),
        "kinds": ("entry", "close"),
        "fills": fill_rows(),
        "ts_ms": start_ms + step_ms * np.arange(len(values), dtype=np.int64),
        "equity": values,
        "balance": values,
        "long": np.zeros(len(values)),
        "short": np.zeros(len(values)),
    }
    return Records(**(given | more))


def fills(rows: Table, start_ms: int = MIDNIGHT) -> Rows:
    """Fills of (hour, symbol, side, qty, price, pnl, fee, position after, mirror)."""
    made = fill_rows(len(rows))
    for row, (hour, *rest) in zip(made, rows, strict=True):
        row["ts_ms"] = start_ms + hour * HOUR_MS
        names = ("symbol", "side", "qty", "price", "pnl", "fee", "position_qty", "mirror")
        for name, value in zip(names, rest, strict=True):
            row[name] = value
    return made


TRADED: Table = (
    (1, 0, LONG, 2.0, 10.0, 0.0, 0.1, 2.0, False),
    (2, 1, SHORT, -4.0, 5.0, 0.0, 0.2, 4.0, True),
    (3, 0, LONG, 2.0, 8.0, 0.0, 0.1, 4.0, False),
    (5, 0, LONG, -4.0, 11.0, 8.0, 0.2, 0.0, False),
    (6, 1, SHORT, 1.0, 6.0, -1.0, 0.05, 3.0, True),
    (8, 0, LONG, 1.0, 10.0, 0.0, 0.1, 1.0, False),
    (9, 0, LONG, -1.0, 8.0, -2.0, 0.1, 0.0, False),
)


@pytest.fixture
def traded() -> Records:
    """Ten hours: a long that won, one that lost, and a short mirror that is still open."""
    return records(
        [100.0] * 11,
        HOUR_MS,
        fills=fills(TRADED),
        balance=np.array(
            [100, 99.9, 99.7, 99.6, 99.6, 107.4, 106.35, 106.35, 106.25, 104.15, 104.15]
        ),
    )


def test_growth_by_hand() -> None:
    """Four days of +10 %, -10 %, +20 %, -5 %: every figure follows from these."""
    run = records([100.0, 110.0, 99.0, 118.8, 112.86])
    found, moves = metrics(run), np.array([0.1, -0.1, 0.2, -0.05])
    assert found["gain"] == pytest.approx(1.1286)
    assert found["adg"] == pytest.approx(1.1286**0.25 - 1)
    assert found["mdg"] == pytest.approx(0.025)
    assert found["sharpe"] == pytest.approx(0.0375 / sqrt(((moves - 0.0375) ** 2).sum() / 3))
    assert found["sortino"] == pytest.approx(0.0375 / sqrt((0.01 + 0.0025) / 4))
    assert found["omega"] == pytest.approx(0.3 / 0.15)
    assert found["drawdown_worst"] == pytest.approx(0.1)
    assert found["drawdown_end"] == pytest.approx(0.05)
    assert found["calmar"] == pytest.approx((1.1286**0.25 - 1) / 0.1)
    assert found["sterling"] == found["calmar"]
    assert found["expected_shortfall"] == pytest.approx(0.1)
    assert found["underwater_hours_max"] == 48


def test_trades_by_hand(traded: Records) -> None:
    """Fills make trades; one that is open lasts until the end."""
    validate(traded)
    found = trades(traded)
    assert found["fills"].tolist() == [3, 2, 2]
    assert found["closed"].tolist() == [True, False, True]
    assert found["pnl"].tolist() == [8.0, -1.0, -2.0]
    assert found["bought"].tolist() == [36.0, 6.0, 10.0]
    assert found["sold"].tolist() == [44.0, 20.0, 8.0]
    assert found["peak_qty"].tolist() == [4.0, 4.0, 1.0]
    assert found["mirror"].tolist() == [False, True, False]


def test_trading_by_hand(traded: Records) -> None:
    """Profits, fees and times are counted apart by side and by mirror."""
    expected = {
        "fill_count": 7,
        "trade_count": 3,
        "trades_per_day": 7.2,
        "pnl": 5,
        "pnl_long": 6,
        "pnl_short": -1,
        "fees": 0.85,
        "loss_profit_ratio": 3 / 8,
        "loss_profit_ratio_long": 2 / 8,
        "loss_profit_ratio_short": None,
        "win_rate": 1 / 2,
        "trade_loss_max": 0.022,
        "held_hours_mean": (4 + 8 + 1) / 3,
        "held_hours_median": 4,
        "held_hours_max": 8,
        "unchanged_hours_max": 4,
        "time_in_position": 0.9,
        "time_in_position_long": 0.5,
        "time_in_position_short": 0.8,
        "mirror_fill_count": 2,
        "mirror_pnl": -1,
        "mirror_fees": 0.25,
        "mirror_loss_profit_ratio": None,
        "base_pnl": 6,
        "base_fees": 0.6,
        "collision_count": 0,
    }
    assert metrics(traded, expected) == pytest.approx(expected)


def test_turnover_takes_the_balance_before_the_fill() -> None:
    """What a fill itself earned does not shrink its share."""
    one = fills(((12, 0, LONG, 2.0, 10.0, 0.0, 0.0, 2.0, False),))
    run = records([100.0, 50.0, 50.0], 12 * HOUR_MS, fills=one)
    assert metrics(run, ["turnover_per_day"]) == {"turnover_per_day": pytest.approx(0.2)}


def test_exposures_hold_until_the_next_sample() -> None:
    """Means are over time, whatever the distance of the samples; shorts count against longs."""
    ts_ms = MIDNIGHT + np.array([0, 1, 4]) * HOUR_MS
    long, short = np.array([0.4, 1.0, 9.0]), np.array([0.0, 1.2, 0.0])
    band = Band(NET, np.array([-0.1, -0.1, 0.0]), np.array([0.5, 0.5, 0.0]))
    run = records([1.0, 1.0, 1.0], ts_ms=ts_ms, long=long, short=short, band=band)
    expected = {
        "exposure_long_max": 9.0,
        "exposure_long_mean": (0.4 + 3 * 1.0) / 4,
        "exposure_short_max": 1.2,
        "exposure_short_mean": 0.9,
        "exposure_gross_max": 9.0,
        "exposure_gross_mean": (0.4 + 3 * 2.2) / 4,
        "exposure_net_max": 9.0,
        "exposure_net_mean": (0.4 - 3 * 0.2) / 4,
        "band_share": 1 / 4,
    }
    assert metrics(run, expected) == pytest.approx(expected)


def test_open_losses_are_of_their_own_moment() -> None:
    """Equity and balance of one sample are compared, never of two."""
    run = records([100.0, 90.0, 118.0], balance=np.array([100.0, 120.0, 118.0]))
    assert metrics(run, ["open_loss_max", "open_loss_mean", "open_profit_max"]) == {
        "open_loss_max": pytest.approx(0.25),
        "open_loss_mean": pytest.approx(0.25),
        "open_profit_max": 0.0,
    }


def test_a_perfect_hedge() -> None:
    """An equity that is twice the market, less mirrors that take half of that away."""
    market = np.array([100.0, 101.0, 99.0, 102.0, 100.5, 104.0])
    before = 1_000.0 * np.cumprod(np.append(1.0, 1 + 2 * np.diff(market) / market[:-1]))
    after = 1_000.0 * market / market[0]
    run = records(list(after), HOUR_MS, market=market, mirror_pnl=after - before)
    found = metrics(run)
    assert found["beta_before"] == pytest.approx(2)
    assert found["beta_after"] == pytest.approx(1)
    assert found["correlation_before"] == pytest.approx(1)
    assert found["correlation_after"] == pytest.approx(1)
    assert found["hedge_effectiveness"] == pytest.approx(0.75)
    assert found["mirror_net"] == pytest.approx(after[-1] - before[-1])


def test_the_first_day_counts() -> None:
    """A loss on the day of the start is a return, although the day is not whole."""
    run = records([100.0, 50.0, 50.0], 12 * HOUR_MS, MIDNIGHT + 18 * HOUR_MS)
    assert metrics(run, ["mdg", "expected_shortfall"]) == {
        "mdg": pytest.approx(-0.25),
        "expected_shortfall": pytest.approx(0.5),
    }


def test_a_drawdown_that_never_ended_counts() -> None:
    """The time under water goes on until the end of the run."""
    run = records([100.0, 90.0, 100.0, 90.0, 80.0, 80.0], HOUR_MS)
    assert metrics(run, ["underwater_hours_max", "drawdown_worst"]) == {
        "underwater_hours_max": 3.0,
        "drawdown_worst": pytest.approx(0.2),
    }


def test_what_is_not_defined_is_none() -> None:
    """Empty runs, a single sample and a flat line give None where there is nothing to tell."""
    empty, single, flat = records([]), records([100.0]), records([100.0] * 4)
    counts = {m.name for m in METRICS if m.unit in {"count", "quote"}}
    for name, value in metrics(empty).items():
        assert value == 0 if name in counts - {"mirror_net"} else value is None, name
    assert metrics(single, ["adg", "sharpe", "mdg", "exposure_long_mean"]) == dict.fromkeys(
        ["adg", "sharpe", "mdg", "exposure_long_mean"]
    )
    ratios = ["sharpe", "sortino", "omega", "calmar", "sterling", "loss_profit_ratio", "win_rate"]
    assert metrics(flat, ratios) == dict.fromkeys(ratios)
    assert metrics(flat, ["gain", "adg", "drawdown_worst", "underwater_hours_max"]) == {
        "gain": 1.0,
        "adg": 0.0,
        "drawdown_worst": 0.0,
        "underwater_hours_max": 0.0,
    }
    assert not months(empty)
    assert weighted(empty, "gain").value is None


def test_a_number_that_is_none_spoils_what_needs_it() -> None:
    """NaN in the equity makes None, without a warning; what fills say stays."""
    run = records([100.0, float("nan"), 110.0])
    found = metrics(run)
    for name in ("mdg", "sharpe", "sortino", "omega", "drawdown_worst", "underwater_hours_max"):
        assert found[name] is None, name
    assert found["fill_count"] == 0


def test_a_ruin_is_a_loss_of_all() -> None:
    """An equity below zero has no growth rate but -1, and no returns after it."""
    found = metrics(records([100.0, -10.0, -10.0]))
    assert found["adg"] == -1
    assert found["sharpe"] is None
    assert found["drawdown_worst"] == pytest.approx(1.1)


def test_weights_are_those_of_the_ends_that_have_a_value() -> None:
    """An end without a profit is not counted as one of the ten."""
    rows: Table = (
        (1, 0, LONG, -1.0, 9.0, 2.0, 0.0, 0.0, False),
        (2, 0, LONG, -1.0, 9.0, -1.0, 0.0, 0.0, False),
        (7, 0, LONG, -1.0, 9.0, 4.0, 0.0, 0.0, False),
    )
    found = weighted(records([100.0] * 11, HOUR_MS, fills=fills(rows)), "loss_profit_ratio")
    assert list(found.shares) == [1, 1 / 2, 1 / 3]
    assert found.value == pytest.approx((1 / 6 + 0 + 0) / 3)


def test_months_cut_at_midnight() -> None:
    """Two months multiply to the whole, and each fill is in one of them."""
    start = int(np.datetime64("2024-10-30", "ms").astype(np.int64))
    rows: Table = (
        (0, 0, LONG, 1.0, 9.0, 0.0, 0.1, 1.0, False),
        (48, 0, LONG, -1.0, 9.0, 2.0, 0.2, 0.0, False),
        (49, 0, LONG, 1.0, 9.0, 0.0, 0.4, 1.0, False),
    )
    run = records([100, 90, 99, 120, 132], DAY_MS, start, fills=fills(rows, start))
    october, november = months(run)
    assert (october.month, november.month) == ("2024-10", "2024-11")
    assert [october.gain, november.gain] == pytest.approx([0.99, 132 / 99])
    assert [october.drawdown, november.drawdown] == pytest.approx([0.1, 0.0])
    assert (october.fills, november.fills) == (2, 1)
    assert [october.fees, november.fees] == pytest.approx([0.3, 0.4])
    assert [each.month for each in months(run.between(start, start + 2 * DAY_MS))] == ["2024-10"]


def test_the_worst_hundredth_of_drawdowns() -> None:
    """Of 200 days the two deepest count, each once, by the deepest sample until its midnight."""
    curve = np.full(401, 100.0)
    curve[[20, 120, 221]] = 80, 70, 90  # 20 and 120 are midnights: the end of a day
    run = records(list(curve), DAY_MS // 2)
    assert metrics(run, ["drawdown_worst_mean"]) == {"drawdown_worst_mean": pytest.approx(0.25)}
    kept = np.delete(np.arange(401), [121, 122])  # the day after a midnight: its drawdown holds
    gap = records(list(curve[kept]), ts_ms=run.ts_ms[kept])
    assert metrics(gap, ["drawdown_worst_mean"]) == {"drawdown_worst_mean": pytest.approx(0.3)}


def test_a_win_pays_its_fees() -> None:
    """A trade that earned less than its fees is not won."""
    rows: Table = (
        (1, 0, LONG, 1.0, 9.0, 0.0, 0.1, 1.0, False),
        (2, 0, LONG, -1.0, 9.1, 0.1, 0.1, 0.0, False),
    )
    run = records([100.0] * 4, HOUR_MS, fills=fills(rows))
    assert metrics(run, ["win_rate"]) == {"win_rate": 0.0}


def test_each_position_waits_for_its_own_next_fill() -> None:
    """The fills of another symbol do not end a pause; the end of the run does."""
    rows: Table = (
        (1, 0, LONG, 1.0, 9.0, 0.0, 0.0, 1.0, False),
        (2, 1, LONG, 1.0, 9.0, 0.0, 0.0, 1.0, False),
        (4, 1, LONG, -1.0, 9.0, 0.0, 0.0, 0.0, False),
    )
    run = records([100.0] * 7, HOUR_MS, fills=fills(rows))
    assert metrics(run, ["unchanged_hours_max"]) == {"unchanged_hours_max": 5.0}


def test_what_was_there_before_was_held_from_the_start(traded: Records) -> None:
    """In a part of a run, a trade that began earlier begins with the part."""
    part = traded.between(MIDNIGHT + 4 * HOUR_MS, MIDNIGHT + 7 * HOUR_MS)
    found = trades(part)
    assert (found["opened_ms"] - MIDNIGHT).tolist() == [4 * HOUR_MS, 4 * HOUR_MS]
    assert metrics(part, ["held_hours_max"]) == {"held_hours_max": 3.0}


def test_days_without_samples_change_nothing() -> None:
    """What held goes on; a sample at midnight belongs to the day that ends."""
    ts_ms = MIDNIGHT + np.array([0, DAY_MS, DAY_MS + 1, 4 * DAY_MS])
    assert marks(ts_ms, DAY_MS).tolist() == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"equity": np.ones(3)}, "equity has"),
        ({"equity": np.full(11, np.nan)}, "equity: sample 0 is not finite"),
        ({"ts_ms": np.zeros(11, np.int64)}, "do not ascend"),
        ({"symbols": ("A",)}, "fill 1 names no symbol"),
        ({"kinds": ()}, "fill 0 names no kind"),
        ({"funding": 1.0}, "the balance moved by"),
        ({"closes": np.ones((3, 2))}, "closes are"),
        ({"ts_ms": MIDNIGHT + 1_000 * np.arange(11)}, "fill 0 is outside"),
    ],
)
def test_records_that_contradict_themselves(
    traded: Records, change: dict[str, Any], words: str
) -> None:
    """The message names what is wrong and where."""
    with pytest.raises(RecordError, match=words):
        validate(evolve(traded, **change))


def test_the_page_is_printed_from_the_table() -> None:
    """Each metric has a name, a meaning and a formula, and the page has them all."""
    assert len(BY_NAME) == len(METRICS)
    for metric in METRICS:
        assert metric.says.endswith("."), metric.name
        assert metric.formula, metric.name
        assert f"| `{metric.name}` |" in markdown()
    assert PAGE.read_text(encoding="utf-8") == markdown()


curves = st.lists(st.integers(50, 150).map(float), min_size=3, max_size=30)


@given(curves, st.floats(0.01, 1_000))
def test_scale_does_not_matter(curve: list[float], scale: float) -> None:
    """In another currency every share and ratio is the same, and every amount is scaled."""
    rows = fills(TRADED)
    more = rows.copy()
    for name in ("price", "pnl", "fee"):
        more[name] *= scale
    run = records(curve, 5 * HOUR_MS, fills=rows, market=np.array(curve))
    other = evolve(run, fills=more, equity=run.equity * scale, balance=run.balance * scale)
    ours, theirs = metrics(run), metrics(other)
    for metric in METRICS:
        before, after = ours[metric.name], theirs[metric.name]
        if before is None or after is None:
            assert before is after, metric.name
        else:
            factor = scale if metric.unit == "quote" else 1
            assert after == pytest.approx(before * factor, rel=1e-6, abs=1e-9), metric.name


@given(curves)
def test_backwards_upside_down(curve: list[float]) -> None:
    """The reciprocal read backwards has the same drawdown and gain."""
    run = records(curve)
    other = records([1 / value for value in reversed(curve)])
    ours, theirs = (metrics(each, ["gain", "adg", "drawdown_worst"]) for each in (run, other))
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@given(curves, st.data())
def test_parts_make_the_whole(curve: list[float], data: st.DataObject) -> None:
    """Cut at midnights, gains multiply, sums add up and no part falls deeper than the whole."""
    rows = fills(TRADED)
    run = records(curve, fills=rows)
    days = data.draw(st.sets(st.integers(1, len(curve) - 1)))
    edges = [run.ts_ms[0], *(MIDNIGHT + day * DAY_MS for day in sorted(days)), run.ts_ms[-1]]
    parts = [metrics(run.between(int(a), int(b))) for a, b in pairwise(edges) if a < b]
    whole = metrics(run)

    def of(name: str) -> list[float]:
        return [value for part in parts if (value := part[name]) is not None]

    assert np.prod(of("gain")) == pytest.approx(whole["gain"])
    for name in ("pnl", "fees", "mirror_pnl", "mirror_fees", "fill_count", "base_pnl"):
        assert sum(of(name)) == pytest.approx(whole[name]), name
    assert max(of("drawdown_worst")) <= (whole["drawdown_worst"] or 0) + 1e-12


@given(curves, st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter_to_ratios(curve: list[float], dice: Random) -> None:
    """Ratios of daily returns know their size, not their order."""
    moves = [after / before for before, after in pairwise(curve)]
    shuffled = dice.sample(moves, len(moves))
    run, other = (records(list(np.cumprod([100.0, *each]))) for each in (moves, shuffled))
    names = ("gain", "adg", "mdg", "sharpe", "sortino", "omega", "expected_shortfall")
    ours, theirs = metrics(run, names), metrics(other, names)
    for name, value in ours.items():
        assert (value is None) is (theirs[name] is None)
        assert value is None or value == pytest.approx(theirs[name], rel=1e-6, abs=1e-9)


@given(curves, st.integers(2, 29))
def test_nothing_looks_ahead(curve: list[float], cut: int) -> None:
    """What is measured of the beginning does not depend on what follows."""
    run, stop = records(curve, 7 * HOUR_MS), min(cut, len(curve))
    until = run.between(int(run.ts_ms[0]), int(run.ts_ms[stop - 1]))
    assert metrics(until) == metrics(records(curve[:stop], 7 * HOUR_MS))


@given(st.lists(st.one_of(st.floats(), st.just(0.0)), max_size=12))
def test_every_metric_is_a_number_or_none(curve: list[float]) -> None:
    """Whatever the samples are, there is no infinity, no NaN and no error."""
    with np.errstate(all="ignore"):
        found = metrics(records(curve, HOUR_MS, market=np.array(curve, float)))
    assert all(value is None or isfinite(value) for value in found.values())


def test_an_index_rests_where_nothing_is_priced() -> None:
    """A symbol counts from its second price on."""
    nan = float("nan")
    closes = np.array([[nan, nan], [1.0, nan], [1.1, 4.0], [1.1, 5.0]])
    assert equal_weight(closes).tolist() == pytest.approx([1.0, 1.0, 1.1, 1.1 * 1.125])
    assert len(equal_weight(np.zeros((0, 2)))) == 0


def test_fills_and_closes_make_samples(traded: Records) -> None:
    """Equity is the balance and what is open at the closes; what mirrors earned stands apart."""
    rows, closes = traded.fills.copy(), np.full((11, 2), 10.0)
    rows["position_price"] = [10, 5, 9, 0, 5, 10, 0]
    closes[3:, 0], closes[:, 1] = 9.5, 6.0
    received = np.linspace(0, 1, 11)
    run = mark(
        traded.symbols,
        traded.kinds,
        rows,
        ts_ms=traded.ts_ms,
        closes=closes,
        deposit=100.0,
        funding=received,
    )
    validate(run)
    assert run.balance.tolist() == pytest.approx((traded.balance + received).tolist())
    assert run.equity[0] == 100
    assert run.equity[3] == pytest.approx(99.6 + 0.3 + 4 * (9.5 - 9) - 4 * (6 - 5))
    assert run.long[3] == pytest.approx(4 * 9.5 / 99.9)
    assert run.short[-1] == pytest.approx(3 * 6 / 105.15)
    assert run.mirror_pnl is not None
    assert run.mirror_pnl[3] == pytest.approx(-0.2 - 4 * (6 - 5))
    assert run.mirror_pnl[-1] == pytest.approx(-1 - 0.25 - 3 * (6 - 5))
    assert run.market is not None
    assert run.market[-1] == pytest.approx(1 - 0.05 / 2)


def test_without_a_price_the_last_one_holds() -> None:
    """A gap in the closes changes nothing, and nothing is known before the first price."""
    rows = fills(((1, 0, LONG, 2.0, 10.0, 0.0, 0.0, 2.0, False),))
    rows["position_price"] = 10
    nan = float("nan")
    closes = np.array([[nan, 1.0], [nan, 1.0], [12.0, 1.0], [nan, 1.0]])
    ts_ms = MIDNIGHT + HOUR_MS * np.arange(4, dtype=np.int64)
    run = mark(("A", "B"), ("entry",), rows, ts_ms=ts_ms, closes=closes, deposit=100.0)
    assert run.equity.tolist() == [100, 100, 104, 104]
    assert run.long.tolist() == [0, 0.2, 0.24, 0.24]
    assert run.mirror_pnl is None
