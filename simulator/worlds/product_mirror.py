"""The mirror overlay over collision machines over order machines, on wires that lose.

The overlay decides, the collision machines say who may use which symbol, every order that they ask
for is an order machine, and what those know is what the overlay is told.  Our side may crash, and
reports may overtake each other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import evolve, field, frozen

from simulator.actors import Actor, ActorWorld, Rule
from simulator.explorer import Move
from simulator.worlds import collision_claims, product_places
from simulator.worlds import product_mirror_bot as bots
from simulator.worlds.collision_scene import NAMES, Book, Venue
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_collision import asks, fair, reports
from simulator.worlds.product_collision_venue import (
    KINDS,
    Exchange,
    ExchangeActor,
    show_exchange,
)
from simulator.worlds.product_mirror_bot import TICKS, Mind, Rules
from simulator.worlds.product_ours import OurActor, Ours, Trader
from simulator.worlds.product_places import Place, unused
from spec.mirror import PROPERTIES, State

SYMBOLS = len(NAMES)


@frozen
class Size:
    """What may go wrong: *losses* of requests, *whims* of the venue, *budget* of our side.

    Where they are *mixed*, reports arrive in any order; *overtaking*: there, so do requests.
    """

    losses: int = 0
    whims: int = 0
    budget: Budget = field(default=Budget())
    mixed: bool = False
    overtaking: bool = False


def our_actor(rules: Rules | None = None, **changes: Any) -> OurActor:  # noqa: ANN401
    """Return our side with the bot that decides by *rules*; other *changes* are for mutants."""
    found = rules or Rules()
    trader = Trader(found.acts, found.hears, found.restarts, bots.features, bots.show)
    return OurActor(trader, **changes)


def product_world(name: str, size: Size, side: OurActor | None = None) -> ActorWorld:
    """Return the world called *name*; another *side* of ours is for mutants."""
    we = side or our_actor(Rules(numbered=size.mixed))
    there, count = ExchangeActor(size.overtaking), SYMBOLS * KINDS
    ours = Ours(bots.opening(), unused(count, numbered=size.mixed), size.budget)
    venue = Venue((Book(),) * SYMBOLS, size.whims)
    exchange = Exchange(venue, (Place(),) * count, size.losses)
    return ActorWorld(
        name,
        (
            Actor("we", ours, we.acts, we.hears, we.features, we.show),
            Actor("venue", exchange, there.acts, there.hears, there.features, show_exchange),
        ),
        (
            asks(SYMBOLS, overtaking=size.overtaking),
            reports(SYMBOLS, mixed=size.mixed),
        ),
        (*_rules(), *product_places.rules(count)),
    )


def settled(s: Any) -> Any:  # noqa: ANN401  # a number or an array, here and below
    """MIR-3.1: no order is left, the base is where it wants to be, the hedge is where it may be."""
    base = TICKS * (1 + s.long_0)
    hedge = TICKS * sum(getattr(s, f"short_{symbol}") for symbol in range(SYMBOLS))
    where = (s.mind == Mind.STAYS_OUT) | (s.long_0 > 0)
    return (s.working == 0) & where & ((hedge == base) | (s.overlay == State.LIMITED))


def _decided(s: Any) -> Any:  # noqa: ANN401
    """Return whether the base has made up its mind."""
    return s.mind >= Mind.INSISTS


FLAWS: Mapping[str, str] = {
    "MIR-1.1": "capped",
    "MIR-1.2": "crowded",
    "MIR-2": "needless",
    "MIR-4": "lost",
}
COLLISION = ("COL-1.1", "COL-1.2", "COL-3", "COL-5.1", "COL-5.4", "COL-7.2")


def _rules() -> tuple[Rule, ...]:
    """Return what is claimed of the overlay and of who may use which symbol."""
    collides = collision_claims.rules(SYMBOLS, COLLISION)
    return (
        *(Rule(PROPERTIES[name], collision_claims.unflawed(flaw)) for name, flaw in FLAWS.items()),
        Rule(PROPERTIES["MIR-6.2"], lambda s: s.overlay == State.LIMITED),
        Rule(PROPERTIES["MIR-3.1"], settled, _decided, _trades),
        *(evolve(rule, fair=fair) for rule in collides),
    )


def _trades(move: Move) -> bool:
    """Return whether *move* happens in the end where somebody trades at the touch."""
    return fair(move) or (move.who == "venue" and move.what.startswith("fills"))


OVERTAKING = Size(mixed=True, overtaking=True)
SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "mirrored-collision": Size(),
        "mirrored-collision-whims": Size(whims=1),
        "mirrored-collision-lossy": Size(losses=1, budget=Budget(losses=1)),
        "mirrored-collision-crash": Size(budget=Budget(crashes=1)),
        "mirrored-collision-mixed": Size(mixed=True),
        "mirrored-collision-overtaking": OVERTAKING,
    }
)
DEEP: Mapping[str, Size] = MappingProxyType(
    {
        "mirrored-collision-lossy-whims": Size(losses=1, whims=1),
        "mirrored-collision-mixed-whims": Size(whims=1, mixed=True),
        "mirrored-collision-lossy-crash": Size(losses=1, budget=Budget(crashes=1)),
    }
)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(product_world(name, size) for name, size in SIZES.items())


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(product_world(name, size) for name, size in DEEP.items())
