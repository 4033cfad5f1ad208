"""What the actors of a world do, in numbers: asked of Python once, then looked up."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from typing import Any

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
    Numbers,
    Tables,
)
from simulator.compiled.layout import Ints
from simulator.explorer import Move

ROOM = 64  # local states and messages that a table has room for at first


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
        self.whats: list[str] = [""]
        self._local_of: list[dict[Hashable, int]] = [{} for _ in world.actors]
        self._message_of: list[dict[Hashable, int]] = [{} for _ in world.channels]
        self._sends_of: dict[tuple[tuple[str, Hashable], ...], int] = {(): 0}
        self._after: list[int] = [1]  # of the outcomes that are not in the tables yet
        self._sends: list[int] = [0]
        self._acts = [np.full(ROOM, UNKNOWN, np.int32) for _ in world.actors]
        self._hears = [np.full((ROOM, ROOM // 4), UNKNOWN, np.int32) for _ in world.channels]
        none, nowhere = np.zeros(0, np.int32), np.zeros(0, np.int64)
        self._tables = Tables(
            acts=none,
            acts_at=nowhere,
            hears=none,
            hears_at=nowhere,
            stride=nowhere,
            after=none,
            sends=np.zeros(0, np.uint64),
        )
        self._outcomes_known = 0
        self.asked: list[tuple[int, int, int]] = []
        self._firsts: list[int] = []  # the first outcome that each of them brought
        for actor in range(len(world.actors)):
            self.local(actor, world.actors[actor].initial)

    def counts(self) -> tuple[int, ...]:
        """Return how many local states each actor has, and messages each channel, and none."""
        return (*map(len, self.locals), *map(len, self.messages))

    def local(self, actor: int, state: Hashable) -> int:
        """Return the number of a local state."""
        known = self._local_of[actor]
        number = known.setdefault(state, len(known))
        if number == len(self.locals[actor]):
            self.locals[actor].append(state)
        return number

    def answer(self, asked: Ints) -> None:
        """Ask the actors what is asked: (actor, state) or (-1 - channel, state, message)."""
        world = self.world
        questions: list[tuple[int, int, int]] = asked.tolist()
        for who, state, message in questions:
            self.asked.append((who, state, message))
            self._firsts.append(self._outcomes_known + len(self._after))
            if who >= 0:
                done = world.actors[who].acts(self.locals[who][state])
                self._acts[who][state] = self._outcomes(who, done)
            else:
                channel = -1 - who
                to = world.to[channel]
                word = self.messages[channel][message]
                hears = world.actors[to].hears
                done = hears(self.locals[to][state], world.channels[channel].name, word)
                self._hears[channel][state, message] = self._outcomes(to, done)

    def move(self, how: int) -> Move:
        """Return the move that a transition was, by its number in `kernel.Found`."""
        number, variant = divmod(how, VARIANTS)
        if variant == LOST:
            lost, missing = self._entry(number)
            return loss(self.world.channels[lost], missing)
        who, _, message = self.asked[bisect_right(self._firsts, number) - 1]
        do = Do(self.whats[number], None, self._sent(number))
        if who >= 0:
            return act(self.world.actors[who], do)
        channel = self.world.channels[-1 - who]
        heard = self.messages[-1 - who][message]
        return arrival(channel, heard, do, doubled=variant == DOUBLED)

    def _sent(self, number: int) -> tuple[tuple[str, Hashable], ...]:
        """Return what outcome *number* sends."""
        code = int(self._tables.sends[number])
        sent: list[tuple[str, Hashable]] = []
        while code:
            channel, message = divmod(code & ((1 << SEND_BITS) - 1), 1 << MESSAGE_BITS)
            name = self.world.channels[channel - 1].name
            sent.append((name, self.messages[channel - 1][message]))
            code >>= SEND_BITS
        return tuple(sent)

    def _entry(self, number: int) -> tuple[int, Hashable]:
        """Return the channel and the message of an entry of `Tables.hears`."""
        channel = int(np.searchsorted(self._tables.hears_at, number, side="right")) - 1
        within = number - int(self._tables.hears_at[channel])
        return channel, self.messages[channel][within % int(self._tables.stride[channel])]

    def _outcomes(self, actor: int, done: Iterable[Do]) -> int:
        """Note outcomes and return the number of the first, 0 for none."""
        known, states = self._local_of[actor], self.locals[actor]
        first = self._outcomes_known + len(self._after)
        for what, state, sends in done:
            number = known.get(state)
            if number is None:
                number = known[state] = len(states)
                states.append(state)
            code = self._sends_of.get(sends)
            if code is None:
                code = self._sends_of[sends] = self._code(sends)
            self._after.append(number << 1)
            self._sends.append(code)
            self.whats.append(what)
        if self._outcomes_known + len(self._after) == first:
            return 0
        self._after[-1] |= 1
        return first

    def _code(self, sends: tuple[tuple[str, Hashable], ...]) -> int:
        """Return what is sent in 16 bits each, the first in the lowest."""
        if len(sends) > SENDS_MAX:
            raise ValueError(f"{self.world.name}: more than {SENDS_MAX} messages at once: {sends}")
        code = 0
        for place, (name, message) in enumerate(sends):
            channel = self.world.number(name)
            known = self._message_of[channel]
            number = known.setdefault(message, len(known) + 1)
            if number == len(self.messages[channel]):
                self.messages[channel].append(message)
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
        after, sends = self._tables.after, self._tables.sends
        begin = self._outcomes_known
        end = self._outcomes_known = begin + len(self._after)
        if end > len(after):
            after = np.concatenate([after[:begin], np.zeros(2 * end - begin, np.int32)])
            sends = np.concatenate([sends[:begin], np.zeros(2 * end - begin, np.uint64)])
            self._tables = self._tables._replace(after=after, sends=sends)
        after[begin:end] = self._after
        sends[begin:end] = self._sends
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
