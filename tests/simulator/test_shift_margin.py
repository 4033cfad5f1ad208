"""The margin of an isolated leg is added to and taken from within what the account has."""

import pytest

from simulator.venue import Venue
from spec.terms import Instrument, MarginMode, OrderType, PositionSide, Side
from tests.simulator.desk import move, opened, submit, wanted

LONG = PositionSide.LONG
CONTRACT = Instrument(symbol="A", maker_ppm=0, taker_ppm=0)


def long_leg(mode: MarginMode = MarginMode.ISOLATED) -> Venue:
    """Return a venue where 40 lots were bought at 100 with a tenth of it, out of 1,000."""
    v = opened(CONTRACT, margin_mode=mode, leverage=10, deposit=1_000)
    submit(v, 1, wanted(Side.BUY, 40))
    return v


def test_margin_that_was_added_keeps_the_leg_longer() -> None:
    """The price of liquidation falls with it, and what is not the leg's is not spent twice."""
    v = long_leg()
    before = v.liquidation_price(0, LONG)
    assert v.shift_margin(0, LONG, 200)
    after = v.liquidation_price(0, LONG)
    assert before is not None
    assert after is not None
    assert before - after == 5
    assert (v.account.margins[0], v.account.free()) == ([600, 0], 400)
    move(v, before)
    assert v.position(0).long.qty == 40


@pytest.mark.parametrize("amount", [601, -1])
def test_margin_is_neither_more_than_there_is_nor_less_than_the_leg_needs(amount: int) -> None:
    """Nothing moves where it is refused."""
    v = long_leg()
    assert not v.shift_margin(0, LONG, amount)
    assert v.account.margins[0] == [400, 0]


def test_what_was_added_can_be_taken_while_the_leg_is_kept() -> None:
    """After a loss it cannot, although the initial margin would be left."""
    v = long_leg()
    assert v.shift_margin(0, LONG, 600)
    assert v.shift_margin(0, LONG, -100)
    move(v, 89)
    assert not v.shift_margin(0, LONG, -500)
    assert v.account.margins[0] == [900, 0]


def test_what_was_taken_no_longer_keeps_the_leg() -> None:
    """Prices that were safe with it are not so any more."""
    v = long_leg()
    v.shift_margin(0, LONG, 600)
    move(v, 80)
    assert v.barriers(0).mark_lo < 77
    assert v.shift_margin(0, LONG, -100)
    move(v, 77)
    assert v.position(0).long.qty == 0


@pytest.mark.parametrize("leg", [LONG, PositionSide.SHORT])
def test_only_isolated_legs_that_are_open_have_a_margin(leg: PositionSide) -> None:
    """Neither a cross account nor a flat leg is given any."""
    mode = MarginMode.CROSS if leg is LONG else MarginMode.ISOLATED
    assert not long_leg(mode).shift_margin(0, leg, 500)


def test_margin_that_an_order_reserves_is_not_to_spare() -> None:
    """What rests in the book keeps its own."""
    v = long_leg()
    submit(v, 2, wanted(Side.BUY, 40, type=OrderType.LIMIT, price_ticks=90))
    assert not v.shift_margin(0, LONG, 300)
    assert v.shift_margin(0, LONG, 200)
