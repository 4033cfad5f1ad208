"""The hot steps of an actor: asked in numbers, and compared with what the actor itself does."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, overload

import numpy as np

from simulator.actors import Actor, Do, Hot, HotStepError, Outcomes, Sends
from simulator.compiled.asking import Answers
from simulator.compiled.layout import Ints, Words
from simulator.compiled.rows import Rows

CHUNK = 1 << 11  # questions that are asked at once
COMPARE_EVERY = 128  # of so many answers one is compared with the actor's own


class States(Sequence[Hashable]):
    """The local states of a hot actor by number, each made of its row whenever it is looked at."""

    def __init__(self, hot: Hot, initial: Hashable) -> None:
        self._hot = hot
        self.rows = Rows(len(hot.row(initial)))
        self.number(initial)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Hashable: ...
    @overload
    def __getitem__(self, place: slice) -> list[Hashable]: ...
    def __getitem__(self, place: int | slice) -> Any:
        """Return one of them, or some."""
        rows: list[Any] = self.rows.known[place].tolist()
        return [*map(self._hot.state, rows)] if isinstance(place, slice) else self._hot.state(rows)

    def number(self, state: Hashable) -> int:
        """Return the number of *state*, which is one of them from now on."""
        return int(self.rows.numbers(np.array([self._hot.row(state)], np.int64))[0])


class HotActor:
    """An *actor* with *hot* steps; *code_of* is what is sent as a number.

    Of its answers the first *every*, and then one of so many, are compared with the actor's own.
    """

    def __init__(self, actor: Actor, hot: Hot, code_of: Callable[[Sends], int], every: int) -> None:
        self._actor, self._hot, self._code_of, self._every = actor, hot, code_of, every
        self.states = States(hot, actor.initial)
        self.number = self.states.number
        self.names = tuple(actor.features(actor.initial))
        self._sent, self._codes = Rows(hot.columns), np.zeros(0, np.uint64)
        self._asked = 0
        rows = CHUNK * hot.most
        self._room = Outcomes(
            question=np.empty(rows, np.int64),
            after=np.empty((rows, self.states.rows.known.shape[1]), np.int64),
            sends=np.empty((rows, hot.columns), np.int64),
        )

    def features(self, begin: int) -> Ints:
        """Return the features of the states from number *begin* on, by column.

        Raises:
            HotStepError: The actor has others.
        """
        rows = np.asarray(self._hot.features(self.states.rows.known[begin:]), np.int64, order="C")
        for row in self._compared(begin, len(rows)):
            state: Any = self.states[begin + row]
            features = self._actor.features(state)
            found, expected = rows[row].tolist(), [features[name] for name in self.names]
            if found != expected:
                raise self._differ(self._actor.show(state), found, expected)
        return rows

    def acts(self, states: Ints) -> Answers:
        """Return what it does by itself in each of *states*, by number."""

        def ask(part: slice) -> int:
            return self._hot.acts(self.states.rows.known[states[part]], self._room)

        def plain(question: int) -> tuple[str, Iterable[Do]]:
            state: Any = self.states[int(states[question])]
            return self._actor.show(state), self._actor.acts(state)

        return self._answers(len(states), ask, plain)

    def hears(
        self, states: Ints, channel: str, messages: Ints, known: Sequence[Hashable]
    ) -> Answers:
        """Return what it does in each of *states* on one of *messages*, by number of *known*."""
        rows = [self._hot.heard(channel, message) for message in known[1:]]
        heard = np.array([rows[0], *rows], np.int64)  # 0 is no message

        def ask(part: slice) -> int:
            here = self.states.rows.known[states[part]]
            return self._hot.hears(here, heard[messages[part]], self._room)

        def plain(question: int) -> tuple[str, Iterable[Do]]:
            state: Any = self.states[int(states[question])]
            message: Any = known[int(messages[question])]
            words = f"{self._actor.show(state)} on {channel}: {message}"
            return words, self._actor.hears(state, channel, message)

        return self._answers(len(states), ask, plain)

    def _answers(
        self,
        many: int,
        ask: Callable[[slice], int],
        plain: Callable[[int], tuple[str, Iterable[Do]]],
    ) -> Answers:
        """Return what comes of so *many* questions, asked in parts and compared with *plain*."""
        parts: list[Answers] = []
        for first in range(0, many, CHUNK):
            part = slice(first, min(first + CHUNK, many))
            rows = ask(part)
            found = Outcomes(*(each[:rows] for each in self._room))
            counts = self._counts(found.question, part.stop - first)
            ends = np.cumsum(counts)
            for k in self._compared(self._asked, len(counts)):
                at = slice(int(ends[k] - counts[k]), int(ends[k]))
                self._compare(found, at, *plain(first + k))
            self._asked += len(counts)
            after = self.states.rows.numbers(found.after)
            parts.append(Answers(after, self._codes_of(found.sends), counts))
        return Answers(*map(np.concatenate, zip(*parts, strict=True)))

    def _counts(self, question: Ints, many: int) -> Ints:
        """Return how many outcomes each of so *many* questions has.

        Raises:
            HotStepError: They are too many, or not in order.
        """
        counts = np.bincount(question, minlength=many)
        if len(counts) > many or counts.max() > self._hot.most or (np.diff(question) < 0).any():
            rows = f"{self._hot.most} rows for each question, in order"
            raise HotStepError(f"{self._actor.name}: hot steps do not write at most {rows}")
        return counts

    def _compare(self, found: Outcomes, at: slice, where: str, expected: Iterable[Do]) -> None:
        """Compare the outcomes *at* some rows with those that are *expected*.

        Raises:
            HotStepError: They are not.
        """
        hot, dos = self._hot, [(do.state, do.sends) for do in expected]
        after, sends = found.after[at].tolist(), found.sends[at].tolist()
        seen = [(hot.state(a), hot.sends(s)) for a, s in zip(after, sends, strict=True)]
        if seen != dos or after != [list(hot.row(state)) for state, _ in dos]:
            raise self._differ(where, seen, dos)

    def _compared(self, begin: int, many: int) -> list[int]:
        """Return which of so *many* are to be compared, if *begin* came before them."""
        place = np.arange(begin, begin + many)
        return np.flatnonzero((place < self._every) | (place % self._every == 0)).tolist()

    def _differ(self, where: str, found: object, expected: object) -> HotStepError:
        return HotStepError(f"{self._actor.name} in {where}: hot steps say {found}, not {expected}")

    def _codes_of(self, sends: Ints) -> Words:
        """Return what is sent, each row as a number."""
        numbers, known = self._sent.numbers(sends), len(self._codes)
        rows = self._sent.known[known:].tolist()
        codes = [self._code_of(self._hot.sends(row)) for row in rows]
        self._codes = np.concatenate([self._codes, np.array(codes, np.uint64)])
        return self._codes[numbers]
