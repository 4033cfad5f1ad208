"""Paper trading: live prices from a venue's port, orders on a simulated venue of our own."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from adapters import config as configs
from adapters.bots import AnyBot, holdings, mode_of
from adapters.cli.venue_port import VenuePort
from adapters.journal.replay import rebuilt
from adapters.journal.store import Journal
from adapters.live.matching import expected_cash
from adapters.live.prepare import Plan, WalletPlan
from adapters.live.prepare_strategy import StrategyPlan
from adapters.strategy import portfolio, terms
from adapters.venue.port import Bar, Gap, GapEnded, Port, Quote, Snapshot, Unavailable
from machines.order_manager import Working, live
from simulator.venue import Venue
from simulator.venue_order import VenueOrder
from simulator.venue_terms import VenueConfig
from spec.order import State
from spec.position import State as Position
from spec.terms import MarginMode, PositionMode
from spec.units import MILLI_NS

BALANCE = "backtest.starting_balance"
FUNDING_S = 60.0


class PaperPort(VenuePort):
    """Trades on a venue of this process, which goes on as the *kept* bot knows it from earlier.

    Where there is none it begins as *terms* say of the money unit.  Its contracts are those of
    *data*, whose prices, bars, gaps and funding it has, and which is made anew for each connection;
    it is never asked to do anything.
    """

    def __init__(
        self,
        data: Callable[[], Port],
        terms: Callable[[str], VenueConfig],
        kept: Callable[[], AnyBot | None],
        clock_ns: Callable[[], int],
    ) -> None:
        super().__init__(Venue(VenueConfig(deposit=0), ()), clock_ns)
        self._made, self._terms, self._kept = data, terms, kept
        self._data = data()
        self._whole = False  # the venue is as it was
        self._paid_ms: dict[int, int] = {}  # funding until then, by the data's time
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> Unavailable | None:
        """Connect to the venue's data; the first time, make the simulated venue."""
        self._data = self._made()
        trouble = await self._data.open()
        if trouble is not None:
            return trouble
        if not self.instruments:
            instruments = self._data.instruments
            self.venue = Venue(self._terms(instruments[0].money), instruments)
        for symbol in range(len(self.instruments)):
            quote = await self._data.quote(symbol)
            if isinstance(quote, Unavailable):
                return quote
            self._priced(quote.value)
        if not self._whole:
            self._whole = True
            if (bot := self._kept()) is not None:
                self._restored(bot)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._fund())]
        return None

    async def close(self) -> None:
        """Disconnect from the data; orders stay."""
        for task in self._tasks:
            task.cancel()
        await super().close()
        await self._data.close()

    async def bars(
        self, symbol: int, since_ms: int, until_ms: int | None = None
    ) -> Snapshot[tuple[Bar, ...]] | Unavailable:
        """Ask the venue whose data it is."""
        return await self._data.bars(symbol, since_ms, until_ms)

    def _restored(self, bot: AnyBot) -> None:
        """Go on as *bot* knows the account, contract by contract.

        What had not reached the bot's journal has not happened, requests without an answer too.
        """
        self.venue.account.set_mode(mode_of(bot))
        found = {held.instrument.symbol: held for held in holdings(bot)}
        pairs, orders = list(self.venue.account.pairs), list[VenueOrder]()
        for symbol, instrument in enumerate(self.instruments):
            if (held := found.get(instrument.symbol)) is not None:
                pairs[symbol] = held.legs
                orders += (_order(symbol, each) for each in live(held.book) if _arrived(each))
        self.restore(expected_cash(bot), pairs, orders)

    async def _listen(self) -> None:
        """Move the prices of the simulated venue as those of the real one move."""
        async for news in self._data.news():
            match news:
                case Quote():
                    self._priced(news)
                case Bar() | Gap() | GapEnded():
                    self.publish(news)
                case _:
                    pass

    async def _fund(self) -> None:
        """Pay the funding of what is held, as soon as the venue of the data tells of it."""
        while True:
            now = await self._data.server_ms()
            if isinstance(now, Snapshot):
                for symbol in range(len(self.instruments)):
                    await self._paid(symbol, now.value)
            await asyncio.sleep(FUNDING_S)

    async def _paid(self, symbol: int, now_ms: int) -> None:
        """Pay the funding of *symbol* since it was looked at last."""
        since_ms = self._paid_ms.setdefault(symbol, now_ms)
        if self.venue.position(symbol).state is Position.FLAT:
            self._paid_ms[symbol] = now_ms
            return
        told = await self._data.rates(symbol, since_ms)
        for rate in told.value if isinstance(told, Snapshot) else ():
            self.venue.fund(symbol, rate.ppm, self.clock_ns())
            self._paid_ms[symbol] = rate.time_ms + 1
        self.flush()

    def _priced(self, quote: Quote) -> None:
        """Take the prices of *quote*, and what has become due meanwhile."""
        while (wake_ns := self.venue.wake_ns()) is not None and wake_ns <= self.clock_ns():
            self.venue.wake(self.clock_ns())
        self.priced(quote)


def kept(path: Path) -> AnyBot | None:
    """Return the bot of the journal at *path*, None if there is none.

    Raises:
        JournalError: It is broken.
    """
    if not path.exists():
        return None
    with Journal(path) as journal:
        return rebuilt(journal)


def _arrived(working: Working) -> bool:
    """Return whether an order has reached the venue, as far as the bot knows."""
    return working.order.state is not State.PENDING_NEW


def _order(symbol: int, working: Working) -> VenueOrder:
    """Return an open order of *symbol* as the bot knows it."""
    return VenueOrder(
        client_order_id=working.client_order_id,
        symbol=symbol,
        order=working.wanted,
        qty=working.order.qty,
        cum_qty=working.order.cum_qty,
        notional=working.notional,
        fee=working.fee,
        triggered=working.order.triggered,
    )


def venue_of(plan: Plan, money: str) -> VenueConfig:
    """Return what a simulated venue is like for *plan*, where a money unit is *money*."""
    if isinstance(plan, StrategyPlan):
        strategy = plan.strategy
        return VenueConfig(
            deposit=configs.units(BALANCE, f"{strategy.number(BALANCE):f}", money),
            mode=terms.position_mode(strategy),
            leverage=int(strategy.number(portfolio.LEVERAGE)),
        )
    assert isinstance(plan, WalletPlan)
    config = plan.config
    return VenueConfig(
        deposit=configs.units("deposit", config.deposit, money),
        mode=PositionMode[config.mode.upper()],
        margin_mode=MarginMode[config.margin.upper()],
        leverage=config.leverage,
        slippage_ticks=config.slippage_ticks,
        liquidity_lots=config.liquidity_lots,
        refill_ns=config.refill_ms * MILLI_NS,
    )
