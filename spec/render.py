"""Turn a declaration into the pages and diagrams that people read: pure text."""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import TypeVar

from spec.fsm import Row, Spec
from spec.properties import Property

S = TypeVar("S", bound=IntEnum)
X = TypeVar("X", bound=IntEnum)
A = TypeVar("A", bound=IntEnum)

REST = "anything else"


def names(members: Iterable[IntEnum]) -> str:
    """Return the names of *members*, separated by commas."""
    return ", ".join(member.name for member in members)


def label(row: Row[S, X, A]) -> str:
    """Return what is written on the arrow of *row*: the symbol and, after a slash, the actions."""
    return f"{row.symbol.name} / {names(row.emits)}" if row.emits else row.symbol.name


def arrows(spec: Spec[S, X, A]) -> dict[tuple[S, S], tuple[str, ...]]:
    """Return the labels of all rows, those between the same two states together."""
    found: dict[tuple[S, S], tuple[str, ...]] = {}
    for row in spec.rows:
        ends = row.source, row.target
        found[ends] = (*found.get(ends, ()), label(row))
    return found


def rest(spec: Spec[S, X, A]) -> str:
    """Return in words where a symbol without a row leads, and what it emits."""
    target, emits = spec.otherwise
    where = "stays" if target is None else f"goes to {target.name}"
    return f"{REST} {where}" + (f" / {names(emits)}" if emits else "")


def markdown(spec: Spec[S, X, A], properties: Mapping[str, Property]) -> str:
    """Return the reference page of *spec*, with its picture in `<name>.svg` beside it."""
    return "\n".join(_page(spec, properties))


def mermaid(spec: Spec[S, X, A]) -> str:
    """Return *spec* as a Mermaid state diagram."""
    ends = [f"{state.name} --> [*]" for state in sorted(spec.final)]
    lines = [
        f"{source.name} --> {target.name} : {'<br>'.join(labels)}"
        for (source, target), labels in arrows(spec).items()
    ]
    noted = spec.fallback(spec.initial).name
    note = f"note left of {noted} : in any state {rest(spec)}"
    head = ("stateDiagram-v2", "direction LR", f"[*] --> {spec.initial.name}")
    return "\n    ".join((*head, *lines, *ends, note)) + "\n"


def _page(spec: Spec[S, X, A], properties: Mapping[str, Property]) -> Iterator[str]:
    """Yield the lines of the reference page."""
    yield from (f"# {spec.title}", "")
    yield f"Printed from `spec/{spec.name}.py` by `make docs`: change that, not this page."
    yield from ("", f"![{spec.title}]({spec.name}.svg)", "", "## States", "")
    yield from _table(("state", "initial", "final"), _states(spec))
    yield from ("", "## Rows", "")
    yield from _table(("state", "on", "go to", "do", "why"), _rows(spec))
    yield from ("", "## Properties", "")
    claims = ((each.id, each.kind.value, each.text) for each in properties.values())
    yield from (*_table(("id", "kind", "text"), claims), "")


def _states(spec: Spec[S, X, A]) -> Iterator[tuple[str, ...]]:
    for state in spec.states:
        initial, final = state is spec.initial, state in spec.final
        yield f"`{state.name}`", "yes" if initial else "", "yes" if final else ""


def _rows(spec: Spec[S, X, A]) -> Iterator[tuple[str, ...]]:
    for row in spec.rows:
        ends = f"`{row.source.name}`", f"`{row.symbol.name}`", f"`{row.target.name}`"
        yield *ends, _code(row.emits), row.why
    target, emits = spec.otherwise
    yield "any", REST, "stays" if target is None else f"`{target.name}`", _code(emits), ""


def _code(members: Iterable[IntEnum]) -> str:
    return ", ".join(f"`{member.name}`" for member in members)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
