"""What the bot's position and orders of a symbol are worth, and how a venue's differ."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from adapters.bots import Holding
from adapters.venue.port import LegState
from machines.gate import opens_exposure
from machines.order_manager import live
from machines.position import gross_qty
from spec.terms import PositionSide


def exposure(held: Holding, price_ticks: int) -> int:
    """Return what the position and the opening orders are worth, in money units."""
    opening = (each for each in live(held.book) if opens_exposure(each.wanted))
    lots = gross_qty(held.legs) + sum(each.wanted.qty - each.order.cum_qty for each in opening)
    return held.instrument.notional(price_ticks, lots)


def differing(found: Iterable[Holding], shown: Iterable[LegState]) -> Iterator[str]:
    """Yield how the venue's positions *shown* differ from those of our fills, in words."""
    there = {(leg.symbol, leg.position_side): leg.qty for leg in shown}
    for held in found:
        lot = Decimal(held.instrument.lot)
        sides = (PositionSide.LONG, held.legs.long.qty), (PositionSide.SHORT, held.legs.short.qty)
        for side, ours in sides:
            qty = there.get((held.symbol, side), 0)
            if qty != ours:
                leg = f"{held.instrument.symbol} {side.name.lower()}"
                yield f"{leg} {qty * lot:f} at the venue and {ours * lot:f} by our fills"
