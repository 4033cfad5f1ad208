"""The supervisor machine: `step` is the only way it changes, `allows` is the gate for commands.

Classify, take the row, update, as in `machines.order`.  News of a connection carry its epoch,
answers the number of their question, a person's resume the number of the halt it is about:
what is out of date is no news.
"""

from typing import assert_never

from attrs import evolve, frozen

from machines.messages import Restarted
from spec.fsm import Spec
from spec.supervisor import (
    SUPERVISOR,
    Action,
    Cause,
    Match,
    Outgoing,
    Part,
    State,
    StopPolicy,
    Symbol,
    Trip,
)


@frozen(kw_only=True, cache_hash=True)
class Answers:
    """What the answers to the latest question describe.

    *positions*, *orders* and *fills* are moments, counted in changes of the account from 1 on; 0
    is no answer yet.  *working* counts own open orders, *lots* those of open positions.
    """

    positions: int = 0
    orders: int = 0
    fills: int = 0
    working: int = 0
    lots: int = 0


@frozen(kw_only=True, cache_hash=True)
class Supervisor:
    """Whether the bot may trade, and why not.

    *epoch* counts the connections begun or ended, *query* the questions, *halts* the reasons to
    halt; *gap*, *stale*, *drift* and *limited* are the causes of degradation that are present.
    """

    state: State = SUPERVISOR.initial
    policy: StopPolicy = StopPolicy.LEAVE
    connected: bool = False
    gap: bool = False
    stale: bool = False
    drift: bool = False
    limited: bool = False
    epoch: int = 0
    query: int = 0
    halts: int = 0
    answers: Answers = Answers()


@frozen
class StartRequested:
    """A person wants the bot to run."""


@frozen
class StopRequested:
    """A person wants the bot to stop, and what is its own to be removed as *policy* says."""

    policy: StopPolicy


@frozen
class Resumed:
    """A person has looked at the halt numbered *halt*."""

    halt: int


@frozen
class Connected:
    """Connection *epoch* is there; from now on its stream reports every change."""

    epoch: int


@frozen
class Disconnected:
    """Connection *epoch* has ended, or did not come about."""

    epoch: int


@frozen
class Gap:
    """The stream of connection *epoch* is not whole: reports may be missing."""

    epoch: int


@frozen
class GapEnded:
    """The stream of connection *epoch* again reports every change from now on."""

    epoch: int


@frozen
class Degraded:
    """*cause* is present."""

    cause: Cause


@frozen
class Recovered:
    """*cause* is not present; also the first thing that a restarted monitor says if all is well."""

    cause: Cause


@frozen
class Answered:
    """The answer to question *query* about *part*, which describes the account at *moment*.

    *held* counts own open orders, or lots of open positions.  *match* compares all answers to that
    question so far with the journal as it is now; it counts once all three are there.  An answer
    never describes a moment before its question, nor one with an order of ours under way.
    """

    query: int
    part: Part
    moment: int
    match: Match
    held: int = 0


@frozen
class TimedOut:
    """An answer to question *query* is overdue."""

    query: int


@frozen
class DeadlinePassed:
    """The stop under way has taken too long."""


@frozen
class Tripped:
    """A person has to look, because of *trip*."""

    trip: Trip


Event = (
    StartRequested
    | StopRequested
    | Resumed
    | Restarted
    | Connected
    | Disconnected
    | Gap
    | GapEnded
    | Degraded
    | Recovered
    | Answered
    | TimedOut
    | DeadlinePassed
    | Tripped
)
SupervisorSpec = Spec[State, Symbol, Action]

X = Symbol
DEGRADED_BY = (X.STALE_DATA, X.CLOCK_DRIFT, X.RATE_LIMIT)
TRIPPED_BY = (X.KILL_SWITCH, X.LOSS_LIMIT, X.MODE_CHANGED, X.UNKNOWN_POSITION)
STOPPED_BY = (X.STOP_LEAVE, X.STOP_CANCEL, X.STOP_FLATTEN)
MATCHED_BY = (X.AGREED, X.BEHIND, X.UNKNOWN_POSITION)
UNCONNECTED = frozenset({State.STOPPED, State.CONNECTING})
ASKING = frozenset({State.RECONCILING, State.STOPPING})  # they wait for answers
NONE = Answers()


