"""Replay: the machines take the recorded steps again, and a bot goes on where its journal ends."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cached_property

from attrs import frozen

from adapters import bots
from adapters.bots import AnyBot, Event, Holding, config_of, holdings
from adapters.journal.chain import Kind, Row
from adapters.journal.errors import NO_ROW, JournalError
from adapters.journal.steps import Intervention, Snapshot, Step, Supervision, changes
from adapters.journal.store import WROTE, Journal, decoded
from machines import supervisor as supervisors
from machines.messages import Command
from machines.supervisor import Supervisor


@frozen(kw_only=True)
class Moment:
    """Row *row*: at *at_ns* (Unix ns) the bot *before* took *step* and became *after*.

    A snapshot has no step, whether or not other terms were chosen with it.
    """

    row: int
    at_ns: int
    before: AnyBot
    step: Step | None
    after: AnyBot

    @cached_property
    def changed(self) -> tuple[tuple[Holding, Holding], ...]:
        """What has changed: what the bot had of a symbol, and what it has; all of a snapshot."""
        pairs = zip(holdings(self.before), holdings(self.after), strict=True)
        return tuple(each for each in pairs if self.step is None or each[0] != each[1])


Check = Callable[[Moment], Iterator[str]]
Checks = dict[str, tuple[str, Check]]  # by the name of what must hold, with what that is


def replayed(rows: Iterable[Row]) -> Iterator[Moment]:
    """Yield what *rows*, a snapshot first, make the machines do.

    Raises:
        JournalError: A row is no step, or the machines do otherwise than it says.
    """
    bot: AnyBot | None = None
    supervisor: Supervisor | None = None
    for row in rows:
        if row.kind is Kind.SUPERVISION:
            supervisor = _supervised(row, supervisor)
        elif row.kind is Kind.INTERVENTION:
            decoded(row, Intervention)  # the bot hears of it by reports only
        elif row.kind is Kind.SNAPSHOT:
            found = decoded(row, Snapshot).bot
            if bot is not None and not _follows(bot, found):
                raise JournalError(row.row, "its bot is not what the rows before make", WROTE)
            yield Moment(row=row.row, at_ns=row.at_ns, before=found, step=None, after=found)
            bot = found
        elif bot is None:
            raise JournalError(row.row, "no snapshot comes before it", "put back a copy")
        else:
            moment = _stepped(row, bot)
            yield moment
            bot = moment.after


def _follows(bot: AnyBot, found: AnyBot) -> bool:
    """Return whether *found* is *bot*, or what a change of its terms has made of it."""
    return found == bot or found == bots.reconfigured(bot, config_of(found), found)


def _stepped(row: Row, bot: AnyBot) -> Moment:
    """Return what the step of *row* makes of *bot*."""
    step = decoded(row, Step)
    try:
        after, commands = bots.step(bot, step.event)
    except TypeError as error:
        raise JournalError(row.row, str(error), WROTE) from error
    if commands != step.commands:
        raise JournalError(row.row, "the machines ask for other commands than it says", WROTE)
    if changes(bot, step.event, after) != step.changes:
        raise JournalError(row.row, "the machines change otherwise than it says", WROTE)
    return Moment(row=row.row, at_ns=row.at_ns, before=bot, step=step, after=after)


def _supervised(row: Row, before: Supervisor | None) -> Supervisor:
    """Return what *row* has made of the supervisor *before*."""
    told = decoded(row, Supervision)
    if before is not None and supervisors.step(before, told.event)[0] != told.supervisor:
        raise JournalError(row.row, "the supervisor does otherwise than it says", WROTE)
    return told.supervisor


def supervisor(journal: Journal) -> Supervisor:
    """Return the supervisor as the journal has it; a new one where none was ever told anything.

    Raises:
        JournalError: The row is not as it was written.
    """
    last = journal.last_supervision()
    if last is None:
        return Supervisor()
    with closing(journal.rows(last)) as rows:
        return _supervised(next(rows), None)


def tell(
    journal: Journal, bot: AnyBot, event: Event, at_ns: int
) -> tuple[AnyBot, tuple[Command, ...]]:
    """Return *bot* after *event*, and the commands, which may leave: the journal has them.

    Raises:
        JournalError: The step could not be written; nothing may leave.
    """
    after, commands = bots.step(bot, event)
    step = Step(event=event, commands=commands, changes=changes(bot, event, after))
    journal.append(at_ns, step)
    return after, commands


def rebuilt(journal: Journal) -> AnyBot:
    """Return the bot as the journal has made it, from the newest snapshot on.

    Raises:
        JournalError: A row from there on is not as it was written, or the machines do otherwise.
    """
    bot: AnyBot | None = None
    with closing(journal.rows(journal.last_snapshot())) as rows:
        for moment in replayed(rows):
            bot = moment.after
    if bot is None:
        raise JournalError(NO_ROW, "it has no rows", "put back a copy")
    return bot
