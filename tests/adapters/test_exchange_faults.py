"""Faults on the wire: each one strikes, and a careful client of the unmodified library survives."""
# ruff: noqa: ANN401  # the library has no types

import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import IncompleteRead
from typing import Any
from unittest.mock import ANY

import pytest
from attrs import evolve
from typer.testing import CliRunner

ccxt: Any = pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from adapters.cli import app  # noqa: E402
from adapters.exchange import setup as setups  # noqa: E402
from adapters.exchange.bybit.client import ccxt_config  # noqa: E402
from adapters.exchange.bybit.rest import Rest  # noqa: E402
from adapters.exchange.fault_words import WORDS, Route  # noqa: E402
from adapters.exchange.faults import SERVED, FaultError, Faulty, Plan, plan  # noqa: E402
from adapters.exchange.limits import Limits  # noqa: E402
from adapters.exchange.records import Status  # noqa: E402
from adapters.exchange.server import Server  # noqa: E402
from adapters.exchange.wire import fields  # noqa: E402
from simulator.faults import FAULTS, Faults, drawn  # noqa: E402
from tests.adapters.exchange_stand import WAIT_S, Stand  # noqa: E402
from tests.adapters.test_exchange import made  # noqa: E402

BTC = "BTC/USDT:USDT"
PACE, SLOW = 0.02, 0.3  # of the times that a fault lasts
ORDERS = 8
CONFIRMED = 4
ABSENT = "absent"
HTTP = (
    "event_before_ack",
    "lost_answer_executed",
    "retry_duplicate",
    "leg_mismatch",
    "clock_drift",
    "rate_limit",
    "garbage_200",
    "lost_request",
    "late_request",
    "maintenance",
    "foreign_order",
)


class Faultily(Stand):
    """An exchange with faults on a free port."""

    def __init__(self, faults: Plan, **chosen: Any) -> None:
        exchange = made(**chosen)
        self.faulty = Faulty(exchange, faults)
        super().__init__(Rest(exchange, setups.keys(1), Limits({})), faults=self.faulty)

    def client(self) -> Any:
        """Return a client that does not wait for long."""
        config = ccxt_config(self.port, "key-1", "secret-1")
        return ccxt.bybit({**config, "enableRateLimit": False, "timeout": 2_000})


@pytest.fixture
def stands() -> Iterator[Callable[..., Faultily]]:
    """Serve exchanges with faults, and stop them."""
    served = list[Faultily]()

    def serve(faults: Plan, **chosen: Any) -> Faultily:
        served.append(Faultily(faults, **chosen))
        return served[-1]

    yield serve
    for each in served:
        each.stop()


def always(*names: str, pace: float = PACE) -> Plan:
    """Return the plan in which the faults *names* strike whenever they can."""
    return Plan(faults=Faults(rates=dict.fromkeys(names, 1_000_000)), seed=2, pace=pace)


def insist(ask: Callable[[], Any]) -> Any:
    """Return the answer to a question that may be asked again."""
    for _ in range(200):
        with suppress(ccxt.NetworkError, ccxt.ExchangeError, TypeError, KeyError):
            return ask()
        time.sleep(PACE)
    raise AssertionError("no answer")


def found(client: Any, link: str) -> str:
    """Return what became of the order *link*: an order is absent if it is so several times."""
    for _ in range(CONFIRMED):
        orders = insist(lambda: client.fetch_open_orders(BTC, params={"orderLinkId": link}))
        orders += insist(lambda: client.fetch_closed_orders(BTC, params={"orderLinkId": link}))
        orders += insist(lambda: client.fetch_canceled_orders(BTC, params={"orderLinkId": link}))
        if orders:
            return str(orders[0]["status"])
        time.sleep(2 * PACE)
    return ABSENT


def careful(client: Any, link: str) -> None:
    """Buy under *link* until the order is known to be there: it is asked for before each try."""
    for _ in range(100):
        with suppress(ccxt.NetworkError, ccxt.ExchangeError, TypeError, KeyError):
            params = {"clientOrderId": link}
            client.create_order(BTC, "market", "buy", 0.01, None, params)
        if found(client, link) != ABSENT:
            return
    raise AssertionError(f"{link} was never taken")


