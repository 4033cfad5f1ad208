"""Base and mirror of one account over order machines, on wires that lose; our side may crash.

The bot is that of the collision worlds: a cycle begins at any time, and base and overlay open
what they like where the machine admits them, which covers whatever an overlay decides.  Each order
that it hands over is an order machine, and what those know is what it is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from attrs import evolve, field, frozen

from machines import order as orders
from machines.collision import Collision
from machines.order import CancelRequested, Event, Lost, Order, OrderSpec
from simulator.actors import Actor, ActorWorld, Channel, Do, Features, Rule
from simulator.explorer import Move
from simulator.worlds import collision, collision_claims, product_places
from simulator.worlds.collision import Bot, Scope, bot_acts, bot_features, bot_hears, everywhere
from simulator.worlds.collision_desk import SOUND, Desk, Gate, restarted
from simulator.worlds.collision_scene import Ask, Book, Kind, Venue
from simulator.worlds.collision_scene import Told as Summed
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_collision_venue import (
    CROSSES,
    KINDS,
    Exchange,
    ExchangeActor,
    show_exchange,
)
from simulator.worlds.product_places import (
    Place,
    Places,
    Sent,
    Step,
    Told,
    our_features,
    placed,
    requests,
    show_sent,
    show_told,
    told,
    unsure,
    unused,
)
from spec.order import ORDER, Action, State

CHANNELS = frozenset({"asks", "reports"})
ROOM = 6
UNFAIR = ("refuses: is read", "has only a part: is read")
Sends = tuple[tuple[str, Sent], ...]


class Ours(NamedTuple):
    """The bot and an order machine for each kind of order; the journal knows all of it.

    *missed* reports are not noticed yet.
    """

    bot: Bot
    places: Places
    budget: Budget
    down: bool = False
    missed: bool = False


def told_of(which: int, turn: int, before: Order, after: Order) -> Iterator[Summed]:
    """Yield what the bot is told of an order that was *before* and is *after*: totals, and ends."""
    symbol, kind = divmod(which, KINDS)
    summed = Summed(symbol, Kind(kind), 1 - turn, after.cum_qty)
    final = after.state in ORDER.final and before.state not in ORDER.final
    if final or after.cum_qty > before.cum_qty:
        yield summed._replace(final=final)
    rests = after.state not in ORDER.final | {State.PENDING_CANCEL, State.UNKNOWN}
    if before.state is State.PENDING_CANCEL and rests:
        yield summed._replace(refused=True)


@frozen
class OurActor:
    """Our side; *gate* is the collision machine's, *step* and *spec* are the order machine's.

    The rest is for mutants: *tells*: what the bot is told of an order; *survives*: what a restart
    knows.
    """

    gate: Gate = SOUND
    step: Step = orders.step
    spec: OrderSpec = ORDER
    tells: Callable[[int, int, Order, Order], Iterable[Summed]] = told_of
    survives: Callable[[Ours], Ours] = lambda ours: ours

    def hears(self, ours: Ours, channel: str, news: Told) -> Iterator[Do]:  # noqa: ARG002
        """Yield what becomes of a report."""
        if ours.down:
            yield Do("reaches nobody", ours)
            return
        if ours.budget.losses:
            less = ours.budget._replace(losses=ours.budget.losses - 1)
            yield Do("is lost", ours._replace(budget=less, missed=True))
        which, event = news.report
        if ours.places.turns[which] == news.turn:
            yield from self._ends("is told", *self._ordered(ours, which, event))
        else:
            yield Do("is told", ours)

    def acts(self, ours: Ours) -> Iterator[Do]:
        """Yield what the bot may do by itself, a crash, a restart, and the notice of a gap."""
        if ours.down:
            yield from self._ends("restart", *self._restarted(ours._replace(down=False)))
            return
        if ours.missed:
            whole = self._unsure(ours._replace(missed=False))
            yield from self._ends("notice that reports are missing", *whole)
        for do in bot_acts(self.gate, ours.bot):
            yield from self._ends(do.what, *self._done(ours, do))
        if ours.budget.crashes:
            yield Do("crash", self._crashed(ours))

    def _restarted(self, ours: Ours) -> tuple[Ours, Sends]:
        """Return our side with new collision machines, once every open order is asked for."""
        sends: Sends = ()
        for symbol in range(len(ours.bot.desks)):
            desk, asks = restarted(self.gate, ours.bot.desks[symbol], symbol)
            bot = collision.with_desk(ours.bot, symbol, desk)
            ours, more = self._done(ours, Do("", bot, asks))
            sends += more
        ours, more = self._unsure(ours)
        return ours, sends + more

    def _unsure(self, ours: Ours) -> tuple[Ours, Sends]:
        """Return our side once every open order is asked for."""
        sends: Sends = ()
        for which in unsure(ours.places):
            ours, more = self._ordered(ours, which, Lost())
            sends += more
        return ours, sends

    def _ordered(self, ours: Ours, which: int, event: Event) -> tuple[Ours, Sends]:
        """Return our side after the order of a place was told *event*, and what is sent."""
        before = ours.places.orders[which]
        places, after, emits = told(ours.places, which, event, self.step, self.spec)
        ours = ours._replace(places=places)
        sends = _sent(ours, which, emits)
        for news in self.tells(which, places.turns[which], before, after):
            (do,) = bot_hears(self.gate, ours.bot, "reports", news)
            ours, more = self._done(ours, do)
            sends += more
        return ours, sends

    def _done(self, ours: Ours, do: Do) -> tuple[Ours, Sends]:
        """Return our side after the bot has done *do*: what it asks for are orders, and cancels."""
        assert isinstance(do.state, Bot)
        ours, sends = ours._replace(bot=do.state), list[tuple[str, Sent]]()
        for _, ask in do.sends:
            assert isinstance(ask, Ask)
            which = ask.symbol * KINDS + ask.kind
            if ask.qty:
                ours = ours._replace(places=placed(ours.places, which, ask.qty))
                sends.extend(_sent(ours, which, (Action.SEND_NEW,)))
            else:
                asked = CancelRequested()
                places, _, emits = told(ours.places, which, asked, self.step, self.spec)
                ours = ours._replace(places=places)
                sends.extend(_sent(ours, which, emits))
        return ours, tuple(sends)

    def _ends(self, what: str, ours: Ours, sends: Sends) -> Iterator[Do]:
        """Yield that *ours* is written and *sends* leave, and that a crash comes between."""
        yield Do(what, ours, sends)
        if sends and ours.budget.crashes:
            yield Do(f"{what}, and crash before it is sent", self._crashed(ours))

    def _crashed(self, ours: Ours) -> Ours:
        """Return our side after a crash: the journal is left."""
        less = ours.budget._replace(crashes=ours.budget.crashes - 1)
        return self.survives(ours)._replace(budget=less, down=True, missed=False)

    def features(self, ours: Ours) -> Features:
        """Return what the bot and the order machines believe."""
        return {**bot_features(ours.bot), **our_features(ours.places)}


def _sent(ours: Ours, which: int, emits: tuple[Action, ...]) -> Sends:
    """Return what an order machine asks for; instead of a price it says whether it crosses."""
    symbol, kind = divmod(which, KINDS)
    order = ours.bot.desks[symbol].orders[kind]
    crosses = CROSSES if order is not None and order.cross else 0
    return tuple(("asks", sent) for sent in requests(ours.places, which, emits, crosses))


@frozen
class Size:
    """How large a world is: the *scope* of a collision world, and what may go wrong on the wire.

    *losses* are of requests, *budget* is what our side may suffer; *claims* are beside those that
    every world makes.
    """

    scope: Scope
    claims: tuple[str, ...] = ()
    losses: int = 0
    budget: Budget = field(default=Budget())


def product_world(name: str, size: Size, side: OurActor | None = None) -> ActorWorld:
    """Return the world called *name*; another *side* of ours is for mutants."""
    we, there, scope = side or OurActor(), ExchangeActor(), size.scope
    count = scope.symbols * KINDS
    first = Collision(hedge_mode=scope.hedge, patience=scope.patience)
    ours = Ours(Bot(scope, (Desk(first, wants=True),) * scope.symbols), unused(count), size.budget)
    venue = Venue((Book(),) * scope.symbols, scope.whims, exits=scope.exits, hedge=scope.hedge)
    exchange = Exchange(venue, (Place(),) * count, size.losses)
    sent = {
        f"{user}_sent_{symbol}": partial(_is_new, which=symbol * KINDS + kind)
        for symbol in range(scope.symbols)
        for user, kind in (("base", Kind.ENTRY), ("mirror", Kind.OPEN))
    }
    claims = collision_claims.rules(scope.symbols, (*everywhere(scope), *size.claims))
    return ActorWorld(
        name,
        (
            Actor("we", ours, we.acts, we.hears, we.features, show_ours),
            Actor("venue", exchange, there.acts, there.hears, there.features, show_exchange),
        ),
        (
            Channel("asks", "venue", ROOM, weights=sent, show=show_sent),
            Channel("reports", "we", ROOM, show=show_told),
        ),
        (*map(_fairly, claims), *product_places.rules(count)),
    )


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


def show_ours(ours: Ours) -> str:
    """Return our side in words."""
    shown = [collision.show_bot(ours.bot)]
    shown += [f"{order.state.name}" for order in ours.places.orders]
    flags = {"down": ours.down, "reports missed": ours.missed}
    return ", ".join([*shown, *(name for name, is_so in flags.items() if is_so)])


ENDLESS = Scope(keeps=True, exits=False)
TWICE = ENDLESS._replace(openings=2, entries=1)
LATE = ("COL-3", "COL-5.1", "COL-5.3", "COL-5.4")
LOTS = (*LATE, "COL-5.2", "COL-5.5")
SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "collision-orders": Size(ENDLESS, LATE),
        "collision-orders-whims": Size(ENDLESS._replace(whims=1), LATE),
        "collision-orders-lossy": Size(
            TWICE._replace(openings=1), LATE, losses=1, budget=Budget(losses=1)
        ),
        "collision-orders-crash": Size(TWICE, LATE, budget=Budget(crashes=1)),
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
