"""Our own explorers, each run in a fresh process.

A process is called with the explorer, the size such as 3,3,3,2,4 and the defect, which may be
empty, and prints what it has found as one line of JSON.  Before it measures, it explores the
smallest size, so that what is compiled on first use is prepared, as SPIN's checker is by gcc.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

from simulator.actors import ActorWorld
from simulator.explorer import Report
from simulator.explorer import explore as reference
from tests.benchmarks.checkers.checker import CheckerError, Figures, used
from tests.benchmarks.checkers.mirror import EXPOSURE, SMALL, Size, mirror
from tests.benchmarks.probe import Watch, peak_bytes

STATES_MAX = 100_000_000
PROGRAM = "tests.benchmarks.checkers.ours"
REFERENCE, COMPILED, HOT = "reference", "compiled", "compiled, hot steps"
Explore = Callable[..., Report[Any]]


@frozen
class Ours:
    """One of our explorers; it has one mode."""

    explorer: str
    modes: tuple[str, ...] = ("",)

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"hedgeproof {self.explorer}"

    def version(self) -> str:
        """Return the version of hedgeproof."""
        _said(self.explorer, SMALL[0])
        return version("hedgeproof")

    def check(self, size: Size, mode: str) -> Figures:  # noqa: ARG002
        """Explore the model in a process of its own."""
        return Figures(**_said(self.explorer, size))

    def depths(self, size: Size, defect: str) -> tuple[int, int]:
        """Explore the model with *defect* until the exposure fails."""
        found = _said(self.explorer, size, defect)
        return found["any_claim"], found["exposure"]


def _said(explorer: str, size: Size, defect: str = "") -> dict[str, Any]:
    """Return what a process of ours has printed."""
    sizes = ",".join(map(str, size))
    with TemporaryDirectory() as name:
        run = used(Path(name), sys.executable, "-m", PROGRAM, explorer, sizes, defect)
    lines = run.said.strip().splitlines() or [""]
    if run.code:
        raise CheckerError(lines[-1])
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def _explorer(name: str) -> Explore:
    """Return the explorer *name*."""
    if name == REFERENCE:
        return reference
    from simulator.compiled import explore

    return explore


def _world(name: str) -> Callable[..., ActorWorld]:
    """Return the model that the explorer *name* is given."""
    if name != HOT:
        return mirror
    from tests.benchmarks.checkers.hot import hot_mirror

    return hot_mirror


def main() -> None:
    """Explore, and print what was found."""
    _, name, sizes, defect = sys.argv
    watch = Watch()
    size = Size(*map(int, sizes.split(",")))
    explore, world = _explorer(name), _world(name)
    explore(world(*SMALL[0]), states_max=STATES_MAX)
    gc.collect()  # what the imports have left, which is not the exploration's to look through
    watch.lap("prepare_s")
    began = time.perf_counter()
    stop_at = frozenset({EXPOSURE}) if defect else frozenset[str]()
    report = explore(world(*size, defect), states_max=STATES_MAX, stop_at_first_failure=stop_at)
    wall_s = time.perf_counter() - began
    watch.lap("cpu_s")
    print(
        json.dumps(
            _depths(report)
            if defect
            else {**_figures(report), **watch.laps, "wall_s": wall_s, "peak_bytes": peak_bytes()}
        )
    )


def _figures(report: Report[Any]) -> dict[str, int]:
    """Return what was counted.

    Raises:
        CheckerError: A claim has failed.
    """
    if report.failures or not report.complete:
        raise CheckerError("it did not complete the exploration")
    return {"states": report.states, "transitions": report.transitions, "depth": report.depth}


def _depths(report: Report[Any]) -> dict[str, int]:
    """Return the lengths of the shortest paths to failures."""
    found = {failure.property.id: len(failure.moves()) for failure in report.failures}
    if EXPOSURE not in found:
        raise CheckerError("it did not find the defect")
    return {"any_claim": min(found.values()), "exposure": found[EXPOSURE]}


if __name__ == "__main__":
    main()
