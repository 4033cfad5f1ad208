"""Readers of files from elsewhere: CSV, Parquet, feather, NumPy."""

import csv
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from adapters.candles import TIME, DataError
from adapters.market_data import exact, times
from adapters.market_data.exact import Exact, Unusable
from adapters.market_data.table import FIELDS, Layout, Table
from simulator.candles import DP_MAX, Ints

Told = Callable[[int], None]
_TELL_EACH = 16_384
_COMMENT = "#"
_STRUCTURED = 2  # dimensions of an array whose columns have no names


def files(path: Path) -> list[Path]:
    """Return *path*, or the files in the folder *path* that can be read, sorted by name.

    Raises:
        DataError: There is nothing there.
    """
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in _READERS)
    if not found:
        raise DataError(f"{path}: holds no {', '.join(_READERS)} file")
    return found


def read(path: Path, layout: Layout, told: Told = lambda _: None) -> Table:
    """Read one file; *told* is given the number of rows as they are read.

    Raises:
        DataError: It cannot be read, or a column or a value in it cannot be used.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: give a file that ends in {', '.join(_READERS)}")
    try:
        table = reader(path, layout, told)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not readable, {error}") from error
    if not len(table):
        raise DataError(f"{path}: no rows")
    told(len(table))
    return table


def _read_csv(path: Path, layout: Layout, told: Told) -> Table:
    """Read text: names in the first row or none, comma, semicolon or tab, `#` lines on top."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        skipped, first = _first_line(file)
        if not first.strip():
            raise DataError(f"{path}: no rows")
        delimiter = max(",;\t", key=first.count)
        theirs = next(csv.reader([first], delimiter=delimiter), list[str]())
        named = not _is_number(theirs[0]) if theirs else False
        index = layout.indices(path, len(theirs)) if not named else _named(path, layout, theirs)
        rows = csv.reader(file, delimiter=delimiter)
        numbered = _numbered([] if named else theirs, rows, skipped)
        return _collect(path, index, numbered, told)


def _first_line(file: TextIO) -> tuple[int, str]:
    """Return the number of the first line that is no comment, and the line."""
    for number, line in enumerate(iter(file.readline, ""), 1):
        if not line.startswith(_COMMENT):
            return number, line
    return 0, ""


def _is_number(text: str) -> bool:
    """Tell whether *text* starts a row of values rather than of names."""
    return text.strip()[:1].isdecimal()


def _named(path: Path, layout: Layout, theirs: list[str]) -> dict[str, int]:
    """Return the index of each of our columns in a file with names."""
    clean = [name.strip() for name in theirs]
    return {ours: clean.index(name) for ours, name in layout.names(path, clean).items()}


