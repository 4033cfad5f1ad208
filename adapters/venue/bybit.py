"""Bybit v5, linear contracts of a unified account."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from adapters.venue import bybit_rows as rows
from adapters.venue.contracts import Contract, Roster
from adapters.venue.dialect import (
    Body,
    Call,
    Dialect,
    Item,
    Stream,
    Terms,
)
from adapters.venue.gate import Limits
from adapters.venue.market_rows import bar, prices
from adapters.venue.outcomes import Codes
from adapters.venue.port import Bar, CashNews, FillNews, LegState, OrderState
from machines.messages import Wanted
from spec.terms import (
    OrderType,
    PositionMode,
    PositionSide,
    Reason,
    Side,
    TimeInForce,
    TriggerBy,
)

_LINEAR: Mapping[str, object] = {"category": "linear"}
_DAY_MS = 86_400_000
_WINDOW_MS = 7 * _DAY_MS  # of one question about executions
_MINUTE, _BARS = "1", 1_000
_PRIVATE, _GUARD = "/v5/private", "dcp.future"
_RISING, _FALLING = 1, 2
_MODE = {PositionMode.ONE_WAY: 0, PositionMode.HEDGE: 3}
_SIDE = {Side.BUY: "Buy", Side.SELL: "Sell"}
_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
_STOP = {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
_PROFIT = {OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT}
CODES = Codes(
    reasons={
        "110001": Reason.UNKNOWN_ORDER,
        "110003": Reason.BAD_PRICE,
        "110004": Reason.MARGIN,
        "110006": Reason.MARGIN,
        "110007": Reason.MARGIN,
        "110008": Reason.UNKNOWN_ORDER,  # it is finished or canceled
        "110010": Reason.UNKNOWN_ORDER,  # it has been canceled
        "110012": Reason.MARGIN,
        "110014": Reason.MARGIN,
        "110017": Reason.REDUCE_ONLY,
        "110092": Reason.TRIGGER_CROSSED,
        "110093": Reason.TRIGGER_CROSSED,
        "110094": Reason.MIN_NOTIONAL,
    },
    texts=(  # of 10001, which is any wrong parameter
        ("position idx not match position mode", Reason.POSITION_SIDE),
        ("qty invalid", Reason.BAD_QTY),
        ("price invalid", Reason.BAD_PRICE),
    ),
    definite=((10_001, 10_010), (10_017, 10_029), (110_000, 110_200), (181_000, 181_020)),
    ambiguous=frozenset({"10000", "10016", "110079"}),
    duplicate=frozenset({"110072"}),
    unchanged=frozenset({"110025", "110026", "110043", "34036"}),
    drift=frozenset({"10002"}),
    limited=frozenset({"10006", "10018", "10429"}),
)


class Bybit(Dialect):
    """Positions are told by *positionIdx*; an acknowledgement has ids only."""

    terms: ClassVar[Terms] = Terms(
        exchange="bybit",
        config={
            "options": {
                "defaultType": "swap",
                "defaultSubType": "linear",
                "fetchMarkets": {"types": ["linear"]},
                "watchPositions": {"fetchPositionsSnapshot": False},
            }
        },
        hedges=True,
        newest_first=True,
        codes=CODES,
        commands=Limits(per_second=6, burst=4, urgent=1),  # no more than ten in any second
        questions=Limits(per_second=40, burst=40),
        cancel_after_s=(3, 300),
    )

    # --- Answers in general ----------------------------------------------------------------

    def refusal(self, body: Body) -> tuple[str, str] | None:
        """Return the code and the words of an answer that refuses."""
        code = str(body["retCode"])
        return None if code == "0" else (code, str(body.get("retMsg", "")))

    def rows(self, body: Body) -> Sequence[Any]:
        """Return the rows of an answer."""
        rows: Sequence[Any] = body["result"]["list"]
        return rows

    def after(self, call: Call, body: Body) -> Call | None:
        """Return the call for the page after *body*."""
        cursor = body["result"].get("nextPageCursor")
        return call.plus(cursor=cursor) if cursor else None

    def wait_ms(self, headers: Mapping[str, str], now_ms: int) -> int:
        """Return for how long no more requests are taken."""
        if headers.get("x-bapi-limit-status") != "0":
            return 0
        return max(int(headers["x-bapi-limit-reset-timestamp"]) - now_ms, 0)

    # --- Commands --------------------------------------------------------------------------

    def place(self, roster: Roster, contract: Contract, client_text: str, order: Wanted) -> Call:
        """Submit *order*."""
        del roster
        params: dict[str, object] = {
            **_LINEAR,
            "symbol": contract.id,
            "side": _SIDE[order.side],
            "orderType": "Limit" if order.type in _LIMIT else "Market",
            "qty": contract.qty(order.qty),
            "orderLinkId": client_text,
        }
        if order.type in _LIMIT:
            params["price"] = contract.price(order.price_ticks)
        if order.post_only:
            params["timeInForce"] = "PostOnly"
        elif order.time_in_force is not TimeInForce.GTC:
            params["timeInForce"] = order.time_in_force.name
        if order.position_side is not PositionSide.NONE:
            params["positionIdx"] = int(order.position_side)
        if order.reduce_only:
            params["reduceOnly"] = True
        if order.type in _STOP | _PROFIT:
            rises = (order.type in _STOP) == (order.side is Side.BUY)
            params["triggerPrice"] = contract.price(order.trigger_ticks)
            params["triggerDirection"] = _RISING if rises else _FALLING
            if order.trigger_by is TriggerBy.MARK:
                params["triggerBy"] = "MarkPrice"
        return Call("private_post_v5_order_create", params)

    def placed(self, body: Body) -> str:
        """Return the venue's id of an order that it has just taken."""
        return str(body["result"]["orderId"])

    def cancel(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Cancel an order."""
        return (Call("private_post_v5_order_cancel", _named(contract, client_text)),)

    def set_mode(self, roster: Roster, mode: PositionMode) -> tuple[Call, ...]:
        """Set the position mode of every contract."""
        return tuple(
            Call(
                "private_post_v5_position_switch_mode",
                {**_LINEAR, "symbol": contract.id, "mode": _MODE[mode]},
            )
            for contract in roster.contracts
        )

    def set_leverage(self, contract: Contract, leverage: int) -> Call:
        """Set the leverage of both legs."""
        both = {"buyLeverage": str(leverage), "sellLeverage": str(leverage)}
        params = {**_LINEAR, "symbol": contract.id, **both}
        return Call("private_post_v5_position_set_leverage", params)

    def cancel_after(self, roster: Roster, seconds: int, now_ms: int) -> tuple[Call, ...]:
        """Set how long the account's stream may be away; who leaves its topic is not missed."""
        del roster, now_ms
        if not seconds:
            return ()
        params = {"product": "DERIVATIVES", "timeWindow": seconds}
        return (Call("private_post_v5_order_disconnected_cancel_all", params),)

    # --- Questions -------------------------------------------------------------------------

    def find(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Ask for one order: open or closed a short while ago, then closed before that."""
        named = _named(contract, client_text)
        return (
            Call("private_get_v5_order_realtime", named),
            Call("private_get_v5_order_history", named),
        )

    def open_orders(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every open order."""
        return _by_settle("private_get_v5_order_realtime", roster, limit=50)

    def fills(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for every fill since *since_ms*, a week at a time."""
        calls = list[Call]()
        for start_ms in range(since_ms, now_ms + 1, _WINDOW_MS):
            span = {"startTime": start_ms, "endTime": start_ms + _WINDOW_MS - 1, "limit": 100}
            calls += [
                Call("private_get_v5_execution_list", {**_LINEAR, "symbol": each.id, **span})
                for each in roster.contracts
            ]
        return tuple(calls)

    def positions(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every leg."""
        return _by_settle("private_get_v5_position_list", roster, limit=200)

    def cash(self) -> Call:
        """Ask for the wallet."""
        return Call("private_get_v5_account_wallet_balance", {"accountType": "UNIFIED"})

    def quote(self, contract: Contract) -> tuple[Call, ...]:
        """Ask for the prices."""
        return (Call("public_get_v5_market_tickers", {**_LINEAR, "symbol": contract.id}),)

    def fees(self, venue_symbol: str) -> Call:
        """Ask for the fees."""
        return Call("private_get_v5_account_fee_rate", {**_LINEAR, "symbol": venue_symbol})

    def bars(self, contract: Contract, since_ms: int) -> Call:
        """Ask for bars."""
        end_ms = since_ms + (_BARS - 1) * 60_000
        span = {"interval": _MINUTE, "start": since_ms, "end": end_ms, "limit": _BARS}
        return Call("public_get_v5_market_kline", {**_LINEAR, "symbol": contract.id, **span})

    def mode(self, roster: Roster) -> Call:
        """Ask for the rows of a contract: only those of one symbol are told flat too."""
        symbol = roster.contracts[0].id
        return Call("private_get_v5_position_list", {**_LINEAR, "symbol": symbol})

    def time(self) -> Call:
        """Ask for the venue's clock."""
        return Call("public_get_v5_market_time")

    # --- Rows ------------------------------------------------------------------------------

    def read_order(self, roster: Roster, row: Body) -> OrderState | None:
        """Read an order."""
        return rows.order(roster, row)

    def read_fill(self, roster: Roster, row: Body) -> FillNews | None:
        """Read a fill."""
        return rows.fill(roster, row)

    def read_leg(self, roster: Roster, row: Body) -> LegState | None:
        """Read a leg, flat or not."""
        return rows.leg(roster, row)

    def read_cash(self, roster: Roster, body: Body) -> CashNews | None:
        """Read the wallet."""
        return rows.cash(roster, body["result"]["list"][0])

    def read_prices(self, contract: Contract, body: Body) -> Mapping[str, int]:
        """Read the prices."""
        return prices(contract, body["result"]["list"][0], rows.PRICES)

    def read_fees(self, body: Body) -> tuple[str, str]:
        """Read the fees."""
        row = body["result"]["list"][0]
        return row["makerFeeRate"], row["takerFeeRate"]

    def read_bar(self, contract: Contract, row: Body) -> Bar:
        """Read a bar."""
        return bar(contract, row[:6])

    def read_mode(self, body: Body) -> PositionMode:
        """Read the position mode."""
        hedged = any(int(row["positionIdx"]) for row in self.rows(body))
        return PositionMode.HEDGE if hedged else PositionMode.ONE_WAY

    def read_time_ms(self, body: Body) -> int:
        """Read the venue's clock."""
        return int(body["result"]["timeNano"]) // 1_000_000

    # --- Streams ---------------------------------------------------------------------------

    def streams(self, roster: Roster) -> tuple[Stream, ...]:
        """Return what to subscribe to."""
        account = ("watch_orders", "watch_my_trades", "watch_positions", "watch_balance")
        names = [contract.name for contract in roster.contracts]
        return (
            *(Stream(method) for method in account),
            *(Stream("watch_ticker", (name,)) for name in names),
            *(Stream("watch_ohlcv", (name, "1m")) for name in names),
        )

    def acknowledges(self, message: Body) -> bool:
        """Return whether *message* says that a subscription is in force."""
        return message.get("op") == "subscribe" and message.get("success") is True

    def guard(self, url: str) -> Stream | None:
        """Return the topic whose subscribers are missed, on the stream of the account."""
        return Stream("watch_topics", (url, [_GUARD], [_GUARD])) if _PRIVATE in url else None

    def unguard(self, url: str) -> Body | None:
        """Leave that topic."""
        return {"op": "unsubscribe", "args": [_GUARD]} if _PRIVATE in url else None

    def news(self, roster: Roster, message: Body) -> Iterable[Item]:
        """Read a message of a stream."""
        return rows.news(roster, message) if "topic" in message else ()


def _named(contract: Contract, client_text: str) -> dict[str, object]:
    """Return what names an order."""
    return {**_LINEAR, "symbol": contract.id, "orderLinkId": client_text}


def _by_settle(endpoint: str, roster: Roster, limit: int) -> tuple[Call, ...]:
    """Return one question for each currency in which contracts settle."""
    settles = dict.fromkeys(contract.settle for contract in roster.contracts)
    return tuple(
        Call(endpoint, {**_LINEAR, "settleCoin": settle, "limit": limit}) for settle in settles
    )
