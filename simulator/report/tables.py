"""The tables of the page."""

from collections.abc import Iterable, Sequence
from html import escape

from simulator.report.diagram import rows_taken
from simulator.report.style import PHASES
from simulator.report.texts import Units, duration, moment, percent
from simulator.report.texts import unit as unit_text
from simulator.results import Cycle, Summary
from simulator.world import Run
from spec.hedge_wallet import State
from spec.units import MILLION

Rows = Iterable[Sequence[str]]

CYCLES = (
    "Cycle",
    "Start (UTC)",
    "Duration",
    "Peak / low / reset (units)",
    "Path (units)",
    "Simple",
    "Fills (count)",
    "Size (lots)",
    "P&L before costs (quote)",
    "Slippage in it (quote)",
    "Closed form (quote)",
    "Difference (quote)",
    "Fees (quote)",
    "Funding (quote)",
    "Net (quote)",
)
CYCLES_TEXT = 6  # columns
PATH_MAX = 5  # turning units in a cell
NONE = "n/a"


def table(head: Sequence[str], rows: Rows, foot: Sequence[str] = (), *, left: int = 1) -> str:
    """Return a table that scrolls; the first *left* columns are text, the others numbers."""
    cells = [f"<tr>{_cells(row, 'td', left)}</tr>" for row in rows]
    tail = f"<tfoot><tr>{_cells(foot, 'td', left)}</tr></tfoot>" if foot else ""
    return (
        f'<div class="scroll"><table><thead><tr>{_cells(head, "th", left)}</tr></thead>'
        f"<tbody>{''.join(cells)}</tbody>{tail}</table></div>"
    )


def cycles(found: Sequence[Cycle], units: Units, end_ns: int) -> str:
    """Return the table of cycles with their sums; *end_ns* is where the open one is cut."""
    cash = units.cash
    sums = [
        sum(cycle.orders for cycle in found),
        sum(cycle.pnl for cycle in found),
        sum(cycle.slippage for cycle in found),
        sum(cycle.expected or 0 for cycle in found),
        sum(_difference(cycle) or 0 for cycle in found),
        sum(cycle.fees for cycle in found),
        sum(cycle.funding for cycle in found),
        sum(cycle.net for cycle in found),
    ]
    simple = sum(cycle.simple for cycle in found)
    fills, *money = sums
    foot = ["Sum", "", "", "", "", f"{simple:,}", f"{fills:,}", "", *map(cash, money)]
    rows = (_cycle(cycle, units, end_ns) for cycle in found)
    return table(CYCLES, rows, foot, left=CYCLES_TEXT)


def _cycle(cycle: Cycle, units: Units, end_ns: int) -> list[str]:
    """Return the row of one cycle."""
    lasted = duration((cycle.end_ns or end_ns) - cycle.start_ns)
    difference = _difference(cycle)
    reset = NONE if cycle.reset_unit is None else unit_text(cycle.reset_unit)
    return [
        str(cycle.number),
        moment(cycle.start_ns),
        lasted if cycle.end_ns is not None else f"{lasted}, open",
        f"{unit_text(cycle.peak_unit)} / {unit_text(cycle.low_unit)} / {reset}",
        _path(cycle.path),
        "yes" if cycle.simple else "no",
        f"{cycle.orders:,}",
        f"{cycle.qty:,}",
        units.cash(cycle.pnl),
        units.cash(cycle.slippage),
        NONE if cycle.expected is None else units.cash(cycle.expected),
        NONE if difference is None else units.cash(difference),
        units.cash(cycle.fees),
        units.cash(cycle.funding),
        units.cash(cycle.net),
    ]


def _difference(cycle: Cycle) -> int | None:
    """Return what the closed form does not explain, None where it does not apply."""
    return None if cycle.expected is None else cycle.pnl + cycle.slippage - cycle.expected


def _path(path: Sequence[int]) -> str:
    """Return the turning units; a long path only as far as it fits."""
    words = [unit_text(unit) for unit in path[:PATH_MAX]]
    more = len(path) - PATH_MAX
    return " ".join(words) + (f" … {more:,} more" if more > 0 else "")


def phases(run: Run, summary: Summary) -> str:
    """Return how often and how long the wallet was in each phase."""
    log = run.record.phase_log
    total = sum(int(summary[f"{state.name.lower()}_ns"]) for state in State)
    rows: list[list[str]] = []
    for state in State:
        time_ns = int(summary[f"{state.name.lower()}_ns"])
        share = percent(time_ns * MILLION // total, places=1) if total else NONE
        count = sum(phase.state is state for phase in log)
        rows.append([state.name, f"{count:,}", duration(time_ns), share])
    return table(("Phase", "Entered (count)", "Time", "Share (%)"), rows)


def taken(run: Run) -> str:
    """Return the table of rows taken."""
    rows = (
        (source.name, symbol.name, target.name, f"{count:,}")
        for source, symbol, target, count in rows_taken(run)
    )
    return table(("Phase", "Symbol", "Next phase", "Taken (count)"), rows, left=3)


def facts(pairs: Iterable[tuple[str, str]], kind: str) -> str:
    """Return names and values as a grid of class *kind*."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs
    )
    return f'<dl class="{kind}">{items}</dl>'


def _cells(row: Sequence[str], tag: str, left: int) -> str:
    """Return the cells of one row; phases have their colour, losses theirs."""
    return "".join(_cell(text, tag, text_column=i < left) for i, text in enumerate(row))


def _cell(text: str, tag: str, *, text_column: bool) -> str:
    """Return one cell."""
    kinds = "t" if text_column else "n"
    if tag == "td" and not text_column and text.startswith("-"):
        kinds += " minus"
    color = PHASES[State[text]] if text in State.__members__ else ""
    style = f' style="background:{color}"' if color else ""
    return f'<{tag} class="{kinds}"{style}>{escape(text)}</{tag}>'
