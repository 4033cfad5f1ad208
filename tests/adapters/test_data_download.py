"""Downloads: pages, faults, interruption and going on, against a venue that is a list."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from attrs import define, evolve, field

from adapters.candles import DataError, load, save
from adapters.market_data import download as work
from adapters.market_data.download import Order, Unreachable, download
from adapters.market_data.files import fingerprint
from adapters.market_data.partial import NAMES, Partial, Row
from simulator.candles import Candles

MINUTE_MS = 60_000
START_MS = 1_746_613_800_000  # 2025-05-07 10:30 UTC
BARS = 2_500
PART = "BTCUSDT.list.1m.part.csv"


def row(index: int) -> Row:
    return (START_MS + index * MINUTE_MS, "10.5", f"{12 + index % 7}.25", "9", "11.0", "0.125")


def silent(*_: object) -> None:
    """Show no progress."""


@define
class Listed:
    """A venue with *rows*; *faults* are raised by the requests of these numbers, from 0."""

    rows: list[Row] = field(factory=lambda: [row(index) for index in range(BARS)])
    faults: dict[int, BaseException] = field(factory=dict)
    page_bars: int = 400
    back: int = 0  # bars before the moment asked for that a page begins with
    empty: frozenset[int] = frozenset()
    clock_ms: int = START_MS + 10**9
    asked: list[int] = field(factory=list)
    venue: str = "list"

    def now_ms(self) -> int:
        return self.clock_ms

    def decimals(self) -> tuple[int, int]:
        return 2, 3

    def page(self, from_ms: int, bars: int) -> Sequence[Row]:
        self.asked.append(from_ms)
        number = len(self.asked) - 1
        if number in self.faults:
            raise self.faults[number]
        if number in self.empty:
            return []
        first = from_ms - self.back * MINUTE_MS
        return [each for each in self.rows if each[0] >= first][: min(bars, self.page_bars)]


ORDER = Order(
    symbol="BTCUSDT", step_ms=MINUTE_MS, from_ms=START_MS, to_ms=START_MS + BARS * MINUTE_MS
)


def run(
    source: Listed,
    folder: Path,
    order: Order = ORDER,
    wait: Callable[[float], None] = silent,
) -> tuple[Candles, list[str]]:
    return download(source, order, folder, silent, wait)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the fingerprint of an undisturbed download."""
    return fingerprint(run(Listed(), tmp_path_factory.mktemp("whole"))[0])


def test_all_bars_are_kept_as_they_were_sent(tmp_path: Path) -> None:
    """Pages are joined, the decimals are the venue's, and nothing but the file is left."""
    candles, notes = run(Listed(), tmp_path)
    assert names(tmp_path) == ["BTCUSDT.parquet"]
    assert notes == []
    stored = load(tmp_path, "BTCUSDT")
    assert fingerprint(stored) == fingerprint(candles)
    assert (len(stored), stored.price_dp, stored.volume_dp, stored.venue) == (BARS, 2, 3, "list")
    assert stored.high.tolist() == [1225 + 100 * (index % 7) for index in range(BARS)]


@pytest.mark.parametrize(
    "source",
    [
        Listed(back=1),
        Listed(back=3, page_bars=10),
        Listed(rows=[row(index) for index in range(BARS) for _ in range(2)]),
        Listed(rows=[row(index) for index in range(BARS)][::1], empty=frozenset({0, 3})),
        Listed(rows=[row(index) for index in range(-500, BARS + 500)]),
        Listed(page_bars=10_000),
    ],
)
def test_pages_may_overlap_repeat_or_be_empty(source: Listed, tmp_path: Path, whole: str) -> None:
    """The candles are those of an undisturbed download; no bar is asked for twice as new."""
    assert fingerprint(run(evolve(source, asked=[]), tmp_path)[0]) == whole


def test_an_unreachable_venue_is_asked_again(tmp_path: Path, whole: str) -> None:
    """The waits double up to a minute; a longer one that the venue names is kept."""
    waits = list[float]()
    faults: dict[int, BaseException] = {
        n: Unreachable("429", 90 if n == 3 else 0) for n in range(2, 9)
    }
    candles, _ = run(Listed(faults=faults), tmp_path, wait=waits.append)
    assert fingerprint(candles) == whole
    assert waits == [1, 90, 4, 8, 16, 32, 60]


