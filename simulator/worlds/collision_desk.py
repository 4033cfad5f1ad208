"""One symbol of the bot in the collision worlds: the machine, and a ledger beside it.

The ledger is what reports have told, order by order.  Claims are about the ledger and the venue:
they do not trust the machine.
"""

from collections.abc import Callable
from typing import NamedTuple

from machines import collision as machine
from machines.collision import BaseHolds, Collision, Cycled, Event, MirrorHolds
from simulator.worlds.collision_scene import Ask, Kind, Sends, Told
from spec.collision import Action, State, User

S = State
Step = Callable[[Collision, Event], tuple[Collision, tuple[Action, ...]]]
Admits = Callable[[Collision, User], bool]
MIRRORS = (Kind.OPEN, Kind.CLOSE)


class Gate(NamedTuple):
    """What decides: the machine's step, and its gate."""

    step: Step = machine.step
    admits: Admits = machine.admits


SOUND = Gate()


class Order(NamedTuple):
    """An order that is not final, as we know it; *asked*: its cancel is under way."""

    number: int
    qty: int
    cum_qty: int = 0
    asked: bool = False
    cross: bool = False


Orders = tuple[Order | None, ...]


class Desk(NamedTuple):
    """The machine and the ledger, both sides' lots by what is known.

    The rest is what claims are about.  *begun*: a cycle has, since the start.  *waits*: the mirror
    used the symbol when the latest cycle began, and the base wanted it; *closes*: and that goes on
    until the mirror has gone.
    """

    collision: Collision
    orders: Orders = (None, None, None)
    numbers: tuple[int, ...] = (0, 0, 0)
    mirror_lots: int = 0
    base_lots: int = 0
    begun: bool = False
    wants: bool = False
    waits: bool = False
    closes: bool = False
    gave_up: bool = False  # while the mirror was being closed
    rushed: bool = False  # the base entered too early
    intruded: bool = False  # a mirror was opened where the base comes first
    reopened: bool = False  # a mirror was opened while it was being closed
    gated: bool = False  # a base that holds the symbol was refused
    misled: bool = False  # the state is not what the ledger calls for
    alerted: bool = False
    unheard: bool = False  # both used the symbol, and nobody was alerted
    hindered: bool = False  # something was asked for, or refused, in hedge mode


def base_uses(desk: Desk) -> bool:
    """Return whether the base has anything here, by the ledger."""
    return desk.base_lots > 0 or desk.orders[Kind.ENTRY] is not None


def mirror_uses(desk: Desk) -> bool:
    """Return whether the mirror has anything here, by the ledger."""
    return desk.mirror_lots > 0 or any(desk.orders[kind] for kind in MIRRORS)


def told(gate: Gate, desk: Desk, symbol: int, event: Event) -> tuple[Desk, Sends]:
    """Step the machine of *desk* and do what it asks for."""
    collision, emits = gate.step(desk.collision, event)
    desk = desk._replace(
        collision=collision,
        alerted=desk.alerted or Action.ALERT in emits,
        misled=desk.misled or not machine.well_formed(collision),
    )
    sends: Sends = ()
    if Action.CANCEL in emits:
        for kind in MIRRORS:
            desk, sent = canceled(desk, symbol, kind)
            sends += sent
    if (Action.CLOSE in emits or Action.CROSS in emits) and desk.orders[Kind.CLOSE] is None:
        lots, cross = desk.mirror_lots, Action.CROSS in emits
        desk, sent = placed(desk, symbol, Kind.CLOSE, lots, cross=cross)
        sends += sent
    if collision.hedge_mode:
        free = all(gate.admits(collision, user) for user in User)
        desk = desk._replace(hindered=desk.hindered or bool(emits) or not free)
    return desk, sends


def canceled(desk: Desk, symbol: int, kind: Kind) -> tuple[Desk, Sends]:
    """Return *desk* once the cancel of its order of *kind* was asked for, once at a time."""
    order = desk.orders[kind]
    if order is None or order.asked:
        return desk, ()
    ask = Ask(symbol, kind, order.number)
    return with_order(desk, kind, order._replace(asked=True)), (("asks", ask),)


def placed(
    desk: Desk, symbol: int, kind: Kind, qty: int, *, cross: bool = False
) -> tuple[Desk, Sends]:
    """Return *desk* once an order of *kind* was handed over."""
    order = Order(desk.numbers[kind], qty, cross=cross)
    ask = Ask(symbol, kind, order.number, qty, cross)
    return with_order(desk, kind, order), (("asks", ask),)


def with_order(desk: Desk, kind: Kind, order: Order | None) -> Desk:
    """Return *desk* with *order* as the one of *kind*."""
    return desk._replace(orders=(*desk.orders[:kind], order, *desk.orders[kind + 1 :]))


def known(gate: Gate, desk: Desk, symbol: int) -> tuple[Desk, Sends]:
    """Tell the machine what both have, and note whether the state is what that calls for."""
    left = [0 if each is None else each.qty - each.cum_qty for each in desk.orders]
    base = BaseHolds(max(desk.base_lots, 0), left[Kind.ENTRY])
    mirror = MirrorHolds(max(desk.mirror_lots, 0), left[Kind.OPEN], left[Kind.CLOSE])
    desk, sends = told(gate, desk, symbol, base)
    desk, sent = told(gate, desk, symbol, mirror)
    there = mirror_uses(desk)
    waits = desk.waits and (there or not base_uses(desk))
    return judged(desk._replace(closes=desk.closes and there, waits=waits)), sends + sent


