"""The transitions of a compiled exploration, for claims that only the whole graph decides."""

import numpy as np

from simulator.actors import Locals
from simulator.compiled.hashed import numbered
from simulator.compiled.layout import Ints
from simulator.compiled.search import CHUNK, Search
from simulator.explorer import Move
from simulator.fairness import Graph


class Edges:
    """Every transition of an exploration that is complete, and the move that each is."""

    def __init__(self, search: Search) -> None:
        self._search = search
        search.remember_how()
        self._index = search.index()
        parts = [self._leaving(begin) for begin in range(0, search.n, CHUNK)]
        targets, hows, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
        kinds: Ints
        kinds, labels = np.unique(hows, return_inverse=True)
        moves = [search.memory.move(int(how)) for how in kinds]
        numbers = {move: number for number, move in enumerate(dict.fromkeys(moves))}
        self.moves: tuple[Move, ...] = tuple(numbers)
        same = np.array([numbers[move] for move in moves], np.int64)
        self.graph = Graph(
            offsets=np.concatenate([[0], np.cumsum(counts)]),
            targets=targets,
            labels=same[labels],
            levels=np.array(search.levels),
        )

    def _leaving(self, begin: int) -> tuple[Ints, Ints, Ints]:
        """Return target and outcome of each edge of some states, and how many each state has."""
        search = self._search
        todo = np.arange(begin, min(begin + CHUNK, search.n))
        found = search.outcomes(todo)
        ends = found.ends[: len(todo)]
        rows = int(ends[-1])
        targets = np.empty(rows, np.int64)
        numbered(found.rows[:rows], search.states, search.n, self._index, targets)
        return targets, found.how[:rows].copy(), np.diff(ends, prepend=0)

    def step(self, edge: int) -> tuple[Move, Locals]:
        """Return the move of *edge* and the state that it leads to."""
        move = self.moves[int(self.graph.labels[edge])]
        return move, self._search.state(int(self.graph.targets[edge]))
