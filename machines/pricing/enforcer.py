"""Cutting positions back until all of one side together are within their limit."""

from typing import NamedTuple

from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    Market,
    Order,
    compiled,
    down,
    exposure,
    near,
    passive,
    qty_of,
    up,
)

REDUCED = int(Kind.CLOSE_AUTO_REDUCE_TWEL)
ACROSS = 0.0005  # of the price: so far across the market the order goes
CLOSE = 1e-12  # of exposure: less than that is rounding


@compiled
def under_water(side: int, price: float, touch: float) -> float:
    """Return how far a position is under water, as a fraction of its price."""
    return side * (1.0 - touch / price) if price > 0.0 else 0.0


class Cut(NamedTuple):
    """An *order* that cuts a position, and the exposure that it takes away."""

    order: Order
    exposure: float


@compiled
def cut(
    side: int,
    market: Market,
    balance: float,
    size: float,
    price: float,
    touch: float,
    floor: float,
    excess: float,
) -> Cut:
    """Return what cuts a position by *excess* of exposure, but leaves it *floor*, or nothing.

    Exposures are at the position's own price; the order goes across the market.
    """
    now = exposure(market, balance, size, price)
    reducible = now - floor
    nothing = Cut(Order(0.0, 0.0, REDUCED), 0.0)
    if reducible <= CLOSE:
        return nothing
    wanted = qty_of(min(excess, reducible) * balance, price, market.c_mult)
    qty = max(up(wanted, market.qty_step), market.min_qty)
    kept = max(near(size - qty, market.qty_step), 0.0)
    if exposure(market, balance, kept, price) < floor:
        qty = down(qty_of(reducible * balance, price, market.c_mult), market.qty_step)
        if qty <= 0.0 or qty < market.min_qty:
            return nothing
    kept = size - qty
    off = passive(side, touch * (1.0 - side * ACROSS), market.price_step)
    order = Order(down(size - kept, market.qty_step), off, REDUCED)
    return Cut(order, now - exposure(market, balance, kept, price))
