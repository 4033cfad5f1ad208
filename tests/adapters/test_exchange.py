"""The exchange without a network: its market, its accounts, and the dialect's requests."""
# ruff: noqa: ANN401, S106, S107  # what is JSON has no types, and the secrets are none

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange import figures
from adapters.exchange import setup as setups
from adapters.exchange.bybit.rest import Rest
from adapters.exchange.bybit.ws import Session
from adapters.exchange.core import Exchange
from adapters.exchange.limits import Allowance, Limits
from adapters.exchange.records import Execution, Moved, Order, Status
from adapters.exchange.signing import sign
from adapters.exchange.wire import Answer, Request
from machines.messages import Wanted
from simulator.candles import Candles
from spec.terms import OrderType, PositionMode, Reason, Side
from spec.units import MILLI_NS

MINUTE_MS = 60_000
START_MS = 1_735_689_600_000
CLOCK_MS = 1_800_000_000_000
RISE, FALL, BARS = 20, 30, 600  # the bars in which the price goes to 51,000, then to 48,000
SYMBOL = "BTCUSDT"


def market(symbol: str = SYMBOL) -> Candles:
    """Return candles at 50,000.0 that rise, stay and fall."""
    close = np.full(BARS, 500_000, np.int64)
    close[RISE:], close[FALL:] = 510_000, 480_000
    first = np.concatenate([close[:1], close[:-1]])
    return Candles(
        symbol=symbol,
        venue="test",
        start_ms=START_MS,
        step_ms=MINUTE_MS,
        price_dp=1,
        volume_dp=3,
        open=first,
        high=np.maximum(first, close),
        low=np.minimum(first, close),
        close=close,
        volume=np.full(BARS, 60_000, np.int64),
    )


def made(*, bar: int = 10, **chosen: Any) -> Exchange:
    """Return an exchange with two accounts at the beginning of *bar*."""
    setup = setups.Setup(**({"accounts": 2, "slippage_ticks": 0} | chosen))
    return setups.exchange([market()], setup, at(bar))


def at(bar: int) -> int:
    """Return when *bar* begins, Unix ns."""
    return (START_MS + bar * MINUTE_MS) * MILLI_NS


def limit(side: Side, qty: int, price: int, **more: Any) -> Wanted:
    """Return a limit order in lots of 0.001 and ticks of 0.1."""
    return Wanted(
        key=0, kind=0, side=side, qty=qty, type=OrderType.LIMIT, price_ticks=price, **more
    )


class Client:
    """Signs requests as the documentation says, and asks *rest* without a network."""

    def __init__(self, rest: Rest, key: str = "key-1", secret: str = "secret-1") -> None:
        self.rest, self.key, self.secret = rest, key, secret
        self.clock_ms = CLOCK_MS

    def get(self, path: str, **query: object) -> Answer:
        """Ask with GET."""
        return self._ask("GET", path, urlencode(query), "")

    def post(self, path: str, **body: object) -> Answer:
        """Ask with POST."""
        return self._ask("POST", path, "", json.dumps({"category": "linear"} | body))

    def create(self, **body: object) -> dict[str, Any]:
        """Place a market order to buy 0.01, or what *body* says instead."""
        usual = {"symbol": SYMBOL, "side": "Buy", "orderType": "Market", "qty": "0.01"}
        answer: dict[str, Any] = self.post("/v5/order/create", **(usual | body)).body
        return answer

    def rows(self, path: str, **query: object) -> list[dict[str, Any]]:
        """Return the list that is answered to GET."""
        answer: Any = self.get(path, **({"category": "linear", "symbol": SYMBOL} | query)).body
        assert answer["retCode"] == 0, answer
        rows: list[dict[str, Any]] = answer["result"]["list"]
        return rows

    def _ask(self, method: str, path: str, query: str, body: str) -> Answer:
        stamp, window = str(self.clock_ms), "5000"
        headers = {
            "X-BAPI-API-KEY": self.key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": window,
            "X-BAPI-SIGN": sign(self.secret, stamp + self.key + window + (query or body)),
        }
        return self.rest.answer(
            Request(
                method=method,
                path=path,
                query=query,
                headers=headers,
                body=body,
                clock_ms=CLOCK_MS,
            )
        )


