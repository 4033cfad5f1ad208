"""Who asks: the signature of a request, and whether it is recent."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from adapters.exchange.bybit.errors import Code, Refused

WINDOW_MS = 5_000
AHEAD_MS = 1_000  # a request may be from the future by less than this


def sign(secret: str, payload: str) -> str:
    """Return the HMAC SHA-256 of *payload* under *secret*, in hexadecimal."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def signer(
    headers: Mapping[str, str], payload: str, secrets: Mapping[str, str], clocks_ms: Sequence[int]
) -> str:
    """Return the API key that has signed *payload*, the query or the body as it was sent.

    *secrets* are by API key.  The time of the request must fit one of *clocks_ms*: the computer's,
    and the exchange's own where that runs differently.

    Raises:
        Refused: No such key, not recent, or not signed with its secret.
    """
    key, stamp = headers.get("X-BAPI-API-KEY", ""), headers.get("X-BAPI-TIMESTAMP", "")
    window = headers.get("X-BAPI-RECV-WINDOW", str(WINDOW_MS))
    if key not in secrets:
        raise Refused(Code.BAD_KEY)
    if not stamp.isdecimal() or not window.isdecimal():
        raise Refused(Code.BAD_TIME)
    if not any(now - int(window) <= int(stamp) < now + AHEAD_MS for now in clocks_ms):
        raise Refused(Code.BAD_TIME)
    given = headers.get("X-BAPI-SIGN", "")
    if not _same(sign(secrets[key], stamp + key + window + payload), given):
        raise Refused(Code.BAD_SIGN)
    return key


def stream_signer(
    key: str, expires: str, given: str, secrets: Mapping[str, str], clocks_ms: Sequence[int]
) -> bool:
    """Return whether an `auth` of a stream is signed by *key* and not over for every clock."""
    if key not in secrets or not expires.isdecimal():
        return False
    recent = any(int(expires) > now for now in clocks_ms)
    return recent and _same(sign(secrets[key], f"GET/realtime{expires}"), given)


def _same(wanted: str, given: str) -> bool:
    """Return whether two signatures are the same, in a time that tells nothing of them."""
    return hmac.compare_digest(wanted.encode(), given.encode())
