"""The closed worlds of the supervisor: how they end, and why answers must be of one moment."""

import pytest

from simulator.worlds.supervisor import worlds
from simulator.worlds.supervisor_claims import Bot, compare
from simulator.worlds.supervisor_scene import Answer, Venue
from spec.supervisor import Match, Part, State

WORLDS = {world.name: world for world in worlds()}


@pytest.mark.parametrize("name", ["supervisor-gap", "supervisor-crash", "supervisor-causes"])
def test_what_nobody_stops_ends_in_running(name: str) -> None:
    """Where nothing can happen any more the bot trades, and misses nothing."""
    world = WORLDS[name]
    seen = set(world.initial())
    todo = list(seen)
    ends = 0
    for state in todo:
        nexts = [after for _, after in world.moves(state)]
        todo.extend(new := set(nexts) - seen)
        seen |= new
        if not nexts:
            bot, venue = state.actors[:2]
            assert isinstance(bot, Bot)
            assert isinstance(venue, Venue)
            assert bot.supervisor.state is State.RUNNING
            assert bot.journal == (1 << venue.sequence) - 1
            ends += 1
    assert ends


def test_torn_answers_seem_to_show_a_position_that_is_not_ours() -> None:
    """The reason why only answers of one moment are judged: the fill came between them."""
    positions = Answer(1, Part.POSITIONS, moment=3, events=0b11, held=1)
    orders = Answer(1, Part.ORDERS, moment=2, events=0b01, held=1)
    fills = Answer(1, Part.FILLS, moment=2, events=0b01, held=0)
    later = fills._replace(moment=3, events=0b11)
    assert compare(0b01, (positions, orders, fills)) is Match.UNEXPLAINED
    assert compare(0b01, (positions, orders, later)) is Match.BEHIND
    assert compare(0b11, (positions, orders, fills)) is Match.AGREES