@pytest.fixture
def exchange() -> Exchange:
    """Return an exchange."""
    return made()


@pytest.fixture
def client(exchange: Exchange) -> Client:
    """Return a client of the first account that no rate limit holds back."""
    return Client(Rest(exchange, setups.keys(2), Limits({})))


def stream(exchange: Exchange, path: str) -> Session:
    """Open a stream of *exchange*."""
    session = Rest(exchange, setups.keys(2)).stream(f"/v5/{path}", "", "1")
    assert isinstance(session, Session)
    return session


# --- The market ----------------------------------------------------------------------------------


def test_the_candle_under_way_shows_what_has_happened_so_far() -> None:
    """A candle that is not complete has no extreme, close or volume of its future."""
    exchange = made(bar=RISE)
    exchange.advance(at(RISE) + 30_000 * MILLI_NS)
    bar = exchange.market.bars(0, "1")[-1]
    assert (bar.open, bar.low, bar.high, bar.close) == (500_000, 500_000, bar.close, bar.close)
    assert 500_000 < bar.high < 510_000
    assert bar.volume == 30_000


def test_candles_are_grouped_to_any_interval() -> None:
    """A longer candle is that of its minutes, and no candle is shorter than the data's."""
    exchange = made(bar=RISE + 5)
    minutes, fives = (exchange.market.bars(0, each) for each in ("1", "5"))
    assert len(minutes) == RISE + 6
    assert fives[-2].high == max(bar.high for bar in minutes[RISE : RISE + 5])
    assert fives[-2].volume == 5 * 60_000
    assert exchange.market.bars(0, "M")[0].start_ms == START_MS
    with pytest.raises(ValueError, match="interval 0"):
        exchange.market.bars(0, "0")


def test_orders_of_every_account_act_at_their_own_prices() -> None:
    """A long step ends where several short ones end."""
    ends = list[Any]()
    for step_ns in (30 * MINUTE_MS * MILLI_NS, 1_700 * MILLI_NS):
        exchange = made()
        one, two = exchange.traders.values()
        one.place(0, limit(Side.SELL, 10, 505_000), "", exchange.now_ns)
        two.place(0, limit(Side.BUY, 10, 490_000), "", exchange.now_ns)
        while exchange.now_ns < at(40):
            exchange.advance(min(exchange.now_ns + step_ns, at(40)))
        ends.append([one.executions, two.executions, one.account.cash])
    assert ends[0] == ends[1]
    fills = [(each.time_ns, each.price_ticks) for each in ends[0][0] + ends[0][1]]
    assert [price for _, price in fills] == [505_000, 490_000]
    assert at(RISE) < fills[0][0] < at(RISE + 1)
    assert at(FALL) < fills[1][0] < at(FALL + 1)


