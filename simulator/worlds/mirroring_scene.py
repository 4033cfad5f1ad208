"""The actors of market mirroring: the strategy, the destination's venue, and the source.

Prices of the source and of the destination are the same.  The strategy's actor keeps, beside the
machine, what it was told by itself: claims do not trust the machine.  Closed requests forget what
they were, and ids are slots: the requests' channels keep their order.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from attrs import evolve, frozen

from machines import mirroring as machine
from machines.mirroring import (
    ALIVE,
    Alarm,
    Cancel,
    Command,
    Done,
    Event,
    Fill,
    Limits,
    Mirror,
    Place,
    Reported,
    Request,
    Target,
    Venue,
    budget,
    exposure,
    left,
    live,
    slip,
)
from machines.order import Acked, Canceled, CancelRejected, Rejected
from simulator.actors import Do, Features
from spec.mirroring import MIRRORING, State

PRICES = (1, 2)
CHANNEL = {Venue.DESTINATION: "orders", Venue.SOURCE: "recoups"}
Step = Callable[[Mirror, Event], tuple[Mirror, tuple[Command, ...]]]


@frozen
class Size:
    """How large a world is: *slots* requests of *limit* lots together, books of *volume* lots.

    Books come at prices 1 up to *prices*, reports in order if *ordered*, *wire* under way at once;
    *slip* is the loss limit in ticks, *whims* how often each venue may refuse.  *acks*: the
    destination tells of placed orders; *ends*: books and trades may cease.
    """

    slots: int = 1
    limit: int = 1
    volume: int = 1
    prices: int = 2
    ordered: bool = True
    wire: int = 4
    slip: int = 1
    whims: int = 0
    acks: bool = False
    ends: bool = False


class Strategy(NamedTuple):
    """*mirror*, and what its actor has seen of it.

    *booked* is sold less recouped, as told; *asked* which slots wait for a cancel.  *again*: a
    cancel was asked twice; *rash*: an order was sent without a budget; *dear*: a recoup was sent
    beyond the loss limit.
    """

    mirror: Mirror
    booked: int
    asked: tuple[bool, ...]
    again: bool = False
    rash: bool = False
    dear: bool = False


class Held(NamedTuple):
    """An order as it is at a venue: *qty* lots rest, *cum_qty* have filled."""

    ticks: int = 0
    qty: int = 0
    cum_qty: int = 0


class Exchange(NamedTuple):
    """The destination: an order a slot; *quiet* once nobody trades there any more.

    *whims*: how often it may still refuse, or close an order by itself.
    """

    held: tuple[Held, ...]
    whims: int
    quiet: bool = False


class Market(NamedTuple):
    """The source: its price, our recoup; *quiet* once no more books come, *whims* as above."""

    ticks: int
    recoup: Held
    whims: int
    quiet: bool = False


@frozen
class StrategyActor:
    """The strategy; *step* is the machine's, or a mutant of it."""

    step: Step

    def hears(self, state: Strategy, channel: str, message: Event) -> Iterable[Do]:  # noqa: ARG002
        """Return what the strategy does about an event: all of it at once."""
        return (_heard(self.step, state, message),)


@cache
def _heard(step: Step, state: Strategy, event: Event) -> Do:
    """Return what *step* makes of *event*, and note what claims ask for."""
    mirror, commands = step(state.mirror, event)
    slots, booked, asked = len(mirror.requests), state.booked, list(state.asked)
    again, rash, dear = state.again, state.rash, state.dear
    if isinstance(event, Reported):
        if isinstance(event.news, Fill):
            booked += event.news.qty if event.venue is Venue.DESTINATION else -event.news.qty
        if isinstance(event.news, CancelRejected) and event.venue is Venue.DESTINATION:
            asked[event.id % slots] = False
    for command in commands:
        if isinstance(command, Alarm):
            continue
        slot, here = command.id % slots, command.venue is Venue.DESTINATION
        if isinstance(command, Cancel):
            again |= here and asked[slot]
            asked[slot] |= here
        elif here:
            rash |= budget(mirror) + command.qty <= 0
            asked[slot] = False
        else:
            dear |= slip(mirror, mirror.basis_ticks) > mirror.limits.slip_ticks_max
    alive = (request.state in ALIVE for request in mirror.requests)
    waiting = tuple(one and two for one, two in zip(asked, alive, strict=True))
    after = Strategy(settled(mirror), booked, waiting, again, rash, dear)
    sends = tuple(_sends(commands, slots))
    does = ", ".join(words(command) for _, command in sends) or "waits"
    return Do(f"the strategy {does}", after, sends)


