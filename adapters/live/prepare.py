"""Before the first event: what the account must be like, and a new journal where there is none."""

from pathlib import Path
from typing import Protocol

from attrs import evolve, frozen

from adapters import bots
from adapters import config as configs
from adapters.config import Simulation
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.start import begun, found
from adapters.venue.port import Done, Port, Snapshot, T, Unavailable
from machines import bot
from machines.ladder import Config
from spec.terms import PositionMode


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

    async def prepared(self, port: Port, path: Path, now_ns: int) -> bots.Config:
        """Return the bot's terms on the account behind *port*, which is left open.

        The position mode and the leverage are set.  Without a journal at *path* one is made, of a
        bot that holds what the account does; the account must then be flat.

        Raises:
            AccountError: The venue cannot be reached, or the account is not, and cannot be made,
                what is asked for.
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

    async def prepared(self, port: Port, path: Path, now_ns: int) -> Config:
        """Return the wallet's terms; see `Plan`."""
        return await prepared(port, self.config, path, now_ns)


async def prepared(port: Port, config: Simulation, path: Path, now_ns: int) -> Config:
    """Return the terms of the wallet of *config*; see `Plan`."""
    await opened(port)
    await moded(port, PositionMode[config.mode.upper()], f'mode "{config.mode}"')
    await leveraged(port, config.leverage)
    price = had(await port.quote(0)).last
    wallet = configs.wallet(config, port.instruments[0], price)
    kept = _kept(config, wallet, path)
    if kept is not None:
        return kept
    found(path, bot.new(wallet, await flat(port)), now_ns)
    return wallet


def _kept(config: Simulation, wallet: Config, path: Path) -> Config | None:
    """Return *wallet* as the journal has it, if any: a unit in percent stays as it was."""
    if not path.exists():
        return None
    if not config.unit.endswith("%"):
        return wallet
    with Journal(path) as journal:
        known, _ = begun(journal)
    assert isinstance(known, Config)
    return evolve(wallet, unit_ticks=known.unit_ticks)


async def opened(port: Port) -> None:
    """Open *port*."""
    trouble = await port.open()
    if trouble is not None:
        raise AccountError(f"venue: {trouble.text}; see whether the address and the keys are right")


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
