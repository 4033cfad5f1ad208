"""The page that shows several backtests together: their accounts overlaid, metrics side by side."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from attrs import field, frozen

from simulator.metrics import METRICS, Better, Metric
from simulator.metrics.records import Floats, Ints
from simulator.metrics.series import drawdowns
from simulator.report import tables
from simulator.report.backtest.charts import Chart, Curve, Panel, Shape
from simulator.report.backtest.figures import figure
from simulator.report.backtest.page import document, framed, section
from simulator.report.backtest.words import NONE, value, words
from simulator.report.views import thin

COLORS: Final = ("#0b6e4f", "#7a3fa5", "#e08700", "#1d6bb5", "#cb3a31", "#66727f")
ALIKE: Final = "The runs had the same bars, markets, configuration and versions."
Differences = Iterable[tuple[str, Sequence[str]]]


@frozen(kw_only=True, eq=False)
class Compared:
    """A run: its metrics, and samples at *ts_ms*, Unix ms.

    *equity* is in quote units, *long* and *short* are exposures as shares of the balance, float64
    (samples,) each, of which neither is negative.
    """

    name: str
    metrics: Mapping[str, float | None] = field(repr=False)
    ts_ms: Ints = field(repr=False)
    equity: Floats = field(repr=False)
    long: Floats = field(repr=False)
    short: Floats = field(repr=False)


def html(runs: Sequence[Compared], differences: Differences) -> str:
    """Return the page on *runs*; *differences* are what they were not given alike."""
    found = tuple(differences)
    drawn = overlay(runs)
    title = " | ".join(run.name for run in runs)
    names = tuple(run.name for run in runs)
    given = tables.table(("Given", *names), ((name, *told) for name, told in found), left=9)
    sections = [
        section("given", title, given if found else f"<p>{ALIKE}</p>"),
        framed(drawn),
        *_groups(runs),
    ]
    return document(title, sections, {drawn.name: figure(drawn)})


def overlay(runs: Sequence[Compared]) -> Chart:
    """Return growth, drawdown and net exposure of *runs*, a colour each."""
    growth, under, net = list[Shape](), list[Shape](), list[Shape]()
    for place, run in enumerate(runs):
        color = COLORS[place % len(COLORS)]
        lines = (
            (growth, 100 * (run.equity / run.equity[0] - 1)),
            (under, -100 * drawdowns(run.equity)),
            (net, 100 * (run.long - run.short)),
        )
        for shapes, values in lines:
            shapes.append(Curve(name=run.name, line=thin(run.ts_ms, values), color=color))
    panels = (
        Panel("Growth of the equity (%)", tuple(growth), 2),
        Panel("Drawdown (%)", tuple(under), 1),
        Panel("Net exposure (% of balance)", tuple(net), 1),
    )
    return Chart("overlay", "Equity, drawdown and net exposure", panels)


def lines(runs: Sequence[Compared], metrics: Iterable[Metric]) -> Iterator[tuple[str, ...]]:
    """Yield name, value of each run, and how far each is from the first one, of *metrics*.

    A * stands at the value that is best, where one is.
    """
    for metric in metrics:
        numbers = [run.metrics.get(metric.name) for run in runs]
        if any(number is not None for number in numbers):
            texts = (value(metric, number) for number in numbers)
            best = _best(metric, numbers)
            marked = (f"{text}{' *' * (place == best)}" for place, text in enumerate(texts))
            yield words(metric.name), *marked, *_differences(metric, numbers)


def head(runs: Sequence[Compared]) -> tuple[str, ...]:
    """Return the names of the columns that `lines` has."""
    return "Metric", *(run.name for run in runs), *(f"{run.name}: difference" for run in runs[1:])


def _best(metric: Metric, numbers: Sequence[float | None]) -> int:
    """Return the place of the best of *numbers*, -1 if none is better than the others."""
    known = [number for number in numbers if number is not None]
    if metric.better is Better.NEITHER or len(known) < len(numbers) or len(set(known)) == 1:
        return -1
    return known.index(max(known) if metric.better is Better.UP else min(known))


def _differences(metric: Metric, numbers: Sequence[float | None]) -> Iterator[str]:
    """Yield how far each number is from the first one."""
    first = numbers[0]
    for number in numbers[1:]:
        if first is None or number is None:
            yield NONE
        else:
            text = value(metric, number - first)
            yield text if text.startswith("-") else f"+{text}"


def _groups(runs: Sequence[Compared]) -> Iterator[str]:
    """Yield a section with the table of each group of metrics."""
    for group, members in groupby(METRICS, lambda metric: metric.group):
        if rows := list(lines(runs, members)):
            yield section(f"metrics-{group}", group.capitalize(), tables.table(head(runs), rows))
