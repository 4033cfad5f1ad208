"""The edge to what tells no types: plotly's bundle, Graphviz, some corners of matplotlib."""

from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final
from warnings import catch_warnings, filterwarnings

import numpy as np
import numpy.typing as npt

from simulator.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RC: Final[dict[str, object]] = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.edgecolor": style.FAINT,
    "axes.labelcolor": style.INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": style.GRID,
    "grid.linewidth": 0.8,
    "xtick.color": style.MUTED,
    "ytick.color": style.MUTED,
    "xtick.labelcolor": style.INK,
    "ytick.labelcolor": style.INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "timezone": "UTC",
}
CLOCK: Final = {  # how a tick is written, from years to seconds; at a zero the larger unit speaks
    "formats": ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"],
    "zero_formats": ["%Y", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
    "show_offset": False,
}


@cache
def plotly_bundle() -> str:
    """Return the JavaScript of plotly, which the page carries with it."""
    return str(import_module("plotly.offline").get_plotlyjs())


def svg(dot: str) -> str:
    """Return the picture of *dot*, a graph in Graphviz's language, as an SVG element."""
    graph = import_module("pygraphviz").AGraph(string=dot)
    text = bytes(graph.draw(format="svg", prog="dot")).decode()
    return text[text.index("<svg") :]


def looks() -> AbstractContextManager[None]:
    """Return the context in which matplotlib draws in our fonts and colours."""
    context: AbstractContextManager[None] = import_module("matplotlib").rc_context(RC)
    return context


def clock(axes: "Axes") -> None:
    """Give *axes* ticks in time, UTC."""
    dates = import_module("matplotlib.dates")
    locator = dates.AutoDateLocator(minticks=6, maxticks=14)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, **CLOCK))


def pixels(figure: "Figure") -> npt.NDArray[np.uint8]:
    """Return *figure* as pixels, uint8 (rows, columns, 3); a sign the font lacks is a box."""
    canvas = import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    with looks(), catch_warnings():
        filterwarnings("ignore", "Glyph .* missing from font")
        canvas.draw()
    return np.asarray(canvas.buffer_rgba(), np.uint8)[:, :, :3]
