"""The order machine by example, pair by pair, and by its laws."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings

from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    CancelRequested,
    Event,
    Filled,
    Found,
    Lost,
    Order,
    Reconciled,
    Replaced,
    ReplaceRequested,
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
