"""Whole numbers of a unit from and to decimal texts, exactly or not at all."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")


def shown(number: Decimal) -> str:
    """Return *number* without an exponent and without zeros at its end.

    >>> shown(Decimal("1E+3")), shown(Decimal("0.500")), shown(Decimal("-0.0"))
    ('1000', '0.5', '0')
    """
    return f"{number.normalize():f}" if number else "0"


def text(units: int, unit: str) -> str:
    """Return *units* times the decimal text *unit*.

    >>> text(123, "0.01"), text(-5, "0.5"), text(0, "0.001")
    ('1.23', '-2.5', '0')
    """
    return shown(units * Decimal(unit))


def units(number: str, unit: str) -> int | None:
    """Return decimal text *number* as a whole number of *unit*, or None where it is not one.

    >>> units("1.23", "0.01"), units("1.234", "0.01"), units("-1", "1"), units("1e3", "1")
    (123, None, None, None)
    """
    if not NUMBER.fullmatch(number):
        return None
    count = Fraction(number) / Fraction(unit)
    return count.numerator if count.denominator == 1 else None


def ratio(numerator: int, denominator: int, unit: str, decimals: int = 10) -> str:
    """Return numerator / denominator times *unit*, to *decimals* places at most.

    >>> ratio(2, 3, "0.1", 4), ratio(4, 2, "0.1"), ratio(1, 0, "1")
    ('0.0667', '0.2', '0')
    """
    if not denominator:
        return "0"
    value = Decimal(unit) * numerator / denominator
    return shown(value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))
