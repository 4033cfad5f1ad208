"""Defects of trailing orders: extremes that are not those since the fill, orders that stay."""

from functools import partial

from attrs import evolve

from machines import trailing as machine
from machines.trailing import Bar, Event, Filled, Trailing, order_ticks
from simulator.judge import Mutant
from simulator.worlds.trailing import Rules, Step, named
from spec.trailing import TRAILING, Action, State, Symbol

S, X, A = State, Symbol, Action
Stepped = tuple[Trailing, tuple[Action, ...]]
STUCK = (S.FIRED, X.REACHED, S.FIRED)
KNOWN = (S.IDLE, S.TRACKING, S.FIRED)
UNFIRED = (S.FIRED, X.REACHED, S.TRACKING)


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    return (
        _step("the way back starts at the far end of the bar", "TRL-1.1", "bars", hasty),
        _step("extremes outlive a fill", "TRL-1.1", "late", lasting),
        _rules("every order goes to the touch", "TRL-1.2", "levels", Rules(price=touch)),
        _row("without levels any bar fires", "TRL-1.3", "off",
             (S.IDLE, X.UNREACHED, S.FIRED, A.PLACE)),
        _step("extremes outlive a fill", "TRL-2", "buy", lasting),
        _step("the bar of the fill counts", "TRL-2", "late", early),
        _step("a missing bar is not missed", "TRL-2", "gap", blind),
        _row("a late fill starts anew", "TRL-2", "late", (S.TRACKING, X.FILLED_LATE, S.IDLE)),
        _row("without an answer there were no bars", "TRL-2", "fails",
             (S.REBUILDING, X.FAILED, S.IDLE)),
        _row("what has fired stays fired", "TRL-3", "buy", STUCK),
        _rules("a cancel is not waited for", "TRL-4", "buy", Rules(waits=False)),
        _row("a new extreme does not withdraw", "TRL-5", "buy", UNFIRED),
        _row("a part leaves the rest open", "TRL-5", "sell", (S.FIRED, X.FILLED, S.IDLE)),
        _row("an answer that misses a bar is the last", "TRL-6", "crash",
             (S.REBUILDING, X.INCOMPLETE, S.REBUILDING)),
        _row("a failed answer is the last", "TRL-6", "fails",
             (S.REBUILDING, X.FAILED, S.REBUILDING, A.ALERT)),
        _row("what has fired stays fired", "TRL-7.1", "buy", STUCK),
        _row("a new extreme does not withdraw", "TRL-7.2", "buy", UNFIRED),
        _row("a late fill starts anew", "TRL-7.3", "late",
             *((state, X.FILLED_LATE, S.IDLE) for state in KNOWN)),
        _row("a rebuilt order is canceled first", "TRL-7.4", "crash",
             (S.REBUILDING, X.RETRACED, S.IDLE, A.WITHDRAW)),
        _row("nothing follows a fill", "TRL-7.5", "buy",
             *((state, X.FILLED, S.REBUILDING) for state in KNOWN),
             *((state, X.FILLED_LATE, S.REBUILDING) for state in KNOWN)),
    )  # fmt: skip


def hasty(trailing: Trailing, event: Event) -> Stepped:
    """Step *trailing* as if each bar closed at its high."""
    if isinstance(event, Bar):
        event = evolve(event, close=event.high)
    return machine.step(trailing, event)


def lasting(trailing: Trailing, event: Event) -> Stepped:
    """Step *trailing*, but keep its extremes over a fill."""
    after, emits = machine.step(trailing, event)
    if isinstance(event, Filled) and after.state is S.IDLE:
        after = evolve(
            after, extreme_ticks=trailing.extreme_ticks, retraced_ticks=trailing.retraced_ticks
        )
    return after, emits


def early(trailing: Trailing, event: Event) -> Stepped:
    """Step *trailing* as if each fill were in the bar before."""
    if isinstance(event, Filled):
        event = Filled(event.moment - 1)
    return machine.step(trailing, event)


def blind(trailing: Trailing, event: Event) -> Stepped:
    """Step *trailing* as if each bar followed the last."""
    if isinstance(event, Bar) and event.moment > trailing.moment:
        trailing = evolve(trailing, moment=event.moment - 1)
    return machine.step(trailing, event)


def touch(trailing: Trailing, touch_ticks: int) -> int:
    """Return the price of the order, the touch whatever the levels."""
    return touch_ticks if order_ticks(trailing, touch_ticks) else 0


def _rules(defect: str, property_id: str, name: str, rules: Rules) -> Mutant:
    """Return the mutant of the world trailing-*name* that follows *rules*."""
    return Mutant(defect, property_id, named(f"trailing-{name}", rules))


def _step(defect: str, property_id: str, name: str, step: Step) -> Mutant:
    """Return the mutant of the world trailing-*name* that follows *step*."""
    return _rules(defect, property_id, name, Rules(step=step))


def _row(
    defect: str, property_id: str, name: str, *rows: tuple[State | Symbol | Action, ...]
) -> Mutant:
    """Return the mutant of that world with *rows*: state, symbol, target and actions."""
    spec = TRAILING
    for state, symbol, target, *emits in rows:
        spec = spec.redirected(
            State(state), Symbol(symbol), State(target), tuple(map(Action, emits))
        )
    return _step(defect, property_id, name, partial(machine.step, spec=spec))
