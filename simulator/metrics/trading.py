"""What the fills and the trades brought and cost, and how long positions were held.

Profit and loss are realized and before fees unless a name says net; fees stand apart.
"""

import numpy as np

from simulator.metrics.records import DAY_MS, HOUR_MS, LONG, SHORT, Records, Rows
from simulator.metrics.series import largest, measured, ratio
from simulator.metrics.trades import held_hours, held_ms, pauses_ms, trades


@measured
def fill_count(records: Records) -> float | None:
    """How many fills there were.

    count of fills
    """
    return len(records.fills)


@measured
def trade_count(records: Records) -> float | None:
    """How many positions were opened, from flat to flat or to the end.

    count of trades
    """
    return len(trades(records))


@measured
def trades_per_day(records: Records) -> float | None:
    """How many positions were opened a day.

    count of trades / days
    """
    return ratio(len(trades(records)), records.days)


@measured
def turnover_per_day(records: Records) -> float | None:
    """How often the balance was traded a day.

    sum |qty| * price / B / days, B the last sample before each fill
    """
    fills = records.fills
    if not len(records.ts_ms):
        return None
    at = np.searchsorted(records.ts_ms, fills["ts_ms"], "left") - 1
    shares = np.abs(fills["qty"]) * fills["price"] / records.balance[np.maximum(at, 0)]
    return ratio(float(shares.sum()), records.days)


@measured
def pnl(records: Records) -> float | None:
    """What was realized, before fees.

    sum of pnl over fills
    """
    return float(records.fills["pnl"].sum())


@measured
def pnl_long(records: Records) -> float | None:
    """What longs realized, before fees.

    sum of pnl over fills of longs
    """
    return float(records.of(LONG)["pnl"].sum())


@measured
def pnl_short(records: Records) -> float | None:
    """What shorts realized, before fees.

    sum of pnl over fills of shorts
    """
    return float(records.of(SHORT)["pnl"].sum())


@measured
def fees(records: Records) -> float | None:
    """What was paid in fees.

    sum of fee over fills
    """
    return float(records.fills["fee"].sum())


@measured
def funding(records: Records) -> float | None:
    """What funding brought.

    sum of funding, positive if received
    """
    return records.funding


@measured
def loss_profit_ratio(records: Records) -> float | None:
    """What losing fills cost for what winning ones brought, before fees.

    sum |pnl| over fills with pnl < 0 / sum pnl over fills with pnl > 0; None without a profit
    """
    return _loss_profit(records.fills)


@measured
def loss_profit_ratio_long(records: Records) -> float | None:
    """The loss-profit ratio of longs.

    as loss_profit_ratio, over fills of longs
    """
    return _loss_profit(records.of(LONG))


@measured
def loss_profit_ratio_short(records: Records) -> float | None:
    """The loss-profit ratio of shorts.

    as loss_profit_ratio, over fills of shorts
    """
    return _loss_profit(records.of(SHORT))


@measured
def win_rate(records: Records) -> float | None:
    """The share of closed trades that earned more than their fees.

    count of closed trades with pnl > fee / count of closed trades; None without one
    """
    found = trades(records)
    closed = found[found["closed"]]
    return ratio(int((closed["pnl"] > closed["fee"]).sum()), len(closed))


@measured
def trade_loss_max(records: Records) -> float | None:
    """The largest net loss of a trade, of an open one as far as it is realized.

    max over trades of (fee - pnl) / B(start), at least 0
    """
    found, balance = trades(records), records.balance
    worst = largest(np.maximum(found["fee"] - found["pnl"], 0))
    return None if worst is None or not len(balance) else ratio(worst, balance[0])


@measured
def held_hours_mean(records: Records) -> float | None:
    """The mean time a position was held; one that is still open is held until the end.

    mean over trades of closed - opened
    """
    lasted = held_hours(trades(records))
    return float(lasted.mean()) if len(lasted) else None


@measured
def held_hours_median(records: Records) -> float | None:
    """The median time a position was held.

    median over trades of closed - opened
    """
    lasted = held_hours(trades(records))
    return float(np.median(lasted)) if len(lasted) else None


@measured
def held_hours_max(records: Records) -> float | None:
    """The longest time a position was held.

    max over trades of closed - opened
    """
    return largest(held_hours(trades(records)))


@measured
def unchanged_hours_max(records: Records) -> float | None:
    """The longest time a position stayed as it was.

    max over fills that leave a position of (next fill of it, else end) - fill
    """
    return largest(pauses_ms(records) / HOUR_MS)


@measured
def time_in_position(records: Records) -> float | None:
    """The share of time with at least one position.

    length of the union of [opened, closed] over trades / time from start to end
    """
    return ratio(held_ms(trades(records)), records.days * DAY_MS)


@measured
def time_in_position_long(records: Records) -> float | None:
    """The share of time with at least one long.

    as time_in_position, over longs
    """
    return _time_of(records, LONG)


@measured
def time_in_position_short(records: Records) -> float | None:
    """The share of time with at least one short.

    as time_in_position, over shorts
    """
    return _time_of(records, SHORT)


def _loss_profit(fills: Rows) -> float | None:
    """Return the losses of *fills* for their profits."""
    return ratio(-np.minimum(fills["pnl"], 0).sum(), np.maximum(fills["pnl"], 0).sum())


def _time_of(records: Records, side: int) -> float | None:
    """Return the share of time with a position on *side*."""
    found = trades(records)
    return ratio(held_ms(found[found["side"] == side]), records.days * DAY_MS)
