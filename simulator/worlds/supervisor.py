"""A supervisor, a venue at the end of a connection that fails, and a person.

The journal is the set of the account's events that the bot knows, as bits.  An answer shows the
events before it; whether it agrees with the journal is judged as each answer comes.  A person
starts, stops, kills and resumes; a deadline may pass at any time.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from machines import supervisor as supervisors
from machines.messages import Restarted
from machines.supervisor import (
    Answered,
    DeadlinePassed,
    Disconnected,
    Event,
    Gap,
    StopRequested,
    Supervisor,
)
from simulator.actors import Actor, ActorWorld, Channel, Do, Rule
from simulator.explorer import Move
from simulator.worlds.supervisor_claims import (
    EVERYWHERE,
    RULES,
    UNANSWERED,
    WHEN,
    Bot,
    compare,
    noted,
)
from simulator.worlds.supervisor_scene import (
    Answer,
    Ask,
    Person,
    Scope,
    Sends,
    Update,
    Venue,
    bits,
    person_acts,
    person_hears,
    venue_acts,
    venue_hears,
)
from spec.supervisor import (
    PROPERTIES,
    Action,
    Cause,
    Outgoing,
    Part,
    State,
    Trip,
)

S = State
Step = Callable[[Supervisor, Event], tuple[Supervisor, tuple[Action, ...]]]
HELD_BACK = ("query", "cancel", "flatten")  # without a connection
ROOM = 8  # more than is ever under way; where less is given, who sends waits
UNFAIR = (
    "loses", "refuses", "sends", "drops", "fills", "breaks", "suffers",
    "trades", "trips", "falls", "kills", "stops", "resumes",
)  # fmt: skip


class Gate(NamedTuple):
    """What decides: the machine's step, and its gate."""

    step: Step = supervisors.step
    allows: Callable[..., bool] = supervisors.allows


SOUND = Gate()


def told(gate: Gate, bot: Bot, event: Event, *, person: bool = False) -> tuple[Bot, Sends]:
    """Step the supervisor of *bot*, do what it asks for, and note what goes wrong."""
    was, (now, emits) = bot.supervisor, gate.step(bot.supervisor, event)
    if Action.CATCH_UP in emits:
        fills = bot.answers[Part.FILLS]
        bot = bot._replace(journal=bot.journal | (fills.events if fills else 0))
    bot = noted(bot._replace(supervisor=now), was, event, person=person)
    gone = Action.DISCONNECT in emits
    sends: Sends = tuple(sent for action in emits for sent in asked(now, action))
    leaks = not now.connected and any(name == "asks" and a.what in HELD_BACK for name, a in sends)
    bot = bot._replace(
        answers=UNANSWERED if gone or Action.QUERY in emits else bot.answers,
        deadline=(bot.deadline or Action.SET_DEADLINE in emits) and not gone,
        leaked=bot.leaked or leaks,
    )
    return bot, sends


def asked(supervisor: Supervisor, action: Action) -> Sends:
    """Return what *action* sends."""
    match action:
        case Action.CONNECT:
            return (("asks", Ask("connect", supervisor.epoch)),)
        case Action.DISCONNECT:
            return (("asks", Ask("disconnect")),)
        case Action.QUERY:
            return (("asks", Ask("query", supervisor.query)),)
        case Action.CANCEL_OPENING | Action.CANCEL_ALL:
            return (("asks", Ask("cancel")),)
        case Action.FLATTEN:
            return (("asks", Ask("flatten")),)
        case Action.ALERT:
            return (("alerts", supervisor.halts),)
        case Action.CATCH_UP | Action.SET_DEADLINE:
            return ()


def bot_hears(gate: Gate, bot: Bot, channel: str, message: Any) -> Iterator[Do]:  # noqa: ANN401
    """Yield what *bot* makes of *message*: news, an answer, or what a person says."""
    words = "hears"
    if isinstance(message, Update):
        if message.epoch == bot.supervisor.epoch:
            bot = bot._replace(journal=bot.journal | 1 << (message.number - 1))
        yield Do(words, bot)
        return
    event = message
    if isinstance(message, Answer):
        if message.query == bot.supervisor.query:
            part = message.part
            bot = bot._replace(
                answers=(*bot.answers[:part], message, *bot.answers[part + 1 :]),
            )
        query, part, moment, _, held = message
        event = Answered(query, part, moment, compare(bot.journal, bot.answers), held)
    elif isinstance(message, StopRequested):
        bot = bot._replace(wanted=message.policy)
    bot, sends = told(gate, bot, event, person=channel == "words")
    yield Do(words, bot, sends)


