"""The slots of a portfolio: longs and shorts have their own, and a first entry waits for one.

`machines.slots` decides: what the planner wants to enter is its ranking, positions and orders are
its counts.  A symbol keeps its slot until its last order has ended, as a cancel may lose to a fill.
"""

from machines import order_manager
from machines.messages import Restarted, Wanted
from machines.planner_inputs import Strategy
from machines.portfolio_desk import Desk, is_mirror
from machines.slots import (
    Counted,
    Event,
    Ranked,
    Reconciled,
    Score,
    Seat,
    Slots,
    allows,
    step,
    taken,
)
from spec.slots import Purpose, State
from spec.terms import Side

Both = tuple[Slots, Slots]  # of longs and of shorts
Desks = tuple[Desk, ...]
ENTERS = (Side.BUY, Side.SELL)


def begin(strategy: Strategy) -> Both:
    """Return the slots of *strategy*, all free."""
    seats = (Seat(),) * len(strategy.instruments)
    names = tuple(each.symbol for each in strategy.instruments)
    longs, shorts = (
        Slots(count=side.slots(names), seats=seats, known=True)
        for side in (strategy.long, strategy.short)
    )
    return longs, shorts


def counted(both: Both, symbol: int, desk: Desk) -> Both:
    """Return *both* with the position and the orders that *symbol* has on its *desk*."""
    orders = [each.wanted for each in order_manager.live(desk.book)]
    opening = [each.side for each in orders if opens(each)]
    long_qty, short_qty = desk.pair.long.qty, desk.pair.short.qty
    longs = _told(both[0], Counted(symbol, long_qty, opening.count(Side.BUY)))
    shorts = _told(both[1], Counted(symbol, short_qty, opening.count(Side.SELL)))
    return longs, shorts


def ranked(both: Both, desks: Desks) -> Both:
    """Return *both* once free slots have gone to the symbols that *desks* want to enter."""
    longs, shorts = (
        _told(slots, Ranked(_scores(desks, side))) for slots, side in zip(both, ENTERS, strict=True)
    )
    return longs, shorts


def _scores(desks: Desks, side: Side) -> tuple[Score, ...]:
    """Return a score for each symbol in which the base wants to open on *side*; all are equal."""
    return tuple(
        Score(symbol, 0)
        for symbol, desk in enumerate(desks)
        if any(opens(order) and order.side is side for order in desk.wanted)
    )


def restarted(both: Both, desks: Desks) -> Both:
    """Return *both* as positions and orders tell them: an order of unknown fate still counts."""
    longs, shorts = (_told(slots, Restarted()) for slots in both)
    both = longs, shorts
    for symbol, desk in enumerate(desks):
        both = counted(both, symbol, desk)
    return _told(both[0], Reconciled()), _told(both[1], Reconciled())


def admits(both: Both, symbol: int, order: Wanted) -> bool:
    """Return whether *order* may leave: what opens needs a slot."""
    slots = both[ENTERS.index(order.side)]
    purposes = (Purpose.ENTER, Purpose.ADD)
    return not opens(order) or any(allows(slots, symbol, purpose) for purpose in purposes)


def newly(before: Both, after: Both) -> tuple[int, ...]:
    """Return the symbols that have got a slot."""
    return tuple(
        symbol
        for old, new in zip(before, after, strict=True)
        for symbol, (was, seat) in enumerate(zip(old.seats, new.seats, strict=True))
        if was.state is not seat.state is State.READY
    )


def opens(order: Wanted) -> bool:
    """Return whether *order* is the base's and may open a position."""
    return not (order.reduce_only or is_mirror(order))


def freed(before: Both, after: Both) -> bool:
    """Return whether a slot has become free."""
    return any(taken(new) < taken(old) for old, new in zip(before, after, strict=True))


def _told(slots: Slots, event: Event) -> Slots:
    """Return *slots* after *event*; what it asks to cancel is not wanted any more as it is."""
    if isinstance(event, Counted):
        seat = slots.seats[event.symbol]
        if (seat.lots, seat.orders) == (event.lots, event.orders):
            return slots
    return step(slots, event)[0]
