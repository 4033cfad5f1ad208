"""The words of Binance USD-M futures without a network: requests, refusals, numbers and streams."""
# ruff: noqa: ANN401, S106, S107  # what is JSON has no types, and the secrets are none

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given

from adapters.exchange import figures
from adapters.exchange import setup as setups
from adapters.exchange.binance.errors import Code
from adapters.exchange.binance.limits import BAN_MS, ORDERS, PATIENCE, WEIGHT, Limits
from adapters.exchange.binance.listen import LIFE_MS
from adapters.exchange.binance.rest import Rest
from adapters.exchange.core import Exchange
from adapters.exchange.records import Order
from adapters.exchange.signing import sign
from adapters.exchange.wire import Answer, Request
from spec.units import MILLI_NS
from tests.adapters.test_exchange import (
    BARS,
    CLOCK_MS,
    FALL,
    MINUTE_MS,
    RISE,
    SYMBOL,
    at,
    market,
    requests,
    vectors,
)
from tests.adapters.test_exchange import made as made_of

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
STOP = {"type": "STOP_MARKET", "side": "SELL", "triggerPrice": "49000"}


def made(**chosen: Any) -> Exchange:
    """Return an exchange with two accounts and the rules of this venue."""
    return made_of(**({"dialect": "binance"} | chosen))


class Client:
    """Signs requests as the documentation says, and asks *rest* without a network."""

    def __init__(self, rest: Rest, key: str = "key-1", secret: str = "secret-1") -> None:
        self.rest, self.key, self.secret = rest, key, secret
        self.clock_ms = self.stamp_ms = CLOCK_MS

    def ask(self, method: str, path: str, **fields: object) -> Answer:
        """Ask with the fields signed; those of POST and PUT are in the body."""
        said = urlencode(fields | {"timestamp": self.stamp_ms})
        said += "&signature=" + sign(self.secret, said)
        inside = method in {"POST", "PUT"}
        return self.rest.answer(
            Request(
                method=method,
                path=path,
                query="" if inside else said,
                headers={"X-MBX-APIKEY": self.key} if self.key else {},
                body=said if inside else "",
                clock_ms=self.clock_ms,
            )
        )

    def get(self, path: str, **fields: object) -> Any:
        """Return what is answered to GET."""
        return self.ask("GET", path, **fields).body

    def create(self, **fields: object) -> Any:
        """Place a market order to buy 0.01, or what *fields* say instead."""
        usual = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        return self.ask("POST", ORDER, **(usual | fields)).body

    def limit(self, **fields: object) -> Any:
        """Place a limit order to buy 0.01 at 49,000, or what *fields* say instead."""
        usual = {"type": "LIMIT", "price": "49000", "timeInForce": "GTC"}
        return self.create(**(usual | fields))

    def stop(self, **fields: object) -> Any:
        """Place a stop to sell 0.01 at 49,000, or what *fields* say instead."""
        usual = {"symbol": SYMBOL, "quantity": "0.01", "algoType": "CONDITIONAL"}
        return self.ask("POST", ALGO, **(usual | STOP | fields)).body


@pytest.fixture
def exchange() -> Exchange:
    """Return an exchange."""
    return made()


@pytest.fixture
def client(exchange: Exchange) -> Client:
    """Return a client of the first account."""
    return Client(Rest(exchange, setups.keys(2)))


# --- Requests ------------------------------------------------------------------------------------


def test_only_the_owner_of_a_key_is_answered(client: Client) -> None:
    """Key, signature and time are each refused with their own code and status."""
    path = "/fapi/v3/balance"
    assert client.ask("GET", path).status == 200
    for other, status, code in (
        (Client(client.rest, secret="wrong"), 400, -1022),
        (Client(client.rest, key="nobody"), 401, -2015),
        (Client(client.rest, key=""), 401, -2014),
    ):
        answer = other.ask("GET", path)
        assert (answer.status, answer.body["code"]) == (status, code)
    for late_ms, window, code in (
        (5_001, 5_000, -1021),
        (-1_000, 5_000, -1021),
        (0, 60_001, -1131),
    ):
        client.stamp_ms = CLOCK_MS - late_ms
        assert client.get(path, recvWindow=window)["code"] == code
    client.stamp_ms = client.rest.exchange.now_ns // MILLI_NS
    assert client.ask("GET", path).status == 200, "the time at the exchange is recent too"


