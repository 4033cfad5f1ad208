"""Counterexamples and witnesses for people: numbered text, and a Mermaid sequence diagram."""

import re
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from attrs import frozen

from simulator.explorer import Move, Verdict, World
from spec.properties import Kind

St = TypeVar("St", bound=Hashable)

ABSENT = "absent"
STUCK = "nothing can happen any more"
UNSAFE = re.compile(r"[^\w .,()\[\]/+*=!?'|~^@-]")  # Mermaid or a browser may not take it literally


@frozen
class _Change:
    """What *actor* shows after a move, and *before* it: None at the start."""

    actor: str
    before: str | None
    after: str

    def words(self) -> str:
        return self.after if self.before is None else f"{self.before} -> {self.after}"


@frozen
class _Step:
    """One move of a path, and what it changed."""

    move: Move
    changes: tuple[_Change, ...]


def text(verdict: Verdict[St], world: World[St]) -> str:
    """Return *verdict* as lines: who does what to whom, and which shown states that changes."""
    lines = [_headline(verdict)]
    if verdict.note:
        lines.append(f"Note: {verdict.note}")
    if verdict.path:
        lines += [f"{_summary(verdict)} in world {world.name}:", "", *_numbered(verdict, world)]
    return "\n".join(lines) + "\n"


def mermaid(verdict: Verdict[St], world: World[St]) -> str:
    """Return the path of *verdict* as a Mermaid sequence diagram.

    Notes show what has changed, as it is from then on.  Participants are the actors that move,
    are moved at or change, in order of appearance.

    Raises:
        ValueError: There is no path to draw.
    """
    if not verdict.path:
        raise ValueError(f"{verdict.property.id}: no path to draw")
    steps = tuple(_steps(verdict, world))
    ids = {actor: f"p{number}" for number, actor in enumerate(_actors(steps), start=1)}
    lines = [f"participant {ids[actor]} as {_safe(actor)}" for actor in ids]
    indent = ""
    for number, step in enumerate(steps):
        lines += [indent + line for line in _drawn(step, ids, arrow=number > 0)]
        if number == verdict.cycle:
            lines.append("loop forever")
            indent = "    "
    everyone = "p1" if len(ids) == 1 else f"p1,p{len(ids)}"
    if verdict.cycle is not None:
        lines.append("end")
    elif last := STUCK if verdict.property.kind is Kind.LEADS_TO else verdict.note:
        lines.append(f"Note over {everyone}: {_safe(last)}")
    head = ("sequenceDiagram", f"%% {_headline(verdict)}", "autonumber")
    return "\n    ".join((*head, *lines)) + "\n"


def _headline(verdict: Verdict[St]) -> str:
    if verdict.property.kind is Kind.SOMETIMES:
        outcome = "is reached" if verdict.holds else "is never reached"
    else:
        outcome = "holds" if verdict.holds else "fails"
    return f"{verdict.property.id} {outcome}: {verdict.property.text}"


def _summary(verdict: Verdict[St]) -> str:
    moves = len(verdict.moves())
    if verdict.cycle is not None:
        ahead = _moves(verdict.cycle)
        return f"Shortest way into a cycle, {ahead} and then {moves - verdict.cycle} forever,"
    if verdict.property.kind is Kind.LEADS_TO:
        return f"Shortest way to where {STUCK}, {_moves(moves)},"
    return f"Shortest {'witness' if verdict.holds else 'counterexample'}, {_moves(moves)},"


def _moves(number: int) -> str:
    return f"{number} move" if number == 1 else f"{number} moves"


def _numbered(verdict: Verdict[St], world: World[St]) -> Iterator[str]:
    width = len(str(len(verdict.moves())))
    for number, step in enumerate(_steps(verdict, world)):
        yield f"{number:{width}}. {step.move if number else 'start'}"
        for change in step.changes:
            yield f"{'':{width}}  {change.actor} {change.words()}"
        if number == verdict.cycle:
            yield "-- from here on, forever:"
    if verdict.cycle is not None:
        yield f"-- and again from {verdict.cycle + 1}"
    elif verdict.property.kind is Kind.LEADS_TO:
        yield f"-- {STUCK}"


def _steps(verdict: Verdict[St], world: World[St]) -> Iterator[_Step]:
    """Yield the moves of the path; the first is the start and shows everything."""
    shown: dict[str, str] = {}
    for number, (move, state) in enumerate(verdict.path or ()):
        now = dict(world.show(state))
        changes = tuple(
            _Change(actor, shown.get(actor, ABSENT) if number else None, now.get(actor, ABSENT))
            for actor in shown | now
            if shown.get(actor) != now.get(actor)
        )
        yield _Step(move, changes)
        shown = now


def _actors(steps: tuple[_Step, ...]) -> Iterable[str]:
    """Return who takes part, in order of appearance: all who are shown if nobody moves."""
    start, *rest = steps
    seen: dict[str, None] = {}
    for step in rest:
        changed = (change.actor for change in step.changes)
        seen |= dict.fromkeys((step.move.who, step.move.to or step.move.who, *changed))
    return seen or [change.actor for change in start.changes]


def _drawn(step: _Step, ids: dict[str, str], *, arrow: bool) -> Iterator[str]:
    if arrow:
        move = step.move
        yield f"{ids[move.who]}->>{ids[move.to or move.who]}: {_safe(move.what)}"
    for change in step.changes:
        if change.actor in ids:
            yield f"Note over {ids[change.actor]}: {_safe(change.after)}"


def _safe(words: str) -> str:
    """Return *words* on one line, with what Mermaid may misread as character codes."""
    return UNSAFE.sub(lambda match: f"#{ord(match[0])};", " ".join(words.split()))