def test_the_tape_is_the_candles(exchange: Exchange) -> None:
    """Its trades add up to each candle, have its extremes, and none is of the future."""
    seen = list[int]()
    while exchange.now_ns < at(FALL + 2):
        last = exchange.market.last_print(0)
        prints = exchange.market.prints(0, len(seen) + 1, last)
        assert all(each.time_ms * MILLI_NS <= exchange.now_ns for each in prints)
        seen += [each.number for each in prints]
        exchange.advance(exchange.now_ns + 17_000 * MILLI_NS)
    assert seen == list(range(1, len(seen) + 1))
    fall = exchange.market.prints(0, 4 * FALL + 1, 4 * FALL + 4)
    assert [each.price for each in fall] == [510_000, 510_000, 480_000, 480_000]
    assert [each.side.name for each in fall] == ["BUY", "BUY", "SELL", "BUY"]
    assert sum(each.volume for each in fall) == 60_000
    first = exchange.market.print_at(0, at(FALL) // MILLI_NS)
    assert (first, exchange.market.print_at(0, at(FALL) // MILLI_NS + 1)) == (121, 122)


# --- Accounts ------------------------------------------------------------------------------------


def test_an_amended_price_keeps_number_and_fills(exchange: Exchange) -> None:
    """What an order filled before its price was amended still counts after it."""
    exchange = made(liquidity_lots=4, refill_ms=3_600_000)
    trader, _ = exchange.traders.values()
    order = trader.place(0, limit(Side.BUY, 10, 500_000), "a", exchange.now_ns)
    assert isinstance(order, Order)
    before = trader.orders[order.number]
    assert (before.cum_qty, before.status) == (4, Status.PARTIALLY_FILLED)
    wanted = limit(Side.BUY, 12, 490_000)
    assert trader.amend(order.number, wanted, exchange.now_ns) is Reason.NONE
    resting = trader.orders[order.number]
    assert (resting.cum_qty, resting.leaves_qty) == (4, 8)
    exchange.advance(at(40))
    done = trader.orders[order.number]
    assert (done.status, done.cum_qty) == (Status.FILLED, 12)
    assert done.notional == 4 * 500_000 + 8 * 490_000
    assert done.fee == sum(each.fee for each in trader.executions)


def test_a_refused_amendment_leaves_the_order_as_it_was(exchange: Exchange) -> None:
    """An order survives an amendment that the account cannot pay for."""
    trader, _ = exchange.traders.values()
    order = trader.place(0, limit(Side.BUY, 10, 490_000), "", exchange.now_ns)
    assert isinstance(order, Order)
    for qty, price in ((10**7, 490_000), (10**7, 480_000)):
        wanted = limit(Side.BUY, qty, price)
        assert trader.amend(order.number, wanted, exchange.now_ns) is Reason.MARGIN
    kept = trader.orders[order.number]
    assert (kept.working, kept.wanted) == (True, order.wanted)
    assert len(trader.venue.open_orders(0)) == 1


def test_an_amended_order_is_never_told_to_be_cancelled(exchange: Exchange) -> None:
    """What happens at the venue meanwhile is nobody's business."""
    trader, _ = exchange.traders.values()
    order = trader.place(0, limit(Side.BUY, 10, 490_000), "", exchange.now_ns)
    assert isinstance(order, Order)
    heard = list[Any]()
    trader.listeners.append(lambda _, notices: heard.extend(notices))
    for qty, price in ((10, 491_000), (20, 491_000)):
        trader.amend(order.number, limit(Side.BUY, qty, price), exchange.now_ns)
    assert [(each.status, each.wanted.qty) for each in heard] == [
        (Status.NEW, 10),
        (Status.NEW, 20),
    ]


def test_symbols_share_an_account() -> None:
    """Each symbol has its orders and its position; the money is one."""
    markets = [market(), market("ETHUSDT")]
    exchange = setups.exchange(markets, setups.Setup(slippage_ticks=0), at(10))
    client = Client(Rest(exchange, setups.keys(1)))
    told = client.create(orderType="Limit", price="49000")["result"]["orderId"]
    assert client.create(symbol="ETHUSDT", side="Sell")["retCode"] == 0
    refused = client.post("/v5/order/cancel", symbol="ETHUSDT", orderId=told)
    assert refused.body["retCode"] == 110001
    assert client.rows("/v5/order/realtime", symbol="ETHUSDT") == []
    (row,) = client.rows("/v5/position/list", symbol="", settleCoin="USDT")
    assert (row["symbol"], row["side"]) == ("ETHUSDT", "Sell")
    exchange.advance(at(40))
    assert [each["execPrice"] for each in client.rows("/v5/execution/list")] == ["49000"]


def test_listeners_are_told_each_state_in_order(exchange: Exchange) -> None:
    """An order that fills at once was new first; then come its execution and the position."""
    heard = list[Any]()
    trader, other = exchange.traders.values()
    trader.listeners.append(lambda _, notices: heard.extend(notices))
    trader.place(0, Wanted(key=0, kind=0, side=Side.BUY, qty=10), "", exchange.now_ns)
    assert [type(each) for each in heard] == [Order, Order, Execution, Moved]
    assert [each.status for each in heard[:2]] == [Status.NEW, Status.FILLED]
    assert not other.orders


def test_executions_add_up_to_the_cash(exchange: Exchange) -> None:
    """What executions have cost and brought is all that has happened to the cash."""
    trader, _ = exchange.traders.values()
    for side, qty in ((Side.BUY, 10), (Side.SELL, 25), (Side.BUY, 5)):
        trader.place(0, Wanted(key=0, kind=0, side=side, qty=qty), "", exchange.now_ns)
        exchange.advance(exchange.now_ns + 10 * MINUTE_MS * MILLI_NS)
    moved = sum(each.profit - each.fee for each in trader.executions)
    assert trader.account.cash == trader.account.deposit + moved
    assert [each.closed_qty for each in trader.executions] == [0, 10, 5]
    trader.venue.reconcile()


def test_a_liquidation_is_an_execution_of_no_order() -> None:
    """What the venue closes by itself is told too."""
    exchange = made(leverage=100, bar=25)
    trader, _ = exchange.traders.values()
    wanted = Wanted(key=0, kind=0, side=Side.BUY, qty=100_000)
    assert isinstance(trader.place(0, wanted, "", exchange.now_ns), Order)
    exchange.advance(at(40))
    last = trader.executions[-1]
    assert (last.order, last.type.name, last.closed_qty) == (None, "LIQUIDATION", 100_000)


def test_funding_is_paid_every_eight_hours(exchange: Exchange) -> None:
    """A long position pays where the rate is positive, once each time."""
    trader, _ = exchange.traders.values()
    trader.place(0, Wanted(key=0, kind=0, side=Side.BUY, qty=1_000), "", exchange.now_ns)
    exchange.advance(at(BARS))
    assert [each.time_ns for each in exchange.fundings] == [at(480)]
    paid = trader.executions[-1]
    assert (paid.type.name, paid.fee) == ("FUNDING", 480_000_000), "100 ppm of 48,000"


# --- Requests ------------------------------------------------------------------------------------


def test_only_the_owner_of_a_key_is_answered(client: Client) -> None:
    """A wrong secret, an unknown key and an old request are refused with their own codes."""
    path = "/v5/account/wallet-balance"
    assert client.get(path).body["retCode"] == 0
    assert Client(client.rest, secret="wrong").get(path).body["retCode"] == 10004
    assert Client(client.rest, key="nobody").get(path).body["retCode"] == 10003
    for late_ms in (5_001, -1_000):
        client.clock_ms = CLOCK_MS - late_ms
        assert client.get(path).body["retCode"] == 10002
    client.clock_ms = client.rest.now_ms
    assert client.get(path).body["retCode"] == 0, "the time at the exchange is recent too"


def test_the_eleventh_order_of_a_second_is_refused(exchange: Exchange) -> None:
    """The limit is of an account and an endpoint; the headers say what is left of it."""
    rest = Rest(exchange, setups.keys(2))
    client, other = Client(rest), Client(rest, "key-2", "secret-2")
    left = [client.post("/v5/order/create").headers["X-Bapi-Limit-Status"] for _ in range(10)]
    assert left == [str(each) for each in range(9, -1, -1)]
    refused = client.post("/v5/order/create")
    assert (refused.status, refused.body["retCode"]) == (200, 10006)
    assert refused.headers["X-Bapi-Limit-Reset-Timestamp"] == str(CLOCK_MS + 1_000)
    assert rest.limits.take("account-1", "/v5/order/create", CLOCK_MS + 999) == Allowance(
        10, 0, CLOCK_MS + 1_000, exceeded=True
    )
    again = rest.limits.take("account-1", "/v5/order/create", CLOCK_MS + 1_000)
    assert again == Allowance(10, 9, CLOCK_MS + 1_000, exceeded=False)
    assert other.post("/v5/order/create").body["retCode"] != 10006
    assert client.get("/v5/account/wallet-balance").body["retCode"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"symbol": "NOPE"}, 10001),
        ({"category": "spot"}, 10001),
        ({"qty": "0.0101234"}, 10001),
        ({"qty": "0"}, 10001),
        ({"side": "buy"}, 10001),
        ({"orderType": "Limit"}, 10001),
        ({"orderType": "Limit", "price": "50000.05"}, 10001),
        ({"positionIdx": 1}, 10001),
        ({"triggerPrice": "51000"}, 10001),
        ({"takeProfit": "49000"}, 10001),
        ({"orderLinkId": "x" * 37}, 10001),
        ({"qty": "1000"}, 110007),
        ({"reduceOnly": True}, 110017),
        ({"orderType": "Limit", "price": "100"}, 110094),
        ({"triggerPrice": "49000", "triggerDirection": 1}, 110092),
        ({"triggerPrice": "51000", "triggerDirection": 2}, 110093),
    ],
)
def test_a_refused_order_leaves_nothing(client: Client, body: dict[str, Any], code: int) -> None:
    """Each refusal has its documented code, and the order never was."""
    assert client.create(**body)["retCode"] == code
    assert client.rows("/v5/order/history") == client.rows("/v5/order/realtime") == []


