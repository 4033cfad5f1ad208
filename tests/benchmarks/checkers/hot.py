"""The strategy of MIRROR once more, in numba's subset: its hot steps.

A state is a row of integers: the columns below, then the status of each slot, then its bound.  A
message is what it is, its slot and its lots; a strategy sends one at most.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from attrs import evolve

from simulator.actors import ActorWorld, Hot, Outcomes, Sends
from simulator.compiled.layout import Ints
from simulator.compiled.machine import Whole, compiled, inlined
from tests.benchmarks.checkers.mirror import (
    CANCEL,
    CANCELED,
    CANCELING,
    DONE,
    EARLY_FREE,
    FILL,
    FREE,
    LAG_BLIND,
    OPEN,
    OPTIMISTIC,
    PLACE,
    PLACED,
    REQUESTS,
    Message,
    Size,
    Strategy,
    mirror,
)

WANTED, SOLD, ASKED, UNSEEN, BAD, SLOTS = range(6)
WORDS = ("", PLACE, CANCEL, PLACED, FILL, DONE, CANCELED)
NOTHING, PLACES, CANCELS, _, FILLED, ENDED, _ = range(7)  # of WORDS
MESSAGE = 3  # columns
BLIND, EARLY, CREDITS = 1, 2, 4  # defects


def hot_mirror(  # noqa: PLR0913, PLR0917  # the model's parameters, in its order
    slots: int, cap: int, target: int, requests: int, notices: int, defect: str = ""
) -> ActorWorld:
    """Return `mirror`, whose strategy has hot steps too."""
    size = Size(slots, cap, target, requests, notices)
    world = mirror(*size, defect)
    strategy, destination = world.actors
    return evolve(world, actors=(evolve(strategy, hot=hot(size, defect)), destination))


def hot(size: Size, defect: str) -> Hot:
    """Return the hot steps of the strategy of that *size*, with that *defect*."""
    defects = {LAG_BLIND: BLIND, EARLY_FREE: EARLY, OPTIMISTIC: CREDITS}.get(defect, 0)
    return Hot(
        row=_row,
        state=_state,
        heard=_heard,
        sends=_sends,
        columns=MESSAGE,
        most=size.target + 5,
        acts=partial(acts, size.cap, size.target, defects),
        hears=hears,
        features=partial(_features, size.slots, defects),
    )


def _row(state: Strategy) -> Sequence[int]:
    wanted, status, bounds, sold, asked, unseen, bad = state
    return [wanted, sold, asked, unseen, bad, *status, *bounds]


def _state(row: list[int]) -> Strategy:
    wanted, sold, asked, unseen, bad, *both = row
    slots = len(both) // 2
    return wanted, tuple(both[:slots]), tuple(both[slots:]), sold, asked, unseen, bad


def _heard(channel: str, message: Message) -> Sequence[int]:  # noqa: ARG001
    what, slot, lots = message
    return WORDS.index(what), slot, lots


def _sends(row: list[int]) -> Sends:
    what, slot, lots = row
    return ((REQUESTS, (WORDS[what], slot, lots)),) if what else ()


@inlined
def _put(outcomes: Outcomes, n: int, question: int, state: Ints) -> None:
    """Write that outcome *n* leaves *state* as it is, and sends nothing."""
    after = outcomes.after[n]
    for column in range(len(state)):
        after[column] = state[column]
    after[BAD] = 0
    outcomes.question[n] = question
    for column in range(MESSAGE):
        outcomes.sends[n, column] = 0


@inlined
def _send(outcomes: Outcomes, n: int, what: int, slot: Whole, lots: Whole) -> None:
    """Write that outcome *n* sends a message."""
    outcomes.sends[n, 0], outcomes.sends[n, 1], outcomes.sends[n, 2] = what, slot, lots


@compiled
def acts(cap: int, target: int, defects: int, states: Ints, outcomes: Outcomes) -> int:
    """Write what the strategy does by itself in each of *states*."""
    n = 0
    for question in range(len(states)):
        state = states[question]
        for lots in range(target + 1):
            if lots != state[WANTED]:
                _put(outcomes, n, question, state)
                outcomes.after[n, WANTED] = lots
                n += 1
        n = _orders(cap, defects, state, question, outcomes, n)
        n = _recoups(defects, state, question, outcomes, n)
    return n


@inlined
def _orders(  # noqa: PLR0913, PLR0917  # numbers in, numbers out
    cap: int, defects: int, state: Ints, k: int, outcomes: Outcomes, n: int
) -> int:
    """Write that an order is placed or canceled."""
    slots = (len(state) - SLOTS) // 2
    live, total, free = 0, 0, -1
    for slot in range(slots):
        lots = state[SLOTS + slots + slot]
        total += lots
        if state[SLOTS + slot] == OPEN:
            live += lots
        if free < 0 and state[SLOTS + slot] == FREE:
            free = slot
    room = cap - state[SOLD] - (0 if defects & BLIND else total)
    lots = min(state[WANTED] - live, room)
    if lots >= 1 and free >= 0:
        _put(outcomes, n, k, state)
        after = outcomes.after[n]
        after[SLOTS + free], after[SLOTS + slots + free] = OPEN, lots
        _send(outcomes, n, PLACES, free, lots)
        n += 1
    if live > state[WANTED]:
        slot = 0
        while state[SLOTS + slot] != OPEN or state[SLOTS + slots + slot] == 0:
            slot += 1
        _put(outcomes, n, k, state)
        after = outcomes.after[n]
        after[SLOTS + slot] = CANCELING
        if defects & EARLY:
            after[SLOTS + slot], after[SLOTS + slots + slot] = FREE, 0
        _send(outcomes, n, CANCELS, slot, 0)
        n += 1
    return n


@inlined
def _recoups(defects: int, state: Ints, k: int, outcomes: Outcomes, n: int) -> int:
    """Write that a recoup is requested, executed or seen."""
    sold, asked, unseen = state[SOLD], state[ASKED], state[UNSEEN]
    credits_it = defects & CREDITS
    if sold > (0 if credits_it else asked + unseen):
        _put(outcomes, n, k, state)
        after = outcomes.after[n]
        after[SOLD] = 0 if credits_it else sold
        after[ASKED] = asked + sold if credits_it else sold - unseen
        n += 1
    if asked:
        _put(outcomes, n, k, state)
        after = outcomes.after[n]
        after[ASKED], after[UNSEEN] = asked - 1, unseen + 1
        n += 1
    if unseen:
        _put(outcomes, n, k, state)
        after = outcomes.after[n]
        after[SOLD], after[UNSEEN] = sold if credits_it else sold - 1, unseen - 1
        n += 1
    return n


@compiled
def hears(states: Ints, messages: Ints, outcomes: Outcomes) -> int:
    """Write what becomes of each of *states* with the notice beside it."""
    slots = (states.shape[1] - SLOTS) // 2
    for k in range(len(states)):
        _put(outcomes, k, k, states[k])
        after = outcomes.after[k]
        what, lots = messages[k, 0], messages[k, 2]
        status = SLOTS + messages[k, 1]
        bound = status + slots
        if what == FILLED:
            left = after[bound] - lots
            after[BAD] = left < 0 or after[status] == FREE
            after[bound] = max(left, 0)
            after[SOLD] += lots
        elif what >= ENDED:
            after[BAD] = what == ENDED and after[bound] != 0
            after[status], after[bound] = FREE, 0
    return len(states)


def _features(slots: int, defects: int, states: Ints) -> Ints:
    status_and_bounds, bounds = states[:, SLOTS:], states[:, SLOTS + slots :]
    sold, asked, unseen = states[:, SOLD], states[:, ASKED], states[:, UNSEEN]
    true_sold = sold + asked if defects & CREDITS else sold - unseen
    whole = (bounds.sum(axis=1), sold, asked + unseen, true_sold, states[:, BAD])
    return np.column_stack([status_and_bounds, *whole])
