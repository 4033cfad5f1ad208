"""What the unmodified client library meets in the words of Binance USD-M futures alone."""
# ruff: noqa: ANN401  # the library has no types

import asyncio
from typing import Any

import pytest

ccxt: Any = pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from adapters.exchange.binance.client import ccxt_config  # noqa: E402
from adapters.exchange.binance.errors import Code  # noqa: E402
from adapters.exchange.binance.limits import Limits, Rate  # noqa: E402
from tests.adapters.exchange_stand import Served, opened, run, until, watched  # noqa: E402
from tests.adapters.test_exchange import FALL, RISE, START_MS  # noqa: E402

BTC = "BTC/USDT:USDT"
TRIGGER = {"trigger": True}
pytestmark = pytest.mark.parametrize("served", ["binance"], indirect=True)


# --- The market ----------------------------------------------------------------------------------


def test_trades_add_up_to_candles(served: Served, client: Any) -> None:
    """The tape has the volume and the extremes of the candle, and buyers take while it rises."""
    served.step(to_bar=RISE + 1)
    since = START_MS + RISE * 60_000
    trades = client.fetch_trades(BTC, since)[:4]
    (candle,) = client.fetch_ohlcv(BTC, "1m", since, 1)
    assert sum(each["amount"] for each in trades) == candle[5] == 60
    assert {each["price"] for each in trades} == {50000, 51000}
    assert {each["side"] for each in trades} == {"buy"}
    newest = client.fetch_trades(BTC, params={"fromId": trades[0]["id"]})
    assert [each["id"] for each in newest[:4]] == [each["id"] for each in trades]


# --- Orders --------------------------------------------------------------------------------------


def test_what_cannot_work_as_it_is_wanted_is_refused_at_once(client: Any) -> None:
    """A post-only order that would take, and one that cannot be filled in full, never were."""
    with pytest.raises(ccxt.OrderNotFillable, match="-5022"):
        client.create_order(BTC, "limit", "buy", 0.01, 50000, {"postOnly": True})
    with pytest.raises(ccxt.OrderNotFillable, match="-5021"):
        client.create_order(BTC, "limit", "buy", 0.01, 49000, {"timeInForce": "FOK"})
    assert client.fetch_orders(BTC) == []
    rest = client.create_order(BTC, "limit", "buy", 0.01, 49000, {"timeInForce": "IOC"})
    assert rest["status"] == "expired"


@pytest.mark.parametrize(
    ("kind", "side", "params", "price"),
    [
        ("market", "sell", {"stopLossPrice": 49000}, 49000),
        ("market", "buy", {"takeProfitPrice": 49000}, 49000),
        ("limit", "sell", {"stopLossPrice": 49000}, 49000),
        ("limit", "buy", {"takeProfitPrice": 49000}, 48900),
    ],
)
def test_a_conditional_order_changes_its_id_when_it_fires(  # noqa: PLR0913, PLR0917
    served: Served, client: Any, kind: str, side: str, params: Any, price: float
) -> None:
    """It waits apart from the others, and what it becomes is another order with the same link."""
    limit = 48900 if kind == "limit" else None
    placed = client.create_order(BTC, kind, side, 0.01, limit, {**params, "clientOrderId": "c"})
    assert client.fetch_open_orders(BTC) == []
    (waiting,) = client.fetch_open_orders(BTC, params=TRIGGER)
    assert (waiting["id"], waiting["triggerPrice"]) == (placed["id"], 49000)
    with pytest.raises(ccxt.OrderNotFound):
        client.fetch_order(placed["id"], BTC)
    served.step(to_bar=FALL + 1)
    assert client.fetch_open_orders(BTC, params=TRIGGER) == []
    (done,) = client.fetch_orders(BTC)
    assert (done["clientOrderId"], done["status"], done["type"]) == ("c", "closed", kind)
    assert done["id"] != placed["id"]
    assert done["average"] == price
    fired = client.fetch_order(placed["id"], BTC, TRIGGER)["info"]
    assert (fired["algoStatus"], fired["actualOrderId"]) == ("FINISHED", done["id"])
    assert START_MS + FALL * 60_000 < int(fired["triggerTime"]) < START_MS + (FALL + 1) * 60_000


def test_a_conditional_order_is_cancelled_by_its_own_ids(client: Any) -> None:
    """Cancelling all orders leaves it, and cancelling all conditional ones does not."""
    stop = {"stopLossPrice": 49000}
    first = client.create_order(BTC, "market", "sell", 0.01, None, stop)
    client.create_order(BTC, "market", "sell", 0.01, None, stop | {"clientOrderId": "mine"})
    client.create_order(BTC, "market", "sell", 0.01, None, stop)
    client.cancel_order(first["id"], BTC, TRIGGER)
    client.cancel_order(None, BTC, TRIGGER | {"clientOrderId": "mine"})
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(first["id"], BTC, TRIGGER)
    client.cancel_all_orders(BTC)
    assert len(client.fetch_open_orders(BTC, params=TRIGGER)) == 1
    client.cancel_all_orders(BTC, TRIGGER)
    assert client.fetch_open_orders(BTC, params=TRIGGER) == []


def test_a_post_only_order_that_would_take_once_amended_is_cancelled(client: Any) -> None:
    """The amendment is accepted, and ends it."""
    maker = client.create_order(BTC, "limit", "buy", 0.01, 48500, {"postOnly": True})
    taken = client.edit_order(maker["id"], BTC, "limit", "buy", 0.01, 50000)
    assert (taken["id"], taken["status"]) == (maker["id"], "canceled")


