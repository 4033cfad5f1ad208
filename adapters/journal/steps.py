"""What a row says: a step of the bot or of its supervisor, or the bot; and what a step changed."""

from collections.abc import Iterator

from attrs import frozen

from machines.bot import Bot, Event
from machines.messages import Cancel, Command, Place, Query, Report
from machines.order import step
from machines.order_manager import Working, live
from machines.supervisor import Event as SupervisorEvent
from machines.supervisor import Supervisor
from spec.order import State

Intent = Place | Cancel | Query
ABSENT = -1
ORDER, POSITION, WALLET, HALTED = "order", "position", "hedge_wallet", "halted"


@frozen
class Change:
    """The machine of this name went from state *before* to state *after*.

    *number* is the client order id of an order, else 0; `ABSENT` is the state before an order.
    """

    machine: str
    number: int
    before: int
    after: int


@frozen(kw_only=True)
class Step:
    """The bot was told *event*: what it asked for, and what changed."""

    event: Event
    commands: tuple[Command, ...]
    changes: tuple[Change, ...]


@frozen
class Snapshot:
    """The bot as all rows before have made it."""

    bot: Bot


@frozen
class Supervision:
    """The supervisor was told *event* and is now *supervisor*."""

    event: SupervisorEvent
    supervisor: Supervisor


def intents(step_: Step) -> tuple[Intent, ...]:
    """Return the commands that must be on disk before they leave.

    A query is one: were its number used again, a late answer to the first would count.
    """
    return tuple(command for command in step_.commands if isinstance(command, Intent))


def changes(before: Bot, event: Event, after: Bot) -> tuple[Change, ...]:
    """Return how the states of the machines differ, the orders first, the oldest first."""
    found = list(_orders(before, event, after))
    for name, was, now in (
        (POSITION, int(before.pair.state), int(after.pair.state)),
        (WALLET, int(before.wallet.phase), int(after.wallet.phase)),
        (HALTED, int(before.wallet.halted), int(after.wallet.halted)),
    ):
        if was != now:
            found.append(Change(name, 0, was, now))
    return tuple(found)


def _orders(before: Bot, event: Event, after: Bot) -> Iterator[Change]:
    """Yield the changes of orders; a final one has left the book, so its step is repeated."""
    if before.book is after.book:
        return
    was = {working.client_order_id: working for working in live(before.book)}
    now = {working.client_order_id: working for working in live(after.book)}
    for number in sorted(was | now):
        old = int(was[number].order.state) if number in was else ABSENT
        new = int(now[number].order.state if number in now else _final(was[number], event))
        if old != new:
            yield Change(ORDER, number, old, new)


def _final(working: Working, event: Event) -> State:
    """Return the state in which *event* has ended *working*."""
    assert isinstance(event, Report)
    return step(working.order, event.event)[0].state
