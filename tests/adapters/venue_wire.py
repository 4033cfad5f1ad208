"""A venue behind a wire that can be cut: for tests of the adapters."""
# ruff: noqa: ANN401  # ccxt has no types

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from attrs import evolve, frozen

from adapters.exchange import setup as setups
from adapters.exchange.binance import client as binance_client
from adapters.exchange.binance import rest as binance_rest
from adapters.exchange.binance.limits import ORDERS
from adapters.exchange.binance.limits import Limits as BinanceLimits
from adapters.exchange.bybit import client as bybit_client
from adapters.exchange.bybit import rest as bybit_rest
from adapters.exchange.core import Exchange
from adapters.exchange.limits import Limits
from adapters.exchange.server import Server, serve
from adapters.venue.binance import Binance
from adapters.venue.bybit import Bybit
from adapters.venue.ccxt_venue import CcxtVenue
from adapters.venue.credentials import Credentials
from adapters.venue.dialect import Dialect
from adapters.venue.port import News
from machines.messages import Wanted
from spec.terms import OrderType, PositionSide, Side, TimeInForce, TriggerBy
from tests.adapters.test_exchange import SYMBOL, at, made

T = TypeVar("T")
WAIT_S = 10
BOT = "bot-1"


@frozen(kw_only=True)
class Kind:
    """A venue's words on both ends; *create* is the path of a new order.

    *unreadable* is news of a fill that is no multiple of a lot.
    """

    dialect: Dialect
    rest: Callable[..., Any]
    config: Callable[[int], dict[str, object]]
    unlimited: object
    one_order: object
    create: bytes
    unreadable: dict[str, object]
    fill_or_kill: bool = True

    def takes(self, order: Wanted) -> bool:
        """Return whether the venue accepts *order* though it may not fill."""
        return self.fill_or_kill or order.time_in_force is not TimeInForce.FOK


BYBIT = Kind(
    dialect=Bybit(),
    rest=bybit_rest.Rest,
    config=bybit_client.ccxt_config,
    unlimited=Limits({}),
    one_order=Limits({"/v5/order/create": 1}),
    create=b"/v5/order/create",
    unreadable={
        "topic": "execution",
        "data": [{"symbol": SYMBOL, "execType": "Trade", "side": "Buy", "execQty": "0.00001"}],
    },
)
BINANCE = Kind(
    dialect=Binance(),
    rest=binance_rest.Rest,
    config=binance_client.ccxt_config,
    unlimited=BinanceLimits(),
    one_order=BinanceLimits(orders=(evolve(ORDERS[0], limit=1),)),
    create=b"/fapi/v1/order",
    fill_or_kill=False,
    unreadable={
        "e": "ORDER_TRADE_UPDATE",
        "o": {"s": SYMBOL, "x": "TRADE", "X": "FILLED", "i": 1, "c": "", "q": "0.00001", "z": "0"},
    },
)


class Wire:
    """Carries connections to *port* of this computer, until it is told otherwise.

    *lose* is a text: the answer to the next request that has it in it never comes.  While it is
    *still*, nothing is carried from the venue.
    """

    def __init__(self, port: int) -> None:
        self._target, self.port = port, 0
        self.lose, self.still = b"", False
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End."""
        assert self._server is not None
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        await asyncio.sleep(0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, up_writer]
        lost = asyncio.Event()

        def sent(data: bytes) -> bool:
            if self.lose and self.lose in data:
                self.lose = b""
                lost.set()
            return True

        def answered(_: bytes) -> bool:
            if lost.is_set():
                writer.close()
            return not lost.is_set() and not self.still

        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(_copy(reader, up_writer, sent), _copy(up_reader, writer, answered))


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
) -> None:
    """Copy what *passes* from *reader* to *writer*."""
    while data := await reader.read(65_536):
        if passes(data):
            writer.write(data)
            await writer.drain()
    writer.close()


class Desk:
    """A venue that is open, and the news that it has told so far."""

    def __init__(self, venue: CcxtVenue) -> None:
        self.venue, self.news = venue, list[News]()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Collect the news."""
        async for each in self.venue.news():
            self.news.append(each)

    def told(self, kind: type[T], **fields: object) -> list[T]:
        """Return the news of *kind* with *fields*."""
        return [
            each
            for each in self.news
            if isinstance(each, kind)
            and all(getattr(each, name) == value for name, value in fields.items())
        ]

    async def hear(self, kind: type[T], count: int = 1, **fields: object) -> list[T]:
        """Wait until *count* news of *kind* with *fields* have come, and return them."""
        async with asyncio.timeout(WAIT_S):
            while len(found := self.told(kind, **fields)) < count:  # noqa: ASYNC110  # a test may poll
                await asyncio.sleep(0.01)  # a test may poll
        return found

    async def close(self) -> None:
        """End."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Served:
    """An exchange on a free port that speaks *kind*; its clock stands still."""

    def __init__(self, kind: Kind, exchange: Exchange) -> None:
        self.kind, self.exchange = kind, exchange
        self.rest = kind.rest(exchange, setups.keys(1), kind.unlimited)
        self.trader = exchange.traders["account-1"]
        self._port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._server = Server(self.rest, speed=0.0)
        self._task = asyncio.create_task(serve(self._server, 0, started=self._port.set_result))

    async def port(self) -> int:
        """Return the port once it is there."""
        return await self._port

    def step(self, to_bar: int) -> None:
        """Let time pass until *to_bar* begins."""
        self._server._show()
        self.exchange.advance(at(to_bar))
        self._server._show()

    def place(self, text: str, order: Wanted) -> None:
        """Place an order without the adapter."""
        self.trader.place(0, order, text, self.exchange.now_ns)

    @property
    def sockets(self) -> tuple[Any, ...]:
        """The streams that are open."""
        return tuple(self._server._streams)

    @property
    def sessions(self) -> tuple[Any, ...]:
        """What the exchange keeps of each of them."""
        return tuple(session for session, _ in self._server._streams.values())

    async def close(self) -> None:
        """Stop serving."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@frozen
