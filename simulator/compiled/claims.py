"""Claims on states, remembered by the features that they read.

A rule reads few features.  States that do not differ in them are judged once: what they have in
common is a place in a table of verdicts, which is found without Python.
"""

from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.actors import Holds
from simulator.compiled.features import Features
from simulator.compiled.layout import Ints, Layout, Words
from simulator.compiled.machine import Numbers, Whole, compiled, inlined
from simulator.compiled.rows import Rows

OPEN, FALSE, TRUE, ASKED = range(4)  # what a table of verdicts says of a place
PLACES_MAX = 1 << 22  # a rule with more is judged of every state anew
ASKED_MAX = 1 << 14  # states that Python judges at once
BLOCK = 1 << 18
TOGETHER = 1 << 10  # states whose places are found at the same time

Bools = npt.NDArray[np.bool_]


class _Room(NamedTuple):
    """Room for the places of some states, and for states without a verdict and their places."""

    at: Numbers
    rows: Ints
    places: Ints


@inlined
def _locate(states: Words, axes: Words, adds: Numbers, base: Whole, at: Numbers) -> None:
    """Write to *at* the place of each of *states*."""
    for k in range(len(states)):
        at[k] = base
    for axis in range(len(axes)):
        word, shift, slot, width, slots, first = axes[axis]
        for _ in range(slots):
            for k in range(len(states)):
                at[k] += adds[first + ((states[k, word] >> shift) & slot)]
            shift += width


@compiled
def scan(  # noqa: PLR0913, PLR0917  # arrays in, arrays out
    states: Words,
    begin: Whole,
    axes: Words,
    adds: Numbers,
    base: Whole,
    verdicts: npt.NDArray[np.uint8],
    sought: Whole,
    at: Numbers,
    rows: Ints,
    places: Ints,
) -> tuple[Whole, Whole]:
    """Return the first state from *begin* on whose verdict is *sought*, else how many there are.

    States without a verdict are written to *rows*, one for each place, and the places to *places*;
    how many is returned too.  *at* is room for places.
    """
    asked = 0
    for first in range(begin, len(states), len(at)):
        block = states[first : first + len(at)]
        _locate(block, axes, adds, base, at)
        for k in range(len(block)):
            verdict = verdicts[at[k]]
            if verdict == sought:
                return first + k, asked
            if verdict == OPEN:
                if asked == len(rows):
                    return first + k, asked
                verdicts[at[k]] = ASKED
                rows[asked], places[asked] = first + k, at[k]
                asked += 1
    return len(states), asked