def test_a_signature_covers_address_and_body(client: Client) -> None:
    """Parameters may be split between them, and one that was not signed is noticed."""
    query, body = f"symbol={SYMBOL}", f"leverage=5&timestamp={CLOCK_MS}"
    signature = sign("secret-1", query + body)
    codes = list[Any]()
    for sent in (body, body.replace("5", "6", 1)):
        request = Request(
            method="POST",
            path="/fapi/v1/leverage",
            query=query,
            headers={"X-MBX-APIKEY": "key-1"},
            body=f"{sent}&signature={signature}",
            clock_ms=CLOCK_MS,
        )
        codes.append(client.rest.answer(request).body.get("code"))
    assert codes == [None, -1022]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"symbol": ""}, -1102),
        ({"quantity": "0.0101234"}, -1111),
        ({"quantity": "0"}, -4003),
        ({"quantity": "x"}, -1102),
        ({"quantity": "99999999999"}, -4005),
        ({"side": "buy"}, -1117),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "LIMIT", "price": "49000"}, -1102),
        ({"type": "LIMIT", "price": "49000", "timeInForce": "DAY"}, -1115),
        ({"type": "LIMIT", "price": "49000.05", "timeInForce": "GTC"}, -1111),
        ({"type": "LIMIT", "price": "0", "timeInForce": "GTC"}, -4001),
        ({"positionSide": "LONG"}, -4061),
        ({"positionSide": "UP"}, -4060),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": "a b"}, -4015),
        ({"quantity": "1000"}, -2019),
        ({"reduceOnly": "true"}, -2022),
        ({"type": "LIMIT", "price": "100", "timeInForce": "GTC"}, -4164),
        ({"type": "LIMIT", "price": "50000", "timeInForce": "GTX"}, -5022),
        ({"type": "LIMIT", "price": "49000", "timeInForce": "FOK"}, -5021),
    ],
)
def test_a_refused_order_leaves_nothing(client: Client, fields: dict[str, Any], code: int) -> None:
    """Each refusal has its documented code, and the order never was."""
    assert client.create(**fields)["code"] == code
    assert client.get("/fapi/v1/allOrders", symbol=SYMBOL) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"triggerPrice": "51000"}, -2021),
        ({"triggerPrice": ""}, -1102),
        ({"type": "LIMIT"}, -1116),
        ({"algoType": "VP"}, -1102),
        ({"workingType": "INDEX"}, -1102),
        ({"closePosition": "true"}, -4137),
    ],
)
def test_a_refused_conditional_order_leaves_nothing(
    client: Client, fields: dict[str, Any], code: int
) -> None:
    """It is refused before it waits."""
    assert client.stop(**fields)["code"] == code
    assert client.get("/fapi/v1/allAlgoOrders", symbol=SYMBOL) == []


def test_hedge_mode_has_no_reduce_only(client: Client) -> None:
    """The word itself is refused there, even where it says no."""
    client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    assert client.create(positionSide="LONG", reduceOnly="false")["code"] == -1106
    assert client.create()["code"] == -4061
    assert client.create(positionSide="LONG")["positionSide"] == "LONG"
    assert client.create(positionSide="LONG", side="SELL", quantity="0.02")["code"] == -2022