def settled(mirror: Mirror) -> Mirror:
    """Return *mirror* with ids that are slots, and without what no longer makes a difference."""
    requests = tuple(
        Request(id=slot, state=State.CLOSED)
        if request.state in MIRRORING.final
        else evolve(request, id=slot)
        for slot, request in enumerate(mirror.requests)
    )
    recoup = evolve(mirror.recoup, id=0, basis_ticks=0)
    if recoup.state in MIRRORING.final:
        recoup = Request(id=0, state=State.CLOSED)
    basis = mirror.basis_ticks if mirror.unrecouped > 0 else 0
    return evolve(mirror, requests=requests, recoup=recoup, basis_ticks=basis)


def _sends(commands: tuple[Command, ...], slots: int) -> Iterator[tuple[str, Command]]:
    """Yield what goes to which channel."""
    for command in commands:
        if not isinstance(command, Alarm):
            turns = slots if command.venue is Venue.DESTINATION else 1
            yield CHANNEL[command.venue], evolve(command, id=command.id % turns)


def words(message: Command | Event) -> str:
    """Return a message in words."""
    match message:
        case Place():
            return f"places {message.qty} at {message.ticks} (order {message.id})"
        case Cancel():
            return f"cancels order {message.id}"
        case Alarm():
            return "halts"
        case Target():
            return f"{message.qty} wanted at {message.ticks}"
        case Reported():
            numbers = [str(value) for value in vars_of(message.news)]
            return " ".join([type(message.news).__name__, *numbers, f"(order {message.id})"])
        case _:
            return str(message)


def vars_of(news: object) -> tuple[int, ...]:
    """Return the quantity that *news* carries, if any."""
    if isinstance(news, Fill):
        return (news.qty,)
    return (news.cum_qty,) if isinstance(news, Done | Canceled) else ()


def show_strategy(state: Strategy) -> str:
    """Return the strategy in words."""
    mirror = state.mirror
    shown = [f"wants {mirror.qty} at {mirror.ticks}"]
    shown += [
        f"order {r.id} {_progress(r)}" for r in mirror.requests if r.state is not State.CLOSED
    ]
    if mirror.recoup.state is not State.CLOSED:
        shown.append(f"recoup {_progress(mirror.recoup)}")
    shown.append(f"counts {exposure(mirror)} of {mirror.limits.exposure_max}")
    flags = {"held": mirror.held or mirror.recoup_held, "halted": mirror.halted}
    return ", ".join([*shown, f"{mirror.unrecouped} to recoup", *(f for f in flags if flags[f])])


def _progress(request: Request) -> str:
    return f"{request.state.name} {request.cum_qty}/{request.qty} at {request.ticks}"


def show_exchange(state: Exchange) -> str:
    """Return what rests at the destination, in words."""
    return ", ".join([*map(show_held, state.held), *(["quiet"] if state.quiet else [])])


def show_market(state: Market) -> str:
    """Return the source's price and our recoup, in words."""
    shown = [f"price {state.ticks}", f"recoup {show_held(state.recoup)}"]
    return ", ".join([*shown, *(["quiet"] if state.quiet else [])])


def show_held(held: Held) -> str:
    """Return an order at a venue in words."""
    return f"{held.qty} rest at {held.ticks}" if held.qty else "nothing"


def strategy_features(state: Strategy) -> Features:
    """Return what is claimed of the strategy."""
    mirror = state.mirror
    found = {
        "counted": exposure(mirror),
        "limit": mirror.limits.exposure_max,
        "booked": state.booked,
        "wanted": min(mirror.qty, mirror.limits.exposure_max - mirror.unrecouped),
        "wanted_ticks": mirror.ticks,
        "live": live(mirror),
        "recouping": left(mirror.recoup),
        "unrecouped": mirror.unrecouped,
        "held_back": int(mirror.held),
        "recoup_held_back": int(mirror.recoup_held),
        "halted": int(mirror.halted),
        "again": int(state.again),
        "rash": int(state.rash),
        "dear": int(state.dear),
        "closing": sum(request.state is State.CLOSING for request in mirror.requests),
        "disputed": sum(
            request.state is State.DISPUTED for request in (*mirror.requests, mirror.recoup)
        ),
    }
    for slot, request in enumerate(mirror.requests):
        found[f"canceling_{slot}"] = int(request.state is State.CANCELING)
    return found


