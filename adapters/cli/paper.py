"""Paper trading: live prices from a venue's port, orders on a simulated venue of our own."""

import asyncio
from collections.abc import Callable

from adapters import config as configs
from adapters.cli.venue_port import VenuePort
from adapters.config import Simulation
from adapters.venue.port import Bar, Gap, GapEnded, Port, Quote, Snapshot, Unavailable
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.terms import MarginMode, PositionMode
from spec.units import MILLI_NS


class PaperPort(VenuePort):
    """Trades as *config* says on a venue that begins anew with this process.

    The venue's terms are those of *data*, whose prices and gaps it has, and which is made anew
    for each connection; it is never asked to do anything.
    """

    def __init__(
        self, data: Callable[[], Port], config: Simulation, clock_ns: Callable[[], int]
    ) -> None:
        super().__init__(Venue(VenueConfig(deposit=0), ()), clock_ns)
        self._made, self._config = data, config
        self._data = data()
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> Unavailable | None:
        """Connect to the venue's data; the first time, make the simulated venue."""
        self._data = self._made()
        trouble = await self._data.open()
        if trouble is not None:
            return trouble
        if not self.instruments:
            self._begin()
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

    def _begin(self) -> None:
        """Make the simulated venue."""
        config, instruments = self._config, self._data.instruments
        terms = VenueConfig(
            deposit=configs.units("deposit", config.deposit, instruments[0].money),
            mode=PositionMode[config.mode.upper()],
            margin_mode=MarginMode[config.margin.upper()],
            leverage=config.leverage,
            slippage_ticks=config.slippage_ticks,
            liquidity_lots=config.liquidity_lots,
            refill_ns=config.refill_ms * MILLI_NS,
        )
        self.venue = Venue(terms, instruments)

    async def _listen(self) -> None:
        """Move the prices of the simulated venue as those of the real one move."""
        async for news in self._data.news():
            match news:
                case Quote():
                    self._priced(news)
                case Gap() | GapEnded():
                    self.publish(news)
                case _:
                    pass

    def _priced(self, quote: Quote) -> None:
        """Take the prices of *quote*, and what has become due meanwhile."""
        while (wake_ns := self.venue.wake_ns()) is not None and wake_ns <= self.clock_ns():
            self.venue.wake(self.clock_ns())
        self.price(quote.symbol, quote.last, quote.mark)
