"""What an exchange keeps, orders and executions, and what else it tells of an account."""

from enum import IntEnum

from attrs import frozen

from machines.messages import Wanted
from simulator.venue_order import NONE_GIVEN, Instructions
from spec.terms import Reason, Side


class Status(IntEnum):
    """FIX OrdStatus <39>, and the two of an order with a trigger; up to PARTIALLY_FILLED open."""

    UNTRIGGERED = 0
    TRIGGERED = 1
    NEW = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELED = 5
    REJECTED = 6
    EXPIRED = 7


class Change(IntEnum):
    """FIX ExecType <150>: what has made an order as it is; RESTED is after its trigger."""

    NEW = 0
    REPLACED = 1
    TRIGGERED = 2
    RESTED = 3
    FILLED = 4
    CLOSED = 5


class ExecType(IntEnum):
    """What an execution is."""

    TRADE = 0
    LIQUIDATION = 1
    FUNDING = 2


@frozen(kw_only=True)
class Order:
    """An order as its account sees it at one moment.

    *number* is the exchange's, *link* the client's own text or empty.  *notional* is in tick-lots,
    *fee* in money units; *placed_at* is the last price in ticks when it came.
    """

    number: int
    link: str
    symbol: int
    wanted: Wanted
    instructions: Instructions = NONE_GIVEN
    status: Status = Status.NEW
    change: Change = Change.NEW
    reason: Reason = Reason.NONE
    cum_qty: int = 0
    notional: int = 0
    fee: int = 0
    triggered: bool = False
    placed_at: int = 0
    created_ns: int = 0
    updated_ns: int = 0

    @property
    def working(self) -> bool:
        """Whether it is open."""
        return self.status <= Status.PARTIALLY_FILLED

    @property
    def leaves_qty(self) -> int:
        """The lots still to fill; none once it is closed."""
        return self.wanted.qty - self.cum_qty if self.working else 0


@frozen(kw_only=True)
class Execution:
    """A fill, a liquidation or a payment of funding; *order* is None but for a fill.

    *qty* and *closed_qty* are in lots; *fee*, what was paid, and *profit*, what the closed lots
    have brought, in money units.
    """

    number: int
    type: ExecType
    time_ns: int
    symbol: int
    side: Side
    qty: int
    price_ticks: int
    fee: int
    order: Order | None = None
    maker: bool = False
    closed_qty: int = 0
    profit: int = 0


@frozen
class Moved:
    """The position of *symbol*, and the wallet, are not what they were."""

    symbol: int


@frozen
class Backed:
    """Isolated legs of *symbol* have another margin than they had."""

    symbol: int


@frozen
class Configured:
    """The leverage of every symbol is not what it was."""


Notice = Order | Execution | Moved | Backed | Configured
