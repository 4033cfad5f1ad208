"""The features of many states at once, each an array, for the claims to be judged on."""

from collections.abc import Callable, Hashable

import numpy as np

from simulator.actors import Channel
from simulator.compiled.layout import Ints, Layout, Words, column, slots
from simulator.compiled.rows import Rows
from simulator.compiled.tables import Memory


class Features:
    """What the local states and messages met so far weigh, by feature."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._of_actor = [_Columns(actor.names, actor.features) for actor in memory.actors]
        channels = zip(memory.world.channels, memory.messages, strict=True)
        self._of_message = [_weights(channel, messages) for channel, messages in channels]
        self._field_of: dict[str, int] = {}

    def extend(self) -> None:
        """Note the features of what has been met since the last call.

        Raises:
            HotStepError: An actor has others than its hot steps say.
            KeyError: A value lacks a feature that another has.
        """
        columns = (*self._of_actor, *self._of_message)
        for each, many in zip(columns, self._memory.counts(), strict=True):
            each.extend(many)
        if not self._field_of:
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

    def __init__(self, names: tuple[str, ...], features: Callable[[int], Ints]) -> None:
        self.names, self._features = names, features
        self._rows = Rows(max(len(names), 1))
        self.kinds = np.zeros(0, np.int64)

    def extend(self, many: int) -> None:
        """Note the features of the values that are new, up to so *many*."""
        known = len(self.kinds)
        if known < many and self.names:
            kinds = self._rows.numbers(self._features(known))
            self.kinds = np.concatenate([self.kinds, kinds])

    def weights(self, name: str) -> Ints:
        """Return feature *name* of each kind."""
        return self._rows.known[:, self.names.index(name)]


def _weights(channel: Channel, messages: list[Hashable]) -> _Columns:
    """Return the weights of *messages*, and their number, as columns; no message weighs nothing."""
    weights = tuple(channel.weights.values())
    nothing = [0] * (1 + len(weights))

    def features(begin: int) -> Ints:
        rows = [
            nothing if message is None else [1, *(weight(message) for weight in weights)]
            for message in messages[begin:]
        ]
        return np.array(rows, np.int64)

    return _Columns((channel.name, *channel.weights), features)