def well_formed(supervisor: Supervisor) -> bool:
    """Return whether *supervisor* makes sense: laws, explorer, simulator and adapters all ask."""
    state, connected, answers = supervisor.state, supervisor.connected, supervisor.answers
    if state in UNCONNECTED and connected:
        return False
    if state is State.DEGRADED and not suspended(supervisor):
        return False
    if state in (State.RECONCILING, State.RUNNING) and suspended(supervisor):
        return False
    if state in (State.RECONCILING, State.RUNNING, State.DEGRADED) and not connected:
        return False
    if state is State.STOPPING and supervisor.policy is StopPolicy.LEAVE:
        return False
    if supervisor.gap > connected:
        return False
    waits = connected if state in ASKING else False
    return not begun(answers) or (waits and not complete(answers))


def suspended(supervisor: Supervisor) -> bool:
    """Return whether a cause of degradation is present.

    Bits, not `or`: a proof looks at each short cut as a case of its own.

    >>> suspended(Supervisor(drift=True))
    True
    """
    return supervisor.gap | supervisor.stale | supervisor.drift | supervisor.limited


def allows(supervisor: Supervisor, kind: Outgoing, *, opens_exposure: bool) -> bool:
    """Return whether a command of *kind* may leave now: the gate that each one must pass.

    >>> halted = Supervisor(state=State.HALTED, connected=True)
    >>> allows(halted, Outgoing.ORDER, opens_exposure=False)
    True
    >>> allows(halted, Outgoing.ORDER, opens_exposure=True)
    False
    """
    if not supervisor.connected:
        return False
    opens = kind is Outgoing.ORDER and opens_exposure
    return supervisor.state is State.RUNNING or not opens


def begun(answers: Answers) -> bool:
    """Return whether any question is answered."""
    held = (answers.working != 0) | (answers.lots != 0)
    return (answers.positions != 0) | (answers.orders != 0) | (answers.fills != 0) | held


def complete(answers: Answers) -> bool:
    """Return whether all three questions are answered."""
    return (answers.positions != 0) & (answers.orders != 0) & (answers.fills != 0)


def gathered(answers: Answers, event: Answered) -> Answers:
    """Return *answers* with that of *event*."""
    match event.part:
        case Part.POSITIONS:
            return evolve(answers, positions=event.moment, lots=event.held)
        case Part.ORDERS:
            return evolve(answers, orders=event.moment, working=event.held)
        case Part.FILLS:
            return evolve(answers, fills=event.moment)
    assert_never(event.part)


def classify(supervisor: Supervisor, event: Event) -> Symbol:
    """Return what *event* amounts to: the only place that compares numbers."""
    match event:
        case Answered():
            return _answered(supervisor, event)
        case TimedOut():
            overdue = supervisor.connected and event.query == supervisor.query
            return Symbol.OVERDUE if overdue else Symbol.NO_NEWS
        case Connected() | Disconnected() | Gap() | GapEnded():
            return _of_connection(supervisor, event)
        case Degraded():
            return DEGRADED_BY[event.cause]
        case Recovered():
            return _recovered(supervisor, event)
        case Tripped():
            return TRIPPED_BY[event.trip]
        case StartRequested():
            return Symbol.START
        case StopRequested():
            return STOPPED_BY[event.policy]
        case Resumed():
            return Symbol.RESUME if event.halt == supervisor.halts else Symbol.NO_NEWS
        case Restarted():
            return Symbol.RESTARTED
        case DeadlinePassed():
            return Symbol.DEADLINE
    assert_never(event)


def _of_connection(
    supervisor: Supervisor, event: Connected | Disconnected | Gap | GapEnded
) -> Symbol:
    """Classify news of a connection: that of another one is none."""
    if event.epoch != supervisor.epoch:
        return Symbol.NO_NEWS
    if isinstance(event, Disconnected):
        return Symbol.DISCONNECTED
    if isinstance(event, Connected) is supervisor.connected:
        return Symbol.NO_NEWS
    match event:
        case Connected():
            return Symbol.CONNECTED_DEGRADED if suspended(supervisor) else Symbol.CONNECTED
        case Gap():
            return Symbol.GAP
        case GapEnded():
            return _recovered(supervisor, event)
    assert_never(event)


