"""A simulated futures venue: one account, several symbols, integers, no clock of its own.

It is told of prices and commands and answers through `outbox`; docs/reference/venue.md says what
it models and what it leaves out.  Nothing happens between two calls as long as the prices stay
strictly inside `barriers` and the time before `wake_ns`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from machines.messages import Cancel, Place, Query, Report
from machines.order import (
    Acked,
    CancelRejected,
    Event,
    Found,
    Lost,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
)
from machines.position import Pair
from simulator import margin
from simulator.account import LEGS, Audit, Trade
from simulator.matching import Matching
from simulator.venue_order import (
    NONE_GIVEN,
    Band,
    Instructions,
    Phase,
    Prices,
    VenueOrder,
    closes,
    conditional,
    refusal,
)
from simulator.venue_terms import Message, ModeRefused, ModeSet, Replace, VenueConfig
from spec.terms import Instrument, PositionMode, PositionSide, Reason
from spec.units import div_up

ACKED: Final = Acked()
REJECTED: Final = Rejected()
CANCEL_REJECTED: Final = CancelRejected()
LOST: Final = Lost()


class Venue:
    """The venue; symbols are indexes of *instruments*.

    *outbox* collects (time in ns, message) in order; whoever delivers them empties it.  With
    *checked*, the books are kept a second time, from the fills alone, and compared after every
    event, else only added up.

    Raises:
        ValueError: *config* asks for more leverage than an instrument allows, or the tiers of an
            instrument are not marginal rates that rise with size.
    """

    def __init__(
        self, config: VenueConfig, instruments: Sequence[Instrument], *, checked: bool = False
    ) -> None:
        for instrument in instruments:
            margin.check_tiers(instrument)
            if config.leverage > instrument.leverage_max:
                raise ValueError(f"{instrument.symbol}: leverage above {instrument.leverage_max}")
        self.config = config
        self._matching = Matching(config, instruments)
        self.account = self._matching.account
        self._audit = Audit(self.account) if checked else None
        self.outbox: list[tuple[int, Message]] = self._matching.outbox

    # --- What it knows ---------------------------------------------------------------------

    @property
    def fills(self) -> list[Trade]:
        """Every fill since the beginning, oldest first; it only grows."""
        return self.account.trades

    def position(self, symbol: int) -> Pair:
        """Return the position pair of *symbol*."""
        return self.account.pairs[symbol]

    def open_orders(self, symbol: int) -> tuple[VenueOrder, ...]:
        """Return the open orders of *symbol* by time of arrival."""
        return tuple(self._matching.books[symbol].values())

    def order(self, client_order_id: int) -> VenueOrder | None:
        """Return what is known of an order, open or closed."""
        return self._matching.orders.get(client_order_id)

    def equity(self) -> int:
        """Return cash plus unrealized profit at mark, in money units."""
        return self.account.equity()

    def liquidation_price(self, symbol: int, leg: PositionSide) -> int | None:
        """Return the mark price in ticks that liquidates *leg*, or None; see `margin`."""
        return margin.liquidation_price(self.account, symbol, leg)

    def barriers(self, symbol: int) -> Band:
        """Return the prices strictly between which nothing happens, until the next event.

        Those of all symbols hold jointly.
        """
        return self._matching.band(symbol)

    def wake_ns(self) -> int | None:
        """Return when the rest of an order takes again, or None."""
        taking = self._matching.taking
        return min(order.wake_ns for order in taking.values()) if taking else None

    def reconcile(self) -> None:
        """Assert that cash and equity follow from the fills alone, to the last unit."""
        self.account.reconcile()

    def _check(self) -> None:
        """Assert that the books are right."""
        if self._audit is not None:
            self._audit.check()
        else:
            self.account.check()

    def restore(self, cash: int, pairs: Sequence[Pair], orders: Iterable[VenueOrder]) -> None:
        """Go on with the *cash* (money units), *pairs* and open *orders* of an earlier venue.

        Prices have to be known; the next ones move the orders on.
        """
        self.account.restore(cash, pairs)
        for order in orders:
            self._matching.restore(order)
        self._matching.money_moved()

    # --- The market ------------------------------------------------------------------------

    def price(self, symbol: int, last: int, mark: int, now_ns: int) -> None:
        """Move the prices of *symbol* to *last* and *mark* ticks, and do all that follows.

        They moved there continuously, unless a barrier lies between: then they jumped.
        """
        assert last > 0 < mark
        prices, matching = Prices(last, mark), self._matching
        if not matching.moved(symbol, prices):
            return
        matching.liquidate(now_ns)
        if matching.trailing:
            matching.follow(symbol)
        for order in tuple(matching.books[symbol].values()):
            threshold = order.threshold
            if threshold is not None and threshold.touched(prices):
                if order.phase is Phase.WAITING:
                    matching.trigger(order, now_ns)
                else:
                    matching.make(order, now_ns)
                matching.settle(symbol, now_ns)
        self._check()

    def wake(self, now_ns: int) -> None:
        """Let orders take whose time has come, the longest due first."""
        matching = self._matching
        due = [order for order in matching.taking.values() if order.wake_ns <= now_ns]
        for order in sorted(due, key=lambda order: order.wake_ns):
            if order.phase is Phase.TAKING:
                matching.resume(order, now_ns)
                matching.settle(order.symbol, now_ns)
        self._check()

    def fund(self, symbol: int, rate_ppm: int, now_ns: int) -> None:
        """Pay funding on mark notional: longs pay shorts where *rate_ppm* is positive."""
        pair = self.account.pairs[symbol]
        if pair.long.qty or pair.short.qty:
            sequence = self.account.sequence
            self.account.fund(symbol, rate_ppm, now_ns)
            if self.account.sequence > sequence:
                self._matching.tell_account(symbol, now_ns)
            self._matching.money_moved()
            self._matching.liquidate(now_ns)
            self._check()

    # --- Commands --------------------------------------------------------------------------

    def submit(
        self,
        place: Place,
        symbol: int,
        now_ns: int,
        instructions: Instructions = NONE_GIVEN,
    ) -> None:
        """Take or refuse the order of *place*, a conditional one with *instructions*.

        A duplicate id is answered with `Lost`: the refusal says nothing of the order that has it.
        """
        key, order, matching = place.client_order_id, place.order, self._matching
        known = matching.orders.get(key)
        if known is not None and (self.config.unique_ids == "ever" or known.found is Found.OPEN):
            matching.tell(known, LOST, now_ns, Reason.DUPLICATE_ID)
            return
        new = VenueOrder(
            client_order_id=key,
            symbol=symbol,
            order=order,
            qty=order.qty,
            instructions=instructions,
        )
        instrument, pair = self.account.instruments[symbol], self.account.pairs[symbol]
        reason = refusal(order, instrument, pair, matching.prices[symbol], instructions.trail)
        waits = conditional(order)
        if reason is Reason.NONE and not waits:
            reason = matching.unfit(new)
        if reason is not Reason.NONE:
            matching.tell(new, REJECTED, now_ns, reason)
            return
        matching.orders[key] = matching.books[symbol][key] = new
        matching.tell(new, ACKED, now_ns)
        if waits:
            matching.hold(new)
        else:
            matching.start(new, now_ns)
            matching.settle(symbol, now_ns)
        self._check()

    def cancel(self, cancel: Cancel, now_ns: int) -> None:
        """Cancel an open order, or say that there is none."""
        order = self._open(cancel.client_order_id)
        if order is None:
            key = cancel.client_order_id
            self._answer(key, CANCEL_REJECTED, now_ns, Reason.UNKNOWN_ORDER, cancel.symbol)
        else:
            self._matching.close(order, Found.CANCELED, now_ns)

    def replace(self, replace: Replace, now_ns: int) -> None:
        """Change the quantity of an open order; it keeps its place and what it has filled."""
        key, qty = replace.client_order_id, replace.qty
        order = self._open(key)
        reason = Reason.UNKNOWN_ORDER if order is None else self._unreplaceable(order, qty)
        if order is None or reason is not Reason.NONE:
            self._answer(key, ReplaceRejected(replace.revision), now_ns, reason)
        else:
            order.qty = qty
            self._answer(key, Replaced(replace.revision, qty), now_ns)

    def drop(self, client_order_id: int, found: Found, now_ns: int) -> None:
        """Close an order, CANCELED or EXPIRED, of the venue's own accord, if it is open."""
        order = self._open(client_order_id)
        if order is not None:
            self._matching.close(order, found, now_ns)

    def query(self, query: Query, now_ns: int) -> None:
        """Say what became of an order and why; one that was refused on arrival was never here."""
        key = query.client_order_id
        order = self._matching.orders.get(key)
        found, reason = Reconciled(query.query, Found.ABSENT, 0, 0), Reason.NONE
        if order is not None:
            total, triggered, reason = order.cum_qty, order.triggered, order.reason
            found = Reconciled(query.query, order.found, order.qty, total, triggered)
        self._answer(key, found, now_ns, reason, query.symbol)

    def query_account(self, symbol: int, now_ns: int) -> None:
        """Say what has happened to the account beside its orders."""
        self._matching.tell_account(symbol, now_ns)

    def set_mode(self, mode: PositionMode, now_ns: int) -> None:
        """Change the position mode of the account; refused while anything is open."""
        account = self.account
        if mode is not account.mode:
            if not account.flat or any(self._matching.books):
                self.outbox.append((now_ns, ModeRefused(account.mode)))
                return
            account.set_mode(mode)
        self.outbox.append((now_ns, ModeSet(mode)))

    def shift_margin(self, symbol: int, leg: PositionSide, amount: int) -> bool:
        """Add *amount* money units to the margin of an isolated leg, or take them where negative.

        Nothing happens, and False is returned, where the account has not so much to spare, or where
        the leg would be left with less than its initial margin or too little to keep it.
        """
        account, books, index = self.account, self._matching.books, LEGS.index(leg)
        used = sum(margin.required(account, each, book.values()) for each, book in enumerate(books))
        margins, held = account.margins[symbol], account.leg(symbol, leg)
        initial = div_up(held.cost * account.instruments[symbol].value, account.leverage)
        spare = margin.backing(account) - used
        if not account.isolated or not held.qty or not initial - margins[index] <= amount <= spare:
            return False
        margins[index] += amount
        if margin.failing_leg(account) is not None:
            margins[index] -= amount
            return False
        self._matching.money_moved()
        self._check()
        return True

    def _open(self, key: int) -> VenueOrder | None:
        """Return the open order of *key*."""
        order = self._matching.orders.get(key)
        return order if order is not None and order.found is Found.OPEN else None

    def _answer(
        self, key: int, event: Event, now_ns: int, reason: Reason = Reason.NONE, symbol: int = 0
    ) -> None:
        """Report *event* of an order that the venue may not know, or else of *symbol*."""
        order = self._matching.orders.get(key)
        if order is not None:
            self._matching.tell(order, event, now_ns, reason)
        else:
            report = Report(client_order_id=key, event=event, reason=reason, symbol=symbol)
            self.outbox.append((now_ns, report))

    def _unreplaceable(self, order: VenueOrder, qty: int) -> Reason:
        """Return why the quantity of *order* may not become *qty* lots, or NONE."""
        instrument = self.account.instruments[order.symbol]
        wanted = order.order
        if qty <= order.cum_qty or not instrument.min_qty <= qty <= instrument.max_qty:
            return Reason.BAD_QTY
        price = wanted.price_ticks or wanted.trigger_ticks or order.reserve_ticks
        closing = closes(self.account.pairs[order.symbol], wanted)
        if not closing and instrument.notional(price, qty) < instrument.min_notional:
            return Reason.MIN_NOTIONAL
        if qty <= order.qty:
            return Reason.NONE
        before, order.qty = order.qty, qty
        reason = self._matching.uncovered(order)
        order.qty = before
        return reason