def test_a_link_is_used_once(client: Client) -> None:
    """A link that an order has had is a duplicate; one of a refused order is not."""
    assert client.create(orderLinkId="a", qty="1000")["retCode"] == 110007
    assert client.create(orderLinkId="a")["retCode"] == 0
    assert client.create(orderLinkId="a")["retCode"] == 110072


def test_a_post_only_order_that_would_take_is_cancelled_by_event(client: Client) -> None:
    """It is acknowledged, and closed without a fill."""
    told = client.create(orderType="Limit", price="50000", timeInForce="PostOnly")
    assert told["retCode"] == 0
    (row,) = client.rows("/v5/order/history", orderId=told["result"]["orderId"])
    assert (row["orderStatus"], row["rejectReason"], row["cumExecQty"]) == (
        "Cancelled",
        "EC_PostOnlyWillTakeLiquidity",
        "0",
    )


def test_a_stop_has_one_id_for_life(client: Client, exchange: Exchange) -> None:
    """It waits untriggered, is triggered by the price, and fills under the same id."""
    told = client.create(triggerPrice="50500", triggerDirection=1)["result"]["orderId"]
    (waiting,) = client.rows("/v5/order/realtime", orderFilter="StopOrder")
    assert (waiting["orderId"], waiting["orderStatus"]) == (told, "Untriggered")
    assert client.rows("/v5/order/realtime", orderFilter="Order") == []
    exchange.advance(at(RISE + 1))
    (done,) = client.rows("/v5/order/history")
    assert (done["orderId"], done["orderStatus"], done["avgPrice"]) == (told, "Filled", "50500")