def _recovered(supervisor: Supervisor, event: GapEnded | Recovered) -> Symbol:
    """Return whether a cause remains after *event*."""
    remains = suspended(_causes(supervisor, event))
    return Symbol.RECOVERED_PART if remains else Symbol.RECOVERED


def _answered(supervisor: Supervisor, event: Answered) -> Symbol:
    """Classify an answer: only those to the latest question count, and only all three together."""
    asking = supervisor.connected and supervisor.state in ASKING
    if not asking or (event.query != supervisor.query) | (event.moment < 1):
        return Symbol.NO_NEWS
    answers = gathered(supervisor.answers, event)
    if not complete(answers):
        return Symbol.ANSWERED
    if (answers.positions != answers.orders) | (answers.orders != answers.fills):
        return Symbol.TORN
    if supervisor.state is State.STOPPING:
        return _left(supervisor.policy, answers, event.match)
    return MATCHED_BY[event.match]


def _left(policy: StopPolicy, answers: Answers, match: Match) -> Symbol:
    """Return what a stop by *policy* still has to remove; whose a position is does not matter."""
    if match is Match.BEHIND:
        return Symbol.BEHIND
    if answers.working:
        return Symbol.ORDERS_LEFT
    if policy is StopPolicy.FLATTEN and answers.lots:
        return Symbol.POSITION_LEFT
    return Symbol.CLEARED


def step(
    supervisor: Supervisor, event: Event, spec: SupervisorSpec = SUPERVISOR
) -> tuple[Supervisor, tuple[Action, ...]]:
    """Return *supervisor* after *event*, and what must now be done.  Total: never raises.

    >>> step(Supervisor(), StartRequested())[1]
    (<Action.CONNECT: 0>,)
    """
    symbol = classify(supervisor, event)
    state, emits = spec.take(supervisor.state, symbol)
    return _update(supervisor, event, symbol, state, emits), emits


def _update(
    supervisor: Supervisor, event: Event, symbol: Symbol, state: State, emits: tuple[Action, ...]
) -> Supervisor:
    """Move what *supervisor* knows into *state*."""
    after = _causes(supervisor, event)
    ends = Action.CONNECT in emits or Action.DISCONNECT in emits
    connects = symbol in (Symbol.CONNECTED, Symbol.CONNECTED_DEGRADED)
    answers = supervisor.answers
    if ends or Action.QUERY in emits or state not in ASKING:
        answers = NONE
    elif symbol is Symbol.ANSWERED and isinstance(event, Answered):
        answers = gathered(answers, event)
    return Supervisor(
        state=state,
        policy=event.policy if isinstance(event, StopRequested) else supervisor.policy,
        connected=state not in UNCONNECTED and not ends and (supervisor.connected or connects),
        gap=after.gap and not ends,
        stale=after.stale,
        drift=after.drift,
        limited=after.limited,
        epoch=supervisor.epoch + ends,
        query=supervisor.query + (Action.QUERY in emits),
        halts=supervisor.halts + (symbol in TRIPPED_BY and state is State.HALTED),
        answers=answers,
    )


def _causes(supervisor: Supervisor, event: Event) -> Supervisor:
    """Return *supervisor* with the causes that are present after *event*."""
    match event:
        case Gap() | GapEnded():
            if event.epoch != supervisor.epoch or not supervisor.connected:
                return supervisor
            return evolve(supervisor, gap=isinstance(event, Gap))
        case Degraded() | Recovered():
            present = isinstance(event, Degraded)
            match event.cause:
                case Cause.STALE_DATA:
                    return evolve(supervisor, stale=present)
                case Cause.CLOCK_DRIFT:
                    return evolve(supervisor, drift=present)
                case Cause.RATE_LIMIT:
                    return evolve(supervisor, limited=present)
            assert_never(event.cause)
        case _:
            return supervisor
