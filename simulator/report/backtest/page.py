"""The HTML page of a backtest: everything in one text, nothing to load."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Final

import numpy as np

from simulator.candles import utc
from simulator.metrics import BY_NAME, METRICS, Month, Records, metrics, months, trades
from simulator.report import tables
from simulator.report.backtest.charts import Chart, charts, traded
from simulator.report.backtest.figures import Json, figure
from simulator.report.backtest.words import NONE, value, words
from simulator.report.page import CONFIG, CSS
from simulator.report.untyped import plotly_bundle

KEY: Final = (
    "gain",
    "adg",
    "drawdown_worst",
    "sharpe",
    "calmar",
    "loss_profit_ratio",
    "pnl",
    "fees",
    "mirror_net",
    "beta_before",
    "beta_after",
    "exposure_net_mean",
)
MONTHS: Final = (
    "Month",
    "Growth (%)",
    "Drawdown (%)",
    "P&L (quote)",
    "Mirror P&L (quote)",
    "Fees (quote)",
    "Mirror fees (quote)",
    "Fills (count)",
    "Mean long (%)",
    "Mean short (%)",
)
SYMBOLS: Final = (
    "Symbol",
    "Fills (count)",
    "Trades (count)",
    "P&L long (quote)",
    "P&L short (quote)",
    "Mirror P&L (quote)",
    "Fees (quote)",
    "Net (quote)",
)
MORE_CSS: Final = """
details { margin: 6px 0; } summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
td.says { white-space: normal; }
"""
SCRIPT: Final = """
const draw = name => { const at = document.getElementById('figure-' + name);
  if (at && !at.drawn) { at.drawn = true;
    Plotly.newPlot(at, figures[name].data, figures[name].layout, config); } };
for (const at of document.querySelectorAll('details')) at.addEventListener('toggle',
  () => { if (at.open) draw(at.dataset.name); });
for (const name of Object.keys(figures)) { const at = document.getElementById('figure-' + name);
  if (!at.closest('details') || at.closest('details').open) draw(name); }
"""


def page(records: Records, title: str, facts: Mapping[str, str]) -> str:
    """Return the report of *records*; *facts* stand at its top."""
    found, drawn = metrics(records), list(charts(records))
    header = {"Period": _period(records), "Symbols": ", ".join(records.symbols), **facts}
    key = ((words(name), value(BY_NAME[name], found[name])) for name in KEY)
    sections = [
        f"<header><h1>{escape(title)}</h1>{tables.facts(header.items(), 'setup')}</header>",
        section("summary", "Key figures", tables.facts(key, "key")),
        *(framed(chart) for chart in drawn[:2]),
        section("months", "Months", _months(months(records))),
        section("symbols", "Symbols", _symbols(records) + _folded(drawn[2:])),
        *_groups(found),
    ]
    return document(title, sections, {chart.name: figure(chart) for chart in drawn})


def document(title: str, sections: list[str], drawn: dict[str, Json]) -> str:
    """Return the whole page; no text in *drawn* can end the script or begin another."""
    data = json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{CSS}{MORE_CSS}</style></head><body><main>",
            *sections,
            f"</main><script>{plotly_bundle()}</script>",
            f"<script>const figures = {data}, config = {json.dumps(CONFIG)};{SCRIPT}</script>",
            "</body></html>\n",
        ]
    )


def section(name: str, title: str, body: str) -> str:
    """Return one section of the page."""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def framed(chart: Chart) -> str:
    """Return the section in which *chart* is drawn."""
    place = f'<div id="figure-{escape(chart.name)}" class="figure"></div>'
    return section(chart.name, chart.title, place)


def _folded(drawn: list[Chart]) -> str:
    """Return the places of charts that are drawn when they are opened; the first one is."""
    parts: list[str] = []
    for number, chart in enumerate(drawn):
        name, state = escape(chart.name), "" if number else " open"
        place = f'<div id="figure-{name}" class="figure"></div>'
        title = f"<summary>{escape(chart.title)}</summary>"
        parts.append(f'<details data-name="{name}"{state}>{title}{place}</details>')
    return "".join(parts)


def _period(records: Records) -> str:
    """Return from when to when the samples are."""
    if not len(records.ts_ms):
        return NONE
    start, end = int(records.ts_ms[0]), int(records.ts_ms[-1])
    return f"{utc(start)} to {utc(end)} ({records.days:,.1f} d)"


def _months(found: tuple[Month, ...]) -> str:
    """Return the table of months."""
    rows = (
        (
            each.month,
            _number(None if each.gain is None else each.gain - 1, 100),
            _number(each.drawdown, -100),
            *map(_number, (each.pnl, each.mirror_pnl, each.fees, each.mirror_fees)),
            f"{each.fills:,}",
            _number(each.long, 100),
            _number(each.short, 100),
        )
        for each in found
    )
    return tables.table(MONTHS, rows)


def _symbols(records: Records) -> str:
    """Return the table of symbols, those with most fills first, with their sums."""
    lines = np.array([_line(records, symbol) for symbol in traded(records)])
    rows = [
        (records.symbols[symbol], *_cells(line))
        for symbol, line in zip(traded(records), lines, strict=True)
    ]
    foot = ("Sum", *_cells(lines.sum(axis=0))) if rows else ()
    return tables.table(SYMBOLS, rows, foot)


def _line(records: Records, symbol: int) -> tuple[float, ...]:
    """Return the figures of one symbol."""
    fills, found = records.fills[records.fills["symbol"] == symbol], trades(records)
    pnl, sides = fills["pnl"], fills["side"]
    count = int((found["symbol"] == symbol).sum())
    parts = (pnl[sides > 0].sum(), pnl[sides < 0].sum(), pnl[fills["mirror"]].sum())
    fee = fills["fee"].sum()
    return len(fills), count, *map(float, parts), float(fee), float(pnl.sum() - fee)


def _cells(line: "tuple[float, ...] | np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[str]:
    """Return two counts and five amounts."""
    numbers = [float(number) for number in line]
    return [*(f"{number:,.0f}" for number in numbers[:2]), *map(_number, numbers[2:])]


def _groups(found: Mapping[str, float | None]) -> Iterator[str]:
    """Yield a section with the table of each group of metrics."""
    for group, members in groupby(METRICS, lambda metric: metric.group):
        rows = (
            (words(each.name), each.says, each.unit, value(each, found[each.name]))
            for each in members
        )
        table = tables.table(("Metric", "It says", "Unit", "Value"), rows, left=3)
        yield section(f"metrics-{group}", group.capitalize(), table)


def _number(amount: float | None, factor: float = 1) -> str:
    """Return *amount* times *factor* with two places; nothing is not negative."""
    return NONE if amount is None else f"{round(amount * factor, 2) + 0.0:,.2f}"
