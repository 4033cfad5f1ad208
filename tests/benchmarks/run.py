"""Measure speed and memory against other engines: `python tests/benchmarks/run.py`.

docs/benchmarks.md says what is equal and what is not, and has the last table.
"""

import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.benchmarks.measure import ENGINES, Case, markets, rows, start
from tests.benchmarks.table import PAGE, figures, markdown, replaced, show

UNITS = ("0.5%", "0.2%")
MARKETS = ("synthetic", "BTCUSDT")
REPEATS = 3
LEFT_OUT = "{} is left out: HEDGEPROOF_SHARED names no folder that holds its candles"
HELP, SIMULATE = "hedgeproof --help", "hedgeproof simulate"


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--write", action="store_true", help=f"renew the table in {PAGE.name}")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="processes for each figure")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = markets(folder)
        cases = [Case(market, unit) for market in MARKETS if market in there for unit in UNITS]
        found = list(rows(folder, ENGINES, cases, asked.repeats))
    starts = [start(HELP, 5), start(SIMULATE, 2)]
    notes = [LEFT_OUT.format(market) for market in MARKETS if market not in there]
    show(found, starts, notes)
    if asked.json:
        asked.json.write_text(json.dumps(figures(found, starts, notes), indent=2) + "\n")
    if asked.write:
        PAGE.write_text(replaced(PAGE.read_text(), markdown(found, starts, notes)))


if __name__ == "__main__":
    main()
