"""A mirror overlay and one collision machine a symbol: how an account with mirrors moves.

Nothing is decided here: `machines.mirror` says what to open and to close, `machines.collision` who
may use a symbol, and each is told what it has to know of the other.  A bot

    calls `cycle` once a cycle: the base knows what it wants, and has handed over nothing of it;
    hands over what the outcome asks for, and the base's entries but the gated first ones;
    calls `known` for a symbol when a report has changed what base or mirror have there;
    calls `told` when a cycle has no inputs, and when a person resumes a stopped overlay.

Everything is pure and total, and no answer depends on the order in which symbols are listed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from attrs import evolve, field, frozen

from machines import collision as collisions
from machines import mirror
from machines.collision import BaseHolds, Collision, Cycled, Event, Holding, MirrorHolds
from machines.mirror import Cancel, Decision, Failed, Overlay, Place, Resumed
from machines.mirror_allocation import open_mirrors
from machines.mirror_inputs import (
    Base,
    Cycle,
    Market,
    Order,
    Settings,
    enters,
    leaves,
    leg,
    max_positions,
    price,
)
from machines.mirror_ranking import closed_to
from machines.pricing.kinds import Kind
from spec.collision import Action, State, User
from spec.mirror import Limit, Reason
from spec.mirror import State as OverlayState
from spec.terms import PositionMode

PATIENCE = 2  # closes that are tried at the touch
KINDS: Mapping[Reason, Kind] = MappingProxyType(
    {
        Reason.OPEN: Kind.MIRROR_OPEN,
        Reason.ADD: Kind.MIRROR_ADD,
        Reason.REDUCE: Kind.MIRROR_REDUCE,
        Reason.CLOSE: Kind.MIRROR_CLOSE,
        Reason.UNWIND: Kind.MIRROR_UNWIND,
    }
)  # of a `Place`; a `Close` is a `Kind.MIRROR_COLLISION`


@frozen(kw_only=True, cache_hash=True)
class Mirrors:
    """The machines of one account: the *overlay*, and by name those of the symbols seen so far.

    *settings*, *position_mode* and *patience*, how many closes at the touch are tried before one
    crosses the spread, are what a person chooses.
    """

    settings: Settings
    position_mode: PositionMode = PositionMode.HEDGE
    patience: int = PATIENCE
    overlay: Overlay = field(default=Overlay())
    collisions: tuple[tuple[str, Collision], ...] = ()


@frozen(kw_only=True, cache_hash=True)
class Scene:
    """One symbol at one moment.

    *market*: prices, averages, positions, and the entries that the base wants to have working, with
    or without a hand-over; its `openable`, `closing` and `working` are found by the machines.
    *wants*: a first entry is among them.  *base_opening* lots may still be opened by entries of the
    base that were handed over and are not final.  *orders* are the overlay's that are not final,
    closes for the base included, each with the lots that are left of it.
    """

    market: Market
    wants: bool = False
    base_opening: int = 0
    orders: tuple[Order, ...] = ()


@frozen(kw_only=True, cache_hash=True)
class Moment:
    """Everything that a cycle is told; a symbol that cannot be traded at all is left out."""

    base: Base
    scenes: tuple[Scene, ...]


@frozen
class Close:
    """Submit *order*: the base wants the symbol; as a market order if it *crosses*."""

    order: Order
    crosses: bool


@frozen
class Alerted:
    """Call a person: base and mirror both have something of *symbol*, on a one-way account."""

    symbol: str


Command = mirror.Command | Close | Alerted
Commands = tuple[Command, ...]


@frozen(kw_only=True, cache_hash=True)
class Outcome:
    """What a cycle came to.

    *commands* come in the order in which they are to leave; a `Cancel` may be asked for again while
    one is under way.  First entries of the base on *gated* symbols have to wait.  *ema_blocked* are
    the symbols that only the EMA gate keeps closed to a mirror while one is missing.
    """

    state: OverlayState
    balance: int
    decision: Decision
    commands: Commands = ()
    gated: tuple[str, ...] = ()
    ema_blocked: tuple[str, ...] = ()


def well_formed(mirrors: Mirrors) -> bool:
    """Return whether *mirrors* makes sense: each machine does, and each symbol has one."""
    names = [name for name, _ in mirrors.collisions]
    sound = all(collisions.well_formed(each) for _, each in mirrors.collisions)
    return sound and mirror.well_formed(mirrors.overlay) and names == sorted(set(names))


def collision_of(mirrors: Mirrors, symbol: str) -> Collision:
    """Return the collision machine of *symbol*, a new one where it was not seen yet.

    >>> collision_of(Mirrors(settings=Settings()), "X").state
    <State.GATED: 4>
    """
    fresh = Collision(
        hedge_mode=mirrors.position_mode is PositionMode.HEDGE, patience=mirrors.patience
    )
    return dict(mirrors.collisions).get(symbol, fresh)


def admits(mirrors: Mirrors, symbol: str, user: User) -> bool:
    """Return whether *user* may hand over an order that opens *symbol*.

    >>> admits(Mirrors(settings=Settings(), position_mode=PositionMode.ONE_WAY), "X", User.BASE)
    False
    """
    return collisions.admits(collision_of(mirrors, symbol), user)


def restless(mirrors: Mirrors) -> bool:
    """Return whether a symbol waits for the next cycle, whatever that brings."""
    return any(each.state in {State.CLOSING, State.GATED} for _, each in mirrors.collisions)


def known(mirrors: Mirrors, scene: Scene) -> tuple[Mirrors, Commands]:
    """Return *mirrors* once it is known what base and mirror have in the symbol of *scene*."""
    name, machine = _name(scene), collision_of(mirrors, _name(scene))
    machine, commands = _stepped(mirrors, machine, scene, _news(machine, scene))
    return _with(mirrors, {name: machine}), commands


def cycle(mirrors: Mirrors, moment: Moment) -> tuple[Mirrors, Outcome]:
    """Return *mirrors* after the cycle of *moment*, and what that came to."""
    commands: Commands = ()
    machines: dict[str, Collision] = {}
    for scene in sorted(moment.scenes, key=_name):
        machine = collision_of(mirrors, _name(scene))
        events = (*_news(machine, scene), Cycled(scene.wants))
        machines[_name(scene)], asked = _stepped(mirrors, machine, scene, events)
        commands += asked
    mirrors = _with(mirrors, machines)
    inputs = cycle_of(mirrors, moment)
    decision = mirror.weighed(inputs)
    overlay, more = mirror.step(mirrors.overlay, inputs, decide=lambda _: decision)
    after = _handed_over(evolve(mirrors, overlay=overlay), moment, more)
    return after, Outcome(
        state=overlay.state,
        balance=moment.base.balance,
        decision=decision,
        commands=tuple(dict.fromkeys(commands + more)),
        gated=gated(mirrors, moment.scenes),
        ema_blocked=_ema_blocked(inputs, decision),
    )


def told(mirrors: Mirrors, event: Failed | Resumed) -> tuple[Mirrors, Commands]:
    """Return *mirrors* after *event*; who may use which symbol stays as it is."""
    overlay, commands = mirror.step(mirrors.overlay, event)
    return evolve(mirrors, overlay=overlay), commands


def gated(mirrors: Mirrors, scenes: tuple[Scene, ...]) -> tuple[str, ...]:
    """Return the symbols of *scenes* that the base wants and must not enter, by name."""
    wanted = (_name(scene) for scene in scenes if scene.wants)
    return tuple(sorted(name for name in wanted if not admits(mirrors, name, User.BASE)))


def cycle_of(mirrors: Mirrors, moment: Moment) -> Cycle:
    """Return what the overlay is told of *moment*, now that each symbol has its user."""
    return Cycle(
        settings=mirrors.settings,
        base=moment.base,
        position_mode=mirrors.position_mode,
        markets=tuple(_market(mirrors, scene) for scene in moment.scenes),
    )


def _name(scene: Scene) -> str:
    """Return the symbol of *scene*."""
    return scene.market.symbol


def _news(machine: Collision, scene: Scene) -> tuple[Event, ...]:
    """Return what *machine* does not know yet of base and mirror."""
    market, news = scene.market, list[Event]()
    opening = sum(order.qty for order in scene.orders if not order.reduce_only)
    closing = sum(order.qty for order in scene.orders if order.reduce_only)
    base = Holding(lots=market.base_qty, opening=scene.base_opening)
    mirrored = Holding(lots=market.mirror_qty, opening=opening, closing=closing)
    if base != machine.base:
        news.append(BaseHolds(base.lots, base.opening))
    if mirrored != machine.mirror:
        news.append(MirrorHolds(mirrored.lots, mirrored.opening, mirrored.closing))
    return tuple(news)


def _stepped(
    mirrors: Mirrors, machine: Collision, scene: Scene, events: tuple[Event, ...]
) -> tuple[Collision, Commands]:
    """Return the *machine* of a symbol after *events*, and what it asks for."""
    found: Commands = ()
    for event in events:
        machine, emits = collisions.step(machine, event)
        for action in emits:
            found += _asked(mirrors, scene, action)
    return machine, found


def _with(mirrors: Mirrors, machines: Mapping[str, Collision]) -> Mirrors:
    """Return *mirrors* with *machines* as those of their symbols."""
    found = {**dict(mirrors.collisions), **machines}
    return evolve(mirrors, collisions=tuple(sorted(found.items(), key=lambda pair: pair[0])))


def _asked(mirrors: Mirrors, scene: Scene, action: Action) -> Commands:
    """Return what *action* asks for; a cancel names only what was out before."""
    match action:
        case Action.CANCEL:
            return tuple(Cancel(order) for order in scene.orders)
        case Action.CLOSE | Action.CROSS:
            crosses = action is Action.CROSS
            return (Close(_close(mirrors, scene.market, crosses=crosses), crosses),)
        case Action.ALERT:
            return (Alerted(_name(scene)),)
    assert_never(action)


def _close(mirrors: Mirrors, market: Market, *, crosses: bool) -> Order:
    """Return the order that closes the mirror of *market*, at the touch or through the spread."""
    mode = mirrors.settings.mode
    out = leaves(mode)
    return Order(
        symbol=market.symbol,
        side=out,
        qty=min(market.mirror_qty, market.instrument.max_qty),
        price_ticks=price(market, enters(mode) if crosses else out),
        position_side=leg(mode, mirrors.position_mode),
        reduce_only=True,
        reason=Reason.CLOSE,
    )


def _market(mirrors: Mirrors, scene: Scene) -> Market:
    """Return what the overlay is told of *scene*.

    What is closed for the base works on without it.  An order that was to open the mirror counts
    until it has ended: the overlay places nothing before.
    """
    machine = collision_of(mirrors, _name(scene))
    closing = machine.state is State.CLOSING
    waits = scene.wants and not collisions.admits(machine, User.BASE)
    openers = tuple(order for order in scene.orders if not order.reduce_only)
    others = () if closing else scene.orders
    return evolve(
        scene.market,
        openable=collisions.admits(machine, User.MIRROR),
        closing=closing,
        base_entries=() if waits else scene.market.base_entries,
        working=next(iter(openers + others), None),
    )


def _handed_over(mirrors: Mirrors, moment: Moment, commands: Commands) -> Mirrors:
    """Return *mirrors* once each symbol knows what the overlay has just placed there."""
    scenes = {_name(scene): scene for scene in moment.scenes}
    for command in commands:
        if isinstance(command, Place):
            scene = scenes[command.order.symbol]
            mirrors, _ = known(mirrors, evolve(scene, orders=(*scene.orders, command.order)))
    return mirrors


def _ema_blocked(inputs: Cycle, decision: Decision) -> tuple[str, ...]:
    """Return the symbols that the EMA gate keeps closed while mirrors are missing."""
    if decision.fault or decision.hedge >= decision.target - decision.band:
        return ()
    if open_mirrors(inputs) >= max_positions(inputs):
        return ()
    flat = (market for market in inputs.markets if market.mirror_qty == 0)
    return tuple(sorted(m.symbol for m in flat if closed_to(inputs, m) is Limit.EMA_GATE))
