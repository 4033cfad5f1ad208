"""Requests pass at the venue's pace, cancels and what only reduces before the rest."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from attrs import field, frozen


@frozen(kw_only=True)
class Limits:
    """How many requests a venue takes: *per_second* on average, *burst* at once.

    *urgent* of the burst are kept for urgent requests.
    """

    per_second: float
    burst: int
    urgent: int = 0


@frozen(order=True)
class _Waiting:
    """A request in the queue: urgent ones first, then as they came."""

    later: bool
    number: int
    turn: asyncio.Future[None] = field(order=False)


class Gate:
    """Lets requests pass within *limits*; *clock_s* is a clock that only goes forward, seconds.

    A hold stops what is not urgent, as when the venue says that its budget is used up; a ban stops
    all.
    """

    def __init__(self, limits: Limits, clock_s: Callable[[], float]) -> None:
        self._limits, self._clock_s = limits, clock_s
        self._tokens, self._counted_s = float(limits.burst), clock_s()
        self._queue: list[_Waiting] = []
        self._numbers = count()
        self._held_s = self._banned_s = self._counted_s
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, *, urgent: bool) -> None:
        """Wait for the turn of a request."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _Waiting(not urgent, next(self._numbers), turn))
        self._serve()
        await turn

    def hold(self, seconds: float) -> None:
        """Let only urgent requests pass for *seconds*."""
        self._held_s = max(self._held_s, self._clock_s() + seconds)

    def ban(self, seconds: float) -> None:
        """Let nothing pass for *seconds*."""
        self._banned_s = max(self._banned_s, self._clock_s() + seconds)

    def _serve(self) -> None:
        """Let pass whom the budget allows, and come back when it allows the next."""
        now_s = self._clock_s()
        gained = (now_s - self._counted_s) * self._limits.per_second
        self._tokens = min(self._tokens + gained, self._limits.burst)
        self._counted_s = now_s
        while self._queue:
            first = self._queue[0]
            wait_s = self._wait_s(first, now_s)
            if first.turn.done():  # whoever waited has been cancelled
                heapq.heappop(self._queue)
            elif wait_s <= 0:
                heapq.heappop(self._queue)
                self._tokens -= 1
                first.turn.set_result(None)
            else:
                self._again(wait_s)
                break

    def _wait_s(self, first: _Waiting, now_s: float) -> float:
        """Return how long *first* still waits, in seconds."""
        needed = 1 + (self._limits.urgent if first.later else 0)
        until_s = max(self._banned_s, self._held_s if first.later else 0)
        return max(until_s - now_s, (needed - self._tokens) / self._limits.per_second)

    def _again(self, wait_s: float) -> None:
        """Serve again after *wait_s*."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._serve)
