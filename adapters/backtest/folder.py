"""Folders that `report.write` has written, read again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen

from adapters.candles import DataError
from adapters.strategy.keys import Json
from adapters.strategy.text import written
from simulator.metrics.records import Floats, Ints
from simulator.report.compare import Compared

SAMPLES = ("equity", "long", "short")


@frozen(kw_only=True, eq=False)
class Folder:
    """A run, and what it was *given* by name: fingerprints of bars, markets, keys, versions."""

    run: Compared
    given: Mapping[str, str] = field(repr=False)


def read(folder: Path, name: str) -> Folder:
    """Return the run in *folder*, called *name*.

    Raises:
        DataError: It is not the folder of a backtest.
    """
    about = _json(folder, "run.json")
    ts_ms, samples = _samples(folder)
    metrics = _json(folder, "summary.json")["metrics"]
    parts = {
        "engine": about["engine"],
        "data": about["data"],
        "markets": _json(folder, "markets.json"),
        "config": _json(folder, "config.json"),
        "versions": about["versions"],
    }
    given = dict(pair for part, value in parts.items() for pair in _flat(value, part))
    return Folder(run=Compared(name=name, metrics=metrics, ts_ms=ts_ms, **samples), given=given)


def _json(folder: Path, name: str) -> Any:  # noqa: ANN401
    """Return the object in a file of *folder*."""
    path = folder / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not JSON"
        raise DataError(f"{path}: {why}; give a folder that `backtest` has written") from error


def _samples(folder: Path) -> tuple[Ints, dict[str, Floats]]:
    """Return the moments of the samples, Unix ms, and the samples."""
    pa, path = import_module("pyarrow"), folder / "samples.parquet"
    try:
        table = import_module("pyarrow.parquet").read_table(path, columns=["time", *SAMPLES])
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable; run the backtest again") from error
    times = table.column("time").cast("int64").to_numpy()
    return times, {name: np.asarray(table.column(name), np.float64) for name in SAMPLES}


def _flat(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Yield the values in *value* by path, as JSON."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}")
    else:
        yield path, written(value)


def differences(folders: Sequence[Folder]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what the runs were not given alike: a name, and the value of each, "" for none."""
    for name in dict.fromkeys(name for folder in folders for name in folder.given):
        values = tuple(folder.given.get(name, "") for folder in folders)
        if len(set(values)) > 1:
            yield name, values


def names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Return a name for each of *folders*: as much of its end as tells it from the others.

    >>> names([Path("a/one"), Path("a/two")]), names([Path("a/run"), Path("b/run")])
    (('one', 'two'), ('a/run', 'b/run'))
    """
    parts = [folder.resolve().parts for folder in folders]
    depth = 1
    while len({each[-depth:] for each in parts}) < len(set(parts)):
        depth += 1
    return tuple("/".join(each[-depth:]) for each in parts)
