"""The venue: refusals and commands, by example."""

from typing import Any

import pytest

from machines.messages import AccountReport, Cancel, Place, Query, Report, Wanted
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Filled,
    Found,
    Lost,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
)
from simulator.venue import Venue
from simulator.venue_order import NO_BOUND
from simulator.venue_terms import ModeRefused, ModeSet, Replace, VenueConfig
from spec.terms import (
    Instrument,
    OrderType,
    PositionMode,
    PositionSide,
    Reason,
    Side,
    TriggerBy,
)
from tests.simulator.desk import wanted

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
MARKET, LIMIT, STOP, STOP_LIMIT, PROFIT, PROFIT_LIMIT = OrderType
ONE_WAY, HEDGE = PositionMode
CONTRACT = Instrument(symbol="A", taker_ppm=10_000, min_qty=2, max_qty=50, min_notional=300)


def venue(**options: Any) -> Venue:  # noqa: ANN401 - the fields of VenueConfig
    """Return a checked venue of one contract at last 100, mark 101."""
    v = Venue(VenueConfig(**({"deposit": 100_000} | options)), [CONTRACT], checked=True)
    v.price(0, 100, 101, 1)
    return v


def last(v: Venue) -> Report:
    message = v.outbox[-1][1]
    assert isinstance(message, Report)
    return message


def submit(v: Venue, key: int, order: Wanted) -> Report:
    """Submit *order* and return the last report."""
    v.submit(Place(key, order), 0, 2)
    return last(v)


def test_configurations_that_cannot_be_are_refused() -> None:
    """No negative money, and no more leverage than the contract allows."""
    with pytest.raises(ValueError, match="deposit"):
        VenueConfig(deposit=-1)
    with pytest.raises(ValueError, match="leverage above 100"):
        Venue(VenueConfig(deposit=1, leverage=101), [CONTRACT])


def test_nothing_trades_before_there_is_a_price() -> None:
    """An order for a market without a price is refused."""
    v = Venue(VenueConfig(deposit=1_000), [CONTRACT])
    assert v.barriers(0) == (0, NO_BOUND, 0, NO_BOUND)
    assert submit(v, 1, wanted(BUY)).reason is Reason.BAD_PRICE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"qty": 1}, Reason.BAD_QTY),
        ({"qty": 51}, Reason.BAD_QTY),
        ({"qty": 2}, Reason.MIN_NOTIONAL),
        ({"type": LIMIT, "price_ticks": 74}, Reason.MIN_NOTIONAL),
        ({"type": STOP, "side": SELL, "trigger_ticks": 74}, Reason.MIN_NOTIONAL),
        ({"type": LIMIT}, Reason.BAD_PRICE),
        ({"type": STOP}, Reason.BAD_PRICE),
        ({"type": STOP_LIMIT, "trigger_ticks": 110}, Reason.BAD_PRICE),
        ({"position_side": LONG}, Reason.POSITION_SIDE),
        ({"reduce_only": True}, Reason.REDUCE_ONLY),
        ({"type": STOP, "trigger_ticks": 100}, Reason.TRIGGER_CROSSED),
        ({"type": STOP, "trigger_ticks": 100, "side": SELL}, Reason.TRIGGER_CROSSED),
        ({"type": PROFIT, "trigger_ticks": 100}, Reason.TRIGGER_CROSSED),
        ({"type": PROFIT, "trigger_ticks": 100, "side": SELL}, Reason.TRIGGER_CROSSED),
        (
            {"type": STOP, "trigger_ticks": 101, "trigger_by": TriggerBy.MARK},
            Reason.TRIGGER_CROSSED,
        ),
        ({"type": LIMIT, "price_ticks": 100, "post_only": True}, Reason.POST_ONLY_CROSSED),
        ({"qty": 10}, Reason.MARGIN),  # 1000 and a fee of 10
        ({"qty": 11, "type": LIMIT, "price_ticks": 99}, Reason.MARGIN),
    ],
)
def test_refusals(fields: dict[str, Any], reason: Reason) -> None:
    """Each refusal has its reason, and leaves nothing behind."""
    v = venue(deposit=1_000)
    report = submit(v, 1, Wanted(**({"key": 0, "kind": 0, "side": BUY, "qty": 4} | fields)))
    assert (report.event, report.reason) == (Rejected(), reason)
    assert v.open_orders(0) == ()
    v.query(Query(1, 7), 3)
    assert last(v).event == Reconciled(7, Found.ABSENT, 0, 0)
    assert submit(v, 1, wanted(BUY)).event == Filled(4)


