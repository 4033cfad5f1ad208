"""Requests through ccxt: sent once, after their turn; whatever comes back is a value."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.venue import library
from adapters.venue.credentials import Credentials
from adapters.venue.dialect import Call, Dialect
from adapters.venue.gate import Gate
from adapters.venue.outcomes import Failure
from spec.units import MILLI_NS

UNREADABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
TIMEOUT_MS = 10_000
PAGES_MAX = 100
BANS = {418, 429}  # of HTTP
BAN_S = 5.0  # where the venue does not say how long
TEXT_MAX = 200
Answer = Any  # what a venue answers, or the Failure that a request came to


class Client:
    """A ccxt client of the venue of *dialect*; *config* is added to what it is made with.

    *exchange* is ccxt's own object, *errors* what it raises.
    """

    def __init__(
        self, dialect: Dialect, credentials: Credentials, config: Mapping[str, object]
    ) -> None:
        terms = dialect.terms
        kind, errors = library.exchange(terms.exchange), library.errors()
        self.errors: type[Exception] = errors.BaseError
        self._crowded = errors.RateLimitExceeded, errors.DDoSProtection
        keys = {
            "apiKey": credentials.key,
            "secret": credentials.secret,
            "password": credentials.password,
            "walletAddress": credentials.wallet,
            "privateKey": credentials.secret,
        }
        ours = {"enableRateLimit": False, "timeout": TIMEOUT_MS}  # the gate limits the rate
        self.exchange: Any = kind(kind.deep_extend(terms.config, config, keys, ours))
        self.exchange.options["maxRetriesOnFailure"] = 0
        self.exchange.on_rest_response = self._answered
        self._dialect, self._nonce = dialect, 0
        self._commands = Gate(terms.commands, time.monotonic)
        self._questions = Gate(terms.questions, time.monotonic)

    async def load(self, symbols: Sequence[str]) -> list[dict[str, Any]] | Failure:
        """Load the markets and return those called *symbols*."""
        try:
            await self.exchange.load_markets()
            found = [dict(self.exchange.market(symbol)) for symbol in symbols]
            return [self._dialect.market(market) for market in found]
        except (self.errors, *UNREADABLE, OSError) as error:
            return self._failure(error)

    async def command(self, call: Call, *, urgent: bool = False) -> Answer:
        """Make *call*, which changes something, once."""
        await self._commands.enter(urgent=urgent)
        return await self._made(call)

    async def ask(self, call: Call, *, urgent: bool = False) -> Answer:
        """Make *call*, which changes no order, once."""
        await self._questions.enter(urgent=urgent)
        return await self._made(call)

    async def _made(self, call: Call) -> Answer:
        """Make *call* now."""
        self._nonce = max(self._nonce + 1, time.time_ns() // MILLI_NS)
        try:
            request = self._dialect.request(self.exchange, call, self._nonce)
            answer: Any = await getattr(self.exchange, call.endpoint)(request)
        except (TimeoutError, self.errors, *UNREADABLE, OSError) as error:
            return self._failure(error)
        return self._judged(answer)

    async def rows(self, calls: Sequence[Call]) -> list[Any] | Failure:
        """Make all *calls*, each page by page, and return the rows of their answers."""
        rows = list[Any]()
        for first in calls:
            call: Call | None = first
            for _ in range(PAGES_MAX):
                if call is None:
                    break
                answer = await self.ask(call)
                if isinstance(answer, Failure):
                    return answer
                try:
                    rows += self._dialect.rows(answer)
                    call = self._dialect.after(call, answer)
                except UNREADABLE as error:
                    return Failure("", f"unreadable answer: {error!r}")
            else:
                return Failure("", f"more than {PAGES_MAX} pages")
        return rows

    async def rates(self, name: str, since_ms: int) -> Answer:
        """Return the funding rates of the contract *name* of ccxt from Unix *since_ms* on."""
        await self._questions.enter(urgent=False)
        try:
            return await self.exchange.fetch_funding_rate_history(name, since_ms)
        except (TimeoutError, self.errors, *UNREADABLE, OSError) as error:
            return self._failure(error)

    async def close(self) -> None:
        """Disconnect."""
        await self.exchange.close()

    def _judged(self, answer: Any) -> Answer:  # noqa: ANN401
        """Return *answer*, or the failure that it tells."""
        try:
            refused = self._dialect.refusal(answer)
        except UNREADABLE:
            return Failure("", f"unreadable answer: {str(answer)[:TEXT_MAX]}")
        return answer if refused is None else Failure(*refused)

    def _failure(self, error: Exception) -> Failure:
        """Return what *error* says: the venue's own answer is at the end of ccxt's text."""
        told = str(error)
        crowded = isinstance(error, self._crowded)
        try:
            refused = self._dialect.refusal(json.loads(told[told.index("{") :]))
        except UNREADABLE:
            refused = None
        code, words = refused or ("", f"{type(error).__name__}: {told[:TEXT_MAX]}")
        return Failure(code, words, limited=crowded)

    def _answered(self, *about: Any) -> Any:  # noqa: ANN401  # ccxt calls it with all it knows
        """Take the venue's budget from the headers of an answer, and return its text."""
        status, _, _, _, named, text, *_ = about
        headers = {name.lower(): value for name, value in named.items()}
        try:
            wait_s = self._dialect.wait_ms(headers, time.time_ns() // MILLI_NS) / 1_000
            ban_s = float(headers.get("retry-after", BAN_S)) if status in BANS else 0.0
        except UNREADABLE:
            wait_s = ban_s = BAN_S
        for gate in (self._commands, self._questions):
            gate.hold(wait_s)
            gate.ban(ban_s)
        return text
