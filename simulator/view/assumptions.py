"""The page of assumptions: Markdown, with the shortest counterexamples in a few lines each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from simulator.explorer import Verdict, World
from simulator.matrix import MEANING, Assumption, Line, reasons
from simulator.view.trace import LONG, words
from spec.catalogue import Machine
from spec.properties import Kind

HEAD = """# What each guarantee needs of the network

Printed by `make docs` from the worlds in `simulator/worlds/*_wires.py`: change those, not this
page. `hedgeproof check --matrix` prints the same, with every state of every counterexample.

The small worlds of a machine are explored with one thing wrong at a time. A cell says that the
property holds on every path, or how long the shortest way to its failure is. Properties that say
only that something can happen are left out.

A failure on this page is no defect: nothing promises the property on such a network. It tells what
the machine relies on, so what others have to provide. What a machine does against a bad network
is shown by what fails without that.

| assumption | means |
| --- | --- |
"""


@frozen
class _Trace:
    """A counterexample: the properties that it breaks, and under what."""

    number: int
    lines: list[Line]
    assumption: Assumption
    verdict: Verdict[Any]
    world: World[Any]


def markdown(lines: Sequence[Line], machines: Mapping[str, Machine]) -> str:
    """Return the page: tables machine by machine, then every counterexample."""
    traces = _traces(lines)
    parts = [HEAD, *(f"| {each.value} | {MEANING[each]} |\n" for each in Assumption)]
    for name in dict.fromkeys(line.machine for line in lines):
        mine = [line for line in lines if line.machine == name]
        parts.append(f"\n## {machines[name][0].title}\n")
        for defect in dict.fromkeys(line.defect for line in mine):
            parts.append(f"\nWith a defect, {defect}:\n" if defect else "")
            parts.append(_table([line for line in mine if line.defect == defect], traces))
        empty = [f"- {where}: {reason}.\n" for reason, where in reasons(mine).items()]
        parts += ["\nNo cell for\n\n", *empty] if empty else []
    parts += ["\n## The shortest ways\n", *map(_told, traces)] if traces else []
    return "".join(parts)


def _traces(lines: Iterable[Line]) -> list[_Trace]:
    """Return the counterexamples; properties of a machine that fail by the same moves share one."""
    found: dict[Any, _Trace] = {}
    for line in lines:
        for assumption, cell in line.cells.items():
            if cell.fails and cell.verdict is not None and cell.world is not None:
                key = line.machine, line.defect, assumption, cell.verdict.moves()
                new = _Trace(len(found) + 1, [], assumption, cell.verdict, cell.world)
                found.setdefault(key, new).lines.append(line)
    return list(found.values())


def _table(lines: Sequence[Line], traces: Sequence[_Trace]) -> str:
    """Return the table of *lines*; where a defect leaves columns empty they are left out."""
    kept = [a for a in Assumption if any(line.cells[a].verdict for line in lines)]
    kept = kept if lines[0].defect else list(Assumption)
    rows = [("property", *(each.value for each in kept)), ("---",) * (len(kept) + 1)]
    for line in lines:
        cells = (_cell(line, assumption, traces) for assumption in kept)
        rows.append((f"{line.property.id}: {line.property.text}", *cells))
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(line: Line, assumption: Assumption, traces: Sequence[_Trace]) -> str:
    """Return a cell, with a link to its counterexample."""
    cell = line.cells[assumption]
    if not cell.fails:
        return cell.words
    own = (t for t in traces if t.assumption is assumption and line in t.lines)
    return f"[{cell.words}](#trace-{next(own).number})"


def _told(trace: _Trace) -> str:
    """Return a counterexample: its moves, and how it ends."""
    line = trace.lines[0]
    ids = ", ".join(each.property.id for each in trace.lines)
    under = f"{trace.assumption.value}{f', {line.defect}' if line.defect else ''}"
    body = "\n".join(_moves(trace.verdict, trace.world))
    return f"\n### Trace {trace.number}\n\n{ids}, {under}:\n\n```text\n{body}\n```\n"


def _moves(verdict: Verdict[Any], world: World[Any]) -> Iterator[str]:
    """Yield the moves, then what is shown in the end."""
    path, moves = verdict.path or (), verdict.moves()
    width = len(str(len(moves)))
    for number, move in enumerate(moves, start=1):
        if verdict.cycle is not None and number == verdict.cycle + 1:
            yield "-- from here on, for ever:"
        yield f"{number:{width}}. {words(str(move))}"
    if verdict.cycle is None and verdict.property.kind is Kind.LEADS_TO:
        yield "-- nothing can happen any more"
    if verdict.note:
        yield f"-- {verdict.note}"
    shown: Mapping[str, str] = world.show(path[-1][1]) if path else {}
    yield from (
        f"{'':{width}}  {actor}: {text}" for actor, text in shown.items() if len(text) <= 2 * LONG
    )
