"""The pictures of the page: the same views as plotly figures, written as plain JSON values."""

from typing import Any, Final

from simulator.report import style
from simulator.report.series import Series
from simulator.report.texts import Units
from simulator.report.texts import unit as unit_text
from simulator.report.views import Line, Mark, Rest, View, clipped, longest
from spec.hedge_wallet import OrderKind, State
from spec.units import MILLI_NS

Json = dict[str, Any]

SYMBOLS: Final = {
    OrderKind.MARKET_BUY_FULL: "circle",
    OrderKind.STOP_LOSS_FULL: "square",
    OrderKind.STOP_ENTRY_SHORT: "triangle-down",
    OrderKind.STOP_LOSS_COVER: "triangle-up",
}


def price(view: View, units: Units, scale: float) -> Json:
    """Return the figure of the price in *view*; marks and lines are *scale* times as large."""
    data = [
        *_bands(view),
        *_range(view),
        _ladder(view),
        *_rests(view, scale),
        _close(view, scale),
        *_marks(view, units, scale),
    ]
    return {"data": data, "layout": _layout(view, 680)}


def cycle(view: View, position: Line, units: Units) -> Json:
    """Return the figure of one cycle: the price above, the position below."""
    figure = price(view, units, 1.6)
    below = _position(clipped(position, view))
    figure["data"] += [_units(view), *({**trace, "yaxis": "y3"} for trace in below)]
    layout = figure["layout"]
    layout["height"] = 780
    layout["yaxis"]["domain"] = layout["yaxis2"]["domain"] = [0.24, 1]
    layout["yaxis3"] = _axis("Position (lots)", domain=[0, 0.19], tickformat=",d")
    layout["xaxis"]["anchor"] = "y3"
    return figure


def equity(series: Series) -> Json:
    """Return the figure of equity against holding, position and drawdown."""
    own, holding, fall = series.equity, series.holding, series.drawdown
    data = [
        _line(holding, series.holding_name, style.HOLDING, yaxis="y3"),
        _line(own, series.equity_name, style.EQUITY, yaxis="y3", width=1.8),
        *({**trace, "yaxis": "y2"} for trace in _position(series.position)),
        _line(fall, "Drawdown", style.LOSS, fill="tozeroy", hovertemplate="%{y:.2f} %"),
    ]
    layout = frame(780)
    ms = series.position.ms
    layout["xaxis"] |= {"range": [int(ms[0]), int(ms[-1])], "anchor": "y"}
    layout["yaxis"] = _axis("Drawdown (%)", domain=[0, 0.2])
    layout["yaxis2"] = _axis("Position (lots)", domain=[0.25, 0.47], tickformat=",d")
    layout["yaxis3"] = _axis("Equity (quote units)", domain=[0.52, 1], tickformat=",d")
    return {"data": data, "layout": layout}


def frame(height: int, right: int = 90) -> Json:
    """Return what all figures share, in pixels: *height*, and the margin to the *right*."""
    return {
        "height": height,
        "margin": {"l": 86, "r": right, "t": 16, "b": 56},
        "paper_bgcolor": style.PAPER,
        "plot_bgcolor": style.PAPER,
        "font": {"family": style.FONT, "size": 13, "color": style.INK},
        "hovermode": "closest",
        "hoverlabel": {"font": {"family": style.FONT, "size": 13}},
        "legend": {"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        "modebar": {"orientation": "v", "color": style.FAINT, "activecolor": style.MUTED},
        "xaxis": {
            "type": "date",
            "title": {"text": "Time (UTC)"},
            "gridcolor": style.GRID,
            "linecolor": style.FAINT,
            "zeroline": False,
        },
    }


def _axis(title: str, **more: object) -> Json:
    """Return a vertical axis."""
    axis = {"title": {"text": title}, "gridcolor": style.GRID, "linecolor": style.FAINT}
    return {**axis, "zerolinecolor": style.FAINT, **more}


def _layout(view: View, height: int) -> Json:
    """Return the layout of a price figure: the phases on an axis of their own below the price."""
    layout = frame(height)
    layout["xaxis"]["range"] = [view.start_ns // MILLI_NS, view.end_ns // MILLI_NS]
    layout["yaxis"] = {"range": [0, 1], "visible": False, "fixedrange": True}
    layout["yaxis2"] = _axis(
        "Price (quote units)",
        overlaying="y",
        side="left",
        showgrid=False,
        tickformat=",~f",
        tickmode="auto",
    )
    return layout


def _line(line: Line, name: str, color: str, **more: object) -> Json:
    """Return a line."""
    width = more.pop("width", 1.3)
    trace: Json = {"type": "scatter", "mode": "lines", "name": name}
    trace |= {"x": line.ms.tolist(), "y": _rounded(line.y.tolist())}
    return {**trace, "line": {"color": color, "width": width}, "hovertemplate": "%{y:,}", **more}


def _rounded(values: list[float]) -> list[float]:
    """Return *values* with at most ten significant digits, which keeps the page small."""
    return [float(f"{value:.10g}") for value in values]


def _bands(view: View) -> list[Json]:
    """Return the phases as filled areas of full height."""
    traces: list[Json] = []
    for state, spans in view.bands.items():
        x: list[int | None] = []
        y: list[int | None] = []
        for start, end in spans:
            x += [start, start, end, end, None]
            y += [0, 1, 1, 0, None]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": state.name,
                "x": x or [None],
                "y": y or [None],
                "fill": "toself",
                "fillcolor": style.PHASES[State(state)],
                "line": {"width": 0, "color": style.PHASES[State(state)]},
                "hoverinfo": "skip",
                "legendrank": 1_200,
            }
        )
    return traces


