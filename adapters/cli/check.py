"""`hedgeproof check`: explore the closed worlds exhaustively."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from adapters.cli.terminal import FAILED, SUFFIX, CommandError, console, nearest, needed, waiting

if TYPE_CHECKING:
    from rich.table import Table

    from simulator import checked as checks
    from simulator.explorer import Verdict
    from simulator.judge import Entry, Judgement

OUT = Path("runs/check")
STATES_MAX = 4_000_000  # of simulator.judge, which takes long to import
MEGA = 1_000_000
VERDICTS = {"holds": "green", "witnessed": "green", "FAILS": "bold red"}


class Asked(NamedTuple):
    """The worlds to check, and the machines they are of: of those in *whole* no world is left."""

    entries: "tuple[Entry, ...]"
    machines: "checks.Machines"
    whole: frozenset[str]


class How(NamedTuple):
    """How to explore: *memory_max* is in bytes, 0 for no bound."""

    workers: int
    symmetry: bool
    states_max: int
    memory_max: int


class Judged(NamedTuple):
    """One world and how long it took."""

    checked: "checks.Checked"
    seconds: float

    @property
    def judgement(self) -> "Judgement":
        """What the world is worth."""
        return self.checked.judgement


World = Annotated[
    str, typer.Argument(help="The worlds whose names begin so; or a Python file that has some.")
]
Every = Annotated[bool, typer.Option("--all", help="Every world: the same as no argument.")]
Deep = Annotated[bool, typer.Option("--deep", help="Explore the larger worlds too.")]
Mutants = Annotated[bool, typer.Option("--mutants", help="Show how each was found.")]
Matrix = Annotated[
    bool, typer.Option("--matrix", help="Show which property survives which network instead.")
]
Html = Annotated[bool, typer.Option("--html", help="Write a page with all of it too.")]
Workers = Annotated[
    int, typer.Option(min=1, max=2, help="How many processors share a world of actors.")
]
Alike = Annotated[
    bool, typer.Option("--symmetry", help="Explore one state of those that are alike.")
]
StatesMax = Annotated[int, typer.Option(min=1, help="Give a world up that has more states.")]
MemoryMax = Annotated[
    int, typer.Option(min=0, help="Give a world up that needs more MB; 0: no bound.")
]
Out = Annotated[Path, typer.Option(help="The folder for counterexamples and pages.")]


def check(  # noqa: PLR0913  # one for each option
    world: World = "",
    *,
    every: Every = False,
    deep: Deep = False,
    mutants: Mutants = False,
    matrix: Matrix = False,
    html: Html = False,
    workers: Workers = 1,
    symmetry: Alike = False,
    states_max: StatesMax = STATES_MAX,
    memory_max: MemoryMax = 0,
    out: Out = OUT,
) -> None:
    """Explore the closed worlds and judge every property."""
    needed("numba", "scipy")
    if every and world:
        raise CommandError(f"{world}: name worlds, or give --all")
    if matrix and html:
        raise CommandError("--matrix has no page of its own; see docs/explanation/assumptions.md")
    if matrix:
        from adapters.cli.matrix import show

        show(world)
        return
    asked = _user(world) if world.endswith(SUFFIX) else _ours(world, deep=deep)
    how = How(workers, symmetry=symmetry, states_max=states_max, memory_max=memory_max * MEGA)
    judged = _explored(asked, how)
    dead = _rows(judged, asked)
    if mutants:
        for each in judged:
            _show(each.judgement)
    failing = [each.judgement for each in judged if not _sound(each.judgement)]
    for judgement in failing:
        _explain(judgement, out)
    if html:
        from adapters.cli.page import write

        path = out / f"{Path(world).stem or 'check'}.html"
        write(path, world, asked, judged, mutants=mutants)
        print(f"The page is {path}")
    if failing or dead:
        raise typer.Exit(FAILED)


def _ours(world: str, *, deep: bool) -> Asked:
    """Return the worlds of the catalogue called *world*, or whose names begin so."""
    from simulator.catalogue import catalogue
    from simulator.checked import owners
    from spec.catalogue import MACHINES

    every = catalogue(deep=deep)
    chosen = [e for e in every if not world or e.name == world or e.name.startswith(f"{world}-")]
    if not chosen:
        raise nearest("world", world, [entry.name for entry in every])
    names = {entry.name for entry in chosen}
    left = (owners(entry.world, MACHINES) for entry in every if entry.name not in names)
    return Asked(tuple(chosen), MACHINES, frozenset(MACHINES).difference(*left))


def _user(world: str) -> Asked:
    """Return the worlds of the user's file *world*."""
    from adapters.machine_file import load

    found = load(Path(world))
    if not found.entries:
        raise CommandError(f"{world}: no worlds; add a function worlds() that returns some")
    return Asked(found.entries, found.machines, frozenset(found.machines))


def _explored(asked: Asked, how: How) -> list[Judged]:
    """Return what the worlds of *asked* are worth, and print it."""
    alike = _alike(asked) if how.symmetry else ()
    judged = [_judged(entry, how) for entry in asked.entries]
    console().print(_table(judged))
    if alike:
        print(f"\nStates that are alike were counted once in {', '.join(alike)}.")
    return judged


