"""What a bot has of each symbol, as the live loop sees it: open orders and what they can open."""

from collections.abc import Iterable

from adapters.bots import Holding
from machines.messages import Wanted
from machines.order_manager import Working, live
from machines.position import gross_qty, opens
from spec.terms import PositionSide


def orders(found: Iterable[Holding]) -> dict[int, tuple[int, Working]]:
    """Return (symbol, order) of every order that is not final, by client order id."""
    return {
        working.client_order_id: (each.symbol, working)
        for each in found
        for working in live(each.book)
    }


def opening(held: Holding) -> tuple[Working, ...]:
    """Return the open orders that can open exposure."""
    return tuple(each for each in live(held.book) if opens_exposure(each.wanted))


def exposure(held: Holding, price_ticks: int) -> int:
    """Return what the position and the opening orders are worth, in money units."""
    lots = gross_qty(held.legs)
    lots += sum(each.wanted.qty - each.order.cum_qty for each in opening(held))
    return held.instrument.notional(price_ticks, lots)


def opens_exposure(order: Wanted) -> bool:
    """Return whether *order* can open exposure: it neither only reduces nor acts against its leg.

    >>> from spec.terms import Side
    >>> exit_ = Wanted(key=0, kind=0, side=Side.SELL, qty=1, position_side=PositionSide.LONG)
    >>> opens_exposure(exit_)
    False
    """
    if order.reduce_only:
        return False
    leg = order.position_side
    return leg is PositionSide.NONE or opens(leg, order.side)
