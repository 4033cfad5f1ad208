"""What all commands share: how they end, and what they show meanwhile."""

import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from difflib import get_close_matches
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer

from adapters.kernels import keep

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

P = ParamSpec("P")
R = TypeVar("R")

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
QUIET_S = 2
SUFFIX = ".py"  # of a user's own machines and worlds
PIPE_WIDTH = 160


class CommandError(ValueError):
    """A command cannot do what it was asked; the message says why and what to do."""


def orderly(command: Callable[P, R]) -> Callable[P, R]:
    """Return *command* ending with one line and an exit code where it is refused or interrupted."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            print("hedgeproof: interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise
        except _refusals() as error:
            print(f"hedgeproof: {error}", file=sys.stderr)
            raise typer.Exit(REFUSED) from None

    return run


def nearest(what: str, name: str, known: Iterable[str]) -> CommandError:
    """Return the refusal of *name*, which none of *known* is."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.0)
    return CommandError(
        f"no {what} {name!r}; the nearest is {near[0]}" if near else f"no {what} at all"
    )


def needed(*modules: str) -> None:
    """Refuse to go on without *modules*, which only some commands need."""
    first = keep()
    if missing := [module for module in modules if find_spec(module) is None]:
        raise CommandError(
            f"not installed: {', '.join(missing)}; `make check` installs what checking needs"
        )
    if first:
        print("hedgeproof: first use: compiles for up to a minute, and keeps it", file=sys.stderr)


def made_folder(out: Path, option: str = "out") -> Path:
    """Return *out* once the folder is there: before the work, in case it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "give a folder to write to"
        raise CommandError(f"{option} {out}: {error.strerror}; {fix}") from error
    return out


def console() -> "Console":
    """Return the terminal, or a wide page where output goes to a file or a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


@contextmanager
def waiting(what: str) -> Generator[Callable[[int, int, str], None]]:
    """Yield a function to be told (done, total or 0, more words) as work goes on.

    A line on stderr shows it, with the rate and the time left, once it has taken two seconds.
    """
    started, shown = monotonic(), list["tuple[Progress, TaskID]"]()

    def told(done: int, total: int, words: str) -> None:
        seconds = monotonic() - started
        if seconds < QUIET_S or not done:
            return
        if not shown:
            shown.append(_meter(what))
        rate = done / seconds
        left = f", {max(total - done, 0) / rate:.0f} s left" if total else ""
        text = f"{done:,} at {rate:,.0f}/s{left}{words}"
        meter, task = shown[0]
        meter.update(task, completed=done, total=total or None, words=text, refresh=True)

    try:
        yield told
    finally:
        for meter, _ in shown:
            meter.stop()


def _meter(what: str) -> "tuple[Progress, TaskID]":
    """Return a progress line on stderr, and its task."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}")
    meter = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
    meter.start()
    return meter, meter.add_task(what, words="")


def _refusals() -> tuple[type[Exception], ...]:
    """Return what is the user's to mend; looked up only once something was raised."""
    from adapters.candles import DataError
    from adapters.config import ConfigError
    from adapters.guarded import WorldError
    from adapters.machine_file import MachineFileError
    from simulator.candles import CandleError

    told = ConfigError, DataError, CandleError, MachineFileError, WorldError
    return CommandError, *told, OSError
