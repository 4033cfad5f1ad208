"""The supervisor by example, pair by pair, and by its laws."""

from collections.abc import Callable
from itertools import product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from machines.messages import Restarted
from machines.supervisor import (
    ASKING,
    UNCONNECTED,
    Answered,
    Answers,
    Connected,
    DeadlinePassed,
    Degraded,
    Disconnected,
    Event,
    Gap,
    GapEnded,
    Recovered,
    Resumed,
    StartRequested,
    StopRequested,
    Supervisor,
    TimedOut,
    Tripped,
    allows,
    step,
    well_formed,
)
from spec.fsm import pairs
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
from tests.laws import laws_supervisor
from tests.machines.strategies import TRIED, try_law

CANCEL, FLATTEN = StopPolicy.CANCEL, StopPolicy.FLATTEN
ASK_AGAIN = (Action.QUERY,)


def after(supervisor: Supervisor, *events: Event) -> Supervisor:
    """Return *supervisor* after *events*."""
    for event in events:
        supervisor, _ = step(supervisor, event)
    return supervisor


def answers(
    supervisor: Supervisor,
    moments: tuple[int, int, int] = (5, 5, 5),
    match: Match = Match.AGREES,
    held: tuple[int, int] = (0, 0),
) -> tuple[Answered, ...]:
    """Return the answers to the latest question; *held* are lots and own open orders."""
    counts = (*held, 0)
    return tuple(
        Answered(supervisor.query, part, moments[part], match, counts[part]) for part in Part
    )


RECONCILING = after(Supervisor(), StartRequested(), Connected(1))
RUNNING = after(RECONCILING, *answers(RECONCILING))
STOPPING = after(RUNNING, StopRequested(FLATTEN))
HALTED = after(RUNNING, Tripped(Trip.KILL_SWITCH))


def test_a_start_ends_in_running_once_three_answers_of_one_moment_agree() -> None:
    """Two answers are not enough, whichever is missing."""
    assert RUNNING.state is State.RUNNING
    given_answers = answers(RECONCILING)
    for missing in range(3):
        two = given_answers[:missing] + given_answers[missing + 1 :]
        assert after(RECONCILING, *two).state is State.RECONCILING


def test_answers_of_different_moments_are_asked_for_again() -> None:
    """Even where each agrees, or where they seem to show a position that is not ours."""
    for moments, match in product(((6, 5, 5), (5, 6, 5), (5, 5, 6)), Match):
        *first, last = answers(RECONCILING, moments, match)
        torn, emits = step(after(RECONCILING, *first), last)
        assert (torn.state, emits) == (State.RECONCILING, ASK_AGAIN)
        assert torn.answers == Answers()


def test_what_the_journal_misses_is_booked_and_asked_about_again() -> None:
    """To catch up is not to agree."""
    *first, last = answers(RECONCILING, match=Match.BEHIND)
    behind, emits = step(after(RECONCILING, *first), last)
    assert (behind.state, emits) == (State.RECONCILING, (Action.CATCH_UP, Action.QUERY))


def test_a_position_that_no_order_explains_halts() -> None:
    """It is not ours to close."""
    found = after(RECONCILING, *answers(RECONCILING, match=Match.UNEXPLAINED))
    assert (found.state, found.halts) == (State.HALTED, 1)


def test_answers_to_an_older_question_do_not_count() -> None:
    """They may describe a moment before the gap."""
    asked_again = after(RECONCILING, Gap(1), GapEnded(1))
    assert after(asked_again, *answers(RECONCILING)) == asked_again
    assert after(asked_again, *answers(asked_again)).state is State.RUNNING


@pytest.mark.parametrize("state", [RUNNING, HALTED, after(STOPPING, Disconnected(1))])
def test_answers_that_nobody_waits_for_do_not_count(state: Supervisor) -> None:
    """Nor do those that come where there is no connection."""
    assert after(state, *answers(state)) == state


def test_recovery_waits_for_the_last_cause_and_then_asks() -> None:
    """A gap while the clock drifts is remembered, in whichever order they end."""
    degraded = after(RUNNING, Degraded(Cause.CLOCK_DRIFT), Gap(1))
    part = after(degraded, Recovered(Cause.CLOCK_DRIFT))
    assert (degraded.state, part.state) == (State.DEGRADED, State.DEGRADED)
    recovered, emits = step(part, GapEnded(1))
    assert (recovered.state, emits) == (State.RECONCILING, ASK_AGAIN)
    other = after(degraded, GapEnded(1))
    assert other.state is State.DEGRADED
    assert after(other, Recovered(Cause.CLOCK_DRIFT)).state is State.RECONCILING


