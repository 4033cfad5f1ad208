"""The market mirroring strategy: `step` is the only way it changes.

`move` steps one request by the table; `hear` takes in what happened, `guard` minds the loss limit;
`decide` names the next thing to do, `act` books it, until there is none.  Lots and ticks.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import assert_never

from attrs import evolve, frozen

from machines.order import Acked, Canceled, CancelRejected, CancelRequested, Rejected
from spec.fsm import Spec
from spec.mirroring import MIRRORING, Action, State, Symbol
from spec.terms import Side


class Venue(IntEnum):
    """Where we mirror to, and where the mirrored orders and our recoups are."""

    DESTINATION = 0
    SOURCE = 1


@frozen(kw_only=True)
class Request:
    """One order as we know it: *cum_qty* lots were seen to fill, *qty* is the most it comes to.

    *basis_ticks* is the source price that it was placed against.
    """

    id: int
    state: State = State.OPEN
    ticks: int = 0
    basis_ticks: int = 0
    qty: int = 0
    cum_qty: int = 0


@frozen
class Fill:
    """One fill, told once: *qty* is not a total."""

    qty: int


@frozen
class Done:
    """The order has filled; fills of the *cum_qty* lots may still be under way."""

    cum_qty: int


News = Acked | Fill | Done | Canceled | Rejected | CancelRequested | CancelRejected
RequestSpec = Spec[State, Symbol, Action]
ALIVE = frozenset({State.OPEN, State.CANCELING})


@frozen(kw_only=True)
class Limits:
    """*side* is that of our orders at the destination.

    At most *exposure_max* lots are at risk (M), and a recoup costs at most *slip_ticks_max* more
    a lot than the source price that its order was placed against.
    """

    exposure_max: int
    slip_ticks_max: int
    side: Side = Side.SELL


@frozen(kw_only=True)
class Mirror:
    """The strategy: what the latest book wants, every request, and what is to be recouped.

    We want *qty* lots open at *ticks* and can recoup at *quote_ticks*.  *requests* are slots, final
    ones free: an id is its slot modulo their number.  *unrecouped* is S', *basis_ticks* the worst
    price that these lots were placed against.  *held*: a venue refused, so wait for a book;
    *halted*: a person must look, and until then everything is canceled and nothing placed.
    """

    limits: Limits
    requests: tuple[Request, ...]
    recoup: Request
    ticks: int = 0
    qty: int = 0
    quote_ticks: int = 0
    unrecouped: int = 0
    basis_ticks: int = 0
    held: bool = False
    recoup_held: bool = False
    halted: bool = False


@frozen
class Target:
    """A book of the source: keep *qty* lots open at *ticks*, recoup at *quote_ticks*."""

    ticks: int
    qty: int
    quote_ticks: int


@frozen
class Reported:
    """A venue tells *news* of request *id*."""

    venue: Venue
    id: int
    news: News


@frozen
class Resumed:
    """A person has looked: nothing of ours is open, *unrecouped* lots are to be recouped."""

    unrecouped: int


Event = Target | Reported | Resumed


@frozen
class Place:
    """Send a limit order: at the destination on our side, at the source on the other one."""

    venue: Venue
    id: int
    ticks: int
    qty: int


@frozen
class Cancel:
    """Ask to cancel an order."""

    venue: Venue
    id: int


@frozen
class Alarm:
    """We have halted: call a person."""


Command = Place | Cancel | Alarm
Moved = tuple[Mirror, tuple[Command, ...]]
Decide = Callable[[Mirror], Place | Cancel | None]


def start(limits: Limits, slots: int) -> Mirror:
    """Return a strategy that has nothing open, with room for *slots* requests, one or more."""
    free = tuple(Request(id=slot, state=State.CLOSED) for slot in range(slots))
    return Mirror(limits=limits, requests=free, recoup=Request(id=0, state=State.CLOSED))


def well_formed(request: Request) -> bool:
    """Return whether *request* makes sense: laws, explorer, simulator and adapters all ask."""
    if not 0 <= request.cum_qty <= request.qty:
        return False
    counts = request.state in ALIVE or request.state is State.CLOSING
    return request.state is State.DISPUTED or (left(request) > 0) == counts


def left(request: Request) -> int:
    """Return the lots of *request* that may still fill, or have filled unseen."""
    return request.qty - request.cum_qty


def exposure(mirror: Mirror) -> int:
    """Return E' = V(R) + S', in lots."""
    return sum(left(request) for request in mirror.requests) + mirror.unrecouped


def budget(mirror: Mirror) -> int:
    """Return A = M - E': the lots that may still be placed."""
    return mirror.limits.exposure_max - exposure(mirror)


def live(mirror: Mirror) -> int:
    """Return the lots open at the target's price that nobody has asked to cancel."""
    return sum(
        left(request)
        for request in mirror.requests
        if request.state is State.OPEN and request.ticks == mirror.ticks
    )


