"""Defects of the mirror overlay: what hedging overlays do wrong, one at a time."""

from collections.abc import Callable
from functools import partial

from attrs import evolve

from machines import mirror as machine
from machines.mirror import Command, Decision, Event, MirrorSpec, Overlay, Place, Stopped
from machines.mirror_allocation import grows, mirrors
from machines.mirror_inputs import (
    Cycle,
    Market,
    base_exposure,
    cap_of,
    enters,
    lot_worth,
    max_positions,
)
from machines.mirror_ranking import least, of_market
from simulator.judge import Mutant
from simulator.worlds.mirror import DEEP, SCOPES, mirror_world
from simulator.worlds.mirror_moment import Run
from spec.mirror import MIRROR, Action, Reduce, State, Symbol
from spec.terms import PositionMode
from spec.units import MILLION

S, X, A = State, Symbol, Action
Sent = tuple[Overlay, tuple[int | Command, ...]]


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    unasked = MIRROR.redirected(S.STOPPED, X.UNDER, S.ACTIVE)
    dead_end = MIRROR.redirected(S.STOPPED, X.RESUME, S.STOPPED)
    unended = MIRROR.redirected(S.ACTIVE, X.INSIDE, S.ACTIVE, ())
    unnamed = MIRROR.redirected(S.LIMITED, X.SAME_LIMIT, S.ACTIVE)
    return (
        _mutant("the cap follows the exposure there is", "MIR-1.1", "cap", _deciding(uncapped)),
        _mutant("orders do not wait for cancels", "MIR-1.1", "prices", hasty),
        _mutant("one mirror more is opened", "MIR-1.2", "count", _deciding(crowded)),
        _mutant("every symbol counts as approved", "MIR-1.3", "hedge", _deciding(unasked_for)),
        _mutant("a one-way account counts as two-way", "MIR-1.3", "occupied", _deciding(two_way)),
        _mutant("there is no band", "MIR-2", "base", _deciding(narrow)),
        _mutant("orders go on inside the band", "MIR-2", "base", _stepping(unended)),
        _mutant("limits are not reported", "MIR-3.1", "cap", _stepping(_silenced())),
        _mutant("a mirror without room stops the others", "MIR-3.1", "starved", _deciding(starved)),
        _mutant("the last mirror is closed whole", "MIR-3.2", "base", _deciding(whole)),
        _mutant("mirrors are left to themselves", "MIR-3.3", "left", _deciding(orphaned)),
        _mutant("a mirror without room stops the others", "MIR-3.4", "starved",
                _deciding(named_starved)),
        _mutant("an error ends the whole cycle", "MIR-4", "left", aborted),
        _mutant("the base waits while nothing is wanted", "MIR-4", "cap", idle),
        _mutant("orders come as symbols are listed", "MIR-5", "base", _deciding(as_listed)),
        _mutant("the last mirror is closed whole", "MIR-6.1", "base", _deciding(whole)),
        _mutant("limits are not reported", "MIR-6.2", "cap", _stepping(_silenced())),
        _mutant("nobody ends a stop", "MIR-6.3", "left", _stepping(dead_end)),
        _mutant("nothing is canceled", "MIR-6.4", "base", stubborn),
        _mutant("an error is passed over", "MIR-7.1", "left", _stepping(_swallowed())),
        _mutant("a good cycle ends a stop", "MIR-7.2", "left", _stepping(unasked)),
        _mutant("a limit is forgotten once it was reported", "MIR-8", "cap", _stepping(unnamed)),
    )  # fmt: skip


def uncapped(cycle: Cycle) -> Decision:
    """Decide with caps that follow from the base's exposure, not from its limit."""
    base = evolve(cycle.base, balance=max(base_exposure(cycle), 1), exposure_limit_ppm=MILLION)
    return machine.decide(evolve(cycle, base=base))


