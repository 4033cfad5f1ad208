"""Backtests that an independent program ran on real candles, as records."""

import csv
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import frozen

from adapters.candles import load
from simulator.metrics import LONG, SHORT, Records, fill_rows, mark
from simulator.metrics.records import Floats, Ints

NAMES = ("long_default", "long_grid_active", "both_one_way", "both_hedge_forager4")
MINUTE_MS = 60_000


@frozen(eq=False)
class Recorded:
    """Their run: its records at each minute, what they printed, and their hourly equity."""

    records: Records
    analysis: dict[str, Any]
    hourly_ms: Ints
    hourly: Floats


@cache
def recorded(shared: Path, name: str) -> Recorded:
    """Read the run *name*; skip the test where it or its candles are not there.

    They name a bar by its opening; here it is known at its close, one minute later.
    """
    folder = shared / "oracle" / "passivbot" / name
    data = shared / "data" / "binance_usdm_1m_2025-05"
    if not folder.is_dir() or not data.is_dir():
        pytest.skip(f"no recorded backtest at {folder} or no candles at {data}")
    config = json.loads((folder / "config.json").read_text())
    symbols, first_ms = tuple(config["symbols"]), int(config["first_ts_ms"])
    hourly = _rows(folder / "equity_hourly.csv.gz")
    hourly_ms = np.array([int(row["timestamp_ms"]) for row in hourly]) + MINUTE_MS
    start_ms, end_ms = int(hourly_ms[0]), first_ms + int(config["minutes"]) * MINUTE_MS
    ts_ms = np.arange(start_ms, end_ms + 1, MINUTE_MS)
    records = _records(
        _rows(folder / "fills.csv.gz"),
        symbols,
        ts_ms,
        _closes(data, symbols, ts_ms),
        float(config["backtest"]["starting_balance"]),
    )
    return Recorded(
        records,
        json.loads((folder / "analysis.json").read_text()),
        hourly_ms,
        np.array([float(row["equity"]) for row in hourly]),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def _closes(data: Path, symbols: tuple[str, ...], ts_ms: Ints) -> Floats:
    """Return the closes at the samples, float64 (samples, symbols)."""
    columns = []
    for symbol in symbols:
        candles = load(data, symbol)
        at = (ts_ms - MINUTE_MS - candles.start_ms) // candles.step_ms
        columns.append(candles.close[at] / 10**candles.price_dp)
    return np.column_stack(columns)


def _records(
    rows: list[dict[str, str]],
    symbols: tuple[str, ...],
    ts_ms: Ints,
    closes: Floats,
    deposit: float,
) -> Records:
    kinds = tuple(sorted({row["type"] for row in rows}))
    fills = fill_rows(len(rows))
    fills["ts_ms"] = [int(row["timestamp_ms"]) + MINUTE_MS for row in rows]
    fills["symbol"] = [symbols.index(row["coin"]) for row in rows]
    fills["side"] = [LONG if row["type"].endswith("long") else SHORT for row in rows]
    fills["kind"] = [kinds.index(row["type"]) for row in rows]
    for ours, theirs in {"price": "price", "qty": "qty", "pnl": "pnl"}.items():
        fills[ours] = [float(row[theirs]) for row in rows]
    fills["fee"] = [-float(row["fee_paid"]) for row in rows]
    fills["position_qty"] = [abs(float(row["psize"])) for row in rows]
    fills["position_price"] = [float(row["pprice"]) for row in rows]
    return mark(symbols, kinds, fills, ts_ms=ts_ms, closes=closes, deposit=deposit)
