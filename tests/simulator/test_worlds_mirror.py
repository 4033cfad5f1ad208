"""The closed worlds of the mirror overlay: how they end, what is special, and the larger ones."""

import pytest

from machines.mirror import Overlay, Place, Resumed, decide, run
from simulator.judge import Mutant, explore, kill
from simulator.mutants.mirror import mutants
from simulator.worlds.mirror import deep_worlds, worlds
from simulator.worlds.mirror_moment import (
    Answer,
    Held,
    Look,
    Moment,
    Scope,
    Work,
    cycle_of,
    gap,
    helped,
)
from simulator.worlds.mirror_scene import Desk, crashed, desk_hears, filled, restarted
from spec.mirror import Fault, State

DEEP_COUNTS = {
    "mirror-pair-prices": (144_976, 530_945, 36),
    "mirror-lots": (289_372, 1_076_862, 35),
}
NONE = (Held(),) * 3
WORLDS = {world.name: world for world in worlds()}
DEEP = {world.name: world for world in deep_worlds()}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More prices and more lots make no difference to what holds."""
    found = explore(DEEP[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


def test_longs_that_hedge_shorts_are_the_mirror_image() -> None:
    """The two modes have the same states, one by one."""
    shorts, longs = explore(WORLDS["mirror-prices"]), explore(WORLDS["mirror-longs"])
    assert (shorts.states, shorts.transitions) == (longs.states, longs.transitions)
    assert not shorts.failures
    assert not longs.failures


@pytest.mark.parametrize(
    ("defect", "property_id", "moves"),
    [
        ("the last mirror is closed whole", "MIR-3.2", 23),
        ("a mirror without room stops the others", "MIR-3.1", 18),
        ("mirrors are left to themselves", "MIR-3.3", 7),
        ("the cap follows the exposure there is", "MIR-1.1", 7),
        ("an error is passed over", "MIR-7.1", 2),
    ],
)
def test_the_designs_of_the_original_fail(defect: str, property_id: str, moves: int) -> None:
    """Each by a shortest path, pinned so that a change of the world shows."""
    found = kill(_mutant(defect, property_id)).verdict
    assert found is not None
    assert not found.holds
    assert len(found.moves()) == moves


def test_a_mirror_that_is_closed_whole_is_opened_again() -> None:
    """While all stands still: the churn that reducing to the target avoids."""
    found = kill(_mutant("the last mirror is closed whole", "MIR-3.2")).verdict
    assert found is not None
    said = [move.what for move in found.moves()]
    reduces = next(number for number, what in enumerate(said) if "reduces" in what)
    assert any("adds" in what for what in said[reduces + 1 :])
    assert "falls quiet" in said[:reduces]


def test_what_helps_is_judged_without_the_machine() -> None:
    """An order helps if it leads nearer, within cap and size, and not out at the other edge."""
    scope = Scope()
    under = Moment(Look((6, 3, 2), 1, on=True, quiet=True), 1, (Held(), Held(1, 3), Held()), ())
    assert (gap(scope, under).hedge, gap(scope, under).target, gap(scope, under).band) == (3, 6, 1)
    assert helped(scope, under)
    assert not helped(Scope(cap=5, approved=(1,)), under)
    assert not helped(Scope(sizes=(1, 2, 3)), under)
    over = under._replace(base=0)
    assert helped(scope, over)
    assert not helped(Scope(sizes=(1, 2, 1)), over)


def test_an_order_fills_lot_by_lot() -> None:
    """What is left of it works on; a mirror that is gone forgets its price."""
    desk = Desk((Held(), Held(2, 3)), (None, Work(2, 3, reduces=True)))
    once = filled(desk, 1, Work(2, 3, reduces=True))
    assert (once.held[1], once.work[1]) == (Held(1, 3), Work(1, 3, reduces=True))
    twice = filled(once, 1, Work(1, 3, reduces=True))
    assert (twice.held[1], twice.work[1]) == (Held(), None)


def test_a_crash_leaves_a_part_of_the_answer_on_its_way() -> None:
    """From nothing at all up to the whole; what had left takes effect while the bot is down."""
    cycle = cycle_of(
        Scope(), Moment(Look((6, 3, 2), 2, on=True, quiet=False), 2, NONE, (None,) * 3)
    )
    orders = tuple(map(Place, decide(cycle).orders))
    assert len(orders) == 2
    answer = Answer(base=2, still=False, prices=(6, 3, 2), orders=orders)
    desk = Desk(NONE, (None,) * 3, answer=answer, crashes=1)
    after = [do.state for do in crashed(desk)]
    assert all(isinstance(each, Desk) and each.down and not each.crashes for each in after)
    left = [each.answer for each in after if isinstance(each, Desk)]
    assert left == [None, *(answer._replace(orders=orders[:count]) for count in range(3))]


def test_while_the_bot_is_down_a_look_is_lost_and_a_word_waits() -> None:
    """Nobody looks, and the person says it again."""
    down = Desk(NONE, (None,) * 3, down=True)
    look = Look((6, 3, 2), 2, on=True, quiet=False)
    assert [do.state for do in desk_hears(Scope(), run, down, look)] == [down]
    assert not list(desk_hears(Scope(), run, down, Resumed(1)))


def test_a_restart_that_forgets_ends_a_stop() -> None:
    """The journal keeps it, and nothing else could."""
    stopped = Overlay(state=State.STOPPED, stops=1, fault=Fault.PRICE, where="A")
    down = Desk(NONE, (None,) * 3, overlay=stopped, down=True)
    kept = restarted(Scope(), down)
    assert (kept.overlay, kept.wrongs.freed, kept.down) == (stopped, False, False)
    assert restarted(Scope(forgets=True), down).wrongs.freed
    assert not restarted(Scope(forgets=True), down._replace(overlay=Overlay())).wrongs.freed


def _mutant(defect: str, property_id: str) -> Mutant:
    """Return the mutant with *defect* that breaks *property_id*."""
    return next(m for m in mutants() if (m.defect, m.property_id) == (defect, property_id))
