"""Trades: what happened to a position from its first fill until it was flat."""

import numpy as np

from simulator.metrics.records import DAY_MS, Floats, Ints, Records, Rows

TRADE = np.dtype(
    [
        ("symbol", np.int64),  # place in `Records.symbols`
        ("side", np.int64),  # +1 long, -1 short
        ("mirror", np.bool_),  # its first fill was
        ("collision", np.bool_),  # one of its fills was
        ("opened_ms", np.int64),  # the start, for what was there before
        ("closed_ms", np.int64),  # the end, for what is still there
        ("closed", np.bool_),
        ("fills", np.int64),
        ("peak_qty", np.float64),  # coins
        ("bought", np.float64),  # quote units, at the prices of the fills
        ("sold", np.float64),
        ("pnl", np.float64),  # realized, before fees
        ("fee", np.float64),
    ]
)


def trades(records: Records) -> Rows:
    """Return the trades by the time they were opened, TRADE (trades,); open ones end at the end."""
    order = np.lexsort((records.fills["side"], records.fills["symbol"]))  # stable: keeps time
    fills = records.fills[order]
    if not len(fills):
        return np.zeros(0, TRADE)
    starts = _starts(fills)
    last = np.append(starts[1:], len(fills)) - 1
    found = np.zeros(len(starts), TRADE)
    for name in ("symbol", "side", "mirror"):
        found[name] = fills[name][starts]
    found["collision"] = np.logical_or.reduceat(fills["collision"], starts)
    held = (fills["position_qty"] - fills["qty"] * fills["side"])[starts]
    held_before = held > 1e-9 * np.abs(fills["qty"][starts])
    found["opened_ms"] = np.where(held_before, records.ts_ms[0], fills["ts_ms"][starts])
    found["closed"] = fills["position_qty"][last] == 0
    found["closed_ms"] = np.where(found["closed"], fills["ts_ms"][last], records.ts_ms[-1])
    found["fills"] = last - starts + 1
    found["peak_qty"] = np.maximum.reduceat(fills["position_qty"], starts)
    notional = fills["qty"] * fills["price"]
    found["bought"] = np.add.reduceat(np.maximum(notional, 0), starts)
    found["sold"] = np.add.reduceat(np.maximum(-notional, 0), starts)
    found["pnl"] = np.add.reduceat(fills["pnl"], starts)
    found["fee"] = np.add.reduceat(fills["fee"], starts)
    return found[np.argsort(found["opened_ms"], kind="stable")]


def pauses_ms(records: Records) -> Ints:
    """Return how long positions stayed as they were: until their next fill, or the end."""
    fills = records.fills[np.lexsort((records.fills["side"], records.fills["symbol"]))]
    if not len(fills):
        return np.zeros(0, np.int64)
    until = np.append(fills["ts_ms"][1:], records.ts_ms[-1])
    other = np.append(_other(fills), True)
    until = np.where(other, records.ts_ms[-1], until)
    return np.asarray((until - fills["ts_ms"])[fills["position_qty"] > 0], np.int64)


def held_ms(found: Rows) -> int:
    """Return for how long at least one of the trades *found* was open."""
    moments = np.concatenate([found["opened_ms"], found["closed_ms"]])
    steps = np.repeat([1, -1], len(found))
    order = np.argsort(moments, kind="stable")
    moments, count = moments[order], steps[order].cumsum()
    return int((np.diff(moments) * (count[:-1] > 0)).sum()) if len(found) else 0


def held_hours(found: Rows) -> Floats:
    """Return for how long each of the trades *found* was open, in hours."""
    lasted: Floats = (found["closed_ms"] - found["opened_ms"]) * (24 / DAY_MS)
    return lasted


def _starts(fills: Rows) -> Ints:
    """Return where in *fills*, sorted by position, the trades begin."""
    fresh = np.append(True, _other(fills) | (fills["position_qty"][:-1] == 0))
    return np.flatnonzero(fresh)


def _other(fills: Rows) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return for each fill but the last whether the next one is of another position."""
    symbols, sides = fills["symbol"], fills["side"]
    return np.asarray((np.diff(symbols) != 0) | (np.diff(sides) != 0), np.bool_)
