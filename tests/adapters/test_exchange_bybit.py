"""The unmodified client library trades on the exchange over HTTP and streams."""
# ruff: noqa: ANN401, FBT003, S106  # the library has no types, and is called as it wants

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

ccxt: Any = pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from adapters.cli import app  # noqa: E402
from adapters.exchange import setup as setups  # noqa: E402
from adapters.exchange.bybit.client import ccxt_config  # noqa: E402
from adapters.exchange.bybit.rest import Rest  # noqa: E402
from adapters.exchange.core import Exchange  # noqa: E402
from adapters.exchange.limits import Limits  # noqa: E402
from simulator.synthetic import market as synthetic  # noqa: E402
from tests.adapters.exchange_stand import WAIT_S, Stand, gather, run, until  # noqa: E402
from tests.adapters.test_exchange import FALL, RISE, START_MS, made  # noqa: E402

BTC = "BTC/USDT:USDT"
ROOT = Path(__file__).parent.parent.parent
PAGE = "docs/how-to/trade-on-the-simulated-exchange.md"


class Served(Stand):
    """An exchange that speaks Bybit's words on a free port, its clock standing still."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self.rest = Rest(exchange or made(), setups.keys(2), Limits({}))
        super().__init__(self.rest)

    def client(self, library: Any = ccxt, account: int = 1, **more: Any) -> Any:
        """Return a client of *library*."""
        config = ccxt_config(self.port, f"key-{account}", f"secret-{account}")
        return library.bybit({**config, "enableRateLimit": False, **more})


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


def test_the_contract_is_as_it_is_listed(client: Any) -> None:
    """The client learns tick, lot, least notional and leverage."""
    market = client.load_markets()[BTC]
    assert (market["linear"], market["active"], market["id"]) == (True, True, "BTCUSDT")
    assert market["precision"] == {"amount": 0.001, "price": 0.1}
    assert market["limits"]["cost"]["min"] == 5
    assert market["limits"]["leverage"]["max"] == 100


def test_the_market_is_seen(served: Served, client: Any) -> None:
    """Time, ticker, book, candles and fees are parsed."""
    served.step(to_bar=RISE + 5)
    assert client.fetch_time() == START_MS + (RISE + 5) * 60_000
    ticker = client.fetch_ticker(BTC)
    assert (ticker["last"], ticker["bid"], ticker["ask"]) == (51000, 50999.9, 51000.1)
    assert (ticker["low"], ticker["high"]) == (50000, 51000)
    book = client.fetch_order_book(BTC, 5)
    assert len(book["bids"]) == len(book["asks"]) == 5
    candles = client.fetch_ohlcv(BTC, "5m", since=START_MS + RISE * 60_000)
    assert candles[0] == [START_MS + RISE * 60_000, 50000, 51000, 50000, 51000, 300]
    assert client.fetch_trading_fee(BTC)["taker"] == 0.00055


def test_a_market_order_becomes_a_position(client: Any) -> None:
    """The acknowledgement has ids only; order, trade, position and balance follow."""
    placed = client.create_order(BTC, "market", "buy", 0.5, None, {"clientOrderId": "in"})
    assert (placed["clientOrderId"], placed["status"]) == ("in", None)
    order = client.fetch_order(placed["id"], BTC, {"acknowledged": True})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.5, 50000)
    (trade,) = client.fetch_my_trades(BTC)
    assert (trade["order"], trade["takerOrMaker"], trade["fee"]["cost"]) == (
        placed["id"],
        "taker",
        13.75,
    )
    (position,) = client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["hedged"]) == ("long", 0.5, False)
    balance = client.fetch_balance()["USDT"]
    assert (balance["total"], balance["used"]) == (100_000 - 13.75, 2_500)
    client.create_order(BTC, "market", "sell", 0.5, None, {"reduceOnly": True})
    assert client.fetch_positions() == []


def test_a_limit_order_rests_until_the_price_has_passed_it(served: Served, client: Any) -> None:
    """It fills at its own price, as a maker."""
    placed = client.create_order(BTC, "limit", "sell", 0.01, 50500, {"postOnly": True})
    (resting,) = client.fetch_open_orders(BTC)
    assert (resting["id"], resting["timeInForce"]) == (placed["id"], "PO")
    served.step(to_bar=RISE + 1)
    (done,) = client.fetch_closed_orders(BTC)
    assert (done["id"], done["average"]) == (placed["id"], 50500)
    assert client.fetch_my_trades(BTC)[0]["takerOrMaker"] == "maker"


def test_a_post_only_order_that_would_take_is_seen_as_canceled(client: Any) -> None:
    """The client gets an id, and then finds the order canceled."""
    placed = client.create_order(BTC, "limit", "buy", 0.01, 50000, {"postOnly": True})
    (order,) = client.fetch_canceled_orders(BTC)
    assert (order["id"], order["status"], order["filled"]) == (placed["id"], "canceled", 0)


def test_a_stop_goes_off(served: Served, client: Any) -> None:
    """A stop-loss waits among the open orders and closes the position when it is touched."""
    client.create_order(BTC, "market", "buy", 0.01)
    stop = client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 49000})
    (waiting,) = client.fetch_open_orders(BTC, params={"trigger": True})
    assert (waiting["id"], waiting["stopLossPrice"], waiting["reduceOnly"]) == (
        stop["id"],
        49000,
        True,
    )
    served.step(to_bar=FALL + 1)
    assert client.fetch_positions() == []
    done = {each["id"]: each["average"] for each in client.fetch_closed_orders(BTC)}
    assert done[stop["id"]] == 49000


def test_an_order_is_amended(served: Served, client: Any) -> None:
    """Size and price change under the same id."""
    placed = client.create_order(BTC, "limit", "buy", 0.01, 48500)
    client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49500)
    (order,) = client.fetch_open_orders(BTC)
    assert (order["id"], order["amount"], order["price"]) == (placed["id"], 0.02, 49500)
    with pytest.raises(ccxt.BadRequest):
        client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49500)
    served.step(to_bar=FALL + 1)
    assert client.fetch_closed_orders(BTC)[0]["average"] == 49500
    with pytest.raises(ccxt.OrderNotFound):
        client.edit_order(placed["id"], BTC, "limit", "buy", 0.02, 49000)


def test_orders_are_cancelled_by_either_id_or_all_at_once(client: Any) -> None:
    """What is gone is not found again."""
    first = client.create_order(BTC, "limit", "buy", 0.01, 40000)
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "mine"})
    client.cancel_order(first["id"], BTC)
    client.cancel_order(None, BTC, {"orderLinkId": "mine"})
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(first["id"], BTC)
    for price in (40000, 41000):
        client.create_order(BTC, "limit", "buy", 0.01, price)
    assert len(client.cancel_all_orders(BTC)) == 2
    assert client.fetch_open_orders(BTC) == []
    assert len(client.fetch_canceled_orders(BTC)) == 4


def test_batches_tell_what_came_of_each(client: Any) -> None:
    """A duplicate in a batch is refused alone."""
    order = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 40000}
    orders = [order | {"params": {"clientOrderId": each}} for each in ("a", "b", "a")]
    placed = client.create_orders(orders)
    assert sorted(str(each["status"]) for each in placed) == ["None", "None", "rejected"]
    cancelled = client.cancel_orders([], BTC, {"clientOrderIds": ["a", "b", "c"]})
    assert sorted(each["clientOrderId"] for each in cancelled) == ["a", "b", "c"]
    assert client.fetch_open_orders(BTC) == []


def test_both_legs_are_traded(client: Any) -> None:
    """In hedge mode a long and a short are open at once and close apart."""
    client.set_position_mode(True, BTC)
    with pytest.raises(ccxt.NoChange):
        client.set_position_mode(True, BTC)
    client.create_order(BTC, "market", "buy", 0.03, None, {"positionIdx": 1})
    client.create_order(BTC, "market", "sell", 0.02, None, {"positionIdx": 2})
    legs = {each["side"]: each["contracts"] for each in client.fetch_positions([BTC])}
    assert legs == {"long": 0.03, "short": 0.02}
    assert all(each["hedged"] for each in client.fetch_positions([BTC]))
    close = {"positionIdx": 2, "reduceOnly": True}
    client.create_order(BTC, "market", "buy", 0.02, None, close)
    legs = {each["side"]: each["contracts"] for each in client.fetch_positions([BTC])}
    assert legs == {"long": 0.03, "short": 0}
    with pytest.raises(ccxt.BadRequest, match="110024"):
        client.set_position_mode(False, BTC)


@pytest.mark.parametrize(
    ("side", "amount", "price", "params", "error", "code"),
    [
        ("buy", 0.01, 40000, {"positionIdx": 1}, "BadRequest", "10001"),
        ("buy", 0.01, 40000, {"clientOrderId": "used"}, "InvalidOrder", "110072"),
        ("buy", 0.001, 1000, {}, "InvalidOrder", "110094"),
        ("buy", 100, 40000, {}, "InsufficientFunds", "110007"),
        ("sell", 1, 60000, {"reduceOnly": True}, "InvalidOrder", "110017"),
        (
            "buy",
            0.01,
            40000,
            {"triggerPrice": 49000, "triggerDirection": "ascending"},
            "InvalidOrder",
            "110092",
        ),
    ],
)
def test_refusals_arrive_as_the_clients_errors(  # noqa: PLR0913, PLR0917
    client: Any, side: str, amount: float, price: float, params: Any, error: str, code: str
) -> None:
    """Each code is mapped to the class that the client has for it."""
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "used"})
    with pytest.raises(getattr(ccxt, error), match=code):
        client.create_order(BTC, "limit", side, amount, price, params)


def test_a_wrong_signature_is_refused(served: Served) -> None:
    """Neither a wrong secret nor a slow clock gets an answer."""
    thief = served.client(secret="guessed")
    with pytest.raises(ccxt.AuthenticationError, match="10004"):
        thief.fetch_balance()
    thief.session.close()
    slow = served.client()
    slow.nonce = lambda: slow.milliseconds() - 10_000
    with pytest.raises(ccxt.InvalidNonce):
        slow.fetch_balance()
    slow.session.close()


def test_too_many_requests_are_refused(served: Served, client: Any) -> None:
    """The client raises its rate limit error, and finds the headers."""
    client.load_markets()
    served.rest.limits = Limits({"/v5/account/fee-rate": 1})
    client.fetch_trading_fee(BTC)
    assert client.last_response_headers["X-Bapi-Limit-Status"] == "0"
    with pytest.raises(ccxt.RateLimitExceeded):
        client.fetch_trading_fee(BTC)


def test_leverage_is_changed(client: Any) -> None:
    """It shows in the position and frees margin; the same again is refused."""
    client.create_order(BTC, "market", "buy", 0.1)
    client.set_leverage(20, BTC)
    (position,) = client.fetch_positions([BTC])
    assert (position["leverage"], position["initialMargin"]) == (20, 250)
    with pytest.raises(ccxt.BadRequest, match="110043"):
        client.set_leverage(20, BTC)
    with pytest.raises(ccxt.BadRequest, match="110013"):
        client.set_leverage(101, BTC)


def test_an_isolated_leg_is_liquidated_alone(served: Served, client: Any) -> None:
    """The margin mode changes while nothing is open; then a leg costs no more than its margin."""
    client.set_leverage(50, BTC)
    client.set_margin_mode("isolated")
    client.create_order(BTC, "market", "buy", 1)
    with pytest.raises(ccxt.ExchangeError, match="3400045"):
        client.set_margin_mode("cross")
    (position,) = client.fetch_positions([BTC])
    assert position["info"]["tradeMode"] == 1
    served.step(to_bar=FALL + 1)
    assert client.fetch_positions() == []
    assert 98_900 < client.fetch_balance()["USDT"]["total"] < 99_000


def test_trades_are_seen(served: Served, client: Any) -> None:
    """The tape has the candle's volume."""
    served.step(to_bar=RISE + 1)
    trades = client.fetch_trades(BTC, limit=5)[:4]
    assert sum(each["amount"] for each in trades) == 60
    assert {each["price"] for each in trades} == {50000, 51000}


