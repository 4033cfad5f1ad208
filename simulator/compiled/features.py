"""The features of many states at once, each an array, for the claims to be judged on."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from simulator.compiled.layout import Ints, Layout, Words, column, slots
from simulator.compiled.tables import Memory, Numbered


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

    def kinds(self, field: int) -> Ints:
        """Return of which kind each local state or message of *field* is, by number.

        What weighs the same in every feature is of one kind.
        """
        return self._columns(field).kinds

    def weights(self, name: str) -> Ints:
        """Return feature *name* of each kind of its field."""
        return self._columns(self.field(name)).weights(name)

    def _columns(self, field: int) -> "_Columns":
        actors = len(self._of_actor)
        return self._of_actor[field] if field < actors else self._of_message[field - actors]

    def column(self, name: str, states: Words, layout: Layout) -> Ints:
        """Return feature *name* of each of *states*; of a channel, the sum over its messages.

        Raises:
            AttributeError: Nothing has a feature of that name.
        """
        field = self.field(name)
        weights, kinds = self.weights(name), self.kinds(field)
        queue = column(states, layout.shape, field)
        parts = (weights[kinds[part]] for part in slots(queue, layout, field))
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
    """The features of numbered values: which values are of one kind, and what each kind weighs."""

    def __init__(self, features: Callable[[Any], Mapping[str, int]]) -> None:
        self._features = features
        self._rows: list[Any] = []
        self._kind_of = Numbered(self._rows)
        self._weights = np.zeros((0, 0), np.int64)
        self.kinds = np.zeros(0, np.int64)
        self.names: tuple[str, ...] = ()

    def extend(self, values: Sequence[Hashable]) -> None:
        """Note the features of the values that are new.

        Raises:
            KeyError: A value lacks a feature that another has.
        """
        known = len(self.kinds)
        if known == len(values):
            return
        if not known:
            self.names = tuple(self._features(values[0]))
        rows = map(_taker(self.names), map(self._features, values[known:]))
        kinds = np.fromiter(map(self._kind_of.__getitem__, rows), np.int64, len(values) - known)
        self.kinds = np.concatenate([self.kinds, kinds])

    def weights(self, name: str) -> Ints:
        """Return feature *name* of each kind."""
        if len(self._weights) < len(self._rows):
            self._weights = np.array(self._rows, np.int64)
        return self._weights[:, self.names.index(name)]


def _taker(names: tuple[str, ...]) -> Callable[[Mapping[str, int]], tuple[int, ...]]:
    """Return what takes *names*, and one of them again: of one name it would take no tuple."""
    return itemgetter(*names, names[0]) if names else lambda _: ()


def _weigher(
    name: str, weights: Mapping[str, Callable[[Any], int]]
) -> Callable[[Any], Mapping[str, int]]:
    """Return *weights*, and the number of messages, as one function; no message weighs nothing."""
    return lambda message: {
        name: int(message is not None),
        **{each: 0 if message is None else weight(message) for each, weight in weights.items()},
    }
