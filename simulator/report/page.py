"""The HTML page: everything in one text, nothing to load."""

import json
from html import escape
from typing import Any

from simulator import results
from simulator.candles import utc
from simulator.report import diagram, figures, pictures, style, tables, views
from simulator.report.series import series
from simulator.report.texts import Units, duration, percent, units
from simulator.report.untyped import plotly_bundle
from simulator.results import Summary
from simulator.world import Run
from spec.units import MILLI_NS, MILLION

NOTE = (
    "What the candle walk leaves out: the true order of the extremes inside a bar and how often "
    "the price went to and fro between them, the spread, and what the wallet's own orders would "
    "have done to the price."
)
CYCLES = (
    "<p>P&amp;L is the change of cash relative to holding the size to the RESET level. A simple "
    "cycle, one fall and one rise, earns the closed form to the last money unit: difference = "
    "P&amp;L + slippage - closed form. Net = P&amp;L - fees + funding. Money is in quote units.</p>"
)
BUTTONS = ("zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage")
CONFIG = {"responsive": True, "displaylogo": False, "modeBarButtons": [list(BUTTONS)]}


def page(run: Run) -> str:
    """Return the report of *run*."""
    unit = units(run)
    found, summary = results.cycles(run), results.summary(run)
    lines = series(run, results.equity(run), summary)
    whole, detail = views.whole(run), views.detail(run)
    drawn = {
        "price": figures.price(whole, unit, 1),
        "cycle": figures.cycle(detail, lines.position, unit),
        "equity": figures.equity(lines),
    }
    sections = [
        _section("summary", "Key figures", _key(summary, unit)),
        _figure("cycle", pictures.cycle_title(run, detail)),
        _figure("price", pictures.price_title(run, whole)),
        _figure("equity", pictures.equity_title(run)),
        _section("cycles", "Cycles", CYCLES + tables.cycles(found, unit, run.end_ns)),
        _section("phases", "Phases", _phases(run, summary)),
        _section("rows", "Rows taken", tables.taken(run)),
    ]
    title = f"{run.candles.symbol}: hedge wallet, simulated"
    return _document(title, _header(run, unit, title), sections, drawn)


def _document(title: str, header: str, sections: list[str], drawn: dict[str, Any]) -> str:
    """Return the whole page; no text in *drawn* can end the script or begin another."""
    data = json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c")
    script = (
        f"const figures = {data};\nfor (const [name, figure] of Object.entries(figures)) "
        f"Plotly.newPlot('figure-' + name, figure.data, figure.layout, {json.dumps(CONFIG)});"
    )
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{CSS}</style>",
            f"</head><body><main>{header}",
            *sections,
            f"</main><script>{plotly_bundle()}</script>",
            f"<script>{script}</script></body></html>\n",
        ]
    )


def _section(name: str, title: str, body: str) -> str:
    """Return one section of the page."""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def _figure(name: str, title: str) -> str:
    """Return the place of a figure."""
    return _section(name, title, f'<div id="figure-{name}" class="figure"></div>')


def _header(run: Run, unit: Units, title: str) -> str:
    """Return the title, what the run was set up with, and what it leaves out."""
    candles, setup = run.candles, run.setup
    wallet, venue = setup.wallet, setup.venue
    instrument = wallet.instrument
    share = wallet.unit_ticks * MILLION // int(candles.open[0])
    length = duration(len(candles) * candles.step_ms * MILLI_NS)
    latency = f"{_ms(setup.to_venue_ns)} to the venue, {_ms(setup.to_bot_ns)} back"
    pairs = [
        ("Market", f"{candles.symbol} on {candles.venue}"),
        ("Period", f"{utc(candles.start_ms)} to {utc(candles.end_ms)} ({length})"),
        ("Bars", f"{len(candles):,} of {duration(candles.step_ms * MILLI_NS)}"),
        ("Position mode", wallet.mode.name),
        ("Margin", f"{venue.margin_mode.name}, leverage {venue.leverage}"),
        ("Ladder unit", f"{unit.price(wallet.unit_ticks)} ({percent(share)} of the first price)"),
        ("Fragment", f"a quarter, by {wallet.fragment.name}"),
        ("Deposit", f"{unit.cash(venue.deposit)} quote units"),
        ("Fees", f"maker {_fee(instrument.maker_ppm)}, taker {_fee(instrument.taker_ppm)}"),
        ("Funding", f"{_fee(setup.funding_ppm)} each {duration(setup.funding_ns)}"),
        ("Latency", f"{latency}, jitter up to {_ms(setup.jitter_ns)}"),
        ("Slippage (ticks a fill)", f"{venue.slippage_ticks:,}"),
        ("Seed", f"{setup.seed}"),
        ("Journal hash", run.journal_hash),
    ]
    return (
        f"<header><h1>{escape(title)}</h1>{tables.facts(pairs, 'setup')}"
        f'<p class="note">{escape(NOTE)}</p></header>'
    )


