"""Numbers from outside as integers and decimal places, without rounding."""

from array import array
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from simulator.candles import DP_MAX, Ints

_INT64_MAX = 2**63 - 1
_DIGITS_MAX = 15  # of a decimal that a double, and no other double, stands for


class Unusable(ValueError):  # noqa: N818  # it says what the value is
    """The value in *row* cannot be used; *why* ends a sentence that begins with the value."""

    def __init__(self, row: int, value: str, why: str) -> None:
        super().__init__(f"row {row}: {value!r} {why}")
        self.row, self.value, self.why = row, value, why


@frozen(eq=False)
class Exact:
    """Decimal numbers: number i is *whole*[i] * 10**-*places*[i].

    Both are int64 (n,); places are 0..18, as few as will do unless the source counts in units.
    """

    whole: Ints
    places: Ints

    def __len__(self) -> int:
        return len(self.whole)

    def text(self, row: int) -> str:
        """Return number *row* in decimal notation."""
        return shown(int(self.whole[row]), int(self.places[row]))

    def units(self, dp: int) -> Ints:
        """Return the numbers in units of 10**-*dp*, int64 (n,).

        Raises:
            Unusable: A number has more decimals than *dp*, or is too large for 64 bits.
        """
        short = self.places > dp
        if short.any():
            row = int(short.argmax())
            why = f"has more than {dp} decimals; ask for {self.places[row]}, or mend the source"
            raise Unusable(row, self.text(row), why)
        factors = np.array([10**n for n in range(dp + 1)], np.int64)[dp - self.places]
        large = np.abs(self.whole) > _INT64_MAX // factors
        if large.any():
            row = int(large.argmax())
            why = f"does not fit 64 bits with {dp} decimals; ask for fewer"
            raise Unusable(row, self.text(row), why)
        units: Ints = self.whole * factors
        return units


def shown(whole: int, places: int) -> str:
    """Return *whole* * 10**-*places* in decimal notation.

    >>> shown(9_725_010, 2), shown(-5, 3)
    ('97250.10', '-0.005')
    """
    return f"{Decimal(whole).scaleb(-places):f}"


class Column:
    """Collects numbers as they are read; `append` is called once for each row."""

    def __init__(self) -> None:
        self._whole, self._places = array("q"), array("q")

    def append(self, text: str) -> None:
        """Add the number that *text* says.

        Raises:
            Unusable: It is not a number, or has more digits than 64 bits hold.
        """
        whole, places = _parsed(text, len(self._whole))
        self._whole.append(whole)
        self._places.append(places)

    def exact(self) -> Exact:
        """Return what was added."""
        return Exact(np.array(self._whole, np.int64), np.array(self._places, np.int64))


def from_texts(texts: Iterable[str]) -> Exact:
    """Return the numbers that *texts* say, for example 97250.10 or 1e-8.

    Raises:
        Unusable: A text is not a number, or has more digits than 64 bits hold.
    """
    column = Column()
    for text in texts:
        column.append(text)
    return column.exact()


def from_units(values: Ints, dp: int = 0) -> Exact:
    """Return *values*, int64 (n,), which are in units of 10**-*dp*."""
    return Exact(values, np.full(len(values), dp, np.int64))


def from_floats(values: npt.NDArray[Any]) -> Exact:
    """Return the shortest decimals for which *values*, float32 or float64 (n,), stand.

    Each has at most 15 digits, so no other decimal of that many places was meant; converted
    back, it is the same float.

    Raises:
        Unusable: A value is not finite, or no such decimal stands for it.
    """
    whole, places = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    finite = np.isfinite(values)
    if not finite.all():
        row = int(finite.argmin())
        raise Unusable(row, str(values[row]), "is not a number; drop the row")
    why = f"is no decimal of at most {_DIGITS_MAX} digits; round it where it was computed"
    large = np.abs(values) >= 10.0**_DIGITS_MAX
    if large.any():
        row = int(large.argmax())
        raise Unusable(row, str(values[row]), why)
    left = np.arange(len(values))
    for dp in range(DP_MAX + 1):
        wide = values[left].astype(np.float64)
        scaled = np.rint(wide * 10.0**dp)
        back = (scaled / 10.0**dp).astype(values.dtype)  # the division rounds correctly
        hit = (np.abs(scaled) < 10.0**_DIGITS_MAX) & (back == values[left])
        whole[left[hit]] = scaled[hit].astype(np.int64)
        places[left[hit]] = dp
        left = left[~hit]
        if not len(left):
            return Exact(whole, places)
    row = int(left[0])
    raise Unusable(row, str(values[row]), why)


def _parsed(text: str, row: int) -> tuple[int, int]:
    """Return the digits of *text* as one integer, and how many of them are decimals."""
    head, _, tail = text.partition(".")
    tail = tail.rstrip("0")
    digits = head + tail
    whole, places = (int(digits), len(tail)) if digits.isdecimal() else _unusual(text, row)
    if abs(whole) > _INT64_MAX or places > DP_MAX:
        raise Unusable(row, text, f"has more digits than 64 bits or {DP_MAX} decimals hold")
    return whole, places


def _unusual(text: str, row: int) -> tuple[int, int]:
    """Return the same of a text with a sign, an exponent or blanks."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Unusable(row, text, "is not a number; write one like 97250.10") from None
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise Unusable(row, text, "is not a number; drop the row")
    if not any(digits):
        return 0, 0
    if exponent > DP_MAX:
        raise Unusable(row, text, "does not fit 64 bits; is the column right?")
    whole = int("".join(map(str, digits))) * 10 ** max(exponent, 0) * (-1 if sign else 1)
    places = max(-exponent, 0)
    while places and whole % 10 == 0:
        whole, places = whole // 10, places - 1
    return whole, places
