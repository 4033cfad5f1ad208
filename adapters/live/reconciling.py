"""Reconciling: the three questions are asked, and what they show is told, booked or removed."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from adapters.bots import holdings
from adapters.live.asking import Asking
from adapters.live.holdings import differing
from adapters.live.matching import OWN_CLOSES, Answers, compared
from adapters.venue.port import LegState
from machines.messages import Cancel
from machines.reconciliation import Difference, Looks, OrderId, answers, judged
from machines.supervisor import TimedOut
from spec.supervisor import Match, Part, State

if TYPE_CHECKING:
    from adapters.live.loop import Loop

MARGIN_MS = 60_000  # fills are asked for from so long before the last moment that agreed


class Reconciling:
    """Compares venue and journal for *loop*."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop
        self.asking = Asking(loop.session, loop.requests, loop.clock_ns, loop.terms)
        self._question: asyncio.Task[None] | None = None
        self._answers: Answers | None = None
        self._difference = Difference(match=Match.AGREES)
        self._looks = Looks()

    @property
    def positions(self) -> tuple[LegState, ...]:
        """The positions that were shown last."""
        return self._answers.positions if self._answers else ()

    @property
    def orphans(self) -> Iterable[Cancel]:
        """Cancels of the orders of ours that were shown last and that nobody knows of."""
        return (Cancel(key, symbol) for symbol, key in self._difference.orphans)

    def begin(self) -> None:
        """Forget earlier looks: the stream reports every change from now on."""
        self._looks = Looks()

    def ask(self) -> None:
        """Ask, and no longer ask what counts no more."""
        if self._question is not None:
            self._question.cancel()
        self._question = self._loop.tasks.begin(self._asked(self._loop.supervisor.query))

    async def _asked(self, query: int) -> None:
        """Ask the three questions, again after a while, and tell the supervisor what came of it."""
        retry_s = self._loop.terms.retry_s
        if self._looks.behind:
            await asyncio.sleep(retry_s)
        told = await self.asking.ask(query)
        if told is None:
            await asyncio.sleep(retry_s)
            self._loop.tell(TimedOut(query))
        elif query == self._loop.supervisor.query:
            self._answered(told)

    def _answered(self, told: Answers) -> None:
        """Compare what was *told*; what it says of the money is told before trading begins."""
        difference = compared(self._loop.session, told)
        self._answers, self._difference = told, difference
        match = difference.match
        if not told.torn:
            self._looks, match = judged(self._looks, difference)
            if match is Match.AGREES:
                self._agreed(told, difference)
            elif match is Match.UNEXPLAINED:
                self._unexplained(told, difference)
        lots = sum(leg.qty for leg in told.positions)
        own = sum(bool(state.client_order_id) for state in told.orders)
        held = {Part.POSITIONS: lots, Part.ORDERS: own}
        for answer in answers(told.query, told.moment, match, held, torn=told.torn):
            self._loop.tell(answer)

    def _agreed(self, told: Answers, difference: Difference) -> None:
        requests = self._loop.requests
        requests.since_ms = max(requests.since_ms, told.asked_ms - MARGIN_MS)
        for news in difference.news:
            self._loop.session.tell(news)

    def _unexplained(self, told: Answers, difference: Difference) -> None:
        """Say what differs."""
        found = differing(holdings(self._loop.session.bot), told.positions)
        keys = (key for _, key in (*difference.missing, *difference.orphans))
        orders = (f"order {key} is open for one side only" for key in keys)
        self._loop.said("unexplained position", differs="; ".join((*found, *orders)))

    def catch_up(self) -> None:
        """Book what answers show and the journal misses; remove orders of ours nobody knows of."""
        session, difference = self._loop.session, self._difference
        if self._answers is not None:
            session.fills(self._answers.fills)
        for symbol, key in difference.missing:
            session.lost(symbol, key)
        self._remove(difference.orphans)
        for news in difference.news:
            session.tell(news)

    def open_order(self, symbol: int, client_order_id: int) -> None:
        """Remove an order that is open, if it is the bot's by its number and it has none such."""
        known = self._loop.session.orders()
        if 0 < client_order_id < OWN_CLOSES and client_order_id not in known:
            self._remove([(symbol, client_order_id)])

    def _remove(self, orphans: Iterable[OrderId]) -> None:
        """Remove orders of ours that nobody knows of."""
        for symbol, key in orphans:
            self._loop.said("orphan", order=key)
            self._loop.supervising.send([Cancel(key, symbol)])

    async def audit(self) -> None:
        """Ask the three questions beside the supervisor: it hears of it if they do not agree."""
        loop, told = self._loop, await self.asking.ask(0)
        state = loop.supervising.state
        if told is None or told.torn or state not in (State.RUNNING, State.HALTED):
            return
        difference = compared(loop.session, told)
        if difference.match is Match.AGREES:
            self._agreed(told, difference)
        elif state is State.RUNNING:
            loop.disturbed()
        else:
            self._answers, self._difference = told, difference
            self.catch_up()
