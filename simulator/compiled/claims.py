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

    def first(
        self, states: Words, layout: Layout, begin: int, end: int, *, value: bool
    ) -> int | None:
        """Return the first state from *begin* to *end*, the last excluded, where it is *value*."""
        sought = TRUE if value else FALSE
        while (at := self._located(layout)) is not None:
            found_at, asked = scan(
                states, begin, end, *at, self._verdicts, sought, self._rows, self._places
            )
            if not asked:
                return int(found_at) if found_at < end else None
            begin = int(self._rows[0])
            found, names = self._judged(states[self._rows[:asked]], layout)
            self._verdicts[self._places[:asked]] = np.where(found, TRUE, FALSE)
            self._tell_apart(names)
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

    def _tell_apart(self, names: frozenset[str]) -> None:
        """Judge states that differ in *names* each on its own."""
        known = {name for axis in self._axes for name in axis.names}
        if names <= known:
            return
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

    def _located(self, layout: Layout) -> tuple[Ints, Numbers, int] | None:
        """Return how the place of a state is found, None if there are too many.

        That is (axes, 7) for `kernel.scan`, what each number adds, and what is added to all.
        """
        for axis in self._axes:
            axis.extend(self._features, layout.slots[axis.field])
        sizes = tuple(axis.size for axis in self._axes)
        if sizes != self._sizes:
            if prod(sizes) > PLACES_MAX:
                return None
            self._sizes, self._verdicts = sizes, np.zeros(prod(sizes), np.uint8)
        shape, parts, base, at = layout.shape, [np.zeros(0, np.int32)], 0, 0
        rows: list[list[int]] = []
        for number, axis in enumerate(self._axes):
            stride, field = prod(sizes[number + 1 :]), axis.field
            places = (shape.word, shape.shift, shape.width, shape.slot, shape.field)
            rows.append([*(int(each[field]) for each in places), layout.slots[field], at])
            parts.append((axis.adds * stride).astype(np.int32))
            base += axis.base * stride
            at += len(axis.adds)
        axes = np.array(rows, np.int64).reshape(len(rows), 7)
        return axes, np.concatenate(parts), base


class _Axis:
    """One field, and what of it is read: some features of an actor, or one of a channel.

    `adds` is what each number in it adds to the place along the axis, above `base`; `size` is how
    long the axis is.
    """

    def __init__(self, field: int, names: tuple[str, ...]) -> None:
        self.field, self.names = field, names
        self.adds = np.zeros(0, np.int64)
        self.base, self.size = 0, 1
        self._kinds: dict[tuple[int, ...], int] = {}

    def extend(self, features: Features, slots: int) -> None:
        """Go on with the numbers that are new."""
        columns = [features.values(name)[len(self.adds) :] for name in self.names]
        if not len(columns[0]):
            return
        if features.is_actor(self.field):
            kinds = self._kinds
            pairs = zip(*(each.tolist() for each in columns), strict=True)
            new = [kinds.setdefault(kind, len(kinds)) for kind in pairs]
            size = len(kinds)
        else:
            new = columns[0].tolist()
            values = [*self.adds.tolist(), *new]
            self.base = -slots * min(values)
            size = slots * (max(values) - min(values)) + 1
        self.adds = np.concatenate([self.adds, np.array(new, np.int64)])
        self.size = max(self.size, 1 << (size - 1).bit_length())  # some room to grow