def test_what_is_just_inside_is_taken() -> None:
    """The neighbours of the refusals above."""
    v = venue(deposit=1_000)
    stop: dict[str, Any] = {"type": STOP, "side": BUY}
    for key, order in enumerate(
        (
            wanted(BUY, 9, type=LIMIT, price_ticks=99, post_only=True),
            Wanted(key=0, kind=0, qty=4, trigger_ticks=101, **stop),
            Wanted(key=0, kind=0, qty=4, trigger_ticks=102, trigger_by=TriggerBy.MARK, **stop),
            wanted(BUY, 50, type=STOP, trigger_ticks=110),
        )
    ):
        assert submit(v, key, order).event == Acked()


def test_orders_that_reduce_are_exempt_from_min_notional_and_margin() -> None:
    """Dust can be closed, and a full account can be left."""
    v = venue(deposit=420)
    submit(v, 1, wanted(BUY))
    assert submit(v, 2, wanted(BUY)).reason is Reason.MARGIN
    assert submit(v, 3, wanted(SELL, 2, reduce_only=True)).event == Filled(2)
    v = venue(mode=HEDGE)
    submit(v, 1, wanted(BUY, position_side=LONG))
    assert submit(v, 2, wanted(SELL, 2, position_side=LONG)).event == Filled(2)


def test_an_account_without_margin_can_still_reduce() -> None:
    """A one-way order is refused only if what it opens raises what is needed."""
    v = venue(deposit=50, leverage=10)
    submit(v, 1, wanted(BUY))
    v.price(0, 95, 95, 2)  # equity 26, initial margin 38
    assert submit(v, 2, wanted(BUY)).reason is Reason.MARGIN
    assert submit(v, 3, wanted(SELL, 8)).reason is Reason.MARGIN
    assert submit(v, 4, wanted(SELL, 4)).event == Filled(4)


def test_symbols_share_the_margin_of_the_account() -> None:
    """What one symbol holds and reserves, another cannot use."""
    v = Venue(VenueConfig(deposit=1_000), [CONTRACT] * 3, checked=True)
    for symbol in range(3):
        v.price(symbol, 100, 100, 1)
    submit(v, 1, wanted(BUY))
    v.submit(Place(2, wanted(BUY, 4, type=LIMIT, price_ticks=90)), 1, 2)
    v.submit(Place(3, wanted(BUY, 3)), 2, 2)
    assert last(v).reason is Reason.MARGIN
    v.cancel(Cancel(2), 3)
    v.submit(Place(4, wanted(BUY, 3)), 2, 2)
    assert last(v).event == Filled(3)


def test_hedge_mode_refuses_to_guess_a_leg_or_to_close_more_than_it_holds() -> None:
    """An order without a leg needs a pair that leaves no choice."""
    v = venue(mode=HEDGE)
    submit(v, 1, wanted(BUY))
    too_much: dict[str, Any] = {"type": LIMIT, "price_ticks": 110, "position_side": LONG}
    assert submit(v, 2, wanted(SELL, 5, **too_much)).reason is Reason.REDUCE_ONLY
    assert submit(v, 3, wanted(SELL, 5, position_side=LONG)).reason is Reason.REDUCE_ONLY
    assert submit(v, 4, wanted(SELL, 4, **too_much)).event == Acked()
    submit(v, 5, wanted(SELL, position_side=SHORT))
    assert submit(v, 6, wanted(BUY)).reason is Reason.POSITION_SIDE


def test_a_resting_limit_order_reserves_its_margin() -> None:
    """What rests may fill at any time, so the next order cannot have its money."""
    v = venue(deposit=1_000)
    submit(v, 1, wanted(BUY, 6, type=LIMIT, price_ticks=90))
    assert submit(v, 2, wanted(BUY, 5)).reason is Reason.MARGIN
    v.cancel(Cancel(1), 3)
    assert submit(v, 3, wanted(BUY, 5)).event == Filled(5)


@pytest.mark.parametrize("scope", ["ever", "open"])
def test_a_duplicate_id_is_answered_with_lost(scope: str) -> None:
    """The refusal of a second order with an id says nothing of the first one."""
    v = venue(unique_ids=scope)
    submit(v, 1, wanted(BUY, type=STOP, trigger_ticks=110))
    report = submit(v, 1, wanted(BUY, type=STOP, trigger_ticks=110))
    assert (report.event, report.reason) == (Lost(), Reason.DUPLICATE_ID)
    v.cancel(Cancel(1), 3)
    again = submit(v, 1, wanted(BUY, type=STOP, trigger_ticks=110))
    assert again.event == (Lost() if scope == "ever" else Acked())
    assert len(v.open_orders(0)) == (scope == "open")


