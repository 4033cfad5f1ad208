"""How positions are left in the words of both venues: stops that follow, close all, or are tied."""

import json
from typing import Any

import pytest

from adapters.exchange import setup as setups
from adapters.exchange.binance.rest import Rest as BinanceRest
from adapters.exchange.bybit.rest import Rest as BybitRest
from adapters.exchange.core import Exchange
from adapters.exchange.limits import Limits
from adapters.exchange.records import Notice, Order
from adapters.exchange.signing import sign
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Dialect
from spec.units import SECOND_NS
from tests.adapters.test_exchange import CLOCK_MS, FALL, RISE, SYMBOL, at, made
from tests.adapters.test_exchange import Client as BybitClient
from tests.adapters.test_exchange_binance_words import Client as BinanceClient
from tests.adapters.test_exchange_binance_words import Listener

STOPS, ORDERS = "/v5/position/trading-stop", "/v5/order/realtime"


@pytest.fixture
def bybit() -> BybitClient:
    """Return a client of Bybit's words that no rate limit holds back."""
    return BybitClient(BybitRest(made(), setups.keys(2), Limits({})))


@pytest.fixture
def binance() -> BinanceClient:
    """Return a client of Binance's words."""
    return BinanceClient(BinanceRest(made(dialect="binance"), setups.keys(2)))


def went_on(dialect: Dialect, bar: int) -> Exchange:
    """Let the market go on to *bar*."""
    dialect.exchange.advance(at(bar))
    return dialect.exchange


def held(dialect: Dialect) -> int:
    """Return the lots that the first account is long, or short where they are negative."""
    pair = dialect.exchange.traders["account-1"].account.pairs[0]
    return pair.long.qty - pair.short.qty


def paid(dialect: Dialect) -> int:
    """Return the price in ticks of the last execution of the first account."""
    return dialect.exchange.traders["account-1"].executions[-1].price_ticks


# --- Binance -------------------------------------------------------------------------------------

CLOSE = {"closePosition": "true", "quantity": ""}


def test_a_stop_that_closes_the_position_closes_all_of_it(binance: BinanceClient) -> None:
    """It has no size until it fires, and then that of the position of then."""
    binance.create()
    waiting = binance.stop(**CLOSE)
    assert (waiting["quantity"], waiting["closePosition"], waiting["reduceOnly"]) == (
        "0",
        True,
        False,
    )
    binance.create(quantity="0.03")
    went_on(binance.rest, FALL + 1)
    assert held(binance.rest) == 0
    done = binance.get("/fapi/v1/allOrders", symbol=SYMBOL)[-1]
    assert (done["origQty"], done["status"], done["closePosition"]) == ("0.04", "FILLED", True)


def test_a_stop_that_finds_nothing_to_close_is_over(binance: BinanceClient) -> None:
    """It outlives the position, and is rejected when it fires."""
    binance.create()
    waiting = binance.stop(**CLOSE)["algoId"]
    binance.create(side="SELL")
    assert binance.get("/fapi/v1/algoOrder", algoId=waiting)["algoStatus"] == "NEW"
    went_on(binance.rest, FALL + 1)
    assert binance.get("/fapi/v1/algoOrder", algoId=waiting)["algoStatus"] == "REJECTED"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"closePosition": "true"}, -4137),
        (CLOSE | {"reduceOnly": "true"}, -1106),
        (CLOSE | {"type": "STOP", "price": "49000", "timeInForce": "GTC"}, -4136),
        (CLOSE | {"type": "TRAILING_STOP_MARKET", "callbackRate": "1"}, -4136),
        ({"type": "TRAILING_STOP_MARKET"}, -1102),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "10.1"}, -1130),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "1", "activatePrice": "50000"}, -2021),
    ],
)
def test_what_cannot_close_or_follow_is_refused(
    binance: BinanceClient, fields: dict[str, Any], code: int
) -> None:
    """Each refusal has its documented code, and the order never was."""
    binance.create()
    assert binance.stop(**fields)["code"] == code
    assert binance.get("/fapi/v1/allAlgoOrders", symbol=SYMBOL) == []


