"""Who asks: the signature of a request, and whether it is recent."""

from collections.abc import Mapping, Sequence

from adapters.exchange.bybit.errors import Code
from adapters.exchange.signing import recent, signed
from adapters.exchange.wire import Refused

WINDOW_MS = 5_000


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
    if not recent(stamp, window, clocks_ms):
        raise Refused(Code.BAD_TIME)
    if not signed(secrets[key], stamp + key + window + payload, headers.get("X-BAPI-SIGN", "")):
        raise Refused(Code.BAD_SIGN)
    return key


def stream_account(
    given: Sequence[str], keys: Mapping[str, tuple[str, str]], clocks_ms: Sequence[int]
) -> str | None:
    """Return the account for which an `auth` of a stream is signed and not over for every clock.

    *given* are a key, the time until when it lasts, and the signature; *keys* are (account, secret)
    by API key.
    """
    if len(given) != len(("key", "expires", "signature")) or given[0] not in keys:
        return None
    (account, secret), expires = keys[given[0]], given[1]
    lasts = expires.isdecimal() and any(int(expires) > now for now in clocks_ms)
    return account if lasts and signed(secret, f"GET/realtime{expires}", given[2]) else None