def test_a_stop_that_is_cancelled_before_its_trigger_is_deactivated(client: Client) -> None:
    """It was never active."""
    told = client.create(triggerPrice="50500", triggerDirection=1)["result"]["orderId"]
    client.post("/v5/order/cancel", symbol=SYMBOL, orderId=told)
    assert client.rows("/v5/order/history")[0]["orderStatus"] == "Deactivated"


def test_leverage_is_lowered_only_where_margin_suffices(client: Client) -> None:
    """What is free is what neither position nor orders need."""
    client.create(qty="10")
    client.create(orderType="Limit", qty="1", price="49000")
    (wallet,) = client.rows("/v5/account/wallet-balance")
    coin = wallet["coin"][0]
    used = float(coin["totalPositionIM"]) + float(coin["totalOrderIM"])
    assert float(wallet["totalAvailableBalance"]) == float(coin["equity"]) - used
    assert used > 50_000 + 4_900
    codes = list[Any]()
    for leverage in ("5", "20", "10"):
        body = {"symbol": SYMBOL, "buyLeverage": leverage, "sellLeverage": leverage}
        codes.append(client.post("/v5/position/set-leverage", **body).body["retCode"])
    assert codes == [110006, 0, 0]


def test_a_triggered_limit_order_rests_as_new(client: Client, exchange: Exchange) -> None:
    """After its trigger a limit order waits in the book, and may be amended there."""
    body = {"orderType": "Limit", "price": "50200", "triggerPrice": "50500", "triggerDirection": 1}
    told = client.create(**body)["result"]["orderId"]
    exchange.advance(at(RISE + 1))
    (row,) = client.rows("/v5/order/realtime")
    assert row["orderStatus"] == "New"
    amend = {"symbol": SYMBOL, "orderId": told, "price": "50300"}
    assert client.post("/v5/order/amend", **amend).body["retCode"] == 0
    exchange.advance(at(40))
    (done,) = client.rows("/v5/order/history")
    assert (done["orderStatus"], done["avgPrice"]) == ("Filled", "50300")


