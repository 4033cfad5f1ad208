"""Position, equity, holding and drawdown of a run, thinned out for drawing."""

import numpy as np
from attrs import frozen

from simulator.report.texts import percent, units
from simulator.report.views import Line, thin
from simulator.results import Equity, Summary
from simulator.world import Run
from spec.units import MILLI_NS


@frozen(eq=False, kw_only=True)
class Series:
    """Lots, quote units and, for *drawdown*, percent from the highest equity so far.

    *equity_name* and *holding_name* say how each ended.
    """

    position: Line
    equity: Line
    holding: Line
    drawdown: Line
    equity_name: str
    holding_name: str


def series(run: Run, equity: Equity, summary: Summary) -> Series:
    """Return what is drawn of *equity*; the position has every fill, the rest is thinned out."""
    unit = units(run).unit()
    return Series(
        position=_position(run),
        equity=thin(equity.ts_ms, equity.equity * unit),
        holding=thin(equity.ts_ms, equity.holding * unit),
        drawdown=thin(equity.ts_ms, equity.drawdown_ppm / -10_000),
        equity_name=f"Hedge wallet ({percent(int(summary['return_ppm']))})",
        holding_name=f"Holding ({percent(int(summary['holding_return_ppm']))})",
    )


def _position(run: Run) -> Line:
    """Return the signed lots from the start to the end, one point for each fill."""
    fills = run.venue.fills
    moved = np.array([0, *(fill.side.sign * fill.qty for fill in fills), 0], np.float64)
    times = [run.candles.start_ms, *(fill.time_ns // MILLI_NS for fill in fills)]
    return Line(np.array([*times, run.end_ns // MILLI_NS], np.int64), moved.cumsum())
