"""The mirror overlay's machine: `step` is the only way it changes, `decide` is all that it weighs.

A decision is a pure function of one cycle's inputs.  The overlay compares positions with its target
only while nothing of its own is under way that it does not want: first such orders are canceled,
and what is missing is placed by a later cycle, which knows what they filled.

This is not `machines.mirroring`, which keeps a source market's volume open on another venue.
"""

from collections.abc import Callable
from typing import TypeVar, assert_never

from attrs import frozen

from machines.mirror_allocation import additions, blocks, limits, reductions
from machines.mirror_inputs import (
    Block,
    Cycle,
    Order,
    band_of,
    base_exposure,
    fault_of,
    hedge_exposure,
    left,
    target_of,
    wanted,
)
from spec.fsm import Spec
from spec.mirror import MIRROR, Action, Fault, Limit, State, Symbol

C = TypeVar("C")


@frozen(kw_only=True, cache_hash=True)
class Overlay:
    """What is remembered from cycle to cycle.

    *limits* are those reported last, *stops* counts the errors that have stopped the overlay,
    *fault* is the latest one and *where* the field or symbol that it is about.
    """

    state: State = MIRROR.initial
    limits: tuple[Limit, ...] = ()
    stops: int = 0
    fault: Fault = Fault.NONE
    where: str = ""


@frozen
class Failed:
    """There are no inputs for a cycle; *where* says what could not be had."""

    where: str


@frozen
class Resumed:
    """A person has looked at the error numbered *stop*."""

    stop: int


Event = Cycle | Failed | Resumed


@frozen(kw_only=True, cache_hash=True)
class Decision:
    """What a cycle comes to: exposures and the band in money units, and the orders that help.

    *blocks* say, symbol by symbol, why no order helps where none does.
    """

    symbol: Symbol
    base: int = 0
    hedge: int = 0
    target: int = 0
    band: int = 0
    orders: tuple[Order, ...] = ()
    blocks: tuple[Block, ...] = ()
    fault: Fault = Fault.NONE
    where: str = ""


@frozen
class Place:
    """Submit *order*."""

    order: Order


@frozen
class Cancel:
    """Cancel what is left of *order*."""

    order: Order


@frozen
class Withdraw:
    """Cancel every order of the overlay: there are no inputs that name them."""


@frozen
class Limited:
    """The hedge is outside the band, and *limits* leave nothing to order; *blocks* are details."""

    limits: tuple[Limit, ...]
    blocks: tuple[Block, ...]


@frozen
class Stopped:
    """Call a person: error number *stop*, *fault*, is about *where*."""

    stop: int
    fault: Fault
    where: str


Command = Place | Cancel | Withdraw | Limited | Stopped
MirrorSpec = Spec[State, Symbol, Action]
Decide = Callable[[Cycle], Decision]
Step = Callable[[Overlay, Event], tuple[Overlay, tuple[Command, ...]]]


def well_formed(overlay: Overlay) -> bool:
    """Return whether *overlay* makes sense: laws, explorer, simulator and adapters all ask."""
    limited = overlay.state is State.LIMITED
    stopped = overlay.state is State.STOPPED
    if (len(overlay.limits) > 0) != limited or overlay.stops < 0:
        return False
    return (overlay.fault is not Fault.NONE) == stopped


def decide(cycle: Cycle) -> Decision:
    """Return what *cycle* comes to.  Total: never raises."""
    fault, where = fault_of(cycle)
    if fault is not Fault.NONE:
        return Decision(symbol=Symbol.FAULT, fault=fault, where=where)
    base, hedge = base_exposure(cycle), hedge_exposure(cycle)
    target = target_of(cycle.settings, base)
    band = band_of(cycle.settings, target)
    inside, below = abs(hedge - target) <= band, hedge < target
    orders: tuple[Order, ...] = ()
    if not inside:
        orders = additions(cycle, target, band) if below else reductions(cycle, target, band)
    symbol = _symbol(cycle, below=below, done=inside, helped=bool(orders))
    return Decision(
        symbol=symbol,
        base=base,
        hedge=hedge,
        target=target,
        band=band,
        orders=orders,
        blocks=blocks(cycle, below=below) if symbol is Symbol.LIMIT else (),
    )


def _symbol(cycle: Cycle, *, below: bool, done: bool, helped: bool) -> Symbol:
    """Return where the hedge is: *done* is inside, *helped* outside with orders that help."""
    if not wanted(cycle.settings):
        if not left(cycle):
            return Symbol.NOTHING_LEFT
        return Symbol.LEFT if done or helped else Symbol.LIMIT
    if done:
        return Symbol.INSIDE
    if not helped:
        return Symbol.LIMIT
    return Symbol.UNDER if below else Symbol.OVER


