"""The unstucking machine: `step` is the only way it changes.

Classify, take the row, update, as in `machines.order`.  Reports carry totals, budgets the losses
that they contain: what arrives twice or late does no harm.
"""

from typing import assert_never

from attrs import evolve, frozen

from machines.messages import Restarted
from spec.fsm import Spec
from spec.unstuck import UNSTUCK, Action, State, Symbol


@frozen(kw_only=True, cache_hash=True)
class Unstuck:
    """Number *order* is the latest order: *qty* lots of *position* at *price_ticks*, if any.

    *cum_qty* lots of it have filled and lost *loss* money; all orders have lost *lost*.
    """

    state: State = UNSTUCK.initial
    order: int = 0
    position: int = 0
    price_ticks: int = 0
    qty: int = 0
    cum_qty: int = 0
    loss: int = 0
    lost: int = 0


@frozen(kw_only=True, cache_hash=True)
class Candidate:
    """A stuck *position* of *size* lots, that *qty* lots at *price_ticks* would reduce.

    *distance* orders positions, the closest to break-even first.  *loss* is what a lot loses, in
    money, less than 1 if it wins, *budget* what may be lost on its side of the account; *min_qty*
    lots are the least that a venue takes.
    """

    position: int
    distance: int
    price_ticks: int
    size: int
    qty: int
    min_qty: int
    loss: int
    budget: int


@frozen
class Surveyed:
    """What is stuck; its budgets contain *lost* money that unstuck orders have lost."""

    lost: int
    candidates: tuple[Candidate, ...]


@frozen
class Reported:
    """Order number *order* has filled *cum_qty* lots in all and lost *loss*; *closed* is over."""

    order: int
    cum_qty: int
    loss: int
    closed: bool


@frozen(kw_only=True)
class Restored:
    """What journal and venue agree on: the latest *order*, whether it is *open*, all *lost*."""

    order: int
    lost: int
    open: bool = False
    position: int = 0
    price_ticks: int = 0
    qty: int = 0
    cum_qty: int = 0
    loss: int = 0


Event = Surveyed | Reported | Restored | Restarted
UnstuckSpec = Spec[State, Symbol, Action]

WITH_ORDER = frozenset({State.WORKING, State.CANCELING})


def well_formed(unstuck: Unstuck) -> bool:
    """Return whether *unstuck* makes sense: laws, explorer and adapters all ask."""
    if unstuck.state in WITH_ORDER:
        return 0 <= unstuck.cum_qty < unstuck.qty and 0 <= unstuck.loss <= unstuck.lost
    return unstuck.qty == 0 and unstuck.cum_qty == 0 and unstuck.loss == 0 and unstuck.lost >= 0


def closest(candidates: tuple[Candidate, ...], spent: int = 0) -> Candidate | None:
    """Return the candidate closest to break-even, of equals the first by number, None if none.

    One without lots, or whose budget is no more than what was *spent* of it, is none.

    >>> closest(()) is None
    True
    """
    found: Candidate | None = None
    for each in candidates:
        stuck = each.size > 0 and each.budget > spent
        if stuck and (found is None or _before(each, found)):
            found = each
    return found


def _before(one: Candidate, other: Candidate) -> bool:
    if one.distance != other.distance:
        return one.distance < other.distance
    return one.position < other.position


def sized(candidate: Candidate, spent: int = 0) -> int:
    """Return the lots of *candidate* to close within its budget: no fewer than a minimum order.

    *spent* money of the budget is gone already.

    >>> stuck = Candidate(
    ...     position=0, distance=0, price_ticks=90, size=9, qty=5, min_qty=2, loss=10, budget=100
    ... )
    >>> [sized(stuck, spent) for spent in (0, 55, 85, 100)]
    [5, 4, 2, 0]
    """
    budget, qty = candidate.budget - spent, candidate.qty
    if budget <= 0:
        return 0
    if candidate.loss * qty > budget:
        qty = budget // candidate.loss
    return min(candidate.size, max(candidate.min_qty, qty))


def called(unstuck: Unstuck, survey: Surveyed) -> tuple[Candidate | None, int]:
    """Return whose order *survey* calls for, and its lots, 0 if none."""
    spent = unstuck.lost - survey.lost
    best = closest(survey.candidates, spent)
    return best, 0 if best is None else sized(best, spent)


