"""Matching: every order type from arrival to its end."""

from typing import Any

import pytest

from machines.messages import Place, Report
from machines.order import Acked, Expired, Filled, Rejected, Triggered
from simulator.venue import Venue
from simulator.venue_order import Band
from spec.terms import (
    Instrument,
    OrderType,
    PositionMode,
    PositionSide,
    Reason,
    Side,
    TimeInForce,
    TriggerBy,
)
from tests.simulator.desk import move, opened, said, submit, wanted

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
MARKET, LIMIT, STOP, STOP_LIMIT, PROFIT, PROFIT_LIMIT = OrderType
GTC, IOC, FOK = TimeInForce
CONTRACT = Instrument(symbol="A", maker_ppm=0, taker_ppm=10_000)
HEDGE = PositionMode.HEDGE


def venue(**options: Any) -> Venue:  # noqa: ANN401 - the fields of VenueConfig
    return opened(CONTRACT, **options)


def prices(v: Venue) -> list[int]:
    return [fill.price_ticks for fill in v.fills]


def test_a_market_order_fills_at_the_last_price() -> None:
    """It takes whole at once, and the report carries notional and fee."""
    v = venue()
    v.submit(Place(1, wanted(BUY)), 0, 2)
    assert v.outbox[1] == (2, Report(client_order_id=1, event=Filled(4), notional=400, fee=4))
    assert submit(v, 2, wanted(SELL, 6))[-1] == Filled(6)
    assert v.position(0).short.qty == 2


@pytest.mark.parametrize(("side", "price"), [(BUY, 103), (SELL, 97)])
def test_what_takes_pays_the_slippage(side: Side, price: int) -> None:
    """A taker fills that many ticks worse than the last price."""
    v = venue(slippage_ticks=3)
    submit(v, 1, wanted(side))
    assert prices(v) == [price]


def test_no_slippage_takes_a_price_below_one_tick() -> None:
    """Nothing is given away for nothing."""
    v = venue(slippage_ticks=3)
    move(v, 2)
    submit(v, 1, wanted(SELL))
    assert prices(v) == [1]


def test_a_limit_order_never_fills_worse_than_its_limit() -> None:
    """Slippage ends at the limit."""
    v = venue(slippage_ticks=3)
    submit(v, 1, wanted(BUY, type=LIMIT, price_ticks=102))
    submit(v, 2, wanted(SELL, type=LIMIT, price_ticks=99))
    assert prices(v) == [102, 99]
    assert not any(fill.maker for fill in v.fills)


@pytest.mark.parametrize(("side", "limit"), [(BUY, 95), (SELL, 105)])
def test_a_resting_limit_order_fills_once_traded_through(side: Side, limit: int) -> None:
    """At its own price others were first; beyond it, it fills at its price as maker."""
    v = venue(slippage_ticks=3)
    assert submit(v, 1, wanted(side, type=LIMIT, price_ticks=limit)) == [Acked()]
    assert move(v, limit) == []
    beyond = limit - side.sign
    assert beyond in v.barriers(0)
    assert move(v, beyond) == [Filled(4)]
    assert (prices(v), v.fills[0].maker, v.fills[0].fee) == ([limit], True, 0)


def test_a_limit_order_is_filled_at_its_own_price_by_a_jump() -> None:
    """A gap through the book does not improve what rests in it."""
    v = venue()
    submit(v, 1, wanted(BUY, type=LIMIT, price_ticks=95))
    assert move(v, 50) == [Filled(4)]
    assert prices(v) == [95]


@pytest.mark.parametrize(
    ("type_", "side", "trigger"),
    [(STOP, BUY, 110), (STOP, SELL, 90), (PROFIT, BUY, 90), (PROFIT, SELL, 110)],
)
def test_conditional_market_orders(type_: OrderType, side: Side, trigger: int) -> None:
    """A stop follows the price, a take-profit meets it; both then fill at the last price."""
    v = venue()
    assert submit(v, 1, wanted(side, type=type_, trigger_ticks=trigger)) == [Acked()]
    step = 1 if trigger > 100 else -1
    assert move(v, trigger - step) == []
    assert v.barriers(0) == (Band(last_hi=trigger) if step > 0 else Band(last_lo=trigger))
    assert move(v, trigger) == [Triggered(), Filled(4)]
    assert prices(v) == [trigger]


def test_a_stop_fills_where_the_market_jumped_to() -> None:
    """Beyond its trigger there was nobody to trade with."""
    v = venue(slippage_ticks=2)
    submit(v, 1, wanted(SELL, type=STOP, trigger_ticks=90))
    assert move(v, 80) == [Triggered(), Filled(4)]
    assert prices(v) == [78]


def test_a_mark_trigger_does_not_look_at_the_last_price() -> None:
    """The mark price triggers, the fill is at the last price."""
    v = venue()
    by_mark = TriggerBy.MARK
    submit(v, 1, wanted(SELL, type=STOP, trigger_ticks=90, trigger_by=by_mark))
    assert v.barriers(0).mark_lo == 90
    assert move(v, 80, 100) == []
    assert move(v, 85, 90) == [Triggered(), Filled(4)]
    assert prices(v) == [85]


