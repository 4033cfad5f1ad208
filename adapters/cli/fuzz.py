"""`hedgeproof fuzz`: random walks through closed worlds, and traces that can be replayed."""

from enum import StrEnum
from pathlib import Path
from secrets import randbelow
from typing import TYPE_CHECKING, Annotated, Any

import typer
from attrs import frozen

from adapters.cli import fuzz_traces
from adapters.cli.fuzz_traces import STATES_MAX, Subject, explain
from adapters.cli.terminal import FAILED, SUFFIX, CommandError, console, nearest, needed, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis import settings
    from rich.table import Table

    from simulator.coverage import Rows, Whole
    from simulator.fuzz import Fuzzed
    from simulator.judge import Entry, Mutant

OUT = Path("runs/fuzz")


class Profile(StrEnum):
    """How long to walk: dev 50, ci 300, nightly 10,000 walks in each world."""

    DEV = "dev"
    CI = "ci"
    NIGHTLY = "nightly"


@frozen
class Walked:
    """What came of the walks through one world and its mutants, and all that there is of it."""

    subject: Subject
    fuzzed: "Fuzzed[Any]"
    rows: "tuple[Rows, ...]"
    whole: "Whole | None"
    defects: "list[tuple[Subject, Fuzzed[Any]]]"


def fuzz(  # noqa: PLR0913  # the options are the command's
    world: Annotated[
        str, typer.Argument(help="The worlds whose names begin so; or a Python file that has some.")
    ] = "",
    *,
    steps: Annotated[int, typer.Option(help="Steps in a walk, at most; 0: 50.")] = 0,
    examples: Annotated[int, typer.Option(help="Walks in a world; 0: what the profile says.")] = 0,
    seed: Annotated[int | None, typer.Option(help="The seed of all walks; drawn if none.")] = None,
    profile: Annotated[Profile, typer.Option(help="50, 300 or 10,000 walks.")] = Profile.DEV,
    deep: Annotated[
        bool, typer.Option("--deep", help="Walk through the larger worlds too.")
    ] = False,
    mutants: Annotated[bool, typer.Option("--mutants", help="Look for known defects too.")] = False,
    replay: Annotated[str, typer.Option(help="Replay a trace: its file, or its numbers.")] = "",
    out: Annotated[Path, typer.Option(help="The folder for traces.")] = OUT,
) -> None:
    """Walk through the closed worlds at random, and keep what fails."""
    needed("hypothesis", "numba", "scipy")
    entries = _entries(world, deep=deep or bool(replay))
    if replay:
        fuzz_traces.replay(entries, world, replay)
        return
    from hypothesis.configuration import set_hypothesis_home_dir

    from simulator.fuzz import budget

    set_hypothesis_home_dir(out / ".hypothesis")
    drawn = randbelow(2**32) if seed is None else seed
    limits = budget(profile, max(examples, 0), max(steps, 0))
    print(f"seed {drawn}: in each world {limits.max_examples:,} walks", end="")
    print(f" of at most {limits.stateful_step_count} steps\n")
    done = [_walked(entry, world, limits, drawn, mutants=mutants) for entry in entries]
    console().print(_table(done, mutants=mutants))
    for each in done:
        _tell(each, out)
    if any(each.fuzzed.failure for each in done):
        raise typer.Exit(FAILED)


def _entries(world: str, *, deep: bool) -> "tuple[Entry, ...]":
    """Return the worlds of the user's file *world*, or those whose names begin so."""
    if world.endswith(SUFFIX):
        from adapters.machine_file import load

        entries = load(Path(world)).entries
        if not entries:
            raise CommandError(f"{world}: no worlds; add a function worlds() that returns some")
        return entries
    from simulator.catalogue import catalogue

    entries = catalogue(deep=deep)
    found = tuple(e for e in entries if e.name == world or e.name.startswith(f"{world}-"))
    if world and not found:
        raise nearest("world", world, [entry.name for entry in entries])
    return found if world else entries


