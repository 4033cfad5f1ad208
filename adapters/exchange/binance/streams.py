"""Streams of the market: what a connection has asked for, and what it is told of it."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs

from adapters.exchange.binance.markets import Markets
from adapters.exchange.binance.public import INTERVALS
from adapters.exchange.market import Bar, Print
from adapters.exchange.records import Notice
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Message, Payload, fields, listed

PATH = re.compile("(?:/public|/market|/private)?/(ws|stream)(?:/(.*))?")
LEVELS = {"depth5": 5, "depth10": 10, "depth20": 20}
STATES = {"bookTicker", "ticker", "miniTicker", "markPrice"}
_TICKER = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "c": "lastPrice",
    "Q": "lastQty",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
_MINI = ("c", "o", "h", "l", "v", "q")


class Asked(NamedTuple):
    """What the address of a stream asks for: names, and whether each message bears its own."""

    names: tuple[str, ...]
    combined: bool


class Topic(NamedTuple):
    """A stream: what it tells, and of which symbols; *whole* where one message tells of all."""

    kind: str
    symbols: tuple[int, ...]
    whole: bool


def asked(path: str, query: str) -> Asked | None:
    """Read the address of a stream, or return None where it is none."""
    found = PATH.fullmatch(path)
    if found is None:
        return None
    fields = parse_qs(query)
    names = [found[2] or "", *fields.get("streams", []), *fields.get("listenKey", [])]
    split = (name for each in names for name in each.split("/") if name)
    return Asked(tuple(split), found[1] == "stream")


class MarketSession:
    """One connection that is told of *markets*; *names* are streams that it begins with."""

    def __init__(self, markets: Markets, names: tuple[str, ...], *, combined: bool) -> None:
        self.markets, self.exchange = markets, markets.exchange
        self.topics: dict[str, Topic] = {}
        self._combined = combined
        self._told: dict[tuple[str, int], int] = {}  # numbers of trades and books
        self._states: dict[tuple[str, int], Payload] = {}
        self._bars: dict[tuple[str, int], Bar] = {}
        for name in names:
            self._subscribe(name)

    # --- What the client says --------------------------------------------------------------

    def receive(self, text: str, _: int) -> list[Message]:
        """Return the answer to a message."""
        said = fields(text)
        names = listed(said, "params")
        match said.get("method"):
            case "SUBSCRIBE":
                for name in names:
                    self._subscribe(name)
            case "UNSUBSCRIBE":
                for name in names:
                    self._forget(name)
            case "LIST_SUBSCRIPTIONS":
                return [{"result": sorted(self.topics), "id": said.get("id")}]
            case _:
                refusal = {"code": 2, "msg": "Invalid request: unknown method"}
                return [{"error": refusal, "id": said.get("id")}]
        return [{"result": None, "id": said.get("id")}]

    def _subscribe(self, name: str) -> None:
        """Take the stream called *name* from now on; one that does not exist stays silent."""
        topic = self._topic(name)
        if topic is None or name in self.topics:
            return
        self.topics[name] = topic
        for symbol in topic.symbols:
            if topic.kind == "depth":
                self._told[name, symbol] = self.markets.depths[symbol].snapshot()[0]
            elif topic.kind in {"trade", "aggTrade"}:
                self._told[name, symbol] = self.exchange.market.last_print(symbol)

    def _topic(self, name: str) -> Topic | None:
        """Read the *name* of a stream, or return None where it is none."""
        first, _, rest = name.partition("@")
        if first.startswith("!"):
            every = tuple(range(len(self.exchange.listings)))
            return Topic(first[1:], every, rest.startswith("arr")) if first[1:] in STATES else None
        symbol, kind = self.exchange.symbols.get(first.upper()), rest.partition("@")[0]
        interval = kind.removeprefix("kline_")
        known = STATES | LEVELS.keys() | {"depth", "trade", "aggTrade"}
        if symbol is None or (kind not in known and interval not in INTERVALS):
            return None
        return Topic(kind, (symbol,), whole=False)

    def _forget(self, name: str) -> None:
        """Leave the stream called *name*."""
        topic = self.topics.pop(name, None)
        for symbol in topic.symbols if topic else ():
            for kept in (self._told, self._states, self._bars):
                kept.pop((name, symbol), None)

    # --- What it is told -------------------------------------------------------------------

    def notify(self, _: Trader, __: tuple[Notice, ...]) -> list[Message]:
        """Return nothing: accounts have streams of their own."""
        return []

    def market(self, _: int) -> list[Message]:
        """Return what has changed in the market since it was last asked."""
        told = list[Message]()
        for name, topic in self.topics.items():
            events = [
                each for symbol in topic.symbols for each in self._events(name, topic.kind, symbol)
            ]
            for each in [events] if topic.whole and events else events:
                told.append({"stream": name, "data": each} if self._combined else each)
        return told

    def _events(self, name: str, kind: str, symbol: int) -> list[Payload]:
        """Return what has changed of *symbol* in the stream called *name*."""
        if kind == "depth":
            return self._changes(name, symbol)
        if kind in {"trade", "aggTrade"}:
            return [self._trade(kind, symbol, each) for each in self._prints(name, symbol)]
        if kind in STATES or kind in LEVELS:
            return self._state(name, kind, symbol)
        return self._candles(name, kind.removeprefix("kline_"), symbol)

    def _event(self, kind: str, symbol: int) -> Payload:
        """Return what all events begin with."""
        return {"e": kind, "E": self.markets.now_ms, "s": self.exchange.listings[symbol].symbol}

    def _changes(self, name: str, symbol: int) -> list[Payload]:
        """Return the changes of the book, each with its number and the one before."""
        levels, told = self.markets.public.levels, list[Payload]()
        for change in self.markets.depths[symbol].since(self._told[name, symbol]):
            self._told[name, symbol] = number = change.number
            sides = {"b": levels(symbol, change.bids), "a": levels(symbol, change.asks)}
            numbers = {"U": number, "u": number, "pu": number - 1}
            about = self._event("depthUpdate", symbol) | {"T": self.markets.now_ms}
            told.append(about | numbers | sides)
        return told

    def _prints(self, name: str, symbol: int) -> list[Print]:
        """Return the trades since the last ones that were told."""
        market, first = self.exchange.market, self._told[name, symbol] + 1
        self._told[name, symbol] = last = market.last_print(symbol)
        return market.prints(symbol, first, last)

    def _trade(self, kind: str, symbol: int, each: Print) -> Payload:
        """Write a trade."""
        written = self.markets.public.aggregate(symbol, each)
        if kind == "trade":
            del written["a"], written["f"], written["l"]
            written |= {"t": each.number, "X": "MARKET"}
        return self._event(kind, symbol) | written

    def _state(self, name: str, kind: str, symbol: int) -> list[Payload]:
        """Return how things stand, unless that was told."""
        event, written = self._stand(kind, symbol)
        if self._states.get((name, symbol)) == written:
            return []
        self._states[name, symbol] = written
        return [self._event(event, symbol) | written]

    def _stand(self, kind: str, symbol: int) -> tuple[str, Payload]:
        """Return the name of the event and how things stand."""
        public = self.markets.public
        if kind == "markPrice":
            premium = public.premium(symbol)
            names = {"p": "markPrice", "i": "indexPrice", "P": "estimatedSettlePrice"}
            written: Payload = {short: premium[name] for short, name in names.items()}
            return "markPriceUpdate", written | {
                "r": premium["lastFundingRate"],
                "T": premium["nextFundingTime"],
            }
        if kind in {"ticker", "miniTicker"}:
            ticker = public.ticker(symbol)
            written = {short: ticker[name] for short, name in _TICKER.items()}
            if kind == "ticker":
                return "24hrTicker", written
            return "24hrMiniTicker", {short: written[short] for short in _MINI}
        number, *sides = self.markets.depths[symbol].snapshot()
        count = LEVELS.get(kind, 1)
        bids, asks = (public.levels(symbol, side[:count]) for side in sides)
        if kind == "bookTicker":
            best = dict(zip("bBaA", [*bids[0], *asks[0]], strict=True))
            return kind, {"u": number, **best}
        return "depthUpdate", {"U": number, "u": number, "pu": number - 1, "b": bids, "a": asks}

    def _candles(self, name: str, interval: str, symbol: int) -> list[Payload]:
        """Return the candle under way, and the one before it once it is complete."""
        try:
            bars = self._bars.get((name, symbol))
            news = self.exchange.market.news(symbol, INTERVALS[interval], bars)
        except ValueError:
            return []
        if news:
            self._bars[name, symbol] = news[-1][0]
        return [
            self._event("kline", symbol)
            | {"k": self._candle(symbol, interval, bar, closed=end_ms > 0)}
            for bar, end_ms in news
        ]

    def _candle(self, symbol: int, interval: str, bar: Bar, *, closed: bool) -> Payload:
        """Write a candle."""
        listing = self.exchange.listings[symbol]
        row = self.markets.public.kline(symbol, interval, bar)
        names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
        about: Payload = {"s": listing.symbol, "i": interval, "f": -1, "L": -1, "x": closed}
        return about | dict(zip(names, row, strict=True))