def crowded(cycle: Cycle) -> Decision:
    """Decide as if one mirror more were allowed, at the same cap."""
    most = max_positions(cycle)
    settings = evolve(cycle.settings, max_n_positions=most + 1)
    base = evolve(cycle.base, balance=cycle.base.balance * (most + 1) // most)
    return machine.decide(evolve(cycle, settings=settings, base=base))


def unasked_for(cycle: Cycle) -> Decision:
    """Decide as if every symbol were approved."""
    return machine.decide(_with(cycle, lambda market: evolve(market, approved=True)))


def two_way(cycle: Cycle) -> Decision:
    """Decide as if the account held both sides of a symbol."""
    return machine.decide(evolve(cycle, position_mode=PositionMode.HEDGE))


def narrow(cycle: Cycle) -> Decision:
    """Decide without a tolerance."""
    return machine.decide(evolve(cycle, settings=evolve(cycle.settings, tolerance_ppm=0)))


def whole(cycle: Cycle) -> Decision:
    """Decide to close every mirror whole until the hedge is at most the band's upper edge."""
    return machine.decide(evolve(cycle, settings=evolve(cycle.settings, reduce=Reduce.FULL)))


def orphaned(cycle: Cycle) -> Decision:
    """Decide nothing once the overlay is not wanted."""
    found = machine.decide(cycle)
    off = found.symbol is X.LEFT
    return Decision(symbol=X.NOTHING_LEFT) if off else found


def starved(cycle: Cycle) -> Decision:
    """Decide, but add nothing once the mirror furthest under water has no room."""
    found = machine.decide(cycle)
    blocked = found.symbol is X.UNDER and _first_is_full(cycle)
    return evolve(found, orders=()) if blocked else found


def named_starved(cycle: Cycle) -> Decision:
    """Decide as `starved`, and call it a limit."""
    found = machine.decide(cycle)
    blocked = found.symbol is X.UNDER and _first_is_full(cycle)
    return evolve(found, symbol=X.LIMIT, orders=()) if blocked else found


def _first_is_full(cycle: Cycle) -> bool:
    """Return whether the mirror furthest under water has no room for the smallest order."""
    side, cap = enters(cycle.settings.mode), cap_of(cycle)
    held = [market for market in mirrors(cycle) if grows(cycle, market)]
    ranked = sorted(held, key=lambda market: (-of_market(market, side), market.symbol))
    first = ranked[0] if ranked else None
    if first is None:
        return False
    return cap - first.mirror_qty * lot_worth(first) < least(first, side)[1]


def as_listed(cycle: Cycle) -> Decision:
    """Decide, and name the orders in the order in which symbols are listed."""
    found, names = machine.decide(cycle), [market.symbol for market in cycle.markets]
    return evolve(
        found, orders=tuple(sorted(found.orders, key=lambda order: names.index(order.symbol)))
    )


def hasty(overlay: Overlay, event: Event, base: tuple[int, ...]) -> Sent:
    """Run, and place what is missing before what is unwanted has gone."""
    after, sent = machine.run(overlay, event, base)
    if not isinstance(event, Cycle) or after.state is not State.ACTIVE:
        return after, sent
    now = {machine.same_order(order) for order in machine.working(event)}
    more = (Place(order) for order in machine.decide(event).orders)
    missing = (each for each in more if machine.same_order(each.order) not in now)
    return after, (*sent, *(each for each in missing if each not in sent))


def stubborn(overlay: Overlay, event: Event, base: tuple[int, ...]) -> Sent:
    """Run, and cancel nothing."""
    after, sent = machine.run(overlay, event, base)
    return after, tuple(each for each in sent if isinstance(each, int | Place | Stopped))


def aborted(overlay: Overlay, event: Event, base: tuple[int, ...]) -> Sent:
    """Run, and let nothing of the base leave with an error."""
    after, sent = machine.run(overlay, event, base)
    failed = any(isinstance(each, Stopped) for each in sent)
    return after, tuple(each for each in sent if not (failed and isinstance(each, int)))


def idle(overlay: Overlay, event: Event, base: tuple[int, ...]) -> Sent:
    """Run, and let nothing of the base leave while the overlay is off."""
    after, sent = machine.run(overlay, event, base)
    off = after.state in (State.OFF, State.UNWINDING)
    return after, tuple(each for each in sent if not (off and isinstance(each, int)))


def _with(cycle: Cycle, change: Callable[[Market], Market]) -> Cycle:
    """Return *cycle* with each market changed."""
    return evolve(cycle, markets=tuple(map(change, cycle.markets)))


def _silenced() -> MirrorSpec:
    """Return the table in which a limit is nothing to report."""
    spec = MIRROR
    for state in (S.OFF, S.ACTIVE, S.UNWINDING):
        spec = spec.redirected(state, X.LIMIT, S.ACTIVE, (A.WITHDRAW,))
    return spec


def _swallowed() -> MirrorSpec:
    """Return the table in which an error only costs a cycle."""
    spec = MIRROR
    for state in (S.OFF, S.ACTIVE, S.LIMITED, S.UNWINDING):
        spec = spec.redirected(state, X.FAULT, state, ())
    return spec


def _deciding(decide: Callable[[Cycle], Decision]) -> Run:
    """Return the run that decides otherwise."""
    return partial(machine.run, step=partial(machine.step, decide=decide))


def _stepping(spec: MirrorSpec) -> Run:
    """Return the run by another table."""
    return partial(machine.run, step=partial(machine.step, spec=spec))


def _mutant(defect: str, property_id: str, name: str, run: Run) -> Mutant:
    """Return the mutant of the world called *name* that does *run*."""
    world = f"mirror-{name}"
    scope, possible = {**SCOPES, **DEEP}[world]
    return Mutant(defect, property_id, mirror_world(world, scope, possible, run))
