"""A portfolio with mirrors on a venue behind a faulty wire, whose bars close minute by minute."""

import asyncio
from pathlib import Path
from typing import Any

from attrs import evolve

from adapters.live.bars import told
from adapters.venue.port import Bar, News, Snapshot, Unavailable
from machines import portfolio
from machines.mirror_inputs import Settings
from machines.planner_inputs import Strategy
from machines.portfolio import Config, Portfolio
from machines.portfolio_mirrors import MirrorConfig
from spec.terms import Instrument, PositionMode
from spec.units import MILLI_NS, MILLION
from tests.adapters.live_world import BEGIN_NS, DEPOSIT, PRICE, Faults, WirePort, World
from tests.simulator.portfolios import sides

NAMES = "ABCD"
MINUTE_MS = 60_000
FIRST_MS = BEGIN_NS // MILLI_NS // MINUTE_MS * MINUTE_MS  # the minute under way at first
WARMUP_BARS = 20


class BarPort(WirePort):
    """A wire that tells bars too: *now* are those under way, *past* those that have closed.

    The stream leaves out the bars of *silent* symbols.
    """

    def __init__(self, *words: Any) -> None:  # noqa: ANN401
        super().__init__(*words)
        self.now: dict[int, Bar] = {}
        self.past: list[Bar] = []
        self.silent: set[int] = set()

    def price(self, symbol: int, ticks: int, mark: int = 0) -> None:
        super().price(symbol, ticks, mark)
        open_ms = self.clock_ns() // MILLI_NS // MINUTE_MS * MINUTE_MS
        bar = self.now.get(symbol)
        if bar is None or bar.open_ms < open_ms:
            if bar is not None:
                self.past.append(bar)
                if symbol not in self.silent:
                    self.publish(bar)
            bar = Bar(symbol, open_ms, ticks, ticks, ticks, ticks, 0)
        low, high = min(bar.low, ticks), max(bar.high, ticks)
        self.now[symbol] = evolve(bar, high=high, low=low, close=ticks, volume=bar.volume + 1)

    async def bars(
        self, symbol: int, since_ms: int, until_ms: int | None = None
    ) -> Snapshot[tuple[Bar, ...]] | Unavailable:
        async def answer() -> Snapshot[tuple[Bar, ...]] | Unavailable:
            own = (bar for bar in self.past if bar.symbol == symbol and bar.open_ms >= since_ms)
            return self._now(tuple(b for b in own if until_ms is None or b.open_ms < until_ms))

        return await self._asked(answer)

    def bars_told(self, news: News) -> bool:
        return isinstance(news, Bar)


def chosen(mode: PositionMode, *, mirrored: bool = True) -> Config:
    """Return a busy strategy on four symbols."""
    long, short = sides(mirrored=mirrored)
    instruments = tuple(Instrument(symbol=name, min_notional=5, max_qty=10**9) for name in NAMES)
    settings = Settings(threshold_ppm=MILLION, allocation_min_ppm=500_000)
    return Config(
        strategy=Strategy(instruments=instruments, long=long, short=short, mode=mode),
        mirrors=MirrorConfig(settings=settings, approved=frozenset(NAMES)) if mirrored else None,
        warmup_bars=WARMUP_BARS,
    )


def warm(config: Config) -> Portfolio:
    """Return a portfolio that has seen prices stand still."""
    bot = portfolio.new(config, DEPOSIT)
    for minute in range(-WARMUP_BARS - 2, 0):
        open_ms = FIRST_MS + minute * MINUTE_MS
        row = tuple(
            Bar(symbol, open_ms, PRICE, PRICE + 20, PRICE - 20, PRICE, 100)
            for symbol in range(len(NAMES))
        )
        bot, commands = portfolio.step(bot, told(open_ms, row, past=True))
        assert not commands
    return bot


class PortfolioWorld(World):
    """A venue of four markets, and one process of a portfolio after another."""

    port: BarPort

    def __init__(
        self,
        path: Path,
        mode: PositionMode = PositionMode.ONE_WAY,
        *,
        mirrored: bool = True,
        **words: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(path, bot=warm(chosen(mode, mirrored=mirrored)), leverage=20, **words)

    def _port(self, faults: Faults) -> WirePort:
        return BarPort(self.venue, self.dice, faults)

    @property
    def portfolio(self) -> Portfolio:
        bot = self.loop.session.bot
        assert isinstance(bot, Portfolio)
        return bot

    async def wander(self, seconds: float, step: int = 60) -> None:
        """Let the markets go on for so long."""
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            for symbol in range(len(NAMES)):
                last = self.port.quotes[symbol].last
                move = self.dice.randrange(-step, step + 1)
                self.port.price(symbol, max(last + move, PRICE // 2))
            self.beat()
            await asyncio.sleep(self.dice.random() * 4)

    async def minutes(self, count: int) -> None:
        """Let the markets go on until so many minutes have closed for the bot."""
        newest_ms = self.portfolio.newest_ms + count * MINUTE_MS
        while self.portfolio.newest_ms < newest_ms:
            await self.wander(10.0)
