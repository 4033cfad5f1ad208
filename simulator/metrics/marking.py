"""Samples from fills and closes: what the account was worth at each moment."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.metrics.hedging import equal_weight
from simulator.metrics.records import LONG, SHORT, Band, Floats, Ints, Records, Rows


def mark(  # noqa: PLR0913
    symbols: tuple[str, ...],
    kinds: tuple[str, ...],
    fills: Rows,
    *,
    ts_ms: Ints,
    closes: Floats,
    deposit: float,
    funding: Floats | None = None,
    band: Band | None = None,
) -> Records:
    """Return the records of a run that began flat with *deposit* at the first of *ts_ms*.

    *closes* are the prices at the samples, float64 (samples, symbols), NaN where there is none: a
    position is then worth what it was worth at the last price.  *funding* is what was received
    until each sample, float64 (samples,).  The market is the equal-weight index of *closes*.  A
    position belongs to the mirrors while its last fill did; funding of mirrors is not told apart.
    """
    at = np.searchsorted(fills["ts_ms"], ts_ms, "right")
    received = np.zeros(len(ts_ms)) if funding is None else funding
    earned = fills["pnl"] - fills["fee"]
    balance = deposit + _until(at, earned) + received
    equity = balance.copy()
    mirror_pnl = _until(at, np.where(fills["mirror"], earned, 0.0))
    worth = {LONG: np.zeros(len(ts_ms)), SHORT: np.zeros(len(ts_ms))}
    for symbol, side in _positions(fills):
        mine = fills[(fills["symbol"] == symbol) & (fills["side"] == side)]
        held = np.searchsorted(mine["ts_ms"], ts_ms, "right")
        size, paid = _after(held, mine["position_qty"]), _after(held, mine["position_price"])
        price = _known(closes[:, symbol], paid)
        gained = side * size * (price - paid)
        equity += gained
        mirror_pnl += np.where(_after(held, mine["mirror"]), gained, 0.0)
        worth[side] += size * price
    return Records(
        symbols=symbols,
        kinds=kinds,
        fills=fills,
        ts_ms=ts_ms,
        equity=equity,
        balance=balance,
        long=worth[LONG] / balance,
        short=worth[SHORT] / balance,
        funding=float(received[-1] - received[0]) if len(received) else 0.0,
        market=equal_weight(closes),
        mirror_pnl=mirror_pnl if fills["mirror"].any() else None,
        band=band,
        closes=closes,
    )


def _until(fills: Ints, values: Floats) -> Floats:
    """Return the sum of *values*, one a fill, over so many *fills*."""
    return np.append(0.0, np.cumsum(values))[fills]


def _after(fills: Ints, values: NDArray[Any]) -> NDArray[Any]:
    """Return the value of the last of so many *fills*, 0 before the first."""
    return np.append(np.zeros(1, values.dtype), values)[fills]


def _positions(fills: Rows) -> list[tuple[int, int]]:
    """Return symbol and side of each position that *fills* are of."""
    pairs = np.unique(np.column_stack([fills["symbol"], fills["side"]]), axis=0)
    return [(int(symbol), int(side)) for symbol, side in pairs]


def _known(closes: Floats, paid: Floats) -> Floats:
    """Return the last known of *closes* at each sample, before the first one what was *paid*."""
    places = np.where(np.isfinite(closes), np.arange(len(closes)), -1)
    last = np.maximum.accumulate(places)
    return np.where(last >= 0, closes[last], paid)
