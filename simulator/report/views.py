"""What is seen of a run between two moments, thinned out: the same for every picture.

Times are Unix ms, prices quote units, positions lots, money quote units; floats, for drawing only.
"""

from bisect import bisect, bisect_left
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from simulator.candles import Ints
from simulator.record import Life
from simulator.report.style import RESTING
from simulator.report.texts import units
from simulator.world import Run
from spec.hedge_wallet import OrderKind, State
from spec.units import MILLI_NS

POINTS = 3_000
CROWD_MIN = 6_000  # so many of a kind are a blot; the picture leaves them out and says so
MARGIN = 25  # a window is wider than its cycle by one part of so many, on each side

Floats = npt.NDArray[np.floating[Any]]


@frozen(eq=False)
class Line:
    """Values *y* at the moments *ms*."""

    ms: Ints
    y: Floats


@frozen(eq=False)
class Range:
    """The lowest and highest price of each of some equal stretches that begin at *ms*."""

    ms: Ints
    low: Floats
    high: Floats


@frozen
class Rung:
    """The level of *unit* at *price*, while its anchor held."""

    start_ms: int
    end_ms: int
    unit: int
    price: float


@frozen
class Rest:
    """An order waiting at *price*; *slid* if it took the place of the one before."""

    start_ms: int
    end_ms: int
    price: float
    slid: bool = False


@frozen
class Mark:
    """A fill; *unit* is None where no order of the wallet was filled, *kind* for a liquidation."""

    ms: int
    price: float
    kind: OrderKind | None
    unit: int | None
    qty: int
    fee: int


@frozen
class Span:
    """One cycle: from its re-entry to the moment the wallet is flat again, or to the end."""

    start_ns: int
    end_ns: int
    anchor_ticks: int
    states: frozenset[State]
    ended: bool


@frozen(eq=False, kw_only=True)
class View:
    """Everything that a picture of the price shows from *start_ns* to *end_ns*.

    *left_out* tells that ladder, orders and fills are too many to be seen, and not here.
    """

    start_ns: int
    end_ns: int
    close: Line
    range: Range
    bands: dict[State, list[tuple[int, int]]] = field(repr=False)
    rungs: list[Rung] = field(repr=False)
    rests: dict[OrderKind, list[Rest]] = field(repr=False)
    marks: list[Mark] = field(repr=False)
    left_out: bool = False


