"""The field's own words as enumerations, and what a venue says of a contract."""

from enum import IntEnum

from attrs import frozen

from spec.units import MILLION, ppm_of


class Side(IntEnum):
    """FIX Side <54>."""

    BUY = 0
    SELL = 1

    @property
    def sign(self) -> int:
        """Return +1 for BUY, -1 for SELL."""
        return 1 - 2 * self


class PositionSide(IntEnum):
    """The leg an order names; NONE where it names none."""

    NONE = 0
    LONG = 1
    SHORT = 2


class PositionMode(IntEnum):
    """ONE_WAY: one signed position a symbol.  HEDGE: a long and a short leg, independent."""

    ONE_WAY = 0
    HEDGE = 1


class MarginMode(IntEnum):
    """CROSS: the whole balance stands for every leg.  ISOLATED: each leg has its own margin."""

    CROSS = 0
    ISOLATED = 1


class OrderType(IntEnum):
    """FIX OrdType <40>, and the venues' take-profit orders."""

    MARKET = 0
    LIMIT = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3
    TAKE_PROFIT_MARKET = 4
    TAKE_PROFIT_LIMIT = 5


class TimeInForce(IntEnum):
    """FIX TimeInForce <59>."""

    GTC = 0
    IOC = 1
    FOK = 2


class TriggerBy(IntEnum):
    """The price that triggers a stop or take-profit order."""

    LAST = 0
    MARK = 1


class Reason(IntEnum):
    """Why a venue refused a command or closed an order by itself."""

    NONE = 0
    TRIGGER_CROSSED = 1  # a stop order would trigger at once
    POST_ONLY_CROSSED = 2  # a post-only order would take
    MARGIN = 3
    MIN_NOTIONAL = 4
    BAD_QTY = 5
    BAD_PRICE = 6
    REDUCE_ONLY = 7  # there is nothing to reduce
    POSITION_SIDE = 8  # the order names no leg, or a wrong one
    DUPLICATE_ID = 9
    UNKNOWN_ORDER = 10
    LIQUIDATION = 11


@frozen
class Tier:
    """One step of the maintenance margin: a rate up to *notional_max* (money).

    *maintenance_ppm* counts for the notional above the tier before: the requirement has no jumps.
    """

    notional_max: int
    maintenance_ppm: int


@frozen(kw_only=True, cache_hash=True)
class Instrument:
    """A linear perpetual contract.

    One tick of price on one lot is worth *value* money units.  *min_notional* is in money units;
    orders that only reduce are exempt from it.  Fees are parts per million of notional, a
    negative maker fee is a rebate.  *tick*, *lot* and *money* are decimal texts for printing.
    """

    symbol: str
    value: int = 1
    min_qty: int = 1
    max_qty: int = 10**12
    min_notional: int = 0
    maker_ppm: int = 200
    taker_ppm: int = 550
    leverage_max: int = 100
    tiers: tuple[Tier, ...] = (Tier(10**30, 5_000),)
    liquidation_ppm: int = 5_000
    tick: str = "1"
    lot: str = "1"
    money: str = "1"

    def notional(self, price_ticks: int, qty: int) -> int:
        """Return the money value of *qty* lots at *price_ticks*."""
        return price_ticks * qty * self.value

    def placeable(self, price_ticks: int, qty: int, *, reduce_only: bool) -> bool:
        """Return whether a venue takes an order of *qty* lots at *price_ticks*."""
        if not self.min_qty <= qty <= self.max_qty:
            return False
        return reduce_only or self.notional(price_ticks, qty) >= self.min_notional

    def affordable(self, money: int, price_ticks: int, reserve_ppm: int) -> int:
        """Return the lots that *money* buys at *price_ticks*, *reserve_ppm* of notional kept."""
        unit = price_ticks * self.value * (MILLION + reserve_ppm)
        return money * MILLION // unit if money > 0 and unit > 0 else 0

    def maintenance(self, notional: int) -> int:
        """Return the maintenance margin of a leg of *notional*, in money units, rounded up."""
        due, below = 0, 0
        for tier in self.tiers:
            part = min(notional, tier.notional_max) - below
            if part <= 0:
                break
            due += ppm_of(part, tier.maintenance_ppm)
            below = tier.notional_max
        return due