def test_cancel_and_query() -> None:
    """A canceled order is final with its total; what is not open cannot be canceled."""
    v = venue(liquidity_lots=3, refill_ns=10)
    submit(v, 1, wanted(BUY))
    v.query(Query(1, 5), 3)
    assert last(v).event == Reconciled(5, Found.OPEN, 4, 3)
    v.cancel(Cancel(1), 4)
    total: dict[str, Any] = {"client_order_id": 1, "notional": 300, "fee": 3}
    assert last(v) == Report(event=Canceled(3), **total)
    v.query(Query(1, 6), 5)
    assert last(v) == Report(event=Reconciled(6, Found.CANCELED, 4, 3), **total)
    v.cancel(Cancel(1), 6)
    assert last(v) == Report(event=CancelRejected(), reason=Reason.UNKNOWN_ORDER, **total)
    v.cancel(Cancel(9), 6)
    assert last(v).event == CancelRejected()
    assert v.wake_ns() is None


def test_replace() -> None:
    """The quantity changes where filters, what is filled and margin allow it."""
    v = venue(deposit=1_000)
    submit(v, 1, wanted(BUY, type=LIMIT, price_ticks=90))
    for qty, reason in (
        (1, Reason.BAD_QTY),
        (51, Reason.BAD_QTY),
        (3, Reason.MIN_NOTIONAL),
        (12, Reason.MARGIN),
    ):
        v.replace(Replace(1, 1, qty), 3)
        assert (last(v).event, last(v).reason) == (ReplaceRejected(1), reason)
        assert v.open_orders(0)[0].qty == 4
    v.replace(Replace(1, 2, 10), 3)
    assert last(v).event == Replaced(2, 10)
    v.price(0, 89, 89, 4)
    assert last(v).event == Filled(10)
    v.replace(Replace(1, 3, 11), 5)
    assert (last(v).event, last(v).reason) == (ReplaceRejected(3), Reason.UNKNOWN_ORDER)


def test_a_replace_needs_something_left_to_fill() -> None:
    """The new quantity is above what is filled already, and a refused one changes nothing."""
    v = venue(liquidity_lots=3, refill_ns=10)
    submit(v, 1, wanted(BUY, 7))
    v.replace(Replace(1, 1, 3), 3)
    assert (last(v).event, last(v).reason) == (ReplaceRejected(1), Reason.BAD_QTY)
    v.replace(Replace(1, 2, 4), 3)
    v.wake(12)
    assert last(v).event == Filled(4)


def test_a_smaller_quantity_needs_no_margin() -> None:
    """Also on an account that has lost what it would need."""
    v = venue(deposit=100, leverage=10)
    submit(v, 1, wanted(BUY, type=LIMIT, price_ticks=80))
    submit(v, 2, wanted(BUY, type=STOP, trigger_ticks=101))
    v.price(0, 101, 101, 3)
    v.price(0, 85, 85, 3)
    assert submit(v, 3, wanted(BUY, type=LIMIT, price_ticks=80)).reason is Reason.MARGIN
    v.replace(Replace(1, 1, 5), 4)
    assert last(v).reason is Reason.MARGIN
    v.replace(Replace(1, 2, 4), 4)
    assert last(v).event == Replaced(2, 4)


def test_a_waiting_order_is_replaced_without_margin() -> None:
    """It reserves nothing until it is triggered."""
    v = venue(deposit=1_000)
    submit(v, 1, wanted(BUY, 9, type=STOP, trigger_ticks=110))
    v.replace(Replace(1, 1, 50), 3)
    assert last(v).event == Replaced(1, 50)


def test_the_position_mode_changes_only_while_nothing_is_open() -> None:
    """Neither a position nor an order."""
    v = venue()
    v.set_mode(HEDGE, 2)
    submit(v, 1, wanted(BUY, position_side=LONG))
    v.set_mode(ONE_WAY, 3)
    assert [v.outbox[0], v.outbox[-1]] == [(2, ModeSet(HEDGE)), (3, ModeRefused(HEDGE))]
    submit(v, 2, wanted(SELL, position_side=LONG))
    submit(v, 3, wanted(BUY, type=LIMIT, price_ticks=90))
    v.set_mode(ONE_WAY, 3)
    assert v.position(0).mode is HEDGE
    v.cancel(Cancel(3), 4)
    v.set_mode(ONE_WAY, 4)
    assert v.position(0).mode is ONE_WAY


def test_funding_is_told_only_to_who_has_a_position() -> None:
    """Longs pay shorts at a positive rate, on mark notional."""
    v = venue()
    v.fund(0, 10_000, 2)
    assert v.outbox == []
    submit(v, 1, wanted(SELL))
    v.fund(0, 10_000, 3)
    assert v.outbox[-1] == (3, AccountReport(sequence=1, credited=4))  # 4 * 101 * 1 %
    v.fund(0, -10_000, 4)
    v.query_account(0, 5)
    report = AccountReport(sequence=2, credited=-1)  # the payment is rounded up
    assert v.outbox[-2:] == [(4, report), (5, report)]