def calm(stand: Faultily) -> bool:
    """Return whether nothing is left of the faults, as the loop of the exchange sees it."""

    async def seen() -> bool:
        return stand.faulty.calm

    return asyncio.run_coroutine_threadsafe(seen(), stand.loop).result(WAIT_S)


def orders_of(stand: Stand) -> Any:
    """Return the trader of the first account."""
    return stand.exchange.traders["account-1"]


@pytest.mark.parametrize("name", HTTP)
def test_a_careful_client_survives(stands: Callable[..., Faultily], name: str) -> None:
    """Each order is there once, whatever is lost, late, doubled or refused meanwhile."""
    ppm = max(100_000, min(5 * FAULTS[name].ppm, 500_000))
    stand = stands(Plan(faults=Faults(rates={name: ppm}), seed=3, pace=PACE))
    client = stand.client()
    insist(client.load_markets)
    for number in range(ORDERS):
        careful(client, f"o-{number}")
    client.session.close()
    assert stand.faulty.counts[name]
    trader = orders_of(stand)
    links = Counter(order.link for order in trader.orders.values())
    ours = {link: count for link, count in links.items() if link.startswith("o-")}
    assert ours == {f"o-{number}": 1 for number in range(ORDERS)}
    bought = sum(order.cum_qty for order in trader.orders.values())
    assert trader.account.pairs[0].long.qty == bought


def test_without_an_id_a_doubled_request_buys_twice(stands: Callable[..., Faultily]) -> None:
    """Why no order leaves without a client order id."""
    stand = stands(always("retry_duplicate"))
    client = stand.client()
    insist(client.load_markets)
    client.create_order(BTC, "market", "buy", 0.01)
    client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "once"})
    client.session.close()
    while not calm(stand):
        time.sleep(PACE)
    links = Counter(order.link for order in orders_of(stand).orders.values())
    assert links == {"": 2, "once": 1}


@pytest.mark.parametrize("name", ["not_found_after_ack", "stale_open_orders"])
def test_an_order_is_not_seen_for_a_while(stands: Callable[..., Faultily], name: str) -> None:
    """Right after it was taken the list is the one before; a little later it is there."""
    stand = stands(always(name, pace=SLOW))
    client = stand.client()
    client.load_markets()
    assert client.fetch_open_orders(BTC) == []
    client.create_order(BTC, "limit", "buy", 0.01, 40000)
    assert client.fetch_open_orders(BTC) == []
    time.sleep(2 * SLOW)
    assert len(client.fetch_open_orders(BTC)) == 1
    assert stand.faulty.counts[name] == 1
    client.session.close()


