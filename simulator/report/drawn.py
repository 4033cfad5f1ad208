"""The pictures as PNG, drawn by matplotlib."""
# matplotlib leaves the types of its keyword arguments open:
# pyright: reportUnknownMemberType=false

from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.report import style
from simulator.report.png import encode
from simulator.report.series import Series
from simulator.report.texts import unit as unit_text
from simulator.report.untyped import clock, looks, pixels
from simulator.report.views import Line, Rest, Rung, View, clipped, longest, widest
from spec.hedge_wallet import OrderKind, State
from spec.units import MILLI_NS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI: Final = 120
DAY_MS: Final = 86_400_000
MARKERS: Final = {
    OrderKind.MARKET_BUY_FULL: "o",
    OrderKind.STOP_LOSS_FULL: "s",
    OrderKind.STOP_ENTRY_SHORT: "v",
    OrderKind.STOP_LOSS_COVER: "^",
}
SMALL: Final = frozenset({OrderKind.STOP_ENTRY_SHORT, OrderKind.STOP_LOSS_COVER})
MARK: Final = 16.0  # the area of a mark in square points,
CROWDED: Final = 24_000  # and that of all of them together, at most
NAMED_SHARE: Final = 0.055  # a band at least so wide is named at its top


def price(view: View, title: str) -> bytes:
    """Return the picture of the price of a whole run."""
    figure, (axes,) = _figure(1, (1,), height=8.5)
    _bands(axes, view)
    _ladder(axes, view.rungs, 0.35)
    _rests(axes, view, 0.8)
    _price(axes, view, 0.9)
    size = min(MARK, CROWDED / max(len(view.marks), 1))
    _marks(axes, view, size)
    _dress(axes, view, title, (MARK / size) ** 0.5)
    axes.set_xlabel("Time (UTC)")
    return encode(pixels(figure))


def cycle(view: View, position: Line, title: str) -> bytes:
    """Return the picture of one cycle: the price above, the position below."""
    figure, (axes, below) = _figure(2, (4.6, 1), height=10.5)
    _bands(axes, view)
    _ladder(axes, view.rungs, 0.9)
    _rests(axes, view, 1.8)
    _price(axes, view, 1.2)
    _marks(axes, view, 74)
    _dress(axes, view, title)
    _names(axes, view)
    _units(axes, view)
    _bands(below, view)
    _position(below, clipped(position, view))
    below.set_xlabel("Time (UTC)")
    return encode(pixels(figure))


def equity(series: Series, title: str) -> bytes:
    """Return the picture of equity against holding, position and drawdown."""
    figure, (money, lots, fall) = _figure(3, (2.4, 1, 1), height=10.5)
    holding, own, drawdown = series.holding, series.equity, series.drawdown
    money.plot(_days(holding), holding.y, color=style.HOLDING, lw=1.2, label=series.holding_name)
    money.plot(_days(own), own.y, color=style.EQUITY, lw=1.5, label=series.equity_name)
    money.set_ylabel("Equity (quote units)")
    money.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    _title(money, title, 34)
    money.yaxis.set_major_formatter("{x:,.0f}")
    _position(lots, series.position)
    x = _days(drawdown)
    fall.fill_between(x, drawdown.y, 0, color=style.LOSS, alpha=0.25, lw=0)
    fall.plot(x, drawdown.y, color=style.LOSS, lw=1)
    fall.set_ylabel("Drawdown (%)")
    fall.set_xlabel("Time (UTC)")
    start, *_, end = _days(series.position)
    fall.set_xlim(float(start), float(end))
    return encode(pixels(figure))


def _figure(rows: int, ratios: tuple[float, ...], height: float) -> "tuple[Figure, list[Axes]]":
    """Return an empty figure of *rows* plots one above the other."""
    from matplotlib.figure import Figure

    with looks():
        figure = Figure(figsize=(16, height), dpi=DPI, layout="constrained")
        grid = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratios)
        axes = [row[0] for row in grid]
        axes[-1].xaxis_date()
        clock(axes[-1])
    return figure, axes


def _title(axes: "Axes", title: str, pad: int) -> None:
    """Write the title above the legend, at the left; a dollar in it is a dollar."""
    text = axes.set_title(
        title, pad=pad, loc="left", fontsize=15, fontweight="bold", color=style.INK
    )
    text.set_parse_math(False)


def _days(line: Line) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the times of *line* as matplotlib counts them, in days."""
    return np.asarray(line.ms / DAY_MS, np.float64).reshape(-1)


def _bands(axes: "Axes", view: View) -> None:
    """Colour the background by phase."""
    for state, spans in view.bands.items():
        ranges = [(start / DAY_MS, (end - start) / DAY_MS) for start, end in spans]
        axes.broken_barh(
            ranges,
            (0, 1),
            transform=axes.get_xaxis_transform(),
            facecolor=style.PHASES[state],
            lw=0,
            zorder=0.1,
        )


def _ladder(axes: "Axes", rungs: list[Rung], width: float) -> None:
    """Draw the levels, the anchor's a little stronger."""
    from matplotlib.collections import LineCollection

    for anchor in (False, True):
        lines = [
            ((rung.start_ms / DAY_MS, rung.price), (rung.end_ms / DAY_MS, rung.price))
            for rung in rungs
            if (rung.unit == 0) is anchor
        ]
        shade = style.MUTED if anchor else style.FAINT
        levels = LineCollection(lines, colors=shade, linewidths=width, zorder=1)
        axes.add_collection(levels, autolim=False)


