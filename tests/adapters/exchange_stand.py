"""A stand for tests: an exchange on a free port in a thread of its own, and limits to waiting."""
# ruff: noqa: ANN401  # the client library has no types

import asyncio
import json
import threading
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from adapters.exchange import setup as setups
from adapters.exchange.binance.client import ccxt_config as binance_config
from adapters.exchange.binance.rest import Rest as BinanceRest
from adapters.exchange.binance.user import UserSession
from adapters.exchange.bybit.client import ccxt_config as bybit_config
from adapters.exchange.bybit.rest import Rest as BybitRest
from adapters.exchange.core import Exchange
from adapters.exchange.faults import Faulty
from adapters.exchange.limits import Limits
from adapters.exchange.server import Server, serve
from adapters.exchange.wire import Dialect
from tests.adapters.test_exchange import START_MS, made

WAIT_S = 20
CONFIGS: dict[str, Callable[..., dict[str, object]]] = {
    "bybit": bybit_config,
    "binance": binance_config,
}
CLIENTS = {"bybit": "bybit", "binance": "binanceusdm"}


class Stand:
    """Serves *dialect* while its clock stands still."""

    def __init__(self, dialect: Dialect, faults: Faulty | None = None) -> None:
        self.exchange = dialect.exchange
        self.server = Server(dialect, speed=0.0, faults=faults)
        self.loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(WAIT_S)

    def step(self, *, to_bar: int) -> None:
        """Let time pass until *to_bar* begins."""
        step_ms = START_MS + to_bar * 60_000 - self.exchange.now_ns // 1_000_000
        url = f"http://127.0.0.1:{self.port}/control/step"
        body = json.dumps({"ms": step_ms}).encode()
        with urllib.request.urlopen(url, data=body, timeout=WAIT_S) as answer:
            json.load(answer)

    def sessions(self) -> list[Any]:
        """Return the streams that are open."""
        return [session for session, _ in self.server._streams.values()]

    def stop(self) -> None:
        """Stop serving."""
        assert self._task is not None
        self.loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(WAIT_S)

    def _run(self) -> None:
        self._task = self.loop.create_task(serve(self.server, 0, started=self._started))
        try:
            self.loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self.loop.close()

    def _started(self, port: int) -> None:
        self.port = port
        self._ready.set()


class Served(Stand):
    """Serves *exchange*, or the usual one, in the words of *name*."""

    def __init__(self, name: str, exchange: Exchange | None = None) -> None:
        self.name, exchange = name, exchange or made(dialect=name)
        keys = setups.keys(2)
        self.rest: Any = (
            BybitRest(exchange, keys, Limits({}))
            if name == "bybit"
            else BinanceRest(exchange, keys)
        )
        super().__init__(self.rest)

    def client(self, library: Any, account: int = 1, **more: Any) -> Any:
        """Return a client of *library*."""
        config = CONFIGS[self.name](self.port, f"key-{account}", f"secret-{account}")
        kind = getattr(library, CLIENTS[self.name])
        return kind({**config, "enableRateLimit": False, **more})

    def topics(self) -> set[str]:
        """Return what the open streams have asked for; one of an account may tell all unasked."""
        told = {"order", "execution", "position", "wallet"}
        return {
            topic
            for session in self.sessions()
            for topic in (told if isinstance(session, UserSession) else session.topics)
        }


@asynccontextmanager
async def opened(served: Served, library: str = "ccxt.pro") -> AsyncGenerator[Any]:
    """Return a client that has loaded the markets, and close it afterwards."""
    client = served.client(import_module(library))
    try:
        await client.load_markets()
        yield client
    finally:
        await client.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run *work*, but not for ever."""
    asyncio.run(asyncio.wait_for(work, WAIT_S))


async def gather(watch: Callable[[], Awaitable[Any]], found: list[Any]) -> None:
    """Append what *watch* sees to *found* until cancelled."""
    while True:
        found += await watch()


async def until(done: Callable[[], bool]) -> None:
    """Wait until something is *done*."""
    while not done():  # noqa: ASYNC110  # what is waited for is the library's own
        await asyncio.sleep(0.01)


@asynccontextmanager
async def watched(
    served: Served, client: Any, symbol: str
) -> AsyncGenerator[tuple[list[Any], list[Any]]]:
    """Gather the orders and the trades that the streams of *client* tell of."""
    orders, trades = list[Any](), list[Any]()
    tasks = [
        asyncio.create_task(gather(lambda: client.watch_orders(symbol), orders)),
        asyncio.create_task(gather(lambda: client.watch_my_trades(symbol), trades)),
    ]
    await until(lambda: served.topics() >= {"order", "execution"})
    yield orders, trades
    for task in tasks:
        task.cancel()