def test_a_drifting_clock_outlives_its_connection_and_a_gap_does_not() -> None:
    """A new connection brings a whole stream, not another clock."""
    lost = after(RUNNING, Degraded(Cause.CLOCK_DRIFT), Gap(1), Disconnected(1))
    assert (lost.drift, lost.gap) == (True, False)
    assert after(lost, Connected(2)).state is State.DEGRADED


@pytest.mark.parametrize("state", [RECONCILING, RUNNING, STOPPING, HALTED])
def test_news_of_an_older_connection_are_none(state: Supervisor) -> None:
    """Sockets outlive their usefulness."""
    assert after(state, Disconnected(0), Gap(0), Connected(0), GapEnded(0)) == state


@pytest.mark.parametrize("event", [Gap(0), GapEnded(0), Gap(2), GapEnded(2)])
def test_a_gap_belongs_to_the_connection_that_is_there(event: Gap | GapEnded) -> None:
    """Of an older one, or of one that has ended, it is no news."""
    for state in (RUNNING, after(RUNNING, Gap(1))):
        assert step(state, event) == (state, ())
    ended = after(RUNNING, Disconnected(1))
    assert step(ended, evolve(event, epoch=ended.epoch)) == (ended, ())


def test_halted_survives_a_restart_and_a_reconnect() -> None:
    """Neither is a person; once connected, what can open exposure is canceled anew."""
    restarted, emits = step(HALTED, Restarted())
    assert (restarted.state, emits) == (State.HALTED, (Action.CONNECT,))
    connected, emits = step(restarted, Connected(restarted.epoch))
    assert (connected.state, emits) == (State.HALTED, (Action.CANCEL_OPENING,))


def test_a_resume_is_about_the_halt_that_the_person_has_seen() -> None:
    """A second reason while the first is looked at takes another look."""
    twice = after(HALTED, Tripped(Trip.MODE_CHANGED))
    assert after(twice, Resumed(1)).state is State.HALTED
    assert after(twice, Resumed(2)).state is State.CONNECTING


def test_a_stop_removes_orders_first_then_the_position() -> None:
    """No order of ours may fill behind the last sale."""
    seen = []
    stopping = STOPPING
    for held in ((3, 1), (3, 0), (0, 0)):
        *first, last = answers(stopping, held=held)
        stopping, emits = step(after(stopping, *first), last)
        seen.append(emits)
    assert seen == [
        (Action.CANCEL_ALL, Action.QUERY),
        (Action.FLATTEN, Action.QUERY),
        (Action.DISCONNECT,),
    ]
    assert stopping.state is State.STOPPED


def test_the_policy_says_what_is_left() -> None:
    """LEAVE waits for nothing, CANCEL for no position."""
    left, emits = step(RUNNING, StopRequested(StopPolicy.LEAVE))
    assert (left.state, emits) == (State.STOPPED, (Action.DISCONNECT,))
    canceling = after(RUNNING, StopRequested(CANCEL))
    assert after(canceling, *answers(canceling, held=(3, 0))).state is State.STOPPED


def test_a_stop_that_takes_too_long_ends_with_an_alert() -> None:
    """A silent venue keeps nobody waiting; a restart sets the timer anew."""
    stopped, emits = step(STOPPING, DeadlinePassed())
    assert (stopped.state, emits) == (State.STOPPED, (Action.ALERT, Action.DISCONNECT))
    assert Action.SET_DEADLINE in step(STOPPING, Restarted())[1]


def test_an_overdue_answer_is_asked_for_again() -> None:
    """That of an older question is not missed."""
    again, emits = step(RECONCILING, TimedOut(RECONCILING.query))
    assert (again.query, emits) == (RECONCILING.query + 1, ASK_AGAIN)
    assert step(again, TimedOut(RECONCILING.query)) == (again, ())


@pytest.mark.parametrize("state", State)
def test_the_gate(state: State) -> None:
    """SUP-1, state by state."""
    for connected in (False, True):
        supervisor = Supervisor(state=state, connected=connected)
        for kind in Outgoing:
            for opens in (False, True):
                opening = kind is Outgoing.ORDER and opens
                expected = connected and (state is State.RUNNING or not opening)
                assert allows(supervisor, kind, opens_exposure=opens) is expected


