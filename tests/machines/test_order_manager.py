"""The order manager by example: one order a key, and nothing twice."""

from machines.messages import Cancel, Place, Query, Report, Wake, Wanted
from machines.order import Acked, Canceled, Event, Filled, Found, Reconciled, Rejected
from machines.order_manager import (
    RETRY_NS,
    Book,
    Booked,
    Effect,
    Ended,
    Stray,
    empty,
    live,
    open_exposure,
    plan,
    report,
    restarted,
    woken,
)
from spec.terms import OrderType, Reason, Side

STOP = Wanted(key=0, kind=0, side=Side.SELL, qty=3, type=OrderType.STOP_MARKET, trigger_ticks=90)
HIGHER = Wanted(key=0, kind=0, side=Side.SELL, qty=3, type=OrderType.STOP_MARKET, trigger_ticks=95)


def told(
    book: Book, order: int, event: Event, notional: int = 0, fee: int = 0
) -> tuple[Book, tuple[Effect, ...]]:
    """Return *book* after news of *order*."""
    return report(book, Report(client_order_id=order, event=event, notional=notional, fee=fee))


def working() -> Book:
    """Return a book whose one order works."""
    book, commands = plan(empty(2), (STOP,))
    assert commands == (Place(1, STOP),)
    return told(book, 1, Acked())[0]


def test_what_is_wanted_already_is_not_touched() -> None:
    """No cancel and no order while the book is as wanted."""
    book = working()
    assert plan(book, (STOP,)) == (book, ())


def test_a_changed_order_is_canceled_before_it_is_placed_anew() -> None:
    """One key never has two orders: no quantity can fill twice."""
    book, commands = plan(working(), (HIGHER,))
    assert commands == (Cancel(1),)
    assert plan(book, (HIGHER,))[1] == ()
    book, _ = told(book, 1, Canceled(0))
    assert plan(book, (HIGHER,))[1] == (Place(2, HIGHER),)


def test_fills_are_booked_by_what_their_totals_have_grown() -> None:
    """A total that was reported twice is booked once."""
    book, effects = told(working(), 1, Filled(1), notional=90, fee=2)
    assert effects == (Booked(wanted=STOP, qty=1, notional=90, fee=2),)
    book, effects = told(book, 1, Filled(1), notional=90, fee=2)
    assert effects == ()
    book, effects = told(book, 1, Filled(3), notional=268, fee=6)
    assert effects == (
        Booked(wanted=STOP, qty=2, notional=178, fee=4),
        Ended(wanted=STOP, qty=3, notional=268, fee=6, reason=Reason.NONE),
    )
    assert live(book) == ()


def test_a_refused_key_waits_longer_each_time() -> None:
    """Not a storm of orders: 1 s, 2 s, 4 s, until one is taken."""
    book = empty(1)
    for order, delay in ((1, RETRY_NS), (2, 2 * RETRY_NS), (3, 4 * RETRY_NS)):
        book, commands = plan(woken(book, 0), (STOP,))
        assert commands == (Place(order, STOP),)
        book, effects = told(book, order, Rejected())
        assert effects[-1] == Wake(0, delay)
        assert plan(book, (STOP,)) == (book, ())


def test_a_restart_asks_for_every_open_order_and_counts_it_meanwhile() -> None:
    """What may have filled while we were away stays exposed until the venue has answered."""
    book, commands = restarted(working())
    assert commands == (Query(1, 1),)
    assert open_exposure(book) == 3
    assert plan(book, ()) == (book, ())
    book, effects = told(book, 1, Reconciled(1, Found.FILLED, 3, 3), notional=270, fee=3)
    assert [type(effect) for effect in effects] == [Booked, Ended]


def test_an_order_wanted_alone_waits_for_the_others_to_go() -> None:
    """The re-entry spends all cash, so nothing else may still trade."""
    alone = Wanted(key=1, kind=1, side=Side.BUY, qty=9, alone=True)
    book, commands = plan(working(), (alone,))
    assert commands == (Cancel(1),)
    book, _ = told(book, 1, Canceled(0))
    assert plan(book, (alone,))[1] == (Place(2, alone),)


def test_a_market_order_is_left_alone() -> None:
    """It is under way: a cancel could only race it."""
    market = Wanted(key=0, kind=0, side=Side.SELL, qty=3)
    book, _ = plan(empty(1), (market,))
    assert plan(book, ()) == (book, ())


def test_late_news_of_a_closed_order_is_told_only_if_it_says_more() -> None:
    """A doubled report is no news; a fill that nobody knew is."""
    book, _ = told(working(), 1, Canceled(1), notional=90)
    assert told(book, 1, Filled(1)) == (book, ())
    assert told(book, 1, Filled(2)) == (book, (Stray(1),))
