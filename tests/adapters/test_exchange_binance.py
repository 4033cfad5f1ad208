"""The unmodified client library trades on the exchange in the words of Binance USD-M futures."""
# ruff: noqa: ANN401  # the library has no types, and is called as it wants

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ccxt: Any = pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from adapters.exchange import setup as setups  # noqa: E402
from adapters.exchange.binance.client import ccxt_config  # noqa: E402
from adapters.exchange.binance.errors import Code  # noqa: E402
from adapters.exchange.binance.limits import Limits, Rate  # noqa: E402
from adapters.exchange.binance.rest import Rest  # noqa: E402
from adapters.exchange.binance.user import UserSession  # noqa: E402
from adapters.exchange.core import Exchange  # noqa: E402
from simulator.synthetic import market as synthetic  # noqa: E402
from tests.adapters.exchange_stand import WAIT_S, Stand, gather, run, until  # noqa: E402
from tests.adapters.test_exchange import FALL, RISE, START_MS, made  # noqa: E402

BTC = "BTC/USDT:USDT"
TRIGGER = {"trigger": True}
ROOT = Path(__file__).parent.parent.parent
PAGE = "docs/how-to/trade-on-the-simulated-exchange.md"


class Served(Stand):
    """An exchange that speaks Binance's words on a free port, its clock standing still."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self.rest = Rest(exchange or made(dialect="binance"), setups.keys(2))
        super().__init__(self.rest)

    def client(self, library: Any = ccxt, account: int = 1, **more: Any) -> Any:
        """Return a client of *library*."""
        config = ccxt_config(self.port, f"key-{account}", f"secret-{account}")
        return library.binanceusdm({**config, "enableRateLimit": False, **more})


@pytest.fixture
def served() -> Iterator[Served]:
    """Serve an exchange."""
    served = Served()
    yield served
    served.stop()


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    """Return a synchronous client."""
    client = served.client()
    yield client
    client.session.close()


# --- The market ----------------------------------------------------------------------------------


def test_the_contract_is_as_it_is_listed(client: Any) -> None:
    """The client learns tick, lot, least notional, and the leverage that each size may have."""
    market = client.load_markets()[BTC]
    assert (market["linear"], market["active"], market["id"]) == (True, True, "BTCUSDT")
    assert (market["precision"]["amount"], market["precision"]["price"]) == (0.001, 0.1)
    assert market["limits"]["cost"]["min"] == 5
    (tier,) = client.fetch_leverage_tiers([BTC])[BTC]
    assert (tier["maxLeverage"], tier["maintenanceMarginRate"]) == (100, 0.005)


def test_the_market_is_seen(served: Served, client: Any) -> None:
    """Time, ticker, book, candles, trades and fees are parsed."""
    served.step(to_bar=RISE + 5)
    assert client.fetch_time() == START_MS + (RISE + 5) * 60_000
    ticker = client.fetch_ticker(BTC)
    assert (ticker["last"], ticker["low"], ticker["high"]) == (51000, 50000, 51000)
    best = client.fetch_bids_asks([BTC])[BTC]
    assert (best["bid"], best["ask"]) == (50999.9, 51000.1)
    book = client.fetch_order_book(BTC, 5)
    assert len(book["bids"]) == len(book["asks"]) == 5
    candles = client.fetch_ohlcv(BTC, "5m", since=START_MS + RISE * 60_000)
    assert candles[0] == [START_MS + RISE * 60_000, 50000, 51000, 50000, 51000, 300]
    assert client.fetch_trading_fee(BTC)["taker"] == 0.0005
    assert client.fetch_mark_price(BTC)["markPrice"] == 51000


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


def test_a_market_order_becomes_a_position(client: Any) -> None:
    """The answer tells the fill; trade, position, balance and ledger follow."""
    order = client.create_order(BTC, "market", "buy", 0.5, None, {"clientOrderId": "in"})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.5, 50000)
    assert client.fetch_order(None, BTC, {"clientOrderId": "in"})["id"] == order["id"]
    (trade,) = client.fetch_my_trades(BTC)
    assert (trade["order"], trade["takerOrMaker"]) == (order["id"], "taker")
    assert trade["fee"] == {"currency": "USDT", "cost": 12.5}
    (position,) = client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["hedged"]) == ("long", 0.5, False)
    balance = client.fetch_balance()["USDT"]
    assert (balance["total"], balance["used"]) == (100_000 - 12.5, 2_500)
    assert client.fetch_balance({"useV2": True})["USDT"] == balance
    client.create_order(BTC, "market", "sell", 0.5, None, {"reduceOnly": True})
    assert client.fetch_positions() == []
    assert {each["type"] for each in client.fetch_ledger("USDT")} == {"commission"}


def test_a_limit_order_rests_until_the_price_has_passed_it(served: Served, client: Any) -> None:
    """It fills at its own price, as a maker."""
    placed = client.create_order(BTC, "limit", "sell", 0.01, 50500, {"postOnly": True})
    (resting,) = client.fetch_open_orders(BTC)
    assert (resting["id"], resting["timeInForce"]) == (placed["id"], "PO")
    served.step(to_bar=RISE + 1)
    (done,) = client.fetch_closed_orders(BTC)
    assert (done["id"], done["average"]) == (placed["id"], 50500)
    assert client.fetch_my_trades(BTC)[0]["takerOrMaker"] == "maker"


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


def test_an_order_is_amended(served: Served, client: Any) -> None:
    """Size and price change under the same id; what would then take is cancelled if post-only."""
    placed = client.create_order(BTC, "limit", "buy", 0.01, 48500)
    client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49500)
    (order,) = client.fetch_open_orders(BTC)
    assert (order["id"], order["amount"], order["price"]) == (placed["id"], 0.02, 49500)
    with pytest.raises(ccxt.OperationRejected, match="-5027"):
        client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49500)
    maker = client.create_order(BTC, "limit", "buy", 0.01, 48500, {"postOnly": True})
    taken = client.edit_order(maker["id"], BTC, "limit", "buy", 0.01, 50000)
    assert (taken["id"], taken["status"]) == (maker["id"], "canceled")
    served.step(to_bar=FALL + 1)
    assert client.fetch_closed_orders(BTC)[0]["average"] == 49500
    with pytest.raises(ccxt.OrderNotFound):
        client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49000)


def test_orders_are_cancelled_by_either_id_or_all_at_once(client: Any) -> None:
    """What is gone is not found again."""
    first = client.create_order(BTC, "limit", "buy", 0.01, 40000)
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "mine"})
    client.cancel_order(first["id"], BTC)
    client.cancel_order(None, BTC, {"clientOrderId": "mine"})
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        client.cancel_order(first["id"], BTC)
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        client.fetch_order("1", BTC)
    for price in (40000, 41000):
        client.create_order(BTC, "limit", "buy", 0.01, price)
    client.cancel_all_orders(BTC)
    assert client.fetch_open_orders(BTC) == []
    assert len(client.fetch_canceled_orders(BTC)) == 4


def test_batches_tell_what_came_of_each(client: Any) -> None:
    """A duplicate in a batch is refused alone, and five are the most."""
    order = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 40000}
    orders = [order | {"params": {"clientOrderId": each}} for each in ("a", "b", "a")]
    placed = client.create_orders(orders)
    assert sorted(str(each["status"]) for each in placed) == ["open", "open", "rejected"]
    told = client.cancel_orders([], BTC, {"clientOrderIds": ["a", "b", "c"]})
    assert [each["clientOrderId"] for each in told] == ["a", "b"], "the client drops the third"
    with pytest.raises(ccxt.BadRequest, match="-4082"):
        client.create_orders([order] * 6)


@pytest.mark.parametrize(
    ("side", "amount", "price", "params", "error", "code"),
    [
        ("buy", 0.01, 40000, {"positionSide": "LONG"}, "OperationRejected", "-4061"),
        ("buy", 0.01, 40000, {"clientOrderId": "used"}, "InvalidOrder", "-4116"),
        ("buy", 0.01, 40000, {"clientOrderId": "x" * 37}, "BadRequest", "-4015"),
        ("buy", 0.001, 1000, {}, "InvalidOrder", "-4164"),
        ("buy", 100, 40000, {}, "InsufficientFunds", "-2019"),
        ("sell", 1, 60000, {"reduceOnly": True}, "InvalidOrder", "-2022"),
        ("buy", 0.01, 40000, {"timeInForce": "GTD"}, "BadRequest", "-1115"),
        ("buy", 0.01, 40000, {"stopPrice": 49000}, "OrderImmediatelyFillable", "-2021"),
    ],
)
def test_refusals_arrive_as_the_clients_errors(  # noqa: PLR0913, PLR0917
    client: Any, side: str, amount: float, price: float, params: Any, error: str, code: str
) -> None:
    """Each code is mapped to the class that the client has for it."""
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "used"})
    with pytest.raises(getattr(ccxt, error), match=code):
        client.create_order(BTC, "limit", side, amount, price, params)


# --- The account ---------------------------------------------------------------------------------


def test_both_legs_are_traded(client: Any) -> None:
    """In hedge mode each order names a leg, closes it without a word, and never too much of it."""
    client.load_markets()
    client.set_position_mode(True)
    assert client.fetch_position_mode(BTC)["hedged"] is True
    with pytest.raises(ccxt.OperationRejected, match="-4059"):
        client.set_position_mode(True)
    long, short = {"positionSide": "LONG"}, {"positionSide": "SHORT"}
    client.create_order(BTC, "market", "buy", 0.03, None, long)
    client.create_order(BTC, "market", "sell", 0.02, None, short)
    legs = {each["side"]: each["contracts"] for each in client.fetch_positions([BTC])}
    assert legs == {"long": 0.03, "short": 0.02}
    assert all(each["hedged"] for each in client.fetch_positions([BTC]))
    client.create_order(BTC, "market", "buy", 0.02, None, short)
    legs = {each["side"]: each["contracts"] for each in client.fetch_positions([BTC])}
    assert legs == {"long": 0.03}, "a flat leg is not listed"
    for amount, params, code in ((0.01, long | {"reduceOnly": True}, "-1106"), (1, long, "-2022")):
        with pytest.raises(ccxt.ExchangeError, match=code):
            client.create_order(BTC, "market", "sell", amount, None, params)
    with pytest.raises(ccxt.OperationRejected, match="-4061"):
        client.create_order(BTC, "market", "sell", 0.01)
    with pytest.raises(ccxt.OperationRejected, match="-4068"):
        client.set_position_mode(False)


def test_an_open_order_holds_the_modes(client: Any) -> None:
    """Neither position mode nor margin type change while an order is open."""
    order = client.create_order(BTC, "limit", "buy", 0.01, 40000)
    with pytest.raises(ccxt.OperationRejected, match="-4067"):
        client.set_position_mode(True)
    with pytest.raises(ccxt.OperationRejected, match="-4047"):
        client.set_margin_mode("isolated", BTC)
    client.cancel_order(order["id"], BTC)
    client.set_position_mode(True)


def test_an_isolated_leg_has_its_own_margin(served: Served, client: Any) -> None:
    """It is liquidated alone, at about the price that was told."""
    client.set_leverage(50, BTC)
    client.set_margin_mode("isolated", BTC)
    assert client.fetch_margin_mode(BTC)["marginMode"] == "isolated"
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("isolated", BTC)
    client.create_order(BTC, "market", "buy", 1)
    (position,) = client.fetch_positions([BTC])
    assert (position["marginMode"], position["collateral"]) == ("isolated", 1_000)
    assert 49_200 < position["liquidationPrice"] < 49_300
    with pytest.raises(ccxt.ExchangeError, match="-4161"):
        client.set_leverage(10, BTC)
    served.step(to_bar=FALL + 1)
    assert client.fetch_positions([BTC]) == []
    total = client.fetch_balance()["USDT"]["total"]
    assert 98_900 < total < 99_000, "the margin is lost, and nothing else but fees"


def test_leverage_is_changed(client: Any) -> None:
    """It shows in the position and frees margin."""
    client.create_order(BTC, "market", "buy", 0.1)
    assert client.set_leverage(20, BTC)["leverage"] == 20
    (position,) = client.fetch_positions([BTC], {"useV2": True})
    assert (position["leverage"], position["initialMargin"]) == (20, 250)
    with pytest.raises(ccxt.BadRequest, match="-4028"):
        client.set_leverage(101, BTC)


def test_funding_is_paid(served: Served, client: Any) -> None:
    """Its rate is public, what was paid is the account's."""
    client.create_order(BTC, "market", "buy", 0.1)
    served.step(to_bar=500)
    (rate,) = client.fetch_funding_rate_history(BTC)
    (paid,) = client.fetch_funding_history(BTC)
    assert rate["timestamp"] == paid["timestamp"] == START_MS + 480 * 60_000
    assert (rate["fundingRate"], paid["amount"]) == (0.0001, -0.48)
    assert client.fetch_funding_rate(BTC)["fundingTimestamp"] == START_MS + 960 * 60_000
    assert len(client.fetch_my_trades(BTC)) == 1, "funding is no trade"


