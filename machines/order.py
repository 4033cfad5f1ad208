"""The order machine: `step` is the only way an order changes.

Classify, take the row, update: quantities are compared in `classify`, control moves in the
table, quantities change in `_update`.
"""

from enum import IntEnum
from typing import assert_never

from attrs import evolve, frozen

from spec.fsm import Spec
from spec.order import ORDER, Action, State, Symbol


@frozen(kw_only=True)
class Order:
    """One order; quantities in lots.

    *replace_qty* is the quantity asked for by the replace under way, 0 for none; *revision*
    counts replaces asked for, *query* counts queries asked for.
    """

    qty: int
    cum_qty: int = 0
    state: State = ORDER.initial
    triggered: bool = False
    unwanted: bool = False
    replace_qty: int = 0
    revision: int = 0
    query: int = 0


class Found(IntEnum):
    """What a query found."""

    OPEN = 0
    FILLED = 1
    CANCELED = 2
    EXPIRED = 3
    REJECTED = 4
    ABSENT = 5


@frozen
class Acked:
    """The venue holds the order."""


@frozen
class Rejected:
    """The venue never took the order, or refused it when its trigger was touched."""


@frozen
class Triggered:
    """The trigger price was touched."""


@frozen
class Filled:
    """Carries the total so far, so a doubled or swapped report does no harm."""

    cum_qty: int


@frozen
class CancelRequested:
    """We no longer want the order."""


@frozen
class Canceled:
    """Carries the final total, so a cancel may overtake a fill."""

    cum_qty: int


@frozen
class CancelRejected:
    """The venue had nothing left to cancel, or will not."""


@frozen
class ReplaceRequested:
    """We want another quantity."""

    qty: int


@frozen
class Replaced:
    """The venue took the replace numbered *revision*; *qty* is the new quantity."""

    revision: int
    qty: int


@frozen
class ReplaceRejected:
    """The venue refused the replace numbered *revision*."""

    revision: int


@frozen
class Expired:
    """The venue closed the order: IOC or FOK remainder, delisting, reduce-only with no position."""

    cum_qty: int


@frozen
class Lost:
    """An answer or a report may be missing: time-out, duplicate id, stream gap, restart."""


@frozen
class Reconciled:
    """The answer to query number *query*; *qty* and *cum_qty* are what the venue holds.

    It describes a moment at which no request of ours was under way: an adapter asks only after
    the validity of every request has passed, and reports ABSENT only after several answers.
    """

    query: int
    found: Found
    qty: int
    cum_qty: int
    triggered: bool = False


Event = (
    Acked
    | Rejected
    | Triggered
    | Filled
    | CancelRequested
    | Canceled
    | CancelRejected
    | ReplaceRequested
    | Replaced
    | ReplaceRejected
    | Expired
    | Lost
    | Reconciled
)
OrderSpec = Spec[State, Symbol, Action]


UNFILLED = frozenset({State.PENDING_NEW, State.NEW, State.TRIGGERED, State.REJECTED})
REPLACEABLE = frozenset({State.PENDING_CANCEL, State.PENDING_REPLACE, State.UNKNOWN})


def well_formed(order: Order) -> bool:
    """Return whether *order* makes sense: laws, explorer, simulator and adapters all ask."""
    if not 0 <= order.cum_qty <= exposure_max(order) or order.qty < 1 or order.replace_qty < 0:
        return False
    if order.replace_qty and order.state not in REPLACEABLE:
        return False
    if order.cum_qty and order.state in UNFILLED:
        return False
    if not _says_what_it_is(order):
        return False
    complete = order.cum_qty == exposure_max(order)
    return order.state is State.UNKNOWN or (order.state is State.FILLED) == complete


def _says_what_it_is(order: Order) -> bool:
    """Return whether the state of *order* agrees with what was asked and what has happened."""
    match order.state:
        case State.PENDING_NEW | State.NEW:
            return not order.triggered and not order.unwanted
        case State.TRIGGERED:
            return order.triggered and not order.unwanted
        case State.PARTIALLY_FILLED:
            return order.cum_qty > 0 and not order.unwanted
        case State.PENDING_CANCEL:
            return order.unwanted
        case State.PENDING_REPLACE:
            return order.replace_qty > 0 and not order.unwanted
        case _:
            return True


