"""Symmetry: of the states that differ only in what things are called, an orbit, one is kept.

That one is the least of them, field by field, by the numbers of local states and messages.  What a
world declares is not believed: each local step is asked under every name, and has to agree.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from simulator.actors import (
    Actor,
    ActorWorld,
    AsymmetryError,
    Channel,
    Locals,
    Permutation,
    Symmetry,
)
from simulator.compiled.hashed import NONE, ONE, hash_of
from simulator.compiled.kernel import (
    MESSAGE_BITS,
    MESSAGES_MAX,
    ROWS,
    SEND_BITS,
    VARIANTS,
    Found,
    Model,
)
from simulator.compiled.layout import STATE, Ints, Words
from simulator.compiled.machine import Whole, compiled, inlined
from simulator.compiled.tables import Memory, coded, unique

THINGS_MAX = 4  # their permutations are as many as the states that each state is compared with
BLOCK = 1 << 16
Row = tuple[int, int, int]  # of an outcome: its question, the state after, what is sent


class Names(NamedTuple):
    """What all is called under each permutation but the first, which changes nothing.

    Under permutation p field f holds what field `source[p, f]` holds, but number v of it is called
    `numbers[at[p, f] + v]`.
    """

    source: Ints
    at: Ints
    numbers: Words


@inlined
def _held(row: Words, field: Whole, model: Model) -> np.uint64:
    """Return what *field* of *row* holds."""
    return np.uint64((row[model.word[field]] >> model.shift[field]) & model.field[field])


@inlined
def _renamed(row: Words, field: Whole, p: Whole, model: Model, names: Names) -> np.uint64:
    """Return what *field* of *row* holds under permutation *p*."""
    source, first, channel = names.source[p, field], names.at[p, field], field - len(model.acts_at)
    queue = _held(row, source, model)
    if channel < 0:
        return np.uint64(names.numbers[first + np.int64(queue)])
    carried, end, width = NONE, NONE, model.width[field]
    while queue:
        message = names.numbers[first + np.int64(queue & model.slot[source])]
        place = end
        while place and not model.ordered[channel]:
            if (carried >> (place - width)) & model.slot[field] <= message:
                break
            place -= width
        low = (ONE << place) - ONE
        carried = (carried & low) | (message << place) | ((carried & ~low) << width)
        end += width
        queue >>= model.width[source]
    return np.uint64(carried)


@inlined
def _less(  # noqa: PLR0913, PLR0917  # arrays in, arrays out
    row: Words, p: Whole, best: Words, image: Words, model: Model, names: Names
) -> bool:
    """Write what *row* is under permutation *p*, as long as it may come before *best*: does it?

    Field by field, which no new layout changes.
    """
    less = False
    for field in range(len(best)):
        image[field] = _renamed(row, field, p, model, names)
        if not less and image[field] > best[field]:
            return False
        less = less or image[field] < best[field]
    return less


@inlined
def _pack(fields: Words, row: Words, model: Model) -> None:
    """Write the state of *fields* to *row*."""
    for w in range(len(row)):
        row[w] = NONE
    row[0] = STATE
    for field in range(len(fields)):
        row[model.word[field]] |= fields[field] << model.shift[field]


@compiled
def least(  # noqa: PLR0913, PLR0917
    rows: Words, hashes: Words, image: Words, best: Words, model: Model, names: Names
) -> None:
    """Replace each of *rows*, and its hash, by the least of its orbit; two rooms for fields."""
    for k in range(len(rows)):
        row = rows[k]
        for field in range(len(best)):
            best[field] = _held(row, field, model)
        renamed = False
        for p in range(len(names.source)):
            if _less(row, p, best, image, model, names):
                best, image, renamed = image, best, True
        if renamed:
            _pack(best, row, model)
            hashes[k] = hash_of(row, len(row))


@compiled
def images(  # noqa: PLR0913, PLR0917
    states: Words, p: Whole, found: Words, image: Words, model: Model, names: Names
) -> None:
    """Write to *found* what *states* are under permutation *p*."""
    for k in range(len(states)):
        for field in range(len(image)):
            image[field] = _renamed(states[k], field, p, model, names)
        _pack(image, found[k], model)


class Orbits:
    """The declared symmetry of *world*, in the numbers of *memory*.

    Raises:
        AsymmetryError: The world does not begin alike under every name, or channels that change
            places are of different kinds.
        ValueError: There are too many things, or what is declared has no such names.
    """

    def __init__(self, world: ActorWorld, symmetry: Symmetry, memory: Memory) -> None:
        _check_declared(world, symmetry)
        self._world, self._symmetry, self._memory = world, symmetry, memory
        self._every = tuple(permutations(range(symmetry.things)))
        self._swaps = [p for p, each in enumerate(self._every) if _swaps_neighbors(each)]
        self._fields: tuple[Actor | Channel, ...] = (*world.actors, *world.channels)
        self._targets = [self._target(permutation) for permutation in self._every]
        self._numbers = [[np.zeros(0, np.int64) for _ in self._fields] for _ in self._every]
        self._sent: dict[tuple[tuple[int, int], ...], int] = {}
        for targets in self._targets:
            self._check_alike(targets)
        self.extend()
        for p, numbers in enumerate(self._numbers):
            for actor, each in zip(world.actors, numbers, strict=False):
                if each[0]:
                    raise self._asymmetric(f"{actor.name} does not begin alike", p)

    def _target(self, permutation: Permutation) -> list[int]:
        """Return which field each becomes."""
        number = {each.name: field for field, each in enumerate(self._fields)}
        targets = list(range(len(self._fields)))
        for group in self._symmetry.groups:
            for thing, name in enumerate(group):
                targets[number[name]] = number[group[permutation[thing]]]
        return targets

    def _check_alike(self, targets: list[int]) -> None:
        """Check that channels become channels of the same kind, to what their actor becomes."""
        world = self._world
        actors = len(world.actors)
        for one, channel in enumerate(world.channels):
            other = targets[actors + one] - actors
            if _kind(channel) != _kind(world.channels[other]) or (
                targets[world.to[one]] != world.to[other]
            ):
                names = f"{channel.name} and {world.channels[other].name}"
                raise AsymmetryError(f"{world.name}: {names} are not alike")

    def _asymmetric(self, what: str, p: int) -> AsymmetryError:
        return AsymmetryError(f"{self._world.name}: {what}, renamed by {self._every[p]}")

    # --- Names ------------------------------------------------------------------------------

    def extend(self) -> None:
        """Give a number to all that the new local states and messages are called."""
        fields, begins = range(len(self._fields)), [len(each) for each in self._numbers[0]]
        new: list[list[list[int]]] = [[[] for _ in fields] for _ in self._every]
        while any(map(self._names_some, fields, begins, [new] * len(fields))):
            pass
        for numbers, more in zip(self._numbers, new, strict=True):
            for field in fields:
                numbers[field] = np.concatenate([numbers[field], np.array(more[field], np.int64)])
        for field, known in enumerate(begins):
            if known < len(self._numbers[0][field]):
                self._check_names(field, known)
        parts = [part for numbers in self._numbers[1:] for part in numbers]
        shape = len(self._every) - 1, len(fields)
        begin = np.cumsum([0, *map(len, parts)], dtype=np.int64)[:-1].reshape(shape)
        source = np.argsort(np.array(self._targets[1:], np.int64).reshape(shape), axis=1)
        self.names = Names(
            source=source,
            at=np.take_along_axis(begin, source, axis=1),
            numbers=np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.uint64),
        )

    def _names_some(self, field: int, begin: int, new: list[list[list[int]]]) -> bool:
        """Add to *new* what those of *field* are called that are not there; say if there are any.

        Names are values too, which may be new.
        """
        values = self._memory.values(field)[begin + len(new[0][field]) :]
        for value in values:
            for p, targets in enumerate(self._targets):
                called = self._called(field, value, p)
                new[p][field].append(self._memory.number(targets[field], called))
        return bool(values)

    def _called(self, field: int, value: Any, p: int) -> Any:  # noqa: ANN401
        """Return *value* of *field* under permutation *p*, the first of which changes nothing."""
        renamed = self._symmetry.renamed.get(self._fields[field].name)
        if p == 0 or renamed is None or value is None:  # None is no message
            return value
        return renamed(value, self._every[p])

    def _check_names(self, field: int, begin: int) -> None:
        """Check that to rename twice is to rename once, by what both come to.

        That two neighbors change places is enough as the second: it is how all are made.
        """
        number = {permutation: p for p, permutation in enumerate(self._every)}
        for p, first in enumerate(self._every):
            called = self._numbers[p][field][begin:]
            for q in self._swaps:
                twice = self._numbers[q][self._targets[p][field]][called]
                both = number[tuple(self._every[q][each] for each in first)]
                wrong = twice != self._numbers[both][field][begin:]
                if wrong.any():
                    value = self._memory.values(field)[begin + int(wrong.argmax())]
                    what = f"{self._fields[field].name}: {value} has no lasting name"
                    raise self._asymmetric(what, p)

    # --- Local steps ------------------------------------------------------------------------

    def closed(self, asked: Ints) -> Ints:
        """Return *asked*, and the same under every name, as far as it is not answered yet."""
        every = [self._asked_as(asked, p) for p in range(len(self._every))]
        return self._memory.open(unique(np.concatenate(every)))

    def _asked_as(self, asked: Ints, p: int) -> Ints:
        """Return what the questions *asked* are under permutation *p*."""
        found, actors = asked.copy(), len(self._world.actors)
        targets, numbers = self._targets[p], self._numbers[p]
        for who in np.unique(asked[:, 0]).tolist():
            at = asked[:, 0] == who
            field = who if who >= 0 else actors - 1 - who
            found[at, 0] = targets[field] if who >= 0 else actors - 1 - targets[field]
            found[at, 1] = numbers[self._memory.actor(who)][asked[at, 1]]
            if who < 0:
                found[at, 2] = numbers[field][asked[at, 2]]
        return found

    def check(self, asked: Ints, begins: Ints) -> None:
        """Check that what was just *asked*, which is closed, is answered alike under every name.

        Raises:
            AsymmetryError: It is not.
        """
        codes, (question, after, sends) = coded(asked), self._memory.outcomes(begins)
        actor = np.array([self._memory.actor(who) for who in asked[:, 0].tolist()])[question]
        different, which = np.unique(sends, return_inverse=True)
        expected: list[Row] = []
        for p in (0, *self._swaps):  # of which all others are made
            image = np.searchsorted(codes, coded(self._asked_as(asked, p)))[question]
            left = after.copy()
            for each in np.unique(actor).tolist():
                left[actor == each] = self._numbers[p][each][after[actor == each]]
            sent = np.array([self._sent_as(code, p) for code in different.tolist()])[which]
            found: list[Row] = list(zip(image.tolist(), left.tolist(), sent.tolist(), strict=True))
            if p == 0:
                expected = sorted(found)
            elif sorted(found) != expected:
                missing = next(iter(Counter(found) - Counter(expected)))
                outcome = found.index(missing)
                who, state = int(actor[outcome]), int(asked[question[outcome], 1])
                shown = self._world.actors[who].show(self._memory.locals[who][state])
                move = self._memory.move(VARIANTS * (int(begins[0]) + outcome))
                raise self._asymmetric(f"{move} (in {shown}) has no counterpart", p)

    def _sent_as(self, code: int, p: int) -> int:
        """Return a number for what is sent, under permutation *p*, whatever way it is written."""
        actors, sent = len(self._world.actors), list[tuple[int, int]]()
        while code:
            field = actors - 1 + ((code & ((1 << SEND_BITS) - 1)) >> MESSAGE_BITS)
            number = int(self._numbers[p][field][code & MESSAGES_MAX])
            sent.append((self._targets[p][field], number))
            code >>= SEND_BITS
        ordered = [channel.ordered for channel in self._world.channels]
        sent.sort(key=lambda each: (each[0], 0 if ordered[each[0] - actors] else each[1]))
        return self._sent.setdefault(tuple(sent), len(self._sent))

    # --- States -----------------------------------------------------------------------------

    def keep(self, room: Found, model: Model) -> None:
        """Replace each state in *room* by the one that is kept of its orbit."""
        count = int(room.tally[ROWS])
        image, best = self._room()
        least(room.rows[:count], room.hashes, image, best, model, self.names)

    def members(
        self, states: Words, begin: int, end: int, model: Model
    ) -> Iterator[tuple[int, int, Words]]:
        """Yield where a block of *states* begins, a permutation and what they are under it."""
        image, _ = self._room()
        for first in range(begin, end, BLOCK):
            block = states[first : min(first + BLOCK, end)]
            found = np.empty_like(block)
            for p in range(1, len(self._every)):
                images(block, p - 1, found, image, model, self.names)
                yield first, p, found

    def _room(self) -> tuple[Words, Words]:
        """Return room for two states, field by field."""
        return np.empty(len(self._fields), np.uint64), np.empty(len(self._fields), np.uint64)

    def path(self, kept: list[Locals], p: int) -> list[Locals]:
        """Return states that follow one another in the world, each of the orbit of one *kept*.

        The last is the last of *kept* under permutation *p*.
        """
        found, every = kept[:1], range(len(self._every))
        for each in kept[1:]:
            orbit = {self.renamed(each, q) for q in every}
            moves = self._world.moves(found[-1])
            found.append(next(after for _, after in moves if after in orbit))
        end = self.renamed(kept[-1], p)
        last = next(q for q in every if self.renamed(found[-1], q) == end)
        return [self.renamed(each, last) for each in found]

    def renamed(self, state: Locals, p: int) -> Locals:
        """Return *state* under permutation *p*."""
        actors, channels = list(state.actors), list(state.queues)
        for field, value in enumerate(state.actors):
            actors[self._targets[p][field]] = self._called(field, value, p)
        for number, queue in enumerate(state.queues):
            field = len(actors) + number
            called = [self._called(field, message, p) for message in queue]
            if not self._world.channels[number].ordered:
                called.sort(key=repr)
            channels[self._targets[p][field] - len(actors)] = tuple(called)
        return Locals(tuple(actors), tuple(channels))


def _check_declared(world: ActorWorld, symmetry: Symmetry) -> None:
    """Check that *symmetry* is about what there is in *world*."""
    if symmetry.things > THINGS_MAX:
        raise ValueError(f"{world.name}: more than {THINGS_MAX} interchangeable things")
    known = {each.name for each in world.actors} | {each.name for each in world.channels}
    if unknown := set(symmetry.renamed).union(*symmetry.groups) - known:
        raise ValueError(f"{world.name}: no actor or channel {', '.join(sorted(unknown))}")
    for group in symmetry.groups:
        if len(set(group)) != symmetry.things:
            raise ValueError(f"{world.name}: {', '.join(group)}: not one for each thing")


def _kind(channel: Channel) -> tuple[int, bool, bool, bool]:
    """Return how *channel* works, whatever it carries."""
    return channel.capacity, channel.ordered, channel.lossy, channel.doubling


def _swaps_neighbors(permutation: Permutation) -> bool:
    """Return whether two neighbors change places, and nothing else."""
    away = [thing for thing, called in enumerate(permutation) if thing != called]
    return away in ([thing, thing + 1] for thing in range(len(permutation)))
