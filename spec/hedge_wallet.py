"""The hedge wallet: Long -> Cash -> Short -> Cash -> Long, on a ladder of price units.

A unit is a fixed price distance; `level(u) = anchor + u * unit`.  Four slots each own one edge of
the ladder, the step between two neighbouring levels u and u + 1: a slot without a short waits
to sell at u, a slot with a short waits to buy it back at u + 1.  Everything follows from the
four edges and which of them are short:

    ADVANCE      the position is long; the exit and the four entries trail below the price
    RETRACEMENT  the exit has filled; entries sell on the way down, covers buy on the way up
    DECLINE      all four slots are short; the covers trail above the price
    RECOVERY     some covers have filled since DECLINE
    RESET        flat; buy with all cash, anchor the ladder anew
"""

from enum import IntEnum

from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """The phase."""

    ADVANCE = 0
    RETRACEMENT = 1
    DECLINE = 2
    RECOVERY = 3
    RESET = 4


class Symbol(IntEnum):
    """What a price or a closed order amounts to."""

    UNIT_UP = 0  # the level that moves the ladder up was touched
    UNIT_DOWN = 1
    BOUGHT = 2  # the re-entry is complete
    BOUGHT_PART = 3  # the re-entry closed early, enough cash is left for another order
    EXIT_FILLED = 4
    EXIT_FILLED_ALL_SHORT = 5  # all four entries filled before the exit did
    EXIT_PART = 6  # the exit closed early
    ENTRY_FILLED = 7
    LAST_ENTRY_FILLED = 8  # now all four slots are short
    COVER_FILLED = 9
    LAST_COVER_FILLED = 10  # now no slot is short
    COVER_PART = 11  # the cover closed early
    TRIGGER_CROSSED = 12  # the venue refused a stop order: its trigger is behind the price
    UNPLACED = 13  # an order closed without a trade
    LIQUIDATED = 14
    RESUMED = 15  # by a person
    NO_NEWS = 16
    CONTRADICTION = 17  # a fill that no order of ours can have had


class Action(IntEnum):
    """What changes with the row; the orders wanted then follow from the new state."""

    SLIDE_UP = 0  # the lowest edge becomes the highest
    SLIDE_DOWN = 1  # the highest edge becomes the lowest
    ARM_COVER = 2  # the slot is short, at the unit where it was filled
    ARM_ENTRY = 3  # the slot is no longer short, at the unit where it was covered
    AT_MARKET = 4  # what the order was to do at its trigger is done at once
    QUOTE = 5  # a fresh price is needed to size the re-entry
    ANCHOR = 6  # the average fill is the new level 0, the window starts below it
    HALT = 7  # open nothing until a person resumes
    EXIT_NOW = 8  # the price has been at the exit's level: sell at market


class OrderKind(IntEnum):
    """The wallet's orders, in the user's words."""

    MARKET_BUY_FULL = 0
    STOP_LOSS_FULL = 1
    STOP_ENTRY_SHORT = 2
    STOP_LOSS_COVER = 3


class Fragment(IntEnum):
    """How large each of the four short entries is."""

    USD = 0  # a quarter of the allocation's worth at the entry's level
    COIN = 1  # a quarter of the lots held


S, X, A = State, Symbol, Action

