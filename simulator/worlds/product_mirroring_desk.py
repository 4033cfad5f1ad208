"""The mirroring strategy over order machines: what it asks for is an order, its news are totals.

Each slot of the strategy, and its recoup, has a place with one order machine; a journal keeps all
of it.  The strategy is told what an order's totals have grown by, and once how it has ended.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from attrs import frozen

from machines import mirroring as mirrors
from machines import order as orders
from machines.mirroring import Cancel, Done, Fill, News, Place, Reported, Target, Venue
from machines.order import (
    Canceled,
    CancelRejected,
    CancelRequested,
    Event,
    Lost,
    Order,
    OrderSpec,
    Rejected,
)
from simulator.actors import Do, Features
from simulator.worlds.mirroring_scene import (
    Step,
    Strategy,
    StrategyActor,
    show_strategy,
    strategy_features,
)
from simulator.worlds.order_ours import Budget
from simulator.worlds.product_places import (
    Places,
    Sent,
    Told,
    our_features,
    placed,
    requests,
    told,
    unsure,
)
from simulator.worlds.product_places import Step as OrderStep
from spec.order import ORDER, Action, State

CHANNEL = {Venue.DESTINATION: "orders", Venue.SOURCE: "recoups"}
Tells = Callable[[Order, Order], Iterable[News]]
Sends = tuple[tuple[str, Sent], ...]


class Desk(NamedTuple):
    """The strategy and an order for each place, the recoup's last; all of it is in the journal.

    *missed* reports are not noticed yet.
    """

    strategy: Strategy
    places: Places
    budget: Budget
    down: bool = False
    missed: bool = False


def told_of(before: Order, after: Order) -> Iterator[News]:
    """Yield what the strategy is told of an order that was *before* and is *after*.

    An order that never arrived, and is not wanted any more, is canceled: nobody has refused it.
    """
    grown = after.cum_qty - before.cum_qty
    if grown:
        yield Fill(grown)
    if before.state in ORDER.final:
        return
    match after.state:
        case State.FILLED:
            yield Done(after.cum_qty)
        case State.CANCELED | State.EXPIRED:
            yield Canceled(after.cum_qty)
        case State.REJECTED:
            yield Canceled(0) if after.unwanted else Rejected()
        case State.PENDING_CANCEL | State.UNKNOWN:
            pass
        case _:
            if before.state is State.PENDING_CANCEL:
                yield CancelRejected()


@frozen
class DeskActor:
    """Our side; *step* is the strategy's, *order_step* and *spec* the order machine's.

    The rest is for mutants: *tells*: what the strategy is told of an order; *survives*: what a
    restart knows.
    """

    step: Step = mirrors.step
    order_step: OrderStep = orders.step
    spec: OrderSpec = ORDER
    tells: Tells = told_of
    survives: Callable[[Desk], Desk] = lambda desk: desk

    def hears(self, desk: Desk, channel: str, message: Target | Told) -> Iterator[Do]:  # noqa: ARG002
        """Yield what becomes of a book, which waits while we are down, or of a report."""
        if isinstance(message, Target):
            if not desk.down:
                yield from self._ends("is told", *self._mirrored(desk, message))
            return
        if desk.down:
            yield Do("reaches nobody", desk)
            return
        if desk.budget.losses:
            less = desk.budget._replace(losses=desk.budget.losses - 1)
            yield Do("is lost", desk._replace(budget=less, missed=True))
        which, event = message.report
        if desk.places.turns[which] == message.turn:
            yield from self._ends("is told", *self._ordered(desk, which, event))
        else:
            yield Do("is told", desk)

    def acts(self, desk: Desk) -> Iterator[Do]:
        """Yield a crash, a restart, and the notice that reports are missing."""
        if desk.down:
            yield from self._ends("restart", *self._unsure(desk._replace(down=False)))
            return
        if desk.missed:
            whole = self._unsure(desk._replace(missed=False))
            yield from self._ends("notice that reports are missing", *whole)
        if desk.budget.crashes:
            yield Do("crash", self._crashed(desk))

    def _unsure(self, desk: Desk) -> tuple[Desk, Sends]:
        """Return *desk* once every open order is asked for."""
        sends: Sends = ()
        for which in unsure(desk.places):
            desk, more = self._ordered(desk, which, Lost())
            sends += more
        return desk, sends

    def _ordered(self, desk: Desk, which: int, event: Event) -> tuple[Desk, Sends]:
        """Return *desk* after the order of a place was told *event*, and what is sent."""
        before = desk.places.orders[which]
        places, after, emits = told(desk.places, which, event, self.order_step, self.spec)
        desk = desk._replace(places=places)
        sends = tuple(_requests(desk, which, emits))
        slots = len(places.orders) - 1
        venue, number = (Venue.SOURCE, 0) if which == slots else (Venue.DESTINATION, which)
        for news in self.tells(before, after):
            desk, more = self._mirrored(desk, Reported(venue, number, news))
            sends += more
        return desk, sends

    def _mirrored(self, desk: Desk, event: Target | Reported) -> tuple[Desk, Sends]:
        """Return *desk* after the strategy was told *event*, and what is sent."""
        (do,) = StrategyActor(self.step).hears(desk.strategy, "", event)
        assert isinstance(do.state, Strategy)
        desk, sends = desk._replace(strategy=do.state), list[tuple[str, Sent]]()
        for _, command in do.sends:
            assert isinstance(command, Place | Cancel)
            desk, more = self._commanded(desk, command)
            sends.extend(more)
        return desk, tuple(sends)

    def _commanded(self, desk: Desk, command: Place | Cancel) -> tuple[Desk, Sends]:
        """Return *desk* after an order was asked for, or its cancel."""
        source = command.venue is Venue.SOURCE
        which = len(desk.places.orders) - 1 if source else command.id
        if isinstance(command, Place):
            desk = desk._replace(places=placed(desk.places, which, command.qty))
            return desk, tuple(_requests(desk, which, (Action.SEND_NEW,)))
        asked = CancelRequested()
        places, _, emits = told(desk.places, which, asked, self.order_step, self.spec)
        desk = desk._replace(places=places)
        return desk, tuple(_requests(desk, which, emits))

    def _ends(self, what: str, desk: Desk, sends: Sends) -> Iterator[Do]:
        """Yield that *desk* is written and *sends* leave, and that a crash comes between."""
        yield Do(what, desk, sends)
        if sends and desk.budget.crashes:
            yield Do(f"{what}, and crash before it is sent", self._crashed(desk))

    def _crashed(self, desk: Desk) -> Desk:
        """Return *desk* after a crash."""
        less = desk.budget._replace(crashes=desk.budget.crashes - 1)
        return self.survives(desk)._replace(budget=less, down=True, missed=False)

    def features(self, desk: Desk) -> Features:
        """Return what the strategy and each order machine believe."""
        return {**strategy_features(desk.strategy), **our_features(desk.places)}


def _requests(desk: Desk, which: int, emits: Iterable[Action]) -> Iterator[tuple[str, Sent]]:
    """Yield what an order machine asks for, and where it goes."""
    mirror, source = desk.strategy.mirror, which == len(desk.places.orders) - 1
    ticks = mirror.recoup.ticks if source else mirror.requests[which].ticks
    channel = CHANNEL[Venue.SOURCE if source else Venue.DESTINATION]
    for sent in requests(desk.places, which, emits, ticks):
        yield channel, sent


def show_desk(desk: Desk) -> str:
    """Return our side in words."""
    shown = [f"{order.state.name} {order.cum_qty}/{order.qty}" for order in desk.places.orders]
    flags = {"down": desk.down, "reports missed": desk.missed}
    words = (name for name, flag in flags.items() if flag)
    return "; ".join([show_strategy(desk.strategy), *shown, *words])
