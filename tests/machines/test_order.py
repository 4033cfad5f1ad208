"""The order machine by example, pair by pair, and by its laws."""

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given, settings

from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    CancelRequested,
    Event,
    Expired,
    Filled,
    Found,
    Lost,
    Order,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
    ReplaceRequested,
    classify,
    exposure,
    step,
)
from spec.fsm import pairs
from spec.order import ORDER, Action, State, Symbol
from tests.laws import laws_order
from tests.laws.laws_order import Truth
from tests.machines.strategies import TRIED, final_orders, order_events, orders, truths, try_law


def after(order: Order, *events: Event) -> Order:
    """Return *order* after *events*."""
    for event in events:
        order, _ = step(order, event)
    return order


def test_a_cancel_that_loses_to_a_fill_is_a_fill() -> None:
    """A cancel is a wish; what filled, filled."""
    order = after(Order(qty=3), Acked(), CancelRequested(), Filled(3), CancelRejected())
    assert (order.state, order.cum_qty) == (State.FILLED, 3)


def test_totals_make_doubled_and_swapped_reports_harmless() -> None:
    """A report carries the total so far, so an older one is no news."""
    order = after(Order(qty=5), Filled(3), Acked(), Filled(1), Filled(3))
    assert (order.state, order.cum_qty) == (State.PARTIALLY_FILLED, 3)


def test_a_closing_report_brings_the_fill_that_it_overtook() -> None:
    """The last report has the final total."""
    order, emits = step(after(Order(qty=3), Acked()), Canceled(2))
    assert (order.state, order.cum_qty) == (State.CANCELED, 2)
    assert emits == (Action.BOOK, Action.RELEASE)


def test_an_ambiguous_submit_is_asked_about_and_stays_exposed() -> None:
    """A request without an answer is never sent again blindly."""
    order, emits = step(Order(qty=3), Lost())
    assert emits == (Action.RECONCILE,)
    assert exposure(order) == 3
    order, emits = step(order, Reconciled(order.query, Found.ABSENT, 3, 0))
    assert (order.state, emits) == (State.PENDING_NEW, (Action.SEND_NEW,))


def test_an_answer_to_an_older_question_does_not_settle_a_newer_one() -> None:
    """What was absent then may have arrived since."""
    order = after(Order(qty=3), Lost(), Lost())
    old = Reconciled(order.query - 1, Found.ABSENT, 3, 0)
    assert step(order, old) == (order, ())


def test_both_quantities_count_while_a_replace_is_under_way() -> None:
    """Until the venue has answered, either may be the one that fills."""
    order = after(Order(qty=3), Acked(), ReplaceRequested(5))
    assert exposure(order) == 5
    assert exposure(after(order, Replaced(order.revision, 5))) == 5
    smaller = after(Order(qty=3), Acked(), ReplaceRequested(2))
    assert exposure(smaller) == 3
    assert exposure(after(smaller, Replaced(smaller.revision, 2))) == 2


def test_more_than_was_ordered_is_a_contradiction() -> None:
    """Nonsense has a place to go: ask, and count the worst."""
    order, emits = step(Order(qty=3), Filled(4))
    assert (order.state, order.cum_qty, emits) == (State.UNKNOWN, 0, (Action.RECONCILE,))


PART = Order(qty=3, cum_qty=1, state=State.PARTIALLY_FILLED)
FULL = Order(qty=3, cum_qty=3, state=State.UNKNOWN, query=1)
UNKNOWN = Order(qty=3, cum_qty=1, state=State.UNKNOWN, query=1)
REPLACING = Order(qty=3, cum_qty=1, state=State.PENDING_REPLACE, replace_qty=5, revision=2)