def test_a_batch_has_five_orders_at_the_most(client: Any) -> None:
    """One more, and none of them is placed."""
    order = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 40000}
    with pytest.raises(ccxt.BadRequest, match="-4082"):
        client.create_orders([order] * 6)
    assert client.fetch_open_orders(BTC) == []


# --- The account ---------------------------------------------------------------------------------


def test_an_open_order_holds_the_modes(client: Any) -> None:
    """Neither position mode nor margin type change while an order is open."""
    order = client.create_order(BTC, "limit", "buy", 0.01, 40000)
    with pytest.raises(ccxt.OperationRejected, match="-4067"):
        client.set_position_mode(True)
    with pytest.raises(ccxt.OperationRejected, match="-4047"):
        client.set_margin_mode("isolated", BTC)
    client.cancel_order(order["id"], BTC)
    client.set_position_mode(True)


def test_an_isolated_leg_has_its_own_margin(client: Any) -> None:
    """It shows what it stands for, and keeps its leverage from falling."""
    client.set_leverage(50, BTC)
    client.set_margin_mode("isolated", BTC)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("isolated", BTC)
    client.create_order(BTC, "market", "buy", 1)
    (position,) = client.fetch_positions([BTC])
    assert (position["marginMode"], position["collateral"]) == ("isolated", 1_000)
    assert 49_200 < position["liquidationPrice"] < 49_300
    with pytest.raises(ccxt.ExchangeError, match="-4161"):
        client.set_leverage(10, BTC)


def test_too_many_requests_are_refused(served: Served, client: Any) -> None:
    """The client sees what it has used, its rate limit error, and how long to wait."""
    client.load_markets()
    hour = 3_600
    weight = Rate("REQUEST_WEIGHT", "HOUR", 1, hour, 100, Code.TOO_MANY)
    orders = (Rate("ORDERS", "HOUR", 1, hour, 1, Code.TOO_MANY_ORDERS),)
    served.rest.limits = Limits(weight, orders)
    client.create_order(BTC, "limit", "buy", 0.01, 40000)
    assert client.last_response_headers["X-MBX-ORDER-COUNT-1H"] == "1"
    with pytest.raises(ccxt.DDoSProtection, match="-1015"):
        client.create_order(BTC, "limit", "buy", 0.01, 40000)
    client.fetch_order_book(BTC, 500)
    assert client.last_response_headers["X-MBX-USED-WEIGHT-1H"] == "10"
    refusals = [refusal(client) for _ in range(120)]
    waits = [int(each.partition(" ")[0]) for each in refusals]
    assert waits[0] == waits[89] == 200, "a hundred, of which ten are used"
    assert waits[90] == 429
    assert waits[-1] == 418, "who does not listen is banned"
    assert 0 < int(client.last_response_headers["Retry-After"]) <= 120


def refusal(client: Any) -> str:
    """Return the status of HTTP and the words with which the time is refused, or 200."""
    try:
        client.fetch_time()
    except ccxt.DDoSProtection as error:
        return str(error).removeprefix("binanceusdm ")
    return "200"


def test_the_client_of_all_of_the_venues_markets_trades_too(served: Served) -> None:
    """The same configuration leads it to futures, and to their errors."""
    client = ccxt.binance(ccxt_config(served.port))
    client.create_order(BTC, "market", "buy", 0.01)
    assert client.fetch_positions([BTC])[0]["contracts"] == 0.01
    with pytest.raises(ccxt.InsufficientFunds, match="-2019"):
        client.create_order(BTC, "limit", "buy", 100, 40000)
    client.session.close()


# --- Asynchronous ---------------------------------------------------------------------------------


def test_streams_tell_that_a_stop_has_fired(served: Served) -> None:
    """The conditional order ends under its own id, and the order that it became fills."""

    async def work() -> None:
        async with opened(served) as client, watched(served, client, BTC) as (orders, trades):
            stop = {"stopLossPrice": 49000, "clientOrderId": "stop"}
            placed = await client.create_order(BTC, "market", "sell", 0.01, None, stop)
            await asyncio.to_thread(served.step, to_bar=FALL + 1)
            await until(lambda: len(trades) == 1)
            assert trades[0]["order"] != placed["id"]
            wanted = {placed["id"], trades[0]["order"]}
            await until(lambda: {o["id"] for o in orders if o["status"] == "closed"} == wanted)
            assert {each["clientOrderId"] for each in orders} == {"stop"}

    run(work())


def test_conditional_orders_are_placed_and_cancelled_over_a_stream(served: Served) -> None:
    """So are orders found there, and the book."""

    async def work() -> None:
        async with opened(served) as client:
            stop = {"stopLossPrice": 49000}
            waiting = await client.create_order_ws(BTC, "market", "sell", 0.01, None, stop)
            await client.cancel_order_ws(waiting["id"], BTC, TRIGGER)
            assert await client.fetch_open_orders(BTC, params=TRIGGER) == []
            placed = await client.create_order_ws(BTC, "limit", "buy", 0.01, 40000)
            assert (await client.fetch_order_ws(placed["id"], BTC))["status"] == "open"
            book = await client.fetch_order_book_ws(BTC, 5)
            assert book["bids"][0][0] == 49999.9

    run(work())
