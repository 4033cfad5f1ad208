"""The closed worlds of the collision machine: what is special, and those for every other day."""

from collections.abc import Iterable

import pytest

from simulator.actors import Do, Locals
from simulator.judge import Mutant, explore, kill
from simulator.mutants.collision import mutants
from simulator.worlds.collision import SCOPES, Bot, collision_world, deep_worlds, named
from simulator.worlds.collision_desk import mirror_uses
from simulator.worlds.collision_scene import (
    Ask,
    Book,
    Kind,
    Resting,
    Told,
    Venue,
    netted,
    ousted,
    show_told,
    venue_acts,
    venue_hears,
)
from spec.collision import State

DEEP_COUNTS = {
    "collision-patient": (40_490, 150_364, 49),
    "collision-refused-twice": (523_338, 2_116_542, 56),
    "collision-mixed-lots": (323_008, 2_109_621, 45),
    "collision-ousted-lots": (213_526, 841_906, 51),
    "collision-two-keeps": (346_218, 1_595_824, 43),
    "collision-two-exits": (130_142, 637_951, 38),
    "collision-two-mirrors": (203_997, 974_061, 39),
    "collision-hedge-mixed": (9_169, 49_864, 24),
}
WORLDS = {world.name: world for world in deep_worlds()}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More lots, patience, refusals and mirrors make no difference to what holds."""
    found = explore(WORLDS[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


@pytest.mark.parametrize(
    ("defect", "property_id", "moves"),
    [
        ("the gate lasts one cycle, even if the close has not filled", "COL-1.1", 10),
        ("the gate lasts zero cycles", "COL-2", 7),
        ("a refused close is never tried again", "COL-3", 10),
        ("the mirror comes back while the base still wants", "COL-4.1", 2),
    ],
)
def test_how_soon_a_defect_shows(defect: str, property_id: str, moves: int) -> None:
    """The shortest way to each of the four mistakes that suggest themselves."""
    found = kill(_mutant(defect, property_id)).verdict
    assert found is not None
    assert len(found.moves()) == moves


def test_the_gate_of_one_cycle_lets_the_base_in_beside_an_unfilled_close() -> None:
    """As originally described: the venue holds the mirror, its close, and an entry of the base."""
    found = kill(_mutant("the gate lasts one cycle, even if the close has not filled", "COL-1.1"))
    assert found.verdict is not None
    assert found.verdict.path is not None
    last = found.verdict.path[-1][1]
    assert found.mutant.world.show(last)["venue"] == "A -1, CLOSE 1, ENTRY 1"


def test_totals_stand_in_for_order() -> None:
    """Reports may overtake each other where each tells its total, else they must not."""
    untold, claims = SCOPES["collision-untold"]
    once = untold._replace(openings=1, entries=1, mixed=True, totals=True)
    assert not explore(collision_world("collision-told", once, ())).failures
    assert not explore(collision_world("collision-untold", untold, claims)).failures
    assert kill(_mutant("closing reports tell no totals, and overtake fills", "COL-1.1")).killed


def test_a_symbol_is_not_kept_from_the_mirror_for_ever() -> None:
    """From every state of the plain world one is reached in which the overlay may open."""
    world = named("collision")
    before: dict[Locals, set[Locals]] = {}
    seen = set(world.initial())
    todo = list(seen)
    for state in todo:
        for _, after in world.moves(state):
            before.setdefault(after, set()).add(state)
            if after not in seen:
                seen.add(after)
                todo.append(after)
    free = [state for state in seen if _state(state.actors[0]) in (State.FREE, State.MIRROR)]
    reached = set(free)
    for state in free:
        new = before.get(state, set()) - reached
        reached |= new
        free.extend(new)
    assert reached == seen


def test_an_account_nets_unless_it_hedges() -> None:
    """One signed position, or two legs."""
    both = Book(long=2, short=3)
    assert netted(both, hedge=False) == Book(long=0, short=1)
    assert netted(both, hedge=True) == both


def test_a_close_never_opens() -> None:
    """It fills as far as there is a mirror, and ends with it; without one it is not taken."""
    order = Resting(0, qty=2)
    venue = Venue((Book(short=1, orders=(None, order, None)),))
    after, report = _only(venue_acts(venue))
    assert after == Venue((Book(),))
    assert report == Told(0, Kind.CLOSE, 0, 1, final=True)
    _, refused = _only(venue_hears(after, "asks", Ask(0, Kind.CLOSE, 1, qty=2)))
    assert refused == Told(0, Kind.CLOSE, 1, 0, final=True)


def test_a_close_ends_with_the_mirror_that_the_venue_has_closed() -> None:
    """Both are told, each once."""
    venue = Venue((Book(short=1, orders=(None, Resting(3, qty=1), None)),), ousts=True)
    after, reports = ousted(venue, 0)
    assert after.books == (Book(),)
    told = [report for _, report in reports]
    assert told == [Told(0, Kind.OUST, 0, 1), Told(0, Kind.CLOSE, 3, 0, final=True)]


def test_what_crosses_trades_as_far_as_the_mirror_goes() -> None:
    """And never rests."""
    venue = Venue((Book(short=2),))
    after, report = _only(venue_hears(venue, "asks", Ask(0, Kind.CLOSE, 1, qty=3, cross=True)))
    assert after == Venue((Book(),))
    assert show_told(report) == "CLOSE A1 filled 2, final"


def test_a_cancel_may_come_too_late() -> None:
    """The report of what has filled is under way by then."""
    venue = Venue((Book(short=1),))
    after, report = _only(venue_hears(venue, "asks", Ask(0, Kind.OPEN, 1)))
    assert after == venue
    assert show_told(report) == "no cancel of OPEN A1"


def test_a_mirror_elsewhere_makes_the_overlay_wait_unless_it_is_being_closed() -> None:
    """What two symbols share: the overlay keeps one mirror, and moves on at a collision."""
    world = named("collision-two")
    found = explore(world)
    moved = next(each for each in found.verdicts if each.property.id == "COL-5.6")
    assert moved.holds
    assert moved.path is not None
    for state in (step for _, step in moved.path):
        bot = state.actors[0]
        assert isinstance(bot, Bot)
        assert sum(mirror_uses(desk) and not desk.closes for desk in bot.desks) <= 1


def _only(dos: Iterable[Do]) -> tuple[Venue, Told]:
    """Return the state and the report of the only one of *dos*."""
    [do] = dos
    [(_, report)] = do.sends
    assert isinstance(do.state, Venue)
    assert isinstance(report, Told)
    return do.state, report


def _state(bot: object) -> State:
    """Return the state of the first symbol of *bot*."""
    assert isinstance(bot, Bot)
    return bot.desks[0].collision.state


def _mutant(defect: str, property_id: str) -> Mutant:
    """Return the mutant with *defect* that breaks *property_id*."""
    return next(m for m in mutants() if (m.defect, m.property_id) == (defect, property_id))
