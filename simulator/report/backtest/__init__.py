"""The report of a backtest: one HTML page that needs no network, and its charts as PNG."""

from collections.abc import Iterator, Mapping

from simulator.metrics.records import Records
from simulator.report.backtest import charts, drawn


def html(records: Records, title: str, facts: Mapping[str, str]) -> str:
    """Return the report as one self-contained page; *facts* stand at its top."""
    from simulator.report.backtest import page

    return page.page(records, title, facts)


def pngs(records: Records) -> Iterator[tuple[str, bytes]]:
    """Yield each chart by name as a PNG file: account, exposure, and symbol-NAME of each traded."""
    for chart in charts.charts(records):
        yield chart.name, drawn.png(chart)