def exposure_max(order: Order) -> int:
    """Return the most lots that *order* can still come to, whatever is under way."""
    return max(order.qty, order.replace_qty)


def exposure(order: Order) -> int:
    """Return the exposure bound in lots: all of it while open, what was filled once final.

    >>> exposure(Order(qty=3, cum_qty=1)), exposure(Order(qty=3, cum_qty=1, state=State.CANCELED))
    (3, 1)
    """
    return order.cum_qty if order.state in ORDER.final else exposure_max(order)


def total(order: Order, event: Event) -> int:
    """Return the filled total in lots after *event*."""
    if isinstance(event, Filled | Canceled | Expired | Reconciled):
        return max(order.cum_qty, event.cum_qty)
    return order.cum_qty


def classify(order: Order, event: Event) -> Symbol:
    """Return what *event* amounts to for *order*: the only place that compares quantities."""
    filled = total(order, event)
    limit = exposure_max(order)
    if filled > limit or _absurd(order, event, filled):
        return Symbol.CONTRADICTION
    if order.state in ORDER.final and filled <= order.cum_qty:
        return Symbol.STALE
    if filled == limit and (
        filled > order.cum_qty or isinstance(event, Canceled | Expired | Reconciled)
    ):
        return Symbol.FINAL_FILL
    return _news(order, event, filled)


def _news(order: Order, event: Event, filled: int) -> Symbol:
    """Classify *event* that may be true and does not complete *order*."""
    match event:
        case Acked():
            return Symbol.ACK if order.state is State.PENDING_NEW else Symbol.STALE
        case Rejected():
            return Symbol.REJECT
        case Triggered():
            return Symbol.STALE if order.triggered else Symbol.TRIGGER
        case Filled():
            return Symbol.PARTIAL_FILL if filled > order.cum_qty else Symbol.STALE
        case CancelRequested():
            return Symbol.CANCEL
        case Canceled():
            return Symbol.CANCEL_ACK_FILL if filled > order.cum_qty else Symbol.CANCEL_ACK
        case Expired():
            return Symbol.EXPIRE_FILL if filled > order.cum_qty else Symbol.EXPIRE
        case CancelRejected():
            return _rests(order) if order.state is State.PENDING_CANCEL else Symbol.STALE
        case ReplaceRequested():
            return Symbol.REPLACE if event.qty > order.cum_qty else Symbol.STALE
        case Replaced() | ReplaceRejected():
            return _replace_ended(order, event)
        case Lost():
            return Symbol.LOST
        case Reconciled():
            return _reconciled(order, event, filled)
    assert_never(event)


def _latest(order: Order, event: Reconciled) -> bool:
    """Return whether *event* answers the question that *order* waits for."""
    return order.state is State.UNKNOWN and event.query == order.query


def _absurd(order: Order, event: Event, filled: int) -> bool:
    """Return whether *event* cannot be true of *order*; an answer may be out of date."""
    if isinstance(event, Rejected):
        return order.cum_qty > 0
    if not isinstance(event, Reconciled):
        return False
    if event.cum_qty < 0 or (event.qty < 1 and event.found is not Found.ABSENT):
        return True
    match event.found:
        case Found.OPEN:
            sane = event.cum_qty < event.qty <= exposure_max(order)
            return _latest(order, event) and not sane
        case Found.ABSENT:
            known = filled > 0 or order.triggered or event.triggered
            return _latest(order, event) and known
        case Found.FILLED:
            return filled != event.qty
        case Found.REJECTED:
            return filled > 0
        case Found.CANCELED | Found.EXPIRED:
            return False
    assert_never(event.found)


def _rests(order: Order) -> Symbol:
    """Return how *order* rests once the cancel has ended without effect."""
    if order.replace_qty:
        return Symbol.RESTS_REPLACING
    if order.cum_qty:
        return Symbol.RESTS_PARTIAL
    return Symbol.RESTS_TRIGGERED if order.triggered else Symbol.RESTS_NEW


