"""The connection: opens the port, checks the account's mode, and hands on what the stream tells."""

import asyncio
from collections.abc import Callable

from adapters.live.tasks import Tasks
from adapters.venue.port import Gap, GapEnded, News, Port, Unavailable
from machines import supervisor as supervisors
from machines.supervisor import Connected, Disconnected, Tripped
from spec.supervisor import Trip
from spec.terms import PositionMode

RETRY_DOUBLINGS_MAX = 5
Tell = Callable[[supervisors.Event], None]


class Connection:
    """One connection after another; *tell* is the supervisor, *heard* takes the news.

    A port that was closed stays closed, so *made* makes each one anew; *port* is the latest.  The
    account must be in *mode*.  An attempt that fails is repeated after *retry_s*, then after twice
    as long, and so on.
    """

    def __init__(  # noqa: PLR0913
        self,
        made: Callable[[], Port],
        tasks: Tasks,
        tell: Tell,
        heard: Callable[[News], None],
        *,
        mode: PositionMode,
        retry_s: float,
    ) -> None:
        self.port, self.mode, self.retry_s = made(), mode, retry_s
        self._made = made
        self._tasks, self._tell, self._heard = tasks, tell, heard
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def connect(self, epoch: int) -> None:
        """Drop the connection if there is one, and open number *epoch*."""
        self.stop()
        self._task = self._tasks.begin(self._run(epoch))

    def stop(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, epoch: int) -> None:
        """Connect, then listen until the stream ends."""
        await self.port.close()
        if self._failures:
            doublings = min(self._failures - 1, RETRY_DOUBLINGS_MAX)
            await asyncio.sleep(self.retry_s * 2**doublings)
        self._failures += 1
        self.port = self._made()
        trouble = await self.port.open()
        mode = trouble or await self.port.mode()
        if isinstance(mode, Unavailable):
            self._tell(Disconnected(epoch))
            return
        stream = self.port.news()
        if mode.value is not self.mode:
            self._tell(Tripped(Trip.MODE_CHANGED))
        self._tell(Connected(epoch))
        self._failures = 0
        async for news in stream:
            match news:
                case Gap():
                    self._tell(supervisors.Gap(epoch))
                case GapEnded():
                    self._tell(supervisors.GapEnded(epoch))
                case _:
                    self._heard(news)
        self._failures = 1
        self._tell(Disconnected(epoch))
