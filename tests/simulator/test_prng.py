"""The dice: the published algorithm, without bias, one stream for each concern."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.prng import Prng

SEEDS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("seed", "draws"),
    [
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]),
        (1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423]),
    ],
)
def test_the_draws_are_those_published_for_splitmix64(seed: int, draws: list[int]) -> None:
    """Anyone can repeat a run with another implementation of the algorithm."""
    prng = Prng(seed)
    assert [prng.next_u64() for _ in draws] == draws


@given(SEEDS, st.integers(0, 5), st.integers(0, 20))
def test_an_array_is_the_next_draws(seed: int, before: int, n: int) -> None:
    """The array takes the draws that single calls would take, and leaves the stream after them."""
    one, many = Prng(seed), Prng(seed)
    for _ in range(before):
        assert one.next_u64() == many.next_u64()
    assert many.u64_array(n).tolist() == [one.next_u64() for _ in range(n)]
    assert many.next_u64() == one.next_u64()


@given(SEEDS, st.integers(1, 2**64))
def test_below_stays_below(seed: int, n: int) -> None:
    """A draw below n is in 0..n - 1, up to the whole range."""
    assert 0 <= Prng(seed).below(n) < n


def test_below_redraws_what_would_favour_some_values() -> None:
    """Four draws on three values, over and over: without redrawing, one in three comes up twice."""
    prng = Prng(3)
    thirds = Counter(prng.below(3 * 2**62) % 3 for _ in range(3_000))
    assert all(900 < thirds[third] < 1_100 for third in range(3))


@given(SEEDS, st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_between_includes_both_ends(seed: int, lo: int, width: int) -> None:
    """A draw between lo and hi is one of them or in between."""
    assert lo <= Prng(seed).between(lo, lo + width) <= lo + width


def test_every_face_of_a_die_comes_up_equally_often() -> None:
    """The shares of a fair die differ by chance alone."""
    prng = Prng(1)
    faces = Counter(prng.between(1, 6) for _ in range(6_000))
    assert sorted(faces) == [1, 2, 3, 4, 5, 6]
    assert all(900 < count < 1_100 for count in faces.values())


def test_a_chance_happens_as_often_as_it_says() -> None:
    """Never at 0, always at a million, and one time in four at a quarter of it."""
    prng = Prng(2)
    assert not any(prng.chance(0) for _ in range(1_000))
    assert all(prng.chance(1_000_000) for _ in range(1_000))
    assert 2_300 < sum(prng.chance(250_000) for _ in range(10_000)) < 2_700


def test_a_draw_in_one_concern_changes_nothing_in_another() -> None:
    """The stream of a name depends on the seed and the name, not on who drew before."""
    fresh, used = Prng(5), Prng(5)
    used.next_u64()
    used.split("latency").next_u64()
    assert used.split("faults").next_u64() == fresh.split("faults").next_u64()


def test_different_names_are_different_streams() -> None:
    """No two of these paths of names share a stream, nor does one repeat its parent."""
    prng = Prng(6)
    streams = [prng, prng.split(""), prng.split("a"), prng.split("b"), prng.split("ab")]
    streams += [prng.split("a").split("b"), prng.split("b").split("a"), Prng(7).split("a")]
    assert len({stream.next_u64() for stream in streams}) == len(streams)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_split_does_not_depend_on_the_hashes_of_the_interpreter(hash_seed: str) -> None:
    """A seed replays in any process."""
    program = "from simulator.prng import Prng; print(Prng(1).split('faults').next_u64())"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, env=environment, capture_output=True, check=True)  # noqa: S603
    assert int(answer.stdout) == Prng(1).split("faults").next_u64() == 13626916992408725136
