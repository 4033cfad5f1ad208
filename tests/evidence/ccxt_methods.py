"""Call every method that the client library has for linear contracts, and say what came of it.

`python -m tests.evidence.ccxt_methods`.  The client is unmodified: its own requests, and what it
reads of the answers, are what is tried.
"""
# ruff: noqa: ANN401  # the client library has no types

import argparse
import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum, StrEnum
from importlib import import_module
from typing import Any, NamedTuple, cast

from attrs import frozen

from adapters.exchange import setup as setups
from adapters.exchange.binance import client as binance
from adapters.exchange.binance.errors import Code as BinanceCode
from adapters.exchange.binance.rest import Rest as Binance
from adapters.exchange.bybit import client as bybit
from adapters.exchange.bybit.errors import Code as BybitCode
from adapters.exchange.bybit.rest import Rest as Bybit
from adapters.exchange.limits import Limits
from adapters.exchange.server import Server, serve
from adapters.exchange.wire import Dialect
from simulator.synthetic import market
from spec.units import MILLI_NS
from tests.evidence.ccxt_calls import BTC, CALLS, ELSEWHERE, LOTS, LOW, WAYS

BARS, HISTORY, SPEED = 5_000, 1_500, 60.0
PATIENCE_S, CHURN_S = 3.0, 0.1
WAY = "ways"
KINDS = (*CALLS, WAY)
CODE = re.compile(r'"(?:retCode|code)":\s*(-?\d+)')


class Came(StrEnum):
    """What came of a call."""

    WORKS = "works"
    EMPTY = "empty"  # an answer with nothing in it
    REFUSED = "refused"  # by a code of the venue
    CLIENT = "client"  # the client has no request for it, whatever the exchange
    SILENT = "silent"  # a stream that told nothing
    ABSENT = "absent"  # the exchange has no such path
    GAP = "gap"


class Result(NamedTuple):
    """What came of the call of *method*, and the words of the refusal or of the error."""

    kind: str
    method: str
    came: Came
    words: str = ""


@frozen
class Venue:
    """A venue as the client knows it: its class, where it looks, and what the venue refuses with.

    *absent* is what is told of a path that is not there.
    """

    client: str
    config: Callable[[int, str, str], dict[str, object]]
    codes: type[Enum]
    absent: Enum


VENUES = {
    "bybit": Venue("bybit", bybit.ccxt_config, BybitCode, BybitCode.NO_PATH),
    "binance": Venue("binanceusdm", binance.ccxt_config, BinanceCode, BinanceCode.NO_PATH),
}


