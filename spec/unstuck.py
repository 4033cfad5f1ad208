"""Unstucking: one order at a time realizes a loss within a budget, closest to break-even first.

A survey tells which positions are stuck, at what price each would be reduced, by how much and at
what loss, and how much may be lost: each side of the account has a budget, and every loss counts
against both.  Prices and budgets are computed elsewhere; here it is decided which order is open.

    IDLE        no order is open
    WORKING     one is, or is on its way
    CANCELING   it should not be open any more, and may still fill
    RESTORING   after a restart: which order is open is not known

A budget is of a moment: it names the losses of unstuck orders that it contains, so that no loss
counts twice or not at all.  Orders of its side may exceed it by less than a minimum order loses.
"""

from enum import IntEnum

from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; the order and the losses live in `machines.unstuck.Unstuck`."""

    IDLE = 0
    WORKING = 1
    CANCELING = 2
    RESTORING = 3


class Symbol(IntEnum):
    """What an event amounts to; the first four are what a survey calls for."""

    CALLED = 0  # an order, and none is open
    STILL_CALLED = 1  # the order that is open
    OTHER_CALLED = 2  # another than the one that is open
    NONE_CALLED = 3  # nothing is stuck, or the budget is used up
    PART = 4  # lots of the order have filled
    CLOSED = 5  # it is over, whatever has filled
    RESTARTED = 6
    FOUND = 7  # the order is open
    FOUND_NONE = 8
    NO_NEWS = 9


class Action(IntEnum):
    """What follows."""

    PLACE = 0  # submit the order
    CANCEL = 1
    RESTORE = 2  # tell which order is open, once orders and journal agree


S, X, A = State, Symbol, Action

# fmt: off
ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.IDLE,
        on(X.CALLED,       S.WORKING,   A.PLACE),
        on(X.NONE_CALLED,  S.IDLE),
        on(X.RESTARTED,    S.RESTORING, A.RESTORE),
        on(X.NO_NEWS,      S.IDLE),
    ),
    *at(S.WORKING,
        on(X.STILL_CALLED, S.WORKING,               why="left alone: it keeps its place"),
        on(X.OTHER_CALLED, S.CANCELING, A.CANCEL,   why="the other waits until this one is over"),
        on(X.NONE_CALLED,  S.CANCELING, A.CANCEL,   why="the budget has vanished, or the reason"),
        on(X.PART,         S.WORKING),
        on(X.CLOSED,       S.IDLE,                  why="the next survey decides"),
        on(X.RESTARTED,    S.RESTORING, A.RESTORE),
        on(X.NO_NEWS,      S.WORKING),
    ),
    *at(S.CANCELING,
        on(X.PART,         S.CANCELING),
        on(X.CLOSED,       S.IDLE,                  why="canceled, or filled before"),
        on(X.RESTARTED,    S.RESTORING, A.RESTORE),
        on(X.NO_NEWS,      S.CANCELING),
    ),
    *at(S.RESTORING,
        on(X.FOUND,        S.WORKING,               why="the next survey cancels what is unwanted"),
        on(X.FOUND_NONE,   S.IDLE),
        on(X.RESTARTED,    S.RESTORING, A.RESTORE),
        on(X.NO_NEWS,      S.RESTORING),
    ),
)
# fmt: on

UNSTUCK = Spec(
    name="unstuck",
    title="Unstucking",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.RESTORING,
    rows=ROWS,
)

PROPERTIES = declare(
    Property(
        "UNS-1.1",
        Kind.ALWAYS,
        "At most one order is under way, open, or over without our knowing.",
    ),
    Property("UNS-1.2", Kind.ALWAYS, "While IDLE no order is open or under way."),
    Property("UNS-2.1", Kind.ALWAYS, "An order loses no more than the budget, or is minimal."),
    Property(
        "UNS-2.2",
        Kind.ALWAYS,
        "What orders lose exceeds the budget by less than a minimum order loses.",
    ),
    Property(
        "UNS-3",
        Kind.ALWAYS,
        "An order reduces the stuck position closest to break-even, of equals the first.",
    ),
    Property("UNS-4", Kind.LEADS_TO, "An order without a budget does not stay open."),
    Property("UNS-5", Kind.LEADS_TO, "A stuck position within the budget gets its order."),
    Property("UNS-6", Kind.ALWAYS, "No order closes more than its position."),
    Property("UNS-7", Kind.ALWAYS, "An order that is still called for is not canceled."),
    Property(
        "UNS-9",
        Kind.ALWAYS,
        "The state follows from the order that is open, its cancel, and restarts.",
    ),
    Property("UNS-8.1", Kind.SOMETIMES, "A minimum order exceeds the budget."),
    Property("UNS-8.2", Kind.SOMETIMES, "A cancel loses to a fill."),
    Property("UNS-8.3", Kind.SOMETIMES, "An order makes way for that of another position."),
    Property("UNS-8.4", Kind.SOMETIMES, "A restart finds its order open."),
)
