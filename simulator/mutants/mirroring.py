"""Defects of market mirroring: what mirroring bots do wrong, one at a time."""

from functools import partial

from attrs import evolve

from machines import mirroring as machine
from machines.mirroring import (
    Cancel,
    Command,
    Done,
    Event,
    Fill,
    Mirror,
    Place,
    Reported,
    Request,
    RequestSpec,
    Target,
    Venue,
    exposure,
    guard,
    hear,
    place,
    recoup,
    unwanted,
    work,
)
from machines.order import Canceled
from simulator.judge import Mutant
from simulator.worlds.mirroring import DEEP, SIZES, mirroring_world
from simulator.worlds.mirroring_scene import Step
from spec.mirroring import MIRRORING, Action, State, Symbol

S, X, A = State, Symbol, Action
Sent = tuple[Mirror, tuple[Command, ...]]


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    freed = MIRRORING.redirected(S.OPEN, X.CANCEL, S.CLOSED, (A.SEND_CANCEL, A.RELEASE))
    return (
        _mutant("the budget forgets V(R)", "MMS-2", "slots", _deciding(blind)),
        _mutant("the budget forgets V(R)", "MMS-1.2", "slots", _deciding(blind)),
        _mutant("the budget forgets V(R)", "MMS-3.2", "slots", _deciding(blind)),
        _mutant("a slot is free once its cancel is asked for", "MMS-1.1", "slots", _table(freed)),
        _mutant("a slot is free once its cancel is asked for", "MMS-1.2", "slots", _table(freed)),
        _mutant("closing reports have no total", "MMS-1.1", "unordered", untold),
        _mutant("closing reports have no total", "MMS-1.2", "unordered", untold),
        _mutant("a closing report ends a request", "MMS-1.1", "unordered", unkept),
        _mutant("a closing report ends a request", "MMS-1.2", "unordered", unkept),
        _mutant("a recoup counts when it is asked for", "MMS-1.1", "slots", credited),
        _mutant("a recoup counts when it is asked for", "MMS-1.2", "slots", credited),
        _mutant("a cancel is asked again with each book", "MMS-3.1", "slots", insistent),
        _mutant("orders are placed at books only", "MMS-4", "shrinks", lazy),
        _mutant("an order waits for an empty book", "MMS-4", "slots-ends", _deciding(flat)),
        _mutant("no order makes way for a larger one", "MMS-4", "shrinks", _deciding(crowded)),
        _mutant("a recoup is not re-priced", "MMS-5.1", "ends", _deciding(unpriced)),
        _mutant("the loss limit is ignored", "MMS-5.2", "loss", unguarded),
        _mutant("each fill recoups all again", "MMS-5.3", "slots", _deciding(eager)),
        _mutant("nothing is canceled", "MMS-6.1", "slots", _deciding(stubborn)),
        _mutant("one lot is kept back", "MMS-6.2", "slots", _deciding(timid)),
        _mutant("nothing is canceled", "MMS-6.3", "slots", _deciding(stubborn)),
        _mutant("an early closing report is not believed", "MMS-6.4", "unordered",
                _table(_disputing(X.DONE_EARLY, X.CANCELED_EARLY))),
        _mutant("the loss limit is ignored", "MMS-6.5", "loss", unguarded),
        _mutant("an early closing report is not believed", "MMS-7", "unordered",
                _table(_disputing(X.DONE_EARLY, X.CANCELED_EARLY))),
    )  # fmt: skip


def blind(mirror: Mirror) -> Place | Cancel | None:
    """Decide as if requests did not count against the limit."""
    most = mirror.limits.exposure_max + volume(mirror)
    return machine.decide(evolve(mirror, limits=evolve(mirror.limits, exposure_max=most)))


def flat(mirror: Mirror) -> Place | Cancel | None:
    """Decide, but place only where no request is left."""
    command = machine.decide(mirror)
    return None if _places(command) and volume(mirror) else command


def crowded(mirror: Mirror) -> Place | Cancel | None:
    """Decide, but never cancel an order that is only small."""
    ordered = place(mirror)
    more = ordered if isinstance(ordered, Place) else None
    return unwanted(mirror) or recoup(mirror) or more


def unpriced(mirror: Mirror) -> Place | Cancel | None:
    """Decide, but leave recoups where they are."""
    again = recoup(mirror)
    asked = again if isinstance(again, Place) else None
    return unwanted(mirror) or asked or place(mirror)