@pytest.mark.parametrize(
    ("side", "direction", "bar"),
    [
        ("Buy", 1, RISE),
        ("Buy", 2, FALL),
        ("Sell", 1, RISE),
        ("Sell", 2, FALL),
    ],
)
def test_a_trigger_goes_off_in_its_direction(
    client: Client, exchange: Exchange, side: str, direction: int, bar: int
) -> None:
    """Either side may wait for a price above or below."""
    trigger_price = "50500" if bar == RISE else "49000"
    body = {"side": side, "triggerPrice": trigger_price, "triggerDirection": direction}
    client.create(**body)
    exchange.advance(at(40))
    (fill,) = client.rows("/v5/execution/list")
    assert fill["execPrice"] == trigger_price
    assert at(bar) < int(fill["execTime"]) * MILLI_NS < at(bar + 1)


def test_a_cancelled_partial_fill_is_cancelled() -> None:
    """In derivatives an order that is cancelled keeps its status and what it has filled."""
    exchange = made(liquidity_lots=4, refill_ms=3_600_000)
    client = Client(Rest(exchange, setups.keys(2)))
    told = client.create(orderType="Limit", price="50000")["result"]["orderId"]
    client.post("/v5/order/cancel", symbol=SYMBOL, orderId=told)
    (row,) = client.rows("/v5/order/history")
    assert (row["orderStatus"], row["cumExecQty"], row["leavesQty"]) == ("Cancelled", "0.004", "0")


def test_hedge_mode_has_a_row_for_each_leg(client: Client, exchange: Exchange) -> None:
    """Both legs are listed, flat or not, and the mode stays while anything is open."""
    switch = {"symbol": SYMBOL, "mode": 3}
    assert client.post("/v5/position/switch-mode", **switch).body["retCode"] == 0
    assert client.post("/v5/position/switch-mode", **switch).body["retCode"] == 110025
    assert client.create()["retCode"] == 10001
    assert client.create(positionIdx=1)["retCode"] == 0
    assert client.create(positionIdx=2, side="Sell", qty="0.02")["retCode"] == 0
    rows = client.rows("/v5/position/list")
    assert [(row["positionIdx"], row["side"], row["size"]) for row in rows] == [
        (1, "Buy", "0.01"),
        (2, "Sell", "0.02"),
    ]
    assert client.post("/v5/position/switch-mode", symbol=SYMBOL, mode=0).body["retCode"] == 110024
    assert exchange.traders["account-1"].account.mode is PositionMode.HEDGE


def test_other_paths_are_not_there(client: Client) -> None:
    """A path that is not imitated is not found, and neither is one of the other method."""
    for answer in (client.get("/v5/asset/transfer"), client.get("/v5/order/create")):
        assert (answer.status, answer.body["retCode"]) == (404, 10017)


@pytest.mark.parametrize("interval", ["", "7x", "99999999999999999999", "0"])
def test_an_unknown_interval_is_refused(client: Client, interval: str) -> None:
    """No text that a client sends as an interval breaks the exchange."""
    query = {"category": "linear", "symbol": SYMBOL, "interval": interval}
    assert client.get("/v5/market/kline", **query).body["retCode"] == 10001


