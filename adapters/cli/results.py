"""The files of a simulation, and its summary: integers become decimal texts again."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import fields_dict, frozen
from rich.table import Table
from rich.text import Text as Plain

from adapters.config import Simulation, dump
from machines.position import Fill, Pair
from machines.position import step as position_step
from simulator.account import BY_VENUE, Trade
from simulator.record import Tally, tally
from simulator.report import html, pngs
from simulator.results import Cycle, cycles
from simulator.world import Run
from spec.fsm import Spec
from spec.hedge_wallet import HEDGE_WALLET, OrderKind
from spec.order import ORDER
from spec.position import POSITION
from spec.terms import Instrument
from spec.units import SECOND_NS

Text = Callable[[int], str]
Machine = Spec[Any, Any, Any]
Counts = Mapping[tuple[Any, Any], int]
MONEY = ("equity_start", "equity_end", "fees", "funding", "slippage")
NAMES_WIDTH = 20  # of the longest name in the summary, with its margins


@frozen
class Texts:
    """How the integers of one instrument are written."""

    instrument: Instrument

    def price(self, ticks: int) -> str:
        """Return *ticks* in the quote currency."""
        return f"{ticks * Decimal(self.instrument.tick):f}"

    def size(self, lots: int) -> str:
        """Return *lots* in the base currency."""
        return f"{lots * Decimal(self.instrument.lot):f}"

    def money(self, units: int) -> str:
        """Return money *units* in the quote currency."""
        return f"{units * Decimal(self.instrument.money):f}"


def utc(at_ns: int) -> str:
    """Return Unix *at_ns* as an ISO time, UTC, to the microsecond."""
    time = datetime.fromtimestamp(at_ns // SECOND_NS, UTC)
    time = time.replace(microsecond=at_ns % SECOND_NS // 1_000)
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def write(
    run: Run, summary: Mapping[str, int | str], config: Simulation, out: Path
) -> Iterator[tuple[int, int]]:
    """Write the files of *run* to *out*, and yield (files written, files) after each step."""
    texts = Texts(run.setup.wallet.instrument)
    tasks: tuple[Callable[[], object], ...] = (
        lambda: _put(out / "config.json", dump(config)),
        lambda: _put(out / "journal.txt", "\n".join(run.record.journal) + "\n"),
        lambda: _put(out / "summary.json", json.dumps(_readable(summary, texts), indent=2) + "\n"),
        lambda: _csv(out / "fills.csv", _fills(run.venue.fills, texts)),
        lambda: _csv(out / "cycles.csv", _cycles(cycles(run), texts)),
        lambda: _csv(out / "rows.csv", _rows(rows_taken(run))),
        lambda: _pictures(run, out),
        lambda: _put(out / "report.html", html(run)),
    )
    for number, task in enumerate(tasks, start=1):
        task()
        yield number, len(tasks)


def rows_taken(run: Run) -> Iterator[tuple[Machine, Counts]]:
    """Yield the machines of *run*, each with how often it took which pair of state and symbol."""
    yield HEDGE_WALLET, run.record.phases.counts
    yield ORDER, run.record.orders.counts
    yield POSITION, _position_rows(run).counts


def _position_rows(run: Run) -> Tally[Any, Any, Any]:
    """Return the position machine, counting, after the fills of *run*."""
    spec = tally(POSITION)
    pair = Pair(mode=run.setup.venue.mode)
    for each in run.venue.fills:
        fill = Fill(
            side=each.side,
            qty=each.qty,
            notional=each.qty * each.price_ticks,
            position_side=each.position_side,
            reduce_only=each.reduce_only,
        )
        pair, _ = position_step(pair, fill, spec)
    return spec


def shares(taken: Iterable[tuple[Machine, Counts]]) -> dict[str, int | str]:
    """Return how many of the declared rows of each machine were taken, for the summary."""
    return {
        f"{spec.name}_rows": f"{sum((r.source, r.symbol) in counts for r in spec.rows)}"
        f" of {len(spec.rows)}"
        for spec, counts in taken
    }


def table(run: Run, summary: Mapping[str, int | str]) -> Table:
    """Return *summary* for the terminal."""
    market = run.candles
    title = f"{market.symbol}, {market.venue}, from {utc(market.start_ms * 1_000_000)[:16]}Z"
    plain = Plain(title, no_wrap=True)  # a name from outside is no markup
    shown = Table(title=plain, title_justify="left", box=None, show_header=False)
    shown.add_column(style="bold")
    shown.add_column(justify="right", min_width=len(title) - NAMES_WIDTH)
    for name, text in _shown(summary, Texts(run.setup.wallet.instrument)):
        shown.add_row(name, text)
    return shown


def _shown(summary: Mapping[str, int | str], texts: Texts) -> Iterator[tuple[str, str]]:
    """Yield the lines of the terminal's summary: percent, hours, money to the cent."""
    for name, value in summary.items():
        words = name.removesuffix("_ppm").removesuffix("_ns").replace("_", " ")
        if isinstance(value, str):
            yield words, value
        elif name.endswith("_ppm"):
            yield words, f"{Decimal(value) / 10_000:,.2f} %"
        elif name.endswith("_ns"):
            yield f"time in {words.upper()}", f"{Decimal(value) / (3_600 * SECOND_NS):,.1f} h"
        elif name in MONEY:
            yield words, f"{Decimal(texts.money(value)):,.2f}"
        else:
            yield words, f"{value:,}"