class World:
    """An exchange, the wire to it, and the adapter at its other end."""

    served: Served
    wire: Wire
    desk: Desk

    @property
    def venue(self) -> CcxtVenue:
        """The adapter."""
        return self.desk.venue

    @property
    def exchange(self) -> Any:
        """What ccxt made."""
        return self.desk.venue._client.exchange

    @asynccontextmanager
    async def again(self, bot: str) -> AsyncIterator[CcxtVenue]:
        """Open another adapter, for *bot*."""
        async with connected(self.served.kind, self.wire.port, bot) as venue:
            yield venue

    def text(self, number: int) -> str:
        """Return the client order id of order *number*."""
        return self.desk.venue._roster.ids.text(0, number)


@asynccontextmanager
async def world(kind: Kind, **setup: Any) -> AsyncIterator[World]:
    """Open the adapter to an exchange that speaks *kind*."""
    served = Served(kind, made(dialect=kind.dialect.terms.exchange.removesuffix("usdm"), **setup))
    wire = Wire(await served.port())
    await wire.open()
    try:
        async with connected(kind, wire.port, BOT) as venue:
            desk = Desk(venue)
            yield World(served, wire, desk)
            await desk.close()
    finally:
        await wire.close()
        await served.close()


@asynccontextmanager
async def connected(kind: Kind, port: int, bot: str) -> AsyncIterator[CcxtVenue]:
    """Open an adapter on *port*."""
    credentials = Credentials(key="key-1", secret="secret-1")  # noqa: S106
    venue = CcxtVenue(kind.dialect, [SYMBOL], bot, credentials, kind.config(port))
    try:
        failed = await venue.open()
        assert failed is None, failed
        yield venue
    finally:
        await venue.close()


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run *test* to its end."""
    asyncio.run(test)


def market(side: Side, qty: int, **more: Any) -> Wanted:
    """Return a market order."""
    return Wanted(key=0, kind=0, side=side, qty=qty, **more)


def limit(side: Side, qty: int, price: int, **more: Any) -> Wanted:
    """Return a limit order."""
    return Wanted(
        **{"key": 0, "kind": 0, "type": OrderType.LIMIT}
        | {"side": side, "qty": qty, "price_ticks": price}
        | more
    )


def every_type(leg: PositionSide) -> list[Wanted]:
    """Return an order of every type on *leg*, where the price is 50,000.0; the first fills."""
    stop, profit = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET
    stop_limit, profit_limit = OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT
    buy, sell = Side.BUY, Side.SELL
    orders = [
        market(buy, 100),
        limit(buy, 100, 450_000),
        limit(buy, 100, 440_000, post_only=True),
        limit(sell, 100, 560_000, reduce_only=True),
        limit(buy, 100, 430_000, time_in_force=TimeInForce.IOC),
        limit(buy, 100, 420_000, time_in_force=TimeInForce.FOK),
        market(buy, 100, type=stop, trigger_ticks=550_000),
        market(sell, 100, type=stop, trigger_ticks=450_000, reduce_only=True),
        market(sell, 100, type=profit, trigger_ticks=550_000, reduce_only=True),
        market(buy, 100, type=profit, trigger_ticks=440_000, trigger_by=TriggerBy.MARK),
        limit(buy, 100, 560_000, type=stop_limit, trigger_ticks=551_000),
        limit(sell, 100, 552_000, type=profit_limit, trigger_ticks=551_000, reduce_only=True),
    ]
    return [evolve(order, position_side=leg) for order in orders]


def rests(order: Wanted) -> bool:
    """Return whether *order* of `every_type` stays open."""
    at_once = {TimeInForce.IOC, TimeInForce.FOK}
    return order.type is not OrderType.MARKET and order.time_in_force not in at_once
