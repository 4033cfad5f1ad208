"""What every measured program shares: its market, its processor time, its memory, its report.

It runs in both environments, so it imports nothing but NumPy and the standard library.  A program
is called with the file of a market and the unit of the ladder, such as 0.5%.
"""

import json
import resource
import sys
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

STATUS = Path("/proc/self/status")


class Market(NamedTuple):
    """Bars as `simulator.candles.Candles` has them; *columns* int64 (bars,) by name."""

    symbol: str
    start_ms: int
    step_ms: int
    price_dp: int
    volume_dp: int
    columns: dict[str, npt.NDArray[np.int64]]

    @property
    def first_ticks(self) -> int:
        """The first price."""
        return int(self.columns["open"][0])


def read(path: Path) -> Market:
    """Return the market in *path*, as `markets.py` wrote it."""
    with np.load(path) as file:
        columns = {name: file[name] for name in file.files if name != "about"}
        about: dict[str, Any] = json.loads(str(file["about"]))
    return Market(columns=columns, **about)


def unit_ticks(text: str, first_ticks: int) -> int:
    """Return the unit *text*, percents of the first price, in ticks.

    >>> unit_ticks("0.5%", 3_000_000)
    15000
    """
    return int(Decimal(text.removesuffix("%")) * first_ticks / 100)


def cpu_s() -> float:
    """Return the processor seconds of this process so far, those of the system included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """Return the largest resident size of this process so far.

    Linux hands the figure of getrusage on from the process that started this one, whatever it
    runs now; the kernel's own figure starts anew.
    """
    if STATUS.exists():
        lines = STATUS.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


class Watch:
    """Processor seconds of what happens between two calls of `lap`, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last_s = 0.0

    def lap(self, name: str) -> None:
        """Book what was used since the last call to *name*."""
        now_s = cpu_s()
        self.laps[name] = now_s - self._last_s
        self._last_s = now_s


def report(watch: Watch, package: str, counts: Mapping[str, int]) -> None:
    """Print what was measured, as one line of JSON."""
    figures = {**watch.laps, **counts, "peak_bytes": peak_bytes(), "version": version(package)}
    print(json.dumps(figures))


def arguments() -> tuple[Path, str]:
    """Return the file of the market and the unit."""
    _, path, unit = sys.argv
    return Path(path), unit
