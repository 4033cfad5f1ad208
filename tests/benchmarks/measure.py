"""Start programs in fresh processes, one at a time, and collect what they measured."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from attrs import field, frozen

ROOT = Path(__file__).parents[2]
RIVALS = ROOT / ".rivals/bin/python"
SHARED = Path(os.environ.get("HEDGEPROOF_SHARED", ROOT.parent / "shared"))
TIMEOUT_S = 120
NOT_INSTALLED = "not installed"


@frozen
class Engine:
    """An engine, the package whose version it has, the module that measures it, and with what."""

    name: str
    package: str
    program: str
    python: Path


OURS = Engine("hedgeproof", "hedgeproof", "engine_hedgeproof", Path(sys.executable))
ENGINES = (
    OURS,
    Engine("NautilusTrader", "nautilus-trader", "engine_nautilus", RIVALS),
    Engine("backtesting.py", "backtesting", "engine_backtesting", RIVALS),
)


@frozen
class Case:
    """A market, by name, and the unit of the ladder."""

    market: str
    unit: str


@frozen(kw_only=True)
class Sample:
    """What one process did: processor seconds by stage, counts, its largest resident size."""

    version: str
    bars: int
    orders: int
    filled: int
    import_s: float
    prepare_s: float
    run_s: float
    peak_bytes: int


@frozen
class Row:
    """An engine on a case: its samples, or why there are none."""

    engine: Engine
    case: Case
    samples: list[Sample] = field(factory=list[Sample])
    problem: str = ""

    @property
    def best(self) -> float:
        """The bars per processor second of the fastest process."""
        return max(self.speeds)

    @property
    def middle(self) -> float:
        """The median of the bars per processor second."""
        return median(self.speeds)

    @property
    def speeds(self) -> list[float]:
        """The bars per processor second of each process."""
        return [sample.bars / sample.run_s for sample in self.samples]

    @property
    def peak_bytes(self) -> int:
        """The largest resident size of any of the processes."""
        return max(sample.peak_bytes for sample in self.samples)


@frozen(kw_only=True)
class Start:
    """A command from its start to its end: wall-clock and processor seconds, best first."""

    command: str
    wall_s: list[float]
    cpu_s: list[float]
    peak_bytes: int


class ProgramError(RuntimeError):
    """A program has failed; the message is the last thing that it said."""


def output(python: Path, program: str, *arguments: str | Path) -> str:
    """Return what *program* prints.

    Raises:
        ProgramError: There is no such Python, or the program fails or takes too long.
    """
    command = [python, "-m", f"tests.benchmarks.{program}", *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # our own programs
            command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise ProgramError(NOT_INSTALLED) from None
    except subprocess.TimeoutExpired:
        raise ProgramError(f"took more than {TIMEOUT_S} s") from None
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise ProgramError(NOT_INSTALLED if said.startswith("ModuleNotFoundError") else said)
    return done.stdout


def markets(folder: Path) -> tuple[str, ...]:
    """Write the markets to *folder*, in a process of its own, and return their names."""
    output(OURS.python, "markets", folder, SHARED)
    return tuple(sorted(path.stem for path in folder.glob("*.npz")))


def sample(engine: Engine, folder: Path, case: Case) -> Sample:
    """Run *engine* once on *case*.

    Raises:
        ProgramError: It cannot run.
    """
    printed = output(engine.python, engine.program, folder / f"{case.market}.npz", case.unit)
    return Sample(**json.loads(printed.splitlines()[-1]))


def rows(
    folder: Path, engines: Sequence[Engine], cases: Sequence[Case], repeats: int
) -> Iterable[Row]:
    """Yield each engine on each case.

    The engines take turns, so that whatever else the machine does falls on all of them.
    """
    for case in cases:
        found = {engine: Row(engine, case) for engine in engines}
        for _ in range(repeats):
            for engine, row in found.items():
                if row.problem:
                    continue
                try:
                    row.samples.append(sample(engine, folder, case))
                except ProgramError as error:
                    found[engine] = Row(engine, case, problem=str(error))
        yield from found.values()


def start(command: str, repeats: int) -> Start:
    """Run the console command *command* in an empty folder, *repeats* times in a row."""
    program, *arguments = command.split()
    path = Path(sys.executable).with_name(program)
    walls: list[float] = []
    cpus: list[float] = []
    peak_bytes = 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            began = time.perf_counter()
            process = subprocess.Popen(  # noqa: S603  # our own command
                [path, *arguments],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            walls.append(time.perf_counter() - began)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise ProgramError(f"{command}: exit code {process.returncode}")
            cpus.append(used.ru_utime + used.ru_stime)
            scale = 1 if sys.platform == "darwin" else 1024
            peak_bytes = max(peak_bytes, used.ru_maxrss * scale)
    return Start(command=command, wall_s=walls, cpu_s=cpus, peak_bytes=peak_bytes)
