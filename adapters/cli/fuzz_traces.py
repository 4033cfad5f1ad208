"""What a failing walk leaves behind: a trace, a test and a diagram; and how a trace is replayed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from attrs import frozen

from adapters.cli.terminal import FAILED, SUFFIX, CommandError

if TYPE_CHECKING:
    from simulator.explorer import Verdict, World
    from simulator.fuzz_trace import Trace
    from simulator.judge import Entry

STATES_MAX = 200_000  # of a world that is explored too, for its totals and its shortest traces
TEST = '''"""{name}: {headline}

Found by `hedgeproof {by}`; it fails as long as the trace leads to a failure.
"""

{imports}

WORLD = next(
    {world}
)
TRACE = r"""
{trace}"""


def test_{stem}() -> None:
    """{text}"""
    replay(WORLD, TRACE)
'''


@frozen
class Subject:
    """A *world*, with a *defect* if it is a mutant; *source* is its name, or the file it is in.

    *by* is the command that has found its failure.
    """

    source: str
    world: "World[Any]"
    defect: str = ""
    by: str = "fuzz"


def explain(subject: Subject, failure: "Verdict[Any]", out: Path) -> None:
    """Print *failure*, and the shortest one where the world is small; write it to *out*."""
    from simulator.counterexample import text

    shortest = _shortest(subject.world, failure)
    if shortest is None or len(shortest.moves()) < len(failure.moves()):
        print(f"\n{_plain(failure, subject.world)}", end="")
    if shortest is not None:
        print(f"\n{text(shortest, subject.world)}", end="")
    write(subject, shortest or failure, out)


def replay(entries: "tuple[Entry, ...]", source: str, said: str) -> None:
    """Make the moves of the trace *said*, a file or numbers, and print what comes of them.

    Numbers are moves in the world called *source*, or in the only one there is.

    Raises:
        CommandError: There is no such trace, or it cannot be followed.
        typer.Exit: What it tells of still fails.
    """
    from simulator.fuzz_trace import TraceError, follow, judge, read

    try:
        trace = read(Path(said).read_text(encoding="utf-8") if Path(said).is_file() else said)
        world = _world(entries, trace, source)
        path = follow(world, trace)
    except TraceError as error:
        raise CommandError(f"replay {said}: {error}") from error
    failure = judge(world, path, trace.property)
    if failure is not None:
        print(_plain(failure, world), end="")
        raise typer.Exit(FAILED)
    for number, (move, _) in enumerate(path):
        print(f"{number}. {move if number else 'start'}")
    print(f"{trace.property or 'Nothing'} {'holds' if trace.property else 'fails'} along the way")


def _world(entries: "tuple[Entry, ...]", trace: "Trace", source: str) -> "World[Any]":
    """Return the world that *trace* is of; one that names none is of the world *source*."""
    found = [entry for entry in entries if entry.name == (trace.world or source)]
    found = found or [entry for entry in entries if not trace.world]
    if len(found) != 1:
        names = ", ".join(entry.name for entry in entries)
        missed = f"no world {trace.world!r}" if trace.world else "of one world only"
        raise CommandError(f"replay: {missed}; there is {names}")
    if not trace.defect:
        return found[0].world
    defects = (each.world for each in found[0].mutants if each.defect == trace.defect)
    world = next(defects, None)
    if world is None:
        raise CommandError(f"replay: {trace.world} has no mutant {trace.defect!r}")
    return world


def _plain(failure: "Verdict[Any]", world: "World[Any]") -> str:
    """Return *failure* as text; nobody knows whether there is a shorter one."""
    from simulator.counterexample import text

    shown = text(failure, world).replace("\nShortest counterexample,", "\nCounterexample,", 1)
    return shown.replace("\nShortest way", "\nOne way", 1)


def _shortest(world: "World[Any]", failure: "Verdict[Any]") -> "Verdict[Any] | None":
    """Return the shortest way in which *world* fails so.

    None if it is too large to say, or if the shortest way goes on for ever, as no walk does.
    """
    from simulator.explorer import NO_EXCEPTION, BoundExceeded
    from simulator.judge import explore

    stop_at = frozenset({failure.property.id} - {NO_EXCEPTION.id})
    try:
        report = explore(world, stop_at=stop_at, states_max=STATES_MAX)
    except BoundExceeded:
        return None
    same = (each for each in report.failures if each.property.id == failure.property.id)
    return next((each for each in same if each.cycle is None), None)


def write(subject: Subject, failure: "Verdict[Any]", out: Path) -> None:
    """Write *failure* as a trace, a diagram and a test, and say how to replay it."""
    from simulator.counterexample import mermaid
    from simulator.fuzz_trace import numbers, trace

    words = (subject.world.name, failure.property.id, subject.defect)
    name = re.sub(r"[^\w.]+", "-", " ".join(filter(None, words)))
    stem = re.sub(r"\W", "_", name)
    kept = trace(failure, subject.world, subject.defect)
    texts = {
        out / f"{name}.trace": str(kept),
        out / f"{name}.mmd": mermaid(failure, subject.world),
        out / f"test_{stem}.py": _test(subject, failure, kept, stem),
    }
    out.mkdir(parents=True, exist_ok=True)
    for path, content in texts.items():
        path.write_text(content, encoding="utf-8")
    print("\n".join(map(str, texts)))
    again = f"hedgeproof fuzz {subject.source} --replay"
    print(f"Replay it: {again} {next(iter(texts))}")
    if not subject.defect:
        print(f"or: {again} {numbers(failure, subject.world)}")


def _test(subject: Subject, failure: "Verdict[Any]", kept: "Trace", stem: str) -> str:
    """Return a test that fails as the world does."""
    imports = ["from simulator.fuzz_trace import replay"]
    if subject.source.endswith(SUFFIX):
        path = str(Path(subject.source).resolve())
        imports = [
            "from pathlib import Path",
            "",
            "from adapters.machine_file import load",
            *imports,
        ]
        entries = f"load(Path({path!r})).entries"
    else:
        imports = ["from simulator.catalogue import catalogue", *imports]
        entries = "catalogue(deep=True)"
    chosen = f"for e in {entries} if e.name == {subject.world.name!r}"
    world = f"e.world {chosen}"
    if subject.defect:
        world = f"m.world {chosen} for m in e.mutants if m.defect == {subject.defect!r}"
    return TEST.format(
        name=subject.world.name,
        headline=f"{failure.property.id} fails",
        by=subject.by,
        imports="\n".join(imports),
        world=world,
        trace=kept,
        stem=stem,
        text=failure.property.text,
    )
