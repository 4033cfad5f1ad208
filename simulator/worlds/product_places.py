"""Places: how the products keep order ids finite, at either side, and what is claimed of them.

A place has one order at a time.  Its turn tells that order from the one before it: two turns are
enough where requests and reports keep their order, as an order that has ended for us was asked
about, or told of, after everything that was sent about the one before it.  Where they do not, turns
are *numbered*, as order ids are.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from attrs import evolve, frozen

from machines.order import Event, Order, OrderSpec, exposure
from simulator.actors import DOUBLES, LOSES, Features, Rule
from simulator.explorer import Move
from simulator.worlds.order_ours import SENT
from simulator.worlds.order_rules import ARRIVES, RECOVERS
from simulator.worlds.order_venue import (
    Held,
    Life,
    Report,
    Request,
    show_report,
    show_request,
)
from spec.order import ORDER, PROPERTIES, Action, State

Step = Callable[[Order, Event, OrderSpec], tuple[Order, tuple[Action, ...]]]
FREE = Order(qty=1, state=State.REJECTED)  # what a place holds that never had an order


class Sent(NamedTuple):
    """A request about the order that a place has this *turn*; a new one is placed at *ticks*."""

    turn: int
    ticks: int
    request: Request


class Told(NamedTuple):
    """News of the order that a place had that *turn*."""

    turn: int
    report: Report


class Place(NamedTuple):
    """What a venue holds in a place: the latest order that it has heard of."""

    turn: int = 0
    ticks: int = 0
    held: Held = Held()


class Places(NamedTuple):
    """Our order machine in each place; *last* is what the order before it had filled.

    *broken*: a final order changed, or a total shrank.
    """

    orders: tuple[Order, ...]
    turns: tuple[int, ...]
    last: tuple[int, ...]
    numbered: bool = False
    broken: bool = False


def unused(count: int, *, numbered: bool = False) -> Places:
    """Return *count* places that never had an order."""
    return Places((FREE,) * count, (0,) * count, (0,) * count, numbered)


def placed(places: Places, which: int, qty: int) -> Places:
    """Return *places* with a new order in one of them."""
    last, turns = list(places.last), list(places.turns)
    last[which] = places.orders[which].cum_qty
    turns[which] = turns[which] + 1 if places.numbered else 1 - turns[which]
    fresh = places._replace(last=tuple(last), turns=tuple(turns))
    return with_order(fresh, which, Order(qty=qty))


def told(
    places: Places, which: int, event: Event, step: Step, spec: OrderSpec
) -> tuple[Places, Order, tuple[Action, ...]]:
    """Return *places* after the order in one was told *event*, that order, and what it asks for."""
    before = places.orders[which]
    after, emits = step(before, event, spec)
    wrong = before.state in ORDER.final and after != before
    wrong |= after.cum_qty < before.cum_qty
    return with_order(places, which, after)._replace(broken=places.broken or wrong), after, emits


def with_order(places: Places, which: int, order: Order) -> Places:
    """Return *places* with another order in one; a final one forgets how it got there."""
    if order.state in ORDER.final:
        order = evolve(order, query=0, unwanted=False)
    return places._replace(orders=(*places.orders[:which], order, *places.orders[which + 1 :]))


def unsure(places: Places) -> tuple[int, ...]:
    """Return the places whose orders are not final: after a gap, any of them may have ended."""
    numbered = enumerate(places.orders)
    return tuple(which for which, order in numbered if order.state not in ORDER.final)


def requests(places: Places, which: int, emits: Iterable[Action], ticks: int = 0) -> Iterator[Sent]:
    """Yield the requests that an order machine asks for; a new order is placed at *ticks*."""
    order = places.orders[which]
    for action in emits:
        what = SENT.get(action)
        if what is not None:
            new = what == "new"
            number = order.query if places.numbered or what == "query" else 0
            request = Request(what, which, query=number, qty=order.qty if new else 0)
            yield Sent(places.turns[which], ticks if new else 0, request)


def void(place: Place, sent: Sent) -> bool:
    """Return whether a request of a numbered turn was overtaken by what makes it void.

    That is a later query, which has been answered without it, or an order that was placed later.
    """
    late = sent.turn == place.turn and sent.request.query < place.held.asked
    return sent.turn < place.turn or (late and sent.request.what != "query")


def our_features(places: Places) -> Features:
    """Return what our order machines believe."""
    found = {"broken": int(places.broken)}
    for i, order in enumerate(places.orders):
        found |= {
            f"turn_{i}": places.turns[i],
            f"last_{i}": places.last[i],
            f"cum_{i}": order.cum_qty,
            f"exposure_{i}": exposure(order),
        }
    return found


def venue_features(places: Iterable[Place], first: int = 0) -> Features:
    """Return what is true of the orders in *places*, which are numbered from *first*."""
    found: dict[str, int] = {}
    for i, (turn, _, held) in enumerate(places, start=first):
        found |= {
            f"at_turn_{i}": turn,
            f"doubled_{i}": int(held.doubled),
            f"filled_{i}": int(held.life is Life.FILLED),
            f"held_cum_{i}": held.cum_qty,
            f"held_qty_{i}": held.qty,
            f"true_{i}": held.qty if held.life is Life.OPEN else held.cum_qty,
        }
    return found


def of(s: Any, name: str, place: int) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """Return feature *name* of *place*."""
    return getattr(s, f"{name}_{place}")


def meant(s: Any, name: str, place: int) -> Any:  # noqa: ANN401
    """Return feature *name* of our order that the venue has in *place*, its total once closed."""
    same = of(s, "turn", place) == of(s, "at_turn", place)
    return same * of(s, name, place) + (1 - same) * of(s, "last", place)


def untold(s: Any, place: int) -> Any:  # noqa: ANN401
    """Return the lots that have filled in *place* and that we do not know of."""
    return of(s, "held_cum", place) - meant(s, "cum", place)


@frozen
class Orders:
    """The orders of one world, in *count* places, read from its features *s*."""

    count: int

    def totals_agree(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-1: no fill is invented."""
        return self._all(
            lambda i: (
                (meant(s, "cum", i) <= of(s, "held_cum", i))
                & (of(s, "held_cum", i) <= of(s, "held_qty", i))
            )
        )

    def bounded(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-2: what we may owe covers what the venue did or still may do, order by order."""
        return self._all(lambda i: meant(s, "exposure", i) >= of(s, "true", i))

    def none_twice(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-3: no order was taken twice."""
        return self._all(lambda i: of(s, "doubled", i) == 0)

    def _all(self, holds: Callable[[int], Any]) -> Any:  # noqa: ANN401
        found = holds(0)
        for place in range(1, self.count):
            found = found & holds(place)
        return found


def rules(count: int) -> tuple[Rule, ...]:
    """Return what is claimed of the orders in *count* places."""
    p, orders = PROPERTIES, Orders(count)
    return (
        Rule(p["ORD-1"], orders.totals_agree),
        Rule(p["ORD-2"], orders.bounded),
        Rule(p["ORD-3"], orders.none_twice),
        Rule(p["ORD-4"], lambda s: s.broken == 0),
    )


def delivers(move: Move, channels: frozenset[str]) -> bool:
    """Return whether *move* is one that working wires and venues, and we, do in the end."""
    if move.who in channels:
        return not move.what.startswith((DOUBLES, LOSES)) and move.what.endswith(ARRIVES)
    return move.who == "we" and move.what in RECOVERS


def show_sent(sent: Sent) -> str:
    """Return a request in words."""
    return f"{show_request(sent.request)}, turn {sent.turn}"


def show_told(news: Told) -> str:
    """Return news in words."""
    return f"{show_report(news.report)}, turn {news.turn}"
