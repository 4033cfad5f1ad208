"""What a backtest leaves behind to be measured and drawn, whichever engine ran it.

Statistics, not accounts: amounts are float64 in quote units, sizes in coins.  Whoever keeps books
in integers converts once, here.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[Any]  # with named fields

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
LONG: Final = 1
SHORT: Final = -1
NET: Final = 0
CLOSE_ENOUGH: Final = 1e-9  # of the largest balance: what sums in floats may be off

FILL = np.dtype(
    [
        ("ts_ms", np.int64),  # Unix ms
        ("symbol", np.int64),  # place in `Records.symbols`
        ("side", np.int64),  # of the position: +1 long, -1 short
        ("kind", np.int64),  # place in `Records.kinds`
        ("price", np.float64),  # quote units
        ("qty", np.float64),  # coins, positive to buy
        ("pnl", np.float64),  # realized by it, before fees
        ("fee", np.float64),  # paid, negative for a rebate
        ("position_qty", np.float64),  # after it, coins, never negative
        ("position_price", np.float64),  # after it; 0 where flat
        ("mirror", np.bool_),  # of the mirror overlay
        ("collision", np.bool_),  # a mirror left because the base wanted its symbol
    ]
)


class RecordError(ValueError):
    """The records contradict themselves; the message names what and where."""


@frozen(eq=False)
class Band:
    """Where the exposure of *side* (LONG, SHORT or NET) is to be, float64 (samples,) each.

    In shares of the balance.  Exposures of a side are never negative, the net exposure may be.
    """

    side: int
    low: Floats
    high: Floats


@frozen(eq=False, kw_only=True)
class Records:
    """A run: its fills in the order they happened, and samples of the account.

    Samples are at *ts_ms*, int64 (samples,), ascending, Unix ms; the first one is the start, before
    any fill.  All else is float64 (samples,): *equity* and *balance* in quote units, both after the
    fills up to their moment; *long* and *short* exposure as shares of the balance, at mark prices,
    neither negative; *market* the level of an index in any unit; *mirror_pnl* what mirrors have
    earned since the start, open or realized, after fees and funding.  *closes* is float64 (samples,
    symbols), NaN where a symbol has no price.  None is for what there is not.
    """

    symbols: tuple[str, ...]
    kinds: tuple[str, ...]
    fills: Rows
    ts_ms: Ints
    equity: Floats
    balance: Floats
    long: Floats
    short: Floats
    funding: float = 0.0
    market: Floats | None = None
    mirror_pnl: Floats | None = None
    band: Band | None = None
    closes: Floats | None = None

    @property
    def days(self) -> float:
        """The time from the first to the last sample, in days; 0 for less than two samples."""
        return float(self.ts_ms[-1] - self.ts_ms[0]) / DAY_MS if len(self.ts_ms) else 0.0

    def of(self, side: int) -> Rows:
        """Return the fills of *side*."""
        found: Rows = self.fills[self.fills["side"] == side]
        return found

    def exposure(self, side: int) -> Floats:
        """Return the exposure of LONG, SHORT or, signed, NET."""
        return {LONG: self.long, SHORT: self.short, NET: self.long - self.short}[side]

    def between(self, from_ms: int, to_ms: int) -> "Records":
        """Return what happened after *from_ms* and until *to_ms*; it starts with what held then.

        Funding is left behind: its moments are not recorded.
        """
        if not len(self.ts_ms):
            return self
        before = int(np.searchsorted(self.ts_ms, from_ms, "right")) - 1
        first, stop = max(before, 0), int(np.searchsorted(self.ts_ms, to_ms, "right"))
        times = self.fills["ts_ms"]
        after = times > from_ms if from_ms > self.ts_ms[0] else times >= from_ms
        cut = slice(first, stop)
        band = self.band and Band(self.band.side, self.band.low[cut], self.band.high[cut])
        return evolve(
            self,
            fills=self.fills[after & (times <= to_ms)],
            ts_ms=np.maximum(self.ts_ms[cut], from_ms) if before >= 0 else self.ts_ms[cut],
            equity=self.equity[cut],
            balance=self.balance[cut],
            long=self.long[cut],
            short=self.short[cut],
            funding=0.0,
            market=None if self.market is None else self.market[cut],
            mirror_pnl=None if self.mirror_pnl is None else self.mirror_pnl[cut],
            band=band,
            closes=None if self.closes is None else self.closes[cut],
        )


def fill_rows(count: int = 0) -> Rows:
    """Return *count* fills, all zero."""
    return np.zeros(count, FILL)


def validate(records: Records) -> None:
    """Check what every metric relies on.

    Raises:
        RecordError: A column has another length than the samples or a number is not finite; times
            go back; a fill is outside the samples or names no symbol, side or kind; or the
            balance moved by something else than profit, fees and funding.
    """
    _check_samples(records)
    _check_fills(records)
    if len(records.balance):
        fills = records.fills
        moved = float(records.balance[-1] - records.balance[0])
        booked = float(fills["pnl"].sum() - fills["fee"].sum()) + records.funding
        slack = CLOSE_ENOUGH * max(1.0, float(np.abs(records.balance).max()))
        if abs(moved - booked) > slack * max(1, len(fills)) ** 0.5:
            raise RecordError(f"the balance moved by {moved}, the fills and funding say {booked}")


def _check_samples(records: Records) -> None:
    """Check lengths, order and numbers of the samples."""
    optional = {"market": records.market, "mirror_pnl": records.mirror_pnl}
    if records.band is not None:
        optional |= {"band.low": records.band.low, "band.high": records.band.high}
    columns = {name: getattr(records, name) for name in ("equity", "balance", "long", "short")}
    columns |= {name: column for name, column in optional.items() if column is not None}
    for name, column in columns.items():
        if column.shape != records.ts_ms.shape:
            raise RecordError(f"{name} has {column.shape} values for {records.ts_ms.shape} samples")
        if not np.isfinite(column).all():
            raise RecordError(f"{name}: sample {int(np.isfinite(column).argmin())} is not finite")
    if records.closes is not None:
        wanted = len(records.ts_ms), len(records.symbols)
        if records.closes.shape != wanted:
            raise RecordError(f"closes are {records.closes.shape}, not {wanted}")
    if (np.diff(records.ts_ms) <= 0).any():
        raise RecordError("samples do not ascend in time")


def _check_fills(records: Records) -> None:
    """Check what the fills say, one by one."""
    fills = records.fills
    if not len(fills):
        return
    start, end = (int(records.ts_ms[0]), int(records.ts_ms[-1])) if len(records.ts_ms) else (0, -1)
    times = fills["ts_ms"]
    broken = {
        "goes back in time": np.append(False, np.diff(times) < 0),
        "is outside the samples": (times < start) | (times > end),
        "names no symbol": (fills["symbol"] < 0) | (fills["symbol"] >= len(records.symbols)),
        "names no kind": (fills["kind"] < 0) | (fills["kind"] >= len(records.kinds)),
        "has no side": np.abs(fills["side"]) != 1,
        "leaves less than nothing": fills["position_qty"] < 0,
        "is not finite": ~np.isfinite(fills["pnl"] + fills["fee"] + fills["price"] + fills["qty"]),
    }
    for what, rows in broken.items():
        if rows.any():
            raise RecordError(f"fill {int(rows.argmax())} {what}")