def view(run: Run, start_ns: int, end_ns: int) -> View:
    """Return what is seen of *run* from *start_ns* to *end_ns*."""
    candles = run.candles
    step_ns = candles.step_ms * MILLI_NS
    first = (start_ns - candles.start_ms * MILLI_NS) // step_ns - 1
    stop = -(-(end_ns - candles.start_ms * MILLI_NS) // step_ns)
    first, stop = max(first, 0), min(stop, len(candles))
    ms = candles.start_ms + (np.arange(first, stop, dtype=np.int64) + 1) * candles.step_ms
    tick = units(run).tick()
    close = candles.close[first:stop]
    low, high = candles.low[first:stop], candles.high[first:stop]
    rungs = _rungs(run, start_ns, end_ns)
    rests = {kind: _rests(run, kind, start_ns, end_ns) for kind in RESTING}
    marks = _marks(run, start_ns, end_ns)
    crowded = max(len(rungs), len(marks), *map(len, rests.values())) >= CROWD_MIN
    return View(
        start_ns=start_ns,
        end_ns=end_ns,
        close=thin(ms, close * tick),
        range=_range(ms - candles.step_ms, candles.step_ms, low * tick, high * tick),
        bands=_bands(run, start_ns, end_ns),
        rungs=[] if crowded else rungs,
        rests={kind: [] for kind in RESTING} if crowded else rests,
        marks=[] if crowded else marks,
        left_out=crowded,
    )


def whole(run: Run) -> View:
    """Return what is seen of all of *run*."""
    return view(run, run.candles.start_ms * MILLI_NS, run.end_ns)


def detail(run: Run) -> View:
    """Return one cycle, a little more on each side: the one that shows the most.

    A complete cycle through DECLINE and RECOVERY comes before others, then one on which the
    ladder has slid up, down or both, then the first.
    """
    found = spans(run)
    if not found:
        return whole(run)
    slides = _slides(run).values()

    def shown(span: Span) -> tuple[int, bool, int, int]:
        """Return how much there is to see of *span*."""
        phases = len({State.DECLINE, State.RECOVERY} & span.states)
        ways = sum(bisect(at, span.start_ns) < bisect_left(at, span.end_ns) for at in slides)
        return phases, span.ended, ways, -span.start_ns

    best = max(found, key=shown)
    margin = (best.end_ns - best.start_ns) // MARGIN
    start_ns = max(best.start_ns - margin, run.candles.start_ms * MILLI_NS)
    return view(run, start_ns, min(best.end_ns + margin, run.end_ns))


def _slides(run: Run) -> dict[OrderKind, list[int]]:
    """Return when orders were canceled for the ladder to slide: exits up, covers down."""
    lives = [life for life in run.record.lives if life.how == "canceled"]
    return {
        kind: sorted(life.end_ns for life in lives if life.wanted.kind == kind)
        for kind in (OrderKind.STOP_LOSS_FULL, OrderKind.STOP_LOSS_COVER)
    }


def spans(run: Run) -> list[Span]:
    """Return the cycles of *run*, in order."""
    log = run.record.phase_log
    starts = [
        i
        for i, phase in enumerate(log)
        if phase.state is State.ADVANCE and i and log[i - 1].state is State.RESET
    ]
    found: list[Span] = []
    for start, stop in pairwise([*starts, len(log)]):
        last = log[stop - 1]
        ended = last.state is State.RESET
        found.append(
            Span(
                start_ns=log[start].at_ns,
                end_ns=last.at_ns if ended else run.end_ns,
                anchor_ticks=log[start].anchor_ticks,
                states=frozenset(phase.state for phase in log[start:stop]),
                ended=ended,
            )
        )
    return found


def thin(ms: Ints, y: Floats, points: int = POINTS) -> Line:
    """Return at most about *points* of *y*: the lowest and the highest of each stretch.

    The first and the last value and the extremes of the whole are always among them.
    """
    if len(y) <= points:
        return Line(ms, y)
    size = -(-len(y) * 2 // points)
    starts = np.arange(0, len(y), size)
    rows = [y[start : start + size] for start in starts]
    lows = starts + [int(row.argmin()) for row in rows]
    highs = starts + [int(row.argmax()) for row in rows]
    kept = np.unique(np.concatenate([[0], lows, highs, [len(y) - 1]]))
    return Line(ms[kept], y[kept])


def clipped(line: Line, view: View) -> Line:
    """Return the part of the steps *line* inside *view*, from edge to edge."""
    low, high = view.start_ns // MILLI_NS, view.end_ns // MILLI_NS
    first = max(int(np.searchsorted(line.ms, low, "right")) - 1, 0)
    stop = int(np.searchsorted(line.ms, high, "right"))
    ms, y = line.ms[first:stop], line.y[first:stop]
    return Line(np.append(np.maximum(ms, low), high), np.append(y, y[-1]))


def widest(view: View, share: float) -> list[tuple[State, tuple[int, int]]]:
    """Return the bands that are at least *share* of the view wide."""
    least = share * (view.end_ns - view.start_ns) / MILLI_NS
    return [
        (state, span)
        for state, spans in view.bands.items()
        for span in spans
        if span[1] - span[0] >= least
    ]


def longest(view: View) -> list[Rung]:
    """Return the levels of the anchor that held for the longest time."""
    best = max(view.rungs, key=lambda rung: rung.end_ms - rung.start_ms, default=None)
    return [rung for rung in view.rungs if best and rung.start_ms == best.start_ms]


def _range(ms: Ints, step_ms: int, low: Floats, high: Floats) -> Range:
    """Return the range of each of at most `POINTS` / 2 stretches, the last one twice: its end."""
    starts = np.arange(0, len(ms), max(-(-len(ms) * 2 // POINTS), 1))
    lows, highs = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    ends = np.append(ms[starts], ms[-1] + step_ms)
    return Range(ends, np.append(lows, lows[-1]), np.append(highs, highs[-1]))


def _bands(run: Run, start_ns: int, end_ns: int) -> dict[State, list[tuple[int, int]]]:
    """Return when the wallet was in each phase."""
    log = run.record.phase_log
    ends = [*(phase.at_ns for phase in log[1:]), run.end_ns]
    found: dict[State, list[tuple[int, int]]] = {state: [] for state in State}
    for phase, then_ns in zip(log, ends, strict=True):
        begin_ns, until_ns = max(phase.at_ns, start_ns), min(then_ns, end_ns)
        if begin_ns < until_ns:
            found[phase.state].append((begin_ns // MILLI_NS, until_ns // MILLI_NS))
    return found


def _rungs(run: Run, start_ns: int, end_ns: int) -> list[Rung]:
    """Return the levels near the price, as long as each anchor held; none if they are too many."""
    candles, unit_ticks, tick = run.candles, run.setup.wallet.unit_ticks, units(run).tick()
    found: list[Rung] = []
    for span in spans(run):
        begin_ms = max(span.start_ns, start_ns) // MILLI_NS
        until_ms = min(span.end_ns, end_ns) // MILLI_NS
        if begin_ms >= until_ms:
            continue
        first = (begin_ms - candles.start_ms) // candles.step_ms
        stop = (until_ms - 1 - candles.start_ms) // candles.step_ms + 1
        below = (int(candles.low[first:stop].min()) - span.anchor_ticks) // unit_ticks
        above = (int(candles.high[first:stop].max()) - span.anchor_ticks) // unit_ticks
        for unit in range(min(below, -4), above + 2):
            price = (span.anchor_ticks + unit * unit_ticks) * tick
            found.append(Rung(begin_ms, until_ms, unit, price))
    return found


def _rests(run: Run, kind: OrderKind, start_ns: int, end_ns: int) -> list[Rest]:
    """Return where and when orders of *kind* were waiting, by the time they came."""
    tick = units(run).tick()
    found: list[Rest] = []
    before: Life | None = None
    for life in sorted(run.record.lives, key=lambda life: (life.start_ns, life.client_order_id)):
        order, begin_ns, until_ns = life.wanted, life.start_ns, life.end_ns
        begin_ns, until_ns = max(begin_ns, start_ns), min(until_ns, end_ns)
        if order.kind != kind or not order.trigger_ticks or begin_ns >= until_ns:
            continue
        slid = before is not None and kind is OrderKind.STOP_LOSS_FULL and _follows(before, life)
        price = order.trigger_ticks * tick
        found.append(Rest(begin_ns // MILLI_NS, until_ns // MILLI_NS, price, slid))
        before = life
    return found


def _follows(before: Life, life: Life) -> bool:
    """Return whether *life* took the place of a canceled order."""
    return before.how == "canceled" and life.start_ns - before.end_ns < 60_000 * MILLI_NS


def _marks(run: Run, start_ns: int, end_ns: int) -> list[Mark]:
    """Return the fills."""
    orders = {life.client_order_id: life.wanted for life in run.record.lives}
    tick = units(run).tick()
    found: list[Mark] = []
    for trade in run.venue.fills:
        if not start_ns <= trade.time_ns <= end_ns:
            continue
        order = orders.get(trade.client_order_id)
        kind = None if trade.liquidation or trade.kind < 0 else OrderKind(trade.kind)
        unit = None if order is None else order.unit
        price = trade.price_ticks * tick
        found.append(Mark(trade.time_ns // MILLI_NS, price, kind, unit, trade.qty, trade.fee))
    return found
