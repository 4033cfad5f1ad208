"""What an independent program printed of its backtests, measured again from its fills.

Four of their figures agree because they mean the same.  The others are reproduced by the formula
behind them, which shows why ours differ.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.metrics import BY_NAME, metrics, trades, validate
from simulator.metrics.records import DAY_MS, HOUR_MS, Floats, Records
from simulator.metrics.series import changes, drawdowns
from tests.simulator.recorded import MINUTE_MS, NAMES, Recorded, recorded

EXACT = 1e-9
LAG = 1441  # minutes: their warm-up
AGREE = {
    "drawdown_worst": "drawdown_worst",
    "loss_profit_ratio": "loss_profit_ratio",
    "held_hours_median": "position_held_hours_median",
    "unchanged_hours_max": "position_unchanged_hours_max",
}


@pytest.fixture(scope="module", params=NAMES)
def run(request: pytest.FixtureRequest, shared: Path) -> Recorded:
    """One of their runs."""
    return recorded(shared, request.param)


def days(records: Records) -> tuple[Floats, Floats]:
    """Their days: the last and the lowest equity of each, without the last bar of the run."""
    equity = records.equity[:-1]
    day = (records.ts_ms[:-1] - MINUTE_MS) // DAY_MS
    starts = np.flatnonzero(np.append(True, np.diff(day) != 0))
    last = equity[np.append(starts[1:], len(equity)) - 1]
    return last, np.minimum.reduceat(equity, starts)


def their_gain(records: Records) -> float:
    """The mean of the last three days for the end of the first day."""
    last, _ = days(records)
    return float(last[-3:].mean() / last[0])


def their_adg(records: Records) -> float:
    return float(their_gain(records) ** (1 / len(days(records)[0])) - 1)


def their_sharpe(records: Records) -> float:
    """The mean is of one series, the deviation of another."""
    lows, mean = changes(days(records)[1]), their_adg(records)
    return float(mean / np.sqrt(np.square(lows - mean).mean()))


def their_sortino(records: Records) -> float:
    lows = changes(days(records)[1])
    return float(their_adg(records) / np.sqrt(np.square(lows[lows < 0]).mean()))


def their_omega(records: Records) -> float:
    moves = changes(days(records)[0])
    return float(moves[moves > 0].sum() / -moves[moves < 0].sum())


def their_open_loss(records: Records) -> float:
    """The balance is that of a day before."""
    late = np.append(np.full(LAG, records.balance[0]), records.balance)[: len(records.equity) - 1]
    return float(((late - records.equity[:-1]) / late).max())


def their_held_mean(records: Records) -> float:
    """An open position ends with the last fill of the run."""
    found = trades(records)
    ends = np.where(found["closed"], found["closed_ms"], records.fills["ts_ms"][-1])
    return float((ends - found["opened_ms"]).mean() / HOUR_MS)


def their_recovery(records: Records) -> float:
    """What was not recovered from does not count."""
    tops = np.flatnonzero(drawdowns(records.equity[:-1]) == 0)
    return float(np.diff(records.ts_ms[tops]).max() / HOUR_MS)


def their_win_rate(records: Records) -> float:
    """Fees do not count, open trades neither."""
    found = trades(records)
    return float((found["pnl"][found["closed"]] >= 0).mean())


THEIRS: dict[str, tuple[Callable[[Records], float], str]] = {
    "gain": (their_gain, "gain"),
    "adg": (their_adg, "adg"),
    "mdg": (lambda r: float(np.median(changes(days(r)[0]))), "mdg"),
    "sharpe": (their_sharpe, "sharpe_ratio"),
    "sortino": (their_sortino, "sortino_ratio"),
    "omega": (their_omega, "omega_ratio"),
    "calmar": (lambda r: their_adg(r) / float(drawdowns(r.equity).max()), "calmar_ratio"),
    "expected_shortfall": (
        lambda r: float(-changes(days(r)[1]).min()),
        "expected_shortfall_1pct",
    ),
    "drawdown_worst_mean": (
        lambda r: float(drawdowns(days(r)[1]).max()),
        "drawdown_worst_mean_1pct",
    ),
    "open_loss_max": (their_open_loss, "equity_balance_diff_neg_max"),
    "held_hours_mean": (their_held_mean, "position_held_hours_mean"),
    "underwater_hours_max": (their_recovery, "peak_recovery_hours_equity"),
}


def test_the_fills_give_their_equity(run: Recorded) -> None:
    """Equity marked from fills and closes is what they recorded each hour, and books add up."""
    records = run.records
    validate(records)
    at = np.searchsorted(records.ts_ms, run.hourly_ms)
    assert np.abs(records.equity[at] - run.hourly).max() < 1e-4  # they wrote ten digits
    assert metrics(records, ["fill_count"]) == {"fill_count": len(records.fills)}


@pytest.mark.parametrize("name", AGREE)
def test_what_means_the_same_agrees(run: Recorded, name: str) -> None:
    """Where the formula is the same, so is the figure."""
    ours = BY_NAME[name].measure(run.records)
    assert ours == pytest.approx(run.analysis[AGREE[name]], rel=EXACT)


@pytest.mark.parametrize("side", ["long", "short"])
def test_sides_agree_where_they_traded(run: Recorded, side: str) -> None:
    """The loss-profit ratio of a side is theirs; without a profit ours is None, theirs 1."""
    theirs = run.analysis[f"loss_profit_ratio_{side}"]
    ours = BY_NAME[f"loss_profit_ratio_{side}"].measure(run.records)
    assert theirs == 1.0 if ours is None else ours == pytest.approx(theirs, rel=EXACT)


@pytest.mark.parametrize("name", THEIRS)
def test_why_the_others_differ(run: Recorded, name: str) -> None:
    """Their figure follows from their formula, and ours, from ours, is another one."""
    formula, key = THEIRS[name]
    theirs: Any = run.analysis[key]
    assert formula(run.records) == pytest.approx(theirs, rel=EXACT)
    assert BY_NAME[name].measure(run.records) != pytest.approx(theirs, rel=1e-6)


def test_a_win_is_a_win_after_fees(run: Recorded) -> None:
    """Their win rate counts trades before fees: ours is never higher."""
    theirs, ours = their_win_rate(run.records), BY_NAME["win_rate"].measure(run.records)
    assert theirs == pytest.approx(run.analysis["win_rate"], rel=EXACT)
    assert ours is not None
    assert ours <= theirs