# fmt: off
ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.ADVANCE,
        on(X.UNIT_UP,               S.ADVANCE,     A.SLIDE_UP),
        on(X.EXIT_FILLED,           S.RETRACEMENT),
        on(X.EXIT_FILLED_ALL_SHORT, S.DECLINE,                   why="a fall through all levels"),
        on(X.EXIT_PART,             S.ADVANCE,     A.AT_MARKET,  why="nothing may stay long below"),
        on(X.ENTRY_FILLED,          S.ADVANCE,     A.ARM_COVER, A.EXIT_NOW, why="exit level met"),
        on(X.LAST_ENTRY_FILLED,     S.ADVANCE,     A.ARM_COVER, A.EXIT_NOW, why="exit level met"),
        on(X.TRIGGER_CROSSED,       S.ADVANCE,     A.AT_MARKET),
        on(X.UNPLACED,              S.ADVANCE),
        on(X.LIQUIDATED,            S.RESET,       A.HALT),
        on(X.RESUMED,               S.ADVANCE),
        on(X.NO_NEWS,               S.ADVANCE),
    ),
    *at(S.RETRACEMENT,
        on(X.UNIT_UP,               S.RESET,       A.QUOTE,      why="no short followed the exit"),
        on(X.ENTRY_FILLED,          S.RETRACEMENT, A.ARM_COVER),
        on(X.LAST_ENTRY_FILLED,     S.DECLINE,     A.ARM_COVER),
        on(X.COVER_FILLED,          S.RETRACEMENT, A.ARM_ENTRY),
        on(X.LAST_COVER_FILLED,     S.RESET,       A.ARM_ENTRY, A.QUOTE),
        on(X.COVER_PART,            S.RETRACEMENT, A.AT_MARKET,  why="a short is left"),
        on(X.TRIGGER_CROSSED,       S.RETRACEMENT, A.AT_MARKET),
        on(X.UNPLACED,              S.RETRACEMENT),
        on(X.LIQUIDATED,            S.RESET,       A.HALT),
        on(X.RESUMED,               S.RETRACEMENT),
        on(X.NO_NEWS,               S.RETRACEMENT),
    ),
    *at(S.DECLINE,
        on(X.UNIT_DOWN,             S.DECLINE,     A.SLIDE_DOWN),
        on(X.COVER_FILLED,          S.RECOVERY,    A.ARM_ENTRY),
        on(X.COVER_PART,            S.DECLINE,     A.AT_MARKET,  why="a short is left"),
        on(X.TRIGGER_CROSSED,       S.DECLINE,     A.AT_MARKET),
        on(X.UNPLACED,              S.DECLINE),
        on(X.LIQUIDATED,            S.RESET,       A.HALT),
        on(X.RESUMED,               S.DECLINE),
        on(X.NO_NEWS,               S.DECLINE),
    ),
    *at(S.RECOVERY,
        on(X.ENTRY_FILLED,          S.RECOVERY,    A.ARM_COVER),
        on(X.LAST_ENTRY_FILLED,     S.DECLINE,     A.ARM_COVER),
        on(X.COVER_FILLED,          S.RECOVERY,    A.ARM_ENTRY),
        on(X.LAST_COVER_FILLED,     S.RESET,       A.ARM_ENTRY, A.QUOTE),
        on(X.COVER_PART,            S.RECOVERY,    A.AT_MARKET,  why="a short is left"),
        on(X.TRIGGER_CROSSED,       S.RECOVERY,    A.AT_MARKET),
        on(X.UNPLACED,              S.RECOVERY),
        on(X.LIQUIDATED,            S.RESET,       A.HALT),
        on(X.RESUMED,               S.RECOVERY),
        on(X.NO_NEWS,               S.RECOVERY),
    ),
    *at(S.RESET,
        on(X.BOUGHT,                S.ADVANCE,     A.ANCHOR),
        on(X.BOUGHT_PART,           S.RESET,       A.QUOTE,      why="all cash"),
        on(X.ENTRY_FILLED,          S.RETRACEMENT, A.ARM_COVER,  why="its cancel lost to a fill"),
        on(X.UNPLACED,              S.RESET,       A.QUOTE),
        on(X.LIQUIDATED,            S.RESET,       A.HALT),
        on(X.RESUMED,               S.RESET,       A.QUOTE),
        on(X.NO_NEWS,               S.RESET),
    ),
)
# fmt: on

HEDGE_WALLET = Spec(
    name="hedge_wallet",
    title="Hedge wallet phases",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.RESET,
    otherwise=(None, (A.HALT,)),
    rows=ROWS,
)

PROPERTIES = declare(
    Property("HW-1", Kind.ALWAYS, "Long and short at once only until the exit's fill is known."),
    Property("HW-2.1", Kind.ALWAYS, "At most four fragments are short."),
    Property("HW-2.2", Kind.ALWAYS, "At most the whole position is long."),
    Property("HW-3", Kind.ALWAYS, "Quiescent: 5 working orders in ADVANCE, else 4, none in RESET."),
    Property("HW-4", Kind.ALWAYS, "Quiescent: the phase follows from position and working orders."),
    Property("HW-5", Kind.ALWAYS, "No two working orders share level and kind."),
    Property("HW-6.1", Kind.SOMETIMES, "The wallet is in ADVANCE."),
    Property("HW-6.2", Kind.SOMETIMES, "The wallet is in RETRACEMENT."),
    Property("HW-6.3", Kind.SOMETIMES, "The wallet is in DECLINE."),
    Property("HW-6.4", Kind.SOMETIMES, "The wallet is in RECOVERY."),
    Property("HW-6.5", Kind.SOMETIMES, "RETRACEMENT ends in RESET."),
    Property("HW-6.6", Kind.SOMETIMES, "RECOVERY ends in RESET."),
    Property("HW-6.7", Kind.SOMETIMES, "RECOVERY falls back to DECLINE."),
    Property("HW-6.8", Kind.SOMETIMES, "A jump over three units fills three orders."),
    Property("HW-6.9", Kind.SOMETIMES, "A cycle ends that fell over more than four units."),
    Property("HW-7", Kind.LEADS_TO, "RESET leads to ADVANCE while the venue fills what triggers."),
    Property(
        "HW-8",
        Kind.ALWAYS,
        "A restart settles where none settles, if it missed no price and no liquidation.",
    ),
    Property("HW-9", Kind.ALWAYS, "A cycle of one fall and one rise earns the closed form."),
    Property("HW-10", Kind.ALWAYS, "The wallet halts only when it was liquidated."),
    Property(
        "HW-11",
        Kind.ALWAYS,
        "The phase says how many slots are short; halted with none, it is RESET.",
    ),
    Property("HW-12", Kind.LEADS_TO, "A halted wallet goes on when a person says so."),
)
