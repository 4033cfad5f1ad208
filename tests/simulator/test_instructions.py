"""What a conditional order at the venue may be told beyond what strategies want."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.messages import Place
from machines.order import Acked, Expired, Filled, Rejected, Triggered
from simulator.venue import Venue
from simulator.venue_order import NO_BOUND, TRAIL_STEPS, Instructions, Trail
from spec.terms import Instrument, OrderType, PositionMode, PositionSide, Reason, Side
from tests.simulator.desk import move, opened, said, submit, wanted

BUY, SELL = Side
STOP, PROFIT = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET
CONTRACT = Instrument(symbol="A", maker_ppm=0, taker_ppm=0)


def told(v: Venue, side: Side, *, qty: int = 4, **given: Any) -> list[tuple[int, object, Reason]]:  # noqa: ANN401 - fields of Instructions
    """Submit a stop as order 9 with the instructions *given*, and return what follows."""
    order = wanted(side, qty, type=STOP, trigger_ticks=100 + 10 * side.sign)
    v.submit(Place(9, order), 0, 2, Instructions(**given))
    return said(v)


def test_a_trailing_stop_follows_the_best_price_only() -> None:
    """A sell goes up with the price and stays when it falls; it fills at its distance below."""
    v = opened(CONTRACT)
    assert told(v, SELL, trail=Trail(ticks=10))[0][1] == Acked()
    for price in (105, 120, 111):
        assert move(v, price) == []
    assert move(v, 110) == [Triggered(), Filled(4)]
    assert v.fills[0].price_ticks == 110


def test_a_trailing_buy_goes_down_with_the_price() -> None:
    """Its distance may be a share of the best price."""
    v = opened(CONTRACT)
    told(v, BUY, trail=Trail(ppm=100_000))
    assert move(v, 80) == []
    assert v.barriers(0)[:2] == (79, 88)
    assert move(v, 88) == [Triggered(), Filled(4)]


def test_a_trailing_stop_waits_for_its_start() -> None:
    """Before the price has come to it, no fall triggers; where it is there, it is refused."""
    v = opened(CONTRACT)
    told(v, SELL, trail=Trail(ticks=5, start_ticks=110))
    assert v.barriers(0)[1] == 110
    assert move(v, 50) == []
    assert move(v, 110) == []
    assert move(v, 105) == [Triggered(), Filled(4)]
    refused = told(opened(CONTRACT), SELL, trail=Trail(ticks=5, start_ticks=100))
    assert refused == [(9, Rejected(), Reason.TRIGGER_CROSSED)]


def test_a_trailing_stop_that_has_been_triggered_follows_no_more() -> None:
    """What is left of it takes again in its time, whatever the price does."""
    v = opened(CONTRACT, liquidity_lots=1, refill_ns=10)
    told(v, SELL, trail=Trail(ticks=10))
    assert move(v, 90) == [Triggered(), Filled(1)]
    assert v.barriers(0)[:2] == (0, NO_BOUND)


@given(st.integers(1, 5_000), st.lists(st.integers(9_000, 11_000), min_size=1, max_size=30))
def test_a_trailing_stop_is_late_by_a_step_at_most(ticks: int, turns: list[int]) -> None:
    """On a path that stops at every barrier it triggers where the exact one does, or a step on."""
    v = Venue(opened(CONTRACT).config, [CONTRACT], checked=True)
    v.price(0, 10_000, 10_000, 1)
    told(v, SELL, trail=Trail(ticks=ticks))
    best = price = 10_000
    step = -(-ticks // TRAIL_STEPS)
    for turn in turns:
        while price != turn and not v.fills:
            low, high = v.barriers(0)[:2]
            price = min(turn, high) if turn > price else max(turn, low)
            best = max(best, price)
            move(v, price)
            assert v.fills or price > best - ticks - step
    if v.fills:
        assert best - ticks - step <= v.fills[0].price_ticks <= best - ticks


def test_a_whole_order_closes_what_is_held_when_it_is_triggered() -> None:
    """Whatever its quantity was, it is filled, and where nothing is held it expires."""
    v = opened(CONTRACT)
    submit(v, 1, wanted(BUY, 4))
    told(v, SELL, qty=999, whole=True)
    submit(v, 2, wanted(BUY, 3))
    assert move(v, 90) == [Triggered(), Filled(7)]
    order = v.order(9)
    assert order is not None
    assert (order.qty, v.position(0).long.qty) == (7, 0)


@pytest.mark.parametrize("tied", [False, True])
def test_a_tied_order_ends_with_its_leg(tied: bool) -> None:  # noqa: FBT001 - the case
    """A waiting order that closes outlives its leg unless it is tied."""
    v = opened(CONTRACT, mode=PositionMode.HEDGE)
    long = {"position_side": PositionSide.LONG}
    submit(v, 1, wanted(BUY, **long))
    stop = wanted(SELL, type=STOP, trigger_ticks=90, **long)
    v.submit(Place(9, stop), 0, 2, Instructions(tied=tied))
    said(v)
    v.submit(Place(2, wanted(SELL, **long)), 0, 3)
    news = [each for each in said(v) if each[0] == 9]
    assert news == ([(9, Expired(0), Reason.REDUCE_ONLY)] if tied else [])


def test_a_tied_order_ends_with_a_leg_that_is_turned() -> None:
    """In one-way mode a sale beyond the long leg leaves nothing that its stop could close."""
    v = opened(CONTRACT)
    submit(v, 1, wanted(BUY))
    v.submit(Place(9, wanted(SELL, type=PROFIT, trigger_ticks=120, reduce_only=True)), 0, 2)
    stop = wanted(SELL, type=STOP, trigger_ticks=90, reduce_only=True)
    v.submit(Place(8, stop), 0, 2, Instructions(tied=True))
    submit(v, 2, wanted(SELL, 10))
    assert [each.client_order_id for each in v.open_orders(0)] == [9]
