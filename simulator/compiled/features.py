"""The features of many states at once, each an array, for the claims to be judged on."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from simulator.compiled.layout import Ints, Layout, Words, column, slots
from simulator.compiled.tables import Memory


class Features:
    """What the local states and messages met so far weigh, by feature."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        world = memory.world
        self._of_actor = [_Columns(actor.features) for actor in world.actors]
        self._of_message = [
            _Columns(_weigher(channel.name, channel.weights)) for channel in world.channels
        ]
        self._field_of: dict[str, int] = {}

    def extend(self) -> None:
        """Note the features of what has been met since the last call."""
        for known, each in zip(self._memory.locals, self._of_actor, strict=True):
            each.extend(known)
        for messages, each in zip(self._memory.messages, self._of_message, strict=True):
            each.extend(messages)
        if not self._field_of:
            columns = (*self._of_actor, *self._of_message)
            for field, each in reversed(tuple(enumerate(columns))):
                self._field_of |= dict.fromkeys(each.names, field)

    def of(self, states: Words, layout: Layout) -> "View":
        """Return a view of *states*, packed as *layout* says."""
        return View(self, states, layout)

    def field(self, name: str) -> int:
        """Return the number of the field whose feature *name* is, the actors' first.

        Raises:
            AttributeError: Nothing has a feature of that name.
        """
        if name not in self._field_of:
            world = self._memory.world.name
            raise AttributeError(f"{world}: no actor or channel has feature {name!r}")
        return self._field_of[name]

    def is_actor(self, field: int) -> bool:
        """Return whether *field* is one of an actor."""
        return field < len(self._of_actor)

    def values(self, name: str) -> Ints:
        """Return feature *name* of each local state or message of its field, by number."""
        field, actors = self.field(name), len(self._of_actor)
        if field < actors:
            return self._of_actor[field].values(name)
        return self._of_message[field - actors].values(name)

    def column(self, name: str, states: Words, layout: Layout) -> Ints:
        """Return feature *name* of each of *states*; of a channel, the sum over its messages.

        Raises:
            AttributeError: Nothing has a feature of that name.
        """
        field, values = self.field(name), self.values(name)
        queue = column(states, layout.shape, field)
        parts = (values[part] for part in slots(queue, layout, field))
        return sum(parts, np.zeros(1, np.int64))


class View:
    """States, whose features are attributes: arrays of one number for each."""

    def __init__(self, features: Features, states: Words, layout: Layout) -> None:
        self._features, self._states, self._layout = features, states, layout

    def __getattr__(self, name: str) -> Ints:
        """Return feature *name* of each state."""
        found = self._features.column(name, self._states, self._layout)
        setattr(self, name, found)
        return found

    def read(self) -> frozenset[str]:
        """Return the names of the features that were asked for."""
        return frozenset(vars(self).keys() - {"_features", "_states", "_layout"})


class _Columns:
    """The features of numbered values, by name; an array for each."""

    def __init__(self, features: Callable[[Any], Mapping[str, int]]) -> None:
        self._features = features
        self._known = 0
        self._rows = np.zeros((0, 0), np.int64)
        self.names: tuple[str, ...] = ()

    def extend(self, values: Sequence[Hashable]) -> None:
        """Note the features of the values that are new.

        Raises:
            KeyError: A value lacks a feature that another has.
        """
        if self._known == len(values):
            return
        if not self._known:
            self.names = tuple(self._features(values[0]))
            self._rows = np.zeros((0, len(self.names)), np.int64)
        if self.names:
            taken = itemgetter(*self.names, self.names[0])  # at least two: a tuple
            found = (taken(self._features(value))[:-1] for value in values[self._known :])
            rows = np.fromiter(chain.from_iterable(found), np.int64).reshape(-1, len(self.names))
            self._rows = np.concatenate([self._rows, rows])
        self._known = len(values)

    def values(self, name: str) -> Ints:
        """Return feature *name* of each value."""
        return self._rows[:, self.names.index(name)]


def _weigher(
    name: str, weights: Mapping[str, Callable[[Any], int]]
) -> Callable[[Any], Mapping[str, int]]:
    """Return *weights*, and the number of messages, as one function; no message weighs nothing."""
    return lambda message: {
        name: int(message is not None),
        **{each: 0 if message is None else weight(message) for each, weight in weights.items()},
    }
