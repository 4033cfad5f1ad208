"""Slots: which symbols of one side may be traded, when there are more symbols than slots.

A ranking says which symbols are wanted most.  A symbol that has a slot keeps it while it has a
position or an order, so a slot passes on only once its symbol is flat and without orders, and as
many symbols as there are slots can have a position: a cancel that loses to a fill does no harm.
This is the life of one symbol; `machines.slots` moves all of them together.

    OUT      no slot
    READY    a slot and no position: it may be entered
    HELD     a position: the slot stays whatever the ranking says
    LEAVING  a slot that is to be freed, once the orders that are open are gone

    mode           takes a slot  enters  adds  closes  cancels
    NORMAL         yes           yes     yes   yes     yes
    GRACEFUL_STOP  no            no      yes   yes     yes
    TP_ONLY        no            no      no    yes     yes
    MANUAL         no            no      no    no      no
    PANIC          no            no      no    all     yes
"""

from enum import IntEnum

from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state of one symbol; counts live in `machines.slots.Seat`."""

    OUT = 0
    READY = 1
    HELD = 2
    LEAVING = 3


class Symbol(IntEnum):
    """What an event amounts to for one symbol."""

    CHOSEN = 0  # by the ranking
    OPENED = 1  # it has a position
    CLOSED = 2  # it has none any more, and may be entered again
    FOUND = 3  # it has orders, and no slot
    FREE = 4  # not chosen, or not to be entered: nothing is open
    BUSY = 5  # not chosen, or not to be entered: orders are open
    HANDS_OFF = 6  # as BUSY, but nothing is to be touched
    RESTARTED = 7
    NO_NEWS = 8


class Action(IntEnum):
    """What follows."""

    CANCEL = 0  # the orders of the symbol


class Mode(IntEnum):
    """What may be done with a symbol."""

    NORMAL = 0
    GRACEFUL_STOP = 1
    TP_ONLY = 2
    MANUAL = 3
    PANIC = 4


class Purpose(IntEnum):
    """What an order or a cancel is for."""

    ENTER = 0  # open a position
    ADD = 1  # to a position
    CLOSE = 2
    CANCEL = 3


S, X, A = State, Symbol, Action

# fmt: off
ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.OUT,
        on(X.CHOSEN,    S.READY),
        on(X.OPENED,    S.HELD,                 why="a position has a slot, whoever opened it"),
        on(X.FOUND,     S.READY,                why="after a restart: the next ranking decides"),
        on(X.BUSY,      S.LEAVING, A.CANCEL,    why="after a restart"),
        on(X.HANDS_OFF, S.LEAVING,              why="after a restart"),
        on(X.RESTARTED, S.OUT),
        on(X.NO_NEWS,   S.OUT),
    ),
    *at(S.READY,
        on(X.CHOSEN,    S.READY),
        on(X.OPENED,    S.HELD),
        on(X.FREE,      S.OUT,                  why="nothing to wait for"),
        on(X.BUSY,      S.LEAVING, A.CANCEL,    why="the order may fill before it is canceled"),
        on(X.HANDS_OFF, S.LEAVING),
        on(X.RESTARTED, S.OUT,                  why="positions and orders tell what has a slot"),
        on(X.NO_NEWS,   S.READY),
    ),
    *at(S.HELD,
        on(X.OPENED,    S.HELD),
        on(X.CLOSED,    S.READY,                why="the next ranking decides"),
        on(X.FREE,      S.OUT),
        on(X.BUSY,      S.LEAVING, A.CANCEL),
        on(X.HANDS_OFF, S.LEAVING),
        on(X.RESTARTED, S.OUT,                  why="positions and orders tell what has a slot"),
    ),
    *at(S.LEAVING,
        on(X.CHOSEN,    S.READY,                why="it needs no other slot"),
        on(X.OPENED,    S.HELD,                 why="the cancel has lost to a fill"),
        on(X.FREE,      S.OUT),
        on(X.BUSY,      S.LEAVING, A.CANCEL,    why="asked again if hands were off before"),
        on(X.HANDS_OFF, S.LEAVING),
        on(X.RESTARTED, S.OUT,                  why="positions and orders tell what has a slot"),
    ),
)
# fmt: on

SLOTS = Spec(
    name="slots",
    title="Slots",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.OUT,
    rows=ROWS,
)

PROPERTIES = declare(
    Property(
        "FOR-1",
        Kind.ALWAYS,
        "No more symbols have a position, or an order that may open one, than there are slots.",
    ),
    Property(
        "FOR-2", Kind.ALWAYS, "What is open at the venue, or on its way there, belongs to a slot."
    ),
    Property("FOR-3", Kind.ALWAYS, "A position keeps its slot."),
    Property(
        "FOR-4.1", Kind.ALWAYS, "Slots go to the symbols wanted most, of equals to the first."
    ),
    Property(
        "FOR-4.2", Kind.ALWAYS, "A symbol loses its slot only to one wanted more by the hysteresis."
    ),
    Property("FOR-4.3", Kind.ALWAYS, "No order is canceled of a symbol that is chosen."),
    Property("FOR-5", Kind.LEADS_TO, "A chosen symbol gets a slot, if orders can be canceled."),
    Property("FOR-6.1", Kind.ALWAYS, "A position is opened only in a slot, in the mode NORMAL."),
    Property("FOR-6.2", Kind.ALWAYS, "In the mode MANUAL nothing is placed or canceled."),
    Property(
        "FOR-6.3",
        Kind.LEADS_TO,
        "A flat symbol that may not be entered gives its slot back, unless it is MANUAL.",
    ),
    Property("FOR-6.4", Kind.LEADS_TO, "PANIC ends flat and without a slot."),
    Property(
        "FOR-7",
        Kind.ALWAYS,
        "The state follows from position, orders and mode, after a restart from nothing else.",
    ),
    Property("FOR-8.1", Kind.SOMETIMES, "A cancel loses to a fill, and the position has a slot."),
    Property("FOR-8.2", Kind.SOMETIMES, "A symbol is chosen again before its orders are gone."),
    Property("FOR-8.3", Kind.SOMETIMES, "A symbol gets the slot of another one."),
    Property("FOR-8.4", Kind.SOMETIMES, "There are more positions than slots."),
    Property("FOR-8.5", Kind.SOMETIMES, "A symbol stays although another is wanted more."),
)
