"""Before the first event of a strategy: its portfolio, warmed up on the venue's candles."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from attrs import evolve, field, frozen

from adapters.bots import AnyBot
from adapters.journal.replay import rebuilt
from adapters.journal.steps import Words
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.bars import Minutes, asked, told
from adapters.live.chosen import Chosen, taken_up, unheard
from adapters.live.loop import Said
from adapters.live.prepare import flat, had, leveraged, moded, opened
from adapters.live.start import found, is_new
from adapters.strategy import portfolio as portfolios
from adapters.strategy.parse import Strategy
from adapters.strategy.table import OVERRIDES
from adapters.strategy.terms import position_mode
from adapters.strategy.text import written
from adapters.venue.feed import MINUTE_MS
from adapters.venue.port import Port
from machines import portfolio
from machines.portfolio import Config, Portfolio
from machines.portfolio_change import cold, idle
from machines.portfolio_rehearsal import rehearse
from spec.terms import PositionMode

SPARE_BARS = 2
PIECE_MS = 3_000 * MINUTE_MS  # of the candles that are in memory at a time
SECTIONS = ("bot.", "live.", OVERRIDES)  # what a bot at a venue is made of
TRADED = "coins"
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "mode": "live.hedge_mode",
        "long": "bot.long.n_positions",
        "short": "bot.short.n_positions",
        "mirrors": "live.mirror.mode",
    }
)


@frozen
class StrategyPlan:
    """The portfolio of *strategy*: *coins* against *quote*, the currency that they settle in.

    Without coins it is to trade what the venue lists: see `listing`.  Coins that are *left* are
    traded no more, but not closed yet: they trade as in a graceful stop.
    """

    strategy: Strategy = field(repr=False)
    coins: tuple[str, ...]
    quote: str
    left: tuple[str, ...] = ()
    name = bot = "portfolio"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The contracts by ccxt's names."""
        return tuple(f"{coin}/{self.quote}:{self.quote}" for coin in self._all)

    @property
    def _all(self) -> tuple[str, ...]:
        return self.coins + self.left

    @property
    def _words(self) -> Words:
        """What was given, by its keys."""
        found = dict(self.strategy.values)
        for coin, values in self.strategy.overrides.items():
            found |= {f"{OVERRIDES}.{coin}.{path}": value for path, value in values.items()}
        words = {key: written(value) for key, value in found.items() if key.startswith(SECTIONS)}
        return (*words.items(), (TRADED, " ".join(self._all)))

    def keeping(self, path: Path) -> Self:
        """Return the plan with the coins that the journal at *path* has not closed yet."""
        if is_new(path):
            return self
        with Journal(path) as journal:
            coins = dict(journal.newest().words).get(TRADED, "").split()
            if not self.coins:
                return evolve(self, coins=tuple(coins))
            if set(coins) <= set(self.coins):
                return self
            bot = rebuilt(journal)
        assert isinstance(bot, Portfolio)
        pairs = zip(coins, bot.desks, strict=True)
        return evolve(self, left=tuple(c for c, d in pairs if c not in self.coins and not idle(d)))

    async def prepared(self, port: Port, path: Path, now_ns: int, said: Said = unheard) -> Config:
        """Return the portfolio's terms; see `Plan`."""
        rehearse()  # what is compiled on its first call is so before a venue waits for it
        await opened(port)
        instruments = dict(zip(self._all, port.instruments, strict=True))
        config = portfolios.config(self.strategy, instruments)

        async def warm(bot: AnyBot) -> AnyBot:
            if not (isinstance(bot, Portfolio) and cold(bot, config)):
                return bot
            fresh, next_ms = portfolio.new(config, bot.cash), bot.newest_ms + MINUTE_MS
            return await warmed(port, fresh, next_ms)

        await taken_up(path, Chosen(config, self._words, NAMES), now_ns, said, warm)
        for coin in self.left:
            said("changed", key=coin, before="traded", now="kept until it is closed")
        mode = position_mode(self.strategy)
        hedges = mode is PositionMode.HEDGE
        await moded(port, mode, f"live.hedge_mode {str(hedges).lower()}")
        await leveraged(port, int(self.strategy.number(portfolios.LEVERAGE)))
        if is_new(path):
            bot = portfolio.new(config, await flat(port))
            found(path, await warmed(port, bot), now_ns, self._words)
        return config


async def warmed(port: Port, bot: Portfolio, until_ms: int | None = None) -> Portfolio:
    """Return *bot* once it has looked at the candles that its averages need, or all there are.

    They have opened before *until_ms* (Unix ms), or until now.
    """
    minutes = Minutes(len(bot.desks))
    if until_ms is None:
        until_ms = had(await port.server_ms()) // MINUTE_MS * MINUTE_MS
    since_ms = until_ms - (bot.config.warmup_bars + SPARE_BARS) * MINUTE_MS
    for first_ms in range(since_ms, until_ms, PIECE_MS):
        last_ms = min(first_ms + PIECE_MS, until_ms)
        bars, missing = await asked(port, first_ms, last_ms)
        if missing:
            raise AccountError(f"candles: {missing[0].text}; try again")
        minutes.add(bars)
        for open_ms, row in minutes.take(last_ms - MINUTE_MS):
            bot, _ = portfolio.step(bot, told(open_ms, row, past=True))
    return bot
