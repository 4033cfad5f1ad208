"""What the bot asks of a venue, whichever it is: commands, snapshots and one stream of news.

Everything is in ticks, lots and money units; texts become integers before they get here.  Nothing
raises for what a venue does: a command has an outcome, a snapshot is there or is `Unavailable`, a
hole in the stream is a `Gap`.  Symbols are indexes of the instruments.
"""

from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar

from attrs import frozen

from machines.messages import Wanted
from machines.order import Found
from spec.terms import Instrument, PositionMode, PositionSide, Reason, Side

T = TypeVar("T")


@frozen
class Acked:
    """The venue has taken the command; *venue_id* is its name for the order, which may change."""

    venue_id: str = ""


@frozen
class Rejected:
    """The venue has refused the command and done nothing; *code* and *text* are its own words.

    *drift* says that the clocks differ, *limited* that there were too many requests.
    """

    reason: Reason
    code: str
    text: str
    drift: bool = False
    limited: bool = False


@frozen
class Duplicate:
    """The venue has an order of that client order id already: an earlier attempt reached it."""


@frozen
class Unknown:
    """Whether the command was carried out is not known; only a query tells."""

    text: str


Outcome = Acked | Rejected | Duplicate | Unknown


@frozen
class Done:
    """A setting of the account is as asked; *changed* says whether it was not before."""

    changed: bool


Setting = Done | Rejected | Unknown


@frozen(kw_only=True)
class OrderState:
    """An order as the venue shows it; quantities in lots, totals so far.

    *client_order_id* is 0 where the order is not ours.  *notional* (tick-lots) and *fee* (money)
    are None where the venue does not tell them of orders: then fills do.
    """

    symbol: int
    client_order_id: int
    venue_id: str
    found: Found
    qty: int
    cum_qty: int
    notional: int | None = None
    fee: int | None = None
    triggered: bool = False
    reason: Reason = Reason.NONE


@frozen(kw_only=True)
class FillNews:
    """One execution; *fill_id* is the venue's and never comes twice for two executions.

    *client_order_id* is 0 where the order is not ours, and *liquidation* where the venue's own.
    """

    symbol: int
    fill_id: str
    client_order_id: int
    venue_id: str
    side: Side
    position_side: PositionSide
    qty: int
    price_ticks: int
    fee: int
    time_ms: int
    liquidation: bool = False


@frozen(kw_only=True)
class LegState:
    """A leg's position: *qty* lots, never negative; a one-way position is LONG or SHORT."""

    symbol: int
    position_side: PositionSide
    qty: int
    entry_ticks: int


@frozen
class Quote:
    """The last and the mark price of *symbol*, and the best bid and ask, in ticks."""

    symbol: int
    last: int
    mark: int
    bid: int
    ask: int


@frozen
class Bar:
    """A bar of *symbol* is complete; prices in ticks, *volume* in lots, *open_ms* Unix time."""

    symbol: int
    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@frozen
class CashNews:
    """The wallet balance of the account, in money units, and what changed it beside fills.

    *credited* is funding and the like since the beginning of the stream; None where not told.
    """

    cash: int
    credited: int | None = None


@frozen
class Gap:
    """The stream is not whole since the last news: anything may be missing; *text* says why."""

    text: str


@frozen
class GapEnded:
    """From now on the stream tells everything again; what was missed is to be asked for."""


News = OrderState | FillNews | LegState | Quote | Bar | CashNews | Gap | GapEnded


@frozen
class Rate:
    """Longs paid shorts *ppm* of the worth of a position as funding at *time_ms* (Unix ms)."""

    time_ms: int
    ppm: int


@frozen
class Unavailable:
    """A snapshot could not be had; *drift* says that the clocks differ, *limited* a rate limit."""

    text: str
    drift: bool = False
    limited: bool = False


@frozen
class Snapshot(Generic[T]):
    """An answer, and the Unix ns between which it was asked for and came."""

    asked_ns: int
    came_ns: int
    value: T


class Port(Protocol):
    """A venue.  No method raises for what the venue or the network does."""

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The contracts traded; a symbol is an index of them."""
        ...

    @property
    def hedges(self) -> bool:
        """Whether the venue has two-way positions."""
        ...

    async def open(self) -> Unavailable | None:
        """Connect, load the markets, and begin the stream; None if all is well."""
        ...

    async def close(self) -> None:
        """Disconnect; orders stay."""
        ...

    async def place(self, symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        """Submit *order*."""
        ...

    async def cancel(self, symbol: int, client_order_id: int) -> Outcome:
        """Cancel an order of ours; Rejected with UNKNOWN_ORDER if the venue has none open."""
        ...

    async def order(self, symbol: int, client_order_id: int) -> Snapshot[OrderState] | Unavailable:
        """Ask for one order; `Found.ABSENT` if the venue does not show it at this moment."""
        ...

    async def open_orders(self) -> Snapshot[tuple[OrderState, ...]] | Unavailable:
        """Ask for all open orders, conditional ones and foreign ones included."""
        ...

    async def fills(self, since_ms: int) -> Snapshot[tuple[FillNews, ...]] | Unavailable:
        """Ask for every fill since Unix *since_ms*, the oldest first."""
        ...

    async def positions(self) -> Snapshot[tuple[LegState, ...]] | Unavailable:
        """Ask for every leg that holds something."""
        ...

    async def cash(self) -> Snapshot[CashNews] | Unavailable:
        """Ask for the wallet balance."""
        ...

    async def quote(self, symbol: int) -> Snapshot[Quote] | Unavailable:
        """Ask for the prices now."""
        ...

    async def bars(
        self, symbol: int, since_ms: int, until_ms: int | None = None
    ) -> Snapshot[tuple[Bar, ...]] | Unavailable:
        """Ask for the complete bars of a minute that open from Unix *since_ms*, the oldest first.

        They open before *until_ms*, or until now.  The venue may not reach so far back: then for
        those that it has.
        """
        ...

    async def rates(self, symbol: int, since_ms: int) -> Snapshot[tuple[Rate, ...]] | Unavailable:
        """Ask for the funding that was paid from Unix *since_ms* on, the oldest first."""
        ...

    async def mode(self) -> Snapshot[PositionMode] | Unavailable:
        """Ask for the position mode."""
        ...

    async def set_mode(self, mode: PositionMode) -> Setting:
        """Set the position mode of the account or of every symbol."""
        ...

    async def set_leverage(self, symbol: int, leverage: int) -> Setting:
        """Set the leverage of *symbol*."""
        ...

    async def cancel_after(self, seconds: int) -> Setting:
        """Have the venue cancel all orders of the contracts unless told again within *seconds*.

        0 takes it back.
        """
        ...

    async def server_ms(self) -> Snapshot[int] | Unavailable:
        """Ask for the venue's time, Unix ms."""
        ...

    def news(self) -> AsyncIterator[News]:
        """Yield everything that the venue tells, in order; begins with the present quotes."""
        ...
