"""The inner loops of the exploration, compiled: what follows from states, and which are new.

They know no world: what actors do is in tables of numbers that Python fills on demand.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from simulator.compiled.layout import Ints, Words

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
ONE = np.uint64(1)
UNKNOWN, ASKED = -1, -2  # in a table: Python was not asked yet; it was, and has not answered
SEND_BITS, MESSAGE_BITS = 16, 11  # a message sent: its channel + 1 above its number
SENDS_MAX = 64 // SEND_BITS
MESSAGES_MAX = (1 << MESSAGE_BITS) - 1
CHANNELS_MAX = (1 << (SEND_BITS - MESSAGE_BITS)) - 1
BATCH = 256  # lookups under way at the same time
PLAIN, DOUBLED, LOST, VARIANTS = 0, 1, 2, 3
ROWS, AGAIN, QUESTIONS, DEAD, DONE = range(5)  # what a tally counts
DONE_WITH, MISSING, FULL = 0, 1, 2  # how far a state was expanded

Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Whole = int | np.int64
F = TypeVar("F", bound=Callable[..., Any])


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
    after: Numbers
    sends: Words


class Model(NamedTuple):
    """A world: where its fields are, how its channels are and behave, what its actors do.

    The fields are those of `layout.Shape` and of `Tables`; tuples inside would be slow.
    """

    word: Ints
    shift: Words
    width: Words
    slot: Words
    field: Words
    to: Ints
    capacity: Ints
    ordered: Flags
    lossy: Flags
    doubling: Flags
    acts: Numbers
    acts_at: Ints
    hears: Numbers
    hears_at: Ints
    stride: Ints
    after: Numbers
    sends: Words


class Found(NamedTuple):
    """Room for what an expansion finds.

    *rows* are states, *source* the state that each came from, *how* the outcome, or for LOST the
    entry of `hears`, times VARIANTS and the variant.  *again* are states to expand once more,
    *asked* what has to be asked before: (actor or -1 - channel, state, message).
    """

    rows: Words
    source: Ints
    how: Ints
    again: Ints
    asked: Ints
    base: Words
    slots: Words
    firsts: Words


def _compiled(function: F) -> F:
    # Nothing is allocated in here, so no references are counted: that would take most of the time.
    return cast("F", cast("Any", njit)(cache=True, nogil=True, _nrt=False)(function))


@_compiled
def _send(row: Words, channel: Whole, message: np.uint64, model: Model) -> bool:
    """Put *message* into *channel* of *row*; say whether it fits."""
    field = len(model.word) - len(model.to) + channel
    word, shift, width = model.word[field], model.shift[field], model.width[field]
    queue = (row[word] >> shift) & model.field[field]
    if queue >> (width * np.uint64(model.capacity[channel] - 1)):
        return False
    place, slot = np.uint64(0), model.slot[field]
    here = queue & slot
    while here != 0 and (model.ordered[channel] or here <= message):
        place += width
        here = (queue >> place) & slot
    low = (ONE << place) - ONE
    queue = (queue & low) | (message << place) | ((queue & ~low) << width)
    row[word] = (row[word] & ~(model.field[field] << shift)) | (queue << shift)
    return True


@_compiled
def _does(row: Words, actor: Whole, outcome: Whole, model: Model) -> bool:
    """Let *actor* do *outcome* in *row*; say whether what it sends fits."""
    word, shift = model.word[actor], model.shift[actor]
    state = np.uint64(model.after[outcome] >> 1) << shift
    row[word] = (row[word] & ~(model.field[actor] << shift)) | state
    sends = model.sends[outcome]
    while sends:
        channel = np.int64((sends & np.uint64(0xFFFF)) >> np.uint64(MESSAGE_BITS)) - 1
        if not _send(row, channel, sends & np.uint64(MESSAGES_MAX), model):
            return False
        sends >>= np.uint64(SEND_BITS)
    return True


@_compiled
def _write(
    base: Words, actor: Whole, first: Whole, variant: Whole, model: Model, found: Found, tally: Ints
) -> bool:
    """Write each outcome of *actor* from *first* on to *found*; say whether there was room.

    *base* is the state without the message that is heard.  LOST writes *base* itself.
    """
    outcome = first
    while outcome:
        n = tally[ROWS]
        if n == len(found.rows):
            return False
        row = found.rows[n]
        for w in range(len(base)):
            row[w] = base[w]
        if variant == LOST or _does(row, actor, outcome, model):
            found.source[n] = tally[DONE]
            found.how[n] = VARIANTS * outcome + variant
            tally[ROWS] = n + 1
        if variant == LOST or model.after[outcome] & 1:
            break
        outcome += 1
    return True


@_compiled
def _look(
    table: Numbers, entry: Whole, question: tuple[Whole, Whole, Whole], found: Found, tally: Ints
) -> int:
    """Return the first outcome in *table*; if it is not known yet, note the *question*."""
    first = table[entry]
    if first == UNKNOWN:
        asked = tally[QUESTIONS]
        if asked == len(found.asked):
            return UNKNOWN
        table[entry] = ASKED
        found.asked[asked, 0], found.asked[asked, 1], found.asked[asked, 2] = question
        tally[QUESTIONS] = asked + 1
    return first if first >= 0 else ASKED


@_compiled
def _hears(
    state: Words, base: Words, channel: Whole, model: Model, found: Found, tally: Ints
) -> int:
    """Write what may become of the messages that *channel* could deliver next."""
    field = len(model.word) - len(model.to) + channel
    actor = model.to[channel]
    word, shift, width = model.word[field], model.shift[field], model.width[field]
    queue = (state[word] >> shift) & model.field[field]
    local = np.int64((state[model.word[actor]] >> model.shift[actor]) & model.field[actor])
    before, how_far = np.uint64(0), DONE_WITH
    for number in range(model.capacity[channel]):
        place = width * np.uint64(number)
        message = (queue >> place) & model.slot[field]
        if message == 0:
            break
        if message != before:
            entry = model.hears_at[channel] + local * model.stride[channel] + np.int64(message)
            question = (-1 - channel, local, np.int64(message))
            first = _look(model.hears, entry, question, found, tally)
            if first == UNKNOWN:
                return FULL
            if first == ASKED:
                how_far = MISSING
            else:
                low = (ONE << place) - ONE
                rest = (queue & low) | (((queue >> place) >> width) << place)
                for w in range(len(state)):
                    base[w] = state[w]
                room = not model.doubling[channel] or _write(
                    base, actor, first, DOUBLED, model, found, tally
                )
                base[word] = (base[word] & ~(model.field[field] << shift)) | (rest << shift)
                room = room and _write(base, actor, first, PLAIN, model, found, tally)
                if model.lossy[channel]:
                    room = room and _write(base, actor, entry, LOST, model, found, tally)
                if not room:
                    return FULL
        if model.ordered[channel]:
            break
        before = message
    return how_far


@_compiled
def _acts(state: Words, actor: Whole, model: Model, found: Found, tally: Ints) -> int:
    """Write what *actor* may do by itself."""
    local = np.int64((state[model.word[actor]] >> model.shift[actor]) & model.field[actor])
    question = (actor, local, 0)
    first = _look(model.acts, model.acts_at[actor] + local, question, found, tally)
    if first == UNKNOWN:
        return FULL
    if first == ASKED:
        return MISSING
    return DONE_WITH if _write(state, actor, first, PLAIN, model, found, tally) else FULL


@_compiled
def expand(states: Words, todo: Ints, model: Model, found: Found, tally: Ints) -> int:
    """Write what follows from the states *todo* to *found*, and return how many are done.

    *tally* counts rows, states to expand again, questions and states that nothing follows.
    """
    base = found.base
    for count in range(len(tally)):
        tally[count] = 0
    for done in range(len(todo)):
        state = states[todo[done]]
        begin, how_far = tally[ROWS], DONE_WITH
        tally[DONE] = todo[done]
        for channel in range(len(model.to)):
            how_far = max(how_far, _hears(state, base, channel, model, found, tally))
        for actor in range(len(model.acts_at)):
            how_far = max(how_far, _acts(state, actor, model, found, tally))
        if how_far != DONE_WITH:
            tally[ROWS] = begin
        elif tally[ROWS] == begin:
            tally[DEAD] += 1
        if how_far == FULL:
            return done
        if how_far == MISSING:
            found.again[tally[AGAIN]] = todo[done]
            tally[AGAIN] += 1
    return len(todo)


@_compiled
def _hash(row: Words) -> np.uint64:
    """Return 64 well mixed bits of *row*."""
    mixed = np.uint64(0)
    for word in row:
        mixed ^= word
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0xD6E8FEB86659FD93)
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0xD6E8FEB86659FD93)
        mixed ^= mixed >> np.uint64(32)
    return mixed


@_compiled
def _same(table: Words, at: np.uint64, row: Words) -> bool:
    for w in range(len(row)):
        if table[at, w] != row[w]:
            return False
    return True


@_compiled
def insert(
    found: Found, count: Whole, states: Words, parents: Numbers, n: Whole, table: Words
) -> Whole:
    """Append the *count* rows that *table* lacks to the *n* states; return how many there are then.

    Lookups go in batches, so that the memory answers many at once.
    """
    rows, mask = found.rows, np.uint64(len(table) - 1)
    slots, firsts = found.slots, found.firsts
    for begin in range(0, count, BATCH):
        many = min(BATCH, count - begin)
        for k in range(many):
            slots[k] = _hash(rows[begin + k]) & mask
        for k in range(many):
            firsts[k] = table[slots[k], 0]
        for k in range(many):
            at, row = slots[k], rows[begin + k]
            if len(row) == 1 and firsts[k] == row[0]:
                continue
            while table[at, 0] != EMPTY and not _same(table, at, row):
                at = (at + ONE) & mask
            if table[at, 0] == EMPTY:
                for w in range(len(row)):
                    table[at, w] = states[n, w] = row[w]
                parents[n] = found.source[begin + k]
                n += 1
    return n


@_compiled
def rebuild(found: Found, states: Words, n: Whole, table: Words) -> None:
    """Enter the first *n* of *states*, all different, into the empty *table*."""
    mask = np.uint64(len(table) - 1)
    slots, firsts = found.slots, found.firsts
    for begin in range(0, n, BATCH):
        many = min(BATCH, n - begin)
        for k in range(many):
            slots[k] = _hash(states[begin + k]) & mask
        for k in range(many):
            firsts[k] = table[slots[k], 0]
        for k in range(many):
            at = slots[k]
            if firsts[k] != EMPTY:
                at = (at + ONE) & mask
            while table[at, 0] != EMPTY:
                at = (at + ONE) & mask
            for w in range(states.shape[1]):
                table[at, w] = states[begin + k, w]


@_compiled
def number(states: Words, n: Whole, index: Numbers) -> None:
    """Enter the numbers of the first *n* states into *index*, which is -1 where it is empty."""
    mask = np.uint64(len(index) - 1)
    for k in range(n):
        at = _hash(states[k]) & mask
        while index[at] >= 0:
            at = (at + ONE) & mask
        index[at] = k


@_compiled
def find(rows: Words, count: Whole, states: Words, index: Numbers, targets: Numbers) -> None:
    """Write to *targets* the number of the state that each of *rows* is."""
    mask = np.uint64(len(index) - 1)
    for k in range(count):
        at = _hash(rows[k]) & mask
        while not _same(states, index[at], rows[k]):
            at = (at + ONE) & mask
        targets[k] = index[at]