ROUTES = (
    ("GET", "/v5/market/kline"),
    ("GET", "/v5/order/history"),
    ("GET", "/v5/execution/list"),
    ("GET", "/v5/position/list"),
    ("GET", "/v5/position/closed-pnl"),
    ("GET", "/v5/account/transaction-log"),
    ("POST", "/v5/order/create"),
    ("POST", "/v5/order/create-batch"),
    ("POST", "/v5/order/amend"),
    ("POST", "/v5/order/cancel-all"),
    ("POST", "/v5/position/trading-stop"),
    ("POST", "/v5/position/set-leverage"),
    ("POST", "/v5/position/switch-mode"),
)
ORDER = {
    "category": "linear",
    "symbol": SYMBOL,
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "49000",
    "orderLinkId": "mine",
}
FIELDS = (
    *ORDER,
    "positionIdx",
    "triggerPrice",
    "triggerDirection",
    "takeProfit",
    "stopLoss",
    "trailingStop",
    "activePrice",
    "tpslMode",
    "slSize",
    "slLimitPrice",
    "request",
    "mode",
    "buyLeverage",
    "limit",
    "cursor",
    "interval",
    "start",
    "startTime",
)
VALUES: tuple[Any, ...] = (
    "",
    "0",
    "1",
    "-1",
    "1e5",
    "x",
    "²",
    "9" * 30,
    "Market",
    "Sell",
    "Partial",
    "48500",
    "50500",
    "100000",
    None,
    True,
    2,
    0.5,
    [],
    {},
    [1],
    [ORDER],
)


def requests(
    routes: Sequence[tuple[str, str]], names: Sequence[str], values: Sequence[object]
) -> st.SearchStrategy[list[Any]]:
    """Return lists of ((method, path), fields), each field with any of *values*."""
    fields = st.dictionaries(st.sampled_from(names), st.sampled_from(values), max_size=3)
    return st.lists(st.tuples(st.sampled_from(routes), fields), max_size=20)


@given(requests(ROUTES, FIELDS, VALUES))
def test_no_request_breaks_the_exchange(asked: list[Any]) -> None:
    """Whatever a client sends is answered or refused, and the books stay right."""
    exchange = made()
    client = Client(Rest(exchange, setups.keys(2), Limits({})))
    for (method, path), changes in asked:
        ask = client.get if method == "GET" else client.post
        assert ask(path, **(ORDER | changes)).status == 200
        exchange.advance(exchange.now_ns + 7 * MINUTE_MS * MILLI_NS)
    for trader in exchange.traders.values():
        trader.venue.reconcile()


def test_pages_follow_one_another(client: Client) -> None:
    """A cursor leads through all orders, each once."""
    made_ = [client.create()["result"]["orderId"] for _ in range(5)]
    found, cursor = list[str](), "0"
    while cursor:
        query = {"category": "linear", "limit": 2, "cursor": cursor}
        answer: Any = client.get("/v5/order/history", **query).body["result"]
        found += [row["orderId"] for row in answer["list"]]
        cursor = answer["nextPageCursor"]
    assert found == made_[::-1]


# --- Streams -------------------------------------------------------------------------------------


