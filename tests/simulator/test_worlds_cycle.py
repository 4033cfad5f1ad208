"""The closed worlds of one cycle: what histories there are, and what cycles earn."""

from itertools import accumulate, pairwise

import pytest
from attrs import evolve

from simulator.closed_form import Form, coin
from simulator.explorer import NO_EXCEPTION, explore
from simulator.worlds.cycle import (
    DEPOSIT,
    QTY,
    START,
    UNIT,
    UNITS_MAX,
    CycleWorld,
    _Play,
    course,
    slippage,
    worlds,
)
from spec.hedge_wallet import HEDGE_WALLET, Fragment, OrderKind, State, Symbol
from spec.terms import PositionMode

WORLDS = {world.name: world for world in worlds()}
FALL_TO_RESET = {v: (-1,) * v + (1,) * min(v, 4) for v in range(1, 9)}


@pytest.mark.parametrize("mode", PositionMode)
def test_what_falls_earn_in_numbers(mode: PositionMode) -> None:
    """With 42 lots and shorts of 10, falls of 1 to 8 units earn what the table says."""
    world = CycleWorld("coin", mode, Fragment.COIN)
    earned: list[int] = []
    for units, moves in FALL_TO_RESET.items():
        scene = world.played(moves)
        assert scene.ended
        assert scene.phase is State.ADVANCE
        earned.append((scene.equity - DEPOSIT) // UNIT + QTY * max(units - 4, 0))
    assert earned == [-52, -62, -72, -82, 0, 82, 164, 246]


def test_a_cycle_does_not_end_before_its_reset_level() -> None:
    """One unit below the RESET level the cycle is still open, and so nothing is claimed of it."""
    world = CycleWorld("usd")
    for moves in FALL_TO_RESET.values():
        scene = world.played(moves[:-1])
        assert not scene.ended
        assert world.earns_the_closed_form(scene)
        assert list(world.moves(scene))
        assert not list(world.moves(world.played(moves)))


def test_the_claim_tells_money_from_money() -> None:
    """One money unit more or less, at the venue or in the wallet's books, breaks the claim."""
    world = CycleWorld("usd")
    scene = world.played(FALL_TO_RESET[5])
    assert world.earns_the_closed_form(scene)
    for money in (1, -1):
        assert not world.earns_the_closed_form(scene._replace(worth=scene.worth + money))
        wrong = scene._replace(worth=scene.worth + money, equity=scene.equity + money)
        assert not world.earns_the_closed_form(wrong)
    assert not world.earns_the_closed_form(world.played(())._replace(ended=True))


def test_histories_are_a_rise_a_fall_and_a_rise() -> None:
    """The market rises, falls once and rises once, within the bounds of the world."""
    world = CycleWorld("small", units=3, rises=2, gaps=1)
    todo = list(world.initial())
    for scene in todo:
        signs = [units > 0 for units in scene.moves]
        turns = sum(before is not after for before, after in pairwise(signs))
        assert turns + (not signs[0] if signs else 0) <= 2
        assert sum(abs(units) > 1 for units in scene.moves) <= 1
        at = course(scene.moves)
        assert at.peak <= 2
        assert at.units <= 3
        todo.extend(after for _, after in world.moves(scene))
    assert {course(scene.moves).units for scene in todo} == set(range(4))


def form(units: int) -> Form:
    """Return the closed form with shorts of ten lots."""
    return coin(units, UNIT, QTY, 10)


def test_gaps_cost_what_lies_beyond_the_levels() -> None:
    """An order that the market jumps over fills where the jump ended, the others at their level."""
    assert slippage(form(3), course((-1, -1, -1, 1, 1, 1))) == 0
    # Sold at -3: 42 lots and the first short two units late, the second one unit late.
    assert slippage(form(3), course((-3, 1, 1, 1))) == UNIT * (2 * QTY + 2 * 10 + 10)
    # Bought at 0 instead of -1 and -2.
    assert slippage(form(3), course((-1, -1, -1, 3))) == UNIT * (1 * 10 + 2 * 10)


def test_a_gap_lets_entries_fill_before_the_exit() -> None:
    """After a rise the entries are older than the exit: in one-way mode they sell the long."""
    world, moves = WORLDS["cycle-one-way-usd-gap"], (1, -2)
    assert world._fits(moves)
    play = _Play(world)
    for unit in accumulate(moves, initial=0):
        play.price(START + unit * UNIT)
    kinds = [fill.kind for fill in play.venue.fills]
    entry, leave = OrderKind.STOP_ENTRY_SHORT, OrderKind.STOP_LOSS_FULL
    assert kinds.index(entry) < kinds.index(leave)


def test_cycles_with_falls_of_each_number_of_units_end() -> None:
    """The closed form is not claimed of nothing: every fall up to the bound comes to its end."""
    world = CycleWorld("usd")
    todo = list(world.initial())
    for scene in todo:
        todo.extend(after for _, after in world.moves(scene))
    ended = {course(scene.moves).units for scene in todo if scene.ended}
    assert ended == set(range(1, UNITS_MAX + 1))


def test_a_bot_that_never_falls_silent_is_an_exception() -> None:
    """A ladder that does not slide up asks for the same price for ever; the world says so."""
    stuck = HEDGE_WALLET.redirected(State.ADVANCE, Symbol.UNIT_UP, State.ADVANCE, ())
    world = evolve(CycleWorld("stuck", units=1, rises=1), spec=stuck)
    (failure,) = explore(world, states_max=100).failures
    assert failure.property is NO_EXCEPTION
    assert "fall silent" in failure.note
