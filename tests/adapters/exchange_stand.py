"""A stand for tests: an exchange on a free port in a thread of its own, and limits to waiting."""
# the client library has no types

import asyncio
import json
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from adapters.exchange.faults import Faulty
from adapters.exchange.server import Server, serve
from adapters.exchange.wire import Dialect
from tests.adapters.test_exchange import START_MS

WAIT_S = 20


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
