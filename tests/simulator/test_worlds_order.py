"""The order worlds: their sizes, and what is special about our side and the venue."""

import pytest
from attrs import evolve

from machines.order import Acked, CancelRejected, Lost, Order
from simulator import compiled, explorer
from simulator.actors import Rule
from simulator.explorer import Move
from simulator.mutants.order import mutants
from simulator.worlds.order import SIZES, deep_worlds, worlds
from simulator.worlds.order_ours import Budget, OurActor, Ours
from simulator.worlds.order_rules import delivers
from simulator.worlds.order_venue import Held, Life, Report, Request, Venue, VenueActor
from spec.order import PROPERTIES, State
from spec.properties import Kind, Property

STATES_MAX = 4_000_000
DEEP_COUNTS = {
    "order-stop-crash": (378_771, 1_833_542, 24),
    "order-stop-all": (653_274, 2_127_768, 27),
    "order-stop-doubled": (225_612, 701_454, 24),
    "order-replace-crash": (1_989_217, 10_738_480, 29),
    "order-anew-all": (1_960_838, 9_535_614, 29),
    "order-silent-again": (2_517_950, 35_934_614, 42),
    "order-twins-lost": (2_139_500, 12_516_516, 26),
    "order-twins-crash-lossy": (2_863_913, 17_387_352, 27),
    "order-twins-crash-parts": (3_375_621, 23_058_459, 28),
    "order-three": (354_433, 2_463_221, 24),
}
WORLDS = {world.name: world for world in (*worlds(), *deep_worlds())}
ONE = Ours((Order(qty=2),), Budget(losses=1, crashes=1))


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """Several misfortunes, and several orders, make no difference to what holds."""
    found = compiled.explore(WORLDS[name], states_max=STATES_MAX)
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


def test_every_property_is_claimed_and_has_a_defect() -> None:
    """Nothing that is declared of an order goes unchecked."""
    claimed = {rule.property.id for world in worlds() for rule in world.rules}
    assert claimed == set(PROPERTIES) == {mutant.property_id for mutant in mutants()}


@pytest.mark.parametrize("name", [name for name, size in SIZES.items() if not size.doubling])
def test_nobody_waits_for_room_on_the_wire(name: str) -> None:
    """A full channel would hide what comes of one message more."""
    room = SIZES[name].room
    free = Property("ROOM-1", Kind.ALWAYS, "No channel is full.")
    rule = Rule(free, lambda s: (s.requests < room) & (s.reports < room))
    found = compiled.explore(evolve(WORLDS[name], rules=(rule,)), states_max=STATES_MAX)
    assert not found.failures


@pytest.mark.parametrize("name", ["order-plain", "order-anew", "order-lossy"])
def test_the_reference_explorer_sees_the_same(name: str) -> None:
    """What compiled code says of the order is what plain Python says."""
    slow = explorer.explore(WORLDS[name], states_max=10_000)
    fast = compiled.explore(WORLDS[name], states_max=10_000)
    assert (slow.states, slow.transitions, slow.depth) == (
        fast.states,
        fast.transitions,
        fast.depth,
    )
    assert [v.holds for v in slow.verdicts] == [v.holds for v in fast.verdicts]


def test_a_crash_may_fall_between_the_journal_and_the_wire() -> None:
    """What was decided is known after it, although it was never sent."""
    side = OurActor(budget=ONE.budget)
    does = list(side.hears(ONE, "reports", Report(0, Lost())))
    crash = next(do for do in does if "crash" in do.what)
    assert isinstance(crash.state, Ours)
    assert crash.state.orders[0] == Order(qty=2, state=State.UNKNOWN, query=1)
    assert crash.state.down
    assert crash.sends == ()


def test_a_doubled_report_comes_again_after_those_under_way() -> None:
    """It is told at once too, and costs as many requests as it asks for."""
    side = OurActor(budget=Budget(doubles=1))
    again, once = side.hears(Ours((Order(qty=2),), side.budget), "reports", Report(0, Acked()))
    assert again.sends == (("reports", Report(0, Acked())),)
    assert once.sends == ()
    assert isinstance(again.state, Ours)
    assert again.state.orders == (Order(qty=2, state=State.NEW),)
    assert again.state.budget == Budget()
    assert not side.features(again.state)["our_lost"]


def test_nobody_hears_the_venue_while_we_are_down() -> None:
    """What arrives then is lost, and the restart asks about every order that is open."""
    side, down = OurActor(), ONE._replace(down=True)
    assert [do.state for do in side.hears(down, "reports", Report(0, Acked()))] == [down]
    restart, *_ = side.acts(down)
    assert restart.sends == (("requests", Request("query", 0, query=1)),)


def test_a_request_that_is_older_than_an_answer_is_dropped() -> None:
    """Otherwise an order that was answered to be absent could still arrive."""
    asked = Venue((Held(asked=1),))
    (late,) = VenueActor().hears(asked, "requests", Request("new", 0, query=0, qty=2))
    assert (late.state, late.sends) == (asked, ())
    again, _ = VenueActor().hears(asked, "requests", Request("new", 0, query=1, qty=2))
    assert again.state == Venue((Held(Life.OPEN, 2, asked=1),))


def test_what_happens_in_the_end_is_what_works() -> None:
    """Losses, doubles and crashes need not happen; what arrives does, and a restart."""
    assert delivers(Move("reports", f"{CancelRejected()}: is told", "we"))
    assert delivers(Move("we", "restart", "requests"))
    unfair = (
        "is lost",
        "is told, and crash before it is sent",
        "is told, and under way again",
    )
    assert not any(delivers(Move("reports", f"Acked: {what}", "we")) for what in unfair)
    assert not delivers(Move("reports", "doubles Acked: is told", "we"))
    assert not delivers(Move("we", "crash"))