def judged(desk: Desk) -> Desk:
    """Note in *desk* whether its state is what the ledger calls for, by the words of the claim."""
    calls, both = S.FREE, base_uses(desk) and mirror_uses(desk)
    if desk.collision.hedge_mode:
        return desk._replace(misled=desk.misled or desk.collision.state is not calls)
    if both:
        calls = S.CLOSING
    elif base_uses(desk):
        calls = S.BASE
    elif not desk.begun:
        calls = S.GATED
    elif mirror_uses(desk):
        calls = S.CLOSING if desk.closes else S.MIRROR
    elif desk.wants:
        calls = S.GATED if desk.waits else S.RESERVED
    return desk._replace(
        misled=desk.misled or desk.collision.state is not calls,
        unheard=desk.unheard or (both and not desk.alerted),
    )


def cycled(gate: Gate, desk: Desk, symbol: int, *, wants: bool) -> tuple[Desk, Sends]:
    """Return *desk* as a cycle begins in which the base wants to enter, or not."""
    there = mirror_uses(desk)
    gives_up = desk.closes and desk.wants and not wants
    desk = desk._replace(
        begun=True,
        wants=wants,
        waits=there and wants,
        closes=there and (desk.closes or wants),
        gave_up=not wants and (desk.gave_up or gives_up),
    )
    desk, sends = told(gate, desk, symbol, Cycled(wants))
    desk = judged(desk)
    if not wants and desk.base_lots <= 0:
        desk, sent = canceled(desk, symbol, Kind.ENTRY)
        sends += sent
    return desk, sends


def entered(gate: Gate, desk: Desk, symbol: int) -> tuple[Desk, Sends]:
    """Return *desk* once the base has handed over an entry."""
    first = desk.base_lots <= 0
    desk = desk._replace(rushed=desk.rushed or (first and desk.waits))
    desk, sends = placed(desk, symbol, Kind.ENTRY, 1)
    desk, sent = known(gate, desk, symbol)
    return desk, sends + sent


def opened(gate: Gate, desk: Desk, symbol: int, lots: int) -> tuple[Desk, Sends]:
    """Return *desk* once the overlay has handed over an order that opens."""
    desk = desk._replace(
        intruded=desk.intruded or desk.wants or base_uses(desk),
        reopened=desk.reopened or desk.closes,
        gave_up=False,
    )
    desk, sends = placed(desk, symbol, Kind.OPEN, lots)
    desk, sent = known(gate, desk, symbol)
    return desk, sends + sent


def trespassed(gate: Gate, desk: Desk, symbol: int) -> tuple[Desk, Sends]:
    """Return *desk* once a mirror was opened that did not ask."""
    desk, sends = placed(desk, symbol, Kind.OPEN, 1)
    desk = desk._replace(closes=True, waits=desk.wants)
    desk, sent = known(gate, desk, symbol)
    return desk, sends + sent


def reduced(gate: Gate, desk: Desk, symbol: int) -> tuple[Desk, Sends]:
    """Return *desk* once the overlay closes a lot by itself."""
    desk, sends = placed(desk, symbol, Kind.CLOSE, 1)
    desk, sent = known(gate, desk, symbol)
    return desk, sends + sent


def reported(gate: Gate, desk: Desk, report: Told, *, numbered: bool) -> tuple[Desk, Sends]:
    """Return *desk* once it knows of *report*, and what its machine asks for then."""
    after = booked(desk, report, numbered=numbered)
    if after is desk or report.refused:
        return after, ()
    return known(gate, after, report.symbol)


def booked(desk: Desk, report: Told, *, numbered: bool) -> Desk:
    """Return the ledger of *desk* after *report*: that of another order is old."""
    _, kind, number, cum_qty, final, refused = report
    if kind is Kind.EXIT:
        return desk._replace(base_lots=desk.base_lots - cum_qty)
    if kind is Kind.OUST:
        return desk._replace(mirror_lots=desk.mirror_lots - cum_qty)
    order = desk.orders[kind]
    if order is None or order.number != number:
        return desk
    if refused:
        return with_order(desk, kind, order._replace(asked=False))
    lots = max(cum_qty - order.cum_qty, 0)
    match kind:
        case Kind.OPEN:
            desk = desk._replace(mirror_lots=desk.mirror_lots + lots)
        case Kind.CLOSE:
            desk = desk._replace(mirror_lots=desk.mirror_lots - lots)
        case Kind.ENTRY:
            desk = desk._replace(base_lots=desk.base_lots + lots)
    final = final or cum_qty == order.qty
    if final:
        numbers = list(desk.numbers)
        numbers[kind] = number + 1 if numbered else 1 - number
        desk = desk._replace(numbers=tuple(numbers))
    now = None if final else order._replace(cum_qty=order.cum_qty + lots)
    return with_order(desk, kind, now)


def restarted(gate: Gate, desk: Desk, symbol: int) -> tuple[Desk, Sends]:
    """Return *desk* with a new machine that is told what the journal knows."""
    was = desk.collision
    fresh = Collision(hedge_mode=was.hedge_mode, patience=was.patience)
    found, both = base_uses(desk), base_uses(desk) and mirror_uses(desk)
    desk = desk._replace(
        collision=fresh,
        begun=found,
        wants=True,
        closes=both,
        waits=desk.waits or both,
        gave_up=False,
    )
    return known(gate, desk, symbol)


def show_desk(symbol: str, desk: Desk) -> str:
    """Return *desk* in words."""
    wants = ", wanted" if desk.wants else ""
    out = [f"{k.name} out" for k, each in zip(Kind, desk.orders, strict=False) if each is not None]
    held = (f"base {desk.base_lots}", f"mirror {desk.mirror_lots}")
    return ", ".join((f"{symbol} {desk.collision.state.name}{wants}", *held, *out))