def _alike(asked: Asked) -> tuple[str, ...]:
    """Return the worlds of which states are alike by declaration."""
    from simulator.actors import ActorWorld

    worlds = [entry.world for entry in asked.entries]
    found = (w.name for w in worlds if isinstance(w, ActorWorld) and w.reduction() is not None)
    if names := tuple(found):
        return names
    raise CommandError("--symmetry: none of the worlds declares one that its claims can do with")


def _judged(entry: "Entry", how: How) -> Judged:
    """Return what the exploration of *entry* says."""
    from simulator.actors import AsymmetryError, HotStepError
    from simulator.checked import checked
    from simulator.explorer import BoundExceeded

    started = monotonic()
    try:
        with waiting(f"{entry.name}: states") as told:

            def progress(states: int, transitions: int, depth: int, open_: int) -> None:
                words = f", {transitions:,} transitions, depth {depth}, {open_:,} to expand"
                told(states, 0, words)

            found = checked(
                entry,
                progress,
                how.workers,
                symmetry=how.symmetry,
                states_max=how.states_max,
                memory_max=how.memory_max or None,
            )
    except BoundExceeded as error:
        fix = "bound what grows in it, or give a larger --states-max or --memory-max"
        raise CommandError(f"{error}; {fix}") from error
    except (AsymmetryError, HotStepError) as error:
        raise CommandError(str(error)) from error
    return Judged(found, monotonic() - started)


def _sound(judgement: "Judgement") -> bool:
    """Return whether everything claimed holds and every mutant was killed."""
    report = judgement.report
    return report.complete and not report.failures and all(kill.killed for kill in judgement.kills)


def _table(judged: list[Judged]) -> "Table":
    """Return one line for each property of each world."""
    from rich.table import Table

    table = Table("world", "property", "kind", "verdict", box=None, header_style="bold")
    for head in ("states", "transitions", "depth", "seconds", "mutants killed"):
        table.add_column(head, justify="right")
    for each in judged:
        for cells in _lines(each):
            table.add_row(*cells)
    return table


def _lines(each: Judged) -> Iterator[tuple[str, ...]]:
    """Yield the cells of one world; its numbers stand on its first line."""
    report = each.judgement.report
    figures: tuple[str, ...] = (
        f"{report.states:,}",
        f"{report.transitions:,}",
        f"{report.depth:,}",
        f"{each.seconds:.1f}",
    )
    name = each.judgement.entry.name
    for verdict in report.verdicts:
        prop, word = verdict.property, _word(verdict)
        colored = f"[{VERDICTS[word]}]{word}[/]"
        yield name, prop.id, prop.kind.value, colored, *figures, _killed(each.judgement, prop.id)
        name, figures = "", ("",) * len(figures)
    if not report.verdicts:
        yield name, "", "", "[yellow]nothing is claimed[/]", *figures, ""


def _word(verdict: "Verdict[Any]") -> str:
    """Return *verdict* as one word."""
    from spec.properties import Kind

    if not verdict.holds:
        return "FAILS"
    return "witnessed" if verdict.property.kind is Kind.SOMETIMES else "holds"


def _killed(judgement: "Judgement", property_id: str) -> str:
    """Return how many of the mutants that *property_id* must kill it does."""
    kills = [kill.killed for kill in judgement.kills if kill.mutant.property_id == property_id]
    return f"{sum(kills)}/{len(kills)}" if kills else ""


def _rows(judged: Iterable[Judged], asked: Asked) -> bool:
    """Print how many rows of each table the worlds take, and name the dead ones: are there any?"""
    from rich.table import Table

    from simulator.checked import tables

    shown = Table("machine", box=None, header_style="bold")
    shown.add_column("rows taken", justify="right")
    found = tables(asked.machines, (each.checked for each in judged), asked.whole)
    for each in found:
        partly = "" if each.whole else " by these worlds"
        shown.add_row(each.spec.name, f"{len(each.taken)}/{len(each.spec.rows)}{partly}")
    if found:
        print()
        console().print(shown)
    dead = [(each.spec.name, row) for each in found for row in each.dead]
    for name, row in dead:
        print(f"\n{name}: no world takes {row}")
    return bool(dead)


def _show(judgement: "Judgement") -> None:
    """Print each known defect of one world, and the shortest way in which it was found."""
    from simulator.counterexample import text

    for kill in judgement.kills:
        print(f"\n{judgement.entry.name}: {kill.mutant.defect}")
        if kill.verdict is not None and kill.killed:
            print(text(kill.verdict, kill.mutant.world), end="")


def _explain(judgement: "Judgement", out: Path) -> None:
    """Print the shortest counterexamples of one world, draw them, and name the live mutants."""
    from simulator.counterexample import mermaid, text

    world = judgement.entry.world
    for verdict in judgement.report.failures:
        print(f"\n{text(verdict, world)}", end="")
        if verdict.path:
            out.mkdir(parents=True, exist_ok=True)
            name = verdict.property.id.replace(" ", "-")
            path = out / f"{judgement.entry.name}-{name}.mmd"
            path.write_text(mermaid(verdict, world), encoding="utf-8")
            print(f"Drawn in {path}")
    for kill in judgement.kills:
        if not kill.killed:
            mutant = kill.mutant
            print(f"\n{judgement.entry.name}: {mutant.property_id} misses: {mutant.defect}")
    if not judgement.report.complete:
        print(f"\n{judgement.entry.name}: the failure ended the exploration, the rest is open")