def test_a_venue_that_stays_away_is_given_up_and_gone_on_with(tmp_path: Path, whole: str) -> None:
    """After eight tries the command ends; what came is kept, and not asked for again."""
    faults: dict[int, BaseException] = {n: Unreachable("HTTP 500") for n in range(2, 10)}
    with pytest.raises(DataError, match="no answer in 8 tries: HTTP 500; the same command goes on"):
        run(Listed(faults=faults), tmp_path)
    assert names(tmp_path) == [PART]
    again = Listed()
    assert fingerprint(run(again, tmp_path)[0]) == whole
    assert again.asked[0] == START_MS + 800 * MINUTE_MS


@pytest.mark.parametrize("number", range(7))
def test_an_interrupted_download_goes_on(tmp_path: Path, whole: str, number: int) -> None:
    """Wherever it is stopped, no file has the final name; the next run ends as if it was not."""
    with pytest.raises(KeyboardInterrupt):
        run(Listed(faults={number: KeyboardInterrupt()}), tmp_path)
    assert names(tmp_path) == [PART]
    assert fingerprint(run(Listed(), tmp_path)[0]) == whole
    assert names(tmp_path) == ["BTCUSDT.parquet"]


@pytest.mark.parametrize("lost", [1, 7, 30, 40_000])
def test_a_line_that_a_crash_cut_off_is_fetched_again(
    tmp_path: Path, whole: str, lost: int
) -> None:
    """Only whole lines count, down to none."""
    with pytest.raises(KeyboardInterrupt):
        run(Listed(faults={2: KeyboardInterrupt()}), tmp_path)
    part = tmp_path / PART
    part.write_bytes(part.read_bytes()[:-lost])
    assert fingerprint(run(Listed(), tmp_path)[0]) == whole


def test_a_complete_file_is_extended(tmp_path: Path, whole: str) -> None:
    """Bars that are there are not asked for again; the result is that of one download."""
    half = evolve(ORDER, to_ms=START_MS + 1_000 * MINUTE_MS)
    assert len(run(Listed(), tmp_path, half)[0]) == 1_000
    rest = Listed()
    assert fingerprint(run(rest, tmp_path)[0]) == whole
    assert rest.asked[0] == START_MS + 1_000 * MINUTE_MS
    idle = Listed()
    assert run(idle, tmp_path)[1] == ["nothing to add"]
    assert idle.asked == []


def test_an_interrupted_extension_leaves_the_file(tmp_path: Path, whole: str) -> None:
    """What was complete stays as it was until the longer file replaces it."""
    half = evolve(ORDER, to_ms=START_MS + 1_000 * MINUTE_MS)
    before = fingerprint(run(Listed(), tmp_path, half)[0])
    with pytest.raises(KeyboardInterrupt):
        run(Listed(faults={1: KeyboardInterrupt()}), tmp_path)
    assert fingerprint(load(tmp_path, "BTCUSDT")) == before
    assert fingerprint(run(Listed(), tmp_path)[0]) == whole


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    """Another venue, another step, an earlier begin: refused, unless --force."""
    candles, _ = run(Listed(), tmp_path)
    mark = fingerprint(candles)
    earlier = evolve(ORDER, from_ms=START_MS - MINUTE_MS)
    for source, order, message in (
        (Listed(venue="other"), ORDER, "holds list bars of 1m; give another --out, or --force"),
        (Listed(), evolve(ORDER, step_ms=5 * MINUTE_MS), "holds list bars of 1m"),
        (Listed(), earlier, "begins at 2025-05-07 10:30 UTC, after --from"),
    ):
        with pytest.raises(DataError, match=message):
            run(source, tmp_path, order)
        assert fingerprint(load(tmp_path, "BTCUSDT")) == mark
    forced, _ = run(Listed(venue="other"), tmp_path, evolve(ORDER, force=True))
    assert forced.venue == "other"


@pytest.mark.parametrize("symbol", ["BTC/USDT", "", "../BTCUSDT"])
def test_a_name_that_is_no_file_is_refused_first(tmp_path: Path, symbol: str) -> None:
    """Nothing is asked of the venue, and nothing written elsewhere."""
    source = Listed()
    with pytest.raises(DataError, match="cannot name a file; give --name"):
        run(source, tmp_path / "here", evolve(ORDER, symbol=symbol))
    assert source.asked == []
    assert not list(tmp_path.iterdir())


