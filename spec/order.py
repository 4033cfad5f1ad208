"""The life of one order, as told by a venue whose reports may be late, doubled, swapped or lost.

Names follow FIX 4.4: OrdStatus <39>, CumQty <14>, ExecType <150>.  Reports carry totals, never
increments, so a report that comes twice or out of turn does no harm.

UNKNOWN is where an ambiguous submit (a time-out, a truncated answer, a gap in the stream, a
restart) and every report without a row go.  It stays exposed.  It is left by the answer to a
query for the client order id, which describes a moment at which none of our requests was still
under way, or by a report that closes the order.
"""

from enum import IntEnum

from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; quantities live in `machines.order.Order`."""

    PENDING_NEW = 0  # sent, not acknowledged: exposed already
    NEW = 1
    TRIGGERED = 2  # a stop whose trigger price was touched
    PARTIALLY_FILLED = 3
    PENDING_CANCEL = 4
    PENDING_REPLACE = 5
    UNKNOWN = 6  # ask the venue, assume the worst
    FILLED = 7
    CANCELED = 8
    EXPIRED = 9
    REJECTED = 10


class Symbol(IntEnum):
    """Input alphabet: what an event amounts to once its quantities have been read."""

    ACK = 0
    REJECT = 1
    TRIGGER = 2
    PARTIAL_FILL = 3
    FINAL_FILL = 4
    CANCEL = 5  # we ask
    REPLACE = 6  # we ask
    RESTS_NEW = 7  # a request has ended or a query was answered: the order rests
    RESTS_TRIGGERED = 8
    RESTS_PARTIAL = 9
    RESTS_REPLACING = 10  # the cancel has ended, a replace is still under way
    RESTS_UNWANTED = 11  # found resting although we had asked to cancel it
    CANCEL_ACK = 12
    CANCEL_ACK_FILL = 13  # the closing report also brings a fill
    EXPIRE = 14
    EXPIRE_FILL = 15
    LOST = 16  # an answer or a report may be missing
    ABSENT = 17  # the venue confirmed several times that it does not know the order
    ABSENT_UNWANTED = 18
    STALE = 19  # no news
    CONTRADICTION = 20  # cannot be true of this order: more than was ordered, say


class Action(IntEnum):
    """Output alphabet; the order manager gives each its effect."""

    SEND_NEW = 0  # again, under the same client order id
    SEND_CANCEL = 1
    SEND_REPLACE = 2
    BOOK = 3  # a fill
    RELEASE = 4  # the open quantity leaves the exposure bound
    RECONCILE = 5  # query by client order id


S, X, A = State, Symbol, Action

# fmt: off
ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.PENDING_NEW,
        on(X.ACK,             S.NEW),
        on(X.REJECT,          S.REJECTED,         A.RELEASE),
        on(X.TRIGGER,         S.TRIGGERED,                             why="trigger before ack"),
        on(X.PARTIAL_FILL,    S.PARTIALLY_FILLED, A.BOOK,              why="fill before ack"),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE,   why="fill before ack"),
        on(X.CANCEL,          S.PENDING_CANCEL,   A.SEND_CANCEL),
        on(X.REPLACE,         S.PENDING_NEW,                           why="nothing rests yet"),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE,           why="cancel before ack"),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="cancel before ack"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE,           why="IOC, FOK"),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="IOC"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE,         why="never resend blindly"),
        on(X.STALE,           S.PENDING_NEW),
    ),
    *at(S.NEW,
        on(X.REJECT,          S.REJECTED,         A.RELEASE,           why="refused at trigger"),
        on(X.TRIGGER,         S.TRIGGERED),
        on(X.PARTIAL_FILL,    S.PARTIALLY_FILLED, A.BOOK),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE),
        on(X.CANCEL,          S.PENDING_CANCEL,   A.SEND_CANCEL),
        on(X.REPLACE,         S.PENDING_REPLACE,  A.SEND_REPLACE),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE,           why="the venue's own"),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="cancel before fill"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="expiry before fill"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE),
        on(X.STALE,           S.NEW),
    ),
    *at(S.TRIGGERED,
        on(X.REJECT,          S.REJECTED,         A.RELEASE,           why="refused at trigger"),
        on(X.PARTIAL_FILL,    S.PARTIALLY_FILLED, A.BOOK),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE),
        on(X.CANCEL,          S.PENDING_CANCEL,   A.SEND_CANCEL),
        on(X.REPLACE,         S.PENDING_REPLACE,  A.SEND_REPLACE),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE,           why="the venue's own"),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="cancel before fill"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="expiry before fill"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE),
        on(X.STALE,           S.TRIGGERED),
    ),
    *at(S.PARTIALLY_FILLED,
        on(X.TRIGGER,         S.PARTIALLY_FILLED,                      why="fill before trigger"),
        on(X.PARTIAL_FILL,    S.PARTIALLY_FILLED, A.BOOK),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE),
        on(X.CANCEL,          S.PENDING_CANCEL,   A.SEND_CANCEL),
        on(X.REPLACE,         S.PENDING_REPLACE,  A.SEND_REPLACE),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE,           why="the venue's own"),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="cancel before fill"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="expiry before fill"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE),
        on(X.STALE,           S.PARTIALLY_FILLED),
    ),
    *at(S.PENDING_CANCEL,
        on(X.REJECT,          S.REJECTED,         A.RELEASE),
        on(X.TRIGGER,         S.PENDING_CANCEL),
        on(X.PARTIAL_FILL,    S.PENDING_CANCEL,   A.BOOK),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE,   why="cancel too late"),
        on(X.CANCEL,          S.PENDING_CANCEL,                        why="ask only once"),
        on(X.REPLACE,         S.PENDING_CANCEL,                        why="it is leaving"),
        on(X.RESTS_NEW,       S.NEW,                                   why="cancel refused"),
        on(X.RESTS_TRIGGERED, S.TRIGGERED,                             why="cancel refused"),
        on(X.RESTS_PARTIAL,   S.PARTIALLY_FILLED,                      why="cancel refused"),
        on(X.RESTS_REPLACING, S.PENDING_REPLACE,                       why="cancel refused"),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="cancel before fill"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="expiry before fill"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE),
        on(X.STALE,           S.PENDING_CANCEL),
    ),
    *at(S.PENDING_REPLACE,
        on(X.REJECT,          S.REJECTED,         A.RELEASE,           why="refused at trigger"),
        on(X.TRIGGER,         S.PENDING_REPLACE),
        on(X.PARTIAL_FILL,    S.PENDING_REPLACE,  A.BOOK),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE),
        on(X.CANCEL,          S.PENDING_CANCEL,   A.SEND_CANCEL),
        on(X.REPLACE,         S.PENDING_REPLACE,                       why="one at a time"),
        on(X.RESTS_NEW,       S.NEW,                                   why="replaced, or refused"),
        on(X.RESTS_TRIGGERED, S.TRIGGERED,                             why="replaced, or refused"),
        on(X.RESTS_PARTIAL,   S.PARTIALLY_FILLED,                      why="replaced, or refused"),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE,           why="the venue's own"),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="cancel before fill"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="expiry before fill"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE),
        on(X.STALE,           S.PENDING_REPLACE),
    ),
    *at(S.UNKNOWN,
        on(X.REJECT,          S.REJECTED,         A.RELEASE),
        on(X.TRIGGER,         S.UNKNOWN),
        on(X.PARTIAL_FILL,    S.UNKNOWN,          A.BOOK),
        on(X.FINAL_FILL,      S.FILLED,           A.BOOK, A.RELEASE,   why="nothing left to ask"),
        on(X.CANCEL,          S.UNKNOWN,                               why="decided by the answer"),
        on(X.REPLACE,         S.UNKNOWN,                               why="decided by the answer"),
        on(X.RESTS_NEW,       S.NEW),
        on(X.RESTS_TRIGGERED, S.TRIGGERED),
        on(X.RESTS_PARTIAL,   S.PARTIALLY_FILLED, A.BOOK),
        on(X.RESTS_UNWANTED,  S.PENDING_CANCEL,   A.BOOK, A.SEND_CANCEL, why="the cancel got lost"),
        on(X.CANCEL_ACK,      S.CANCELED,         A.RELEASE,           why="closed is closed"),
        on(X.CANCEL_ACK_FILL, S.CANCELED,         A.BOOK, A.RELEASE,   why="closed is closed"),
        on(X.EXPIRE,          S.EXPIRED,          A.RELEASE,           why="closed is closed"),
        on(X.EXPIRE_FILL,     S.EXPIRED,          A.BOOK, A.RELEASE,   why="closed is closed"),
        on(X.LOST,            S.UNKNOWN,          A.RECONCILE,         why="ask again"),
        on(X.ABSENT,          S.PENDING_NEW,      A.SEND_NEW,          why="it never arrived"),
        on(X.ABSENT_UNWANTED, S.REJECTED,         A.RELEASE,           why="it never arrived"),
        on(X.STALE,           S.UNKNOWN),
    ),
    *at(S.FILLED,   on(X.STALE, S.FILLED)),
    *at(S.CANCELED, on(X.STALE, S.CANCELED)),
    *at(S.EXPIRED,  on(X.STALE, S.EXPIRED)),
    *at(S.REJECTED, on(X.STALE, S.REJECTED)),
)
# fmt: on

ORDER = Spec(
    name="order",
    title="Order lifecycle",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.PENDING_NEW,
    final=frozenset({S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED}),
    otherwise=(S.UNKNOWN, (A.RECONCILE,)),
    rows=ROWS,
)

PROPERTIES = declare(
    Property("ORD-1", Kind.ALWAYS, "Our filled total <= the venue's filled total <= the quantity."),
    Property("ORD-2", Kind.ALWAYS, "Our exposure bound covers the venue's open and filled lots."),
    Property("ORD-3", Kind.ALWAYS, "The venue never works two orders of one intent."),
    Property("ORD-4", Kind.ALWAYS, "A final state absorbs, and the filled total never shrinks."),
    Property("ORD-5", Kind.ALWAYS, "Every report has a row: UNKNOWN is entered only by loss."),
    Property("ORD-6", Kind.LEADS_TO, "Our state becomes the venue's final state."),
    Property("ORD-7", Kind.LEADS_TO, "After a restart at any point, the same, with no fill lost."),
    Property("ORD-8.1", Kind.SOMETIMES, "An order is filled while its cancel is pending."),
    Property("ORD-8.2", Kind.SOMETIMES, "An order is canceled after a part was filled."),
    Property("ORD-8.3", Kind.SOMETIMES, "A fill arrives before the acknowledgement."),
    Property("ORD-8.4", Kind.SOMETIMES, "A cancel is confirmed before the acknowledgement."),
    Property("ORD-8.5", Kind.SOMETIMES, "UNKNOWN is left because the order was found."),
    Property("ORD-8.6", Kind.SOMETIMES, "UNKNOWN is left because the order was absent."),
    Property("ORD-9", Kind.ALWAYS, "What rests for us was at the venue, and is as we asked."),
)
