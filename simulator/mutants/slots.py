"""Defects of slots: how a bot comes to hold more positions than it has slots."""

from functools import partial

from attrs import evolve

from machines import slots as machine
from machines.slots import Event, ModeSet, Ranked, Score, Slots, allows
from simulator.judge import Mutant
from simulator.worlds.slots import Gate, Rules, Step, named
from spec.slots import SLOTS, Action, Mode, Purpose, State, Symbol

S, X, A = State, Symbol, Action
Stepped = tuple[Slots, tuple[tuple[int, Action], ...]]
FAR = 1_000


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    swaps = (S.READY, X.BUSY, S.OUT, A.CANCEL)
    return (
        _row("a slot passes on with the cancel", "FOR-1", "swap", swaps),
        _row("a restart forgets orders", "FOR-1", "crash", (S.OUT, X.FOUND, S.OUT)),
        _row("a slot passes on with the cancel", "FOR-2", "swap", swaps),
        _row("a position opened by hand has no slot", "FOR-2", "by-hand", (S.OUT, X.OPENED, S.OUT)),
        _row("a fill after the cancel is not seen", "FOR-3", "swap",
             (S.LEAVING, X.OPENED, S.LEAVING)),
        _step("positions take no slots", "FOR-1", "swap", crowded),
        _step("of equals the last is first", "FOR-4.1", "three", last),
        _step("the least wanted is first", "FOR-4.1", "swap", least),
        _step("hysteresis is forgotten", "FOR-4.2", "hysteresis", forgetful),
        _row("what is chosen again is canceled", "FOR-4.3", "swap",
             (S.LEAVING, X.CHOSEN, S.LEAVING, A.CANCEL)),
        _row("nobody is canceled", "FOR-5", "swap", (S.READY, X.BUSY, S.READY)),
        _row("a slot is never freed", "FOR-5", "swap", (S.LEAVING, X.FREE, S.LEAVING)),
        _gate("every mode enters", "FOR-6.1", "crash", eager),
        _step("MANUAL is a graceful stop", "FOR-6.2", "manual", unhanded),
        _row("a graceful stop cancels nothing", "FOR-6.3", "stop", (S.READY, X.BUSY, S.READY)),
        _gate("PANIC closes nothing", "FOR-6.4", "panic", frozen_gate),
        _row("MANUAL gives a slot away", "FOR-7", "manual", (S.READY, X.HANDS_OFF, S.OUT)),
        _row("a fill after the cancel is not seen", "FOR-7", "swap",
             (S.LEAVING, X.OPENED, S.LEAVING)),
        _row("nobody is canceled", "FOR-8.1", "swap", (S.READY, X.BUSY, S.READY)),
        _row("nobody is canceled", "FOR-8.2", "swap", (S.READY, X.BUSY, S.READY)),
        _row("a slot is never freed", "FOR-8.3", "swap",
             (S.LEAVING, X.FREE, S.LEAVING), (S.READY, X.FREE, S.READY)),
        _row("a position opened by hand has no slot", "FOR-8.4", "by-hand",
             (S.OUT, X.OPENED, S.OUT)),
        _step("hysteresis is forgotten", "FOR-8.5", "hysteresis", forgetful),
    )  # fmt: skip


def crowded(slots: Slots, event: Event) -> Stepped:
    """Step *slots* as if there were a slot more for each position."""
    if not isinstance(event, Ranked):
        return machine.step(slots, event)
    held = sum(seat.state is S.HELD for seat in slots.seats)
    after, emits = machine.step(evolve(slots, count=slots.count + held), event)
    return evolve(after, count=slots.count), emits


def last(slots: Slots, event: Event) -> Stepped:
    """Step *slots* as if of equals the last were wanted most."""
    if isinstance(event, Ranked):
        event = Ranked(
            tuple(Score(each.symbol, FAR * each.score + each.symbol) for each in event.scores)
        )
        after, emits = machine.step(evolve(slots, hysteresis=FAR * slots.hysteresis), event)
        return evolve(after, hysteresis=slots.hysteresis), emits
    return machine.step(slots, event)


def least(slots: Slots, event: Event) -> Stepped:
    """Step *slots* as if less were wanted more."""
    if isinstance(event, Ranked):
        event = Ranked(tuple(Score(each.symbol, -each.score) for each in event.scores))
    return machine.step(slots, event)


def forgetful(slots: Slots, event: Event) -> Stepped:
    """Step *slots* without hysteresis."""
    after, emits = machine.step(evolve(slots, hysteresis=0), event)
    return evolve(after, hysteresis=slots.hysteresis), emits


def unhanded(slots: Slots, event: Event) -> Stepped:
    """Step *slots* as if MANUAL were GRACEFUL_STOP."""
    if isinstance(event, ModeSet) and event.mode is Mode.MANUAL:
        event = ModeSet(event.symbol, Mode.GRACEFUL_STOP)
    return machine.step(slots, event)


def eager(slots: Slots, symbol: int, purpose: Purpose) -> bool:
    """Return whether something of *symbol* may leave, entries always."""
    return purpose is Purpose.ENTER or allows(slots, symbol, purpose)


def frozen_gate(slots: Slots, symbol: int, purpose: Purpose) -> bool:
    """Return whether something of *symbol* may leave, in PANIC nothing."""
    return slots.seats[symbol].mode is not Mode.PANIC and allows(slots, symbol, purpose)


def _rules(defect: str, property_id: str, name: str, rules: Rules) -> Mutant:
    """Return the mutant of the world slots-*name* that follows *rules*."""
    return Mutant(defect, property_id, named(f"slots-{name}", rules))


def _gate(defect: str, property_id: str, name: str, gate: Gate) -> Mutant:
    """Return the mutant of the world slots-*name* that passes *gate*."""
    return _rules(defect, property_id, name, Rules(allows=gate))


def _step(defect: str, property_id: str, name: str, step: Step) -> Mutant:
    """Return the mutant of the world slots-*name* that follows *step*."""
    return _rules(defect, property_id, name, Rules(step=step))


def _row(
    defect: str, property_id: str, name: str, *rows: tuple[State | Symbol | Action, ...]
) -> Mutant:
    """Return the mutant of that world with *rows*: state, symbol, target and actions."""
    spec = SLOTS
    for state, symbol, target, *emits in rows:
        spec = spec.redirected(
            State(state), Symbol(symbol), State(target), tuple(map(Action, emits))
        )
    return _step(defect, property_id, name, partial(machine.step, spec=spec))
