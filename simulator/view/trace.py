"""The path of a verdict as people look at it: who takes part, what is shown, what has changed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from simulator.explorer import Move, Verdict, World

RECORD = re.compile(r"\w+\((\w+=.*)\)", re.DOTALL)
MEMBER = re.compile(r"<\w+\.(\w+): -?\d+>")
NOTHING = frozenset({"0", "False", "None", "()", "(None, None, None)"})
LONG = 60  # letters of a record that is told field by field


@frozen
class Part:
    """A part of what an actor shows; *new* if it was not there before."""

    text: str
    new: bool


@frozen
class Look:
    """What an actor shows, in parts, and whether that has *changed*; at the start it has.

    A long record is told by its fields, of which those that have changed matter.
    """

    parts: tuple[Part, ...]
    changed: bool
    record: bool

    @property
    def news(self) -> str:
        """What to tell of it: all of it, of a record what is new."""
        return ", ".join(part.text for part in self.parts if part.new or not self.record)


@frozen
class Step:
    """A move in words, and what each actor shows after it."""

    move: Move
    looks: Mapping[str, Look]

    def changed(self, actor: str) -> bool:
        """Return whether *actor* shows anything else than before."""
        return actor in self.looks and self.looks[actor].changed


@frozen
class Trace:
    """The steps of a path, the first is the start; *cycle* is the step from which it repeats.

    *actors* are those who take part, and *title* says what the path shows.
    """

    title: str
    actors: tuple[str, ...]
    steps: tuple[Step, ...]
    cycle: int | None
    end: str


def trace(verdict: Verdict[Any], world: World[Any], title: str) -> Trace:
    """Return the path of *verdict* in *world*."""
    steps = tuple(_steps(verdict, world))
    stuck = "" if verdict.cycle is not None or verdict.holds else verdict.note
    return Trace(title, tuple(_actors(steps)), steps, verdict.cycle, stuck)


def targets(move: Move) -> tuple[str, ...]:
    """Return to whom *move* is, nobody if it is the mover's own.

    >>> targets(Move("bot", "sends", "orders, alerts"))
    ('orders', 'alerts')
    """
    return tuple(move.to.split(", ")) if move.to else ()


def words(text: str) -> str:
    """Return *text* with members of enumerations by their names.

    >>> words("Degraded(cause=<Cause.CLOCK_DRIFT: 1>): hears")
    'Degraded(cause=CLOCK_DRIFT): hears'
    """
    return MEMBER.sub(r"\1", text)


def fields(record: str) -> dict[str, str]:
    """Return what a record says, field by field, the idle ones left out.

    >>> fields("order=Order(state=NEW, qty=2, cum_qty=0), crashes=1")
    {'order.state': 'NEW', 'order.qty': '2', 'crashes': '1'}
    """
    return {name: value for name, value in _fields(record, "") if value not in NOTHING}


def _fields(text: str, outer: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each field, those of inner records one by one."""
    for field in _split(text):
        name, _, value = field.partition("=")
        record = RECORD.fullmatch(value)
        if record is None:
            yield outer + name, value
        else:
            yield from _fields(record[1], f"{outer}{name}.")


def _split(text: str) -> Iterator[str]:
    """Yield what commas outside of brackets separate."""
    depth = begin = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            yield text[begin:at].strip()
            begin = at + 1
    yield text[begin:].strip()


def _steps(verdict: Verdict[Any], world: World[Any]) -> Iterator[Step]:
    """Yield the moves of the path, with what they change."""
    before: dict[str, str] = {}
    for move, state in verdict.path or ():
        now = {actor: words(text) or "nothing" for actor, text in world.show(state).items()}
        looks = {actor: _look(before.get(actor), text) for actor, text in now.items()}
        yield Step(move._replace(what=words(move.what)), looks)
        before = now


def _look(before: str | None, now: str) -> Look:
    """Return what *now* shows; where only something has gone, what is left is new."""
    record = RECORD.fullmatch(now)
    if record is not None and len(now) > LONG:
        return _record(before, record[1])
    known = Counter(_split(before)) if before is not None else Counter[str]()
    parts: list[Part] = []
    for text in _split(now):
        parts.append(Part(text, new=known[text] == 0))
        known[text] -= 1
    changed = before != now
    if changed and not any(part.new for part in parts):
        parts = [Part(part.text, new=True) for part in parts]
    return Look(tuple(parts), changed, record=False)


def _record(before: str | None, now: str) -> Look:
    """Return what the record *now* shows, field by field; a field that has gone is new."""
    old = RECORD.fullmatch(before or "")
    known, found = fields(old[1]) if old else {}, fields(now)
    parts = [Part(f"{name} {found[name]}", known.get(name) != found[name]) for name in found]
    parts += [Part(f"no {name}", new=True) for name in known if name not in found]
    return Look(tuple(parts), any(part.new for part in parts), record=True)


def _actors(steps: Iterable[Step]) -> list[str]:
    """Return who moves, is moved at or changes, as they are shown; the others last."""
    start, *rest = steps
    seen = {name for step in rest for name in (step.move.who, *targets(step.move))}
    seen |= {actor for step in rest for actor in step.looks if step.changed(actor)}
    shown = [actor for actor in start.looks if actor in seen or not rest]
    return shown + sorted(seen.difference(shown))
