"""Speed of the compiled candle engine: `python -m tests.benchmarks.engine_candles`.

Whole backtests that an independent program recorded, repeated, on the recorded candles: processor
time, one thread, warm, the fastest of several.  `--compile` also measures a start with nothing
compiled.  HEDGEPROOF_SHARED names the folder of recorded data.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent.parent
REPEATS = 25
MEGA = 1e6
RECORDED = {  # million coin-candles a second, as recorded with the runs, on another machine
    "long_default": 0.79,
    "long_grid_active": 0.51,
    "both_one_way": 0.26,
    "both_hedge_forager4": 0.52,
}
START = """
import json, time
import numpy as np
from simulator.engine.bars import Bars
from simulator.engine.run import run
from tests.simulator.test_engine import LONG_ONLY
imported = time.process_time()
run(Bars(("A",), 0, 60_000, np.full((9, 1, 4), 100.0)), LONG_ONLY)
print(json.dumps([imported, time.process_time() - imported]))
"""


def shared() -> Path:
    """Return the folder of recorded data."""
    return Path(os.environ.get("HEDGEPROOF_SHARED", ROOT.parent / "shared"))


def measure(name: str) -> tuple[int, int, float]:
    """Return the coin-candles and the fills of the run *name*, and its fastest processor time."""
    from simulator.engine.run import run
    from tests.simulator import recorded_runs

    made = recorded_runs.config(shared(), name)
    bars, settings = recorded_runs.bars(shared(), made), recorded_runs.settings(made)
    fills, best = len(run(bars, settings).fills), float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        run(bars, settings)
        best = min(best, time.process_time() - start)
    return bars.values.shape[0] * bars.values.shape[1], fills, best


def start(cache: str = "") -> tuple[float, float]:
    """Return the processor time of a new process: importing, and a run over nine bars."""
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    command = [sys.executable, "-c", START]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    imported, ran = json.loads(done.stdout)
    return imported, ran


def main() -> None:
    """Print the table."""
    console = Console()
    if not (shared() / "oracle/passivbot").is_dir():
        console.print(f"nothing recorded in {shared()}; HEDGEPROOF_SHARED names the folder")
        return
    table = Table("run", "fills", "CPU ms", "M candles/CPU-s", "recorded", "ours : recorded")
    for name, recorded in RECORDED.items():
        candles, fills, seconds = measure(name)
        speed = candles / seconds / MEGA
        table.add_row(
            name,
            f"{fills:,}",
            f"{seconds * 1e3:.1f}",
            f"{speed:.1f}",
            f"{recorded:.2f}",
            f"{speed / recorded:.1f}",
        )
    console.print(table)
    imported, ran = start()
    console.print(f"new process: import {imported:.2f} s, first run {ran:.2f} s, of the processor")
    if "--compile" in sys.argv:
        with tempfile.TemporaryDirectory() as cache:
            imported, ran = start(cache)
        console.print(f"nothing compiled: import {imported:.2f} s, first run {ran:.2f} s")


if __name__ == "__main__":
    main()
