"""What a venue shows against what a bot knows: orders, fills and positions of one moment.

A bot has one book a symbol; client order ids are those of the account.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from attrs import frozen

from machines.gate import opens_exposure
from machines.messages import AccountReport, Cancel, Woken
from machines.order_manager import Book, Working, live, waiting
from machines.supervisor import Answered
from spec.order import State
from spec.supervisor import Match, Part
from spec.terms import PositionSide

BEHIND_MAX, UNEXPLAINED_TIMES = 10, 3
PENDING = frozenset({State.PENDING_NEW, State.PENDING_CANCEL, State.PENDING_REPLACE, State.UNKNOWN})
Lots = tuple[int, int]  # of the long and of the short leg
OrderId = tuple[int, int]  # symbol, client order id
Strange = tuple[int, Lots, Lots]  # a symbol, the lots that we know of, those that are shown
NONE: Mapping[int, Lots] = MappingProxyType({})


@frozen(kw_only=True)
class Shown:
    """What a venue shows: *lots* by symbol, where there are any, and our open *orders*.

    *closed* are lots that were closed beside our orders.  *unknown* says that there are fills of
    our open orders which we have not counted.
    """

    lots: Mapping[int, Lots]
    orders: tuple[OrderId, ...]
    closed: Mapping[int, Lots] = NONE
    unknown: bool = False


@frozen(kw_only=True)
class Difference:
    """How what is shown differs from what is known.

    *missing* are open orders of ours that the venue does not show, *orphans* those that it shows
    and we do not know, *gone* the lots that closes beside our orders explain, *strange* is what
    nothing explains.  *news* tells the bot what has happened beside its orders.
    """

    match: Match
    missing: tuple[OrderId, ...] = ()
    orphans: tuple[OrderId, ...] = ()
    gone: Mapping[int, Lots] = NONE
    strange: Strange | None = None
    news: tuple[AccountReport, ...] = ()


@frozen
class Looks:
    """Looks in a row that did not agree; at so many of the last nothing explained *strange*."""

    behind: int = 0
    unexplained: int = 0
    strange: Strange | None = None


def by_symbol(legs: Iterable[tuple[int, PositionSide, int]]) -> dict[int, Lots]:
    """Return the lots of each symbol, from (symbol, leg, lots).

    >>> by_symbol([(1, PositionSide.SHORT, 2), (1, PositionSide.SHORT, 3)])
    {1: (0, 5)}
    """
    lots: dict[int, Lots] = {}
    for symbol, leg, qty in legs:
        long, short = lots.get(symbol, (0, 0))
        lots[symbol] = (long + qty, short) if leg is PositionSide.LONG else (long, short + qty)
    return lots


def orders(books: Iterable[Book]) -> dict[int, tuple[int, Working]]:
    """Return (symbol, order) of every order that is not final, by client order id."""
    return {
        working.client_order_id: (symbol, working)
        for symbol, book in enumerate(books)
        for working in live(book)
    }


def pending(books: Iterable[Book]) -> tuple[int, ...]:
    """Return the client order ids of which an answer is awaited: until then nobody looks."""
    return tuple(key for key, (_, each) in orders(books).items() if each.order.state in PENDING)


def held_back(books: Iterable[Book]) -> Iterator[Woken]:
    """Yield what wakes each order that is held back."""
    for symbol, book in enumerate(books):
        for key in waiting(book):
            yield Woken(key, symbol)


def cancels_of_opening(books: Iterable[Book]) -> Iterator[Cancel]:
    """Yield a cancel for each open order that can open exposure."""
    for key, (symbol, working) in orders(books).items():
        if opens_exposure(working.wanted):
            yield Cancel(key, symbol)


def compared(books: Sequence[Book], held: Sequence[Lots], shown: Shown) -> Difference:
    """Return how *shown* differs from *books*, and from the lots *held* of each symbol.

    Positions are compared once all orders and fills are known.
    """
    known, there = orders(books), {key for _, key in shown.orders}
    missing = tuple((symbol, key) for key, (symbol, _) in known.items() if key not in there)
    orphans = tuple(each for each in shown.orders if each[1] not in known)
    if missing or orphans or shown.unknown:
        return Difference(match=Match.BEHIND, missing=missing, orphans=orphans)
    gone: dict[int, Lots] = {}
    for symbol, ours in enumerate(held):
        theirs, closed = shown.lots.get(symbol, (0, 0)), shown.closed.get(symbol, (0, 0))
        long_gone, short_gone = ours[0] - theirs[0], ours[1] - theirs[1]
        if not (0 <= long_gone <= closed[0] and 0 <= short_gone <= closed[1]):
            return Difference(match=Match.UNEXPLAINED, strange=(symbol, ours, theirs))
        if long_gone or short_gone:
            gone[symbol] = long_gone, short_gone
    return Difference(match=Match.BEHIND if gone else Match.AGREES, gone=gone)


def judged(
    looks: Looks, difference: Difference, times: int = UNEXPLAINED_TIMES
) -> tuple[Looks, Match]:
    """Return *looks* after one more that came to *difference*, and what that amounts to.

    An answer may be of the past, so what nothing explains counts after *times* in a row, if no lot
    has moved meanwhile.  What all questions leave behind for too long is for a person.
    """
    if difference.match is Match.AGREES:
        return Looks(), Match.AGREES
    strange, unexplained = difference.strange, 0
    if strange is not None:
        unexplained = looks.unexplained + 1 if strange == looks.strange else 1
    after = Looks(looks.behind + 1, unexplained, strange)
    hopeless = unexplained >= times or after.behind > BEHIND_MAX
    return after, Match.UNEXPLAINED if hopeless else Match.BEHIND


def answers(
    query: int, moment: int, match: Match, held: Mapping[Part, int], *, torn: bool
) -> Iterator[Answered]:
    """Yield the three answers to question *query*: they describe *moment* unless they are *torn*.

    *held* counts lots of open positions, and our open orders.
    """
    for part in Part:
        at = moment + (torn and part is Part.FILLS)
        yield Answered(query, part, at, match, held.get(part, 0))
