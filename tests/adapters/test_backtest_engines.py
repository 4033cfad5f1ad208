"""`hedgeproof backtest --engine`: the same run in both engines, and what only one of them does."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from machines import overlay
from tests.adapters.backtests import SIDE, SYMBOLS, Json, candle_folder, command, config

BARS, WARMUP = 260, 100
LIVE: Json = {
    "hedge_mode": False,
    "approved_coins": list(SYMBOLS),
    "mirror": {"threshold": 1.0, "ema_dist_entry": -1.0, "max_n_positions": 1},
}
REAL = "data/binance_usdm_1m_2025-05"
HOURS = ("--from", "2025-05-08 12:00", "--to", "2025-05-08 18:00", "--warmup", "600")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three markets, and a configuration with mirrors on a one-way account."""
    folder = candle_folder(tmp_path_factory.mktemp("candles"), BARS)
    one = {**SIDE, "n_positions": 1}
    config(folder / "c.json", long=one, live=LIVE, backtest={"max_warmup_minutes": WARMUP})
    return folder


def rows(out: Path) -> list[dict[str, Any]]:
    """Return the fills of the run in *out*, without what rounded fees move."""
    read = import_module("pyarrow.parquet").read_table
    names = ["time", "symbol", "side", "kind", "price", "qty"]
    found: list[dict[str, Any]] = read(out / "fills.parquet", columns=names).to_pylist()
    exact = [
        each | {"price": round(each["price"], 9), "qty": round(each["qty"], 9)} for each in found
    ]
    return sorted(exact, key=lambda each: [str(each[name]) for name in names])


def alike(path: Path, data: Path, out: Path, *words: str) -> str:
    """Run *path* in both engines, check that it is the same run, and return what events said."""
    said = ""
    for engine in ("candles", "events"):
        options = ("--engine", engine, "--out", out / engine, "--no-pictures", *words)
        done = command("backtest", path, "--data", data, *options)
        assert done.exit_code == 0, done.output
        said = done.stderr
    assert rows(out / "events") == rows(out / "candles")
    for name in ("mirror.log", "config.json", "markets.json"):
        assert (out / "events" / name).read_text() == (out / "candles" / name).read_text(), name
    return said


def test_both_engines_write_the_same_run(folder: Path, tmp_path: Path) -> None:
    """Fills, cycles of the mirrors, folder; what only one engine heeds is told by name."""
    said = alike(folder / "c.json", folder, tmp_path)
    kinds = {each["kind"] for each in rows(tmp_path / "events")}
    assert {"entry_initial_normal_long", "mirror_open_short"} <= kinds
    assert "backtest.liquidation_threshold 0.05 ends nothing" in said
    about = json.loads((tmp_path / "events" / "run.json").read_text())
    assert about["engine"]["engine"] == "events"
    assert any("liquidation_threshold" in note for note in about["notes"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--engine", "both"), "--engine 'both': choose candles or events"),
        (("--semantics", "passivbot"), "--semantics passivbot: only with --engine candles"),
        (("--volume-share", "0.1"), "--volume-share 0.1: only with --engine candles"),
    ],
)
def test_what_only_the_candle_engine_does_is_refused(
    folder: Path, words: tuple[str, ...], why: str
) -> None:
    """By the name of the option, before anything runs."""
    done = command("backtest", folder / "c.json", "--data", folder, "--engine", "events", *words)
    assert done.exit_code == 2
    assert why in done.stderr


def test_a_property_that_does_not_hold_ends_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claims are checked as it runs; the first one that fails is named."""

    def well_formed(_: overlay.Mirrors) -> bool:
        return False

    monkeypatch.setattr(overlay, "well_formed", well_formed)
    words = ("--engine", "events", "--out", tmp_path)
    done = command("backtest", folder / "c.json", "--data", folder, *words)
    assert done.exit_code == 1
    assert "a property does not hold: MIR-8" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("hedge", [True, False], ids=["hedge", "one-way"])
@pytest.mark.parametrize("number", range(3), ids=["conservative", "partial", "short-only"])
def test_the_documented_examples_run_in_both(
    shared: Path, tmp_path: Path, number: int, *, hedge: bool
) -> None:
    """As they stand on the page, on all coins: the same run of real markets."""
    page = (shared / "seeds" / "mirror_mode.md").read_text()
    blocks: list[Json] = [json.loads(each) for each in re.findall(r"(?s)```json\n(.*?)```", page)]
    example = [each for each in blocks if "bot" in each][number]
    example["live"] |= {"hedge_mode": hedge, "approved_coins": "all"}
    path = tmp_path / "example.json"
    path.write_text(json.dumps(example))
    alike(path, shared / REAL, tmp_path, *HOURS)
    assert {each["kind"][:6] for each in rows(tmp_path / "events")} >= {"entry_", "mirror"}
