"""Market mirroring: the life of one request, as the strategy that made it sees it.

The strategy keeps the volume that it saw on a source market open on a destination market, and
recoups on the source what was taken there.  A request counts from the moment it is handed over
until its closing report and every lot that it filled have been seen, so the volume of all
requests covers the volume that is open, whatever is under way:

    E = V(O) + S  <=  V(R) + S' = E'  <=  M

V(O) is what rests at the destination, S what was sold there and not recouped, V(R) what requests
may still come to, S' what is known to be sold and not recouped, M the most lots at risk.

A fill carries its lots and arrives once; a closing report carries the total that was filled.  The
report may overtake fills: then the request is CLOSING, and still counts what it has not seen.
"""

from enum import IntEnum

from spec.fsm import Row, Spec, at, on
from spec.properties import Kind, Property, declare


class State(IntEnum):
    """Control state; quantities live in `machines.mirroring.Request`."""

    OPEN = 0  # handed over: it rests, or may come to rest
    CANCELING = 1
    SPENT = 2  # every lot was seen, the closing report was not
    CLOSING = 3  # the closing report was seen, not every lot that it told of
    DISPUTED = 4  # a report cannot be true: a person must look
    CLOSED = 5


class Symbol(IntEnum):
    """Input alphabet: what a report amounts to once its quantities have been read."""

    PLACED = 0
    FILL = 1
    LAST_FILL = 2  # nothing is left to be seen
    DONE = 3  # filled whole, every lot was seen
    DONE_EARLY = 4  # the report has overtaken a fill
    CANCELED = 5
    CANCELED_EARLY = 6
    REJECTED = 7
    CANCEL = 8  # we ask
    CANCEL_REFUSED = 9
    STALE = 10  # no news
    CONTRADICTION = 11


class Action(IntEnum):
    """Output alphabet."""

    SEND_CANCEL = 0
    BOOK = 1  # lots move from the request to what is to be recouped, or was
    RELEASE = 2  # lots that will not fill leave the bound
    HOLD = 3  # place no more before the next book
    HALT = 4  # cancel everything and call a person


S, X, A = State, Symbol, Action

# fmt: off
ROWS: tuple[Row[State, Symbol, Action], ...] = (
    *at(S.OPEN,
        on(X.PLACED,         S.OPEN,                             why="counts since it was sent"),
        on(X.FILL,           S.OPEN,      A.BOOK),
        on(X.LAST_FILL,      S.SPENT,     A.BOOK),
        on(X.DONE_EARLY,     S.CLOSING,                          why="fills are under way"),
        on(X.CANCELED,       S.CLOSED,    A.RELEASE, A.HOLD,     why="the venue's own"),
        on(X.CANCELED_EARLY, S.CLOSING,   A.RELEASE, A.HOLD,     why="the venue's own"),
        on(X.REJECTED,       S.CLOSED,    A.RELEASE, A.HOLD,     why="or it is sent for ever"),
        on(X.CANCEL,         S.CANCELING, A.SEND_CANCEL,         why="asked only here: once"),
        on(X.STALE,          S.OPEN),
    ),
    *at(S.CANCELING,
        on(X.PLACED,         S.CANCELING),
        on(X.FILL,           S.CANCELING, A.BOOK),
        on(X.LAST_FILL,      S.SPENT,     A.BOOK,                why="cancel too late"),
        on(X.DONE_EARLY,     S.CLOSING,                          why="cancel too late"),
        on(X.CANCELED,       S.CLOSED,    A.RELEASE),
        on(X.CANCELED_EARLY, S.CLOSING,   A.RELEASE,             why="fills are under way"),
        on(X.REJECTED,       S.CLOSED,    A.RELEASE, A.HOLD),
        on(X.CANCEL_REFUSED, S.OPEN,                             why="ask again if unwanted"),
        on(X.STALE,          S.CANCELING),
    ),
    *at(S.SPENT,
        on(X.DONE,           S.CLOSED),
        on(X.STALE,          S.SPENT),
    ),
    *at(S.CLOSING,
        on(X.FILL,           S.CLOSING,   A.BOOK),
        on(X.LAST_FILL,      S.CLOSED,    A.BOOK,                why="now all is known"),
        on(X.STALE,          S.CLOSING),
    ),
    *at(S.CLOSED,
        on(X.STALE,          S.CLOSED),
    ),
)
# fmt: on

MIRRORING = Spec(
    name="mirroring",
    title="Market mirroring",
    states=State,
    symbols=Symbol,
    actions=Action,
    initial=S.OPEN,
    final=frozenset({S.CLOSED}),
    otherwise=(S.DISPUTED, (A.HALT,)),
    rows=ROWS,
)

PROPERTIES = declare(
    Property("MMS-1.1", Kind.ALWAYS, "What is at risk never exceeds what we count: E <= E'."),
    Property("MMS-1.2", Kind.ALWAYS, "What is at risk never exceeds the limit: E <= M."),
    Property("MMS-2", Kind.ALWAYS, "What we count never exceeds the limit: E' <= M."),
    Property("MMS-3.1", Kind.ALWAYS, "No order has two cancels under way."),
    Property("MMS-3.2", Kind.ALWAYS, "Nothing is placed without a budget."),
    Property("MMS-4", Kind.LEADS_TO, "What rests becomes what the last book wants, within M."),
    Property("MMS-5.1", Kind.LEADS_TO, "What was sold is recouped, or we know who stops it."),
    Property("MMS-5.2", Kind.ALWAYS, "No recoup is sent beyond the loss limit."),
    Property("MMS-5.3", Kind.ALWAYS, "Never more is recouped than was sold."),
    Property("MMS-6.1", Kind.SOMETIMES, "A cancel loses to a fill."),
    Property("MMS-6.2", Kind.SOMETIMES, "The whole limit is at risk."),
    Property("MMS-6.3", Kind.SOMETIMES, "The target shrinks while a cancel is under way."),
    Property("MMS-6.4", Kind.SOMETIMES, "A closing report overtakes a fill."),
    Property("MMS-6.5", Kind.SOMETIMES, "The loss limit halts the strategy."),
    Property("MMS-7", Kind.ALWAYS, "No report is disputed while the venues tell the truth."),
)
