"""Units and exact integer rounding.

Prices are whole ticks, sizes whole lots, money whole multiples of the smallest quote amount that
an account knows.  Rates are parts per million (ppm), times nanoseconds (ns).  Every rounding names
its direction; amounts that we pay are rounded up, amounts that we receive are rounded down, so a
sum of roundings is never in our favour and never invents money.
"""

MILLION = 1_000_000
SECOND_NS = 1_000_000_000
MILLI_NS = 1_000_000


def div_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded up; *denominator* is positive.

    >>> div_up(7, 2), div_up(-7, 2), div_up(6, 2)
    (4, -3, 3)
    """
    return -(-numerator // denominator)


def div_near(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to the nearest, halves up; *denominator* is positive.

    >>> div_near(7, 2), div_near(-7, 2), div_near(10, 4)
    (4, -3, 3)
    """
    return (2 * numerator + denominator) // (2 * denominator)


def ppm_of(amount: int, rate_ppm: int) -> int:
    """Return *rate_ppm* parts per million of *amount*, rounded up: what a fee costs.

    >>> ppm_of(1_000_001, 550), ppm_of(1_000_000, -100)
    (551, -100)
    """
    return -(-amount * rate_ppm // MILLION)