def test_a_leg_is_closed_from_its_own_side(binance: BinanceClient) -> None:
    """In hedge mode a buy cannot close a long leg."""
    binance.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    binance.create(positionSide="LONG")
    leg = CLOSE | {"positionSide": "LONG"}
    assert binance.stop(**(leg | {"side": "BUY", "triggerPrice": "51000"}))["code"] == -4136
    binance.stop(**leg)
    went_on(binance.rest, FALL + 1)
    assert held(binance.rest) == 0


@pytest.mark.parametrize(("start", "trigger"), [("", 504_895), ("50800", 504_890)])
def test_a_trailing_stop_follows_by_its_callback_rate(
    binance: BinanceClient, start: str, trigger: int
) -> None:
    """It fires a percent below the highest price, to a hundredth of that, once it has begun."""
    binance.create()
    fields = {"type": "TRAILING_STOP_MARKET", "callbackRate": "1", "activatePrice": start}
    waiting = binance.stop(**fields)
    before = "0" if start else "49500"
    assert (waiting["callbackRate"], waiting["triggerPrice"]) == ("1", before)
    went_on(binance.rest, RISE + 1)
    (risen,) = binance.get("/fapi/v1/openAlgoOrders", symbol=SYMBOL)
    assert float(risen["triggerPrice"]) == trigger / 10
    went_on(binance.rest, FALL + 1)
    assert (held(binance.rest), paid(binance.rest)) == (0, trigger)


