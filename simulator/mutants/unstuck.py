"""Defects of unstucking: budgets spent twice, two orders at once, the wrong position."""

from collections.abc import Callable
from functools import partial

from attrs import evolve

from machines import unstuck as machine
from machines.unstuck import Candidate, Event, Surveyed, Unstuck, classify
from simulator.judge import Mutant
from simulator.worlds.unstuck import Rules, Step, named
from spec.unstuck import UNSTUCK, Action, State, Symbol

S, X, A = State, Symbol, Action
Stepped = tuple[Unstuck, tuple[Action, ...]]
PLENTY = 1_000


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    keeps = ((S.WORKING, X.OTHER_CALLED, S.WORKING), (S.WORKING, X.NONE_CALLED, S.WORKING))
    return (
        _step("an order does not wait for the one before", "UNS-1.1", "budget", impatient),
        _row("a restart forgets the order", "UNS-1.1", "crash", (S.WORKING, X.RESTARTED, S.IDLE)),
        _row("a restart forgets the order", "UNS-1.2", "crash", (S.WORKING, X.RESTARTED, S.IDLE)),
        _row("a cancel is taken for its confirmation", "UNS-1.2", "moves",
             (S.WORKING, X.OTHER_CALLED, S.IDLE, A.CANCEL)),
        _step("any budget is enough", "UNS-2.1", "budget", careless),
        _step("a budget is taken for that of now", "UNS-2.1", "budget", lagging),
        _step("a budget is taken for that of now", "UNS-2.2", "budget", lagging),
        _step("both sides have one budget", "UNS-2.1", "sides", pooled),
        _step("both sides have one budget", "UNS-2.2", "sides", pooled),
        _step("the farthest position is first", "UNS-3", "budget", farthest),
        _step("of equals the last is first", "UNS-3", "lots", last),
        _row("an order outlives its budget", "UNS-4", "shock", keeps[1]),
        _row("after a cancel nothing follows", "UNS-5", "moves",
             (S.CANCELING, X.CLOSED, S.CANCELING)),
        _row("an order stays where it is", "UNS-5", "moves", keeps[0]),
        _step("the size of the position does not matter", "UNS-6", "lots", boundless),
        _step("an open order leaves no budget", "UNS-7", "budget", fickle),
        _step("what a newer budget contains counts twice", "UNS-7", "budget", doubling),
        _row("a part ends a cancel", "UNS-9", "moves", (S.CANCELING, X.PART, S.WORKING)),
        _step("no order exceeds the budget", "UNS-8.1", "budget", strict),
        _row("nothing is ever canceled", "UNS-8.2", "loose", *keeps),
        _row("an order stays where it is", "UNS-8.3", "moves", keeps[0]),
        _row("a restart takes no order for its own", "UNS-8.4", "crash",
             (S.RESTORING, X.FOUND, S.RESTORING)),
    )  # fmt: skip


def impatient(unstuck: Unstuck, event: Event) -> Stepped:
    """Step *unstuck*, and send the order that is called for together with the cancel."""
    if classify(unstuck, event) is not X.OTHER_CALLED:
        return machine.step(unstuck, event)
    free = Unstuck(state=S.IDLE, order=unstuck.order, lost=unstuck.lost)
    after, emits = machine.step(free, event)
    return after, (A.CANCEL, *emits)


def surveying(change: Callable[[Unstuck, Surveyed, Candidate], Candidate]) -> Step:
    """Return the step of a machine to which each candidate looks as *change* has it."""

    def step(unstuck: Unstuck, event: Event) -> Stepped:
        if isinstance(event, Surveyed):
            event = evolve(
                event, candidates=tuple(change(unstuck, event, c) for c in event.candidates)
            )
        return machine.step(unstuck, event)

    return step


@surveying
def careless(unstuck: Unstuck, survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if a budget were without end."""
    within = candidate.budget + survey.lost > unstuck.lost
    return evolve(candidate, budget=PLENTY) if within else candidate


@surveying
def farthest(_unstuck: Unstuck, _survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if the farthest were the closest."""
    return evolve(candidate, distance=-candidate.distance)


@surveying
def last(_unstuck: Unstuck, _survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if of equals the last were the closest."""
    return evolve(candidate, distance=PLENTY * candidate.distance - candidate.position)


@surveying
def boundless(_unstuck: Unstuck, _survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if its position were large."""
    return evolve(candidate, size=PLENTY)


@surveying
def fickle(unstuck: Unstuck, _survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if an open order left nothing to lose."""
    return evolve(candidate, budget=0) if unstuck.state is S.WORKING else candidate


@surveying
def strict(unstuck: Unstuck, survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if a minimum order had to fit."""
    fits = candidate.budget + survey.lost - unstuck.lost >= candidate.loss
    return candidate if fits else evolve(candidate, size=0)


@surveying
def pooled(_unstuck: Unstuck, survey: Surveyed, candidate: Candidate) -> Candidate:
    """Return *candidate* as if both sides had one budget, the larger one."""
    return evolve(candidate, budget=max(each.budget for each in survey.candidates))


def lagging(unstuck: Unstuck, event: Event) -> Stepped:
    """Step *unstuck* as if each budget contained every loss."""
    if isinstance(event, Surveyed):
        event = evolve(event, lost=unstuck.lost)
    return machine.step(unstuck, event)


def doubling(unstuck: Unstuck, event: Event) -> Stepped:
    """Step *unstuck* as if no budget contained a loss that is not known yet."""
    if isinstance(event, Surveyed):
        event = evolve(event, lost=min(event.lost, unstuck.lost))
    return machine.step(unstuck, event)


def _step(defect: str, property_id: str, name: str, step: Step) -> Mutant:
    """Return the mutant of the world unstuck-*name* that follows *step*."""
    return Mutant(defect, property_id, named(f"unstuck-{name}", Rules(step=step)))


def _row(
    defect: str, property_id: str, name: str, *rows: tuple[State | Symbol | Action, ...]
) -> Mutant:
    """Return the mutant of that world with *rows*: state, symbol, target and actions."""
    spec = UNSTUCK
    for state, symbol, target, *emits in rows:
        spec = spec.redirected(
            State(state), Symbol(symbol), State(target), tuple(map(Action, emits))
        )
    return _step(defect, property_id, name, partial(machine.step, spec=spec))
