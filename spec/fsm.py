"""A finite state machine as plain data, declared once and read by every tool.

A declaration is a Mealy table: rows of (state, symbol) -> (next state, actions, why).  It
holds no behaviour.  Machines classify what happened into a symbol, take the row, and move
their quantities; diagrams, reference pages, explorers and tests read the same rows.
"""

from copy import copy
from enum import IntEnum
from itertools import product
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

S = TypeVar("S", bound=IntEnum)
X = TypeVar("X", bound=IntEnum)
A = TypeVar("A", bound=IntEnum)


class SpecError(ValueError):
    """A declaration contradicts itself; raised at import, never at run time."""


@frozen
class Row(Generic[S, X, A]):
    """One transition: in *source*, on *symbol*, go to *target* and emit *emits*."""

    source: S
    symbol: X
    target: S
    emits: tuple[A, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        return f"{self.source.name} + {self.symbol.name} -> {self.target.name}"


@frozen
class Arrow(Generic[S, X, A]):
    """A row that does not know its source yet; written with `on`, placed with `at`."""

    symbol: X
    target: S
    emits: tuple[A, ...]
    why: str


def on(symbol: X, target: S, *emits: A, why: str = "") -> Arrow[S, X, A]:
    """Return "on *symbol*, go to *target* and emit *emits*"."""
    return Arrow(symbol, target, emits, why)


def at(source: S, *arrows: Arrow[S, X, A]) -> tuple[Row[S, X, A], ...]:
    """Return *arrows* as the rows that leave *source*."""
    return tuple(Row(source, a.symbol, a.target, a.emits, a.why) for a in arrows)


@frozen(kw_only=True)
class Spec(Generic[S, X, A]):
    """A Mealy machine over finite alphabets, made total by *otherwise*.

    *otherwise* is the (target, emits) of every pair without a row, so `take` never fails and
    an unforeseen symbol has a place to go; a target of None means "stay".

    Raises:
        SpecError: Enum values are not 0, 1, 2, ...; two rows share a state and a symbol; a row
            leaves a final state for another one; a state cannot be reached; a symbol or an
            action is never used.  The message names the row.
    """

    name: str
    title: str
    states: type[S]
    symbols: type[X]
    actions: type[A]
    initial: S
    final: frozenset[S] = frozenset()
    otherwise: tuple[S | None, tuple[A, ...]] = (None, ())
    rows: tuple[Row[S, X, A], ...]
    _table: tuple[tuple[tuple[S, tuple[A, ...]], ...], ...] = field(
        init=False, repr=False, eq=False
    )

    def __attrs_post_init__(self) -> None:
        _validate(self)
        rows = {(row.source, row.symbol): (row.target, row.emits) for row in self.rows}
        table = tuple(
            tuple(rows.get((s, x), (self.fallback(s), self.otherwise[1])) for x in self.symbols)
            for s in self.states
        )
        object.__setattr__(self, "_table", table)

    def fallback(self, state: S) -> S:
        """Return where a symbol without a row leads from *state*."""
        target = self.otherwise[0]
        return state if target is None else target

    def take(self, state: S, symbol: X) -> tuple[S, tuple[A, ...]]:
        """Return the next state and the actions for *symbol* in *state*; total."""
        return self._table[state][symbol]

    def row(self, state: S, symbol: X) -> Row[S, X, A] | None:
        """Return the declared row of the pair, or None where *otherwise* applies."""
        found = (r for r in self.rows if r.source is state and r.symbol is symbol)
        return next(found, None)

    def compile(self) -> npt.NDArray[np.int8]:
        """Return the next state of every pair, int8 of shape (states, symbols)."""
        return np.array([[target for target, _ in line] for line in self._table], np.int8)

    def redirected(
        self, state: S, symbol: X, target: S, emits: tuple[A, ...] | None = None
    ) -> "Spec[S, X, A]":
        """Return this machine with one pair leading to *target*, unvalidated: a mutant."""
        table = [list(line) for line in self._table]
        table[state][symbol] = (target, table[state][symbol][1] if emits is None else emits)
        mutant = copy(self)
        object.__setattr__(mutant, "_table", tuple(map(tuple, table)))
        return mutant


def _validate(spec: Spec[S, X, A]) -> None:
    """Check what the tools rely on; see `Spec` for the rules."""
    for alphabet in (spec.states, spec.symbols, spec.actions):
        if [int(member) for member in alphabet] != list(range(len(alphabet))):
            raise SpecError(f"{spec.name}: {alphabet.__name__} must number its members 0, 1, 2")
    seen: dict[tuple[S, X], Row[S, X, A]] = {}
    for row in spec.rows:
        pair = (row.source, row.symbol)
        if pair in seen:
            raise SpecError(f"{spec.name}: rows '{seen[pair]}' and '{row}' share state and symbol")
        seen[pair] = row
        if row.source in spec.final and row.target is not row.source:
            raise SpecError(f"{spec.name}: row '{row}' leaves a final state")
    _validate_use(spec)


def _validate_use(spec: Spec[S, X, A]) -> None:
    """Refuse states, symbols and actions that nothing reaches or mentions."""
    start = {spec.initial} | ({spec.otherwise[0]} - {None})
    reached, frontier = set(start), list(start)
    while frontier:
        source = frontier.pop()
        for row in spec.rows:
            if row.source is source and row.target not in reached:
                reached.add(row.target)
                frontier.append(row.target)
    emitted = {a for row in spec.rows for a in row.emits} | set(spec.otherwise[1])
    unreachable: list[IntEnum] = sorted(set(spec.states) - reached)
    unused: list[IntEnum] = [x for x in spec.symbols if all(r.symbol is not x for r in spec.rows)]
    silent: list[IntEnum] = sorted(set(spec.actions) - emitted)
    for members, what in (
        (unreachable, "no row reaches state"),
        (unused if spec.otherwise == (None, ()) else [], "no row reads symbol"),
        (silent, "no row emits action"),
    ):
        if members:
            raise SpecError(f"{spec.name}: {what} {', '.join(m.name for m in members)}")


def pairs(spec: Spec[S, X, A]) -> tuple[tuple[S, X], ...]:
    """Return every (state, symbol) of *spec*, in declaration order."""
    return tuple(product(spec.states, spec.symbols))
