"""The records of a run of the compiled candle engine."""

from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import evolve

from machines.mirror_inputs import wanted
from machines.pricing.kinds import Kind, word
from simulator.metrics.marking import mark
from simulator.metrics.records import LONG, SHORT, Band, Records, Rows, fill_rows
from spec.mirror import Mode
from spec.units import MILLION

if TYPE_CHECKING:
    from simulator.engine.bars import Bars
    from simulator.engine.run import Result, Settings

CLOSE: Final = 2  # place among the values of a bar
SIDES: Final = (LONG, SHORT)
KINDS: Final = tuple(word(kind, side) for kind in Kind for side in SIDES)


def of_candles(
    bars: "Bars", settings: "Settings", result: "Result", every_bars: int = 1
) -> Records:
    """Return the records of *result*, sampled at each *every_bars*-th close and at the last one.

    A bar is known at its close: its fills and its sample are of that moment.
    """
    first, stop = max(settings.warmup_bars, 1), result.bars
    rows = np.unique(np.append(np.arange(first, stop, every_bars), stop - 1))
    records = mark(
        bars.symbols,
        KINDS,
        _fills(bars, settings, result),
        ts_ms=bars.first_ms + (rows + 1) * bars.step_ms,
        closes=bars.values[rows, :, CLOSE],
        deposit=settings.balance,
        funding=None if result.funding is None else np.cumsum(result.funding)[rows],
    )
    return evolve(records, band=_band(records, settings, result))


def _band(records: Records, settings: "Settings", result: "Result") -> Band | None:
    """Return where the exposure of mirrors is to be, None where there are none."""
    if settings.mirror is None or result.mirror is None:
        return None
    overlay, side = settings.mirror.overlay, _mirrors(settings, result)
    threshold = overlay.threshold_ppm / MILLION if wanted(overlay) else 0.0
    target = records.exposure(-side) * threshold
    room = target * overlay.tolerance_ppm / MILLION
    return Band(side, target - room, target + room)


def _mirrors(settings: "Settings", result: "Result") -> int:
    """Return the side of the mirrors, on which the base has nothing; 0 if there are none."""
    if settings.mirror is None or result.mirror is None:
        return 0
    return SHORT if settings.mirror.overlay.mode is Mode.SHORTS_FOR_LONGS else LONG


def _fills(bars: "Bars", settings: "Settings", result: "Result") -> Rows:
    """Return the fills; contracts become coins."""
    theirs, ours = result.fills, fill_rows(len(result.fills))
    coins = np.array([market.c_mult for market in settings.markets])[theirs["coin"]]
    order = {int(kind): place for place, kind in enumerate(Kind)}
    places = np.array([order[int(kind)] for kind in theirs["kind"]], np.int64)
    ours["ts_ms"] = bars.first_ms + (theirs["bar"] + 1) * bars.step_ms
    ours["symbol"], ours["side"] = theirs["coin"], theirs["side"]
    ours["kind"] = len(SIDES) * places + (theirs["side"] == SHORT)
    ours["qty"], ours["position_qty"] = theirs["qty"] * coins, theirs["size"] * coins
    for name, source in {"price": "price", "pnl": "profit", "fee": "fee"}.items():
        ours[name] = theirs[source]
    ours["position_price"] = theirs["average"]
    ours["mirror"] = theirs["side"] == _mirrors(settings, result)
    ours["collision"] = theirs["kind"] == Kind.MIRROR_COLLISION
    return ours
