"""How a leg is to be left, as a client writes it: take profit, stop loss, trailing stop."""

from enum import Enum
from typing import NamedTuple

from adapters.exchange.bybit.errors import Code
from adapters.exchange.bybit.orders import TRIGGER_BY, price_of
from adapters.exchange.text import units
from adapters.exchange.wire import Body, Refused, said
from machines.messages import Wanted
from simulator.venue_order import Instructions, Trail
from spec.terms import Instrument, OrderType, PositionSide, Side, TriggerBy


class Kind(Enum):
    """What an exit is, in the venue's word; of a PARTIAL one only a part of the leg is left."""

    TAKE_PROFIT = "TakeProfit"
    STOP_LOSS = "StopLoss"
    TRAILING = "TrailingStop"
    PARTIAL_TAKE_PROFIT = "PartialTakeProfit"
    PARTIAL_STOP_LOSS = "PartialStopLoss"

    @property
    def profit(self) -> bool:
        """Whether the leg has gained when it is left."""
        return self in {Kind.TAKE_PROFIT, Kind.PARTIAL_TAKE_PROFIT}


MODES = {"": False, "Full": False, "Partial": True}  # whether only a part is left
PARTIAL = {Kind.PARTIAL_TAKE_PROFIT, Kind.PARTIAL_STOP_LOSS}
_KINDS = (
    ("takeProfit", "tp", Kind.TAKE_PROFIT, Kind.PARTIAL_TAKE_PROFIT),
    ("stopLoss", "sl", Kind.STOP_LOSS, Kind.PARTIAL_STOP_LOSS),
)
_TYPE = {
    (True, False): OrderType.TAKE_PROFIT_MARKET,
    (True, True): OrderType.TAKE_PROFIT_LIMIT,
    (False, False): OrderType.STOP_MARKET,
    (False, True): OrderType.STOP_LIMIT,
}


class Exit(NamedTuple):
    """An exit at *ticks*, 0 to have it no more; of a trailing stop that is the distance.

    *limit_ticks* is 0 at any price, *qty* 0 for all that is held, *start_ticks* where to follow.
    """

    kind: Kind
    ticks: int
    trigger_by: TriggerBy = TriggerBy.LAST
    limit_ticks: int = 0
    qty: int = 0
    start_ticks: int = 0

    def order(self, leg: PositionSide, named: PositionSide, instrument: Instrument) -> Wanted:
        """Return the order that leaves *leg*, which orders call *named*."""
        return Wanted(
            key=0,
            kind=0,
            side=Side.SELL if leg is PositionSide.LONG else Side.BUY,
            qty=self.qty or instrument.max_qty,
            type=_TYPE[self.kind.profit, self.limit_ticks > 0],
            price_ticks=self.limit_ticks,
            trigger_ticks=self.ticks,
            trigger_by=self.trigger_by,
            position_side=named,
            reduce_only=True,
        )

    def instructions(self) -> Instructions:
        """Return what its order is told."""
        trail = Trail(ticks=self.ticks, start_ticks=self.start_ticks)
        trails = self.kind is Kind.TRAILING
        return Instructions(trail=trail if trails else None, whole=not self.qty, tied=True)

    def crossed(self, leg: PositionSide, price: int) -> bool:
        """Return whether at *price* the leg would be left, or the trigger follow, at once."""
        trails = self.kind is Kind.TRAILING
        above = (self.kind.profit or trails) == (leg is PositionSide.LONG)
        met = self.start_ticks if trails else self.ticks
        return met > 0 and (met <= price if above else met >= price)


def exits_of(body: Body, instrument: Instrument, *, sized: bool) -> list[Exit]:
    """Read the exits in *body*; where they are *sized*, a part says how much it is.

    Raises:
        Refused: A field is wrong.
    """
    part = MODES.get(said(body, "tpslMode"))
    if part is None:
        raise Refused(Code.BAD_PARAMETER, "tpslMode invalid")
    found = list[Exit]()
    for name, short, whole, partial in _KINDS:
        if not said(body, name):
            continue
        trigger_by = TRIGGER_BY.get(said(body, f"{short}TriggerBy"))
        if trigger_by is None:
            raise Refused(Code.BAD_PARAMETER, f"{short}TriggerBy invalid")
        limit_ticks = price_of(body, f"{short}LimitPrice", instrument)
        if limit_ticks and not part:
            raise Refused(Code.BAD_PARAMETER, f"{short}LimitPrice is of tpslMode Partial only")
        qty = _size(body, f"{short}Size", instrument) if part and sized else 0
        ticks = price_of(body, name, instrument)
        found.append(Exit(partial if part else whole, ticks, trigger_by, limit_ticks, qty))
    return found


def trailing_of(body: Body, instrument: Instrument) -> list[Exit]:
    """Read the trailing stop in *body*, if there is one.

    Raises:
        Refused: A field is wrong.
    """
    if not said(body, "trailingStop"):
        return []
    distance, start = (price_of(body, name, instrument) for name in ("trailingStop", "activePrice"))
    return [Exit(Kind.TRAILING, distance, start_ticks=start)]


def _size(body: Body, name: str, instrument: Instrument) -> int:
    """Return the size called *name* in lots."""
    qty = units(said(body, name), instrument.lot)
    if not qty:
        raise Refused(Code.BAD_PARAMETER, f"{name} invalid")
    return qty
