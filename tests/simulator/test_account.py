"""The account: items, positions and isolated margin, to the last money unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.position import Leg
from simulator.account import ALL_SYMBOLS, Account, Item, Trade
from spec.position import State
from spec.terms import Instrument, MarginMode, PositionMode, PositionSide, Side

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
CONTRACT = Instrument(symbol="A", value=3)


def account(*, deposit: int = 10_000, isolated: bool = False, leverage: int = 5) -> Account:
    margin_mode = MarginMode.ISOLATED if isolated else MarginMode.CROSS
    return Account([CONTRACT], deposit=deposit, margin_mode=margin_mode, leverage=leverage)


def trade(side: Side, qty: int, price: int, fee: int = 0, *, liquidation: bool = False) -> Trade:
    return Trade(7, 1, 0, side, NONE, qty, price, fee, liquidation=liquidation)


def test_a_round_trip_moves_profit_and_fees_into_cash() -> None:
    """Realized profit is lots times ticks times the contract's value, fees are paid apart."""
    a = account()
    a.book(trade(BUY, 4, 100, fee=5))
    assert (a.cash, a.realized, a.fees) == (9_995, 0, 5)
    a.book(trade(SELL, 4, 110, fee=6))
    assert (a.cash, a.realized, a.fees) == (9_995 + 4 * 10 * 3 - 6, 120, 11)
    assert a.flat
    a.reconcile()


def test_equity_follows_the_mark_price() -> None:
    """Equity is cash plus the open legs' profit at mark."""
    a = account()
    a.book(trade(SELL, 2, 100))
    a.marks[0] = 90
    assert a.equity() == 10_000 + 2 * 10 * 3
    a.reconcile()


def test_a_position_flips_through_flat() -> None:
    """What a one-way order sells beyond the long leg opens the short leg."""
    a = account()
    a.book(trade(BUY, 4, 100))
    a.book(trade(SELL, 10, 90))
    assert a.pairs[0].state is State.SHORT
    assert a.leg(0, SHORT) == Leg(qty=6, cost=540, realized=0)
    assert a.realized == -4 * 10 * 3


def test_funding_is_rounded_against_the_account() -> None:
    """A payment is rounded up, a receipt down; longs pay shorts at a positive rate."""
    a = account()
    a.book(trade(BUY, 1, 100))
    a.marks[0] = 101
    assert a.fund(0, 100, 8) == -1  # 303 * 100 / 1e6 = 0.03
    assert a.fund(0, -100, 9) == 0
    assert a.fund(0, -10_000, 9) == 3  # 3.03
    assert a.funding == 2
    assert [t.amount for t in a.transfers] == [-1, 3]
    a.reconcile()


def test_legs_are_funded_one_by_one() -> None:
    """Equal legs do not cancel: each payment is rounded, so the pair pays for its hedge."""
    a = Account([CONTRACT], deposit=100, mode=PositionMode.HEDGE)
    a.book(trade(BUY, 1, 100)._replace(position_side=LONG))
    a.book(trade(SELL, 1, 100)._replace(position_side=SHORT))
    a.marks[0] = 101
    assert a.fund(0, 10_000, 8) == -4 + 3


def test_the_insurance_fund_pays_what_is_owed() -> None:
    """An account that owes money is raised to zero, and the item says so."""
    a = account(deposit=10)
    a.book(trade(BUY, 4, 100))
    a.book(trade(SELL, 4, 90))
    a.insure(9)
    assert a.cash == 0
    assert a.insurance == 110
    assert a.transfers == [(9, Item.INSURANCE, ALL_SYMBOLS, 110)]
    a.insure(9)
    assert a.insurance == 110
    a.reconcile()


def test_isolated_margin_grows_and_shrinks_with_its_leg() -> None:
    """An opening fill assigns notional / leverage rounded up; a reduction frees its share."""
    a = account(isolated=True)
    a.book(trade(BUY, 4, 101))
    assert a.margins == [[243, 0]]  # 1212 / 5
    a.book(trade(SELL, 1, 101))
    assert a.margins == [[182, 0]]
    a.book(trade(SELL, 5, 101))
    assert a.margins == [[0, 122]]  # 2 short, 606 / 5
    assert a.free() == 10_000 - 122


def test_an_isolated_loss_beyond_free_cash_eats_the_margin_then_the_fund_pays() -> None:
    """Free cash never stays negative: the leg concerned pays first, the insurance fund the rest."""
    a = account(deposit=250, isolated=True)
    a.book(trade(BUY, 4, 100, fee=2))  # margin 240, free 8
    assert (a.margins, a.free()) == ([[240, 0]], 8)
    a.book(trade(SELL, 2, 70))  # frees 120, loses 180
    assert (a.margins, a.free(), a.insurance) == ([[68, 0]], 0, 0)
    a.book(trade(SELL, 2, 70))  # frees 68, loses 180
    assert (a.cash, a.insurance) == (0, 112)
    a.reconcile()


def test_isolated_funding_beyond_free_cash_eats_the_margin() -> None:
    """The leg that pays funding pays it out of its margin where no cash is free."""
    a = account(deposit=243, isolated=True)
    a.book(trade(BUY, 4, 101))
    a.marks[0] = 100
    assert a.fund(0, 10_000, 8) == -12
    assert a.margins == [[231, 0]]


def test_an_isolated_liquidation_costs_no_more_than_the_margin() -> None:
    """The fund pays the loss beyond the leg's margin although free cash could."""
    a = account(isolated=True)
    a.book(trade(BUY, 4, 100))
    a.book(trade(SELL, 4, 70, fee=5, liquidation=True))
    assert a.cash == 10_000 - 240
    assert a.insurance == 4 * 30 * 3 + 5 - 240
    a.reconcile()


def test_a_liquidation_within_the_margin_returns_the_rest() -> None:
    """What the margin covers is not insured."""
    a = account(isolated=True)
    a.book(trade(BUY, 4, 100))
    a.book(trade(SELL, 4, 90, fee=5, liquidation=True))
    assert (a.cash, a.insurance) == (10_000 - 120 - 5, 0)


def test_a_flip_backs_the_new_leg_before_the_fund_pays() -> None:
    """The margin of a closed leg is gone, that of the leg which opened pays for the loss."""
    a = account(deposit=250, isolated=True)
    a.book(trade(BUY, 4, 100))
    a.book(trade(SELL, 6, 90))  # loses 120, new margin 108
    assert (a.cash, a.margins, a.insurance) == (130, [[0, 108]], 0)
    a.book(trade(BUY, 4, 130))  # loses 240
    assert (a.cash, a.margins, a.insurance) == (0, [[0, 0]], 110)


def test_a_fill_that_the_position_refuses_is_a_defect() -> None:
    """The venue must never book a fill that the position machine does not take."""
    with pytest.raises(AssertionError):
        account().book(trade(BUY, 1, 100)._replace(position_side=LONG))


@pytest.mark.parametrize("item", ["cash", "realized", "fees", "funding", "insurance"])
def test_one_money_unit_too_many_is_found(item: str) -> None:
    """The identity notices a single unit in any item."""
    a = account()
    a.book(trade(BUY, 4, 100))
    setattr(a, item, getattr(a, item) + 1)
    with pytest.raises(AssertionError):
        a.check()


def test_books_that_add_up_but_contradict_the_fills_are_found() -> None:
    """Full reconciliation notices a profit that no fill has made."""
    a = account()
    a.book(trade(BUY, 4, 100))
    a.realized += 1
    a.cash += 1
    a.check()
    with pytest.raises(AssertionError):
        a.reconcile()


@given(
    fills=st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 9), st.integers(1, 99))),
    mark=st.integers(1, 99),
    isolated=st.booleans(),
)
def test_equity_follows_from_the_cash_flows_of_any_fills(
    fills: list[tuple[Side, int, int]], mark: int, *, isolated: bool
) -> None:
    """Money in and out plus the net position at mark is the equity, whatever was realized."""
    a = account(isolated=isolated)
    for side, qty, price in fills:
        a.book(trade(side, qty, price, fee=qty % 3 - 1))
        a.marks[0] = mark
        a.reconcile()
        if isolated:
            assert a.free() >= 0
            assert min(a.margins[0]) >= 0
