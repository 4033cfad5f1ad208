"""What crosses the wire between the bot's process and the venue, and the world it is part of."""

from collections.abc import Callable
from typing import Any

from attrs import frozen

from machines.messages import AccountReport, Cancel, Place, Query, QueryAccount, Report, Woken
from machines.order_manager import Working
from machines.position import Pair
from simulator.venue import Venue
from spec.supervisor import Cause
from spec.terms import PositionSide, Reason
from spec.units import SECOND_NS

VALIDITY_NS = 5 * SECOND_NS  # the venue refuses a request that is older

Act = Callable[[], None]
Queue = Callable[[int, Act], None]
Legs = tuple[int, int]  # lots of the long and of the short leg


@frozen
class Look:
    """Ask for positions, own open orders and own fills; the question of that number waits."""

    query: int


Command = Place | Cancel | Query | QueryAccount | Look


@frozen(eq=False)
class Request:
    """A command on its way; *number* says which attempt."""

    number: int
    command: Command
    sent_ns: int


@frozen
class Taken:
    """The venue has taken a command."""


@frozen
class Refused:
    """The venue has refused a command and done nothing; *cause* is why it may do so for a while."""

    reason: Reason = Reason.NONE
    cause: Cause | None = None


@frozen
class Unreadable:
    """No answer: the connection dropped, or what came makes no sense."""


@frozen
class Row:
    """A row of the positions asked for: *qty* lots of *leg*, none if it is empty."""

    symbol: int
    leg: PositionSide
    qty: int


@frozen(kw_only=True)
class Shown:
    """What a look shows; a *moment* counts the events of the account, from 1 on.

    *rows* are of *rows_moment*, in any order, an empty leg has one or none.  *working* are the
    open orders of the bot, *made* is what the bot's fills come to, by symbol.
    """

    rows: tuple[Row, ...]
    rows_moment: int
    moment: int
    working: frozenset[int]
    made: tuple[Legs, ...]


Answer = Report | AccountReport | Taken | Refused | Unreadable | Shown


@frozen
class Known:
    """What the bot knows: its orders that are not final, and its positions by symbol.

    *waiting* says which of its orders it holds back, as what wakes each.
    """

    live: tuple[Working, ...]
    pairs: tuple[Pair, ...]
    waiting: tuple[Woken, ...]


@frozen(kw_only=True, eq=False)
class Ends:
    """What the wire has at its ends, and the queue: a way to let something happen in time.

    What is queued with *to_bot* and *timer* is lost when the process crashes.
    """

    now: Callable[[], int]
    venue: Venue
    known: Callable[[], Known]
    tell: Callable[[Any], None]
    hand: Callable[[Place | Cancel | Query | QueryAccount], None]
    flush: Act
    crash: Act
    to_venue: Queue
    to_bot: Queue
    timer: Queue


@frozen
class Latency:
    """Each way in ns, and what a draw may add to it."""

    to_venue_ns: int
    to_bot_ns: int
    jitter_ns: int
