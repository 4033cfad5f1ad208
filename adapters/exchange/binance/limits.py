"""Rate limits: weight a minute of everybody on this computer, orders of each account.

Each interval begins with the clock's own.  A client that goes on after it was refused is banned.
"""

from attrs import frozen

from adapters.exchange.binance.errors import Code
from spec.units import div_up

PATIENCE = 10
BAN_MS = 120_000
EVERYBODY = ""


@frozen
class Rate:
    """At most *limit* in each interval: *number* times *interval*, which are *seconds*."""

    kind: str
    interval: str
    number: int
    seconds: int
    limit: int
    code: Code

    @property
    def header(self) -> str:
        """The header that tells how much is used."""
        kind = "ORDER-COUNT" if self.kind == "ORDERS" else "USED-WEIGHT"
        return f"X-MBX-{kind}-{self.number}{self.interval[0]}"


WEIGHT = Rate("REQUEST_WEIGHT", "MINUTE", 1, 60, 2_400, Code.TOO_MANY)
ORDERS = (
    Rate("ORDERS", "SECOND", 10, 10, 300, Code.TOO_MANY_ORDERS),
    Rate("ORDERS", "MINUTE", 1, 60, 1_200, Code.TOO_MANY_ORDERS),
)


@frozen
class Used:
    """What a request has used, as headers; why it is refused if it is, and for how long."""

    headers: dict[str, str]
    refusal: Code | None = None
    wait_s: int = 0


class Limits:
    """Counts by *weight* and *orders*; no rate means no limit."""

    def __init__(self, weight: Rate = WEIGHT, orders: tuple[Rate, ...] = ORDERS) -> None:
        self.weight, self.orders = weight, orders
        self._used: dict[tuple[Rate, str], tuple[int, int]] = {}
        self._refusals = 0
        self._banned_until_ms = 0

    def weigh(self, weight: int, now_ms: int) -> Used:
        """Count a request of *weight* at *now_ms*, computer time; a refused one counts too."""
        if now_ms < self._banned_until_ms:
            return Used({}, Code.BANNED, div_up(self._banned_until_ms - now_ms, 1_000))
        used = self._take((self.weight,), EVERYBODY, weight, now_ms)
        if used.refusal is None:
            self._refusals = 0
            return used
        self._refusals += 1
        if self._refusals > PATIENCE:
            self._refusals, self._banned_until_ms = 0, now_ms + BAN_MS
        return used

    def order(self, account: str, count: int, now_ms: int) -> Used:
        """Count *count* new orders of *account*."""
        return self._take(self.orders, account, count, now_ms)

    def _take(self, rates: tuple[Rate, ...], who: str, count: int, now_ms: int) -> Used:
        """Count for each of *rates*; where one is exceeded, say so."""
        headers, refusal, wait_ms = dict[str, str](), None, 0
        for rate in rates:
            length_ms = rate.seconds * 1_000
            interval = now_ms // length_ms
            since, used = self._used.get((rate, who), (interval, 0))
            used = count + (used if since == interval else 0)
            self._used[rate, who] = interval, used
            headers[rate.header] = str(used)
            if used > rate.limit:
                refusal, wait_ms = rate.code, (interval + 1) * length_ms - now_ms
        return Used(headers, refusal, div_up(wait_ms, 1_000))
