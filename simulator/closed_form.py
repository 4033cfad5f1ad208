"""What a cycle of the hedge wallet earns when the price falls once and rises once, exactly.

The fall is *v* whole units below the highest unit of ADVANCE, the peak; the rise ends at the
RESET level.  Every order fills at its level and costs are left out.  The result, in tick-lots, is
relative to holding the lots to the RESET level; docs/explanation/closed-form.md derives it.
"""

from collections.abc import Callable
from typing import NamedTuple

from attrs import frozen

from machines.ladder import SLOTS
from spec.hedge_wallet import OrderKind


class LevelFill(NamedTuple):
    """*qty* lots of an order of *kind* that rests *below* units below the peak."""

    kind: OrderKind
    below: int
    qty: int


@frozen(kw_only=True)
class Form:
    """One cycle: *pnl* in tick-lots, the RESET level in units below the peak, fills in order."""

    pnl: int
    reset_below: int
    fills: tuple[LevelFill, ...]


def coin(v: int, unit_ticks: int, qty: int, fragment: int) -> Form:
    """Return what a fall of *v* units earns when each short sells *fragment* of the *qty* lots.

    >>> [coin(v, 1, 8, 2).pnl for v in range(1, 9)]
    [-10, -12, -14, -16, 0, 16, 32, 48]
    >>> coin(1, 10, 8, 2).fills[-1]
    LevelFill(kind=<OrderKind.STOP_LOSS_COVER: 3>, below=0, qty=2)
    """
    if v <= SLOTS:
        pnl = -unit_ticks * (qty + v * fragment)
    else:
        pnl = unit_ticks * (v - 5) * (qty + SLOTS * fragment)
    fills = _fills(v, qty, (fragment,) * min(v, SLOTS))
    return Form(pnl=pnl, reset_below=reset_below(v), fills=fills)


def usd(v: int, unit_ticks: int, peak_ticks: int, qty: int, lots: Callable[[int], int]) -> Form:
    """Return what a fall of *v* units earns when *lots* gives each short's lots from its price.

    >>> usd(1, 10, 100, 8, lambda price: 180 // price).pnl, 10 * (8 + 2)
    (-100, 100)
    >>> usd(6, 10, 100, 8, lambda price: 180 // price).reset_below
    2
    """
    sold = tuple(lots(peak_ticks - slot * unit_ticks) for slot in range(1, min(v, SLOTS) + 1))
    units = qty * (reset_below(v) - 1)
    for slot, short in enumerate(sold, 1):
        units += short * (cover_below(v, slot) - slot)
    fills = _fills(v, qty, sold)
    return Form(pnl=unit_ticks * units, reset_below=reset_below(v), fills=fills)


def reset_below(v: int) -> int:
    """Return how many units below the peak a fall of *v* units ends, once the price has risen.

    >>> [reset_below(v) for v in (1, 4, 5, 8)]
    [0, 0, 1, 4]
    """
    return max(v - SLOTS, 0)


def cover_below(v: int, slot: int) -> int:
    """Return how many units below the peak *slot*, which sold at that many units, buys back.

    Slide k of DECLINE puts slot (k - 1) % 4 + 1 on the edge 4 + k units below the peak.

    >>> [[cover_below(v, slot) for slot in (1, 2, 3, 4)] for v in (4, 5, 8)]
    [[0, 1, 2, 3], [4, 1, 2, 3], [4, 5, 6, 7]]
    """
    assert v >= slot >= 1
    slides = reset_below(v)
    last = slides - (slides - slot) % SLOTS  # the last slide that moved this slot; below 1: none
    return SLOTS + last - 1


def _fills(v: int, qty: int, sold: tuple[int, ...]) -> tuple[LevelFill, ...]:
    """Return the exit, the entries from the top down and the covers from the bottom up."""
    assert v >= 1
    down = [LevelFill(OrderKind.STOP_LOSS_FULL, 1, qty)]
    up: list[LevelFill] = []
    for slot, short in enumerate(sold, 1):
        down.append(LevelFill(OrderKind.STOP_ENTRY_SHORT, slot, short))
        up.append(LevelFill(OrderKind.STOP_LOSS_COVER, cover_below(v, slot), short))
    return (*down, *sorted(up, key=lambda fill: -fill.below))
