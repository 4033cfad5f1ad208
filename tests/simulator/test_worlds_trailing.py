"""The closed worlds of trailing orders: two ways to say what the extremes are, and how bots err."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.trailing import OFF, Bar, Leveled, Levels, opened, step
from simulator.judge import explore, kill
from simulator.mutants import trailing as mutants
from simulator.worlds.trailing import BACK, BUY, LOW, REST, Bot, deep_worlds, named
from simulator.worlds.trailing_scene import Market, called_for, extremes
from spec.terms import Side
from spec.trailing import State

BARS = st.lists(st.lists(st.integers(7, 13), min_size=3, max_size=3).map(sorted), max_size=6).map(
    lambda rows: tuple(Bar(n + 1, r[2], r[0], r[1]) for n, r in enumerate(rows))
)
LEVELS = st.sampled_from((BUY, LOW, BACK, REST, OFF))

DEEP_COUNTS = {
    "trailing-late-crash": (177_848, 442_744, 23),
    "trailing-sell-late": (213_680, 537_538, 23),
    "trailing-gap-crash": (36_685, 76_576, 18),
    "trailing-whole": (36_002, 80_969, 16),
}


@given(st.sampled_from(Side), LEVELS, BARS)
def test_the_machine_counts_what_the_definition_sees(
    side: Side, levels: Levels, bars: tuple[Bar, ...]
) -> None:
    """Bar by bar or all at once: the same extremes, the same state, whenever the levels come."""
    early, _ = step(opened(side, 0), Leveled(0, levels))
    late = opened(side, 0)
    for bar in bars:
        early, _ = step(early, bar)
        late, _ = step(late, bar)
    late, _ = step(late, Leveled(0, levels))
    assert early == late
    assert (early.extreme_ticks, early.retraced_ticks) == extremes(side, bars)
    assert early.state is called_for(side, bars, levels)


@pytest.mark.parametrize("name", ["trailing-fails", "trailing-late"])
def test_where_nothing_can_happen_any_more_the_bot_knows_all(name: str) -> None:
    """The extremes that it believes are the venue's, whatever was late or lost in a crash."""
    world = named(name)
    todo = list(world.initial())
    seen, ends = set(todo), 0
    for state in todo:
        nexts = [after for _, after in world.moves(state)]
        for after in nexts:
            if after not in seen:
                seen.add(after)
                todo.append(after)
        if not nexts:
            bot, market = state.actors
            assert isinstance(bot, Bot)
            assert isinstance(market, Market)
            trailing = bot.trailing
            assert trailing.state is not State.REBUILDING
            assert (trailing.since, trailing.moment) == (market.since, market.moment)
            seen_by_venue = extremes(trailing.side, market.bars)
            assert (trailing.extreme_ticks, trailing.retraced_ticks) == seen_by_venue
            ends += 1
    assert ends


@pytest.mark.parametrize(
    ("defect", "moves"),
    [
        ("the bar of the fill counts", 3),
        ("without an answer there were no bars", 5),
        ("a late fill starts anew", 6),
        ("a cancel is not waited for", 9),
    ],
)
def test_how_soon_a_defect_shows(defect: str, moves: int) -> None:
    """The shortest way to what others do wrong."""
    mutant = next(each for each in mutants.mutants() if each.defect == defect)
    verdict = kill(mutant).verdict
    assert verdict is not None
    assert len(verdict.moves()) == moves


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More of everything at once makes no difference to what holds."""
    found = explore({world.name: world for world in deep_worlds()}[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures
