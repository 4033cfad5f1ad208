"""Liquidation: when, in which order, at what cost, and what is told."""

from typing import Any

from attrs import evolve

from machines.messages import AccountReport, Place, Query
from machines.order import Canceled, Filled, Found, Reconciled, Triggered
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.terms import (
    Instrument,
    MarginMode,
    OrderType,
    PositionMode,
    PositionSide,
    Reason,
    Side,
)
from tests.simulator.desk import move, opened, said, submit, wanted

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
MARKET, LIMIT, STOP, STOP_LIMIT, PROFIT, PROFIT_LIMIT = OrderType
CONTRACT = Instrument(symbol="A", maker_ppm=0, taker_ppm=10_000, liquidation_ppm=20_000)
HEDGE, ISOLATED = PositionMode.HEDGE, MarginMode.ISOLATED


def venue(**options: Any) -> Venue:  # noqa: ANN401 - the fields of VenueConfig
    return opened(CONTRACT, **options)


def lost(sequence: int, credited: int, long_qty: int = 0, short_qty: int = 0) -> AccountReport:
    """Return the report of a liquidation, the first of its symbol, that closed these lots."""
    return AccountReport(
        sequence=sequence,
        credited=credited,
        liquidations=1,
        long_closed=long_qty,
        short_closed=short_qty,
    )


def test_a_cross_account_is_liquidated_at_mark() -> None:
    """Every order is canceled, every leg closed at mark for the fee, then the bot is told."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))  # fee 10
    submit(v, 2, wanted(BUY, 1, type=LIMIT, price_ticks=50))
    at = v.liquidation_price(0, LONG)
    assert at == 71  # 290 - 290 is below 10 * 71 * 0.5 %
    assert move(v, 60, 72) == []
    v.price(0, 72, 71, 3)
    assert said(v) == [
        (2, Canceled(0), Reason.LIQUIDATION),
        (0, lost(2, 10 * 71 - 15 + 15, 10), Reason.NONE),
    ]
    assert v.account.cash == 0
    fill = v.fills[-1]
    assert (fill.price_ticks, fill.fee, fill.liquidation) == (71, 15, True)
    assert v.account.insurance == 15
    assert v.account.flat


def test_liquidation_comes_before_the_orders_of_the_same_jump() -> None:
    """The market jumped over a stop to where the account has failed: the stop is too late."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(SELL, 10, type=STOP, trigger_ticks=90))
    assert move(v, 60) == [Canceled(0), lost(2, 300 - 290 + 700, 10)]
    assert v.account.cash == 0


def test_a_fill_far_from_mark_can_liquidate() -> None:
    """The stop fills where the last price went; what is left does not carry the rest."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(SELL, 5, type=STOP, trigger_ticks=60))
    submit(v, 3, wanted(SELL, 1, type=STOP, trigger_ticks=50))
    *fills, report = move(v, 42, 100)
    assert fills == [Triggered(), Filled(5), Canceled(0)]
    assert report == lost(2, 5 * 100 - 10 + 13, 5)  # the fee, the insurance
    assert v.account.cash == 0


def test_a_flat_account_in_debt_is_liquidated_too() -> None:
    """A loss beyond the equity at mark is paid by the fund and told."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(SELL, 10, type=STOP, trigger_ticks=90))
    assert move(v, 50, 100) == [Triggered(), Filled(10), lost(1, 10 * 50 + 10 + 5 - 300)]
    assert v.account.insurance == 10 * 50 + 10 + 5 - 300


def test_funding_can_liquidate() -> None:
    """A payment brings equity below maintenance at an unchanged price."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    low = v.barriers(0).mark_lo
    v.fund(0, 250_000, 4)
    assert said(v) == [(0, AccountReport(sequence=1, credited=-250), Reason.NONE)]
    assert v.barriers(0).mark_lo > low
    v.fund(0, 36_000, 5)
    assert said(v) == [
        (0, AccountReport(sequence=2, credited=-286), Reason.NONE),
        (0, lost(4, -286 + 10 * 100 - 20 + 16, 10), Reason.NONE),
    ]


def test_an_isolated_leg_is_liquidated_alone() -> None:
    """The other leg, its orders and the rest of the cash stay."""
    v = venue(mode=HEDGE, margin_mode=ISOLATED, leverage=10)
    submit(v, 1, wanted(BUY, 10, position_side=LONG))
    submit(v, 2, wanted(SELL, 4, position_side=SHORT))
    submit(v, 3, wanted(SELL, 10, type=STOP, trigger_ticks=50, position_side=LONG))
    submit(v, 4, wanted(BUY, 4, type=STOP, trigger_ticks=150, position_side=SHORT))
    assert v.liquidation_price(0, LONG) == 90
    cash = v.account.cash
    assert move(v, 90) == [Canceled(0), lost(2, 10 * 90 - 18 + 18, 10)]
    assert (v.account.cash, v.account.insurance) == (cash - 100, 18)
    assert [order.client_order_id for order in v.open_orders(0)] == [4]
    v.price(0, 110, 110, 4)
    assert said(v)[-1][1] == evolve(lost(4, 900 - 4 * 110 - 9 + 9, 10, 4), liquidations=2)
    assert v.account.cash == cash - 100 - 40


def test_an_isolated_one_way_liquidation_cancels_the_symbols_orders() -> None:
    """Every order of the symbol is about the one position."""
    v = venue(margin_mode=ISOLATED, leverage=10)
    submit(v, 1, wanted(SELL, 10))
    submit(v, 2, wanted(BUY, 1, type=LIMIT, price_ticks=50))
    news = move(v, 110)
    assert news[0] == Canceled(0)
    assert news[1] == lost(2, -10 * 110, 0, 10)


def test_a_report_names_the_symbol_whose_leg_is_gone() -> None:
    """One account, two symbols: the other one's legs are not touched."""
    v = Venue(VenueConfig(deposit=1_000, margin_mode=ISOLATED, leverage=10), [CONTRACT, CONTRACT])
    for symbol in (0, 1):
        v.price(symbol, 100, 100, 1)
        v.submit(Place(symbol + 1, wanted(BUY, 10)), symbol, 2)
    said(v)
    v.price(1, 90, 90, 3)
    assert said(v)[-1][1] == evolve(lost(2, 900, 10), symbol=1)
    v.query_account(0, 4)
    assert said(v)[-1][1] == AccountReport(sequence=2, credited=900)


def test_what_the_insurance_fund_pays_for_a_fill_is_told() -> None:
    """An isolated leg that loses more than its margin at a stop costs the account no more."""
    v = venue(mode=HEDGE, margin_mode=ISOLATED, leverage=10, deposit=120)
    submit(v, 1, wanted(BUY, 10, position_side=LONG))
    submit(v, 2, wanted(SELL, 10, type=STOP, trigger_ticks=95, position_side=LONG))
    assert move(v, 80, 95) == [
        Triggered(),
        Filled(10),
        AccountReport(sequence=1, credited=v.account.insurance),
    ]
    assert v.account.insurance > 0


def test_a_query_answers_why_an_order_was_closed() -> None:
    """What was told and lost is told again, with its reason."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(BUY, 1, type=LIMIT, price_ticks=50))
    move(v, 60)
    v.query(Query(2, 7), 5)
    answer = Reconciled(7, Found.CANCELED, 1, 0)
    assert said(v) == [(2, answer, Reason.LIQUIDATION)]
