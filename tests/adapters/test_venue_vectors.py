"""What the adapters write is what ccxt writes for the same order, by vectors of requests.

The vectors are of ccxt 4.5.90, and older ones of its own tests.  The adapters write their requests
themselves, so that two independent writers agree; where they do not, a table here says why.
"""
# ruff: noqa: ANN401, S106  # what a vector says is of many types

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from attrs import frozen

pytest.importorskip("ccxt", reason="ccxt is not installed: there is nothing to adapt")

from adapters.venue.client import Client
from adapters.venue.client_id import ClientIds
from adapters.venue.contracts import Contract, Roster
from adapters.venue.credentials import Credentials
from adapters.venue.dialect import Call
from adapters.venue.venues import VENUES
from machines.messages import Wanted
from spec.terms import Instrument, OrderType, PositionMode, PositionSide, Side, TimeInForce

FILES = {
    "bybit": ("generated/bybit", "bybit"),
    "binance": ("generated/binanceusdm", "binance"),
    "okx": ("generated/okx", "okx"),
    "hyperliquid": ("generated/hyperliquid", "hyperliquid"),
}
TEXT = "0" * 31 + "1"
UNIT = Decimal("1e-8")
SIGNED = {"timestamp", "signature", "recvWindow", "nonce"}
IDS = {"orderLinkId", "newClientOrderId", "clientAlgoId", "clOrdId", "algoClOrdId", "c"}
OMITTED = {  # what ccxt sends and we do not
    "newOrderRespType": "the acknowledgement is enough, the stream tells the rest",
    "tag": "a broker's, who earns by it",
    "builder": "whose fee it is",
    "brokerCode": "the same under its older name",
    "triggerDirection": "leaks to venues that do not know it",
}
ADDED = {  # what we send and ccxt does not
    "triggerPxType": "it is said which price triggers",
    "ordType": "algo orders of one type are asked for at a time",
    "posSide": "a leg is named by its own side",
}
DROPPED = "ccxt drops reduceOnly with its hedged flag; with a leg named it is sent"
MOVED = "an older version: conditional orders have an endpoint of their own since December 2025"
ROUNDED = "ccxt rounds; our prices and sizes are whole ticks and lots before they get here"
ALL = "we ask for all contracts of a currency at once, conditional orders among them"
DIFFERENT = {  # by description
    "bybit": {
        "hedged-flag: close long market": DROPPED,
        "hedged-flag: close short market": DROPPED,
        "hedged-flag: close long limit postOnly": DROPPED,
        "swap hedged reduceOnly sell order": DROPPED,
        "swap hedged buy reduceOnly order": DROPPED,
        "setPositionMode no symbol": "we set the mode of each contract",
        "fetchOpenOrders": ALL,
        "fetchOpenOrders trigger": ALL,
        "fetch by client id": ALL,
        "cancel by client id (unified param)": "ccxt passes on a name that the venue does not know",
    },
    "binance": {
        "swap limit buy with weird price/amount": ROUNDED,
        "Swap limit buy with triggerPrice": MOVED,
        "Swap limit sell with takeProfitPrice (type 2)": MOVED,
    },
    "okx": {
        "fetchPositions all": ALL,
        "fetchOpenOrders": ALL,
        "fetchOpenOrders trigger": ALL,
        "Swap fetch open orders": ALL,
        "Cancel stop order": "the vector names the venue's id, we the client order id",
    },
    "hyperliquid": {
        "fetchOpenOrders trigger": "ccxt passes on a parameter that the venue does not know",
        "BTC order with unformatted price and amount": ROUNDED,
    },
}
# How many vectors concern an order, and how many anything of ours.
COMPARED = {"bybit": (47, 62), "binance": (42, 55), "okx": (39, 53), "hyperliquid": (31, 38)}
WRONG_LEG = {"hedged-flag-without-reduceOnly"}  # ccxt takes the wrong leg for what protects
NOT_OURS = {"takeProfit", "stopLoss", "trailingPercent"}  # attached or trailing orders


Request = tuple[str, dict[str, Any]]  # its path and what it says


@frozen(kw_only=True)
class Vector:
    """A request as ccxt makes it of *input*."""

    venue: str
    method: str
    description: str
    input: list[Any]
    url: str
    output: Any


