"""What a venue does beside what its reference says: refusals, lies of a moment, orders it closes.

Stands in front of `simulator.venue`, which knows nothing of it.
"""

from collections.abc import Iterator

from attrs import evolve

from machines.messages import AccountReport, Cancel, Place, Query, Report, Wanted
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    Expired,
    Filled,
    Found,
    Reconciled,
    Rejected,
    Triggered,
)
from machines.reconciliation import Lots
from simulator.agreement import legs
from simulator.faults import Strikes
from simulator.venue_order import closes
from simulator.wire_terms import (
    VALIDITY_NS,
    Answer,
    Ends,
    Refused,
    Request,
    Row,
    Shown,
    Unreadable,
)
from spec.supervisor import Cause
from spec.terms import OrderType, PositionMode, PositionSide, Reason, Side
from spec.units import MILLI_NS, SECOND_NS

FOREIGN = 10**12  # client order ids from here on are somebody else's
FOREIGN_NS = 5 * SECOND_NS
HIDDEN_NS = STALE_NS = 1_500 * MILLI_NS
AWAY_NS = 30 * SECOND_NS
SUSPENSIONS = (
    ("clock_drift", Cause.CLOCK_DRIFT, 2 * SECOND_NS),
    ("rate_limit", Cause.RATE_LIMIT, 5 * SECOND_NS),
)


