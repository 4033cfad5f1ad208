"""Liquidation: when, in which order, at what cost, and what is told."""

from typing import Any

from machines.hedge_wallet import Funded, Liquidated
from machines.messages import Place, Report, Wanted
from machines.order import Canceled, Filled, Triggered
from simulator.venue import Venue
from simulator.venue_terms import LegLiquidated, VenueConfig
from spec.terms import (
    Instrument,
    MarginMode,
    OrderType,
    PositionMode,
    PositionSide,
    Reason,
    Side,
)

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
MARKET, LIMIT, STOP, STOP_LIMIT, PROFIT, PROFIT_LIMIT = OrderType
CONTRACT = Instrument(symbol="A", maker_ppm=0, taker_ppm=10_000, liquidation_ppm=20_000)
HEDGE, ISOLATED = PositionMode.HEDGE, MarginMode.ISOLATED


def venue(**options: Any) -> Venue:  # noqa: ANN401 - the fields of VenueConfig
    """Return a checked venue of one contract at 100."""
    config = VenueConfig(**({"deposit": 100_000} | options))
    v = Venue(config, [CONTRACT], checked=True)
    v.price(0, 100, 100, 1)
    return v


def wanted(side: Side, qty: int = 4, **fields: Any) -> Wanted:  # noqa: ANN401
    return Wanted(key=0, kind=0, side=side, qty=qty, **fields)


def said(v: Venue) -> list[tuple[int, object, Reason]]:
    """Return what was reported since the last call: (client order id, event, reason)."""
    news: list[tuple[int, object, Reason]] = [
        (m.client_order_id, m.event, m.reason) if isinstance(m, Report) else (0, m, Reason.NONE)
        for _, m in v.outbox
    ]
    v.outbox.clear()
    return news


def submit(v: Venue, key: int, order: Wanted) -> list[object]:
    """Submit *order* and return the events that follow."""
    v.submit(Place(key, order), 0, 2)
    return [event for _, event, _ in said(v)]


def move(v: Venue, last: int, mark: int | None = None) -> list[object]:
    """Move the price and return the events that follow."""
    v.price(0, last, last if mark is None else mark, 3)
    return [event for _, event, _ in said(v)]


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
        (0, Liquidated(0), Reason.NONE),
    ]
    fill = v.fills[-1]
    assert (fill.price_ticks, fill.fee, fill.liquidation) == (71, 15, True)
    assert v.account.insurance == 15
    assert v.account.flat


def test_liquidation_comes_before_the_orders_of_the_same_jump() -> None:
    """The market jumped over a stop to where the account has failed: the stop is too late."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(SELL, 10, type=STOP, trigger_ticks=90))
    assert move(v, 60) == [Canceled(0), Liquidated(0)]


def test_a_fill_far_from_mark_can_liquidate() -> None:
    """The stop fills where the last price went; what is left does not carry the rest."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(SELL, 5, type=STOP, trigger_ticks=60))
    submit(v, 3, wanted(SELL, 1, type=STOP, trigger_ticks=50))
    assert move(v, 42, 100) == [Triggered(), Filled(5), Canceled(0), Liquidated(0)]


def test_a_flat_account_in_debt_is_liquidated_too() -> None:
    """A loss beyond the equity at mark is paid by the fund and told."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    submit(v, 2, wanted(SELL, 10, type=STOP, trigger_ticks=90))
    assert move(v, 50, 100) == [Triggered(), Filled(10), Liquidated(0)]
    assert v.account.insurance == 10 * 50 + 10 + 5 - 300


def test_funding_can_liquidate() -> None:
    """A payment brings equity below maintenance at an unchanged price."""
    v = venue(deposit=300, leverage=4)
    submit(v, 1, wanted(BUY, 10))
    low = v.barriers(0).mark_lo
    v.fund(0, 250_000, 4)
    assert said(v) == [(0, Funded(-250), Reason.NONE)]
    assert v.barriers(0).mark_lo > low
    v.fund(0, 36_000, 5)
    assert said(v) == [(0, Funded(-36), Reason.NONE), (0, Liquidated(0), Reason.NONE)]


def test_an_isolated_leg_is_liquidated_alone() -> None:
    """The other leg, its orders and the rest of the cash stay."""
    v = venue(mode=HEDGE, margin_mode=ISOLATED, leverage=10)
    submit(v, 1, wanted(BUY, 10, position_side=LONG))
    submit(v, 2, wanted(SELL, 4, position_side=SHORT))
    submit(v, 3, wanted(SELL, 10, type=STOP, trigger_ticks=50, position_side=LONG))
    submit(v, 4, wanted(BUY, 4, type=STOP, trigger_ticks=150, position_side=SHORT))
    assert v.liquidation_price(0, LONG) == 90
    cash = v.account.cash
    assert move(v, 90) == [Canceled(0), LegLiquidated(0, LONG, cash - 100)]
    assert v.account.insurance == 18
    assert [order.client_order_id for order in v.open_orders(0)] == [4]
    v.price(0, 110, 110, 4)
    assert said(v)[-1][1] == Liquidated(cash - 100 - 40)


def test_an_isolated_one_way_liquidation_cancels_the_symbols_orders() -> None:
    """Every order of the symbol is about the one position."""
    v = venue(margin_mode=ISOLATED, leverage=10)
    submit(v, 1, wanted(SELL, 10))
    submit(v, 2, wanted(BUY, 1, type=LIMIT, price_ticks=50))
    news = move(v, 110)
    assert news[0] == Canceled(0)
    assert isinstance(news[1], Liquidated)
