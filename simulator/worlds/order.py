"""One intent, one venue, and a wire between them that may delay, reorder, double and lose.

Our side holds one order at a time; a refused or canceled one may be placed anew.  The venue
accepts, rejects, triggers, fills by lots, expires and cancels by itself.  Whoever drops a
message leaves a notice that something was lost; a query is answered once none of our requests is
under way.  A crash loses what is on the way to us; the journal survives, so the order is known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from attrs import evolve, field, frozen

from machines import order as orders
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    CancelRequested,
    Event,
    Expired,
    Filled,
    Lost,
    Order,
    OrderSpec,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
    ReplaceRequested,
    Triggered,
)
from simulator.explorer import Claim, Move, always, always_step, leads_to, sometimes
from simulator.worlds import order_claims as claim
from simulator.worlds.order_scene import CLOSED, FOUND, Budget, Held, Life, Request, Scene
from spec.order import ORDER, PROPERTIES, Action, State

Step = Callable[[Order, Event, OrderSpec], tuple[Order, tuple[Action, ...]]]


@frozen
class OrderWorld:
    """A world of *qty* lots; *fifo* keeps the order of messages each way.

    The rest is for mutants: another table or step; *forgetful*: a crash forgets an order that the
    venue had not acknowledged; *eager*: placed anew when its cancel has been asked for; *blind*:
    sent again where a query is due.
    """

    name: str
    qty: int = 2
    stop: bool = False
    fifo: bool = False
    budget: Budget = field(default=Budget())
    spec: OrderSpec = field(default=ORDER, repr=False)
    step: Step = field(default=orders.step, repr=False)
    forgetful: bool = False
    eager: bool = False
    blind: bool = False

    def initial(self) -> Iterable[Scene]:
        """Return the one scene in which the order has just been sent."""
        new = (Request("new", 0, qty=self.qty),)
        yield Scene(Order(qty=self.qty), (Held(),), new, (), self.budget, State.PENDING_NEW)

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what the venue, the wire and we may do next."""
        for index, held in enumerate(scene.held):
            if held.life is Life.OPEN:
                yield from self._venue(scene, index, held)
        for at, request in enumerate(scene.requests):
            if at == 0 or not self.fifo:
                yield from self._request(scene, at, request)
        for at, (index, event) in enumerate(scene.reports):
            if at == 0 or not self.fifo:
                label = Move("wire", f"delivers {_words(event)} of order {index}", "us")
                yield label, self._told(_without_report(scene, at), index, event)
        yield from self._surroundings(scene)
        yield from self._we(scene)

    def _venue(self, scene: Scene, index: int, held: Held) -> Iterator[tuple[Move, Scene]]:
        """Yield what the venue may do by itself with an open order."""
        if self.stop and not held.triggered:
            after = held._replace(triggered=True)
            yield Move("venue", "triggers", "wire"), self._hold(scene, index, after, Triggered())
            rejected = held._replace(life=Life.REJECTED)
            yield (
                Move("venue", "refuses at trigger", "wire"),
                self._hold(scene, index, rejected, Rejected()),
            )
        else:
            if self.stop and not held.cum_qty:
                refused = held._replace(life=Life.REJECTED)
                move = Move("venue", "refuses once triggered", "wire")
                yield move, self._hold(scene, index, refused, Rejected())
            cum = held.cum_qty + 1
            life = Life.FILLED if cum == held.qty else Life.OPEN
            after = held._replace(cum_qty=cum, life=life)
            yield (
                Move("venue", "fills one lot", "wire"),
                self._hold(scene, index, after, Filled(cum)),
            )
        for what, life, event in (
            ("cancels by itself", Life.CANCELED, Canceled(held.cum_qty)),
            ("expires the order", Life.EXPIRED, Expired(held.cum_qty)),
        ):
            yield (
                Move("venue", what, "wire"),
                self._hold(scene, index, held._replace(life=life), event),
            )

    def _request(self, scene: Scene, at: int, request: Request) -> Iterator[tuple[Move, Scene]]:
        """Yield what the venue makes of a request."""
        index, held = request.which, scene.held[request.which]
        rest = scene._replace(requests=scene.requests[:at] + scene.requests[at + 1 :])
        read = Move("venue", f"reads {request.what} of order {index}", "wire")
        match request.what:
            case "new" if held.life is Life.NONE:
                opened = held._replace(life=Life.OPEN, qty=request.qty)
                yield read, self._hold(rest, index, opened, Acked())
                rejected = held._replace(life=Life.REJECTED, qty=request.qty)
                yield (
                    Move("venue", "rejects the order", "wire"),
                    self._hold(rest, index, rejected, Rejected()),
                )
            case "new":  # a venue that knows the id only of open orders takes it again
                doubled = held.doubled or held.life in CLOSED
                yield read, self._hold(rest, index, held._replace(doubled=doubled), Lost())
            case "cancel" if held.life is Life.OPEN:
                after = held._replace(life=Life.CANCELED)
                yield read, self._hold(rest, index, after, Canceled(held.cum_qty))
            case "cancel":
                yield read, self._hold(rest, index, held, CancelRejected())
            case "replace" if held.life is Life.OPEN and request.qty > held.cum_qty:
                after = held._replace(qty=request.qty)
                yield read, self._hold(rest, index, after, Replaced(request.number, request.qty))
            case "replace":
                yield read, self._hold(rest, index, held, ReplaceRejected(request.number))
            case _:
                others = any(r.which == index and r.what != "query" for r in rest.requests)
                if not others:
                    answer = Reconciled(
                        request.number, FOUND[held.life], held.qty, held.cum_qty, held.triggered
                    )
                    yield read, self._hold(rest, index, held, answer)

    def _surroundings(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield losses, doubles and crashes, as far as the budget goes."""
        budget = scene.budget
        if budget.losses:
            less = scene._replace(budget=budget._replace(losses=budget.losses - 1))
            for at, (index, event) in enumerate(scene.reports):
                if not isinstance(event, Lost):
                    dropped = _without_report(less, at)
                    yield (
                        Move("wire", f"loses {_words(event)}"),
                        self._report(dropped, index, Lost()),
                    )
            for at, request in enumerate(scene.requests):
                rest = less.requests[:at] + less.requests[at + 1 :]
                dropped = self._report(less._replace(requests=rest), request.which, Lost())
                yield Move("wire", f"loses {request.what}"), dropped
        if budget.doubles:
            less = scene._replace(budget=budget._replace(doubles=budget.doubles - 1))
            for index, event in scene.reports:
                yield Move("wire", f"doubles {_words(event)}"), self._report(less, index, event)
        if budget.crashes:
            less = scene._replace(budget=budget._replace(crashes=budget.crashes - 1), crashed=True)
            index = len(scene.held) - 1
            if self.forgetful and scene.order.state is State.PENDING_NEW:
                gone = evolve(scene.order, state=State.REJECTED)
                yield Move("we", "crash"), less._replace(order=gone, reports=())
            else:
                yield Move("we", "crash"), self._told(less._replace(reports=()), index, Lost())

    def _we(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield what we may ask for."""
        order, budget, index = scene.order, scene.budget, len(scene.held) - 1
        if order.state not in ORDER.final:
            yield Move("we", "cancel", "wire"), self._told(scene, index, CancelRequested())
        if budget.replaces and order.state not in ORDER.final:
            less = scene._replace(budget=budget._replace(replaces=budget.replaces - 1))
            for qty in (order.qty + 1, order.qty - 1):
                if qty > order.cum_qty:
                    after = self._told(less, index, ReplaceRequested(qty))
                    yield Move("we", f"replace by {qty} lots", "wire"), after
        done = order.state in ORDER.final or (self.eager and order.unwanted)
        if budget.orders and done and order.cum_qty == 0:
            less = scene._replace(budget=budget._replace(orders=budget.orders - 1))
            requests = (*less.requests, Request("new", index + 1, qty=self.qty))
            fresh = Order(qty=self.qty)
            held = (*less.held, Held())
            yield (
                Move("we", "place anew", "wire"),
                less._replace(order=fresh, held=held, requests=requests, was=State.PENDING_NEW),
            )

    def _report(self, scene: Scene, index: int, event: Event) -> Scene:
        """Return *scene* with a report on the way; equal wires are one state."""
        reports = (*scene.reports, (index, event))
        kept = reports if self.fifo else tuple(sorted(reports, key=_rank))
        return scene._replace(reports=kept)

    def _hold(self, scene: Scene, index: int, held: Held, event: Event) -> Scene:
        """Return *scene* with the venue's order changed and the news of it on the way."""
        changed = (*scene.held[:index], held, *scene.held[index + 1 :])
        return self._report(scene._replace(held=changed), index, event)

    def _told(self, scene: Scene, index: int, event: Event) -> Scene:
        """Return *scene* after our order of *index* was told *event*; old orders are closed."""
        if index != len(scene.held) - 1:
            return scene
        order, emits = self.step(scene.order, event, self.spec)
        requests = list(scene.requests)
        for action in emits:
            match action:
                case Action.SEND_NEW:
                    requests.append(Request("new", index, qty=order.qty))
                case Action.SEND_CANCEL:
                    requests.append(Request("cancel", index))
                case Action.SEND_REPLACE:
                    requests.append(Request("replace", index, order.revision, order.replace_qty))
                case Action.RECONCILE:
                    what = "new" if self.blind else "query"
                    requests.append(Request(what, index, order.query, order.qty))
                case Action.BOOK | Action.RELEASE:
                    pass
        kept = tuple(requests) if self.fifo else tuple(sorted(requests))
        return scene._replace(order=order, requests=kept, was=scene.order.state)

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of one intent and its venue."""
        p = PROPERTIES
        yield always(p["ORD-1"], claim.totals_agree)
        yield always(p["ORD-2"], claim.bounded)
        yield always(p["ORD-3"], claim.one_order)
        yield always_step(p["ORD-4"], claim.absorbs)
        yield always(p["ORD-5"], lambda s: claim.knows(self.budget, s))
        yield always(p["ORD-9"], claim.rests)
        yield leads_to(p["ORD-6"], claim.venue_closed, claim.agrees, claim.delivers)
        yield sometimes(p["ORD-8.1"], lambda s: claim.filled_from(s, State.PENDING_CANCEL))
        yield sometimes(p["ORD-8.2"], claim.canceled_after_a_part)
        if not self.fifo:
            yield sometimes(p["ORD-8.3"], lambda s: claim.filled_from(s, State.PENDING_NEW))
            yield sometimes(p["ORD-8.4"], claim.cancel_before_ack)
        if self.budget.crashes:
            yield leads_to(
                p["ORD-7"],
                lambda s: s.crashed and claim.venue_closed(s),
                claim.agrees,
                claim.delivers,
            )
        if self.budget.losses or self.budget.crashes:
            yield sometimes(p["ORD-8.5"], lambda s: claim.left_unknown(s, State.NEW))
        if self.budget.losses:
            yield sometimes(p["ORD-8.6"], lambda s: claim.left_unknown(s, State.PENDING_NEW))

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return our order, the venue's and what is under way, in words."""
        order, held = scene.order, scene.held[-1]
        return {
            "us": f"{order.state.name} {order.cum_qty}/{order.qty}",
            "venue": f"{held.life.name} {held.cum_qty}/{held.qty}",
            "wire": ", ".join(
                [r.what for r in scene.requests] + [_words(event) for _, event in scene.reports]
            ),
        }


def _words(event: Event) -> str:
    """Return the name of *event* and its total."""
    name = type(event).__name__
    if isinstance(event, Reconciled):
        return f"{name} {event.found.name} {event.cum_qty} (query {event.query})"
    if isinstance(event, Filled | Canceled | Expired):
        return f"{name} {event.cum_qty}"
    return name


@cache
def _rank(report: tuple[int, Event]) -> tuple[int, str]:
    """Return what orders the reports on a wire that does not keep their order."""
    return report[0], repr(report[1])


def _without_report(scene: Scene, at: int) -> Scene:
    """Return *scene* without the report at *at*."""
    return scene._replace(reports=scene.reports[:at] + scene.reports[at + 1 :])


def worlds() -> tuple[OrderWorld, ...]:
    """Return the worlds that are checked: what may go wrong, one kind at a time."""
    return (
        OrderWorld("order-plain"),
        OrderWorld("order-fifo", qty=3, fifo=True),
        OrderWorld("order-stop", stop=True),
        OrderWorld("order-replace", budget=Budget(replaces=2)),
        OrderWorld("order-doubled", budget=Budget(doubles=1)),
        OrderWorld("order-lossy", budget=Budget(losses=1)),
        OrderWorld("order-crash", budget=Budget(losses=1, crashes=1)),
        OrderWorld("order-anew", budget=Budget(orders=1)),
        OrderWorld("order-stop-replace", stop=True, budget=Budget(replaces=1)),
        OrderWorld("order-stop-lossy", stop=True, budget=Budget(losses=1)),
        OrderWorld("order-replace-lossy", budget=Budget(losses=1, replaces=1)),
    )


def deep_worlds() -> tuple[OrderWorld, ...]:
    """Return larger worlds: everything at once."""
    every = Budget(losses=1, doubles=1, crashes=1)
    return (
        OrderWorld("order-stop-all", stop=True, fifo=True, budget=every),
        OrderWorld("order-replace-crash", budget=Budget(losses=1, crashes=1, replaces=1)),
    )
