"""Binance USD-M futures: orders that work, and algo orders that wait for their trigger.

An algo order has an id of its own; once it is triggered, another order works in its place, under
the same client order id.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from adapters.venue import binance_rows as rows
from adapters.venue.contracts import Contract, Roster
from adapters.venue.dialect import Body, Call, Dialect, Item, Stream, Terms, listed
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
    TimeInForce,
    TriggerBy,
)

_WEEK_MS = 7 * 86_400_000
_MINUTE_MS = 60_000
_PAGE = 1_000
_TYPE = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_MARKET: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
}
_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
_WORKING = {OrderType.MARKET, OrderType.LIMIT}
_PAGED = {  # the id by which the rows are numbered, and the parameter from which on they come
    "fapiPrivateGetUserTrades": ("id", "fromId"),
    "fapiPrivateGetAllOrders": ("orderId", "orderId"),
    "fapiPrivateGetAllAlgoOrders": ("algoId", "algoId"),
}
_BUDGETS = {  # how much of each is taken before we wait for the next
    "x-mbx-used-weight-1m": (2_300, _MINUTE_MS),
    "x-mbx-order-count-1m": (1_150, _MINUTE_MS),
    "x-mbx-order-count-10s": (280, 10_000),
}

CODES = Codes(
    reasons={
        "-1111": Reason.BAD_QTY,  # precision
        "-2011": Reason.UNKNOWN_ORDER,
        "-2013": Reason.UNKNOWN_ORDER,
        "-2018": Reason.MARGIN,
        "-2019": Reason.MARGIN,
        "-2021": Reason.TRIGGER_CROSSED,
        "-2022": Reason.REDUCE_ONLY,
        "-2024": Reason.MARGIN,
        "-2027": Reason.MARGIN,
        "-4003": Reason.BAD_QTY,
        "-4004": Reason.BAD_QTY,
        "-4005": Reason.BAD_QTY,
        "-4023": Reason.BAD_QTY,
        "-4001": Reason.BAD_PRICE,
        "-4002": Reason.BAD_PRICE,
        "-4013": Reason.BAD_PRICE,
        "-4014": Reason.BAD_PRICE,
        "-4016": Reason.BAD_PRICE,
        "-4024": Reason.BAD_PRICE,
        "-4060": Reason.POSITION_SIDE,
        "-4061": Reason.POSITION_SIDE,
        "-4118": Reason.REDUCE_ONLY,
        "-4131": Reason.BAD_PRICE,  # beyond the limit of a market order
        "-4164": Reason.MIN_NOTIONAL,
        "-5022": Reason.POST_ONLY_CROSSED,
    },
    definite=((-9_999, -1_009), (-1_002, -1_002)),
    ambiguous=frozenset({"-1000", "-1001", "-1006", "-1007"}),
    duplicate=frozenset({"-4116"}),
    unchanged=frozenset({"-4059", "-4046"}),
    drift=frozenset({"-1021"}),
    limited=frozenset({"-1003", "-1008", "-1015"}),
)


class Binance(Dialect):
    """Positions are told by *positionSide*; the leg alone says that an order reduces."""

    terms: ClassVar[Terms] = Terms(
        exchange="binanceusdm",
        config={
            "options": {
                "fetchCurrencies": False,
                "fetchMarkets": {"types": ["linear"]},
                "watchTrades": {"name": "aggTrade"},
            }
        },
        hedges=True,
        codes=CODES,
        commands=Limits(per_second=18, burst=40, urgent=10),
        questions=Limits(per_second=5, burst=60),
        cancel_after_s=(10, 3_600),  # ours: the venue names none
    )

    # --- Answers in general ----------------------------------------------------------------

    def refusal(self, body: Body) -> tuple[str, str] | None:
        """Return the code and the words of an answer that refuses."""
        if isinstance(body, list):
            return None
        code = str(body.get("code", "0"))
        return (code, str(body.get("msg", ""))) if code.startswith("-") else None

    def rows(self, body: Body) -> Sequence[Any]:
        """Return the rows of an answer, which may be one."""
        return listed(body)

    def after(self, call: Call, body: Body) -> Call | None:
        """Return the call for the page after *body*: it begins with the id after the last."""
        field, begins = _PAGED.get(call.endpoint, ("", ""))
        if not field or len(body) < _PAGE:
            return None
        params = {"symbol": call.params["symbol"], "limit": _PAGE, begins: body[-1][field] + 1}
        return Call(call.endpoint, params)

    def wait_ms(self, headers: Mapping[str, str], now_ms: int) -> int:
        """Return for how long no more requests are taken."""
        spans = [
            span_ms
            for name, (most, span_ms) in _BUDGETS.items()
            if int(headers.get(name, "0")) >= most
        ]
        return max((span_ms - now_ms % span_ms for span_ms in spans), default=0)

    # --- Commands --------------------------------------------------------------------------

    def place(self, roster: Roster, contract: Contract, client_text: str, order: Wanted) -> Call:
        """Submit *order*."""
        del roster
        params: dict[str, object] = {
            "symbol": contract.id,
            "side": order.side.name,
            "type": _TYPE[order.type],
            "quantity": contract.qty(order.qty),
        }
        if order.type in _LIMIT:
            params["price"] = contract.price(order.price_ticks)
        if order.post_only:
            params["timeInForce"] = "GTX"
        elif order.type is OrderType.LIMIT or order.time_in_force is not TimeInForce.GTC:
            params["timeInForce"] = order.time_in_force.name
        if order.position_side is not PositionSide.NONE:
            params["positionSide"] = order.position_side.name
        elif order.reduce_only:  # a leg and this together are refused
            params["reduceOnly"] = "true"
        if order.type in _WORKING:
            return Call("fapiPrivatePostOrder", {**params, "newClientOrderId": client_text})
        if order.trigger_by is TriggerBy.MARK:
            params["workingType"] = "MARK_PRICE"
        trigger = {"algoType": "CONDITIONAL", "triggerPrice": contract.price(order.trigger_ticks)}
        return Call("fapiPrivatePostAlgoOrder", {**params, **trigger, "clientAlgoId": client_text})

    def placed(self, body: Body) -> str:
        """Return the venue's id of an order that it has just taken."""
        return str(body["algoId"] if "algoId" in body else body["orderId"])

    def cancel(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Cancel an order that works, or one that waits."""
        symbol = {"symbol": contract.id}
        return (
            Call("fapiPrivateDeleteOrder", {**symbol, "origClientOrderId": client_text}),
            Call("fapiPrivateDeleteAlgoOrder", {**symbol, "clientAlgoId": client_text}),
        )

    def set_mode(self, roster: Roster, mode: PositionMode) -> tuple[Call, ...]:
        """Set the position mode of the account."""
        del roster
        dual = "true" if mode is PositionMode.HEDGE else "false"
        return (Call("fapiPrivatePostPositionSideDual", {"dualSidePosition": dual}),)

    def set_leverage(self, contract: Contract, leverage: int) -> Call:
        """Set the leverage."""
        return Call("fapiPrivatePostLeverage", {"symbol": contract.id, "leverage": leverage})

    def cancel_after(self, roster: Roster, seconds: int, now_ms: int) -> tuple[Call, ...]:
        """Set the countdown of every contract."""
        del now_ms
        return tuple(
            Call(
                "fapiPrivatePostCountdownCancelAll",
                {"symbol": contract.id, "countdownTime": seconds * 1_000},
            )
            for contract in roster.contracts
        )

    # --- Questions -------------------------------------------------------------------------

    def find(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Ask for one order: it works or has worked, or it waits or has waited."""
        symbol = {"symbol": contract.id}
        return (
            Call("fapiPrivateGetOrder", {**symbol, "origClientOrderId": client_text}),
            Call("fapiPrivateGetAlgoOrder", {**symbol, "clientAlgoId": client_text}),
        )

    def follow(self, contract: Contract, row: Body) -> Call | None:
        """Ask for what works in place of an algo order."""
        if not row.get("actualOrderId"):
            return None
        named = {"symbol": contract.id, "orderId": row["actualOrderId"]}
        return Call("fapiPrivateGetOrder", named)

    def open_orders(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every open order, those that wait too."""
        endpoints = ("fapiPrivateGetOpenOrders", "fapiPrivateGetOpenAlgoOrders")
        return tuple(
            Call(endpoint, {"symbol": contract.id})
            for contract in roster.contracts
            for endpoint in endpoints
        )

    def owners(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for orders: fills have only the venue's id of theirs."""
        endpoints = ("fapiPrivateGetAllOrders", "fapiPrivateGetAllAlgoOrders")
        return tuple(call for each in endpoints for call in _weeks(each, roster, since_ms, now_ms))

    def fills(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for every fill since *since_ms*."""
        return _weeks("fapiPrivateGetUserTrades", roster, since_ms, now_ms)

    def positions(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every leg."""
        del roster
        return (Call("fapiPrivateV3GetPositionRisk"),)

    def cash(self) -> Call:
        """Ask for the wallet."""
        return Call("fapiPrivateV3GetAccount")

    def quote(self, contract: Contract) -> tuple[Call, ...]:
        """Ask for the prices."""
        endpoints = (
            "fapiPublicGetTickerPrice",
            "fapiPublicGetPremiumIndex",
            "fapiPublicGetTickerBookTicker",
        )
        return tuple(Call(endpoint, {"symbol": contract.id}) for endpoint in endpoints)

    def fees(self, venue_symbol: str) -> Call:
        """Ask for the fees."""
        return Call("fapiPrivateGetCommissionRate", {"symbol": venue_symbol})

    def bars(self, contract: Contract, since_ms: int) -> Call:
        """Ask for bars."""
        span = {"interval": "1m", "startTime": since_ms, "limit": 1_000}
        return Call("fapiPublicGetKlines", {"symbol": contract.id, **span})

    def mode(self, roster: Roster) -> Call:
        """Ask for the position mode."""
        del roster
        return Call("fapiPrivateGetPositionSideDual")

    def time(self) -> Call:
        """Ask for the venue's clock."""
        return Call("fapiPublicGetTime")

    # --- Rows ------------------------------------------------------------------------------

    def read_order(self, roster: Roster, row: Body) -> OrderState | None:
        """Read an order that works or has worked, or an algo order."""
        return rows.algo(roster, row) if "algoId" in row else rows.order(roster, row)

    def read_fill(self, roster: Roster, row: Body) -> FillNews | None:
        """Read a fill."""
        return rows.fill(roster, row)

    def read_leg(self, roster: Roster, row: Body) -> LegState | None:
        """Read a leg, flat or not."""
        return rows.leg(roster, row)

    def read_cash(self, roster: Roster, body: Body) -> CashNews | None:
        """Read the wallet: the asset in which the contracts settle."""
        contract = roster.contracts[0]
        for asset in body["assets"]:
            if asset["asset"] == contract.settle:
                return CashNews(contract.cash(asset["walletBalance"]))
        return None

    def read_prices(self, contract: Contract, body: Body) -> Mapping[str, int]:
        """Read those prices that an answer tells."""
        return prices(contract, body, rows.REST_PRICES)

    def read_fees(self, body: Body) -> tuple[str, str]:
        """Read the fees."""
        return body["makerCommissionRate"], body["takerCommissionRate"]

    def read_bar(self, contract: Contract, row: Body) -> Bar:
        """Read a bar."""
        return bar(contract, row[:6])

    def read_mode(self, body: Body) -> PositionMode:
        """Read the position mode."""
        dual = str(body["dualSidePosition"]).lower() == "true"
        return PositionMode.HEDGE if dual else PositionMode.ONE_WAY

    def read_time_ms(self, body: Body) -> int:
        """Read the venue's clock."""
        return int(body["serverTime"])

    # --- Streams ---------------------------------------------------------------------------

    def streams(self, roster: Roster) -> tuple[Stream, ...]:
        """Return what to subscribe to: one stream tells all of the account."""
        names = [contract.name for contract in roster.contracts]
        return (
            Stream("watch_orders"),
            *(Stream("watch_trades", (name,)) for name in names),
            *(Stream("watch_mark_price", (name,)) for name in names),
            *(Stream("watch_bids_asks", ([name],)) for name in names),
            *(Stream("watch_ohlcv", (name, "1m")) for name in names),
        )

    def acknowledges(self, message: Body) -> bool:
        """Return whether *message* says that a subscription is in force."""
        return "result" in message and message["result"] is None

    def connects(self, url: str) -> bool:
        """Return whether *url* is the stream of an account: its key is all it wants."""
        return "listenKey=" in url

    def ends(self, message: Body) -> Mapping[str, object] | None:
        """Return that the listen key must be forgotten once it has expired."""
        if message.get("e") != "listenKeyExpired":
            return None
        return {"linear": {"listenKey": None, "lastAuthenticatedTime": 0}}

    def news(self, roster: Roster, message: Body) -> Iterable[Item]:
        """Read a message of a stream."""
        return rows.news(roster, message.get("data", message))


def _weeks(endpoint: str, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
    """Return questions about *endpoint* from *since_ms* to *now_ms*, a week at a time."""
    return tuple(
        Call(
            endpoint,
            {
                "symbol": contract.id,
                "startTime": start_ms,
                "endTime": start_ms + _WEEK_MS - 1,
                "limit": _PAGE,
            },
        )
        for contract in roster.contracts
        for start_ms in range(since_ms, now_ms + 1, _WEEK_MS)
    )
