"""Rate limits: so many requests of an account to an endpoint in any second."""

from collections import deque
from collections.abc import Mapping

from attrs import frozen


@frozen
class Allowance:
    """What is left after a request: *limit* a second, *left* of them, all again at *reset_ms*."""

    limit: int
    left: int
    reset_ms: int
    exceeded: bool


class Limits:
    """*rates* are requests a second by endpoint; an endpoint without one is not limited."""

    def __init__(self, rates: Mapping[str, int]) -> None:
        self.rates = dict(rates)
        self._taken: dict[tuple[str, str], deque[int]] = {}

    def take(self, account: str, endpoint: str, now_ms: int) -> Allowance | None:
        """Count a request at *now_ms*; one that exceeds the limit does not count."""
        limit = self.rates.get(endpoint)
        if limit is None:
            return None
        taken = self._taken.setdefault((account, endpoint), deque())
        while taken and taken[0] <= now_ms - 1_000:
            taken.popleft()
        if len(taken) >= limit:
            return Allowance(limit, 0, taken[0] + 1_000, exceeded=True)
        taken.append(now_ms)
        return Allowance(limit, limit - len(taken), now_ms, exceeded=False)