def dialect(name: str) -> Dialect:
    """Return an exchange that speaks as *name*, with two accounts and no limit of requests."""
    candles, now_ns = market(1, BARS, symbol="BTCUSDT"), time.time_ns()
    moved = setups.moved(candles, HISTORY, now_ns // MILLI_NS)
    exchange = setups.exchange([moved], setups.Setup(dialect=name, accounts=2), now_ns)
    if name == "binance":
        return Binance(exchange, setups.keys(2))
    return Bybit(exchange, setups.keys(2), Limits({}))


@asynccontextmanager
async def served(name: str) -> AsyncGenerator[int]:
    """Serve an exchange that speaks as *name*, and yield its port."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = Server(dialect(name), speed=SPEED)
    task = asyncio.create_task(serve(server, 0, started=started.set_result))
    try:
        yield await started
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Caller:
    """Calls methods of the client of *venue* on two accounts at *port*."""

    def __init__(self, venue: Venue, port: int) -> None:
        self.venue, self.library = venue, import_module("ccxt")
        kind: Any = getattr(import_module("ccxt.pro"), venue.client)
        self.clients = [kind(venue.config(port, f"key-{n}", f"secret-{n}")) for n in (1, 2)]
        for client in self.clients:
            client.enableRateLimit = False

    async def close(self) -> None:
        """Close the connections."""
        for client in self.clients:
            await client.close()

    async def called(self, kind: str, way: str, arguments: Any) -> Result:
        """Call the method that *way* begins with, and say what came of it."""
        client = self.clients[kind == "settings"]
        call = getattr(client, method_of(way), None)
        if call is None:
            return Result(kind, way, Came.CLIENT)
        try:
            made = await self._made(arguments)
            answer = call(*made)
            if asyncio.iscoroutine(answer):
                answer = await asyncio.wait_for(answer, PATIENCE_S)
        except TimeoutError:
            return Result(kind, way, Came.SILENT)
        except Exception as error:  # noqa: BLE001  # whatever the library raises is the finding
            return Result(kind, way, self._came(error), f"{type(error).__name__}: {error}")
        return Result(kind, way, Came.WORKS if answer else Came.EMPTY)

    def _came(self, error: Exception) -> Came:
        """Return what *error* means."""
        told = CODE.search(str(error))
        if told is None:
            unasked = self.library.NotSupported, self.library.BadRequest
            return Came.CLIENT if isinstance(error, unasked) else Came.GAP
        code = int(told[1])
        if code == self.venue.absent.value[0]:
            return Came.ABSENT
        return Came.REFUSED if code in {each.value[0] for each in self.venue.codes} else Came.GAP

    async def _made(self, argument: Any) -> Any:
        """Return *argument* with what it stands for."""
        client = self.clients[0]
        if argument == "ORDER":
            return (await client.create_order(BTC, "limit", "buy", LOTS, LOW))["id"]
        if argument == "DONE":
            return (await client.create_order(BTC, "market", "buy", LOTS))["id"]
        if isinstance(argument, list | tuple):
            return [await self._made(each) for each in cast("Sequence[object]", argument)]
        if isinstance(argument, dict):
            given = cast("Mapping[str, object]", argument)
            return {name: await self._made(each) for name, each in given.items()}
        return argument

    async def churn(self) -> None:
        """Trade now and then, so that there is something to tell."""
        while True:
            for side in ("buy", "sell"):
                await self.clients[0].create_order(BTC, "market", side, LOTS)
                await asyncio.sleep(CHURN_S)


def method_of(way: str) -> str:
    """Return the method that is called in a *way*."""
    return way.partition(" ")[0]


def calls(name: str, kind: str) -> Mapping[str, Sequence[object]]:
    """Return the arguments of each call of *kind* to the venue *name*."""
    return WAYS[name] if kind == WAY else CALLS[kind]


async def results(name: str, kinds: Collection[str] = KINDS) -> list[Result]:
    """Call what the client says it has, of *kinds*, on an exchange that speaks as *name*."""
    found = list[Result]()
    async with served(name) as port:
        caller = Caller(VENUES[name], port)
        churn = asyncio.create_task(caller.churn())
        try:
            await caller.clients[0].create_order(BTC, "market", "buy", 1)
            for kind in kinds:
                for way, arguments in calls(name, kind).items():
                    if caller.clients[0].has.get(method_of(way)):
                        found.append(await caller.called(kind, way, arguments))
        finally:
            churn.cancel()
            await asyncio.gather(churn, return_exceptions=True)
            await caller.close()
    return found


def unknown(has: Mapping[str, Any]) -> set[str]:
    """Return what the client *has* and no table here names."""
    named = {method for calls in CALLS.values() for method in calls}
    return {method for method, there in has.items() if there} - named.union(*ELSEWHERE.values())


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialect", choices=VENUES, nargs="*", default=list(VENUES))
    parser.add_argument("--kind", choices=KINDS, nargs="*", default=KINDS)
    options = parser.parse_args()
    for name in options.dialect:
        found = asyncio.run(results(name, options.kind))
        print(table(name, found))


def table(name: str, found: Sequence[Result]) -> str:
    """Return what was *found* of the venue *name*, and how often each thing came of a call."""
    rows = [f"| {each.kind} | {each.method} | {each.came} | {each.words} |" for each in found]
    counts = Counter(each.came.value for each in found)
    told = ", ".join(f"{count} {came}" for came, count in counts.most_common())
    head = f"| {name} | method | came of it | words |\n| --- | --- | --- | --- |"
    return "\n".join((head, *rows, "", f"{len(found)} calls: {told}", ""))


if __name__ == "__main__":
    main()