@pytest.mark.parametrize(
    ("type_", "side", "trigger", "limit"),
    [
        (STOP_LIMIT, BUY, 110, 111),
        (STOP_LIMIT, SELL, 90, 89),
        (PROFIT_LIMIT, BUY, 90, 91),
        (PROFIT_LIMIT, SELL, 110, 109),
    ],
)
def test_conditional_limit_orders_that_cross(
    type_: OrderType, side: Side, trigger: int, limit: int
) -> None:
    """Once triggered it is a limit order that has just arrived: here it takes."""
    v = venue()
    order = wanted(side, type=type_, trigger_ticks=trigger, price_ticks=limit)
    assert submit(v, 1, order) == [Acked()]
    assert move(v, trigger) == [Triggered(), Filled(4)]
    assert prices(v) == [trigger]


def test_a_stop_limit_order_rests_where_it_does_not_cross() -> None:
    """A jump beyond the limit leaves it in the book until the price comes back through it."""
    v = venue()
    submit(v, 1, wanted(SELL, type=STOP_LIMIT, trigger_ticks=90, price_ticks=88))
    assert move(v, 80) == [Triggered()]
    assert move(v, 88) == []
    assert move(v, 89) == [Filled(4)]
    assert prices(v) == [88]


def test_a_triggered_post_only_order_that_would_take_is_rejected() -> None:
    """Its trigger was touched, but it may only make."""
    v = venue()
    order = wanted(SELL, type=STOP_LIMIT, trigger_ticks=90, price_ticks=90, post_only=True)
    submit(v, 1, order)
    v.price(0, 90, 90, 3)
    assert said(v)[1] == (1, Rejected(), Reason.POST_ONLY_CROSSED)


def test_what_may_not_rest_expires() -> None:
    """IOC and FOK orders that do not cross end at once."""
    for tif in (IOC, FOK):
        order = wanted(BUY, type=LIMIT, price_ticks=99, time_in_force=tif)
        assert submit(venue(), 1, order) == [Acked(), Expired(0)]


def test_thin_markets_fill_market_orders_in_parts() -> None:
    """At most `liquidity_lots` at a time, the rest `refill_ns` later at the price of then."""
    v = venue(liquidity_lots=3, refill_ns=10)
    assert submit(v, 1, wanted(BUY, 7)) == [Acked(), Filled(3)]
    assert v.wake_ns() == 12
    assert move(v, 104) == []
    v.wake(11)
    assert said(v) == []
    v.wake(12)
    assert [event for _, event, _ in said(v)] == [Filled(6)]
    assert v.wake_ns() == 22
    v.wake(30)
    assert prices(v) == [100, 104, 104]
    assert v.wake_ns() is None


@pytest.mark.parametrize("type_", [MARKET, LIMIT])
def test_thin_markets_and_time_in_force(type_: OrderType) -> None:
    """IOC keeps what it could get, FOK nothing."""
    price = 100 if type_ is LIMIT else 0
    for tif, events in ((IOC, [Acked(), Filled(3), Expired(3)]), (FOK, [Acked(), Expired(0)])):
        order = wanted(BUY, 7, type=type_, price_ticks=price, time_in_force=tif)
        assert submit(venue(liquidity_lots=3), 1, order) == events
    enough = wanted(BUY, 3, type=type_, price_ticks=price, time_in_force=FOK)
    assert submit(venue(liquidity_lots=3), 1, enough) == [Acked(), Filled(3)]


def test_the_rest_of_a_limit_order_rests_once_the_price_has_left() -> None:
    """It takes again only while it crosses."""
    v = venue(liquidity_lots=3, refill_ns=10)
    submit(v, 1, wanted(BUY, 7, type=LIMIT, price_ticks=101))
    move(v, 105)
    v.wake(12)
    assert said(v) == []
    assert v.wake_ns() is None
    assert move(v, 100) == [Filled(7)]
    assert prices(v) == [100, 101]


