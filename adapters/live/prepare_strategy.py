"""Before the first event of a strategy: its portfolio, warmed up on the venue's candles."""

from pathlib import Path

from attrs import evolve, field, frozen

from adapters.live.account import AccountError
from adapters.live.bars import Minutes, asked, told
from adapters.live.prepare import flat, had, leveraged, moded, opened
from adapters.live.start import found
from adapters.strategy import portfolio as portfolios
from adapters.strategy.parse import Strategy
from adapters.strategy.terms import position_mode
from adapters.venue.feed import MINUTE_MS
from adapters.venue.port import Port
from machines import portfolio
from machines.portfolio import Config, Portfolio
from spec.terms import PositionMode

SPARE_BARS = 2


@frozen
class StrategyPlan:
    """The portfolio of *strategy*: *coins* against *quote*, the currency that they settle in."""

    strategy: Strategy = field(repr=False)
    coins: tuple[str, ...]
    quote: str
    name = bot = "portfolio"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The contracts by ccxt's names."""
        return tuple(f"{coin}/{self.quote}:{self.quote}" for coin in self.coins)

    async def prepared(self, port: Port, path: Path, now_ns: int) -> Config:
        """Return the portfolio's terms; see `Plan`."""
        await opened(port)
        mode = position_mode(self.strategy)
        hedges = mode is PositionMode.HEDGE
        await moded(port, mode, f"live.hedge_mode {str(hedges).lower()}")
        await leveraged(port, int(self.strategy.number(portfolios.LEVERAGE)))
        instruments = dict(zip(self.coins, port.instruments, strict=True))
        config = portfolios.config(self.strategy, instruments)
        if not _begun(path):
            bot = portfolio.new(config, await flat(port))
            found(path, await warmed(port, bot), now_ns)
        return config


async def warmed(port: Port, bot: Portfolio) -> Portfolio:
    """Return *bot* once it has looked at the candles that its averages need, or all there are."""
    minutes, last = Minutes(len(bot.desks)), None
    newest_ms = had(await port.server_ms()) // MINUTE_MS * MINUTE_MS
    since_ms = newest_ms - (bot.config.warmup_bars + SPARE_BARS) * MINUTE_MS
    bars, missing = await asked(port, since_ms)
    if missing:
        raise AccountError(f"candles: {missing[0].text}; try again")
    minutes.add(bars)
    for open_ms, row in minutes.take(newest_ms):
        last = told(open_ms, row, past=True)
        bot, _ = portfolio.step(bot, last)
    if last is not None:
        # What is compiled on its first call is so before a venue waits for it.
        portfolio.step(bot, evolve(last, open_ms=newest_ms, past=False))
    return bot


def _begun(path: Path) -> bool:
    """Return whether there is a journal at *path*."""
    return path.exists()
