"""The stream without a network: when it is whole, and what it makes of prices and bars."""
# ruff: noqa: ANN401  # the client library has no types

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field

from adapters.venue.bybit import Bybit
from adapters.venue.client_id import ClientIds
from adapters.venue.contracts import Roster, contracts
from adapters.venue.dialect import Candle, Item, Prices
from adapters.venue.feed import Feed
from adapters.venue.port import Bar, Gap, GapEnded, News, Quote

if TYPE_CHECKING:
    from adapters.venue.client import Client

STREAMS = 6  # orders, fills, positions, wallet, prices and bars of one contract
MARKET = {
    "id": "BTCUSDT",
    "symbol": "BTC/USDT:USDT",
    "settle": "USDT",
    "precision": {"price": 0.1, "amount": 0.001},
    "contractSize": 1,
    "maker": 0.0002,
    "taker": 0.0005,
    "limits": {
        "amount": {"min": 0.001, "max": None},
        "cost": {"min": 5},
        "leverage": {"max": 100},
    },
}
ACK = {"op": "subscribe", "success": True}


@define
class Socket:
    """A connection of the client library."""

    url: str
    exchange: Any
    closed: list[str] = field(factory=list)

    def on_error(self, error: Exception) -> None:
        """Give the connection up."""
        self.closed.append(str(error))
        self.exchange.on_error(self, error)


class Stub:
    """A client library that says what a test lets it say."""

    def __init__(self) -> None:
        def ignore(*_: Any) -> None: ...

        async def forever(*_: Any) -> None:
            await asyncio.Event().wait()

        self.exchange: Any = SimpleNamespace(
            handle_message=ignore,
            on_error=ignore,
            on_close=ignore,
            on_connected=ignore,
            options={},
        )
        for name in ("orders", "my_trades", "positions", "balance", "ticker", "ohlcv"):
            setattr(self.exchange, f"watch_{name}", forever)
        client = cast("Client", SimpleNamespace(exchange=self.exchange, errors=RuntimeError))
        roster = Roster(contracts([MARKET]), ClientIds("bot", ["BTCUSDT"]))
        self.feed = Feed(client, Bybit(), roster)
        self.private, self.public = (Socket(name, self.exchange) for name in ("private", "public"))

    def say(self, socket: Socket, *messages: Any) -> None:
        """Let *messages* arrive."""
        for message in messages:
            self.exchange.handle_message(socket, message)

    async def told(self) -> list[News]:
        """Return the news so far."""
        found = list[News]()
        while not self.feed._queue.empty():
            found.append(await anext(self.feed.news()))
        return found


def run(test: Callable[[Stub], Awaitable[None]], *, whole: bool = True) -> None:
    """Run *test* on a feed, which is *whole* at first."""

    async def body() -> None:
        stub = Stub()
        if whole:
            opening = asyncio.create_task(stub.feed.open(5))
            await asyncio.sleep(0)
            stub.say(stub.private, *[ACK] * 4)
            stub.say(stub.public, *[ACK] * 2)
            assert await opening == ""
        await test(stub)
        await stub.feed.close()

    asyncio.run(body())


def test_it_is_not_open_before_everything_is_subscribed_to() -> None:
    """An acknowledgement too few is a stream too few, and the reason is told."""

    async def test(stub: Stub) -> None:
        opening = asyncio.create_task(stub.feed.open(0.05))
        await asyncio.sleep(0)
        stub.say(stub.private, *[ACK] * (STREAMS - 1))
        assert await opening == "no answer"

    run(test, whole=False)


def test_a_gap_ends_when_everything_is_subscribed_to_again() -> None:
    """What the other connection has confirmed still counts; what the lost one had does not."""

    async def test(stub: Stub) -> None:
        stub.private.on_error(RuntimeError("reset by peer"))
        assert await stub.told() == [Gap("reset by peer")]
        anew = Socket("private", stub.exchange)
        stub.say(anew, *[ACK] * 3)
        assert await stub.told() == []
        stub.say(anew, ACK)
        assert await stub.told() == [GapEnded()]

    run(test)


