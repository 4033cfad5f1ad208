"""The file of `hedgeproof check --html`."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulator.checked import Checked, Machines

ROOT = Path(__file__).parents[2]


class Asked(Protocol):
    """The machines whose worlds were checked; of those in *whole* no world is left."""

    @property
    def machines(self) -> "Machines":
        """The machines by name."""
        ...

    @property
    def whole(self) -> frozenset[str]:
        """The names of those that are whole."""
        ...


class Timed(Protocol):
    """A world that was checked, and how long that took."""

    @property
    def checked(self) -> "Checked":
        """What came of it."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took."""
        ...


def write(path: Path, what: str, asked: Asked, judged: Sequence[Timed], *, mutants: bool) -> None:
    """Write the page of the worlds *judged* to *path*; *what* says which they are."""
    from simulator.checked import tables
    from simulator.view import Shown, page

    found = tables(asked.machines, (each.checked for each in judged), asked.whole)
    facts = {
        "Asked for": what or "every world",
        "Commit": commit(),
        "Seed": "none: every interleaving is explored",
        "Python": sys.version.split()[0],
        "NumPy, Numba": f"{version('numpy')}, {version('numba')}",
    }
    shown = [Shown(each.checked, each.seconds) for each in judged]
    text = page(f"Checked: {facts['Asked for']}", facts, shown, found, mutants=mutants)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def commit() -> str:
    """Return the commit of the program, with "-dirty" after changes; its version outside of git."""
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return f"version {version('hedgeproof')}"
    return done.stdout.strip()
