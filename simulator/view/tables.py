"""The tables of the page of a check."""

from collections.abc import Iterable, Sequence
from html import escape

from simulator.checked import AnyRow, Table
from simulator.explorer import Move
from simulator.view.trace import Look, Step, Trace
from spec.render import names

SHORT = 60  # letters of what has not changed and is shown again


def table(head: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    """Return a table that scrolls; *rows* are HTML, *head* is text."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def line(cells: Iterable[str], kind: str = "") -> str:
    """Return the row of a table; *cells* are HTML."""
    return f'<tr class="{kind}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def changes(trace: Trace) -> str:
    """Return *trace* as a table: a line for each move, a column for each actor."""
    shown = [actor for actor in trace.actors if actor in trace.steps[0].looks]
    rows = (_step(number, step, shown, trace.cycle) for number, step in enumerate(trace.steps))
    return table(("", "move", *shown), rows, "changes")


def _step(number: int, step: Step, shown: Sequence[str], cycle: int | None) -> str:
    """Return the line of one step; what has changed is marked."""
    move = escape(_words(step.move)) if number else "start"
    again = cycle is not None and number > cycle
    cells = (_state(step.looks[actor], first=not number) for actor in shown)
    return line((str(number), move, *cells), "again" if again else "")


def _words(move: Move) -> str:
    """Return *move* in words."""
    return f"{move.who}: {move.what}" + (f" → {move.to}" if move.to else "")


def _state(look: Look, *, first: bool) -> str:
    """Return what an actor shows: what is new is marked, what is not is left out where long."""
    whole = ", ".join(part.text for part in look.parts)
    if first:
        return escape(whole)
    short = not look.record and len(whole) <= SHORT
    if not look.changed:
        return f'<span class="same">{escape(whole)}</span>' if short else ""
    kept = [part for part in look.parts if part.new or not look.record]
    words = (f"<mark>{escape(p.text)}</mark>" if p.new else escape(p.text) for p in kept)
    return ", ".join(words)


def coverage(found: Table, worlds: Sequence[str]) -> str:
    """Return the rows of a table, with a column for each of *worlds*: which one takes which row."""
    takers = {world for row in found.spec.rows for world in found.of(row)}
    columns = [world for world in worlds if world in takers]
    rows = (_row(row, found, columns) for row in found.spec.rows)
    head = ("state", "on", "go to", "do", "worlds", *columns, "why")
    return table(head, rows, "rows")


def _row(row: AnyRow, found: Table, columns: Sequence[str]) -> str:
    """Return one row of a machine's table."""
    takers, dead = found.of(row), row in found.dead
    dots = ("●" if world in takers else "" for world in columns)
    ends = (row.source.name, row.symbol.name, row.target.name, names(row.emits))
    count = str(len(takers)) if takers else "dead" if dead else "not taken"
    kind = "dead" if dead else "" if takers else "untaken"
    return line((*map(escape, ends), count, *dots, escape(row.why)), kind)
