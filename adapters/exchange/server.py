"""The exchange on a port of this computer: HTTP and streams, a clock, and a way to move it.

Beside the venue's own paths there are two of the simulation: GET /control/time, and POST
/control/step with {"ms": 60000}, which lets that much time pass where the clock stands still.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from adapters.exchange.faults import Faulty
from adapters.exchange.records import Notice
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Dialect, Message, Request, Session
from spec.units import MILLI_NS

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
TICK_S = 0.1
STEP_MS_MAX = 366 * 86_400_000


class Server:
    """Serves *dialect*; its clock runs *speed* times as fast as the computer's, at 0 by steps."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        speed: float = 1.0,
        clock_ns: Callable[[], int] = time.time_ns,
        faults: Faulty | None = None,
    ) -> None:
        self.dialect, self.exchange, self.speed = dialect, dialect.exchange, speed
        self._clock_ns, self._faults = clock_ns, faults
        self._began_ns, self._first_ns = clock_ns(), self.exchange.now_ns
        self._streams: dict[web.WebSocketResponse, tuple[Session, asyncio.Queue[Message]]] = {}
        self._connections = 0
        for trader in self.exchange.traders.values():
            trader.listeners.append(self._heard)

    def app(self) -> "web.Application":
        """Return the application."""
        from aiohttp import web

        faults = self._faults
        app = web.Application(middlewares=[faults.middleware()] if faults is not None else ())
        app.router.add_get("/control/time", self._time)
        app.router.add_post("/control/step", self._step)
        app.router.add_route("*", "/{path:.*}", self._asked)
        app.on_shutdown.append(self._close)
        return app

    def catch_up(self) -> None:
        """Let the market go on to now."""
        if self.speed:
            gone_ns = int((self._clock_ns() - self._began_ns) * self.speed)
            self.exchange.advance(self._first_ns + gone_ns)

    @property
    def clock_ms(self) -> int:
        """The computer's time, Unix ms."""
        return self._clock_ns() // MILLI_NS

    # --- HTTP ------------------------------------------------------------------------------

    async def _asked(self, asked: "web.Request") -> "web.StreamResponse":
        """Answer a request of the dialect, or open the stream that it asks for."""
        if asked.headers.get("Upgrade", "").lower() != "websocket":
            return await self._answer(asked)
        name = f"conn-{self._connections + 1}"
        session = self.dialect.stream(asked.path, asked.rel_url.raw_query_string, name)
        if session is None:
            return await self._answer(asked)
        self._connections += 1
        return await self._stream(asked, session)

    async def _answer(self, asked: "web.Request") -> "web.Response":
        """Answer a request of the dialect."""
        from aiohttp import web

        body = (await asked.read()).decode(errors="replace")
        self.catch_up()
        request = Request(
            method=asked.method,
            path=asked.path,
            query=asked.rel_url.raw_query_string,
            headers={name.upper(): value for name, value in asked.headers.items()},
            body=body,
            clock_ms=self.clock_ms,
        )
        answer = self.dialect.answer(request)
        return web.json_response(answer.body, status=answer.status, headers=dict(answer.headers))

    async def _time(self, _: "web.Request") -> "web.Response":
        """Answer the time at the exchange, its speed and its prices."""
        from aiohttp import web

        self.catch_up()
        exchange = self.exchange
        prices = {name: exchange.market.price(index) for name, index in exchange.symbols.items()}
        told = {"now_ms": exchange.now_ns // MILLI_NS, "speed": self.speed, "price_ticks": prices}
        return web.json_response(told)

    async def _step(self, asked: "web.Request") -> "web.Response":
        """Let time pass where the clock stands still."""
        from aiohttp import web

        try:
            step_ms = json.loads(await asked.text() or "{}").get("ms")
        except (json.JSONDecodeError, AttributeError):
            step_ms = None
        if self.speed or not isinstance(step_ms, int) or not 0 < step_ms <= STEP_MS_MAX:
            refusal = {"error": 'give {"ms": N} to an exchange of speed 0'}
            return web.json_response(refusal, status=HTTPStatus.BAD_REQUEST)
        self.exchange.advance(self.exchange.now_ns + step_ms * MILLI_NS)
        self._show()
        return await self._time(asked)

    # --- Streams ---------------------------------------------------------------------------

    async def _stream(self, asked: "web.Request", session: Session) -> "web.WebSocketResponse":
        """Serve one connection until it is closed."""
        from aiohttp import WSMsgType, web

        socket = web.WebSocketResponse()
        try:
            await socket.prepare(asked)
        except ConnectionResetError:
            return socket  # the client has gone
        queue = asyncio.Queue[Message]()
        self._streams[socket] = session, queue
        sender = asyncio.create_task(_send(socket, queue, self._faults))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self.catch_up()
                    for answer in session.receive(message.data, self.clock_ms):
                        queue.put_nowait(answer)
        finally:
            sender.cancel()
            del self._streams[socket]
        return socket

    def _heard(self, trader: Trader, notices: tuple[Notice, ...]) -> None:
        """Tell the streams of an account what has happened to it."""
        for session, queue in self._streams.values():
            for message in session.notify(trader, notices):
                queue.put_nowait(message)

    def _show(self) -> None:
        """Tell the streams what has changed in the market."""
        for session, queue in self._streams.values():
            for message in session.market(self.clock_ms):
                queue.put_nowait(message)

    async def run(self) -> None:
        """Keep the market going, ten times a second, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.catch_up()
            self._show()
            self.dialect.due(self.clock_ms)

    async def _close(self, _: "web.Application") -> None:
        """Close what is open."""
        for socket in tuple(self._streams):
            await socket.close()


async def _send(
    socket: "web.WebSocketResponse", queue: asyncio.Queue[Message], faults: Faulty | None
) -> None:
    """Send what is in *queue*, in order but for *faults*."""
    with suppress(ConnectionError):  # the client has gone
        while True:
            message = await queue.get()
            if faults is not None:
                await faults.send(socket, message, more=not queue.empty())
            else:
                await socket.send_str(json.dumps(message))


async def serve(server: Server, port: int, *, started: Callable[[int], None]) -> None:
    """Serve on *port*, 0 for any that is free, until cancelled; *started* is told the port."""
    from aiohttp import web

    runner = web.AppRunner(server.app(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        started(runner.addresses[0][1])
        await server.run()
    finally:
        await runner.cleanup()
