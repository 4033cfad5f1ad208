"""What the actors of a world do, in numbers: asked of Python once, then looked up."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from simulator.actors import ActorWorld, Do, Sends, act, arrival, loss
from simulator.compiled.asking import Answers, Numbered, PlainActor
from simulator.compiled.hot import COMPARE_EVERY, HotActor
from simulator.compiled.kernel import (
    CHANNELS_MAX,
    DOUBLED,
    LOST,
    MESSAGE_BITS,
    MESSAGES_MAX,
    SEND_BITS,
    SENDS_MAX,
    UNKNOWN,
    VARIANTS,
)
from simulator.compiled.layout import Ints, Words
from simulator.compiled.machine import Numbers
from simulator.explorer import Move

WHO, STATE_BITS = 64, 40  # a question as a number: who + WHO, state, message
ROOM = 256  # local states and messages that a table has room for at first


class Tables(NamedTuple):
    """What is known of the actors.

    `acts[acts_at[a] + state]` and `hears[hears_at[c] + state * stride[c] + message]` are the first
    outcome, 0 for none.  An outcome has the state *after* it, doubled, odd if it is the last, and
    what it *sends*, (channel + 1, message) in 16 bits each.
    """

    acts: Numbers
    acts_at: Ints
    hears: Numbers
    hears_at: Ints
    stride: Ints
    outcomes: Words


class Memory:
    """The local states, messages and outcomes of *world* met so far, by number.

    A message's number is at least 1; outcome 0 is "nothing".
    """

    def __init__(self, world: ActorWorld, compare_every: int = COMPARE_EVERY) -> None:
        if len(world.channels) > CHANNELS_MAX:
            raise ValueError(f"{world.name}: more than {CHANNELS_MAX} channels")
        self.world = world
        self.messages: list[list[Hashable]] = [[None] for _ in world.channels]
        self._message_of = [
            _Messages(known, f"{world.name}: {channel.name}")
            for known, channel in zip(self.messages, world.channels, strict=True)
        ]
        code_of = _Codes(world, self._message_of).__getitem__
        self.actors = [
            PlainActor(actor, code_of)
            if actor.hot is None
            else HotActor(actor, actor.hot, code_of, compare_every)
            for actor in world.actors
        ]
        self.locals = [actor.states for actor in self.actors]
        self._acts = [np.full(ROOM, UNKNOWN, np.int32) for _ in world.actors]
        self._hears = [np.full((ROOM, ROOM // 16), UNKNOWN, np.int32) for _ in world.channels]
        none, nowhere = np.zeros(0, np.int32), np.zeros(0, np.int64)
        self._tables = Tables(
            acts=none,
            acts_at=nowhere,
            hears=none,
            hears_at=nowhere,
            stride=nowhere,
            outcomes=np.array([[1, 0]], np.uint64),
        )
        self._outcomes_known = 1
        self._asked = [np.zeros((0, 3), np.int64)]  # each question once, in order
        self._firsts = [np.zeros(0, np.int64)]  # the outcome with which the answer to each begins

    def counts(self) -> tuple[int, ...]:
        """Return how many local states each actor has, and messages each channel, and none."""
        return (*map(len, self.locals), *map(len, self.messages))

    @property
    def asked(self) -> list[tuple[int, int, int]]:
        """What was asked so far: (actor, state, 0) or (-1 - channel, state, message)."""
        return [(who, state, message) for who, state, message in self._questions().tolist()]

    def _questions(self) -> Ints:
        """Return all questions as one array, (n, 3)."""
        self._asked = [np.concatenate(self._asked)]
        return self._asked[0]

    def _begins(self) -> Ints:
        """Return the outcome with which the answer to each question begins."""
        self._firsts = [np.concatenate(self._firsts)]
        return self._firsts[0]

    def values(self, field: int) -> Sequence[Hashable]:
        """Return the local states of an actor, or from there on the messages of a channel."""
        actors = len(self.locals)
        return self.locals[field] if field < actors else self.messages[field - actors]

    def number(self, field: int, value: Hashable) -> int:
        """Return the number of one of `values`, which it is from now on."""
        actors = len(self.locals)
        if field < actors:
            return self.actors[field].number(value)
        return self._message_of[field - actors][value]

    def answer(self, asked: Ints) -> tuple[Ints, Ints]:
        """Ask the actors what is asked: (actor, state, 0) or (-1 - channel, state, message).

        What was asked twice is asked once, and the order does not count.  Return each question
        once, and the outcome with which its answer begins; they go on to the next, or the end.
        """
        asked = unique(asked)
        parts = np.split(asked, np.flatnonzero(np.diff(asked[:, 0])) + 1)
        found = zip(*map(self._answers, parts), strict=True)
        self._asked.append(asked)
        self._firsts.append(self._note(asked, Answers(*map(np.concatenate, found))))
        return asked, self._firsts[-1]

    def _answers(self, part: Ints) -> Answers:
        """Return what comes of each question of *part*, which are all to one actor or channel."""
        who, states = int(part[0, 0]), part[:, 1]
        if who >= 0:
            return self.actors[who].acts(states)
        channel, known = self.world.channels[-1 - who], self.messages[-1 - who]
        return self.actors[self.actor(who)].hears(states, channel.name, part[:, 2], known)

    def actor(self, who: int) -> int:
        """Return the actor that a question to *who* is put to."""
        return who if who >= 0 else self.world.to[-1 - who]

    def _note(self, asked: Ints, answers: Answers) -> Ints:
        """Note the outcomes of each question; return where each begins."""
        known, more = self._outcomes_known, len(answers.after)
        self._outcomes_known = known + more
        outcomes = self._tables.outcomes
        if known + more > len(outcomes):
            room = np.zeros((known + 2 * more, 2), np.uint64)
            outcomes = np.concatenate([outcomes[:known], room])
            self._tables = self._tables._replace(outcomes=outcomes)
        new = outcomes[known : known + more]
        ends, some = np.cumsum(answers.counts), answers.counts > 0
        new[:, 0] = answers.after << 1
        new[:, 1] = answers.sends
        new[ends[some] - 1, 0] |= np.uint64(1)
        begins = known + ends - answers.counts
        self._first(asked, np.where(some, begins, 0))
        return begins

    def _first(self, asked: Ints, firsts: Ints) -> None:
        """Enter into the tables with which outcome the answer to each question begins."""
        acts = asked[:, 0] >= 0
        self._tables.acts[self._places(asked[acts])] = firsts[acts]
        self._tables.hears[self._places(asked[~acts])] = firsts[~acts]

    def _places(self, asked: Ints) -> Ints:
        """Return where the answers stand: questions of one kind, in `acts` or in `hears`."""
        who, states, messages = asked.T
        tables = self._tables
        at: Ints
        if (who >= 0).all():
            at = tables.acts_at[who] + states
        else:
            at = tables.hears_at[-1 - who] + states * tables.stride[-1 - who] + messages
        return at

    def open(self, asked: Ints) -> Ints:
        """Return those of *asked* that are not answered yet."""
        acts = asked[:, 0] >= 0
        answers = np.empty(len(asked), np.int64)
        answers[acts] = self._tables.acts[self._places(asked[acts])]
        answers[~acts] = self._tables.hears[self._places(asked[~acts])]
        return asked[answers < 0]

    def outcomes(self, begins: Ints) -> tuple[Ints, Ints, Words]:
        """Return of what was answered last each outcome: its question, the state after, the sends.

        *begins* is as `answer` has returned it.
        """
        new = self._tables.outcomes[begins[0] : self._outcomes_known]
        question = np.repeat(np.arange(len(begins)), np.diff(begins, append=self._outcomes_known))
        return question, (new[:, 0] >> np.uint64(1)).astype(np.int64), new[:, 1]

    def move(self, how: int) -> Move:
        """Return the move that a transition was, by its number in `kernel.Found`."""
        number, variant = divmod(how, VARIANTS)
        if variant == LOST:
            lost, missing = self._entry(number)
            return loss(self.world.channels[lost], missing)
        begins = self._begins()
        asked = int(np.searchsorted(begins, number, side="right")) - 1
        who, state, message = map(int, self._questions()[asked])
        nth = number - int(begins[asked])
        if who >= 0:
            actor = self.world.actors[who]
            return act(actor, _nth(actor.acts(self.locals[who][state]), nth))
        channel, to = self.world.channels[-1 - who], self.world.to[-1 - who]
        heard = self.messages[-1 - who][message]
        done = self.world.actors[to].hears(self.locals[to][state], channel.name, heard)
        return arrival(channel, heard, _nth(done, nth), doubled=variant == DOUBLED)

    def _entry(self, number: int) -> tuple[int, Hashable]:
        """Return the channel and the message of an entry of `Tables.hears`."""
        channel = int(np.searchsorted(self._tables.hears_at, number, side="right")) - 1
        within = number - int(self._tables.hears_at[channel])
        return channel, self.messages[channel][within % int(self._tables.stride[channel])]

    def tables(self) -> Tables:
        """Return all of it as arrays; the kernels write into them what they have asked."""
        acts, hears = self._acts, self._hears
        grown = False
        for actor, known in enumerate(self.locals):
            acts[actor], new = _grown(acts[actor], (len(known),))
            grown |= new
        for channel, messages in enumerate(self.messages):
            sizes = len(self.locals[self.world.to[channel]]), len(messages)
            hears[channel], new = _grown(hears[channel], sizes)
            grown |= new
        if grown or not len(self._tables.acts):
            self._join()
        return self._tables

    def _join(self) -> None:
        """Put the parts one after the other; they become views, so both sides write to one."""
        acts, acts_at = _joined(self._acts)
        hears, hears_at = _joined(self._hears)
        self._acts = [acts[a : a + len(p)] for a, p in zip(acts_at, self._acts, strict=True)]
        self._hears = [
            hears[a : a + p.size].reshape(p.shape)
            for a, p in zip(hears_at, self._hears, strict=True)
        ]
        stride = np.array([part.shape[1] for part in self._hears], np.int64)
        self._tables = self._tables._replace(
            acts=acts, acts_at=acts_at, hears=hears, hears_at=hears_at, stride=stride
        )


def unique(asked: Ints) -> Ints:
    """Return the different questions, in order."""
    codes = np.unique(coded(asked))
    pairs = codes >> MESSAGE_BITS
    return np.stack(
        [(pairs >> STATE_BITS) - WHO, pairs & ((1 << STATE_BITS) - 1), codes & MESSAGES_MAX], axis=1
    )


def coded(asked: Ints) -> Ints:
    """Return each question as one number."""
    who, state, message = asked.T
    codes: Ints = ((((who + WHO) << STATE_BITS) | state) << MESSAGE_BITS) | message
    return codes


class _Messages(Numbered):
    """The messages of a channel; their numbers have so many bits."""

    def __init__(self, values: list[Hashable], name: str) -> None:
        super().__init__(values)
        self._name = name

    def __missing__(self, value: Hashable) -> int:
        if len(self._values) > MESSAGES_MAX:
            raise ValueError(f"{self._name}: more than {MESSAGES_MAX} messages")
        return super().__missing__(value)


class _Codes(dict[Sends, int]):
    """What is sent, in 16 bits each, the first in the lowest; worked out once."""

    def __init__(self, world: ActorWorld, message_of: list[_Messages]) -> None:
        super().__init__()
        self._world, self._message_of = world, message_of

    def __missing__(self, sends: Sends) -> int:
        if len(sends) > SENDS_MAX:
            name = self._world.name
            raise ValueError(f"{name}: more than {SENDS_MAX} messages at once: {sends}")
        code = 0
        for place, (to, message) in enumerate(sends):
            channel = self._world.number(to)
            number = self._message_of[channel][message]
            code |= (((channel + 1) << MESSAGE_BITS) | number) << (SEND_BITS * place)
        self[sends] = code
        return code


def _nth(done: Iterable[Do], number: int) -> Do:
    """Return one of the outcomes of a step, asked for once more."""
    return next(islice(done, number, None))


def _grown(table: Any, sizes: tuple[int, ...]) -> tuple[Any, bool]:  # noqa: ANN401  # of either shape
    """Return *table* with room for *sizes*, twice what it had where that is too little."""
    if all(size <= room for size, room in zip(sizes, table.shape, strict=True)):
        return table, False
    pairs = zip(sizes, table.shape, strict=True)
    larger = np.full(
        [max(room, 2 * size) if size > room else room for size, room in pairs], UNKNOWN, np.int32
    )
    larger[tuple(slice(room) for room in table.shape)] = table
    return larger, True


def _joined(parts: list[Numbers]) -> tuple[Numbers, Ints]:
    """Return *parts* one after the other, and where each begins."""
    begins = np.cumsum([0, *(part.size for part in parts)])
    if not parts:
        return np.zeros(1, np.int32), np.zeros(0, np.int64)
    return np.concatenate([part.ravel() for part in parts]), begins[:-1].astype(np.int64)
