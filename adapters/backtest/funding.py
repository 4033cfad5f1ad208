"""Rates of funding: a file for each symbol, CSV or Parquet, with a time and a rate in each row."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from adapters.candles import DataError
from adapters.market_data.files import FINGERPRINT_DIGITS
from adapters.market_data.times import moment_ms
from adapters.strategy.coins import coin_of
from simulator.engine.strict import Rates

FOLDER = "funding"  # of a folder of candles
TIME, RATE = "time", "rate"
SUFFIXES = (".csv", ".parquet")
SECOND_MS, DAY_MS = 1_000, 86_400_000
EXAMPLE = "give one as in docs/how-to/backtest.md"
Row = tuple[str, str]


def read(folder: Path, symbols: Sequence[str]) -> Mapping[str, Rates]:
    """Return the rates of *symbols* from their files in *folder*.

    Raises:
        DataError: There is no such folder, a symbol has no file, or one cannot be used.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: neither a rate nor a folder; give 0.0001, or a folder of rates")
    found: dict[str, Rates] = {}
    for symbol in symbols:
        names = [f"{name}{end}" for name in (symbol, coin_of(symbol)) for end in SUFFIXES]
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            raise DataError(f"{folder}: no rates of {symbol}; add {names[0]}, or leave it out")
        found[symbol] = _rates(path)
    return found


def _rates(path: Path) -> Rates:
    """Return the rates in the file *path*; venues pay on the second, and write down the ms."""
    try:
        rows = list(_parquet(path) if path.suffix == ".parquet" else _csv(path))
        rates = np.array([float(rate) for _, rate in rows], np.float64)
    except DataError:
        raise
    except (OSError, ValueError, csv.Error, import_module("pyarrow").ArrowException) as error:
        raise DataError(f"{path}: not readable, {error}; {EXAMPLE}") from error
    times = np.array([moment_ms(time) // SECOND_MS * SECOND_MS for time, _ in rows], np.int64)
    if any(later <= time for time, later in pairwise(times)):
        raise DataError(f"{path}: column {TIME} does not rise; sort its rows, and drop doubles")
    if not (abs(rates) < 1.0).all():
        raise DataError(f"{path}: column {RATE} has no fraction; 0.0001 is 0.01 %")
    return Rates(times, rates)


def _csv(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        _check(path, table.fieldnames or ())
        for row in table:
            yield row[TIME] or "", row[RATE] or ""


def _parquet(path: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet file."""
    table: Any = import_module("pyarrow.parquet").read_table(path)
    _check(path, table.column_names)
    times = table.column(TIME).cast("int64").to_pylist()
    for time, rate in zip(times, table.column(RATE).to_pylist(), strict=True):
        yield str(time), str(rate)


def _check(path: Path, names: Sequence[str]) -> None:
    """Check that both columns are there."""
    for name in (TIME, RATE):
        if name not in names:
            raise DataError(f"{path}: column {name} is missing; {EXAMPLE}")


def notes(rates: Mapping[str, Rates], from_ms: int, to_ms: int) -> Iterator[str]:
    """Yield which symbols have no *rates* for a part of a run."""
    short = [
        symbol
        for symbol, (times, _) in rates.items()
        if not len(times) or times[0] > from_ms + DAY_MS or times[-1] < to_ms - DAY_MS
    ]
    if short:
        yield f"rates of funding for a part of the run only: {', '.join(short)}"


def fingerprint(rates: Mapping[str, Rates]) -> str:
    """Return hexadecimal digits that tell these rates from others."""
    digest = sha256()
    for symbol, (times, fractions) in sorted(rates.items()):
        digest.update(symbol.encode())
        digest.update(times.astype("<i8").tobytes() + fractions.astype("<f8").tobytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]