def test_an_order_that_has_been_there_is_not_hidden_by_a_newer_one(
    stands: Callable[..., Faultily],
) -> None:
    """Only what was just taken is not found when it is asked for by its name."""
    stand = stands(always("not_found_after_ack", pace=SLOW))
    client = stand.client()
    client.load_markets()
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"orderLinkId": "older"})
    time.sleep(2 * SLOW)
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"orderLinkId": "newer"})
    found = {
        link: client.private_get_v5_order_realtime(
            {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": link}
        )["result"]["list"]
        for link in ("older", "newer")
    }
    assert [len(rows) for rows in found.values()] == [1, 0]
    client.session.close()


def test_positions_may_be_old_and_have_empty_legs(stands: Callable[..., Faultily]) -> None:
    """The rows are those of the question before; an empty leg comes first."""
    stand = stands(always("position_lag", "phantom_leg_row", pace=SLOW))
    client = stand.client()
    client.load_markets()
    client.create_order(BTC, "market", "buy", 0.01)
    first = client.fetch_positions([BTC])
    assert [each["contracts"] for each in first] == [0, 0.01]
    client.create_order(BTC, "market", "buy", 0.01)
    assert client.fetch_positions([BTC])[-1]["contracts"] == 0.01
    time.sleep(2 * SLOW)
    assert client.fetch_positions([BTC])[-1]["contracts"] == 0.02
    client.session.close()


def test_a_closing_order_is_refused(stands: Callable[..., Faultily]) -> None:
    """Although there is a position; an order that opens is taken."""
    stand = stands(always("reduce_only_reject"))
    client = stand.client()
    client.load_markets()
    client.create_order(BTC, "market", "buy", 0.01)
    with pytest.raises(ccxt.InvalidOrder, match="110017"):
        client.create_order(BTC, "market", "sell", 0.01, None, {"reduceOnly": True})
    client.session.close()


@pytest.mark.parametrize("name", ["expired", "foreign_order"])
def test_the_exchange_meddles(stands: Callable[..., Faultily], name: str) -> None:
    """It ends an order that rests, or somebody else rests one."""
    stand = stands(always(name))
    client = stand.client()
    client.load_markets()
    client.create_order(BTC, "limit", "buy", 0.01, 40000, {"clientOrderId": "mine"})
    resting = [order["clientOrderId"] for order in client.fetch_open_orders(BTC)]
    assert sorted(resting) == {"expired": [], "foreign_order": ["manual-1", "mine"]}[name]
    client.session.close()


def test_what_has_filled_in_part_is_canceled(stands: Callable[..., Faultily]) -> None:
    """The market offers three lots of ten; the rest of the order is gone."""
    stand = stands(always("partial_then_cancel"), liquidity_lots=3)
    client = stand.client()
    client.load_markets()
    client.create_order(BTC, "market", "buy", 0.01)
    (order,) = orders_of(stand).orders.values()
    assert (order.status, order.cum_qty, order.working) == (Status.CANCELED, 3, False)
    client.session.close()


def test_each_dialect_has_its_own_words() -> None:
    """A rate limit is a status or a code; an order is not found, or the list is empty."""
    bybit, binance = WORDS["v5"], WORDS["fapi"]
    limited = [words.refusal("rate_limit") for words in (bybit, binance)]
    assert [each.status for each in limited] == [200, 429]
    assert [fields(each.text or "") for each in limited] == [
        {"retCode": 10006, "retMsg": ANY, "result": ANY, "retExtInfo": {}, "time": 0},
        {"code": -1003, "msg": ANY},
    ]
    assert all(each.headers["Retry-After"] == "5" for each in limited)
    absent = [words.hides(Route.ORDERS) for words in (bybit, binance)]
    assert [each.status for each in absent if each] == [200, 400]
    assert all(words.hides(Route.CREATE) is None for words in (bybit, binance))
    assert all(words.refusal("maintenance").status == 503 for words in (bybit, binance))


def test_a_late_cancel_finds_nothing(stands: Callable[..., Faultily]) -> None:
    """The cancel is on its way while the order fills."""
    stand = stands(always("fill_during_cancel"))
    client = stand.client()
    client.load_markets()
    placed = client.create_order(BTC, "limit", "buy", 0.01, 40000)
    began = time.monotonic()
    client.cancel_order(placed["id"], BTC)
    assert time.monotonic() - began > PACE / 10
    assert stand.faulty.counts["fill_during_cancel"] == 1
    client.session.close()


class Socket:
    """A stream that keeps what is sent on it."""

    def __init__(self) -> None:
        self.sent, self.closed = list[str](), False

    async def send_str(self, text: str) -> None:
        self.sent.append(text)

    async def close(self) -> None:
        self.closed = True


def told(name: str, *messages: dict[str, Any], seed: int = 1) -> Socket:
    """Return a stream on which *messages* were sent while the fault *name* always strikes."""
    faulty = Faulty(made(), evolve(always(name), seed=seed))
    socket: Any = Socket()

    async def work() -> None:
        for number, message in enumerate(messages, start=1):
            await faulty.send(socket, message, more=number < len(messages))
        await asyncio.sleep(3 * PACE)

    asyncio.run(work())
    return socket  # type: ignore[no-any-return]


ORDER: dict[str, object] = {"topic": "order", "data": [1]}
TRADE: dict[str, object] = {"topic": "execution", "data": [2]}


def test_events_come_again() -> None:
    """The copy may come after newer ones; what answers the client is left alone."""
    assert sorted(told("duplicate_ws_event", ORDER, TRADE).sent) == sorted(
        json.dumps(each) for each in (ORDER, ORDER, TRADE, TRADE)
    )
    assert len(told("duplicate_ws_event", {"op": "pong"}).sent) == 1


def test_states_are_merged_but_no_trade_is_lost() -> None:
    """Of states that wait together the last one comes, trades always do."""
    sent = told("merged_ws_states", ORDER, TRADE, ORDER).sent
    assert sent == [json.dumps(TRADE), json.dumps(ORDER)]


def test_a_stream_ends_or_falls_silent() -> None:
    """Either the connection is closed, or nothing comes any more, not even a pong."""
    ends = [told("ws_gap", ORDER, {"op": "pong"}, seed=seed) for seed in range(8)]
    assert {(each.closed, bool(each.sent)) for each in ends} == {(True, True), (False, False)}


def test_half_an_answer_and_worse(stands: Callable[..., Faultily]) -> None:
    """A page, an empty object, or a body that ends too soon, all with status 200."""
    stand = stands(always("garbage_200"))
    url = f"http://127.0.0.1:{stand.port}/v5/order/realtime?category=linear"
    seen = set[str]()
    for _ in range(20):
        try:
            with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
                seen.add(answer.read().decode()[:2])
        except (OSError, IncompleteRead):
            seen.add("cut short")
    assert seen == {"<h", "{}", "cut short"}


def test_faults_stop(stands: Callable[..., Faultily]) -> None:
    """What had begun goes on: a refusal lasts, and so does the silence of a stream."""
    stand = stands(always("rate_limit", pace=SLOW))
    client = stand.client()
    with pytest.raises(ccxt.RateLimitExceeded):
        client.fetch_time()
    stand.faulty.on = False
    assert not calm(stand)
    while not calm(stand):
        time.sleep(PACE)
    client.fetch_time()
    client.session.close()
    assert stand.faulty.counts == {"rate_limit": 1}


def test_a_silent_stream_is_not_calm() -> None:
    """It stays silent until the client gives it up."""
    faulty = Faulty(made(), always("ws_gap"))
    socket: Any = Socket()

    async def work() -> None:
        await faulty.send(socket, ORDER, more=False)
        faulty.on = False
        await faulty.send(socket, TRADE, more=False)
        assert not faulty.calm
        await socket.close()
        assert faulty.calm

    asyncio.run(work())
    assert not socket.sent


def test_a_plan_is_read() -> None:
    """Names with rates or without, a delay, or a swarm; anything else is refused."""
    found = plan("lost_request=0.05,ws_gap,delay=50ms", 7)
    assert found.faults.rates == {"lost_request": 50_000, "ws_gap": FAULTS["ws_gap"].ppm}
    assert (found.delay_ms, found.seed) == (50, 7)
    swarm = plan("swarm", 7).faults.rates
    assert swarm.items() <= drawn(7).rates.items()
    assert swarm.keys() == drawn(7).rates.keys() & SERVED
    for text in ("lost_requests", "crash", "ws_gap=2", "delay=1s", ""):
        with pytest.raises(FaultError, match="give NAME"):
            plan(text, 1)


def test_what_cannot_be_read_is_refused_in_one_line() -> None:
    """The command says what to write."""
    result = CliRunner().invoke(app, ["exchange", "--faults", "earthquake"])
    assert result.exit_code == 2
    assert result.stderr.startswith("hedgeproof: faults earthquake: give NAME")


def test_without_faults_nothing_is_in_between() -> None:
    """The server has no middleware then."""
    rest = Rest(made(), setups.keys(1), Limits({}))
    assert not Server(rest).app().middlewares
