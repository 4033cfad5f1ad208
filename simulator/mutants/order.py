"""Defects of the order lifecycle: what trading bots do wrong, one at a time."""

from attrs import evolve

from machines import order as orders
from machines.order import Event, Filled, Order, OrderSpec
from simulator.judge import Mutant
from simulator.worlds.order import OrderWorld, worlds
from spec.fsm import pairs
from spec.order import ORDER, Action, State, Symbol

S, X, A = State, Symbol, Action


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    known = {world.name: world for world in worlds()}
    plain, lossy = known["order-plain"], known["order-lossy"]
    found, told = _leading_to(S.CANCELED, S.EXPIRED), X.CANCEL_ACK
    return (
        Mutant("fills are added up", "ORD-1", evolve(known["order-doubled"], step=added_up)),
        _table("a cancel is believed when asked for", "ORD-2", plain,
               ORDER.redirected(S.NEW, X.CANCEL, S.CANCELED)),
        _table("a lost submit counts as refused", "ORD-2", lossy,
               ORDER.redirected(S.PENDING_NEW, X.LOST, S.REJECTED, (A.RELEASE,))),
        Mutant("placed anew before the cancel is confirmed", "ORD-3",
               evolve(known["order-anew"], eager=True)),
        Mutant("a lost submit is sent again", "ORD-3", evolve(lossy, blind=True)),
        _table("a late report reopens a filled order", "ORD-4", plain,
               ORDER.redirected(S.FILLED, X.STALE, S.NEW)),
        _table("a cancel before the acknowledgement has no row", "ORD-5", plain,
               ORDER.redirected(S.PENDING_NEW, told, S.UNKNOWN, (A.RECONCILE,))),
        _table("a canceled order stays UNKNOWN", "ORD-6", lossy,
               ORDER.redirected(S.UNKNOWN, told, S.UNKNOWN, ())),
        _table("a part that fills looks like a cancel under way", "ORD-9", plain,
               ORDER.redirected(S.NEW, X.PARTIAL_FILL, S.PENDING_CANCEL)),
        Mutant("a crash forgets an order under way", "ORD-7",
               evolve(known["order-crash"], forgetful=True)),
        _table("a fill during a cancel ends CANCELED", "ORD-8.1", plain,
               ORDER.redirected(S.PENDING_CANCEL, X.FINAL_FILL, S.CANCELED)),
        _table("a canceled order ends EXPIRED", "ORD-8.2", plain, found),
        _table("a fill before the acknowledgement is only a part", "ORD-8.3", plain,
               ORDER.redirected(S.PENDING_NEW, X.FINAL_FILL, S.PARTIALLY_FILLED)),
        _table("a canceled order ends EXPIRED", "ORD-8.4", plain, found),
        _table("an order that was found is thought under way", "ORD-8.5", lossy,
               ORDER.redirected(S.UNKNOWN, X.RESTS_NEW, S.PENDING_NEW)),
        _table("an absent order is given up", "ORD-8.6", lossy,
               ORDER.redirected(S.UNKNOWN, X.ABSENT, S.REJECTED, (A.RELEASE,))),
    )  # fmt: skip


def added_up(order: Order, event: Event, spec: OrderSpec) -> tuple[Order, tuple[Action, ...]]:
    """Step *order* as if each report told of one more lot."""
    more = Filled(order.cum_qty + 1) if isinstance(event, Filled) else event
    return orders.step(order, more, spec)


def _table(defect: str, property_id: str, world: OrderWorld, spec: OrderSpec) -> Mutant:
    """Return the mutant of *world* that follows *spec*."""
    return Mutant(defect, property_id, evolve(world, spec=spec))


def _leading_to(target: State, other: State) -> OrderSpec:
    """Return the table in which what leads to *target* leads to *other*."""
    spec = ORDER
    for state, symbol in pairs(ORDER):
        if state is not target and ORDER.take(state, symbol)[0] is target:
            spec = spec.redirected(state, symbol, other)
    return spec
