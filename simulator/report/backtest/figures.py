"""Charts as plotly figures, written as plain JSON values."""

from typing import Any, Final

from simulator.report import style
from simulator.report.backtest.charts import Area, Chart, Curve, Marks, Panel, Shape
from simulator.report.figures import frame

Json = dict[str, Any]

SYMBOLS: Final = {"up": "triangle-up", "down": "triangle-down", "diamond": "diamond", "cross": "x"}
GAP: Final = 0.06  # of the height, between panels
HEIGHT: Final = 190  # pixels a share of the height
DIGITS: Final = 8


def figure(chart: Chart) -> Json:
    """Return *chart* as a figure: the first panel is the top one."""
    layout, data = _frame(chart), list[Json]()
    top, shares = 1.0, sum(panel.share for panel in chart.panels)
    room = 1 - GAP * (len(chart.panels) - 1)
    for number, panel in enumerate(chart.panels, start=1):
        place = "" if number == 1 else str(number)
        bottom = max(0.0, top - room * panel.share / shares)
        layout[f"yaxis{place}"] = _axis(panel, [bottom, top])
        layout["xaxis"]["anchor"] = f"y{place}"  # the last one keeps it
        top = bottom - GAP
        data += [trace | {"yaxis": f"y{place}"} for each in panel.shapes for trace in _traces(each)]
    return {"data": data, "layout": layout}


def _frame(chart: Chart) -> Json:
    """Return the frame of *chart*, as high as its panels need."""
    shares = sum(panel.share for panel in chart.panels)
    return frame(int(150 + HEIGHT * min(4, max(2.2, shares))), 30)


def _axis(panel: Panel, domain: list[float]) -> Json:
    """Return the vertical axis of *panel*."""
    return {
        "title": {"text": panel.label},
        "domain": domain,
        "gridcolor": style.GRID,
        "linecolor": style.FAINT,
        "zerolinecolor": style.FAINT,
        "tickformat": ",~g",
    }


def _traces(shape: Shape) -> list[Json]:
    """Return what draws *shape*."""
    match shape:
        case Curve():
            return [_curve(shape)]
        case Area():
            return _area(shape)
        case Marks():
            return [_marks(shape)]


def _curve(curve: Curve) -> Json:
    """Return a line."""
    how = {"color": curve.color, "width": curve.width, "shape": "hv" if curve.steps else "linear"}
    trace = _points(curve.line.ms.tolist(), curve.line.y.tolist())
    trace |= {"mode": "lines", "name": curve.name, "line": how, "hovertemplate": "%{y:,.8~g}"}
    below = {"fill": "tozeroy", "fillcolor": _pale(curve.color)}
    return trace | (below if curve.filled else {})


def _area(area: Area) -> list[Json]:
    """Return two lines with what is between them filled."""
    ms, edge = area.ms.tolist(), {"width": 0.8, "shape": "hv", "color": area.color}
    shared = {"mode": "lines", "line": edge, "legendgroup": area.name, "name": area.name}
    low = _points(ms, area.low.tolist()) | shared | {"showlegend": False, "hoverinfo": "skip"}
    high = _points(ms, area.high.tolist()) | shared
    return [low, high | {"fill": "tonexty", "hovertemplate": "%{y:,.8~g}"}]


def _marks(marks: Marks) -> Json:
    """Return points that tell their text."""
    trace = _points(marks.line.ms.tolist(), marks.line.y.tolist())
    marker: Json = {"symbol": SYMBOLS[marks.shape], "size": marks.size, "color": marks.color}
    marker["line"] = {"width": 0.6, "color": style.PAPER}
    hover = "%{text}<br>%{x|%Y-%m-%d %H:%M:%S} UTC"
    return trace | {
        "mode": "markers",
        "name": marks.name,
        "marker": marker,
        "text": list(marks.texts),
        "hovertemplate": hover,
    }


def _pale(color: str) -> str:
    """Return *color*, #rrggbb, a quarter as strong."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.25)"


def _points(ms: list[int], y: list[float]) -> Json:
    """Return a trace through points, with few digits: that keeps the page small."""
    return {"type": "scatter", "x": ms, "y": [float(f"{value:.{DIGITS}g}") for value in y]}
