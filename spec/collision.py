"""Collision: who may use a symbol of a one-way account, the base strategy or the mirror overlay.

A one-way account holds one signed position a symbol, so base and mirror must never be there at
once.  The base comes first: where it wants a symbol that the mirror uses, the mirror is closed in
full, and the base enters a cycle after the mirror has gone, not before.

    FREE      nobody uses it, the base does not want it: the mirror may come
    BASE      the base uses it: its re-entries are never gated
    MIRROR    the mirror uses it, the base does not want it
    CLOSING   the mirror's full close has begun, and goes on even if the base gives up
    GATED     nobody may come before the next cycle: the mirror has just gone, or this is a start
    RESERVED  nobody uses it, the base wants it and may enter: the mirror may not come back

To use a symbol is to hold lots of it, or to have an order of it that is not final: counted from
its hand-over until a report has told that it is closed, and what it has filled.  That bound covers
what is on the wire, so what follows holds of the venue too.

A close is tried at the touch, taken back and tried again at the new touch each cycle that it does
not fill, then crosses the spread; a refused one is tried again at the next cycle.
"""

from enum import IntEnum

from spec.fsm import Arrow, Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; quantities live in `machines.collision.Collision`."""

    FREE = 0
    BASE = 1
    MIRROR = 2
    CLOSING = 3
    GATED = 4
    RESERVED = 5


class Symbol(IntEnum):
    """Who uses and who wants the symbol, once a cycle begins or a report has been read."""

    UNWANTED = 0  # nobody uses it, the base does not want it
    WANTED = 1  # nobody uses it, the base wants it
    HELD = 2  # the base uses it
    MIRRORED = 3  # the mirror uses it, the base does not want it
    OUT = 4  # the mirror has to go, what follows too: an order that reduces it is out
    UNCLOSED = 5  # it holds lots, nothing that reduces it is out
    UNCLOSED_LATE = 6  # the same, and the touch was tried often enough
    UNFILLED = 7  # it holds nothing yet
    ODD = 8  # both use it, or hold less than nothing: none of our doing
    APART = 9  # hedge mode: the legs do not meet
    NO_NEWS = 10


class Action(IntEnum):
    """What follows; the order manager gives each its effect."""

    CANCEL = 0  # every order of the mirror that is out: what would open it, and what reduces it
    CLOSE = 1  # a reduce-only order for all lots of the mirror, at the touch
    CROSS = 2  # the same, at a price that trades at once
    ALERT = 3  # tell a person


class User(IntEnum):
    """Who may use a symbol."""

    BASE = 0
    MIRROR = 1


S, X, A = State, Symbol, Action

# fmt: off
CLOSES: tuple[Arrow[State, Symbol, Action], ...] = (
    on(X.OUT,           S.CLOSING,  A.CANCEL,           why="closed anew once it has ended"),
    on(X.UNCLOSED,      S.CLOSING,  A.CANCEL, A.CLOSE),
    on(X.UNCLOSED_LATE, S.CLOSING,  A.CANCEL, A.CROSS,  why="nobody came to the touch"),
    on(X.UNFILLED,      S.CLOSING,  A.CANCEL,           why="it may fill before it is canceled"),
)

ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.FREE,
        on(X.UNWANTED,  S.FREE),
        on(X.WANTED,    S.RESERVED,     why="nothing collides: no gate"),
        on(X.MIRRORED,  S.MIRROR),
        on(X.APART,     S.FREE,         why="hedge mode: for both, always"),
        on(X.NO_NEWS,   S.FREE),
    ),
    *at(S.BASE,
        on(X.HELD,      S.BASE),
        on(X.UNWANTED,  S.FREE),
        on(X.WANTED,    S.RESERVED,     why="its entry ended unfilled, or its position was closed"),
    ),
    *at(S.MIRROR,
        on(X.MIRRORED,  S.MIRROR),
        on(X.UNWANTED,  S.FREE),
        *CLOSES,
    ),
    *at(S.CLOSING,
        *CLOSES,
        on(X.UNWANTED,  S.FREE,         why="the base gave up: the mirror stays closed"),
        on(X.WANTED,    S.GATED,        why="and only now: a cycle alone does not fill a close"),
        on(X.HELD,      S.BASE,         why="a person has sorted out who holds what"),
        on(X.NO_NEWS,   S.CLOSING),
    ),
    *at(S.GATED,
        on(X.UNWANTED,  S.FREE),
        on(X.WANTED,    S.RESERVED,     why="the next cycle"),
        on(X.HELD,      S.BASE,         why="found at a start"),
        on(X.MIRRORED,  S.MIRROR,       why="found at a start"),
        *CLOSES,
        on(X.APART,     S.FREE),
        on(X.NO_NEWS,   S.GATED),
    ),
    *at(S.RESERVED,
        on(X.UNWANTED,  S.FREE),
        on(X.WANTED,    S.RESERVED,     why="as long as the base wants it"),
        on(X.HELD,      S.BASE),
        on(X.NO_NEWS,   S.RESERVED),
    ),
)
# fmt: on

COLLISION = Spec(
    name="collision",
    title="Mirror collision",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.GATED,
    otherwise=(S.CLOSING, (A.CANCEL, A.ALERT)),
    rows=ROWS,
)

PROPERTIES = declare(
    Property(
        "COL-1.1",
        Kind.ALWAYS,
        "The venue never holds both sides of a symbol, in positions or orders that can open.",
    ),
    Property("COL-1.2", Kind.ALWAYS, "Nor would it with all that is on its way there."),
    Property("COL-2", Kind.ALWAYS, "A base entry that collided waits for a full cycle or longer."),
    Property("COL-3", Kind.LEADS_TO, "A base that keeps wanting enters, if crossing closes fill."),
    Property(
        "COL-4.1",
        Kind.ALWAYS,
        "No new mirror is opened on a symbol that the base holds, wants or waits for.",
    ),
    Property("COL-4.2", Kind.ALWAYS, "Nor on one whose mirror is being closed for the base."),
    Property("COL-5.1", Kind.SOMETIMES, "A close fills after more than a cycle."),
    Property("COL-5.2", Kind.SOMETIMES, "A close is partly filled."),
    Property("COL-5.3", Kind.SOMETIMES, "The base gives up while CLOSING, and the symbol is FREE."),
    Property("COL-5.4", Kind.SOMETIMES, "A close that nobody took crosses the spread."),
    Property("COL-5.5", Kind.SOMETIMES, "A mirror that is to be closed opens further meanwhile."),
    Property("COL-5.6", Kind.SOMETIMES, "The mirror is in another symbol before it has left one."),
    Property("COL-6.1", Kind.ALWAYS, "A base that holds the symbol is never gated."),
    Property("COL-6.2", Kind.ALWAYS, "In hedge mode nobody waits and nothing is closed."),
    Property("COL-6.3", Kind.SOMETIMES, "In hedge mode both sides of a symbol are held."),
    Property("COL-7.1", Kind.ALWAYS, "The state follows from who uses and who wants the symbol."),
    Property("COL-7.2", Kind.ALWAYS, "Nobody is alerted while all who open have asked."),
    Property("COL-7.3", Kind.ALWAYS, "Where both use a symbol a person is alerted."),
    Property("COL-7.4", Kind.SOMETIMES, "A mirror that did not ask is gone, the base goes on."),
)
