"""Steps, read twice: by the machine, and by what the rows say of the symbol that it saw.

`prove.py` asks CrossHair for a state and an event, over all integers, for which the two functions
of a machine differ: control that moves outside the table would show.
"""

from machines import collision, mirroring, position, slots, trailing
from spec.collision import COLLISION
from spec.mirroring import MIRRORING
from spec.position import POSITION
from spec.slots import SLOTS
from spec.trailing import TRAILING
from tests.laws.diff_tables import Control, read


def position_rows(before: position.Pair, event: position.Fill) -> Control:
    return read(POSITION, before.state, position.classify(before, event))


def position_step(before: position.Pair, event: position.Fill) -> Control:
    after, emits = position.step(before, event)
    return after.state, emits


def mirroring_rows(before: mirroring.Request, event: mirroring.News) -> Control:
    return read(MIRRORING, before.state, mirroring.classify(before, event))


def mirroring_step(before: mirroring.Request, event: mirroring.News) -> Control:
    after, emits = mirroring.move(before, event)
    return after.state, emits


def collision_rows(before: collision.Collision, event: collision.Event) -> Control:
    return read(COLLISION, before.state, collision.classify(before, event))


def collision_step(before: collision.Collision, event: collision.Event) -> Control:
    after, emits = collision.step(before, event)
    return after.state, emits


def slots_rows(before: slots.Seat) -> Control:
    return read(SLOTS, before.state, slots.classify(before))


def slots_step(before: slots.Seat) -> Control:
    """Tell a seat what its mode is already, so that only its counts and its mode decide."""
    news = slots.ModeSet(0, before.mode)
    after, emits = slots.step(slots.Slots(count=1, seats=(before,), known=True), news)
    return after.seats[0].state, tuple(action for _, action in emits)


def trailing_rows(before: trailing.Trailing, event: trailing.Event) -> Control:
    return read(TRAILING, before.state, trailing.classify(before, event))


def trailing_step(before: trailing.Trailing, event: trailing.Event) -> Control:
    after, emits = trailing.step(before, event)
    return after.state, emits
