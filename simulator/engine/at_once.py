"""Orders of the overlay that work while bars pass: requests and reports take no time.

The overlay cancels what it does not want any more before it places anything else, and a symbol is
free once nothing of its mirror is left; so what a bar has not filled is there in the next cycle.
"""

from collections import deque
from collections.abc import Mapping

from attrs import evolve, frozen

from machines.mirror import Cancel, Place, same_order
from machines.mirror_inputs import Order
from machines.overlay import KINDS, Close, Command, Commands, Mirrors, Scene, known
from machines.pricing.kinds import Kind


@frozen
class Working:
    """What is left of an *order* of the overlay, and the *lots* of its mirror as it was left."""

    order: Order
    kind: Kind
    lots: int

    def after(self, lots: int) -> "Working | None":
        """Return what is left once the mirror has *lots*, None if nothing is."""
        qty = self.order.qty - abs(lots - self.lots)
        if self.order.reduce_only:
            qty = min(qty, lots)
        return Working(evolve(self.order, qty=qty), self.kind, lots) if qty > 0 else None


def done(
    mirrors: Mirrors,
    scenes: Mapping[str, Scene],
    working: Mapping[str, Working],
    commands: Commands,
) -> tuple[Mirrors, dict[str, Working]]:
    """Return *mirrors* once *commands*, and all that follows, are done; and what works then.

    A symbol has one order of the overlay at most: another one is canceled before.
    """
    queue, left = deque(commands), dict(working)
    while queue:
        name = _taken(queue.popleft(), scenes, left)
        if name:
            orders = (left[name].order,) if name in left else ()
            mirrors, news = known(mirrors, evolve(scenes[name], orders=orders))
            queue += news
    return mirrors, left


def _taken(command: Command, scenes: Mapping[str, Scene], left: dict[str, Working]) -> str:
    """Do *command* to the orders that are *left*; return the symbol of it, "" for none."""
    match command:
        case Place(order=order):
            kind = KINDS[order.reason]
        case Close(order=order, crosses=crosses):
            through = order.price_ticks + crosses * order.side.sign
            order, kind = evolve(order, price_ticks=through), Kind.MIRROR_COLLISION
        case Cancel(order=order):
            now = left.get(order.symbol)
            if now is None or same_order(now.order) != same_order(order):
                return ""
            del left[order.symbol]
            return order.symbol
        case _:
            return ""
    left[order.symbol] = Working(order, kind, scenes[order.symbol].market.mirror_qty)
    return order.symbol
