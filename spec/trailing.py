"""A trailing order: the price must pass a threshold, and come back, before the order is wanted.

A buy follows the lowest price since the last fill of its position and waits for a rise from it; a
sell follows the highest and waits for a fall.  So a buy is the entry of a long or the close of a
short, a sell the close of a long or the entry of a short: one machine for the four.

    IDLE        the threshold was not passed, or there is none
    TRACKING    it was: the extreme is followed
    FIRED       the price has retraced from the extreme: the order is wanted
    REBUILDING  the extremes are not known; what rests is kept, nothing is placed

Two levels, either of which may be zero:

    threshold  retracement  the order is wanted
    yes        yes          once the extreme is beyond the threshold and the price has retraced
    none       yes          once the price has retraced, from the fill on
    yes        none         at once: it rests at the threshold
    none       none         never

Bars are numbered without gaps and fills carry the number of the bar that they are in, so what the
extremes are is a fact: those of the bars after the last fill.  They are rebuilt from the venue's
bars and fills after a restart, if a bar is missing, and if a fill is told after bars that follow.
"""

from enum import IntEnum

from spec.fsm import Arrow, Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; extremes and levels live in `machines.trailing.Trailing`."""

    IDLE = 0
    TRACKING = 1
    FIRED = 2
    REBUILDING = 3


class Symbol(IntEnum):
    """What an event amounts to; the first three say where the price has been since the fill."""

    UNREACHED = 0  # not beyond the threshold
    REACHED = 1
    RETRACED = 2  # reached, and back by the retracement
    FILLED = 3  # no bar after the fill was counted, or it was no newer than the last
    FILLED_LATE = 4  # bars after the fill were counted with those before it
    GAP = 5  # a bar is missing
    RESTARTED = 6
    NOTED = 7  # a bar, a fill or levels while the extremes are not known
    INCOMPLETE = 8  # the answer misses a bar or a fill that is known
    FAILED = 9  # there is no answer
    NO_NEWS = 10


class Action(IntEnum):
    """What follows."""

    PLACE = 0  # the order is wanted
    WITHDRAW = 1  # it is not
    QUERY = 2  # ask for the bars since the last fill
    ALERT = 3  # tell a person


S, X, A = State, Symbol, Action
Arrows = tuple[Arrow[State, Symbol, Action], ...]

# fmt: off
ASTRAY: Arrows = (
    on(X.FILLED_LATE, S.REBUILDING, A.QUERY,    why="which extreme is of which side is lost"),
    on(X.GAP,         S.REBUILDING, A.QUERY,    why="the extreme may have been there"),
    on(X.RESTARTED,   S.REBUILDING, A.QUERY),
)

ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.IDLE,
        on(X.UNREACHED,   S.IDLE),
        on(X.REACHED,     S.TRACKING),
        on(X.RETRACED,    S.FIRED,      A.PLACE,    why="one bar may do both"),
        on(X.FILLED,      S.IDLE),
        *ASTRAY,
        on(X.NO_NEWS,     S.IDLE),
    ),
    *at(S.TRACKING,
        on(X.UNREACHED,   S.IDLE,                   why="the threshold has moved away"),
        on(X.REACHED,     S.TRACKING),
        on(X.RETRACED,    S.FIRED,      A.PLACE),
        on(X.FILLED,      S.IDLE),
        *ASTRAY,
        on(X.NO_NEWS,     S.TRACKING),
    ),
    *at(S.FIRED,
        on(X.UNREACHED,   S.IDLE,       A.WITHDRAW, why="the threshold has moved away"),
        on(X.REACHED,     S.TRACKING,   A.WITHDRAW, why="a new extreme: wait for the way back"),
        on(X.RETRACED,    S.FIRED),
        on(X.FILLED,      S.IDLE,       A.WITHDRAW, why="what is left of it is of another price"),
        *ASTRAY,
        on(X.NO_NEWS,     S.FIRED),
    ),
    *at(S.REBUILDING,
        on(X.UNREACHED,   S.IDLE,       A.WITHDRAW),
        on(X.REACHED,     S.TRACKING,   A.WITHDRAW),
        on(X.RETRACED,    S.FIRED,      A.PLACE,    why="or keep what rests"),
        on(X.RESTARTED,   S.REBUILDING, A.QUERY),
        on(X.NOTED,       S.REBUILDING,             why="the answer must contain it"),
        on(X.INCOMPLETE,  S.REBUILDING, A.QUERY),
        on(X.FAILED,      S.REBUILDING, A.QUERY, A.ALERT, why="never silently without orders"),
        on(X.NO_NEWS,     S.REBUILDING),
    ),
)
# fmt: on

TRAILING = Spec(
    name="trailing",
    title="Trailing order",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.REBUILDING,
    rows=ROWS,
)

PROPERTIES = declare(
    Property(
        "TRL-1.1",
        Kind.ALWAYS,
        "An order with a retracement is fired only after the threshold and the way back.",
    ),
    Property("TRL-1.2", Kind.ALWAYS, "An order without a retracement fills beyond the threshold."),
    Property("TRL-1.3", Kind.ALWAYS, "Without threshold and retracement nothing is fired."),
    Property("TRL-2", Kind.ALWAYS, "The extremes are those of the bars after the last fill."),
    Property("TRL-3", Kind.ALWAYS, "The state follows from the extremes and the levels alone."),
    Property("TRL-4", Kind.ALWAYS, "At most one order of a trailing order is open."),
    Property(
        "TRL-5",
        Kind.LEADS_TO,
        "In the end an order is open exactly if the venue's bars call for it.",
    ),
    Property("TRL-6", Kind.LEADS_TO, "Extremes that are not known become known."),
    Property("TRL-7.1", Kind.SOMETIMES, "A withdrawn order is fired again without a fill between."),
    Property("TRL-7.2", Kind.SOMETIMES, "A withdrawal loses to a fill."),
    Property("TRL-7.3", Kind.SOMETIMES, "A fill is told after bars that follow it."),
    Property("TRL-7.4", Kind.SOMETIMES, "A rebuilt trailing order finds its order still wanted."),
    Property("TRL-7.5", Kind.SOMETIMES, "A second order is fired after the first was filled."),
)