def classify(unstuck: Unstuck, event: Event) -> Symbol:
    """Return what *event* amounts to: the only place that compares numbers."""
    match event:
        case Surveyed():
            return _surveyed(unstuck, event)
        case Reported():
            return _reported(unstuck, event)
        case Restored():
            if unstuck.state is not State.RESTORING:
                return Symbol.NO_NEWS
            return Symbol.FOUND if _open(event) else Symbol.FOUND_NONE
        case Restarted():
            return Symbol.RESTARTED
    assert_never(event)


def _surveyed(unstuck: Unstuck, survey: Surveyed) -> Symbol:
    """Return what *survey* calls for; while an order is to go, or is not known, nothing."""
    if unstuck.state in (State.CANCELING, State.RESTORING):
        return Symbol.NO_NEWS
    best, qty = called(unstuck, survey)
    if best is None or qty <= 0:
        return Symbol.NONE_CALLED
    if unstuck.state is State.IDLE:
        return Symbol.CALLED
    same = best.position == unstuck.position and best.price_ticks == unstuck.price_ticks
    fits = unstuck.qty - unstuck.cum_qty <= qty
    return Symbol.STILL_CALLED if same and fits else Symbol.OTHER_CALLED


def _reported(unstuck: Unstuck, report: Reported) -> Symbol:
    """Classify a report: that of another order, or of nothing new, is no news."""
    if unstuck.state not in WITH_ORDER or report.order != unstuck.order:
        return Symbol.NO_NEWS
    if report.closed or report.cum_qty >= unstuck.qty:
        return Symbol.CLOSED
    return Symbol.PART if report.cum_qty > unstuck.cum_qty else Symbol.NO_NEWS


def _open(event: Restored) -> bool:
    """Return whether *event* tells of an open order that makes sense."""
    return event.open and 0 <= event.cum_qty < event.qty and 0 <= event.loss <= event.lost


def step(
    unstuck: Unstuck, event: Event, spec: UnstuckSpec = UNSTUCK
) -> tuple[Unstuck, tuple[Action, ...]]:
    """Return *unstuck* after *event*, and what must now be done.  Total: never raises.

    >>> stuck = Candidate(
    ...     position=3, distance=1, price_ticks=90, size=9, qty=5, min_qty=1, loss=10, budget=30
    ... )
    >>> unstuck, emits = step(Unstuck(state=State.IDLE), Surveyed(0, (stuck,)))
    >>> emits, unstuck.position, unstuck.qty
    ((<Action.PLACE: 0>,), 3, 3)
    """
    symbol = classify(unstuck, event)
    state, emits = spec.take(unstuck.state, symbol)
    return _update(unstuck, event, symbol, state), emits


def _update(unstuck: Unstuck, event: Event, symbol: Symbol, state: State) -> Unstuck:
    """Return *unstuck* in *state*, with what *event* tells."""
    if isinstance(event, Surveyed) and symbol is Symbol.CALLED:
        return _placed(unstuck, event, state)
    if isinstance(event, Reported) and symbol is not Symbol.NO_NEWS:
        return _booked(unstuck, event, symbol, state)
    if isinstance(event, Restored) and symbol is Symbol.FOUND:
        return Unstuck(
            state=state,
            order=event.order,
            position=event.position,
            price_ticks=event.price_ticks,
            qty=event.qty,
            cum_qty=event.cum_qty,
            loss=event.loss,
            lost=event.lost,
        )
    if isinstance(event, Restored) and symbol is Symbol.FOUND_NONE:
        return Unstuck(state=state, order=event.order, lost=max(0, event.lost))
    if isinstance(event, Restarted):
        return Unstuck(state=state)
    return evolve(unstuck, state=state)


def _placed(unstuck: Unstuck, survey: Surveyed, state: State) -> Unstuck:
    """Return *unstuck* with the order that *survey* calls for."""
    best, qty = called(unstuck, survey)
    assert best is not None
    return Unstuck(
        state=state,
        order=unstuck.order + 1,
        position=best.position,
        price_ticks=best.price_ticks,
        qty=qty,
        lost=unstuck.lost,
    )


def _booked(unstuck: Unstuck, report: Reported, symbol: Symbol, state: State) -> Unstuck:
    """Return *unstuck* with the totals of *report*; what was lost stays lost."""
    more = max(0, report.loss - unstuck.loss)
    if symbol is Symbol.CLOSED:
        return Unstuck(state=state, order=unstuck.order, lost=unstuck.lost + more)
    return evolve(
        unstuck,
        state=state,
        cum_qty=max(report.cum_qty, unstuck.cum_qty),
        loss=unstuck.loss + more,
        lost=unstuck.lost + more,
    )
