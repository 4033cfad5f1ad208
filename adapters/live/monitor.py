"""What nobody tells: silence, drift, a file that appears, money that is gone; seen by looking."""

import asyncio
from typing import TYPE_CHECKING

from adapters.bots import holdings
from adapters.live.heartbeat import Heartbeat
from adapters.live.matching import expected_cash
from adapters.venue.port import Unavailable
from machines.supervisor import Degraded, Recovered, Tripped
from spec.order import State as OrderState
from spec.supervisor import Cause, State, Trip
from spec.units import MILLI_NS, SECOND_NS

if TYPE_CHECKING:
    from adapters.live.loop import Loop

SNAPSHOT_ROWS = 5_000  # about a second of replay


class Monitor:
    """Watches *loop*, once a tick."""

    def __init__(self, loop: "Loop") -> None:
        self.loop, self.terms = loop, loop.terms
        self.heartbeat = Heartbeat(loop)
        self._killed = self._lost = False
        self._pending: dict[int, int] = {}
        self._audit_ns = loop.clock_ns()
        self._snapshot_row = loop.journal.last_snapshot()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(self.terms.tick_s)

    def look(self) -> None:
        """Look at everything once."""
        now_ns = self.loop.clock_ns()
        self._kill()
        self._loss()
        self._snapshot(now_ns)
        self.heartbeat.look(now_ns)
        if not self.loop.supervisor.connected:
            return
        self._stale(now_ns)
        self._overdue(now_ns)
        if self.loop.session.waits and not self.loop.supervisor.gap:
            self.loop.tasks.begin(self.loop.requests.fetch(self.loop.session))
        if self.loop.supervisor.drift:
            self.loop.tasks.begin(self._drift())
        if now_ns - self._audit_ns >= self.terms.audit_s * SECOND_NS:
            self._audit_ns = now_ns
            self.loop.tasks.begin(self.loop.reconciling.audit())
            if self.terms.drift_ms is not None:
                self.loop.tasks.begin(self._drift())
            if self.loop.supervising.state is State.HALTED:
                self.loop.cancel_opening()

    def equity(self) -> int | None:
        """Return what the account is worth in money units at the mark price, if that is known."""
        bot, quotes = self.loop.session.bot, self.loop.session.quotes
        found = holdings(bot)
        if not all(held.symbol in quotes for held in found):
            return None
        return expected_cash(bot) + sum(held.profit(quotes[held.symbol].mark) for held in found)

    def _snapshot(self, now_ns: int) -> None:
        """Write the whole bot now and then: a restart replays what comes after."""
        if self.loop.journal.head.row - self._snapshot_row >= SNAPSHOT_ROWS:
            self._snapshot_row = self.loop.journal.snapshot(now_ns, self.loop.session.bot)

    async def end(self) -> None:
        """Leave the venue, and the whole bot: a newer release need not replay what this one did."""
        await self.heartbeat.end()
        self.loop.journal.snapshot(self.loop.clock_ns(), self.loop.session.bot)

    def _kill(self) -> None:
        """Trip once the kill file is there, anew each time that it appears."""
        file = self.terms.kill_file
        there = file is not None and file.exists()
        if there and not self._killed:
            self.loop.tell(Tripped(Trip.KILL_SWITCH))
        self._killed = there

    def _loss(self) -> None:
        """Trip once the equity has fallen below its limit."""
        equity, least = self.equity(), self.terms.equity_min
        lost = equity is not None and least is not None and equity < least
        if lost and not self._lost:
            self.loop.tell(Tripped(Trip.LOSS_LIMIT))
        self._lost = lost

    def _stale(self, now_ns: int) -> None:
        silent = now_ns - self.loop.heard_ns > self.terms.stale_s * SECOND_NS
        if silent and not self.loop.supervisor.stale:
            self.loop.session.blind()
            self.loop.tell(Degraded(Cause.STALE_DATA))

    def _overdue(self, now_ns: int) -> None:
        """Ask for orders whose request has been answered but of which no news has come."""
        orders = self.loop.session.orders()
        waiting = {
            key
            for key in self.loop.session.pending()
            if orders[key][1].order.state is not OrderState.UNKNOWN
        }
        since = {key: self._pending.get(key, now_ns) for key in waiting}
        for key, first_ns in since.items():
            if now_ns - first_ns > self.terms.overdue_s * SECOND_NS:
                self.loop.session.lost(orders[key][0], key)
        self._pending = since

    async def _drift(self) -> None:
        """Compare the clocks; where nobody does, a request that is answered in time is enough."""
        answer = await self.loop.connection.port.server_ms()
        if isinstance(answer, Unavailable):
            return
        limit = self.terms.drift_ms
        asked_ms, came_ms = answer.asked_ns // MILLI_NS, answer.came_ns // MILLI_NS
        if limit is not None and not asked_ms - limit <= answer.value <= came_ms + limit:
            self.loop.tell(Degraded(Cause.CLOCK_DRIFT))
        elif self.loop.supervisor.drift:
            self.loop.tell(Recovered(Cause.CLOCK_DRIFT))
