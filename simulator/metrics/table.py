"""The table of all metrics, and the metrics of a run by name."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from attrs import frozen

from simulator.metrics import exposure, growth, hedging, trading
from simulator.metrics.records import Records
from simulator.metrics.series import Measure

TAILS: Final = 10


class Better(Enum):
    """Which way a metric is better, if other things are equal."""

    UP = "up"
    DOWN = "down"
    NEITHER = ""


@frozen
class Metric:
    """A metric: the function that measures it tells its name, its meaning and its formula."""

    group: str
    measure: Measure
    unit: str
    better: Better = Better.NEITHER

    @property
    def name(self) -> str:
        """The name of the metric."""
        return str(getattr(self.measure, "__name__"))  # noqa: B009

    @property
    def says(self) -> str:
        """What the metric says, one sentence."""
        return self._paragraphs()[0]

    @property
    def formula(self) -> str:
        """How it is computed, from samples, days, fills and trades."""
        return self._paragraphs()[1]

    def _paragraphs(self) -> list[str]:
        text = self.measure.__doc__ or ""
        return [" ".join(part.split()) for part in text.strip().split("\n\n")]


UP, DOWN = Better.UP, Better.DOWN
METRICS: Final = (
    Metric("growth", growth.gain, "times", UP),
    Metric("growth", growth.adg, "share a day", UP),
    Metric("growth", growth.mdg, "share a day", UP),
    Metric("growth", growth.sharpe, "daily ratio", UP),
    Metric("growth", growth.sortino, "daily ratio", UP),
    Metric("growth", growth.omega, "ratio", UP),
    Metric("growth", growth.calmar, "ratio a day", UP),
    Metric("growth", growth.sterling, "ratio a day", UP),
    Metric("risk", growth.drawdown_worst, "share", DOWN),
    Metric("risk", growth.drawdown_worst_mean, "share", DOWN),
    Metric("risk", growth.drawdown_end, "share", DOWN),
    Metric("risk", growth.underwater_hours_max, "hours", DOWN),
    Metric("risk", growth.expected_shortfall, "share a day", DOWN),
    Metric("risk", growth.open_loss_max, "share", DOWN),
    Metric("risk", growth.open_loss_mean, "share", DOWN),
    Metric("risk", growth.open_profit_max, "share"),
    Metric("trades", trading.fill_count, "count"),
    Metric("trades", trading.trade_count, "count"),
    Metric("trades", trading.trades_per_day, "count a day"),
    Metric("trades", trading.turnover_per_day, "balances a day"),
    Metric("trades", trading.pnl, "quote", UP),
    Metric("trades", trading.pnl_long, "quote", UP),
    Metric("trades", trading.pnl_short, "quote", UP),
    Metric("trades", trading.fees, "quote", DOWN),
    Metric("trades", trading.funding, "quote", UP),
    Metric("trades", trading.loss_profit_ratio, "ratio", DOWN),
    Metric("trades", trading.loss_profit_ratio_long, "ratio", DOWN),
    Metric("trades", trading.loss_profit_ratio_short, "ratio", DOWN),
    Metric("trades", trading.win_rate, "share", UP),
    Metric("trades", trading.trade_loss_max, "share", DOWN),
    Metric("time", trading.held_hours_mean, "hours", DOWN),
    Metric("time", trading.held_hours_median, "hours", DOWN),
    Metric("time", trading.held_hours_max, "hours", DOWN),
    Metric("time", trading.unchanged_hours_max, "hours", DOWN),
    Metric("time", trading.time_in_position, "share"),
    Metric("time", trading.time_in_position_long, "share"),
    Metric("time", trading.time_in_position_short, "share"),
    Metric("exposure", exposure.exposure_long_max, "share", DOWN),
    Metric("exposure", exposure.exposure_long_mean, "share"),
    Metric("exposure", exposure.exposure_short_max, "share", DOWN),
    Metric("exposure", exposure.exposure_short_mean, "share"),
    Metric("exposure", exposure.exposure_gross_max, "share", DOWN),
    Metric("exposure", exposure.exposure_gross_mean, "share"),
    Metric("exposure", exposure.exposure_net_max, "share", DOWN),
    Metric("exposure", exposure.exposure_net_mean, "share"),
    Metric("mirrors", hedging.mirror_fill_count, "count"),
    Metric("mirrors", hedging.mirror_pnl, "quote", UP),
    Metric("mirrors", hedging.mirror_fees, "quote", DOWN),
    Metric("mirrors", hedging.mirror_net, "quote", UP),
    Metric("mirrors", hedging.mirror_loss_profit_ratio, "ratio", DOWN),
    Metric("mirrors", hedging.base_pnl, "quote", UP),
    Metric("mirrors", hedging.base_fees, "quote", DOWN),
    Metric("mirrors", hedging.collision_count, "count"),
    Metric("mirrors", hedging.band_share, "share", UP),
    Metric("mirrors", hedging.beta_before, "slope"),
    Metric("mirrors", hedging.beta_after, "slope"),
    Metric("mirrors", hedging.correlation_before, "-1 to 1"),
    Metric("mirrors", hedging.correlation_after, "-1 to 1"),
    Metric("mirrors", hedging.hedge_effectiveness, "share", UP),
)
BY_NAME: Final = {metric.name: metric for metric in METRICS}


@frozen
class Weighted:
    """The mean of a metric over the ends of a run, each with the same weight.

    *shares* are the lengths of the ends that had a value, as shares of the run.
    """

    value: float | None
    shares: tuple[float, ...]


def metrics(records: Records, names: Iterable[str] = BY_NAME) -> dict[str, float | None]:
    """Return the metrics of *records* by name; None is for what is not defined.

    Raises:
        KeyError: A name is not the name of a metric.
    """
    return {name: BY_NAME[name].measure(records) for name in names}


def weighted(records: Records, name: str) -> Weighted:
    """Return the mean of a metric over the whole run, its last half, ... its last tenth.

    What is recent counts more.  An end in which the metric is not defined does not count at all.

    Raises:
        KeyError: *name* is not the name of a metric.
    """
    if not len(records.ts_ms):
        return Weighted(None, ())
    start, end = int(records.ts_ms[0]), int(records.ts_ms[-1])
    found: dict[float, float] = {}
    for part in range(1, TAILS + 1):
        tail = records if part == 1 else records.between(end - (end - start) // part, end)
        value = BY_NAME[name].measure(tail)
        if value is not None:
            found[1 / part] = value
    mean = sum(found.values()) / len(found) if found else None
    return Weighted(mean, tuple(found))
