"""The collision machine: `step` is the only way it changes, `admits` is the gate for what opens.

Classify, take the row, update, as in `machines.order`; one machine a symbol.  It is told of each
cycle once the base has decided, and of what base and mirror hold and have out whenever that
changes: at the latest when an order that opens is handed over, and before anybody asks again.
"""

from typing import assert_never

from attrs import evolve, frozen

from spec.collision import COLLISION, Action, State, Symbol, User
from spec.fsm import Spec


@frozen(kw_only=True, cache_hash=True)
class Holding:
    """What one user has in a symbol, in lots, as its own orders' reports tell.

    *lots* are held, none as long as the report of their end has overtaken that of their opening.
    *opening* may still be opened by orders that are not final, and *closing* closed by orders that
    only reduce: what was handed over and not reported counts.
    """

    lots: int = 0
    opening: int = 0
    closing: int = 0


@frozen(kw_only=True, cache_hash=True)
class Collision:
    """Who may use one symbol, and why.

    *patience* is how many closes are tried at the touch, *tries* how many were, *recalled* whether
    what reduces the mirror is to be canceled.  *wants* is what the base said as the latest cycle
    began; before the first one it may want to.
    """

    state: State = COLLISION.initial
    hedge_mode: bool = False
    patience: int = 2
    wants: bool = True
    base: Holding = Holding()
    mirror: Holding = Holding()
    tries: int = 0
    recalled: bool = False


@frozen
class Cycled:
    """A cycle begins; *wants*: the base wants its initial entry in this symbol."""

    wants: bool


@frozen
class BaseHolds:
    """What the base has, by what is known now; what only reduces it does not matter here."""

    lots: int
    opening: int


@frozen
class MirrorHolds:
    """What the mirror has, by what is known now; a refused order does not count any more."""

    lots: int
    opening: int
    closing: int


Event = Cycled | BaseHolds | MirrorHolds
CollisionSpec = Spec[State, Symbol, Action]
ENTERS = frozenset({State.BASE, State.RESERVED})
MIRRORS = frozenset({State.FREE, State.MIRROR})
SETTLED = frozenset({State.FREE, State.GATED, State.RESERVED})


def admits(collision: Collision, user: User) -> bool:
    """Return whether *user* may hand over an order that opens: the gate that each one must pass.

    >>> admits(Collision(state=State.RESERVED), User.BASE)
    True
    >>> admits(Collision(state=State.RESERVED), User.MIRROR)
    False
    """
    if collision.hedge_mode:
        return True
    return collision.state in (ENTERS if user is User.BASE else MIRRORS)


def uses(holding: Holding) -> bool:
    """Return whether there is anything of *holding*.

    Bits, not `or`: a proof looks at each short cut as a case of its own.

    >>> uses(Holding(opening=1))
    True
    """
    return (holding.lots != 0) | (holding.opening != 0) | (holding.closing != 0)


def odd(collision: Collision) -> bool:
    """Return whether what is held cannot come of orders that the gate let pass."""
    base, mirror = collision.base, collision.mirror
    less = (base.lots < 0) | (base.opening < 0)
    less |= (mirror.lots < 0) | (mirror.opening < 0) | (mirror.closing < 0)
    return less | (uses(base) & uses(mirror))


def well_formed(collision: Collision) -> bool:
    """Return whether *collision* makes sense: laws, explorer, simulator and adapters all ask."""
    state, held = collision.state, uses(collision.base)
    mirrored = uses(collision.mirror)
    if collision.hedge_mode:
        return state in (State.FREE, State.GATED) and _idle(collision)
    if odd(collision) or state is State.CLOSING:
        return state is State.CLOSING and (held | mirrored) and _tried(collision)
    if held != (state is State.BASE) or (mirrored and state not in (State.MIRROR, State.GATED)):
        return False
    if state is State.MIRROR and not mirrored:
        return False
    wanted = {State.FREE: False, State.MIRROR: False, State.RESERVED: True}
    return wanted.get(state, collision.wants) == collision.wants and _idle(collision)


def _idle(collision: Collision) -> bool:
    """Return whether nothing is being closed."""
    return collision.tries == 0 and not collision.recalled


def _tried(collision: Collision) -> bool:
    """Return whether what was tried is at most what there is patience for."""
    recallable = collision.mirror.closing != 0
    return 0 <= collision.tries <= max(collision.patience, 0) and recallable >= collision.recalled


def told(collision: Collision, event: Event) -> Collision:
    """Return *collision* once it knows of *event*; nothing follows yet."""
    match event:
        case Cycled():
            return evolve(collision, wants=event.wants)
        case BaseHolds():
            return evolve(collision, base=Holding(lots=event.lots, opening=event.opening))
        case MirrorHolds():
            mirror = Holding(lots=event.lots, opening=event.opening, closing=event.closing)
            return evolve(collision, mirror=mirror)
    assert_never(event)


def classify(collision: Collision, event: Event) -> Symbol:
    """Return what *event* amounts to: the only place that compares quantities."""
    if collision.hedge_mode:
        return Symbol.APART
    after, cycled = told(collision, event), isinstance(event, Cycled)
    if odd(after):
        return Symbol.ODD
    if uses(after.mirror):
        return _mirrored(after, cycled=cycled)
    if uses(after.base):
        return Symbol.HELD
    if cycled or collision.state not in SETTLED:
        return Symbol.WANTED if after.wants else Symbol.UNWANTED
    return Symbol.NO_NEWS


def _mirrored(after: Collision, *, cycled: bool) -> Symbol:
    """Classify what happens while the mirror uses the symbol.

    A close is tried as a cycle begins, or as soon as the one that was recalled has ended.
    """
    mirror, closes = after.mirror, after.state is State.CLOSING
    recalled = after.recalled and mirror.closing == 0
    if not cycled and (after.state is State.GATED or (closes and not recalled)):
        return Symbol.NO_NEWS
    if not closes and not after.wants:
        return Symbol.MIRRORED
    if mirror.closing:
        return Symbol.OUT
    if not mirror.lots:
        return Symbol.UNFILLED
    return Symbol.UNCLOSED if after.tries < after.patience else Symbol.UNCLOSED_LATE


def step(
    collision: Collision, event: Event, spec: CollisionSpec = COLLISION
) -> tuple[Collision, tuple[Action, ...]]:
    """Return *collision* after *event*, and what must now be done.  Total: never raises.

    >>> mirrored = Collision(state=State.MIRROR, mirror=Holding(lots=3))
    >>> step(mirrored, Cycled(wants=True))[1]
    (<Action.CANCEL: 0>, <Action.CLOSE: 1>)
    """
    state, emits = spec.take(collision.state, classify(collision, event))
    after = told(collision, event)
    mirror, closes = after.mirror, state is State.CLOSING
    recalled = after.recalled or Action.CANCEL in emits
    tried = Action.CLOSE in emits and after.tries < after.patience
    if Action.CLOSE in emits or Action.CROSS in emits:
        mirror = evolve(mirror, closing=mirror.lots)
    return evolve(
        after,
        state=state,
        mirror=mirror,
        tries=after.tries + tried if closes else 0,
        recalled=closes and recalled and after.mirror.closing != 0,
    ), emits
