"""The market of an exchange: the candles of several symbols, walked together by one clock."""

import re
from collections.abc import Sequence
from copy import copy

import numpy as np
from attrs import frozen

from simulator.candles import Candles, Ints
from simulator.path import Path
from simulator.venue_order import NO_BOUND
from spec.terms import Instrument, Side
from spec.units import MILLI_NS

DAY_MS = 86_400_000
INTERVAL = re.compile("[0-9]{1,5}")
WEEK_OFFSET_MS = 4 * DAY_MS  # Unix time began on a Thursday, a week on a Monday


@frozen(kw_only=True)
class Listing:
    """A contract as it is listed, and the candles that are its market.

    A tick is one unit of the candles' prices.
    """

    base: str
    quote: str
    instrument: Instrument
    candles: Candles

    @property
    def symbol(self) -> str:
        """The name of the contract, such as BTCUSDT."""
        return self.base + self.quote


@frozen
class Bar:
    """A bar as far as it has come: *start_ms* Unix ms, prices in ticks, volume of the candles."""

    start_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@frozen
class Print:
    """A trade on the tape: *time_ms* Unix ms, *price* in ticks, *volume* of the candles."""

    number: int
    time_ms: int
    price: int
    volume: int
    side: Side


class Market:
    """The prices of *listings* from Unix *start_ns* on; each symbol's bars cover it.

    After its last bar a symbol stays at its last price.

    Raises:
        ValueError: Some symbol has no bar at *start_ns*.
    """

    def __init__(self, listings: Sequence[Listing], start_ns: int) -> None:
        self.listings = tuple(listings)
        self.now_ns = start_ns
        self._paths = [_path(listing, start_ns) for listing in self.listings]

    def price(self, symbol: int) -> int:
        """Return the last price of *symbol* in ticks; the mark and the index price are the same."""
        return self._paths[symbol].price

    def walk(self, bands: Sequence[tuple[int, int]], until_ns: int) -> None:
        """Go on to the first price on or beyond the ends of its band (ticks), or to *until_ns*."""
        first_ns = until_ns
        for path, band in zip(self._paths, bands, strict=True):
            probe = copy(path)
            if _advance(probe, band, until_ns):
                first_ns = min(first_ns, max(probe.now_ns, self.now_ns))
        for path, band in zip(self._paths, bands, strict=True):
            _advance(path, band, first_ns)
        self.now_ns = first_ns

    def bars(
        self, symbol: int, interval: str, start_ms: int = 0, end_ms: int = NO_BOUND
    ) -> list[Bar]:
        """Return the bars of *symbol* that begin from *start_ms* to *end_ms*, oldest first.

        *interval* is a number of minutes, or D, W or M.  The bar of now is still under way.

        Raises:
            ValueError: *interval* is none of these, or shorter than a candle.
        """
        candles, path = self.listings[symbol].candles, self._paths[symbol]
        count = path.bar + 1
        starts = candles.start_ms + candles.step_ms * np.arange(count, dtype=np.int64)
        keys = _keys(starts, interval, candles.step_ms)
        firsts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        wanted = slice(*np.searchsorted(keys[firsts], (start_ms, min(end_ms, NO_BOUND) + 1)))
        if not len(firsts[wanted]):
            return []
        stops = np.r_[firsts[1:], count]
        under_way = self._under_way(symbol)
        highs, lows = candles.high[:count].copy(), candles.low[:count].copy()
        volumes = candles.volume[:count].copy()
        highs[-1], lows[-1], volumes[-1] = under_way.high, under_way.low, under_way.volume
        closes = candles.close[stops - 1]
        closes[-1] = under_way.close
        columns = (
            keys[firsts],
            candles.open[firsts],
            np.maximum.reduceat(highs, firsts),
            np.minimum.reduceat(lows, firsts),
            closes,
            np.add.reduceat(volumes, firsts),
        )
        return [Bar(*row) for row in zip(*(each[wanted].tolist() for each in columns), strict=True)]

    def page(
        self, symbol: int, interval: str, limit: int, start_ms: int = 0, end_ms: int = 0
    ) -> list[Bar]:
        """Return at most *limit* bars, oldest first: the last by *end_ms*, or by now.

        With a start and no end they are the first from *start_ms* on.

        Raises:
            ValueError: As `bars`.
        """
        span_ms = limit * length_ms(interval)
        if start_ms and not end_ms:
            return self.bars(symbol, interval, start_ms, start_ms + span_ms)[:limit]
        last_ms = end_ms or self.now_ns // MILLI_NS
        return self.bars(symbol, interval, max(start_ms, last_ms - span_ms), last_ms)[-limit:]

    def news(self, symbol: int, interval: str, seen: Bar | None) -> list[tuple[Bar, int]]:
        """Return (bar, when the next began or 0) of what has changed since bar *seen*.

        Raises:
            ValueError: As `bars`.
        """
        start_ms = self.now_ns // MILLI_NS - 2 * length_ms(interval)
        found = self.bars(symbol, interval, start_ms)
        if not found or found[-1] == seen:
            return []
        last = found[-1]
        over = found[-2:-1] if seen is not None and seen.start_ms != last.start_ms else []
        return [*((bar, last.start_ms) for bar in over), (last, 0)]

    def day(self, symbol: int) -> Bar:
        """Return the last 24 hours of *symbol* as one bar, to a candle's length."""
        candles, count = self.listings[symbol].candles, self._paths[symbol].bar + 1
        under_way = self._under_way(symbol)
        first = max(0, count - DAY_MS // candles.step_ms)
        past = slice(first, count - 1)
        return Bar(
            candles.start_ms + first * candles.step_ms,
            int(candles.open[first]),
            max(int(candles.high[past].max(initial=0)), under_way.high),
            min(int(candles.low[past].min(initial=NO_BOUND)), under_way.low),
            under_way.close,
            int(candles.volume[past].sum()) + under_way.volume,
        )

    # --- The tape --------------------------------------------------------------------------

    def last_print(self, symbol: int) -> int:
        """Return the number of the last trade of *symbol* so far."""
        path, candles = self._paths[symbol], self.listings[symbol].candles
        gone_ms = self.now_ns // MILLI_NS - candles.start_ms - path.bar * candles.step_ms
        begun = sum(offset_ms <= gone_ms for offset_ms in _offsets(candles))
        return len(_offsets(candles)) * path.bar + begun

    def print_at(self, symbol: int, time_ms: int) -> int:
        """Return the number of the first trade of *symbol* that is not before Unix *time_ms*."""
        candles = self.listings[symbol].candles
        bar, after_ms = divmod(max(time_ms - candles.start_ms, 0), candles.step_ms)
        offsets = _offsets(candles)
        return len(offsets) * bar + sum(offset_ms < after_ms for offset_ms in offsets) + 1

    def prints(self, symbol: int, first: int, last: int) -> list[Print]:
        """Return the trades numbered *first* to *last* that have happened, oldest first.

        The tape is a picture: the volume of a bar in quarters, at the points of its path.
        """
        candles, points = (
            self.listings[symbol].candles,
            len(_offsets(self.listings[symbol].candles)),
        )
        first, last = max(first, 1), min(last, self.last_print(symbol))
        bars = range((first - 1) // points, (last - 1) // points + 1)
        found = [each for bar in bars for each in _tape(candles, bar)]
        return [each for each in found if first <= each.number <= last]

    # --- Inside a bar ----------------------------------------------------------------------

    def _under_way(self, symbol: int) -> Bar:
        """Return the bar of *symbol* that holds now, as far as it has come."""
        candles, path = self.listings[symbol].candles, self._paths[symbol]
        start_ms, step_ms = candles.start_ms + path.bar * candles.step_ms, candles.step_ms
        gone_ms = path.now_ns // MILLI_NS - start_ms
        points = zip(_offsets(candles), _points(candles, path.bar), strict=True)
        seen = [path.price, *(price for offset_ms, price in points if offset_ms <= gone_ms)]
        volume = int(candles.volume[path.bar]) * gone_ms // step_ms
        return Bar(start_ms, int(candles.open[path.bar]), max(seen), min(seen), path.price, volume)


def _path(listing: Listing, start_ns: int) -> Path:
    """Return a cursor on the candles of *listing* at *start_ns*."""
    candles = listing.candles
    bar = (start_ns // MILLI_NS - candles.start_ms) // candles.step_ms
    if not 0 <= bar < len(candles):
        raise ValueError(f"{listing.symbol}: no bar at the start of the exchange")
    path = Path(candles, bar)
    path.advance(0, NO_BOUND, start_ns)
    return path


def _offsets(candles: Candles) -> tuple[int, ...]:
    """Return when in a bar its path turns, ms after its begin."""
    step_ms = candles.step_ms
    return 0, step_ms // 4, 3 * step_ms // 4, step_ms - 1


def _points(candles: Candles, bar: int) -> list[int]:
    """Return the prices at which the path of *bar* turns: open, extremes, close."""
    cursor, prices = Path(candles, bar), list[int]()
    begin_ns = cursor.now_ns
    for offset_ms in _offsets(candles):
        cursor.advance(0, NO_BOUND, begin_ns + offset_ms * MILLI_NS)
        prices.append(cursor.price)
    return prices


def _tape(candles: Candles, bar: int) -> list[Print]:
    """Return the trades of *bar*: who buys where the price does not fall takes."""
    offsets, prices, total = _offsets(candles), _points(candles, bar), int(candles.volume[bar])
    before = int(candles.close[max(bar - 1, 0)])
    found = list[Print]()
    for index, (offset_ms, price) in enumerate(zip(offsets, prices, strict=True)):
        volume = total * (index + 1) // len(offsets) - total * index // len(offsets)
        time_ms = candles.start_ms + bar * candles.step_ms + offset_ms
        number = len(offsets) * bar + index + 1
        side = Side.BUY if price >= before else Side.SELL
        found += [Print(number, time_ms, price, volume, side)] if volume else []
        before = price
    return found


def _advance(path: Path, band: tuple[int, int], until_ns: int) -> bool:
    """Move *path* to the first touch of *band*; return whether there was one by *until_ns*."""
    low, high = min(band[0], path.price - 1), max(band[1], path.price + 1)
    if path.finished or until_ns <= path.now_ns:
        return False
    return path.advance(low, high, until_ns)


def length_ms(interval: str) -> int:
    """Return how long a bar of *interval* is, a month at its longest.

    Raises:
        ValueError: *interval* is no number of minutes, and none of D, W and M.
    """
    days = {"D": DAY_MS, "W": 7 * DAY_MS, "M": 31 * DAY_MS}
    if interval in days:
        return days[interval]
    if not INTERVAL.fullmatch(interval) or not int(interval):
        raise ValueError(f"interval {interval}: give minutes, D, W or M")
    return int(interval) * 60_000


def _keys(starts: Ints, interval: str, step_ms: int) -> Ints:
    """Return when the bar of *interval* begins that holds each of *starts*, Unix ms."""
    length = length_ms(interval)
    if interval == "M":
        months = starts.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    if length % step_ms:
        raise ValueError(f"interval {interval}: no multiple of a candle's {step_ms} ms")
    offset_ms = WEEK_OFFSET_MS if interval == "W" else 0
    return (starts - offset_ms) // length * length + offset_ms
