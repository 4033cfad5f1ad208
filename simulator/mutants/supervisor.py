"""Defects of the supervisor: how bots come to trade on what is no longer true."""

from functools import partial

from attrs import evolve

from machines import supervisor as supervisors
from machines.supervisor import Answered, Event, Gap, Resumed, StopRequested, Supervisor
from simulator.judge import Mutant
from simulator.worlds.supervisor import SCOPES, Gate, Step, named
from spec.supervisor import SUPERVISOR, Action, Outgoing, State, StopPolicy, Symbol

S, X, A = State, Symbol, Action
Stepped = tuple[Supervisor, tuple[Action, ...]]


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    start, gap, halt, crash, stop, silent, trade, *_ = SCOPES
    return (
        Mutant("the gate is open while DEGRADED", "SUP-1", named(gap, Gate(allows=trusting))),
        Mutant("the gate forgets the connection", "SUP-1", named(halt, Gate(allows=blind))),
        _step("two answers of three suffice", "SUP-2.1", start, two_of_three),
        _step("answers of different moments count", "SUP-2.1", start, torn),
        _step("an answer to an older question counts", "SUP-2.1", start, old),
        _row("a reconnect goes on trading", "SUP-2.1", start,
             (S.CONNECTING, X.CONNECTED, S.RUNNING)),
        _row("a gap is ignored", "SUP-2.2", gap, (S.RUNNING, X.GAP, S.RUNNING)),
        _step("a gap is ignored while DEGRADED", "SUP-2.2", gap, deaf),
        _step("answers of different moments are judged", "SUP-2.3", start, torn),
        _row("the end of a gap leads nowhere", "SUP-3", gap, (S.DEGRADED, X.RECOVERED, S.DEGRADED)),
        _row("a reconnect leaves HALTED", "SUP-4", halt,
             (S.HALTED, X.CONNECTED, S.RECONCILING, A.QUERY)),
        _row("a restart forgets the halt", "SUP-4", crash,
             (S.HALTED, X.RESTARTED, S.CONNECTING, A.CONNECT)),
        _step("a resume is about any halt", "SUP-4", halt, careless),
        _row("STOPPING waits for ever", "SUP-5.1", silent, (S.STOPPING, X.DEADLINE, S.STOPPING)),
        _row("a restart forgets the deadline", "SUP-5.1", silent,
             (S.STOPPING, X.RESTARTED, S.STOPPING, A.CONNECT)),
        _step("FLATTEN is taken for CANCEL", "SUP-5.2", stop, lax),
        _row("a stop does not wait", "SUP-5.2", stop,
             (S.RUNNING, X.STOP_CANCEL, S.STOPPED, A.CANCEL_ALL, A.DISCONNECT)),
        _row("what does not agree at once halts", "SUP-6.1", trade,
             (S.RECONCILING, X.BEHIND, S.HALTED), (S.RECONCILING, X.TORN, S.HALTED)),
        _row("nobody can resume", "SUP-6.2", halt, (S.HALTED, X.RESUME, S.HALTED)),
        Mutant("the gate is shut while HALTED", "SUP-6.3", named(halt, Gate(allows=shut))),
        _row("a position is left to the deadline", "SUP-6.4", stop,
             (S.STOPPING, X.POSITION_LEFT, S.STOPPING)),
        _row("STOPPING waits for ever", "SUP-6.5", silent, (S.STOPPING, X.DEADLINE, S.STOPPING)),
        _row("every position is ours", "SUP-6.6", trade,
             (S.RECONCILING, X.UNKNOWN_POSITION, S.RUNNING)),
        _row("the kill switch only suspends", "SUP-7", halt,
             (S.RUNNING, X.KILL_SWITCH, S.DEGRADED)),
    )  # fmt: skip


def trusting(supervisor: Supervisor, kind: Outgoing, *, opens_exposure: bool) -> bool:
    """Return whether *kind* may leave, as if DEGRADED were RUNNING."""
    if supervisor.state is S.DEGRADED:
        return True
    return supervisors.allows(supervisor, kind, opens_exposure=opens_exposure)


def blind(supervisor: Supervisor, kind: Outgoing, *, opens_exposure: bool) -> bool:
    """Return whether *kind* may leave, as if the connection never ended."""
    linked = evolve(supervisor, connected=True)
    return supervisors.allows(linked, kind, opens_exposure=opens_exposure)


def shut(supervisor: Supervisor, kind: Outgoing, *, opens_exposure: bool) -> bool:
    """Return whether *kind* may leave, nothing while HALTED."""
    if supervisor.state is S.HALTED:
        return False
    return supervisors.allows(supervisor, kind, opens_exposure=opens_exposure)


def two_of_three(supervisor: Supervisor, event: Event) -> Stepped:
    """Step *supervisor* as if every answer told of the fills too."""
    if isinstance(event, Answered):
        told = evolve(supervisor.answers, fills=event.moment)
        supervisor = evolve(supervisor, answers=told)
    return supervisors.step(supervisor, event)


def torn(supervisor: Supervisor, event: Event) -> Stepped:
    """Step *supervisor* as if earlier answers were of the moment of the latest."""
    if isinstance(event, Answered):
        seen, now = supervisor.answers, event.moment
        told = evolve(
            seen,
            positions=seen.positions and now,
            orders=seen.orders and now,
            fills=seen.fills and now,
        )
        supervisor = evolve(supervisor, answers=told)
    return supervisors.step(supervisor, event)


def old(supervisor: Supervisor, event: Event) -> Stepped:
    """Step *supervisor* as if every answer were to the latest question."""
    if isinstance(event, Answered):
        event = evolve(event, query=supervisor.query)
    return supervisors.step(supervisor, event)


def deaf(supervisor: Supervisor, event: Event) -> Stepped:
    """Step *supervisor*, but for a gap while DEGRADED."""
    if isinstance(event, Gap) and supervisor.state is S.DEGRADED:
        return supervisor, ()
    return supervisors.step(supervisor, event)


def careless(supervisor: Supervisor, event: Event) -> Stepped:
    """Step *supervisor* as if every resume were about the latest halt."""
    if isinstance(event, Resumed):
        event = Resumed(supervisor.halts)
    return supervisors.step(supervisor, event)


def lax(supervisor: Supervisor, event: Event) -> Stepped:
    """Step *supervisor* as if FLATTEN were CANCEL."""
    if isinstance(event, StopRequested) and event.policy is StopPolicy.FLATTEN:
        event = StopRequested(StopPolicy.CANCEL)
    return supervisors.step(supervisor, event)


def _step(defect: str, property_id: str, name: str, step: Step) -> Mutant:
    """Return the mutant of the world called *name* that follows *step*."""
    return Mutant(defect, property_id, named(name, Gate(step=step)))


def _row(
    defect: str, property_id: str, name: str, *rows: tuple[State | Symbol | Action, ...]
) -> Mutant:
    """Return the mutant of the world *name* with *rows*: state, symbol, target and actions."""
    spec = SUPERVISOR
    for state, symbol, target, *emits in rows:
        spec = spec.redirected(
            State(state), Symbol(symbol), State(target), tuple(map(Action, emits))
        )
    return _step(defect, property_id, name, partial(supervisors.step, spec=spec))
