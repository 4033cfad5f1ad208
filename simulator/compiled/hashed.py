"""The table of known states: each is kept whole, in buckets that one look compares with a state.

A bucket has SLOTS places and lies in as many lines of the table, (lines, SLOTS), as a state has
words.  Its number is the upper bits of a hash.  A state that does not fit goes to the next bucket
of the same half, so that two may fill a table at once, each one half of it.
"""

import numpy as np

from simulator.compiled.layout import Ints, Words
from simulator.compiled.machine import (
    Numbers,
    Whole,
    compiled,
    equal,
    inlined,
    leading_zeros,
    prefetch,
)

SLOTS = 8
AHEAD = 48  # lookups under way at the same time
ONE, NONE = np.uint64(1), np.uint64(0)
TOP = np.uint64(63)
BOTH = -1  # halves


@inlined
def hash_of(row: Words, words: int) -> np.uint64:
    """Return 64 bits of *row*, the upper ones well mixed."""
    mixed = row[0] * np.uint64(0xD6E8FEB86659FD93)
    for w in range(1, words):
        mixed = ((mixed ^ (mixed >> np.uint64(32))) + row[w]) * np.uint64(0xD6E8FEB86659FD93)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return np.uint64(mixed)


@inlined
def _known(row: Words, bucket: np.uint64, words: int, table: Words) -> bool:
    """Return whether *row* is in *bucket*."""
    line = bucket * np.uint64(words)
    slots = equal(table, line, row[0])
    for w in range(1, words):
        slots &= equal(table, line + np.uint64(w), row[w])
    return bool(slots)


@inlined
def _put(row: Words, bucket: np.uint64, words: int, table: Words) -> bool:
    """Put *row* into *bucket*; say whether there was room."""
    line = bucket * np.uint64(words)
    empty = equal(table, line, NONE)
    if empty == 0:
        return False
    slot = leading_zeros(NONE) - ONE - leading_zeros(empty & (~empty + ONE))
    for w in range(words):
        table[line + np.uint64(w), slot] = row[w]
    return True


@inlined
def _next(bucket: np.uint64, half: np.uint64) -> np.uint64:
    """Return the bucket after *bucket*, in the same *half* of the table, which has so many."""
    return (bucket & half) | ((bucket + ONE) & (half - ONE))


@inlined
def _new(row: Words, bucket: np.uint64, words: int, table: Words) -> bool:
    """Enter *row* into *table* unless it is there; say whether it was not."""
    half = np.uint64(len(table) // words // 2)
    while not _known(row, bucket, words, table):
        if _put(row, bucket, words, table):
            return True
        bucket = _next(bucket, half)
    return False


@inlined
def _enter(  # noqa: PLR0913, PLR0917  # arrays in, arrays out
    rows: Words, hashes: Words, words: int, ends: Ints, half: Whole, table: Words, new: Ints
) -> Whole:
    count, source, shift = 0, 0, leading_zeros(np.uint64(len(table) // words - 1))
    for k in range(len(rows)):
        if half == BOTH or hashes[k] >> TOP == np.uint64(half):
            ahead = (hashes[k + AHEAD] >> shift) * np.uint64(words)
            for w in range(words):
                prefetch(table, ahead + np.uint64(w))
            if _new(rows[k], hashes[k] >> shift, words, table):
                while ends[source] <= k:
                    source += 1
                new[0, count], new[1, count] = k, source
                count += 1
    return count


@compiled
def enter(  # noqa: PLR0913, PLR0917
    rows: Words, hashes: Words, ends: Ints, half: Whole, table: Words, new: Ints
) -> Whole:
    """Enter those of *rows* that belong to *half* and are not there yet; return how many.

    *new*, (2, rows), gets which they are and from which state they came: *ends* are how many rows
    there are after each.  *hashes* go on for AHEAD more: a lookup begins before it is needed, so
    that the memory answers many at once.
    """
    words = rows.shape[1]
    if words == 1:  # a constant: the compiler makes other code of it
        return _enter(rows, hashes, 1, ends, half, table, new)
    return _enter(rows, hashes, words, ends, half, table, new)


@compiled
def append(  # noqa: PLR0913, PLR0917
    rows: Words, new: Ints, counts: Ints, todo: Ints, states: Words, parents: Numbers, n: Whole
) -> None:
    """Append to the first *n* states those of *rows* that `enter` found *new*, in order.

    It has found so many in each half, if there are two; their parents are of *todo*.
    """
    one, other = 0, 0
    others = counts[1] if len(counts) > 1 else 0
    for at in range(n, n + counts[0] + others):
        half = int(one == counts[0] or (other < others and new[1, 0, other] < new[0, 0, one]))
        k = other if half else one
        row = new[half, 0, k]
        for w in range(rows.shape[1]):
            states[at, w] = rows[row, w]
        parents[at] = todo[new[half, 1, k]]
        one, other = one + 1 - half, other + half


@compiled
def rebuild(old: Words, table: Words, row: Words) -> None:
    """Enter the states of the table *old*, all different, into the empty *table*.

    Where *old* is in order, so are the places in *table*, and neither is read at random.
    """
    words = len(row)
    half = np.uint64(len(table) // words // 2)
    shift = leading_zeros(half + half - ONE)
    for line in range(0, len(old), words):
        for slot in range(SLOTS):
            if old[line, slot]:
                for w in range(words):
                    row[w] = old[line + w, slot]
                bucket = hash_of(row, words) >> shift
                while not _put(row, bucket, words, table):
                    bucket = _next(bucket, half)


@inlined
def _same(states: Words, at: Whole, row: Words) -> bool:
    same = True
    for w in range(len(row)):
        same &= states[at, w] == row[w]
    return same


@compiled
def number(states: Words, n: Whole, index: Numbers) -> None:
    """Enter the numbers of the first *n* states into *index*, which is -1 where it is empty."""
    mask, shift = np.uint64(len(index) - 1), leading_zeros(np.uint64(len(index) - 1))
    for k in range(n):
        at = hash_of(states[k], states.shape[1]) >> shift
        while index[at] >= 0:
            at = (at + ONE) & mask
        index[at] = k


@compiled
def numbered(rows: Words, states: Words, n: Whole, index: Numbers, targets: Ints) -> Whole:
    """Write to *targets* which of the first *n* states each of *rows* is.

    Those that are none of them are appended, and *index* is as `number` leaves it.  Return how many
    states there are now.
    """
    mask, shift = np.uint64(len(index) - 1), leading_zeros(np.uint64(len(index) - 1))
    words = rows.shape[1]
    for k in range(len(rows)):
        at = hash_of(rows[k], words) >> shift
        while index[at] >= 0 and not _same(states, np.int64(index[at]), rows[k]):
            at = (at + ONE) & mask
        if index[at] < 0:
            for w in range(words):
                states[n, w] = rows[k, w]
            index[at] = n
            n += 1
        targets[k] = index[at]
    return n
