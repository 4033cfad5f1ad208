"""Claims on states, remembered by the features that they read.

A rule reads few features.  States that do not differ in them are judged once: what they have in
common is a place in a table of verdicts, which is found without Python.
"""

from math import prod

import numpy as np
import numpy.typing as npt

from simulator.actors import Holds
from simulator.compiled.features import Features
from simulator.compiled.layout import Ints, Layout, Words
from simulator.compiled.machine import Numbers, Whole, compiled

OPEN, FALSE, TRUE, ASKED = range(4)  # what a table of verdicts says of a place
PLACES_MAX = 1 << 22  # a rule with more is judged of every state anew
ASKED_MAX = 1 << 14  # states that Python judges at once
BLOCK = 1 << 18

Bools = npt.NDArray[np.bool_]


@compiled
def scan(  # noqa: PLR0913, PLR0917  # arrays in, arrays out
    states: Words,
    begin: Whole,
    end: Whole,
    axes: Ints,
    adds: Numbers,
    base: Whole,
    verdicts: npt.NDArray[np.uint8],
    sought: Whole,
    rows: Ints,
    places: Ints,
) -> tuple[Whole, Whole]:
    """Return the first state from *begin* to *end* whose verdict is *sought*, else *end*.

    States without a verdict are written to *rows*, one for each place, and the places to *places*;
    how many is returned too.
    """
    asked = 0
    for k in range(begin, end):
        at = base
        for axis in range(len(axes)):
            word = states[k, axes[axis, 0]] >> np.uint64(axes[axis, 1])
            queue = word & np.uint64(axes[axis, 4])
            for _ in range(axes[axis, 5]):
                at += adds[axes[axis, 6] + np.int64(queue & np.uint64(axes[axis, 3]))]
                queue >>= np.uint64(axes[axis, 2])
        verdict = verdicts[at]
        if verdict == sought:
            return k, asked
        if verdict == OPEN:
            if asked == len(rows):
                return k, asked
            verdicts[at] = ASKED
            rows[asked], places[asked] = k, at
            asked += 1
    return end, asked


class Claim:
    """What *holds* says of the states of one exploration."""

    def __init__(self, holds: Holds, features: Features) -> None:
        self._holds, self._features = holds, features
        self._axes: list[_Axis] = []
        self._sizes: tuple[int, ...] = ()
        self._verdicts = np.zeros(1, np.uint8)
        self._rows, self._places = np.empty((2, ASKED_MAX), np.int64)

    def where(self, states: Words, layout: Layout) -> Bools:
        """Return in which of *states* it holds, shape (n,)."""
        return self._judged(states, layout)[0]

    def first(self, states: Words, layout: Layout, *, value: bool) -> int | None:
        """Return the first of *states* where it is *value*."""
        sought, begin, end = TRUE if value else FALSE, 0, len(states)
        at = self._located(layout)
        while at is not None:
            found_at, asked = scan(
                states, begin, end, *at, self._verdicts, sought, self._rows, self._places
            )
            if not asked:
                return int(found_at) if found_at < end else None
            begin = int(self._rows[0])
            found, names = self._judged(states[self._rows[:asked]], layout)
            self._verdicts[self._places[:asked]] = np.where(found, TRUE, FALSE)
            if self._tell_apart(names):
                at = self._located(layout)
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

    def _located(self, layout: Layout) -> tuple[Ints, Numbers, int] | None:
        """Return how the place of a state is found, None if there are too many.

        That is (axes, 7) for `kernel.scan`, what each number adds, and what is added to all.
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
        axes = np.array(rows, np.int64).reshape(len(rows), 7)
        return axes, np.concatenate(parts), base


class _Axis:
    """One field, and what of it is read: some features of an actor, or one of a channel.

    `where` it is in a state: as `layout.Shape` says, and how many slots.  `adds` is what each
    number in it adds to the place along the axis, above `base`; `size` is how long the axis is.
    """

    def __init__(self, field: int, names: tuple[str, ...]) -> None:
        self.field, self.names = field, names
        self.adds = np.zeros(0, np.int64)
        self.base, self.size = 0, 1
        self.where: tuple[int, ...] = ()
        self._layout: Layout | None = None
        self._of_kind: list[int] = []
        self._place_of: dict[tuple[int, ...], int] = {}

    def extend(self, features: Features, layout: Layout) -> None:
        """Go on with the numbers that are new."""
        kinds, slots = features.kinds(self.field), layout.slots[self.field]
        if layout is not self._layout:
            self._layout = layout
            self.where = (*(int(each[self.field]) for each in layout.shape), slots)
        if len(self.adds) == len(kinds):
            return
        columns = [features.weights(name)[len(self._of_kind) :].tolist() for name in self.names]
        if features.is_actor(self.field):
            places = self._place_of
            self._of_kind += [
                places.setdefault(each, len(places)) for each in zip(*columns, strict=True)
            ]
            size = len(places)
        else:
            values = self._of_kind
            values += columns[0]
            self.base = -slots * min(values)
            size = slots * (max(values) - min(values)) + 1
        self.adds = np.array(self._of_kind, np.int64)[kinds]
        self.size = max(self.size, 1 << (size - 1).bit_length())  # some room to grow
