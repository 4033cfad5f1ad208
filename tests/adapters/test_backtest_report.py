"""The folder of a backtest: every file says the same, and a person can repeat the run."""

import csv
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from adapters.backtest.report import Provenance, summary, versions, write
from simulator.metrics import (
    FILL,
    METRICS,
    NET,
    SHORT,
    Band,
    RecordError,
    Records,
    fill_rows,
    metrics,
    trades,
)
from simulator.metrics.records import HOUR_MS, Floats
from simulator.report.backtest import charts, figures, html
from simulator.report.backtest.charts import MARKS_MAX, Area, Curve, Marks
from simulator.report.png import encode
from tests.simulator.recorded import recorded

START_MS = 1_746_460_800_000  # 2025-05-05 16:00
HOURS = 24 * 40
EVIL = "</script><b>"


def made() -> Records:
    """Forty days on two symbols: a base long, a mirror short, and one collision."""
    times = START_MS + HOUR_MS * np.arange(HOURS + 1, dtype=np.int64)
    wave = 100 + 10 * np.sin(np.arange(HOURS + 1) / 30)
    fills = fill_rows(8)
    fills["ts_ms"] = times[[1, 5, 9, 20, 30, 100, 500, 900]]
    fills["symbol"] = [0, 1, 0, 1, 1, 0, 1, 1]
    fills["side"] = [1, -1, 1, -1, -1, 1, -1, -1]
    fills["mirror"] = fills["side"] < 0
    fills["kind"] = [0, 2, 1, 3, 3, 0, 2, 3]
    fills["qty"] = [2, -3, -2, 1, 2, 2, -1, 1]
    fills["position_qty"] = [2, 3, 0, 2, 0, 2, 1, 0]
    fills["price"] = 100
    fills["pnl"] = [0, 0, 5, -1, 4, 0, 0, -3]
    fills["fee"] = 0.25
    fills["collision"][4] = True
    moves = np.append(0, fills["pnl"] - fills["fee"]).cumsum()
    balance = 1_000 + moves[np.searchsorted(fills["ts_ms"], times, "right")]
    long = 0.2 + 0.1 * np.sin(np.arange(HOURS + 1) / 50)
    return Records(
        symbols=("ONE", "TWO"),
        kinds=("entry", "close", "mirror_entry", "mirror_close"),
        fills=fills,
        ts_ms=times,
        equity=balance + wave - 100,
        balance=balance,
        long=long,
        short=0.9 * long,
        market=wave,
        mirror_pnl=100 - wave,
        band=Band(SHORT, 0.8 * long, 1.0 * long),
        closes=np.column_stack([wave, 200 - wave]),
    )


