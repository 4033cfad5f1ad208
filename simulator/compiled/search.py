"""The compiled exploration: states are packed integers, and only new local steps ask Python."""

from collections.abc import Hashable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from simulator.actors import ActorWorld, Locals, Symmetry
from simulator.compiled import kernel
from simulator.compiled.crew import Crew
from simulator.compiled.hashed import AHEAD, BOTH, SLOTS, append, enter, number, rebuild
from simulator.compiled.hot import COMPARE_EVERY
from simulator.compiled.kernel import AGAIN, DEAD, QUESTIONS, ROWS, Found, Model
from simulator.compiled.layout import STATE, Ints, Layout, Words, column, layout, packed, slots
from simulator.compiled.machine import Numbers
from simulator.compiled.orbits import Orbits
from simulator.compiled.tables import Memory
from simulator.explorer import START, BoundExceeded, Path, Progress

CHUNK = 1 << 12  # states that a worker expands at once
STATES, BUCKETS = 1 << 22, 1 << 15  # room at first: what is not touched takes no memory
ROWS_MIN, QUESTIONS_MIN = 1 << 15, 1 << 14
LINE = 64  # bytes of a line of the cache, which is a bucket for states of one word
LOAD = 0.75  # of the table, at most


class Search:
    """One exploration under way; states are numbered in the order of discovery.

    The numbers do not depend on how many *workers* there are.  With a *symmetry* one state of each
    orbit is kept.

    Raises:
        AsymmetryError: The world has not that symmetry.
        ValueError: There are more than two workers, or none.
    """

    def __init__(
        self,
        world: ActorWorld,
        *,
        workers: int = 1,
        memory_max: int | None = None,
        symmetry: Symmetry | None = None,
        compare_every: int = COMPARE_EVERY,
    ) -> None:
        self.world = world
        self.memory = Memory(world, compare_every)
        self.orbits = Orbits(world, symmetry, self.memory) if symmetry is not None else None
        self._crew, self._memory_max = Crew(workers), memory_max
        self.layout = self._layout()
        self._fixed = self._channels()
        self.model = self._model()
        self.n = 1
        self.states: Words = np.zeros((STATES, self.layout.words), np.uint64)
        self.states[0, 0] = STATE
        self.parents = np.zeros(STATES, np.int32)
        self.parents[0] = -1
        self.table = self._empty(BUCKETS)
        self._fill(self._entered())
        self.rooms = [self._room(ROWS_MIN, QUESTIONS_MIN) for _ in range(workers)]
        self.levels = [0]
        self.asking = np.zeros(0, np.int64)
        self.transitions = self.deadlocks = 0
        self._again: list[Ints] = []  # states to expand once more, when the actors were asked

    def level(self, states_max: int, progress: Progress | None, every: int) -> bool:
        """Expand the states found last; say whether there are new ones.

        Raises:
            BoundExceeded: There are more than *states_max* states, or they need more memory than
                they may have; nothing was proven.
        """
        begin, end, step = self.levels[-1], self.n, CHUNK * len(self.rooms)
        for first in range(begin, end, step):
            self._expand(np.arange(first, min(first + step, end)), states_max)
            if progress is not None and first // every < (first + step) // every:
                progress(self.n, self.transitions, len(self.levels) - 1, self.n - first)
        if self._again:
            again = self._answer()
            for first in range(0, len(again), step):
                self._expand(again[first : first + step], states_max)
        if self.n > end:
            self.levels.append(end)
        return self.n > end

    def _expand(self, todo: Ints, states_max: int) -> None:
        """Expand *todo* as far as the actors have been asked; each worker takes a part."""
        while len(todo):
            size = -(-len(todo) // len(self.rooms))
            parts = [todo[first : first + size] for first in range(0, len(todo), size)]
            work = zip(parts, self.rooms, strict=False)
            calls = [(self.states, part, self.model, room) for part, room in work]
            dones = self._crew.run(kernel.expand if self.orbits is None else self._follow, calls)
            last = 0  # the first that has not come to its end: what follows is done once more
            while last < len(parts) - 1 and dones[last] == len(parts[last]):
                last += 1
            self._enter(parts[: last + 1])
            if self.n > states_max:
                raise self._exceeded(f"{states_max} states")
            todo = todo[sum(map(len, parts[:last])) + dones[last] :]
            if dones[last] < len(parts[last]):
                self.rooms[last] = self._larger(self.rooms[last])

    def _follow(self, states: Words, todo: Ints, model: Model, room: Found) -> int:
        """Expand *todo*, and keep one state of each orbit."""
        done = kernel.expand(states, todo, model, room)
        if self.orbits is not None:
            self.orbits.keep(room, model)
        return done

    def _enter(self, parts: list[Ints]) -> None:
        """Enter what follows from *parts*, and append what is new to the states."""
        rooms = self.rooms[: len(parts)]
        count = sum(int(room.tally[ROWS]) for room in rooms)
        self.transitions += count
        self.deadlocks += sum(int(room.tally[DEAD]) for room in rooms)
        self._again.extend(r.again[: r.tally[AGAIN]].copy() for r in rooms if r.tally[AGAIN])
        self._reserve(self.n + count)
        halves = (0, 1) if len(self.rooms) > 1 else (BOTH,)
        found = self._crew.run(self._entered_in, [(half, rooms) for half in halves])
        new: Ints = np.array(found, np.int64).T
        for todo, room, counts in zip(parts, rooms, new, strict=True):
            append(room.rows, room.new, counts, todo, self.states, self.parents, self.n)
            self.n += int(counts.sum())

    def _entered_in(self, half: int, rooms: list[Found]) -> list[int]:
        """Enter what belongs to *half*; return how many rows of each room are new."""
        counts: list[int] = []
        for room in rooms:
            rows, new = room.rows[: room.tally[ROWS]], room.new[max(half, 0)]
            counts.append(int(enter(rows, room.hashes, room.ends, half, self.table, new)))
        return counts

    def _answer(self) -> Ints:
        """Ask the actors what was asked; return the states that led to it."""
        self.asking = np.concatenate(self._again)
        self._again.clear()
        asked = [room.asked[: room.tally[QUESTIONS]] for room in self.rooms]
        questions = np.concatenate(asked)
        if self.orbits is None:
            self.memory.answer(questions)
        else:
            answered = self.memory.answer(self.orbits.closed(questions))
            self.orbits.extend()
            self.orbits.check(*answered)
        for room in self.rooms:
            room.tally[QUESTIONS] = 0
        fits = zip(self.memory.counts(), self.layout.bits, strict=True)
        if not all(count <= 1 << bits for count, bits in fits):
            self._widen()
        self.model = self._model()
        return self.asking

    def members(self, begin: int) -> Iterator[tuple[int, int, Words]]:
        """Yield the states from *begin* on, in parts: where one begins, a permutation, the states.

        With a symmetry they come once more under each other permutation: those of their orbits.
        """
        yield begin, 0, self.states[begin : self.n]
        if self.orbits is not None:
            yield from self.orbits.members(self.states, begin, self.n, self.model)

    # --- For claims that only the whole graph decides ----------------------------------------

    def remember_how(self) -> None:
        """From now on tell the outcome that each row is; give up what finds new states."""
        self.table = np.zeros((0, SLOTS), np.uint64)
        self.rooms = [self._room(len(self.rooms[0].rows), 1, hows=True)]

    def outcomes(self, todo: Ints) -> Found:
        """Return what follows from the states *todo*, which are all answered."""
        while kernel.expand(self.states, todo, self.model, self.rooms[0]) < len(todo):
            self.rooms[0] = self._larger(self.rooms[0])
        return self.rooms[0]

    def index(self) -> Numbers:
        """Return the table in which `hashed.find` looks the number of a state up."""
        size = 2 << int(self.n / LOAD).bit_length()
        index = np.full(size, -1, np.int32)
        number(self.states, self.n, index)
        return index

    # --- Room -----------------------------------------------------------------------------

    def held(self) -> int:
        """Return the bytes of the states, their table and the tables of the actors."""
        each = self.layout.words * 8 + self.parents.itemsize
        tables = sum(table.nbytes for table in self.memory.tables())
        return self.n * each + self.table.nbytes + tables

    def _reserve(self, need: int) -> None:
        """Make room for *need* states."""
        if need > len(self.states):
            size = max(need, 4 * len(self.states))  # what is not touched takes no memory
            self.states = _copied(self.states, size, self.n)
            self.parents = _copied(self.parents, size, self.n)
        words = self.layout.words
        buckets = enough = len(self.table) // words
        while need > LOAD * enough * SLOTS:
            enough *= 2
        more = enough * words * LINE if enough > buckets else 0
        if self._memory_max is not None and self.held() + more > self._memory_max:
            raise self._exceeded(f"{self._memory_max} bytes")
        if more:
            old, self.table = self.table, self._empty(enough)
            self._fill(old)

    def _exceeded(self, bound: str) -> BoundExceeded:
        return BoundExceeded(f"{self.world.name}: more than {bound}; nothing was proven")

    def _widen(self) -> None:
        """Pack the states anew, with room for what has been met."""
        old, self.layout = self.layout, self._layout()
        self._fixed = self._channels()
        states = np.empty((len(self.states), self.layout.words), np.uint64)
        states[: self.n] = packed(self.states[: self.n], old, self.layout)
        self.states = states
        if self.layout.words == old.words:
            self.table[:] = 0
        else:
            self.table = self._empty(len(self.table) // old.words)
            self.rooms = [self._room(len(room.rows), len(room.asked)) for room in self.rooms]
        self._fill(self._entered())

    def _layout(self) -> Layout:
        capacities = tuple(channel.capacity for channel in self.world.channels)
        return layout(self.memory.counts(), (*(1,) * len(self.world.actors), *capacities))

    def _channels(self) -> tuple[Any, ...]:
        """Return what a model says of the channels, from `length` to `doubling`."""
        channels = self.world.channels
        width = self.layout.bits[len(self.world.actors) :]
        length = [[-(-bits // each) for bits in range(kernel.LENGTHS)] for each in width]
        return (
            np.array(length, np.int64).ravel(),
            np.array(self.world.to, np.int64),
            np.array([c.capacity for c in channels], np.int64),
            np.array([c.ordered for c in channels], np.bool_),
            np.array([c.lossy for c in channels], np.bool_),
            np.array([c.doubling for c in channels], np.bool_),
        )

    def _model(self) -> Model:
        return Model._make((*self.layout.shape, *self._fixed, *self.memory.tables()))

    def _room(self, rows: int, questions: int, *, hows: bool = False) -> Found:
        channels = len(self.world.channels)
        return Found(
            rows=np.empty((rows, self.layout.words), np.uint64),
            hashes=np.zeros(rows + AHEAD, np.uint64),
            ends=np.empty(CHUNK, np.int64),
            new=np.empty((self._crew.workers, 2, rows), np.int64),
            how=np.empty(rows if hows else 0, np.int64),
            again=np.empty(CHUNK, np.int64),
            asked=np.empty((questions, 3), np.int64),
            base=np.empty(self.layout.words, np.uint64),
            firsts=np.empty((kernel.BLOCK, len(self.layout.slots)), np.int64),
            free=np.empty(channels, np.int64),
            tail=np.empty(channels, np.uint64),
            tally=np.zeros(4, np.int64),
        )

    def _larger(self, room: Found) -> Found:
        """Return more room than *room*, with the questions in it."""
        asked = int(room.tally[QUESTIONS])
        questions = len(room.asked) * (2 if asked == len(room.asked) else 1)
        larger = self._room(2 * len(room.rows), questions, hows=bool(len(room.how)))
        larger.asked[:asked] = room.asked[:asked]
        larger.tally[QUESTIONS] = asked
        return larger

    def _empty(self, buckets: int) -> Words:
        """Return a table of so many buckets, each in lines of the cache of its own."""
        lines, slots = buckets * self.layout.words, SLOTS
        room = np.zeros((lines + 1) * slots, np.uint64)
        begin = -room.ctypes.data % LINE // room.itemsize
        return room[begin : begin + lines * slots].reshape(lines, slots)

    def _fill(self, old: Words) -> None:
        """Enter the states of the table *old* into that of this search, which is empty."""
        rebuild(old, self.table, np.empty(self.layout.words, np.uint64))

    def _entered(self) -> Words:
        """Return the states as a table that is not in order."""
        full = -(-self.n // SLOTS)
        states = np.zeros((full * SLOTS, self.layout.words), np.uint64)
        states[: self.n] = self.states[: self.n]
        lines = states.reshape(full, SLOTS, self.layout.words).transpose(0, 2, 1)
        return np.ascontiguousarray(lines).reshape(-1, SLOTS)

    # --- Back to what people know ----------------------------------------------------------

    def state(self, index: int) -> Locals:
        """Return state *index* as the world has it."""
        row, world, memory = self.states[index : index + 1], self.world, self.memory
        actors = tuple(
            memory.locals[field][int(column(row, self.layout.shape, field)[0])]
            for field in range(len(world.actors))
        )
        return Locals(actors, tuple(self._queue(row, c) for c in range(len(world.channels))))

    def _queue(self, row: Words, channel: int) -> tuple[Hashable, ...]:
        """Return what *channel* carries in *row*."""
        field = len(self.world.actors) + channel
        numbers = slots(column(row, self.layout.shape, field), self.layout, field)
        queue = tuple(self.memory.messages[channel][int(n[0])] for n in numbers if n[0])
        return queue if self.world.channels[channel].ordered else tuple(sorted(queue, key=repr))

    def path(self, end: int, permutation: int = 0) -> Path[Locals]:
        """Return a shortest path to state *end*: the moves are asked of the world again.

        With a symmetry it is to what the state is under a *permutation*.
        """
        chain: list[Locals] = []
        while end >= 0:
            chain.append(self.state(end))
            end = int(self.parents[end])
        chain.reverse()
        if self.orbits is not None:
            chain = self.orbits.path(chain, permutation)
        between = (
            next(step for step in self.world.moves(before) if step[1] == after)
            for before, after in pairwise(chain)
        )
        return ((START, chain[0]), *between)


def _copied(array: Any, size: int, used: int) -> Any:  # noqa: ANN401  # of either type
    """Return *array* with room for *size* rows, of which *used* are kept."""
    larger = np.empty((size, *array.shape[1:]), array.dtype)
    larger[:used] = array[:used]
    return larger
