"""A strategy that mirrors a source's volume on a destination, and both venues.

Books come at two prices with any volume; orders fill lot by lot at any time, recoups where the
source's price allows it.  Requests arrive in order, reports in order or not.  What is claimed to
come about in the end is claimed from when no more books come and nobody trades at the destination.
"""

from collections.abc import Callable

from machines import mirroring as machine
from machines.mirroring import Done, Fill, Limits, Reported, Target
from simulator.actors import Actor, ActorWorld, Channel
from simulator.worlds.mirroring_claims import rules
from simulator.worlds.mirroring_scene import (
    Exchange,
    ExchangeActor,
    Held,
    Market,
    MarketActor,
    Size,
    Step,
    Strategy,
    StrategyActor,
    exchange_features,
    market_features,
    opening,
    show_exchange,
    show_market,
    show_strategy,
    strategy_features,
    words,
)


def mirroring_world(name: str, size: Size, step: Step = machine.step) -> ActorWorld:
    """Return the world called *name*; *step* is for mutants."""
    actors = (_strategy(size, step), _destination(size), _source(size))
    return ActorWorld(name, actors, _channels(size), rules(size))


def _strategy(size: Size, step: Step) -> Actor:
    """Return the strategy, with nothing open."""
    limits = Limits(exposure_max=size.limit, slip_ticks_max=size.slip)
    first = Strategy(opening(limits, size.slots), 0, (False,) * size.slots)
    return Actor(
        "strategy",
        first,
        acts=lambda _: (),
        hears=StrategyActor(step).hears,
        features=strategy_features,
        show=show_strategy,
    )


def _destination(size: Size) -> Actor:
    """Return the destination's venue."""
    actor = ExchangeActor(acks=size.acks, ends=size.ends)
    return Actor(
        "destination",
        Exchange((Held(),) * size.slots, size.whims),
        actor.acts,
        actor.hears,
        exchange_features,
        show_exchange,
    )


def _source(size: Size) -> Actor:
    """Return the source's book and venue."""
    actor = MarketActor(size.volume, size.prices, ends=size.ends)
    first = Market(1, Held(), size.whims)
    return Actor("source", first, actor.acts, actor.hears, market_features, show_market)


def _channels(size: Size) -> tuple[Channel, ...]:
    """Return the channels: books and reports to the strategy, orders to each venue."""
    reports = {"fills": lots} | {f"done_{slot}": _done(slot) for slot in range(size.slots)}
    return (
        Channel("book", "strategy", 1, weights={"next_qty": next_qty}, show=words),
        Channel("reports", "strategy", size.wire, size.ordered, weights=reports, show=words),
        Channel(
            "recoup_reports",
            "strategy",
            size.wire,
            size.ordered,
            weights={"recoups_filled": lots},
            show=words,
        ),
        Channel("orders", "destination", 3 * size.slots, show=words),
        Channel("recoups", "source", 3, show=words),
    )


def lots(report: Reported) -> int:
    """Return the lots that *report* tells to have filled."""
    return report.news.qty if isinstance(report.news, Fill) else 0


def next_qty(book: Target) -> int:
    """Return the lots that *book* wants."""
    return book.qty


def _done(slot: int) -> Callable[[Reported], int]:
    """Return what tells whether the order in *slot* is reported as filled."""
    return lambda report: int(report.id == slot and isinstance(report.news, Done))


SIZES = {
    "mirroring-slots": Size(slots=2, limit=2, volume=2, prices=1),
    "mirroring-prices": Size(slots=2),
    "mirroring-shrinks": Size(limit=2, volume=2, prices=1, ends=True),
    "mirroring-ends": Size(ends=True),
    "mirroring-unordered": Size(limit=2, volume=2, prices=1, ordered=False),
    "mirroring-unordered-ends": Size(ordered=False, ends=True),
    "mirroring-acks": Size(prices=1, ordered=False, acks=True, ends=True),
    "mirroring-whims": Size(prices=1, ordered=False, whims=1, ends=True),
    "mirroring-whims-lots": Size(limit=2, volume=2, prices=1, ordered=False, wire=2, whims=1),
    "mirroring-loss": Size(slip=0, ends=True),
}
DEEP = {
    "mirroring-slots-ends": Size(slots=2, limit=2, volume=2, prices=1, ends=True),
    "mirroring-slots-unordered": Size(
        slots=2, limit=2, volume=2, prices=1, ordered=False, wire=3, ends=True
    ),
    "mirroring-slots-prices": Size(slots=2, limit=2, volume=2),
    "mirroring-three-slots": Size(slots=3, limit=3, volume=3, prices=1, wire=3),
    "mirroring-acks-lots": Size(limit=2, volume=2, prices=1, ordered=False, acks=True, ends=True),
    "mirroring-whims-prices": Size(ordered=False, whims=1, ends=True),
    "mirroring-loss-lots": Size(limit=2, volume=2, slip=0, ends=True),
}


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(mirroring_world(name, size) for name, size in SIZES.items())


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(mirroring_world(name, size) for name, size in DEEP.items())
