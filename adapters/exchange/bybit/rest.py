"""Requests and answers: which path is answered by what, for whom, and how often."""

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl

from adapters.exchange import figures
from adapters.exchange.bybit import auth
from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.orders import category, symbol_of
from adapters.exchange.bybit.private import Private
from adapters.exchange.bybit.protection import Protection
from adapters.exchange.bybit.public import Public
from adapters.exchange.bybit.trade import Trade
from adapters.exchange.bybit.ws import Session
from adapters.exchange.core import Exchange
from adapters.exchange.limits import Allowance, Limits
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Answer, Body, Payload, Refused, Request, said
from spec.units import MILLI_NS

OTHERS = {"inverse", "option", "spot"}
STREAMS = {"/v5/private": True, "/v5/public/linear": False}  # whether they are private
BARS, BARS_MAX, FUNDINGS_MAX = 200, 1_000, 200
TRADES, TRADES_MAX = 500, 1_000
RATES = {  # requests a second of one account
    "/v5/order/create": 10,
    "/v5/order/amend": 10,
    "/v5/order/cancel": 10,
    "/v5/order/cancel-all": 10,
    "/v5/order/create-batch": 10,
    "/v5/order/cancel-batch": 10,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/position/set-leverage": 10,
    "/v5/position/switch-mode": 10,
    "/v5/account/wallet-balance": 50,
    "/v5/account/fee-rate": 10,
}


