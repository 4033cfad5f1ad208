"""Steps, read twice: by the machine, and by what the rows say of the symbol that it saw.

`prove.py` asks CrossHair for a state and an event, over all integers, for which the two functions
of a machine differ: control that moves outside the table would show.
"""

from machines import mirroring, position
from spec.mirroring import MIRRORING
from spec.position import POSITION
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
