"""`hedgeproof compare`: runs side by side, and what they were not given alike."""

import json
import re
from pathlib import Path

import pytest

from tests.adapters.backtests import SIDE, candle_folder, command, config


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run without and one with mirrors, of the same bars."""
    folder = tmp_path_factory.mktemp("compare")
    data = candle_folder(folder / "candles")
    for name, threshold in (("bare", 0), ("hedged", 1)):
        live = {
            "approved_coins": {"long": ["AAA"], "short": ["BBB", "CCC"]},
            "mirror": {"threshold": threshold, "ema_dist_entry": -1},
        }
        path = config(folder / f"{name}.json", long=SIDE, live=live)
        done = command("backtest", path, "--no-pictures", "--data", data, "--out", folder / name)
        assert done.exit_code == 0, done.output
    return folder / "bare", folder / "hedged"


def metric(folder: Path, name: str) -> float:
    found: float = json.loads((folder / "summary.json").read_text())["metrics"][name]
    return found


def test_metrics_stand_side_by_side(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """The value of each run, the difference, and a star at the better one."""
    bare, hedged = runs
    done = command("compare", bare, hedged, "--out", tmp_path / "new" / "page.html")
    assert done.exit_code == 0, done.output
    line = next(line for line in done.stdout.splitlines() if "P&L  " in line)
    values = [metric(folder, "pnl") for folder in runs]
    texts = [f"{value:,.2f}" for value in values]
    texts[values.index(max(values))] += " *"
    assert re.split(r"\s{2,}", line.strip()) == ["P&L", *texts, f"{values[1] - values[0]:+,.2f}"]
    assert done.stdout.endswith(f"The page is {tmp_path / 'new' / 'page.html'}\n")


def test_what_is_unequal_is_pointed_out(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Bars of symbols and keys of the configuration, before the metrics and on the page."""
    done = command("compare", *runs, "--out", tmp_path / "page.html")
    told = done.stderr.splitlines()
    assert "hedgeproof: config.live.mirror.threshold differs: 0 | 1" in told
    assert any(line.startswith("hedgeproof: data.BBBUSDT differs:  | ") for line in told)
    page = (tmp_path / "page.html").read_text()
    assert "config.live.mirror.threshold" in page


def test_the_page_overlays_the_accounts(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Growth, drawdown and exposure of each run in one figure, and nothing to load."""
    command("compare", *runs, "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert not re.search(r"<(?:script|link|img)[^>]*\b(?:src|href)=", text)
    figures = json.loads(re.findall(r"const figures = (.*), config = ", text)[0])
    names = [trace["name"] for trace in figures["overlay"]["data"]]
    assert names == ["bare", "hedged"] * 3
    growth = figures["overlay"]["data"][1]["y"]
    start, end = growth[0], growth[-1]
    assert start == 0
    assert end == pytest.approx(100 * (metric(runs[1], "gain") - 1), abs=2)  # gain is of days


def test_equal_runs_have_no_differences(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """A copy of a run is told to have been given the same."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in runs[0].iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    done = command("compare", runs[0], copy, "--out", tmp_path / "page.html")
    assert done.exit_code == 0
    assert not done.stderr.strip()
    assert "same bars, markets, configuration and versions" in (tmp_path / "page.html").read_text()
    assert " *" not in done.stdout


def test_what_is_no_run_is_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """One run is nothing to compare; a folder without a run is named."""
    for words, said in (
        ([runs[0]], "give two folders or more"),
        ([runs[0], runs[0]], "give two folders or more"),
        ([runs[0], tmp_path], "run.json: No such file or directory; give a folder that `backtest`"),
    ):
        done = command("compare", *words)
        assert done.exit_code == 2
        assert said in done.stderr
