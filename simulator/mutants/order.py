"""Defects of the order lifecycle: what trading bots do wrong, one at a time."""

from typing import Any

from attrs import evolve

from machines import order as orders
from machines.order import Event, Filled, Order, OrderSpec, Reconciled
from simulator.judge import Mutant
from simulator.worlds.order import DEEP, SIZES, order_world, our_side, venue_side
from simulator.worlds.order_ours import Ours
from spec.fsm import pairs
from spec.order import ORDER, Action, State, Symbol

S, X, A = State, Symbol, Action


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    return (*_tables(), *_sides())


def _tables() -> tuple[Mutant, ...]:
    """Return defects of the table."""
    ended, told = _leading_to(S.CANCELED, S.EXPIRED), X.CANCEL_ACK
    believed = ORDER.redirected(S.NEW, X.CANCEL, S.CANCELED)
    refused = ORDER.redirected(S.PENDING_NEW, X.LOST, S.REJECTED, (A.RELEASE,))
    return (
        _table("a cancel is believed when asked for", "ORD-2", "plain", believed),
        _table("a cancel is believed when asked for", "ORD-2", "twins", believed),
        _table("a lost submit counts as refused", "ORD-2", "lossy", refused),
        _table("a lost submit counts as refused", "ORD-2", "silent", refused),
        _table("a late report reopens a filled order", "ORD-4", "plain",
               ORDER.redirected(S.FILLED, X.STALE, S.NEW)),
        _table("a cancel before the acknowledgement has no row", "ORD-5", "plain",
               ORDER.redirected(S.PENDING_NEW, told, S.UNKNOWN, (A.RECONCILE,))),
        _table("a canceled order stays UNKNOWN", "ORD-6", "lossy",
               ORDER.redirected(S.UNKNOWN, told, S.UNKNOWN, ())),
        _table("a canceled order stays UNKNOWN", "ORD-6", "twins-lossy",
               ORDER.redirected(S.UNKNOWN, told, S.UNKNOWN, ())),
        _table("a part that fills looks like a cancel under way", "ORD-9", "plain",
               ORDER.redirected(S.NEW, X.PARTIAL_FILL, S.PENDING_CANCEL)),
        _table("a fill during a cancel ends CANCELED", "ORD-8.1", "plain",
               ORDER.redirected(S.PENDING_CANCEL, X.FINAL_FILL, S.CANCELED)),
        _table("a canceled order ends EXPIRED", "ORD-8.2", "plain", ended),
        _table("a fill before the acknowledgement is only a part", "ORD-8.3", "plain",
               ORDER.redirected(S.PENDING_NEW, X.FINAL_FILL, S.PARTIALLY_FILLED)),
        _table("a canceled order ends EXPIRED", "ORD-8.4", "plain", ended),
        _table("an order that was found is thought under way", "ORD-8.5", "lossy",
               ORDER.redirected(S.UNKNOWN, X.RESTS_NEW, S.PENDING_NEW)),
        _table("an absent order is given up", "ORD-8.6", "lossy",
               ORDER.redirected(S.UNKNOWN, X.ABSENT, S.REJECTED, (A.RELEASE,))),
    )  # fmt: skip


def _sides() -> tuple[Mutant, ...]:
    """Return defects of what surrounds the order machine, and of the venue's promise."""
    return (
        _ours("fills are added up", "ORD-1", "doubled", step=added_up),
        _ours("fills are added up", "ORD-1", "silent", step=added_up),
        _ours("placed anew before the cancel is confirmed", "ORD-3", "anew", eager=True),
        _ours("any answer counts", "ORD-2", "crash", step=unnumbered),
        _ours("any answer counts", "ORD-6", "crash", step=unnumbered),
        _ours("a lost submit is sent again", "ORD-3", "lossy", blind=True),
        _ours("a restart sends again", "ORD-3", "twins-crash", blind=True),
        _ours("a crash forgets an order under way", "ORD-7", "crash", survives=forgotten),
        _ours("a crash forgets an order under way", "ORD-2", "twins-crash", survives=forgotten),
        _ours("an order is written once it was sent", "ORD-2", "crash", late=True),
        _ours("an order is written once it was sent", "ORD-3", "anew-crash", late=True),
        _ours("reports are about the oldest open order", "ORD-1", "twins", route=oldest),
        _ours("a missing report is about one order only", "ORD-6", "twins-lost", narrow=True),
        _venue("a request is valid for ever", "ORD-2", "lossy", patient=True),
        _venue("a request is valid for ever", "ORD-2", "twins-crash", patient=True),
    )  # fmt: skip


def added_up(order: Order, event: Event, spec: OrderSpec) -> tuple[Order, tuple[Action, ...]]:
    """Step *order* as if each report told of one more lot."""
    more = Filled(order.cum_qty + 1) if isinstance(event, Filled) else event
    return orders.step(order, more, spec)


def unnumbered(order: Order, event: Event, spec: OrderSpec) -> tuple[Order, tuple[Action, ...]]:
    """Step *order* as if each answer were to its latest query."""
    latest = evolve(event, query=order.query) if isinstance(event, Reconciled) else event
    return orders.step(order, latest, spec)


def forgotten(order: Order) -> Order:
    """Return *order* as a restart knows it that has forgotten what was not acknowledged."""
    return evolve(order, state=S.REJECTED) if order.state is S.PENDING_NEW else order


def oldest(ours: Ours, which: int) -> int:
    """Return the first order that is not final, whatever id a report has."""
    pairs_of = enumerate(ours.orders)
    return next((i for i, o in pairs_of if o is not None and o.state not in ORDER.final), which)


def _ours(defect: str, property_id: str, name: str, **changes: Any) -> Mutant:  # noqa: ANN401
    """Return the mutant of the world called *name* with another side of ours."""
    size = {**SIZES, **DEEP}[f"order-{name}"]
    side = evolve(our_side(size), **changes)
    return Mutant(defect, property_id, order_world(f"order-{name}", size, ours=side))


def _venue(defect: str, property_id: str, name: str, **changes: Any) -> Mutant:  # noqa: ANN401
    """Return the mutant of the world called *name* with another venue."""
    size = {**SIZES, **DEEP}[f"order-{name}"]
    side = evolve(venue_side(size), **changes)
    return Mutant(defect, property_id, order_world(f"order-{name}", size, venue=side))


def _table(defect: str, property_id: str, name: str, spec: OrderSpec) -> Mutant:
    """Return the mutant of the world called *name* that follows *spec*."""
    return _ours(defect, property_id, name, spec=spec)


def _leading_to(target: State, other: State) -> OrderSpec:
    """Return the table in which what leads to *target* leads to *other*."""
    spec = ORDER
    for state, symbol in pairs(ORDER):
        if state is not target and ORDER.take(state, symbol)[0] is target:
            spec = spec.redirected(state, symbol, other)
    return spec
