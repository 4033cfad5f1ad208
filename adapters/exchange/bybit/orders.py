"""Orders as a client writes them: read, checked against the contract, and never guessed."""

from typing import cast

from attrs import evolve

from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.fields import symbol_of
from adapters.exchange.core import Exchange
from adapters.exchange.records import Order
from adapters.exchange.text import units
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Refused, said
from machines.messages import Wanted
from simulator.venue_order import conditional, limited
from spec.terms import (
    Instrument,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    TimeInForce,
    TriggerBy,
)

LINK_MAX, BATCH_MAX = 36, 20
RISING, FALLING = "1", "2"
_SIDE = {"Buy": Side.BUY, "Sell": Side.SELL}
_TIME = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
TRIGGER_BY = {
    "": TriggerBy.LAST,
    "LastPrice": TriggerBy.LAST,
    "MarkPrice": TriggerBy.MARK,
    "IndexPrice": TriggerBy.MARK,
}
_TYPE = {
    ("Market", ""): OrderType.MARKET,
    ("Limit", ""): OrderType.LIMIT,
    ("Market", "stop"): OrderType.STOP_MARKET,
    ("Limit", "stop"): OrderType.STOP_LIMIT,
    ("Market", "profit"): OrderType.TAKE_PROFIT_MARKET,
    ("Limit", "profit"): OrderType.TAKE_PROFIT_LIMIT,
}


def link_of(body: Body) -> str:
    """Return the client's own id, or an empty text.

    Raises:
        Refused: It is too long.
    """
    link = said(body, "orderLinkId")
    if len(link) > LINK_MAX:
        raise Refused(Code.BAD_PARAMETER, "orderLinkId is longer than 36 characters")
    return link


def wanted_of(exchange: Exchange, trader: Trader, body: Body) -> Wanted:
    """Read a new order.

    Raises:
        Refused: A field is missing or wrong, or the leg does not fit the position mode.
    """
    instrument = exchange.listings[symbol_of(exchange, body)].instrument
    side, kind = _SIDE.get(said(body, "side")), said(body, "orderType")
    if side is None or (kind, "") not in _TYPE:
        raise Refused(Code.BAD_PARAMETER, "side or orderType invalid")
    leg = leg_of(trader, body)
    force = said(body, "timeInForce") or "GTC"
    if force not in {*_TIME, "PostOnly"}:
        raise Refused(Code.BAD_PARAMETER, "timeInForce invalid")
    trigger_ticks = price_of(body, "triggerPrice", instrument)
    wanted = Wanted(
        key=0,
        kind=0,
        side=side,
        qty=_qty(body, instrument),
        type=_TYPE[kind, _triggered_as(body, side, trigger_ticks)],
        price_ticks=price_of(body, "price", instrument) if kind == "Limit" else 0,
        trigger_ticks=trigger_ticks,
        trigger_by=_trigger_by(body),
        position_side=leg,
        time_in_force=_TIME.get(force, TimeInForce.GTC),
        post_only=force == "PostOnly" and kind == "Limit",
        reduce_only=said(body, "reduceOnly").lower() == "true",
    )
    if limited(wanted) and not wanted.price_ticks:
        raise Refused(Code.BAD_PARAMETER, "price invalid")
    return wanted


def leg_of(trader: Trader, body: Body) -> PositionSide:
    """Return the leg that *body* names, NONE in one-way mode.

    Raises:
        Refused: It does not fit the position mode.
    """
    index, hedge = said(body, "positionIdx") or "0", trader.account.mode is PositionMode.HEDGE
    if index not in {"0", "1", "2"} or (index == "0") == hedge:
        raise Refused(Code.BAD_POSITION_INDEX)
    return PositionSide(int(index))


def amended(exchange: Exchange, order: Order, body: Body) -> Wanted:
    """Read what *order* is to become.

    Raises:
        Refused: A field is wrong.
    """
    instrument, wanted = exchange.listings[order.symbol].instrument, order.wanted
    qty = _qty(body, instrument) if said(body, "qty") else wanted.qty
    price, trigger_ticks = (price_of(body, each, instrument) for each in ("price", "triggerPrice"))
    return evolve(
        wanted,
        qty=qty,
        price_ticks=price if price and limited(wanted) else wanted.price_ticks,
        trigger_ticks=trigger_ticks
        if trigger_ticks and conditional(wanted) and not order.triggered
        else wanted.trigger_ticks,
    )


def rows(body: Body) -> list[Body]:
    """Return the requests of a batch.

    Raises:
        Refused: There is none, or more than 20.
    """
    found = body.get("request")
    if not isinstance(found, list) or not 0 < len(cast("list[object]", found)) <= BATCH_MAX:
        raise Refused(Code.BAD_PARAMETER, "request must hold 1 to 20 orders")
    return [
        {**cast("Body", each), "category": body.get("category")}
        for each in cast("list[object]", found)
        if isinstance(each, dict)
    ]


def _triggered_as(body: Body, side: Side, trigger_ticks: int) -> str:
    """Return whether a trigger follows the price (a stop) or meets it (a profit), or neither."""
    if not trigger_ticks:
        return ""
    direction = said(body, "triggerDirection")
    if direction not in {RISING, FALLING}:
        raise Refused(Code.BAD_PARAMETER, "triggerDirection invalid")
    return "stop" if (direction == RISING) == (side is Side.BUY) else "profit"


def _trigger_by(body: Body) -> TriggerBy:
    """Return the price that triggers."""
    found = TRIGGER_BY.get(said(body, "triggerBy"))
    if found is None:
        raise Refused(Code.BAD_PARAMETER, "triggerBy invalid")
    return found


def _qty(body: Body, instrument: Instrument) -> int:
    """Return the size in lots."""
    qty = units(said(body, "qty"), instrument.lot)
    if not qty:
        raise Refused(Code.BAD_PARAMETER, "Qty invalid")
    return qty


def price_of(body: Body, name: str, instrument: Instrument) -> int:
    """Return the price called *name* in ticks, 0 where there is none.

    Raises:
        Refused: It is no multiple of the tick.
    """
    given = said(body, name)
    ticks = units(given, instrument.tick) if given else 0
    if ticks is None:
        raise Refused(Code.BAD_PARAMETER, f"{name} invalid")
    return ticks
