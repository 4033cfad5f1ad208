"""Seeded integer dice: SplitMix64, a counter and a mixing function.

Not for secrets.  Streams are segments of one cycle of 2**64 draws that start at hashed places, so
two streams of a million draws overlap with a chance of about one in 10**13.
"""

import numpy as np
import numpy.typing as npt

_MASK = 2**64 - 1
_GAMMA = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_END_OF_NAME = b"\xff"  # never a byte of UTF-8, so split("a").split("b") is not split("ab")


def _mix(z: int) -> int:
    """Return a bijection of 64 bits in which every bit of *z* moves every bit of the result."""
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def _mix_array(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return `_mix` of every element; uint64 wraps by itself."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    return z ^ (z >> np.uint64(31))


class Prng:
    """A stream of draws; the same *seed* (modulo 2**64) gives the same draws on any machine.

    >>> dice = Prng(7)
    >>> [dice.between(1, 6) for _ in range(8)]
    [3, 1, 6, 4, 3, 2, 3, 2]
    """

    __slots__ = ("_seed", "_state")

    def __init__(self, seed: int) -> None:
        self._seed = self._state = seed & _MASK

    def next_u64(self) -> int:
        """Return the next draw, uniform in 0..2**64 - 1."""
        self._state = (self._state + _GAMMA) & _MASK
        return _mix(self._state)

    def below(self, n: int) -> int:
        """Return a draw in 0..*n* - 1, every value equally likely; 0 < *n* <= 2**64."""
        assert 0 < n <= _MASK + 1
        surplus = (_MASK + 1) % n
        while True:
            product = self.next_u64() * n
            if product & _MASK >= surplus:
                return product >> 64

    def between(self, lo: int, hi: int) -> int:
        """Return a draw in *lo*..*hi*, both included."""
        return lo + self.below(hi - lo + 1)

    def chance(self, ppm: int) -> bool:
        """Return whether an event of *ppm* parts per million happened."""
        return self.below(1_000_000) < ppm

    def split(self, name: str) -> "Prng":
        """Return the stream of the concern *name*.

        It depends on the seed and the name alone: draws taken here or there change nothing.
        """
        seed = self._seed
        for byte in name.encode() + _END_OF_NAME:
            seed = _mix(((seed ^ byte) + _GAMMA) & _MASK)
        return Prng(seed)

    def u64_array(self, n: int) -> npt.NDArray[np.uint64]:
        """Return the next *n* draws of `next_u64`, uint64 (n,)."""
        states = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(_GAMMA) + np.uint64(self._state)
        self._state = (self._state + n * _GAMMA) & _MASK
        return _mix_array(states)
