"""What the equity did: growth, and growth for the risk taken.

Ratios are daily and not annualized.  For figures of a year multiply `sharpe` and `sortino` by the
square root of 365, `calmar` and `sterling` by 365.
"""

import numpy as np

from simulator.metrics.records import DAY_MS, HOUR_MS, Floats, Records
from simulator.metrics.series import (
    daily,
    drawdowns,
    largest,
    marks,
    measured,
    ratio,
    worst_mean,
)


@measured
def gain(records: Records) -> float | None:
    """The equity at the end as a multiple of that at the start.

    E(end) / E(start)
    """
    equity = records.equity
    return float(equity[-1] / equity[0]) if len(equity) and equity[0] > 0 else None


@measured
def adg(records: Records) -> float | None:
    """Average daily gain: the same growth each day would end where the run did.

    gain^(1 / days) - 1, days = time from the first to the last sample; -1 if nothing is left
    """
    whole, days = gain(records), records.days
    if whole is None or days <= 0:
        return None
    return float(np.expm1(np.log(whole) / days)) if whole > 0 else -1.0


@measured
def mdg(records: Records) -> float | None:
    """Median daily gain: half of the days were better.

    median of r(d), r(d) = E(d) / E(d - 1) - 1 over UTC days d; E(0) = E(start)
    """
    returns = daily(records)
    return float(np.median(returns)) if len(returns) and np.isfinite(returns).all() else None


@measured
def sharpe(records: Records) -> float | None:
    """Mean return for its deviation, of days, above a riskless rate of zero.

    mean r(d) / std r(d), std with n - 1; None for less than two days or none that differ
    """
    returns = daily(records)
    return ratio(returns.mean(), returns.std(ddof=1)) if _differ(returns) else None


@measured
def sortino(records: Records) -> float | None:
    """Mean return for its deviation below zero, of days.

    mean r(d) / sqrt(mean min(r(d), 0)^2), over all days; None without a losing day
    """
    returns = daily(records)
    if not len(returns):
        return None
    return ratio(returns.mean(), float(np.sqrt(np.square(np.minimum(returns, 0)).mean())))


@measured
def omega(records: Records) -> float | None:
    """What the good days brought for what the bad ones took.

    sum max(r(d), 0) / sum max(-r(d), 0); None without a losing day
    """
    returns = daily(records)
    return ratio(np.maximum(returns, 0).sum(), np.maximum(-returns, 0).sum())


@measured
def calmar(records: Records) -> float | None:
    """Average daily gain for the deepest drawdown.

    adg / drawdown_worst; None without a drawdown
    """
    return _over(adg(records), drawdown_worst(records))


@measured
def sterling(records: Records) -> float | None:
    """Average daily gain for the mean of the deepest daily drawdowns.

    adg / drawdown_worst_mean; None without a drawdown
    """
    return _over(adg(records), drawdown_worst_mean(records))


@measured
def expected_shortfall(records: Records) -> float | None:
    """The mean loss of the worst hundredth of days.

    -mean of the lowest ceil(days / 100) of r(d)
    """
    return worst_mean(-daily(records))


@measured
def drawdown_worst(records: Records) -> float | None:
    """The deepest fall from an earlier peak, recovered from or not.

    max over samples t of 1 - E(t) / max over s <= t of E(s)
    """
    return largest(drawdowns(records.equity))


@measured
def drawdown_worst_mean(records: Records) -> float | None:
    """The mean of the deepest drawdowns of days, the worst hundredth of them.

    mean of the highest ceil(days / 100) of max over t of day d of the drawdown at t
    """
    falls, at = drawdowns(records.equity), marks(records.ts_ms, DAY_MS)
    if len(at) < 2:  # noqa: PLR2004
        return None
    first, last = np.minimum(at[:-1] + 1, at[1:]), at[1:]  # the same one for a day without samples
    return worst_mean(np.maximum(np.maximum.reduceat(falls, first), falls[last]))


@measured
def drawdown_end(records: Records) -> float | None:
    """The drawdown that was left at the end.

    1 - E(end) / max E
    """
    falls = drawdowns(records.equity)
    return float(falls[-1]) if len(falls) else None


@measured
def underwater_hours_max(records: Records) -> float | None:
    """The longest time from a peak until the equity was there again, or until the end.

    max over peaks s of (first t > s with E(t) >= E(s), else end) - s, over samples
    """
    falls, ts_ms = drawdowns(records.equity), records.ts_ms
    if not len(falls) or not np.isfinite(falls).all():
        return None
    tops = np.flatnonzero(falls == 0)
    below = np.flatnonzero(np.diff(tops, append=len(falls)) > 1)
    ends = np.append(tops, len(falls) - 1)[below + 1]
    return float((ts_ms[ends] - ts_ms[tops[below]]).max()) / HOUR_MS if len(below) else 0.0


@measured
def open_loss_max(records: Records) -> float | None:
    """The largest open loss.

    max over samples of (B - E) / B, at least 0
    """
    return largest(np.maximum(_open_loss(records), 0))


@measured
def open_loss_mean(records: Records) -> float | None:
    """The mean open loss, of the samples at which there was one.

    mean of (B - E) / B over samples with E < B; 0 without one
    """
    losses = _open_loss(records)
    below = losses[losses > 0]
    return float(below.mean()) if len(below) else largest(losses[:1] * 0)


@measured
def open_profit_max(records: Records) -> float | None:
    """The largest open profit.

    max over samples of (E - B) / B, at least 0
    """
    return largest(np.maximum(-_open_loss(records), 0))


def _open_loss(records: Records) -> Floats:
    """Return the open loss of each sample as a share of its own balance."""
    result = np.full(records.balance.shape, np.nan)
    above = records.balance > 0
    np.divide(records.balance - records.equity, records.balance, out=result, where=above)
    return result


def _differ(returns: Floats) -> bool:
    """Return whether a deviation of *returns* is more than a rounding error."""
    return len(returns) > 1 and bool(np.ptp(returns) > 1e-12)  # noqa: PLR2004


def _over(above: float | None, below: float | None) -> float | None:
    """Return a quotient of what is known."""
    return None if above is None or below is None else ratio(above, below)
