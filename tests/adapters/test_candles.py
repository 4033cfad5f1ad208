"""Candle files: what is written is what is read, and what cannot be used is named."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from adapters.candles import DataError, load, save, symbols
from simulator.candles import COLUMNS, CandleError, Candles
from simulator.synthetic import market

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("HEDGEPROOF_SHARED", ROOT.parent / "shared")) / "data"
MINUTE_MS = 60_000
START_MS = 1_746_613_860_000  # 2025-05-07 10:31 UTC
BARS = 20

Table = dict[str, Any]
Metadata = dict[str, str]


def good() -> tuple[Table, Metadata]:
    candles = market(1, BARS)
    table: Table = {"ts_ms": START_MS + MINUTE_MS * np.arange(BARS)}
    table |= {name: getattr(candles, name).copy() for name in COLUMNS}
    metadata = {"symbol": "BTCUSDT", "venue": "test", "step_ms": "60000"}
    return table, metadata | {"price_dp": "2", "volume_dp": "3"}


def write(folder: Path, table: Table, metadata: Metadata, stem: str = "BTCUSDT") -> None:
    parquet.write_table(pa.table(table, metadata=metadata), folder / f"{stem}.parquet")


def refused(folder: Path, symbol: str = "BTCUSDT") -> str:
    with pytest.raises(DataError) as caught:
        load(folder, symbol)
    return str(caught.value)


def same(one: Candles, other: Candles) -> bool:
    texts = ("symbol", "venue", "start_ms", "step_ms", "price_dp", "volume_dp")
    return all(getattr(one, name) == getattr(other, name) for name in texts) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS
    )


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    """A round trip keeps every field, and makes the folder where there is none."""
    candles = market(2, 1_000, symbol="ETHUSDT")
    folder = tmp_path / "new" / "folder"
    assert save(candles, folder) == folder / "ETHUSDT.parquet"
    assert same(load(folder, "ETHUSDT"), candles)
    assert [path.name for path in folder.iterdir()] == ["ETHUSDT.parquet"]


def test_the_columns_are_int64(tmp_path: Path) -> None:
    """Readers need no conversion."""
    save(market(2, 10), tmp_path)
    assert all(getattr(load(tmp_path, "SYNTH"), name).dtype == np.int64 for name in COLUMNS)


def test_row_groups_do_not_matter(tmp_path: Path) -> None:
    """A file written in pieces is read as one."""
    table, metadata = good()
    pieces = pa.table(table, metadata=metadata)
    parquet.write_table(pieces, tmp_path / "BTCUSDT.parquet", row_group_size=7)
    assert load(tmp_path, "BTCUSDT").close.tolist() == table["close"].tolist()


def test_the_symbol_is_the_stem_of_the_file(tmp_path: Path) -> None:
    """A folder may hold several windows of one market; the metadata name the market."""
    table, metadata = good()
    for stem in ("BTCUSDT_2025-05", "BTCUSDT_2025-04"):
        write(tmp_path, table, metadata, stem)
    assert symbols(tmp_path) == ("BTCUSDT_2025-04", "BTCUSDT_2025-05")
    assert load(tmp_path, "BTCUSDT_2025-05").symbol == "BTCUSDT"


def test_an_unknown_symbol_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """The message lists what is there, whatever the case of what was asked."""
    for symbol in ("BTCUSDT", "BCHUSDT", "ETHUSDT_2023-10", "XMRBUSD"):
        save(market(1, 5, symbol=symbol), tmp_path)
    assert "no btcusd.parquet; the nearest of 4: BTCUSDT" in refused(tmp_path, "btcusd")
    assert "ETHUSDT_2023-10" in refused(tmp_path, "ETHUSDT")
    assert "the nearest of 4: BCHUSDT, BTCUSDT, ETHUSDT_2023-10" in refused(tmp_path, "@")
    assert "no ../BTCUSDT.parquet" in refused(tmp_path, "../BTCUSDT")


def test_a_folder_without_files_is_named(tmp_path: Path) -> None:
    """No folder and an empty one are two mistakes."""
    assert "no such folder" in refused(tmp_path / "absent")
    assert "holds no .parquet file" in refused(tmp_path)


def drop(name: str) -> Callable[[Table], object]:
    return lambda table: table.pop(name)


def put(name: str, row: int, value: int) -> Callable[[Table], object]:
    return lambda table: table[name].__setitem__(row, value)


def cut(*rows: int) -> Callable[[Table], object]:
    return lambda table: table.update({n: np.delete(c, rows) for n, c in table.items()})


def as_type(name: str, dtype: str) -> Callable[[Table], object]:
    return lambda table: table.update({name: table[name].astype(dtype)})


def null(name: str) -> Callable[[Table], object]:
    return lambda table: table.update({name: pa.array([None, *table[name][1:].tolist()])})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop("close"), "column close is missing; it has ts_ms, open, high, low, volume"),
        (drop("ts_ms"), "column ts_ms is missing"),
        (as_type("open", "f8"), "column open is double; write whole units as int64"),
        (as_type("volume", "i4"), "column volume is int32"),
        (null("volume"), "column volume has 1 nulls; fill or cut them"),
        (cut(*range(BARS)), "no bars; write at least one"),
        (cut(4, 5, 6), "column ts_ms: gap of 3 bars after 2025-05-07 10:34 UTC; fill or cut"),
        (put("ts_ms", 1, START_MS), "row 1 repeats 2025-05-07 10:31 UTC; drop one of the two"),
        (
            put("ts_ms", 2, START_MS),
            "row 2 goes back from 2025-05-07 10:32 UTC to 2025-05-07 10:31 UTC; sort by ts_ms",
        ),
        (put("ts_ms", 1, START_MS + 90_000), "row 1 opens 90000 ms after 2025-05-07 10:31 UTC"),
        (put("low", 3, 0), "BTCUSDT: bar 3 (2025-05-07 10:34 UTC): low 0 is not positive"),
        (put("high", 3, 1), "BTCUSDT: bar 3 (2025-05-07 10:34 UTC): high 1 is below"),
        (put("volume", 0, -5), "BTCUSDT: bar 0 (2025-05-07 10:31 UTC): volume -5 is negative"),
    ],
)
def test_a_damaged_table_is_refused(
    tmp_path: Path, damage: Callable[[Table], object], message: str
) -> None:
    """The message names the file, the column, the row or time, the value and the fix."""
    table, metadata = good()
    damage(table)
    write(tmp_path, table, metadata)
    assert refused(tmp_path).startswith(f"{tmp_path / 'BTCUSDT.parquet'}: ")
    assert message in refused(tmp_path)


@pytest.mark.parametrize("key", ["symbol", "venue", "step_ms", "price_dp", "volume_dp"])
def test_all_metadata_are_required(tmp_path: Path, key: str) -> None:
    """Without them the integers have no unit."""
    table, metadata = good()
    del metadata[key]
    write(tmp_path, table, metadata)
    assert f"metadata {key} is missing; add it to the schema" in refused(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("price_dp", "two", "metadata price_dp is 'two'; write an integer >= 0"),
        ("volume_dp", "-1", "metadata volume_dp is '-1'; write an integer >= 0"),
        ("step_ms", "0", "metadata step_ms is '0'; write an integer >= 1"),
        ("price_dp", "19", "price_dp 19 is outside 0..18"),
    ],
)
def test_metadata_must_be_sensible(tmp_path: Path, key: str, value: str, message: str) -> None:
    """A unit that cannot be meant is refused before it is used."""
    table, metadata = good()
    write(tmp_path, table, metadata | {key: value})
    assert message in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"ts_ms,open\n", b"PAR1" + 40 * b"\0" + b"PAR1"])
def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    """What the reader says is passed on with the name of the file."""
    (tmp_path / "BTCUSDT.parquet").write_bytes(content)
    assert f"{tmp_path / 'BTCUSDT.parquet'}: not readable, " in refused(tmp_path)


def test_bad_candles_are_not_written(tmp_path: Path) -> None:
    """A file in the folder is always a good one."""
    candles = market(1, 5)
    candles.volume[2] = -1
    with pytest.raises(CandleError, match="volume -1"):
        save(candles, tmp_path)
    for symbol in ("BTC/USDT", "", "../BTCUSDT"):
        with pytest.raises(DataError, match="cannot name a file"):
            save(market(1, 5, symbol=symbol), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_example_in_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows code that works."""
    page = (ROOT / "docs" / "reference" / "candles.md").read_text()
    script = tmp_path / "example.py"
    script.write_text(page.split("```python\n")[1].split("```")[0])
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script))
    assert symbols(tmp_path / "candles") == ("BTCUSDT",)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see the peak")
