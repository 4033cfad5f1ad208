"""Files from elsewhere become candle files, row by row exact, or one clear refusal."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from attrs import evolve
from pyarrow import feather, parquet

from adapters.candles import DataError, load, save
from adapters.market_data.conversion import Target, converted
from adapters.market_data.files import fingerprint
from adapters.market_data.readers import files, read
from adapters.market_data.table import Layout
from simulator.candles import COLUMNS, Candles
from simulator.synthetic import market

BARS = 40
TARGET = Target(symbol="SYNTH", venue="synthetic")
LAYOUT = Layout()
CANDLES = market(3, BARS)


def texts(candles: Candles) -> list[list[str]]:
    """Return the rows of *candles* as an exchange would write them."""
    return [
        [str(candles.start_ms + row * candles.step_ms)]
        + [
            f"{Decimal(int(getattr(candles, name)[row])).scaleb(-dp):f}"
            for name in COLUMNS
            for dp in [candles.volume_dp if name == "volume" else candles.price_dp]
        ]
        for row in range(len(candles))
    ]


ROWS = texts(CANDLES)


def write_csv(
    path: Path, rows: list[list[str]], head: str = "time,open,high,low,close,volume"
) -> Path:
    path.write_text("\n".join([*([head] if head else []), *(",".join(row) for row in rows)]) + "\n")
    return path


def floats() -> dict[str, Any]:
    columns = list(zip(*ROWS, strict=True))
    numbers = {
        n: np.array([float(x) for x in c]) for n, c in zip(COLUMNS, columns[1:], strict=True)
    }
    return {"date": np.array([int(x) for x in columns[0]]).astype("datetime64[ms]")} | numbers


def as_csv(folder: Path) -> Path:
    return write_csv(folder / "bars.csv", ROWS)


def as_csv_without_names(folder: Path) -> Path:
    return write_csv(folder / "bars.csv", [[*row, "0", "ignored"] for row in ROWS], "")


def as_other_csv(folder: Path) -> Path:
    path = folder / "bars.csv"
    body = "\n".join(";".join([*row[1:], row[0]]) for row in ROWS)
    path.write_text(
        f"# from somewhere\n# else\nOpen;High;Low;Close;Volume;Open time\n{body}\n", "utf-8-sig"
    )
    return path


def as_feather(folder: Path) -> Path:
    feather.write_feather(pa.table(floats()), str(folder / "bars.feather"))
    return folder / "bars.feather"


def as_parquet(folder: Path) -> Path:
    parquet.write_table(pa.table(floats()), folder / "bars.parquet")
    return folder / "bars.parquet"


def as_decimals(folder: Path) -> Path:
    table: dict[str, Any] = {
        n: pa.array([Decimal(str(x)) for x in c]) for n, c in floats().items() if n != "date"
    }
    parquet.write_table(
        pa.table(table | {"timestamp": [row[0] for row in ROWS]}), folder / "bars.parquet"
    )
    return folder / "bars.parquet"


def as_ours(folder: Path) -> Path:
    return save(CANDLES, folder)


def as_npy(folder: Path) -> Path:
    np.save(folder / "bars.npy", np.array(ROWS, np.float64))
    return folder / "bars.npy"


def as_records(folder: Path) -> Path:
    kinds = [("ts", "i8"), ("o", "f8"), ("h", "f8"), ("l", "f8"), ("c", "f8"), ("bv", "f8")]
    np.save(folder / "bars.npy", np.array([tuple(map(float, row)) for row in ROWS], kinds))
    return folder / "bars.npy"


def as_day_files(folder: Path) -> Path:
    rows = np.array(ROWS, np.float64)
    for day, part in enumerate(np.array_split(rows, 3)):
        np.save(folder / f"2025-01-0{day + 1}.npy", part)
    return folder


@pytest.mark.parametrize(
    "written",
    [as_csv, as_csv_without_names, as_other_csv, as_feather, as_parquet, as_decimals, as_ours,
     as_npy, as_records, as_day_files],
)  # fmt: skip
def test_every_format_gives_the_same_candles(
    tmp_path: Path, written: Callable[[Path], Path]
) -> None:
    """The bars do not depend on what they were stored in, to the last digit."""
    tables = [read(path, LAYOUT) for path in files(written(tmp_path))]
    candles, notes = converted(tables, evolve(TARGET, price_dp=2, volume_dp=3))
    assert fingerprint(candles) == fingerprint(evolve(CANDLES, symbol="SYNTH", venue="synthetic"))
    assert notes == []
    save(candles, tmp_path / "out")
    assert fingerprint(load(tmp_path / "out", "SYNTH")) == fingerprint(candles)


def refused(tmp_path: Path, rows: list[list[str]], target: Target = TARGET) -> str:
    path = write_csv(tmp_path / "bars.csv", rows)
    with pytest.raises(DataError) as caught:
        converted([read(path, LAYOUT)], target)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def damaged(row: int, column: int, text: str) -> list[list[str]]:
    rows = [list(each) for each in ROWS]
    rows[row][column] = text
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (damaged(3, 1, "12,5"), "line 5: open '12,5' is not a number"),
        (damaged(3, 2, "nan"), "line 5: high 'nan' is not a number; drop the row"),
        (damaged(3, 0, "soon"), "line 5: time 'soon' is not a number"),
        (damaged(0, 0, "2025-13-01"), "line 2: time '2025-13-01' is no time"),
        (damaged(3, 3, "0"), "line 5: 2025-01-01 00:03 UTC low 0"),
        (damaged(3, 2, "0.5"), "is below the open or the close; mend it"),
        (damaged(3, 5, "-1"), "volume -1.000 is negative"),
        ([*ROWS[:5], ["1", "2"], *ROWS[6:]], "line 7 has 2 of 6 columns; mend it"),
        ([], "no rows"),
        (ROWS[:1], "one bar tells no step; say --step 1m"),
        (damaged(7, 0, str(int(ROWS[7][0]) + 1)), "is 60001 ms after the bar before"),
        ([*ROWS[:9], *ROWS[12:]], "line 11: gap of 3 bars after 2025-01-01 00:08 UTC; --fill 3"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, rows: list[list[str]], message: str) -> None:
    """The message has the file, the line, the column, the value and the fix."""
    quoted = [[f'"{text}"' for text in row] for row in rows]
    assert message in refused(tmp_path, quoted)


def test_a_refused_gap_names_the_longest_run_without(tmp_path: Path) -> None:
    """What is said to work, works."""
    path = write_csv(tmp_path / "bars.csv", [*ROWS[:9], *ROWS[12:]])
    message = refused(tmp_path, [*ROWS[:9], *ROWS[12:]])
    assert '--from "2025-01-01 00:12" --to "2025-01-01 00:40" (28 bars)' in message
    start, end = CANDLES.start_ms + 12 * 60_000, CANDLES.end_ms
    candles, _ = converted([read(path, LAYOUT)], evolve(TARGET, from_ms=start, to_ms=end))
    assert candles.close.tolist() == CANDLES.close[12:].tolist()


def test_decimals_too_few_for_a_value_are_refused(tmp_path: Path) -> None:
    """Nothing is rounded; the message says how many decimals do."""
    message = refused(tmp_path, damaged(5, 4, ROWS[5][4] + "001"), evolve(TARGET, price_dp=2))
    assert message.startswith("line 7: close ")
    assert "has more than 2 decimals; ask for 5, or mend the source" in message
    with pytest.raises(DataError, match="price decimals 19: give 0 to 18"):
        converted([read(as_csv(tmp_path), LAYOUT)], evolve(TARGET, price_dp=19))


def test_a_float_that_is_no_decimal_is_named(tmp_path: Path) -> None:
    """Binary noise is told with its row, in every binary format."""
    rows = np.array(ROWS, np.float64)
    rows[4, 5] = 0.1 + 0.2
    np.save(tmp_path / "a.npy", rows)
    table = floats()
    table["volume"][4] = 0.1 + 0.2
    feather.write_feather(pa.table(table), str(tmp_path / "a.feather"))
    for name in ("a.npy", "a.feather"):
        with pytest.raises(DataError, match=f"{name}: row 4: volume 0.30000000000000004 is no dec"):
            read(tmp_path / name, LAYOUT)


def test_order_and_repetition_are_mended_and_told(tmp_path: Path) -> None:
    """Newest first, and rows that say the same twice, are usual; rows that differ are refused."""
    path = write_csv(tmp_path / "bars.csv", [*ROWS[::-1], ROWS[5], ROWS[6]])
    candles, notes = converted([read(path, LAYOUT)], evolve(TARGET, price_dp=2, volume_dp=3))
    assert candles.close.tolist() == CANDLES.close.tolist()
    assert notes[0].startswith("sorted by time: 39 rows")
    assert notes[1:] == ["dropped 2 rows that repeat another"]
    twice = [*ROWS, [*ROWS[5][:5], "7"]]
    assert "2025-01-01 00:05 UTC has volume 7.000, but " in refused(tmp_path, twice)
    assert refused(tmp_path, twice).startswith("line 42: ")


def test_gaps_are_filled_only_if_asked_and_only_so_far(tmp_path: Path) -> None:
    """A filled bar has the last close four times and no volume."""
    path = write_csv(tmp_path / "bars.csv", [*ROWS[:9], *ROWS[11:20], *ROWS[21:]])
    candles, notes = converted([read(path, LAYOUT)], evolve(TARGET, price_dp=2, fill=2))
    assert notes == ["filled 3 missing bars with the close before and volume 0"]
    assert len(candles) == BARS
    for row, before in ((9, 8), (10, 8), (20, 19)):
        assert {int(getattr(candles, name)[row]) for name in COLUMNS[:-1]} == {
            int(CANDLES.close[before])
        }
        assert candles.volume[row] == 0
    assert candles.high[11] == CANDLES.high[11]
    with pytest.raises(DataError, match="gap of 2 bars"):
        converted([read(path, LAYOUT)], evolve(TARGET, fill=1))


def test_columns_are_found_by_name_or_refused(tmp_path: Path) -> None:
    """An unknown name is asked for; two candidates are not guessed between."""
    odd = write_csv(tmp_path / "odd.csv", ROWS, "time,open,high,low,close,Vol. (BTC)")
    with pytest.raises(DataError, match=r"no column volume; it has .* --column volume=NAME"):
        read(odd, LAYOUT)
    table = read(odd, Layout(named={"volume": "Vol. (BTC)"}))
    assert table.columns["volume"].units(3).tolist() == CANDLES.volume.tolist()
    two = write_csv(
        tmp_path / "two.csv", [[*r, r[0]] for r in ROWS], "time,open,high,low,close,volume,ts"
    )
    with pytest.raises(DataError, match="time and ts could each be time"):
        read(two, LAYOUT)
    with pytest.raises(DataError, match="'size': name one of time, open"):
        read(two, Layout(named={"size": "volume"}))


def test_columns_without_names_have_an_order(tmp_path: Path) -> None:
    """Another order is said in letters; an order that is none is refused."""
    rows = np.array([[r[0], r[1], r[4], r[2], r[3], "9", r[5]] for r in ROWS], np.float64)
    np.save(tmp_path / "a.npy", rows)
    table = read(tmp_path / "a.npy", Layout("tochl-v"))
    assert table.columns["low"].units(2).tolist() == CANDLES.low.tolist()
    assert table.columns["volume"].units(3).tolist() == CANDLES.volume.tolist()
    for order in ("tohlc", "tohlcx", "ttohlcv"):
        with pytest.raises(DataError, match="use each letter of tohlcv once"):
            read(tmp_path / "a.npy", Layout(order))
    with pytest.raises(DataError, match="7 columns without names"):
        read(tmp_path / "a.npy", Layout("t-o-h-l-c-v"))


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment\n", "time,open,high,low,close,volume\n"]
)
def test_a_file_without_rows_is_named(tmp_path: Path, text: str) -> None:
    """However it comes to have none."""
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=r"a\.csv: no rows"):
        read(tmp_path / "a.csv", LAYOUT)


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.npy", "a.csv", "a.txt"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """Garbage, another kind and an absent file are one line each."""
    with pytest.raises(DataError, match=name):
        read(tmp_path / name, LAYOUT)
    (tmp_path / name).write_bytes(b"\xff\x00garbage")
    with pytest.raises(DataError, match=name):
        read(tmp_path / name, LAYOUT)


def test_a_null_is_named(tmp_path: Path) -> None:
    """A missing value is not a number."""
    table = floats()
    table["close"] = pa.array([1.0, None] + [1.0] * (BARS - 2))
    parquet.write_table(pa.table(table), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a.parquet: row 1: close is null; drop the row"):
        read(tmp_path / "a.parquet", LAYOUT)
