"""Integers as people read them: prices, money, shares, durations."""

from decimal import ROUND_HALF_EVEN, Decimal

from attrs import frozen

from simulator.candles import utc
from simulator.world import Run
from spec.units import MILLI_NS, SECOND_NS

CENT = Decimal("0.01")
SCALES = (("d", "h", 86_400, 3_600), ("h", "min", 3_600, 60), ("min", "s", 60, 1))


@frozen
class Units:
    """What one tick and one money unit of a run are worth, in quote units."""

    price_dp: int
    money: Decimal

    def price(self, ticks: int) -> str:
        """Return a price.

        >>> Units(1, Decimal(1)).price(9550540)
        '955,054.0'
        """
        return f"{Decimal(ticks).scaleb(-self.price_dp):,.{self.price_dp}f}"

    def cash(self, money: int) -> str:
        """Return an amount of money with two places.

        >>> Units(1, Decimal("0.00000001")).cash(-123_456_789_012)
        '-1,234.57'
        """
        return f"{(money * self.money).quantize(CENT, ROUND_HALF_EVEN) + 0:,.2f}"

    def tick(self) -> float:
        """Return the worth of one tick, for drawing."""
        return float(10**-self.price_dp)

    def unit(self) -> float:
        """Return the worth of one money unit, for drawing."""
        return float(self.money)


def units(run: Run) -> Units:
    """Return the units of *run*."""
    money = Decimal(run.setup.wallet.instrument.money)
    return Units(run.candles.price_dp, money)


def percent(ppm: int, *, places: int = 2) -> str:
    """Return parts per million as percent.

    >>> percent(-175_298), percent(550, places=3)
    ('-17.53 %', '0.055 %')
    """
    return f"{Decimal(ppm) / 10_000 + 0:,.{places}f} %"


def moment(ns: int) -> str:
    """Return Unix time in ns as text, to the minute.

    >>> moment(1_746_613_860_250_000_000)
    '2025-05-07 10:31'
    """
    return utc(ns // MILLI_NS // 60_000 * 60_000).removesuffix(" UTC")


def duration(ns: int) -> str:
    """Return a length of time in its two largest units.

    >>> duration(197_671_000_000_000), duration(62_500_000_000), duration(90_000_000)
    ('2 d 6 h', '1 min 2 s', '0.09 s')
    """
    seconds = ns // SECOND_NS
    for large, small, size, part in SCALES:
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size} {large}" + (f" {rest} {small}" if rest else "")
    return f"{Decimal(ns) / SECOND_NS:.2f} s"


def unit(number: int) -> str:
    """Return a unit of the ladder, signed.

    >>> unit(-4), unit(0), unit(3)
    ('-4', '0', '+3')
    """
    return f"{number:+}" if number else "0"
