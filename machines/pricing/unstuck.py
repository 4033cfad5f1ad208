"""Closing a losing position little by little, as far as earlier profits allow."""

from math import inf
from typing import NamedTuple

from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    LONG,
    Floats,
    Market,
    Order,
    compiled,
    down,
    exposure,
    least_qty,
    qty_of,
    taking,
)

UNSTUCK = int(Kind.CLOSE_UNSTUCK)


class UnstuckTerms(NamedTuple):
    """What a person chooses; *limit* is of one position, its excess allowance included."""

    limit: float
    threshold: float
    close_pct: float
    ema_dist: float
    loss_allowance_pct: float


@compiled
def unstuck_terms(row: Floats) -> UnstuckTerms:
    """Return what a *row* of numbers says."""
    return UnstuckTerms(row[0], row[1], row[2], row[3], row[4])


@compiled
def allowance(balance: float, allowed: float, profit_max: float, profit: float) -> float:
    """Return the loss that may be taken now, in quote: *allowed* is a fraction of the peak balance.

    *profit* is all that was realized, *profit_max* the most that it has been.
    """
    peak = balance + (profit_max - profit)
    if peak <= 0.0:
        return 0.0
    return max(0.0, peak * (allowed + (balance / peak - 1.0)))


@compiled
def distance(
    side: int,
    market: Market,
    terms: UnstuckTerms,
    balance: float,
    size: float,
    price: float,
    touch: float,
    band: float,
) -> float:
    """Return how far a stuck position is under water, as a fraction; inf if it is not stuck.

    *band* is the upper EMA band of a long, the lower of a short: it must have been passed.
    """
    if terms.limit <= 0.0 or size == 0.0 or price <= 0.0:
        return inf
    if exposure(market, balance, size, price) / terms.limit <= terms.threshold:
        return inf
    least = taking(side, band * (1.0 + side * terms.ema_dist), market.price_step)
    if side * touch < side * least:
        return inf
    return 1.0 - touch / price if side == LONG else touch / price - 1.0


@compiled
def unstuck(
    side: int,
    market: Market,
    terms: UnstuckTerms,
    balance: float,
    size: float,
    price: float,
    touch: float,
    allowed: float,
) -> Order:
    """Return the close of a part of a stuck position; its loss is *allowed*, or its size least."""
    least = least_qty(market, touch)
    worth = balance * terms.limit * terms.close_pct
    qty = min(size, max(least, down(qty_of(worth, touch, market.c_mult), market.qty_step)))
    loss = side * (price - touch) * qty * market.c_mult
    if loss > allowed:
        qty = min(size, max(least, down(qty * (allowed / loss), market.qty_step)))
    return Order(qty, touch, UNSTUCK)
