"""What the actors of a world do, in numbers: asked of Python once, then looked up."""

from collections.abc import Callable, Hashable, Iterable
from itertools import islice, repeat
from typing import Any, NamedTuple

import numpy as np

from simulator.actors import ActorWorld, Do, act, arrival, loss
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

Sends = tuple[tuple[str, Hashable], ...]
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

    def __init__(self, world: ActorWorld) -> None:
        if len(world.channels) > CHANNELS_MAX:
            raise ValueError(f"{world.name}: more than {CHANNELS_MAX} channels")
        self.world = world
        self.locals: list[list[Hashable]] = [[] for _ in world.actors]
        self.messages: list[list[Hashable]] = [[None] for _ in world.channels]
        self._local_of = [_Numbers(known) for known in self.locals]
        self._message_of = [_Numbers(known) for known in self.messages]
        self._sends_of = _Codes(self._code)
        self._after: list[int] = [1]  # of the outcomes that are not in the tables yet
        self._sends: list[int] = [0]
        self._acts = [np.full(ROOM, UNKNOWN, np.int32) for _ in world.actors]
        self._hears = [np.full((ROOM, ROOM // 16), UNKNOWN, np.int32) for _ in world.channels]
        none, nowhere = np.zeros(0, np.int32), np.zeros(0, np.int64)
        self._tables = Tables(
            acts=none,
            acts_at=nowhere,
            hears=none,
            hears_at=nowhere,
            stride=nowhere,
            outcomes=np.zeros((0, 2), np.uint64),
        )
        self._outcomes_known = 0
        self._asked = [np.zeros((0, 3), np.int64)]  # each question once, in order
        self._firsts = [np.zeros(0, np.int64)]  # the outcome with which the answer to each begins
        for actor in range(len(world.actors)):
            _ = self._local_of[actor][world.actors[actor].initial]

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

    def answer(self, asked: Ints) -> None:
        """Ask the actors what is asked: (actor, state, 0) or (-1 - channel, state, message).

        What was asked twice is asked once, and the order does not count.
        """
        asked = _unique(asked)
        self._asked.append(asked)
        for who in np.unique(asked[:, 0]).tolist():
            _, states, messages = asked[asked[:, 0] == who].T
            begins = np.array(self._outcomes(who, states.tolist(), messages.tolist()), np.int64)
            self._firsts.append(begins + self._outcomes_known)
            none = np.diff(begins, append=len(self._after)) == 0
            firsts = np.where(none, 0, begins + self._outcomes_known)
            if who >= 0:
                self._acts[who][states] = firsts
            else:
                self._hears[-1 - who][states, messages] = firsts

    def _outcomes(self, who: int, states: list[int], messages: list[int]) -> list[int]:
        """Note what comes of each question to *who*; return where it begins."""
        after, sent, code_of, begins = self._after, self._sends, self._sends_of, list[int]()
        to = who if who >= 0 else self.world.to[-1 - who]
        actor, number_of, known = self.world.actors[to], self._local_of[to], self.locals[to]
        locals_: list[Any] = [known[state] for state in states]
        if who >= 0:
            answers = map(actor.acts, locals_)
        else:
            words: list[Any] = [self.messages[-1 - who][message] for message in messages]
            answers = map(actor.hears, locals_, repeat(self.world.channels[-1 - who].name), words)
        for done in answers:
            begins.append(len(after))
            for _, local, sends in done:
                after.append(number_of[local] << 1)
                sent.append(code_of[sends] if sends else 0)
            if len(after) > begins[-1]:
                after[-1] |= 1
        return begins

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

    def _code(self, sends: Sends) -> int:
        """Return what is sent in 16 bits each, the first in the lowest."""
        if len(sends) > SENDS_MAX:
            raise ValueError(f"{self.world.name}: more than {SENDS_MAX} messages at once: {sends}")
        code = 0
        for place, (name, message) in enumerate(sends):
            channel = self.world.number(name)
            number = self._message_of[channel][message]
            if number > MESSAGES_MAX:
                raise ValueError(f"{self.world.name}: more than {MESSAGES_MAX} messages on {name}")
            code |= (((channel + 1) << MESSAGE_BITS) | number) << (SEND_BITS * place)
        return code

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
        outcomes = self._tables.outcomes
        begin = self._outcomes_known
        end = self._outcomes_known = begin + len(self._after)
        if end > len(outcomes):
            room = np.zeros((2 * end - begin, 2), np.uint64)
            outcomes = np.concatenate([outcomes[:begin], room])
            self._tables = self._tables._replace(outcomes=outcomes)
        outcomes[begin:end, 0] = self._after
        outcomes[begin:end, 1] = self._sends
        self._after.clear()
        self._sends.clear()
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


def _unique(asked: Ints) -> Ints:
    """Return the different questions, in order."""
    who, state, message = asked.T
    codes = np.unique(((((who + WHO) << STATE_BITS) | state) << MESSAGE_BITS) | message)
    pairs = codes >> MESSAGE_BITS
    return np.stack(
        [(pairs >> STATE_BITS) - WHO, pairs & ((1 << STATE_BITS) - 1), codes & MESSAGES_MAX], axis=1
    )


class _Numbers(dict[Hashable, int]):
    """The place of each value in a list, to which one that is not there yet is added."""

    def __init__(self, values: list[Hashable]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: Hashable) -> int:
        number = self[value] = len(self._values)
        self._values.append(value)
        return number


class _Codes(dict[Sends, int]):
    """What is sent as a number, worked out once."""

    def __init__(self, code: Callable[[Sends], int]) -> None:
        super().__init__()
        self._code = code

    def __missing__(self, sends: Sends) -> int:
        number = self[sends] = self._code(sends)
        return number


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
