"""Requests and answers: which path is answered by what, for whom, and how often."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl

from adapters.exchange.bybit import auth, commands
from adapters.exchange.bybit.account import Account
from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.history import History
from adapters.exchange.bybit.markets import Markets
from adapters.exchange.bybit.private import Private
from adapters.exchange.bybit.protection import Protection
from adapters.exchange.bybit.public import Public
from adapters.exchange.bybit.trade import Trade
from adapters.exchange.bybit.trading_stop import TradingStop
from adapters.exchange.bybit.ws import Session
from adapters.exchange.core import Exchange
from adapters.exchange.limits import Allowance, Limits
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Answer, Body, Payload, Refused, Request, said
from adapters.exchange.wire import Session as Stream
from spec.units import MILLI_NS

OTHERS = {"inverse", "option", "spot"}
STREAMS = {"/v5/private": True, "/v5/public/linear": False}  # whether they are private
Open = Callable[[Body], Payload]
Owned = Callable[[Trader, Body], Payload]
Routes = dict[tuple[str, str], Owned]
RATES = {  # requests a second of one account
    "/v5/order/create": 10,
    "/v5/order/amend": 10,
    "/v5/order/cancel": 10,
    "/v5/order/cancel-all": 10,
    "/v5/order/create-batch": 10,
    "/v5/order/amend-batch": 10,
    "/v5/order/cancel-batch": 10,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/position/trading-stop": 10,
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
        self.private = Private(exchange, TradingStop(exchange))
        self.protection, public = Protection(exchange), Public(exchange)
        trade, history = Trade(exchange, self.private), History(exchange, self.private)
        self._open = _open_routes(Markets(exchange, public))
        self._signed = _order_routes(trade, history) | _account_routes(
            Account(exchange, self.private, public), history
        )
        self._signed |= {
            ("POST", "/v5/order/disconnected-cancel-all"): self.protection.set_window,
            ("POST", "/v5/position/trading-stop"): self.private.stops.set,
        }

    @property
    def now_ms(self) -> int:
        """The time at the exchange, Unix ms."""
        return self.exchange.now_ns // MILLI_NS

    def answer(self, request: Request) -> Answer:
        """Answer *request*; a refusal is an answer too."""
        route = request.method, request.path
        try:
            body = _body(request)
            if route in self._open:
                return self._answer(self._open[route](body))
            if route not in self._signed:
                return self._answer({}, *Code.NO_PATH.value, status=HTTPStatus.NOT_FOUND)
            sent = request.body if request.method == "POST" else request.query
            clocks = request.clock_ms, self.now_ms
            key = auth.signer(request.headers, sent, self.secrets, clocks)
        except Refused as refusal:
            return self._answer({}, refusal.code, refusal.message)
        return self._done(self.keys[key][0], route, body, request.clock_ms)

    def _done(self, account: str, route: tuple[str, str], body: Body, clock_ms: int) -> Answer:
        """Do what *account* wants, if it does not want too much."""
        allowance = self.limits.take(account, route[1], clock_ms)
        if allowance is not None and allowance.exceeded:
            return self._answer({}, *Code.TOO_MANY.value, allowance=allowance)
        try:
            result = self._signed[route](self.exchange.traders[account], body)
        except Refused as refusal:
            return self._answer({}, refusal.code, refusal.message, allowance=allowance)
        return self._answer(result, allowance=allowance)

    def _command(self, account: str, path: str, body: Body, clock_ms: int) -> Answer:
        """Do a command that came over a stream."""
        return self._done(account, ("POST", path), body, clock_ms)

    def stream(self, path: str, _: str, name: str) -> Stream | None:
        """Open the stream at *path* for a connection called *name*, or say that there is none."""
        if path == commands.PATH:
            return commands.CommandSession(self._command, self.keys, lambda: self.now_ms, name)
        private = STREAMS.get(path)
        if private is None:
            return None
        return Session(self.private, self.keys, self.protection, private=private, name=name)

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


def _open_routes(markets: Markets) -> Mapping[tuple[str, str], Open]:
    """Return what answers questions about the market."""
    return {
        ("GET", "/v5/market/time"): markets.time,
        ("GET", "/v5/market/instruments-info"): markets.instruments,
        ("GET", "/v5/market/tickers"): markets.tickers,
        ("GET", "/v5/market/kline"): markets.kline,
        ("GET", "/v5/market/mark-price-kline"): markets.price_kline,
        ("GET", "/v5/market/index-price-kline"): markets.price_kline,
        ("GET", "/v5/market/orderbook"): markets.book,
        ("GET", "/v5/market/recent-trade"): markets.trades,
        ("GET", "/v5/market/funding/history"): markets.fundings,
        ("GET", "/v5/market/risk-limit"): markets.tiers,
        ("GET", "/v5/system/status"): markets.status,
    }


def _order_routes(trade: Trade, history: History) -> Routes:
    """Return what answers commands and questions about orders and positions."""
    return {
        ("POST", "/v5/order/create"): trade.create,
        ("POST", "/v5/order/amend"): trade.amend,
        ("POST", "/v5/order/cancel"): trade.cancel,
        ("POST", "/v5/order/cancel-all"): trade.cancel_all,
        ("POST", "/v5/order/create-batch"): trade.create_batch,
        ("POST", "/v5/order/amend-batch"): trade.amend_batch,
        ("POST", "/v5/order/cancel-batch"): trade.cancel_batch,
        ("GET", "/v5/order/realtime"): _listed(trade.realtime),
        ("GET", "/v5/order/history"): _listed(trade.history),
        ("GET", "/v5/execution/list"): _listed(trade.executions),
        ("GET", "/v5/position/list"): _listed(trade.positions),
        ("GET", "/v5/position/closed-pnl"): _listed(history.closed),
    }


def _account_routes(account: Account, history: History) -> Routes:
    """Return what answers commands and questions about the account."""
    return {
        ("POST", "/v5/position/set-leverage"): account.set_leverage,
        ("POST", "/v5/position/switch-mode"): account.switch_mode,
        ("POST", "/v5/account/set-margin-mode"): account.set_margin_mode,
        ("GET", "/v5/account/wallet-balance"): account.wallet,
        ("GET", "/v5/account/fee-rate"): account.fee_rate,
        ("GET", "/v5/account/info"): account.info,
        ("GET", "/v5/account/transaction-log"): _listed(history.log),
        ("GET", "/v5/user/query-api"): account.key,
        ("GET", "/v5/asset/coin/query-info"): account.coins,
    }


def _listed(answer: Callable[[Trader, Body], Payload]) -> Callable[[Trader, Body], Payload]:
    """Return *answer*, but for the venue's other kinds of contract an empty list."""

    def listed(trader: Trader, body: Body) -> Payload:
        kind = said(body, "category")
        if kind in OTHERS:
            return {"category": kind, "list": [], "nextPageCursor": ""}
        return answer(trader, body)

    return listed


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
