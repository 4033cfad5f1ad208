"""The two bots as one, to whoever runs and records them: the hedge wallet's and the portfolio's."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from attrs import evolve, frozen

from machines import bot as bots
from machines import ladder, overlay, portfolio, portfolio_change
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.messages import AccountReport, Bars, Command, Wanted
from machines.order_manager import Book
from machines.portfolio import Portfolio
from machines.portfolio_desk import is_mirror
from machines.position import Leg, Pair, state_of, unrealized
from machines.refusal import Refused
from spec.mirror import State as Overlay
from spec.terms import Instrument, PositionMode

AnyBot = Bot | Portfolio
Event = bots.Event | portfolio.Event
Config = ladder.Config | portfolio.Config
POSITION, WALLET, HALTED = "position", "hedge_wallet", "halted"
MIRRORED, COLLISION, OVERLAY = "mirror_position", "collision", "mirror"


@frozen(kw_only=True, slots=False)
class Holding:
    """What a bot has of *symbol*, an index of its instruments: its orders and its positions.

    *pair* is the strategy's position, *mirror* the overlay's, None without one; *account* is the
    newest report about the symbol.
    """

    symbol: int
    instrument: Instrument
    book: Book
    pair: Pair
    mirror: Pair | None
    account: AccountReport

    @cached_property
    def legs(self) -> Pair:
        """What the account has of the symbol."""
        if self.mirror is None:
            return self.pair
        long = _both(self.pair.long, self.mirror.long)
        short = _both(self.pair.short, self.mirror.short)
        state = state_of(long.qty, short.qty)
        return Pair(mode=self.pair.mode, state=state, long=long, short=short)

    def of(self, order: Wanted) -> Pair:
        """Return the position that fills of *order* change."""
        return self.pair if self.mirror is None or not is_mirror(order) else self.mirror

    def profit(self, price_ticks: int) -> int:
        """Return the profit of what is open at *price_ticks*, in money units."""
        return unrealized(self.legs, price_ticks) * self.instrument.value


def _both(one: Leg, other: Leg) -> Leg:
    return Leg(
        qty=one.qty + other.qty,
        cost=one.cost + other.cost,
        realized=one.realized + other.realized,
    )


def step(bot: AnyBot, event: Event) -> tuple[AnyBot, tuple[Command, ...]]:
    """Return *bot* after *event*, and the commands to send.

    Raises:
        TypeError: Such a bot is never told such an event.
    """
    if isinstance(bot, Bot) and not isinstance(event, Bars):
        return bots.step(bot, event)
    if isinstance(bot, Portfolio) and not isinstance(event, Price):
        return portfolio.step(bot, event)
    raise TypeError(f"a {type(bot).__name__} is told {type(event).__name__}")


def holdings(bot: AnyBot) -> tuple[Holding, ...]:
    """Return what *bot* has of each symbol, in the venue's order."""
    return tuple(holding(bot, symbol) for symbol in range(len(books(bot))))


def books(bot: AnyBot) -> tuple[Book, ...]:
    """Return the orders of *bot*, a book for each symbol."""
    if isinstance(bot, Portfolio):
        return tuple(desk.book for desk in bot.desks)
    return (bot.book,)


def holding(bot: AnyBot, symbol: int) -> Holding:
    """Return what *bot* has of *symbol*."""
    if isinstance(bot, Bot):
        return Holding(
            symbol=symbol,
            instrument=bot.wallet.config.instrument,
            book=bot.book,
            pair=bot.pair,
            mirror=None,
            account=bot.account,
        )
    desk = bot.desks[symbol]
    return Holding(
        symbol=symbol,
        instrument=desk.instrument,
        book=desk.book,
        pair=desk.pair,
        mirror=None if bot.mirrors is None else desk.mirror,
        account=desk.account,
    )


def config_of(bot: AnyBot) -> Config:
    """Return what a person has chosen for *bot*."""
    return bot.config if isinstance(bot, Portfolio) else bots.chosen(bot)


def reconfigured(bot: AnyBot, config: Config, warm: AnyBot) -> AnyBot | Refused:
    """Return *bot* once a person has chosen *config*; it takes averages that it lacks of *warm*."""
    if isinstance(bot, Bot):
        if isinstance(config, ladder.Config):
            return bots.reconfigured(bot, config)
    elif isinstance(config, portfolio.Config):
        known = warm if isinstance(warm, Portfolio) else bot
        return portfolio_change.reconfigured(bot, config, known.averages)
    return Refused("bot", type(bot).__name__, "another", "a journal is of one bot; give its terms")


def instruments_of(config: Config) -> tuple[Instrument, ...]:
    """Return the contracts of *config*, which all count money in the same unit."""
    if isinstance(config, portfolio.Config):
        return config.strategy.instruments
    return (config.instrument,)


def mode_of(bot: AnyBot) -> PositionMode:
    """Return the position mode of the account of *bot*."""
    return bot.config.strategy.mode if isinstance(bot, Portfolio) else bot.wallet.config.mode


def cash_of(bot: AnyBot) -> int:
    """Return the money units that *bot* counts: a wallet's as if every trade were paid in full."""
    return bot.cash if isinstance(bot, Portfolio) else bot.wallet.cash


def sequence_of(bot: AnyBot) -> int:
    """Return the number of the newest order of *bot*."""
    return bot.sequence if isinstance(bot, Portfolio) else bot.book.sequence


def numbered(bot: AnyBot, sequence: int) -> AnyBot:
    """Return *bot*, whose next order is the one after number *sequence*."""
    if isinstance(bot, Portfolio):
        return evolve(bot, sequence=sequence)
    return evolve(bot, book=evolve(bot.book, sequence=sequence))


def waits_for_a_person(bot: AnyBot) -> bool:
    """Return whether *bot* has something to be resumed."""
    if isinstance(bot, Bot):
        return bot.wallet.halted
    stopped = bot.mirrors is not None and bot.mirrors.overlay.state is Overlay.STOPPED
    return bot.halted or stopped


def moved(before: AnyBot, after: AnyBot) -> tuple[int, ...]:
    """Return the symbols whose machines may have other states *after* than *before*."""
    if isinstance(before, Bot) or isinstance(after, Bot) or before.mirrors is not after.mirrors:
        return tuple(range(len(books(before))))
    pairs = enumerate(zip(before.desks, after.desks, strict=True))
    return tuple(
        symbol
        for symbol, (was, now) in pairs
        if not (was.book is now.book and was.pair is now.pair and was.mirror is now.mirror)
    )


def states(bot: AnyBot, symbols: Iterable[int]) -> Iterator[tuple[str, int, int]]:
    """Yield the states of the machines of *symbols*, but of orders, and those that all share.

    Each is the name of the machine, its symbol and the state.
    """
    if isinstance(bot, Bot):
        yield POSITION, 0, int(bot.pair.state)
        yield WALLET, 0, int(bot.wallet.phase)
        yield HALTED, 0, int(bot.wallet.halted)
        return
    for symbol in symbols:
        desk = bot.desks[symbol]
        yield POSITION, symbol, int(desk.pair.state)
        yield MIRRORED, symbol, int(desk.mirror.state)
        if bot.mirrors is not None:
            state = overlay.collision_of(bot.mirrors, desk.instrument.symbol).state
            yield COLLISION, symbol, int(state)
    if bot.mirrors is not None:
        yield OVERLAY, 0, int(bot.mirrors.overlay.state)
    yield HALTED, 0, int(bot.halted)
