"""Client order ids: which bot, which contract, which order, in 32 hexadecimal digits.

That is the longest text that every venue takes and returns unchanged.  The first half is a digest
of bot and contract, the second the bot's own number; nothing is stored, so a restarted bot knows
its orders again, and orders of a person or of another bot are never taken for its own.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

_TAG_BYTES = 8
_TEXT = re.compile(r"(?:0x)?([0-9a-f]{16})([0-9a-f]{16})")
NUMBER_MAX = 2**64 - 1


def _tag(bot: str, symbol: str) -> str:
    """Return the digest of *bot* and *symbol*; their lengths keep the two apart."""
    named = f"{len(bot)}:{bot}/{symbol}"
    return blake2b(named.encode(), digest_size=_TAG_BYTES).hexdigest()


class ClientIds:
    """The ids of *bot*'s orders of *symbols*; *prefix* is what a venue wants to see first.

    >>> ids = ClientIds("bot-1", ["BTCUSDT", "ETHUSDT"])
    >>> ids.text(1, 258)
    '8887b1e87e7e79c00000000000000102'
    >>> ids.read(ids.text(1, 258)), ids.read("manual-7")
    ((1, 258), None)
    """

    def __init__(self, bot: str, symbols: Iterable[str], prefix: str = "") -> None:
        self._prefix = prefix
        self._tags = [_tag(bot, symbol) for symbol in symbols]
        self._symbols = {tag: index for index, tag in enumerate(self._tags)}

    def text(self, symbol: int, number: int) -> str:
        """Return the id of order *number*, 1 to 2**64 - 1, of *symbol*."""
        assert 0 < number <= NUMBER_MAX
        return f"{self._prefix}{self._tags[symbol]}{number:016x}"

    def read(self, text: str) -> tuple[int, int] | None:
        """Return the symbol and the number of which *text* is the id; None if it is not ours."""
        found = _TEXT.fullmatch(text)
        if found is None or found[1] not in self._symbols or not int(found[2], 16):
            return None
        return self._symbols[found[1]], int(found[2], 16)
