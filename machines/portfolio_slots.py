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
    opening = [each.wanted.side for each in order_manager.live(desk.book) if opens(each.wanted)]
    legs = (desk.pair.long, desk.pair.short)
    longs, shorts = (
        _counted(slots, symbol, leg.qty, opening.count(side))
        for slots, leg, side in zip(both, legs, ENTERS, strict=True)
    )
    return both if longs is both[0] and shorts is both[1] else (longs, shorts)


def _counted(slots: Slots, symbol: int, lots: int, orders: int) -> Slots:
    """Return *slots* with what *symbol* has, if that is news."""
    seat = slots.seats[symbol]
    if seat.lots == lots and seat.orders == orders:
        return slots
    return _told(slots, Counted(symbol, lots, orders))


def ranked(both: Both, desks: Desks) -> Both:
    """Return *both* once free slots have gone to the symbols that *desks* want to enter."""
    wants = [{order.side for order in desk.wanted if opens(order)} for desk in desks]
    longs, shorts = (
        _told(slots, Ranked(_scores(wants, side))) for slots, side in zip(both, ENTERS, strict=True)
    )
    return longs, shorts


def _scores(wants: list[set[Side]], side: Side) -> tuple[Score, ...]:
    """Return a score for each symbol in which the base *wants* to open on *side*; all are equal."""
    return tuple(Score(symbol, 0) for symbol, opened in enumerate(wants) if side in opened)


def restarted(both: Both, desks: Desks) -> Both:
    """Return *both* as positions and orders tell them: an order of unknown fate still counts."""
    longs, shorts = (_told(slots, Restarted()) for slots in both)
    both = longs, shorts
    for symbol, desk in enumerate(desks):
        both = counted(both, symbol, desk)
    return _told(both[0], Reconciled()), _told(both[1], Reconciled())


def admits(both: Both, symbol: int, order: Wanted) -> bool:
    """Return whether *order* may leave: what opens needs a slot."""
    if not opens(order):
        return True
    slots = both[ENTERS.index(order.side)]
    return allows(slots, symbol, Purpose.ENTER) or allows(slots, symbol, Purpose.ADD)


def newly(before: Both, after: Both) -> tuple[int, ...]:
    """Return the symbols that have got a slot."""
    return tuple(
        symbol
        for old, new in zip(before, after, strict=True)
        if new is not old
        for symbol, (was, seat) in enumerate(zip(old.seats, new.seats, strict=True))
        if was.state is not seat.state is State.READY
    )


def opens(order: Wanted) -> bool:
    """Return whether *order* is the base's and may open a position."""
    return not (order.reduce_only or is_mirror(order))


def freed(before: Both, after: Both) -> bool:
    """Return whether a slot has become free."""
    pairs = zip(before, after, strict=True)
    return any(new is not old and taken(new) < taken(old) for old, new in pairs)


def _told(slots: Slots, event: Event) -> Slots:
    """Return *slots* after *event*; what it asks to cancel is not wanted any more as it is."""
    return step(slots, event)[0]
