"""Faults on the wire of a simulated exchange: what `simulator.faults` names, for HTTP and streams.

The same requests in the same order meet the same faults.  Three are not here: the process is the
client's, the venue has a minimum notional, and in Binance's words a stop that fires has a new id.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from adapters.exchange.core import Exchange
from adapters.exchange.fault_words import WORDS, Route, Words, executed, phantom
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Message
from machines.messages import Wanted
from machines.order import Found
from simulator.faults import FAULTS, Faults, Strikes, drawn
from spec.terms import OrderType, PositionMode, PositionSide, Side
from spec.units import MILLION

if TYPE_CHECKING:
    from aiohttp import web

Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]

SWARM = "swarm"
SERVED = FAULTS.keys() - {"crash", "min_notional_dust", "stop_changes_id"}
DELAY = re.compile(r"delay=(\d{1,5})ms")
RATE = re.compile(r"(\w+)(?:=(0(?:\.\d{1,6})?|1(?:\.0{1,6})?))?")
ANY = ""
NAMED = re.compile(
    r'(?:orderLinkId|newClientOrderId|origClientOrderId|clientAlgoId)"?\s*[=:]\s*"?([\w-]+)'
)
CLOSES = re.compile(r'reduceOnly"?\s*[=:]\s*"?true')
SECONDS = 1_000  # draws of a time are in ms
TIMEOUT_S = 12.0
LATE_S, LATE_CANCEL_S, LATE_ANSWER_S, LATE_EVENT_S, LATE_TWIN_S = 8, 3, 2, 2, 2
HIDDEN_S = STALE_S = 1.5
LASTS_S: Mapping[str, int] = {"maintenance": 30, "clock_drift": 2, "rate_limit": 5}
HTML = "<html><body>502 Bad Gateway</body></html>"


class FaultError(ValueError):
    """A specification of faults cannot be read; the message says what to write."""


@frozen(kw_only=True)
class Plan:
    """What goes wrong: *faults*, drawn with *seed*, and *delay_ms* on the way of every request.

    Times of faults are multiplied by *pace*.
    """

    faults: Faults
    seed: int
    delay_ms: int = 0
    pace: float = field(default=1.0)


def plan(text: str, seed: int) -> Plan:
    """Return the plan in *text*: names with or without a rate, a delay, or `swarm`.

    Raises:
        FaultError: There is no such fault, or its rate is not a number from 0 to 1.

    >>> plan("lost_request=0.05,delay=50ms", 7).delay_ms
    50
    """
    if text == SWARM:
        here = {name: ppm for name, ppm in drawn(seed).rates.items() if name in SERVED}
        return Plan(faults=Faults(rates=here), seed=seed)
    rates, delay_ms = dict[str, int](), 0
    for word in text.split(","):
        delay, rate = DELAY.fullmatch(word), RATE.fullmatch(word)
        if delay is not None:
            delay_ms = int(delay[1])
        elif rate is None or rate[1] not in SERVED:
            raise FaultError(f"faults {word}: give NAME, NAME=0.05, delay=50ms or {SWARM}")
        else:
            name, share = rate.groups()
            rates[name] = FAULTS[name].ppm if share is None else round(float(share) * MILLION)
    return Plan(faults=Faults(rates=rates), seed=seed, delay_ms=delay_ms)


class Faulty:
    """Stands between the clients and *exchange*; faults strike while it is *on*.

    *counts* say how often each has struck.
    """

    def __init__(self, exchange: Exchange, plan: Plan) -> None:
        self._exchange, self._plan = exchange, plan
        self.on = True
        self._strikes = Strikes(plan.faults, plan.seed, 0)
        self.counts = self._strikes.counts
        self._until_s = dict.fromkeys(LASTS_S, 0.0)
        self._silent: set[web.WebSocketResponse] = set()
        self._seen: dict[tuple[str, str], str] = {}  # the last answer to a question
        self._seen_s: dict[tuple[str, str], float] = {}
        self._taken_s = {ANY: -HIDDEN_S}  # when orders were taken, by the client's names
        self._later = set[asyncio.Task[None]]()
        self._held = self._foreign = 0

    @property
    def calm(self) -> bool:
        """Whether nothing is held back, no stream is silent, and no refusal lasts."""
        silent = any(not socket.closed for socket in self._silent)
        return not self._held and not silent and self._now_s() >= max(self._until_s.values())

    def _on(self, name: str) -> bool:
        """Return whether the fault *name* strikes."""
        return self.on and self._strikes.on(name, 0)

    async def _pause(self, name: str, seconds: int) -> None:
        """Wait up to *seconds* if the fault *name* strikes."""
        if self._on(name):
            await self._hold(self._drawn_s(name, seconds))

    async def _hold(self, seconds: float) -> None:
        """Hold something back for *seconds*."""
        self._held += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._held -= 1

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let *work* go on by itself."""
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _drawn_s(self, name: str, seconds: int) -> float:
        """Return a time of up to *seconds*."""
        return self._strikes.within(name, seconds * SECONDS) / SECONDS * self._plan.pace

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    # --- Requests --------------------------------------------------------------------------

    def middleware(self) -> Any:  # noqa: ANN401  # as the server wants it
        """Return what the server puts around its handlers."""
        from aiohttp import web

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            words = WORDS.get(request.path.split("/")[1])
            upgrades = request.headers.get("Upgrade", "").lower() == "websocket"
            if words is None or upgrades:
                return await handler(request)
            return await self._request(request, handler, words)

        return around

    async def _request(
        self, request: "web.Request", handler: Handler, words: Words
    ) -> "web.StreamResponse":
        """Answer *request*, unless a fault does; it has come whole, so its client may go."""
        body = await request.text()
        await asyncio.sleep(self._plan.delay_ms / SECONDS)
        route = words.route(request.method, request.path)
        refusal = self._suspended(words) or await self._lost(request, route)
        if refusal is not None:
            return refusal
        await self._pause("late_request", LATE_S)
        if route is Route.CANCEL:
            await self._pause("fill_during_cancel", LATE_CANCEL_S)
        lie = self._refused(body, route, words) or self._lied(request, body, route, words)
        if lie is not None:
            return lie
        answer = await handler(request)
        if route is Route.CREATE and executed(answer):
            self._taken_s |= dict.fromkeys((ANY, *NAMED.findall(body)), self._now_s())
            if self._on("retry_duplicate"):
                self._begin(self._repeat(request, handler))
            self._meddle()
        return await self._answered(request, route, answer)

    async def _repeat(self, request: "web.Request", handler: Handler) -> None:
        """Let *request* arrive once more; nobody hears the answer."""
        await self._hold(self._drawn_s("retry_duplicate", LATE_TWIN_S))
        await handler(request)

    def _suspended(self, words: Words) -> "web.Response | None":
        """Return the answer of an exchange that takes nothing at present."""
        now_s = self._now_s()
        for name, lasts_s in LASTS_S.items():
            if now_s >= self._until_s[name] and self._on(name):
                self._until_s[name] = now_s + self._drawn_s(name, lasts_s)
            if now_s < self._until_s[name]:
                return words.refusal(name)
        return None

    async def _lost(self, request: "web.Request", route: "Route") -> "web.Response | None":
        """Let *request* get lost: the client waits in vain, or its connection drops."""
        if route is Route.OTHER or not self._on("lost_request"):
            return None
        if self._strikes.within("lost_request", 2) == 1:
            await self._hold(TIMEOUT_S * self._plan.pace)
        return _dropped(request)

    def _refused(self, body: str, route: "Route", words: Words) -> "web.Response | None":
        """Return the refusal of an order that nothing is wrong with."""
        if route is not Route.CREATE:
            return None
        if self._on("leg_mismatch"):
            return words.refusal("leg_mismatch")
        if CLOSES.search(body) and self._on("reduce_only_reject"):
            return words.refusal("reduce_only_reject")
        return None

    def _fresh(self, said: str) -> bool:
        """Return whether the order that *said* names, or any if it names none, was just taken."""
        names = NAMED.findall(said) or [ANY]
        taken_s = max(self._taken_s.get(name, -HIDDEN_S) for name in names)
        return self._now_s() - taken_s < HIDDEN_S * self._plan.pace

    def _lied(
        self, request: "web.Request", body: str, route: "Route", words: Words
    ) -> "web.Response | None":
        """Return an answer that is not, or no longer, true."""
        from aiohttp import web

        fresh = self._fresh(f"{request.query_string}&{body}")
        if fresh and route in words.absent and self._on("not_found_after_ack"):
            return words.hides(route)
        name = {Route.ORDERS: "stale_open_orders", Route.POSITIONS: "position_lag"}.get(route)
        key = words.question(request)
        text = self._seen.get(key)
        old_s = self._now_s() - self._seen_s.get(key, 0.0)
        if name is None or text is None or old_s > STALE_S * self._plan.pace or not self._on(name):
            return None
        return web.Response(text=text, content_type="application/json")

    async def _answered(
        self, request: "web.Request", route: "Route", answer: "web.StreamResponse"
    ) -> "web.StreamResponse":
        """Return *answer*, or what becomes of it on its way."""
        from aiohttp import web

        assert isinstance(answer, web.Response)
        if route is Route.OTHER:
            return answer
        text = answer.text or ""
        if route in (Route.ORDERS, Route.POSITIONS):
            key = WORDS[request.path.split("/")[1]].question(request)
            self._seen[key], self._seen_s[key] = text, self._now_s()
        if route is Route.POSITIONS and self._on("phantom_leg_row"):
            answer.text = phantom(text)
        await self._pause("event_before_ack", LATE_ANSWER_S)
        if self._on("lost_answer_executed"):
            if self._strikes.within("lost_answer_executed", 2) == 1:
                return _dropped(request)
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="unknown")
        if self._on("garbage_200"):
            return await self._garbage(request, text)
        return answer

    async def _garbage(self, request: "web.Request", text: str) -> "web.StreamResponse":
        """Return what makes no sense: a page, an empty object, or half of *text*."""
        from aiohttp import web

        match self._strikes.within("garbage_200", 3):
            case 1:
                return web.Response(text=HTML, content_type="text/html")
            case 2:
                return web.json_response({})
            case _:
                half = web.StreamResponse(headers={"Content-Length": str(len(text))})
                half.content_type = "application/json"
                await half.prepare(request)
                await half.write(text[: len(text) // 2].encode())
                _dropped(request)
                return half

    # --- The venue's own doing -------------------------------------------------------------

    def _meddle(self) -> None:
        """Let the exchange close an order by itself, or somebody else rest one."""
        now_ns = self._exchange.now_ns
        for trader in self._exchange.traders.values():
            working = [order for order in trader.orders.values() if order.working]
            if working and self._on("expired"):
                trader.drop(working[-1].number, Found.EXPIRED, now_ns)
            parts = [order for order in working if order.cum_qty]
            if parts and self._on("partial_then_cancel"):
                trader.drop(parts[-1].number, Found.CANCELED, now_ns)
            if self._on("foreign_order"):
                self._rest(trader)

    def _rest(self, trader: Trader) -> None:
        """Rest an order that *trader* knows nothing of, far from the market."""
        self._foreign += 1
        instrument = trader.account.instruments[0]
        price = max(trader.account.marks[0] // 2, 1)
        hedged = trader.account.mode is PositionMode.HEDGE
        wanted = Wanted(
            key=0,
            kind=0,
            side=Side.BUY,
            qty=max(
                instrument.min_qty, 2 * instrument.min_notional // instrument.notional(price, 1)
            ),
            type=OrderType.LIMIT,
            price_ticks=price,
            position_side=PositionSide.LONG if hedged else PositionSide.NONE,
        )
        trader.place(0, wanted, f"manual-{self._foreign}", self._exchange.now_ns)

    # --- Streams ---------------------------------------------------------------------------

    async def send(self, socket: "web.WebSocketResponse", message: Message, *, more: bool) -> None:
        """Send *message*, or what becomes of it; *more* says that others are waiting."""
        text = json.dumps(message)
        if socket in self._silent:
            return
        if not isinstance(message, dict) or not ("topic" in message or "e" in message):
            await socket.send_str(text)
            return
        if self._now_s() < self._until_s["maintenance"]:
            await socket.close()
            return
        if self._on("ws_gap"):
            if self._strikes.within("ws_gap", 2) == 1:
                await socket.close()
            else:
                self._silent.add(socket)
            return
        if more and _states(message) and self._on("merged_ws_states"):
            return
        await socket.send_str(text)
        if self._on("duplicate_ws_event"):
            self._begin(self._again(socket, text))

    async def _again(self, socket: "web.WebSocketResponse", text: str) -> None:
        """Send *text* once more, after newer messages."""
        await self._hold(self._drawn_s("duplicate_ws_event", LATE_EVENT_S))
        if not socket.closed and socket not in self._silent:
            await socket.send_str(text)


def _states(message: Mapping[str, Any]) -> bool:
    """Return whether *message* tells only of states of orders, of which the last one counts."""
    if message.get("topic") == "order":
        return True
    return message.get("e") == "ORDER_TRADE_UPDATE" and message["o"]["x"] != "TRADE"


def _dropped(request: "web.Request") -> "web.Response":
    """Drop the connection of *request*; what is returned reaches nobody."""
    from aiohttp import web

    if request.transport is not None:
        request.transport.abort()
    return web.Response()
