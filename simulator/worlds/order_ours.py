"""Our side of the order worlds: an order machine for each client order id, behind a journal.

What is decided is written before it is sent, so a crash may fall between the two.  While our side
is down nobody hears the venue; a restart knows the journal, and of every order that reports may be
missing.  A report that gets lost on the way leaves a gap, which is noticed later.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from attrs import field, frozen

from machines import order as orders
from machines.order import (
    CancelRequested,
    Event,
    Lost,
    Order,
    OrderSpec,
    ReplaceRequested,
    exposure,
    well_formed,
)
from simulator.actors import Do, Features
from simulator.worlds.order_venue import Life, Report, Request
from spec.order import ORDER, Action, State

Step = Callable[[Order, Event, OrderSpec], tuple[Order, tuple[Action, ...]]]
Sends = tuple[tuple[str, Request | Report], ...]
Told = tuple[tuple[int, Event], ...]
SAME = MappingProxyType(
    {
        State.FILLED: Life.FILLED,
        State.CANCELED: Life.CANCELED,
        State.EXPIRED: Life.EXPIRED,
        State.REJECTED: Life.REJECTED,
    }
)
RESTING = frozenset({State.NEW, State.TRIGGERED, State.PARTIALLY_FILLED, State.PENDING_REPLACE})
SENT = MappingProxyType(
    {
        Action.SEND_NEW: "new",
        Action.SEND_CANCEL: "cancel",
        Action.SEND_REPLACE: "replace",
        Action.RECONCILE: "query",
    }
)


class Passage(IntEnum):
    """What the latest event has led from, and to, as far as a claim asks for it."""

    NONE = 0
    CANCEL_FILLED = 1
    NEW_FILLED = 2
    FOUND = 3
    ABSENT = 4


PASSAGES = MappingProxyType(
    {
        (State.PENDING_CANCEL, State.FILLED): Passage.CANCEL_FILLED,
        (State.PENDING_NEW, State.FILLED): Passage.NEW_FILLED,
        (State.UNKNOWN, State.NEW): Passage.FOUND,
        (State.UNKNOWN, State.PENDING_NEW): Passage.ABSENT,
    }
)


class Budget(NamedTuple):
    """How often our side may still suffer, and ask for another quantity."""

    losses: int = 0  # of reports, on the way to us
    timeouts: int = 0  # although nothing may be lost
    crashes: int = 0
    replaces: int = 0
    doubles: int = 0  # of reports, which arrive once more after those that are under way


class Ours(NamedTuple):
    """The journal: our orders by client order id, None where not sent yet; and what has happened.

    *missed* reports are not noticed yet.  *broken*: a final order changed, or a total shrank.
    """

    orders: tuple[Order | None, ...]
    budget: Budget
    passage: Passage = Passage.NONE
    down: bool = False
    missed: bool = False
    broken: bool = False


@frozen
class OurActor:
    """Orders of *qty* lots: all at once, or where *anew* the next once the last came to nothing.

    The rest is for mutants: another table or step; *survives*: what a restart knows of an order;
    *eager*: placed anew when its cancel was asked for; *blind*: sent again where a query is due;
    *late*: written after it was sent; *narrow*: a gap concerns one order only; *route*: which order
    a report is taken for.
    """

    qty: int = 2
    anew: bool = False
    budget: Budget = field(default=Budget())
    spec: OrderSpec = ORDER
    step: Step = orders.step
    survives: Callable[[Order], Order] = lambda order: order
    eager: bool = False
    blind: bool = False
    late: bool = False
    narrow: bool = False
    route: Callable[[Ours, int], int] = lambda _, which: which

    def hears(self, ours: Ours, channel: str, report: Report) -> Iterator[Do]:
        """Yield what becomes of a report."""
        if ours.down:
            yield Do("reaches nobody", ours)
            return
        budget = ours.budget
        if budget.losses:
            less = budget._replace(losses=budget.losses - 1)
            yield Do("is lost", ours._replace(budget=less, missed=True, passage=Passage.NONE))
        told = ((self.route(ours, report.which), report.event),)
        if budget.doubles:
            once = ours._replace(budget=budget._replace(doubles=budget.doubles - 1))
            yield from self._does("is told, and under way again", once, told, (channel, report))
        yield from self._does("is told", ours, told)

    def acts(self, ours: Ours) -> Iterator[Do]:
        """Yield what we may do by ourselves."""
        placed = [(i, order) for i, order in enumerate(ours.orders) if order is not None]
        everywhere = tuple((i, Lost()) for i, order in placed if order.state not in ORDER.final)
        if ours.down:
            up = ours._replace(down=False, passage=Passage.NONE)
            yield from self._does("restart", up, everywhere)
            return
        if ours.missed:
            whole = ours._replace(missed=False)
            missed = everywhere[:1] if self.narrow else everywhere
            yield from self._does("notice that reports are missing", whole, missed)
        yield from self._places(ours)
        for i, order in placed:
            if order.state not in ORDER.final:
                yield from self._wishes(ours, i, order)
        if ours.budget.crashes:
            yield Do("crash", self._crashed(ours))

    def _places(self, ours: Ours) -> Iterator[Do]:
        """Yield the order that may be sent next."""
        i = next((i for i, order in enumerate(ours.orders) if order is None), None)
        if i is None or not self._free(ours.orders[i - 1] if i else None):
            return
        order = Order(qty=self.qty)
        fresh = _with(ours, i, order)._replace(passage=Passage.NONE)
        yield from self._ends(f"place order {i}", ours, fresh, (_request("new", i, order),))

    def _free(self, last: Order | None) -> bool:
        """Return whether the order after *last* may be sent."""
        if last is None or not self.anew:
            return True
        return last.cum_qty == 0 and (last.state in ORDER.final or (self.eager and last.unwanted))

    def _wishes(self, ours: Ours, i: int, order: Order) -> Iterator[Do]:
        """Yield what we may ask for of an order that is not final."""
        budget = ours.budget
        yield from self._does(f"cancel order {i}", ours, ((i, CancelRequested()),))
        if budget.timeouts:
            less = ours._replace(budget=budget._replace(timeouts=budget.timeouts - 1))
            yield from self._does(f"wait no longer for order {i}", less, ((i, Lost()),))
        if budget.replaces:
            less = ours._replace(budget=budget._replace(replaces=budget.replaces - 1))
            for qty in (order.qty + 1, order.qty - 1):
                if qty > order.cum_qty:
                    what = f"replace order {i} by {qty} lots"
                    yield from self._does(what, less, ((i, ReplaceRequested(qty)),))

    def _does(self, what: str, ours: Ours, told: Told, *again: tuple[str, Report]) -> Iterator[Do]:
        """Yield that the order machines are *told* of events; *again* stays under way."""
        after, sends = (
            ours._replace(passage=Passage.NONE),
            list[tuple[str, Request | Report]](again),
        )
        for i, event in told:
            before = after.orders[i]
            if before is None:
                continue
            order, emits = self.step(before, event, self.spec)
            wrong = before.state in ORDER.final and order != before
            after = _with(after, i, order)._replace(
                passage=PASSAGES.get((before.state, order.state), Passage.NONE),
                broken=after.broken or wrong or order.cum_qty < before.cum_qty,
            )
            sends.extend(self._sent(i, order, emits))
        yield from self._ends(what, ours, after, tuple(sends))

    def _ends(self, what: str, before: Ours, after: Ours, sends: Sends) -> Iterator[Do]:
        """Yield that *after* is written and *sends* leave, and that a crash comes between."""
        yield Do(what, after, sends)
        if sends and after.budget.crashes:
            yield Do(f"{what}, and crash before it is sent", self._crashed(after))
            if self.late:
                yield Do(f"{what}, and crash before it is written", self._crashed(before), sends)

    def _sent(self, i: int, order: Order, emits: Iterable[Action]) -> Iterator[tuple[str, Request]]:
        """Yield the requests that the order machine asks for."""
        for action in emits:
            what = SENT.get(action)
            if what is not None:
                yield _request("new" if self.blind and what == "query" else what, i, order)

    def _crashed(self, ours: Ours) -> Ours:
        """Return our side after a crash: what was in memory only is gone."""
        less = ours.budget._replace(crashes=ours.budget.crashes - 1)
        known = tuple(order and self.survives(order) for order in ours.orders)
        return Ours(known, less, down=True, broken=ours.broken)

    def features(self, ours: Ours) -> Features:
        """Return what we believe of each order, and what we have been through."""
        budget, first = ours.budget, self.budget
        harm = budget._replace(replaces=0, doubles=0) != first._replace(replaces=0, doubles=0)
        found = {
            "our_lost": int(harm),
            "crashed": int(budget.crashes < first.crashes),
            "gap": int(ours.missed or ours.down),
            "broken": int(ours.broken),
            "passage": int(ours.passage),
        }
        for i, order in enumerate(ours.orders):
            found |= _order_features(i, order)
        return found


def _order_features(i: int, order: Order | None) -> Features:
    """Return what we believe of order *i*."""
    if order is None:
        names = ("cum", "exposure", "end", "canceled", "rests", "unknown")
        return {f"{name}_{i}": 0 for name in names} | {f"formed_{i}": 1}
    return {
        f"cum_{i}": order.cum_qty,
        f"exposure_{i}": exposure(order),
        f"end_{i}": int(SAME.get(order.state, 0)),
        f"canceled_{i}": int(order.state is State.CANCELED),
        f"rests_{i}": int(order.state in RESTING),
        f"unknown_{i}": int(order.state is State.UNKNOWN),
        f"formed_{i}": int(well_formed(order)),
    }


def _request(what: str, i: int, order: Order) -> tuple[str, Request]:
    """Return a request about order *i* as it is now."""
    qty = {"new": order.qty, "replace": order.replace_qty}.get(what, 0)
    revision = order.revision if what == "replace" else 0
    return "requests", Request(what, i, order.query, revision, qty)


def _with(ours: Ours, i: int, order: Order) -> Ours:
    """Return *ours* with another order under client order id *i*."""
    return ours._replace(orders=(*ours.orders[:i], order, *ours.orders[i + 1 :]))


def show_ours(ours: Ours) -> str:
    """Return our orders in words."""
    shown = [o.state.name + f" {o.cum_qty}/{o.qty}" if o else "not sent" for o in ours.orders]
    flags = {"down": ours.down, "reports missed": ours.missed}
    return ", ".join([*shown, *(name for name, flag in flags.items() if flag)])
