"""Rounding to steps, and the words that all formulas share."""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from math import ceil, floor
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

LONG, SHORT = 1, -1
NOISE = 1e-9  # of a step: less than that is rounding
BILLION = 1e9
DECIMALS = 1e10  # prices and sizes are whole multiples of steps that have at most ten decimals
LADDER = np.dtype([("qty", np.float64), ("price", np.float64), ("kind", np.int64)])
Floats = NDArray[np.float64]
Records: TypeAlias = Any  # an array with named fields or of flags, or one of its records
Dispatcher: TypeAlias = Any  # numba's, which has no types
LEAN: dict[str, Any] = {"cache": True, "_nrt": False, "error_model": "numpy"}
F = TypeVar("F", bound=Callable[..., Any])


class Compiled:
    """A function that numba compiles on its first call; who never calls it never imports numba."""

    def __init__(self, function: Callable[..., object], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self.function, self._options = function, options

    def __call__(self, *args: object, **named: object) -> object:
        """Return what the compiled function returns."""
        return self._made(*args, **named)

    @cached_property
    def _made(self) -> Dispatcher:
        from numba import njit  # heavy, and most commands price nothing

        return njit(**self._options)(self.function)

    @property
    def _numba_type_(self) -> object:
        """What numba asks of a value that it finds in a function: here it is the compiled one."""
        found: object = self._made._numba_type_
        return found


def compiled(function: F) -> F:
    """Return *function* compiled on its first call, and kept on disk.

    It may not make arrays or lists: without them nothing has to be counted or freed.  Nothing is
    raised: a division by 0 gives what it gives in an array.
    """
    return cast("F", Compiled(function, LEAN))


def inlined(function: F) -> F:
    """Return *function* compiled like `compiled`, into those that call it."""
    return cast("F", Compiled(function, LEAN | {"forceinline": True}))


def allocating(function: F) -> F:
    """Return *function* compiled like `compiled`; it may make arrays and lists."""
    return cast("F", Compiled(function, {"cache": True}))


class Market(NamedTuple):
    """What a venue says of a contract: its steps, its minimums, coins in one contract."""

    qty_step: float
    price_step: float
    min_qty: float
    min_cost: float
    c_mult: float


@compiled
def market_of(markets: Floats, coin: int) -> Market:
    """Return row *coin* of *markets*, whose columns are the fields of `Market`."""
    row = markets[coin]
    return Market(row[0], row[1], row[2], row[3], row[4])


class Order(NamedTuple):
    """An order to place: *qty* in coins or contracts, 0 for none; *kind* is one of `kinds`."""

    qty: float
    price: float
    kind: int


class Extremes(NamedTuple):
    """The extreme prices since the last fill: the lowest, the highest after it, and so reversed."""

    min_since_open: float
    max_since_min: float
    max_since_open: float
    min_since_max: float


@compiled
def halves_away(number: float) -> float:
    """Return the whole number nearest to *number*, halves away from zero.

    >>> halves_away(2.5), halves_away(-2.5), halves_away(0.49999999999999994)
    (3.0, -3.0, 0.0)
    """
    size = abs(number)
    whole = float(floor(size))
    if size - whole >= 0.5:  # noqa: PLR2004
        whole += 1.0
    return whole if number >= 0.0 else -whole


@compiled
def tidy(number: float) -> float:
    """Return *number* with ten decimals."""
    return halves_away(number * DECIMALS) / DECIMALS


@compiled
def near(number: float, step: float) -> float:
    """Return the multiple of *step* nearest to *number*."""
    return tidy(halves_away(number / step) * step)


@compiled
def up(number: float, step: float) -> float:
    """Return the least multiple of *step* that is no less than *number*."""
    return tidy(ceil(number / step) * step)


@compiled
def down(number: float, step: float) -> float:
    """Return the greatest multiple of *step* that is no more than *number*."""
    return tidy(floor(number / step) * step)


@compiled
def passive(side: int, price: float, step: float) -> float:
    """Return *price* rounded away from the market, as an entry of *side* is."""
    return down(price, step) if side == LONG else up(price, step)


@compiled
def taking(side: int, price: float, step: float) -> float:
    """Return *price* rounded away from the market, as a close of *side* is."""
    return up(price, step) if side == LONG else down(price, step)


@compiled
def lower(side: int, one: float, other: float) -> float:
    """Return the price of the two that an entry of *side* likes better."""
    return min(one, other) if side == LONG else max(one, other)


@compiled
def higher(side: int, one: float, other: float) -> float:
    """Return the price of the two that a close of *side* likes better."""
    return max(one, other) if side == LONG else min(one, other)


@compiled
def cost(qty: float, price: float, c_mult: float) -> float:
    """Return what *qty* is worth at *price*."""
    return abs(qty) * price * c_mult


@compiled
def qty_of(worth: float, price: float, c_mult: float) -> float:
    """Return the quantity that is worth *worth* at *price*."""
    return worth / price / c_mult if price > 0.0 else 0.0


@compiled
def exposure(market: Market, balance: float, size: float, price: float) -> float:
    """Return the wallet exposure: worth over *balance*, 0 without a balance."""
    if balance <= 0.0 or size == 0.0:
        return 0.0
    return cost(size, price, market.c_mult) / balance


@compiled
def least_qty(market: Market, price: float) -> float:
    """Return the smallest quantity that the venue takes at *price*."""
    least = up(qty_of(market.min_cost, price, market.c_mult), market.qty_step)
    return max(market.min_qty, least)


@compiled
def entered(
    market: Market, size: float, price: float, qty: float, fill_price: float
) -> tuple[float, float]:
    """Return the size and the average price after an entry of *qty* at *fill_price*."""
    if qty == 0.0:
        return size, price
    if size == 0.0:
        return qty, fill_price
    after = near(size + qty, market.qty_step)
    if after == 0.0:
        return 0.0, 0.0
    return after, price * (size / after) + fill_price * (qty / after)


@compiled
def lots(qty: float, market: Market) -> int:
    """Return *qty* in steps."""
    return int(halves_away(qty / market.qty_step))


@compiled
def ticks(price: float, market: Market) -> int:
    """Return *price* in steps."""
    return int(halves_away(price / market.price_step))


@compiled
def qty_from(count: int, market: Market) -> float:
    """Return the quantity of *count* lots: the inverse of `lots`."""
    return tidy(count * market.qty_step)


@compiled
def price_from(count: int, market: Market) -> float:
    """Return the price of *count* ticks: the inverse of `ticks`."""
    return tidy(count * market.price_step)


@compiled
def ticks_below(price: float, market: Market) -> int:
    """Return *price* in steps, rounded down."""
    return floor(price / market.price_step + NOISE)


@compiled
def ticks_above(price: float, market: Market) -> int:
    """Return *price* in steps, rounded up."""
    return ceil(price / market.price_step - NOISE)


@compiled
def in_billionths(number: float) -> int:
    """Return *number* in whole billionths."""
    return int(number * BILLION)


@compiled
def copy(source: Records, target: Records) -> None:
    """Write *source* to *target*, of the same length."""
    for i in range(len(source)):
        target[i] = source[i]


@compiled
def put(ladder: Records, place: int, qty: float, price: float, kind: int) -> None:
    """Write an order to *ladder*."""
    ladder[place].qty = qty
    ladder[place].price = price
    ladder[place].kind = kind


@compiled
def sort_ladder(side: int, ladder: Records, count: int) -> None:
    """Sort the first *count* orders of *ladder* by price times *side*, then by kind."""
    for end in range(1, count):
        qty, price, kind, place = ladder[end].qty, ladder[end].price, ladder[end].kind, end
        while place > 0:
            before = ladder[place - 1]
            if side * before.price < side * price or (
                before.price == price and before.kind <= kind
            ):
                break
            put(ladder, place, before.qty, before.price, before.kind)
            place -= 1
        put(ladder, place, qty, price, kind)
