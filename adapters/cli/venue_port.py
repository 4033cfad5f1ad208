"""The simulated venue behind the venue port: what paper trading trades on, and what tests do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

from adapters.venue.port import (
    Acked,
    Bar,
    CashNews,
    Done,
    Duplicate,
    FillNews,
    LegState,
    News,
    OrderState,
    Outcome,
    Quote,
    Rate,
    Rejected,
    Setting,
    Snapshot,
    T,
    Unavailable,
)
from machines.messages import Cancel, Place, Query, Report, Wanted
from machines.order import CancelRejected, Found, Lost, Reconciled
from machines.order import Rejected as OrderRejected
from machines.position import Pair
from simulator.account import LEGS, Trade
from simulator.venue import Venue
from simulator.venue_order import VenueOrder
from simulator.venue_terms import Message, ModeSet
from spec.terms import Instrument, PositionMode, Reason
from spec.units import MILLI_NS


class VenuePort:
    """*venue* as a port, without a wire: what is asked for is done and answered at once.

    Its prices are those last given to `price`.
    """

    hedges = True

    def __init__(self, venue: Venue, clock_ns: Callable[[], int]) -> None:
        self.venue = venue
        self.clock_ns = clock_ns
        self.quotes: dict[int, Quote] = {}
        self._streams: list[asyncio.Queue[News]] = []
        self._told = 0  # of the venue's fills

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The contracts of the venue."""
        return self.venue.account.instruments

    def price(self, symbol: int, ticks: int, mark: int = 0) -> None:
        """Move the prices of *symbol* to *ticks*, and the mark price if it differs."""
        self.priced(Quote(symbol, ticks, mark or ticks, ticks, ticks))

    def priced(self, quote: Quote) -> None:
        """Move the last and the mark price to those of *quote*; its bid and ask are only told."""
        self.venue.price(quote.symbol, quote.last, quote.mark, self.clock_ns())
        self.quotes[quote.symbol] = quote
        self.flush()
        self.publish(quote)

    def restore(self, cash: int, pairs: Sequence[Pair], orders: Iterable[VenueOrder]) -> None:
        """Go on as the venue was; of *orders* that have filled in part there are fills again."""
        known = tuple(orders)
        self.venue.restore(cash, pairs, known)
        for order in known:
            self.venue.fills.extend(_fills(order, self.clock_ns()))
        self._told = len(self.venue.fills)

    def flush(self) -> list[Message]:
        """Publish what has happened at the venue, fills first, and return its messages."""
        messages = [message for _, message in self.venue.outbox]
        self.venue.outbox.clear()
        new = self.venue.fills[self._told :]
        for number, trade in enumerate(new, start=self._told):
            self.publish(self._fill(number, trade))
        self._told += len(new)
        reports = [message for message in messages if isinstance(message, Report)]
        for key in dict.fromkeys(report.client_order_id for report in reports):
            if (state := self.state(key)).found is not Found.ABSENT:
                self.publish(state)
        if len(new) or any(not isinstance(message, Report) for message in messages):
            self.publish(CashNews(self.venue.account.cash))
        return messages

    def state(self, client_order_id: int) -> OrderState:
        """Return an order as the venue shows it."""
        self.venue.query(Query(client_order_id, 0), self.clock_ns())
        _, report = self.venue.outbox.pop()
        assert isinstance(report, Report)
        assert isinstance(report.event, Reconciled)
        found = report.event
        return OrderState(
            symbol=report.symbol,
            client_order_id=self.ours(client_order_id),
            venue_id=str(client_order_id),
            found=found.found,
            qty=found.qty,
            cum_qty=found.cum_qty,
            triggered=found.triggered,
            reason=report.reason,
        )

    def ours(self, client_order_id: int) -> int:
        """Return *client_order_id* if the order is ours, else 0."""
        return client_order_id

    # --- The port --------------------------------------------------------------------------

    async def open(self) -> Unavailable | None:
        """Do nothing: it is always there."""
        return None

    async def close(self) -> None:
        """End every stream."""
        self._streams.clear()

    async def place(self, symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        """Submit *order*."""
        self.venue.submit(Place(client_order_id, order, symbol), symbol, self.clock_ns())
        return _outcome(self.flush(), client_order_id)

    async def cancel(self, symbol: int, client_order_id: int) -> Outcome:
        """Cancel an order."""
        self.venue.cancel(Cancel(client_order_id, symbol), self.clock_ns())
        return _outcome(self.flush(), client_order_id)

    async def order(self, symbol: int, client_order_id: int) -> Snapshot[OrderState] | Unavailable:
        """Ask for one order."""
        assert symbol < len(self.instruments)
        return self._now(self.state(client_order_id))

    async def open_orders(self) -> Snapshot[tuple[OrderState, ...]] | Unavailable:
        """Ask for all open orders."""
        symbols = range(len(self.instruments))
        keys = [order.client_order_id for n in symbols for order in self.venue.open_orders(n)]
        return self._now(tuple(self.state(key) for key in keys))

    async def fills(self, since_ms: int) -> Snapshot[tuple[FillNews, ...]] | Unavailable:
        """Ask for every fill since *since_ms*."""
        fills = (self._fill(number, trade) for number, trade in enumerate(self.venue.fills))
        return self._now(tuple(fill for fill in fills if fill.time_ms >= since_ms))

    async def positions(self) -> Snapshot[tuple[LegState, ...]] | Unavailable:
        """Ask for every leg that holds something."""
        found: list[LegState] = []
        for symbol in range(len(self.instruments)):
            for side in LEGS:
                leg = self.venue.account.leg(symbol, side)
                if leg.qty:
                    entry = leg.cost // leg.qty
                    found.append(
                        LegState(symbol=symbol, position_side=side, qty=leg.qty, entry_ticks=entry)
                    )
        return self._now(tuple(found))

    async def cash(self) -> Snapshot[CashNews] | Unavailable:
        """Ask for the wallet balance."""
        return self._now(CashNews(self.venue.account.cash))

    async def quote(self, symbol: int) -> Snapshot[Quote] | Unavailable:
        """Ask for the prices now."""
        if symbol not in self.quotes:
            return Unavailable("no price yet")
        return self._now(self.quotes[symbol])

    async def bars(
        self, symbol: int, since_ms: int, until_ms: int | None = None
    ) -> Snapshot[tuple[Bar, ...]] | Unavailable:
        """Say that there are none: a market is not the venue's business."""
        del until_ms
        return Unavailable(f"no bars of symbol {symbol} since {since_ms}")

    async def rates(self, symbol: int, since_ms: int) -> Snapshot[tuple[Rate, ...]] | Unavailable:
        """Say that no funding was paid: a market is not the venue's business."""
        del symbol, since_ms
        return self._now(())

    async def mode(self) -> Snapshot[PositionMode] | Unavailable:
        """Ask for the position mode."""
        return self._now(self.venue.account.mode)

    async def set_mode(self, mode: PositionMode) -> Setting:
        """Set the position mode; refused while anything is open."""
        changed = mode is not self.venue.account.mode
        self.venue.set_mode(mode, self.clock_ns())
        if any(isinstance(message, ModeSet) for message in self.flush()):
            return Done(changed)
        return Rejected(Reason.NONE, "open", "a position or an order is open")

    async def cancel_after(self, seconds: int) -> Setting:
        """Do nothing: the orders are gone when the process is."""
        del seconds
        return Done(changed=False)

    async def set_leverage(self, symbol: int, leverage: int) -> Setting:
        """Check the leverage: the simulated account has it from the beginning."""
        if leverage == self.venue.account.leverage:
            return Done(changed=False)
        name = self.instruments[symbol].symbol
        return Rejected(Reason.NONE, "fixed", f"{name}: {self.venue.account.leverage} is set")

    async def server_ms(self) -> Snapshot[int] | Unavailable:
        """Ask for the venue's time, which is our own."""
        return self._now(self.clock_ns() // MILLI_NS)

    def news(self) -> AsyncIterator[News]:
        """Yield the present quotes, then everything that happens from this call on."""
        queue: asyncio.Queue[News] = asyncio.Queue()
        for quote in self.quotes.values():
            queue.put_nowait(quote)
        self._streams.append(queue)
        return _read(queue)

    def publish(self, news: News) -> None:
        """Tell every stream of *news*."""
        for queue in self._streams:
            queue.put_nowait(news)

    def _now(self, value: T) -> Snapshot[T]:
        """Return *value* as the answer of this moment."""
        now_ns = self.clock_ns()
        return Snapshot(now_ns, now_ns, value)

    def _fill(self, number: int, trade: Trade) -> FillNews:
        """Return fill *number* of the venue."""
        return FillNews(
            symbol=trade.symbol,
            fill_id=str(number),
            client_order_id=self.ours(trade.client_order_id),
            venue_id=str(trade.client_order_id),
            side=trade.side,
            position_side=trade.position_side,
            qty=trade.qty,
            price_ticks=trade.price_ticks,
            fee=trade.fee,
            time_ms=trade.time_ns // MILLI_NS,
            liquidation=trade.liquidation,
        )


def _outcome(messages: list[Message], client_order_id: int) -> Outcome:
    """Return what the venue's first message about an order says of the command."""
    for message in messages:
        if isinstance(message, Report) and message.client_order_id == client_order_id:
            if isinstance(message.event, OrderRejected | CancelRejected):
                return Rejected(message.reason, message.reason.name, "refused")
            if isinstance(message.event, Lost):
                return Duplicate()
            break
    return Acked(str(client_order_id))


def _fills(order: VenueOrder, now_ns: int) -> Iterator[Trade]:
    """Yield fills that make the totals of *order*: at two prices, a tick apart, they always do."""
    price, more = divmod(order.notional, max(order.cum_qty, 1))
    wanted = order.order
    for qty, ticks, fee in ((order.cum_qty - more, price, order.fee), (more, price + 1, 0)):
        if qty:
            yield Trade(
                time_ns=now_ns,
                client_order_id=order.client_order_id,
                symbol=order.symbol,
                side=wanted.side,
                position_side=wanted.position_side,
                qty=qty,
                price_ticks=ticks,
                fee=fee,
            )


async def _read(queue: asyncio.Queue[News]) -> AsyncIterator[News]:
    """Yield what is in *queue*, in order, without an end."""
    while True:
        yield await queue.get()