class Rest:
    """The interface of *exchange*; *keys* are (account, secret) by API key.

    *limits* may be others than the venue's own.
    """

    def __init__(
        self,
        exchange: Exchange,
        keys: Mapping[str, tuple[str, str]],
        limits: Limits | None = None,
    ) -> None:
        self.exchange, self.keys = exchange, dict(keys)
        self.secrets = {key: secret for key, (_, secret) in self.keys.items()}
        self.limits = limits or Limits(RATES)
        self.public, self.private = Public(exchange), Private(exchange)
        self.protection = Protection(exchange)
        trade = Trade(exchange, self.private)
        self._open: dict[tuple[str, str], Callable[[Body], Payload]] = {
            ("GET", "/v5/market/time"): self._time,
            ("GET", "/v5/market/instruments-info"): self._instruments,
            ("GET", "/v5/market/tickers"): self._tickers,
            ("GET", "/v5/market/kline"): self._kline,
            ("GET", "/v5/market/mark-price-kline"): self._price_kline,
            ("GET", "/v5/market/index-price-kline"): self._price_kline,
            ("GET", "/v5/market/orderbook"): self._book,
            ("GET", "/v5/market/recent-trade"): self._trades,
            ("GET", "/v5/market/funding/history"): self._fundings,
        }
        self._signed: dict[tuple[str, str], Callable[[Trader, Body], Payload]] = {
            ("POST", "/v5/order/create"): trade.create,
            ("POST", "/v5/order/amend"): trade.amend,
            ("POST", "/v5/order/cancel"): trade.cancel,
            ("POST", "/v5/order/cancel-all"): trade.cancel_all,
            ("POST", "/v5/order/create-batch"): trade.create_batch,
            ("POST", "/v5/order/cancel-batch"): trade.cancel_batch,
            ("POST", "/v5/order/disconnected-cancel-all"): self.protection.set_window,
            ("GET", "/v5/order/realtime"): _listed(trade.realtime),
            ("GET", "/v5/order/history"): _listed(trade.history),
            ("GET", "/v5/execution/list"): _listed(trade.executions),
            ("GET", "/v5/position/list"): _listed(trade.positions),
            ("POST", "/v5/position/set-leverage"): trade.set_leverage,
            ("POST", "/v5/position/switch-mode"): trade.switch_mode,
            ("POST", "/v5/account/set-margin-mode"): trade.set_margin_mode,
            ("GET", "/v5/account/wallet-balance"): self._wallet,
            ("GET", "/v5/account/fee-rate"): self._fee_rate,
            ("GET", "/v5/account/info"): self._account,
            ("GET", "/v5/user/query-api"): self._key,
            ("GET", "/v5/asset/coin/query-info"): self._coins,
        }

    @property
    def now_ms(self) -> int:
        """The time at the exchange, Unix ms."""
        return self.exchange.now_ns // MILLI_NS

    def answer(self, request: Request) -> Answer:
        """Answer *request*; a refusal is an answer too."""
        allowance: Allowance | None = None
        route = (request.method, request.path)
        try:
            body = _body(request)
            if route in self._open:
                return self._answer(self._open[route](body))
            if route not in self._signed:
                return self._answer({}, *Code.NO_PATH.value, status=HTTPStatus.NOT_FOUND)
            sent = request.body if request.method == "POST" else request.query
            clocks = request.clock_ms, self.now_ms
            key = auth.signer(request.headers, sent, self.secrets, clocks)
            account = self.keys[key][0]
            allowance = self.limits.take(account, request.path, request.clock_ms)
            if allowance is not None and allowance.exceeded:
                return self._answer({}, *Code.TOO_MANY.value, allowance=allowance)
            result = self._signed[route](self.exchange.traders[account], body)
        except Refused as refusal:
            return self._answer({}, refusal.code, refusal.message, allowance=allowance)
        return self._answer(result, allowance=allowance)

    def stream(self, path: str, _: str, name: str) -> Session | None:
        """Open the stream at *path* for a connection called *name*, or say that there is none."""
        private = STREAMS.get(path)
        return (
            None
            if private is None
            else Session(self.exchange, self.keys, self.protection, private=private, name=name)
        )

    def due(self, clock_ms: int) -> None:
        """Cancel the orders of those who have been away too long."""
        self.protection.due(clock_ms)

    def _answer(
        self,
        result: Payload,
        code: int = 0,
        message: str = "OK",
        *,
        allowance: Allowance | None = None,
        status: int = HTTPStatus.OK,
    ) -> Answer:
        """Put *result* into its envelope."""
        extra = result.pop("retExtInfo", {})
        body: Payload = {
            "retCode": code,
            "retMsg": message,
            "result": result,
            "retExtInfo": extra,
            "time": self.now_ms,
        }
        headers = dict[str, str]()
        if allowance is not None:
            headers = {
                "X-Bapi-Limit": str(allowance.limit),
                "X-Bapi-Limit-Status": str(allowance.left),
                "X-Bapi-Limit-Reset-Timestamp": str(allowance.reset_ms),
            }
        return Answer(body, headers, status)

    # --- The market ------------------------------------------------------------------------

    def _time(self, _: Body) -> Payload:
        """Answer the time at the exchange."""
        now_ns = self.exchange.now_ns
        return {"timeSecond": str(now_ns // 1_000_000_000), "timeNano": str(now_ns)}

    def _instruments(self, body: Body) -> Payload:
        """Answer the contracts; there are only linear ones, and all of them trade."""
        listed = said(body, "category") == "linear" and said(body, "status") in {"", "Trading"}
        found = [self.public.instrument(each) for each in self._symbols(body)] if listed else []
        return {"category": said(body, "category"), "list": found, "nextPageCursor": ""}

    def _tickers(self, body: Body) -> Payload:
        """Answer the prices."""
        category(body)
        found = [self.public.ticker(each) for each in self._symbols(body)]
        return {"category": "linear", "list": found}

    def _kline(self, body: Body) -> Payload:
        """Answer candles, the newest first."""
        symbol, interval = symbol_of(self.exchange, body), said(body, "interval")
        limit = min(max(number(body, "limit", BARS), 1), BARS_MAX)
        start, end = number(body, "start", 0), number(body, "end", 0)
        try:
            bars = self.exchange.market.page(symbol, interval, limit, start, end)
        except ValueError as error:
            raise Refused(Code.BAD_PARAMETER, str(error)) from error
        rows = [self.public.kline(symbol, bar) for bar in reversed(bars)]
        return {"category": "linear", "symbol": said(body, "symbol"), "list": rows}

    def _price_kline(self, body: Body) -> Payload:
        """Answer candles of the mark or index price, which are those of the last price."""
        found = self._kline(body)
        rows = cast("list[list[str]]", found["list"])
        return found | {"list": [row[:5] for row in rows]}

    def _book(self, body: Body) -> Payload:
        """Answer the book."""
        symbol = symbol_of(self.exchange, body)
        depth = max(number(body, "limit", 25), 1)
        book = figures.book(self.exchange, symbol, depth)
        bids, asks = (self.public.levels(symbol, side) for side in book)
        name, now_ms = said(body, "symbol"), self.now_ms
        return {"s": name, "b": bids, "a": asks, "ts": now_ms, "u": now_ms, "seq": now_ms}

    def _trades(self, body: Body) -> Payload:
        """Answer the last trades of the tape, the newest first."""
        symbol, market = symbol_of(self.exchange, body), self.exchange.market
        limit, last = number(body, "limit", TRADES), market.last_print(symbol)
        found = market.prints(symbol, last - max(1, min(limit, TRADES_MAX)) + 1, last)
        rows = [self.public.trade(symbol, each) for each in reversed(found)]
        return {"category": "linear", "list": rows}

    def _fundings(self, body: Body) -> Payload:
        """Answer when funding was paid, the newest first."""
        symbol = symbol_of(self.exchange, body)
        start, end = number(body, "startTime", 0), number(body, "endTime", self.now_ms)
        found = [
            each
            for each in self.public.funding(symbol)
            if start <= int(str(each["fundingRateTimestamp"])) <= end
        ]
        limit = min(number(body, "limit", FUNDINGS_MAX), FUNDINGS_MAX)
        return {"category": "linear", "list": found[:limit]}

    def _symbols(self, body: Body) -> Iterable[int]:
        """Return the symbol that *body* names, or all."""
        if said(body, "symbol"):
            return (symbol_of(self.exchange, body),)
        return range(len(self.exchange.listings))

    # --- The account -----------------------------------------------------------------------

    def _wallet(self, trader: Trader, _: Body) -> Payload:
        """Answer the wallet."""
        return {"list": [self.private.wallet(trader)]}

    def _fee_rate(self, _: Trader, body: Body) -> Payload:
        """Answer the fees."""
        category(body)
        found = [self.public.fee_rate(each) for each in self._symbols(body)]
        return {"category": "linear", "list": found}

    def _account(self, trader: Trader, _: Body) -> Payload:
        """Answer what kind of account it is: unified."""
        isolated = trader.account.isolated
        return {
            "unifiedMarginStatus": 6,
            "marginMode": "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
            "updatedTime": str(self.now_ms),
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
        }

    def _key(self, trader: Trader, _: Body) -> Payload:
        """Answer what the API key may do."""
        number_ = list(self.exchange.traders).index(trader.name) + 1
        may = {"ContractTrade": ["Order", "Position"]}
        return {
            "id": str(number_),
            "note": trader.name,
            "readOnly": 0,
            "permissions": may,
            "unified": 0,
            "uta": 1,
            "userID": number_,
        }

    def _coins(self, _: Trader, __: Body) -> Payload:
        """Answer that nothing can be deposited or withdrawn."""
        return {"rows": []}


def _listed(answer: Callable[[Trader, Body], Payload]) -> Callable[[Trader, Body], Payload]:
    """Return *answer*, but for the venue's other kinds of contract an empty list."""

    def listed(trader: Trader, body: Body) -> Payload:
        kind = said(body, "category")
        if kind in OTHERS:
            return {"category": kind, "list": [], "nextPageCursor": ""}
        return answer(trader, body)

    return listed


def number(body: Body, name: str, default: int) -> int:
    """Return field *name* as a whole number.

    Raises:
        Refused: It is none.
    """
    given = said(body, name)
    if not given:
        return default
    if not given.isdecimal():
        raise Refused(Code.BAD_PARAMETER, f"{name} invalid")
    return int(given)


def _body(request: Request) -> Body:
    """Return the fields of *request*."""
    if request.method != "POST":
        return dict(parse_qsl(request.query))
    try:
        found: Any = json.loads(request.body or "{}")
    except json.JSONDecodeError:
        raise Refused(Code.BAD_PARAMETER, "not JSON") from None
    if not isinstance(found, dict):
        raise Refused(Code.BAD_PARAMETER, "not a JSON object")
    return cast("Body", found)
