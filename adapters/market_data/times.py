"""Moments and steps: text, numbers and Unix ms."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from adapters.candles import DataError
from adapters.market_data.exact import Unusable
from simulator.candles import STEP_MS_MIN, Ints

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI = timedelta(milliseconds=1)
_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_SECONDS_END = 10**11  # the year 5138 in seconds, 1973 in ms
_MILLIS_END = 10**14
_MOMENT_MIN = 10**9  # s: a smaller number is a date without its hyphens
_MICROS_END = 10**17
_DIGITS_END = 19  # more do not fit 64 bits


def step_ms(text: str) -> int:
    """Return the length of a bar, ms.

    >>> step_ms("1m"), step_ms("4h"), step_ms("250ms")
    (60000, 14400000, 250)

    Raises:
        DataError: *text* is not a number of ms, s, m, h or d.
    """
    found = re.fullmatch(r"(\d{1,6})(ms|s|m|h|d)", text)
    length = int(found[1]) * _UNITS_MS[found[2]] if found else 0
    if length < STEP_MS_MIN:
        raise DataError(f"step {text!r}: write one like 1m, 5m, 4h or 1d")
    return length


def step_text(length_ms: int) -> str:
    """Return a step as `step_ms` reads it.

    >>> step_text(60_000), step_text(5_400_000), step_text(86_400_000)
    ('1m', '90m', '1d')
    """
    for unit, unit_ms in _UNITS_MS.items():
        if length_ms % unit_ms == 0:
            return f"{length_ms // unit_ms}{unit}"
    return f"{length_ms}ms"


def moment_ms(text: str) -> int:
    """Return the Unix ms of a date, a date and time (UTC unless it says otherwise), or a number.

    >>> moment_ms("2025-05-07"), moment_ms("2025-05-07 10:31"), moment_ms("1746613860000")
    (1746576000000, 1746613860000, 1746613860000)

    Raises:
        DataError: *text* is none of them.
    """
    if text.isdecimal() and int(text) < _MOMENT_MIN:
        raise DataError(f"time {text!r}: write a date like 2025-05-07, or Unix ms")
    try:
        return from_text(text, 0)
    except Unusable as error:
        raise DataError(f"time {text!r} {error.why}") from None


def from_text(text: str, row: int) -> int:
    """Return the Unix ms that *text*, the time in *row*, says.

    Raises:
        Unusable: It is no time, or not a whole number of ms.
    """
    clean = text.strip()
    if clean.isdecimal() and len(clean) < _DIGITS_END:
        return int(from_numbers(np.array([int(clean)], np.int64))[0])
    try:
        when = datetime.fromisoformat(clean.removesuffix(" UTC"))
    except ValueError:
        why = "is no time; write Unix ms or a time like 2025-05-07 10:31, UTC"
        raise Unusable(row, text, why) from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    whole, rest = divmod(when - _EPOCH, _MILLI)
    if rest:
        raise Unusable(row, text, "is not a whole number of ms")
    return whole


def from_numbers(values: npt.NDArray[Any]) -> Ints:
    """Return Unix ms, int64 (n,), from Unix s, ms, us or ns, told by their size.

    Raises:
        Unusable: A value is not finite, or not a whole number of ms.
    """
    if values.dtype.kind == "f":
        whole = np.isfinite(values)
        whole &= np.where(whole, values, 0) == np.rint(np.where(whole, values, 0))
        if not whole.all():
            row = int(whole.argmin())
            raise Unusable(row, str(values[row]), "is not a whole number; write Unix ms")
    times: Ints = values.astype(np.int64)
    size = int(np.abs(times).max(initial=0))
    if size < _SECONDS_END:
        return times * 1_000
    if size < _MILLIS_END:
        return times
    unit = 1_000 if size < _MICROS_END else 1_000_000
    rest = times % unit != 0
    if rest.any():
        row = int(rest.argmax())
        raise Unusable(row, str(times[row]), "is not a whole number of ms")
    ms: Ints = times // unit
    return ms