def _readable(summary: Mapping[str, int | str], texts: Texts) -> dict[str, int | str]:
    """Return *summary* with money as decimal texts; what ends in ppm or ns stays whole."""
    return {
        name: texts.money(value) if name in MONEY and isinstance(value, int) else value
        for name, value in summary.items()
    }


def _fills(fills: Iterable[Trade], texts: Texts) -> Iterator[Sequence[object]]:
    """Yield the table of fills, its head first."""
    yield "time", "order", "kind", "side", "leg", "qty", "price", "trigger", "fee", "liquidation"
    for each in fills:
        yield (
            utc(each.time_ns),
            each.client_order_id,
            "LIQUIDATION" if each.kind == BY_VENUE else OrderKind(each.kind).name,
            each.side.name,
            each.position_side.name,
            texts.size(each.qty),
            texts.price(each.price_ticks),
            texts.price(each.trigger_ticks) if each.trigger_ticks else "",
            texts.money(each.fee),
            int(each.liquidation),
        )


def _cycles(found: Iterable[Cycle], texts: Texts) -> Iterator[Sequence[object]]:
    """Yield the table of cycles, its head first; what is not known is empty."""
    ways: dict[str, Text] = {"start_ns": utc, "end_ns": utc, "anchor_ticks": texts.price}
    ways |= {"qty": texts.size}
    ways |= dict.fromkeys(("pnl", "fees", "funding", "slippage", "expected", "net"), texts.money)
    names = tuple(fields_dict(Cycle))
    yield tuple(name.removesuffix("_ns").removesuffix("_ticks") for name in names)
    for each in found:
        values = ((name, getattr(each, name)) for name in names)
        yield tuple(_cell(value, ways.get(name, str)) for name, value in values)


def _rows(taken: Iterable[tuple[Machine, Counts]]) -> Iterator[Sequence[object]]:
    """Yield the table of declared rows and how often each was taken, its head first."""
    yield "machine", "state", "symbol", "next", "taken"
    for spec, counts in taken:
        for row in spec.rows:
            names = row.source.name, row.symbol.name, row.target.name
            yield spec.name, *names, counts.get((row.source, row.symbol), 0)


def _cell(value: int | tuple[int, ...] | None, way: Text) -> str:
    """Return one value of a table of cycles."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else way(value)


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _pictures(run: Run, out: Path) -> None:
    for name, png in pngs(run).items():
        (out / f"{name}.png").write_bytes(png)


def _csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
