"""Base and mirror of one account over order machines, on wires that lose; our side may crash.

The bot is that of the collision worlds: a cycle begins at any time, and base and overlay open
what they like where the machine admits them, which covers whatever an overlay decides.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from attrs import evolve, field, frozen

from machines.collision import Collision
from simulator.actors import Actor, ActorWorld, Channel, Do, Rule
from simulator.explorer import Move
from simulator.worlds import collision, collision_claims, product_places
from simulator.worlds.collision import Bot, Scope, bot_acts, bot_features, bot_hears, everywhere
from simulator.worlds.collision_desk import SOUND, Desk, Gate, restarted
from simulator.worlds.collision_scene import Book, Kind, Sends, Told, Venue
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_collision_venue import (
    KINDS,
    Exchange,
    ExchangeActor,
    show_exchange,
)
from simulator.worlds.product_ours import OurActor, Ours, Trader
from simulator.worlds.product_places import Place, Sent, show_sent, show_told, unused

CHANNELS = frozenset({"asks", "reports"})
ROOM, ROOM_TWO, ROOM_MIXED = 6, 9, 10  # messages: on one symbol, on two, in any order
UNFAIR = ("refuses: is read", "has only a part: is read")


def our_actor(gate: Gate = SOUND, **changes: Any) -> OurActor:  # noqa: ANN401
    """Return our side with the bot of the collision worlds; other *changes* are for mutants."""
    trader = Trader(
        acts=partial(bot_acts, gate),
        hears=partial(_hears, gate),
        restarts=partial(_restarts, gate),
        features=bot_features,
        show=collision.show_bot,
    )
    return OurActor(trader, **changes)


def _hears(gate: Gate, bot: Bot, news: Told) -> Do:
    """Return what *bot* makes of *news*."""
    (do,) = bot_hears(gate, bot, "reports", news)
    return do


def _restarts(gate: Gate, bot: Bot) -> Do:
    """Return *bot* with new collision machines, which are told what the journal knows."""
    sends: Sends = ()
    for symbol, desk in enumerate(bot.desks):
        after, sent = restarted(gate, desk, symbol)
        bot, sends = collision.with_desk(bot, symbol, after), sends + sent
    return Do("restarts", bot, sends)


@frozen
class Size:
    """How large a world is: the *scope* of a collision world, and what may go wrong on the wire.

    *losses* are of requests, *budget* is what our side may suffer; *claims* are beside those that
    every world makes.  Reports arrive in any order in a *scope* that is mixed; *overtaking*: there,
    so do requests.
    """

    scope: Scope
    claims: tuple[str, ...] = ()
    losses: int = 0
    budget: Budget = field(default=Budget())
    overtaking: bool = False


def product_world(name: str, size: Size, side: OurActor | None = None) -> ActorWorld:
    """Return the world called *name*; another *side* of ours is for mutants."""
    we, there, scope = side or our_actor(), ExchangeActor(size.overtaking), size.scope
    count = scope.symbols * KINDS
    first = Collision(hedge_mode=scope.hedge, patience=scope.patience)
    bot = Bot(scope, (Desk(first, wants=True),) * scope.symbols)
    ours = Ours(bot, unused(count, numbered=scope.mixed), size.budget)
    venue = Venue((Book(),) * scope.symbols, scope.whims, exits=scope.exits, hedge=scope.hedge)
    exchange = Exchange(venue, (Place(),) * count, size.losses)
    claims = collision_claims.rules(scope.symbols, (*everywhere(scope), *size.claims))
    return ActorWorld(
        name,
        (
            Actor("we", ours, we.acts, we.hears, we.features, we.show),
            Actor("venue", exchange, there.acts, there.hears, there.features, show_exchange),
        ),
        (
            asks(scope.symbols, overtaking=size.overtaking),
            reports(scope.symbols, mixed=scope.mixed),
        ),
        (*map(_fairly, claims), *product_places.rules(count)),
    )


def asks(symbols: int, *, overtaking: bool) -> Channel:
    """Return the wire that brings requests to the venue, in their order or *overtaking*."""
    weights, room = sent_by(symbols), _room(symbols)
    return Channel("asks", "venue", room, not overtaking, weights=weights, show=show_sent)


def reports(symbols: int, *, mixed: bool) -> Channel:
    """Return the wire that brings reports to us, in their order or *mixed*."""
    room = ROOM_MIXED if mixed else _room(symbols)
    return Channel("reports", "we", room, not mixed, show=show_told)


def _room(symbols: int) -> int:
    """Return how many messages fit on a wire that keeps their order."""
    return ROOM if symbols == 1 else ROOM_TWO


def sent_by(symbols: int) -> Mapping[str, Callable[[Sent], int]]:
    """Return by name what counts the orders that open and are on their way, of each side."""
    return {
        f"{user}_sent_{symbol}": partial(_is_new, which=symbol * KINDS + kind)
        for symbol in range(symbols)
        for user, kind in (("base", Kind.ENTRY), ("mirror", Kind.OPEN))
    }


def _is_new(sent: Sent, which: int) -> int:
    """Return whether a request places an order in *which* place."""
    return int(sent.request.what == "new" and sent.request.which == which)


def _fairly(rule: Rule) -> Rule:
    """Return *rule* with what happens here in the end."""
    return evolve(rule, fair=fair)


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end: messages arrive, cycles begin, the base acts."""
    if move.who == "we" and "crash" not in move.what:
        begins = move.what.startswith(("begins", "enters"))
        return begins or product_places.delivers(move, CHANNELS)
    return product_places.delivers(move, CHANNELS) and not move.what.endswith(UNFAIR)


ENDLESS = Scope(keeps=True, exits=False)
TWICE = ENDLESS._replace(openings=2, entries=1)
LATE = ("COL-3", "COL-5.1", "COL-5.3", "COL-5.4")
LOTS = (*LATE, "COL-5.2", "COL-5.5")
OVERTAKING = Size(ENDLESS._replace(openings=1, entries=1, mixed=True), LATE, overtaking=True)
SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "collision-orders": Size(ENDLESS, LATE),
        "collision-orders-whims": Size(ENDLESS._replace(whims=1), LATE),
        "collision-orders-lossy": Size(
            TWICE._replace(openings=1), LATE, losses=1, budget=Budget(losses=1)
        ),
        "collision-orders-crash": Size(TWICE, LATE, budget=Budget(crashes=1)),
        "collision-orders-overtaking": OVERTAKING,
    }
)
DEEP: Mapping[str, Size] = MappingProxyType(
    {
        "collision-orders-lots": Size(ENDLESS._replace(lots=2), LOTS),
        "collision-orders-lots-crash": Size(TWICE._replace(lots=2), LOTS, budget=Budget(crashes=1)),
        "collision-orders-lossy-twice": Size(TWICE, LATE, losses=1, budget=Budget(losses=1)),
        "collision-orders-lossy-crash": Size(TWICE, LATE, losses=1, budget=Budget(crashes=1)),
        "collision-orders-lossy-endless": Size(ENDLESS, LATE, losses=1),
        "collision-orders-crash-endless": Size(ENDLESS, LATE, budget=Budget(crashes=1)),
        "collision-orders-overtaking-whims": evolve(
            OVERTAKING, scope=OVERTAKING.scope._replace(whims=1)
        ),
        "collision-orders-two": Size(
            TWICE._replace(symbols=2, keeps=False), (*LATE[1:], "COL-5.6")
        ),
    }
)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(product_world(name, size) for name, size in SIZES.items())


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(product_world(name, size) for name, size in DEEP.items())
