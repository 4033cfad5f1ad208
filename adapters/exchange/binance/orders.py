"""Orders as a client writes them: read, checked against the contract, and never guessed."""

import re

from attrs import evolve

from adapters.exchange.binance.errors import Code, missing
from adapters.exchange.binance.fields import flag, symbol_of
from adapters.exchange.binance.private import CONDITIONAL, PERCENT, TRAILING, WORKING_TYPE
from adapters.exchange.core import Exchange
from adapters.exchange.records import Order
from adapters.exchange.text import NUMBER, units
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Refused, said
from machines.messages import Wanted
from machines.position import opens
from simulator.venue_order import Instructions, Trail, crosses, limited
from spec.terms import (
    Instrument,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    TimeInForce,
)

LINK = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
WORKING = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
WHOLE = {OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET}  # of what closes a position
CALLBACK_PPM = range(1_000, 100_001)
_POSITION_SIDE = {
    "BOTH": PositionSide.NONE,
    "LONG": PositionSide.LONG,
    "SHORT": PositionSide.SHORT,
}
_TIME = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}


def link_of(body: Body, name: str) -> str:
    """Return the client's own id, or an empty text.

    Raises:
        Refused: It is too long, or has other characters than the venue allows.
    """
    link = said(body, name)
    if link and not LINK.fullmatch(link):
        raise Refused(Code.BAD_LINK)
    return link


def wanted_of(exchange: Exchange, trader: Trader, body: Body) -> Wanted:
    """Read a new order that works at once.

    Raises:
        Refused: A field is missing or wrong, or the leg does not fit the position mode.
    """
    kind = said(body, "type")
    if kind in CONDITIONAL:
        raise Refused(Code.USE_ALGO)
    instrument = exchange.listings[symbol_of(exchange, body)].instrument
    return _wanted(instrument, trader, body, WORKING.get(kind), _qty(body, instrument))


def conditional_of(exchange: Exchange, trader: Trader, body: Body) -> tuple[Wanted, Instructions]:
    """Read a new conditional order.

    Raises:
        Refused: As `wanted_of`.
    """
    if said(body, "algoType") != "CONDITIONAL":
        raise missing("algoType")
    symbol = symbol_of(exchange, body)
    instrument = exchange.listings[symbol].instrument
    trigger_by = WORKING_TYPE.get(said(body, "workingType") or "CONTRACT_PRICE")
    if trigger_by is None:
        raise missing("workingType")
    whole, trail = flag(body, "closePosition"), _trail(body, instrument)
    qty = instrument.max_qty if whole else _qty(body, instrument)
    wanted = _wanted(instrument, trader, body, CONDITIONAL.get(said(body, "type")), qty)
    if whole:
        _check_whole(body, wanted, trail)
    trigger_ticks = exchange.market.price(symbol)  # a trailing stop does not have one
    if trail is None:
        trigger_ticks = _price(body, "triggerPrice", instrument)
    reduces = wanted.reduce_only or whole
    wanted = evolve(wanted, trigger_ticks=trigger_ticks, trigger_by=trigger_by, reduce_only=reduces)
    return wanted, Instructions(trail=trail, whole=whole)


def _check_whole(body: Body, wanted: Wanted, trail: Trail | None) -> None:
    """Refuse what cannot close a position."""
    leg, kind = wanted.position_side, said(body, "type")
    turned = leg is not PositionSide.NONE and opens(leg, wanted.side)
    if trail is not None or wanted.type not in WHOLE or turned:
        refusal = f"Target strategy invalid for orderType {kind},closePosition true"
        raise Refused(Code.BAD_STRATEGY, refusal)
    if said(body, "quantity"):
        raise Refused(Code.WHOLE_QTY)
    if "reduceOnly" in body:
        raise Refused(Code.NOT_REQUIRED, "Parameter 'reduceonly' sent when not required.")


