"""Hyperliquid perpetuals: one-way positions, a market order is a limit order, triggers are marks.

A request that changes something is an action, signed in its body.  Neither a builder nor a referrer
is ever named.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from typing import Any, ClassVar

from adapters.venue import hyperliquid_rows as rows
from adapters.venue.contracts import Contract, Roster
from adapters.venue.dialect import Body, Call, Dialect, Item, Stream, Terms, listed
from adapters.venue.gate import Limits
from adapters.venue.market_rows import bar
from adapters.venue.outcomes import Codes
from adapters.venue.port import Bar, CashNews, FillNews, LegState, OrderState, Rejected
from machines.messages import Wanted
from spec.terms import OrderType, PositionMode, PositionSide, Reason, Side, TimeInForce

INFO, ACTION = "publicPostInfo", "privatePostExchange"
PRICE_DP_MAX = 6  # less the decimals of a quantity
DIGITS = 5  # of a price that is not whole
SLIPPAGE_PPM = 50_000  # of a market order's limit
_OURS = {  # kinds of questions that name an account
    "clearinghouseState",
    "frontendOpenOrders",
    "orderStatus",
    "userFees",
    "userFillsByTime",
    "historicalOrders",
}
_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
_STOP = {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
_TIME = {TimeInForce.GTC: "Gtc", TimeInForce.IOC: "Ioc"}
REFUSED, UNKNOWN = "refused", "unknownOid"

CODES = Codes(
    reasons={REFUSED: Reason.NONE, UNKNOWN: Reason.UNKNOWN_ORDER},
    texts=(
        ("never placed, already canceled, or filled", Reason.UNKNOWN_ORDER),
        ("post only", Reason.POST_ONLY_CROSSED),
        ("minimum value", Reason.MIN_NOTIONAL),
        ("insufficient margin", Reason.MARGIN),
        ("reduce only", Reason.REDUCE_ONLY),
        ("tick size", Reason.BAD_PRICE),
        ("invalid price", Reason.BAD_PRICE),
        ("away from the reference price", Reason.BAD_PRICE),
        ("zero size", Reason.BAD_QTY),
        ("invalid size", Reason.BAD_QTY),
        ("invalid tp/sl price", Reason.TRIGGER_CROSSED),
    ),
)


class Hyperliquid(Dialect):
    """An account is a wallet's address; the key that signs may be another's, if it is allowed."""

    terms: ClassVar[Terms] = Terms(
        exchange="hyperliquid",
        config={"options": {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}}},
        hedges=False,
        codes=CODES,
        prefix="0x",
        commands=Limits(per_second=10, burst=20, urgent=5),
        questions=Limits(per_second=2, burst=20),
        cancel_after_s=(15, 86_400),  # each time it must be five seconds away when it arrives
    )

    # --- Answers in general ----------------------------------------------------------------

    def market(self, market: dict[str, Any]) -> dict[str, Any]:
        """Return a contract under the name of its coin, with the finest tick it can ever have."""
        decimals = int(market["info"]["szDecimals"])
        tick = Decimal(1).scaleb(decimals - PRICE_DP_MAX)
        precision = market["precision"] | {"price": tick}
        names = {"id": market["baseName"], "number": market["baseId"]}
        return {**market, **names, "precision": precision}

    def request(self, exchange: Any, call: Call, nonce: int) -> dict[str, object]:  # noqa: ANN401
        """Return the body of *call*, signed if it is an action."""
        if call.endpoint == INFO:
            ours = call.params["type"] in _OURS
            return {**call.params, "user": exchange.walletAddress} if ours else dict(call.params)
        action = call.params["action"]
        signature = exchange.sign_l1_action(action, nonce)
        return {"action": action, "nonce": nonce, "signature": signature}

    def refusal(self, body: Body) -> tuple[str, str] | None:
        """Return the code and the words of an answer that refuses."""
        if isinstance(body, list):
            return None
        if body.get("status") == UNKNOWN:
            return UNKNOWN, "no such order"
        if body.get("status") == "err":
            return REFUSED, str(body["response"])
        for status in _statuses(body):
            if "error" in status:
                return REFUSED, str(status["error"])
        return None

    def rows(self, body: Body) -> Sequence[Any]:
        """Return the rows of an answer, which may be one."""
        rows = listed(body)
        positions: Sequence[Any] = rows[0].get("assetPositions", rows) if len(rows) == 1 else rows
        return positions

    def wait_ms(self, headers: Mapping[str, str], now_ms: int) -> int:
        """Return that the venue does not tell its budget."""
        del headers, now_ms
        return 0

    # --- Commands --------------------------------------------------------------------------

    def place(
        self, roster: Roster, contract: Contract, client_text: str, order: Wanted
    ) -> Call | Rejected:
        """Submit *order*."""
        if order.time_in_force not in _TIME:
            return Rejected(Reason.NONE, "", "the venue has no fill-or-kill orders")
        if order.position_side is not PositionSide.NONE:
            return Rejected(Reason.POSITION_SIDE, "", "the venue has one-way positions only")
        ticks = order.price_ticks
        if order.type not in _LIMIT:
            ticks = _far(order.trigger_ticks or roster.marks[contract.index], order.side)
        row = {
            "a": contract.number,
            "b": order.side is Side.BUY,
            "p": price(contract, ticks, order.side),
            "s": contract.qty(order.qty),
            "r": order.reduce_only,
            "t": _kind(contract, order),
            "c": client_text,
        }
        return _action({"type": "order", "orders": [row], "grouping": "na"})

    def placed(self, body: Body) -> str:
        """Return the venue's id of an order that it has just taken; one that waits has none yet."""
        status = body["response"]["data"]["statuses"][0]
        if isinstance(status, str):
            return ""
        (about,) = status.values()
        return str(about["oid"])

    def cancel(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Cancel an order."""
        row = {"asset": contract.number, "cloid": client_text}
        return (_action({"type": "cancelByCloid", "cancels": [row]}),)

    def set_mode(self, roster: Roster, mode: PositionMode) -> tuple[Call, ...]:
        """Set nothing: there is one mode."""
        del roster, mode
        return ()

    def set_leverage(self, contract: Contract, leverage: int) -> Call:
        """Set the leverage, in cross margin."""
        chosen = {"asset": contract.number, "isCross": True, "leverage": leverage}
        return _action({"type": "updateLeverage", **chosen})

    def cancel_after(self, roster: Roster, seconds: int, now_ms: int) -> tuple[Call, ...]:
        """Set the time at which the account's orders go."""
        del roster
        at = {"time": now_ms + seconds * 1_000} if seconds else {}
        return (_action({"type": "scheduleCancel", **at}),)

    # --- Questions -------------------------------------------------------------------------

    def find(self, contract: Contract, client_text: str) -> tuple[Call, ...]:
        """Ask for one order."""
        del contract
        return (Call(INFO, {"type": "orderStatus", "oid": client_text}),)

    def open_orders(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every open order."""
        del roster
        return (Call(INFO, {"type": "frontendOpenOrders"}),)

    def owners(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for orders: a fill has only the venue's id of its own."""
        del roster, since_ms, now_ms
        return (Call(INFO, {"type": "historicalOrders"}),)

    def fills(self, roster: Roster, since_ms: int, now_ms: int) -> tuple[Call, ...]:
        """Ask for every fill since *since_ms*, the oldest first."""
        del roster, now_ms
        return (Call(INFO, {"type": "userFillsByTime", "startTime": since_ms}),)

    def after(self, call: Call, body: Body) -> Call | None:
        """Return the call for the page after *body*: fills come 2,000 at a time."""
        page = 2_000
        if call.params.get("type") != "userFillsByTime" or len(body) < page:
            return None
        return call.plus(startTime=body[-1]["time"])

    def positions(self, roster: Roster) -> tuple[Call, ...]:
        """Ask for every leg."""
        del roster
        return (Call(INFO, {"type": "clearinghouseState"}),)

    def cash(self) -> Call:
        """Ask for the wallet."""
        return Call(INFO, {"type": "clearinghouseState"})

    def quote(self, contract: Contract) -> tuple[Call, ...]:
        """Ask for the prices."""
        return (
            Call(INFO, {"type": "l2Book", "coin": contract.id}),
            Call(INFO, {"type": "metaAndAssetCtxs"}),
        )

    def fees(self, venue_symbol: str) -> Call:
        """Ask for the fees of the account."""
        del venue_symbol
        return Call(INFO, {"type": "userFees"})

    def bars(self, contract: Contract, since_ms: int) -> Call:
        """Ask for bars."""
        span = {"interval": "1m", "startTime": since_ms, "endTime": since_ms + 1_000 * 60_000}
        return Call(INFO, {"type": "candleSnapshot", "req": {"coin": contract.id, **span}})

    def mode(self, roster: Roster) -> Call:
        """Ask for something of the account: there is one mode."""
        del roster
        return Call(INFO, {"type": "clearinghouseState"})

    def time(self) -> Call:
        """Ask for the venue's clock."""
        return Call(INFO, {"type": "exchangeStatus"})

    # --- Rows ------------------------------------------------------------------------------

    def read_order(self, roster: Roster, row: Body) -> OrderState | None:
        """Read an order."""
        return rows.order(roster, row)

    def read_fill(self, roster: Roster, row: Body) -> FillNews | None:
        """Read a fill."""
        return rows.fill(roster, row)

    def read_leg(self, roster: Roster, row: Body) -> LegState | None:
        """Read a position."""
        return rows.leg(roster, row)

    def read_cash(self, roster: Roster, body: Body) -> CashNews | None:
        """Read the wallet."""
        return rows.cash(roster, body)

    def read_prices(self, contract: Contract, body: Body) -> Mapping[str, int]:
        """Read those prices that an answer tells; the middle stands for the last."""
        if isinstance(body, list):
            return rows.context(contract, body[1][contract.number], {"midPx": "last"})
        return rows.book(contract, body)

    def read_fees(self, body: Body) -> tuple[str, str]:
        """Read the fees."""
        return body["userAddRate"], body["userCrossRate"]

    def read_bar(self, contract: Contract, row: Body) -> Bar:
        """Read a bar."""
        return bar(contract, [row[each] for each in "tohlcv"])

    def read_mode(self, body: Body) -> PositionMode:
        """Return the one mode there is."""
        assert "marginSummary" in body
        return PositionMode.ONE_WAY

    def read_time_ms(self, body: Body) -> int:
        """Read the venue's clock."""
        return int(body["time"])

    # --- Streams ---------------------------------------------------------------------------

    def streams(self, roster: Roster) -> tuple[Stream, ...]:
        """Return what to subscribe to."""
        account = ("watch_orders", "watch_my_trades", "watch_positions")
        names = [contract.name for contract in roster.contracts]
        return (
            *(Stream(method) for method in account),
            *(Stream("watch_ticker", (name,)) for name in names),
            *(Stream("watch_order_book", (name,)) for name in names),
            *(Stream("watch_trades", (name,)) for name in names),
            *(Stream("watch_ohlcv", (name, "1m")) for name in names),
        )

    def acknowledges(self, message: Body) -> bool:
        """Return whether *message* says that a subscription is in force."""
        told = bool(message.get("channel") == "subscriptionResponse")
        return told and bool(message["data"]["method"] == "subscribe")

    def news(self, roster: Roster, message: Body) -> Iterable[Item]:
        """Read a message of a stream."""
        return rows.news(roster, message)


def price(contract: Contract, ticks: int, side: Side | None = None) -> str:
    """Write a price in the five digits it may have, never worse for us than it was.

    Whole prices may have more.  Without a *side* it is rounded to the nearest.
    """
    exact = Decimal(contract.price(ticks))
    if exact == exact.to_integral_value(ROUND_DOWN):
        return f"{exact:f}"
    rounding = {Side.BUY: ROUND_DOWN, Side.SELL: ROUND_UP, None: ROUND_HALF_EVEN}[side]
    digits = max(DIGITS, exact.adjusted() + 1)
    found = Context(prec=digits, rounding=rounding).create_decimal(exact)
    return f"{found.normalize(Context(prec=digits)):f}"


def _far(ticks: int, side: Side) -> int:
    """Return the limit of a market order from *ticks*."""
    return ticks + side.sign * ticks * SLIPPAGE_PPM // 1_000_000


def _kind(contract: Contract, order: Wanted) -> dict[str, object]:
    """Return how an order works, or what it waits for."""
    if order.type is OrderType.MARKET:
        return {"limit": {"tif": "Ioc"}}
    if order.type is OrderType.LIMIT:
        return {"limit": {"tif": "Alo" if order.post_only else _TIME[order.time_in_force]}}
    return {
        "trigger": {
            "isMarket": order.type not in _LIMIT,
            "triggerPx": price(contract, order.trigger_ticks),
            "tpsl": "sl" if order.type in _STOP else "tp",
        }
    }


def _action(action: dict[str, object]) -> Call:
    """Return a request that changes something."""
    return Call(ACTION, {"action": action})


def _statuses(body: Body) -> list[Any]:
    """Return what an answer says of each order that was placed or canceled."""
    if body.get("response", {}).get("type") not in {"order", "cancel"}:
        return []
    statuses: list[Any] = body["response"]["data"]["statuses"]
    return statuses
