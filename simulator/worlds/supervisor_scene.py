"""What surrounds a supervisor in its closed world: the venue, the connection to it, and a person.

Each change of the account is an event with a number.  The venue reports events while its stream is
whole, and answers the three questions one by one, so the account may move between two answers.
What misbehaves has a budget.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from machines.supervisor import (
    Connected,
    Degraded,
    Disconnected,
    Gap,
    GapEnded,
    Recovered,
    Resumed,
    StartRequested,
    StopRequested,
    TimedOut,
    Tripped,
)
from simulator.actors import Do
from spec.supervisor import Cause, Part, StopPolicy, Trip

Sends = tuple[tuple[str, Any], ...]


class Scope(NamedTuple):
    """How often each thing may happen; *resting* orders are open, and known, at the start."""

    resting: int = 0
    orders: int = 0
    reduces: int = 0
    crashes: int = 0
    losses: int = 0
    gaps: int = 0
    drops: int = 0
    causes: tuple[Cause, ...] = ()  # each once, as each of *trips*
    trades: int = 0  # that are not ours
    trips: tuple[Trip, ...] = ()
    silences: int = 0
    kills: int = 0
    resumes: int = 0
    stops: int = 0
    mixed: bool = False  # answers leave and arrive in any order


class Ask(NamedTuple):
    """What the bot sends."""

    what: str
    number: int = 0  # of the connection or question; the state of who sends what reduces


class Update(NamedTuple):
    """Event *number* of the account, by the stream of connection *epoch*."""

    number: int
    epoch: int


class Answer(NamedTuple):
    """What the venue answers about *part*: the *events* that made it what it is."""

    query: int
    part: Part
    moment: int
    events: int
    held: int


class Venue(NamedTuple):
    """The venue and the connection to it; *sequence* counts the events, *foreign* are not ours."""

    budget: Scope
    sequence: int
    working: int
    lots: int = 0
    closed: bool = False  # a position was
    foreign: int = 0
    linked: bool = False
    whole: bool = False
    silent: bool = False
    suffers: tuple[Cause, ...] = ()
    epoch: int = 0
    query: int = 0
    open: tuple[Part, ...] = ()  # questions


class Person(NamedTuple):
    """A person; *seen* is the latest halt that they were told of."""

    starts: int
    kills: int
    resumes: int
    stops: int
    seen: int = 0


def bits(count: int) -> int:
    """Return the first *count* events as bits."""
    return (1 << count) - 1


def changed(venue: Venue, working: int, lots: int) -> tuple[Venue, Sends]:
    """Return *venue* after an event of ours, and its report where the stream is whole."""
    number = venue.sequence + 1
    report: Sends = (("news", Update(number, venue.epoch)),)
    closed = venue.closed or lots < venue.lots
    after = venue._replace(sequence=number, working=working, lots=lots, closed=closed)
    return after, report if venue.linked and venue.whole else ()


def venue_hears(venue: Venue, _channel: str, ask: Ask) -> Iterator[Do]:
    """Yield what *venue* does with what it is asked."""
    budget = venue.budget
    if venue.silent or (not venue.linked and ask.what != "connect"):
        yield Do("does not answer", venue)
        return
    match ask.what:
        case "connect":
            after = venue._replace(linked=True, whole=True, epoch=ask.number, open=())
            yield Do("accepts", after, (("news", Connected(ask.number)),))
            if budget.drops:
                less = budget._replace(drops=budget.drops - 1)
                after = venue._replace(budget=less, linked=False, whole=False, open=())
                yield Do("refuses", after, (("news", Disconnected(ask.number)),))
        case "disconnect":
            yield Do("closes", venue._replace(linked=False, whole=False, open=()))
        case "query":
            yield Do("takes", venue._replace(query=ask.number, open=tuple(Part)))
        case _:
            working, lots = venue.working, venue.lots
            after, report = changed(venue, *EFFECTS[ask.what](working, lots))
            idle = (after.working, after.lots) == (working, lots)
            yield Do("nothing to do", venue) if idle else Do("does", after, report)
    if budget.losses and ask.what in LOSABLE:
        less = budget._replace(losses=budget.losses - 1)
        late: Sends = (("news", TimedOut(ask.number)),) if ask.what == "query" else ()
        yield Do("loses", venue._replace(budget=less), late)


LOSABLE = frozenset({"query", "cancel", "flatten"})
EFFECTS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "open": lambda working, lots: (working + 1, lots),
    "reduce": lambda working, lots: (working, max(lots - 1, 0)),
    "cancel": lambda _, lots: (0, lots),
    "flatten": lambda working, _: (working, 0),
}


def venue_acts(venue: Venue) -> Iterator[Do]:
    """Yield what *venue* and the connection may do unasked."""
    if venue.silent:
        return
    if venue.working:
        yield Do("fills", *changed(venue, venue.working - 1, venue.lots + 1))
    for part in venue.open if venue.budget.mixed else venue.open[:1]:
        others = tuple(each for each in venue.open if each is not part)
        yield Do("answers", venue._replace(open=others), (("answers", answer(venue, part)),))
    if venue.linked and not venue.whole:
        news = GapEnded(venue.epoch)
        yield Do("mends its stream", venue._replace(whole=True), (("news", news),))
    for cause in venue.suffers:
        rest = tuple(each for each in venue.suffers if each is not cause)
        after = venue._replace(suffers=rest)
        yield Do(f"recovers from {cause.name}", after, (("news", Recovered(cause)),))
    yield from misfortunes(venue, venue.budget)


def misfortunes(venue: Venue, budget: Scope) -> Iterator[Do]:
    """Yield what *venue* need not do, and what of *budget* that takes."""
    epoch = venue.epoch
    if budget.gaps and venue.whole:
        after = venue._replace(budget=budget._replace(gaps=budget.gaps - 1), whole=False)
        yield Do("breaks its stream", after, (("news", Gap(epoch)),))
    if budget.drops and venue.linked:
        less = budget._replace(drops=budget.drops - 1)
        after = venue._replace(budget=less, linked=False, whole=False, open=())
        yield Do("drops the connection", after, (("news", Disconnected(epoch)),))
    for cause in budget.causes:
        less = budget._replace(causes=tuple(each for each in budget.causes if each is not cause))
        suffers = tuple(sorted((*venue.suffers, cause)))
        after = venue._replace(budget=less, suffers=suffers)
        yield Do(f"suffers {cause.name}", after, (("news", Degraded(cause)),))
    if budget.trades:
        less = budget._replace(trades=budget.trades - 1)
        number, foreign = venue.sequence + 1, venue.foreign | 1 << venue.sequence
        yield Do(
            "trades for another", venue._replace(budget=less, sequence=number, foreign=foreign)
        )
    for trip in budget.trips:
        less = budget._replace(trips=tuple(each for each in budget.trips if each is not trip))
        yield Do(f"trips {trip.name}", venue._replace(budget=less), (("news", Tripped(trip)),))
    if budget.silences:
        after = venue._replace(budget=budget._replace(silences=0), silent=True)
        yield Do("falls silent", after)


def answer(venue: Venue, part: Part) -> Answer:
    """Return what *venue* answers about *part* now: positions are made by others' trades too."""
    every = bits(venue.sequence)
    events = every if part is Part.POSITIONS else every & ~venue.foreign
    held = (venue.lots, venue.working, 0)[part]
    return Answer(venue.query, part, venue.sequence + 1, events, held)


def person_acts(person: Person) -> Iterator[Do]:
    """Yield what *person* may say."""
    if person.starts:
        yield Do("starts", person._replace(starts=0), (("words", StartRequested()),))
        return
    if person.kills:
        word = Tripped(Trip.KILL_SWITCH)
        yield Do("kills", person._replace(kills=person.kills - 1), (("words", word),))
    if person.resumes and person.seen:
        after = person._replace(resumes=person.resumes - 1)
        yield Do("resumes", after, (("words", Resumed(person.seen)),))
    if person.stops:
        after = person._replace(stops=person.stops - 1)
        for policy in StopPolicy:
            yield Do(f"stops: {policy.name}", after, (("words", StopRequested(policy)),))


def person_hears(person: Person, _channel: str, halts: int) -> Iterator[Do]:
    """Yield how *person* takes note of an alert."""
    yield Do("notes", person._replace(seen=halts))
