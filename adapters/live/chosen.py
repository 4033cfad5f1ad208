"""What a person has chosen anew for the bot of a journal: what differs, and what becomes of it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from attrs import asdict, frozen

from adapters import bots
from adapters.bots import AnyBot, Config, config_of, instruments_of
from adapters.journal.replay import rebuilt
from adapters.journal.steps import Snapshot, Words
from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.loop import Said
from adapters.live.start import is_new
from machines.bot import Bot
from machines.refusal import Refused

ABSENT = "not given"
NAMES: Mapping[str, str] = MappingProxyType({})
Warm = Callable[[AnyBot], Awaitable[AnyBot]]


@frozen
class Chosen:
    """The *config* of a bot, and the *words* by which it was given, by the configuration's keys.

    *names* are the keys of what a bot may refuse to change, by the bot's names.
    """

    config: Config
    words: Words
    names: Mapping[str, str] = NAMES

    def same(self, newest: Snapshot) -> bool:
        """Return whether the bot of *newest* was chosen so."""
        return (config_of(newest.bot), newest.words) == (self.config, self.words)

    def applied(self, bot: AnyBot, warm: AnyBot) -> AnyBot:
        """Return *bot* by these terms, with averages that it lacks of *warm*.

        Raises:
            AccountError: It cannot go on by them.
        """
        after = bots.reconfigured(bot, self.config, warm)
        if isinstance(after, Refused):
            name = self.names.get(after.name, after.name)
            raise AccountError(str(Refused(name, after.before, after.after, after.fix)))
        return after

    def changes(self, newest: Snapshot) -> Iterator[tuple[str, object, object]]:
        """Yield (key, before, now) of what was chosen otherwise, or is otherwise at the venue."""
        before, now = dict(newest.words), dict(self.words)
        for key in {**before, **now} if before else ():
            if before.get(key) != now.get(key):
                yield key, before.get(key, ABSENT), now.get(key, ABSENT)
        known = {each.symbol: each for each in instruments_of(config_of(newest.bot))}
        for contract in instruments_of(self.config):
            old = known.get(contract.symbol, contract)
            for name, value in asdict(contract, recurse=False).items():
                if value != getattr(old, name):
                    yield f"{contract.symbol} {name}", getattr(old, name), value


def unheard(_: str, **__: object) -> None:
    """Tell nobody."""


async def _same(bot: AnyBot) -> AnyBot:
    return bot


async def taken_up(
    path: Path, chosen: Chosen, now_ns: int, said: Said = unheard, warm: Warm = _same
) -> None:
    """Write into the journal at *path*, if there is one, what was *chosen* otherwise than before.

    *said* is told what that is; *warm* returns a bot with the averages that the terms look at.

    Raises:
        AccountError: The bot cannot go on by these terms; nothing was written.
        JournalError: The journal is broken.
    """
    if is_new(path):
        return
    with Journal(path) as journal:
        newest = journal.newest()
        if chosen.same(newest):
            return
        bot = rebuilt(journal)
        after = chosen.applied(bot, await warm(bot))
        for key, before, now in chosen.changes(newest):
            said("changed", key=key, before=before, now=now)
        if isinstance(after, Bot) and after.next_config is not None:
            said("changed", holds="from the next cycle on")
        journal.snapshot(now_ns, after, chosen.words)
