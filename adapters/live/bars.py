"""The bars that close together: what a portfolio looks at, a minute at a time and in order.

A minute is told once every symbol has its bar, once a later one has closed, or after some
patience: a symbol without trades holds nobody up.  What was missed before a connection is asked
for, and is told before anything newer.
"""

import asyncio
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from adapters.venue.feed import MINUTE_MS
from adapters.venue.port import Bar, Port, Snapshot, Unavailable
from machines.messages import Bar as ToldBar
from machines.messages import Bars as Told
from machines.portfolio import Portfolio
from spec.supervisor import State

if TYPE_CHECKING:
    from adapters.live.loop import Loop

TRIES = 5
Row = tuple[Bar | None, ...]


class Minutes:
    """Bars of *count* symbols, put together by the minute in which they opened.

    Minutes up to *newest_ms* have been taken.
    """

    def __init__(self, count: int, newest_ms: int = -1) -> None:
        self.newest_ms = newest_ms
        self._count = count
        self._found: dict[int, dict[int, Bar]] = {}

    def add(self, bars: Iterable[Bar]) -> None:
        """Add *bars*, but for those of minutes that were taken."""
        for bar in bars:
            if bar.open_ms > self.newest_ms:
                self._found.setdefault(bar.open_ms, {})[bar.symbol] = bar

    def over_ms(self) -> int:
        """Return when the newest minute opened of which no bar is to be waited for, or before."""
        newest = max(self._found, default=self.newest_ms)
        whole = len(self._found.get(newest, ())) == self._count
        return newest if whole else newest - MINUTE_MS

    def take(self, until_ms: int) -> Iterator[tuple[int, Row]]:
        """Yield the minutes that opened until *until_ms*, the oldest first; each comes once."""
        for open_ms in sorted(each for each in self._found if each <= until_ms):
            self.newest_ms, found = open_ms, self._found.pop(open_ms)
            yield open_ms, tuple(found.get(symbol) for symbol in range(self._count))


async def asked(
    port: Port, since_ms: int, until_ms: int | None = None
) -> tuple[list[Bar], list[Unavailable]]:
    """Return the bars of all symbols of *port* since *since_ms*, and what could not be had.

    They opened before *until_ms*, or before now.
    """
    symbols = range(len(port.instruments))
    answers = await asyncio.gather(*(port.bars(symbol, since_ms, until_ms) for symbol in symbols))
    bars = [bar for each in answers if isinstance(each, Snapshot) for bar in each.value]
    return bars, [each for each in answers if isinstance(each, Unavailable)]


def told(open_ms: int, row: Row, *, past: bool) -> Told:
    """Return the bars of a minute as a portfolio is told of them."""
    bars = (
        None if each is None else ToldBar(each.high, each.low, each.close, each.volume)
        for each in row
    )
    return Told(open_ms, tuple(bars), past)


class Closing:
    """Tells the bot of *loop* of the bars that close; a hedge wallet looks at none."""

    def __init__(self, loop: "Loop") -> None:
        bot = loop.session.bot
        self._loop = loop
        self._minutes = None
        if isinstance(bot, Portfolio):
            self._minutes = Minutes(len(bot.desks), bot.newest_ms)
        self._task: asyncio.Task[None] | None = None
        self._whole = False  # nothing is missing between what was told and the stream

    def begin(self) -> None:
        """Ask for the bars that were missed; those of the stream wait meanwhile."""
        if self._minutes is None:
            return
        self._whole = False
        if self._task is not None:
            self._task.cancel()
        self._task = self._loop.tasks.begin(self._catch_up(self._minutes))

    def heard(self, bar: Bar) -> None:
        """Take a bar of the stream."""
        if self._minutes is None:
            return
        self._minutes.add((bar,))
        if self._whole:
            self._tell(self._minutes, self._minutes.over_ms())
            if bar.open_ms > self._minutes.newest_ms:
                late = partial(self._late, self._minutes, bar.open_ms)
                self._loop.tasks.later(self._loop.terms.bar_s, late)

    async def _catch_up(self, minutes: Minutes) -> None:
        """Tell of what was missed, then of what has come meanwhile."""
        since_ms = minutes.newest_ms + MINUTE_MS
        bars, missing = await asked(self._loop.connection.port, since_ms)
        for _ in range(TRIES):
            if not missing:
                break
            self._loop.trouble(missing[0])
            await asyncio.sleep(self._loop.terms.retry_s)
            bars, missing = await asked(self._loop.connection.port, since_ms)
        if missing:
            self._loop.said("bars missing", symbols=len(missing), since_ms=since_ms)
        minutes.add(bars)
        self._tell(minutes, max((bar.open_ms for bar in bars), default=-1), past=True)
        self._whole = True
        self._tell(minutes, minutes.over_ms())

    def _late(self, minutes: Minutes, open_ms: int) -> None:
        """Wait no longer for the other bars of a minute."""
        if self._whole:
            self._tell(minutes, open_ms)

    def _tell(self, minutes: Minutes, until_ms: int, *, past: bool = False) -> None:
        """Tell of the minutes until *until_ms*: while the bot does not run they are past."""
        for open_ms, row in minutes.take(until_ms):
            waits = self._loop.supervising.state is not State.RUNNING
            self._loop.session.bars(told(open_ms, row, past=past or waits))
