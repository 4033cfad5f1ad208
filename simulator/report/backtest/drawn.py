"""Charts as PNG, drawn by matplotlib."""
# matplotlib leaves the types of its keyword arguments open:
# pyright: reportUnknownMemberType=false

from typing import TYPE_CHECKING, Final

from simulator.report import style
from simulator.report.backtest.charts import Area, Chart, Curve, Marks, Shape
from simulator.report.png import encode
from simulator.report.untyped import clock, looks, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI: Final = 110
DAY_MS: Final = 86_400_000
WIDTH: Final = 15.0  # inches
HEIGHT: Final = 2.2  # a share
MARKERS: Final = {"up": "^", "down": "v", "diamond": "D", "cross": "X"}
CROWDED: Final = 500  # marks of one kind from which they are drawn smaller


def png(chart: Chart) -> bytes:
    """Return *chart* as a PNG file."""
    figure, every = _figure(chart)
    for axes, panel in zip(every, chart.panels, strict=True):
        for order, shape in enumerate(panel.shapes):
            _draw(axes, shape, 2 + order)
        axes.set_ylabel(panel.label)
        axes.yaxis.set_major_formatter("{x:,.8g}")
        if _crosses(axes):
            axes.axhline(0, color=style.MUTED, lw=0.8, zorder=1)
        axes.margins(x=0.01)
    figure.align_ylabels()
    _head(every[0], chart.title)
    every[-1].set_xlabel("Time (UTC)")
    return encode(pixels(figure))


def _figure(chart: Chart) -> "tuple[Figure, list[Axes]]":
    """Return an empty figure with the panels of *chart*."""
    from matplotlib.figure import Figure

    shares = [panel.share for panel in chart.panels]
    with looks():
        height = 1.6 + HEIGHT * min(4, max(2.2, sum(shares)))
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        rows = len(shares)
        grid = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=shares)
        every = [row[0] for row in grid]
        every[-1].xaxis_date()
        clock(every[-1])
    return figure, every


def _head(axes: "Axes", title: str) -> None:
    """Write the title, and below it what is shown, above *axes*; a dollar is a dollar."""
    from math import ceil

    columns = 4
    count = len(axes.get_legend_handles_labels()[1])
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        fontsize=10,
        columnspacing=1.4,
        handlelength=1.6,
    )
    pad = 14 + 20 * max(1, ceil(count / columns))
    text = axes.set_title(
        title, pad=pad, loc="left", fontsize=15, fontweight="bold", color=style.INK
    )
    text.set_parse_math(False)


def _crosses(axes: "Axes") -> bool:
    """Return whether zero is among the values of *axes*."""
    low, high = axes.get_ylim()
    return low < 0 < high


def _draw(axes: "Axes", shape: Shape, order: float) -> None:
    """Draw *shape*."""
    match shape:
        case Curve():
            _curve(axes, shape, order)
        case Area():
            days = shape.ms / DAY_MS
            axes.fill_between(
                days,
                shape.low,
                shape.high,
                step="post",
                color=shape.color,
                alpha=0.75,
                lw=0.8,
                label=shape.name,
                zorder=order,
            )
        case Marks():
            _marks(axes, shape, order)


def _curve(axes: "Axes", curve: Curve, order: float) -> None:
    """Draw a line."""
    days, y = curve.line.ms / DAY_MS, curve.line.y
    how = "steps-post" if curve.steps else "default"
    if curve.filled:
        area = axes.fill_between(days, y, 0, step="post" if curve.steps else None)
        area.set(color=curve.color, alpha=0.25, lw=0, zorder=order)
    axes.plot(
        days,
        y,
        color=curve.color,
        lw=curve.width,
        drawstyle=how,
        label=curve.name,
        zorder=order + 0.5,
    )


def _marks(axes: "Axes", marks: Marks, order: float) -> None:
    """Draw points, small ones where there are many."""
    crowd = min(1.0, max(0.6, CROWDED / max(1, len(marks.texts))))
    axes.scatter(
        marks.line.ms / DAY_MS,
        marks.line.y,
        s=crowd * marks.size**2 * 0.55,
        marker=MARKERS[marks.shape],
        color=marks.color,
        edgecolors=style.PAPER,
        linewidths=0.3,
        label=marks.name,
        zorder=order + 1,
    )