def bot_acts(gate: Gate, bot: Bot) -> Iterator[Do]:
    """Yield what *bot* may do unasked: trade if the gate lets it, crash, run out of time."""
    supervisor = bot.supervisor
    if bot.orders and gate.allows(supervisor, Outgoing.ORDER, opens_exposure=True):
        leaked = bot.leaked or supervisor.state is not S.RUNNING
        after = bot._replace(orders=bot.orders - 1, leaked=leaked)
        yield Do("sends an order", after, (("asks", Ask("open")),))
    if bot.reduces and gate.allows(supervisor, Outgoing.ORDER, opens_exposure=False):
        after = bot._replace(reduces=bot.reduces - 1, leaked=bot.leaked or not supervisor.connected)
        yield Do("sends an order that reduces", after, (("asks", Ask("reduce", supervisor.state)),))
    if bot.deadline:
        after, sends = told(gate, bot._replace(deadline=False), DeadlinePassed())
        yield Do("runs out of time", after, sends)
    if bot.crashes:
        lost = bot._replace(crashes=bot.crashes - 1, answers=UNANSWERED, deadline=False)
        after, sends = told(gate, lost, Restarted())
        yield Do("drops everything and starts again", after, sends)


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end where it stays possible."""
    what = move.what.rpartition(": ")[2] if move.who in ("asks", "news") else move.what
    return not what.startswith(UNFAIR)


def bot_features(bot: Bot) -> Mapping[str, int]:
    """Return what is claimed of, of *bot*."""
    supervisor = bot.supervisor
    return {
        "state": supervisor.state,
        "gap": supervisor.gap,
        "questions": supervisor.query,
        "connections": supervisor.epoch,
        "halts": supervisor.halts,
        "known": bot.journal,
        "wanted": bot.wanted,
        "late": bot.late,
        "leaked": bot.leaked,
        "unproven": bot.unproven,
        "blamed": bot.blamed,
        "freed": bot.freed,
        "misled": bot.misled,
    }


def venue_features(venue: Venue) -> Mapping[str, int]:
    """Return what is claimed of, of *venue*: *happened* are the events that are ours."""
    return {
        "happened": bits(venue.sequence) & ~venue.foreign,
        "foreign": venue.foreign,
        "working": venue.working,
        "lots": venue.lots,
        "closed": venue.closed,
    }


def carried(news: object) -> int:
    """Return the event that *news* reports, as a bit."""
    return 1 << (news.number - 1) if isinstance(news, Update) else 0


def warns(news: object) -> int:
    """Return whether *news* says that reports may be missing."""
    return isinstance(news, Gap | Disconnected)


def reduces(ask: Ask) -> int:
    """Return whether *ask* is an order that only reduces, sent while HALTED."""
    return ask == Ask("reduce", S.HALTED)


def world(name: str, scope: Scope, claims: tuple[str, ...], gate: Gate = SOUND) -> ActorWorld:
    """Return the world of *scope* that also claims *claims*; another *gate* is for mutants."""
    known = bits(scope.resting)
    bot = Bot(Supervisor(), known, scope.orders, scope.reduces, scope.crashes)
    venue = Venue(scope, sequence=scope.resting, working=scope.resting)
    person = Person(1, scope.kills, scope.resumes, scope.stops)
    return ActorWorld(
        name,
        (
            Actor("bot", bot, partial(bot_acts, gate), partial(bot_hears, gate), bot_features),
            Actor("venue", venue, venue_acts, venue_hears, venue_features),
            Actor("person", person, person_acts, person_hears),
        ),
        (
            Channel("words", "bot", 2),
            Channel("news", "bot", ROOM, weights={"carried": carried, "warned": warns}),
            Channel("answers", "bot", 4, ordered=not scope.mixed),
            Channel("asks", "venue", ROOM, weights={"reducing": reduces}),
            Channel("alerts", "person", 2),
        ),
        tuple(
            Rule(PROPERTIES[each], RULES[each], WHEN.get(each), fair)
            for each in (*EVERYWHERE, *claims)
        ),
    )


DRIFT, MODE = (Cause.CLOCK_DRIFT,), (Trip.MODE_CHANGED,)
TRIPS = (Trip.LOSS_LIMIT, Trip.MODE_CHANGED, Trip.UNKNOWN_POSITION)
STOP = ("SUP-5.1", "SUP-5.2")
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "supervisor-start": (Scope(resting=1, drops=1, losses=1, mixed=True), ()),
    "supervisor-gap": (Scope(orders=1, gaps=1, causes=DRIFT), ("SUP-3",)),
    "supervisor-halt": (
        Scope(reduces=1, trips=MODE, kills=1, resumes=1),
        ("SUP-6.2", "SUP-6.3"),
    ),
    "supervisor-crash": (Scope(orders=1, kills=1, resumes=1, crashes=1), ("SUP-6.2",)),
    "supervisor-stop": (Scope(resting=1, losses=1, stops=1), (*STOP, "SUP-6.4")),
    "supervisor-silent": (Scope(silences=1, crashes=1, stops=1), (*STOP, "SUP-6.5")),
    "supervisor-trade": (
        Scope(resting=1, trades=1, resumes=1, mixed=True),
        ("SUP-6.1", "SUP-6.6"),
    ),
    "supervisor-causes": (Scope(causes=tuple(Cause)), ()),
    "supervisor-trips": (Scope(trips=TRIPS, kills=1, resumes=1), ("SUP-6.2",)),
    "supervisor-stop-drift": (Scope(causes=DRIFT, stops=1), STOP),
    "supervisor-stop-again": (Scope(stops=2), STOP),
    "supervisor-stop-trip": (Scope(trips=MODE, kills=1, stops=1), STOP),
    "supervisor-stop-odd": (Scope(trips=(TRIPS[0], TRIPS[2]), stops=1), STOP),
    "supervisor-trips-drift": (Scope(trips=TRIPS, causes=DRIFT), ()),
    "supervisor-drift-drop": (Scope(causes=DRIFT, drops=1, crashes=1), ()),
    "supervisor-stop-drop": (Scope(drops=1, stops=1), STOP),
    "supervisor-halt-drop": (Scope(kills=1, drops=1, causes=DRIFT), ()),
}
DEEP: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "supervisor-gap-mixed": (Scope(orders=1, gaps=1, causes=DRIFT, mixed=True), ("SUP-3",)),
    "supervisor-gap-causes": (Scope(gaps=1, causes=tuple(Cause)), ("SUP-3",)),
    "supervisor-gap-crash": (Scope(orders=1, gaps=1, drops=1, crashes=1), ("SUP-3",)),
    "supervisor-gap-halt": (
        Scope(orders=1, gaps=1, drops=1, trips=MODE, kills=1, resumes=1),
        ("SUP-3", "SUP-6.2"),
    ),
    "supervisor-stop-mixed": (Scope(resting=1, losses=1, stops=1, mixed=True), STOP),
    "supervisor-stop-twice": (Scope(resting=1, stops=2), STOP),
    "supervisor-stop-resting": (Scope(resting=1, drops=1, stops=1), STOP),
    "supervisor-stop-halt": (Scope(resting=1, kills=1, resumes=1, stops=1), STOP),
    "supervisor-stop-trips": (Scope(trips=TRIPS, stops=1), STOP),
    "supervisor-trips-drop": (Scope(trips=TRIPS, drops=1, causes=DRIFT), ()),
}


def named(name: str, gate: Gate = SOUND) -> ActorWorld:
    """Return the small world called *name*; another *gate* is for mutants."""
    return world(name, *SCOPES[name], gate)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked: what may go wrong, two or three kinds at a time."""
    return tuple(map(named, SCOPES))


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds: more of it at once."""
    return tuple(world(name, *DEEP[name]) for name in DEEP)
