"""Decimal texts of a venue to and from whole units: the border behind which all is integers.

ccxt changes the decimal context of the thread that it runs in, so every operation here has its own.
"""

from decimal import (
    ROUND_CEILING,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

_EXACT = Context(
    prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)


class Unreadable(ValueError):  # noqa: N818  # it says what the text is
    """A venue's text is not what it should be; the message says what was expected."""


def number(text: object) -> Decimal:
    """Return the finite number that *text* says; None and an empty text say 0.

    Raises:
        Unreadable: It is no finite number.

    >>> number("1.50"), number(None), number(2)
    (Decimal('1.50'), Decimal('0'), Decimal('2'))
    """
    said = "" if text is None else str(text)
    try:
        found = _EXACT.create_decimal(said or "0")
    except InvalidOperation:
        raise Unreadable(f"{said!r} is no number") from None
    if not found.is_finite():
        raise Unreadable(f"{said!r} is no finite number")
    return found


def exactly(text: object, unit: Decimal) -> int:
    """Return *text* as a whole number of *unit*.

    Raises:
        Unreadable: It is no multiple of *unit*.

    >>> exactly("1.50", Decimal("0.5"))
    3
    """
    count = _EXACT.divide(number(text), unit)
    if count != count.to_integral_value(ROUND_HALF_EVEN):
        raise Unreadable(f"{text} is no multiple of {unit}")
    return int(count)


def nearest(text: object, unit: Decimal) -> int:
    """Return *text* in *unit*, rounded to the nearest, halves to even: an average or a mark price.

    >>> nearest("1.26", Decimal("0.1")), nearest("-0.25", Decimal("0.1"))
    (13, -2)
    """
    return int(_EXACT.divide(number(text), unit).to_integral_value(ROUND_HALF_EVEN))


def upward(text: object, unit: Decimal) -> int:
    """Return *text* in *unit*, rounded up: what is paid.

    >>> upward("1.21", Decimal("0.1")), upward("-1.29", Decimal("0.1"))
    (13, -12)
    """
    return int(_EXACT.divide(number(text), unit).to_integral_value(ROUND_CEILING))


def written(units: int, unit: Decimal) -> str:
    """Return *units* times *unit* without an exponent and without zeros at its end.

    >>> written(400_000, Decimal("0.1")), written(1, Decimal("1e-8")), written(0, Decimal("0.5"))
    ('40000', '0.00000001', '0')
    """
    value = _EXACT.multiply(Decimal(units), unit)
    return f"{value.normalize(_EXACT):f}" if value else "0"


def product(*factors: Decimal) -> Decimal:
    """Return the product of *factors*.

    >>> product(Decimal("0.1"), Decimal("0.01"))
    Decimal('0.001')
    """
    result = Decimal(1)
    for factor in factors:
        result = _EXACT.multiply(result, factor)
    return result


def decimals(value: Decimal) -> int:
    """Return how many decimals *value* has.

    >>> decimals(Decimal("0.0100")), decimals(Decimal("100"))
    (2, 0)
    """
    exponent = value.normalize(_EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(-exponent, 0)
