"""Streams: what a connection has asked for, and what it is told when something happens."""

from collections.abc import Mapping

from adapters.exchange import figures
from adapters.exchange.bybit import auth
from adapters.exchange.bybit.private import Private
from adapters.exchange.bybit.protection import TOPIC, Protection
from adapters.exchange.bybit.public import Public
from adapters.exchange.market import Bar, length_ms
from adapters.exchange.records import Backed, Configured, Execution, Moved, Notice, Order
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Payload, fields, listed
from spec.units import MILLI_NS

TOPICS = ("order", "execution", "position", "wallet", "dcp")


class Session:
    """One connection: *private* ones carry an account once it is signed for, others the market."""

    def __init__(
        self,
        writes: Private,
        keys: Mapping[str, tuple[str, str]],
        protection: Protection,
        *,
        private: bool,
        name: str = "1",
    ) -> None:
        self.exchange, self.keys, self.private, self.name = writes.exchange, keys, private, name
        self.protection = protection
        self.trader: Trader | None = None
        self.topics: set[str] = set()
        self._writes, self._shows = writes, Public(writes.exchange)
        self._books: dict[str, tuple[figures.Levels, figures.Levels]] = {}
        self._tickers: dict[str, Payload] = {}
        self._bars: dict[str, Bar] = {}
        self._prints: dict[str, int] = {}
        self._sent = 0

    @property
    def now_ms(self) -> int:
        """The time at the exchange, Unix ms."""
        return self.exchange.now_ns // MILLI_NS

    # --- What the client says --------------------------------------------------------------

    def receive(self, text: str, clock_ms: int) -> list[Payload]:
        """Return the answers to a message."""
        said = fields(text)
        args = listed(said, "args")
        match said.get("op"):
            case "ping":
                return [self._pong(said)]
            case "auth":
                return [self._auth(args, clock_ms)]
            case "subscribe":
                return self._subscribe(said, args)
            case "unsubscribe":
                for topic in args:
                    self._forget(topic)
                return [self._done(said, "unsubscribe")]
            case _:
                return [self._done(said, "", refusal="error:invalid op")]

    def _pong(self, said: Payload) -> Payload:
        """Answer a ping, in the words of either kind of stream."""
        if self.private:
            args = [str(self.now_ms)]
            return {"req_id": said.get("req_id"), "op": "pong", "args": args, "conn_id": self.name}
        return self._done(said, "ping") | {"ret_msg": "pong"}

    def _auth(self, args: list[str], clock_ms: int) -> Payload:
        """Take the account that the client has signed for."""
        account = auth.stream_account(args, self.keys, (clock_ms, self.now_ms))
        if account is not None:
            self.trader = self.exchange.traders[account]
        refusal = "" if account else "error:AUTH_FAILED, signature or expiry invalid"
        success = account is not None
        return {"success": success, "ret_msg": refusal, "op": "auth", "conn_id": self.name}

    def _subscribe(self, said: Payload, topics: list[str]) -> list[Payload]:
        """Take *topics*; those of the market begin with a snapshot."""
        wrong = [topic for topic in topics if not self._known(topic)]
        if wrong:
            refusal = f"error:handler not found,topic:{wrong[0]}"
            return [self._done(said, "subscribe", refusal=refusal)]
        if self.private and self.trader is None:
            return [self._done(said, "subscribe", refusal="error:not authenticated")]
        for topic in topics:
            self._forget(topic)
            self.topics.add(topic)
        return [self._done(said, "subscribe"), *self._market(topics)]

    def _known(self, topic: str) -> bool:
        """Return whether this stream has *topic*."""
        if self.private:
            return topic.partition(".")[0] in TOPICS
        kind, _, rest = topic.partition(".")
        depth, _, symbol = rest.rpartition(".")
        if symbol not in self.exchange.symbols:
            return False
        if kind == "kline":
            return depth.isdecimal() or depth in {"D", "W", "M"}
        if kind == "orderbook":
            return depth.isdecimal()
        return kind in {"tickers", "publicTrade", "allLiquidation"} and not depth

    def _forget(self, topic: str) -> None:
        """Leave *topic*."""
        if topic == TOPIC and topic in self.topics and self.trader is not None:
            self.protection.left(self.trader)
        self.topics.discard(topic)
        for kept in (self._books, self._tickers, self._bars, self._prints):
            kept.pop(topic, None)

    def _done(self, said: Payload, op: str, *, refusal: str = "") -> Payload:
        """Return the acknowledgement of *said*."""
        return {
            "success": not refusal,
            "ret_msg": refusal,
            "op": op,
            "req_id": said.get("req_id", ""),
            "conn_id": self.name,
        }

    # --- What happens to the account -------------------------------------------------------

    def notify(self, trader: Trader, notices: tuple[Notice, ...]) -> list[Payload]:
        """Return what the client is told of *notices*, one message for each."""
        if trader is not self.trader:
            return []
        told = list[Payload]()
        for notice in notices:
            match notice:
                case Order():
                    self._add(told, "order", [self._writes.order(trader, notice)])
                    if self._writes.stops.kind(trader, notice) is not None:
                        self._add(told, "position", self._writes.positions(trader, notice.symbol))
                case Execution():
                    self._add(told, "execution", [self._writes.execution(trader, notice)])
                case Moved(symbol) | Backed(symbol):
                    self._add(told, "position", self._writes.positions(trader, symbol))
                case Configured():
                    for symbol in range(len(self.exchange.listings)):
                        self._add(told, "position", self._writes.positions(trader, symbol))
        if any(isinstance(notice, Moved) for notice in notices):
            self._add(told, "wallet", [self._writes.wallet(trader)])
        return told

    def _add(self, told: list[Payload], kind: str, data: list[Payload]) -> None:
        """Add a message of *kind* if the client wants it."""
        for topic in sorted(self.topics):
            if topic.partition(".")[0] == kind:
                self._sent += 1
                name = f"{self.name}-{self._sent}"
                told.append({"id": name, "topic": topic, "creationTime": self.now_ms, "data": data})

    # --- What happens to the market --------------------------------------------------------

    def market(self, clock_ms: int) -> list[Payload]:
        """Return what has changed in the market since it was last asked."""
        if TOPIC in self.topics and self.trader is not None:
            self.protection.heard(self.trader, clock_ms)
        return self._market(sorted(self.topics)) if not self.private else []

    def _market(self, topics: list[str]) -> list[Payload]:
        """Return the changes of *topics*."""
        told = list[Payload]()
        for topic in topics:
            kind, _, rest = topic.partition(".")
            depth, _, name = rest.rpartition(".")
            symbol = self.exchange.symbols.get(name)
            if symbol is None:
                continue
            if kind == "orderbook":
                told += self._book(topic, symbol, int(depth))
            elif kind == "tickers":
                told += self._ticker(topic, symbol)
            elif kind == "kline":
                told += self._kline(topic, symbol, depth)
            elif kind == "publicTrade":
                told += self._trades(topic, symbol)
        return told

    def _book(self, topic: str, symbol: int, depth: int) -> list[Payload]:
        """Return a snapshot of the book, or what has changed since."""
        new, old = figures.book(self.exchange, symbol, depth), self._books.get(topic)
        if new == old:
            return []
        self._books[topic] = new
        kind = "snapshot" if old is None else "delta"
        sides = new if old is None else map(figures.changed, old, new)
        bids, asks = (self._shows.levels(symbol, side) for side in sides)
        name, now_ms = self.exchange.listings[symbol].symbol, self.now_ms
        self._sent += 1
        data = {"s": name, "b": bids, "a": asks, "u": self._sent, "seq": self._sent}
        return [{"topic": topic, "type": kind, "ts": now_ms, "data": data, "cts": now_ms}]

    def _ticker(self, topic: str, symbol: int) -> list[Payload]:
        """Return the ticker, or those of its fields that have changed."""
        new, old = self._shows.ticker(symbol), self._tickers.get(topic)
        self._tickers[topic] = new
        kind, data = "snapshot", new
        if old is not None:
            data = {name: value for name, value in new.items() if value != old[name]}
            kind = "delta"
            if not data:
                return []
            data = {"symbol": new["symbol"]} | data
        self._sent += 1
        cross = self._sent
        return [{"topic": topic, "type": kind, "data": data, "cs": cross, "ts": self.now_ms}]

    def _trades(self, topic: str, symbol: int) -> list[Payload]:
        """Return the trades since the last ones that were told."""
        market, last = self.exchange.market, self.exchange.market.last_print(symbol)
        prints = market.prints(symbol, self._prints.get(topic, last) + 1, last)
        self._prints[topic] = last
        data = [self._shows.streamed_trade(symbol, each) for each in prints]
        return (
            [{"topic": topic, "type": "snapshot", "ts": self.now_ms, "data": data}] if data else []
        )

    def _kline(self, topic: str, symbol: int, interval: str) -> list[Payload]:
        """Return the candle under way, and the one before it once it is complete."""
        try:
            news = self.exchange.market.news(symbol, interval, self._bars.get(topic))
        except ValueError:
            return []
        if news:
            self._bars[topic] = news[-1][0]
        told = [self._candle(symbol, interval, bar, end_ms) for bar, end_ms in news]
        return [
            {"topic": topic, "type": "snapshot", "ts": self.now_ms, "data": [each]} for each in told
        ]

    def _candle(self, symbol: int, interval: str, bar: Bar, end_ms: int) -> Payload:
        """Write a candle; *end_ms* is 0 while it is under way."""
        row = self._shows.kline(symbol, bar)
        names = ("open", "high", "low", "close", "volume", "turnover")
        last_ms = end_ms - 1 if end_ms else bar.start_ms + length_ms(interval) - 1
        about: Payload = {"start": bar.start_ms, "end": last_ms, "interval": interval}
        told = {"confirm": end_ms > 0, "timestamp": self.now_ms}
        return about | dict(zip(names, row[1:], strict=True)) | told
