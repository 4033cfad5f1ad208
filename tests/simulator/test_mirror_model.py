"""MIRROR, the model of the benchmark of checkers: its counts, its claims and its defects."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import compiled, explorer
from simulator.actors import ActorWorld, Locals
from simulator.explorer import Report
from tests.benchmarks.checkers.checker import CheckerError
from tests.benchmarks.checkers.mirror import (
    DEFECT_DEPTHS,
    DEFECTS,
    EXPECTED,
    EXPOSURE,
    NAMED,
    SMALL,
    Size,
    mirror,
)
from tests.benchmarks.checkers.rivals import Spin

STATES_MAX = 20_000
Explore = Callable[..., Report[Any]]
EXPLORERS = pytest.mark.parametrize(
    "explore", [explorer.explore, compiled.explore], ids=["reference", "compiled"]
)
EXACT = "-O0 -DBFS"


@pytest.fixture(scope="module")
def spin() -> Spin:
    """SPIN, where it is installed."""
    checker = Spin()
    try:
        checker.version()
    except CheckerError as error:
        pytest.skip(f"SPIN cannot be asked: {error}")
    return checker


@pytest.mark.parametrize("size", SMALL)
@EXPLORERS
def test_the_counts_are_those_of_the_definition(explore: Explore, size: Size) -> None:
    """Every claim holds; states, transitions and depth are what every other checker counts."""
    report = explore(mirror(*size), states_max=STATES_MAX)
    assert report.failures == ()
    assert (report.states, report.transitions, report.depth) == EXPECTED[size]
    assert report.deadlocks == 0


@pytest.mark.parametrize("name", ["S", "M"])
def test_the_larger_sizes_are_counted_too(name: str) -> None:
    """Over a million states, and no doubt about one of them."""
    report = compiled.explore(mirror(*NAMED[name]), states_max=2_000_000)
    assert report.failures == ()
    assert (report.states, report.transitions, report.depth) == EXPECTED[NAMED[name]]


@pytest.mark.parametrize("defect", DEFECTS)
@EXPLORERS
def test_each_defect_is_found_by_a_shortest_path(explore: Explore, defect: str) -> None:
    """A claim fails first, and some steps later the true exposure exceeds the cap."""
    world = mirror(*NAMED["S"], defect)
    report = explore(world, states_max=STATES_MAX, stop_at_first_failure=frozenset({EXPOSURE}))
    steps = {failure.property.id: len(failure.moves()) for failure in report.failures}
    assert (min(steps.values()), steps[EXPOSURE]) == DEFECT_DEPTHS[defect]


def test_a_defect_that_there_is_not_is_refused() -> None:
    """A typing error must not explore the sound model."""
    with pytest.raises(ValueError, match="no defect 'D5'; there are D1, D2, D3, D4"):
        mirror(*SMALL[0], "D5")


def test_what_was_sold_changes_by_fills_and_by_the_source_alone() -> None:
    """It is no variable of the model, but follows from the others in every state."""
    world = mirror(*SMALL[1])
    (start,) = world.initial()
    seen, todo = {start}, [start]
    while todo:
        before = todo.pop()
        for move, after in world.moves(before):
            change = sold(world, after) - sold(world, before)
            if move.what.startswith("fill"):
                assert change == world.features(before).volumes - world.features(after).volumes
            else:
                assert change == (-1 if move.what.startswith("source") else 0)
            if after not in seen:
                seen.add(after)
                todo.append(after)
    assert len(seen) == EXPECTED[SMALL[1]].states


def sold(world: ActorWorld, state: Locals) -> int:
    """Return the true net lots sold."""
    features = world.features(state)
    lots: int = features.true_sold + features.fills_under_way
    return lots


def test_spin_counts_the_same(spin: Spin) -> None:
    """Its model was written apart from ours."""
    found = spin.check(SMALL[1], EXACT)
    assert (found.states, found.transitions, found.depth) == EXPECTED[SMALL[1]]


def test_spin_finds_a_defect_as_near(spin: Spin) -> None:
    """D3 fails first in the middle of a step, and only then in a state."""
    assert spin.depths(NAMED["S"], "D3") == DEFECT_DEPTHS["D3"]