def provenance(title: str = "A run") -> Provenance:
    return Provenance(
        title=title,
        config='{"a": 1}\n',
        markets='{"ONE": {}}\n',
        engine={"semantics": "strict", "funding": 0.5},
        data={"ONE": "ab" * 6},
        versions={"python": "3.11"},
        seed=7,
        notes=("Some.",),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was made up."""
    out = tmp_path_factory.mktemp("backtests") / "run"
    steps = list(write(made(), provenance(), out))
    assert steps == [(number, len(steps)) for number in range(1, len(steps) + 1)]
    return out


def read(path: Path) -> Any:  # noqa: ANN401
    """A Parquet file as a table."""
    return import_module("pyarrow.parquet").read_table(path)


def test_the_folder_holds_everything(folder: Path) -> None:
    """Configuration, provenance, figures, tables, page and pictures, and nothing else."""
    assert {path.name for path in folder.iterdir()} == {
        "account.png",
        "config.json",
        "exposure.png",
        "fills.csv",
        "fills.parquet",
        "markets.json",
        "report.html",
        "run.json",
        "samples.parquet",
        "summary.json",
        "symbol-ONE.png",
        "symbol-TWO.png",
        "trades.csv",
        "trades.parquet",
    }
    assert (folder / "config.json").read_text() == provenance().config
    told = json.loads((folder / "run.json").read_text())
    assert told == {
        "title": "A run",
        "engine": {"semantics": "strict", "funding": 0.5},
        "data": {"ONE": "ab" * 6},
        "versions": {"python": "3.11"},
        "seed": 7,
        "notes": ["Some."],
    }
    assert (folder / "markets.json").read_text() == provenance().markets


def test_fills_come_back(folder: Path) -> None:
    """Every column of every fill is in the Parquet file, names in place of numbers."""
    table, fills = read(folder / "fills.parquet"), made().fills
    assert table.column("time").cast("int64").to_pylist() == fills["ts_ms"].tolist()
    assert table.column("symbol").to_pylist() == [made().symbols[i] for i in fills["symbol"]]
    assert table.column("kind").to_pylist() == [made().kinds[i] for i in fills["kind"]]
    assert table.column("side").to_pylist()[:2] == ["LONG", "SHORT"]
    for name in set(FILL.names or ()) - {"ts_ms", "symbol", "kind", "side"}:
        assert table.column(name).to_pylist() == fills[name].tolist(), name


@pytest.mark.parametrize("name", ["fills", "trades"])
def test_both_formats_say_the_same(folder: Path, name: str) -> None:
    """The CSV has the rows and columns of the Parquet file, times in UTC."""
    table = read(folder / f"{name}.parquet")
    with (folder / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == table.num_rows
    assert list(rows[0]) == table.column_names
    time = "time" if name == "fills" else "opened_at"
    assert rows[0][time] == "2025-05-05 17:00:00.000Z"
    assert [float(row["pnl"]) for row in rows] == table.column("pnl").to_pylist()
    assert [row["symbol"] for row in rows] == table.column("symbol").to_pylist()


def test_trades_and_samples_are_those_of_the_records(folder: Path) -> None:
    """The tables hold what was measured, not something near it."""
    table = read(folder / "trades.parquet")
    assert table.column("pnl").to_pylist() == trades(made())["pnl"].tolist()
    samples = read(folder / "samples.parquet")
    assert samples.column("equity").to_pylist() == made().equity.tolist()
    assert samples.column_names[-1] == "mirror_pnl"


def test_the_summary_has_every_metric(folder: Path) -> None:
    """Values as measured, null where not defined, weights beside what is weighted."""
    told = json.loads((folder / "summary.json").read_text())
    assert told["metrics"] == metrics(made())
    assert [month["month"] for month in told["months"]] == ["2025-05", "2025-06"]
    assert told["weighted"]["gain"]["shares"][:2] == [1.0, 0.5]
    flat = evolve(made(), fills=fill_rows(), balance=np.full(HOURS + 1, 1_000.0))
    assert summary(flat)["metrics"]["win_rate"] is None


def test_the_page_loads_nothing(folder: Path) -> None:
    """One text with all charts in it, no other file, and every metric in a table."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"<(?:script|link|img)[^>]*\b(?:src|href)=", text)
    drawn = json.loads(re.findall(r"const figures = (.*), config = ", text)[0])
    assert list(drawn) == ["account", "exposure", "symbol-TWO", "symbol-ONE"]
    for name in drawn:
        assert f'id="figure-{name}"' in text
    for words in (
        "Key figures",
        "Months",
        "2025-06",
        "Hedge effectiveness",
        "3.11",
        "abababababab",
        "Some.",
        "semantics strict, funding 0.5",
    ):
        assert words in text, words
    assert text.count("<td") > 4 * len(METRICS)


def test_names_from_outside_are_no_markup() -> None:
    """A symbol or a title can neither end the script nor begin an element."""
    text = html(evolve(made(), symbols=(EVIL, "TWO")), EVIL, {EVIL: EVIL})
    assert EVIL not in text


def test_pictures_are_pictures(folder: Path) -> None:
    """Each PNG has the size of its chart, and something is drawn in it."""
    head = encode(np.zeros((1, 1, 3), np.uint8))[:8]
    for path in folder.glob("*.png"):
        data = path.read_bytes()
        assert data[:8] == head
        assert int.from_bytes(data[16:20], "big") == 1650
        assert len(data) > 20_000, path.name


def test_what_contradicts_itself_is_not_written(tmp_path: Path) -> None:
    """The records are checked before the first file."""
    with pytest.raises(RecordError, match="the balance moved"):
        list(write(evolve(made(), funding=1.0), provenance(), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_fills_are_marked_by_what_they_are() -> None:
    """Base, mirrors and collisions have marks of their own; none is lost and none is double."""
    _, two = charts.price(made(), 0), charts.price(made(), 1)
    marks = [shape for shape in two.panels[0].shapes if isinstance(shape, Marks)]
    assert [mark.name for mark in marks] == [
        "Mirror entry (2)",
        "Mirror close (2)",
        "Collision (1)",
    ]
    assert marks[-1].line.ms.tolist() == [START_MS + 30 * HOUR_MS]
    assert sum(len(mark.texts) for mark in marks) == 5


def test_a_symbol_may_have_any_name() -> None:
    """What is not fit for the name of a file is replaced in it, and in the title it stays."""
    chart = charts.price(evolve(made(), symbols=("A/B:B", "TWO")), 0)
    assert chart.name == "symbol-A_B_B"
    assert chart.title.startswith("A/B:B: ")


def test_too_many_fills_are_told() -> None:
    """The largest of a kind are drawn, and the legend says how many there are."""
    run = made()
    many = np.repeat(run.fills[:1], MARKS_MAX + 5)
    many["qty"] = np.arange(len(many)) + 1.0
    chart = charts.price(evolve(run, fills=many), 0)
    (marks,) = (shape for shape in chart.panels[0].shapes if isinstance(shape, Marks))
    assert marks.name == "Long entry (largest 1,000 of 1,005)"
    assert marks.texts[0].startswith("entry<br>+6 at 100")


def test_the_band_lies_where_its_side_does() -> None:
    """A band of shorts is drawn below zero, a net one with the net exposure."""

    def area(records: Records, panel: int) -> tuple[Floats, Floats]:
        shapes = charts.exposure(records).panels[panel].shapes
        (band,) = (shape for shape in shapes if isinstance(shape, Area))
        return band.low, band.high

    low, high = area(made(), 0)
    assert (low <= high).all()
    assert (high < 0).all()
    net = Band(NET, np.full(HOURS + 1, -0.1), np.full(HOURS + 1, 0.1))
    low, high = area(evolve(made(), band=net), 1)
    assert (low.max(), high.min()) == (-10, 10)


def test_page_and_picture_draw_the_same() -> None:
    """Each shape of a chart is a trace of the figure, in the panel where it belongs."""
    for chart in charts.charts(made()):
        data = figures.figure(chart)["data"]
        shapes = [shape for panel in chart.panels for shape in panel.shapes]
        assert len(data) == len(shapes) + sum(isinstance(shape, Area) for shape in shapes)
        for shape in shapes:
            trace = next(each for each in reversed(data) if each["name"] == shape.name)
            if isinstance(shape, Curve | Marks):
                assert trace["x"] == shape.line.ms.tolist()


def test_a_run_in_which_nothing_happened(tmp_path: Path) -> None:
    """No fills, no mirrors, no market: files all the same."""
    run = made()
    nothing = Records(
        symbols=run.symbols,
        kinds=(),
        fills=fill_rows(),
        ts_ms=run.ts_ms[:3],
        equity=np.ones(3),
        balance=np.ones(3),
        long=np.zeros(3),
        short=np.zeros(3),
    )
    list(write(nothing, provenance(), tmp_path))
    assert (tmp_path / "fills.csv").read_text().startswith("time,symbol,side")
    assert read(tmp_path / "trades.parquet").num_rows == 0


def test_versions_are_those_of_what_may_matter() -> None:
    """Python, and every library that computes."""
    assert {"python", "hedgeproof", "numpy", "numba"} <= versions().keys()


def test_pictures_of_an_earlier_run_are_gone(tmp_path: Path) -> None:
    """A symbol that is not traded any more has no picture any more."""
    (tmp_path / "symbol-OLD.png").write_bytes(b"")
    list(write(made(), provenance(), tmp_path))
    assert not (tmp_path / "symbol-OLD.png").exists()
    assert (tmp_path / "symbol-ONE.png").exists()


@pytest.mark.slow
def test_a_recorded_run_is_reported(shared: Path, tmp_path: Path) -> None:
    """A day of a real run with longs and shorts is written within seconds."""
    run = recorded(shared, "both_hedge_forager4").records
    start = int(run.ts_ms[0])
    part = run.between(start, start + 24 * HOUR_MS)
    list(write(part, provenance(), tmp_path))
    assert read(tmp_path / "fills.parquet").num_rows == len(part.fills) > 500
    drawn = {path.stem for path in tmp_path.glob("symbol-*.png")}
    assert drawn == {f"symbol-{run.symbols[i]}" for i in np.unique(part.fills["symbol"])}
