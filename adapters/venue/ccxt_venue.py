"""A venue behind ccxt, whichever it is: the port, in the words of its `Dialect`.

ccxt knows the endpoints, signs, and keeps the connections.  No request is ever repeated here:
whoever asked decides.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from adapters.venue.client import UNREADABLE, Client
from adapters.venue.client_id import ClientIds
from adapters.venue.contracts import Contract, Roster, contracts
from adapters.venue.credentials import Credentials
from adapters.venue.dialect import Body, Call, Dialect
from adapters.venue.feed import MINUTE_MS, Feed
from adapters.venue.outcomes import Failure
from adapters.venue.port import (
    Acked,
    Bar,
    CashNews,
    Done,
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
    Unavailable,
    Unknown,
)
from adapters.venue.text import nearest
from machines.messages import Wanted
from machines.order import Found
from spec.terms import Instrument, PositionMode, Reason
from spec.units import MILLI_NS, MILLION

T = TypeVar("T")
OPEN_S = 20.0
PPM = Decimal(1) / MILLION


class CcxtVenue:
    """The contracts *symbols* (the venue's names or ccxt's) of one account, traded by *bot*.

    *config* is added to what the ccxt client is made with, such as other addresses.
    """

    def __init__(
        self,
        dialect: Dialect,
        symbols: Sequence[str],
        bot: str,
        credentials: Credentials,
        config: Mapping[str, object] | None = None,
    ) -> None:
        self._dialect, self._terms, self._codes = dialect, dialect.terms, dialect.terms.codes
        self._symbols, self._bot = tuple(symbols), bot
        self._client = Client(dialect, credentials, config or {})
        self._roster = Roster((), ClientIds(bot, ()))
        self._feed: Feed | None = None

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The contracts traded, none before `open`; a symbol is an index of them."""
        return tuple(contract.instrument for contract in self._roster.contracts)

    @property
    def hedges(self) -> bool:
        """Whether the venue has two-way positions."""
        return self._terms.hedges

    # --- Connection ------------------------------------------------------------------------

    async def open(self) -> Unavailable | None:
        """Connect, load the markets, and begin the stream; None if all is well."""
        found = await self._contracts()
        if isinstance(found, Unavailable):
            return found
        ids = ClientIds(self._bot, [each.id for each in found], self._terms.prefix)
        self._roster = Roster(found, ids)
        self._feed = Feed(self._client, self._dialect, self._roster)
        mode = await self.mode()
        if isinstance(mode, Unavailable):
            return mode
        for contract in found:
            quote = await self.quote(contract.index)
            if isinstance(quote, Unavailable):
                return quote
            self._feed.begin(quote.value)
        failed = await self._feed.open(OPEN_S)
        return Unavailable(failed) if failed else None

    async def close(self) -> None:
        """Disconnect; orders stay."""
        if self._feed is not None:
            await self._feed.close()
        await self._client.close()

    def news(self) -> AsyncIterator[News]:
        """Yield everything that the venue tells, in order; begins with the present quotes."""
        assert self._feed is not None
        return self._feed.news()

    # --- Commands --------------------------------------------------------------------------

    async def place(self, symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        """Submit *order*."""
        contract, client_text = self._named(symbol, client_order_id)
        call = self._dialect.place(self._roster, contract, client_text, order)
        if isinstance(call, Rejected):
            return call
        answer = await self._client.command(call, urgent=order.reduce_only)
        if isinstance(answer, Failure):
            return self._codes.outcome(answer)
        try:
            venue_id = self._dialect.placed(answer)
        except UNREADABLE as error:
            return Unknown(_unreadable(error).text)
        self._roster.learn(venue_id, client_order_id)
        return Acked(venue_id)

    async def cancel(self, symbol: int, client_order_id: int) -> Outcome:
        """Cancel an order of ours; Rejected with UNKNOWN_ORDER if the venue has none open."""
        outcome: Outcome = Unknown("")
        for call in self._dialect.cancel(*self._named(symbol, client_order_id)):
            answer = await self._client.command(call, urgent=True)
            if not isinstance(answer, Failure):
                return Acked()
            outcome = self._codes.outcome(answer)
            if not self._codes.nothing(answer):
                break
        return outcome

    async def set_mode(self, mode: PositionMode) -> Setting:
        """Set the position mode of the account or of every symbol."""
        if mode is PositionMode.HEDGE and not self.hedges:
            return Rejected(Reason.POSITION_SIDE, "", "the venue has one-way positions only")
        changed = False
        for call in self._dialect.set_mode(self._roster, mode):
            setting = await self._set(call)
            if not isinstance(setting, Done):
                return setting
            changed |= setting.changed
        self._roster.mode = mode
        return Done(changed)

    async def set_leverage(self, symbol: int, leverage: int) -> Setting:
        """Set the leverage of *symbol*."""
        return await self._set(self._dialect.set_leverage(self._roster.contracts[symbol], leverage))

    async def cancel_after(self, seconds: int) -> Setting:
        """Have the venue cancel all orders of the contracts unless told again within *seconds*."""
        least, most = self._terms.cancel_after_s
        if seconds and not least <= seconds <= most:
            why = f"{seconds} s: the venue takes {least} to {most}"
            return Rejected(Reason.NONE, "", why)
        if self._feed is not None:
            await self._feed.guard(on=seconds > 0)
        now_ms = time.time_ns() // MILLI_NS
        calls = self._dialect.cancel_after(self._roster, seconds, now_ms)
        answers = await asyncio.gather(*(self._client.ask(call, urgent=True) for call in calls))
        failed = [each for each in answers if isinstance(each, Failure)]
        return self._codes.setting(failed[0]) if failed else Done(changed=True)

    # --- Questions -------------------------------------------------------------------------

    async def order(self, symbol: int, client_order_id: int) -> Snapshot[OrderState] | Unavailable:
        """Ask for one order; `Found.ABSENT` if the venue does not show it at this moment."""
        asked_ns = time.time_ns()
        contract, client_text = self._named(symbol, client_order_id)
        for call in self._dialect.find(contract, client_text):
            rows = await self._chain(contract, call)
            if isinstance(rows, Failure):
                if self._codes.nothing(rows):
                    continue
                return self._codes.unavailable(rows)
            found = self._read(self._dialect.read_order, rows)
            if isinstance(found, Unavailable):
                return found
            ours = [each for each in found if each.client_order_id == client_order_id]
            if ours:
                return Snapshot(asked_ns, time.time_ns(), ours[-1])
        return Snapshot(asked_ns, time.time_ns(), _absent(symbol, client_order_id))

    async def open_orders(self) -> Snapshot[tuple[OrderState, ...]] | Unavailable:
        """Ask for all open orders, conditional ones and foreign ones included."""
        return await self._all(self._dialect.open_orders(self._roster), self._dialect.read_order)

    async def fills(self, since_ms: int) -> Snapshot[tuple[FillNews, ...]] | Unavailable:
        """Ask for every fill since Unix *since_ms*, the oldest first."""
        now = await self.server_ms()
        if isinstance(now, Unavailable):
            return now
        owners = self._dialect.owners(self._roster, since_ms, now.value)
        known = await self._all(owners, self._dialect.read_order)  # the roster learns their ids
        if isinstance(known, Unavailable):
            return known
        calls = self._dialect.fills(self._roster, since_ms, now.value)
        found = await self._all(calls, self._dialect.read_fill)
        if isinstance(found, Unavailable):
            return found
        told = found.value[::-1] if self._terms.newest_first else found.value
        once = {(each.symbol, each.fill_id): each for each in told}
        ordered = sorted(once.values(), key=lambda fill: fill.time_ms)
        return Snapshot(found.asked_ns, found.came_ns, tuple(ordered))

    async def positions(self) -> Snapshot[tuple[LegState, ...]] | Unavailable:
        """Ask for every leg that holds something."""
        found = await self._all(self._dialect.positions(self._roster), self._dialect.read_leg)
        if isinstance(found, Unavailable):
            return found
        return Snapshot(found.asked_ns, found.came_ns, tuple(leg for leg in found.value if leg.qty))

    async def cash(self) -> Snapshot[CashNews] | Unavailable:
        """Ask for the wallet balance."""
        found = await self._one(
            self._dialect.cash(), lambda body: self._dialect.read_cash(self._roster, body)
        )
        if isinstance(found, Unavailable):
            return found
        if found.value is None:
            return Unavailable("the wallet has nothing in the currency of the contracts")
        return Snapshot(found.asked_ns, found.came_ns, found.value)

    async def quote(self, symbol: int) -> Snapshot[Quote] | Unavailable:
        """Ask for the prices now."""
        contract, prices = self._roster.contracts[symbol], dict[str, int]()
        asked_ns = time.time_ns()
        for call in self._dialect.quote(contract):
            answer = await self._client.ask(call)
            if isinstance(answer, Failure):
                return self._codes.unavailable(answer)
            try:
                prices |= self._dialect.read_prices(contract, answer)
            except UNREADABLE as error:
                return _unreadable(error)
        self._roster.marks[symbol] = prices.get("mark", 0)
        missing = sorted({"last", "mark", "bid", "ask"} - prices.keys())
        if missing:
            return Unavailable(f"prices are missing: {', '.join(missing)}")
        return Snapshot(asked_ns, time.time_ns(), Quote(symbol, **prices))

    async def bars(
        self, symbol: int, since_ms: int, until_ms: int | None = None
    ) -> Snapshot[tuple[Bar, ...]] | Unavailable:
        """Ask for the complete bars of a minute that open from *since_ms*, the oldest first."""
        contract, found = self._roster.contracts[symbol], dict[int, Bar]()
        now = await self.server_ms()
        if isinstance(now, Unavailable):
            return now
        start_ms, over_ms = since_ms, now.value - now.value % MINUTE_MS
        end_ms = over_ms if until_ms is None else min(until_ms, over_ms)
        while start_ms < end_ms:
            rows = await self._client.rows((self._dialect.bars(contract, start_ms),))
            if isinstance(rows, Failure):
                return self._codes.unavailable(rows)
            page = self._read(lambda _, row: self._dialect.read_bar(contract, row), rows)
            if isinstance(page, Unavailable):
                return page
            found |= {bar.open_ms: bar for bar in page}
            start_ms = max((bar.open_ms for bar in page), default=end_ms) + MINUTE_MS
        chosen = tuple(found[each] for each in sorted(found) if since_ms <= each < end_ms)
        return Snapshot(now.asked_ns, time.time_ns(), chosen)

    async def rates(self, symbol: int, since_ms: int) -> Snapshot[tuple[Rate, ...]] | Unavailable:
        """Ask for the funding that was paid from Unix *since_ms* on, the oldest first."""
        asked_ns = time.time_ns()
        rows = await self._client.rates(self._roster.contracts[symbol].name, since_ms)
        if isinstance(rows, Failure):
            return self._codes.unavailable(rows)
        try:
            found = {int(row["timestamp"]): nearest(row["fundingRate"], PPM) for row in rows}
        except UNREADABLE as error:
            return _unreadable(error)
        told = (Rate(time_ms, found[time_ms]) for time_ms in sorted(found) if time_ms >= since_ms)
        return Snapshot(asked_ns, time.time_ns(), tuple(told))

    async def mode(self) -> Snapshot[PositionMode] | Unavailable:
        """Ask for the position mode."""
        found = await self._one(self._dialect.mode(self._roster), self._dialect.read_mode)
        if isinstance(found, Snapshot):
            self._roster.mode = found.value
        return found

    async def server_ms(self) -> Snapshot[int] | Unavailable:
        """Ask for the venue's time, Unix ms."""
        return await self._one(self._dialect.time(), self._dialect.read_time_ms)

    # --- Shared ----------------------------------------------------------------------------

    async def _contracts(self) -> tuple[Contract, ...] | Unavailable:
        """Return the contracts of our symbols, with the fees that this account pays."""
        markets = await self._client.load(self._symbols)
        if isinstance(markets, Failure):
            return self._codes.unavailable(markets)
        for market in markets:
            answer = await self._client.ask(self._dialect.fees(market["id"]))
            if isinstance(answer, Failure):
                return self._codes.unavailable(answer)
            try:
                market["maker"], market["taker"] = self._dialect.read_fees(answer)
            except UNREADABLE as error:
                return _unreadable(error)
        try:
            return contracts(markets)
        except UNREADABLE as error:
            return _unreadable(error)

    def _named(self, symbol: int, client_order_id: int) -> tuple[Contract, str]:
        """Return the contract, and the text that names the order to the venue."""
        return self._roster.contracts[symbol], self._roster.ids.text(symbol, client_order_id)

    async def _chain(self, contract: Contract, call: Call) -> list[Body] | Failure:
        """Return the rows of *call*, and of the orders that work in place of those."""
        rows = await self._client.rows((call,))
        if isinstance(rows, Failure):
            return rows
        further = (self._dialect.follow(contract, row) for row in rows)
        more = await self._client.rows([each for each in further if each is not None])
        if isinstance(more, Failure):
            return rows if self._codes.nothing(more) else more
        return rows + more

    async def _set(self, call: Call) -> Setting:
        """Change a setting of the account."""
        answer = await self._client.command(call)
        return self._codes.setting(answer) if isinstance(answer, Failure) else Done(changed=True)

    async def _one(self, call: Call, read: Callable[[Body], T]) -> Snapshot[T] | Unavailable:
        """Return what *read* makes of the answer to *call*."""
        asked_ns = time.time_ns()
        answer = await self._client.ask(call)
        if isinstance(answer, Failure):
            return self._codes.unavailable(answer)
        try:
            return Snapshot(asked_ns, time.time_ns(), read(answer))
        except UNREADABLE as error:
            return _unreadable(error)

    async def _all(
        self, calls: Sequence[Call], read: Callable[[Roster, Body], T | None]
    ) -> Snapshot[tuple[T, ...]] | Unavailable:
        """Return what *read* makes of the rows of the answers to *calls*."""
        asked_ns = time.time_ns()
        rows = await self._client.rows(calls)
        if isinstance(rows, Failure):
            return self._codes.unavailable(rows)
        found = self._read(read, rows)
        if isinstance(found, Unavailable):
            return found
        return Snapshot(asked_ns, time.time_ns(), found)

    def _read(
        self, read: Callable[[Roster, Body], T | None], rows: Sequence[Body]
    ) -> tuple[T, ...] | Unavailable:
        """Return what *read* makes of *rows*, of those that concern us."""
        try:
            made = [read(self._roster, row) for row in rows]
        except UNREADABLE as error:
            return _unreadable(error)
        return tuple(each for each in made if each is not None)


def _unreadable(error: Exception) -> Unavailable:
    """Return that an answer is not what it should be."""
    return Unavailable(f"unreadable answer: {error!r}")


def _absent(symbol: int, client_order_id: int) -> OrderState:
    """Return that the venue shows no such order."""
    return OrderState(
        symbol=symbol,
        client_order_id=client_order_id,
        venue_id="",
        found=Found.ABSENT,
        qty=0,
        cum_qty=0,
    )