def slip(mirror: Mirror, ticks: int) -> int:
    """Return by how many ticks the source's price has left *ticks* behind, to our cost."""
    return mirror.limits.side.sign * (ticks - mirror.quote_ticks)


def classify(request: Request, news: News) -> Symbol:
    """Return what *news* amounts to for *request*: the only place that compares quantities."""
    match news:
        case CancelRequested():
            return Symbol.CANCEL if request.state is State.OPEN else Symbol.STALE
        case Acked():
            return Symbol.PLACED if request.state in ALIVE else Symbol.STALE
        case Fill():
            return _fill(request, news.qty)
        case Done() | Canceled():
            return _closing(request, news)
        case Rejected() if request.state in ALIVE and not request.cum_qty:
            return Symbol.REJECTED
        case Rejected():
            return Symbol.STALE if request.qty == 0 else Symbol.CONTRADICTION
        case CancelRejected():
            return Symbol.CANCEL_REFUSED if request.state is State.CANCELING else Symbol.STALE
    assert_never(news)


def _fill(request: Request, qty: int) -> Symbol:
    """Classify a fill of *qty* lots; an empty one is no news."""
    if not 0 <= qty <= left(request):
        return Symbol.CONTRADICTION
    if qty == 0:
        return Symbol.STALE
    return Symbol.LAST_FILL if qty == left(request) else Symbol.FILL


def _closing(request: Request, news: Done | Canceled) -> Symbol:
    """Classify a closing report, by the total that it tells of."""
    if request.state not in ALIVE and request.state is not State.SPENT:
        return Symbol.STALE if news.cum_qty == request.qty else Symbol.CONTRADICTION
    if not request.cum_qty <= news.cum_qty <= request.qty:
        return Symbol.CONTRADICTION
    if news.cum_qty == request.qty:
        return Symbol.DONE if request.state is State.SPENT else Symbol.DONE_EARLY
    if isinstance(news, Done):
        return Symbol.CONTRADICTION
    return Symbol.CANCELED if news.cum_qty == request.cum_qty else Symbol.CANCELED_EARLY


def move(
    request: Request, news: News, spec: RequestSpec = MIRRORING
) -> tuple[Request, tuple[Action, ...]]:
    """Return *request* after *news*, and what must now be done about it.  Total: never raises.

    >>> move(Request(id=0, qty=3), Fill(1))[1]
    (<Action.BOOK: 1>,)
    """
    state, emits = spec.take(request.state, classify(request, news))
    qty, cum_qty = request.qty, request.cum_qty
    if Action.BOOK in emits and isinstance(news, Fill):
        cum_qty += news.qty
    if Action.RELEASE in emits:
        qty = news.cum_qty if isinstance(news, Canceled) else cum_qty
    return evolve(request, state=state, qty=qty, cum_qty=cum_qty), emits


def hear(mirror: Mirror, event: Event, spec: RequestSpec = MIRRORING) -> Mirror:
    """Return *mirror* once it knows of *event*; nothing is done about it yet."""
    match event:
        case Target():
            ready = evolve(mirror, quote_ticks=event.quote_ticks, held=False, recoup_held=False)
            return evolve(ready, ticks=event.ticks, qty=max(event.qty, 0))
        case Reported():
            return _reported(mirror, event, spec)
        case Resumed():
            return _resumed(mirror, event.unrecouped)
    assert_never(event)


def guard(mirror: Mirror) -> Mirror:
    """Return *mirror*, halted if a recoup would now cost more than the loss limit."""
    beyond = slip(mirror, mirror.basis_ticks) > mirror.limits.slip_ticks_max
    return evolve(mirror, halted=True) if beyond and mirror.unrecouped > 0 else mirror


def _reported(mirror: Mirror, event: Reported, spec: RequestSpec) -> Mirror:
    """Return *mirror* after news of a request; a fill of one that it does not know halts it."""
    slot = event.id % len(mirror.requests)
    request = mirror.recoup if event.venue is Venue.SOURCE else mirror.requests[slot]
    if request.id != event.id:
        stray = isinstance(event.news, Fill) and event.news.qty != 0
        return evolve(mirror, halted=True) if stray else mirror
    after, emits = move(request, event.news, spec)
    lots, hold = after.cum_qty - request.cum_qty, Action.HOLD in emits
    if Action.HALT in emits:
        mirror = evolve(mirror, halted=True)
    if event.venue is Venue.DESTINATION:
        worst = min if mirror.limits.side is Side.SELL else max
        basis = mirror.basis_ticks if mirror.unrecouped else after.basis_ticks
        return evolve(
            mirror,
            requests=_with(mirror, slot, after),
            unrecouped=mirror.unrecouped + lots,
            basis_ticks=worst(basis, after.basis_ticks) if lots else mirror.basis_ticks,
            held=mirror.held or hold,
        )
    hold = mirror.recoup_held or hold
    return evolve(mirror, recoup=after, unrecouped=mirror.unrecouped - lots, recoup_held=hold)