def test_accounts_are_apart(served: Served, client: Any) -> None:
    """Each sees its own orders only, and may use the same id."""
    other = served.client(account=2)
    for each in (client, other):
        each.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "same"})
    found = [each.fetch_open_orders(BTC) for each in (client, other)]
    assert [len(orders) for orders in found] == [1, 1]
    with pytest.raises(ccxt.OrderNotFound):
        other.cancel_order(found[0][0]["id"], BTC)
    other.session.close()


def test_funding_is_paid(served: Served, client: Any) -> None:
    """Its rate is public, what was paid is the account's."""
    client.create_order(BTC, "market", "buy", 0.1)
    served.step(to_bar=500)
    (rate,) = client.fetch_funding_rate_history(BTC)
    (paid,) = client.fetch_funding_history(BTC)
    assert rate["timestamp"] == paid["timestamp"] == START_MS + 480 * 60_000
    assert (rate["fundingRate"], paid["amount"]) == (0.0001, 0.48)


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
            assert len(await client.fetch_open_orders(BTC, limit=50)) == 20
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
            await until(lambda: len(served.server._streams) == 1)
            await until(lambda: topics(served) >= {"order", "execution"})
            placed = [await client.create_order(BTC, "market", "buy", 0.01) for _ in range(5)]
            ids = {each["id"] for each in placed}
            await until(lambda: {each["order"] for each in trades} == ids)
            await until(lambda: {o["id"] for o in orders if o["status"] == "closed"} == ids)
            assert len({each["id"] for each in trades}) == 5
            for task in tasks:
                task.cancel()
        finally:
            await client.close()

    run(work())


