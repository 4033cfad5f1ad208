"""The bars of a backtest: those of all symbols side by side, read one symbol at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from adapters.backtest.markets import Terms, market
from adapters.candles import DataError, load, span
from adapters.market_data.files import fingerprint
from adapters.market_data.times import step_text
from machines.pricing.numbers import Market
from simulator.candles import Candles, utc
from simulator.engine.bars import Bars, blank, filled

Told = Callable[[int, int, str], None]


@frozen(kw_only=True)
class Window:
    """Trading from *from_ms* until before *to_ms*, after *warmup_ms* in which averages warm up."""

    from_ms: int
    to_ms: int
    warmup_ms: int


@frozen(kw_only=True)
class Plan:
    """Which bars of which symbols to read: *bars* of them from *first_ms* on, *warmup_bars* ahead.

    *spans* are the first bar and the number of bars of each symbol in that time; *notes* what was
    left out.
    """

    folder: Path
    first_ms: int
    step_ms: int
    bars: int
    warmup_bars: int
    spans: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]

    @property
    def from_ms(self) -> int:
        """When trading may start."""
        return self.first_ms + self.warmup_bars * self.step_ms

    @property
    def to_ms(self) -> int:
        """When the last bar ends."""
        return self.first_ms + self.bars * self.step_ms


@frozen(kw_only=True)
class Data:
    """Bars, markets in the order of their symbols, and a fingerprint of the bars of each."""

    bars: Bars = field(repr=False)
    markets: Mapping[str, Market]
    fingerprints: Mapping[str, str]


def plan(folder: Path, symbols: Sequence[str], window: Window) -> Plan:
    """Return which bars of *symbols* in *folder* a run in *window* needs.

    Raises:
        DataError: A file cannot be used, bars are not equally long or do not line up, or no bar is
            left to trade.
    """
    spans = {symbol: span(folder, symbol) for symbol in symbols}
    step = _step(spans)
    warmup = -(-window.warmup_ms // step)
    start = min(first for first, _, _ in spans.values())
    end = max(first + count * step for first, count, _ in spans.values())
    first_ms = max(start, start + (window.from_ms - start) // step * step - warmup * step)
    to_ms = min(end, window.to_ms)
    bars = -(-(to_ms - first_ms) // step)
    within = {
        symbol: (max(first, first_ms), min(first + count * step, first_ms + bars * step))
        for symbol, (first, count, _) in spans.items()
    }
    kept = {symbol: (a, (b - a) // step) for symbol, (a, b) in within.items() if a < b}
    if not kept:
        asked = f"no bar from {utc(window.from_ms)} to {utc(window.to_ms)}"
        raise DataError(f"{folder}: {asked}; ask inside {utc(start)} to {utc(end)}")
    if bars <= warmup + 2:
        raise DataError(
            f"{folder}: {bars:,} bars, of which averages need {warmup:,} to warm up; "
            "give more bars, or a shorter --warmup"
        )
    notes = tuple(_notes(within, step, warmup, first_ms + bars * step))
    return Plan(
        folder=folder,
        first_ms=first_ms,
        step_ms=step,
        bars=bars,
        warmup_bars=warmup,
        spans=kept,
        notes=notes,
    )


def _step(spans: Mapping[str, tuple[int, int, int]]) -> int:
    """Return the step that all have, if their bars open at the same times."""
    (name, (start, _, step)), *others = spans.items()
    for other, (first, _, length) in others:
        if length != step:
            raise DataError(
                f"{other}: bars of {step_text(length)}, and of {step_text(step)} in {name}; "
                "`hedgeproof data resample` makes them equal"
            )
        if (first - start) % step:
            raise DataError(f"{other}: its bars open at other moments than those of {name}")
    return step


def _notes(
    within: Mapping[str, tuple[int, int]], step: int, warmup: int, end: int
) -> Iterator[str]:
    """Yield what becomes of symbols that are not there all the time."""
    found: dict[str, list[str]] = {}
    for symbol, (first, last) in within.items():
        if first >= last:
            found.setdefault("no bar in this time, left out", []).append(symbol)
        elif (last - first) // step <= warmup:
            found.setdefault("too few bars to warm up, not traded", []).append(symbol)
        elif last < end:
            why = f"bars end before {utc(end)}, what is held then is closed"
            found.setdefault(why, []).append(f"{symbol} ({utc(last)})")
    yield from (f"{why}: {', '.join(symbols)}" for why, symbols in found.items())


def read(asked: Plan, terms: Terms, told: Told, *, opens: bool = False) -> Data:
    """Read what was *asked* for; only the bars of one file are held besides those of the result.

    *opens* are kept if they are asked for.

    Raises:
        DataError: A file cannot be used.
    """
    markets: dict[str, Market] = {}
    fingerprints: dict[str, str] = {}

    def each() -> Iterator[Candles]:
        for number, symbol in enumerate(asked.spans, start=1):
            whole = load(asked.folder, symbol)
            first, count = asked.spans[symbol]
            markets[symbol] = market(terms, symbol, whole)
            part = whole.between(first, first + count * asked.step_ms)
            fingerprints[symbol] = fingerprint(part)
            yield part
            told(number, len(asked.spans), f", {symbol}")

    empty = blank(tuple(asked.spans), asked.first_ms, asked.step_ms, asked.bars, opens=opens)
    bars = filled(empty, each())
    return Data(bars=bars, markets=markets, fingerprints=fingerprints)
