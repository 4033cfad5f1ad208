"""Tables of outside files into the candles of one market."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt
from attrs import evolve, field, frozen

from adapters.candles import DataError
from adapters.market_data import checks
from adapters.market_data.checks import Bars
from adapters.market_data.table import Table, window
from adapters.market_data.times import step_text
from simulator.candles import COLUMNS, DP_MAX, Candles, Ints, utc, validate


@frozen(kw_only=True)
class Target:
    """What is wanted; None: what the rows need, or all of them.

    fill: gaps of at most so many bars become bars without trades.
    """

    symbol: str
    venue: str
    step_ms: int | None = None
    price_dp: int | None = None
    volume_dp: int | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    fill: int = 0


@frozen(eq=False)
class _Rows:
    """Rows of several tables on their way: row i is row *rows*[i] of table *origin*[i]."""

    tables: Sequence[Table]
    bars: Bars
    origin: Ints
    rows: Ints
    notes: list[str] = field(factory=list[str])

    def place(self, index: int) -> str:
        """Return where row *index* came from."""
        return self.tables[int(self.origin[index])].place(int(self.rows[index]))

    def taken(self, which: npt.NDArray[np.int64 | np.bool_]) -> "_Rows":
        """Return the rows of *which*, in its order."""
        columns = {name: values[which] for name, values in self.bars.columns.items()}
        bars = evolve(self.bars, times=self.bars.times[which], columns=columns)
        return evolve(self, bars=bars, origin=self.origin[which], rows=self.rows[which])


def converted(tables: Sequence[Table], target: Target) -> tuple[Candles, list[str]]:
    """Return the candles that *tables* hold together, and what was done to the rows.

    Rows are sorted, and rows that say the same twice are dropped.

    Raises:
        DataError: A value cannot be represented exactly, rows contradict each other or
            themselves, or a gap is longer than *target.fill*.
    """
    rows = _unique(_sorted(_joined(tables, target)))
    inside = window(rows.bars.times, target.from_ms, target.to_ms)
    if not inside.any():
        held = f"{utc(int(rows.bars.times[0]))} to {utc(int(rows.bars.times[-1]))}"
        raise DataError(f"{tables[0].path}: no bar in the time asked for; there are {held}")
    rows = rows.taken(inside)
    step = target.step_ms or checks.step_of(rows.bars.times)
    if not step:
        raise DataError(f"{tables[0].path}: one bar tells no step; say --step 1m")
    _refuse_contradictions(rows)
    rows = _filled(rows, step, target.fill)
    candles = Candles(
        symbol=target.symbol,
        venue=target.venue,
        start_ms=int(rows.bars.times[0]),
        step_ms=step,
        price_dp=rows.bars.price_dp,
        volume_dp=rows.bars.volume_dp,
        **rows.bars.columns,
    )
    validate(candles)
    return candles, rows.notes


def _joined(tables: Sequence[Table], target: Target) -> _Rows:
    """Return all rows with the same decimals."""
    prices, volume = COLUMNS[:-1], COLUMNS[-1]
    price_dp, volume_dp = target.price_dp, target.volume_dp
    if price_dp is None:
        price_dp = max(table.places(*prices) for table in tables)
    if volume_dp is None:
        volume_dp = max(table.places(volume) for table in tables)
    for name, dp in (("price", price_dp), ("volume", volume_dp)):
        if not 0 <= dp <= DP_MAX:
            raise DataError(f"{name} decimals {dp}: give 0 to {DP_MAX}")
    parts = [checks.bars_of(table, price_dp, volume_dp) for table in tables]
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in COLUMNS}
    times = np.concatenate([part.times for part in parts])
    lengths = [len(table) for table in tables]
    origin = np.repeat(np.arange(len(tables)), lengths)
    rows = np.concatenate([np.arange(length) for length in lengths])
    return _Rows(tables, Bars(times, columns, price_dp, volume_dp), origin, rows)


def _sorted(rows: _Rows) -> _Rows:
    """Return *rows* oldest first."""
    back = int((np.diff(rows.bars.times) < 0).sum())
    if not back:
        return rows
    rows.notes.append(f"sorted by time: {back} rows were earlier than the row before")
    return rows.taken(np.argsort(rows.bars.times, kind="stable"))


def _unique(rows: _Rows) -> _Rows:
    """Return *rows* without those that repeat the row before; refuse two that differ."""
    again = np.diff(rows.bars.times, prepend=rows.bars.times[0] - 1) == 0
    if not again.any():
        return rows
    for name, values in rows.bars.columns.items():
        differs = again & (np.diff(values, prepend=values[0]) != 0)
        if differs.any():
            now = int(differs.argmax())
            text, before = rows.bars.text(name, now), rows.bars.text(name, now - 1)
            raise DataError(
                f"{rows.place(now)}: {utc(int(rows.bars.times[now]))} has {name} {text}, but "
                f"{before} at {rows.place(now - 1)}; drop one of the two"
            )
    rows.notes.append(f"dropped {int(again.sum())} rows that repeat another")
    return rows.taken(~again)


def _refuse_contradictions(rows: _Rows) -> None:
    """Refuse rows that no market can have shown."""
    found = min(checks.contradictions(rows.bars), key=lambda each: each.row, default=None)
    if found is not None:
        raise DataError(
            f"{rows.place(found.row)}: {found.what}; mend it, or is the order of the columns right?"
        )


def _filled(rows: _Rows, step: int, fill: int) -> _Rows:
    """Return *rows* with gaps of at most *fill* bars filled; refuse longer ones."""
    bars = rows.bars
    ahead = np.diff(bars.times)
    counts = ahead // step
    bad = (ahead % step != 0) | (counts - 1 > fill)
    if bad.any():
        _refuse_gap(rows, step, int(bad.argmax()))
    missing = int((counts - 1).sum())
    if not missing:
        return rows
    source = np.repeat(np.arange(len(bars.times)), np.append(counts, 1))
    times = bars.times[0] + step * np.arange(len(source))
    made = times != bars.times[source]
    close = bars.columns["close"][source]
    columns = {name: np.where(made, close, bars.columns[name][source]) for name in COLUMNS[:-1]}
    columns["volume"] = np.where(made, 0, bars.columns["volume"][source])
    rows.notes.append(f"filled {missing} missing bars with the close before and volume 0")
    return evolve(rows, bars=evolve(bars, times=times, columns=columns))


def _refuse_gap(rows: _Rows, step: int, row: int) -> NoReturn:
    """Refuse the distance between *row* and the next, and say what can be had instead."""
    times = rows.bars.times
    before, after = int(times[row]), int(times[row + 1])
    if (after - before) % step:
        raise DataError(
            f"{rows.place(row + 1)}: {utc(after)} is {after - before} ms after the bar before; "
            f"the step is {step_text(step)}: mend it, or say another --step"
        )
    count = (after - before) // step - 1
    first, stop = checks.longest(times, step)
    end = int(times[stop - 1]) + step
    raise DataError(
        f"{rows.place(row + 1)}: gap of {count} bars after {utc(before)}; --fill {count} makes "
        f'bars without trades of it; without a gap: --from "{_moment(int(times[first]))}" '
        f'--to "{_moment(end)}" ({stop - first} bars)'
    )


def _moment(ms: int) -> str:
    """Return *ms* as an option takes it."""
    return utc(ms).removesuffix(" UTC")
