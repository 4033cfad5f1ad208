"""Who asks: signatures, and whether a request is recent."""

import hashlib
import hmac
from collections.abc import Sequence

AHEAD_MS = 1_000  # a request may be from the future by less than this


def sign(secret: str, payload: str) -> str:
    """Return the HMAC SHA-256 of *payload* under *secret*, in hexadecimal."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def signed(secret: str, payload: str, given: str) -> bool:
    """Return whether *given* signs *payload*, in a time that tells nothing of the signature."""
    return hmac.compare_digest(sign(secret, payload).encode(), given.encode())


def recent(stamp: str, window: str, clocks_ms: Sequence[int]) -> bool:
    """Return whether time *stamp* is at most *window* old, both texts of ms, by one of the clocks.

    They are the computer's, and the exchange's own where that runs differently.
    """
    if not stamp.isdecimal() or not window.isdecimal():
        return False
    return any(now - int(window) <= int(stamp) < now + AHEAD_MS for now in clocks_ms)
