"""The closed worlds of the position pair: their size, their claims, and the defects they find."""

from functools import cache
from itertools import chain
from typing import Any

import pytest

from machines.position import Fill, Pair
from simulator.explorer import Report, explore
from simulator.worlds.position import (
    PositionWorld,
    TwinsWorld,
    every_fill,
    mutants,
    settled,
    worlds,
)
from spec.position import PROPERTIES, Action, State
from spec.terms import Side

WORLDS = {world.name: world for world in worlds()}
SIZES = {
    "position-one-way": (280, 28_824, 3),
    "position-hedge": (1_071, 68_408, 5),
    "position-twins": (205, 15_552, 3),
}
MUTANTS = {f"{property_id}: {defect}, {world.name}": (property_id, world)
           for defect, property_id, world in mutants()}  # fmt: skip
SHORTEST = {  # moves to each counterexample; of a sometimes there is none
    "POS-1: a leg keeps its average entry in whole ticks, position-one-way": 2,
    "POS-1: the profit of a reduction stays out of cash, position-one-way": 2,
    "POS-2: equal legs cancel out, position-hedge": 3,
    "POS-2: closing one leg forgets the other, position-hedge": 3,
    "POS-3: profit goes to the other leg, position-twins": 2,
    "POS-4: reduce-only is ignored, position-one-way": 1,
    "POS-4: reduce-only is ignored, position-hedge": 1,
    "POS-5.1: a second leg is refused, position-hedge": None,
    "POS-5.2: a fill in excess of the position is refused, position-one-way": None,
    "POS-5.3: an order without a leg opens one by its side, position-hedge": None,
}


@cache
def report(name: str) -> Report[Any]:
    """Return what the exploration of a world says."""
    return explore(WORLDS[name], states_max=2_000)


@pytest.mark.parametrize("name", WORLDS)
def test_each_world_has_its_size(name: str) -> None:
    """A change of the machine or of its world shows in the number of states."""
    found = report(name)
    assert (found.states, found.transitions, found.depth) == SIZES[name]
    assert found.complete
    assert not found.deadlocks


@pytest.mark.parametrize("name", WORLDS)
def test_everything_claimed_holds(name: str) -> None:
    """Each property holds on every fill, and what must be possible is."""
    assert not report(name).failures


def test_every_property_is_claimed_and_has_a_mutant() -> None:
    """No property goes unchecked, and none is checked by a claim that cannot fail."""
    claimed = {claim.property.id for world in worlds() for claim in world.claims()}
    assert claimed == set(PROPERTIES)
    assert {property_id for _, property_id, _ in mutants()} == set(PROPERTIES)


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_is_killed_by_its_property(name: str) -> None:
    """A defect is found by the property that names it, on a shortest path."""
    property_id, world = MUTANTS[name]
    found = explore(world, states_max=2_000, stop_at_first_failure=frozenset({property_id}))
    verdict = found.verdict(property_id)
    assert not verdict.holds
    assert (len(verdict.moves()) if verdict.path else None) == SHORTEST[name]


def test_what_must_be_possible_is_seen_as_it_happens() -> None:
    """The witness of a sometimes ends with the fill that the property speaks of."""
    flip = report("position-one-way").verdict("POS-5.2")
    refusal = report("position-hedge").verdict("POS-5.3")
    assert flip.path is not None
    assert refusal.path is not None
    (*_, (_, before), (_, after)) = flip.path
    assert {before.pair.state, after.pair.state} == {State.LONG, State.SHORT}
    assert Action.REFUSE in refusal.path[-1][1].emits
    assert "leg none" in refusal.moves()[-1].what


def test_fills_are_every_combination() -> None:
    """No side, quantity, price, leg or kind of order is left out, and none is there twice."""
    fills = every_fill(3, 2)
    assert len(fills) == len(set(fills.values())) == 2 * 3 * 2 * 3 * 2


def test_twins_use_one_leg_at_a_time() -> None:
    """The twins see every fill of the leg in use, named or not, and no other leg is ever open."""
    world = TwinsWorld("twins")
    (flat,) = world.initial()
    seen, todo = {flat}, [flat]
    for twins in todo:
        assert twins.hedge.state is not State.HEDGED
        new = {after for _, after in world.moves(twins)} - seen
        seen |= new
        todo.extend(new)
    moves = set(chain.from_iterable((move for move, _ in world.moves(each)) for each in seen))
    assert moves == set(every_fill(3, 2))


def test_a_fill_sees_no_profit_of_earlier_fills() -> None:
    """What a step claim finds in a pair is what the latest fill realized, and only that."""
    fill = Fill(side=Side.SELL, qty=1, notional=2)
    bought = Fill(side=Side.BUY, qty=2, notional=2)
    world = PositionWorld("long")
    (scene,) = world.initial()
    for wanted in (bought, fill, fill):
        scene = next(
            after
            for move, after in world.moves(scene)
            if every_fill(world.qty, world.prices)[move] == wanted
        )
    assert scene.pair.long.realized == 1
    assert settled(scene.pair) == Pair()
