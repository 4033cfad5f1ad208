"""What a key of the strategy's configuration is, and how one is found by its name.

The tables are in `bot`, `live` and `backtest`; checks, explanations, the schema and the reference
page come from them.  Numbers are Decimals: nothing is rounded before a machine asks for it.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from typing import Union

from attrs import field, frozen

Json = Union[None, bool, int, Decimal, str, "Sequence[Json]", "Mapping[str, Json]"]
LONG, SHORT = "long", "short"
SIDES = (LONG, SHORT)
PPM = Decimal("0.000001")
INTERVAL = re.compile(r"([\[(])(\S+), (\S+)([\])])")
EACH = "SIDE"  # stands for long and short in what people read


class Kind(Enum):
    """What a value may be."""

    NUMBER = "number"
    WHOLE = "whole number"
    SWITCH = "true or false"
    CHOICE = "one of a few words"
    TEXT = "text"
    DATE = "UTC date"
    NAMES = "list of texts"
    COINS = "list of coins"
    OBJECT = "object, kept as it is"
    LIST = "list, kept as it is"


@frozen
class Range:
    """From *low* to *high*; an open end is not in it.

    >>> str(Range.of("(-1, 1]"))
    'above -1, at most 1'
    """

    low: Decimal
    high: Decimal
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def of(cls, text: str) -> "Range":
        """Return the interval *text*, such as "(-1, 1]"."""
        found = INTERVAL.fullmatch(text)
        assert found is not None, text
        low, high = Decimal(found[2]), Decimal(found[3])
        return cls(low, high, found[1] == "(", found[4] == ")")

    def __contains__(self, number: Decimal) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        return above and (number < self.high if self.high_open else number <= self.high)

    def __str__(self) -> str:
        if not self.low_open and not self.high_open:
            return f"{self.low:,f} to {self.high:,f}"
        low, high = (
            "above" if self.low_open else "at least",
            "below" if self.high_open else "at most",
        )
        return f"{low} {self.low:,f}, {high} {self.high:,f}"


ANY = Range.of("[-1000000000000, 1000000000000]")


@frozen(kw_only=True)
class Key:
    """One key: where it is, what it may be, and what it means.

    *usual* is where people look for good values: lowest, highest, step.  A value is a multiple of
    *step*, if there is one, and may be null if the key is *empty*able.  A key that is not *used*
    has no effect here: it is kept for other programs, unless it has one at a *venue* only.
    """

    path: str
    kind: Kind
    default: Json
    meaning: str
    unit: str = ""
    range: Range = ANY
    usual: tuple[Decimal, ...] = ()
    choices: tuple[str, ...] = ()
    step: Decimal | None = None
    empty: bool = False
    used: bool = field(default=False)
    venue: bool = field(default=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def section(self) -> str:
        """The path of the object that it is in; empty for the file itself."""
        return self.path.rpartition(".")[0]

    @property
    def place(self) -> str:
        """The path, for both sides alike."""
        parts = self.path.split(".")
        return ".".join(EACH if part in SIDES else part for part in parts)


def number(text: str | None) -> Decimal | None:
    """Return *text* as a number; None stays."""
    return None if text is None else Decimal(text)


def near(name: str, known: Sequence[str]) -> str:
    """Return which of *known* is most like *name*.

    >>> near("treshold", ("threshold", "mode"))
    'threshold'
    """
    return get_close_matches(name, known, n=1, cutoff=0.0)[0]
