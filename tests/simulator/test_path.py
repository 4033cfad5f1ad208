"""The walk inside the bars, against a walk that takes every price step one by one."""

from bisect import bisect_left, bisect_right
from itertools import count
from operator import itemgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.candles import Candles, Ints
from simulator.path import Path
from simulator.prng import Prng

STEP_MS = 8
STEP_NS = STEP_MS * 1_000_000
START_NS = 3_000_000
FOREVER = 2**62

Bar = tuple[int, int, int, int]  # open, high, low, close


def candles(*bars: Bar) -> Candles:
    columns: list[Ints] = [np.array(column, np.int64) for column in zip(*bars, strict=True)]
    return Candles(
        symbol="X",
        venue="test",
        start_ms=3,
        step_ms=STEP_MS,
        price_dp=0,
        volume_dp=0,
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=columns[0],
    )


class NaivePath:
    """The walk as a list of (ns, price, bar), one for each price step."""

    def __init__(self, bars: list[Bar], start_index: int) -> None:
        self.steps: list[tuple[int, int, int]] = []
        self.end_ns = START_NS + len(bars) * STEP_NS
        for index, (first, high, low, last) in enumerate(bars[start_index:], start_index):
            legs = (first, high, low, last) if high - first < first - low else bars_low(bars[index])
            opens_ns = START_NS + index * STEP_NS
            self.steps.append((opens_ns, first, index))
            times = (0, STEP_NS // 4, 3 * STEP_NS // 4, STEP_NS - 1_000_000)
            for leg in range(3):
                self.walk(legs[leg : leg + 2], opens_ns, times[leg : leg + 2], index)
        self.at = 0
        self.now_ns, self.price, self.bar = self.steps[0]

    def walk(
        self, prices: tuple[int, ...], opens_ns: int, times: tuple[int, ...], bar: int
    ) -> None:
        move, lasts = prices[1] - prices[0], times[1] - times[0]
        for gone in range(1, abs(move) + 1):
            after = bisect_left(range(lasts), gone, key=lambda ns: abs(move) * ns // lasts)
            price = prices[0] + (gone if move > 0 else -gone)
            self.steps.append((opens_ns + times[0] + after, price, bar))

    def advance(self, lo: int, hi: int, until_ns: int) -> bool:
        until_ns = min(until_ns, self.end_ns)
        for at in count(self.at + 1):
            if at == len(self.steps) or self.steps[at][0] > until_ns:
                break
            if not lo < self.steps[at][1] < hi:
                self.at = at
                self.now_ns, self.price, self.bar = self.steps[at]
                return True
        self.at = bisect_right(self.steps, until_ns, key=itemgetter(0)) - 1
        _, self.price, self.bar = self.steps[self.at]
        self.now_ns = until_ns
        return False


def bars_low(bar: Bar) -> Bar:
    first, high, low, last = bar
    return first, low, high, last


def state(path: Path | NaivePath) -> tuple[int, int, int]:
    return path.now_ns, path.price, path.bar


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, high = sorted(draw(st.tuples(st.integers(1, 12), st.integers(1, 12))))
    return draw(st.integers(low, high)), high, low, draw(st.integers(low, high))


CALLS = st.tuples(
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([0, 1, STEP_NS // 4, STEP_NS // 2, STEP_NS, 7 * STEP_NS, FOREVER])
    | st.integers(0, 3 * STEP_NS),
)


@settings(deadline=None)
@given(st.lists(bars(), min_size=1, max_size=8), st.integers(0, 7), st.lists(CALLS, max_size=30))
def test_any_calls_stop_where_the_naive_walk_stops(
    walked: list[Bar], start: int, calls: list[tuple[int, int, int]]
) -> None:
    """Whatever barriers and limits follow each other, both walks agree on answer and position."""
    start = min(start, len(walked) - 1)
    path, naive = Path(candles(*walked), start), NaivePath(walked, start)
    for down, up, wait in calls:
        lo, hi, until_ns = path.price - down, path.price + up, path.now_ns + wait
        assert path.advance(lo, hi, until_ns) == naive.advance(lo, hi, until_ns)
        assert state(path) == state(naive)
        assert path.finished == (path.now_ns == naive.end_ns)


@pytest.mark.parametrize("seed", range(6))
def test_long_walks_stop_where_the_naive_walk_stops(seed: int) -> None:
    """Bars far ahead are searched by chunks; what is found there is the same."""
    prng, price, walked = Prng(seed), 1_000, list[Bar]()
    for _ in range(1_500):
        first = price + (prng.between(-1, 1) if prng.chance(100_000) else 0)
        price = first + prng.between(-2, 2)
        low, high = min(first, price) - prng.below(2), max(first, price) + prng.below(2)
        walked.append((first, high, low, price))
    path, naive = Path(candles(*walked)), NaivePath(walked, 0)
    while not path.finished:
        width, wait = prng.between(5, 60), prng.between(1, 900) * STEP_NS // 2
        lo, hi, until_ns = path.price - width, path.price + width, path.now_ns + wait
        assert path.advance(lo, hi, until_ns) == naive.advance(lo, hi, until_ns)
        assert state(path) == state(naive)


@pytest.mark.parametrize(
    ("bar", "first"),
    [((100, 110, 80, 105), 110), ((100, 120, 90, 105), 90), ((100, 110, 90, 105), 90)],
)
def test_the_nearer_extreme_comes_first_and_the_low_if_both_are_as_near(
    bar: Bar, first: int
) -> None:
    """A quarter of the bar in, the price is at the extreme nearer to the open."""
    path = Path(candles(bar))
    assert not path.advance(0, FOREVER, START_NS + STEP_NS // 4)
    assert path.price == first


def test_the_bar_passes_its_four_points_on_time() -> None:
    """Open at 0, extremes at 1/4 and 3/4, close 1 ms before the end, and then it rests."""
    path = Path(candles((100, 110, 80, 105), (90, 90, 90, 90)))
    seen = [path.price]
    for ns in (STEP_NS // 4, 3 * STEP_NS // 4, STEP_NS - 1_000_000, STEP_NS - 1, STEP_NS):
        assert not path.advance(0, FOREVER, START_NS + ns)
        seen.append(path.price)
    assert seen == [100, 110, 80, 105, 105, 90]


def test_a_touch_is_at_the_barrier_and_at_the_first_ns_that_reaches_it() -> None:
    """From 100 to 107 in 2 ms, 103 is first reached 857,143 ns later."""
    for until_ns in (START_NS + 857_143, FOREVER):
        path = Path(candles((100, 107, 80, 100)))
        assert path.advance(90, 103, until_ns)
        assert state(path) == (START_NS + 857_143, 103, 0)
    before = Path(candles((100, 107, 80, 100)))
    assert not before.advance(90, 103, START_NS + 857_142)
    assert before.price == 102


def test_an_open_jumps_over_a_barrier() -> None:
    """At a gap the price is the open, beyond the barrier: there was nothing in between."""
    path = Path(candles((100, 100, 100, 100), (90, 95, 90, 95)))
    assert path.advance(98, 200, FOREVER)
    assert state(path) == (START_NS + STEP_NS, 90, 1)


def test_the_end_of_a_bar_is_the_open_of_the_next() -> None:
    """Waiting until a bar opens includes its jump; a moment less does not."""
    walked = candles((100, 100, 100, 100), (90, 95, 90, 95))
    assert Path(walked).advance(98, 200, START_NS + STEP_NS)
    path = Path(walked)
    assert not path.advance(98, 200, START_NS + STEP_NS - 1)
    assert state(path) == (START_NS + STEP_NS - 1, 100, 0)


def test_the_data_ends_with_the_last_bar() -> None:
    """A call that finds nothing stops at the end, at the last close, and stays there."""
    path = Path(candles((100, 101, 99, 100), (100, 101, 99, 101)))
    assert not path.finished
    for _ in range(2):
        assert not path.advance(50, 150, FOREVER)
        assert state(path) == (START_NS + 2 * STEP_NS, 101, 1)
        assert path.finished


def test_a_walk_begins_at_the_open_of_the_bar_asked_for() -> None:
    """The bars before it do not exist for the walk."""
    path = Path(candles((100, 100, 100, 100), (90, 95, 90, 95)), start_index=1)
    assert state(path) == (START_NS + STEP_NS, 90, 1)


def test_later_bars_do_not_change_what_was_answered() -> None:
    """Nothing after the answer is seen: another future gives the same present."""
    past = [(100, 104, 97, 101), (101, 103, 99, 102)]
    futures = [(102, 900, 102, 900), (2, 3, 1, 2)]
    answers = set[tuple[bool, int, int, int]]()
    for future in futures:
        path = Path(candles(*past, future))
        for until in range(0, 2 * STEP_NS, STEP_NS // 8):
            answers.add((path.advance(1, 1_000, START_NS + until), *state(path)))
    assert len(answers) == 16


@pytest.mark.parametrize(("lo", "hi"), [(100, 110), (90, 100), (110, 120)])
def test_barriers_must_enclose_the_price(lo: int, hi: int) -> None:
    """A barrier that is already touched is a mistake of the caller."""
    with pytest.raises(AssertionError):
        Path(candles((100, 100, 100, 100))).advance(lo, hi, FOREVER)
