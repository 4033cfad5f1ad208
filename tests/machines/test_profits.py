"""Profits and their peaks: the most of late, as a list of all that was realized would say."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from machines.profits import Profits

steps = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=40)


@given(steps, st.integers(0, 6))
def test_the_most_is_that_of_the_bars_that_count(
    found: list[tuple[int, bool]], lookback: int
) -> None:
    """A profit belongs to all bars until the one after whose close it changed; a bar is 1 ms."""
    profits, bar, seen = Profits(), 0, [(0, 0)]
    for profit, closes in found:
        seen.append((bar, profits.now))
        profits = profits.after(profit, bar)
        if closes:
            bar += 1
            profits = profits.since(bar - lookback)
            counted = [value for until, value in seen if until >= bar - lookback]
            assert profits.most == max([*counted, profits.now])
    assert profits.now == sum(profit for profit, _ in found)


@given(steps)
def test_all_of_it_counts_where_nothing_is_forgotten(found: list[tuple[int, bool]]) -> None:
    """Then one peak is enough."""
    profits = Profits()
    for profit, _ in found:
        profits = profits.after(profit, 0).since(None)
    assert profits.most == max(accumulate((profit for profit, _ in found), initial=0))
    assert len(profits.peaks) <= 1
