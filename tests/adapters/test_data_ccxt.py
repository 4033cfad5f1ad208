"""The unmodified ccxt against a server on 127.0.0.1 that imitates Binance USD-M futures."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from typer.testing import CliRunner, Result

from adapters.candles import DataError, load
from adapters.cli import app
from adapters.market_data.ccxt_source import CcxtSource
from adapters.market_data.download import Order, download
from adapters.market_data.files import fingerprint
from tests.adapters.klines_server import MINUTE_MS, START_MS, Venue, serving

pytest.importorskip("ccxt", reason="ccxt is not installed")

ORDER = Order(
    symbol="BTCUSDT", step_ms=MINUTE_MS, from_ms=START_MS, to_ms=START_MS + 60 * MINUTE_MS
)


@pytest.fixture
def venue() -> Iterator[Venue]:
    """A venue with 60 bars, 40 of them in a page."""
    with serving(Venue()) as each:
        yield each


def source(venue: Venue, symbol: str = "BTC/USDT:USDT") -> CcxtSource:
    old, _, new = venue.rewrite.partition("=")
    return CcxtSource("binanceusdm", symbol, "1m", lambda url: url.replace(old, new))


def fetched(venue: Venue, folder: Path, waits: list[float] | None = None) -> str:
    asked = [] if waits is None else waits
    candles, _ = download(source(venue), ORDER, folder, lambda *_: None, asked.append)
    return fingerprint(candles)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the fingerprint of an undisturbed download."""
    with serving(Venue()) as each:
        return fetched(each, tmp_path_factory.mktemp("whole"))


def words(venue: Venue, folder: Path, *more: str) -> list[str]:
    fixed = ["data", "download", "binanceusdm", "BTCUSDT", "--from", "2025-05-07 10:30"]
    end = ["--to", "2025-05-07 11:30", "--url-rewrite", venue.rewrite]
    return [*fixed, *end, "--out", str(folder), *more]


def run(venue: Venue, folder: Path, *more: str) -> Result:
    return CliRunner().invoke(app, words(venue, folder, *more))


def test_the_command_stores_what_the_venue_sent(venue: Venue, tmp_path: Path) -> None:
    """Prices with their decimals, the venue's tick, and one line that says what is there."""
    result = run(venue, tmp_path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(
        f"{tmp_path / 'BTCUSDT.parquet'}: binanceusdm, 60 bars of 1m, "
        "2025-05-07 10:30 to 2025-05-07 11:30, decimals 1 and 3, fingerprint "
    )
    candles = load(tmp_path, "BTCUSDT")
    assert candles.high.tolist() == [972_600 + index % 10 for index in range(60)]
    assert venue.asked == [START_MS + index * MINUTE_MS for index in (0, 40)]
    again = run(venue, tmp_path)
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, "nothing to add")
    assert len(venue.asked) == 2


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ({0: 500}, [1]),
        ({1: 429}, [7]),
        ({0: 503, 1: 502, 2: 429}, [1, 2, 7]),
        ({1: "empty"}, []),
    ],
)
def test_faults_are_waited_out(
    venue: Venue, tmp_path: Path, whole: str, faults: dict[int, int | str], waits: list[float]
) -> None:
    """429 with its Retry-After, 5xx and an empty page change nothing in the file."""
    venue.faults = faults
    waited = list[float]()
    assert fetched(venue, tmp_path, waited) == whole
    assert waited == waits


def test_pages_that_overlap_change_nothing(venue: Venue, tmp_path: Path, whole: str) -> None:
    """Bars that came with the page before are not kept twice."""
    venue.back = 2
    assert fetched(venue, tmp_path) == whole


def test_a_refusal_is_not_asked_again(venue: Venue, tmp_path: Path) -> None:
    """What would be refused again ends the command at once; what came is kept."""
    venue.faults = {1: 400}
    with pytest.raises(DataError, match="binanceusdm: refused, "):
        fetched(venue, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".csv"]


def test_a_stopped_command_goes_on(venue: Venue, tmp_path: Path, whole: str) -> None:
    """Ctrl-C in the middle of a page: exit 130, the partial file kept, then a whole file."""
    venue.faults = {1: "stall"}
    command = [sys.executable, "-m", "adapters", *words(venue, tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
    assert venue.stalled.wait(20)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    part = tmp_path / "BTCUSDT.binanceusdm.1m.part.csv"
    assert process.returncode == 130
    assert f"{part} is kept; the same command goes on from it" in told
    assert [path.name for path in part.parent.iterdir()] == [part.name]
    venue.faults = {}
    venue.asked.clear()
    result = run(venue, tmp_path)
    assert result.exit_code == 0, result.stderr
    assert venue.asked[0] == START_MS + 40 * MINUTE_MS
    assert fingerprint(load(part.parent, "BTCUSDT")) == whole


def test_names_that_nobody_knows_are_answered_with_the_nearest(
    venue: Venue, tmp_path: Path
) -> None:
    """An exchange, a market, and a step."""
    result = run(venue, tmp_path, "--step", "7m")
    assert result.exit_code == 2
    assert "binanceusdm: no bars of 7m; it has " in result.stderr
    with pytest.raises(DataError, match=r"no exchange 'binanceusd'; the nearest of .* binanceusdm"):
        CcxtSource("binanceusd", "BTCUSDT", "1m")
    with pytest.raises(DataError, match=r"no symbol 'BTCUSD'; the nearest of 1: BTC/USDT:USDT"):
        source(venue, "BTCUSD").name()
    assert not list(tmp_path.iterdir())


def test_the_tick_gives_the_decimals(venue: Venue, tmp_path: Path) -> None:
    """A price that happens to be whole does not lose its unit."""
    order = evolve(ORDER, to_ms=START_MS + MINUTE_MS)
    assert source(venue).decimals() == (1, 3)
    candles, _ = download(source(venue), order, tmp_path, lambda *_: None)
    assert (candles.price_dp, candles.volume_dp) == (1, 3)
