"""`hedgeproof audit` and `hedgeproof replay`: is a journal sound, and what does it tell?"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import FAILED, CommandError, console, waiting

if TYPE_CHECKING:
    from adapters.journal.audit import Audit
    from adapters.journal.replay import Moment

File = Annotated[Path, typer.Argument(help="The journal's file.")]
EVERY = 1_000


def audit(
    journal: File,
    *,
    order: Annotated[int, typer.Option(help="Tell the story of one order.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The folder for the order's story.")] = None,
) -> None:
    """Verify a journal: its chain, each step, each property; or tell what happened to an order."""
    if order:
        _story(journal, order, out)
        return
    from adapters.journal.audit import audit as audited

    lines = _Lines()
    with refused(), waiting("rows") as told:

        def seen(moment: "Moment", rows: int) -> None:
            lines.take(moment)
            if not moment.row % EVERY:
                told(moment.row, rows, "")

        done = audited(journal, seen)
    _show(done, lines.hash())
    if not done.passed:
        raise typer.Exit(FAILED)


def replay(
    journal: File,
    *,
    until: Annotated[int, typer.Option(help="The last row to show; 0: all.")] = 0,
) -> None:
    """Replay a journal through the machines, and print each event and command."""
    lines = _Lines()
    with refused():
        for moment in _moments(journal):
            if until and moment.row > until:
                break
            for line in lines.take(moment):
                print(line)


@contextmanager
def refused() -> Generator[None]:
    """End the command with one line where a journal cannot be used."""
    from adapters.journal.errors import JournalError

    try:
        yield
    except JournalError as error:
        raise CommandError(str(error)) from error


class _Lines:
    """The lines of `journal.txt`, and the hash over all of them, as a simulation prints it."""

    def __init__(self) -> None:
        from hashlib import blake2b

        from simulator.record import Notes

        self._record = Notes()
        self._hash = blake2b(digest_size=16)
        self._between = ""

    def take(self, moment: "Moment") -> list[str]:
        """Return the lines of *moment*."""
        if moment.step is None:
            return []
        step, journal = moment.step, self._record.journal
        self._record.write(moment.at_ns, step.event, step.commands)
        lines = list(journal)
        journal.clear()
        self._hash.update((self._between + "\n".join(lines)).encode())
        self._between = "\n"
        return lines

    def hash(self) -> str:
        """Return the hash over all lines so far."""
        return self._hash.hexdigest()


def _moments(path: Path) -> "Iterator[Moment]":
    """Yield what the journal at *path* makes the machines do."""
    from adapters.journal.replay import replayed
    from adapters.journal.store import Reader

    with Reader(path) as reader:
        yield from replayed(reader.rows())


def _show(done: "Audit", lines_hash: str) -> None:
    """Print what an audit has found."""
    from rich.table import Table

    facts = Table(box=None, show_header=False)
    facts.add_column(style="bold")
    facts.add_column(justify="right")
    for name, value in _facts(done, lines_hash):
        facts.add_row(name, value)
    console().print(facts)
    table = Table("property", box=None, header_style="bold")
    table.add_column("cases", justify="right")
    table.add_column("failed", justify="right")
    table.add_column("what must hold")
    for name, tally in done.tallies.items():
        table.add_row(name, f"{tally.cases:,}", f"{tally.failed:,}", tally.words)
    console().print(table)
    for finding in done.findings:
        print(f"{finding.check} fails in row {finding.row}: {finding.text}")
    if done.fault is not None:
        print(done.fault)
    else:
        print("The chain holds, and the machines repeat every step.")


def _facts(done: "Audit", lines_hash: str) -> Iterator[tuple[str, str]]:
    """Yield the numbers of an audit."""
    from adapters.cli.results import utc

    if done.last < done.first:
        yield "rows", "none can be used"
        return
    yield "rows", f"{done.first:,} to {done.last:,}"
    yield "from", utc(done.from_ns)
    yield "until", utc(done.until_ns)
    for name in ("steps", "commands", "intents", "changes", "snapshots", "configurations"):
        yield name, f"{getattr(done, name):,}"
    if done.head is not None:
        yield f"hash of row {done.head.row:,}", done.head.hash.hex()
    yield "journal hash", lines_hash


def _story(path: Path, order: int, out: Path | None) -> None:
    """Print, or write to *out*, what happened to an order, as far as the journal can be read."""
    from adapters.cli.results import utc
    from adapters.journal.errors import JournalError
    from adapters.journal.story import Line, mermaid, story, text

    lines: list[Line] = []
    fault: JournalError | None = None
    try:
        lines.extend(story(_moments(path), order))
    except JournalError as error:
        fault = error
    if not lines and fault is None:
        raise CommandError(f"no order {order} in {path}; `hedgeproof replay` shows those there are")
    told, drawn = "\n".join(text(lines, utc)), "\n".join(mermaid(lines))
    if out is None:
        print(f"{told}\n\n{drawn}")
    else:
        out.mkdir(parents=True, exist_ok=True)
        for ending, words in (("txt", told), ("mmd", drawn)):
            file = out / f"order-{order}.{ending}"
            file.write_text(f"{words}\n", encoding="utf-8")
            print(file)
    if fault is not None:
        raise CommandError(str(fault)) from fault
