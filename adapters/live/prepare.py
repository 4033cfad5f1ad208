"""Before the first event: what the account must be like, and a new journal where there is none."""

from pathlib import Path

from attrs import evolve

from adapters import config as configs
from adapters.config import Simulation
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.start import begun, found
from adapters.venue.port import Done, Port, Snapshot, T, Unavailable
from machines.ladder import Config
from spec.terms import PositionMode


async def prepared(port: Port, config: Simulation, path: Path, now_ns: int) -> Config:
    """Return the wallet's terms on the account behind *port*, which is left open.

    The position mode and the leverage are set.  Without a journal at *path* one is made, of a bot
    that holds what the account does; the account must then be flat.

    Raises:
        AccountError: The venue cannot be reached, or the account is not, and cannot be made, what
            *config* says.
        ConfigError: A value is no whole number of the venue's units.
        JournalError: The journal is broken.
    """
    trouble = await port.open()
    if trouble is not None:
        raise AccountError(f"venue: {trouble.text}; see whether the address and the keys are right")
    await _moded(port, PositionMode[config.mode.upper()])
    leverage = await port.set_leverage(0, config.leverage)
    if not isinstance(leverage, Done):
        fix = "give one that the venue takes"
        raise AccountError(f"leverage {config.leverage}: {leverage.text}; {fix}")
    price = _had(await port.quote(0)).last
    wallet = configs.wallet(config, port.instruments[0], price)
    kept = _kept(config, wallet, path)
    if kept is not None:
        return kept
    if any(leg.symbol == 0 for leg in _had(await port.positions())):
        fix = "close it: a new journal begins flat"
        raise AccountError(f"{config.symbol}: the account holds a position; {fix}")
    found(path, wallet, _had(await port.cash()).cash, now_ns)
    return wallet


def _kept(config: Simulation, wallet: Config, path: Path) -> Config | None:
    """Return *wallet* as the journal has it, if any: a unit in percent stays as it was."""
    if not path.exists():
        return None
    if not config.unit.endswith("%"):
        return wallet
    with Journal(path) as journal:
        known, _ = begun(journal)
    return evolve(wallet, unit_ticks=known.unit_ticks)


async def _moded(port: Port, mode: PositionMode) -> None:
    """Put the account in *mode*."""
    if mode is PositionMode.HEDGE and not port.hedges:
        raise AccountError('mode "hedge": the venue has one-way positions only; write "one_way"')
    if _had(await port.mode()) is mode:
        return
    setting = await port.set_mode(mode)
    if not isinstance(setting, Done):
        name = mode.name.lower()
        fix = "close positions and cancel orders, or write the account's mode"
        raise AccountError(f'mode "{name}": the account is in the other, {setting.text}; {fix}')


def _had(answer: Snapshot[T] | Unavailable) -> T:
    """Return what was answered."""
    if isinstance(answer, Unavailable):
        raise AccountError(f"venue: {answer.text}; try again")
    return answer.value