def test_streams_tell_of_the_book_and_the_price(served: Served) -> None:
    """The client's book follows the market by changes alone."""
    library: Any = import_module("ccxt.pro")

    async def work() -> None:
        client = served.client(library)
        try:
            await client.load_markets()
            book = await client.watch_order_book(BTC, 50)
            assert (book["bids"][0][0], len(book["asks"])) == (49999.9, 50)
            await client.watch_ticker(BTC)
            await asyncio.to_thread(served.step, to_bar=RISE + 1)
            await until(lambda: client.orderbooks[BTC]["asks"][0][0] == 51000.1)
            assert len(client.orderbooks[BTC]["asks"]) == 50
            await until(lambda: client.tickers[BTC]["last"] == 51000)
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
            await until(lambda: topics(served) >= {"position", "wallet"})
            await client.create_order(BTC, "market", "sell", 0.02)
            assert (await balance)["USDT"]["total"] == 100_000 - 0.55
            await until(lambda: any(each["contracts"] == 0.02 for each in positions))
            watching.cancel()
        finally:
            await client.close()

    run(work())


def topics(served: Served) -> set[str]:
    """Return what the open streams have asked for."""
    return {topic for session in served.sessions() for topic in session.topics}


# --- Command line ---------------------------------------------------------------------------------