class Quirks:
    """The face of the venue: what it answers before, or instead of, carrying out a request."""

    def __init__(self, ends: Ends, strikes: Strikes) -> None:
        self._ends, self._strikes = ends, strikes
        self._until_ns: dict[str, int] = {"maintenance": 0, "clock_drift": 0, "rate_limit": 0}
        self._orders: dict[int, Wanted] = {}
        self._past: dict[int, list[tuple[int, Report]]] = {}  # what each query would have found
        self._renamed: set[int] = set()
        self._rows: tuple[Row, ...] = ()  # now, and before they changed last
        self._rows_before: tuple[Row, ...] = ()
        self._rows_ns = 0  # when they did
        self._foreign = 0
        self._counted = 0  # fills
        self._bought: list[Lots] = [(0, 0) for _ in ends.venue.account.instruments]

    def away(self) -> bool:
        """Return whether the venue is under maintenance."""
        return self._ends.now() < self._until_ns["maintenance"]

    # --- Requests --------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to *request*, or None if the venue is to carry it out."""
        refusal = self._suspended(request)
        if refusal is not None:
            return refusal
        match request.command:
            case Place() as place:
                return self._refused(place)
            case Cancel(client_order_id=key):
                if self._hidden(key):
                    event, reason = CancelRejected(), Reason.UNKNOWN_ORDER
                    return Report(client_order_id=key, event=event, reason=reason)
                return None
            case Query() as query:
                return self._misinformed(query)
            case _:
                return None

    def _suspended(self, request: Request) -> Answer | None:
        """Return the answer of a venue that takes nothing at present."""
        now_ns, strikes = self._ends.now(), self._strikes
        if not self.away() and strikes.on("maintenance", now_ns):
            self._until_ns["maintenance"] = now_ns + strikes.within("maintenance", AWAY_NS)
        if self.away():
            return Unreadable()
        if now_ns > request.sent_ns + VALIDITY_NS:
            return Refused()
        for name, cause, lasts_ns in SUSPENSIONS:
            if strikes.on(name, now_ns):
                self._until_ns[name] = now_ns + lasts_ns
            if now_ns < self._until_ns[name]:
                return Refused(cause=cause)
        return None

    def _refused(self, place: Place) -> Answer | None:
        """Return the refusal of an order that nothing is wrong with."""
        now_ns, order = self._ends.now(), place.order
        if self._strikes.on("leg_mismatch", now_ns):
            return Refused(Reason.POSITION_SIDE)
        pair = self._ends.venue.position(place.symbol)
        if closes(pair, order) and self._strikes.on("reduce_only_reject", now_ns):
            return Refused(Reason.REDUCE_ONLY)
        self._orders[place.client_order_id] = order
        return None

    def _hidden(self, key: int) -> bool:
        """Return whether the order of *key* is not found although it was taken."""
        past, now_ns = self._past.get(key), self._ends.now()
        fresh = past is not None and now_ns - past[0][0] < HIDDEN_NS
        return fresh and self._strikes.on("not_found_after_ack", now_ns)

    def _misinformed(self, query: Query) -> Answer | None:
        """Return what is not, or no longer, true of an order."""
        key, now_ns, strikes = query.client_order_id, self._ends.now(), self._strikes
        past = self._past.get(key)
        if past is None:
            return None
        absent = Report(client_order_id=key, event=Reconciled(query.query, Found.ABSENT, 0, 0))
        newest = past[-1][1].event
        assert isinstance(newest, Reconciled)
        if self._hidden(key):
            return absent
        renamed = newest.triggered and key not in self._renamed
        if renamed and strikes.on("stop_changes_id", now_ns):
            self._renamed.add(key)  # the next question uses the new name
            return absent
        if now_ns - past[-1][0] < STALE_NS and strikes.on("stale_open_orders", now_ns):
            then_ns = now_ns - strikes.within("stale_open_orders", STALE_NS)
            then = [report for at_ns, report in past if at_ns <= then_ns]
            if not then:
                return absent
            event = then[-1].event
            assert isinstance(event, Reconciled)
            return evolve(then[-1], event=evolve(event, query=query.query))
        return None

    # --- Events ----------------------------------------------------------------------------

    def note(self, message: object) -> None:
        """Take note of what the venue says, and let it do something of its own accord."""
        if isinstance(message, Report | AccountReport):
            rows = tuple(self._open_rows())
            if rows != self._rows:
                self._rows_before, self._rows, self._rows_ns = self._rows, rows, self._ends.now()
        if not isinstance(message, Report) or message.client_order_id >= FOREIGN:
            return
        key, event = message.client_order_id, message.event
        order = self._orders.get(key)
        if order is None or isinstance(event, Reconciled):
            return
        if isinstance(event, Rejected) and key not in self._past:
            return  # refused on arrival, it was never here; the id may be used again
        self._remember(order, message)
        now_ns, strikes = self._ends.now(), self._strikes
        if isinstance(event, Canceled) and event.cum_qty and self._dust(order.qty - event.cum_qty):
            strikes.happened("min_notional_dust")
        partial = isinstance(event, Filled) and event.cum_qty < order.qty
        if partial and strikes.on("partial_then_cancel", now_ns):
            self._ends.to_venue(now_ns, lambda: self._close(key, Found.CANCELED))
        if isinstance(event, Acked) and strikes.on("expired", now_ns):
            self._ends.to_venue(now_ns, lambda: self._close(key, Found.EXPIRED))
        if strikes.on("foreign_order", now_ns):
            self._ends.to_venue(now_ns, self._foreign_order)

    def _dust(self, qty: int) -> bool:
        """Return whether *qty* lots are less than the venue lets one trade."""
        account = self._ends.venue.account
        instrument = account.instruments[0]
        return 0 < instrument.notional(account.marks[0], qty) < instrument.min_notional

    def _remember(self, order: Wanted, news: Report) -> None:
        """Keep what a query would find of *order* after *news*."""
        past = self._past.setdefault(news.client_order_id, [])
        found = past[-1][1].event if past else Reconciled(0, Found.OPEN, order.qty, 0)
        assert isinstance(found, Reconciled)
        past.append((self._ends.now(), evolve(news, event=_after(found, news.event))))

    def _close(self, key: int, found: Found) -> None:
        """Let the venue close the order of *key*, if it is open."""
        self._ends.venue.drop(key, found, self._ends.now())
        self._ends.flush()

    def _foreign_order(self) -> None:
        """Rest somebody else's order far from the market, and take it away later."""
        self._foreign += 1
        key, now_ns, venue = FOREIGN + self._foreign, self._ends.now(), self._ends.venue
        instrument = venue.account.instruments[0]
        price = max(venue.account.marks[0] // 10, 1)
        hedged = venue.account.mode is PositionMode.HEDGE
        order = Wanted(
            key=0,
            kind=0,
            side=Side.BUY,
            qty=instrument.min_qty,
            type=OrderType.LIMIT,
            price_ticks=price,
            position_side=PositionSide.LONG if hedged else PositionSide.NONE,
        )
        venue.submit(Place(key, order), 0, now_ns)
        self._ends.flush()
        self._ends.to_venue(now_ns + FOREIGN_NS, lambda: self._close(key, Found.CANCELED))

    # --- Looks -----------------------------------------------------------------------------

    def look(self) -> Shown:
        """Return the positions, the bot's open orders and what its fills come to."""
        now_ns, venue, strikes = self._ends.now(), self._ends.venue, self._strikes
        symbols = range(len(venue.account.instruments))
        fresh = now_ns - self._rows_ns < STALE_NS
        rows = self._rows
        if fresh and strikes.on("position_lag", now_ns):
            rows = self._rows_before
        if strikes.on("phantom_leg_row", now_ns):
            empty = Row(0, (PositionSide.SHORT, PositionSide.LONG)[len(rows) % 2], 0)
            rows = (empty, *rows)
        orders = (
            (each, order.client_order_id) for each in symbols for order in venue.open_orders(each)
        )
        ours = tuple(order for order in orders if order[1] < FOREIGN)
        return Shown(rows=rows, working=ours, made=self._made())

    def _open_rows(self) -> Iterator[Row]:
        """Yield the legs that are open."""
        for symbol, pair in enumerate(self._ends.venue.account.pairs):
            for leg, qty in zip((PositionSide.LONG, PositionSide.SHORT), legs(pair), strict=True):
                if qty:
                    yield Row(symbol, leg, qty)

    def _made(self) -> tuple[Lots, ...]:
        """Return what the bot's fills, and liquidations, come to, by symbol."""
        account, made = self._ends.venue.account, self._bought
        for fill in account.trades[self._counted :]:
            if fill.client_order_id < FOREIGN:
                signed = fill.qty * fill.side.sign
                long, short = made[fill.symbol]
                if fill.position_side is PositionSide.SHORT:
                    made[fill.symbol] = long, short - signed
                else:
                    made[fill.symbol] = long + signed, short
        self._counted = len(account.trades)
        if account.mode is PositionMode.HEDGE:
            return tuple(made)
        return tuple((max(net, 0), max(-net, 0)) for net, _ in made)


def _after(found: Reconciled, event: object) -> Reconciled:
    """Return what a query finds after *event* of an order of which it would have found *found*."""
    match event:
        case Triggered():
            return evolve(found, triggered=True)
        case Filled(cum_qty=total):
            closed = Found.FILLED if total == found.qty else found.found
            return evolve(found, found=closed, cum_qty=total)
        case Canceled(cum_qty=total):
            return evolve(found, found=Found.CANCELED, cum_qty=total)
        case Expired(cum_qty=total):
            return evolve(found, found=Found.EXPIRED, cum_qty=total)
        case Rejected():
            return evolve(found, found=Found.REJECTED)
        case _:
            return found
