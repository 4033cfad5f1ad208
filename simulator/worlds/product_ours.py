"""Our side of the products of one account: a bot over order machines, on wires that lose.

The bot is told sums and asks for orders, as in a world without order machines.  Each order that it
hands over is an order machine, and what those know is what it is told.  Our side may crash.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from machines import order as orders
from machines.order import CancelRequested, Event, Lost, Order, OrderSpec
from simulator.actors import Do, Features
from simulator.worlds.collision_desk import Desk
from simulator.worlds.collision_scene import Ask, Kind
from simulator.worlds.collision_scene import Told as Summed
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_collision_venue import CROSSES, KINDS
from simulator.worlds.product_places import (
    Places,
    Sent,
    Step,
    Told,
    our_features,
    placed,
    requests,
    told,
    unsure,
)
from spec.order import ORDER, Action, State

Sends = tuple[tuple[str, Sent], ...]


class Bot(Protocol):
    """What our side has to know of a bot's state: the orders of each symbol, as it knows them."""

    @property
    def desks(self) -> tuple[Desk, ...]:
        """The ledger of each symbol."""
        ...


class Ours(NamedTuple):
    """The bot and an order machine for each kind of order; the journal knows all of it.

    *missed* reports are not noticed yet.
    """

    bot: Any  # a Bot; which one is the trader's affair
    places: Places
    budget: Budget
    down: bool = False
    missed: bool = False


@frozen
class Trader:
    """How a bot moves: by itself, on news of an order, and as it starts again from its journal."""

    acts: Callable[[Any], Iterable[Do]]
    hears: Callable[[Any, Summed], Do]
    restarts: Callable[[Any], Do]
    features: Callable[[Any], Features]
    show: Callable[[Any], str]


def told_of(which: int, turn: int, before: Order, after: Order) -> Iterator[Summed]:
    """Yield what the bot is told of an order that was *before* and is *after*: totals, and ends."""
    symbol, kind = divmod(which, KINDS)
    summed = Summed(symbol, Kind(kind), abs(turn - 1), after.cum_qty)
    final = after.state in ORDER.final and before.state not in ORDER.final
    if final or after.cum_qty > before.cum_qty:
        yield summed._replace(final=final)
    rests = after.state not in ORDER.final | {State.PENDING_CANCEL, State.UNKNOWN}
    if before.state is State.PENDING_CANCEL and rests:
        yield summed._replace(refused=True)


@frozen
class OurActor:
    """Our side; *trader* is the bot's, *step* and *spec* are the order machine's.

    The rest is for mutants: *tells*: what the bot is told of an order; *survives*: what a restart
    knows.
    """

    trader: Trader
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
        for do in self.trader.acts(ours.bot):
            yield from self._ends(do.what, *self._done(ours, do))
        if ours.budget.crashes:
            yield Do("crash", self._crashed(ours))

    def _restarted(self, ours: Ours) -> tuple[Ours, Sends]:
        """Return our side as the journal has it, once every open order is asked for."""
        ours, sends = self._done(ours, self.trader.restarts(ours.bot))
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
            ours, more = self._done(ours, self.trader.hears(ours.bot, news))
            sends += more
        return ours, sends

    def _done(self, ours: Ours, do: Do) -> tuple[Ours, Sends]:
        """Return our side after the bot has done *do*: what it asks for are orders, and cancels."""
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
        return {**self.trader.features(ours.bot), **our_features(ours.places)}

    def show(self, ours: Ours) -> str:
        """Return our side in words."""
        shown = [self.trader.show(ours.bot)]
        shown += [f"{order.state.name}" for order in ours.places.orders]
        flags = {"down": ours.down, "reports missed": ours.missed}
        return ", ".join([*shown, *(name for name, is_so in flags.items() if is_so)])


def _sent(ours: Ours, which: int, emits: tuple[Action, ...]) -> Sends:
    """Return what an order machine asks for; instead of a price it says whether it crosses."""
    symbol, kind = divmod(which, KINDS)
    bot: Bot = ours.bot
    order = bot.desks[symbol].orders[kind]
    crosses = CROSSES if order is not None and order.cross else 0
    return tuple(("asks", sent) for sent in requests(ours.places, which, emits, crosses))
