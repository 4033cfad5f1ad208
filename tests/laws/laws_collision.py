"""Laws of the collision machine, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from attrs import frozen

from machines.collision import (
    BaseHolds,
    Collision,
    Cycled,
    Event,
    MirrorHolds,
    admits,
    odd,
    step,
    uses,
    well_formed,
)
from spec.collision import Action, State, User


@frozen
class Truth:
    """What is true of a symbol: lots held, resting or on the wire, of orders that can open."""

    base: int
    mirror: int


def step_keeps_collisions_well_formed(collision: Collision, event: Event) -> None:
    """Whatever happens, and in whatever order, a collision stays one."""
    assert well_formed(collision)
    after, _ = step(collision, event)
    assert well_formed(after)


def one_of_them_is_admitted(collision: Collision) -> None:
    """COL-1, COL-4: the base only without a mirror, the mirror only where the base comes last."""
    assert well_formed(collision)
    assert not collision.hedge_mode
    if admits(collision, User.BASE):
        assert not admits(collision, User.MIRROR)
        assert not uses(collision.mirror)
    if admits(collision, User.MIRROR):
        assert not uses(collision.base)
        assert not collision.wants


def what_is_known_keeps_them_apart(collision: Collision, truth: Truth) -> None:
    """COL-1: where what is known covers what is there, one of them has nothing there."""
    assert well_formed(collision)
    assert not odd(collision)
    assert covers(collision, truth)
    assert truth.base == 0 or truth.mirror == 0


def an_admitted_entry_meets_no_mirror(collision: Collision, qty: int, truth: Truth) -> None:
    """COL-1: once an entry is handed over there is still no mirror, known or not."""
    assert well_formed(collision)
    assert not collision.hedge_mode
    assert qty > 0
    assert admits(collision, User.BASE)
    assert covers(collision, truth)
    base = collision.base
    after, emits = step(collision, BaseHolds(base.lots, base.opening + qty))
    assert (after.state, emits) == (State.BASE, ())
    assert truth.mirror == 0
    assert covers(after, Truth(truth.base + qty, 0))


def an_admitted_mirror_meets_no_base(collision: Collision, qty: int, truth: Truth) -> None:
    """COL-1: once a mirror is handed over there is still no base, known or not."""
    assert well_formed(collision)
    assert not collision.hedge_mode
    assert qty > 0
    assert admits(collision, User.MIRROR)
    assert covers(collision, truth)
    mirror = collision.mirror
    after, emits = step(collision, MirrorHolds(mirror.lots, mirror.opening + qty, mirror.closing))
    assert (after.state, emits) == (State.MIRROR, ())
    assert truth.base == 0
    assert covers(after, Truth(0, truth.mirror + qty))


def a_report_lets_nobody_in(collision: Collision, event: BaseHolds | MirrorHolds) -> None:
    """COL-2: what waits is admitted as a cycle begins; a base that is found is in already."""
    assert well_formed(collision)
    assert not admits(collision, User.BASE)
    after, _ = step(collision, event)
    assert not admits(after, User.BASE) or uses(after.base)


def a_cycle_lets_in_once_the_mirror_has_gone(collision: Collision, wants: bool) -> None:  # noqa: FBT001
    """COL-2: a cycle that begins with a mirror is one to wait for."""
    assert well_formed(collision)
    assert not collision.hedge_mode
    assert uses(collision.mirror)
    after, _ = step(collision, Cycled(wants))
    assert not admits(after, User.BASE)


def a_close_is_tried_as_a_cycle_begins(collision: Collision) -> None:
    """COL-3: whatever became of the last one; it crosses when the touch was tried enough."""
    assert well_formed(collision)
    assert collision.state is State.CLOSING
    assert not odd(collision)
    assert uses(collision.mirror)
    mirror = collision.mirror
    after, emits = step(collision, Cycled(collision.wants))
    assert after.state is State.CLOSING
    assert emits[:1] == (Action.CANCEL,)
    if mirror.closing:
        assert after.recalled
        assert len(emits) == 1
    elif mirror.lots:
        late = collision.tries >= collision.patience
        assert emits[1:] == ((Action.CROSS if late else Action.CLOSE),)
        assert after.mirror.closing == mirror.lots
        assert after.tries == collision.tries + (not late)


def a_recalled_close_is_tried_again_at_once(collision: Collision, lots: int, opening: int) -> None:
    """COL-3: a close is priced anew as soon as it has ended, without waiting for a cycle."""
    assert well_formed(collision)
    assert not odd(collision)
    assert collision.recalled
    assert lots > 0
    assert opening >= 0
    after, emits = step(collision, MirrorHolds(lots, opening, 0))
    assert after.state is State.CLOSING
    assert Action.CLOSE in emits or Action.CROSS in emits
    assert after.mirror.closing == lots


def closing_ends_once_the_mirror_has_gone(collision: Collision, event: Event) -> None:
    """COL-4: even if the base gives up; meanwhile nobody is admitted."""
    assert well_formed(collision)
    assert collision.state is State.CLOSING
    after, _ = step(collision, event)
    if uses(after.mirror):
        assert after.state is State.CLOSING
        assert not admits(after, User.BASE)
        assert not admits(after, User.MIRROR)


def in_hedge_mode_nothing_collides(collision: Collision, event: Event) -> None:
    """COL-6: both are admitted, and nothing is asked for."""
    assert well_formed(collision)
    assert collision.hedge_mode
    after, emits = step(collision, event)
    assert emits == ()
    assert after.state is State.FREE
    assert admits(after, User.BASE)
    assert admits(after, User.MIRROR)


def what_nobody_asked_for_is_told(collision: Collision, event: Event) -> None:
    """COL-7: where both use a symbol a person is alerted, and nobody may open."""
    assert well_formed(collision)
    assert not collision.hedge_mode
    after, emits = step(collision, event)
    if odd(after):
        assert emits == (Action.CANCEL, Action.ALERT)
        assert after.state is State.CLOSING


def covers(collision: Collision, truth: Truth) -> bool:
    """Return whether *collision* knows of all that is there, or may yet come."""
    base, mirror = collision.base, collision.mirror
    if truth.base < 0 or truth.mirror < 0:
        return False
    return truth.base <= base.lots + base.opening and truth.mirror <= mirror.lots + mirror.opening