def test_accounts_are_apart(served: Served, client: Any) -> None:
    """Each sees its own orders only, may use the same link, and never has another's id."""
    other = served.client(account=2)
    placed = [
        each.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "same"})
        for each in (client, other)
    ]
    assert placed[0]["id"] != placed[1]["id"]
    assert [len(each.fetch_open_orders(BTC)) for each in (client, other)] == [1, 1]
    with pytest.raises(ccxt.OrderNotFound):
        other.cancel_order(placed[0]["id"], BTC)
    other.session.close()


def test_a_wrong_signature_is_refused(served: Served) -> None:
    """Neither a wrong secret nor a slow clock nor an unknown key gets an answer."""
    wrongs: dict[str, Any] = {"-1022": {"secret": "guess"}, "-2015": {"apiKey": "nobody"}}
    for code, wrong in wrongs.items():
        thief = served.client(**wrong)
        with pytest.raises(ccxt.AuthenticationError, match=code):
            thief.fetch_balance()
        thief.session.close()
    slow = served.client()
    slow.nonce = lambda: slow.milliseconds() - 20_000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        slow.fetch_balance()
    slow.session.close()


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


def test_the_asynchronous_client_trades(served: Served) -> None:
    """Many orders at once are all accepted, each once."""
    library: Any = import_module("ccxt.async_support")

    async def work() -> None:
        client = served.client(library)
        try:
            await client.load_markets()
            orders = [
                client.create_order(BTC, "limit", "buy", 0.001, 40000, {"clientOrderId": f"o{n}"})
                for n in range(20)
            ]
            placed = await asyncio.gather(*orders)
            assert len({each["id"] for each in placed}) == 20
            assert len(await client.fetch_open_orders(BTC)) == 20
        finally:
            await client.close()

    run(work())


