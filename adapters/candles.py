"""Candles from and to Parquet files; docs/reference/candles.md has the format."""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from simulator.candles import COLUMNS, CandleError, Candles, Ints, utc, validate

TIME = "ts_ms"
_NUMBERS_MIN = {"price_dp": 0, "volume_dp": 0, "step_ms": 1}
_TEXTS = ("symbol", "venue")


class DataError(ValueError):
    """A data file cannot be used; the message names the file, what is wrong in it and the fix."""


def symbols(folder: Path) -> tuple[str, ...]:
    """Return what `load` finds in *folder*: the names of its Parquet files, sorted.

    Raises:
        DataError: There is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the one that holds the Parquet files")
    return tuple(sorted(path.stem for path in folder.glob("*.parquet")))


def load(folder: Path, symbol: str) -> Candles:
    """Read `<folder>/<symbol>.parquet`; *symbol* is the whole stem, as in ETHUSDT_2023-10.

    Raises:
        DataError: No such file, or not Parquet, or a column or a metadata key is missing or of
            the wrong type, or bars are missing, doubled, out of order or contradict themselves.
    """
    path = _path(folder, symbol)
    pa, parquet = _arrow()
    try:
        with parquet.ParquetFile(path, memory_map=True) as file:
            metadata = _metadata(path, file.schema_arrow)
            columns: dict[str, Any] = {n: _column(path, file, n) for n in (TIME, *COLUMNS)}
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not readable, {error}; write it again") from error
    times = columns.pop(TIME)
    _check_times(path, times, metadata["step_ms"])
    candles = Candles(start_ms=int(times[0]), **metadata, **columns)
    try:
        validate(candles)
    except CandleError as error:
        raise DataError(f"{path}: {error}") from error
    return candles


def span(folder: Path, symbol: str) -> tuple[int, int, int]:
    """Return when the first bar of `<folder>/<symbol>.parquet` opens, how many there are, the step.

    Unix ms, bars and ms.  Only the head of the file is read: `load` says whether the rest is sound.

    Raises:
        DataError: No such file, or not Parquet, or a column or a metadata key is missing or of
            the wrong type, or there are no bars.
    """
    path = _path(folder, symbol)
    pa, parquet = _arrow()
    try:
        with parquet.ParquetFile(path, memory_map=True) as file:
            step_ms: int = _metadata(path, file.schema_arrow)["step_ms"]
            first = next(file.iter_batches(batch_size=1, columns=[TIME], use_threads=False), None)
            bars: int = file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not readable, {error}; write it again") from error
    if first is None or not bars:
        raise DataError(f"{path}: no bars; write at least one")
    return first.column(0)[0].as_py(), bars, step_ms


def save(candles: Candles, folder: Path) -> Path:
    """Write *candles* to `<folder>/<symbol>.parquet`, over what was there, and return the path.

    Raises:
        CandleError: *candles* contradict themselves; nothing was written.
        DataError: The symbol cannot be the name of a file.
    """
    validate(candles)
    path = folder / f"{candles.symbol}.parquet"
    if path.parent != folder or not candles.symbol:
        raise DataError(f"{candles.symbol!r} cannot name a file; take one like BTCUSDT")
    times = candles.start_ms + candles.step_ms * np.arange(len(candles), dtype=np.int64)
    columns = {TIME: times} | {name: getattr(candles, name) for name in COLUMNS}
    metadata = {name: str(getattr(candles, name)) for name in (*_NUMBERS_MIN, *_TEXTS)}
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{candles.symbol}.part"  # a reader never sees half a file
    pa, parquet = _arrow()
    parquet.write_table(
        pa.table(columns, metadata=metadata),
        part,
        compression="zstd",
        use_dictionary=False,
        column_encoding=dict.fromkeys(columns, "DELTA_BINARY_PACKED"),
    )
    return part.replace(path)


def _arrow() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet module: slow to import, and not typed."""
    return import_module("pyarrow"), import_module("pyarrow.parquet")


def _path(folder: Path, symbol: str) -> Path:
    """Return the file of *symbol*, or say which symbols there are."""
    known = symbols(folder)
    if symbol in known:
        return folder / f"{symbol}.parquet"
    if not known:
        raise DataError(f"{folder}: holds no .parquet file; see docs/reference/candles.md")
    near = get_close_matches(symbol.upper(), known, cutoff=0.5) or known[:3]
    raise DataError(
        f"{folder}: no {symbol}.parquet; the nearest of {len(known)}: {', '.join(near)}"
    )


def _metadata(path: Path, schema: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the fields of `Candles` that are metadata of *schema*, and check its columns."""
    for name in (TIME, *COLUMNS):
        if name not in schema.names:
            raise DataError(f"{path}: column {name} is missing; it has {', '.join(schema.names)}")
        if (kind := str(schema.field(name).type)) != "int64":
            raise DataError(f"{path}: column {name} is {kind}; write whole units as int64")
    raw: dict[bytes, bytes] = schema.metadata or {}
    found = {
        key.decode(errors="replace"): text.decode(errors="replace") for key, text in raw.items()
    }
    for name in (*_TEXTS, *_NUMBERS_MIN):
        if name not in found:
            raise DataError(f"{path}: metadata {name} is missing; add it to the schema")
    for name, least in _NUMBERS_MIN.items():
        if not (text := found[name]).isdecimal() or int(text) < least:
            raise DataError(f"{path}: metadata {name} is {text!r}; write an integer >= {least}")
    return {n: found[n] for n in _TEXTS} | {n: int(found[n]) for n in _NUMBERS_MIN}


def _column(path: Path, file: Any, name: str) -> Ints:  # noqa: ANN401
    """Return one column, int64 (bars,): one at a time on this thread needs the least memory."""
    column = file.read(columns=[name], use_threads=False).column(0)
    if column.null_count:
        raise DataError(f"{path}: column {name} has {column.null_count} nulls; fill or cut them")
    values: Ints = column.to_numpy()
    return values


def _check_times(path: Path, times: Ints, step_ms: int) -> None:
    """Check that bars open *step_ms* apart, without exception."""
    if len(times) == 0:
        raise DataError(f"{path}: no bars; write at least one")
    wrong = np.diff(times) != step_ms
    if not wrong.any():
        return
    row = int(wrong.argmax())
    before, after = int(times[row]), int(times[row + 1])
    missing, odd = divmod(after - before, step_ms)
    if after == before:
        what = f"row {row + 1} repeats {utc(after)}; drop one of the two"
    elif after < before:
        what = f"row {row + 1} goes back from {utc(before)} to {utc(after)}; sort by {TIME}"
    elif odd:
        what = (
            f"row {row + 1} opens {after - before} ms after {utc(before)}; the step is {step_ms} ms"
        )
    else:
        what = f"gap of {missing - 1} bars after {utc(before)}; fill or cut the file"
    raise DataError(f"{path}: column {TIME}: {what}")