def test_a_partial_file_of_something_else_is_not_touched(tmp_path: Path, whole: str) -> None:
    """Another begin would leave a hole; --force starts over."""
    with pytest.raises(KeyboardInterrupt):
        run(Listed(faults={2: KeyboardInterrupt()}), tmp_path)
    later = evolve(ORDER, from_ms=START_MS + MINUTE_MS)
    with pytest.raises(DataError, match=r"was begun with BTCUSDT from 2025-05-07 10:30 UTC, not"):
        run(Listed(), tmp_path, later)
    again = Listed()
    assert fingerprint(run(again, tmp_path, evolve(ORDER, force=True))[0]) == whole
    assert again.asked[0] == START_MS


def test_a_bar_that_has_not_ended_is_left_out(tmp_path: Path) -> None:
    """It would change after it was stored."""
    source = Listed(clock_ms=START_MS + 100 * MINUTE_MS + 59_999)
    candles, notes = run(source, tmp_path)
    assert candles.end_ms == START_MS + 100 * MINUTE_MS
    assert notes == []


def test_a_market_that_began_later_or_ended_is_told(tmp_path: Path) -> None:
    """Empty pages before the first bar and after the last are no gap."""
    source = Listed(rows=[row(index) for index in range(1_200, 1_700)])
    candles, notes = run(source, tmp_path)
    assert len(candles) == 500
    assert notes == [
        "the first bar there is opens at 2025-05-08 06:30 UTC",
        "the last bar there is ends at 2025-05-08 14:50 UTC",
    ]
    with pytest.raises(DataError, match="no BTCUSDT bars from 2025-05-07 10:30 UTC to"):
        run(Listed(rows=[]), tmp_path / "none")
    assert names(tmp_path / "none") == []


def test_a_gap_is_refused_and_can_be_filled_without_another_download(tmp_path: Path) -> None:
    """What came is kept; the same command with --fill asks for nothing that is there."""
    source = Listed(rows=[row(index) for index in range(BARS) if not 90 <= index < 93])
    with pytest.raises(DataError, match=r"gap of 3 bars after .*part.csv is kept"):
        run(source, tmp_path)
    assert names(tmp_path) == [PART]
    source.asked.clear()
    candles, notes = run(source, tmp_path, evolve(ORDER, fill=3))
    assert (len(candles), source.asked) == (BARS, [])
    assert notes == ["filled 3 missing bars with the close before and volume 0"]


def test_bars_with_more_decimals_extend_a_file(tmp_path: Path) -> None:
    """A tick that became smaller is kept exactly; the old bars are rescaled."""
    half = evolve(ORDER, to_ms=START_MS + 1_000 * MINUTE_MS)
    run(Listed(), tmp_path, half)
    finer = [(t, o, h, lo, "11.0625", v) for t, o, h, lo, _, v in Listed().rows]
    candles, _ = run(Listed(rows=finer), tmp_path)
    assert candles.price_dp == 4
    assert candles.close[[0, 999, 1_000]].tolist() == [110_000, 110_000, 110_625]


def test_progress_is_of_what_is_still_to_come(tmp_path: Path) -> None:
    """It ends at the total, and a resumed run counts its own bars."""

    def watched(faults: dict[int, BaseException]) -> Iterator[tuple[int, int]]:
        told = list[tuple[int, int]]()
        with pytest.raises(KeyboardInterrupt) if faults else _nothing():
            download(Listed(faults=faults), ORDER, tmp_path, lambda a, b, _: told.append((a, b)))
        yield from told

    assert list(watched({2: KeyboardInterrupt()})) == [(400, BARS), (800, BARS)]
    assert list(watched({}))[-1] == (BARS - 800, BARS - 800)


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_the_partial_file_is_readable_text(tmp_path: Path) -> None:
    """`data import` reads it: a comment, names, one line for each bar."""
    part = Partial(tmp_path / "a.csv", "begun")
    part.append([row(0), row(1)])
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "# begun",
        NAMES,
        "1746613800000,10.5,12.25,9,11.0,0.125",
        "1746613860000,10.5,13.25,9,11.0,0.125",
    ]
    assert (Partial(tmp_path / "a.csv", "begun").rows, part.last_ms) == (2, row(1)[0])


def test_pages_are_asked_for_in_order(tmp_path: Path) -> None:
    """Each page begins where the one before ended, and the last is not asked for twice."""
    source = Listed(page_bars=work.PAGE_BARS)
    run(source, tmp_path)
    assert source.asked == [START_MS + index * MINUTE_MS for index in (0, 1_000, 2_000)]
    assert save(load(tmp_path, "BTCUSDT"), tmp_path).name == "BTCUSDT.parquet"
