"""The order manager by example: one order a key, and nothing twice."""

import pytest

from machines.messages import Cancel, Place, Query, Report, Wake, Wanted
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Event,
    Filled,
    Found,
    Lost,
    Reconciled,
    Rejected,
    Triggered,
    exposure,
)
from machines.order_manager import (
    RETRY_NS,
    Book,
    Booked,
    Effect,
    Ended,
    Stray,
    empty,
    live,
    plan,
    report,
    restarted,
    unblocked,
    waiting,
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


def ended(book: Book, order: int, event: Event, reason: Reason) -> tuple[Book, tuple[Effect, ...]]:
    """Return *book* after *order* has ended without a fill, for *reason*."""
    return report(book, Report(client_order_id=order, event=event, reason=reason))


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


def test_a_crossed_stop_is_held_back_until_woken() -> None:
    """A venue that finds the trigger crossed would refuse it again at once, and again."""
    book, _ = plan(empty(1), (STOP,))
    book, effects = ended(book, 1, Rejected(), Reason.TRIGGER_CROSSED)
    assert effects[-1] == Wake(0, RETRY_NS)
    assert plan(book, (STOP,)) == (book, ())
    assert waiting(book) == (0,)
    assert plan(woken(book, 0), (STOP,))[1] == (Place(2, STOP),)


def test_another_order_in_its_place_ends_the_holding_back() -> None:
    """The refusal was of that order: the one that replaces it is tried at once, and so is it."""
    book, _ = plan(empty(1), (STOP,))
    book, _ = told(book, 1, Rejected())
    book, commands = plan(book, (HIGHER,))
    assert commands == (Place(2, HIGHER),)
    book, _ = plan(told(book, 2, Acked())[0], (STOP,))
    assert plan(told(book, 2, Canceled(0))[0], (STOP,))[1] == (Place(3, STOP),)


def test_a_refused_cancel_is_not_asked_again_until_woken() -> None:
    """An order the venue will not cancel brings no storm of cancels."""
    book, _ = plan(working(), (HIGHER,))
    book, effects = told(book, 1, CancelRejected())
    assert effects == (Wake(0, RETRY_NS),)
    assert waiting(book) == (0,)
    assert plan(book, (HIGHER,)) == (book, ())
    assert plan(woken(book, 0), (HIGHER,))[1] == (Cancel(1),)


def test_an_order_that_may_not_be_canceled_is_kept_while_it_is_wanted_after_all() -> None:
    """What was refused does not matter once the order is wanted again: nothing is sent."""
    book, _ = plan(working(), (HIGHER,))
    book, _ = told(book, 1, CancelRejected())
    assert plan(book, (STOP,)) == (book, ())
    assert plan(woken(book, 0), (STOP,))[1] == ()


def test_a_liquidated_order_is_held_back_until_unblocked() -> None:
    """Nobody is woken, and a restart is no reason: a person looks first."""
    book, effects = ended(working(), 1, Canceled(0), Reason.LIQUIDATION)
    assert [type(effect) for effect in effects] == [Ended]
    book, commands = restarted(book)
    assert (waiting(book), commands) == ((), ())
    assert plan(book, (STOP,)) == (book, ())
    assert plan(unblocked(book), (STOP,))[1] == (Place(2, STOP),)


def test_a_restart_asks_for_every_open_order_and_counts_it_meanwhile() -> None:
    """What may have filled while we were away stays exposed until the venue has answered."""
    book, commands = restarted(working())
    assert commands == (Query(1, 1, shown=True),)
    assert [exposure(each.order) for each in live(book)] == [3]
    assert plan(book, ()) == (book, ())
    book, effects = told(book, 1, Reconciled(1, Found.FILLED, 3, 3), notional=270, fee=3)
    assert [type(effect) for effect in effects] == [Booked, Ended]


@pytest.mark.parametrize(
    "event", [Acked(), Triggered(), Filled(1), Reconciled(1, Found.OPEN, 3, 0)]
)
def test_a_question_says_whether_the_venue_has_shown_the_order(event: Event) -> None:
    """It does from then on, also while a cancel is under way, until the order is sent anew."""
    book, _ = plan(empty(2), (STOP,))
    assert restarted(book)[1] == (Query(1, 1),)
    book, _ = told(book, 1, Lost())
    book, _ = told(book, 1, event)
    book, _ = plan(book, ())
    for query in (2, 3):
        book, commands = told(book, 1, Lost())
        assert commands == (Query(1, query, shown=True),)


def test_an_order_sent_anew_has_not_been_shown() -> None:
    """The venue has denied the first for long."""
    book, _ = told(working(), 1, Lost())
    book, commands = told(book, 1, Reconciled(1, Found.ABSENT, 0, 0))
    assert commands == (Place(1, STOP),)
    assert told(book, 1, Lost())[1] == (Query(1, 2),)


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
