"""Questions about the market."""

from typing import cast

from adapters.exchange import figures
from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.fields import category, number, symbol_of, symbols_of
from adapters.exchange.bybit.public import Public
from adapters.exchange.core import Exchange
from adapters.exchange.wire import Body, Payload, Refused, said
from spec.units import MILLI_NS

BARS, BARS_MAX, FUNDINGS_MAX = 200, 1_000, 200
TRADES, TRADES_MAX = 500, 1_000


class Markets:
    """Answers questions about the market of *exchange*; *public* writes the answers."""

    def __init__(self, exchange: Exchange, public: Public) -> None:
        self.exchange, self.public = exchange, public

    @property
    def now_ms(self) -> int:
        """The time at the exchange, Unix ms."""
        return self.exchange.now_ns // MILLI_NS

    def time(self, _: Body) -> Payload:
        """Answer the time at the exchange."""
        now_ns = self.exchange.now_ns
        return {"timeSecond": str(now_ns // 1_000_000_000), "timeNano": str(now_ns)}

    def instruments(self, body: Body) -> Payload:
        """Answer the contracts; there are only linear ones, and all of them trade."""
        listed = said(body, "category") == "linear" and said(body, "status") in {"", "Trading"}
        found = (
            [self.public.instrument(each) for each in symbols_of(self.exchange, body)]
            if listed
            else []
        )
        return {"category": said(body, "category"), "list": found, "nextPageCursor": ""}

    def tickers(self, body: Body) -> Payload:
        """Answer the prices."""
        category(body)
        found = [self.public.ticker(each) for each in symbols_of(self.exchange, body)]
        return {"category": "linear", "list": found}

    def kline(self, body: Body) -> Payload:
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

    def price_kline(self, body: Body) -> Payload:
        """Answer candles of the mark or index price, which are those of the last price."""
        found = self.kline(body)
        rows = cast("list[list[str]]", found["list"])
        return found | {"list": [row[:5] for row in rows]}

    def book(self, body: Body) -> Payload:
        """Answer the book."""
        symbol = symbol_of(self.exchange, body)
        depth = max(number(body, "limit", 25), 1)
        book = figures.book(self.exchange, symbol, depth)
        bids, asks = (self.public.levels(symbol, side) for side in book)
        name, now_ms = said(body, "symbol"), self.now_ms
        return {"s": name, "b": bids, "a": asks, "ts": now_ms, "u": now_ms, "seq": now_ms}

    def trades(self, body: Body) -> Payload:
        """Answer the last trades of the tape, the newest first."""
        symbol, market = symbol_of(self.exchange, body), self.exchange.market
        limit, last = number(body, "limit", TRADES), market.last_print(symbol)
        found = market.prints(symbol, last - max(1, min(limit, TRADES_MAX)) + 1, last)
        rows = [self.public.trade(symbol, each) for each in reversed(found)]
        return {"category": "linear", "list": rows}

    def fundings(self, body: Body) -> Payload:
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

    def tiers(self, body: Body) -> Payload:
        """Answer the maintenance margin by notional."""
        category(body)
        rows = [row for each in symbols_of(self.exchange, body) for row in self.public.tiers(each)]
        return {"category": "linear", "list": rows, "nextPageCursor": ""}

    def status(self, _: Body) -> Payload:
        """Answer that no maintenance is planned."""
        return {"list": []}
