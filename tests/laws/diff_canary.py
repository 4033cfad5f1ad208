"""A pair that differs in one row: whoever compares must say so."""

from machines import position
from spec.position import POSITION, State, Symbol
from tests.laws.diff_tables import Control, read

ASTRAY = POSITION.redirected(State.SHORT, Symbol.FLIP_TO_LONG, State.HEDGED)


def astray_rows(before: position.Pair, event: position.Fill) -> Control:
    return read(POSITION, before.state, position.classify(before, event))


def astray_step(before: position.Pair, event: position.Fill) -> Control:
    after, emits = position.step(before, event, ASTRAY)
    return after.state, emits
