"""The figures as tables: for the terminal, for docs/benchmarks.md, and as plain data."""

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict
from rich.console import Console
from rich.table import Table

from tests.benchmarks.measure import OURS, ROOT, Row, Start

PAGE = ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
MEGA = 1_000_000
LABELS = (
    ("engine", "left"),
    ("market", "left"),
    ("unit", "right"),
    ("bars", "right"),
    ("orders", "right"),
    ("filled", "right"),
    ("bars/CPU-s, best", "right"),
    ("median", "right"),
    ("best : ours", "right"),
    ("peak MB", "right"),
    ("import CPU-s", "right"),
)


def machine() -> str:
    """Return what the figures were measured on.

    >>> "Python" in machine()
    True
    """
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = (line.partition(":") for line in info.read_text().splitlines())
        model = next((text.strip() for name, _, text in lines if "model name" in name), model)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def versions(rows: Sequence[Row]) -> dict[str, str]:
    """Return the version of each engine that ran."""
    return {row.engine.name: row.samples[0].version for row in rows if row.samples}


def cells(rows: Sequence[Row]) -> Iterator[list[str]]:
    """Yield the cells of each row; a row without samples says why in the fourth."""
    ours = {row.case: row.best for row in rows if row.engine == OURS}
    for row in rows:
        head = [row.engine.name, row.case.market, row.case.unit]
        if not row.samples:
            yield [*head, row.problem]
            continue
        first = row.samples[0]
        import_s = min(sample.import_s for sample in row.samples)
        yield [
            *head,
            *(f"{count:,}" for count in (first.bars, first.orders, first.filled)),
            f"{row.best:,.0f}",
            f"{row.middle:,.0f}",
            f"{row.best / ours[row.case]:.2f}",
            f"{row.peak_bytes / MEGA:.0f}",
            f"{import_s:.2f}",
        ]


def start_line(start: Start) -> str:
    """Return one command as a sentence."""
    walls = ", ".join(f"{wall_s:.2f}" for wall_s in start.wall_s)
    cpus = ", ".join(f"{cpu_s:.2f}" for cpu_s in start.cpu_s)
    peak = start.peak_bytes / MEGA
    return f"`{start.command}`: {walls} s, of the processor {cpus} s, peak {peak:.0f} MB"


def show(rows: Sequence[Row], starts: Sequence[Start], notes: Sequence[str]) -> None:
    """Print everything to the terminal."""
    table = Table(title=machine())
    for label, side in LABELS:
        table.add_column(label, justify="left" if side == "left" else "right")
    case = rows[0].case
    for row, texts in zip(rows, cells(rows), strict=True):
        if row.case != case:
            table.add_section()
            case = row.case
        table.add_row(*texts)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for line in (*map(start_line, starts), *notes):
        console.print(line, highlight=False)


def markdown(rows: Sequence[Row], starts: Sequence[Start], notes: Sequence[str]) -> str:
    """Return everything as a page's part."""
    known = ", ".join(f"{name} {version}" for name, version in versions(rows).items())
    head = [f"{machine()}; {known}.", ""]
    head.append(f"| {' | '.join(label for label, _ in LABELS)} |")
    head.append(f"|{'|'.join('---' if side == 'left' else '---:' for _, side in LABELS)}|")
    body: list[str] = []
    for texts in cells(rows):
        padded = [*texts, *[""] * (len(LABELS) - len(texts))]
        body.append(f"| {' | '.join(padded)} |")
    rest = [f"- {line}" for line in (*map(start_line, starts), *notes)]
    return "\n".join([*head, *body, "", *rest])


def replaced(page: str, part: str) -> str:
    """Return *page* with *part* between the two markers.

    >>> replaced(f"a\\n{BEGIN}\\nold\\n{END}\\nz", "new") == f"a\\n{BEGIN}\\nnew\\n{END}\\nz"
    True
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"no {BEGIN} in the page"
    assert end, f"no {END} in the page"
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def figures(rows: Sequence[Row], starts: Sequence[Start], notes: Sequence[str]) -> dict[str, Any]:
    """Return everything as plain data."""
    return {
        "machine": machine(),
        "versions": versions(rows),
        "rows": [
            {
                "engine": row.engine.name,
                **asdict(row.case),
                "problem": row.problem,
                "samples": [asdict(sample) for sample in row.samples],
            }
            for row in rows
        ],
        "starts": [asdict(start) for start in starts],
        "notes": list(notes),
    }