def test_streams_tell_of_orders_and_trades(served: Served) -> None:
    """Every fill arrives, and so does the last state of every order."""
    library: Any = import_module("ccxt.pro")

    async def work() -> None:
        client = served.client(library)
        orders, trades = list[Any](), list[Any]()
        try:
            await client.load_markets()
            tasks = [
                asyncio.create_task(gather(lambda: client.watch_orders(BTC), orders)),
                asyncio.create_task(gather(lambda: client.watch_my_trades(BTC), trades)),
            ]
            await until(lambda: listens(served))
            placed = [await client.create_order(BTC, "market", "buy", 0.01) for _ in range(5)]
            ids = {each["id"] for each in placed}
            await until(lambda: {each["order"] for each in trades} == ids)
            await until(lambda: {o["id"] for o in orders if o["status"] == "closed"} == ids)
            assert len({each["id"] for each in trades}) == 5
            assert sum(each["fee"]["cost"] for each in trades) == 5 * 0.25
            for task in tasks:
                task.cancel()
        finally:
            await client.close()

    run(work())


def test_streams_tell_that_a_stop_has_fired(served: Served) -> None:
    """The conditional order ends under its own id, and the order that it became fills."""
    library: Any = import_module("ccxt.pro")

    async def work() -> None:
        client = served.client(library)
        orders, trades = list[Any](), list[Any]()
        try:
            await client.load_markets()
            tasks = [
                asyncio.create_task(gather(lambda: client.watch_orders(BTC), orders)),
                asyncio.create_task(gather(lambda: client.watch_my_trades(BTC), trades)),
            ]
            await until(lambda: listens(served))
            stop = {"stopLossPrice": 49000, "clientOrderId": "stop"}
            placed = await client.create_order(BTC, "market", "sell", 0.01, None, stop)
            await asyncio.to_thread(served.step, to_bar=FALL + 1)
            await until(lambda: len(trades) == 1)
            assert trades[0]["order"] != placed["id"]
            wanted = {placed["id"], trades[0]["order"]}
            await until(lambda: {o["id"] for o in orders if o["status"] == "closed"} == wanted)
            assert {each["clientOrderId"] for each in orders} == {"stop"}
            for task in tasks:
                task.cancel()
        finally:
            await client.close()

    run(work())


def test_streams_tell_of_positions_and_the_wallet(served: Served) -> None:
    """A fill moves both."""
    library: Any = import_module("ccxt.pro")

    async def work() -> None:
        client = served.client(library)
        positions = list[Any]()
        try:
            await client.load_markets()
            watching = asyncio.create_task(gather(lambda: client.watch_positions([BTC]), positions))
            balance = asyncio.create_task(client.watch_balance())
            await until(lambda: listens(served))
            await until(lambda: "linear:balance" in futures(client))
            await client.create_order(BTC, "market", "sell", 0.02)
            assert (await balance)["USDT"]["total"] == 100_000 - 0.5
            await until(lambda: any(each["contracts"] == 0.02 for each in positions))
            watching.cancel()
        finally:
            await client.close()

    run(work())


def test_streams_tell_of_the_book_the_price_and_the_tape(served: Served) -> None:
    """The client's book is a snapshot that it follows by numbered changes alone."""
    library: Any = import_module("ccxt.pro")

    async def work() -> None:
        client = served.client(library)
        trades = list[Any]()
        try:
            await client.load_markets()
            book = await client.watch_order_book(BTC, 50)
            assert (book["bids"][0][0], len(book["asks"])) == (49999.9, 50)
            await client.watch_ticker(BTC)
            watching = asyncio.create_task(gather(lambda: client.watch_trades(BTC), trades))
            candle = asyncio.create_task(client.watch_ohlcv(BTC, "1m"))
            await until(lambda: topics(served) >= {"btcusdt@trade", "btcusdt@kline_1m"})
            await asyncio.to_thread(served.step, to_bar=RISE + 1)
            await until(lambda: client.orderbooks[BTC]["asks"][0][0] == 51000.1)
            await until(lambda: client.tickers[BTC]["last"] == 51000)
            await until(lambda: any(each["price"] == 51000 for each in trades))
            assert (await candle)[-1][0] >= START_MS
            watching.cancel()
        finally:
            await client.close()

    run(work())


def test_orders_are_placed_over_a_stream(served: Served) -> None:
    """They are placed, amended, found, cancelled and refused as over HTTP."""
    library: Any = import_module("ccxt.pro")

    async def work() -> None:
        client = served.client(library)
        try:
            placed = await client.create_order_ws(BTC, "limit", "buy", 0.01, 40000)
            await client.edit_order_ws(placed["id"], BTC, "limit", "buy", 0.02, 41000)
            (order,) = await client.fetch_open_orders(BTC)
            assert (order["id"], order["price"]) == (placed["id"], 41000)
            await client.cancel_order_ws(placed["id"], BTC)
            assert (await client.fetch_order_ws(placed["id"], BTC))["status"] == "canceled"
            with pytest.raises(ccxt.OrderNotFound, match="-2011"):
                await client.cancel_order_ws(placed["id"], BTC)
            stop = {"stopLossPrice": 49000}
            waiting = await client.create_order_ws(BTC, "market", "sell", 0.01, None, stop)
            await client.cancel_order_ws(waiting["id"], BTC, TRIGGER)
            assert await client.fetch_open_orders(BTC, params=TRIGGER) == []
            book = await client.fetch_order_book_ws(BTC, 5)
            assert book["bids"][0][0] == 49999.9
        finally:
            await client.close()

    run(work())


def listens(served: Served) -> bool:
    """Return whether a user data stream is open."""
    return any(isinstance(session, UserSession) for session in served.sessions())


def topics(served: Served) -> set[str]:
    """Return what the open streams of the market have asked for."""
    sessions = [each for each in served.sessions() if not isinstance(each, UserSession)]
    return {topic for session in sessions for topic in session.topics}


def futures(client: Any) -> set[str]:
    """Return what *client* waits for."""
    return {name for each in client.clients.values() for name in each.futures}


# --- Command line ---------------------------------------------------------------------------------


def test_the_command_speaks_the_dialect() -> None:
    """It says where it is, and an unmodified client finds it there."""
    command = [sys.executable, "-m", "adapters", "exchange", "--port", "0", "--dialect", "binance"]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            assert said.startswith("binance at http://127.0.0.1:")
            client = ccxt.binanceusdm(ccxt_config(int(said.partition(",")[0].rpartition(":")[2])))
            assert client.fetch_balance()["USDT"]["total"] == 100_000
            client.session.close()
        finally:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_S)
    assert process.returncode == 130


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The program of the page for Binance prints what is quoted below it."""
    _, _, page = (ROOT / PAGE).read_text(encoding="utf-8").partition("## In the words of Binance")
    shown = re.findall(r"```python\n(import.*?)```\n+```text\n(.*?)```", page, re.DOTALL)
    ((program, printed),) = shown
    candles = synthetic(1, 5_000, symbol="BTCUSDT")
    start_ns = (candles.start_ms + 1_500 * candles.step_ms) * 1_000_000
    served = Served(setups.exchange([candles], setups.Setup(dialect="binance"), start_ns))
    names: dict[str, Any] = {}
    exec(program.replace("8765", str(served.port)), names)  # noqa: S102  # our own page
    assert capsys.readouterr().out == printed
    names["binance"].session.close()
    served.stop()
