"""`hedgeproof compare`: backtests side by side."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.terminal import CommandError, console, made_folder

OUT = Path("runs/compare.html")
SHOWN_MAX = 8  # differences in what the runs were given


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders that `backtest` has written.")],
    *,
    out: Annotated[Path, typer.Option(help="The page to write.")] = OUT,
) -> None:
    """Show the metrics of backtests side by side, and write a page that overlays their accounts."""
    from rich.table import Table
    from rich.text import Text

    from adapters.backtest.folder import differences, names, read
    from simulator.metrics import METRICS
    from simulator.report.compare import head, html, lines

    if len(set(runs)) < 2:  # noqa: PLR2004
        raise CommandError("give two folders or more, each once")
    folders = [read(folder, name) for folder, name in zip(runs, names(runs), strict=True)]
    unlike = list(differences(folders))
    for name, values in unlike[:SHOWN_MAX]:
        print(f"hedgeproof: {name} differs: {' | '.join(values)}", file=sys.stderr)
    if len(unlike) > SHOWN_MAX:
        print(f"hedgeproof: {len(unlike) - SHOWN_MAX} more differences", file=sys.stderr)
    compared = [folder.run for folder in folders]
    first, *rest = head(compared)
    shown = Table(first, box=None, header_style="bold")
    for name in rest:
        shown.add_column(Text(name), justify="right")
    for name, *cells in lines(compared, METRICS):
        shown.add_row(name, *cells)
    made_folder(out.parent)
    out.write_text(html(compared, unlike), encoding="utf-8")
    console().print(shown)
    print(f"The page is {out}")
