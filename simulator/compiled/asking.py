"""An actor asked in numbers: of its local states, and of the messages that it hears."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np

from simulator.actors import Actor, Do, Sends
from simulator.compiled.layout import Ints, Words


class Answers(NamedTuple):
    """Of each outcome the number of the state after and what is sent, of each question how many."""

    after: Ints
    sends: Words
    counts: Ints


class Numbered(dict[Hashable, int]):
    """The place of each value in a list, to which one that is not there yet is added."""

    def __init__(self, values: list[Hashable]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: Hashable) -> int:
        number = self[value] = len(self._values)
        self._values.append(value)
        return number


class PlainActor:
    """An *actor* that is asked one question at a time; *code_of* is what is sent as a number."""

    def __init__(self, actor: Actor, code_of: Callable[[Sends], int]) -> None:
        self._actor, self._code_of = actor, code_of
        self.states: list[Hashable] = []
        self.number = Numbered(self.states).__getitem__
        self.number(actor.initial)
        self.names = tuple(actor.features(actor.initial))

    def features(self, begin: int) -> Ints:
        """Return the features of the states from number *begin* on, by column."""
        names, new = self.names, self.states[begin:]
        rows = ([of[name] for name in names] for of in map(self._actor.features, new))
        found = np.fromiter(chain.from_iterable(rows), np.int64, len(new) * len(names))
        return found.reshape(len(new), len(names))

    def acts(self, states: Ints) -> Answers:
        """Return what it does by itself in each of *states*, by number."""
        locals_: Iterable[Any] = map(self.states.__getitem__, states.tolist())
        return self._answers(map(self._actor.acts, locals_))

    def hears(
        self, states: Ints, channel: str, messages: Ints, known: Sequence[Hashable]
    ) -> Answers:
        """Return what it does in each of *states* on one of *messages*, by number of *known*."""
        locals_: Iterable[Any] = map(self.states.__getitem__, states.tolist())
        heard: Iterable[Any] = map(known.__getitem__, messages.tolist())
        return self._answers(map(self._actor.hears, locals_, repeat(channel), heard))

    def _answers(self, answers: Iterable[Iterable[Do]]) -> Answers:
        """Return *answers* in numbers."""
        done, ends = list[Do](), list[int]()
        for outcomes in answers:
            done += outcomes
            ends.append(len(done))
        return Answers(
            after=np.array([*map(self.number, [do.state for do in done])], np.int64),
            sends=np.array([*map(self._code_of, [do.sends for do in done])], np.uint64),
            counts=np.diff(ends, prepend=0),
        )
