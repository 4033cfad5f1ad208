"""How a state of an actor world is packed: which bits of which 64-bit word hold what.

One field for each actor, the number of its local state; one for each channel, a slot for each
message that it can carry, the next to arrive in the lowest.  A message's number is never 0: 0 is
an empty slot.  No field lies across two words.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import frozen

WORD_BITS = 63  # of 64
STATE = np.uint64(1 << 63)  # set in the first word of every state, so that none is zero
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


class Shape(NamedTuple):
    """The fields as the kernels take them: first the actors', then the channels'.

    *slot* masks one slot at its lowest place, *field* all slots; *width* is the bits of a slot.
    """

    word: Ints
    shift: Words
    width: Words
    slot: Words
    field: Words


@frozen(eq=False)
class Layout:
    """Room for *bits* in each of the *slots* of each field, in *words* words."""

    bits: tuple[int, ...]
    slots: tuple[int, ...]
    words: int
    shape: Shape


def layout(counts: tuple[int, ...], slots: tuple[int, ...]) -> Layout:
    """Return room for numbers below *counts* in *slots* slots of each field.

    What is left over of a word goes to the fields of one slot in it: they grow the most.

    Raises:
        ValueError: A field needs more than 63 bits.
    """
    bits = [max((count - 1).bit_length(), 1) for count in counts]
    sizes = [each * many for each, many in zip(bits, slots, strict=True)]
    if max(sizes) > WORD_BITS:
        raise ValueError("a channel carries more than 63 bits of messages; lower its capacity")
    where = _fit(sizes)
    words = 1 + max(where)
    for word in range(words):
        inside = [f for f, at in enumerate(where) if at == word]
        spare = WORD_BITS - sum(sizes[f] for f in inside)
        growing = [f for f in inside if slots[f] == 1]
        for f in growing if spare > 0 else ():
            share = spare // len(growing)
            bits[f], sizes[f] = bits[f] + share, sizes[f] + share
    return Layout(tuple(bits), slots, words, _shape(bits, sizes, where))


def _fit(sizes: list[int]) -> list[int]:
    """Return the word of each field: the largest first, each into the first word with room."""
    room: list[int] = []
    where = [0] * len(sizes)
    for f in sorted(range(len(sizes)), key=lambda f: -sizes[f]):
        word = next((w for w, left in enumerate(room) if left >= sizes[f]), len(room))
        if word == len(room):
            room.append(WORD_BITS)
        room[word] -= sizes[f]
        where[f] = word
    return where


def _shape(bits: list[int], sizes: list[int], where: list[int]) -> Shape:
    """Return the fields side by side in their words."""
    used = [0] * (1 + max(where))
    shift: list[int] = []
    for f, word in enumerate(where):
        shift.append(used[word])
        used[word] += sizes[f]
    return Shape(
        word=np.array(where, np.int64),
        shift=np.array(shift, np.uint64),
        width=np.array(bits, np.uint64),
        slot=np.array([(1 << each) - 1 for each in bits], np.uint64),
        field=np.array([(1 << each) - 1 for each in sizes], np.uint64),
    )


def column(states: Words, shape: Shape, field: int) -> Ints:
    """Return what *field* holds in each of *states*, (n, words)."""
    word = states[:, shape.word[field]] >> shape.shift[field]
    return np.asarray(word & shape.field[field], np.int64)


def slots(queue: Ints, at: Layout, field: int) -> list[Ints]:
    """Return the message of each slot of *queue*, the columns of one channel."""
    bits = at.bits[field]
    return [(queue >> (bits * slot)) & ((1 << bits) - 1) for slot in range(at.slots[field])]


def packed(states: Words, old: Layout, new: Layout) -> Words:
    """Return *states*, packed as *old* says, packed as *new* says."""
    after = np.zeros((len(states), new.words), np.uint64)
    for field in range(len(new.bits)):
        queue = column(states, old.shape, field)
        messages = slots(queue, old, field)
        value = np.zeros(len(states), np.uint64)
        for slot, message in enumerate(messages):
            value |= message.astype(np.uint64) << np.uint64(new.bits[field] * slot)
        after[:, new.shape.word[field]] |= value << new.shape.shift[field]
    after[:, 0] |= STATE
    return after
