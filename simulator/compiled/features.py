"""The features of many states at once, each an array, for the claims to be judged on."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from simulator.compiled.layout import Ints, Layout, Words, column, slots
from simulator.compiled.tables import Memory


class Features:
    """What the local states and messages met so far weigh, by feature."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        world = memory.world
        self._of_actor = [_Column(actor.features) for actor in world.actors]
        self._of_message = [_Column(_weigher(channel.weights)) for channel in world.channels]

    def of(self, states: Words, layout: Layout) -> "View":
        """Return a view of *states*, packed as *layout* says."""
        for known, each in zip(self._memory.locals, self._of_actor, strict=True):
            each.extend(known)
        for messages, each in zip(self._memory.messages, self._of_message, strict=True):
            each.extend(messages)
        return View(self, states, layout)

    def column(self, name: str, states: Words, layout: Layout) -> Ints:
        """Return feature *name* of each of *states*.

        Raises:
            AttributeError: Nothing has a feature of that name.
        """
        actors = len(self._of_actor)
        for field, of_actor in enumerate(self._of_actor):
            if name in of_actor.names:
                return of_actor.values(name)[column(states, layout.shape, field)]
        for number, channel in enumerate(self._memory.world.channels):
            weights = self._of_message[number]
            if name in (channel.name, *weights.names):
                queue = column(states, layout.shape, actors + number)
                parts = slots(queue, layout, actors + number)
                if name == channel.name:
                    return sum(
                        ((part > 0).astype(np.int64) for part in parts), np.zeros(1, np.int64)
                    )
                values = weights.values(name)
                return sum((values[part] for part in parts), np.zeros(1, np.int64))
        raise AttributeError(f"{self._memory.world.name}: no actor or channel has feature {name!r}")


class View:
    """States, whose features are attributes: arrays of one number for each."""

    def __init__(self, features: Features, states: Words, layout: Layout) -> None:
        self._features, self._states, self._layout = features, states, layout

    def __getattr__(self, name: str) -> Ints:
        """Return feature *name* of each state."""
        found = self._features.column(name, self._states, self._layout)
        setattr(self, name, found)
        return found


class _Column:
    """The features of numbered values, by name; an array for each."""

    def __init__(self, features: Callable[[Any], Mapping[str, int]]) -> None:
        self._features = features
        self._lists: dict[str, list[int]] = {}
        self._arrays: dict[str, Ints] = {}
        self._known = 0

    @property
    def names(self) -> "Mapping[str, Any]":
        return self._lists

    def extend(self, values: list[Hashable]) -> None:
        """Note the features of the values that are new."""
        for value in values[self._known :]:
            for name, feature in self._features(value).items():
                self._lists.setdefault(name, []).append(int(feature))
        if self._known < len(values):
            self._arrays.clear()
        self._known = len(values)

    def values(self, name: str) -> Ints:
        """Return feature *name* of each value."""
        if name not in self._arrays:
            self._arrays[name] = np.array(self._lists[name], np.int64)
        return self._arrays[name]


def _weigher(weights: Mapping[str, Callable[[Any], int]]) -> Callable[[Any], Mapping[str, int]]:
    """Return *weights* as one function; no message weighs nothing."""
    return lambda message: {
        name: 0 if message is None else weight(message) for name, weight in weights.items()
    }
