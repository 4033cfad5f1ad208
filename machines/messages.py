"""What a bot is told and what it asks for: events in, commands out; values only.

*symbol* is the index of an instrument among those that the bot trades, 0 for a bot of one.  Client
order ids are those of the account: no two symbols share one.
"""

from attrs import frozen

from machines.order import Event as OrderEvent
from spec.terms import OrderType, PositionSide, Reason, Side, TimeInForce, TriggerBy


@frozen(kw_only=True, cache_hash=True)
class Wanted:
    """An order that a strategy wants to be working; *key* says which of its orders it is.

    *kind*, *slot* and *unit* are the strategy's own words, returned when the order has closed.
    An order wanted *alone* is placed only while no other order of the bot is open.
    """

    key: int
    kind: int
    side: Side
    qty: int
    type: OrderType = OrderType.MARKET
    price_ticks: int = 0
    trigger_ticks: int = 0
    trigger_by: TriggerBy = TriggerBy.LAST
    position_side: PositionSide = PositionSide.NONE
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    slot: int = 0
    unit: int = 0
    alone: bool = False


@frozen
class Place:
    """Submit *order* under *client_order_id*."""

    client_order_id: int
    order: Wanted
    symbol: int = 0


@frozen
class Cancel:
    """Cancel the order of *client_order_id*."""

    client_order_id: int
    symbol: int = 0


@frozen
class Query:
    """Ask what became of *client_order_id*; *query* numbers the question.

    *shown* says that the venue has held the order.
    """

    client_order_id: int
    query: int
    symbol: int = 0
    shown: bool = False


@frozen
class QueryAccount:
    """Ask what has happened to the account, and to a symbol, beside its orders."""

    symbol: int = 0


@frozen
class Watch:
    """Tell of the last price once it is <= *low* or >= *high* ticks; 0 is no bound."""

    low: int
    high: int
    symbol: int = 0


@frozen
class Wake:
    """Tell the bot after *delay_ns* that it may try order *key* again; only the newest counts."""

    key: int
    delay_ns: int
    symbol: int = 0


@frozen
class Alert:
    """Something a person should know; *text* names what, *number* which."""

    text: str
    number: int


Command = Place | Cancel | Query | QueryAccount | Watch | Wake | Alert


@frozen(kw_only=True, cache_hash=True)
class Report:
    """News of one order; *notional* (tick-lots) and *fee* (money) are totals like its quantity."""

    client_order_id: int
    event: OrderEvent
    notional: int = 0
    fee: int = 0
    reason: Reason = Reason.NONE
    symbol: int = 0


@frozen(kw_only=True, cache_hash=True)
class AccountReport:
    """What has happened to the account beside its orders; all are totals, so the newest says all.

    *sequence* counts the changes.  *credited* is the money that they brought, negative where they
    took it: funding, what liquidations traded for, what the insurance fund paid.  *liquidations*
    counts those of *symbol*; they have closed *long_closed* and *short_closed* lots.
    """

    symbol: int = 0
    sequence: int = 0
    credited: int = 0
    liquidations: int = 0
    long_closed: int = 0
    short_closed: int = 0


@frozen
class Woken:
    """The delay asked for with `Wake` is over."""

    key: int
    symbol: int = 0


@frozen
class Restarted:
    """The process has started again: every answer under way may be lost."""


@frozen
class Bar:
    """A bar of one symbol: prices in ticks, *volume* in lots.

    *bid* and *ask* are those of the moment at which it is told, 0 where the close stands for them.
    """

    high: int
    low: int
    close: int
    volume: int
    bid: int = 0
    ask: int = 0


@frozen
class Bars:
    """Bars that opened at *open_ms* (Unix ms UTC) have closed: one a symbol, None where none came.

    *past* bars were missed: they are told for the averages alone, and nothing is ordered.
    """

    open_ms: int
    bars: tuple[Bar | None, ...]
    past: bool = False