def _resumed(mirror: Mirror, unrecouped: int) -> Mirror:
    """Return *mirror* after a person has looked; what exceeds the limit is not accepted."""
    if not mirror.halted or not 0 <= unrecouped <= mirror.limits.exposure_max:
        return mirror
    return Mirror(
        limits=mirror.limits,
        requests=tuple(Request(id=each.id, state=State.CLOSED) for each in mirror.requests),
        recoup=Request(id=mirror.recoup.id, state=State.CLOSED),
        ticks=mirror.ticks,
        qty=mirror.qty,
        quote_ticks=mirror.quote_ticks,
        unrecouped=unrecouped,
        basis_ticks=mirror.quote_ticks,
    )


def _with(mirror: Mirror, slot: int, request: Request) -> tuple[Request, ...]:
    """Return the requests of *mirror* with another one in *slot*."""
    return (*mirror.requests[:slot], request, *mirror.requests[slot + 1 :])


def decide(mirror: Mirror) -> Place | Cancel | None:
    """Return the one thing that *mirror* does next, None if there is nothing to do."""
    return unwanted(mirror) or recoup(mirror) or place(mirror)


def unwanted(mirror: Mirror) -> Cancel | None:
    """Return the cancel of an order at another price, or of one too many; of any once halted."""
    excess = live(mirror) > mirror.qty
    for request in reversed(mirror.requests):  # low slots are taken first: their orders are older
        wrong = excess or mirror.halted or request.ticks != mirror.ticks
        if wrong and request.state is State.OPEN:
            return Cancel(Venue.DESTINATION, request.id)
    return None


def recoup(mirror: Mirror) -> Place | Cancel | None:
    """Return the order that recoups all that was sold, or its cancel if the price has left it."""
    last = mirror.recoup
    if mirror.halted:
        return None
    if last.state is State.OPEN and slip(mirror, last.ticks) > 0:
        return Cancel(Venue.SOURCE, last.id)
    if mirror.recoup_held or last.state not in MIRRORING.final or mirror.unrecouped <= 0:
        return None
    return Place(Venue.SOURCE, last.id + 1, mirror.quote_ticks, mirror.unrecouped)


def place(mirror: Mirror) -> Place | Cancel | None:
    """Return the order for what is missing, as far as the budget goes.

    Without a free slot a small order makes way: its lots come back in a larger one.
    """
    missing = min(mirror.qty - live(mirror), budget(mirror))
    if missing <= 0 or mirror.halted or mirror.held:
        return None
    for request in mirror.requests:
        if request.state in MIRRORING.final:
            turn = request.id + len(mirror.requests)
            return Place(Venue.DESTINATION, turn, mirror.ticks, missing)
    if all(request.state is State.OPEN for request in mirror.requests):
        return Cancel(Venue.DESTINATION, mirror.requests[-1].id)
    return None


def act(mirror: Mirror, command: Place | Cancel, spec: RequestSpec = MIRRORING) -> Moved:
    """Return *mirror* that has decided on *command*, and what is sent."""
    slot, sent = command.id % len(mirror.requests), True
    if isinstance(command, Place):
        basis = mirror.quote_ticks
        after = Request(id=command.id, ticks=command.ticks, basis_ticks=basis, qty=command.qty)
    else:
        before = mirror.recoup if command.venue is Venue.SOURCE else mirror.requests[slot]
        after, emits = move(before, CancelRequested(), spec)
        sent = Action.SEND_CANCEL in emits
    if command.venue is Venue.SOURCE:
        return evolve(mirror, recoup=after), (command,) * sent
    return evolve(mirror, requests=_with(mirror, slot, after)), (command,) * sent


def work(mirror: Mirror, spec: RequestSpec = MIRRORING, decide: Decide = decide) -> Moved:
    """Return *mirror* after all that there is to do, and what is sent, in order."""
    sent: tuple[Command, ...] = ()
    for _ in range(len(mirror.requests) + 4):  # each request canceled, a recoup, an order
        command = decide(mirror)
        if command is None:
            break
        mirror, more = act(mirror, command, spec)
        sent += more
    return mirror, sent


def step(
    mirror: Mirror, event: Event, spec: RequestSpec = MIRRORING, decide: Decide = decide
) -> Moved:
    """Return *mirror* after *event* and all that it does about it.  Total: never raises."""
    after = guard(hear(mirror, event, spec))
    alarm = (Alarm(),) if after.halted and not mirror.halted else ()
    after, sent = work(after, spec, decide)
    return after, (*alarm, *sent)