def _ladder(view: View) -> Json:
    """Return the levels; hovering over an end tells the unit."""
    x: list[int | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for rung in view.rungs:
        x += [rung.start_ms, rung.end_ms, None]
        y += [rung.price, rung.price, None]
        text += [unit_text(rung.unit)] * 2 + [""]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Ladder",
        "yaxis": "y2",
        "x": x,
        "y": y,
        "text": text,
        "line": {"color": style.FAINT, "width": 0.7},
        "hovertemplate": "unit %{text}: %{y:,}<extra></extra>",
        "legendrank": 1_100,
    }


def _units(view: View) -> Json:
    """Return the names of the levels, right of the picture."""
    rungs = longest(view)
    return {
        "type": "scatter",
        "mode": "text",
        "yaxis": "y2",
        "x": [view.end_ns // MILLI_NS for _ in rungs],
        "y": [rung.price for rung in rungs],
        "text": [f" unit {unit_text(rung.unit)}" for rung in rungs],
        "textposition": "middle right",
        "textfont": {"color": style.MUTED, "size": 12},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _rests(view: View, scale: float) -> list[Json]:
    """Return the waiting orders, one trace a kind."""
    traces: list[Json] = []
    for kind, rests in view.rests.items():
        x, y = _path(rests)
        wider = 2 if kind is OrderKind.STOP_LOSS_FULL else 1
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"{style.WORDS[kind]} order waiting",
                "yaxis": "y2",
                "x": x,
                "y": y,
                "line": {"color": style.ORDERS[kind], "width": 1.1 * scale * wider},
                "hovertemplate": "%{y:,}",
            }
        )
    return traces


def _path(rests: list[Rest]) -> tuple[list[int | None], list[float | None]]:
    """Return one line through all *rests*, broken where an order did not follow another."""
    x: list[int | None] = []
    y: list[float | None] = []
    for rest in rests:
        if not rest.slid:
            x.append(None)
            y.append(None)
        x += [rest.start_ms, rest.end_ms]
        y += _rounded([rest.price, rest.price])
    return x, y


def _range(view: View) -> list[Json]:
    """Return the area from low to high."""
    band = view.range
    low: Json = {"x": band.ms.tolist(), "y": _rounded(band.low.tolist()), "showlegend": False}
    high: Json = {"x": band.ms.tolist(), "y": _rounded(band.high.tolist()), "fill": "tonexty"}
    shared: Json = {
        "type": "scatter",
        "mode": "lines",
        "yaxis": "y2",
        "legendgroup": "range",
        "name": "Low to high",
        "fillcolor": style.RANGE,
        "line": {"width": 0, "color": style.RANGE, "shape": "hv"},
        "hoverinfo": "skip",
    }
    return [shared | low, shared | high]


def _close(view: View, scale: float) -> Json:
    """Return the closes."""
    return _line(view.close, "Price (close)", style.PRICE, yaxis="y2", width=0.6 + 0.5 * scale)


def _marks(view: View, units: Units, scale: float) -> list[Json]:
    """Return the fills, one trace a kind."""
    traces: list[Json] = []
    for kind in (*OrderKind, None):
        marks = [mark for mark in view.marks if mark.kind is kind]
        if kind is None and not marks:
            continue
        symbol = "x" if kind is None else SYMBOLS[kind]
        color = style.LIQUIDATION if kind is None else style.ORDERS[kind]
        outline = {"width": 0.5 * scale, "color": style.PAPER}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "Liquidation" if kind is None else f"{style.WORDS[kind]} filled",
                "yaxis": "y2",
                "x": [mark.ms for mark in marks],
                "y": _rounded([mark.price for mark in marks]),
                "customdata": [_facts(mark, units) for mark in marks],
                "marker": {"symbol": symbol, "size": 7 * scale, "color": color} | {"line": outline},
                "hovertemplate": "price %{y:,}<br>%{customdata[0]} lots<br>fee %{customdata[1]}"
                "<br>unit %{customdata[2]}<br>%{x|%Y-%m-%d %H:%M:%S} UTC",
            }
        )
    return traces


def _facts(mark: Mark, units: Units) -> list[str]:
    """Return what hovering over a fill tells: lots, fee, unit."""
    where = "none" if mark.unit is None else unit_text(mark.unit)
    return [f"{mark.qty:,}", units.cash(mark.fee), where]


def _position(line: Line) -> list[Json]:
    """Return the signed position as steps: what is long in green, what is short in red."""
    traces: list[Json] = []
    kinds = {1: OrderKind.MARKET_BUY_FULL, -1: OrderKind.STOP_ENTRY_SHORT}
    for sign, kind in kinds.items():
        part = Line(line.ms, (line.y * sign).clip(0) * sign)
        color = style.ORDERS[kind]
        trace = _line(part, "Long" if sign > 0 else "Short", color, hovertemplate="%{y:,} lots")
        trace["line"] = {"shape": "hv", "width": 1, "color": color}
        traces.append(trace | {"fill": "tozeroy", "showlegend": False})
    return traces