def vectors(folder: Path, venue: str) -> list[Vector]:
    """Return the vectors of *venue*."""
    found = list[Vector]()
    for name in FILES[venue]:
        part = "request" if name.startswith("generated") else "request.subset"
        told = json.loads((folder / "oracle" / "ccxt" / f"{name}.{part}.json").read_text())
        found += [
            Vector(
                venue=venue,
                method=method,
                description=case["description"],
                input=case["input"],
                url=case["url"],
                output=case.get("output"),
            )
            for method, cases in told["methods"].items()
            for case in cases
            if "url" in case
        ]
    return found


def symbol(venue: str, name: str) -> str:
    """Return the venue's name of ccxt's *name*."""
    base, _, quote = name.partition(":")[0].partition("/")
    return {"okx": f"{base}-{quote}-SWAP", "hyperliquid": base}.get(venue, base + quote)


def contract(vector: Vector, name: str) -> Contract:
    """Return a contract of the finest units, for prices are written as they are."""
    numbers = {"BTC/USDC:USDC": 0, "SOL/USDC:USDC": 5}
    return Contract(
        index=0,
        id=symbol(vector.venue, name),
        number=numbers.get(name, 0),
        name=name,
        instrument=Instrument(symbol=name),
        settle="USDT",
        tick=UNIT,
        step=UNIT,
        money=UNIT,
    )


def units(number: Any) -> int:
    """Return *number* in the finest units."""
    return int(Decimal(str(number or 0)) / UNIT)


def wanted(vector: Vector) -> Wanted | None:
    """Return the order of *vector*; None if we have no such order."""
    _, kind, side_text, amount, price, params = (*vector.input, None, {})[:6]
    params = params or {}
    if NOT_OURS & params.keys() or vector.description.partition(":")[0] in WRONG_LEG:
        return None
    side, limited = Side[side_text.upper()], kind == "limit"
    stop = params.get("stopLossPrice") or params.get("triggerPrice") or params.get("stopPrice")
    profit = params.get("takeProfitPrice")
    below = params.get("triggerDirection") == "below"
    types = {
        (False, False): OrderType.LIMIT if limited else OrderType.MARKET,
        (True, False): OrderType.STOP_LIMIT if limited else OrderType.STOP_MARKET,
        (False, True): OrderType.TAKE_PROFIT_LIMIT if limited else OrderType.TAKE_PROFIT_MARKET,
    }
    reduces = bool(params.get("reduceOnly")) or (
        vector.venue == "bybit" and bool(params.get("stopLossPrice") or profit)
    )
    return Wanted(
        key=0,
        kind=0,
        side=side,
        qty=units(amount),
        type=types[bool(stop) and not below, bool(profit) or below],
        price_ticks=units(price) if limited else 0,
        trigger_ticks=units(stop or profit),
        position_side=leg(params, side, reduces=reduces or bool(stop)),
        time_in_force=TimeInForce[params.get("timeInForce", "GTC")],
        post_only=bool(params.get("postOnly")),
        reduce_only=reduces,
    )


def leg(params: Mapping[str, Any], side: Side, *, reduces: bool) -> PositionSide:
    """Return the leg that *params* name."""
    if params.get("hedged"):
        opens = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
        closes = PositionSide.SHORT if side is Side.BUY else PositionSide.LONG
        return closes if reduces and params.get("triggerPrice") is None else opens
    named = params.get("positionIdx") or params.get("positionSide") or params.get("posSide")
    return (
        PositionSide.NONE
        if named is None
        else (PositionSide(named) if isinstance(named, int) else PositionSide[named.upper()])
    )


def calls(vector: Vector) -> tuple[Call, ...]:
    """Return our calls for *vector*, none if we have no such request."""
    dialect, given = VENUES[vector.venue], vector.input
    names = [each for each in given if isinstance(each, str) and "/" in each]
    about = contract(vector, names[0] if names else "BTC/USDT:USDT")
    roster = Roster([about], ClientIds("bot", [about.id]))
    by_text = any(isinstance(each, dict) for each in given) or str(given[:1])[2:4] == "0x"
    match vector.method:
        case "createOrder":
            order = wanted(vector)
            roster.marks[0] = units((*given, None)[4])
            made = order and dialect.place(roster, about, TEXT, order)
            return (made,) if isinstance(made, Call) else ()
        case "cancelOrder" if by_text:
            return dialect.cancel(about, client_text(vector))
        case "fetchOrder" if by_text and "acknowledged" not in str(given):
            return dialect.find(about, client_text(vector))
        case "setPositionMode":
            mode = PositionMode.HEDGE if given[0] else PositionMode.ONE_WAY
            return dialect.set_mode(roster, mode)
        case "setLeverage":
            return (dialect.set_leverage(about, given[0]),)
        case "fetchPositions" if not given:
            return dialect.positions(roster)
        case "fetchOpenOrders":
            return dialect.open_orders(roster)
        case "fetchBalance":
            return (dialect.cash(),)
        case "fetchPositionMode":
            return (dialect.mode(roster),)
        case _:
            return ()


