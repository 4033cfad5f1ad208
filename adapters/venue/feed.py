"""The stream of a venue, whole or known not to be: every message is read before ccxt merges it.

ccxt keeps the connections: it signs in, subscribes, answers pings and renews listen keys.  What it
hands out between two awaits is only the newest state, so the messages are read where they arrive.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

from attrs import asdict, define

from adapters.venue.client import UNREADABLE, Client
from adapters.venue.contracts import Roster
from adapters.venue.dialect import Body, Candle, Dialect, Item, Prices, Stream
from adapters.venue.port import Bar, Gap, GapEnded, News, Quote

RETRY_S, RETRY_S_MAX = 0.1, 5.0
SILENCE_S = 60.0
MINUTE_MS = 60_000


@define
class _Connection:
    """A WebSocket: how many subscriptions it has confirmed, and when it said something last."""

    client: Any
    confirmed: int = 0
    heard_s: float = 0.0


class Feed:
    """The news that *client* hears, in the words of *dialect*; nothing is dropped."""

    def __init__(self, client: Client, dialect: Dialect, roster: Roster) -> None:
        exchange: Any = client.exchange
        self._exchange, self._errors = exchange, client.errors
        self._dialect, self._roster = dialect, roster
        self._queue = asyncio.Queue[News]()
        self._connections: dict[str, _Connection] = {}
        self._streams = dialect.streams(roster)
        self._guards: list[asyncio.Task[None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._whole = asyncio.Event()
        self._broken = False  # a gap was told that has not ended
        self._failure = "no answer"
        self._prices: dict[int, dict[str, int]] = {}
        self._bars: dict[int, Bar] = {}
        self._told_ms: dict[int, int] = {}
        self._handle: Callable[[Any, Any], object] = exchange.handle_message
        self._on_error: Callable[[Any, Any], object] = exchange.on_error
        self._on_connected: Callable[[Any], object] = exchange.on_connected
        self._on_close: Callable[[Any, Any], object] = exchange.on_close
        exchange.handle_message = self._heard
        exchange.on_error, exchange.on_close = self._failed, self._closed
        exchange.on_connected = self._connected

    async def open(self, timeout_s: float) -> str:
        """Subscribe to everything; return why it was not to be had in *timeout_s*, or nothing."""
        self._tasks = [asyncio.create_task(self._follow(stream)) for stream in self._streams]
        self._tasks.append(asyncio.create_task(self._watch_silence()))
        try:
            await asyncio.wait_for(self._whole.wait(), timeout_s)
        except TimeoutError:
            return self._failure
        return ""

    async def close(self) -> None:
        """Stop; what has come is still told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def guard(self, *, on: bool) -> None:
        """Have the end of a connection noticed by the venue or not, where that is what counts."""
        if not on:
            await self._unguard()
        elif not self._guards:
            found = [self._dialect.guard(url) for url in self._connections]
            streams = [stream for stream in found if stream is not None]
            self._guards = [asyncio.create_task(self._follow(stream)) for stream in streams]
            self._tasks += self._guards

    async def _unguard(self) -> None:
        """Leave what `guard` has subscribed to."""
        for task in self._guards:
            task.cancel()
        self._guards = []
        for connection in tuple(self._connections.values()):
            message = self._dialect.unguard(connection.client.url)
            if message is not None:
                with suppress(ConnectionError):
                    await connection.client.send(message)

    async def news(self) -> AsyncIterator[News]:
        """Yield what has come, in order."""
        while True:
            yield await self._queue.get()

    def begin(self, quote: Quote) -> None:
        """Tell *quote*, to which the prices to come are changes."""
        self._prices[quote.symbol] = asdict(quote, filter=lambda field, _: field.name != "symbol")
        self._queue.put_nowait(quote)

    def tell(self, item: Item) -> None:
        """Add *item* to the news, as a quote or a complete bar if it is a part of one."""
        match item:
            case Prices():
                self._tell_prices(item)
            case Candle():
                self._tell_candle(item)
            case _:
                self._queue.put_nowait(item)

    def gap(self, why: str) -> None:
        """Tell that news may be missing, once until it is told that they no longer are.

        Bars begin anew: the one under way may be cut short, and those missing belong to this gap.
        """
        self._bars.clear()
        self._told_ms.clear()
        if not self._broken and self._whole.is_set():
            self._broken = True
            self._queue.put_nowait(Gap(why))

    # --- Connections -----------------------------------------------------------------------

    async def _follow(self, stream: Stream) -> None:
        """Keep *stream* subscribed; what ccxt returns was read when it arrived."""
        method, retry_s = getattr(self._exchange, stream.method), RETRY_S
        while True:
            try:
                await method(*stream.args)
                retry_s = RETRY_S
                continue
            except asyncio.CancelledError:  # of a future of ccxt's, or of this task
                if _cancelled():
                    raise
                self._failure = f"{stream.method}: the connection was closed"
            except (self._errors, *UNREADABLE, OSError) as error:
                self._failure = f"{stream.method}: {error}"
            self.gap(self._failure)
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, RETRY_S_MAX)

    async def _watch_silence(self) -> None:
        """Give up connections on which nothing comes, not even the answer to a ping."""
        while True:
            await asyncio.sleep(SILENCE_S / 4)
            now_s = asyncio.get_running_loop().time()
            for connection in tuple(self._connections.values()):
                if now_s - connection.heard_s > SILENCE_S:
                    self._drop(connection.client, f"nothing heard for {SILENCE_S:g} s")

    def _drop(self, client: Any, why: str) -> None:  # noqa: ANN401
        """Close a connection that cannot be trusted: ccxt makes a new one."""
        client.on_error(self._errors(why))

    def _connected(self, client: Any) -> None:  # noqa: ANN401
        """Take note of a new connection."""
        self._connections[client.url] = connection = _Connection(client)
        connection.heard_s = asyncio.get_running_loop().time()
        connection.confirmed += self._dialect.connects(client.url)
        client.handle_message = partial(self._received, client, client.handle_message)
        self._on_connected(client)
        self._judge()

    def _failed(self, client: Any, error: Any) -> None:  # noqa: ANN401
        """Take note that a connection has failed."""
        self._lost(client, str(error))
        self._on_error(client, error)

    def _closed(self, client: Any, code: Any) -> None:  # noqa: ANN401
        """Take note that a connection was closed."""
        self._lost(client, f"closed with code {code}")
        self._on_close(client, code)

    def _lost(self, client: Any, why: str) -> None:  # noqa: ANN401
        """Forget a connection and what it had confirmed."""
        known = self._connections.get(client.url)
        if known is not None and known.client is client:
            del self._connections[client.url]
            self._failure = why
            self.gap(why)

    # --- Messages --------------------------------------------------------------------------

    def _received(self, client: Any, handle: Callable[[Any], object], message: Any) -> None:  # noqa: ANN401
        """Let ccxt parse a message; after one that is no JSON it would never listen again."""
        try:
            handle(message)
        except UNREADABLE as error:
            self._drop(client, f"unreadable message: {error!r}")

    def _heard(self, client: Any, message: Any) -> None:  # noqa: ANN401
        """Read a message, then let ccxt have it."""
        connection = self._connections.setdefault(client.url, _Connection(client))
        connection.heard_s = asyncio.get_running_loop().time()
        try:
            if isinstance(message, dict):
                self._read(connection, cast("Body", message))
            self._handle(client, message)
        except (self._errors, *UNREADABLE) as error:
            self._drop(client, f"unreadable message: {error!r}")

    def _read(self, connection: _Connection, message: Body) -> None:
        """Tell the news of *message*."""
        if self._dialect.acknowledges(message):
            connection.confirmed += 1
        for item in self._dialect.news(self._roster, message):
            self.tell(item)
        self._judge()
        forget = self._dialect.ends(message)
        if forget is not None:
            self._exchange.options.update(forget)
            self._drop(connection.client, "the venue ends the stream")

    def _judge(self) -> None:
        """Tell the end of a gap once everything is subscribed to."""
        confirmed = sum(each.confirmed for each in self._connections.values())
        whole = confirmed >= len(self._streams) + len(self._guards)
        if whole and (self._broken or not self._whole.is_set()):
            if self._broken:
                self._queue.put_nowait(GapEnded())
            self._broken = False
            self._whole.set()

    def _tell_prices(self, item: Prices) -> None:
        """Tell the quote of which *item* changes a part, once all parts are known."""
        known = self._prices.setdefault(item.symbol, {})
        if item.changed.items() <= known.items():
            return
        known |= item.changed
        self._roster.marks[item.symbol] = known.get("mark", 0)
        if len(known) == 4:  # noqa: PLR2004  # last, mark, bid, ask
            self._queue.put_nowait(Quote(item.symbol, **known))

    def _tell_candle(self, item: Candle) -> None:
        """Tell a bar once it is complete; bars that were never seen are a gap."""
        symbol, new = item.bar.symbol, item.bar
        old = self._bars.get(symbol)
        if old is not None and new.open_ms < old.open_ms:
            return
        if item.complete is None:
            self._bars[symbol] = new
            if old is not None and old.open_ms < new.open_ms:
                self._tell_bar(old)
        elif item.complete:
            self._tell_bar(new)

    def _tell_bar(self, bar: Bar) -> None:
        """Tell a complete bar, and before it whether there are some missing."""
        last_ms = self._told_ms.get(bar.symbol)
        if last_ms is not None and bar.open_ms <= last_ms:
            return
        self._told_ms[bar.symbol] = bar.open_ms
        if last_ms is not None and bar.open_ms > last_ms + MINUTE_MS and not self._broken:
            self._queue.put_nowait(Gap(f"bars are missing before {bar.open_ms}"))
            self._queue.put_nowait(GapEnded())
        self._queue.put_nowait(bar)


def _cancelled() -> bool:
    """Return whether this task is to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
