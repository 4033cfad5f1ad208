"""The closed worlds of slots: how they end, and how soon one position too many is there."""

import pytest

from simulator.judge import explore, kill
from simulator.mutants import slots as mutants
from simulator.worlds.slots import NONE, Bot, deep_worlds, named
from simulator.worlds.slots_scene import Venue
from spec.slots import State

DEEP_COUNTS = {
    "slots-three-swaps": (21_391, 82_120, 35),
}


@pytest.mark.parametrize("name", ["slots-swap", "slots-three", "slots-crash"])
def test_where_nothing_is_under_way_the_bot_knows_what_is_open(name: str) -> None:
    """Positions and orders as at the venue, and as many slots taken as there are, or fewer."""
    world = named(name)
    todo = list(world.initial())
    seen, calm = set(todo), 0
    for state in todo:
        nexts = {after for _, after in world.moves(state)} - seen
        todo.extend(nexts)
        seen |= nexts
        bot, venue, _ = state.actors
        assert isinstance(bot, Bot)
        assert isinstance(venue, Venue)
        if any(state.queues) or not bot.slots.known:
            continue
        calm += 1
        seats = bot.slots.seats
        assert [seat.lots for seat in seats] == list(venue.lots)
        assert [order != NONE for order in bot.orders] == list(venue.orders)
        assert sum(seat.state is not State.OUT for seat in seats) <= bot.slots.count
    assert calm > 10


@pytest.mark.parametrize(
    ("defect", "property_id", "moves"),
    [
        ("a slot passes on with the cancel", "FOR-2", 5),
        ("a slot passes on with the cancel", "FOR-1", 6),
        ("a restart forgets orders", "FOR-1", 8),
    ],
)
def test_how_soon_a_defect_shows(defect: str, property_id: str, moves: int) -> None:
    """The shortest way to what others do wrong."""
    found = (m for m in mutants.mutants() if (m.defect, m.property_id) == (defect, property_id))
    verdict = kill(next(found)).verdict
    assert verdict is not None
    assert len(verdict.moves()) == moves


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More of everything at once makes no difference to what holds."""
    found = explore({world.name: world for world in deep_worlds()}[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures
