"""The unmodified client library trades on the exchange in the words of either venue."""
# ruff: noqa: ANN401, FBT003  # the library has no types, and is called as it wants

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

ccxt: Any = pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from adapters.cli import app  # noqa: E402
from adapters.exchange import setup as setups  # noqa: E402
from simulator.synthetic import market as synthetic  # noqa: E402
from tests.adapters.exchange_stand import (  # noqa: E402
    CLIENTS,
    CONFIGS,
    WAIT_S,
    Served,
    gather,
    opened,
    run,
    until,
    watched,
)
from tests.adapters.test_exchange import FALL, RISE, START_MS  # noqa: E402

BTC = "BTC/USDT:USDT"
TAKER = {"bybit": 0.00055, "binance": 0.0005}
LINK = {"bybit": "orderLinkId", "binance": "clientOrderId"}  # of an order that is cancelled
TAPE = {
    "bybit": {"publicTrade.BTCUSDT", "kline.1.BTCUSDT"},
    "binance": {"btcusdt@trade", "btcusdt@kline_1m"},
}
CODES = {  # of refusals
    "bybit": {
        "no order": "110001",
        "no change": "10001",
        "leverage": "110013",
        "same mode": "110025",
        "mode": "110024",
        "margin mode": "3400045",
        "secret": "10004",
        "apiKey": "10003",
        "clock": "invalid request, please check your server timestamp",
    },
    "binance": {
        "no order": "-20(11|13)",
        "no change": "-5027",
        "leverage": "-4028",
        "same mode": "-4059",
        "mode": "-4068",
        "margin mode": "-4048",
        "secret": "-1022",
        "apiKey": "-2015",
        "clock": "-1021",
    },
}
ROOT = Path(__file__).parent.parent.parent
PAGE = "docs/how-to/trade-on-the-simulated-exchange.md"


def refused(served: Served, name: str, error: str = "ExchangeError") -> Any:
    """Expect the *error* of the client with the venue's code of *name*."""
    return pytest.raises(getattr(ccxt, error), match=CODES[served.name][name])


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
    """Time, ticker, book, candles and fees are parsed."""
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
    assert client.fetch_trading_fee(BTC)["taker"] == TAKER[served.name]


# --- Orders --------------------------------------------------------------------------------------


def test_a_market_order_becomes_a_position(served: Served, client: Any) -> None:
    """Order, trade, position, balance and ledger follow."""
    placed = client.create_order(BTC, "market", "buy", 0.5, None, {"clientOrderId": "in"})
    assert placed["clientOrderId"] == "in"
    order = client.fetch_order(placed["id"], BTC, {"acknowledged": True})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.5, 50000)
    fee = 25_000 * TAKER[served.name]
    (trade,) = client.fetch_my_trades(BTC)
    assert (trade["order"], trade["takerOrMaker"]) == (placed["id"], "taker")
    assert trade["fee"]["cost"] == fee
    (position,) = client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["hedged"]) == ("long", 0.5, False)
    balance = client.fetch_balance()["USDT"]
    assert (balance["total"], balance["used"]) == (100_000 - fee, 2_500)
    client.create_order(BTC, "market", "sell", 0.5, None, {"reduceOnly": True})
    assert client.fetch_positions() == []
    assert sum(each["amount"] for each in client.fetch_ledger("USDT")) == 2 * fee


def test_a_limit_order_rests_until_the_price_has_passed_it(served: Served, client: Any) -> None:
    """It fills at its own price, as a maker."""
    placed = client.create_order(BTC, "limit", "sell", 0.01, 50500, {"postOnly": True})
    (resting,) = client.fetch_open_orders(BTC)
    assert (resting["id"], resting["timeInForce"]) == (placed["id"], "PO")
    served.step(to_bar=RISE + 1)
    (done,) = client.fetch_closed_orders(BTC)
    assert (done["id"], done["average"]) == (placed["id"], 50500)
    assert client.fetch_my_trades(BTC)[0]["takerOrMaker"] == "maker"


def test_an_order_is_amended(served: Served, client: Any) -> None:
    """Size and price change under the same id, alone or in a batch."""
    placed = client.create_order(BTC, "limit", "buy", 0.01, 48500)
    client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 48600)
    change = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.02, "price": 49500}
    client.edit_orders([change | {"id": placed["id"]}])
    (order,) = client.fetch_open_orders(BTC)
    assert (order["id"], order["amount"], order["price"]) == (placed["id"], 0.02, 49500)
    with refused(served, "no change"):
        client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49500)
    served.step(to_bar=FALL + 1)
    assert client.fetch_closed_orders(BTC)[0]["average"] == 49500
    with refused(served, "no order", "OrderNotFound"):
        client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49000)


def test_orders_are_cancelled_by_either_id_or_all_at_once(served: Served, client: Any) -> None:
    """What is gone is not found again."""
    first = client.create_order(BTC, "limit", "buy", 0.01, 40000)
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "mine"})
    client.cancel_order(first["id"], BTC)
    client.cancel_order(None, BTC, {LINK[served.name]: "mine"})
    with refused(served, "no order", "OrderNotFound"):
        client.cancel_order(first["id"], BTC)
    for price in (40000, 41000):
        client.create_order(BTC, "limit", "buy", 0.01, price)
    client.cancel_all_orders(BTC)
    assert client.fetch_open_orders(BTC) == []
    assert len(client.fetch_canceled_orders(BTC)) == 4


def test_batches_tell_what_came_of_each(client: Any) -> None:
    """A duplicate in a batch is refused alone."""
    order = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 40000}
    orders = [order | {"params": {"clientOrderId": each}} for each in ("a", "b", "a")]
    placed = client.create_orders(orders)
    assert [each["status"] == "rejected" for each in placed].count(True) == 1
    assert len(client.fetch_open_orders(BTC)) == 2
    client.cancel_orders([], BTC, {"clientOrderIds": ["a", "b", "c"]})
    assert client.fetch_open_orders(BTC) == []


RISING = {"triggerPrice": 49000, "triggerDirection": "ascending"}  # from 50000
REFUSALS: list[tuple[str, str, float, float, dict[str, Any], str, str]] = [
    ("bybit", "buy", 0.01, 40000, {"positionIdx": 1}, "BadRequest", "10001"),
    ("bybit", "buy", 0.01, 40000, {"clientOrderId": "used"}, "InvalidOrder", "110072"),
    ("bybit", "buy", 0.001, 1000, {}, "InvalidOrder", "110094"),
    ("bybit", "buy", 100, 40000, {}, "InsufficientFunds", "110007"),
    ("bybit", "sell", 1, 60000, {"reduceOnly": True}, "InvalidOrder", "110017"),
    ("bybit", "buy", 0.01, 40000, RISING, "InvalidOrder", "110092"),
    ("binance", "buy", 0.01, 40000, {"positionSide": "LONG"}, "OperationRejected", "-4061"),
    ("binance", "buy", 0.01, 40000, {"clientOrderId": "used"}, "InvalidOrder", "-4116"),
    ("binance", "buy", 0.01, 40000, {"clientOrderId": "x" * 37}, "BadRequest", "-4015"),
    ("binance", "buy", 0.001, 1000, {}, "InvalidOrder", "-4164"),
    ("binance", "buy", 100, 40000, {}, "InsufficientFunds", "-2019"),
    ("binance", "sell", 1, 60000, {"reduceOnly": True}, "InvalidOrder", "-2022"),
    ("binance", "buy", 0.01, 40000, {"timeInForce": "GTD"}, "BadRequest", "-1115"),
    ("binance", "buy", 0.01, 40000, {"stopPrice": 49000}, "OrderImmediatelyFillable", "-2021"),
]


@pytest.mark.parametrize(
    ("served", "side", "amount", "price", "params", "error", "code"), REFUSALS, indirect=["served"]
)
def test_refusals_arrive_as_the_clients_errors(  # noqa: PLR0913, PLR0917
    client: Any,
    side: str,
    amount: float,
    price: float,
    params: dict[str, Any],
    error: str,
    code: str,
) -> None:
    """Each code is mapped to the class that the client has for it."""
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "used"})
    with pytest.raises(getattr(ccxt, error), match=code):
        client.create_order(BTC, "limit", side, amount, price, params)


# --- The account ---------------------------------------------------------------------------------


def test_both_legs_are_traded(served: Served, client: Any) -> None:
    """In hedge mode a long and a short are open at once and close apart."""
    client.load_markets()
    client.set_position_mode(True, BTC)
    with refused(served, "same mode"):
        client.set_position_mode(True, BTC)
    legs = {"hedged": True}
    client.create_order(BTC, "market", "buy", 0.03, None, legs)
    client.create_order(BTC, "market", "sell", 0.02, None, legs)
    assert held(client) == {"long": 0.03, "short": 0.02}
    assert all(each["hedged"] for each in client.fetch_positions([BTC]))
    client.create_order(BTC, "market", "buy", 0.02, None, legs | {"reduceOnly": True})
    assert held(client) == {"long": 0.03}
    with refused(served, "mode"):
        client.set_position_mode(False, BTC)


def held(client: Any) -> dict[str, float]:
    """Return the size of each leg that is open."""
    positions = client.fetch_positions([BTC])
    return {each["side"]: each["contracts"] for each in positions if each["contracts"]}


def test_an_isolated_leg_is_liquidated_alone(served: Served, client: Any) -> None:
    """It costs its own margin and fees, and is told as a liquidation."""
    client.set_leverage(50, BTC)
    client.set_margin_mode("isolated", BTC)
    client.create_order(BTC, "market", "buy", 1)
    with refused(served, "margin mode"):
        client.set_margin_mode("cross", BTC)
    served.step(to_bar=FALL + 1)
    assert client.fetch_positions() == []
    assert 98_900 < client.fetch_balance()["USDT"]["total"] < 99_000
    assert len(client.fetch_my_liquidations(BTC)) == 1


def test_leverage_is_changed(served: Served, client: Any) -> None:
    """It shows in the position and frees margin."""
    client.create_order(BTC, "market", "buy", 0.1)
    client.set_leverage(20, BTC)
    (position,) = client.fetch_positions([BTC], {"useV2": True})
    assert (position["leverage"], position["initialMargin"]) == (20, 250)
    with refused(served, "leverage", "BadRequest"):
        client.set_leverage(101, BTC)


def test_funding_is_paid(served: Served, client: Any) -> None:
    """Its rate is public, what was paid is the account's."""
    client.create_order(BTC, "market", "buy", 0.1)
    served.step(to_bar=500)
    (rate,) = client.fetch_funding_rate_history(BTC)
    (paid,) = client.fetch_funding_history(BTC)
    assert rate["timestamp"] == paid["timestamp"] == START_MS + 480 * 60_000
    assert (rate["fundingRate"], abs(paid["amount"])) == (0.0001, 0.48)
    assert client.fetch_funding_rate(BTC)["fundingTimestamp"] == START_MS + 960 * 60_000
    assert len(client.fetch_my_trades(BTC)) == 1, "funding is no trade"


def test_accounts_are_apart(served: Served, client: Any) -> None:
    """Each sees its own orders only, may use the same link, and never has another's id."""
    other = served.client(ccxt, account=2)
    placed = [
        each.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "same"})
        for each in (client, other)
    ]
    assert placed[0]["id"] != placed[1]["id"]
    assert [len(each.fetch_open_orders(BTC)) for each in (client, other)] == [1, 1]
    with refused(served, "no order", "OrderNotFound"):
        other.cancel_order(placed[0]["id"], BTC)
    other.session.close()


def test_a_wrong_signature_is_refused(served: Served) -> None:
    """Neither a wrong secret nor an unknown key nor a slow clock gets an answer."""
    for wrong in ("secret", "apiKey"):
        guessed: Any = {wrong: "guessed"}
        thief = served.client(ccxt, **guessed)
        with refused(served, wrong, "AuthenticationError"):
            thief.fetch_balance()
        thief.session.close()
    slow = served.client(ccxt)
    slow.nonce = lambda: slow.milliseconds() - 20_000
    with refused(served, "clock", "InvalidNonce"):
        slow.fetch_balance()
    slow.session.close()


# --- Asynchronous ---------------------------------------------------------------------------------


def test_the_asynchronous_client_trades(served: Served) -> None:
    """Many orders at once are all accepted, each once."""

    async def work() -> None:
        async with opened(served, "ccxt.async_support") as client:
            orders = [
                client.create_order(BTC, "limit", "buy", 0.001, 40000, {"clientOrderId": f"o{n}"})
                for n in range(20)
            ]
            placed = await asyncio.gather(*orders)
            assert len({each["id"] for each in placed}) == 20
            assert len(await client.fetch_open_orders(BTC, limit=50)) == 20

    run(work())


def test_streams_tell_of_orders_and_trades(served: Served) -> None:
    """Every fill arrives, and so does the last state of every order."""

    async def work() -> None:
        async with opened(served) as client, watched(served, client, BTC) as (orders, trades):
            placed = [await client.create_order(BTC, "market", "buy", 0.01) for _ in range(5)]
            ids = {each["id"] for each in placed}
            await until(lambda: {each["order"] for each in trades} == ids)
            await until(lambda: {o["id"] for o in orders if o["status"] == "closed"} == ids)
            assert len({each["id"] for each in trades}) == 5
            assert {each["fee"]["cost"] for each in trades} == {500 * TAKER[served.name]}

    run(work())


def test_streams_tell_of_positions_and_the_wallet(served: Served) -> None:
    """A fill moves both."""

    async def work() -> None:
        positions = list[Any]()
        async with opened(served) as client:
            watching = asyncio.create_task(gather(lambda: client.watch_positions([BTC]), positions))
            balance = asyncio.create_task(client.watch_balance())
            await until(lambda: served.topics() >= {"position", "wallet"})
            await until(lambda: any("balance" in name for name in futures(client)))
            await client.create_order(BTC, "market", "sell", 0.02)
            assert (await balance)["USDT"]["total"] == 100_000 - 1_000 * TAKER[served.name]
            await until(lambda: any(each["contracts"] == 0.02 for each in positions))
            watching.cancel()

    run(work())


