"""What is claimed of an order's scenes, as predicates."""

from machines.order import Acked, Lost, exposure, well_formed
from simulator.explorer import Move
from simulator.worlds.order_scene import CLOSED, SAME, Budget, Life, Scene
from spec.order import ORDER, State

RESTING = frozenset({State.NEW, State.TRIGGERED, State.PARTIALLY_FILLED, State.PENDING_REPLACE})


def totals_agree(scene: Scene) -> bool:
    """ORD-1: no fill is invented."""
    order, held = scene.order, scene.held[-1]
    sane = held.life is Life.NONE or held.cum_qty <= held.qty
    return order.cum_qty <= held.cum_qty and sane


def rests(scene: Scene) -> bool:
    """ORD-9: the order is well formed, and rests for us only if it was taken.

    A cancel that has overtaken the order is refused, so the order is thought to rest too early:
    until it arrives, or the news that it was lost.
    """
    order, latest = scene.order, len(scene.held) - 1
    sent = any(r.what == "new" and r.which == latest for r in scene.requests)
    lost = any(isinstance(event, Lost) for _, event in scene.reports)
    taken = sent or lost or scene.held[latest].life is not Life.NONE
    return (taken or order.state not in RESTING) and well_formed(order)


def bounded(scene: Scene) -> bool:
    """ORD-2: what we may owe covers what the venue did or still may do, over all our orders."""
    true = sum(h.qty if h.life is Life.OPEN else h.cum_qty for h in scene.held)
    return exposure(scene.order) >= true


def one_order(scene: Scene) -> bool:
    """ORD-3: at most one order of the intent is open, and none was taken twice."""
    still_open = sum(h.life is Life.OPEN for h in scene.held)
    return still_open <= 1 and not any(h.doubled for h in scene.held)


def absorbs(before: Scene, _move: Move, after: Scene) -> bool:
    """ORD-4: a final order changes only by being placed anew, a total never shrinks."""
    if len(after.held) > len(before.held):
        return True
    if before.order.state in ORDER.final and after.order != before.order:
        return False
    return after.order.cum_qty >= before.order.cum_qty


def knows(before: Budget, scene: Scene) -> bool:
    """ORD-5: while nothing was lost, nothing is UNKNOWN; *before* is the budget of the start."""
    now = scene.budget
    lost = now.losses < before.losses or now.crashes < before.crashes
    return lost or scene.order.state is not State.UNKNOWN


def venue_closed(scene: Scene) -> bool:
    """Return whether the venue has closed our latest order."""
    return scene.held[-1].life in CLOSED


def agrees(scene: Scene) -> bool:
    """Return whether our order's final state and total are the venue's."""
    held = scene.held[-1]
    same = scene.order.state is SAME.get(held.life)
    return same and scene.order.cum_qty == held.cum_qty


def delivers(move: Move) -> bool:
    """Return whether *move* is one that a working wire and venue do in the end."""
    return move.what.startswith(("delivers", "reads"))


def filled_from(scene: Scene, was: State) -> bool:
    """Return whether the order has just filled from *was*."""
    return scene.order.state is State.FILLED and scene.was is was


def canceled_after_a_part(scene: Scene) -> bool:
    """Return whether a canceled order has kept a fill."""
    return scene.order.state is State.CANCELED and scene.order.cum_qty > 0


def cancel_before_ack(scene: Scene) -> bool:
    """Return whether an order was canceled whose acknowledgement is still under way."""
    acked = any(isinstance(event, Acked) for _, event in scene.reports)
    return scene.order.state is State.CANCELED and acked


def left_unknown(scene: Scene, now: State) -> bool:
    """Return whether the latest event led from UNKNOWN to *now*."""
    return scene.was is State.UNKNOWN and scene.order.state is now