class Claim:
    """What *holds* says of the states of one exploration."""

    def __init__(self, holds: Holds, features: Features) -> None:
        self._holds, self._features = holds, features
        self._axes: list[_Axis] = []
        self._sizes: tuple[int, ...] = ()
        self._verdicts = np.zeros(1, np.uint8)
        self._room = _Room(
            at=np.empty(TOGETHER, np.int32),
            rows=np.empty(ASKED_MAX, np.int64),
            places=np.empty(ASKED_MAX, np.int64),
        )

    def where(self, states: Words, layout: Layout) -> Bools:
        """Return in which of *states* it holds, shape (n,)."""
        return self._judged(states, layout)[0]

    def first(self, states: Words, layout: Layout, *, value: bool) -> int | None:
        """Return the first of *states* where it is *value*."""
        sought, begin, end = TRUE if value else FALSE, 0, len(states)
        how = self._located(layout)
        while how is not None:
            stop, asked = scan(states, begin, *how, self._verdicts, sought, *self._room)
            rows, places = self._room.rows[:asked], self._room.places[:asked]
            if asked:
                found, names = self._judged(states[rows], layout)
                self._verdicts[places] = np.where(found, TRUE, FALSE)
                if self._tell_apart(names):
                    begin, how = int(rows[0]), self._located(layout)
                    continue
                if (found == value).any():
                    return int(rows[(found == value).argmax()])
            if asked < ASKED_MAX:
                return int(stop) if stop < end else None
            begin = int(stop)
        for first in range(begin, end, BLOCK):
            found = self.where(states[first : min(first + BLOCK, end)], layout) == value
            if found.any():
                return first + int(found.argmax())
        return None

    def _judged(self, states: Words, layout: Layout) -> tuple[Bools, frozenset[str]]:
        """Return in which of *states* it holds, and which features it has read."""
        view = self._features.of(states, layout)
        found = np.asarray(self._holds(view), np.bool_)
        return np.broadcast_to(found, (len(states),)), view.read()

    def _tell_apart(self, names: frozenset[str]) -> bool:
        """Judge states that differ in *names* each on its own; say whether that is new."""
        known = {name for axis in self._axes for name in axis.names}
        if names <= known:
            return False
        features, of = self._features, dict[int, list[str]]()
        for name in sorted(known | names):
            of.setdefault(features.field(name), []).append(name)
        self._axes = []
        for field, read in of.items():
            if features.is_actor(field):
                self._axes.append(_Axis(field, tuple(read)))
            else:
                self._axes.extend(_Axis(field, (name,)) for name in read)
        self._sizes = ()
        return True

    def _located(self, layout: Layout) -> tuple[Words, Numbers, int] | None:
        """Return how the place of a state is found, None if there are too many.

        That is (axes, 6) for `scan`, what each number adds, and what is added to all.
        """
        for axis in self._axes:
            axis.extend(self._features, layout)
        sizes = tuple(axis.size for axis in self._axes)
        if sizes != self._sizes:
            if prod(sizes) > PLACES_MAX:
                return None
            self._sizes, self._verdicts = sizes, np.zeros(prod(sizes), np.uint8)
        parts, base, at = [np.zeros(0, np.int32)], 0, 0
        rows: list[list[int]] = []
        for number, axis in enumerate(self._axes):
            stride = prod(sizes[number + 1 :])
            rows.append([*axis.where, at])
            parts.append((axis.adds * stride).astype(np.int32))
            base += axis.base * stride
            at += len(axis.adds)
        axes = np.array(rows, np.uint64).reshape(len(rows), 6)
        return axes, np.concatenate(parts), base


class _Axis:
    """One field, and what of it is read: some features of an actor, or one of a channel.

    `where` it is in a state: the word, the first slot's shift, mask and width, and how many slots.
    `adds` is what each number in it adds to the place along the axis, above `base`; `size` is how
    long the axis is.
    """

    def __init__(self, field: int, names: tuple[str, ...]) -> None:
        self.field, self.names = field, names
        self.adds = np.zeros(0, np.int64)
        self.base, self.size = 0, 1
        self.where: tuple[int, ...] = ()
        self._layout: Layout | None = None
        self._of_kind = np.zeros(0, np.int64)
        self._places = Rows(len(names))

    def extend(self, features: Features, layout: Layout) -> None:
        """Go on with the numbers that are new."""
        kinds, slots = features.kinds(self.field), layout.slots[self.field]
        if layout is not self._layout:
            self._layout = layout
            word, shift, width, slot, _ = (int(each[self.field]) for each in layout.shape)
            self.where = word, shift, slot, width, slots
        if len(self.adds) == len(kinds):
            return
        begin, carried = len(self._of_kind), not features.is_actor(self.field)
        new = np.stack([features.weights(name)[begin:] for name in self.names], axis=1)
        values = new[:, 0] if carried else self._places.numbers(new)
        self._of_kind = np.concatenate([self._of_kind, values])
        low, high = int(self._of_kind.min()), int(self._of_kind.max())
        self.base, size = -slots * low, slots * (high - low) + 1
        self.adds = self._of_kind[kinds]
        self.size = max(self.size, 1 << (size - 1).bit_length())  # some room to grow
