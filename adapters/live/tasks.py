"""Work that goes on by itself; the first that fails ends all of it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """The tasks of one loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let *work* go on."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Call *act* after *delay_s*."""
        self.begin(_later(delay_s, act))

    def end(self) -> None:
        """Let `ended` return."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def ended(self) -> None:
        """Wait until `end` is called, or raise what a task has raised."""
        await self._ended

    async def close(self) -> None:
        """Cancel what is under way, and wait until it has gone."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._ended.done():
            self._ended.set_exception(error)


async def _later(delay_s: float, act: Callable[[], None]) -> None:
    await asyncio.sleep(delay_s)
    act()