@frozen
class ExchangeActor:
    """The destination's venue; *acks*: it tells of placed orders, *ends*: it may fall quiet."""

    acks: bool
    ends: bool

    def hears(self, state: Exchange, channel: str, message: Command) -> Iterator[Do]:  # noqa: ARG002
        """Yield what the venue makes of a request."""
        whim = state._replace(whims=state.whims - 1)
        match message:
            case Place():
                taken = _hold(state, message.id, Held(message.ticks, message.qty))
                ack = (_report(message.id, Acked()),) if self.acks else ()
                yield Do("the destination places it", taken, ack)
                if state.whims:
                    refused = (_report(message.id, Rejected()),)
                    yield Do("the destination rejects it", whim, refused)
            case Cancel() if state.held[message.id].qty:
                cum = state.held[message.id].cum_qty
                closed = (_report(message.id, Canceled(cum)),)
                gone = _hold(state, message.id, Held())
                yield Do("the destination cancels it", gone, closed)
                if state.whims:
                    refused = (_report(message.id, CancelRejected()),)
                    yield Do("the destination does not cancel it", whim, refused)
            case _:
                yield Do("the destination has nothing to cancel", state)

    def acts(self, state: Exchange) -> Iterator[Do]:
        """Yield what the venue, and who trades there, may do by themselves."""
        if not state.quiet:
            if self.ends:
                yield Do("falls quiet", state._replace(quiet=True))
            for slot, held in enumerate(state.held):
                if held.qty:
                    what, after, news = filled(held)
                    yield Do(
                        f"{what} of order {slot}",
                        _hold(state, slot, after),
                        tuple(_report(slot, each) for each in news),
                    )
        for slot, held in enumerate(state.held):
            if held.qty and state.whims:
                whim = state._replace(whims=state.whims - 1)
                closed = (_report(slot, Canceled(held.cum_qty)),)
                yield Do(f"closes order {slot} by itself", _hold(whim, slot, Held()), closed)
                yield Do(f"tells of no fill of order {slot}", whim, (_report(slot, Fill(0)),))


@frozen
class MarketActor:
    """The source: books of up to *volume* lots, and fills of our recoup where its price allows.

    Its prices are 1 up to *prices*; *ends*: no more books may come.
    """

    volume: int
    prices: int
    ends: bool

    def hears(self, state: Market, channel: str, message: Command) -> Iterator[Do]:  # noqa: ARG002
        """Yield what the source makes of a request."""
        match message:
            case Place():
                held = Held(message.ticks, message.qty)
                yield Do("the source places it", state._replace(recoup=held))
                if state.whims:
                    refused = state._replace(whims=state.whims - 1)
                    yield Do("the source rejects it", refused, (_recoup_report(Rejected()),))
            case Cancel() if state.recoup.qty:
                closed = (_recoup_report(Canceled(state.recoup.cum_qty)),)
                yield Do("the source cancels it", state._replace(recoup=Held()), closed)
            case _:
                yield Do("the source has nothing to cancel", state)

    def acts(self, state: Market) -> Iterator[Do]:
        """Yield the next book, a fill of our recoup, or silence."""
        if not state.quiet:
            if self.ends:
                yield Do("falls quiet", state._replace(quiet=True))
            for ticks in PRICES[: self.prices]:
                for qty in range(ticks > 1, self.volume + 1):  # an empty book has one price
                    book = Target(ticks, qty, ticks)
                    yield Do(
                        f"moves: {words(book)}", state._replace(ticks=ticks), (("book", book),)
                    )
        if state.recoup.qty and state.recoup.ticks >= state.ticks:
            what, after, news = filled(state.recoup)
            reports = tuple(_recoup_report(each) for each in news)
            yield Do(f"{what} of the recoup", state._replace(recoup=after), reports)


def filled(held: Held) -> tuple[str, Held, tuple[Fill | Done, ...]]:
    """Return, in words, *held* after a fill of one lot, and what is told of it."""
    cum = held.cum_qty + 1
    if held.qty == 1:
        return "fills the last lot", Held(), (Fill(1), Done(cum))
    return "fills one lot", Held(held.ticks, held.qty - 1, cum), (Fill(1),)


def exchange_features(state: Exchange) -> Features:
    """Return the lots that rest at each price, and whether nobody trades any more."""
    rest = {f"rest_{p}": sum(h.qty for h in state.held if h.ticks == p) for p in PRICES}
    return {**rest, "calm": int(state.quiet)}


def market_features(state: Market) -> Features:
    """Return whether no more books come."""
    return {"quiet": int(state.quiet)}


def _hold(state: Exchange, slot: int, held: Held) -> Exchange:
    """Return *state* with another order in *slot*."""
    return state._replace(held=(*state.held[:slot], held, *state.held[slot + 1 :]))


def _report(
    slot: int, news: Acked | Fill | Done | Canceled | Rejected | CancelRejected
) -> tuple[str, Reported]:
    return "reports", Reported(Venue.DESTINATION, slot, news)


def _recoup_report(news: Fill | Done | Canceled | Rejected) -> tuple[str, Reported]:
    return "recoup_reports", Reported(Venue.SOURCE, 0, news)


def opening(limits: Limits, slots: int) -> Mirror:
    """Return the strategy's first state, as `settled` leaves it."""
    return settled(machine.start(limits, slots))
