"""`hedgeproof data`: what is printed, what is written, how it ends."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from adapters.candles import load, save
from adapters.cli import app
from adapters.market_data.files import fingerprint
from simulator.candles import COLUMNS, Candles
from simulator.synthetic import market

ROOT = Path(__file__).parents[2]
BARS = 100


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, words)])


@pytest.fixture
def candles() -> Candles:
    return market(7, BARS)


@pytest.fixture
def days(tmp_path: Path, candles: Candles) -> Path:
    """The same bars as two days of NumPy files."""
    folder = tmp_path / "days"
    folder.mkdir()
    times = candles.start_ms + candles.step_ms * np.arange(BARS)
    prices = [getattr(candles, name) / 100 for name in COLUMNS[:-1]]
    rows = np.column_stack([times, *prices, candles.volume / 1_000])
    np.save(folder / "2025-01-01.npy", rows[:60])
    np.save(folder / "2025-01-02.npy", rows[60:])
    return folder


def imported(days: Path, out: Path, *more: object) -> Result:
    return run("import", days, "--symbol", "SYNTH", "--venue", "synthetic", "--out", out, *more)


def test_help_imports_nothing_heavy() -> None:
    """pyarrow, numpy and ccxt are for the commands."""
    code = (
        "import sys; from adapters.cli import app; from typer.main import get_command;"
        "get_command(app); print({'pyarrow', 'numpy', 'ccxt'} & set(sys.modules))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
    assert all(each in run("--help").stdout for each in ("import", "check", "resample", "download"))


def test_import_writes_one_candle_file(days: Path, tmp_path: Path, candles: Candles) -> None:
    """What is written is what the files say, and is told in one line."""
    out = tmp_path / "candles"
    result = imported(days, out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        f"{out / 'SYNTH.parquet'}: synthetic, 100 bars of 1m, 2025-01-01 00:00 to "
        f"2025-01-01 01:40, decimals 2 and 3, fingerprint {fingerprint(candles)}\n"
    )
    assert fingerprint(load(out, "SYNTH")) == fingerprint(candles)


def test_nothing_is_replaced_without_force(days: Path, tmp_path: Path, candles: Candles) -> None:
    """The file that is there stays, whatever is asked."""
    out = tmp_path / "candles"
    assert imported(days, out).exit_code == 0
    window = ("--from", "2025-01-01 00:10", "--to", "2025-01-01 00:20")
    for result in (
        imported(days, out, *window),
        run("resample", out, "--step", "5m", "--out", out),
    ):
        assert result.exit_code == 2
        assert "is there already; give another --out, or --force to replace it" in result.stderr
        assert fingerprint(load(out, "SYNTH")) == fingerprint(candles)
    assert imported(days, out, *window, "--force").exit_code == 0
    assert len(load(out, "SYNTH")) == 10


def test_a_refused_import_writes_nothing(days: Path, tmp_path: Path) -> None:
    """One line on stderr, exit code 2, and no folder."""
    (days / "2025-01-01.npy").unlink()
    np.save(days / "2025-01-03.npy", np.full((1, 6), 0.1 + 0.2))
    result = imported(days, tmp_path / "candles")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"hedgeproof: {days / '2025-01-03.npy'}: row 0: ")
    assert not (tmp_path / "candles").exists()
    odd = imported(days, tmp_path / "candles", "--column", "volume")
    assert "write OURS=THEIRS, as in volume=Vol" in odd.stderr


def test_check_ends_with_1_if_anything_is_found(
    days: Path, tmp_path: Path, candles: Candles
) -> None:
    """Each file is a market; the NumPy files of a folder are days of one."""
    good = run("check", days, save(candles, tmp_path))
    assert good.exit_code == 0, good.stderr
    assert good.stdout == (
        f"{days}: 100 bars of 1m, 0 findings\n"
        f"{tmp_path / 'SYNTH.parquet'}: 100 bars of 1m, 0 findings\n"
    )
    rows = np.load(days / "2025-01-02.npy")
    np.save(days / "2025-01-02.npy", np.vstack([rows[3:5], rows[4:]]))
    bad = run("check", days)
    assert bad.exit_code == 1
    assert bad.stdout == (
        f"{days}: 98 bars of 1m, 2 findings\n"
        "  gap: row 60: 3 bars missing after 2025-01-01 00:59 UTC\n"
        "  duplicate: row 62: 2025-01-01 01:04 UTC again\n"
    )
    few = run("check", days, "--limit", 1)
    assert few.stdout.splitlines()[-1] == "  in all gap 1, duplicate 1"


def test_check_takes_its_rules_from_the_options(days: Path) -> None:
    """A lower bound finds more; another step makes every bar a finding."""
    assert run("check", days, "--spike", 1).exit_code == 1
    assert "off step" in run("check", days, "--step", "7m").stdout
    assert run("check", days / "absent.csv").exit_code == 2


def test_resample_tells_what_it_dropped(tmp_path: Path, candles: Candles) -> None:
    """Every file of the folder, into another folder."""
    save(candles.between(candles.start_ms + 120_000, candles.end_ms), tmp_path / "1m")
    result = run("resample", tmp_path / "1m", "--step", "15m", "--out", tmp_path / "15m")
    assert result.exit_code == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert first == "dropped 13 bars before and 10 after whole bars"
    assert "5 bars of 15m, 2025-01-01 00:15 to 2025-01-01 01:30" in second
    assert load(tmp_path / "15m", "SYNTH").step_ms == 900_000


def test_info_lists_and_names_what_it_cannot_read(
    tmp_path: Path, candles: Candles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for each file; a bad one does not hide the others."""
    monkeypatch.chdir(tmp_path)
    save(candles, Path())
    good = run("info", ".")
    assert good.exit_code == 0
    cells = good.stdout.splitlines()[1].split()
    assert cells[:4] == ["SYNTH.parquet", "synthetic", "SYNTH", "1m"]
    assert cells[-4:] == ["100", "2", "3", fingerprint(candles)]
    Path("BAD.parquet").write_bytes(b"PAR1")
    bad = run("info", ".")
    assert (bad.exit_code, bad.stdout) == (1, good.stdout)
    assert "hedgeproof: BAD.parquet: not readable" in bad.stderr


@pytest.mark.skipif(find_spec("ccxt") is not None, reason="ccxt is installed")
def test_download_without_ccxt_says_so(tmp_path: Path) -> None:
    """One line, and nothing is written."""
    result = run("download", "binanceusdm", "BTCUSDT", "--from", "2025-01-01", "--out", tmp_path)
    assert result.exit_code == 2
    assert "not installed: ccxt" in result.stderr