def test_a_link_is_free_again_once_its_order_is_closed(client: Client) -> None:
    """Two open orders cannot share it; the newest one that had it is found."""
    first = client.limit(newClientOrderId="a")
    assert client.limit(newClientOrderId="a")["code"] == -4116
    client.ask("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="a")
    second = client.limit(newClientOrderId="a")
    found = client.get(ORDER, symbol=SYMBOL, origClientOrderId="a")
    assert first["orderId"] < second["orderId"] == found["orderId"]


def test_an_order_without_a_link_gets_one(client: Client) -> None:
    """It is found by what the venue has made up."""
    made_up = client.limit()["clientOrderId"]
    assert len(made_up) == 22
    assert client.get(ORDER, symbol=SYMBOL, origClientOrderId=made_up)["clientOrderId"] == made_up


def test_an_acknowledgement_says_nothing_of_fills(client: Client) -> None:
    """Only who asks for the result is told it."""
    assert client.create()["status"] == "NEW"
    assert client.create(newOrderRespType="RESULT")["status"] == "FILLED"


def test_the_number_of_a_fired_stop_is_newer_than_those_before_it_fired(
    client: Client, exchange: Exchange
) -> None:
    """Numbers of orders rise with time, so that who asks from the last one on misses nothing."""
    waiting = client.stop()
    before = client.limit(price="40000")["orderId"]
    exchange.advance(at(FALL + 1))
    fired = client.get("/fapi/v1/allOrders", symbol=SYMBOL, orderId=before + 1)
    assert [each["clientOrderId"] for each in fired] == [waiting["clientAlgoId"]]
    assert client.get(ORDER, symbol=SYMBOL, orderId=waiting["algoId"])["code"] == -2013
    assert client.get(ALGO, algoId=before)["code"] == -2013


def test_a_stop_that_is_refused_when_it_fires_was_never_an_order(
    client: Client, exchange: Exchange
) -> None:
    """It ends rejected, with no number of an order."""
    client.create()
    waiting = client.stop(reduceOnly="true")
    client.create(side="SELL", reduceOnly="true")
    exchange.advance(at(FALL + 1))
    told = client.get(ALGO, algoId=waiting["algoId"])
    assert (told["algoStatus"], told["actualOrderId"]) == ("REJECTED", "")
    assert len(client.get("/fapi/v1/allOrders", symbol=SYMBOL)) == 2


def test_pages_follow_one_another(client: Client, exchange: Exchange) -> None:
    """Numbers lead through all trades, each once; times span a week at most."""
    for _ in range(5):
        client.create()
        exchange.advance(exchange.now_ns + MINUTE_MS * MILLI_NS)
    path, found = "/fapi/v1/userTrades", list[int]()
    while page := client.get(path, symbol=SYMBOL, limit=2, fromId=(found or [0])[-1] + 1):
        found += [each["id"] for each in page]
    assert found == [1, 2, 3, 4, 5]
    newest = client.get(path, symbol=SYMBOL, limit=2)
    assert [each["id"] for each in newest] == [4, 5]
    first_ms = newest[0]["time"] - 3 * MINUTE_MS
    oldest = client.get(path, symbol=SYMBOL, startTime=first_ms, limit=2)
    assert [each["id"] for each in oldest] == [1, 2]
    long_ms = first_ms + 8 * 86_400_000
    assert client.get(path, symbol=SYMBOL, startTime=first_ms, endTime=long_ms)["code"] == -4165


def test_income_adds_up_to_the_wallet(client: Client, exchange: Exchange) -> None:
    """Profit, fees and funding are all that has changed it."""
    client.create(quantity="1")
    exchange.advance(at(500))
    client.create(side="SELL", quantity="1")
    rows = client.get("/fapi/v1/income")
    assert {each["incomeType"] for each in rows} == {"REALIZED_PNL", "COMMISSION", "FUNDING_FEE"}
    (balance,) = client.get("/fapi/v2/balance")
    total = sum(float(each["income"]) for each in rows)
    assert float(balance["balance"]) == pytest.approx(100_000 + total)


def test_symbols_share_an_account() -> None:
    """Each has its orders, its numbers lead to no other symbol, and questions may be of all."""
    candles = [market(), market("ETHUSDT")]
    exchange = setups.exchange(candles, setups.Setup(dialect="binance"), at(10))
    client = Client(Rest(exchange, setups.keys(1)))
    placed = [client.limit(symbol=each.symbol)["orderId"] for each in candles]
    assert [each["orderId"] for each in client.get("/fapi/v1/openOrders")] == placed
    assert client.get("/fapi/v1/openOrders", symbol="ETHUSDT")[0]["orderId"] == placed[1]
    assert client.get(ORDER, symbol=SYMBOL, orderId=placed[1])["code"] == -2013
    for path in ("ticker/24hr", "ticker/bookTicker", "premiumIndex", "leverageBracket"):
        rows = client.get(f"/fapi/v1/{path}")
        assert [each["symbol"] for each in rows] == [SYMBOL, "ETHUSDT"]
        assert client.get(f"/fapi/v1/{path}", symbol="ETHUSDT")["symbol"] == "ETHUSDT"
    client.create(symbol="ETHUSDT", side="SELL")
    legs = {each["symbol"]: each["positionAmt"] for each in client.get("/fapi/v2/positionRisk")}
    assert legs == {SYMBOL: "0", "ETHUSDT": "-0.01"}


@pytest.mark.parametrize(("kind", "gained"), [("CROSSED", 2_000 + 200), ("ISOLATED", 0)])
def test_what_an_isolated_leg_gains_is_not_free(
    client: Client, exchange: Exchange, kind: str, gained: float
) -> None:
    """In cross mode profit and spare margin serve other orders, in isolated mode they stay."""
    client.ask("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType=kind)
    client.create(side="SELL", quantity="1")
    (before,) = client.get("/fapi/v2/balance")
    exchange.advance(at(FALL + 2))
    (after,) = client.get("/fapi/v2/balance")
    assert float(after["availableBalance"]) - float(before["availableBalance"]) == gained


def test_other_paths_are_not_there(client: Client) -> None:
    """A path that is not imitated is not found, and neither is one of the other method."""
    for method, path in (("GET", "/fapi/v1/adlQuantile"), ("PUT", "/fapi/v1/leverage")):
        answer = client.ask(method, path)
        assert (answer.status, answer.body["code"]) == (404, -5000)


# --- Limits --------------------------------------------------------------------------------------


def test_weight_is_everybodys_and_orders_are_an_accounts(client: Client) -> None:
    """Each interval begins with the clock's own, and headers say what is used."""
    other = Client(client.rest, "key-2", "secret-2")
    orders = [each.ask("POST", ORDER, symbol=SYMBOL).headers for each in (client, client, other)]
    assert [each["X-MBX-ORDER-COUNT-10S"] for each in orders] == ["1", "2", "1"]
    weights = [each.ask("GET", "/fapi/v2/balance").headers for each in (client, other)]
    assert [each["X-MBX-USED-WEIGHT-1M"] for each in weights] == ["5", "10"]
    client.clock_ms = client.stamp_ms = CLOCK_MS + 60_000
    assert client.ask("GET", "/fapi/v2/balance").headers["X-MBX-USED-WEIGHT-1M"] == "5"


def test_who_goes_on_after_a_refusal_is_banned() -> None:
    """A refusal lasts as long as its interval, a ban two minutes."""
    limits = Limits()
    now_ms = CLOCK_MS // 60_000 * 60_000 + 20_000
    assert limits.weigh(WEIGHT.limit, now_ms).refusal is None
    refusals = [limits.weigh(1, now_ms) for _ in range(PATIENCE + 1)]
    assert {(each.refusal, each.wait_s) for each in refusals} == {(Code.TOO_MANY, 40)}
    banned = limits.weigh(1, now_ms + 60_000)
    assert (banned.refusal, banned.wait_s) == (Code.BANNED, 60)
    assert limits.weigh(1, now_ms + BAN_MS).refusal is None


def test_an_order_too_many_is_refused() -> None:
    """The shorter interval is the first to be full."""
    limits, short = Limits(), ORDERS[0]
    told = [limits.order("a", 1, CLOCK_MS).refusal for _ in range(short.limit + 1)]
    assert told[-2:] == [None, Code.TOO_MANY_ORDERS]
    assert limits.order("a", 1, CLOCK_MS + 10_000).refusal is None


# --- Streams -------------------------------------------------------------------------------------


class Listener:
    """Hears the user data stream of the first account of *rest*."""

    def __init__(self, rest: Rest) -> None:
        self.rest, self.told = rest, list[Any]()
        self.key = self.ask("POST").body["listenKey"]
        self.session: Any = rest.stream(f"/private/ws/{self.key}", "", "conn-1")
        for trader in rest.exchange.traders.values():
            trader.listeners.append(lambda *news: self.told.extend(self.session.notify(*news)))

    def ask(self, method: str, clock_ms: int = CLOCK_MS) -> Answer:
        """Ask about the listen key."""
        headers = {"X-MBX-APIKEY": "key-1"}
        path = "/fapi/v1/listenKey"
        return self.rest.answer(
            Request(method=method, path=path, query="", headers=headers, body="", clock_ms=clock_ms)
        )

    def heard(self) -> list[str]:
        """Return in short what it was told, and forget it."""
        words = {
            "ORDER_TRADE_UPDATE": lambda told: f"order {told['o']['x']} {told['o']['X']}",
            "ALGO_UPDATE": lambda told: f"algo {told['o']['X']}",
            "ACCOUNT_UPDATE": lambda told: f"account {told['a']['m']}",
        }
        short = [words[each["e"]](each) for each in self.told]
        self.told.clear()
        return short


@pytest.fixture
def listener(client: Client) -> Listener:
    """Return one that listens to the first account."""
    return Listener(client.rest)


def test_each_state_of_an_order_is_told(client: Client, listener: Listener) -> None:
    """It is new, amended and cancelled; one that fills tells the wallet too."""
    placed = client.limit()["orderId"]
    change = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.02", "price": "49100"}
    client.ask("PUT", ORDER, orderId=placed, **change)
    client.ask("DELETE", ORDER, symbol=SYMBOL, orderId=placed)
    assert {each["o"]["i"] for each in listener.told} == {placed}
    assert listener.heard() == ["order NEW NEW", "order AMENDMENT NEW", "order CANCELED CANCELED"]
    client.create()
    (leg,) = listener.told[-1]["a"]["P"]
    assert (leg["ps"], leg["pa"], leg["ep"]) == ("BOTH", "0.01", "50000")
    assert listener.heard() == ["order NEW NEW", "order TRADE FILLED", "account ORDER"]
    Client(client.rest, "key-2", "secret-2").create()
    assert listener.heard() == [], "another account's order is nobody else's business"


def test_each_state_of_a_conditional_order_is_told(
    client: Client, listener: Listener, exchange: Exchange
) -> None:
    """It fires, becomes an order with a number of its own, and is finished when that is filled."""
    client.stop()
    assert listener.heard() == ["algo NEW"]
    exchange.advance(at(FALL + 1))
    (number,) = {each["o"]["i"] for each in listener.told if each["e"] == "ORDER_TRADE_UPDATE"}
    assert [each["o"]["ai"] for each in listener.told if each["e"] == "ALGO_UPDATE"] == [
        "",
        str(number),
        str(number),
    ]
    assert listener.heard() == [
        "algo TRIGGERING",
        "algo TRIGGERED",
        "order NEW NEW",
        "order TRADE FILLED",
        "algo FINISHED",
        "account ORDER",
    ]


def test_a_fired_limit_order_is_told_once_as_new(
    client: Client, listener: Listener, exchange: Exchange
) -> None:
    """That it rests is no news; its end ends the conditional order too."""
    fields = {"type": "STOP", "side": "BUY", "price": "50200", "triggerPrice": "50500"}
    waiting = client.stop(**fields)
    exchange.advance(at(RISE + 1))
    fired = client.get(ALGO, algoId=waiting["algoId"])
    assert fired["algoStatus"] == "TRIGGERED"
    client.ask("DELETE", ORDER, symbol=SYMBOL, orderId=fired["actualOrderId"])
    assert listener.heard() == [
        "algo NEW",
        "algo TRIGGERING",
        "algo TRIGGERED",
        "order NEW NEW",
        "order CANCELED CANCELED",
        "algo FINISHED",
    ]


def test_a_conditional_order_that_never_fires_is_told_apart(
    client: Client, listener: Listener, exchange: Exchange
) -> None:
    """Cancelled or refused, no order is ever told of."""
    client.ask("DELETE", ALGO, algoId=client.stop()["algoId"])
    assert listener.heard() == ["algo NEW", "algo CANCELED"]
    client.create()
    client.stop(reduceOnly="true")
    client.create(side="SELL")
    listener.heard()
    exchange.advance(at(FALL + 1))
    assert listener.told[-1]["o"]["rm"] == "REDUCE_ONLY"
    assert listener.heard() == ["algo TRIGGERING", "algo REJECTED"]


def test_funding_and_liquidation_are_told() -> None:
    """Funding moves the wallet alone; a liquidation is an order that the account never placed."""
    exchange = made(leverage=100)
    client = Client(Rest(exchange, setups.keys(2)))
    client.create(side="SELL", quantity="100")
    listener = Listener(client.rest)
    exchange.advance(at(RISE + 1))
    closing = listener.told[0]["o"]
    assert (closing["c"].partition("-")[0], closing["ot"]) == ("autoclose", "LIQUIDATION")
    assert listener.heard()[:2] == ["order CALCULATED FILLED", "account ORDER"]
    (trade,) = client.get("/fapi/v1/userTrades", symbol=SYMBOL, orderId=closing["i"])
    assert trade["side"] == "BUY"
    other = Client(client.rest, "key-2", "secret-2")
    other.create()
    exchange.advance(at(BARS))
    assert listener.heard() == []
    (paid,) = other.get("/fapi/v1/income", incomeType="FUNDING_FEE")
    assert float(paid["income"]) < 0


def test_funding_tells_no_position(client: Client, listener: Listener, exchange: Exchange) -> None:
    """What it has changed is the balance, by as much as it says."""
    client.create()
    listener.heard()
    exchange.advance(at(BARS))
    told = listener.told[0]["a"]
    assert (told["m"], told["P"], told["B"][0]["bc"]) == ("FUNDING_FEE", [], "-0.048")


def test_in_hedge_mode_only_the_leg_that_moved_is_told(client: Client, listener: Listener) -> None:
    """The other leg stays unsaid."""
    client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    client.create(positionSide="LONG")
    client.create(positionSide="SHORT", side="SELL", quantity="0.02")
    (leg,) = listener.told[-1]["a"]["P"]
    assert (leg["ps"], leg["pa"]) == ("SHORT", "-0.02")


def test_a_listen_key_lasts_an_hour(client: Client, listener: Listener) -> None:
    """It is one for an account, is extended, and ends with a word and then silence."""
    assert listener.ask("POST").body["listenKey"] == listener.key
    later = CLOCK_MS + LIFE_MS - 1
    assert listener.session.market(later) == []
    assert listener.ask("PUT", later).body["listenKey"] == listener.key
    assert listener.session.market(CLOCK_MS + LIFE_MS) == []
    (told,) = listener.session.market(later + LIFE_MS)
    assert (told["e"], told["listenKey"]) == ("listenKeyExpired", listener.key)
    assert listener.session.market(later + LIFE_MS) == []
    client.create()
    assert listener.told == []
    assert listener.ask("PUT", later + LIFE_MS).body["code"] == -1125
    assert listener.ask("POST", later + LIFE_MS).body["listenKey"] != listener.key


def test_a_closed_listen_key_is_over(client: Client, listener: Listener) -> None:
    """Nothing more is told to who has closed it, or never had one."""
    listener.ask("DELETE")
    (told,) = listener.session.market(CLOCK_MS)
    assert told["e"] == "listenKeyExpired"
    client.create()
    assert listener.told == []
    assert listener.ask("PUT").body["code"] == -1125


def market_stream(rest: Rest, *names: str) -> Any:
    """Return a stream that has subscribed to *names*."""
    session: Any = rest.stream("/market/ws/0", "", "conn-1")
    ask = {"method": "SUBSCRIBE", "params": list(names), "id": 7}
    assert session.receive(json.dumps(ask), CLOCK_MS) == [{"result": None, "id": 7}]
    return session


MOVING = (22, 43)


def test_a_snapshot_and_the_changes_after_it_agree(client: Client, exchange: Exchange) -> None:
    """Whenever the snapshot was taken, the numbers join and the book comes out right."""
    session = market_stream(client.rest, "btcusdt@depth@100ms")
    sides: list[dict[str, str]] = []
    number, book = 0, dict[str, Any]()
    for turn in range(60):
        exchange.advance(exchange.now_ns + MINUTE_MS * MILLI_NS // 3)
        if turn in MOVING:  # somebody looks while the price moves, and between two looks of ours
            book = client.get("/fapi/v1/depth", symbol=SYMBOL, limit=1_000)
        if turn == MOVING[0]:
            number, sides = book["lastUpdateId"], [dict(book["bids"]), dict(book["asks"])]
        exchange.advance(exchange.now_ns + MINUTE_MS * MILLI_NS // 7)
        for told in session.market(CLOCK_MS):
            if not sides or told["u"] < number:
                continue
            assert told["U"] <= number or told["pu"] == number, "a gap"
            number = told["u"]
            for levels, name in zip(sides, ("b", "a"), strict=True):
                levels |= dict(told[name])
    shown = [client.rest.markets.public.levels(0, side) for side in figures.book(exchange, 0, 200)]
    assert [{p: q for p, q in side.items() if q != "0"} for side in sides] == [
        dict(side) for side in shown
    ]
    assert exchange.market.price(0) < 510_000


def test_a_stream_tells_what_it_was_asked_for(client: Client, exchange: Exchange) -> None:
    """A trade, a candle that ends, the best prices; what is not there stays silent."""
    names = ("btcusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@bookTicker", "nope@trade", "x")
    session = market_stream(client.rest, *names)
    began = {each["e"] for each in session.market(CLOCK_MS)}
    assert began == {"kline", "bookTicker"}, "how things stand, but no trade of before"
    exchange.advance(at(12))
    told = session.market(CLOCK_MS)
    kinds = [each["e"] for each in told]
    assert sorted(set(kinds)) == ["aggTrade", "kline"], "the price stands still"
    ended = [each["k"] for each in told if each["e"] == "kline" and each["k"]["x"]]
    assert [each["t"] for each in ended] == [at(11) // MILLI_NS]
    volume = sum(float(each["q"]) for each in told if each["e"] == "aggTrade")
    assert volume == 45 + 60 + 15, "the rest of a candle, a whole one, the begin of a third"
    ask = json.dumps({"method": "UNSUBSCRIBE", "params": list(names), "id": 8})
    session.receive(ask, CLOCK_MS)
    exchange.advance(at(RISE + 1))
    assert session.market(CLOCK_MS) == []


def test_a_combined_stream_names_each_message(client: Client) -> None:
    """Its address may ask, and all symbols come in one message."""
    session: Any = client.rest.stream("/stream", "streams=!miniTicker@arr/btcusdt@markPrice", "c")
    told = session.market(CLOCK_MS)
    assert [each["stream"] for each in told] == ["!miniTicker@arr", "btcusdt@markPrice"]
    assert [row["s"] for row in told[0]["data"]] == [SYMBOL]
    assert told[1]["data"]["p"] == "50000"
    assert client.rest.stream("/v5/private", "", "c") is None


@pytest.mark.parametrize("path", ["/ws", "/ws-fapi/v1"])
@pytest.mark.parametrize("text", ["", "[]", "{", '{"method": "SING"}', '{"params": 5}'])
def test_no_message_breaks_a_stream(client: Client, path: str, text: str) -> None:
    """What is not understood is answered with an error."""
    session: Any = client.rest.stream(path, "", "c")
    (told,) = session.receive(text, CLOCK_MS)
    assert "error" in told
    assert session.market(CLOCK_MS) == []


def test_a_command_over_a_stream_is_signed_in_alphabetical_order(client: Client) -> None:
    """It is answered as over HTTP, under the number that it bears."""
    session: Any = client.rest.stream("/ws-fapi/v1", "", "c")
    fields = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    fields |= {"apiKey": "key-1", "timestamp": str(CLOCK_MS)}
    said = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    answers = list[Any]()
    for secret in ("secret-1", "wrong"):
        params = fields | {"signature": sign(secret, said)}
        asked = json.dumps({"id": "x", "method": "order.place", "params": params})
        answers += session.receive(asked, CLOCK_MS)
    assert [(each["id"], each["status"]) for each in answers] == [("x", 200), ("x", 400)]
    assert answers[1]["error"]["code"] == -1022
    assert len(client.get("/fapi/v1/userTrades", symbol=SYMBOL)) == 1


# --- Anything ------------------------------------------------------------------------------------

ROUTES = (
    ("GET", "/fapi/v1/klines"),
    ("GET", "/fapi/v1/aggTrades"),
    ("GET", "/fapi/v1/depth"),
    ("GET", "/fapi/v1/fundingRate"),
    ("GET", "/fapi/v1/allOrders"),
    ("GET", "/fapi/v1/userTrades"),
    ("GET", "/fapi/v1/income"),
    ("GET", "/fapi/v1/forceOrders"),
    ("GET", "/fapi/v1/allAlgoOrders"),
    ("GET", "/fapi/v2/account"),
    ("POST", ORDER),
    ("PUT", ORDER),
    ("DELETE", ORDER),
    ("POST", ALGO),
    ("DELETE", ALGO),
    ("POST", "/fapi/v1/batchOrders"),
    ("DELETE", "/fapi/v1/batchOrders"),
    ("POST", "/fapi/v1/leverage"),
    ("POST", "/fapi/v1/marginType"),
    ("POST", "/fapi/v1/positionSide/dual"),
)
FIELDS = {
    "symbol": SYMBOL,
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "0.01",
    "price": "49000",
    "timeInForce": "GTC",
    "newClientOrderId": "mine",
    "algoType": "CONDITIONAL",
    "triggerPrice": "49500",
    "orderId": "1000000001",
    "algoId": "2000001000000001",
    "interval": "1m",
}
NAMES = (
    *FIELDS,
    "positionSide",
    "reduceOnly",
    "batchOrders",
    "orderIdList",
    "leverage",
    "marginType",
    "dualSidePosition",
    "closePosition",
    "callbackRate",
    "activatePrice",
    "limit",
    "fromId",
    "startTime",
    "endTime",
)
VALUES = (
    "",
    "0",
    "1",
    "-1",
    "1e5",
    "x",
    "²",
    "9" * 30,
    "true",
    "SELL",
    "LONG",
    "MARKET",
    "STOP_MARKET",
    "TRAILING_STOP_MARKET",
    "ISOLATED",
    "GTX",
    "[]",
    "[1]",
    "{}",
    '[{"symbol": "BTCUSDT"}]',
    '["mine", 5]',
)


@given(requests(ROUTES, NAMES, VALUES))
def test_no_request_breaks_the_exchange(asked: list[Any]) -> None:
    """Whatever a client sends is answered or refused, and the books stay right."""
    exchange = made()
    client = Client(Rest(exchange, setups.keys(2)))
    for (method, path), changes in asked:
        answer = client.ask(method, path, **(FIELDS | changes))
        assert answer.status in {200, 400, 429}
        json.dumps(answer.body)
        exchange.advance(exchange.now_ns + 7 * MINUTE_MS * MILLI_NS)
    for trader in exchange.traders.values():
        trader.venue.reconcile()


# --- Recorded traffic ----------------------------------------------------------------------------


def test_recorded_requests_are_understood(shared: Path) -> None:
    """What the client library sends is read: no order is refused for the way it is written."""
    taken = 0
    for case in vectors(shared, "binanceusdm", "request")["createOrder"]:
        fields: dict[str, Any] = dict(parse_qsl(case["output"]))
        for name in ("timestamp", "signature", "recvWindow"):
            del fields[name]
        mode = "hedge" if "positionSide" in fields else "one_way"
        client = Client(Rest(made(mode=mode), setups.keys(2)))
        told = client.ask("POST", case["url"].partition(".com")[2], **fields).body
        assert told.get("code") in {None, -2022}, (case["description"], told)
        taken += "code" not in told
    assert taken >= 20


def test_answers_have_the_recorded_fields(client: Client, shared: Path) -> None:
    """A row of ours has every field that a recorded row has, of the same kind."""
    client.limit()
    ours: dict[str, Any] = {
        "createOrder": client.create(newOrderRespType="RESULT"),
        "fetchPositions": client.get("/fapi/v3/positionRisk"),
        "fetchOpenOrders": client.get("/fapi/v1/openOrders"),
        "fetchMyTrades": client.get("/fapi/v1/userTrades", symbol=SYMBOL),
        "fetchBalance": client.get("/fapi/v3/account"),
    }
    recorded = vectors(shared, "binanceusdm", "response")
    for method, answer in ours.items():
        for case in recorded[method]:
            for row, mine in _rows(case["httpResponse"], answer):
                if "code" in row:
                    continue
                kinds = {name: type(value) for name, value in row.items()}
                assert kinds.items() <= {n: type(v) for n, v in mine.items()}.items(), method


def _rows(recorded: Any, ours: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pair the rows of two answers; ours has at least one."""
    if isinstance(recorded, list):
        return [(row, ours[0]) for row in recorded]
    nested = [(recorded["assets"][0], ours["assets"][0])] if "assets" in recorded else []
    return [(recorded, ours), *nested]


def test_a_triggered_order_of_the_core_is_what_the_words_say(
    client: Client, exchange: Exchange
) -> None:
    """The ledger names what the core has, and nothing else."""
    client.stop()
    client.limit()
    (trader, _), ledgers = exchange.traders.values(), client.rest.private.ledgers
    waiting, resting = trader.orders.values()
    assert isinstance(waiting, Order)
    ledger = ledgers[trader.name]
    assert (ledger.order_id(waiting), ledger.algo_id(resting)) == (0, 0)
    assert ledger.algo_number(str(ledger.algo_id(waiting))) == waiting.number
    assert ledger.order_number(str(ledger.order_id(resting))) == resting.number