def _rests(axes: "Axes", view: View, width: float) -> None:
    """Draw the waiting orders; the exit is wider, since it shares its level with an entry."""
    for kind, rests in view.rests.items():
        wider = 2.0 if kind is OrderKind.STOP_LOSS_FULL else 1.0
        x, y = _path(rests)
        color, word = style.ORDERS[kind], style.WORDS[kind]
        label = f"{word} order waiting"
        axes.plot(x, y, color=color, lw=width * wider, alpha=0.9, label=label, zorder=2)


def _path(rests: list[Rest]) -> tuple[list[float], list[float]]:
    """Return one line through all *rests*, broken where an order did not follow another."""
    x: list[float] = []
    y: list[float] = []
    for rest in rests:
        if not rest.slid:
            x.append(float("nan"))
            y.append(float("nan"))
        x += [rest.start_ms / DAY_MS, rest.end_ms / DAY_MS]
        y += [rest.price, rest.price]
    return x, y


def _price(axes: "Axes", view: View, width: float) -> None:
    """Draw the closes over the range from low to high."""
    band, close = view.range, view.close
    days = band.ms / DAY_MS
    shade = style.RANGE
    axes.fill_between(
        days, band.low, band.high, step="post", color=shade, alpha=0.7, lw=0, zorder=1.5
    )
    axes.plot(_days(close), close.y, color=style.PRICE, lw=width, label="Price (close)", zorder=3)


def _marks(axes: "Axes", view: View, size: float) -> None:
    """Mark the fills."""
    for kind in (*OrderKind, None):
        marks = [mark for mark in view.marks if mark.kind is kind]
        if kind is None and not marks:
            continue
        axes.scatter(
            [mark.ms / DAY_MS for mark in marks],
            [mark.price for mark in marks],
            s=size * (1 if kind in SMALL else 2),
            marker="X" if kind is None else MARKERS[kind],
            color=style.LIQUIDATION if kind is None else style.ORDERS[kind],
            edgecolors=style.PAPER,
            linewidths=0.012 * size + 0.2,
            label="Liquidation" if kind is None else f"{style.WORDS[kind]} filled",
            zorder=4 + (kind is not None),
        )


def _dress(axes: "Axes", view: View, title: str, scale: float = 1) -> None:
    """Write title, legend and axes; the legend's marks are *scale* times as wide."""
    from matplotlib.patches import Patch

    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: ("filled" in labels[i], i))
    patches = [Patch(facecolor=style.PHASES[state], label=state.name) for state in State]
    handles = [*(handles[i] for i in order), *patches]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=7,
        frameon=False,
        fontsize=10,
        columnspacing=1.4,
        handlelength=1.8,
        markerscale=scale,
    )
    _title(axes, title, 52)
    axes.set_ylabel("Price (quote units)")
    axes.yaxis.set_major_formatter("{x:,.8g}")
    axes.set_xlim(view.start_ns / MILLI_NS / DAY_MS, view.end_ns / MILLI_NS / DAY_MS)
    axes.margins(y=0.06)
    axes.grid(visible=False, axis="y")


def _names(axes: "Axes", view: View) -> None:
    """Name the wide bands at their top."""
    for state, span in widest(view, NAMED_SHARE):
        axes.text(
            (span[0] + span[1]) / 2 / DAY_MS,
            0.985,
            state.name,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=10,
            color=style.MUTED,
            weight="bold",
        )


def _units(axes: "Axes", view: View) -> None:
    """Write the units of the longest ladder at the right edge."""
    from matplotlib.ticker import FixedLocator, NullLocator

    rungs = longest(view)
    right = axes.twinx()
    right.set_ylim(axes.get_ylim())
    right.yaxis.set_major_locator(FixedLocator([rung.price for rung in rungs]))
    right.yaxis.set_minor_locator(NullLocator())
    right.set_yticklabels([unit_text(rung.unit) for rung in rungs])
    right.set_ylabel("Ladder (units from the anchor)")
    right.grid(visible=False)
    right.spines[:].set_visible(False)
    right.tick_params(length=0)


def _position(axes: "Axes", line: Line) -> None:
    """Draw the signed position as steps."""
    x = _days(line)
    for sign, kind in ((1, OrderKind.MARKET_BUY_FULL), (-1, OrderKind.STOP_ENTRY_SHORT)):
        part = np.clip(line.y * sign, 0, None) * sign
        axes.fill_between(x, part, 0, step="post", color=style.ORDERS[kind], alpha=0.35, lw=0)
    axes.step(x, line.y, where="post", color=style.INK, lw=0.8)
    axes.axhline(0, color=style.MUTED, lw=0.8)
    axes.set_ylabel("Position (lots)")
    axes.yaxis.set_major_formatter("{x:,.0f}")