def _walked(entry: "Entry", source: str, limits: "settings", seed: int, *, mutants: bool) -> Walked:
    """Walk through the world of *entry*, and through each mutant that a walk can tell."""
    from simulator.coverage import rows_at, whole
    from simulator.fuzz import fuzz

    name = entry.name
    named = source if source.endswith(SUFFIX) else name
    with waiting(f"{name}: walks") as told:

        def progress(done: int, total: int) -> None:
            told(done, total, "")

        fuzzed = fuzz(entry.world, limits, seed, progress=progress)
        defects = [
            (
                Subject(named, each.world, each.defect),
                fuzz(each.world, limits, seed, each.property_id),
            )
            for each in (_told_by_walks(entry) if mutants else ())
        ]
    with waiting(f"{name}: states") as told:

        def states(count: int, *_: int) -> None:
            told(count, 0, "")

        everything = whole(entry.world, STATES_MAX, states)
    rows = rows_at(entry.world, fuzzed.states)
    return Walked(Subject(named, entry.world), fuzzed, rows, everything, defects)


def _told_by_walks(entry: "Entry") -> "Iterator[Mutant]":
    """Yield the mutants that a walk can tell; none shows that something never happens."""
    from spec.properties import Kind

    for mutant in entry.mutants:
        claims = mutant.world.claims()
        if any(
            c.property.id == mutant.property_id and c.property.kind is not Kind.SOMETIMES
            for c in claims
        ):
            yield mutant


def _table(done: list[Walked], *, mutants: bool) -> "Table":
    """Return one line for each world; fractions are of all that can be reached."""
    from rich.table import Table

    table = Table("world", box=None, header_style="bold")
    heads = ("states", "transitions", "rows", "witnessed", "failed")
    for head in (*heads, "defects found") if mutants else heads:
        table.add_column(head, justify="right")
    for each in done:
        fuzzed, whole = each.fuzzed, each.whole
        cells = [
            each.subject.world.name,
            _share(len(fuzzed.states), whole.states if whole else None),
            _share(fuzzed.transitions, whole.transitions if whole else None),
            "\n".join(_rows(row, whole) for row in each.rows),
            f"{sum(map(bool, fuzzed.witnessed.values()))} of {len(fuzzed.witnessed)}",
            f"[bold red]{fuzzed.failure.property.id}[/]" if fuzzed.failure else "",
        ]
        if mutants:
            cells.append(f"{sum(bool(f.failure) for _, f in each.defects)} of {len(each.defects)}")
        table.add_row(*cells)
    return table


def _share(part: int, total: int | None) -> str:
    """Return *part* as a share of *total*, None if nobody knows it."""
    if total is None:
        return f"{part:,}"
    return f"{part:,} of {total:,} ({1_000 * part // max(total, 1) / 10:g} %)"


def _rows(rows: "Rows", whole: "Whole | None") -> str:
    """Return which rows were taken, of those that can be, of those declared."""
    reachable = len(whole.rows[rows.machine].taken) if whole else None
    return f"{rows.machine} {_share(len(rows.taken), reachable)}, {rows.declared} declared"


def _tell(walked: Walked, out: Path) -> None:
    """Print how often each "sometimes" was seen, and explain what failed."""
    name, fuzzed = walked.subject.world.name, walked.fuzzed
    if fuzzed.witnessed:
        times = ", ".join(f"{each} in {count:,}" for each, count in fuzzed.witnessed.items())
        print(f"\n{name}: of {fuzzed.walks:,} walks {times}")
    if fuzzed.failure:
        explain(walked.subject, fuzzed.failure, out)
    for subject, found in walked.defects:
        if found.failure:
            print(f"\n{name}: {subject.defect}", end="")
            explain(subject, found.failure, out)
        else:
            print(f"\n{name}: no walk has found: {subject.defect}")
