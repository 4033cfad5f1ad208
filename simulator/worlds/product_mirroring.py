"""Market mirroring over order machines, two venues, and wires that lose; our side may crash.

The strategy's orders and its recoup are order machines: requests and reports may get lost, which
makes an order UNKNOWN until the venue has answered, and a restart asks for every open order.
Requests and reports keep their order, but in worlds that say otherwise.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from attrs import evolve, field, frozen

from machines.mirroring import Limits
from simulator.actors import Actor, ActorWorld, Channel
from simulator.worlds.mirroring import next_qty
from simulator.worlds.mirroring_scene import Size as Mirrored
from simulator.worlds.mirroring_scene import Strategy, opening, words
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_mirroring_desk import Desk, DeskActor, show_desk
from simulator.worlds.product_mirroring_rules import rules
from simulator.worlds.product_mirroring_venues import (
    ENDLESS,
    Exchange,
    ExchangeActor,
    show_exchange,
)
from simulator.worlds.product_places import Place, show_sent, show_told, unused


@frozen
class Size:
    """How large a world is: *mirrored* as without order machines, and what may go wrong.

    *losses* are of requests to each venue, *budget* is what our side may suffer; *doubling*:
    reports may come any number of times.  Where they may overtake each other, so many *trades* and
    *books* are all that there are: orders are numbered, and the numbers have to end.
    *overtaking*: there, requests overtake each other too.
    """

    mirrored: Mirrored = field(default=Mirrored())
    losses: tuple[int, int] = (0, 0)
    budget: Budget = field(default=Budget())
    doubling: bool = False
    overtaking: bool = False
    trades: int = ENDLESS
    books: int = ENDLESS


def product_world(name: str, size: Size, side: DeskActor | None = None) -> ActorWorld:
    """Return the world called *name*; another *side* of ours is for mutants."""
    mirrored, slots = size.mirrored, size.mirrored.slots
    we = side or DeskActor()
    limits = Limits(exposure_max=mirrored.limit, slip_ticks_max=mirrored.slip)
    strategy = Strategy(opening(limits, slots), 0, (False,) * slots)
    desk = Desk(strategy, unused(slots + 1, numbered=not mirrored.ordered), size.budget)
    venue = partial(ExchangeActor, ends=mirrored.ends, overtaking=size.overtaking)
    there = venue("reports")
    source = venue("recoup_reports", slots, volume=mirrored.volume, prices=mirrored.prices)
    places, whims = (Place(),) * slots, mirrored.whims
    actors = (
        Actor("we", desk, we.acts, we.hears, we.features, show_desk),
        _venue("destination", there, Exchange(places, size.losses[0], whims, left=size.trades)),
        _venue(
            "source",
            source,
            Exchange((Place(),), size.losses[1], whims, ticks=1, left=size.books),
        ),
    )
    return ActorWorld(name, actors, _channels(size), rules(mirrored))


def _venue(name: str, actor: ExchangeActor, first: Exchange) -> Actor:
    """Return a venue."""
    return Actor(name, first, actor.acts, actor.hears, actor.features, show_exchange)


def _channels(size: Size) -> tuple[Channel, ...]:
    """Return the channels: books and reports to us, orders to each venue."""
    wire, room = size.mirrored.wire, 5 if size.overtaking else 3
    told = partial(
        Channel,
        to="we",
        capacity=wire,
        ordered=size.mirrored.ordered,
        doubling=size.doubling,
        show=show_told,
    )
    asked = partial(Channel, ordered=not size.overtaking, show=show_sent)
    return (
        Channel("book", "we", 1, weights={"next_qty": next_qty}, show=words),
        told("reports"),
        told("recoup_reports"),
        asked("orders", "destination", room * size.mirrored.slots),
        asked("recoups", "source", room),
    )


ONE = Mirrored(prices=1, ends=True)
LOTS = Mirrored(limit=2, volume=2, prices=1)
MIXED = Size(evolve(LOTS, ends=True, ordered=False, wire=6), trades=2, books=2)
OVERTAKING = evolve(MIXED, overtaking=True)
SLOTS = Mirrored(slots=2, limit=2, volume=2, prices=1)
SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "mirrored-orders": Size(Mirrored(ends=True)),
        "mirrored-orders-lots": Size(LOTS),
        "mirrored-orders-whims": Size(evolve(ONE, whims=1)),
        "mirrored-orders-doubled": Size(ONE, doubling=True),
        "mirrored-orders-lossy": Size(ONE, losses=(1, 0), budget=Budget(losses=1)),
        "mirrored-orders-recoup-lossy": Size(ONE, losses=(0, 1)),
        "mirrored-orders-crash": Size(ONE, losses=(1, 0), budget=Budget(crashes=1)),
        "mirrored-orders-prices-lossy": Size(losses=(1, 0)),
        "mirrored-orders-lots-lossy": Size(LOTS, losses=(1, 0)),
        "mirrored-orders-loss": Size(Mirrored(slip=0), losses=(1, 0)),
        "mirrored-orders-mixed": MIXED,
        "mirrored-orders-overtaking": OVERTAKING,
        "mirrored-orders-overtaking-crash": Size(
            evolve(ONE, ordered=False, wire=6),
            budget=Budget(crashes=1),
            trades=1,
            books=4,
            overtaking=True,
        ),
    }
)
DEEP: Mapping[str, Size] = MappingProxyType(
    {
        "mirrored-orders-lossy-recoups": Size(ONE, (1, 1), Budget(losses=1)),
        "mirrored-orders-lossy-crash": Size(ONE, budget=Budget(losses=1, crashes=1)),
        "mirrored-orders-prices-lossy-ends": Size(Mirrored(ends=True), losses=(1, 0)),
        "mirrored-orders-prices-crash": Size(budget=Budget(crashes=1)),
        "mirrored-orders-whims-crash": Size(evolve(ONE, whims=1), budget=Budget(crashes=1)),
        "mirrored-orders-lots-crash": Size(LOTS, budget=Budget(crashes=1)),
        "mirrored-orders-slots": Size(SLOTS),
        "mirrored-orders-mixed-whims": evolve(MIXED, mirrored=evolve(MIXED.mirrored, whims=1)),
    }
)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(product_world(name, size) for name, size in SIZES.items())


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(product_world(name, size) for name, size in DEEP.items())
