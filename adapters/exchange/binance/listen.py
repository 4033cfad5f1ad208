"""Listen keys: which account a user data stream belongs to, and until when.

Their hour is one of the computer's clock, like the time of a request.
"""

from hashlib import blake2b

from adapters.exchange.binance.errors import Code
from adapters.exchange.wire import Refused

LIFE_MS = 3_600_000


class ListenKeys:
    """The listen keys; an account has one at a time."""

    def __init__(self) -> None:
        self._ends: dict[str, int] = {}  # by key, Unix ms
        self._keys: dict[str, str] = {}  # by account
        self._issued = 0

    def create(self, account: str, clock_ms: int) -> str:
        """Return the key of *account*, a new one if it has none that lasts."""
        if not self.lasts(self._keys.get(account, ""), clock_ms):
            self._issued += 1
            name = f"{account}/{self._issued}/{clock_ms}"
            self._keys[account] = blake2b(name.encode(), digest_size=32).hexdigest()
        return self.extend(account, clock_ms, at_once=True)

    def extend(self, account: str, clock_ms: int, *, at_once: bool = False) -> str:
        """Let the key of *account* last another hour.

        Raises:
            Refused: It has none, or it is over.
        """
        key = self._keys.get(account, "")
        if not at_once and not self.lasts(key, clock_ms):
            raise Refused(Code.BAD_LISTEN_KEY)
        self._ends[key] = clock_ms + LIFE_MS
        return key

    def close(self, account: str) -> None:
        """End the key of *account*."""
        self._ends.pop(self._keys.pop(account, ""), None)

    def account(self, key: str) -> str | None:
        """Return whose *key* is, or None."""
        return next((account for account, each in self._keys.items() if each == key), None)

    def lasts(self, key: str, clock_ms: int) -> bool:
        """Return whether *key* is one, and not over."""
        return clock_ms < self._ends.get(key, 0)
