"""What mirrors earned, cost and took away of the market.

"Before" is the equity less what the mirrors earned: the same base fills without the mirrors.  It
does not tell how the base would have sized its orders had there been no mirrors.
"""

import numpy as np

from simulator.metrics.records import HOUR_MS, Floats, Records, Rows
from simulator.metrics.series import changes, held_mean, marks, measured, ratio

PAIRS_MIN = 3  # hours from which a slope is drawn


@measured
def mirror_fill_count(records: Records) -> float | None:
    """How many fills were of mirrors.

    count of mirror fills
    """
    return int(records.fills["mirror"].sum())


@measured
def mirror_pnl(records: Records) -> float | None:
    """What mirrors realized, before fees.

    sum of pnl over mirror fills
    """
    return float(_of(records, mirror=True)["pnl"].sum())


@measured
def mirror_fees(records: Records) -> float | None:
    """What mirrors paid in fees.

    sum of fee over mirror fills
    """
    return float(_of(records, mirror=True)["fee"].sum())


@measured
def mirror_net(records: Records) -> float | None:
    """What mirrors earned, open or realized, after fees and funding.

    M(end) - M(start); None if it was not recorded
    """
    earned = records.mirror_pnl
    return None if earned is None or not len(earned) else float(earned[-1] - earned[0])


@measured
def mirror_loss_profit_ratio(records: Records) -> float | None:
    """The loss-profit ratio of mirrors.

    as loss_profit_ratio, over mirror fills
    """
    profits = _of(records, mirror=True)["pnl"]
    return ratio(-np.minimum(profits, 0).sum(), np.maximum(profits, 0).sum())


@measured
def base_pnl(records: Records) -> float | None:
    """What all but the mirrors realized, before fees.

    sum of pnl over other fills
    """
    return float(_of(records, mirror=False)["pnl"].sum())


@measured
def base_fees(records: Records) -> float | None:
    """What all but the mirrors paid in fees.

    sum of fee over other fills
    """
    return float(_of(records, mirror=False)["fee"].sum())


@measured
def collision_count(records: Records) -> float | None:
    """How many fills closed a mirror because the base wanted its symbol.

    count of collision fills
    """
    return int(records.fills["collision"].sum())


@measured
def band_share(records: Records) -> float | None:
    """The share of time in which the exposure was inside its target band.

    mean over time of [low <= exposure <= high]; None without a band
    """
    band = records.band
    if band is None:
        return None
    exposure = records.exposure(band.side)
    inside = (band.low <= exposure) & (exposure <= band.high)
    return held_mean(records.ts_ms, inside.astype(np.float64))


@measured
def beta_before(records: Records) -> float | None:
    """How the equity without mirrors moved for a move of the market.

    cov(b(h), m(h)) / var(m(h)) over hours h; b of E - M + M(start), m of the market
    """
    return _beta(records, before=True)


@measured
def beta_after(records: Records) -> float | None:
    """How the equity moved for a move of the market.

    cov(r(h), m(h)) / var(m(h)) over hours h; r of E, m of the market
    """
    return _beta(records, before=False)


@measured
def correlation_before(records: Records) -> float | None:
    """How closely the equity without mirrors followed the market.

    cov(b, m) / sqrt(var(b) var(m)) over hours
    """
    return _correlation(records, before=True)


@measured
def correlation_after(records: Records) -> float | None:
    """How closely the equity followed the market.

    cov(r, m) / sqrt(var(r) var(m)) over hours
    """
    return _correlation(records, before=False)


@measured
def hedge_effectiveness(records: Records) -> float | None:
    """The share of the variance that the mirrors took away; negative if they added to it.

    1 - var(r) / var(b) over hours
    """
    after, before = _hourly(records, before=False), _hourly(records, before=True)
    if after is None or before is None or len(before) < PAIRS_MIN:
        return None
    share = ratio(float(after.var()), float(before.var()))
    return None if share is None else 1 - share


def equal_weight(closes: Floats) -> Floats:
    """Return an index of *closes*, float64 (samples, symbols): 1 at first, float64 (samples,).

    It moves by the mean of the moves of the symbols that have a price before and after, and rests
    where there is none.

    >>> equal_weight(np.array([[1.0, 10.0], [1.1, np.nan], [1.1, 12.0]])).round(9).tolist()
    [1.0, 1.1, 1.1]
    """
    before, after = closes[:-1], closes[1:]
    known = np.isfinite(before) & np.isfinite(after) & (before > 0)
    moves = np.divide(after - before, before, out=np.zeros(before.shape), where=known)
    means = moves.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.cumprod(np.append(1.0, 1 + means))[: len(closes)], np.float64)


def _of(records: Records, *, mirror: bool) -> Rows:
    """Return the fills of the mirrors, or all others."""
    found: Rows = records.fills[records.fills["mirror"] == mirror]
    return found


def _hourly(records: Records, *, before: bool) -> Floats | None:
    """Return the hourly changes of the equity, or of the equity without mirrors."""
    equity, earned = records.equity, records.mirror_pnl
    if before:
        if earned is None or not len(earned):
            return None
        equity = equity - (earned - earned[0])
    return changes(equity[marks(records.ts_ms, HOUR_MS)])


def _pairs(records: Records, *, before: bool) -> tuple[Floats, Floats] | None:
    """Return the hourly changes of the equity and of the market."""
    own = _hourly(records, before=before)
    if own is None or records.market is None or len(own) < PAIRS_MIN:
        return None
    return own, changes(records.market[marks(records.ts_ms, HOUR_MS)])


def _beta(records: Records, *, before: bool) -> float | None:
    """Return the slope of the equity over the market."""
    pairs = _pairs(records, before=before)
    if pairs is None:
        return None
    own, market = pairs
    moved = market - market.mean()
    return ratio(float((moved * (own - own.mean())).sum()), float(np.square(moved).sum()))


def _correlation(records: Records, *, before: bool) -> float | None:
    """Return the correlation of the equity and the market."""
    pairs = _pairs(records, before=before)
    if pairs is None:
        return None
    own, market = (each - each.mean() for each in pairs)
    squares = float(np.square(own).sum()) * float(np.square(market).sum())
    return ratio(float((own * market).sum()), squares**0.5)