def _key(summary: Summary, unit: Units) -> str:
    """Return the key figures."""
    figure = {name: value for name, value in summary.items() if isinstance(value, int)}
    cash = {name: unit.cash(value) for name, value in figure.items()}
    pairs = [
        ("Return", percent(figure["return_ppm"])),
        ("Holding", percent(figure["holding_return_ppm"])),
        ("Largest drawdown", percent(-figure["drawdown_ppm"])),
        ("Equity at the end (quote units)", cash["equity_end"]),
        ("Fees (quote units)", cash["fees"]),
        ("Funding received (quote units)", cash["funding"]),
        ("Slippage (quote units)", cash["slippage"]),
        ("Cycles, simple ones", f"{figure['cycles']:,}, {figure['simple_cycles']:,}"),
        ("Orders placed, fills", f"{figure['orders']:,}, {figure['fills']:,}"),
    ]
    return tables.facts(pairs, "key")


def _phases(run: Run, summary: Summary) -> str:
    """Return the phase diagram with its counts, and the time in each phase."""
    text = "Each arrow says how often it was taken; a dashed one never was."
    picture = f'<div class="diagram">{diagram.picture(run)}</div>'
    return f'<p>{text}</p><div class="pair">{picture}{tables.phases(run, summary)}</div>'


def _ms(ns: int) -> str:
    """Return a latency."""
    return f"{ns / MILLI_NS:g} ms"


def _fee(ppm: int) -> str:
    """Return a rate."""
    return percent(ppm, places=3)


CSS = f"""
body {{ margin: 0; background: #f4f6f8; color: {style.INK};
  font: 15px/1.5 {style.FONT}; }}
main {{ max-width: 1640px; margin: 0 auto; padding: 24px; }}
header, section {{ background: {style.PAPER}; border: 1px solid {style.GRID}; border-radius: 10px;
  padding: 18px 24px; margin-bottom: 20px; }}
h1 {{ font-size: 26px; margin: 0 0 12px; }}
h2 {{ font-size: 18px; margin: 0 0 12px; }}
dl {{ display: grid; gap: 10px 28px; margin: 0; }}
dl.setup {{ grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); }}
dl.key {{ grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 14px; }}
dl.key div {{ background: #f4f6f8; border-radius: 8px; padding: 10px 14px; }}
dt {{ color: {style.MUTED}; font-size: 12.5px; }}
dd {{ margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }}
dl.key dd {{ font-size: 18px; font-weight: 600; }}
.note {{ color: {style.MUTED}; margin: 14px 0 0; }}
.scroll {{ max-height: 520px; overflow: auto; border: 1px solid {style.GRID}; border-radius: 6px;
  width: fit-content; max-width: 100%; }}
table {{ border-collapse: separate; border-spacing: 0; font-size: 12.5px;
  font-variant-numeric: tabular-nums; }}
th, td {{ padding: 5px 6px; border-bottom: 1px solid {style.GRID}; white-space: nowrap; }}
th {{ position: sticky; top: 0; background: #f4f6f8; font-weight: 600; white-space: normal;
  vertical-align: bottom; min-width: 54px; }}
tfoot td {{ position: sticky; bottom: 0; background: #f4f6f8; font-weight: 600; }}
tbody tr:hover td {{ background: #f8fafc; }}
.t {{ text-align: left; }} .n {{ text-align: right; }} .minus {{ color: {style.LOSS}; }}
.pair {{ display: flex; flex-wrap: wrap; gap: 24px; align-items: center; }}
.diagram {{ flex: 1 1 640px; }}
.diagram svg {{ max-width: 100%; height: auto; display: block; margin: 0 auto; }}
.figure {{ width: 100%; }}
"""
