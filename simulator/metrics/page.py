"""The reference page of the metrics, printed from their declarations."""

from itertools import groupby
from textwrap import dedent
from typing import Final

from simulator.metrics.table import METRICS, Better, Metric

HEAD: Final = "| Metric | Unit | Better | It says | Formula |\n|---|---|---|---|---|\n"
INTRODUCTION: Final = dedent(
    """\
    <!-- Printed by `make docs` from simulator/metrics; edit the declarations. -->

    # Metrics of a backtest

    What `summary.json` and the report tell of a run. A metric that is not defined, such as a ratio
    to a loss in a run without one, is null and never 0 or 1.

    ## What they are computed from

    * Samples: equity E, balance B, long exposure L and short exposure S at stated moments. The
      first sample is the start, before any fill. E and B of a sample are of the same moment.
    * Days and hours are those of UTC. A day ends with the last sample until midnight; the first
      day begins with the start and the last one ends with the end, and both count. A day without
      samples changes nothing.
    * A drawdown counts whether it was recovered from or not.
    * Fills have a profit before fees and a fee. A trade is what happens to a position of one symbol
      and side from its first fill until it is flat; one that is still open lasts until the end.
    * Exposures are sizes times mark prices as shares of the balance.
    * M is what mirrors have earned, open or realized, after fees and funding. "Before" mirrors is
      E - M: the same base fills without the mirrors, not the run there would have been.
    * Ratios are daily. For those of a year multiply sharpe and sortino by the square root of 365,
      calmar and sterling by 365.

    ## Weighted by recency

    The weighted form of a metric is the mean of its values over the whole run, its last half, its
    last third, ... its last tenth, with equal weights. An end in which it is not defined is left
    out of the mean, and the lengths of those that count are told beside it.
    """
)


def markdown() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for group, found in groupby(METRICS, lambda metric: metric.group):
        parts.append(f"## {group.capitalize()}\n\n{HEAD}{''.join(map(_row, found))}")
    return "\n".join(parts)


def _row(metric: Metric) -> str:
    """Return the row of one metric."""
    better = "" if metric.better is Better.NEITHER else metric.better.value
    formula = metric.formula.replace("|", "\\|")
    return f"| `{metric.name}` | {metric.unit} | {better} | {metric.says} | {formula} |\n"
