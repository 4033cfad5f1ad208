"""Measure model checkers on MIRROR: `python tests/benchmarks/checkers/run.py S M`.

Every checker must count the same and find each defect by a path of the same, shortest length;
where one does not, the last lines say so and the exit code is 1.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, evolve, frozen
from rich.console import Console
from rich.table import Table

from tests.benchmarks.checkers.checker import Checker, CheckerError, Figures
from tests.benchmarks.checkers.mirror import DEFECT_DEPTHS, DEFECTS, EXPECTED, NAMED
from tests.benchmarks.checkers.ours import COMPILED, HOT, REFERENCE, Ours
from tests.benchmarks.checkers.rivals import Spin, Tlc
from tests.benchmarks.table import MEGA, machine

SLOW_STATES = 200_000  # a slow checker is left out of a size with more
FEW_MODES = 2_000_000  # a size with more states is measured in the fastest mode so far only
SPIN = Spin()
FAST: tuple[Checker, ...] = (SPIN, Ours(COMPILED), Ours(HOT))
SLOW: tuple[Checker, ...] = (Tlc(), Ours(REFERENCE))
DEFECTS_AT = "S"
TOO_SLOW = "left out: --slow measures it here too"
LEFT = ("size", "checker", "mode")
LABELS = (
    *("size", "checker", "states", "transitions", "depth", "prepare CPU-s", "CPU-s", "wall s"),
    *("states/CPU-s", "x SPIN", "peak MB", "mode"),
)


@frozen
class Row:
    """A checker at a size: its runs, each with its mode, or why there are none."""

    size: str
    checker: str
    runs: tuple[tuple[str, Figures], ...] = ()
    problem: str = ""

    @property
    def best(self) -> tuple[str, Figures]:
        """The run that needed the least of the processor."""
        return min(self.runs, key=lambda run: run[1].cpu_s)

    @property
    def depth(self) -> int | None:
        """The depth, which not every mode tells."""
        return next((run.depth for _, run in self.runs if run.depth is not None), None)

    def problems(self) -> Iterator[str]:
        """Yield the runs that did not count what they should."""
        expected = EXPECTED[NAMED[self.size]]
        for mode, run in self.runs:
            if not run.agree(expected):
                counted = (run.states, run.transitions, run.depth)
                yield f"{self.checker} {mode} at {self.size}: {counted}, not {tuple(expected)}"


@frozen
class Found:
    """How near a checker found a defect: any claim that failed, the exposure; or why it did not."""

    defect: str
    checker: str
    depths: tuple[int, int] | None = None
    problem: str = ""

    @property
    def right(self) -> bool:
        """Whether those are the shortest there are, as far as the checker could run."""
        return self.depths == DEFECT_DEPTHS[self.defect]


def once(checker: Checker, size: str, modes: Sequence[str]) -> Row:
    """Run *checker* once in each of *modes*."""
    try:
        runs = tuple((mode, checker.check(NAMED[size], mode)) for mode in modes)
    except CheckerError as error:
        return Row(size, checker.name, problem=str(error))
    return Row(size, checker.name, runs)


def again(found: Row, checker: Checker) -> Row:
    """Return *found* with one more run in the fastest mode."""
    if not found.runs:
        return found
    more = once(checker, found.size, found.best[:1])
    return evolve(found, runs=found.runs + more.runs, problem=more.problem)


def rows(sizes: Sequence[str], repeats: int, *, slow: bool) -> Iterator[Row]:
    """Yield every checker at every size, the absent ones with the reason.

    The fast ones take turns, so that whatever else the machine does falls on all of them.
    """
    fastest: dict[str, tuple[str, ...]] = {}
    for size in sizes:
        states = EXPECTED[NAMED[size]].states
        known = fastest if states > FEW_MODES else {}
        found = [once(each, size, known.get(each.name, each.modes)) for each in FAST]
        for _ in range(repeats - 1):
            found = [again(row, each) for row, each in zip(found, FAST, strict=True)]
        fastest |= {row.checker: row.best[:1] for row in found if row.runs}
        yield from found
        for each in SLOW:
            if states > SLOW_STATES and not slow:
                yield Row(size, each.name, problem=TOO_SLOW)
            else:
                yield once(each, size, each.modes)


def defects(checkers: Sequence[Checker]) -> Iterator[Found]:
    """Yield how near each of *checkers* finds each defect."""
    for checker in checkers:
        for defect in DEFECTS:
            try:
                depths = checker.depths(NAMED[DEFECTS_AT], defect)
            except CheckerError as error:
                yield Found(defect, checker.name, problem=str(error))
            else:
                yield Found(defect, checker.name, depths)


def cells(found: Row, spin: Row | None) -> list[str]:
    """Return the cells of one row; *spin* is the row of SPIN at the same size."""
    if not found.runs:
        return [found.size, found.checker, *[""] * (len(LABELS) - 3), found.problem]
    mode, run = found.best
    depth = "-" if found.depth is None else f"{found.depth}"
    ratio = f"{spin.best[1].cpu_s / run.cpu_s:.2f}" if spin is not None else "-"
    return [
        *(found.size, found.checker, f"{run.states:,}", f"{run.transitions:,}", depth),
        *(f"{seconds:.2f}" for seconds in (run.prepare_s, run.cpu_s, run.wall_s)),
        *(f"{run.states / run.cpu_s:,.0f}", ratio, f"{run.peak_bytes / MEGA:.0f}", mode),
    ]


def show(found: Sequence[Row], seen: Sequence[Found], versions: dict[str, str]) -> None:
    """Print everything to the terminal."""
    console = Console(width=None if sys.stdout.isatty() else 180)
    title = f"{machine()}; {', '.join(' '.join(pair) for pair in versions.items())}"
    table = Table(title=title)
    for label in LABELS:
        table.add_column(label, justify="left" if label in LEFT else "right")
    for size in dict.fromkeys(each.size for each in found):
        of_size = [each for each in found if each.size == size]
        spin = next((each for each in of_size if each.checker == SPIN.name and each.runs), None)
        for each in of_size:
            table.add_row(*cells(each, spin))
        table.add_section()
    console.print(table)
    table = Table(title=f"Steps to a failure at {DEFECTS_AT}: of any claim, of the exposure")
    table.add_column("defect")
    names = list(dict.fromkeys(each.checker for each in seen))
    for name in names:
        table.add_column(name)
    for defect, words in DEFECTS.items():
        of = {each.checker: each for each in seen if each.defect == defect}
        texts = [", ".join(map(str, of[name].depths or (of[name].problem,))) for name in names]
        table.add_row(f"{defect} {words}", *texts)
    console.print(table)


def problems(found: Sequence[Row], seen: Sequence[Found]) -> list[str]:
    """Return everything on which the checkers that ran do not agree."""
    wrong = [problem for each in found for problem in each.problems()]
    ran = {each.checker for each in found if each.runs}
    for each in seen:
        if each.checker in ran and not each.right:
            said = each.depths or each.problem
            wrong.append(f"{each.checker}: {each.defect}: {said}, not {DEFECT_DEPTHS[each.defect]}")
    return wrong


def versions_of(checkers: Sequence[Checker]) -> dict[str, str]:
    """Return the version of each of *checkers* that can run here."""
    found: dict[str, str] = {}
    for checker in checkers:
        try:
            found[checker.name] = checker.version()
        except CheckerError as error:
            print(f"{checker.name}: {error}", file=sys.stderr)
    return found


def figures(found: Sequence[Row], seen: Sequence[Found], versions: dict[str, str]) -> Any:  # noqa: ANN401
    """Return everything as plain data."""
    return {
        "machine": machine(),
        "versions": versions,
        "rows": [asdict(each) for each in found],
        "defects": [asdict(each) for each in seen],
    }


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=["S", "M"], help=f"of {' '.join(NAMED)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--repeats", type=int, default=3, help="runs in the fastest mode")
    parser.add_argument("--slow", action="store_true", help="every checker at every size")
    asked = parser.parse_args()
    if unknown := set(asked.sizes) - set(NAMED):
        parser.error(f"no size {' '.join(sorted(unknown))}; there are {' '.join(NAMED)}")
    checkers = (*FAST, *SLOW)
    versions = versions_of(checkers)
    found = list(rows(asked.sizes, asked.repeats, slow=asked.slow))
    seen = list(defects([checker for checker in checkers if checker.name in versions]))
    show(found, seen, versions)
    if asked.json:
        asked.json.write_text(json.dumps(figures(found, seen, versions), indent=2) + "\n")
    wrong = problems(found, seen)
    for line in wrong or ["All counts agree, and every defect is found by a shortest path."]:
        print(line)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
