"""What every checker of the benchmark shares: its figures, and how its programs are run."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from tests.benchmarks.checkers.mirror import Counts, Size

USAGE = Path(__file__).with_name("usage.py")
TIMEOUT_S = 900


class CheckerError(RuntimeError):
    """A checker cannot run, or did not print what it should; the message says which."""


@frozen(kw_only=True)
class Figures:
    """One exploration to its end: what it counted and used; *prepare_s* is of the processor too.

    *depth* is None of a search that is not breadth-first.
    """

    states: int
    transitions: int
    depth: int | None
    prepare_s: float
    cpu_s: float
    wall_s: float
    peak_bytes: int

    def agree(self, expected: Counts) -> bool:
        """Whether this counted what it should."""
        depths = {None, expected.depth}
        return self.depth in depths and (self.states, self.transitions) == expected[:2]


class Checker(Protocol):
    """A program that explores MIRROR, in one of its *modes*, of which the fastest counts."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    @property
    def modes(self) -> tuple[str, ...]:
        """How it may be run."""
        ...

    def version(self) -> str:
        """Return its version.

        Raises:
            CheckerError: It cannot run here.
        """
        ...

    def check(self, size: Size, mode: str) -> Figures:
        """Explore the model to its end.

        Raises:
            CheckerError: It fails, or what it prints is not what it should.
        """
        ...

    def depths(self, size: Size, defect: str) -> tuple[int, int]:
        """Return how near the first state is where a claim fails, and where the exposure does.

        Raises:
            CheckerError: It fails, or finds nothing.
        """
        ...


@frozen(kw_only=True)
class Used:
    """What a command printed, its exit code, and what it used."""

    said: str
    code: int
    cpu_s: float
    wall_s: float
    peak_bytes: int


def used(folder: Path, *command: str | Path) -> Used:
    """Run *command* in *folder* to its end.

    Raises:
        CheckerError: There is no such program, or it takes too long.
    """
    if shutil.which(command[0]) is None:
        raise CheckerError(f"{command[0]} is not installed")
    file = folder / "said"
    launch = [sys.executable, "-I", "-S", USAGE, file, *command]
    process = subprocess.Popen(  # noqa: S603  # the commands below
        launch, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        figures, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise CheckerError(f"{command[0]} takes more than {TIMEOUT_S} s") from None
    if process.returncode:
        raise CheckerError(f"{command[0]} cannot be run")
    return Used(said=file.read_text(), **json.loads(figures))


def done(folder: Path, *command: str | Path) -> Used:
    """Run *command*, which must succeed, in *folder*.

    Raises:
        CheckerError: It does not.
    """
    found = used(folder, *command)
    if found.code:
        said = found.said.strip().splitlines() or [""]
        raise CheckerError(f"{command[0]}: exit code {found.code}: {said[-1]}")
    return found


def first(pattern: str, said: str, what: str) -> str:
    """Return the first group of *pattern* in *said*.

    >>> first("([0-9,]+) states", "345 states found", "the states")
    '345'

    Raises:
        CheckerError: It is not there.
    """
    found = re.search(pattern, said, re.MULTILINE)
    if found is None:
        raise CheckerError(f"it printed nothing of {what}")
    return found[1]


def numbers(said: str, patterns: Sequence[tuple[str, str]]) -> list[int]:
    """Return the number that each pattern, with what it is of, finds in *said*.

    Raises:
        CheckerError: One is missing, or is no whole number.
    """
    found = [(first(pattern, said, what), what) for pattern, what in patterns]
    for text, what in found:
        if not text.isdecimal():
            raise CheckerError(f"{text} is no whole number of {what}")
    return [int(text) for text, _ in found]
