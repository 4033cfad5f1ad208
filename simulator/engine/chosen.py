"""What a person chooses for both sides, as arrays: a row for each side, a place for each coin."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from machines.pricing.ema import alpha, band_weights
from machines.pricing.numbers import Floats, Records
from machines.pricing.reach import unstuck_enabled
from machines.pricing.sides import Own, Side


class Chosen(NamedTuple):
    """Fields of a desk that follow from what was chosen; *hours* are weights, (sides, coins)."""

    entry: Floats
    close: Floats
    unstuck: Floats
    own: Floats
    chosen: Floats
    budget: Floats
    forced: Records
    weights: Floats
    alike: bool
    hours: Floats


def chosen(sides: tuple[Side, Side], symbols: Sequence[str]) -> Chosen:
    """Return what was chosen for longs and for shorts of *symbols*."""
    owns = [[side.of(symbol) for symbol in symbols] for side in sides]
    weights = _table([[_band_weights(own) for own in row] for row in owns])
    both = all(side.terms.positions > 0.0 and side.terms.total_limit > 0.0 for side in sides)
    return Chosen(
        entry=_table([[own.entry for own in row] for row in owns]),
        close=_table([[own.close for own in row] for row in owns]),
        unstuck=_table([[own.unstuck for own in row] for row in owns]),
        own=_table([[own.terms for own in row] for row in owns]),
        chosen=_table([side.terms for side in sides]),
        budget=_table([_budget(side) for side in sides]),
        forced=np.array([[side.forces(symbol) for symbol in symbols] for side in sides]),
        weights=weights,
        alike=both and bool((weights[0] == weights[1]).all()),
        hours=_table([[alpha(own.terms.hourly_span) for own in row] for row in owns]),
    )


def _table(rows: object) -> Floats:
    """Return *rows* of numbers, of any depth, as an array."""
    return np.array(rows, np.float64)


def _budget(side: Side) -> float:
    """Return the fraction of the peak balance that unstucking of *side* may lose, 0 for never."""
    on = unstuck_enabled(side.unstuck) and side.terms.positions > 0
    return side.unstuck.loss_allowance_pct * side.terms.total_limit if on else 0.0


def _band_weights(own: Own) -> tuple[float, float, float]:
    """Return the weights of the newest close in the averages of a coin's band."""
    return band_weights(own.terms.band_span, own.terms.other_band_span)
