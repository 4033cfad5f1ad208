"""The three questions, and the money: asked when nothing of ours is under way, as of one moment.

A venue does not count the changes of an account, so we do: if none has come to our ears from before
the first question until some time after the last answer, the answers describe one moment.
"""

import asyncio
from collections.abc import Callable

from adapters.live.matching import Answers
from adapters.live.requests import POLL_S, Requests
from adapters.live.session import Session
from adapters.live.terms import Terms
from adapters.venue.port import Unavailable
from spec.units import MILLI_NS


class Asking:
    """Asks about the account of *session*; answers settle for a while before they count."""

    def __init__(
        self, session: Session, requests: Requests, clock_ns: Callable[[], int], terms: Terms
    ) -> None:
        self.session, self.requests = session, requests
        self._clock_ns, self._terms = clock_ns, terms

    @property
    def quiet(self) -> bool:
        """Whether no request of ours is under way."""
        return not self.requests.in_flight and not self.session.pending()

    async def ask(self, query: int) -> Answers | None:
        """Return the answers to question *query*; None if one could not be had in time."""
        try:
            async with asyncio.timeout(self._terms.overdue_s):
                return await self._answers(query)
        except TimeoutError:
            return None

    async def _answers(self, query: int) -> Answers | None:
        """Ask once nothing is under way."""
        while not self.quiet:  # noqa: ASYNC110  # many things end it
            await asyncio.sleep(POLL_S)
        session, port = self.session, self.requests.port
        before, asked_ms = session.changes, self._clock_ns() // MILLI_NS
        fills = await port.fills(self.requests.since_ms)
        positions, orders, cash = await asyncio.gather(
            port.positions(), port.open_orders(), port.cash()
        )
        for answer in (fills, positions, orders, cash):
            if isinstance(answer, Unavailable):
                self.requests.trouble(answer)
        if (
            isinstance(fills, Unavailable)
            or isinstance(positions, Unavailable)
            or isinstance(orders, Unavailable)
            or isinstance(cash, Unavailable)
        ):
            return None
        await asyncio.sleep(self._terms.settle_s)
        return Answers(
            query=query,
            moment=before + 1,
            torn=session.changes != before,
            asked_ms=asked_ms,
            fills=fills.value,
            positions=positions.value,
            orders=orders.value,
            cash=cash.value.cash,
        )
