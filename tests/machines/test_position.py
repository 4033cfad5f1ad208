"""The position machine by example, pair by pair, and by its laws."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.position import (
    Fill,
    Leg,
    Pair,
    closed_by_venue,
    entry_ticks,
    long_pnl,
    net_qty,
    reducible,
    short_pnl,
    step,
    unrealized,
    well_formed,
)
from spec.fsm import pairs as spec_pairs
from spec.position import POSITION, Action, State, Symbol
from spec.terms import PositionMode, PositionSide, Side
from tests.laws import laws_position
from tests.machines.strategies import TRIED, fills, pairs, try_law

BUY, SELL = Side
HEDGE = Pair(mode=PositionMode.HEDGE)


def traded(side: Side, qty: int, price: int, leg: PositionSide = PositionSide.NONE) -> Fill:
    """Return a fill of *qty* lots at *price* ticks."""
    return Fill(side=side, qty=qty, notional=qty * price, position_side=leg)


def after(pair: Pair, *trades: Fill) -> Pair:
    """Return *pair* after *trades*."""
    for trade in trades:
        pair, _ = step(pair, trade)
    return pair


def test_a_one_way_position_flips_through_flat() -> None:
    """What closes realizes, what is left opens the other way at the same price."""
    pair = after(Pair(), traded(BUY, 2, 100), traded(SELL, 5, 110))
    assert pair.state is State.SHORT
    assert (pair.long, pair.short) == (Leg(realized=20), Leg(qty=3, cost=330))


def test_equal_legs_are_open_not_flat() -> None:
    """In hedge mode each leg has its own entry and its own profit."""
    long, short = PositionSide.LONG, PositionSide.SHORT
    pair = after(HEDGE, traded(BUY, 2, 100, long), traded(SELL, 2, 120, short))
    assert (pair.state, net_qty(pair)) == (State.HEDGED, 0)
    assert (long_pnl(pair, 130), short_pnl(pair, 130), unrealized(pair, 130)) == (60, -20, 40)


def test_an_order_without_a_leg_is_refused_where_both_are_open() -> None:
    """To guess a leg by side is wrong exactly then."""
    long, short = PositionSide.LONG, PositionSide.SHORT
    pair = after(HEDGE, traded(BUY, 2, 100, long), traded(SELL, 2, 120, short))
    assert step(pair, traded(SELL, 1, 110)) == (pair, (Action.REFUSE,))


def test_what_a_reduction_leaves_of_the_cost_stays_in_the_leg() -> None:
    """Nothing is rounded away: three lots for 100, sold one by one for nothing, lose 100."""
    pair = after(Pair(), Fill(side=BUY, qty=3, notional=100))
    assert entry_ticks(pair.long) == 33
    one = Fill(side=SELL, qty=1, notional=0)
    losses = [after(pair, *[one] * count).long.realized for count in (1, 2, 3)]
    assert losses == [-33, -66, -100]


@pytest.mark.parametrize(
    ("side", "leg", "qty"),
    [
        (SELL, PositionSide.LONG, 2),
        (BUY, PositionSide.LONG, 0),
        (BUY, PositionSide.SHORT, 5),
        (SELL, PositionSide.SHORT, 0),
        (BUY, PositionSide.NONE, 0),
        (SELL, PositionSide.NONE, 0),
    ],
)
def test_an_order_can_close_what_its_leg_holds(side: Side, leg: PositionSide, qty: int) -> None:
    """Nothing if it adds to the leg, or would be refused."""
    pair = after(HEDGE, traded(BUY, 2, 100, PositionSide.LONG))
    pair = after(pair, traded(SELL, 5, 100, PositionSide.SHORT))
    assert reducible(pair, side, leg) == qty


def test_what_a_venue_closes_leaves_at_its_cost() -> None:
    """Whatever the mode, each leg loses its lots and nothing is realized."""
    long, short = PositionSide.LONG, PositionSide.SHORT
    pair = after(HEDGE, traded(BUY, 4, 100, long), traded(SELL, 5, 110, short))
    closed = closed_by_venue(pair, 1, 5)
    assert (closed.state, closed.long, closed.short) == (State.LONG, Leg(qty=3, cost=300), Leg())
    assert closed_by_venue(after(Pair(), traded(SELL, 5, 110)), 0, 2).short == Leg(qty=3, cost=330)


@pytest.mark.parametrize(
    "leg", [Leg(qty=-1), Leg(qty=1, cost=-1), Leg(cost=1), Leg(qty=-1, cost=-1)]
)
def test_no_leg_is_negative_or_has_a_cost_for_nothing(leg: Leg) -> None:
    """Such a pair is ill-formed in either leg."""
    assert not well_formed(Pair(mode=PositionMode.HEDGE, state=State.LONG, long=leg))
    assert not well_formed(Pair(mode=PositionMode.HEDGE, state=State.SHORT, short=leg))


@pytest.mark.parametrize(("state", "symbol"), spec_pairs(POSITION))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row is refused and changes nothing."""
    row = POSITION.row(state, symbol)
    expected = (state, (Action.REFUSE,)) if row is None else (row.target, row.emits)
    assert POSITION.take(state, symbol) == expected


@pytest.mark.parametrize(
    "law",
    [
        laws_position.step_keeps_pairs_well_formed,
        laws_position.one_leg_changes,
        laws_position.hedge_mode_with_one_leg_is_one_way,
        laws_position.reduce_only_never_opens,
        laws_position.reductions_share_the_cost,
    ],
)
@TRIED
@given(pairs(), fills())
def test_laws(law: Callable[..., None], pair: Pair, fill: Fill) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    try_law(law, pair, fill)


@TRIED
@given(pairs(), fills(), st.integers(-10, 1_000))
def test_fills_conserve_worth(pair: Pair, fill: Fill, price_ticks: int) -> None:
    """POS-1: at every mark price a fill changes profit by its own and nothing else."""
    try_law(laws_position.fills_conserve_worth, pair, fill, price_ticks)