def stubborn(mirror: Mirror) -> Place | Cancel | None:
    """Decide, but cancel nothing at the destination."""
    ordered = place(mirror)
    more = ordered if isinstance(ordered, Place) else None
    return recoup(mirror) or more


def timid(mirror: Mirror) -> Place | Cancel | None:
    """Decide as if the limit were a lot lower."""
    most = mirror.limits.exposure_max - 1
    return machine.decide(evolve(mirror, limits=evolve(mirror.limits, exposure_max=most)))


def eager(mirror: Mirror) -> Place | Cancel | None:
    """Decide, and recoup all that was sold whenever it is more than the recoup under way."""
    more = mirror.unrecouped > mirror.recoup.qty - mirror.recoup.cum_qty
    free = evolve(mirror, recoup=Request(id=0, state=State.CLOSED)) if more else mirror
    return machine.decide(free)


def untold(mirror: Mirror, event: Event) -> Sent:
    """Step as if a closing report only said that an order is closed."""
    if isinstance(event, Reported) and isinstance(event.news, Done | Canceled):
        source = event.venue is Venue.SOURCE
        request = mirror.recoup if source else mirror.requests[event.id]
        if request.state is not State.SPENT:
            return machine.step(mirror, evolve(event, news=Canceled(request.cum_qty)))
    return machine.step(mirror, event)


def unkept(mirror: Mirror, event: Event) -> Sent:
    """Step, but count what a closed order filled only once its fills are told."""
    after = guard(hear(mirror, event))
    kept = (
        evolve(each, state=State.CLOSED, qty=each.cum_qty) if each.state is State.CLOSING else each
        for each in after.requests
    )
    return work(evolve(after, requests=tuple(kept)))


def credited(mirror: Mirror, event: Event) -> Sent:
    """Step, but count a recoup as done when it is asked for."""
    if isinstance(event, Reported) and event.venue is Venue.SOURCE and isinstance(event.news, Fill):
        mirror = evolve(mirror, unrecouped=mirror.unrecouped + event.news.qty)
    after, sent = machine.step(mirror, event)
    asked = sum(c.qty for c in sent if isinstance(c, Place) and c.venue is Venue.SOURCE)
    return evolve(after, unrecouped=after.unrecouped - asked), sent


def lazy(mirror: Mirror, event: Event) -> Sent:
    """Step, but place only when a book has come."""
    if isinstance(event, Target):
        return machine.step(mirror, event)
    return machine.step(mirror, event, decide=_waiting)


def insistent(mirror: Mirror, event: Event) -> Sent:
    """Step, and ask once more for what is still to be canceled when a book comes."""
    after, sent = machine.step(mirror, event)
    waits = (each.id for each in mirror.requests if each.state is State.CANCELING)
    again = tuple(Cancel(Venue.DESTINATION, id_) for id_ in waits)
    return after, (*sent, *again) if isinstance(event, Target) else sent


def _waiting(mirror: Mirror) -> Place | Cancel | None:
    return unwanted(mirror) or recoup(mirror)


def unguarded(mirror: Mirror, event: Event) -> Sent:
    """Step, whatever it costs."""
    return work(hear(mirror, event))


def volume(mirror: Mirror) -> int:
    """Return V(R), in lots."""
    return exposure(mirror) - mirror.unrecouped


def _places(command: Place | Cancel | None) -> bool:
    return isinstance(command, Place) and command.venue is Venue.DESTINATION


def _deciding(decide: machine.Decide) -> Step:
    """Return the step that decides otherwise."""
    return partial(machine.step, decide=decide)


def _table(spec: RequestSpec) -> Step:
    """Return the step by another table."""
    return partial(machine.step, spec=spec)


def _disputing(*symbols: Symbol) -> RequestSpec:
    """Return the table that disputes *symbols*."""
    spec = MIRRORING
    for symbol in symbols:
        for state in (S.OPEN, S.CANCELING):
            spec = spec.redirected(state, symbol, S.DISPUTED, (A.HALT,))
    return spec


def _mutant(defect: str, property_id: str, name: str, step: Step) -> Mutant:
    """Return the mutant of the world called *name* that steps by *step*."""
    world = f"mirroring-{name}"
    return Mutant(defect, property_id, mirroring_world(world, {**SIZES, **DEEP}[world], step))
