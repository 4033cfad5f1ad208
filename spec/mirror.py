"""The mirror overlay: whether it hedges the base positions, and what stops it.

The base strategy holds one side.  The overlay keeps the other side, the mirrors, on other symbols,
so that their exposure (the hedge) stays within a band round a multiple of the base's exposure:

    target = threshold * base exposure        band = tolerance * target

Each cycle is decided anew from positions, prices and settings; three things are remembered: that an
error has stopped the overlay, that mirrors are being unwound, and which limits were reported.

    OFF        not wanted, and no mirror is left
    ACTIVE     inside the band, or orders are out that lead there
    LIMITED    outside the band, and a limit leaves nothing to order
    UNWINDING  not wanted, and mirrors are being closed
    STOPPED    an error was found; nothing is ordered until a person has looked

What the base orders is no business of this table: it leaves as it is in every state.
"""

from enum import IntEnum

from spec.fsm import Arrow, Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; what is remembered beside it lives in `machines.mirror.Overlay`."""

    OFF = 0
    ACTIVE = 1
    LIMITED = 2
    UNWINDING = 3
    STOPPED = 4


class Symbol(IntEnum):
    """What an event amounts to once its numbers have been read."""

    NOTHING_LEFT = 0  # not wanted, no mirror, no order of ours
    LEFT = 1  # not wanted, mirrors are left
    INSIDE = 2  # the band
    OVER = 3  # above the band, and orders help
    UNDER = 4  # below the band, and orders help
    LIMIT = 5  # outside the band, no order helps; not reported yet
    SAME_LIMIT = 6  # reported already
    FAULT = 7  # the inputs contradict themselves, or are not there
    RESUME = 8  # by a person who knows of the latest error
    NO_NEWS = 9


class Action(IntEnum):
    """What follows."""

    ORDER = 0  # cancel what is not wanted; once that is gone, place what is missing
    WITHDRAW = 1  # cancel every order of the overlay
    REPORT = 2  # name the limits
    ALERT = 3  # name the error to a person


class Mode(IntEnum):
    """Which side hedges which."""

    SHORTS_FOR_LONGS = 0
    LONGS_FOR_SHORTS = 1


class Reduce(IntEnum):
    """How the last mirror is reduced: as far as the target, or closed whole, then opened again."""

    TO_TARGET = 0
    FULL = 1


class Pending(IntEnum):
    """Which entry orders of the base count as base exposure before they have filled."""

    NONE = 0
    AT_TOUCH = 1  # those that the next trade may fill
    ALL = 2


class Reason(IntEnum):
    """Why a mirror is ordered."""

    OPEN = 0
    ADD = 1
    REDUCE = 2  # to the target
    CLOSE = 3  # whole, and the hedge stays at or above the band
    UNWIND = 4


class Limit(IntEnum):
    """What keeps the hedge outside the band."""

    CAP = 0  # no mirror may become larger
    COUNT = 1  # no more mirrors may be open
    APPROVED = 2  # the symbol is not approved
    OCCUPIED = 3  # the base holds the symbol, or wants it
    EMA_GATE = 4
    MIN_SIZE = 5  # no order of allowed size leads inside the band


class Fault(IntEnum):
    """What is wrong with the inputs of a cycle; a field or a symbol is named beside it."""

    NONE = 0
    SETTING = 1  # out of its range
    BOTH_SIDES = 2  # the base trades the side of the mirrors too
    BALANCE = 3
    INSTRUMENT = 4
    PRICE = 5
    POSITION = 6
    LONG_AND_SHORT = 7  # of one symbol, on a one-way account
    TWICE = 8  # the symbol is listed
    MISSING = 9  # there are no inputs


S, X, A = State, Symbol, Action
Arrows = tuple[Arrow[State, Symbol, Action], ...]

# fmt: off
CYCLES: Arrows = (
    on(X.NOTHING_LEFT, S.OFF),
    on(X.LEFT,         S.UNWINDING, A.ORDER,              why="mirrors are not left to themselves"),
    on(X.INSIDE,       S.ACTIVE,    A.WITHDRAW),
    on(X.OVER,         S.ACTIVE,    A.ORDER),
    on(X.UNDER,        S.ACTIVE,    A.ORDER),
    on(X.LIMIT,        S.LIMITED,   A.WITHDRAW, A.REPORT, why="never silently outside the band"),
    on(X.FAULT,        S.STOPPED,   A.WITHDRAW, A.ALERT,  why="never silently without a hedge"),
)

ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.OFF,
        *CYCLES,
        on(X.NO_NEWS,      S.OFF),
    ),
    *at(S.ACTIVE,
        *CYCLES,
        on(X.NO_NEWS,      S.ACTIVE),
    ),
    *at(S.LIMITED,
        *CYCLES,
        on(X.SAME_LIMIT,   S.LIMITED,   A.WITHDRAW,           why="one report is enough"),
        on(X.NO_NEWS,      S.LIMITED),
    ),
    *at(S.UNWINDING,
        *CYCLES,
        on(X.NO_NEWS,      S.UNWINDING),
    ),
    *at(S.STOPPED,
        on(X.NOTHING_LEFT, S.STOPPED),
        on(X.LEFT,         S.STOPPED,   A.WITHDRAW,           why="a person decides"),
        on(X.INSIDE,       S.STOPPED,   A.WITHDRAW),
        on(X.OVER,         S.STOPPED,   A.WITHDRAW),
        on(X.UNDER,        S.STOPPED,   A.WITHDRAW),
        on(X.LIMIT,        S.STOPPED,   A.WITHDRAW),
        on(X.FAULT,        S.STOPPED,   A.WITHDRAW,           why="the first error is told"),
        on(X.RESUME,       S.OFF,                             why="the next cycle decides"),
        on(X.NO_NEWS,      S.STOPPED),
    ),
)
# fmt: on

MIRROR = Spec(
    name="mirror",
    title="Mirror overlay",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.OFF,
    rows=ROWS,
)

PROPERTIES = declare(
    Property("MIR-1.1", Kind.ALWAYS, "No order takes a mirror beyond its cap."),
    Property("MIR-1.2", Kind.ALWAYS, "Never more mirrors are open, or may open, than allowed."),
    Property("MIR-1.3", Kind.ALWAYS, "A mirror opens only on an approved symbol that is free."),
    Property(
        "MIR-2", Kind.ALWAYS, "Inside the band, at a limit and once stopped no order goes on."
    ),
    Property(
        "MIR-3.1",
        Kind.LEADS_TO,
        "Once all stands still orders end, inside the band or at a limit that is reported.",
    ),
    Property("MIR-3.2", Kind.ALWAYS, "While all stands still no order undoes another."),
    Property("MIR-3.3", Kind.LEADS_TO, "Switched off, no mirror is left that can be closed."),
    Property("MIR-3.4", Kind.ALWAYS, "A limit is reported, and only where no order would help."),
    Property("MIR-4", Kind.ALWAYS, "Base orders leave as they are, whatever the overlay does."),
    Property("MIR-5", Kind.ALWAYS, "The order in which symbols are listed makes no difference."),
    Property("MIR-6.1", Kind.SOMETIMES, "A mirror is reduced in part."),
    Property("MIR-6.2", Kind.SOMETIMES, "A limit stops the overlay outside the band."),
    Property("MIR-6.3", Kind.SOMETIMES, "The overlay works again once a person has looked."),
    Property("MIR-6.4", Kind.SOMETIMES, "An order fills before its cancel arrives."),
    Property("MIR-7.1", Kind.ALWAYS, "An error stops the overlay, and a person is told."),
    Property("MIR-7.2", Kind.ALWAYS, "STOPPED is left only by a person who knows why."),
    Property("MIR-8", Kind.ALWAYS, "The state is what the latest cycle calls for."),
)
