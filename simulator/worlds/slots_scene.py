"""The venue, the rankings and the person that slots meet: each symbol has one order, one position.

A position closes by itself, as its own closing order does; another may be opened by hand.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from machines.slots import ModeSet, Score
from simulator.actors import Do
from spec.slots import Mode

Sends = tuple[tuple[str, Any], ...]
Scores = tuple[Score, ...]


class Scope(NamedTuple):
    """How many symbols and slots there are, and how often each thing may happen."""

    rankings: tuple[Scores, ...]
    symbols: int = 2
    slots: int = 1
    hysteresis: int = 0
    ranks: int = 1  # changes of the ranking
    opens: int = 0  # positions by hand
    modes: tuple[Mode, ...] = ()  # set for the first symbol, one after the other
    crashes: int = 0


class Ask(NamedTuple):
    """What the bot sends: to place or cancel an order of *symbol*, or to close its position."""

    what: str
    symbol: int


class Told(NamedTuple):
    """What has become of *symbol*: its position, whether our order is over, who did it."""

    symbol: int
    lots: int
    over: bool = False
    foreign: bool = False


class Venue(NamedTuple):
    """The venue's truth, by symbol; *late* says that a cancel came too late."""

    budget: Scope
    orders: tuple[bool, ...]
    lots: tuple[int, ...]


class Person(NamedTuple):
    """Who ranks symbols, and who sets modes; *ranking* is the latest."""

    budget: Scope
    ranking: int = 0


def put(values: tuple[Any, ...], place: int, value: object) -> tuple[Any, ...]:
    """Return *values* with *value* at *place*."""
    return (*values[:place], value, *values[place + 1 :])


def venue_acts(venue: Venue) -> Iterator[Do]:
    """Yield what *venue* may do unasked."""
    budget = venue.budget
    for symbol in range(budget.symbols):
        lots = venue.lots[symbol]
        if venue.orders[symbol]:
            after = venue._replace(
                orders=put(venue.orders, symbol, value=False),
                lots=put(venue.lots, symbol, 1),
            )
            yield Do(f"fills {symbol}", after, (("news", Told(symbol, 1, over=True)),))
        if lots:
            after = venue._replace(lots=put(venue.lots, symbol, 0))
            yield Do(f"closes {symbol}", after, (("news", Told(symbol, 0)),))
        if budget.opens and not lots:
            less = budget._replace(opens=budget.opens - 1)
            after = venue._replace(budget=less, lots=put(venue.lots, symbol, 1))
            news = Told(symbol, 1, foreign=True)
            yield Do(f"opens {symbol} by hand", after, (("news", news),))


def venue_hears(venue: Venue, _channel: str, ask: Ask) -> Iterator[Do]:
    """Yield what *venue* does with what it is asked."""
    symbol = ask.symbol
    match ask.what:
        case "place":
            yield Do("takes", venue._replace(orders=put(venue.orders, symbol, value=True)))
        case "cancel":
            if not venue.orders[symbol]:
                yield Do("too late", venue)
                return
            after = venue._replace(orders=put(venue.orders, symbol, value=False))
            news = Told(symbol, venue.lots[symbol], over=True)
            yield Do("cancels", after, (("news", news),))
        case _:
            if not venue.lots[symbol]:
                yield Do("nothing to close", venue)
                return
            after = venue._replace(lots=put(venue.lots, symbol, 0))
            yield Do("closes", after, (("news", Told(symbol, 0)),))


def venue_features(venue: Venue) -> Mapping[str, int]:
    """Return what is claimed of, of *venue*: by symbol what is open."""
    return {
        f"open_{symbol}": bool(venue.orders[symbol] or venue.lots[symbol])
        for symbol in range(venue.budget.symbols)
    }


def person_acts(person: Person) -> Iterator[Do]:
    """Yield how rankings and modes may change."""
    budget = person.budget
    if budget.ranks:
        less = person._replace(budget=budget._replace(ranks=budget.ranks - 1))
        for number, ranking in enumerate(budget.rankings):
            if number != person.ranking:
                after = less._replace(ranking=number)
                yield Do(f"ranks {number}", after, (("words", ranking),))
    if budget.modes:
        mode, *rest = budget.modes
        after = person._replace(budget=budget._replace(modes=tuple(rest)))
        yield Do(f"sets {mode.name}", after, (("words", ModeSet(0, mode)),))


def show_venue(venue: Venue) -> str:
    """Return what *venue* holds of each symbol."""
    pairs = enumerate(zip(venue.lots, venue.orders, strict=True))
    return ", ".join(f"{number}: {lots}{', order' * order}" for number, (lots, order) in pairs)


def show_person(person: Person) -> str:
    """Return how *person* ranks the symbols."""
    return words(person.budget.rankings[person.ranking])


def words(message: Told | Ask | ModeSet | Scores) -> str:
    """Return *message* in words."""
    match message:
        case Told():
            who = " by hand" if message.foreign else ""
            return f"{message.symbol} holds {message.lots}{who}{', order over' * message.over}"
        case Ask():
            return f"{message.what} {message.symbol}"
        case ModeSet():
            return f"{message.symbol} in mode {message.mode.name}"
        case _:
            return " ".join(f"{each.symbol}:{each.score}" for each in message)