def test_two_losses_are_one_gap() -> None:
    """It begins with the first and ends with the last."""

    async def test(stub: Stub) -> None:
        stub.private.on_error(RuntimeError("one"))
        stub.exchange.on_close(stub.public, 1006)
        stub.say(Socket("private", stub.exchange), *[ACK] * 4)
        assert await stub.told() == [Gap("one")]
        stub.say(Socket("public", stub.exchange), *[ACK] * 2)
        assert await stub.told() == [GapEnded()]

    run(test)


def test_an_old_connection_s_end_is_no_news() -> None:
    """A connection that has been replaced may close late."""

    async def test(stub: Stub) -> None:
        stub.private.on_error(RuntimeError("one"))
        stub.say(Socket("private", stub.exchange), *[ACK] * 4)
        await stub.told()
        stub.exchange.on_close(stub.private, 1000)
        assert await stub.told() == []

    run(test)


def test_what_the_library_cannot_digest_is_a_gap_too() -> None:
    """Its own parser may fail, and would leave the connection deaf."""

    async def test(stub: Stub) -> None:
        def fail(*_: Any) -> None:
            raise KeyError("x")

        stub.feed._handle = fail
        stub.say(stub.public, {"op": "pong"})
        (gap,) = await stub.told()
        assert isinstance(gap, Gap)
        assert stub.public.closed == [gap.text]

    run(test)


def test_a_quote_is_told_when_one_of_its_prices_changes() -> None:
    """Venues tell prices in parts; nothing is told before all parts are known, nor twice."""

    async def test(stub: Stub) -> None:
        for changed in ({"last": 5, "mark": 5}, {"bid": 4, "ask": 6}, {"bid": 4}, {"last": 6}):
            stub.feed.tell(Prices(0, changed))
        assert await stub.told() == [Quote(0, 5, 5, 4, 6), Quote(0, 6, 5, 4, 6)]

    run(test)


def candle(minute: int, close: int, *, complete: bool | None = None) -> Item:
    """Return a bar as far as it has come."""
    return Candle(Bar(0, minute * 60_000, close, close, close, close, 1), complete)


def test_where_no_bar_is_said_to_be_complete_the_next_one_completes_it() -> None:
    """The last state of a bar is what it was; a late repetition changes nothing."""

    async def test(stub: Stub) -> None:
        for each in (candle(1, 5), candle(1, 6), candle(2, 7), candle(1, 9), candle(3, 8)):
            stub.feed.tell(each)
        assert [(bar.open_ms, bar.close) for bar in await stub.told() if isinstance(bar, Bar)] == [
            (60_000, 6),
            (120_000, 7),
        ]

    run(test)


def test_a_bar_that_never_came_is_a_gap() -> None:
    """Complete bars follow each other by minutes; none comes twice."""

    async def test(stub: Stub) -> None:
        for minute in (1, 2, 2, 5):
            stub.feed.tell(candle(minute, 5, complete=True))
        first, second, gap, ended, third = await stub.told()
        assert (first, second, third) == tuple(
            Bar(0, minute * 60_000, 5, 5, 5, 5, 1) for minute in (1, 2, 5)
        )
        assert isinstance(gap, Gap)
        assert ended == GapEnded()

    run(test)


def test_a_gap_is_told_once() -> None:
    """The bars that the bot asks for after a gap are no second one."""

    async def test(stub: Stub) -> None:
        stub.feed.tell(candle(1, 5, complete=True))
        stub.private.on_error(RuntimeError("reset"))
        stub.say(Socket("private", stub.exchange), *[ACK] * 4)
        stub.feed.tell(candle(4, 5, complete=True))
        gaps = [news for news in await stub.told() if isinstance(news, Gap)]
        assert gaps == [Gap("reset")]

    run(test)


def test_a_bar_that_a_gap_has_cut_short_is_not_told() -> None:
    """Its last state before the gap is not what it was when it closed."""

    async def test(stub: Stub) -> None:
        stub.feed.tell(candle(1, 5))
        stub.private.on_error(RuntimeError("reset"))
        stub.say(Socket("private", stub.exchange), *[ACK] * 4)
        stub.feed.tell(candle(3, 7))
        assert not [news for news in await stub.told() if isinstance(news, Bar)]

    run(test)
