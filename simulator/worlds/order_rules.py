"""What is claimed of our orders and of the venue's, in features: of one order as of several."""

from collections.abc import Callable
from typing import Any

from attrs import frozen

from simulator.actors import DOUBLES, LOSES, Holds, Rule
from simulator.explorer import Move
from simulator.worlds.order_ours import Passage
from simulator.worlds.order_venue import Life
from spec.order import PROPERTIES

ARRIVES = ("is read", "is read too late", "is told", "reaches nobody")
RECOVERS = ("restart", "notice that reports are missing")


def delivers(move: Move) -> bool:
    """Return whether *move* is one that a working wire and venue, and we, do in the end."""
    if move.what.startswith((DOUBLES, LOSES)):
        return False
    return move.what in RECOVERS or move.what.endswith(ARRIVES)


@frozen
class Orders:
    """The orders of one world, *count* of them, read from its features *s*."""

    count: int

    def _all(self, holds: Callable[[int], Any]) -> Any:  # noqa: ANN401  # a number or an array
        found = holds(0)
        for order in range(1, self.count):
            found = found & holds(order)
        return found

    def _any(self, holds: Callable[[int], Any]) -> Any:  # noqa: ANN401
        found = holds(0)
        for order in range(1, self.count):
            found = found | holds(order)
        return found

    def _total(self, s: Any, name: str) -> Any:  # noqa: ANN401
        return sum(of(s, name, i) for i in range(self.count))

    def totals_agree(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-1: no fill is invented."""
        return self._all(
            lambda i: (
                (of(s, "cum", i) <= of(s, "held_cum", i))
                & (of(s, "held_cum", i) <= of(s, "held_qty", i))
            )
        )

    def bounded(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-2: what we may owe covers what the venue did or still may do, order by order."""
        return self._all(lambda i: of(s, "exposure", i) >= of(s, "true", i))

    def none_twice(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-3 of one order an intent: none was taken twice."""
        return self._total(s, "doubled") == 0

    def one(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-3 of orders of one intent: at most one is open, and none was taken twice."""
        return (self._total(s, "open") <= 1) & self.none_twice(s)

    def known(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-5: while nothing was lost, nothing is UNKNOWN."""
        return (s.venue_lost + s.our_lost > 0) | (self._total(s, "unknown") == 0)

    def rests(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-9: an order is well formed, and rests for us only if it was taken.

        A cancel that has overtaken the order is refused, so the order is thought to rest too
        early: until it arrives, or the news that it was lost.
        """
        lost = (s.losts > 0) | (s.gap == 1)

        def taken(i: int) -> Any:  # noqa: ANN401
            sent = of(s, "new", i) > 0
            return (of(s, "rests", i) == 0) | sent | lost | (of(s, "life", i) != Life.NONE)

        return self.formed(s) & self._all(taken)

    def formed(self, s: Any) -> Any:  # noqa: ANN401
        """ORD-9, as far as it is ours: an order is as we asked."""
        return self._all(lambda i: of(s, "formed", i) == 1)

    def closed(self, s: Any) -> Any:  # noqa: ANN401
        """Return whether the venue has closed an order."""
        return self._any(lambda i: of(s, "life", i) > Life.OPEN)

    def agrees(self, s: Any) -> Any:  # noqa: ANN401
        """Return whether of each order that the venue has closed we know how, and the total."""
        return self._all(
            lambda i: (
                (of(s, "life", i) <= Life.OPEN)
                | (
                    (of(s, "end", i) == of(s, "life", i))
                    & (of(s, "cum", i) == of(s, "held_cum", i))
                )
            )
        )

    def closed_after_a_crash(self, s: Any) -> Any:  # noqa: ANN401
        """Return whether the venue has closed an order, and we have crashed."""
        return self.closed(s) & (s.crashed == 1)

    def canceled_after_a_part(self, s: Any) -> Any:  # noqa: ANN401
        """Return whether a canceled order has kept a fill."""
        return self._any(lambda i: (of(s, "canceled", i) == 1) & (of(s, "cum", i) > 0))

    def canceled_before_ack(self, s: Any) -> Any:  # noqa: ANN401
        """Return whether an order was canceled whose acknowledgement is still under way."""
        return self._any(lambda i: (of(s, "canceled", i) == 1) & (of(s, "acks", i) > 0))


def of(s: Any, name: str, order: int) -> Any:  # noqa: ANN401
    """Return feature *name* of *order*."""
    return getattr(s, f"{name}_{order}")


@frozen
class Setting:
    """What can be claimed of a world of *count* orders.

    They are of *one* intent, each may fill in *parts*.  *ends*: the wire delivers in the end.
    *crashes*: our side may; *unsure*: an order that rests may be UNKNOWN all the same; *absent*:
    an order may never arrive.
    """

    count: int
    one: bool
    parts: bool
    ends: bool
    ordered: bool
    crashes: bool
    unsure: bool
    absent: bool


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the claims on a world of this *setting*."""
    p, orders = PROPERTIES, Orders(setting.count)
    return (
        Rule(p["ORD-1"], orders.totals_agree),
        Rule(p["ORD-2"], orders.bounded),
        Rule(p["ORD-3"], orders.one if setting.one else orders.none_twice),
        Rule(p["ORD-4"], lambda s: s.broken == 0),
        Rule(p["ORD-5"], orders.known),
        Rule(p["ORD-9"], orders.rests if setting.ends else orders.formed),
        *_ends(setting, orders),
        *_witnesses(setting, orders),
    )


def _ends(setting: Setting, orders: Orders) -> tuple[Rule, ...]:
    """Return what comes about in the end."""
    ends = (Rule(PROPERTIES["ORD-6"], orders.agrees, orders.closed, delivers),)
    again = (Rule(PROPERTIES["ORD-7"], orders.agrees, orders.closed_after_a_crash, delivers),)
    if not setting.ends:
        return ()
    return (*ends, *again) if setting.crashes else ends


def _witnesses(setting: Setting, orders: Orders) -> tuple[Rule, ...]:
    """Return what must be possible."""
    p, crashes = PROPERTIES, setting.crashes
    possible = (
        (True, Rule(p["ORD-8.1"], passes(Passage.CANCEL_FILLED))),
        (setting.parts, Rule(p["ORD-8.2"], orders.canceled_after_a_part)),
        (not setting.ordered, Rule(p["ORD-8.3"], passes(Passage.NEW_FILLED))),
        (not setting.ordered, Rule(p["ORD-8.4"], orders.canceled_before_ack)),
        (setting.unsure or crashes, Rule(p["ORD-8.5"], passes(Passage.FOUND))),
        (setting.absent or crashes, Rule(p["ORD-8.6"], passes(Passage.ABSENT))),
    )
    return tuple(rule for claimed, rule in possible if claimed)


def passes(passage: Passage) -> Holds:
    """Return the predicate that the latest event has led an order through *passage*."""
    return lambda s: s.passage == passage
