"""Laws of the supervisor, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from machines.messages import Restarted
from machines.supervisor import (
    Answered,
    Connected,
    DeadlinePassed,
    Disconnected,
    Event,
    Gap,
    GapEnded,
    Resumed,
    StopRequested,
    Supervisor,
    TimedOut,
    allows,
    gathered,
    step,
    suspended,
    well_formed,
)
from spec.supervisor import Action, Match, Outgoing, State, StopPolicy

UNCONNECTED = (State.STOPPED, State.CONNECTING)


def step_keeps_supervisors_well_formed(supervisor: Supervisor, event: Event) -> None:
    """Whatever happens, and in whatever order, a supervisor stays one."""
    assert well_formed(supervisor)
    after, _ = step(supervisor, event)
    assert well_formed(after)


def the_gate_opens_in_running_only(
    supervisor: Supervisor, kind: Outgoing, *, opens_exposure: bool
) -> None:
    """SUP-1: to open exposure takes RUNNING, anything else a connection and nothing more."""
    assert well_formed(supervisor)
    allowed = allows(supervisor, kind, opens_exposure=opens_exposure)
    if kind is Outgoing.ORDER and opens_exposure:
        assert allowed == (supervisor.state is State.RUNNING)
    else:
        assert allowed == supervisor.connected
    assert not allowed or supervisor.state not in UNCONNECTED


def what_is_asked_for_passes_the_gate(supervisor: Supervisor, event: Event) -> None:
    """SUP-1: no row asks for what the gate then holds back."""
    assert well_formed(supervisor)
    after, emits = step(supervisor, event)
    for action in emits:
        if action is Action.QUERY:
            assert allows(after, Outgoing.QUERY, opens_exposure=False)
        elif action in (Action.CANCEL_OPENING, Action.CANCEL_ALL):
            assert allows(after, Outgoing.CANCEL, opens_exposure=False)
        elif action is Action.FLATTEN:
            assert allows(after, Outgoing.ORDER, opens_exposure=False)


def running_is_entered_on_one_moment(supervisor: Supervisor, event: Event) -> None:
    """SUP-2: three answers to the latest question, of one moment, agree; no cause is present."""
    assert supervisor.state is not State.RUNNING
    assert well_formed(supervisor)
    after, _ = step(supervisor, event)
    if after.state is State.RUNNING:
        assert supervisor.state is State.RECONCILING
        assert supervisor.connected
        assert not suspended(supervisor)
        assert isinstance(event, Answered)
        assert event.query == supervisor.query
        assert event.match is Match.AGREES
        seen = gathered(supervisor.answers, event)
        assert 0 < seen.positions == seen.orders == seen.fills


def a_gap_ends_in_questions(supervisor: Supervisor, event: Event) -> None:
    """SUP-3: a gap suspends, is remembered while it lasts, and its end asks anew."""
    assert supervisor.state in (State.RECONCILING, State.RUNNING, State.DEGRADED)
    assert well_formed(supervisor)
    after, emits = step(supervisor, event)
    if isinstance(event, Gap) and event.epoch == supervisor.epoch:
        assert after.state is State.DEGRADED
        assert after.gap
    if supervisor.gap and not after.gap and after.connected:
        assert isinstance(event, GapEnded)
        assert after.state is (State.DEGRADED if suspended(after) else State.RECONCILING)
    if supervisor.state is not after.state is State.RECONCILING:
        assert emits == (Action.QUERY,)
        assert after.query == supervisor.query + 1


def halted_is_left_by_a_person_only(supervisor: Supervisor, event: Event) -> None:
    """SUP-4: by a stop, or by a resume that names the latest reason; a restart is none."""
    assert supervisor.state is State.HALTED
    assert well_formed(supervisor)
    after, emits = step(supervisor, event)
    if after.state is State.HALTED:
        assert after.halts == supervisor.halts + (Action.ALERT in emits)
    elif isinstance(event, Resumed):
        assert event.halt == supervisor.halts
        assert after.state is State.CONNECTING
    else:
        assert isinstance(event, StopRequested)
        assert after.state in (State.STOPPED, State.STOPPING)


def a_stop_ends_in_stopped(supervisor: Supervisor, event: Event) -> None:
    """SUP-5: in time if nothing is left of what the policy removes, else at the deadline."""
    assert supervisor.state is State.STOPPING
    assert well_formed(supervisor)
    after, emits = step(supervisor, event)
    if isinstance(event, DeadlinePassed):
        assert after.state is State.STOPPED
        assert Action.ALERT in emits
    elif after.state is not State.STOPPING:
        assert after.state is State.STOPPED
        if not isinstance(event, StopRequested):
            assert isinstance(event, Answered)
            assert event.query == supervisor.query
            seen = gathered(supervisor.answers, event)
            assert 0 < seen.positions == seen.orders == seen.fills
            assert not seen.working
            assert not seen.lots or supervisor.policy is not StopPolicy.FLATTEN


def a_restart_is_a_lost_connection(supervisor: Supervisor) -> None:
    """Start, reconnect, crash and upgrade are one path: only a stop's timer is set anew."""
    assert supervisor.state is not State.STOPPED
    assert well_formed(supervisor)
    restarted, emits = step(supervisor, Restarted())
    lost, others = step(supervisor, Disconnected(supervisor.epoch))
    assert restarted == lost
    assert emits[:1] == others == (Action.CONNECT,)
    assert emits[1:] == ((Action.SET_DEADLINE,) if lost.state is State.STOPPING else ())


def old_news_change_nothing(supervisor: Supervisor, event: Event) -> None:
    """What is about another connection, question or halt is no news."""
    assert well_formed(supervisor)
    assert is_old(supervisor, event)
    assert step(supervisor, event) == (supervisor, ())


def is_old(supervisor: Supervisor, event: Event) -> bool:
    """Return whether *event* is about another connection, question or halt."""
    match event:
        case Connected() | Disconnected() | Gap() | GapEnded():
            return event.epoch != supervisor.epoch
        case Answered() | TimedOut():
            return event.query != supervisor.query
        case Resumed():
            return event.halt != supervisor.halts
        case _:
            return False
