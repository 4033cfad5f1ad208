"""The compiled exploration: states are packed integers, and only new local steps ask Python."""

from collections.abc import Hashable
from itertools import pairwise
from typing import Any

import numpy as np

from simulator.actors import ActorWorld, Locals
from simulator.compiled import kernel
from simulator.compiled.kernel import AGAIN, DEAD, EMPTY, QUESTIONS, ROWS, Found, Model
from simulator.compiled.layout import Ints, Layout, Words, column, layout, packed, slots
from simulator.compiled.tables import Memory
from simulator.explorer import START, BoundExceeded, Path, Progress

CHUNK = 1 << 12  # states expanded at once
LOAD = 0.6  # of the table, at most


class Search:
    """One exploration under way; states are numbered in the order of discovery."""

    def __init__(self, world: ActorWorld) -> None:
        self.world = world
        self.memory = Memory(world)
        self.layout = self._layout()
        self.model = self._model()
        self.n = 1
        self.states: Words = np.zeros((1 << 14, self.layout.words), np.uint64)
        self.parents = np.full(1 << 14, -1, np.int32)
        self.found = self._room(1 << 17)
        self.table = self._table(1 << 15)
        self.levels = [0]
        self.asking = np.zeros(0, np.int64)
        self.transitions = self.deadlocks = 0
        self.tally = np.zeros(5, np.int64)

    def level(self, states_max: int, progress: Progress | None, every: int) -> bool:
        """Expand the states found last; say whether there are new ones.

        Raises:
            BoundExceeded: There are more than *states_max* states; nothing was proven.
        """
        begin, end = self.levels[-1], self.n
        for first in range(begin, end, CHUNK):
            todo = np.arange(first, min(first + CHUNK, end))
            while len(todo):
                todo = self._expanded(todo)
            if self.n > states_max:
                name = self.world.name
                raise BoundExceeded(f"{name}: more than {states_max} states; nothing was proven")
            if progress is not None and first // every < (first + CHUNK) // every:
                progress(self.n, self.transitions, len(self.levels) - 1, self.n - first)
        if self.n > end:
            self.levels.append(end)
        return self.n > end

    def outcomes(self, todo: Ints) -> int:
        """Write what follows from the states *todo*, all answered, to `found`; return how many."""
        while True:
            done = kernel.expand(self.states, todo, self.model, self.found, self.tally)
            if done == len(todo):
                return int(self.tally[ROWS])
            self.found = self._room(2 * len(self.found.rows))

    def _expanded(self, todo: Ints) -> Ints:
        """Expand *todo*, answer what was asked, and return what is left to expand."""
        done = kernel.expand(self.states, todo, self.model, self.found, self.tally)
        count = int(self.tally[ROWS])
        self.transitions += count
        self.deadlocks += int(self.tally[DEAD])
        self._reserve(count)
        self.n = int(
            kernel.insert(self.found, count, self.states, self.parents, self.n, self.table)
        )
        again = self.found.again[: self.tally[AGAIN]]
        left = np.concatenate([again, todo[done:]])
        if self.tally[QUESTIONS]:
            self._answer(again)
        elif not done:
            self.found = self._room(2 * len(self.found.rows))
        return left

    def _answer(self, again: Ints) -> None:
        """Ask the actors what was asked; *asking* are the states that led to it."""
        self.asking = again.copy()
        self.memory.answer(self.found.asked[: self.tally[QUESTIONS]])
        fits = zip(self.memory.counts(), self.layout.bits, strict=True)
        if not all(count <= 1 << bits for count, bits in fits):
            self._widen()
        self.model = self._model()

    def _reserve(self, count: int) -> None:
        """Make room for *count* states more."""
        need = self.n + count
        if need > len(self.states):
            size = max(need, 2 * len(self.states))
            self.states = _copied(self.states, size, self.n)
            self.parents = _copied(self.parents, size, self.n)
        if need > LOAD * len(self.table):
            size = len(self.table)
            while need > LOAD * size:
                size *= 2
            self.table = self._table(size)

    def _widen(self) -> None:
        """Pack the states anew, with room for what has been met."""
        old, self.layout = self.layout, self._layout()
        states = np.empty((len(self.states), self.layout.words), np.uint64)
        states[: self.n] = packed(self.states[: self.n], old, self.layout)
        self.states = states
        self.table = self._table(len(self.table))
        self.found = self._room(len(self.found.rows))

    def _layout(self) -> Layout:
        capacities = tuple(channel.capacity for channel in self.world.channels)
        return layout(self.memory.counts(), (*(1,) * len(self.world.actors), *capacities))

    def _model(self) -> Model:
        channels = self.world.channels
        return Model(
            *self.layout.shape,
            to=np.array(self.world.to, np.int64),
            capacity=np.array([c.capacity for c in channels], np.int64),
            ordered=np.array([c.ordered for c in channels], np.bool_),
            lossy=np.array([c.lossy for c in channels], np.bool_),
            doubling=np.array([c.doubling for c in channels], np.bool_),
            **self.memory.tables()._asdict(),
        )

    def _room(self, rows: int) -> Found:
        return Found(
            rows=np.empty((rows, self.layout.words), np.uint64),
            source=np.empty(rows, np.int64),
            how=np.empty(rows, np.int64),
            again=np.empty(CHUNK, np.int64),
            asked=np.empty((1 << 14, 3), np.int64),
            base=np.empty(self.layout.words, np.uint64),
            slots=np.empty(kernel.BATCH, np.uint64),
            firsts=np.empty(kernel.BATCH, np.uint64),
        )

    def _table(self, size: int) -> Words:
        table = np.full((size, self.layout.words), EMPTY, np.uint64)
        kernel.rebuild(self.found, self.states, self.n, table)
        return table

    def index(self) -> kernel.Numbers:
        """Return the table in which `kernel.find` looks the number of a state up."""
        size = 1 << int(self.n / LOAD).bit_length()
        index = np.full(size, -1, np.int32)
        kernel.number(self.states, self.n, index)
        return index

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

    def path(self, end: int) -> Path[Locals]:
        """Return a shortest path to state *end*: the moves are asked of the world again."""
        chain: list[Locals] = []
        while end >= 0:
            chain.append(self.state(end))
            end = int(self.parents[end])
        chain.reverse()
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