def _replace_ended(order: Order, event: Replaced | ReplaceRejected) -> Symbol:
    """Classify the answer to a replace: it may show that the order is already complete."""
    if event.revision != order.revision or not order.replace_qty:
        return Symbol.STALE
    qty = order.qty if isinstance(event, ReplaceRejected) else order.replace_qty
    if order.cum_qty >= qty:
        return Symbol.FINAL_FILL
    if order.state is not State.PENDING_REPLACE:
        return Symbol.STALE
    if order.cum_qty:
        return Symbol.RESTS_PARTIAL
    return Symbol.RESTS_TRIGGERED if order.triggered else Symbol.RESTS_NEW


def _reconciled(order: Order, event: Reconciled, filled: int) -> Symbol:
    """Classify the answer to a query; an open order counts only from the latest query."""
    more = filled > order.cum_qty
    match event.found:
        case Found.FILLED:
            return Symbol.FINAL_FILL
        case Found.CANCELED:
            return Symbol.CANCEL_ACK_FILL if more else Symbol.CANCEL_ACK
        case Found.EXPIRED:
            return Symbol.EXPIRE_FILL if more else Symbol.EXPIRE
        case Found.REJECTED:
            return Symbol.REJECT
        case Found.OPEN | Found.ABSENT:
            pass
    if not _latest(order, event):
        return Symbol.PARTIAL_FILL if more else Symbol.STALE
    if event.found is Found.ABSENT:
        return Symbol.ABSENT_UNWANTED if order.unwanted else Symbol.ABSENT
    if filled >= event.qty:
        return Symbol.FINAL_FILL
    if order.unwanted:
        return Symbol.RESTS_UNWANTED
    if filled:
        return Symbol.RESTS_PARTIAL
    return Symbol.RESTS_TRIGGERED if event.triggered or order.triggered else Symbol.RESTS_NEW


def step(order: Order, event: Event, spec: OrderSpec = ORDER) -> tuple[Order, tuple[Action, ...]]:
    """Return *order* after *event*, and what must now be done about it.  Total: never raises.

    >>> step(Order(qty=3), Filled(1))[1]
    (<Action.BOOK: 3>,)
    """
    symbol = classify(order, event)
    state, emits = spec.take(order.state, symbol)
    cum_qty = total(order, event) if Action.BOOK in emits else order.cum_qty
    after = _update(order, event, state, cum_qty)
    return (evolve(after, query=order.query + 1) if Action.RECONCILE in emits else after), emits


def _update(order: Order, event: Event, state: State, cum_qty: int) -> Order:
    """Move the quantities of *order* into *state*, with *cum_qty* lots filled."""
    if order.state in ORDER.final and order.state is state:
        return order
    qty, replace_qty, revision = order.qty, order.replace_qty, order.revision
    if state in ORDER.final:
        qty, replace_qty = (cum_qty if state is State.FILLED else exposure_max(order)), 0
    elif isinstance(event, ReplaceRequested) and order.state is not state:
        replace_qty, revision = event.qty, revision + 1
    elif isinstance(event, Replaced | ReplaceRejected) and event.revision == revision:
        qty = replace_qty if isinstance(event, Replaced) and replace_qty else qty
        replace_qty = 0
    elif isinstance(event, Reconciled) and order.state is State.UNKNOWN is not state:
        qty = event.qty if event.found is Found.OPEN else qty
        replace_qty = 0
    return Order(
        qty=qty,
        cum_qty=cum_qty,
        state=state,
        triggered=_triggered(order, event),
        unwanted=_unwanted(order, event),
        replace_qty=replace_qty,
        revision=revision,
        query=order.query,
    )


def _triggered(order: Order, event: Event) -> bool:
    """Return whether the trigger is known to have been touched; an answer out of date is not."""
    if isinstance(event, Reconciled) and order.state is State.UNKNOWN:
        return order.triggered or event.triggered
    return order.triggered or isinstance(event, Triggered)


def _unwanted(order: Order, event: Event) -> bool:
    """Return whether we have asked to cancel and the venue has not refused since."""
    if isinstance(event, CancelRejected) and order.state is State.PENDING_CANCEL:
        return False
    return order.unwanted or isinstance(event, CancelRequested)
