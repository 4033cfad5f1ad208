"""The folder of a backtest: what it was run with, what it did, what came of it.

| file | holds |
|---|---|
| `config.json` | the configuration, whole |
| `markets.json` | the terms of the markets |
| `run.json` | versions, a fingerprint of each symbol's bars, the seed, notes |
| `summary.json` | every metric, those weighted by recency, the months |
| `fills`, `trades` | `.parquet` and `.csv`, the same columns |
| `samples.parquet` | equity, balance, exposures, market, P&L of mirrors |
| `report.html` | the page, which needs no network |
| `*.png` | its charts |
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import asdict, field, frozen

from simulator.metrics import (
    LONG,
    METRICS,
    Records,
    metrics,
    months,
    trades,
    validate,
    weighted,
)
from simulator.metrics.records import Ints, Rows

Columns = dict[str, Any]  # arrays, or lists of texts

LIBRARIES: Final = ("hedgeproof", "numpy", "numba", "pyarrow")
WEIGHTED: Final = frozenset({"growth", "risk"})  # groups whose metrics are also told so
TIMES: Final = {"ts_ms": "time", "opened_ms": "opened_at", "closed_ms": "closed_at"}
FILES: Final = frozenset({"config", "markets"})  # of `Provenance`


@frozen(kw_only=True)
class Provenance:
    """What a run can be repeated with, and *notes* on what it left out.

    *config* and *markets* are JSON files, *engine* is what it was told besides, *data* has a
    fingerprint for each symbol.
    """

    title: str
    config: str = field(repr=False)
    markets: str = field(repr=False)
    engine: Mapping[str, str | float] = field(factory=dict[str, str | float])
    data: Mapping[str, str]
    versions: Mapping[str, str]
    seed: int | None = None
    notes: tuple[str, ...] = ()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a result may depend on."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an optional one
            found[name] = "none"
    return found


def write(
    records: Records, run: Provenance, out: Path, *, pictures: bool = True
) -> Iterator[tuple[int, int]]:
    """Write the files of *records* to *out*, and yield (tasks done, tasks) after each.

    Its charts as PNG take longest; without *pictures* they are only on the page.

    Raises:
        RecordError: The records contradict themselves; nothing was written.
    """
    validate(records)
    out.mkdir(parents=True, exist_ok=True)
    for picture in out.glob("*.png"):  # those of symbols may be an earlier run's
        picture.unlink()
    tasks: tuple[Callable[[], object], ...] = (
        lambda: _text(out / "config.json", run.config),
        lambda: _text(out / "markets.json", run.markets),
        lambda: _json(out / "run.json", asdict(run, filter=lambda at, _: at.name not in FILES)),
        lambda: _json(out / "summary.json", summary(records)),
        lambda: _table(out / "fills", fill_columns(records)),
        lambda: _table(out / "trades", trade_columns(records)),
        lambda: _parquet(out / "samples.parquet", sample_columns(records)),
        lambda: _page(records, run, out),
        *((lambda: _pictures(records, out),) if pictures else ()),
    )
    for number, task in enumerate(tasks, start=1):
        task()
        yield number, len(tasks)


def summary(records: Records) -> dict[str, Any]:
    """Return the summary of *records* as JSON values; null is for what is not defined."""
    told = [metric.name for metric in METRICS if metric.group in WEIGHTED]
    return {
        "metrics": metrics(records),
        "weighted": {name: asdict(weighted(records, name)) for name in told},
        "months": [asdict(month) for month in months(records)],
    }


def fill_columns(records: Records) -> Columns:
    """Return the fills as columns by name, a row each."""
    rows = records.fills
    return _columns(records, rows) | {"kind": _names(records.kinds, rows["kind"])}


def trade_columns(records: Records) -> Columns:
    """Return the trades as columns by name, a row each; an open one closes at the end."""
    return _columns(records, trades(records))


def sample_columns(records: Records) -> Columns:
    """Return the samples as columns by name; what was not recorded is not among them."""
    names = ("ts_ms", "equity", "balance", "long", "short", "market", "mirror_pnl")
    given = ((name, getattr(records, name)) for name in names)
    return {name: column for name, column in given if column is not None}


def _columns(records: Records, rows: Rows) -> Columns:
    """Return the columns of *rows* with names in place of numbers."""
    sides = ["LONG" if side == LONG else "SHORT" for side in rows["side"]]
    found: Columns = {name: rows[name] for name in rows.dtype.names or ()}
    return found | {"symbol": _names(records.symbols, rows["symbol"]), "side": sides}


def _names(names: Sequence[str], places: Ints) -> list[str]:
    """Return the names at *places*."""
    return [names[int(place)] for place in places]


def _arrow(columns: Columns) -> Any:  # noqa: ANN401
    """Return *columns* as a table of pyarrow; times are timestamps, UTC."""
    pa = import_module("pyarrow")
    made: dict[str, Any] = {}
    for name, column in columns.items():
        if name in TIMES:
            made[TIMES[name]] = pa.array(np.asarray(column, np.int64), pa.timestamp("ms", tz="UTC"))
        elif isinstance(column, list):
            made[name] = pa.array(column, pa.string())
        else:
            made[name] = pa.array(np.ascontiguousarray(column))
    return pa.table(made)


def _table(stem: Path, columns: Columns) -> None:
    """Write *columns* as Parquet and as CSV."""
    csv = import_module("pyarrow.csv")
    _parquet(stem.with_suffix(".parquet"), columns)
    path, options = stem.with_suffix(".csv"), csv.WriteOptions(quoting_header="none")
    csv.write_csv(_arrow(columns), path, options)


def _parquet(path: Path, columns: Columns) -> None:
    parquet = import_module("pyarrow.parquet")
    parquet.write_table(_arrow(columns), path, compression="zstd")


def _pictures(records: Records, out: Path) -> None:
    from simulator.report.backtest import pngs

    for name, png in pngs(records):
        (out / f"{name}.png").write_bytes(png)


def _page(records: Records, run: Provenance, out: Path) -> None:
    from simulator.report.backtest import html

    facts = {
        "Engine": ", ".join(f"{name} {value}" for name, value in run.engine.items()),
        "Seed": "none" if run.seed is None else str(run.seed),
        "Versions": ", ".join(f"{name} {number}" for name, number in run.versions.items()),
        "Data": ", ".join(f"{name} {digits}" for name, digits in run.data.items()),
    }
    if run.notes:
        facts["Notes"] = "; ".join(run.notes)
    _text(out / "report.html", html(records, run.title, facts))


def _json(path: Path, value: object) -> None:
    _text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
