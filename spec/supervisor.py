"""The supervisor: when the bot may trade, and how it starts, recovers, halts and stops.

Start, reconnect, crash and upgrade are one path, and one row leads to RUNNING: the answers about
positions, open orders and fills describe one moment and agree with the journal.

    STOPPED      not connected; nothing is done until a person starts
    CONNECTING   nothing is known of the venue
    RECONCILING  connected, the three questions are asked
    RUNNING      orders that can open exposure may leave
    DEGRADED     connected, but what is known may be wrong or late
    HALTED       a person has to look; connected where possible, so that orders can be canceled
    STOPPING     own orders go, positions too if the policy says so

Connected, orders that only reduce, cancels and questions may leave in any state.
"""

from enum import IntEnum

from spec.fsm import Arrow, Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; what is known of the venue lives in `machines.supervisor.Supervisor`."""

    STOPPED = 0
    CONNECTING = 1
    RECONCILING = 2
    RUNNING = 3
    DEGRADED = 4
    HALTED = 5
    STOPPING = 6


class Symbol(IntEnum):
    """What an event amounts to once its numbers have been read."""

    START = 0  # by a person
    CONNECTED = 1
    CONNECTED_DEGRADED = 2  # a cause of degradation is still present
    DISCONNECTED = 3  # the connection has ended, or did not come about
    RESTARTED = 4  # the process has
    ANSWERED = 5  # one of the three questions, others are open
    TORN = 6  # all three, of different moments
    BEHIND = 7  # of one moment; the journal misses some of it
    AGREED = 8
    ORDERS_LEFT = 9  # a stop: own orders are still open
    POSITION_LEFT = 10  # a stop: own orders are gone, the position is to follow
    CLEARED = 11  # a stop: nothing is left of what the policy removes
    OVERDUE = 12  # an answer is
    GAP = 13  # reports may be missing until the stream is whole again
    STALE_DATA = 14
    CLOCK_DRIFT = 15
    RATE_LIMIT = 16
    RECOVERED_PART = 17  # a cause has gone, others are present
    RECOVERED = 18  # the last cause has gone
    KILL_SWITCH = 19
    LOSS_LIMIT = 20
    MODE_CHANGED = 21  # of the account's positions, not by us
    UNKNOWN_POSITION = 22  # of one moment; no order of ours explains it
    RESUME = 23  # by a person who knows of the latest reason to halt
    STOP_LEAVE = 24  # by a person
    STOP_CANCEL = 25
    STOP_FLATTEN = 26
    DEADLINE = 27  # a stop has taken too long
    NO_NEWS = 28


class Action(IntEnum):
    """What follows; adapters and the order manager give each its effect."""

    CONNECT = 0  # drop the connection if there is one, open another
    DISCONNECT = 1
    QUERY = 2  # ask for positions, open orders and fills
    CATCH_UP = 3  # book what the answers show and the journal misses
    CANCEL_OPENING = 4  # own orders that can open exposure
    CANCEL_ALL = 5  # own orders
    FLATTEN = 6  # close own positions by orders that only reduce
    SET_DEADLINE = 7
    ALERT = 8  # tell a person


class StopPolicy(IntEnum):
    """What a stop removes."""

    LEAVE = 0
    CANCEL = 1  # own orders
    FLATTEN = 2  # own orders, then positions


class Cause(IntEnum):
    """Why trading is suspended, apart from a gap; none of them ends with the connection."""

    STALE_DATA = 0
    CLOCK_DRIFT = 1
    RATE_LIMIT = 2


class Trip(IntEnum):
    """Why a person has to look."""

    KILL_SWITCH = 0
    LOSS_LIMIT = 1
    MODE_CHANGED = 2
    UNKNOWN_POSITION = 3


class Part(IntEnum):
    """What an answer describes."""

    POSITIONS = 0
    ORDERS = 1
    FILLS = 2


class Match(IntEnum):
    """How answers compare with the journal."""

    AGREES = 0
    BEHIND = 1  # they show orders or fills of ours that the journal misses
    UNEXPLAINED = 2  # they show a position that the fills do not make


class Outgoing(IntEnum):
    """What may leave for the venue; to replace an order is an order."""

    ORDER = 0
    CANCEL = 1
    QUERY = 2


S, X, A = State, Symbol, Action
Arrows = tuple[Arrow[State, Symbol, Action], ...]

# fmt: off
LOSES: Arrows = (
    on(X.DISCONNECTED,       S.CONNECTING,  A.CONNECT),
    on(X.RESTARTED,          S.CONNECTING,  A.CONNECT,  why="a crash or an upgrade: the same path"),
)
DEGRADES: Arrows = (
    on(X.GAP,                S.DEGRADED,    why="the stream is not whole: asking is too early"),
    on(X.STALE_DATA,         S.DEGRADED),
    on(X.CLOCK_DRIFT,        S.DEGRADED,    why="requests would be refused, or too old"),
    on(X.RATE_LIMIT,         S.DEGRADED),
)
HALTS: Arrows = (
    on(X.KILL_SWITCH,        S.HALTED,      A.CANCEL_OPENING, A.ALERT),
    on(X.LOSS_LIMIT,         S.HALTED,      A.CANCEL_OPENING, A.ALERT),
    on(X.MODE_CHANGED,       S.HALTED,      A.CANCEL_OPENING, A.ALERT, why="legs differ"),
    on(X.UNKNOWN_POSITION,   S.HALTED,      A.CANCEL_OPENING, A.ALERT),
)
STOPS: Arrows = (
    on(X.STOP_LEAVE,         S.STOPPED,     A.DISCONNECT, why="nothing to wait for"),
    on(X.STOP_CANCEL,        S.STOPPING,    A.CANCEL_ALL, A.QUERY, A.SET_DEADLINE),
    on(X.STOP_FLATTEN,       S.STOPPING,    A.CANCEL_ALL, A.QUERY, A.SET_DEADLINE,
       why="orders first: none may fill behind the last sale"),
)
RECONNECTS: Arrows = (
    on(X.STOP_CANCEL,        S.STOPPING,    A.CONNECT, A.SET_DEADLINE),
    on(X.STOP_FLATTEN,       S.STOPPING,    A.CONNECT, A.SET_DEADLINE),
)

ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.STOPPED,
        on(X.START,              S.CONNECTING,  A.CONNECT),
        *RECONNECTS,                                          # removes what an earlier stop left
        on(X.KILL_SWITCH,        S.HALTED,      A.CONNECT, A.ALERT, why="orders may be left"),
        on(X.NO_NEWS,            S.STOPPED),
    ),
    *at(S.CONNECTING,
        on(X.CONNECTED,          S.RECONCILING, A.QUERY),
        on(X.CONNECTED_DEGRADED, S.DEGRADED),
        *LOSES,
        on(X.STOP_LEAVE,         S.STOPPED,     A.DISCONNECT),
        on(X.STOP_CANCEL,        S.STOPPING,    A.SET_DEADLINE, why="the attempt goes on"),
        on(X.STOP_FLATTEN,       S.STOPPING,    A.SET_DEADLINE, why="the attempt goes on"),
        on(X.KILL_SWITCH,        S.HALTED,      A.ALERT,        why="cancels once connected"),
        on(X.LOSS_LIMIT,         S.HALTED,      A.ALERT),
        on(X.MODE_CHANGED,       S.HALTED,      A.ALERT),
        on(X.UNKNOWN_POSITION,   S.HALTED,      A.ALERT),
        on(X.NO_NEWS,            S.CONNECTING),
    ),
    *at(S.RECONCILING,
        on(X.ANSWERED,           S.RECONCILING),
        on(X.TORN,               S.RECONCILING, A.QUERY,        why="the account moved meanwhile"),
        on(X.BEHIND,             S.RECONCILING, A.CATCH_UP, A.QUERY),
        on(X.AGREED,             S.RUNNING,                     why="the only way in"),
        on(X.OVERDUE,            S.RECONCILING, A.QUERY),
        *DEGRADES, *LOSES, *HALTS, *STOPS,
        on(X.NO_NEWS,            S.RECONCILING),
    ),
    *at(S.RUNNING,
        *DEGRADES, *LOSES, *HALTS, *STOPS,
        on(X.NO_NEWS,            S.RUNNING),
    ),
    *at(S.DEGRADED,
        *DEGRADES,                                            # a cause more
        on(X.RECOVERED_PART,     S.DEGRADED),
        on(X.RECOVERED,          S.RECONCILING, A.QUERY,        why="recovery is a start"),
        *LOSES, *HALTS, *STOPS,
        on(X.NO_NEWS,            S.DEGRADED),
    ),
    *at(S.HALTED,
        on(X.CONNECTED,          S.HALTED,      A.CANCEL_OPENING),
        on(X.CONNECTED_DEGRADED, S.HALTED,      A.CANCEL_OPENING),
        on(X.DISCONNECTED,       S.HALTED,      A.CONNECT),
        on(X.RESTARTED,          S.HALTED,      A.CONNECT,      why="a crash is no person"),
        on(X.KILL_SWITCH,        S.HALTED,      A.ALERT),
        on(X.LOSS_LIMIT,         S.HALTED,      A.ALERT),
        on(X.MODE_CHANGED,       S.HALTED,      A.ALERT),
        on(X.UNKNOWN_POSITION,   S.HALTED,      A.ALERT),
        on(X.RESUME,             S.CONNECTING,  A.CONNECT,      why="a resume is a start"),
        on(X.STOP_LEAVE,         S.STOPPED,     A.DISCONNECT),
        *RECONNECTS,
        on(X.NO_NEWS,            S.HALTED),
    ),
    *at(S.STOPPING,
        on(X.CONNECTED,          S.STOPPING,    A.CANCEL_ALL, A.QUERY),
        on(X.CONNECTED_DEGRADED, S.STOPPING,    A.CANCEL_ALL, A.QUERY),
        on(X.DISCONNECTED,       S.STOPPING,    A.CONNECT),
        on(X.RESTARTED,          S.STOPPING,    A.CONNECT, A.SET_DEADLINE, why="timers are lost"),
        on(X.ANSWERED,           S.STOPPING),
        on(X.TORN,               S.STOPPING,    A.QUERY),
        on(X.BEHIND,             S.STOPPING,    A.CATCH_UP, A.QUERY),
        on(X.ORDERS_LEFT,        S.STOPPING,    A.CANCEL_ALL, A.QUERY),
        on(X.POSITION_LEFT,      S.STOPPING,    A.FLATTEN, A.QUERY),
        on(X.CLEARED,            S.STOPPED,     A.DISCONNECT),
        on(X.OVERDUE,            S.STOPPING,    A.QUERY),
        on(X.DEADLINE,           S.STOPPED,     A.ALERT, A.DISCONNECT, why="not all was removed"),
        on(X.KILL_SWITCH,        S.STOPPING,    A.ALERT,        why="it opens nothing already"),
        on(X.LOSS_LIMIT,         S.STOPPING,    A.ALERT),
        on(X.MODE_CHANGED,       S.STOPPING,    A.ALERT),
        on(X.UNKNOWN_POSITION,   S.STOPPING,    A.ALERT),
        on(X.STOP_LEAVE,         S.STOPPED,     A.DISCONNECT,   why="the newest policy counts"),
        on(X.STOP_CANCEL,        S.STOPPING),
        on(X.STOP_FLATTEN,       S.STOPPING),
        on(X.NO_NEWS,            S.STOPPING),
    ),
)
# fmt: on

SUPERVISOR = Spec(
    name="supervisor",
    title="Supervisor",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.STOPPED,
    rows=ROWS,
)

PROPERTIES = declare(
    Property(
        "SUP-1",
        Kind.ALWAYS,
        "What can open exposure leaves only in RUNNING, anything else only while connected.",
    ),
    Property(
        "SUP-2.1",
        Kind.ALWAYS,
        "RUNNING is entered only after positions, orders and fills agree for one moment.",
    ),
    Property("SUP-2.2", Kind.ALWAYS, "In RUNNING nothing is missing whose loss is not reported."),
    Property("SUP-2.3", Kind.ALWAYS, "A position is unknown only if no order of ours explains it."),
    Property("SUP-3", Kind.LEADS_TO, "A gap leads to RECONCILING, unless a person is asked first."),
    Property("SUP-4", Kind.ALWAYS, "HALTED is left only by a person who knows why."),
    Property("SUP-5.1", Kind.LEADS_TO, "STOPPING ends in STOPPED, even if the venue is silent."),
    Property("SUP-5.2", Kind.ALWAYS, "A stop in time has removed what its policy says."),
    Property(
        "SUP-6.1", Kind.SOMETIMES, "RUNNING is entered although the first answers did not agree."
    ),
    Property("SUP-6.2", Kind.SOMETIMES, "RUNNING is entered anew after a halt."),
    Property("SUP-6.3", Kind.SOMETIMES, "An order that only reduces leaves while HALTED."),
    Property("SUP-6.4", Kind.SOMETIMES, "A stop ends with its position closed."),
    Property("SUP-6.5", Kind.SOMETIMES, "A stop ends because it took too long."),
    Property("SUP-6.6", Kind.SOMETIMES, "A position that is not ours is found."),
    Property(
        "SUP-7",
        Kind.ALWAYS,
        "The state follows from what a person wants, what tripped, the connection and the causes.",
    ),
)
