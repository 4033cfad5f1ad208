"""What crosses the wire between the bot's process and the venue, and the world it is part of."""

from collections.abc import Callable
from typing import Any

from attrs import frozen

from machines.messages import AccountReport, Cancel, Place, Query, QueryAccount, Report
from machines.order_manager import Book
from machines.position import Pair
from machines.reconciliation import Lots, OrderId
from simulator.venue import Venue
from spec.supervisor import Cause
from spec.terms import PositionSide, Reason
from spec.units import SECOND_NS

VALIDITY_NS = 5 * SECOND_NS  # the venue refuses a request that is older

Act = Callable[[], None]
Queue = Callable[[int, Act], None]


@frozen
class Look:
    """Ask for positions, own open orders and own fills; the question of that number waits.

    *changes* counts those of the account that were heard of before.
    """

    query: int
    changes: int = 0


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
    """What a look shows.

    *rows* are in any order, an empty leg has one or none.  *working* are the open orders of the
    bot, *made* is what the bot's fills come to, by symbol.
    """

    rows: tuple[Row, ...]
    working: tuple[OrderId, ...]
    made: tuple[Lots, ...]


Answer = Report | AccountReport | Taken | Refused | Unreadable | Shown


@frozen
class Known:
    """What the bot knows: its orders and its positions, by symbol."""

    books: tuple[Book, ...]
    pairs: tuple[Pair, ...]


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