@pytest.mark.parametrize(
    ("order", "event", "symbol"),
    [
        (PART, Filled(1), Symbol.STALE),
        (PART, Filled(2), Symbol.PARTIAL_FILL),
        (PART, Filled(3), Symbol.FINAL_FILL),
        (PART, Filled(4), Symbol.CONTRADICTION),
        (PART, Canceled(1), Symbol.CANCEL_ACK),
        (PART, Canceled(2), Symbol.CANCEL_ACK_FILL),
        (PART, Canceled(3), Symbol.FINAL_FILL),
        (PART, Expired(1), Symbol.EXPIRE),
        (PART, Expired(2), Symbol.EXPIRE_FILL),
        (FULL, Filled(3), Symbol.STALE),
        (FULL, Canceled(3), Symbol.FINAL_FILL),
        (FULL, Expired(3), Symbol.FINAL_FILL),
        (FULL, CancelRejected(), Symbol.STALE),
        (PART, ReplaceRequested(1), Symbol.STALE),
        (PART, ReplaceRequested(2), Symbol.REPLACE),
        (PART, Replaced(0, 5), Symbol.STALE),
        (REPLACING, Replaced(1, 5), Symbol.STALE),
        (REPLACING, Replaced(2, 5), Symbol.RESTS_PARTIAL),
        (evolve(REPLACING, cum_qty=0), Replaced(2, 5), Symbol.RESTS_NEW),
        (evolve(REPLACING, cum_qty=0, triggered=True), Replaced(2, 5), Symbol.RESTS_TRIGGERED),
        (evolve(REPLACING, replace_qty=2, cum_qty=2), Replaced(2, 2), Symbol.FINAL_FILL),
        (evolve(REPLACING, cum_qty=3), ReplaceRejected(2), Symbol.FINAL_FILL),
        (evolve(REPLACING, state=State.PENDING_CANCEL), Replaced(2, 5), Symbol.STALE),
        (UNKNOWN, Reconciled(1, Found.FILLED, 3, 3), Symbol.FINAL_FILL),
        (UNKNOWN, Reconciled(1, Found.FILLED, 4, 3), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(0, Found.CANCELED, 3, 1), Symbol.CANCEL_ACK),
        (UNKNOWN, Reconciled(0, Found.CANCELED, 3, 2), Symbol.CANCEL_ACK_FILL),
        (UNKNOWN, Reconciled(0, Found.EXPIRED, 3, 1), Symbol.EXPIRE),
        (UNKNOWN, Reconciled(0, Found.EXPIRED, 3, 2), Symbol.EXPIRE_FILL),
        (UNKNOWN, Reconciled(0, Found.OPEN, 3, 1), Symbol.STALE),
        (UNKNOWN, Reconciled(0, Found.OPEN, 3, 2), Symbol.PARTIAL_FILL),
        (UNKNOWN, Reconciled(1, Found.OPEN, 3, 1), Symbol.RESTS_PARTIAL),
        (UNKNOWN, Reconciled(1, Found.OPEN, 3, 3), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(1, Found.OPEN, 4, 1), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(1, Found.OPEN, 1, 1), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(0, Found.OPEN, 0, 1), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(0, Found.OPEN, 3, -1), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(1, Found.ABSENT, 0, 0), Symbol.CONTRADICTION),
        (UNKNOWN, Reconciled(0, Found.ABSENT, 0, 0), Symbol.STALE),
        (evolve(UNKNOWN, cum_qty=0), Reconciled(1, Found.ABSENT, 0, 0), Symbol.ABSENT),
        (evolve(UNKNOWN, cum_qty=0), Reconciled(0, Found.REJECTED, 3, 0), Symbol.REJECT),
        (UNKNOWN, Reconciled(0, Found.REJECTED, 3, 0), Symbol.CONTRADICTION),
        (PART, Rejected(), Symbol.CONTRADICTION),
        (Order(qty=3), Rejected(), Symbol.REJECT),
    ],
)
def test_quantities_decide_what_news_amount_to(order: Order, event: Event, symbol: Symbol) -> None:
    """Less or as much is known already, more than was asked for cannot be."""
    assert classify(order, event) is symbol


@pytest.mark.parametrize(("state", "symbol"), pairs(ORDER))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: without a row the venue is asked; a final state stays otherwise."""
    target, emits = ORDER.take(state, symbol)
    row = ORDER.row(state, symbol)
    if row is None:
        assert (target, emits) == (State.UNKNOWN, (Action.RECONCILE,))
    else:
        assert (target, emits) == (row.target, row.emits)
        assert state not in ORDER.final or (target is state and not emits)


@pytest.mark.parametrize(
    "law",
    [
        laws_order.step_keeps_orders_well_formed,
        laws_order.fills_only_grow_and_are_booked,
        laws_order.exposure_drops_only_when_confirmed,
    ],
)
@TRIED
@given(orders(), order_events())
def test_laws_of_any_news(law: Callable[..., None], order: Order, event: Event) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    try_law(law, order, event)


@TRIED
@given(final_orders(), order_events())
def test_final_states_absorb(order: Order, event: Event) -> None:
    """ORD-4: a final state absorbs whatever does not contradict it."""
    try_law(laws_order.final_states_absorb, order, event)


@pytest.mark.parametrize(
    "law", [laws_order.exposure_covers_the_truth, laws_order.honest_news_never_contradicts]
)
@settings(TRIED, max_examples=2 * settings().max_examples)
@given(orders(), order_events(), truths())
def test_laws_of_honest_news(
    law: Callable[..., None], order: Order, event: Event, truth: Truth
) -> None:
    """ORD-2, ORD-5: honest news keeps what is true covered, and never contradicts."""
    try_law(law, order, event, truth)


def test_an_answer_about_no_lots_is_a_contradiction() -> None:
    """An order of no lots cannot have filled."""
    order = Order(qty=1, state=State.UNKNOWN)
    assert step(order, Reconciled(0, Found.FILLED, 0, 0))[0].state is State.UNKNOWN
