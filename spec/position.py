"""A symbol's position: one signed position in one-way mode, a long and a short leg in hedge mode.

A pair whose legs are equal is HEDGED, not flat: each leg has its own entry, margin and profit.
An order that names no leg is taken in hedge mode only where one leg at most is open, because
guessing a leg by side is wrong exactly when both are open.
"""

from enum import IntEnum

from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Which legs are open."""

    FLAT = 0
    LONG = 1
    SHORT = 2
    HEDGED = 3


class Symbol(IntEnum):
    """What a fill does to the pair."""

    OPEN_LONG = 0
    ADD_LONG = 1
    REDUCE_LONG = 2
    CLOSE_LONG = 3
    OPEN_SHORT = 4
    ADD_SHORT = 5
    REDUCE_SHORT = 6
    CLOSE_SHORT = 7
    FLIP_TO_SHORT = 8  # one-way mode only
    FLIP_TO_LONG = 9
    REFUSED = 10


class Action(IntEnum):
    """What follows."""

    REALIZE = 0  # profit or loss becomes cash
    REFUSE = 1  # nothing changed


S, X, A = State, Symbol, Action

# fmt: off
ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.FLAT,
        on(X.OPEN_LONG,     S.LONG),
        on(X.OPEN_SHORT,    S.SHORT),
        on(X.REFUSED,       S.FLAT,   A.REFUSE,  why="reduce-only, or a leg that does not fit"),
    ),
    *at(S.LONG,
        on(X.ADD_LONG,      S.LONG),
        on(X.REDUCE_LONG,   S.LONG,   A.REALIZE),
        on(X.CLOSE_LONG,    S.FLAT,   A.REALIZE),
        on(X.OPEN_SHORT,    S.HEDGED,            why="hedge mode: the other leg"),
        on(X.FLIP_TO_SHORT, S.SHORT,  A.REALIZE, why="one-way mode: through flat"),
        on(X.REFUSED,       S.LONG,   A.REFUSE),
    ),
    *at(S.SHORT,
        on(X.ADD_SHORT,     S.SHORT),
        on(X.REDUCE_SHORT,  S.SHORT,  A.REALIZE),
        on(X.CLOSE_SHORT,   S.FLAT,   A.REALIZE),
        on(X.OPEN_LONG,     S.HEDGED,            why="hedge mode: the other leg"),
        on(X.FLIP_TO_LONG,  S.LONG,   A.REALIZE, why="one-way mode: through flat"),
        on(X.REFUSED,       S.SHORT,  A.REFUSE),
    ),
    *at(S.HEDGED,
        on(X.ADD_LONG,      S.HEDGED),
        on(X.REDUCE_LONG,   S.HEDGED, A.REALIZE),
        on(X.CLOSE_LONG,    S.SHORT,  A.REALIZE),
        on(X.ADD_SHORT,     S.HEDGED),
        on(X.REDUCE_SHORT,  S.HEDGED, A.REALIZE),
        on(X.CLOSE_SHORT,   S.LONG,   A.REALIZE),
        on(X.REFUSED,       S.HEDGED, A.REFUSE,  why="no leg named, both open"),
    ),
)
# fmt: on

POSITION = Spec(
    name="position",
    title="Position pair",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.FLAT,
    otherwise=(None, (A.REFUSE,)),
    rows=ROWS,
)

PROPERTIES = declare(
    Property("POS-1", Kind.ALWAYS, "Every fill conserves cash plus leg equity, to the last unit."),
    Property("POS-2", Kind.ALWAYS, "Net is long minus short, and a fill changes exactly one leg."),
    Property("POS-3", Kind.ALWAYS, "Hedge mode with one leg used equals one-way mode."),
    Property("POS-4", Kind.ALWAYS, "A reduce-only order never opens or flips a leg."),
    Property("POS-5.1", Kind.SOMETIMES, "Both legs are open and equal."),
    Property("POS-5.2", Kind.SOMETIMES, "A one-way position flips through flat."),
    Property("POS-5.3", Kind.SOMETIMES, "An order without a leg is refused because both are open."),
    Property("POS-6", Kind.ALWAYS, "Both legs open, a fill that names none of them is refused."),
)
