"""One account at an exchange: a simulated venue, its orders by number, and what became of them."""

from collections.abc import Callable

from attrs import evolve, frozen

from adapters.exchange.executions import Executions
from adapters.exchange.records import (
    Backed,
    Change,
    Configured,
    Execution,
    Moved,
    Notice,
    Order,
    Status,
)
from machines.messages import Cancel, Place, Report, Wanted
from machines.order import (
    Acked,
    Canceled,
    Expired,
    Filled,
    Found,
    Rejected,
    Replaced,
    ReplaceRejected,
    Triggered,
)
from simulator import margin
from simulator.venue import Venue
from simulator.venue_order import NONE_GIVEN, Instructions, conditional
from simulator.venue_terms import Replace
from spec.terms import OrderType, PositionMode, PositionSide, Reason

MARKET_OF = {
    OrderType.STOP_MARKET: OrderType.MARKET,
    OrderType.TAKE_PROFIT_MARKET: OrderType.MARKET,
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT,
}


Listener = Callable[["Trader", tuple[Notice, ...]], None]


@frozen(kw_only=True)
class Rules:
    """Where venues differ: *acked* are refusals told by an event, after the order was accepted.

    A link is a duplicate if an order ever had it, or with *links_again* while that order is open.
    """

    acked: frozenset[Reason] = frozenset()
    links_again: bool = False


