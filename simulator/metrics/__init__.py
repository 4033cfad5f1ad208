"""What a backtest was like: metrics with their formulas, from records that any engine can give."""

from simulator.metrics.hedging import equal_weight
from simulator.metrics.marking import mark
from simulator.metrics.months import Month, months
from simulator.metrics.page import markdown
from simulator.metrics.records import (
    FILL,
    LONG,
    NET,
    SHORT,
    Band,
    RecordError,
    Records,
    fill_rows,
    validate,
)
from simulator.metrics.table import (
    BY_NAME,
    METRICS,
    Better,
    Metric,
    Weighted,
    metrics,
    weighted,
)
from simulator.metrics.trades import TRADE, trades

__all__ = [
    "BY_NAME",
    "FILL",
    "LONG",
    "METRICS",
    "NET",
    "SHORT",
    "TRADE",
    "Band",
    "Better",
    "Metric",
    "Month",
    "RecordError",
    "Records",
    "Weighted",
    "equal_weight",
    "fill_rows",
    "mark",
    "markdown",
    "metrics",
    "months",
    "trades",
    "validate",
    "weighted",
]
