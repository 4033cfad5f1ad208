"""The closed worlds of the supervisor: sizes, claims, and the defects that must be found."""

from functools import cache
from typing import Any

import pytest

from simulator.explorer import Report, explore
from simulator.judge import Mutant, kill
from simulator.mutants.supervisor import mutants
from simulator.worlds.supervisor import Bot, judge, worlds
from simulator.worlds.supervisor_scene import Answer, Venue
from spec.properties import Kind
from spec.supervisor import PROPERTIES, Match, Part, State

SIZES = {  # states, transitions, depth
    "supervisor-start": (16_449, 57_173, 37),
    "supervisor-gap": (10_701, 26_933, 53),
    "supervisor-halt": (4_613, 14_187, 28),
    "supervisor-crash": (8_794, 21_084, 58),
    "supervisor-stop": (12_557, 33_452, 50),
    "supervisor-silent": (14_787, 38_550, 25),
    "supervisor-trade": (3_769, 9_217, 50),
}
WORLDS = {world.name: world for world in worlds()}
MUTANTS = {f"{m.property_id} {m.defect}": m for m in mutants()}


@cache
def report(name: str) -> Report[Any]:
    """Return what the exploration of a world says."""
    return explore(WORLDS[name], states_max=20_000)


@pytest.mark.parametrize("name", WORLDS)
def test_each_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """A change of the machine, or of its world, shows in the number of states."""
    found = report(name)
    assert (found.states, found.transitions, found.depth) == SIZES[name]
    assert found.complete
    assert not found.failures


def test_each_property_is_claimed_and_has_a_mutant() -> None:
    """A property that no world claims, or that no defect breaks, says nothing."""
    claimed = {v.property.id for name in WORLDS for v in report(name).verdicts}
    assert claimed == {*PROPERTIES} == {mutant.property_id for mutant in MUTANTS.values()}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_each_defect_is_found_by_its_property(mutant: Mutant) -> None:
    """The property fails, with a path to show unless it claims that something is possible."""
    found = kill(mutant)
    assert found.killed
    assert found.verdict is not None
    shown = PROPERTIES[mutant.property_id].kind is not Kind.SOMETIMES
    assert (found.verdict.path is not None) is shown


@pytest.mark.parametrize("name", ["supervisor-start", "supervisor-gap", "supervisor-crash"])
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
    assert judge(0b01, (positions, orders, fills)) is Match.UNEXPLAINED
    assert judge(0b01, (positions, orders, later)) is Match.BEHIND
    assert judge(0b11, (positions, orders, fills)) is Match.AGREES
