"""OKX perpetual swaps in cross margin; quantities are numbers of contracts.

An algo order has ids of its own; once it is triggered, another order works in its place, which
tells the client order id of the algo order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from adapters.venue import okx_rows as rows
from adapters.venue.contracts import Contract, Roster
from adapters.venue.dialect import Body, Call, Dialect, Item, Stream, Terms
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

_DAY_MS = 86_400_000
_RECENT_MS = 3 * _DAY_MS - 3_600_000  # of fills that are told at once
_PAGE = 100
_MARKET = "-1"  # as the price of an order that waits
_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
_STOP = {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
_WORKING = {OrderType.MARKET, OrderType.LIMIT}
_BY = {TriggerBy.LAST: "last", TriggerBy.MARK: "mark"}
_MODE = {PositionMode.ONE_WAY: "net_mode", PositionMode.HEDGE: "long_short_mode"}
_PAGED = {  # the id from which on (into the past) the next page comes
    "privateGetTradeOrdersPending": "ordId",
    "privateGetTradeOrdersHistory": "ordId",
    "privateGetTradeOrdersAlgoPending": "algoId",
    "privateGetTradeFills": "billId",
    "privateGetTradeFillsHistory": "billId",
}

CODES = Codes(
    reasons={
        "51004": Reason.MARGIN,
        "51006": Reason.BAD_PRICE,
        "51008": Reason.MARGIN,
        "51020": Reason.BAD_QTY,
        "51023": Reason.REDUCE_ONLY,
        "51112": Reason.REDUCE_ONLY,
        "51120": Reason.BAD_QTY,
        "51121": Reason.BAD_QTY,
        "51169": Reason.REDUCE_ONLY,
        "51170": Reason.REDUCE_ONLY,
        "51277": Reason.TRIGGER_CROSSED,
        "51278": Reason.TRIGGER_CROSSED,
        "51279": Reason.TRIGGER_CROSSED,
        "51280": Reason.TRIGGER_CROSSED,
        "51400": Reason.UNKNOWN_ORDER,
        "51401": Reason.UNKNOWN_ORDER,
        "51402": Reason.UNKNOWN_ORDER,
        "51405": Reason.UNKNOWN_ORDER,
        "51603": Reason.UNKNOWN_ORDER,
    },
    texts=(  # of 51000, which is any wrong parameter
        ("parameter posside", Reason.POSITION_SIDE),
        ("parameter sz", Reason.BAD_QTY),
        ("parameter px", Reason.BAD_PRICE),
    ),
    definite=((50_002, 50_044), (50_100, 50_120), (51_000, 51_999), (52_000, 59_999)),
    ambiguous=frozenset({"50001", "50004", "50013", "50026", "51410"}),
    duplicate=frozenset({"51016", "51065"}),
    drift=frozenset({"50102", "50112"}),
    limited=frozenset({"50011", "50061"}),
)


class Okx(Dialect):
    """Positions are told by *posSide*; ccxt's broker tag is not sent."""

    terms: ClassVar[Terms] = Terms(
        exchange="okx",
        config={
            "options": {
                "defaultType": "swap",
                "fetchMarkets": {"types": ["swap"]},
                "watchOrders": {"type": "SWAP"},
            }
        },
        hedges=True,
        newest_first=True,
        codes=CODES,
        commands=Limits(per_second=25, burst=25, urgent=8),
        questions=Limits(per_second=5, burst=10),
        cancel_after_s=(10, 120),
    )

    # --- Answers in general ----------------------------------------------------------------

    def refusal(self, body: Body) -> tuple[str, str] | None:
        """Return the code and the words of an answer that refuses: those of its row, if any."""
        for row in body["data"][:1]:
            if "sCode" in row and row["sCode"] != "0":
                return str(row["sCode"]), str(row["sMsg"])
        code = str(body["code"])
        return None if code == "0" else (code, str(body.get("msg", "")))

    def rows(self, body: Body) -> Sequence[Any]:
        """Return the rows of an answer."""
        found: Sequence[Any] = body["data"]
        return found

    def after(self, call: Call, body: Body) -> Call | None:
        """Return the call for the page after *body*."""
        field, told = _PAGED.get(call.endpoint), body["data"]
        return call.plus(after=told[-1][field]) if field and len(told) == _PAGE else None

    def wait_ms(self, headers: Mapping[str, str], now_ms: int) -> int:
        """Return that the venue does not tell its budget."""
        del headers, now_ms
        return 0

    # --- Commands --------------------------------------------------------------------------

    def place(self, roster: Roster, contract: Contract, client_text: str, order: Wanted) -> Call:
        """Submit *order*."""
        del roster
        params: dict[str, object] = {
            "instId": contract.id,
            "tdMode": "cross",
            "side": order.side.name.lower(),
            "sz": contract.qty(order.qty),
        }
        if order.position_side is not PositionSide.NONE:
            params["posSide"] = order.position_side.name.lower()
        elif order.reduce_only:
            params["reduceOnly"] = True
        if order.type in _WORKING:
            params |= {"ordType": _order_type(order), "clOrdId": client_text}
            if order.type is OrderType.LIMIT:
                params["px"] = contract.price(order.price_ticks)
            return Call("privatePostTradeOrder", params)
        waits = _waits(contract, order)
        return Call("privatePostTradeOrderAlgo", {**params, **waits, "algoClOrdId": client_text})

    def placed(self, body: Body) -> str:
        """Return the venue's id of an order that it has just taken."""
        row = body["data"][0]
        return str(row.get("ordId") or row["algoId"])

    def cancel(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Cancel an order that works, or one that waits."""
        waiting = [{"instId": contract.id, "algoClOrdId": client_text}]
        return (
            Call("privatePostTradeCancelOrder", {"instId": contract.id, "clOrdId": client_text}),
            Call("privatePostTradeCancelAlgos", {LIST: waiting}),
        )

    def request(self, exchange: Any, call: Call, nonce: int) -> Any:  # noqa: ANN401
        """Return the body of *call*, which may be a list."""
        return call.params.get(LIST) or super().request(exchange, call, nonce)

    def set_mode(self, roster: Roster, mode: PositionMode) -> tuple[Call, ...]:
        """Set the position mode of the account."""
        del roster
        return (Call("privatePostAccountSetPositionMode", {"posMode": _MODE[mode]}),)

    def set_leverage(self, contract: Contract, leverage: int) -> Call:
        """Set the leverage of both legs."""
        params = {"instId": contract.id, "lever": str(leverage), "mgnMode": "cross"}
        return Call("privatePostAccountSetLeverage", params)

    def cancel_after(self, roster: Roster, seconds: int, now_ms: int) -> tuple[Call, ...]:
        """Set the countdown of the account."""
        del roster, now_ms
        return (Call("privatePostTradeCancelAllAfter", {"timeOut": str(seconds)}),)

    # --- Questions -------------------------------------------------------------------------

    def find(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Ask for one order: it works or has worked, or it waits or has waited."""
        return (
            Call("privateGetTradeOrder", {"instId": contract.id, "clOrdId": client_text}),
            Call("privateGetTradeOrderAlgo", {"algoClOrdId": client_text}),
        )

    def follow(self, contract: Contract, row: Body) -> Call | None:
        """Ask for what works in place of an algo order."""
        if "algoClOrdId" not in row or "accFillSz" in row or not row.get("ordId"):
            return None
        return Call("privateGetTradeOrder", {"instId": contract.id, "ordId": row["ordId"]})

    def open_orders(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every open order, those that wait too."""
        del roster
        swaps = {"instType": "SWAP", "limit": _PAGE}
        return (
            Call("privateGetTradeOrdersPending", swaps),
            Call("privateGetTradeOrdersAlgoPending", {**swaps, "ordType": "conditional"}),
            Call("privateGetTradeOrdersAlgoPending", {**swaps, "ordType": "trigger"}),
        )

    def owners(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for orders: a fill does not tell the algo order behind its own."""
        del now_ms
        span = {"instType": "SWAP", "begin": since_ms, "limit": _PAGE}
        return tuple(
            Call("privateGetTradeOrdersHistory", {**span, "instId": contract.id})
            for contract in roster.contracts
        )

    def fills(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for every fill since *since_ms*."""
        recent = since_ms > now_ms - _RECENT_MS
        endpoint = "privateGetTradeFills" if recent else "privateGetTradeFillsHistory"
        span = {"instType": "SWAP", "begin": since_ms, "limit": _PAGE}
        return tuple(
            Call(endpoint, {**span, "instId": contract.id}) for contract in roster.contracts
        )

    def positions(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every leg."""
        del roster
        return (Call("privateGetAccountPositions", {"instType": "SWAP"}),)

    def cash(self) -> Call:
        """Ask for the wallet."""
        return Call("privateGetAccountBalance")

    def quote(self, contract: Contract) -> tuple[Call, ...]:
        """Ask for the prices."""
        return (
            Call("publicGetMarketTicker", {"instId": contract.id}),
            Call("publicGetPublicMarkPrice", {"instType": "SWAP", "instId": contract.id}),
        )

    def fees(self, venue_symbol: str) -> Call:
        """Ask for the fees of the family of a contract."""
        family = venue_symbol.removesuffix("-SWAP")
        return Call("privateGetAccountTradeFee", {"instType": "SWAP", "instFamily": family})

    def bars(self, contract: Contract, since_ms: int) -> Call:
        """Ask for bars: *before* is exclusive, and the newest page comes first without *after*."""
        first = {"before": since_ms - 1, "after": since_ms + _PAGE * 60_000}
        params = {"instId": contract.id, "bar": "1m", "limit": _PAGE, **first}
        return Call("publicGetMarketHistoryCandles", params)

    def mode(self, roster: Roster) -> Call:
        """Ask for the position mode."""
        del roster
        return Call("privateGetAccountConfig")

    def time(self) -> Call:
        """Ask for the venue's clock."""
        return Call("publicGetPublicTime")

    # --- Rows ------------------------------------------------------------------------------

    def read_order(self, roster: Roster, row: Body) -> OrderState | None:
        """Read an order that works or has worked, or an algo order."""
        return rows.order(roster, row) if "accFillSz" in row else rows.algo(roster, row)

    def read_fill(self, roster: Roster, row: Body) -> FillNews | None:
        """Read a fill."""
        return rows.fill(roster, row)

    def read_leg(self, roster: Roster, row: Body) -> LegState | None:
        """Read a leg, flat or not."""
        return rows.leg(roster, row)

    def read_cash(self, roster: Roster, body: Body) -> CashNews | None:
        """Read the wallet."""
        return rows.cash(roster, body["data"][0])

    def read_prices(self, contract: Contract, body: Body) -> Mapping[str, int]:
        """Read those prices that an answer tells."""
        return prices(contract, body["data"][0], rows.PRICES)

    def read_fees(self, body: Body) -> tuple[str, str]:
        """Read the fees, which are negative where they are paid."""
        row = body["data"][0]
        maker, taker = (row.get(f"{each}U") or row[each] for each in ("maker", "taker"))
        return rows.opposite(maker), rows.opposite(taker)

    def read_bar(self, contract: Contract, row: Body) -> Bar:
        """Read a bar."""
        return bar(contract, row[:6])

    def read_mode(self, body: Body) -> PositionMode:
        """Read the position mode."""
        hedged = body["data"][0]["posMode"] == _MODE[PositionMode.HEDGE]
        return PositionMode.HEDGE if hedged else PositionMode.ONE_WAY

    def read_time_ms(self, body: Body) -> int:
        """Read the venue's clock."""
        return int(body["data"][0]["ts"])

    # --- Streams ---------------------------------------------------------------------------

    def streams(self, roster: Roster) -> tuple[Stream, ...]:
        """Return what to subscribe to: orders tell their fills."""
        names = [contract.name for contract in roster.contracts]
        return (
            Stream("watch_orders"),
            Stream("watch_orders", (None, None, None, {"trigger": True})),
            Stream("watch_positions"),
            Stream("watch_balance"),
            *(Stream("watch_ticker", (name,)) for name in names),
            *(Stream("watch_mark_price", (name,)) for name in names),
            *(Stream("watch_ohlcv", (name, "1m")) for name in names),
        )

    def acknowledges(self, message: Body) -> bool:
        """Return whether *message* says that a subscription is in force."""
        return bool(message.get("event") == "subscribe")

    def news(self, roster: Roster, message: Body) -> Iterable[Item]:
        """Read a message of a stream."""
        return rows.news(roster, message) if "data" in message else ()


LIST = "list"  # of `Call.params`: the body is that list


def _order_type(order: Wanted) -> str:
    """Return the type of an order that works at once, which says how long it does."""
    if order.type is OrderType.MARKET:
        return "market"
    if order.post_only:
        return "post_only"
    gtc = order.time_in_force is TimeInForce.GTC
    return "limit" if gtc else order.time_in_force.name.lower()


def _waits(contract: Contract, order: Wanted) -> dict[str, object]:
    """Return what an order waits for: one that reduces as a stop or a profit, another as it is."""
    trigger = contract.price(order.trigger_ticks)
    price = contract.price(order.price_ticks) if order.type in _LIMIT else _MARKET
    opens = order.position_side is (
        PositionSide.LONG if order.side is Side.BUY else PositionSide.SHORT
    )
    if opens or not (order.reduce_only or order.position_side):
        by = _BY[order.trigger_by]
        return {
            "ordType": "trigger",
            "triggerPx": trigger,
            "orderPx": price,
            "triggerPxType": by,
        }
    kind = "sl" if order.type in _STOP else "tp"
    return {
        "ordType": "conditional",
        f"{kind}TriggerPx": trigger,
        f"{kind}OrdPx": price,
        f"{kind}TriggerPxType": _BY[order.trigger_by],
    }
