"""The terms of markets in whole numbers: ticks, lots, and units of money that fit them all."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from machines.pricing.numbers import Market
from spec.terms import Instrument

MONEY_DP_MAX = 12


def money_dp(markets: Sequence[Market]) -> int:
    """Return how many decimals of the quote a tick of a lot needs on each of *markets*.

    Raises:
        ValueError: Steps are too fine to count money in.
    """
    found = max(map(_money_dp, markets))
    if found > MONEY_DP_MAX:
        raise ValueError(f"a tick of a lot has {found} decimals, more than {MONEY_DP_MAX}")
    return found


def _money_dp(market: Market) -> int:
    """Return how many decimals a tick of a lot needs; one too many where too many."""
    value = _value(market)
    dps = (dp for dp in range(MONEY_DP_MAX + 1) if (value * 10**dp).denominator == 1)
    return next(dps, MONEY_DP_MAX + 1)


def _value(market: Market) -> Fraction:
    """Return what one tick of one lot is worth, in quote."""
    steps = (market.price_step, market.qty_step, market.c_mult)
    one, two, three = (Fraction(str(step)) for step in steps)
    return one * two * three


def instrument(symbol: str, market: Market, places: int) -> Instrument:
    """Return *market* in ticks, lots and money units, which are *places* decimals of the quote."""
    money = 10**places
    return Instrument(
        symbol=symbol,
        value=int(_value(market) * money),
        min_qty=max(1, ceil(Fraction(str(market.min_qty)) / Fraction(str(market.qty_step)))),
        min_notional=ceil(Fraction(str(market.min_cost)) * money),
        tick=_text(market.price_step),
        lot=_text(market.qty_step),
        money=_text(1 / money),
    )


def _text(step: float) -> str:
    """Return *step* as a decimal text."""
    return f"{step:.{MONEY_DP_MAX}f}".rstrip("0").removesuffix(".")
