"""Download the bars of one market, page by page, so that it can be stopped and gone on with."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import sleep
from typing import Protocol, TypeVar

import numpy as np
from attrs import frozen

from adapters.candles import DataError
from adapters.market_data.conversion import Target, converted
from adapters.market_data.exact import from_units
from adapters.market_data.files import SUFFIX, candle_file, keep
from adapters.market_data.partial import Partial, Row
from adapters.market_data.readers import read
from adapters.market_data.table import Layout, Table
from adapters.market_data.times import step_text
from simulator.candles import COLUMNS, Candles, utc
from spec.units import div_up

PAGE_BARS = 1_000
TRIES = 8
_WAIT_S, _WAIT_S_MAX = 1.0, 60.0
Told = Callable[[int, int, str], None]
T = TypeVar("T")


class Unreachable(Exception):  # noqa: N818  # it says what the venue is, for now
    """The venue does not answer, or asks for patience; *wait_s* is how long, if it says."""

    def __init__(self, why: str, wait_s: float = 0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Source(Protocol):
    """Where bars come from."""

    @property
    def venue(self) -> str:
        """The name of the venue."""
        ...

    def now_ms(self) -> int:
        """Return the time, Unix ms."""
        ...

    def decimals(self) -> tuple[int, int]:
        """Return the decimals of the tick and of the lot; raise `Unreachable`."""
        ...

    def page(self, from_ms: int, bars: int) -> Sequence[Row]:
        """Return up to *bars* bars at and after *from_ms*; raise `Unreachable`."""
        ...


@frozen(kw_only=True)
class Order:
    """What to download: bars of *step_ms* that open from *from_ms* to before *to_ms*."""

    symbol: str
    step_ms: int
    from_ms: int
    to_ms: int
    fill: int = 0
    force: bool = False


def download(
    source: Source, order: Order, folder: Path, told: Told, wait: Callable[[float], None] = sleep
) -> tuple[Candles, list[str]]:
    """Bring `<folder>/<symbol>.parquet` up to *order*; return its candles and what to know of them.

    What is there is kept: a complete file is extended, a partial one continued after its last
    bar.  Bars that have not ended are left out.

    Raises:
        DataError: The file cannot be extended so, or the venue has no bars there, refuses, or
            does not answer; what has come is kept.
    """
    if not order.symbol or Path(order.symbol).name != order.symbol:
        raise DataError(f"{order.symbol!r} cannot name a file; give --name, as in BTCUSDT")
    final, path = folder / f"{order.symbol}{SUFFIX}", part_path(source, order, folder)
    if order.force:
        path.unlink(missing_ok=True)
    have = None if order.force or not final.exists() else _extendable(final, source, order)
    begin_ms = order.from_ms if have is None else have.end_ms
    first_ms = div_up(begin_ms, order.step_ms) * order.step_ms
    stop_ms = min(order.to_ms, source.now_ms()) // order.step_ms * order.step_ms
    if have is not None and first_ms >= stop_ms:
        return have, ["nothing to add"]
    part = Partial(path, f"{order.symbol} from {utc(first_ms)}")
    _fetch(source, (first_ms, stop_ms, order.step_ms), part, told, wait)
    if not part.rows:
        path.unlink()
        raise DataError(
            f"{source.venue}: no {order.symbol} bars from {utc(first_ms)} to {utc(stop_ms)}; "
            "ask for another time"
        )
    decimals = patient(source.decimals, wait)
    try:
        candles, notes = _assembled(_tables(have, path), order, source.venue, decimals)
    except DataError as error:
        raise DataError(f"{error}; {path} is kept: `data import` reads it too") from error
    keep(candles, folder, force=True)
    path.unlink()
    return candles, notes + _missing(candles, first_ms if have is None else have.start_ms, stop_ms)


def _missing(candles: Candles, first_ms: int, stop_ms: int) -> list[str]:
    """Return what *candles* have not of the bars from *first_ms* to *stop_ms*."""
    notes: list[str] = []
    if candles.start_ms > first_ms:
        notes.append(f"the first bar there is opens at {utc(candles.start_ms)}")
    if candles.end_ms < stop_ms:
        notes.append(f"the last bar there is ends at {utc(candles.end_ms)}")
    return notes


def part_path(source: Source, order: Order, folder: Path) -> Path:
    """Return where the bars of a download are until it is complete."""
    return folder / f"{order.symbol}.{source.venue}.{step_text(order.step_ms)}.part.csv"


def _extendable(final: Path, source: Source, order: Order) -> Candles:
    """Return the candles of the file *final*; refuse if *order* does not extend them."""
    have = candle_file(final)
    fix = "give another --out, or --force to replace it"
    if have.venue != source.venue or have.step_ms != order.step_ms:
        there = f"{have.venue} bars of {step_text(have.step_ms)}"
        raise DataError(f"{final}: holds {there}; {fix}")
    if order.from_ms < have.start_ms:
        raise DataError(f"{final}: begins at {utc(have.start_ms)}, after --from; {fix}")
    return have


def _fetch(
    source: Source,
    span: tuple[int, int, int],
    part: Partial,
    told: Told,
    wait: Callable[[float], None],
) -> None:
    """Add to *part* the bars of *span* (first, stop, step in ms) that it has not."""
    first_ms, stop_ms, step_ms = span
    begin_ms = cursor_ms = max(first_ms, part.last_ms + step_ms)
    believed = False
    while cursor_ms < stop_ms:
        page = patient(partial(source.page, cursor_ms, PAGE_BARS), wait)
        bars = {row[0]: row for row in page if cursor_ms <= row[0] < stop_ms}
        rows = [bars[opened] for opened in sorted(bars)]
        part.append(rows)
        if rows:
            cursor_ms = rows[-1][0] + step_ms
        elif believed:  # an empty page is asked for twice
            cursor_ms += PAGE_BARS * step_ms
        believed = not rows and not believed
        done = (min(cursor_ms, stop_ms) - begin_ms) // step_ms
        told(done, (stop_ms - begin_ms) // step_ms, "")


def patient(ask: Callable[[], T], wait: Callable[[float], None] = sleep) -> T:
    """Return what *ask* returns, asked again after 1, 2, 4 ... 60 s while it is unreachable.

    Raises:
        DataError: Eight tries were not enough.
    """
    pause = _WAIT_S
    for _ in range(TRIES - 1):
        try:
            return ask()
        except Unreachable as error:
            wait(max(pause, error.wait_s))
        pause = min(2 * pause, _WAIT_S_MAX)
    try:
        return ask()
    except Unreachable as error:
        raise DataError(
            f"no answer in {TRIES} tries: {error}; the same command goes on from here"
        ) from error


def _tables(have: Candles | None, path: Path) -> list[Table]:
    """Return the tables of what was there, and of what has come."""
    came = read(path, Layout())
    if have is None:
        return [came]
    times = have.start_ms + have.step_ms * np.arange(len(have), dtype=np.int64)
    dp = {name: have.volume_dp if name == "volume" else have.price_dp for name in COLUMNS}
    columns = {name: from_units(getattr(have, name), dp[name]) for name in COLUMNS}
    return [Table(path.with_name(f"{have.symbol}{SUFFIX}"), times, columns), came]


def _assembled(
    tables: list[Table], order: Order, venue: str, decimals: tuple[int, int]
) -> tuple[Candles, list[str]]:
    """Return the candles of *tables*, with the venue's decimals or more if the bars need more."""
    prices = max(table.places(*COLUMNS[:-1]) for table in tables)
    volumes = max(table.places(COLUMNS[-1]) for table in tables)
    target = Target(
        symbol=order.symbol,
        venue=venue,
        step_ms=order.step_ms,
        price_dp=max(prices, decimals[0]),
        volume_dp=max(volumes, decimals[1]),
        fill=order.fill,
    )
    return converted(tables, target)
