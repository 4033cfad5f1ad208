"""The venue of the collision worlds, and what goes over the wire.

Of each symbol the venue holds a long and a short leg, and one order of each kind at most; in a
one-way account the legs net.  Long is the base's side, short the mirror's.  Orders rest until the
venue fills them, lot by lot, at any time or never; one that crosses trades when it arrives.
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from simulator.actors import Do

Sends = tuple[tuple[str, object], ...]
NAMES = "AB"  # of the symbols


class Kind(IntEnum):
    """What an order is for; only CLOSE can do nothing but reduce."""

    OPEN = 0  # the mirror
    CLOSE = 1  # the mirror
    ENTRY = 2  # of the base
    EXIT = 3  # of the base: the venue's own doing, told when it has happened
    OUST = 4  # the same, of the mirror


class Ask(NamedTuple):
    """A new order of *qty* lots, or with none the cancel of one."""

    symbol: int
    kind: Kind
    number: int
    qty: int = 0
    cross: bool = False


class Told(NamedTuple):
    """*cum_qty* lots of an order have filled; after *final* no more will.

    *refused*: a cancel was.  An exit has no order: it tells of lots that have left.
    """

    symbol: int
    kind: Kind
    number: int
    cum_qty: int
    final: bool = False
    refused: bool = False


class Resting(NamedTuple):
    """An order as it is at the venue."""

    number: int
    qty: int
    cum_qty: int = 0


class Book(NamedTuple):
    """What the venue has in one symbol: legs, and an order of each of the first three kinds."""

    long: int = 0
    short: int = 0
    orders: tuple[Resting | None, ...] = (None, None, None)


class Venue(NamedTuple):
    """The venue; *whims* is how often it may still refuse, or fill only a part of what crosses.

    *totals*: closing reports tell what has filled; *strict*: a close can only reduce.
    """

    books: tuple[Book, ...]
    whims: int = 0
    exits: bool = False  # it may close the base's position
    ousts: bool = False  # and the mirror's
    hedge: bool = False
    totals: bool = True
    strict: bool = True


def venue_hears(venue: Venue, _channel: str, ask: Ask) -> Iterator[Do]:
    """Yield what *venue* does with *ask*."""
    book = venue.books[ask.symbol]
    rests = book.orders[ask.kind]
    less = venue._replace(whims=venue.whims - 1)
    if not ask.qty:
        yield from canceled(venue, ask, rests)
        return
    if rests is not None or (not book.short and ask.kind is Kind.CLOSE and venue.strict):
        yield Do("cannot take it", venue, told(venue, ask, 0, final=True))
        return
    if ask.cross:
        lots = min(ask.qty, book.short)
        yield Do("trades", *crossed(venue, ask, lots))
        if venue.whims and lots > 1:
            yield Do("has only a part", *crossed(less, ask, lots - 1))
    else:
        after = with_order(book, ask.kind, Resting(ask.number, ask.qty))
        yield Do("takes", with_book(venue, ask, after))
    if venue.whims:
        yield Do("refuses", less, told(venue, ask, 0, final=True))


def canceled(venue: Venue, ask: Ask, rests: Resting | None) -> Iterator[Do]:
    """Yield what *venue* does when it is to cancel *rests*: a cancel may come too late."""
    if rests is None or rests.number != ask.number:
        yield Do("knows no such order", venue, told(venue, ask, 0, refused=True))
        return
    gone = with_book(venue, ask, with_order(venue.books[ask.symbol], ask.kind, None))
    yield Do("cancels", gone, told(venue, ask, rests.cum_qty, final=True))
    if venue.whims:
        less = venue._replace(whims=venue.whims - 1)
        yield Do("refuses", less, told(venue, ask, rests.cum_qty, refused=True))


def crossed(venue: Venue, ask: Ask, lots: int) -> tuple[Venue, Sends]:
    """Return *venue* once *ask* has traded *lots* and ended, and its report."""
    book = venue.books[ask.symbol]
    after = book._replace(short=book.short - lots)
    return with_book(venue, ask, after), told(venue, ask, lots, final=True)


def venue_acts(venue: Venue) -> Iterator[Do]:
    """Yield what *venue* may do unasked."""
    for symbol, book in enumerate(venue.books):
        for kind, rests in zip(Kind, book.orders, strict=False):
            if rests is None:
                continue
            if kind is not Kind.CLOSE or book.short or not venue.strict:
                yield Do(f"fills {kind.name} {NAMES[symbol]}", *filled(venue, symbol, kind, rests))
            if venue.whims:
                less = venue._replace(whims=venue.whims - 1)
                ask = Ask(symbol, kind, rests.number)
                gone = with_book(less, ask, with_order(book, kind, None))
                ended = told(venue, ask, rests.cum_qty, final=True)
                yield Do(f"ends {kind.name} {NAMES[symbol]} by itself", gone, ended)
        if venue.exits and book.long:
            after = book._replace(long=book.long - 1)
            ask = Ask(symbol, Kind.EXIT, 0)
            gone = with_book(venue, ask, after)
            yield Do(f"closes the base {NAMES[symbol]}", gone, told(venue, ask, 1))
        if venue.ousts and book.short:
            yield Do(f"closes the mirror {NAMES[symbol]}", *ousted(venue, symbol))


def ousted(venue: Venue, symbol: int) -> tuple[Venue, Sends]:
    """Return *venue* once it has closed a lot of the mirror, and its reports."""
    book, ask = venue.books[symbol], Ask(symbol, Kind.OUST, 0)
    after = book._replace(short=book.short - 1)
    sends, rests = told(venue, ask, 1), book.orders[Kind.CLOSE]
    if rests is not None and not after.short and venue.strict:
        after = with_order(after, Kind.CLOSE, None)
        ended = Ask(symbol, Kind.CLOSE, rests.number)
        sends += told(venue, ended, rests.cum_qty, final=True)
    return with_book(venue, ask, after), sends


def filled(venue: Venue, symbol: int, kind: Kind, rests: Resting) -> tuple[Venue, Sends]:
    """Return *venue* once a lot of *rests* has filled, and its report; reduced to nothing ends."""
    book, ask = venue.books[symbol], Ask(symbol, kind, rests.number)
    cum_qty = rests.cum_qty + 1
    if kind is Kind.CLOSE and book.short:
        book = book._replace(short=book.short - 1)
    elif kind is Kind.OPEN:
        book = netted(book._replace(short=book.short + 1), hedge=venue.hedge)
    else:
        book = netted(book._replace(long=book.long + 1), hedge=venue.hedge)
    final = cum_qty == rests.qty or (venue.strict and kind is Kind.CLOSE and not book.short)
    left = None if final else rests._replace(cum_qty=cum_qty)
    after = with_book(venue, ask, with_order(book, kind, left))
    return after, told(venue, ask, cum_qty, final=final)


def netted(book: Book, *, hedge: bool) -> Book:
    """Return *book* as the account keeps it: a one-way account has one leg at most."""
    both = 0 if hedge else min(book.long, book.short)
    return book._replace(long=book.long - both, short=book.short - both)


def told(
    venue: Venue, ask: Ask, cum_qty: int, *, final: bool = False, refused: bool = False
) -> Sends:
    """Return the report on the order of *ask*, two where closing reports tell no totals."""
    report = Told(ask.symbol, ask.kind, ask.number, cum_qty, final, refused)
    if venue.totals or not (final and cum_qty):
        return (("reports", report),)
    return (("reports", report._replace(final=False)), ("reports", report._replace(cum_qty=0)))


def with_order(book: Book, kind: Kind, order: Resting | None) -> Book:
    """Return *book* with *order* as the one of *kind*."""
    return book._replace(orders=(*book.orders[:kind], order, *book.orders[kind + 1 :]))


def with_book(venue: Venue, ask: Ask, book: Book) -> Venue:
    """Return *venue* with *book* as that of the symbol of *ask*."""
    symbol = ask.symbol
    return venue._replace(books=(*venue.books[:symbol], book, *venue.books[symbol + 1 :]))


def venue_features(venue: Venue) -> Mapping[str, int]:
    """Return what is claimed of, of *venue*: what is there of either side of each symbol."""
    found: dict[str, int] = {}
    for symbol, book in enumerate(venue.books):
        opening, closing, entry = book.orders
        found |= {
            f"base_there_{symbol}": book.long > 0 or entry is not None,
            f"mirror_there_{symbol}": book.short > 0 or opening is not None,
            f"long_{symbol}": book.long,
            f"short_{symbol}": book.short,
            f"part_closed_{symbol}": closing is not None and closing.cum_qty > 0,
        }
    return found


def show_ask(ask: Ask) -> str:
    """Return *ask* in words."""
    order = f"{ask.kind.name} {NAMES[ask.symbol]}{ask.number}"
    if not ask.qty:
        return f"cancel {order}"
    return f"{order} of {ask.qty}{', crossing' if ask.cross else ''}"


def show_told(report: Told) -> str:
    """Return *report* in words."""
    symbol = NAMES[report.symbol]
    if report.kind in (Kind.EXIT, Kind.OUST):
        who = "base" if report.kind is Kind.EXIT else "mirror"
        return f"{who} {symbol} closed by {report.cum_qty}"
    order = f"{report.kind.name} {symbol}{report.number}"
    if report.refused:
        return f"no cancel of {order}"
    return f"{order} filled {report.cum_qty}{', final' if report.final else ''}"


def show_venue(venue: Venue) -> str:
    """Return *venue* in words."""
    return "; ".join(map(show_book, NAMES, venue.books))


def show_book(symbol: str, book: Book) -> str:
    """Return what the venue has in *symbol*, in words."""
    rests = [
        f"{kind.name} {each.qty - each.cum_qty}"
        for kind, each in zip(Kind, book.orders, strict=False)
        if each is not None
    ]
    return ", ".join((f"{symbol} {book.long - book.short:+d}", *rests))
