"""The inner loops of the exploration, compiled: what follows from states, and which are new.

They know no world: what actors do is in tables of numbers that Python fills on demand.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.compiled.hashed import NONE, ONE, hash_of
from simulator.compiled.layout import Ints, Words
from simulator.compiled.machine import Numbers, Whole, compiled, inlined, leading_zeros, prefetch

WORD, LENGTHS = np.uint64(64), 65
UNKNOWN, ASKED = -1, -2  # in a table: Python was not asked yet; it was, and has not answered
SEND_BITS, MESSAGE_BITS = 16, 11  # a message sent: its channel + 1 above its number
SENDS_MAX = 64 // SEND_BITS
MESSAGES_MAX = (1 << MESSAGE_BITS) - 1
CHANNELS_MAX = (1 << (SEND_BITS - MESSAGE_BITS)) - 1
BLOCK = 64  # states whose tables are read at the same time
PLAIN, DOUBLED, LOST, VARIANTS = 0, 1, 2, 3
ROWS, AGAIN, QUESTIONS, DEAD = range(4)  # what a tally counts
DONE_WITH, MISSING, FULL = 0, 1, 2  # how far a state was expanded

Flags = npt.NDArray[np.bool_]


class Model(NamedTuple):
    """A world: where its fields are, how its channels are and behave, what its actors do.

    The fields are those of `layout.Shape` and of `tables.Tables`; tuples inside would be slow.
    `length[LENGTHS * channel + bits]` is the number of messages in a queue of so many bits.
    """

    word: Ints
    shift: Words
    width: Words
    slot: Words
    field: Words
    length: Ints
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
    outcomes: Words


class Found(NamedTuple):
    """Room for what an expansion finds.

    *rows* are states and *hashes* theirs; `ends[k]` is how many rows there are after the k-th
    state.  *how*, which may have no room, is the outcome, or for LOST the entry of `hears`, times
    VARIANTS and the variant.  *again* are states to expand once more, *asked* what has to be asked
    before: (actor or -1 - channel, state, message).  *free* and *tail* are of the channels: how
    many messages more they can carry, and where in its word the next goes.  *new*, (workers, 2,
    rows), is what `hashed.enter` says of the rows.
    """

    rows: Words
    hashes: Words
    ends: Ints
    new: Ints
    how: Ints
    again: Ints
    asked: Ints
    base: Words
    firsts: Ints
    free: Ints
    tail: Words
    tally: Ints


@compiled
def _insert(row: Words, channel: Whole, message: np.uint64, model: Model) -> bool:
    """Put *message* into *channel* of *row*, wherever it belongs; say whether it fits."""
    field = len(model.word) - len(model.to) + channel
    word, shift, width = model.word[field], model.shift[field], model.width[field]
    queue = (row[word] >> shift) & model.field[field]
    if queue >> (width * np.uint64(model.capacity[channel] - 1)):
        return False
    place, slot = NONE, model.slot[field]
    here = queue & slot
    while here != 0 and (model.ordered[channel] or here <= message):
        place += width
        here = (queue >> place) & slot
    low = (ONE << place) - ONE
    queue = (queue & low) | (message << place) | ((queue & ~low) << width)
    row[word] = (row[word] & ~(model.field[field] << shift)) | (queue << shift)
    return True


@inlined
def _word(field: Whole, words: int, model: Model) -> np.int64:
    """Return the word of *field*: where there is one word only, a constant."""
    return np.int64(0) if words == 1 else model.word[field]


@inlined
def _send(row: Words, sends: np.uint64, words: int, model: Model, found: Found) -> bool:
    """Send all of *sends* in *row*; say whether it fits."""
    seen: Whole = 0
    channels_at = len(model.word) - len(model.to)
    while sends:
        channel = np.int64((sends & np.uint64(0xFFFF)) >> np.uint64(MESSAGE_BITS)) - 1
        message = sends & np.uint64(MESSAGES_MAX)
        if seen >> channel & 1 or not model.ordered[channel]:
            if not _insert(row, channel, message, model):
                return False
        elif found.free[channel] <= 0:
            return False
        else:  # the first to an ordered channel: where it goes is known
            row[_word(channels_at + channel, words, model)] |= message << found.tail[channel]
        seen = seen | (1 << channel)
        sends >>= np.uint64(SEND_BITS)
    return True


@inlined
def _keep(n: Whole, how: Whole, words: int, found: Found) -> Whole:
    """Keep row *n*, now complete, and return how many there are."""
    found.hashes[n] = hash_of(found.rows[n], words)
    if n < len(found.how):
        found.how[n] = how
    return n + 1


@inlined
def _do(
    actor: Whole, first: Whole, variant: Whole, n: Whole, words: int, model: Model, found: Found
) -> Whole:
    """Write each outcome of *actor* from *first* on, and return how many rows there are.

    `found.base` is the state without the actor's own, and without the message that is heard.
    """
    rows, base = found.rows, found.base
    word, shift = _word(actor, words, model), model.shift[actor]
    outcome, last = first, first == 0
    while not last:
        if n >= len(rows):
            return len(rows) + 1
        after, sends = model.outcomes[outcome, 0], model.outcomes[outcome, 1]
        row = rows[n]
        for w in range(words):
            row[w] = base[w]
        row[word] |= (after >> ONE) << shift
        if sends == 0 or _send(row, sends, words, model, found):
            n = _keep(n, VARIANTS * outcome + variant, words, found)
        outcome += 1
        last = after & ONE
    return n


@compiled
def _ask(table: Numbers, entry: Whole, question: tuple[Whole, Whole, Whole], found: Found) -> int:
    """Return the first outcome in *table*; if it is not known yet, note the *question*."""
    first = table[entry]
    if first == UNKNOWN:
        asked = found.tally[QUESTIONS]
        if asked == len(found.asked):
            return UNKNOWN
        table[entry] = ASKED
        found.asked[asked, 0], found.asked[asked, 1], found.asked[asked, 2] = question
        found.tally[QUESTIONS] = asked + 1
    return first if first >= 0 else ASKED


@inlined
def _local(state: Words, actor: Whole, words: int, model: Model) -> np.int64:
    """Return the number of the local state of *actor*."""
    return np.int64((state[_word(actor, words, model)] >> model.shift[actor]) & model.field[actor])


@inlined
def _hear(
    state: Words, channel: Whole, first: Whole, n: Whole, words: int, model: Model, found: Found
) -> tuple[Whole, int]:
    """Write what may become of the messages that *channel* could deliver next.

    *first* is what the first of them brings.  Return how many rows there are, more than there is
    room for if they do not fit, and how far this has come.
    """
    field = len(model.word) - len(model.to) + channel
    queue = (state[_word(field, words, model)] >> model.shift[field]) & model.field[field]
    before, place, how_far = NONE, NONE, DONE_WITH
    while queue >> place:
        message = (queue >> place) & model.slot[field]
        if message != before:
            if first < 0 or place:
                local = _local(state, model.to[channel], words, model)
                entry = _entry(local, channel, message, model)
                question = (-1 - channel, local, np.int64(message))
                first = _ask(model.hears, entry, question, found)
            if first == UNKNOWN:
                return n, FULL
            if first == ASKED:
                how_far = MISSING
            else:
                n = _deliver(state, channel, place, first, n, words, model, found)
        if n > len(found.rows):
            return n, FULL
        if model.ordered[channel]:
            break
        before = message
        place += model.width[field]
    return n, how_far


@inlined
def _deliver(
    state: Words,
    channel: Whole,
    place: np.uint64,
    first: Whole,
    n: Whole,
    words: int,
    model: Model,
    found: Found,
) -> Whole:
    """Write what becomes of the message at *place*, which brings *first* and so on."""
    field, actor, base = len(model.word) - len(model.to) + channel, model.to[channel], found.base
    word, shift, width = _word(field, words, model), model.shift[field], model.width[field]
    actor_word, others = _word(actor, words, model), ~(model.field[actor] << model.shift[actor])
    queue = (state[word] >> shift) & model.field[field]
    for w in range(words):
        base[w] = state[w]
    if model.doubling[channel]:
        base[actor_word] &= others
        n = _do(actor, first, DOUBLED, n, words, model, found)
    low = (ONE << place) - ONE
    rest = (queue & low) | (((queue >> place) >> width) << place)
    base[word] = (base[word] & ~(model.field[field] << shift)) | (rest << shift)
    base[actor_word] &= others
    found.free[channel] += 1
    found.tail[channel] -= width
    n = _do(actor, first, PLAIN, n, words, model, found)
    found.free[channel] -= 1
    found.tail[channel] += width
    if model.lossy[channel]:
        n = _lose(state, channel, (queue >> place) & model.slot[field], n, words, model, found)
    return n


@inlined
def _lose(
    state: Words,
    channel: Whole,
    message: np.uint64,
    n: Whole,
    words: int,
    model: Model,
    found: Found,
) -> Whole:
    """Write that *message* is lost, which `found.base` lacks."""
    if n >= len(found.rows):
        return len(found.rows) + 1
    row, actor = found.rows[n], model.to[channel]
    for w in range(words):
        row[w] = found.base[w]
    word, local = _word(actor, words, model), _local(state, actor, words, model)
    row[word] |= np.uint64(local) << model.shift[actor]
    return _keep(n, VARIANTS * _entry(local, channel, message, model) + LOST, words, found)


@inlined
def _act(
    state: Words,
    actor: Whole,
    first: Whole,
    n: Whole,
    words: int,
    model: Model,
    found: Found,
) -> tuple[Whole, int]:
    """Write what *actor* may do by itself, *first* and so on."""
    if first < 0:
        local = _local(state, actor, words, model)
        first = _ask(model.acts, model.acts_at[actor] + local, (actor, local, 0), found)
        if first < 0:
            return n, FULL if first == UNKNOWN else MISSING
    base, word = found.base, _word(actor, words, model)
    for w in range(words):
        base[w] = state[w]
    base[word] &= ~(model.field[actor] << model.shift[actor])
    n = _do(actor, first, PLAIN, n, words, model, found)
    return n, FULL if n > len(found.rows) else DONE_WITH


@inlined
def _entry(local: Whole, channel: Whole, message: np.uint64, model: Model) -> Whole:
    """Return the place in `hears` of *message* to an actor in *local*."""
    entry: Whole = model.hears_at[channel] + local * model.stride[channel] + np.int64(message)
    return entry


@inlined
def _decode(state: Words, firsts: Ints, words: int, model: Model) -> None:
    """Write where in the tables stands what the actors do, and have the memory fetch it."""
    actors = len(model.acts_at)
    for actor in range(actors):
        firsts[actor] = model.acts_at[actor] + _local(state, actor, words, model)
        prefetch(model.acts, np.uint64(firsts[actor]))
    for channel in range(len(model.to)):
        field, to = actors + channel, model.to[channel]
        message = (state[_word(field, words, model)] >> model.shift[field]) & model.slot[field]
        local = np.int64(firsts[to] - model.acts_at[to])
        firsts[field] = _entry(local, channel, message, model)
        prefetch(model.hears, np.uint64(firsts[field]))


@inlined
def _read(firsts: Ints, model: Model) -> None:
    """Replace the places by what stands there, and have the memory fetch those outcomes."""
    actors = len(model.acts_at)
    for field in range(len(model.word)):
        table = model.acts if field < actors else model.hears
        firsts[field] = table[firsts[field]]
        prefetch(model.outcomes, np.uint64(max(firsts[field], 0)))


@inlined
def _lengths(state: Words, words: int, model: Model, found: Found) -> None:
    """Note how full the channels are."""
    for channel in range(len(model.to)):
        field = len(model.word) - len(model.to) + channel
        queue = (state[_word(field, words, model)] >> model.shift[field]) & model.field[field]
        length = model.length[LENGTHS * channel + np.int64(WORD - leading_zeros(queue))]
        found.free[channel] = model.capacity[channel] - length
        found.tail[channel] = model.shift[field] + np.uint64(length) * model.width[field]


@inlined
def _follow(
    state: Words, firsts: Ints, n: Whole, words: int, model: Model, found: Found
) -> tuple[Whole, int]:
    """Write what follows from *state*; return how many rows there are and how far this has come."""
    begin, how_far, actors = n, DONE_WITH, len(model.acts_at)
    _lengths(state, words, model, found)
    for channel in range(len(model.to)):
        first = firsts[actors + channel]
        n, far = _hear(state, channel, first, n, words, model, found)
        how_far = max(how_far, far)
    for actor in range(actors):
        n, far = _act(state, actor, firsts[actor], n, words, model, found)
        how_far = max(how_far, far)
    if how_far != DONE_WITH:
        return begin, how_far
    if n == begin:
        found.tally[DEAD] += 1
    return n, how_far


@inlined
def _expand(states: Words, todo: Ints, words: int, model: Model, found: Found) -> int:
    n: Whole = 0
    many = min(len(todo), len(found.ends))
    for begin in range(0, many, BLOCK):
        block = min(BLOCK, many - begin)
        for k in range(block):
            _decode(states[todo[begin + k]], found.firsts[k], words, model)
        for k in range(block):
            _read(found.firsts[k], model)
        for k in range(block):
            done = begin + k
            n, how_far = _follow(states[todo[done]], found.firsts[k], n, words, model, found)
            found.ends[done] = found.tally[ROWS] = n
            if how_far == FULL:
                return done
            if how_far == MISSING:
                found.again[found.tally[AGAIN]] = todo[done]
                found.tally[AGAIN] += 1
    return many


@compiled
def expand(states: Words, todo: Ints, model: Model, found: Found) -> int:
    """Write what follows from the states *todo* to *found*, and return how many are done.

    `found.tally` counts rows, states to expand again and states that nothing follows; it goes on
    to count questions.
    """
    tally = found.tally
    tally[ROWS] = tally[AGAIN] = tally[DEAD] = 0
    if len(found.base) == 1:  # a constant: the compiler makes other code of it
        return _expand(states, todo, 1, model, found)
    return _expand(states, todo, len(found.base), model, found)
