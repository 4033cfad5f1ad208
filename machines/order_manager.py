"""The order manager: compares the orders wanted with the orders working, and sends the difference.

One key has at most one order that is not final: a changed order is canceled first and placed
anew once the venue has confirmed, with what is then still wanted.  So no quantity can fill
twice, whatever overtakes what.  A market order, or a stop that has triggered, is under way and
is left alone.
"""

from functools import cached_property
from operator import is_
from typing import TypeVar

from attrs import evolve, field, frozen

from machines.messages import Cancel, Command, Place, Query, Report, Wake, Wanted
from machines.order import (
    Acked,
    CancelRejected,
    CancelRequested,
    Event,
    Filled,
    Found,
    Lost,
    Order,
    OrderSpec,
    Reconciled,
    Triggered,
)
from machines.order import step as order_step
from spec.order import ORDER, Action, State
from spec.terms import OrderType, Reason
from spec.units import SECOND_NS

RETRY_NS = SECOND_NS
RETRY_DOUBLINGS_MAX = 6
REMEMBERED = 32
T = TypeVar("T")
CANCELABLE = frozenset({State.PENDING_NEW, State.NEW, State.PARTIALLY_FILLED})


@frozen(kw_only=True, cache_hash=True)
class Working:
    """An order that is not final; *notional* (tick-lots) and *fee* (money) are of its fills.

    *shown* says that the venue has held it, *kept* that it has refused to cancel it: it is not
    asked again until woken.
    """

    client_order_id: int
    wanted: Wanted
    order: Order
    notional: int = 0
    fee: int = 0
    kept: bool = False
    shown: bool = False


@frozen(kw_only=True, cache_hash=True)
class Book:
    """Our orders: one place for each key.

    *refused* is the order of a key that was refused last, held back until it is woken or another
    order is wanted in its place; *failures* counts refusals in a row.  With none of them it was a
    liquidation that took the order, and nobody is woken.  *closed* remembers the last final orders
    as (client order id, filled total).
    """

    working: tuple[Working | None, ...]
    failures: tuple[int, ...]
    refused: tuple[Wanted | None, ...]
    closed: tuple[tuple[int, int], ...] = ()
    sequence: int = 0
    spec: OrderSpec = field(default=ORDER, repr=False, eq=id)

    @cached_property
    def live(self) -> tuple[Working, ...]:
        """The orders that are not final, the oldest first."""
        orders = [w for w in self.working if w is not None]
        return tuple(sorted(orders, key=lambda w: w.client_order_id))


@frozen(kw_only=True)
class Booked:
    """*qty* lots of *wanted* traded for *notional* tick-lots and *fee* money."""

    wanted: Wanted
    qty: int
    notional: int
    fee: int


@frozen(kw_only=True)
class Ended:
    """*wanted* is final, with the totals of its fills."""

    wanted: Wanted
    qty: int
    notional: int
    fee: int
    reason: Reason


@frozen
class Stray:
    """A report about an order that is not working says more than was known when it closed."""

    client_order_id: int


Effect = Booked | Ended | Stray | Command


def empty(keys: int) -> Book:
    """Return a book without orders for *keys* keys."""
    return Book(working=(None,) * keys, failures=(0,) * keys, refused=(None,) * keys)


def live(book: Book) -> tuple[Working, ...]:
    """Return the orders that are not final, the oldest first."""
    return book.live


def report(book: Book, news: Report) -> tuple[Book, tuple[Effect, ...]]:
    """Return *book* after *news*, and what follows: fills to book, orders ended, commands."""
    for working in live(book):
        if working.client_order_id == news.client_order_id:
            return _step(book, working, news)
    known = dict(book.closed)
    total = getattr(news.event, "cum_qty", 0)
    if total <= known.get(news.client_order_id, 0):
        return book, ()
    return book, (Stray(news.client_order_id),)


def _step(book: Book, working: Working, news: Report) -> tuple[Book, tuple[Effect, ...]]:
    """Move one order and book what its totals have grown by."""
    order, emits = order_step(working.order, news.event, book.spec)
    after = evolve(working, order=order, shown=_shown(working, news.event, emits))
    effects: list[Effect] = list(_commands(after, order, emits))
    grown = order.cum_qty - working.order.cum_qty
    if grown:
        after = evolve(after, notional=news.notional, fee=news.fee)
        effects.append(
            Booked(
                wanted=working.wanted,
                qty=grown,
                notional=news.notional - working.notional,
                fee=news.fee - working.fee,
            )
        )
    if order.state not in ORDER.final:
        if isinstance(news.event, CancelRejected) and working.order.state is State.PENDING_CANCEL:
            after = evolve(after, kept=True)
            effects.append(Wake(working.wanted.key, RETRY_NS))
        return _put(book, working.wanted.key, after), tuple(effects)
    effects.append(
        Ended(
            wanted=working.wanted,
            qty=order.cum_qty,
            notional=after.notional,
            fee=after.fee,
            reason=news.reason,
        )
    )
    return _retire(book, after, news.reason, effects), tuple(effects)


