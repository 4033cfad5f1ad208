"""Rows of integers by number: each different one is kept once, in the order in which they come."""

import numpy as np

from simulator.compiled.hashed import number, numbered
from simulator.compiled.layout import Ints

ROOM = 256  # rows that there is room for at first


class Rows:
    """Different rows of *width* integers."""

    def __init__(self, width: int) -> None:
        self._known = np.empty((ROOM, width), np.int64)
        self._index = np.full(2 * ROOM, -1, np.int32)
        self._n = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return self._n

    @property
    def known(self) -> Ints:
        """The rows, (n, width)."""
        return self._known[: self._n]

    def numbers(self, rows: Ints) -> Ints:
        """Return the number of each of *rows*; what is not known yet is from now on."""
        self._reserve(self._n + len(rows))
        found = np.empty(len(rows), np.int64)
        words, known = rows.view(np.uint64), self._known.view(np.uint64)
        self._n = int(numbered(words, known, self._n, self._index, found))
        return found

    def _reserve(self, need: int) -> None:
        """Make room for *need* rows."""
        if need <= len(self._known):
            return
        room = 1 << need.bit_length()
        larger = np.empty((room, self._known.shape[1]), np.int64)
        larger[: self._n] = self.known
        self._known, self._index = larger, np.full(2 * room, -1, np.int32)
        number(larger.view(np.uint64), self._n, self._index)
