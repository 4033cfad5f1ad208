"""The records of a run of the compiled candle engine."""

from typing import TYPE_CHECKING, Final

import numpy as np

from machines.pricing.kinds import Kind, word
from simulator.metrics.marking import mark
from simulator.metrics.records import LONG, SHORT, Records, Rows, fill_rows

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
    return mark(
        bars.symbols,
        KINDS,
        _fills(bars, settings, result),
        ts_ms=bars.first_ms + (rows + 1) * bars.step_ms,
        closes=bars.values[rows, :, CLOSE],
        deposit=settings.balance,
    )


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
    return ours