def test_margin_is_added_to_an_isolated_position_and_taken(binance: BinanceClient) -> None:
    """The stream tells of it, a list keeps it, and each refusal has its documented code."""

    def shift(kind: int, amount: str, **more: str) -> int:
        fields = {"symbol": SYMBOL, "type": kind, "amount": amount}
        told: Any = binance.ask("POST", "/fapi/v1/positionMargin", **fields, **more).body
        code: int = told["code"]
        return code

    assert shift(1, "10") == -4049
    binance.ask("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    assert shift(1, "10") == -4054
    binance.create()
    listener = Listener(binance.rest)
    assert [shift(1, "10"), shift(2, "4.5"), shift(1, "1000000"), shift(2, "6")] == [
        200,
        200,
        -4050,
        -4051,
    ]
    assert [shift(1, "x"), shift(3, "1"), shift(1, "1", positionSide="LONG")] == [
        -1102,
        -1102,
        -4061,
    ]
    assert [(each["a"]["m"], each["a"]["P"][0]["iw"]) for each in listener.told] == [
        ("MARGIN_TRANSFER", "60"),
        ("MARGIN_TRANSFER", "55.5"),
    ]
    kept = binance.get("/fapi/v1/positionMargin/history", symbol=SYMBOL)
    assert [(each["type"], each["amount"]) for each in kept] == [(1, "10"), (2, "4.5")]
    taken = binance.get("/fapi/v1/positionMargin/history", symbol=SYMBOL, type=2)
    assert taken == kept[1:]


def test_the_stream_tells_of_a_new_leverage(binance: BinanceClient) -> None:
    """It is told for each symbol, once it has changed."""
    listener = Listener(binance.rest)
    binance.ask("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7)
    assert [(each["e"], each["ac"]) for each in listener.told] == [
        ("ACCOUNT_CONFIG_UPDATE", {"s": SYMBOL, "l": 7})
    ]


# --- Bybit ---------------------------------------------------------------------------------------


def position(bybit: BybitClient) -> tuple[str, str, str]:
    """Return take profit, stop loss and trailing stop of the position."""
    (row,) = bybit.rows("/v5/position/list")
    return row["takeProfit"], row["stopLoss"], row["trailingStop"]


def exits(bybit: BybitClient) -> dict[str, str]:
    """Return the triggers of the exits that wait."""
    return {each["stopOrderType"]: each["triggerPrice"] for each in bybit.rows(ORDERS)}


def leave(bybit: BybitClient, **fields: str) -> int:
    """Set exits, and return the code of the answer."""
    answer: Any = bybit.post(STOPS, symbol=SYMBOL, **fields).body
    code: int = answer["retCode"]
    return code


def test_an_order_brings_the_exits_of_the_position_that_it_opens(bybit: BybitClient) -> None:
    """They wait once it has filled, close all that is held by then, and end together."""
    placed = bybit.create(orderType="Limit", price="49900", takeProfit="50600", stopLoss="49000")
    (resting,) = bybit.rows(ORDERS)
    assert (resting["takeProfit"], resting["stopLoss"], resting["tpslMode"]) == (
        "50600",
        "49000",
        "Full",
    )
    assert placed["retCode"] == 0
    bybit.create(qty="0.02")
    assert position(bybit) == ("", "", "0"), "what is bought meanwhile has no exits"
    bybit.post("/v5/order/amend", symbol=SYMBOL, orderId=resting["orderId"], price="50000")
    assert position(bybit) == ("50600", "49000", "0")
    assert exits(bybit) == {"TakeProfit": "50600", "StopLoss": "49000"}
    assert {each["qty"] for each in bybit.rows(ORDERS)} == {"0.03"}
    went_on(bybit.rest, RISE + 1)
    assert (held(bybit.rest), paid(bybit.rest), bybit.rows(ORDERS)) == (0, 506_000, [])
    ends = {each["stopOrderType"]: each for each in bybit.rows("/v5/order/history")}
    assert (ends["TakeProfit"]["orderStatus"], ends["TakeProfit"]["qty"]) == ("Filled", "0.03")
    assert ends["StopLoss"]["orderStatus"] == "Deactivated"
    assert ends["StopLoss"]["cancelType"] == "CancelByTpSlTsClear"


def test_exits_of_a_position_are_set_changed_and_taken_away(bybit: BybitClient) -> None:
    """There is one of each kind; the same again is refused, and none can be where nothing is."""
    assert leave(bybit, stopLoss="49000") == 10001
    bybit.create()
    assert leave(bybit, stopLoss="49000", takeProfit="52000") == 0
    assert leave(bybit, stopLoss="49000") == 34040
    assert leave(bybit, stopLoss="49500") == 0
    assert position(bybit) == ("52000", "49500", "0")
    assert leave(bybit, takeProfit="0") == 0
    assert exits(bybit) == {"StopLoss": "49500"}
    bybit.post("/v5/order/cancel-all", symbol=SYMBOL)
    assert position(bybit) == ("", "", "0")


@pytest.mark.parametrize(
    "fields",
    [
        {"takeProfit": "50000"},
        {"stopLoss": "50000"},
        {"stopLoss": "49000", "tpslMode": "Half"},
        {"stopLoss": "49000", "tpslMode": "Partial"},
        {"stopLoss": "49000", "slLimitPrice": "48900"},
        {"stopLoss": "49000", "slTriggerBy": "Moon"},
        {"trailingStop": "100", "activePrice": "49000"},
    ],
)
def test_exits_that_cannot_be_are_refused(bybit: BybitClient, fields: dict[str, str]) -> None:
    """Nothing is set where one of them is wrong."""
    bybit.create()
    assert leave(bybit, **({"takeProfit": "52000"} | fields)) == 10001
    assert bybit.rows(ORDERS) == []


def test_a_short_leg_has_exits_of_its_own(bybit: BybitClient) -> None:
    """In hedge mode each leg is left alone, a short one above by its stop loss."""
    bybit.post("/v5/position/switch-mode", symbol=SYMBOL, mode=3)
    bybit.create(positionIdx=1)
    bybit.create(positionIdx=2, side="Sell", stopLoss="50500", takeProfit="47000")
    went_on(bybit.rest, RISE + 1)
    assert (held(bybit.rest), paid(bybit.rest)) == (10, 505_000)
    assert bybit.rows(ORDERS) == []


def test_a_trailing_stop_of_a_position_follows(bybit: BybitClient) -> None:
    """Its trigger is where the position row's distance puts it below the highest price."""
    bybit.create()
    assert leave(bybit, trailingStop="500", activePrice="50400") == 0
    assert (position(bybit)[2], exits(bybit)) == ("500", {"TrailingStop": "0"})
    went_on(bybit.rest, RISE + 1)
    assert exits(bybit) == {"TrailingStop": "50500"}
    went_on(bybit.rest, FALL + 1)
    assert (held(bybit.rest), paid(bybit.rest)) == (0, 505_000)


def test_exits_of_a_part_cancel_each_other(bybit: BybitClient) -> None:
    """One that is met leaves its size only, at its limit, and takes the other with it."""
    bybit.create(qty="0.05")
    part = {"tpslMode": "Partial", "tpSize": "0.02", "slSize": "0.02", "tpLimitPrice": "50700"}
    assert leave(bybit, takeProfit="50600", stopLoss="49000", **part) == 0
    assert exits(bybit) == {"PartialTakeProfit": "50600", "PartialStopLoss": "49000"}
    went_on(bybit.rest, RISE + 1)
    assert (held(bybit.rest), paid(bybit.rest), bybit.rows(ORDERS)) == (30, 507_000, [])


def test_an_order_brings_exits_of_the_part_that_it_fills(bybit: BybitClient) -> None:
    """They are as large as what it has filled in all."""
    bybit.create(qty="0.05")
    bybit.create(qty="0.02", tpslMode="Partial", stopLoss="49000")
    went_on(bybit.rest, FALL + 1)
    assert (held(bybit.rest), paid(bybit.rest)) == (50, 490_000)


def test_what_an_open_order_brings_can_be_changed(bybit: BybitClient) -> None:
    """The exits of an order that rests are those of its last amendment."""
    placed = bybit.create(orderType="Limit", price="49500", stopLoss="49000")
    name: Any = placed["result"]["orderId"]
    changed = {"symbol": SYMBOL, "orderId": name, "stopLoss": "48500"}
    assert bybit.post("/v5/order/amend", **changed).body["retCode"] == 0
    assert bybit.post("/v5/order/amend", **changed).body["retCode"] == 10001
    worse = changed | {"stopLoss": "48900", "price": "0.1"}
    assert bybit.post("/v5/order/amend", **worse).body["retCode"] == 110094
    went_on(bybit.rest, FALL + 1)
    assert (held(bybit.rest), paid(bybit.rest)) == (0, 485_000)


def test_the_order_of_an_exit_can_be_amended(bybit: BybitClient) -> None:
    """Its trigger moves, and it still leaves all that is held."""
    bybit.create(stopLoss="49000")
    (waiting,) = bybit.rows(ORDERS)
    changed = {"symbol": SYMBOL, "orderId": waiting["orderId"], "qty": "0.001"}
    bybit.post("/v5/order/amend", triggerPrice="49500", **changed)
    went_on(bybit.rest, FALL + 1)
    assert (held(bybit.rest), paid(bybit.rest)) == (0, 495_000)


@pytest.mark.parametrize(
    ("mode", "early", "late"), [("Partial", [], ["0.012"]), ("Full", ["0.017"], ["0.024"])]
)
def test_an_order_that_fills_in_pieces_brings_one_exit(
    mode: str, early: list[str], late: list[str]
) -> None:
    """That of a part waits for the last piece, that of all follows what is held."""
    exchange = made(liquidity_lots=5)
    client = BybitClient(BybitRest(exchange, setups.keys(2), Limits({})))
    client.create(qty="0.012")
    exchange.advance(exchange.now_ns + 5 * SECOND_NS)
    client.create(qty="0.012", stopLoss="49000", tpslMode=mode)
    for waiting in (early, late):
        rows = client.rows(ORDERS, orderFilter="StopOrder")
        assert [each["qty"] for each in rows] == waiting
        exchange.advance(exchange.now_ns + 5 * SECOND_NS)


def test_what_only_reduces_a_position_brings_no_exits(bybit: BybitClient) -> None:
    """A buy that leaves the position short has none, unlike one that turns it."""
    bybit.create(side="Sell", qty="0.02")
    bybit.create(stopLoss="49000")
    assert bybit.rows(ORDERS) == []
    bybit.create(qty="0.02", stopLoss="49000")
    assert exits(bybit) == {"StopLoss": "49000"}


def test_a_short_leg_never_has_the_exits_of_a_long_one(bybit: BybitClient) -> None:
    """Not even where the price has jumped to where they would be good for it."""
    bybit.create(side="Sell", qty="0.02")
    bybit.create(orderType="Limit", price="49900", stopLoss="49000")
    (trader, _), exchange = bybit.rest.exchange.traders.values(), bybit.rest.exchange
    trader.price(0, 480_000, exchange.now_ns)
    assert (held(bybit.rest), bybit.rows(ORDERS)) == (-10, [])


def test_the_stream_tells_of_the_exits_of_a_position(bybit: BybitClient) -> None:
    """The row of the position is told again when they change."""
    told = list[Any]()
    session: Any = bybit.rest.stream("/v5/private", "", "1")
    (trader, _) = bybit.rest.exchange.traders.values()
    session.trader, session.topics = trader, {"position"}
    bybit.create()
    trader.listeners.append(lambda *news: told.extend(session.notify(*news)))
    leave(bybit, takeProfit="52000")
    bybit.post("/v5/position/set-leverage", symbol=SYMBOL, buyLeverage="5", sellLeverage="5")
    rows = [each["data"][0] for each in told]
    assert [(row["takeProfit"], row["leverage"]) for row in rows] == [
        ("52000", "10"),
        ("52000", "5"),
    ]


def test_a_command_over_a_stream_is_signed_once_and_always_recent(bybit: BybitClient) -> None:
    """Before that, and with an old time, nothing is done; it counts for the rate limit."""
    bybit.rest.limits = Limits({"/v5/order/create": 1})
    session: Any = bybit.rest.stream("/v5/trade", "", "1")
    body = {"category": "linear", "symbol": SYMBOL, "side": "Buy", "orderType": "Market"}

    def said(stamp_ms: int, qty: str) -> int:
        header, args = {"X-BAPI-TIMESTAMP": str(stamp_ms)}, [body | {"qty": qty}]
        asked = {"reqId": "r", "op": "order.create", "header": header, "args": args}
        (answer,) = session.receive(json.dumps(asked), CLOCK_MS)
        code: int = answer["retCode"]
        return code

    assert said(CLOCK_MS, "0.01") == 10005
    expires = str(CLOCK_MS + 1_000)
    for secret, code in (("wrong", 10004), ("secret-1", 0)):
        args = ["key-1", expires, sign(secret, f"GET/realtime{expires}")]
        (answer,) = session.receive(json.dumps({"op": "auth", "args": args}), CLOCK_MS)
        assert answer["retCode"] == code
    codes = [
        said(CLOCK_MS - 6_000, "0.01"),
        said(CLOCK_MS, "x"),
        said(CLOCK_MS, "0.01"),
    ]
    assert codes == [10002, 10001, 10006]
    (pong,) = session.receive('{"op": "ping"}', CLOCK_MS)
    assert pong["op"] == "pong"
    assert held(bybit.rest) == 0


def test_orders_that_reduce_bring_no_exits(bybit: BybitClient) -> None:
    """They are refused where they would."""
    bybit.create()
    assert bybit.create(side="Sell", reduceOnly=True, stopLoss="51000")["retCode"] == 10001


def test_what_a_fill_brings_is_told_after_the_fill(bybit: BybitClient) -> None:
    """Whoever listens hears of the position before its exits."""
    (trader, _), heard = bybit.rest.exchange.traders.values(), list[str]()

    def listen(_: Trader, notices: tuple[Notice, ...]) -> None:
        heard.extend(each.status.name for each in notices if isinstance(each, Order))

    trader.listeners.append(listen)
    bybit.create(stopLoss="49000")
    assert heard == ["NEW", "FILLED", "UNTRIGGERED"]


def test_closed_positions_and_the_ledger_add_up_to_the_wallet(bybit: BybitClient) -> None:
    """What was closed has its profit without fees, and each change leads to the next balance."""
    bybit.create()
    went_on(bybit.rest, RISE + 1)
    bybit.create(side="Sell", qty="0.006")
    bybit.create(side="Sell", qty="0.004")
    newest, oldest = bybit.rows("/v5/position/closed-pnl")
    assert [each["closedSize"] for each in (oldest, newest)] == ["0.006", "0.004"]
    assert (oldest["avgEntryPrice"], oldest["avgExitPrice"]) == ("50000", "51000")
    assert float(oldest["closedPnl"]) == 6 - 306 * 0.00055
    log = bybit.rows("/v5/account/transaction-log")[::-1]
    balance = 100_000.0
    for row in log:
        balance += float(row["change"])
        assert float(row["cashBalance"]) == pytest.approx(balance)
    (wallet,) = bybit.rows("/v5/account/wallet-balance")
    assert log[-1]["cashBalance"] == wallet["totalWalletBalance"]
