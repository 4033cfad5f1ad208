"""The closed worlds of one cycle: their size, the closed form, and the defects they find."""

from functools import cache
from itertools import accumulate, pairwise

import pytest
from attrs import evolve

from simulator.closed_form import Form, coin
from simulator.explorer import NO_EXCEPTION, Report, explore
from simulator.worlds.cycle import (
    DEPOSIT,
    QTY,
    START,
    UNIT,
    UNITS_MAX,
    CycleWorld,
    Scene,
    _Play,
    course,
    mutants,
    slippage,
    worlds,
)
from spec.hedge_wallet import HEDGE_WALLET, Fragment, OrderKind, State, Symbol
from spec.terms import PositionMode

WORLDS = {world.name: world for world in worlds()}
UNIT_BY_UNIT, GAP = (165, 164, 18), (388, 387, 11)
SIZES = {
    "cycle-one-way-usd": UNIT_BY_UNIT,
    "cycle-one-way-coin": UNIT_BY_UNIT,
    "cycle-hedge-usd": UNIT_BY_UNIT,
    "cycle-hedge-coin": UNIT_BY_UNIT,
    "cycle-one-way-usd-gap": GAP,
    "cycle-hedge-usd-gap": GAP,
}
MUTANTS = {defect: (property_id, world) for defect, property_id, world in mutants()}
SHORTEST = {  # moves to each counterexample; of a sometimes there is none
    "covers rest one unit too high": 3,
    "entries rest one unit too low": 2,
    "every short is a third of the lots": 2,
    "covers stay where the fourth short was sold": 10,
    "each unit of DECLINE slides two slots": 8,
    "four shorts do not make DECLINE": 10,
    "RECOVERY has no end": None,
}
FALL_TO_RESET = {v: (-1,) * v + (1,) * min(v, 4) for v in range(1, 9)}


@cache
def report(name: str) -> Report[Scene]:
    """Return what the exploration of a world says."""
    return explore(WORLDS[name], states_max=2_000)


@pytest.mark.parametrize("name", WORLDS)
def test_each_world_has_its_size(name: str) -> None:
    """Histories form a tree, and each ends where its cycle does."""
    found = report(name)
    assert (found.states, found.transitions, found.depth) == SIZES[name]
    assert found.complete


@pytest.mark.parametrize("name", WORLDS)
def test_each_cycle_earns_the_closed_form(name: str) -> None:
    """HW-9 holds in every cycle, and cycles with a fall of each number of units end."""
    found = report(name)
    assert not found.failures
    falls = {verdict.property.id for verdict in found.verdicts if verdict.path is not None}
    assert falls == {f"HW-9.{units}" for units in range(1, WORLDS[name].units + 1)}


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_is_killed_by_its_property(name: str) -> None:
    """A defect of the ladder is found by what it earns, on a shortest path."""
    property_id, world = MUTANTS[name]
    found = explore(world, states_max=2_000, stop_at_first_failure=frozenset({property_id}))
    verdict = found.verdict(property_id)
    assert not verdict.holds
    assert (len(verdict.moves()) if verdict.path else None) == SHORTEST[name]


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


def test_every_fall_has_its_guard() -> None:
    """A world claims an ending for each number of units, up to the largest."""
    ids = [claim.property.id for claim in CycleWorld("usd").claims()]
    assert ids == ["HW-9", *(f"HW-9.{units}" for units in range(1, UNITS_MAX + 1))]


def test_a_bot_that_never_falls_silent_is_an_exception() -> None:
    """A ladder that does not slide up asks for the same price for ever; the world says so."""
    stuck = HEDGE_WALLET.redirected(State.ADVANCE, Symbol.UNIT_UP, State.ADVANCE, ())
    world = evolve(CycleWorld("stuck", units=1, rises=1), spec=stuck)
    (failure,) = explore(world, states_max=100).failures
    assert failure.property is NO_EXCEPTION
    assert "fall silent" in failure.note