def test_the_rest_of_a_limit_order_reserves_at_its_limit_once_it_rests() -> None:
    """It may fill at any price up to there."""
    v = venue(deposit=2_000, liquidity_lots=3, refill_ns=10)
    submit(v, 1, wanted(BUY, 7, type=LIMIT, price_ticks=200))
    move(v, 205)
    v.wake(12)
    said(v)
    free = v.equity() - 3 * 205 - 4 * 200 - 8
    assert submit(v, 2, wanted(BUY, free // 10 + 1, type=LIMIT, price_ticks=10)) == [Rejected()]
    assert submit(v, 3, wanted(BUY, free // 10, type=LIMIT, price_ticks=10)) == [Acked()]


def test_rests_that_are_due_together_take_in_the_order_of_their_times() -> None:
    """Who has waited longest goes first."""
    v = venue(liquidity_lots=2, refill_ns=10)
    submit(v, 1, wanted(BUY, 6))
    v.submit(Place(2, wanted(BUY, 4)), 0, 9)
    v.wake(12)
    v.wake(40)
    assert [fill.client_order_id for fill in v.fills] == [1, 2, 1, 2, 1]


def test_triggers_at_one_price_fire_by_time_of_arrival() -> None:
    """Also where a jump passes several of them."""
    v = venue()
    for key, trigger in ((5, 90), (3, 95), (4, 90)):
        submit(v, key, wanted(SELL, 1, type=STOP, trigger_ticks=trigger))
    move(v, 80)
    assert [fill.client_order_id for fill in v.fills] == [5, 3, 4]


def test_reduce_only_is_capped_when_it_fills() -> None:
    """It closes what is held, the rest expires: it never opens or flips."""
    v = venue()
    submit(v, 1, wanted(BUY, 3))
    v.submit(Place(2, wanted(SELL, 5, reduce_only=True)), 0, 2)
    news = [(2, Acked(), Reason.NONE), (2, Filled(3), Reason.NONE)]
    assert said(v) == [*news, (2, Expired(3), Reason.REDUCE_ONLY)]
    assert v.account.flat


def test_resting_reduce_only_orders_expire_with_their_position() -> None:
    """A stop that waits for its trigger stays, and expires when it is triggered."""
    v = venue()
    submit(v, 1, wanted(BUY, 3))
    submit(v, 2, wanted(SELL, 3, type=LIMIT, price_ticks=110, reduce_only=True))
    submit(v, 3, wanted(SELL, 3, type=STOP, trigger_ticks=90, reduce_only=True))
    v.submit(Place(4, wanted(SELL, 3)), 0, 2)
    assert said(v)[-1] == (2, Expired(0), Reason.REDUCE_ONLY)
    v.price(0, 90, 90, 3)
    assert said(v) == [(3, Triggered(), Reason.NONE), (3, Expired(0), Reason.REDUCE_ONLY)]


def test_a_rest_that_is_due_may_have_lost_its_position_meanwhile() -> None:
    """Two reduce-only orders are due together, and the first one takes all that is left."""
    v = venue(liquidity_lots=3, refill_ns=10)
    submit(v, 1, wanted(BUY, 3))
    submit(v, 2, wanted(BUY, 3))
    submit(v, 3, wanted(BUY, 2))
    submit(v, 4, wanted(SELL, 8, reduce_only=True))
    submit(v, 5, wanted(SELL, 8, reduce_only=True))
    v.wake(12)
    assert [(key, news) for key, news, _ in said(v)] == [
        (4, Filled(5)),
        (4, Expired(5)),
        (5, Expired(3)),
    ]


def test_closing_orders_of_a_leg_are_capped_by_it() -> None:
    """In hedge mode a conditional order closes what is left of its leg, the rest expires."""
    v = venue(mode=HEDGE)
    submit(v, 1, wanted(BUY, 3, position_side=LONG))
    submit(v, 2, wanted(SELL, 5, type=STOP, trigger_ticks=90, position_side=LONG))
    assert move(v, 90) == [Triggered(), Filled(3), Expired(3)]
    assert v.account.flat


def test_closing_without_a_leg_never_opens_the_other() -> None:
    """In hedge mode what exceeds the only open leg expires: a flip needs an order of its own."""
    v = venue(mode=HEDGE)
    submit(v, 1, wanted(BUY, 3))
    submit(v, 2, wanted(SELL, 5, type=STOP, trigger_ticks=90))
    assert move(v, 90) == [Triggered(), Filled(3), Expired(3)]
    assert v.account.flat


def test_an_order_without_a_leg_ends_when_both_are_open() -> None:
    """It was taken while one leg was open; which one it means is no longer known."""
    v = venue(mode=HEDGE)
    submit(v, 1, wanted(BUY, 3, position_side=LONG))
    submit(v, 2, wanted(SELL, 2, type=STOP, trigger_ticks=90))
    submit(v, 3, wanted(SELL, 2, type=LIMIT, price_ticks=110))
    submit(v, 4, wanted(SELL, 3, position_side=SHORT))
    v.price(0, 90, 90, 3)
    assert said(v)[-1] == (2, Rejected(), Reason.POSITION_SIDE)
    v.price(0, 111, 111, 3)
    assert said(v) == [(3, Expired(0), Reason.POSITION_SIDE)]


def test_a_triggered_order_without_margin_is_rejected() -> None:
    """A stop reserves nothing while it waits, so its margin may be gone."""
    v = venue(deposit=360)
    submit(v, 1, wanted(SELL, 4, type=STOP, trigger_ticks=90))  # 360 and a fee of 4
    v.price(0, 90, 90, 3)
    assert said(v)[-1] == (1, Rejected(), Reason.MARGIN)
