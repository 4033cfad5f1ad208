"""The formulas of the portfolio's trailing orders fire when the proven machine does."""

from hypothesis import assume, given
from hypothesis import strategies as st

from machines.pricing.closes import risen, turned_down
from machines.pricing.entries import fallen, turned_up
from machines.pricing.extremes import forgotten, seen
from machines.pricing.numbers import LONG, SHORT, Extremes
from machines.trailing import Bar, Leveled, Levels, Trailing, opened, step
from spec.terms import Side
from spec.trailing import State
from spec.units import MILLION

TICKS = st.integers(900, 1_100)
BARS = st.lists(st.tuples(TICKS, TICKS, TICKS).map(sorted), min_size=1, max_size=12)


def watched(bars: list[list[int]]) -> Extremes:
    """Return the extremes after *bars* of low, close and high, as the portfolio keeps them."""
    extremes = forgotten()
    for low, close, high in bars:
        extremes = seen(extremes, float(high), float(low), float(close))
    return extremes


def trailed(side: Side, bars: list[list[int]], levels: Levels) -> Trailing:
    """Return the machine after the same bars."""
    machine, _ = step(opened(side, 0), Leveled(0, levels))
    for moment, (low, close, high) in enumerate(bars, 1):
        machine, _ = step(machine, Bar(moment, high, low, close))
    return machine


def by_formulas(side: Side, extremes: Extremes, levels: Levels) -> tuple[bool, bool]:
    """Return whether an entry that is placed on *side* fires, and a close."""
    share, price = levels.retracement_ppm / MILLION, float(levels.threshold_ticks)
    entry, close = (LONG, SHORT) if side is Side.BUY else (SHORT, LONG)
    entered = turned_up(entry, extremes, share) and (price == 0 or fallen(entry, extremes, price))
    closed = turned_down(close, extremes, share) and (price == 0 or risen(close, extremes, price))
    return entered, closed


@given(
    side=st.sampled_from(Side),
    bars=BARS,
    threshold_ticks=st.just(0) | TICKS,
    retracement_ppm=st.integers(1, 150_000),
)
def test_entries_and_closes_fire_when_the_machine_does(
    side: Side, bars: list[list[int]], threshold_ticks: int, retracement_ppm: int
) -> None:
    """TRL: beyond the threshold, and back by more than the retracement; of longs and of shorts.

    Where the price is back by exactly the retracement, floats may round either way.
    """
    levels = Levels(threshold_ticks=threshold_ticks, retracement_ppm=retracement_ppm)
    machine = trailed(side, bars, levels)
    turn = machine.extreme_ticks * (MILLION + side.sign * retracement_ppm)
    assume(turn != machine.retraced_ticks * MILLION)
    fired = machine.state is State.FIRED
    assert by_formulas(side, watched(bars), levels) == (fired, fired)
