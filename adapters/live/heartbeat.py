"""The heartbeat: a venue that does not hear it for so long cancels what is open.

It is the pulse of the process, not its judgement: once the bot has run it goes on in every
connected state, so that the exits of a bot that is halted stay.
"""

import asyncio
from typing import TYPE_CHECKING

from adapters.live.requests import POLL_S
from adapters.venue.port import Done, Port, Rejected, Setting
from spec.supervisor import State, StopPolicy
from spec.units import SECOND_NS

if TYPE_CHECKING:
    from adapters.live.loop import Loop

BEATS = 3  # in the time after which the venue takes us for dead


class Heartbeat:
    """Tells the venue of *loop* that it lives, if the terms say so."""

    def __init__(self, loop: "Loop") -> None:
        self._loop, self._seconds = loop, loop.terms.cancel_after_s or 0
        self._port: Port | None = None  # the last that has heard of us
        self._due_ns = 0
        self._begun = self._ended = self._under_way = False
        self._failed = ""

    def look(self, now_ns: int) -> None:
        """Beat if it is time, or if the connection is new."""
        supervisor, port = self._loop.supervisor, self._loop.connection.port
        self._begun |= supervisor.state is State.RUNNING
        beats = self._seconds and self._begun and supervisor.connected
        if not beats or self._ended or self._under_way:
            return
        if now_ns >= self._due_ns or port is not self._port:
            self._due_ns = now_ns + self._seconds * SECOND_NS // BEATS
            self._port, self._under_way = port, True
            self._loop.tasks.begin(self._beat(port))

    async def end(self) -> None:
        """Beat no more; orders that a stop was to leave, or that are not ours, stay."""
        self._ended = True
        while self._under_way:  # noqa: ASYNC110  # it seldom happens
            await asyncio.sleep(POLL_S)
        leaves = self._loop.supervisor.policy is StopPolicy.LEAVE
        if self._port is not None and (leaves or not self._loop.session.orders()):
            self._say(await self._loop.connection.port.cancel_after(0))

    async def _beat(self, port: Port) -> None:
        try:
            self._say(await port.cancel_after(self._seconds))
        finally:
            self._under_way = False

    def _say(self, setting: Setting) -> None:
        """Say once what keeps the venue from hearing us."""
        failed = "" if isinstance(setting, Done) else setting.text
        if failed and failed != self._failed:
            refused = isinstance(setting, Rejected)
            self._loop.said("heartbeat refused" if refused else "heartbeat lost", text=failed)
        self._failed = failed
