"""Paper trading: live prices from a venue's port, orders on a simulated venue of our own."""

import asyncio
from collections.abc import Callable

from adapters import config as configs
from adapters.cli.venue_port import VenuePort
from adapters.live.prepare import Plan, WalletPlan
from adapters.live.prepare_strategy import StrategyPlan
from adapters.strategy import portfolio, terms
from adapters.venue.port import Bar, Gap, GapEnded, Port, Quote, Snapshot, Unavailable
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.terms import MarginMode, PositionMode
from spec.units import MILLI_NS

BALANCE = "backtest.starting_balance"


class PaperPort(VenuePort):
    """Trades on a venue that begins anew with this process, as *terms* say of the money unit.

    Its contracts are those of *data*, whose prices, bars and gaps it has, and which is made anew
    for each connection; it is never asked to do anything.
    """

    def __init__(
        self,
        data: Callable[[], Port],
        terms: Callable[[str], VenueConfig],
        clock_ns: Callable[[], int],
    ) -> None:
        super().__init__(Venue(VenueConfig(deposit=0), ()), clock_ns)
        self._made, self._terms = data, terms
        self._data = data()
        self._listening: asyncio.Task[None] | None = None

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
        self._listening = asyncio.get_running_loop().create_task(self._listen())
        return None

    async def close(self) -> None:
        """Disconnect from the data; orders stay."""
        if self._listening is not None:
            self._listening.cancel()
        await super().close()
        await self._data.close()

    async def bars(self, symbol: int, since_ms: int) -> Snapshot[tuple[Bar, ...]] | Unavailable:
        """Ask the venue whose data it is."""
        return await self._data.bars(symbol, since_ms)

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

    def _priced(self, quote: Quote) -> None:
        """Take the prices of *quote*, and what has become due meanwhile."""
        while (wake_ns := self.venue.wake_ns()) is not None and wake_ns <= self.clock_ns():
            self.venue.wake(self.clock_ns())
        self.price(quote.symbol, quote.last, quote.mark)


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
