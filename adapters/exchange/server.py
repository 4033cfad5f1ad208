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

from adapters.exchange.bybit.rest import Request, Rest
from adapters.exchange.bybit.ws import Message, Session
from adapters.exchange.records import Notice
from adapters.exchange.trader import Trader
from spec.units import MILLI_NS

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
TICK_S = 0.1
STEP_MS_MAX = 366 * 86_400_000


class Server:
    """Serves *rest*; its clock runs *speed* times as fast as the computer's, at 0 by steps only."""

    def __init__(
        self, rest: Rest, *, speed: float = 1.0, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.rest, self.exchange, self.speed = rest, rest.exchange, speed
        self._clock_ns = clock_ns
        self._began_ns, self._first_ns = clock_ns(), self.exchange.now_ns
        self._streams: dict[web.WebSocketResponse, tuple[Session, asyncio.Queue[Message]]] = {}
        self._connections = 0
        for trader in self.exchange.traders.values():
            trader.listeners.append(self._heard)

    def app(self) -> "web.Application":
        """Return the application."""
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/control/time", self._time)
        app.router.add_post("/control/step", self._step)
        app.router.add_get("/v5/private", self._private)
        app.router.add_get("/v5/public/linear", self._public)
        app.router.add_route("*", "/{path:.*}", self._request)
        app.on_shutdown.append(self._close)
        return app

    def catch_up(self) -> None:
        """Let the market go on to now."""
        if self.speed:
            gone_ns = int((self._clock_ns() - self._began_ns) * self.speed)
            self.exchange.advance(self._first_ns + gone_ns)

    # --- HTTP ------------------------------------------------------------------------------

    async def _request(self, asked: "web.Request") -> "web.Response":
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
            clock_ms=self._clock_ns() // MILLI_NS,
        )
        answer = self.rest.answer(request)
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

    async def _private(self, asked: "web.Request") -> "web.WebSocketResponse":
        """Serve a private stream."""
        return await self._stream(asked, private=True)

    async def _public(self, asked: "web.Request") -> "web.WebSocketResponse":
        """Serve a public stream."""
        return await self._stream(asked, private=False)

    async def _stream(self, asked: "web.Request", *, private: bool) -> "web.WebSocketResponse":
        """Serve one connection until it is closed."""
        from aiohttp import WSMsgType, web

        socket = web.WebSocketResponse()
        await socket.prepare(asked)
        self._connections += 1
        name = f"conn-{self._connections}"
        session = Session(self.exchange, self.rest.keys, private=private, name=name)
        queue = asyncio.Queue[Message]()
        self._streams[socket] = session, queue
        sender = asyncio.create_task(_send(socket, queue))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self.catch_up()
                    clock_ms = self._clock_ns() // MILLI_NS
                    for answer in session.receive(message.data, clock_ms):
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
        """Tell the public streams what has changed in the market."""
        for session, queue in self._streams.values():
            for message in session.market():
                queue.put_nowait(message)

    async def run(self) -> None:
        """Keep the market going, ten times a second, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.catch_up()
            self._show()

    async def _close(self, _: "web.Application") -> None:
        """Close what is open."""
        for socket in tuple(self._streams):
            await socket.close()


async def _send(socket: "web.WebSocketResponse", queue: asyncio.Queue[Message]) -> None:
    """Send what is in *queue*, in order."""
    with suppress(ConnectionError):  # the client has gone
        while True:
            message = await queue.get()
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
