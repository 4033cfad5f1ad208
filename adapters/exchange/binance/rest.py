"""Requests and answers: which path is answered by what, for whom, and how often."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from adapters.exchange.binance import commands
from adapters.exchange.binance.account import Account
from adapters.exchange.binance.errors import STATUS, Code, missing
from adapters.exchange.binance.fields import symbol_of, whole
from adapters.exchange.binance.limits import Limits, Used
from adapters.exchange.binance.listen import ListenKeys
from adapters.exchange.binance.markets import Markets
from adapters.exchange.binance.private import Private
from adapters.exchange.binance.public import Public
from adapters.exchange.binance.streams import MarketSession, asked
from adapters.exchange.binance.trade import BATCH_MAX, Trade
from adapters.exchange.binance.user import UserSession
from adapters.exchange.core import Exchange
from adapters.exchange.countdown import Countdowns
from adapters.exchange.signing import recent, signed
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Answer, Body, Payload, Refused, Request, Session, said
from spec.units import MILLI_NS

SIGNATURE = re.compile("&?signature=([^&]*)")
WINDOW_MS, WINDOW_MS_MAX = 5_000, 60_000
Open = Callable[[Body], object]
Owned = Callable[[Trader, Body], object]
Routes = dict[tuple[str, str], Owned]
COUNTDOWN, COUNTDOWN_WEIGHT = ("POST", "/fapi/v1/countdownCancelAll"), 10
NEW_ORDERS = {
    ("POST", "/fapi/v1/order"): 1,
    ("PUT", "/fapi/v1/order"): 1,
    ("POST", "/fapi/v1/algoOrder"): 1,
    ("POST", "/fapi/v1/batchOrders"): BATCH_MAX,
    ("PUT", "/fapi/v1/batchOrders"): BATCH_MAX,
}
WEIGHTS = {  # the others weigh 1; a second number is for all symbols
    "/fapi/v1/ticker/24hr": (1, 40),
    "/fapi/v1/ticker/price": (1, 2),
    "/fapi/v1/ticker/bookTicker": (2, 5),
    "/fapi/v1/trades": (5, 5),
    "/fapi/v1/historicalTrades": (20, 20),
    "/fapi/v1/aggTrades": (20, 20),
    "/fapi/v1/openOrders": (1, 40),
    "/fapi/v1/openAlgoOrders": (1, 40),
    "/fapi/v1/allOrders": (5, 5),
    "/fapi/v1/allAlgoOrders": (5, 5),
    "/fapi/v1/batchOrders": (5, 5),
    "/fapi/v1/userTrades": (5, 5),
    "/fapi/v1/forceOrders": (20, 50),
    "/fapi/v1/income": (30, 30),
    "/fapi/v1/commissionRate": (20, 20),
    "/fapi/v1/multiAssetsMargin": (30, 30),
    "/fapi/v1/positionSide/dual": (30, 30),
    "/fapi/v1/symbolConfig": (5, 5),
    "/fapi/v1/accountConfig": (5, 5),
    "/fapi/v2/account": (5, 5),
    "/fapi/v3/account": (5, 5),
    "/fapi/v2/balance": (5, 5),
    "/fapi/v3/balance": (5, 5),
    "/fapi/v2/positionRisk": (5, 5),
    "/fapi/v3/positionRisk": (5, 5),
}
BY_LIMIT = {  # (most rows, weight)
    "/fapi/v1/depth": (500, ((50, 2), (100, 5), (500, 10), (1_000, 20))),
    "/fapi/v1/klines": (500, ((99, 1), (499, 2), (1_000, 5), (1_500, 10))),
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
        self.limits, self.listen_keys = limits or Limits(), ListenKeys()
        self.private, self.countdowns = Private(exchange), Countdowns(exchange)
        self.markets = Markets(exchange, Public(exchange))
        self._open = _open_routes(self.markets)
        self._signed = _order_routes(Trade(exchange, self.private))
        self._signed |= _account_routes(Account(exchange, self.private))

    # --- Requests --------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """Answer *request*; a refusal is an answer too."""
        headers = dict[str, str]()
        try:
            return Answer(self._answer(request, headers), headers)
        except Refused as refusal:
            told = {"code": refusal.code, "msg": refusal.message}
            status = STATUS.get(refusal.kind, HTTPStatus.BAD_REQUEST)
            return Answer(told, headers, status)

    def _answer(self, request: Request, headers: dict[str, str]) -> object:
        """Do what *request* wants, and add to *headers* what that has used."""
        route, body = (request.method, request.path), _body(request)
        _count(self.limits.weigh(weight(route, body), request.clock_ms), headers)
        if route in self._open:
            return self._open[route](body)
        if request.path == "/fapi/v1/listenKey":
            return self._listen(request)
        if route not in self._signed and route != COUNTDOWN:
            refusal = f"Path {request.path}, Method {request.method} is invalid"
            raise Refused(Code.NO_PATH, refusal)
        account = self._signer(request, body)
        if route == COUNTDOWN:
            return self._countdown(self.exchange.traders[account], body, request.clock_ms)
        if route in NEW_ORDERS:
            used = self.limits.order(account, NEW_ORDERS[route], request.clock_ms)
            _count(used, headers)
        return self._signed[route](self.exchange.traders[account], body)

    def _account(self, request: Request) -> str:
        """Return whose API key *request* bears."""
        key = request.headers.get("X-MBX-APIKEY", "")
        if not key:
            raise Refused(Code.NO_KEY)
        if key not in self.keys:
            raise Refused(Code.BAD_KEY)
        return self.keys[key][0]

    def _signer(self, request: Request, body: Body) -> str:
        """Return the account that has signed *request*, if that is recent."""
        account = self._account(request)
        _, secret = self.keys[request.headers["X-MBX-APIKEY"]]
        stamp, window = said(body, "timestamp"), said(body, "recvWindow") or str(WINDOW_MS)
        if not stamp.isdecimal():
            raise missing("timestamp")
        if window.isdecimal() and int(window) > WINDOW_MS_MAX:
            raise Refused(Code.BAD_WINDOW)
        clocks = request.clock_ms, self.exchange.now_ns // MILLI_NS
        if not recent(stamp, window, clocks):
            raise Refused(Code.BAD_TIME)
        payload = SIGNATURE.sub("", request.query) + SIGNATURE.sub("", request.body)
        if not signed(secret, payload, said(body, "signature")):
            raise Refused(Code.BAD_SIGN)
        return account

    def _listen(self, request: Request) -> Payload:
        """Create, extend or close the listen key of an account; this needs no signature."""
        account = self._account(request)
        match request.method:
            case "POST":
                return {"listenKey": self.listen_keys.create(account, request.clock_ms)}
            case "PUT":
                return {"listenKey": self.listen_keys.extend(account, request.clock_ms)}
            case "DELETE":
                self.listen_keys.close(account)
                return {}
            case _:
                raise Refused(Code.NO_PATH)

    def _countdown(self, trader: Trader, body: Body, clock_ms: int) -> Payload:
        """Begin the countdown of a contract anew; with 0 stop it."""
        symbol, length_ms = symbol_of(self.exchange, body), whole(body, "countdownTime", -1)
        if length_ms < 0:
            raise missing("countdownTime")
        if length_ms:
            self.countdowns.put_off(trader, (symbol,), clock_ms + length_ms)
        else:
            self.countdowns.stop(trader, (symbol,))
        return {"symbol": said(body, "symbol"), "countdownTime": str(length_ms)}

    def due(self, clock_ms: int) -> None:
        """Cancel the orders of those who were not heard in time."""
        self.countdowns.due(clock_ms)

    # --- Streams ---------------------------------------------------------------------------

    def stream(self, path: str, query: str, _: str) -> Session | None:
        """Open the stream at *path*, or say that there is none."""
        if path == commands.PATH:
            return commands.CommandSession(self.answer)
        wanted = asked(path, query)
        if wanted is None:
            return None
        for key in wanted.names:
            account = self.listen_keys.account(key)
            if account is not None:
                keys, combined = self.listen_keys, wanted.combined
                return UserSession(self.private, keys, key, account, combined=combined)
        return MarketSession(self.markets, wanted.names, combined=wanted.combined)


def weight(route: tuple[str, str], body: Body) -> int:
    """Return what a request weighs."""
    if route == COUNTDOWN:
        return COUNTDOWN_WEIGHT
    if route in NEW_ORDERS and route[1] != "/fapi/v1/batchOrders":
        return 0
    if route[1] in BY_LIMIT:
        usual, steps = BY_LIMIT[route[1]]
        rows = whole(body, "limit", usual)
        return next((each for most, each in steps if rows <= most), steps[-1][1])
    one, every = WEIGHTS.get(route[1], (1, 1)) if route[0] == "GET" else (1, 1)
    return one if said(body, "symbol") else every


def _count(used: Used, headers: dict[str, str]) -> None:
    """Add to *headers* what is *used*, and refuse what exceeds a limit."""
    headers |= used.headers
    if used.refusal is not None:
        headers["Retry-After"] = str(used.wait_s)
        raise Refused(used.refusal)


def _body(request: Request) -> Body:
    """Return the parameters of *request*, those of its address and those of its body."""
    return dict(parse_qsl(request.query)) | dict(parse_qsl(request.body))


def _open_routes(markets: Markets) -> dict[tuple[str, str], Open]:
    """Return what answers questions about the market."""
    found: dict[str, Open] = {
        "v1/ping": markets.ping,
        "v1/time": markets.time,
        "v1/exchangeInfo": markets.info,
        "v1/depth": markets.depth,
        "v1/klines": markets.klines,
        "v1/continuousKlines": markets.klines,
        "v1/markPriceKlines": markets.klines,
        "v1/indexPriceKlines": markets.klines,
        "v1/trades": markets.trades,
        "v1/historicalTrades": markets.trades,
        "v1/aggTrades": markets.aggregates,
        "v1/ticker/24hr": markets.tickers,
        "v1/ticker/price": markets.prices,
        "v2/ticker/price": markets.prices,
        "v1/ticker/bookTicker": markets.bests,
        "v1/premiumIndex": markets.premiums,
        "v1/fundingRate": markets.fundings,
        "v1/fundingInfo": markets.funding_info,
        "v1/openInterest": markets.open_interest,
    }
    routes = {("GET", f"/fapi/{path}"): answer for path, answer in found.items()}
    return routes | {("GET", "/sapi/v1/system/status"): markets.status}


def _order_routes(trade: Trade) -> Routes:
    """Return what answers commands and questions about orders."""
    found: dict[tuple[str, str], Owned] = {
        ("POST", "order"): trade.create,
        ("PUT", "order"): trade.amend,
        ("DELETE", "order"): trade.cancel,
        ("GET", "order"): trade.query,
        ("POST", "order/test"): trade.test,
        ("POST", "batchOrders"): trade.create_batch,
        ("PUT", "batchOrders"): trade.amend_batch,
        ("DELETE", "batchOrders"): trade.cancel_batch,
        ("DELETE", "allOpenOrders"): trade.cancel_all,
        ("GET", "openOrder"): trade.open_order,
        ("GET", "openOrders"): trade.open_orders,
        ("GET", "allOrders"): trade.all_orders,
        ("POST", "algoOrder"): trade.create_algo,
        ("DELETE", "algoOrder"): trade.cancel_algo,
        ("GET", "algoOrder"): trade.query_algo,
        ("DELETE", "algoOpenOrders"): trade.cancel_all_algos,
        ("GET", "openAlgoOrders"): trade.open_algos,
        ("GET", "allAlgoOrders"): trade.all_algos,
    }
    return {(method, f"/fapi/v1/{path}"): answer for (method, path), answer in found.items()}


def _account_routes(account: Account) -> Routes:
    """Return what answers commands and questions about the account."""
    found: dict[tuple[str, str], Owned] = {
        ("GET", "v1/userTrades"): account.trades,
        ("GET", "v1/forceOrders"): account.liquidations,
        ("GET", "v1/income"): account.income,
        ("GET", "v2/positionRisk"): account.old_positions,
        ("GET", "v3/positionRisk"): account.positions,
        ("GET", "v2/account"): account.old_account,
        ("GET", "v3/account"): account.account,
        ("GET", "v2/balance"): account.balance,
        ("GET", "v3/balance"): account.balance,
        ("GET", "v1/accountConfig"): account.config,
        ("GET", "v1/symbolConfig"): account.symbol_config,
        ("GET", "v1/positionSide/dual"): account.mode,
        ("POST", "v1/positionSide/dual"): account.set_mode,
        ("GET", "v1/multiAssetsMargin"): account.assets_mode,
        ("POST", "v1/multiAssetsMargin"): account.set_assets_mode,
        ("POST", "v1/marginType"): account.set_margin_type,
        ("POST", "v1/positionMargin"): account.shift_margin,
        ("GET", "v1/positionMargin/history"): account.shifts,
        ("POST", "v1/leverage"): account.set_leverage,
        ("GET", "v1/leverageBracket"): account.brackets,
        ("GET", "v1/commissionRate"): account.commission,
    }
    return {(method, f"/fapi/{path}"): answer for (method, path), answer in found.items()}
