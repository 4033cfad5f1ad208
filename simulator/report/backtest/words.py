"""Metrics as people read them."""

import re
from typing import Final

from simulator.metrics import Metric

NONE: Final = "n/a"
SHORT: Final = {"adg": "ADG", "mdg": "MDG", "pnl": "P&L"}
HUNDREDTHS: Final = frozenset({"quote", "hours", "count a day"})


def words(name: str) -> str:
    """Return the name of a metric for people.

    >>> words("base_pnl")
    'Base P&L'
    """
    spaced = name.replace("_", " ").capitalize()
    pattern = "|".join(SHORT)
    return re.sub(pattern, lambda found: SHORT[found[0].lower()], spaced, flags=re.IGNORECASE)


def value(metric: Metric, number: float | None) -> str:
    """Return *number* in the unit of *metric*: shares as percent, quote to the cent."""
    if number is None:
        return NONE
    if metric.unit.startswith("share"):
        return f"{100 * number:,.3f} %"
    if metric.unit == "count":
        return f"{number:,.0f}"
    return f"{number:,.2f}" if metric.unit in HUNDREDTHS else f"{number:,.4f}"
