"""Laws of the order machine, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from attrs import frozen

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
    Triggered,
    classify,
    exposure,
    exposure_max,
    step,
    well_formed,
)
from spec.order import ORDER, Action, State, Symbol


@frozen
class Truth:
    """What is true of an order away from us: at the venue, and on the wires to it.

    *most* is what it can come to, requests under way included, while it is *alive*: it rests, or
    may still arrive.  *cum_qty* lots have filled, reported or not.
    """

    alive: bool
    most: int
    cum_qty: int


def step_keeps_orders_well_formed(order: Order, event: Event) -> None:
    """Whatever a venue says, an order stays an order."""
    assert well_formed(order)
    after, _ = step(order, event)
    assert well_formed(after)


def fills_only_grow_and_are_booked(order: Order, event: Event) -> None:
    """ORD-1, ORD-4: the filled total never shrinks, and it grows only where BOOK is emitted."""
    assert well_formed(order)
    after, emits = step(order, event)
    assert order.cum_qty <= after.cum_qty
    assert after.cum_qty == order.cum_qty or Action.BOOK in emits


def final_states_absorb(order: Order, event: Event) -> None:
    """ORD-4: a final order changes only by a contradiction, and then the venue is asked."""
    assert well_formed(order)
    assert order.state in ORDER.final
    after, emits = step(order, event)
    if emits:
        assert emits == (Action.RECONCILE,)
        assert after.state is State.UNKNOWN
        assert classify(order, event) is not Symbol.STALE
    else:
        assert after == order


def exposure_drops_only_when_confirmed(order: Order, event: Event) -> None:
    """What may still fill stays counted until the venue says that it cannot."""
    assert well_formed(order)
    after, emits = step(order, event)
    if Action.RELEASE not in emits and exposure(after) < exposure(order):
        if isinstance(event, Reconciled):
            assert event.query == order.query
            assert order.state is State.UNKNOWN
        else:
            assert isinstance(event, Replaced | ReplaceRejected)
            assert event.revision == order.revision
            assert order.replace_qty


def exposure_covers_the_truth(order: Order, event: Event, truth: Truth) -> None:
    """ORD-2, inductive: what we count covers what is true, before and after any honest news."""
    assert well_formed(order)
    assert covers(order, truth)
    assert honest(order, event, truth)
    after, emits = step(order, event)
    assert covers(after, sent(after, emits, truth))


def honest_news_never_contradicts(order: Order, event: Event, truth: Truth) -> None:
    """ORD-5: of honest news, in any order, only a loss leads to UNKNOWN."""
    assert well_formed(order)
    assert covers(order, truth)
    assert honest(order, event, truth)
    after, _ = step(order, event)
    assert after.state is not State.UNKNOWN or State.UNKNOWN is order.state or event == Lost()


def the_venue_stays_covered(order: Order, truth: Truth, lots: int) -> None:
    """ORD-2, the other half: the venue may fill, and close by itself, unseen."""
    assert well_formed(order)
    assert covers(order, truth)
    assert truth.alive
    assert 0 <= lots <= truth.most - truth.cum_qty
    total = truth.cum_qty + lots
    assert covers(order, Truth(alive=total < truth.most, most=truth.most, cum_qty=total))
    assert covers(order, Truth(alive=False, most=truth.most, cum_qty=total))


def covers(order: Order, truth: Truth) -> bool:
    """Return whether our exposure bound covers *truth*; a final order knows all of it."""
    if not order.cum_qty <= truth.cum_qty <= truth.most:
        return False
    if truth.alive and truth.cum_qty == truth.most:
        return False
    if order.state in ORDER.final:
        return not truth.alive and truth.cum_qty == order.cum_qty
    return (truth.most if truth.alive else truth.cum_qty) <= exposure_max(order)


def sent(order: Order, emits: tuple[Action, ...], truth: Truth) -> Truth:
    """Return *truth* once what *order* asked for is on the wire."""
    if Action.SEND_NEW in emits:
        return Truth(alive=True, most=order.qty, cum_qty=0)
    if Action.SEND_REPLACE in emits and truth.alive:
        return Truth(alive=True, most=max(truth.most, order.replace_qty), cum_qty=truth.cum_qty)
    return truth


def honest(order: Order, event: Event, truth: Truth) -> bool:
    """Return whether *event* is, or once was, true: totals are final once closed, answers to
    requests say what became of them.
    """
    match event:
        case Filled():
            return event.cum_qty <= truth.cum_qty
        case Canceled() | Expired():
            return not truth.alive and event.cum_qty == truth.cum_qty
        case Rejected():
            return not truth.alive and truth.cum_qty == 0
        case Replaced() | ReplaceRejected():
            if event.revision != order.revision or not order.replace_qty:
                return True
            qty = order.replace_qty if isinstance(event, Replaced) else order.qty
            return truth.most <= qty
        case Reconciled():
            return honest_answer(order, event, truth)
        case Acked() | Triggered() | CancelRequested() | CancelRejected():
            return True
        case ReplaceRequested() | Lost():
            return True


def honest_answer(order: Order, event: Reconciled, truth: Truth) -> bool:
    """Return whether *event* says what is true: of now if it answers the latest query."""
    latest = order.state is State.UNKNOWN and event.query == order.query
    if event.cum_qty < 0 or (event.qty < 1 and event.found is not Found.ABSENT):
        return False
    match event.found:
        case Found.OPEN:
            if latest and not (truth.alive and event.cum_qty < event.qty == truth.most):
                return False
            return event.cum_qty <= truth.cum_qty
        case Found.ABSENT:
            return event.cum_qty == 0 and not (latest and (truth.alive or truth.cum_qty))
        case Found.FILLED:
            return not truth.alive and event.qty == event.cum_qty == truth.cum_qty
        case Found.REJECTED:
            return not truth.alive and event.cum_qty == truth.cum_qty == 0
        case Found.CANCELED | Found.EXPIRED:
            return not truth.alive and event.cum_qty == truth.cum_qty