def _shown(working: Working, event: Event, emits: tuple[Action, ...]) -> bool:
    """Return whether the venue has held *working*, as far as is known; sent anew, it has not."""
    if Action.SEND_NEW in emits:
        return False
    found = isinstance(event, Reconciled) and event.found is Found.OPEN
    return working.shown or found or isinstance(event, Acked | Triggered | Filled)


def _retire(book: Book, working: Working, reason: Reason, effects: list[Effect]) -> Book:
    """Take a final order out of *book*; after a refusal, hold it back for a while.

    After a liquidation it stays held back until a person has looked.
    """
    key, order = working.wanted.key, working.order
    taken = reason is Reason.LIQUIDATION
    refused = not (taken or order.cum_qty or order.state is State.CANCELED)
    failures = book.failures[key]
    if refused:
        effects.append(Wake(key, RETRY_NS << min(failures, RETRY_DOUBLINGS_MAX)))
    held = refused or taken
    return evolve(
        book,
        working=_with(book.working, key, None),
        failures=_with(book.failures, key, failures + 1 if refused else 0),
        refused=_with(book.refused, key, working.wanted) if held else book.refused,
        closed=(*book.closed, (working.client_order_id, order.cum_qty))[-REMEMBERED:],
    )


def _commands(working: Working, order: Order, emits: tuple[Action, ...]) -> tuple[Command, ...]:
    """Return the commands that the order machine asked for."""
    commands: list[Command] = []
    for action in emits:
        match action:
            case Action.SEND_NEW:
                commands.append(Place(working.client_order_id, working.wanted))
            case Action.SEND_CANCEL:
                commands.append(Cancel(working.client_order_id))
            case Action.RECONCILE:
                commands.append(Query(working.client_order_id, order.query, shown=working.shown))
            case Action.SEND_REPLACE | Action.BOOK | Action.RELEASE:
                pass
    return tuple(commands)


def waiting(book: Book) -> tuple[int, ...]:
    """Return the keys that wait to be woken: an order is held back, or its cancel is."""
    pairs = enumerate(zip(book.failures, book.refused, book.working, strict=True))
    return tuple(
        key
        for key, (failures, held, working) in pairs
        if (held is not None and failures) or (working is not None and working.kept)
    )


def woken(book: Book, key: int) -> Book:
    """Return *book* with the order of *key*, or its cancel, no longer held back."""
    working = book.working[key]
    if working is not None and working.kept:
        book = _put(book, key, evolve(working, kept=False))
    return evolve(book, refused=_with(book.refused, key, None))


def unblocked(book: Book) -> Book:
    """Return *book* with nothing held back."""
    return evolve(book, refused=(None,) * len(book.refused))


def restarted(book: Book) -> tuple[Book, tuple[Command, ...]]:
    """Return *book* after a restart: every open order is asked for, no key waits to be woken."""
    for key in waiting(book):
        book = woken(book, key)
    commands: list[Command] = []
    for working in live(book):
        order, emits = order_step(working.order, Lost(), book.spec)
        commands.extend(_commands(working, order, emits))
        book = _put(book, working.wanted.key, evolve(working, order=order))
    return book, tuple(commands)


def plan(
    book: Book, wanted: tuple[Wanted, ...], newest: int | None = None
) -> tuple[Book, tuple[Command, ...]]:
    """Return *book* and the commands that bring the working orders towards *wanted*.

    Cancels come first.  What is wanted already is not touched.  *newest* is the number of the
    newest order where several books share the numbers.
    """
    by_key = {order.key: order for order in wanted}
    working, refused = list(book.working), list(book.refused)
    commands: list[Command] = []
    for each in live(book):
        key = each.wanted.key
        if by_key.get(key) != each.wanted:
            working[key], sent = _canceled(each, book.spec)
            commands.extend(sent)
    sequence = book.sequence if newest is None else newest
    for order in wanted:
        key = order.key
        if working[key] is None and refused[key] != order:
            if order.alone and any(working):
                continue
            sequence += 1
            working[key] = Working(
                client_order_id=sequence, wanted=order, order=Order(qty=order.qty)
            )
            refused[key] = None
            commands.append(Place(sequence, order))
    if all(map(is_, working, book.working)):
        return book, ()
    after = evolve(book, working=tuple(working), refused=tuple(refused), sequence=sequence)
    return after, tuple(commands)


def _canceled(working: Working, spec: OrderSpec) -> tuple[Working, tuple[Command, ...]]:
    """Ask to cancel *working*, unless it is under way or the venue has just refused."""
    under_way = working.wanted.type is OrderType.MARKET or working.order.state not in CANCELABLE
    if under_way or working.kept:
        return working, ()
    order, emits = order_step(working.order, CancelRequested(), spec)
    return evolve(working, order=order), _commands(working, order, emits)


def _put(book: Book, key: int, working: Working) -> Book:
    """Return *book* with *working* at *key*."""
    return evolve(book, working=_with(book.working, key, working))


def _with(values: tuple[T, ...], key: int, value: T) -> tuple[T, ...]:
    """Return *values* with *value* at *key*."""
    return (*values[:key], value, *values[key + 1 :])
