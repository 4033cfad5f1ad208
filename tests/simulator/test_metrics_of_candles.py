"""What the compiled engine did is measured as what was recorded of the same run."""

from pathlib import Path

import numpy as np
import pytest

from simulator.engine.run import run
from simulator.metrics import metrics, validate
from simulator.metrics.of_candles import of_candles
from tests.simulator import recorded_runs
from tests.simulator.recorded import recorded


@pytest.mark.parametrize("name", ["long_default", "both_hedge_forager4"])
def test_the_engine_gives_the_recorded_records(shared: Path, name: str) -> None:
    """Fills, equity and every metric are those of the recorded run, minute by minute."""
    theirs = recorded(shared, name).records
    made = recorded_runs.config(shared, name)
    bars, settings = recorded_runs.bars(shared, made), recorded_runs.settings(made)
    result = run(bars, settings)
    ours = of_candles(bars, settings, result)
    validate(ours)
    assert ours.ts_ms[0] == theirs.ts_ms[0] - bars.step_ms  # one sample before the first fill
    shared_ms = np.intersect1d(ours.ts_ms, theirs.ts_ms)
    at, their_at = (np.searchsorted(run.ts_ms, shared_ms) for run in (ours, theirs))
    assert len(shared_ms) == len(theirs.ts_ms)
    assert ours.equity[at] == pytest.approx(theirs.equity[their_at], rel=1e-9)
    assert ours.short[at] == pytest.approx(theirs.short[their_at], rel=1e-9)
    words = [ours.kinds[kind] for kind in ours.fills["kind"]]
    assert words == [theirs.kinds[kind] for kind in theirs.fills["kind"]]
    names = ("drawdown_worst", "loss_profit_ratio", "fees", "trade_count", "held_hours_median")
    assert metrics(ours, names) == pytest.approx(metrics(theirs, names), rel=1e-9)
    hourly = of_candles(bars, settings, result, 60)
    assert hourly.equity[-1] == ours.equity[-1]
    assert len(hourly.ts_ms) < len(ours.ts_ms) // 59