def test_the_book_is_a_snapshot_then_changes(exchange: Exchange) -> None:
    """The changes, applied to the snapshot, give the book."""
    session = stream(exchange, "public/linear")
    subscribe = {"op": "subscribe", "args": [f"orderbook.50.{SYMBOL}"]}
    _, first = session.receive(json.dumps(subscribe), CLOCK_MS)
    assert first["type"] == "snapshot"
    sides: list[dict[str, str]] = [dict(first["data"][side]) for side in ("b", "a")]  # type: ignore[index]
    for _ in range(40):
        exchange.advance(exchange.now_ns + MINUTE_MS * MILLI_NS // 3)
        for message in session.market(CLOCK_MS):
            assert message["type"] == "delta"
            for levels, side in zip(sides, ("b", "a"), strict=True):
                for price, size in message["data"][side]:  # type: ignore[index]
                    levels.pop(price, None)
                    if size != "0":
                        levels[price] = size
    shown = [session._shows.levels(0, side) for side in figures.book(exchange, 0, 50)]
    assert sides == [dict(side) for side in shown]
    assert exchange.market.price(0) == 510_000


def test_a_candle_is_confirmed_once_it_is_complete(exchange: Exchange) -> None:
    """The stream shows the candle of now, the whole one at its end, and rests with the data."""
    session = stream(exchange, "public/linear")
    subscribe = {"op": "subscribe", "args": [f"kline.1.{SYMBOL}"]}
    told = session.receive(json.dumps(subscribe), CLOCK_MS)[1:]
    for bar in (11, BARS - 1, BARS, BARS + 10):
        exchange.advance(at(bar))
        told += session.market(CLOCK_MS)
    seen: list[Any] = [each["data"][0] for each in told]  # type: ignore[index]
    minutes = [(each["start"] - START_MS) // MINUTE_MS for each in seen]
    assert minutes == [10, 10, 11, BARS - 2, BARS - 1, BARS - 1]
    assert [each["confirm"] for each in seen] == [False, True, False, True, False, False]


def test_a_stream_tells_nothing_before_it_is_signed(exchange: Exchange) -> None:
    """A private topic needs an account, and shows that account only."""
    session = stream(exchange, "private")
    subscribe = json.dumps({"op": "subscribe", "args": ["order", "execution"]})
    assert session.receive(subscribe, CLOCK_MS)[0]["success"] is False
    for secret, success in (("wrong", False), ("secret-1", True)):
        expires = str(CLOCK_MS + 1_000)
        args = ["key-1", expires, sign(secret, f"GET/realtime{expires}")]
        (told,) = session.receive(json.dumps({"op": "auth", "args": args}), CLOCK_MS)
        assert told["success"] is success
    assert session.receive(subscribe, CLOCK_MS)[0]["success"] is True
    one, two = exchange.traders.values()
    order = Order(number=1, link="", symbol=0, wanted=limit(Side.BUY, 1, 1))
    assert [each["topic"] for each in session.notify(one, (order,))] == ["order"]
    assert session.notify(two, (order,)) == []


def test_a_trade_is_told_once(exchange: Exchange) -> None:
    """A stream begins with the next one, and the request for recent ones has the same."""
    session = stream(exchange, "public/linear")
    subscribe = {"op": "subscribe", "args": [f"publicTrade.{SYMBOL}"]}
    assert len(session.receive(json.dumps(subscribe), CLOCK_MS)) == 1
    told = list[Any]()
    for bar in (11, 12, 12):
        exchange.advance(at(bar))
        told += [row for each in session.market(CLOCK_MS) for row in each["data"]]  # type: ignore[attr-defined]
    client = Client(Rest(exchange, setups.keys(2)))
    recent = client.rows("/v5/market/recent-trade", limit=8)
    assert [each["i"] for each in told] == [each["execId"] for each in reversed(recent)]
    assert [each["v"] for each in told] == ["15"] * 8


# --- Recorded traffic ----------------------------------------------------------------------------


def vectors(shared: Path, venue: str, kind: str) -> dict[str, list[dict[str, Any]]]:
    """Return recorded *kind* of the client for *venue* by method, or skip the test."""
    path = shared / f"oracle/ccxt/generated/{venue}.{kind}.json"
    if not path.is_file():
        pytest.skip(f"no recorded traffic at {path}")
    methods: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())["methods"]
    return methods


def test_recorded_requests_are_understood(shared: Path) -> None:
    """What the client library sends is read: no order is refused for the way it is written."""
    taken = 0
    for case in vectors(shared, "bybit", "request")["createOrder"]:
        body = json.loads(case["output"])
        mode = "hedge" if body.get("positionIdx") else "one_way"
        client = Client(Rest(made(mode=mode), setups.keys(2)))
        told = client.post("/v5/order/create", **body).body
        assert told["retCode"] in {0, 110017}, (case["description"], told)
        taken += told["retCode"] == 0
    assert taken >= 20


def test_answers_have_the_recorded_fields(client: Client, shared: Path) -> None:
    """A row of ours has every field that a recorded row has, of the same kind."""
    client.create(orderType="Limit", price="49000")
    client.create()
    ours = {
        "fetchPositions": client.rows("/v5/position/list"),
        "fetchOpenOrders": client.rows("/v5/order/realtime"),
        "fetchCanceledAndClosedOrders": client.rows("/v5/order/history"),
        "fetchMyTrades": client.rows("/v5/execution/list"),
        "fetchBalance": client.rows("/v5/account/wallet-balance"),
    }
    recorded = vectors(shared, "bybit", "response")
    for method, rows in ours.items():
        for case in recorded[method]:
            for row in case["httpResponse"]["result"]["list"]:
                kinds = {name: type(value) for name, value in row.items()}
                assert kinds.items() <= {n: type(v) for n, v in rows[0].items()}.items(), method
