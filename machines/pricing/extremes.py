"""The extreme prices since the last fill, bar by bar; what trailing orders wait for."""

from math import inf

from machines.pricing.numbers import Extremes, Market, compiled, price_from


@compiled
def forgotten() -> Extremes:
    """Return what is known of the extremes at once after a fill: nothing."""
    return Extremes(inf, 0.0, 0.0, inf)


@compiled
def seen(extremes: Extremes, high: float, low: float, close: float) -> Extremes:
    """Return *extremes* after a bar; on a new extreme the way back starts at the close."""
    lowest, bounce, highest, fallback = extremes
    if low < lowest:
        lowest, bounce = low, close
    else:
        bounce = max(bounce, high)
    if high > highest:
        highest, fallback = high, close
    else:
        fallback = min(fallback, low)
    return Extremes(lowest, bounce, highest, fallback)


@compiled
def seen_ticks(extremes: Extremes, high: int, low: int, close: int, market: Market) -> Extremes:
    """Return *extremes* after a bar in ticks."""
    high_price, low_price = price_from(high, market), price_from(low, market)
    return seen(extremes, high_price, low_price, price_from(close, market))