def test_the_command_serves_until_interrupted() -> None:
    """It says where it is, is there, and stops without a word."""
    command = [sys.executable, "-m", "adapters", "exchange", "--port", "0", "--speed", "60"]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition(",")[0].rpartition(":")[2])
        client = ccxt.bybit(ccxt_config(port))
        first = client.fetch_time()
        assert client.fetch_ohlcv(BTC, "1h", limit=5)[-1][0] <= first
        time.sleep(0.1)
        assert client.fetch_time() - first > 5_000, "sixty times as fast as the computer"
        client.session.close()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT_S)
    assert (process.returncode, errors.strip()) == (130, "hedgeproof: interrupted")


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The programs of the page for Bybit, one after the other, print what is quoted below each."""
    page, _, _ = (ROOT / PAGE).read_text(encoding="utf-8").partition("## In the words of Binance")
    shown = re.findall(r"```python\n(import.*?)```\n+```text\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    candles = synthetic(1, 5_000, symbol="BTCUSDT")
    start_ns = (candles.start_ms + 1_500 * candles.step_ms) * 1_000_000
    served = Served(setups.exchange([candles], setups.Setup(), start_ns))
    for program, printed in shown:
        names: dict[str, Any] = {}
        exec(program.replace("8765", str(served.port)), names)  # noqa: S102  # our own page
        assert capsys.readouterr().out == printed
        names["bybit"].session.close()
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
