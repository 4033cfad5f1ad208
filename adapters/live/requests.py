"""Requests under way: what the bot asks for goes to the port, what became of it to the session.

A question about an order is asked once the validity of its last request has passed, and the answer
that the venue does not know the order counts only after several of them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from adapters.live.connection import Connection
from adapters.live.session import Session
from adapters.live.tasks import Tasks
from adapters.live.terms import Terms
from adapters.venue.port import OrderState, Outcome, Port, Rejected, Unavailable, Unknown
from machines.messages import Cancel, Place, Query
from machines.order import Found
from spec.units import SECOND_NS

POLL_S = 0.05
Trouble = Callable[[Unavailable], None]
Refused = Callable[[int, Rejected], None]


class Requests:
    """Sends commands through the port of *connection*.

    *since_ms* (Unix ms) is before every fill that may be missing; requests of an earlier process
    may reach the venue until *until_ns* (Unix ns).
    """

    def __init__(
        self, connection: Connection, terms: Terms, tasks: Tasks, clock_ns: Callable[[], int]
    ) -> None:
        self.terms = terms
        self.since_ms = self.until_ns = 0
        self.refused: Refused = _nothing
        self.trouble: Trouble = _nothing
        self._connection, self._tasks, self._clock_ns = connection, tasks, clock_ns
        self._flying: Counter[int] = Counter()  # requests in flight, by order
        self._until: dict[int, int] = {}
        self._questions: dict[int, asyncio.Task[None]] = {}
        self._fetching = False

    @property
    def port(self) -> Port:
        """The port of the latest connection."""
        return self._connection.port

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        return self._flying.total()

    def send(self, command: Place | Cancel | Query, session: Session) -> None:
        """Send *command*; *session* is told what becomes of it."""
        match command:
            case Place():
                self._tasks.begin(self._place(command, session))
            case Cancel():
                self._tasks.begin(self._cancel(command, session))
            case Query():
                earlier = self._questions.pop(command.client_order_id, None)
                if earlier is not None:
                    earlier.cancel()
                task = self._tasks.begin(self._query(command, session))
                self._questions[command.client_order_id] = task

    async def _place(self, command: Place, session: Session) -> None:
        key = command.client_order_id
        outcome = await self.held(key, self.port.place(command.symbol, key, command.order))
        if isinstance(outcome, Rejected):
            self.refused(key, outcome)
        session.placed(command, outcome)

    async def _cancel(self, command: Cancel, session: Session) -> None:
        key = command.client_order_id
        outcome = await self.held(key, self.port.cancel(command.symbol, key))
        session.canceled(command, outcome)

    async def held(self, key: int, request: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Return the outcome of *request* of order *key*; meanwhile it counts as in flight.

        A request of unknown outcome may still reach the venue while it is valid.
        """
        self._flying[key] += 1
        try:
            outcome = await request
        finally:
            self._flying[key] -= 1
            if not self._flying[key]:
                del self._flying[key]
        if isinstance(outcome, Unknown):
            self._until[key] = self._clock_ns() + int(self.terms.validity_s * SECOND_NS)
        return outcome

    async def _query(self, command: Query, session: Session) -> None:
        """Ask for an order until there is an answer that counts."""
        state = await self._found(command)
        if session.ledger.totals(command.client_order_id).qty < state.cum_qty:
            await self.fetch(session)
        self._questions.pop(command.client_order_id, None)
        session.answered(command, state)

    async def _found(self, command: Query) -> OrderState:
        """Return the order; that it is absent is asked several times."""
        key, absent = command.client_order_id, 0
        while True:
            await self._settled(key)
            answer = await self.port.order(command.symbol, key)
            if isinstance(answer, Unavailable):
                self.trouble(answer)
                await asyncio.sleep(self.terms.retry_s)
                continue
            absent += 1
            if answer.value.found is not Found.ABSENT or absent >= self.terms.absent_times:
                return answer.value
            await asyncio.sleep(self.terms.absent_s)

    async def _settled(self, key: int) -> None:
        """Wait until no request of order *key* can reach the venue any more."""
        while self._flying[key]:  # noqa: ASYNC110  # it seldom happens
            await asyncio.sleep(POLL_S)
        until_ns = max(self._until.pop(key, 0), self.until_ns)
        await asyncio.sleep(max(0, until_ns - self._clock_ns()) / SECOND_NS)

    async def fetch(self, session: Session) -> None:
        """Ask for the fills, and give them to *session*."""
        if self._fetching:
            return
        self._fetching = True
        try:
            answer = await self.port.fills(self.since_ms)
        finally:
            self._fetching = False
        if isinstance(answer, Unavailable):
            self.trouble(answer)
        else:
            session.fills(answer.value)


def _nothing(*_: object) -> None:
    """Do nothing."""