def futures(client: Any) -> set[str]:
    """Return what *client* waits for."""
    return {name for each in client.clients.values() for name in each.futures}


def test_streams_tell_of_the_book_the_price_and_the_tape(served: Served) -> None:
    """The client's book is a snapshot that it follows by changes alone."""

    async def work() -> None:
        trades = list[Any]()
        async with opened(served) as client:
            book = await client.watch_order_book(BTC, 50)
            assert (book["bids"][0][0], len(book["asks"])) == (49999.9, 50)
            await client.watch_ticker(BTC)
            watching = asyncio.create_task(gather(lambda: client.watch_trades(BTC), trades))
            candle = asyncio.create_task(client.watch_ohlcv(BTC, "1m"))
            await until(lambda: served.topics() >= TAPE[served.name])
            await asyncio.to_thread(served.step, to_bar=RISE + 1)
            best = [51000.1, 51000.2, 51000.3]
            await until(lambda: [ask for ask, _ in client.orderbooks[BTC]["asks"][:3]] == best)
            await until(lambda: client.tickers[BTC]["last"] == 51000)
            await until(lambda: any(each["price"] == 51000 for each in trades))
            assert (await candle)[-1][0] >= START_MS
            watching.cancel()

    run(work())


def test_orders_are_placed_over_a_stream(served: Served) -> None:
    """They are placed, amended, cancelled and refused as over HTTP."""

    async def work() -> None:
        async with opened(served) as client:
            placed = await client.create_order_ws(BTC, "limit", "buy", 0.01, 40000)
            await client.edit_order_ws(placed["id"], BTC, "limit", "buy", 0.02, 41000)
            (order,) = await client.fetch_open_orders(BTC)
            assert (order["id"], order["price"]) == (placed["id"], 41000)
            await client.cancel_order_ws(placed["id"], BTC)
            assert await client.fetch_open_orders(BTC) == []
            with refused(served, "no order", "OrderNotFound"):
                await client.cancel_order_ws(placed["id"], BTC)
            with pytest.raises(ccxt.InsufficientFunds):
                await client.create_order_ws(BTC, "limit", "buy", 100, 40000)

    run(work())


# --- Command line ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLIENTS)
def test_the_command_serves_until_interrupted(name: str) -> None:
    """It says where it is, an unmodified client finds it there, and it stops without a word."""
    command = [sys.executable, "-m", "adapters", "exchange", "--port", "0", "--dialect", name]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
            assert told.startswith(f"{name} at http://127.0.0.1:")
            port = int(told.partition(",")[0].rpartition(":")[2])
            client = getattr(ccxt, CLIENTS[name])(CONFIGS[name](port))
            assert client.fetch_balance()["USDT"]["total"] == 100_000
            client.session.close()
        finally:
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT_S)
    assert (process.returncode, errors.strip()) == (130, "hedgeproof: interrupted")


@pytest.mark.parametrize(("name", "programs"), [("bybit", 2), ("binance", 1)])
def test_the_page_prints_what_it_says(
    name: str, programs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The programs of the page, one after the other, print what is quoted below each."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    parts = dict(zip(CLIENTS, page.split("## In the words of Binance"), strict=True))
    shown = re.findall(r"```python\n(import.*?)```\n+```text\n(.*?)```", parts[name], re.DOTALL)
    assert len(shown) == programs
    candles = synthetic(1, 5_000, symbol="BTCUSDT")
    start_ns = (candles.start_ms + 1_500 * candles.step_ms) * 1_000_000
    served = Served(name, setups.exchange([candles], setups.Setup(dialect=name), start_ns))
    for program, printed in shown:
        names: dict[str, Any] = {}
        exec(program.replace("8765", str(served.port)), names)  # noqa: S102  # our own page
        assert capsys.readouterr().out == printed
        names[name].session.close()
    served.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--symbol", "BITCOIN"], "USDT"),
        (["--speed", "-1"], "speed"),
        (["--history", "99999999"], "history"),
        (["--leverage", "1000"], "leverage"),
        (["--accounts", "0"], "accounts"),
        (["--deposit", "lots"], "deposit"),
        (["--port", "65536"], "port"),
        (["--symbol", "BTCUSDT", "--symbol", "BTCUSDT"], "twice"),
    ],
)
def test_what_cannot_be_served_is_refused(options: list[str], words: str) -> None:
    """One line says what is wrong."""
    done = CliRunner().invoke(app, ["exchange", "--port", "0", *options])
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