@pytest.mark.parametrize(("state", "symbol"), pairs(SUPERVISOR))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row changes nothing and asks for nothing."""
    row = SUPERVISOR.row(state, symbol)
    expected = (state, ()) if row is None else (row.target, row.emits)
    assert SUPERVISOR.take(state, symbol) == expected


def test_one_row_leads_to_running() -> None:
    """Start, reconnect, crash, upgrade and recovery are one path."""
    into = [row for row in SUPERVISOR.rows if row.target is State.RUNNING is not row.source]
    assert [str(row) for row in into] == ["RECONCILING + AGREED -> RUNNING"]


def test_a_restart_leads_where_a_lost_connection_leads() -> None:
    """From every state."""
    for state in State:
        lost, restarted = (
            SUPERVISOR.take(state, symbol)[0] for symbol in (Symbol.DISCONNECTED, Symbol.RESTARTED)
        )
        assert lost is restarted


NUMBERS = st.integers(0, 2)
MOMENTS = st.integers(-1, 3)


@st.composite
def supervisors(draw: DrawFn, states: tuple[State, ...] = tuple(State)) -> Supervisor:
    """Draw a supervisor that is well formed."""
    state = draw(st.sampled_from(states))
    settled = state in (State.RECONCILING, State.RUNNING)
    sometimes = st.just(value=False) if settled else st.booleans()
    connected = state not in UNCONNECTED
    if state in (State.HALTED, State.STOPPING):
        connected = draw(st.booleans())
    policies = (CANCEL, FLATTEN) if state is State.STOPPING else tuple(StopPolicy)
    found = Answers()
    if state in ASKING and connected:
        moments = draw(st.permutations((0, draw(MOMENTS), draw(MOMENTS))))
        found = Answers(
            positions=moments[0],
            orders=moments[1],
            fills=moments[2],
            working=draw(NUMBERS),
            lots=draw(NUMBERS),
        )
    drawn = Supervisor(
        state=state,
        policy=draw(st.sampled_from(policies)),
        connected=connected,
        gap=connected and draw(sometimes),
        stale=draw(sometimes),
        drift=draw(sometimes),
        limited=draw(sometimes),
        epoch=draw(NUMBERS),
        query=draw(NUMBERS),
        halts=draw(NUMBERS),
        answers=found,
    )
    if state is State.DEGRADED and not well_formed(drawn):
        drawn = evolve(drawn, stale=True)
    return drawn


def events() -> SearchStrategy[Event]:
    """Return what a supervisor may be told, sensible or not."""
    bare = st.sampled_from((StartRequested(), Restarted(), DeadlinePassed()))
    numbered = [
        st.builds(kind, NUMBERS)
        for kind in (Resumed, Connected, Disconnected, Gap, GapEnded, TimedOut)
    ]
    answered = st.builds(
        Answered,
        NUMBERS,
        st.sampled_from(Part),
        MOMENTS,
        st.sampled_from(Match),
        NUMBERS,
    )
    causes = st.sampled_from(Cause)
    return st.one_of(
        bare,
        *numbered,
        answered,
        st.builds(Degraded, causes) | st.builds(Recovered, causes),
        st.builds(StopRequested, st.sampled_from(StopPolicy)),
        st.builds(Tripped, st.sampled_from(Trip)),
    )


@pytest.mark.parametrize(
    "law",
    [
        laws_supervisor.step_keeps_supervisors_well_formed,
        laws_supervisor.what_is_asked_for_passes_the_gate,
        laws_supervisor.running_is_entered_on_one_moment,
        laws_supervisor.a_gap_ends_in_questions,
        laws_supervisor.old_news_change_nothing,
    ],
)
@TRIED
@given(supervisors(), events())
def test_laws(law: Callable[..., None], supervisor: Supervisor, event: Event) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    try_law(law, supervisor, event)


@TRIED
@given(supervisors((State.HALTED,)), events())
def test_halted_is_left_by_a_person_only(supervisor: Supervisor, event: Event) -> None:
    """SUP-4: no other event leaves HALTED."""
    try_law(laws_supervisor.halted_is_left_by_a_person_only, supervisor, event)


@TRIED
@given(supervisors((State.STOPPING,)), events())
def test_a_stop_ends_in_stopped(supervisor: Supervisor, event: Event) -> None:
    """SUP-5: a stop ends with what its policy says, or at the deadline."""
    try_law(laws_supervisor.a_stop_ends_in_stopped, supervisor, event)


@TRIED
@given(supervisors())
def test_a_restart_is_a_lost_connection(supervisor: Supervisor) -> None:
    """Only a stop's timer is set anew."""
    try_law(laws_supervisor.a_restart_is_a_lost_connection, supervisor)


@TRIED
@given(supervisors(), st.sampled_from(Outgoing), st.booleans())
def test_the_gate_opens_in_running_only(
    supervisor: Supervisor,
    kind: Outgoing,
    opens: bool,  # noqa: FBT001
) -> None:
    """SUP-1: of every supervisor that is well formed."""
    assert well_formed(supervisor)
    allowed = allows(supervisor, kind, opens_exposure=opens)
    laws_supervisor.the_gate_opens_in_running_only(supervisor, kind, opens_exposure=opens)
    assert not allowed or supervisor.connected
