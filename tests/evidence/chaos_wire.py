"""A wire that spoils what it carries: bytes in, bytes out, and no idea of what they mean.

It stands between two ends that speak TCP.  The one thing it recognises is a complete request of
HTTP, for that can be sent twice.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Collection, Coroutine
from contextlib import suppress
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

HOST = "127.0.0.1"
CHUNK = 65_536
DELAY_S, LONG_DELAY_S, LONG_DELAYS = 1.0, 13.0, 0.1
AGAIN_S, ANSWER_S = 0.05, 5.0
PIECES_MAX, PIECE_S = 8, 0.05
GARBAGE_BYTES = 16, 64  # so many that what was JSON no longer is
METHOD = re.compile(rb"(GET|POST|PUT|DELETE) [^\r\n]* HTTP/1\.1\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Kind(StrEnum):
    """What is done to a chunk, or to the connection that carries it."""

    CUT = "cut"  # before, amid or after a request
    DELAY = "delay"
    TRUNCATE = "truncate"  # the first part of an answer, then the end
    TWICE = "twice"
    SPLIT = "split"  # so that connections overtake each other
    GARBAGE = "garbage"
    MUTE = "mute"  # it stays open, and nothing passes any more


CHANCES = {  # of a chunk
    Kind.CUT: 0.1,
    Kind.DELAY: 0.1,
    Kind.TRUNCATE: 0.05,
    Kind.TWICE: 0.5,
    Kind.SPLIT: 0.5,
    Kind.GARBAGE: 0.05,
    Kind.MUTE: 0.05,
}
UPWARD = frozenset({Kind.CUT, Kind.DELAY, Kind.TWICE, Kind.SPLIT, Kind.MUTE})
DOWNWARD = frozenset({Kind.DELAY, Kind.TRUNCATE, Kind.SPLIT, Kind.GARBAGE, Kind.MUTE})


def is_request(data: bytes) -> bool:
    """Return whether *data* is one whole request of HTTP."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    expected = int(length[1]) if length else 0
    return bool(end and METHOD.match(head + b"\r\n")) and len(body) == expected


class ChaosWire:
    """Carries connections to *target*, a port of this computer; spoils them while it is *on*.

    *seed* draws what is done: the same number of connection and of chunk meets the same *kinds*.
    *faults* counts what was done.
    """

    def __init__(self, target: int, kinds: tuple[Kind, ...], seed: int) -> None:
        self.target, self.kinds, self.seed = target, kinds, seed
        self.on, self.port = False, 0
        self.faults = Counter[Kind]()
        self.held = self.muted = self._connections = 0
        self._tasks = set[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # whoever waited for them closes its end

    @property
    def calm(self) -> bool:
        """Whether nothing is held back, and no connection is mute."""
        return not self.held and not self.muted

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let *work* go on by itself."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self._connections += 1
        dice = random.Random(f"{self.seed}/{self._connections}")  # noqa: S311
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await self.begin(_Link(self, dice, writer).carry(reader))
        finally:
            writer.close()


class _Link:
    """A connection; *client* writes to its near end, *venue* to the far one."""

    def __init__(self, wire: ChaosWire, dice: random.Random, client: asyncio.StreamWriter) -> None:
        self.wire, self.dice, self.client = wire, dice, client
        self.muted = self.broken = False
        self._request = b""

    async def carry(self, reader: asyncio.StreamReader) -> None:
        """Carry it until both ends have closed it, or a fault has."""
        if self._drawn({Kind.CUT}) is not None:
            return
        answers, self.venue = await asyncio.open_connection(HOST, self.wire.target)
        try:
            await asyncio.gather(
                self._pass(reader, self.venue, UPWARD),
                self._pass(answers, self.client, DOWNWARD),
                return_exceptions=True,
            )
        finally:
            self.wire.muted -= self.muted
            self.venue.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ours: frozenset[Kind]
    ) -> None:
        """Pass on what comes, but for the faults among *ours*."""
        upward = ours is UPWARD
        while data := await reader.read(CHUNK):
            if upward:
                self._request = (b"" if is_request(self._request) else self._request) + data
                self._request = self._request[-CHUNK:]
            if not self.muted:
                twice = upward and is_request(self._request)
                fault = self._drawn(ours if twice else ours - {Kind.TWICE})
                await self._spoil(fault, data, writer)
            if self.broken:
                self.client.close()
                self.venue.close()
                return
        if upward or not self.muted:  # a mute connection does not tell that the venue has closed it
            writer.close()

    async def _spoil(self, fault: Kind | None, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Pass on what *fault* leaves of *data*."""
        dice = self.dice
        match fault:
            case None:
                writer.write(data)
            case Kind.CUT:
                writer.write(data[: dice.choice((dice.randrange(len(data)), len(data)))])
                self.broken = True
            case Kind.TRUNCATE:
                writer.write(data[: dice.randrange(len(data))])
                self.broken = True
            case Kind.GARBAGE:
                at = dice.randrange(len(data) + 1)
                writer.write(data[:at] + dice.randbytes(dice.randint(*GARBAGE_BYTES)) + data[at:])
            case Kind.MUTE:
                self.muted = True
                self.wire.muted += 1
            case Kind.DELAY:
                longest_s = LONG_DELAY_S if dice.random() < LONG_DELAYS else DELAY_S
                await self._hold(dice.random() * longest_s)
                writer.write(data)
            case Kind.SPLIT:
                cuts = sorted(dice.randrange(len(data) + 1) for _ in range(PIECES_MAX - 1))
                for start, end in pairwise((0, *cuts, len(data))):
                    writer.write(data[start:end])
                    await self._hold(dice.random() * PIECE_S)
            case Kind.TWICE:
                later_s = dice.choice((0.0, dice.random() * AGAIN_S))
                again = self.wire.begin(self._again(self._request, later_s))
                if not later_s:
                    await again  # the copy overtakes the original
                writer.write(data)
        await writer.drain()

    async def _again(self, request: bytes, later_s: float) -> None:
        """Send *request* on a connection of its own; nobody hears the answer."""
        await self._hold(later_s)
        reader, writer = await asyncio.open_connection(HOST, self.wire.target)
        with suppress(ConnectionError, TimeoutError):
            writer.write(request)
            await asyncio.wait_for(reader.read(CHUNK), ANSWER_S)
        writer.close()

    async def _hold(self, seconds: float) -> None:
        """Hold something back for *seconds*."""
        self.wire.held += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self.wire.held -= 1

    def _drawn(self, ours: Collection[Kind]) -> Kind | None:
        """Draw what happens to a chunk: one of *ours*, or nothing."""
        if not self.wire.on:
            return None
        for kind in self.wire.kinds:
            if kind in ours and self.dice.random() < CHANCES[kind]:
                self.wire.faults[kind] += 1
                return kind
        return None
