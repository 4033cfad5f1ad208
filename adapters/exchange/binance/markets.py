"""Questions about the market: anybody may ask them."""

from collections.abc import Callable

from adapters.exchange.binance.depth import Depth
from adapters.exchange.binance.errors import Code
from adapters.exchange.binance.fields import symbol_of, symbols_of, whole
from adapters.exchange.binance.public import INTERVALS, Public
from adapters.exchange.core import Exchange
from adapters.exchange.market import Print
from adapters.exchange.wire import Body, Payload, Refused, said
from spec.units import MILLI_NS

BARS, BARS_MAX = 500, 1_500
LEVELS, LEVELS_MAX = 500, 1_000
TRADES, TRADES_MAX = 500, 1_000
FUNDINGS, FUNDINGS_MAX = 100, 1_000


class Markets:
    """Answers questions about the market of *exchange*; *depths* are by symbol."""

    def __init__(self, exchange: Exchange, public: Public) -> None:
        self.exchange, self.public = exchange, public
        self.depths = [Depth(exchange, symbol) for symbol in range(len(exchange.listings))]

    @property
    def now_ms(self) -> int:
        """The time at the exchange, Unix ms."""
        return self.exchange.now_ns // MILLI_NS

    def ping(self, _: Body) -> Payload:
        """Answer that the exchange is there."""
        return {}

    def status(self, _: Body) -> Payload:
        """Answer that there is no maintenance."""
        return {"status": 0, "msg": "normal"}

    def time(self, _: Body) -> Payload:
        """Answer the time at the exchange."""
        return {"serverTime": self.now_ms}

    def info(self, _: Body) -> Payload:
        """Answer rules and contracts."""
        return self.public.exchange_info(self.now_ms)

    def depth(self, body: Body) -> Payload:
        """Answer the book."""
        symbol = symbol_of(self.exchange, body)
        number, *sides = self.depths[symbol].snapshot()
        limit = min(whole(body, "limit", LEVELS), LEVELS_MAX)
        bids, asks = (self.public.levels(symbol, side[:limit]) for side in sides)
        times = {"E": self.now_ms, "T": self.now_ms}
        return {"lastUpdateId": number, **times, "bids": bids, "asks": asks}

    def klines(self, body: Body) -> list[list[object]]:
        """Answer candles, oldest first; those of mark and index price are of the last price."""
        named = {"symbol": said(body, "symbol") or said(body, "pair")}
        symbol, interval = symbol_of(self.exchange, named), said(body, "interval")
        limit = min(max(whole(body, "limit", BARS), 1), BARS_MAX)
        start_ms, end_ms = whole(body, "startTime"), whole(body, "endTime")
        if interval not in INTERVALS:
            raise Refused(Code.BAD_INTERVAL)
        try:
            bars = self.exchange.market.page(symbol, INTERVALS[interval], limit, start_ms, end_ms)
        except ValueError as error:
            raise Refused(Code.BAD_INTERVAL, str(error)) from error
        return [self.public.kline(symbol, interval, bar) for bar in bars]

    def trades(self, body: Body) -> list[Payload]:
        """Answer trades of the tape, oldest first."""
        symbol = symbol_of(self.exchange, body)
        return [self.public.trade(symbol, each) for each in self._prints(symbol, body)]

    def aggregates(self, body: Body) -> list[Payload]:
        """Answer trades of the tape, each for itself, oldest first."""
        symbol = symbol_of(self.exchange, body)
        return [self.public.aggregate(symbol, each) for each in self._prints(symbol, body)]

    def _prints(self, symbol: int, body: Body) -> list[Print]:
        """Return the trades that *body* asks for."""
        market = self.exchange.market
        limit = min(max(whole(body, "limit", TRADES), 1), TRADES_MAX)
        first, last = whole(body, "fromId"), market.last_print(symbol)
        if first:
            return market.prints(symbol, first, first + limit - 1)
        start_ms, end_ms = whole(body, "startTime"), whole(body, "endTime") or self.now_ms
        if start_ms:
            first, last = market.print_at(symbol, start_ms), market.print_at(symbol, end_ms + 1) - 1
            return market.prints(symbol, first, min(last, first + limit - 1))
        return market.prints(symbol, last - limit + 1, last)

    def tickers(self, body: Body) -> Payload | list[Payload]:
        """Answer the last 24 hours."""
        return self._each(body, self.public.ticker)

    def prices(self, body: Body) -> Payload | list[Payload]:
        """Answer the last prices."""
        return self._each(body, self.public.price)

    def bests(self, body: Body) -> Payload | list[Payload]:
        """Answer the best bids and asks."""
        return self._each(body, self.public.best)

    def premiums(self, body: Body) -> Payload | list[Payload]:
        """Answer mark prices and funding."""
        return self._each(body, self.public.premium)

    def fundings(self, body: Body) -> list[Payload]:
        """Answer when funding was paid, oldest first."""
        start_ms, end_ms = whole(body, "startTime"), whole(body, "endTime") or self.now_ms
        limit = min(max(whole(body, "limit", FUNDINGS), 1), FUNDINGS_MAX)
        found = [
            row
            for symbol in symbols_of(self.exchange, body)
            for row in self.public.fundings(symbol)
            if start_ms <= int(str(row["fundingTime"])) <= end_ms
        ]
        return found[:limit] if start_ms else found[-limit:]

    def funding_info(self, body: Body) -> list[Payload]:
        """Answer how often funding is paid."""
        return [self.public.funding_info(symbol) for symbol in symbols_of(self.exchange, body)]

    def open_interest(self, body: Body) -> Payload:
        """Answer that nobody else holds anything."""
        listing = self.exchange.listings[symbol_of(self.exchange, body)]
        return {"symbol": listing.symbol, "openInterest": "0", "time": self.now_ms}

    def _each(self, body: Body, write: Callable[[int], Payload]) -> Payload | list[Payload]:
        """Return what *write* makes of the symbol of *body*, or of each of them."""
        found = [write(symbol) for symbol in symbols_of(self.exchange, body)]
        return found[0] if said(body, "symbol") else found
