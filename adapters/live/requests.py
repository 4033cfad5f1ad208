"""Requests under way: what the bot asks for goes to the port, what became of it to the session.

When an order is asked for, and which answer counts, is for `machines.inquiry` to say.
"""

import asyncio
from collections.abc import Callable

from adapters.live.connection import Connection
from adapters.live.session import Session
from adapters.live.tasks import Tasks
from adapters.live.terms import Terms
from adapters.venue.port import OrderState, Outcome, Port, Rejected, Unavailable, Unknown
from machines import inquiry as inquiries
from machines.inquiry import Inquiry
from machines.messages import Cancel, Place, Query
from spec.terms import Reason
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
        self._inquiries: dict[int, Inquiry] = {}  # by client order id
        self._fetching = False

    @property
    def port(self) -> Port:
        """The port of the latest connection."""
        return self._connection.port

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        return sum(each.flying for each in self._inquiries.values())

    def _inquiry(self, key: int) -> Inquiry:
        """Return what is under way of the order *key*."""
        return self._inquiries.get(key, Inquiry(until_ns=self.until_ns))

    def _note(self, key: int, inquiry: Inquiry) -> None:
        """Remember what is under way of the order *key*."""
        if inquiries.is_idle(inquiry, self._clock_ns()):
            self._inquiries.pop(key, None)
        else:
            self._inquiries[key] = inquiry

    def send(self, command: Place | Cancel | Query, session: Session) -> None:
        """Send *command*; *session* is told what becomes of it."""
        key = command.client_order_id
        inquiry = self._inquiry(key)
        if isinstance(command, Query):
            self._note(key, inquiries.asked(inquiry, command.query, shown=command.shown))
            self._tasks.begin(self._query(command, session))
        else:
            self._note(key, inquiries.sent(inquiry))
            self._tasks.begin(self._request(command, session))

    async def _request(self, command: Place | Cancel, session: Session) -> None:
        """Have *command* carried out."""
        key, symbol, port = command.client_order_id, command.symbol, self.port
        if isinstance(command, Place):
            outcome = await port.place(symbol, key, command.order)
        else:
            outcome = await port.cancel(symbol, key)
        self._ended(key, outcome)
        session.ended(command, outcome)

    def _ended(self, key: int, outcome: Outcome) -> None:
        """Take note of *outcome*: if it is unknown the request may still reach the venue."""
        valid_ns = int(self.terms.validity_s * SECOND_NS)
        until_ns = self._clock_ns() + valid_ns if isinstance(outcome, Unknown) else 0
        self._note(key, inquiries.ended(self._inquiry(key), until_ns))
        if isinstance(outcome, Rejected) and outcome.reason is not Reason.UNKNOWN_ORDER:
            self.refused(key, outcome)

    async def _query(self, query: Query, session: Session) -> None:
        """Ask for an order until an answer counts, or a newer question about it waits."""
        key = query.client_order_id
        while self._inquiry(key).query == query.query:
            if not inquiries.may_ask(self._inquiry(key), self._clock_ns()):
                await asyncio.sleep(POLL_S)
                continue
            answer = await self.port.order(query.symbol, key)
            if isinstance(answer, Unavailable):
                self.trouble(answer)
            elif self._counts(query, answer.value):
                await self._found(query, answer.value, session)
                return
            await asyncio.sleep(self.terms.retry_s)

    def _counts(self, query: Query, state: OrderState) -> bool:
        """Return whether *state* is an answer to *query* that counts."""
        key, found = query.client_order_id, state.found
        inquiry = self._inquiry(key)
        self._note(key, inquiries.answered(inquiry, query.query, found))
        return inquiries.counts(inquiry, query.query, found)

    async def _found(self, query: Query, state: OrderState, session: Session) -> None:
        """Tell how an order stands, once its fills are there."""
        if session.ledger.totals(query.client_order_id).qty < state.cum_qty:
            await self.fetch(session)
        session.answered(query, state)

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
