"""What a row says: a step of the bot or of its supervisor, or the bot; and what a step changed."""

from collections.abc import Iterator

from attrs import frozen

from adapters.bots import AnyBot, Event, books, moved, states
from machines.messages import Cancel, Command, Place, Query, Report
from machines.order import step
from machines.order_manager import Book, Working, live
from machines.supervisor import Event as SupervisorEvent
from machines.supervisor import Supervisor
from spec.order import State

Intent = Place | Cancel | Query
ABSENT = -1
ORDER = "order"
Words = tuple[tuple[str, str], ...]


@frozen
class Change:
    """The machine of this name went from state *before* to state *after*.

    *number* is the client order id of an order, else the symbol; `ABSENT` is the state before an
    order.
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
    """The bot as all rows before have made it, or by other terms that a person has chosen since.

    *words* are the terms as they were given, by their keys, and *deposit* the money units of the
    journal's beginning, where they were written down.
    """

    bot: AnyBot
    words: Words = ()
    deposit: int | None = None


@frozen
class Supervision:
    """The supervisor was told *event* and is now *supervisor*."""

    event: SupervisorEvent
    supervisor: Supervisor


@frozen
class Intervention:
    """The supervisor sends *commands* of its own."""

    commands: tuple[Place | Cancel, ...]


def intents(step_: Step) -> tuple[Intent, ...]:
    """Return the commands that must be on disk before they leave.

    A query is one: were its number used again, a late answer to the first would count.
    """
    return tuple(command for command in step_.commands if isinstance(command, Intent))


def changes(before: AnyBot, event: Event, after: AnyBot) -> tuple[Change, ...]:
    """Return how the states of the machines differ, the orders first, the oldest first."""
    found: list[Change] = []
    symbols = moved(before, after)
    old, new = books(before), books(after)
    for symbol in symbols:
        if old[symbol] is not new[symbol]:
            found += _orders(old[symbol], event, new[symbol])
    pairs = zip(states(before, symbols), states(after, symbols), strict=True)
    for (name, number, was), (_, _, now) in pairs:
        if was != now:
            found.append(Change(name, number, was, now))
    return tuple(found)


def _orders(before: Book, event: Event, after: Book) -> Iterator[Change]:
    """Yield the changes of orders; a final one has left the book, so its step is repeated."""
    was = {working.client_order_id: working for working in live(before)}
    now = {working.client_order_id: working for working in live(after)}
    for number in sorted(was | now):
        old = int(was[number].order.state) if number in was else ABSENT
        new = int(now[number].order.state if number in now else _final(was[number], event))
        if old != new:
            yield Change(ORDER, number, old, new)


def _final(working: Working, event: Event) -> State:
    """Return the state in which *event* has ended *working*."""
    assert isinstance(event, Report)
    return step(working.order, event.event)[0].state