def _trail(body: Body, instrument: Instrument) -> Trail | None:
    """Return how the trigger is to follow the price, None where it is not to."""
    if said(body, "type") != TRAILING:
        return None
    ppm = _units(body, "callbackRate", PERCENT)
    if ppm not in CALLBACK_PPM:
        raise Refused(Code.BAD_PARAMETER, "Invalid callBack rate")
    starts = said(body, "activatePrice")
    return Trail(ppm=ppm, start_ticks=_price(body, "activatePrice", instrument) if starts else 0)


def _wanted(
    instrument: Instrument, trader: Trader, body: Body, kind: OrderType | None, qty: int
) -> Wanted:
    """Read what all orders have, but for their size."""
    if said(body, "side") not in Side.__members__:
        raise Refused(Code.BAD_SIDE)
    if kind is None:
        raise Refused(Code.BAD_TYPE)
    wanted = Wanted(
        key=0,
        kind=0,
        side=Side[said(body, "side")],
        qty=qty,
        type=kind,
        position_side=_leg(trader, body),
        reduce_only=flag(body, "reduceOnly"),
    )
    if not limited(wanted):
        return wanted
    force = said(body, "timeInForce") or ("" if kind is OrderType.LIMIT else "GTC")
    if not force:
        raise missing("timeInForce")
    if force not in {*_TIME, "GTX"}:
        raise Refused(Code.BAD_TIME_IN_FORCE)
    return evolve(
        wanted,
        price_ticks=_price(body, "price", instrument),
        time_in_force=_TIME.get(force, TimeInForce.GTC),
        post_only=force == "GTX",
    )


def _leg(trader: Trader, body: Body) -> PositionSide:
    """Return the leg of a new order; hedge mode needs one, and no word of reducing."""
    leg = _POSITION_SIDE.get(said(body, "positionSide") or "BOTH")
    if leg is None:
        raise Refused(Code.BAD_POSITION_SIDE)
    hedge = trader.account.mode is PositionMode.HEDGE
    if hedge == (leg is PositionSide.NONE):
        raise Refused(Code.POSITION_SIDE)
    if hedge and "reduceOnly" in body:
        raise Refused(Code.NOT_REQUIRED, "Parameter 'reduceonly' sent when not required.")
    return leg


def unfillable(exchange: Exchange, symbol: int, wanted: Wanted) -> bool:
    """Return whether *wanted* must fill at once and in full, and the market does not offer that."""
    if wanted.time_in_force is not TimeInForce.FOK:
        return False
    lots = exchange.terms.venue.liquidity_lots or wanted.qty
    return wanted.qty > lots or not crosses(wanted, exchange.market.price(symbol))


def amended(exchange: Exchange, order: Order, body: Body) -> Wanted:
    """Read what *order* is to become.

    Raises:
        Refused: It is no limit order, a field is wrong, or nothing would change.
    """
    instrument = exchange.listings[order.symbol].instrument
    if not limited(order.wanted):
        raise Refused(Code.ONLY_LIMIT)
    if said(body, "side") != order.wanted.side.name:
        raise Refused(Code.BAD_SIDE)
    qty, price_ticks = _qty(body, instrument), _price(body, "price", instrument)
    changed = evolve(order.wanted, qty=qty, price_ticks=price_ticks)
    if changed == order.wanted:
        raise Refused(Code.NOT_AMENDED)
    return changed


def _qty(body: Body, instrument: Instrument) -> int:
    """Return the size in lots."""
    qty = _units(body, "quantity", instrument.lot)
    if not qty:
        raise Refused(Code.BAD_QTY)
    if qty < instrument.min_qty:
        raise Refused(Code.MIN_QTY)
    if qty > instrument.max_qty:
        raise Refused(Code.MAX_QTY)
    return qty


def _price(body: Body, name: str, instrument: Instrument) -> int:
    """Return the price called *name* in ticks."""
    ticks = _units(body, name, instrument.tick)
    if not ticks:
        raise Refused(Code.BAD_PRICE)
    return ticks


def _units(body: Body, name: str, unit: str) -> int:
    """Return field *name* as a whole number of *unit*."""
    given = said(body, name)
    if not NUMBER.fullmatch(given):
        raise missing(name)
    found = units(given, unit)
    if found is None:
        raise Refused(Code.PRECISION)
    return found
