"""What is under way of one order: requests for it, and the question what became of them.

It makes true what `machines.order.Reconciled` promises: an answer that counts describes a moment
at which no request could still be carried out.  An answer may be of the past, too.  That an order
is there does no harm then: it stays exposed, and the stream or the next look tells how it ended.
That it is not there would have it sent again, so that counts only after several times in a row;
after far more if the venue has shown the order before, since then it has arrived.
"""

from attrs import evolve, frozen

from machines.order import Found

ABSENT_TIMES = 3
SHOWN_FACTOR = 10


@frozen(kw_only=True)
class Inquiry:
    """*flying* requests have no outcome yet; others may be carried out until *until_ns* (Unix ns).

    *query* is the number of the question that waits for its answer, 0 for none; *absent* counts
    how often in a row the venue did not know the order, *shown* says that it has held it before.
    """

    flying: int = 0
    until_ns: int = 0
    query: int = 0
    absent: int = 0
    shown: bool = False


def well_formed(inquiry: Inquiry) -> bool:
    """Return whether *inquiry* makes sense."""
    counts = inquiry.flying >= 0 and inquiry.query >= 0 and inquiry.absent >= 0
    return counts and (inquiry.query > 0 or not (inquiry.absent or inquiry.shown))


def sent(inquiry: Inquiry) -> Inquiry:
    """Return *inquiry* once a request has been handed over."""
    return evolve(inquiry, flying=inquiry.flying + 1)


def ended(inquiry: Inquiry, until_ns: int) -> Inquiry:
    """Return *inquiry* once a request has its outcome.

    If that is unknown it may be carried out until *until_ns*, else that is 0.
    """
    return evolve(inquiry, flying=inquiry.flying - 1, until_ns=max(inquiry.until_ns, until_ns))


def asked(inquiry: Inquiry, query: int, *, shown: bool = False) -> Inquiry:
    """Return *inquiry* with the question numbered *query*, which replaces an older one.

    *shown* says that the venue has held the order.
    """
    return evolve(inquiry, query=query, absent=0, shown=shown)


def may_ask(inquiry: Inquiry, now_ns: int) -> bool:
    """Return whether the venue may be asked: no request can be carried out any more.

    >>> may_ask(Inquiry(until_ns=5), 4), may_ask(Inquiry(until_ns=5), 5)
    (False, True)
    """
    return not inquiry.flying and now_ns >= inquiry.until_ns


def counts(inquiry: Inquiry, query: int, found: Found, times: int = ABSENT_TIMES) -> bool:
    """Return whether the next answer to question *query* counts if it is *found*.

    Only the newest question is answered.  That an order is absent has to come *times* in a row,
    `SHOWN_FACTOR` times as often if it was shown before.

    >>> counts(Inquiry(query=1), 1, Found.OPEN), counts(Inquiry(query=1), 1, Found.ABSENT)
    (True, False)
    """
    if query != inquiry.query:
        return False
    needed = times * SHOWN_FACTOR if inquiry.shown else times
    return found is not Found.ABSENT or inquiry.absent + 1 >= needed


def answered(inquiry: Inquiry, query: int, found: Found, times: int = ABSENT_TIMES) -> Inquiry:
    """Return *inquiry* after that answer: no question waits any more if it counts."""
    if counts(inquiry, query, found, times):
        return evolve(inquiry, query=0, absent=0, shown=False)
    return evolve(inquiry, absent=inquiry.absent + (query == inquiry.query))


def is_idle(inquiry: Inquiry, now_ns: int) -> bool:
    """Return whether nothing is under way, so that *inquiry* may be forgotten."""
    return may_ask(inquiry, now_ns) and not inquiry.query