def client_text(vector: Vector) -> str:
    """Return the client order id of *vector*."""
    params = next((each for each in vector.input if isinstance(each, dict)), {})
    found: str = params.get("clientOrderId") or params.get("orderLinkId") or vector.input[0]
    return found


def plain(url: str, body: Any) -> Request:
    """Return the path of a request, and its parameters but for the signature."""
    parts = urlsplit(url)
    said: Any = dict(parse_qsl(parts.query))
    if isinstance(body, str) and body[:1] in {"{", "["}:
        said = json.loads(body)
    elif body:
        said = dict(parse_qsl(body))
    if isinstance(said, list):  # a batch of one
        (said,) = said
    path = parts.path.replace("batch-orders", "order").replace("/api/v5", "/v5")
    said = {key: value for key, value in said.items() if key not in SIGNED}
    return path, actions(said)


def actions(said: dict[str, Any]) -> dict[str, Any]:
    """Return the one order of an action, or the action, without ids."""
    said = said.get("action", said)
    said = said["orders"][0] if "orders" in said else said
    return {key: value for key, value in said.items() if key not in IDS | OMITTED.keys()}


def sent(venue: str, made: list[tuple[Call, ...]]) -> list[list[Request]]:
    """Return the requests that our client makes of each of *made*."""
    requests = list[Request]()

    async def fetch(url: str, method: str = "", headers: Any = None, body: Any = None) -> Any:
        del method, headers
        requests.append(plain(url, body))
        return {}

    async def ask() -> list[list[Request]]:
        secret = "0x" + "1" * 64 if venue == "hyperliquid" else "s"
        keys = Credentials(key="k", secret=secret, password="p", wallet="0x" + "1" * 40)
        client, found = Client(VENUES[venue], keys, {}), list[list[Request]]()
        client.exchange.fetch = fetch
        for calls in made:
            requests.clear()
            for call in calls:
                await client._made(call)
            found.append(list(requests))
        await client.close()
        return found

    return asyncio.run(ask())


def agree(vector: Vector, ours: Request) -> bool:
    """Return whether *ours* says what *vector* says."""
    path, said = plain(vector.url, vector.output)
    if vector.venue == "okx" and "market" in vector.input[1:2]:
        # ccxt took a price that a market order does not have
        said |= {key: "-1" for key in said if key.endswith("OrdPx")}
    mine = {key: value for key, value in ours[1].items() if key not in ADDED or key in said}
    return ours[0] == path and texts(mine) == texts(said)


def texts(said: Any) -> Any:
    """Return *said* with its leaves as texts: some venues take numbers and truths in any form."""
    if isinstance(said, dict):
        return {key: texts(value) for key, value in said.items()}
    if isinstance(said, list):
        return [texts(each) for each in said]
    return str(said).lower()


@pytest.mark.parametrize("venue", VENUES)
def test_requests_are_those_that_ccxt_makes(shared: Path, venue: str) -> None:
    """Each order, cancel, setting and question of ours that has a vector is that vector."""
    found = vectors(shared, venue)
    made = [calls(vector) for vector in found]
    compared = Counter[str]()
    wrong = list[Any]()
    for vector, requests in zip(found, sent(venue, made), strict=True):
        if requests:
            compared[vector.method] += 1
            if not any(agree(vector, each) for each in requests):
                wrong.append((vector, requests))
    told = "\n".join(f"{v.description}: {plain(v.url, v.output)} {r}" for v, r in wrong)
    assert {vector.description for vector, _ in wrong} == DIFFERENT[venue].keys(), told
    assert (compared["createOrder"], compared.total()) == COMPARED[venue]