class Trader:
    """The account *name* at *venue*, under *rules*.

    *orders* and *executions* hold all there ever were; an order that was refused never was.
    """

    def __init__(self, name: str, venue: Venue, rules: Rules) -> None:
        self.name, self.venue, self.account = name, venue, venue.account
        self.orders: dict[int, Order] = {}
        self.listeners: list[Listener] = []
        self.moved_ns: dict[int, int] = {}
        self._rules = rules
        self._links: dict[str, int] = {}
        self._issued = 0  # the venue's ids; an order whose price is amended gets a second one
        self._ids: dict[int, int] = {}  # ... by order number
        self._numbers: dict[int, int] = {}  # ... and the other way round
        self._carried: dict[int, Order] = {}  # by order number: as it was when its id was issued
        self._notices: list[Notice] = []
        self._executions = Executions(venue.account, self._notices)
        self._telling = False

    # --- Commands --------------------------------------------------------------------------

    def place(
        self,
        symbol: int,
        wanted: Wanted,
        link: str,
        now_ns: int,
        instructions: Instructions = NONE_GIVEN,
    ) -> Order | Reason:
        """Place an order and return it as it was told first, or why it is refused."""
        taken = self._links.get(link)
        if taken is not None and (self.orders[taken].working or not self._rules.links_again):
            return Reason.DUPLICATE_ID
        order = Order(
            number=len(self.orders) + 1,
            link=link,
            symbol=symbol,
            wanted=wanted,
            instructions=instructions,
            placed_at=self.venue.account.marks[symbol],
            created_ns=now_ns,
            updated_ns=now_ns,
        )
        self.orders[order.number] = order
        reason = self._submit(order, now_ns)
        if reason in self._rules.acked:
            self._close(order, reason)
        elif reason is not Reason.NONE:
            del self.orders[order.number]
            return reason
        if link:
            self._links[link] = order.number
        self.tell()
        return order

    def cancel(self, number: int, now_ns: int) -> bool:
        """Cancel an open order, or say that there is none."""
        order = self.orders.get(number)
        if order is None or not order.working:
            return False
        self.venue.cancel(Cancel(self._ids[number]), now_ns)
        self.tell()
        return True

    def amend(self, number: int, wanted: Wanted, now_ns: int) -> Reason:
        """Make an open order be *wanted*: another size, price or trigger; return why not, or NONE.

        Another size alone keeps what else the order is.  Otherwise it leaves the market and comes
        anew with what is left; if that is refused, it comes back as it was.
        """
        order = self.orders.get(number)
        if order is None or not order.working:
            return Reason.UNKNOWN_ORDER
        if wanted.qty <= order.cum_qty:
            return Reason.BAD_QTY
        if wanted == evolve(order.wanted, qty=wanted.qty):
            reason = self._resize(order, wanted, now_ns)
        else:
            reason = self._renew(order, wanted, now_ns)
        self.tell()
        return reason

    def set_mode(self, mode: PositionMode, now_ns: int) -> bool:
        """Change the position mode; False while anything is open."""
        self.venue.set_mode(mode, now_ns)
        self.venue.outbox.clear()
        self._executions.restart()
        return self.account.mode is mode

    def set_isolated(self, *, isolated: bool) -> bool:
        """Change the margin mode of the account; False while anything is open."""
        symbols = range(len(self.account.pairs))
        if not self.account.flat or any(self.venue.open_orders(symbol) for symbol in symbols):
            return False
        self.account.isolated = isolated
        return True

    def set_leverage(self, leverage: int) -> bool:
        """Change the leverage of every symbol; False where margin does not suffice for it."""
        account, before = self.account, self.account.leverage
        account.leverage = leverage
        needed = sum(sum(self.margins(symbol)) for symbol in range(len(account.pairs)))
        if leverage < before and needed > margin.backing(account):
            account.leverage = before
            return False
        self._notices.append(Configured())
        self.tell()
        return True

    def shift_margin(self, symbol: int, leg: PositionSide, amount: int) -> bool:
        """Add *amount* money units to the margin of an isolated leg; False where it cannot be."""
        done = self.venue.shift_margin(symbol, leg, amount)
        if done:
            self._notices.append(Backed(symbol))
            self.tell()
        return done

    # --- What it knows ---------------------------------------------------------------------

    @property
    def executions(self) -> list[Execution]:
        """The executions so far, oldest first."""
        return self._executions.made

    def linked(self, link: str) -> int | None:
        """Return the number of the newest order with *link*, or None."""
        return self._links.get(link)

    def trigger_ticks(self, order: Order) -> int:
        """Return where *order* triggers, in ticks: 0 where that is to follow the price later."""
        if order.instructions.trail is None or order.triggered or not order.working:
            return order.wanted.trigger_ticks
        known = self.venue.order(self._ids[order.number])
        return known.threshold.ticks if known is not None and known.threshold is not None else 0

    def margins(self, symbol: int) -> tuple[int, int]:
        """Return the initial margin of the position and of the orders of *symbol*, in money."""
        held = sum(margin.position_margin(self.account, symbol))
        needed = margin.required(self.account, symbol, self.venue.open_orders(symbol))
        return held, max(needed - held, 0)

    # --- The market ------------------------------------------------------------------------

    def price(self, symbol: int, last: int, now_ns: int) -> None:
        """Move the price of *symbol* to *last* ticks."""
        self.venue.price(symbol, last, last, now_ns)
        self.tell()

    def drop(self, number: int, found: Found, now_ns: int) -> None:
        """Let the venue close an order, CANCELED or EXPIRED, of its own accord."""
        self.venue.drop(self._ids[number], found, now_ns)
        self.tell()

    def wake(self, now_ns: int) -> None:
        """Let orders go on whose time has come."""
        self.venue.wake(now_ns)
        self.tell()

    def fund(self, symbol: int, rate_ppm: int, now_ns: int) -> None:
        """Pay or receive funding, one execution for each leg."""
        held = self._executions.held(symbol)
        self.venue.fund(symbol, rate_ppm, now_ns)
        self._executions.fund(symbol, held, now_ns)
        self.tell()

    def tell(self) -> None:
        """Take in what the venue has said, and tell the listeners.

        What a listener does in turn is told once all have heard of what has made it do so.
        """
        self._drain()
        if self._telling:
            return
        self._telling = True
        while self._notices:
            made = [each for each in self._notices if isinstance(each, Execution)]
            moved = {each.symbol: each.time_ns for each in made}
            self.moved_ns |= moved
            notices = (*self._notices, *map(Moved, moved))
            self._notices.clear()
            for listener in self.listeners:
                listener(self, notices)
        self._telling = False

    # --- Orders at the venue ---------------------------------------------------------------

    def _submit(self, order: Order, now_ns: int) -> Reason:
        """Bring what is left of *order* to the venue; return why it is refused, or NONE."""
        self._drain()
        self._issued += 1
        key, wanted = self._issued, order.wanted
        if order.triggered:
            wanted = evolve(wanted, type=MARKET_OF[wanted.type], trigger_ticks=0)
        self._numbers[key], self._ids[order.number] = order.number, key
        self._carried[order.number] = order
        place = Place(key, evolve(wanted, qty=wanted.qty - order.cum_qty))
        given = NONE_GIVEN if order.triggered else order.instructions
        self.venue.submit(place, order.symbol, now_ns, given)
        first = self.venue.outbox[0][1]
        assert isinstance(first, Report)
        if isinstance(first.event, Rejected):
            del self.venue.outbox[0], self._numbers[key]
            return first.reason
        self._drain()
        return Reason.NONE

    def _resize(self, order: Order, wanted: Wanted, now_ns: int) -> Reason:
        """Change the size of *order* where it is."""
        qty = wanted.qty - self._carried[order.number].cum_qty
        self.venue.replace(Replace(self._ids[order.number], 0, qty), now_ns)
        answer = self.venue.outbox.pop()[1]
        assert isinstance(answer, Report)
        if isinstance(answer.event, ReplaceRejected):
            return answer.reason
        assert isinstance(answer.event, Replaced)
        self._update(evolve(order, wanted=wanted, change=Change.REPLACED, updated_ns=now_ns))
        return Reason.NONE

    def _renew(self, order: Order, wanted: Wanted, now_ns: int) -> Reason:
        """Take *order* out of the market and bring it back as *wanted*, or else as it was."""
        key = self._ids[order.number]
        del self._numbers[key]
        self.venue.cancel(Cancel(key), now_ns)
        order = evolve(order, change=Change.REPLACED, updated_ns=now_ns)
        renewed = evolve(order, wanted=wanted)
        reason = self._submit(renewed, now_ns)
        if reason is Reason.NONE:
            return reason
        if reason in self._rules.acked:
            self._close(renewed, reason)
            return Reason.NONE
        again = self._submit(order, now_ns)
        if again is not Reason.NONE:  # what it rested on is gone meanwhile
            self._close(order, again)
        return reason

    # --- Reports ---------------------------------------------------------------------------

    def _drain(self) -> None:
        """Take in what the venue has said."""
        outbox = self.venue.outbox
        triggered = list[int]()
        for at_ns, message in outbox:
            if isinstance(message, Report) and message.client_order_id in self._numbers:
                number = self._numbers[message.client_order_id]
                self._reported(number, message, at_ns)
                if isinstance(message.event, Triggered):
                    triggered.append(number)
        outbox.clear()
        for number in triggered:
            if self.orders[number].status is Status.TRIGGERED:  # it rests now
                resting = evolve(self.orders[number], status=Status.NEW, change=Change.RESTED)
                self._update(resting)
        self._executions.finish()

    def _reported(self, number: int, report: Report, at_ns: int) -> None:
        """Take in *report* of the order *number*."""
        order, carried = self.orders[number], self._carried[number]
        order = evolve(order, change=Change.CLOSED, reason=report.reason, updated_ns=at_ns)
        match report.event:
            case Acked():
                waits = conditional(carried.wanted) and not carried.triggered
                worked = Status.PARTIALLY_FILLED if carried.cum_qty else Status.NEW
                status = Status.UNTRIGGERED if waits else worked
                order = evolve(carried, status=status, updated_ns=at_ns)
            case Triggered():
                order = evolve(
                    order,
                    wanted=self._fired(order),
                    status=Status.TRIGGERED,
                    triggered=True,
                    change=Change.TRIGGERED,
                )
            case Filled(cum_qty):
                total = carried.cum_qty + cum_qty
                filled = total == order.wanted.qty
                order = evolve(
                    order,
                    change=Change.FILLED,
                    status=Status.FILLED if filled else Status.PARTIALLY_FILLED,
                    cum_qty=total,
                    notional=carried.notional + report.notional,
                    fee=carried.fee + report.fee,
                )
            case Canceled():
                order = evolve(order, status=Status.CANCELED)
            case Expired():
                order = evolve(order, status=Status.EXPIRED)
            case Rejected():
                order = evolve(order, status=Status.REJECTED)
            case _:
                return
        self._update(order)
        if isinstance(report.event, Filled):
            self._executions.count(order)

    def _fired(self, order: Order) -> Wanted:
        """Return what *order* has come to be when it was triggered."""
        wanted, given = order.wanted, order.instructions
        known = self.venue.order(self._ids[order.number])
        if given.whole and known is not None:
            wanted = evolve(wanted, qty=known.qty)
        if given.trail is not None:
            wanted = evolve(wanted, trigger_ticks=self.account.marks[order.symbol])
        return wanted

    def _close(self, order: Order, reason: Reason) -> None:
        """Let *order* end for *reason*, which the venue has not told."""
        self._update(evolve(order, status=Status.CANCELED, change=Change.CLOSED, reason=reason))

    def _update(self, order: Order) -> None:
        """Let *order* be what is known of it, and note it for the listeners."""
        self.orders[order.number] = order
        self._notices.append(order)
