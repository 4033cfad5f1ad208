"""What happened to one order, as text and as a Mermaid sequence diagram."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import assert_never

from attrs import evolve, fields, frozen

from adapters.bots import AnyBot, Event
from adapters.journal.replay import Moment
from adapters.journal.steps import ABSENT, ORDER, Change, Intent
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.messages import Bars, Command, Place, Query, Report, Wanted, Woken
from machines.pricing.kinds import Kind
from spec.hedge_wallet import OrderKind
from spec.order import State
from spec.terms import OrderType, PositionSide, Reason


class Way(Enum):
    """Who says it to whom."""

    TOLD = "venue -> bot"
    ASKED = "bot -> venue"
    STATE = "order"


@frozen
class Line:
    """One thing that happened to an order, in row *row* at *at_ns* (Unix ns)."""

    row: int
    at_ns: int
    way: Way
    words: str


def story(moments: Iterable[Moment], client_order_id: int) -> Iterator[Line]:
    """Yield what happened to order *client_order_id*, in order."""
    for moment in moments:
        if moment.step is None:
            continue
        event = moment.step.event
        about = isinstance(event, Report) and event.client_order_id == client_order_id
        if about:
            yield Line(moment.row, moment.at_ns, Way.TOLD, event_words(event))
        states = [
            Line(moment.row, moment.at_ns, Way.STATE, _change(change))
            for change in moment.step.changes
            if change.machine == ORDER and change.number == client_order_id
        ]
        asked = [
            Line(moment.row, moment.at_ns, Way.ASKED, command_words(command, moment.after))
            for command in moment.step.commands
            if isinstance(command, Intent) and command.client_order_id == client_order_id
        ]
        if about:
            yield from (*states, *asked)
        else:
            cause = f", because of {event_words(event)}"
            yield from (*(evolve(line, words=line.words + cause) for line in asked), *states)


def text(lines: Iterable[Line], time: Callable[[int], str]) -> Iterator[str]:
    """Yield *lines* as text; *time* writes Unix ns."""
    for line in lines:
        yield f"{line.row:>8}  {time(line.at_ns)}  {line.way.value:<12}  {line.words}"


def mermaid(lines: Iterable[Line]) -> Iterator[str]:
    """Yield *lines* as the text of a Mermaid sequence diagram."""
    yield "sequenceDiagram"
    yield "    participant bot"
    yield "    participant venue"
    for line in lines:
        match line.way:
            case Way.TOLD:
                yield f"    venue-->>bot: {line.row}: {line.words}"
            case Way.ASKED:
                yield f"    bot->>venue: {line.row}: {line.words}"
            case Way.STATE:
                yield f"    Note over bot: {line.words}"
            case _:
                assert_never(line.way)


def event_words(event: Event) -> str:
    """Return *event* in a few words, without marks that a diagram would read."""
    match event:
        case Report():
            names = [field.name for field in fields(type(event.event))]
            said = [f"{name} {_plain(getattr(event.event, name))}" for name in names]
            if event.reason is not Reason.NONE:
                said.append(event.reason.name)
            what = " ".join((type(event.event).__name__, f"of order {event.client_order_id}"))
            return ", ".join((what, *said))
        case Price():
            return f"Price {event.ticks}"
        case Woken():
            return f"Woken {event.key}"
        case Bars():
            return f"Bars {event.open_ms}"
        case _:
            return type(event).__name__


def command_words(command: Command, bot: AnyBot) -> str:
    """Return *command* of *bot* in a few words."""
    if isinstance(command, Place):
        return f"Place {', '.join((_purpose(command, bot), *_wanted(command.order)))}"
    if isinstance(command, Query):
        return f"Query {command.query}"
    return type(command).__name__


def _purpose(place: Place, bot: AnyBot) -> str:
    """Return what an order of *bot* is for."""
    wanted = place.order
    if isinstance(bot, Bot):
        return f"{OrderKind(wanted.kind).name} at unit {wanted.unit}"
    return f"{Kind(wanted.kind).name} of {bot.desks[place.symbol].instrument.symbol}"


def _wanted(wanted: Wanted) -> list[str]:
    """Return an order in a few words."""
    words = [f"{wanted.side.name} {wanted.qty} lots", OrderType(wanted.type).name]
    if wanted.trigger_ticks:
        words.append(f"trigger {wanted.trigger_ticks}")
    if wanted.price_ticks:
        words.append(f"price {wanted.price_ticks}")
    if wanted.position_side is not PositionSide.NONE:
        words.append(f"leg {wanted.position_side.name}")
    if wanted.reduce_only:
        words.append("reduce only")
    return words


def _change(change: Change) -> str:
    """Return a change of an order's state."""
    after = State(change.after).name
    return after if change.before == ABSENT else f"{State(change.before).name} to {after}"


def _plain(value: object) -> object:
    """Return the name of an enumeration's member, and anything else as it is."""
    return getattr(value, "name", value)