def test_a_month_of_minutes_is_loaded_in_little_memory(tmp_path: Path) -> None:
    """The peak of a process that loads 43,200 bars leaves room below 180 MB for the rest."""
    save(market(1, 43_200), tmp_path)
    program = (
        "import re, sys; from pathlib import Path; from adapters.candles import load;"
        "assert len(load(Path(sys.argv[1]), 'SYNTH')) == 43200;"
        "print(re.search('VmHWM:(.*)kB', Path('/proc/self/status').read_text())[1])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, str(tmp_path)]
    answer = subprocess.run(command, env=environment, capture_output=True, check=True)  # noqa: S603
    assert int(answer.stdout) < 110_000


@pytest.mark.skipif(not REAL.is_dir(), reason="no recorded candles: set HEDGEPROOF_SHARED")
@pytest.mark.parametrize(
    ("folder", "count", "step_ms"),
    [
        ("binance_usdm_1m_2025-05", 16, 60_000),
        ("binance_usdm_5m_2025-03", 14, 300_000),
        ("bybit_linear_1m", 4, 60_000),
    ],
)
def test_recorded_candles_load(folder: str, count: int, step_ms: int) -> None:
    """Every file recorded on an exchange passes every check."""
    names = symbols(REAL / folder)
    assert len(names) == count
    for name in names:
        assert load(REAL / folder, name).step_ms == step_ms