def weighed(event: Event, decide: Decide = decide) -> Decision:
    """Return what *event* comes to by itself, whatever is remembered."""
    match event:
        case Cycle():
            return decide(event)
        case Failed():
            return Decision(symbol=Symbol.FAULT, fault=Fault.MISSING, where=event.where)
        case Resumed():
            return Decision(symbol=Symbol.RESUME)
    assert_never(event)


def classify(overlay: Overlay, event: Event, decision: Decision) -> Symbol:
    """Return what *event*, which comes to *decision*, amounts to for *overlay*."""
    if isinstance(event, Resumed):
        known = overlay.state is State.STOPPED and event.stop == overlay.stops
        return decision.symbol if known else Symbol.NO_NEWS
    told = decision.symbol is Symbol.LIMIT and limits(decision.blocks) == overlay.limits
    return Symbol.SAME_LIMIT if told else decision.symbol


def step(
    overlay: Overlay, event: Event, spec: MirrorSpec = MIRROR, decide: Decide = decide
) -> tuple[Overlay, tuple[Command, ...]]:
    """Return *overlay* after *event*, and what it asks for.  Total: never raises.

    >>> step(Overlay(), Failed("candles"))[1]
    (Withdraw(), Stopped(stop=1, fault=<Fault.MISSING: 9>, where='candles'))
    """
    decision = weighed(event, decide)
    state, emits = spec.take(overlay.state, classify(overlay, event, decision))
    after = _update(overlay, decision, state, emits)
    return after, _commands(after, event, decision, emits)


def _update(
    overlay: Overlay, decision: Decision, state: State, emits: tuple[Action, ...]
) -> Overlay:
    """Return *overlay* in *state*, with what is to be remembered of *decision*."""
    alert = Action.ALERT in emits
    named = limits(decision.blocks) if Action.REPORT in emits else overlay.limits
    fault, where = overlay.fault, overlay.where
    if alert:
        fault, where = decision.fault, decision.where
    stopped = state is State.STOPPED
    return Overlay(
        state=state,
        limits=named if state is State.LIMITED else (),
        stops=overlay.stops + alert,
        fault=fault if stopped else Fault.NONE,
        where=where if stopped else "",
    )


def _commands(
    overlay: Overlay, event: Event, decision: Decision, emits: tuple[Action, ...]
) -> tuple[Command, ...]:
    """Return what *emits* asks for, in order."""
    found: tuple[Command, ...] = ()
    if Action.ORDER in emits and isinstance(event, Cycle):
        found += brought(working(event), decision.orders)
    if Action.WITHDRAW in emits:
        found += brought(working(event), ()) if isinstance(event, Cycle) else (Withdraw(),)
    if Action.REPORT in emits:
        found += (Limited(overlay.limits, decision.blocks),)
    if Action.ALERT in emits:
        found += (Stopped(overlay.stops, overlay.fault, overlay.where),)
    return found


def working(cycle: Cycle) -> tuple[Order, ...]:
    """Return what is left of the overlay's orders, by the name of their symbol."""
    found = (market.working for market in cycle.markets if market.working is not None)
    return tuple(sorted(found, key=lambda order: order.symbol))


def brought(now: tuple[Order, ...], orders: tuple[Order, ...]) -> tuple[Place | Cancel, ...]:
    """Return what brings the orders that work *now* to *orders*: cancels alone, or places alone.

    Only once nothing unwanted is left is it known what positions the new orders add to.
    """
    same = tuple(map(same_order, orders))
    had = tuple(map(same_order, now))
    unwanted = tuple(Cancel(order) for order in now if same_order(order) not in same)
    missing = tuple(Place(order) for order in orders if same_order(order) not in had)
    return unwanted or missing


def same_order(order: Order) -> tuple[str, int, int, int]:
    """Return what makes two orders the same, whatever their reasons."""
    return order.symbol, order.side, order.qty, order.price_ticks


def run(
    overlay: Overlay, event: Event, base: tuple[C, ...], step: Step = step
) -> tuple[Overlay, tuple[C | Command, ...]]:
    """Return *overlay* after *event*, and all that leaves: what the *base* asks for, then its own.

    >>> run(Overlay(), Failed("candles"), ("the base's order",))[1][0]
    "the base's order"
    """
    after, commands = step(overlay, event)
    return after, (*base, *commands)
