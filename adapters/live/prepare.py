"""Before the first event: what the account must be like, and the journal with what was chosen."""

from pathlib import Path
from typing import Protocol, Self

from attrs import evolve, frozen

from adapters import bots
from adapters import config as configs
from adapters.config import Simulation
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.chosen import Chosen, taken_up, unheard
from adapters.live.loop import Said
from adapters.live.start import found, is_new
from adapters.venue.port import Done, Port, Snapshot, T, Unavailable
from machines import bot
from machines.ladder import Config
from spec.terms import PositionMode

WORDS = ("symbol", "unit", "fragment", "mode", "leverage", "reserve_ppm")


class Plan(Protocol):
    """What a person wants traded."""

    @property
    def name(self) -> str:
        """The name of the journal."""
        ...

    @property
    def bot(self) -> str:
        """The name by which the bot's orders are told from others."""
        ...

    @property
    def symbols(self) -> tuple[str, ...]:
        """The contracts, by the venue's names or ccxt's."""
        ...

    def keeping(self, path: Path) -> Self:
        """Return the plan with what the journal at *path*, if there is one, has not closed yet.

        Raises:
            JournalError: The journal is broken.
        """
        ...

    async def prepared(
        self, port: Port, path: Path, now_ns: int, said: Said = unheard
    ) -> bots.Config:
        """Return the bot's terms on the account behind *port*, which is left open.

        The position mode and the leverage are set.  Without a journal at *path* one is made, of a
        bot that holds what the account does; the account must then be flat.  In one that is there
        other terms than before are written down; *said* is told which.

        Raises:
            AccountError: The venue cannot be reached, or the account is not, and cannot be made,
                what is asked for; or the bot cannot go on by these terms.
            ConfigError: A value is no whole number of the venue's units.
            JournalError: The journal is broken.
        """
        ...


@frozen
class WalletPlan:
    """A hedge wallet, as *config* says."""

    config: Simulation
    bot = "hedge-wallet"

    @property
    def name(self) -> str:
        """The contract."""
        return self.config.symbol

    @property
    def symbols(self) -> tuple[str, ...]:
        """The one contract."""
        return (self.config.symbol,)

    def keeping(self, path: Path) -> Self:
        """Return the same: a wallet has one contract, after which its journal is named."""
        del path
        return self

    async def prepared(self, port: Port, path: Path, now_ns: int, said: Said = unheard) -> Config:
        """Return the wallet's terms; see `Plan`."""
        return await prepared(port, self.config, path, now_ns, said)


async def prepared(
    port: Port, config: Simulation, path: Path, now_ns: int, said: Said = unheard
) -> Config:
    """Return the terms of the wallet of *config*; see `Plan`."""
    await opened(port)
    price = had(await port.quote(0)).last
    wallet = configs.wallet(config, port.instruments[0], price)
    words = tuple((name, str(getattr(config, name))) for name in WORDS)
    wallet = _as_begun(config, wallet, path)
    await taken_up(path, Chosen(wallet, words), now_ns, said)
    await moded(port, PositionMode[config.mode.upper()], f'mode "{config.mode}"')
    await leveraged(port, config.leverage)
    if is_new(path):
        found(path, bot.new(wallet, await flat(port)), now_ns, words)
    return wallet


def _as_begun(config: Simulation, wallet: Config, path: Path) -> Config:
    """Return *wallet* with the ticks of its journal for a unit in percent, which stay as they were.

    Another percentage is that of the price now.
    """
    if is_new(path) or not config.unit.endswith("%"):
        return wallet
    with Journal(path) as journal:
        newest = journal.newest()
    known = bots.config_of(newest.bot)
    if not isinstance(known, Config) or dict(newest.words).get("unit", config.unit) != config.unit:
        return wallet
    return evolve(wallet, unit_ticks=known.unit_ticks)


async def opened(port: Port) -> None:
    """Open *port*."""
    trouble = await port.open()
    if trouble is not None:
        fix = "see whether the address, the keys and the symbol are right"
        if trouble.drift:
            fix = "set the clock of this computer"
        raise AccountError(f"venue: {trouble.text}; {fix}")


async def moded(port: Port, mode: PositionMode, given: str) -> None:
    """Put the account in *mode*, which *given* asks for."""
    if mode is PositionMode.HEDGE and not port.hedges:
        fix = "ask for one-way positions"
        raise AccountError(f"{given}: the venue has one-way positions only; {fix}")
    if had(await port.mode()) is mode:
        return
    setting = await port.set_mode(mode)
    if not isinstance(setting, Done):
        fix = "close positions and cancel orders, or ask for the account's mode"
        raise AccountError(f"{given}: the account is in the other mode, {setting.text}; {fix}")


async def leveraged(port: Port, leverage: int) -> None:
    """Set the leverage of each contract."""
    for symbol, instrument in enumerate(port.instruments):
        setting = await port.set_leverage(symbol, leverage)
        if not isinstance(setting, Done):
            fix = "give one that the venue takes"
            raise AccountError(f"{instrument.symbol}: leverage {leverage}: {setting.text}; {fix}")


async def flat(port: Port) -> int:
    """Return the money units of an account that holds no position in our contracts."""
    held = {port.instruments[leg.symbol].symbol for leg in had(await port.positions())}
    if held:
        names = ", ".join(sorted(held))
        raise AccountError(
            f"{names}: the account holds a position; close it: a new journal is flat"
        )
    return had(await port.cash()).cash


def had(answer: Snapshot[T] | Unavailable) -> T:
    """Return what was answered."""
    if isinstance(answer, Unavailable):
        raise AccountError(f"venue: {answer.text}; try again")
    return answer.value