def _numbered(
    first: list[str],
    rows: Any,  # noqa: ANN401  # the type that csv returns has no public name
    skipped: int,
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line of each row, and the row: *first*, if there is one, and *rows*."""
    if first:
        yield skipped, first
    for row in rows:
        yield skipped + rows.line_num, row


def _collect(
    path: Path, index: dict[str, int], rows: Iterator[tuple[int, list[str]]], told: Told
) -> Table:
    """Return the table of *rows*, each with its line."""
    columns = {name: exact.Column() for name in FIELDS if name != TIME}
    width, texts, lines = max(index.values()) + 1, list[str](), list[int]()
    for line, row in rows:
        if not row:
            continue
        if len(row) < width:
            raise DataError(f"{path}: line {line} has {len(row)} of {width} columns; mend it")
        for name, column in columns.items():
            text = row[index[name]]
            try:
                column.append(text)
            except Unusable as error:
                raise DataError(f"{path}: line {line}: {name} {text!r} {error.why}") from error
        texts.append(row[index[TIME]])
        lines.append(line)
        if len(lines) % _TELL_EACH == 0:
            told(len(lines))
    try:
        opened = _text_times(texts)
    except Unusable as error:
        where = f"{path}: line {lines[error.row]}"
        raise DataError(f"{where}: time {error.value!r} {error.why}") from error
    done = {name: column.exact() for name, column in columns.items()}
    return Table(path, opened, done, np.array(lines, np.int64))


def _text_times(texts: list[str]) -> Ints:
    """Return the times that *texts* say: all numbers, or all dates."""
    if texts and not any(mark in texts[0] for mark in "-:/"):
        return times.from_numbers(exact.from_texts(texts).units(0))
    return np.array([times.from_text(text, row) for row, text in enumerate(texts)], np.int64)


def _read_parquet(path: Path, layout: Layout, _: Told) -> Table:
    """Read Parquet: our own files, or whatever has the columns."""
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    try:
        return _arrow(path, layout, parquet.read_table(path, use_threads=False))
    except pa.ArrowException as error:
        raise DataError(f"{path}: not readable, {error}") from error


def _read_feather(path: Path, layout: Layout, _: Told) -> Table:
    """Read feather, which is Arrow in a file."""
    pa, feather = import_module("pyarrow"), import_module("pyarrow.feather")
    try:
        return _arrow(path, layout, feather.read_table(path, use_threads=False))
    except pa.ArrowException as error:
        raise DataError(f"{path}: not readable, {error}") from error


def _arrow(path: Path, layout: Layout, table: Any) -> Table:  # noqa: ANN401  # pyarrow is not typed
    """Return the columns of the Arrow *table*."""
    raw: dict[bytes, bytes] = table.schema.metadata or {}
    metadata = {key.decode(errors="replace"): raw[key].decode(errors="replace") for key in raw}
    found = dict[str, Exact]()
    opened = np.zeros(0, np.int64)
    for name, theirs in layout.names(path, table.column_names).items():
        column = table.column(theirs)
        if column.null_count:
            row = column.is_null().to_numpy().argmax()
            raise DataError(f"{path}: row {row}: {theirs} is null; drop the row or fill it")
        try:
            if name == TIME:
                opened = _arrow_times(column)
            else:
                found[name] = _arrow_numbers(column, metadata, name)
        except Unusable as error:
            where = f"{path}: row {error.row}"
            raise DataError(f"{where}: {theirs} {error.value} {error.why}") from error
    return Table(path, opened, found, metadata=metadata)


def _arrow_times(column: Any) -> Ints:  # noqa: ANN401
    """Return the times of an Arrow column: timestamps, dates, numbers or text."""
    kind = str(column.type)
    if kind.startswith(("timestamp", "date")):
        stamps: Ints = column.to_numpy().astype("datetime64[ns]").astype(np.int64)
        rest = stamps % 1_000_000 != 0
        if rest.any():
            row = int(rest.argmax())
            raise Unusable(row, str(column[row]), "is not a whole number of ms")
        ms: Ints = stamps // 1_000_000
        return ms
    if "string" in kind:
        return _text_times(column.to_pylist())
    return times.from_numbers(column.to_numpy())


def _arrow_numbers(column: Any, metadata: dict[str, str], name: str) -> Exact:  # noqa: ANN401
    """Return the numbers of an Arrow column: decimals, text, floats or, as ours, units."""
    kind = str(column.type)
    if kind.startswith(("float", "double", "halffloat")):
        return exact.from_floats(column.to_numpy())
    if kind.startswith(("int", "uint")):
        dp = metadata.get("volume_dp" if name == "volume" else "price_dp", "0")
        ours = dp.isdecimal() and int(dp) <= DP_MAX and column.type.bit_width == 64  # noqa: PLR2004
        return exact.from_units(column.to_numpy().astype(np.int64), int(dp) if ours else 0)
    return exact.from_texts(str(value) for value in column.to_pylist())


def _read_npy(path: Path, layout: Layout, _: Told) -> Table:
    """Read one NumPy array: rows of six or more numbers, or records with names."""
    try:
        values: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise DataError(f"{path}: not readable, {error}") from error
    if values.dtype.names:
        names = layout.names(path, values.dtype.names)
        raw = {ours: values[theirs] for ours, theirs in names.items()}
    elif values.ndim == _STRUCTURED:
        index = layout.indices(path, values.shape[1])
        raw = {ours: values[:, at] for ours, at in index.items()}
    else:
        raise DataError(f"{path}: shape {values.shape}; save rows of time, prices and volume")
    found = dict[str, Exact]()
    for name, column in raw.items():
        try:
            found[name] = (
                _numbers(column) if name != TIME else exact.from_units(times.from_numbers(column))
            )
        except Unusable as error:
            raise DataError(f"{path}: row {error.row}: {name} {error.value} {error.why}") from error
    return Table(path, found.pop(TIME).whole, found)


def _numbers(column: npt.NDArray[Any]) -> Exact:
    """Return the numbers of one column of an array."""
    if column.dtype.kind == "f":
        return exact.from_floats(column)
    return exact.from_units(column.astype(np.int64))


_READERS: dict[str, Callable[[Path, Layout, Told], Table]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".feather": _read_feather,
    ".npy": _read_npy,
}
