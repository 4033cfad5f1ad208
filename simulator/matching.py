"""Matching: moves the orders of one account from arrival to their end, and liquidates it.

`simulator.venue` feeds it.  Orders act one after the other, oldest first; after each the
consequences are drawn before the next one acts.
"""

from collections.abc import Sequence
from typing import Final

from machines.messages import Report, Wanted
from machines.order import Canceled, Event, Expired, Filled, Found, Rejected, Triggered
from machines.position import reducible, route
from simulator import margin
from simulator.account import LEGS, Account, Trade
from simulator.margin import Exposure
from simulator.venue_order import (
    Band,
    Phase,
    Prices,
    Threshold,
    VenueOrder,
    band_of,
    barred,
    conditional,
    crosses,
    follow,
    limited,
    room,
    taker_price,
    traded_through,
    trail_start,
    trigger,
)
from simulator.venue_terms import Message, VenueConfig
from spec.terms import Instrument, PositionMode, PositionSide, Reason, Side, TimeInForce
from spec.units import ppm_of

REJECTED: Final = Rejected()
TRIGGERED: Final = Triggered()
Safe = list[tuple[int, int]]


class Matching:
    """Orders, prices and the account they act on.

    *books* hold the open orders of each symbol, oldest first, *orders* every order that was ever
    taken, *taking* those whose rest takes again, *trailing* those whose trigger follows the price.
    """

    def __init__(self, config: VenueConfig, instruments: Sequence[Instrument]) -> None:
        self.config = config
        self.account = Account(
            instruments,
            deposit=config.deposit,
            mode=config.mode,
            margin_mode=config.margin_mode,
            leverage=config.leverage,
        )
        self.outbox: list[tuple[int, Message]] = []
        self.orders: dict[int, VenueOrder] = {}
        self.books: list[dict[int, VenueOrder]] = [{} for _ in instruments]
        self.taking: dict[int, VenueOrder] = {}
        self.trailing: dict[int, VenueOrder] = {}
        self.prices = [Prices() for _ in instruments]
        self._bands: list[Band | None] = [None for _ in instruments]
        self._safe: Safe | None = None
        self._leg_changed = False

    def tell(
        self, order: VenueOrder, event: Event, now_ns: int, reason: Reason = Reason.NONE
    ) -> None:
        """Report *event* of *order* with its totals."""
        report = Report(
            client_order_id=order.client_order_id,
            event=event,
            notional=order.notional,
            fee=order.fee,
            reason=reason,
            symbol=order.symbol,
        )
        self.outbox.append((now_ns, report))

    def tell_account(self, symbol: int, now_ns: int) -> None:
        """Report what has happened to the account and to the legs of *symbol*."""
        self.outbox.append((now_ns, self.account.report(symbol)))

    # --- Barriers --------------------------------------------------------------------------

    def band(self, symbol: int) -> Band:
        """Return the prices strictly between which nothing happens."""
        band = self._bands[symbol]
        if band is None:
            if self._safe is None:
                self._safe = margin.safe_bands(self.account)
            low, high = self._safe[symbol]
            thresholds = [each.threshold for each in self.books[symbol].values()]
            if self.trailing:
                thresholds += [each.follows for each in self._following(symbol)]
            last_lo, last_hi, mark_lo, mark_hi = band_of(thresholds)
            band = Band(last_lo, last_hi, max(mark_lo, low), min(mark_hi, high))
            self._bands[symbol] = band
        return band

    def moved(self, symbol: int, prices: Prices) -> bool:
        """Take the new prices of *symbol*; return whether something may follow."""
        self.prices[symbol] = prices
        last, mark = prices
        self.account.marks[symbol] = mark
        band = self._bands[symbol]
        if band is not None:
            last_lo, last_hi, mark_lo, mark_hi = band
            if last_lo < last < last_hi and mark_lo < mark < mark_hi:
                return False
        if self._safe is not None:
            low, high = self._safe[symbol]
            if not low < mark < high:
                self.money_moved()
        self._bands[symbol] = None
        return True

    def follow(self, symbol: int) -> None:
        """Let triggers follow the price of *symbol*."""
        prices = self.prices[symbol]
        for order in self._following(symbol):
            trail = order.instructions.trail
            if trail is not None and order.follows is not None and order.follows.touched(prices):
                follow(order, trail, prices)

    def _following(self, symbol: int) -> list[VenueOrder]:
        """Return the orders of *symbol* whose trigger follows the price."""
        return [each for each in self.trailing.values() if each.symbol == symbol]

    def money_moved(self) -> None:
        """Forget what was proven safe."""
        self._safe = None
        self._bands = [None for _ in self._bands]

    # --- The life of an order --------------------------------------------------------------

    def wait(self, order: VenueOrder, phase: Phase, threshold: Threshold | None) -> None:
        """Let *order* stay open in *phase* until a price comes to *threshold*."""
        order.phase, order.threshold = phase, threshold
        if phase is not Phase.TAKING:
            self.taking.pop(order.client_order_id, None)
        self._bands[order.symbol] = None

    def hold(self, order: VenueOrder) -> None:
        """Let *order* wait for its trigger."""
        trail = order.instructions.trail
        if trail is None:
            self.wait(order, Phase.WAITING, trigger(order.order))
            return
        self.trailing[order.client_order_id] = order
        self.wait(order, Phase.WAITING, None)
        if trail.start_ticks:
            order.follows = trail_start(order.order, trail)
        else:
            follow(order, trail, self.prices[order.symbol])

    def close(
        self, order: VenueOrder, found: Found, now_ns: int, reason: Reason = Reason.NONE
    ) -> None:
        """End *order*, and report how unless its last fill has said so."""
        order.phase, order.threshold = Phase.CLOSED, None
        order.found, order.reason = found, reason
        del self.books[order.symbol][order.client_order_id]
        self.taking.pop(order.client_order_id, None)
        self.trailing.pop(order.client_order_id, None)
        self._bands[order.symbol] = None
        if found is Found.CANCELED:
            self.tell(order, Canceled(order.cum_qty), now_ns, reason)
        elif found is Found.EXPIRED:
            self.tell(order, Expired(order.cum_qty), now_ns, reason)
        elif found is Found.REJECTED:
            self.tell(order, REJECTED, now_ns, reason)

    def trigger(self, order: VenueOrder, now_ns: int) -> None:
        """Start *order* because its trigger was touched."""
        order.triggered = True
        self.trailing.pop(order.client_order_id, None)
        if order.instructions.whole:
            wanted, pair = order.order, self.account.pairs[order.symbol]
            held_qty = reducible(pair, wanted.side, wanted.position_side)
            order.qty = held_qty or order.qty
        self.tell(order, TRIGGERED, now_ns)
        found, reason = Found.EXPIRED, barred(self.account.pairs[order.symbol], order.order)
        if reason is not Reason.REDUCE_ONLY:
            found, reason = Found.REJECTED, reason or self.unfit(order)
        if reason is Reason.NONE:
            self.start(order, now_ns)
        else:
            self.close(order, found, now_ns, reason)

    def restore(self, order: VenueOrder) -> None:
        """Take an open *order* of an earlier venue as it was; the next prices move it on."""
        key, wanted = order.client_order_id, order.order
        self.orders[key] = self.books[order.symbol][key] = order
        if conditional(wanted) and not order.triggered:
            self.hold(order)
        elif limited(wanted):
            order.reserve_ticks = wanted.price_ticks
            self.wait(order, Phase.RESTING, traded_through(wanted))
        else:
            self.taking[key] = order
            self.wait(order, Phase.TAKING, None)

    def resume(self, order: VenueOrder, now_ns: int) -> None:
        """Let the rest of *order* go on."""
        reason = barred(self.account.pairs[order.symbol], order.order)
        if reason is Reason.NONE:
            self.start(order, now_ns)
        else:
            self.close(order, Found.EXPIRED, now_ns, reason)

    def start(self, order: VenueOrder, now_ns: int) -> None:
        """Let *order* take what there is, else rest; what may do neither expires."""
        wanted = order.order
        if self._crosses(wanted, self.prices[order.symbol].last):
            self._take(order, now_ns)
        elif wanted.time_in_force is TimeInForce.GTC:
            order.reserve_ticks = wanted.price_ticks
            self.wait(order, Phase.RESTING, traded_through(wanted))
        else:
            self.close(order, Found.EXPIRED, now_ns)

    def _crosses(self, wanted: Wanted, last: int) -> bool:
        """Return whether *wanted* takes at a last price of *last* ticks on this venue."""
        return crosses(wanted, last) and not (self.config.all_make and limited(wanted))

    def _take(self, order: VenueOrder, now_ns: int) -> None:
        """Fill *order* with what the market offers at once."""
        wanted, config, leaves_qty = order.order, self.config, order.leaves_qty
        most = room(self.account.pairs[order.symbol], wanted, leaves_qty)
        qty = min(most, config.liquidity_lots) if config.liquidity_lots else most
        if wanted.time_in_force is TimeInForce.FOK and qty < leaves_qty:
            reason = Reason.REDUCE_ONLY if most < leaves_qty else Reason.NONE
            self.close(order, Found.EXPIRED, now_ns, reason)
            return
        last = self.prices[order.symbol].last
        price = taker_price(wanted, last, config.slippage_ticks)
        self._fill(order, qty, price, now_ns, maker=False)
        if qty == leaves_qty:
            return
        if qty == most:
            self.close(order, Found.EXPIRED, now_ns, Reason.REDUCE_ONLY)
        elif wanted.time_in_force is TimeInForce.GTC:
            order.wake_ns = now_ns + config.refill_ns
            self.taking[order.client_order_id] = order
            self.wait(order, Phase.TAKING, None)
        else:
            self.close(order, Found.EXPIRED, now_ns)

    def make(self, order: VenueOrder, now_ns: int) -> None:
        """Fill a resting order at its own price: the market has traded through it."""
        pair, leaves_qty = self.account.pairs[order.symbol], order.leaves_qty
        reason, qty = barred(pair, order.order), room(pair, order.order, leaves_qty)
        if qty:
            self._fill(order, qty, order.order.price_ticks, now_ns, maker=True)
            reason = Reason.REDUCE_ONLY
        if qty < leaves_qty:
            self.close(order, Found.EXPIRED, now_ns, reason)

    def _fill(
        self, order: VenueOrder, qty: int, price_ticks: int, now_ns: int, *, maker: bool
    ) -> None:
        """Book *qty* lots of *order* and report its new totals."""
        symbol, wanted = order.symbol, order.order
        instrument = self.account.instruments[symbol]
        rate_ppm = instrument.maker_ppm if maker else instrument.taker_ppm
        fee = ppm_of(instrument.notional(price_ticks, qty), rate_ppm)
        trade = Trade(
            now_ns,
            order.client_order_id,
            symbol,
            wanted.side,
            wanted.position_side,
            qty,
            price_ticks,
            fee,
            maker,
            wanted.reduce_only,
            wanted.kind,
            wanted.trigger_ticks,
        )
        sequence = self.account.sequence
        self._book(trade)
        order.cum_qty += qty
        order.notional += qty * price_ticks
        order.fee += fee
        if order.cum_qty == order.qty:
            self.close(order, Found.FILLED, now_ns)
        self.tell(order, Filled(order.cum_qty), now_ns)
        if self.account.sequence > sequence:  # the insurance fund paid for an isolated leg
            self.tell_account(symbol, now_ns)

    def _book(self, trade: Trade) -> None:
        """Book *trade* and remember what must now be looked at again."""
        pairs = self.account.pairs
        state = pairs[trade.symbol].state
        self.account.book(trade)
        self._leg_changed = self._leg_changed or pairs[trade.symbol].state is not state
        self.money_moved()

    # --- What an order needs ---------------------------------------------------------------

    def unfit(self, order: VenueOrder) -> Reason:
        """Return why *order* may not start to work at these prices, or NONE."""
        wanted, last = order.order, self.prices[order.symbol].last
        if wanted.post_only and limited(wanted) and self._crosses(wanted, last):
            return Reason.POST_ONLY_CROSSED
        order.phase = Phase.TAKING
        order.reserve_ticks = taker_price(wanted, last, self.config.slippage_ticks)
        return self.uncovered(order)

    def uncovered(self, order: VenueOrder) -> Reason:
        """Return MARGIN if *order* raises the money needed above what there is, else NONE."""
        account, symbol = self.account, order.symbol
        book = [each for each in self.books[symbol].values() if each is not order]
        needed = mine = margin.required(account, symbol, [*book, order])
        for other, orders in enumerate(self.books):
            if other != symbol:
                needed += margin.required(account, other, orders.values())
        if needed <= margin.backing(account) or mine <= margin.required(account, symbol, book):
            return Reason.NONE
        return Reason.MARGIN

    # --- Consequences ----------------------------------------------------------------------

    def settle(self, symbol: int, now_ns: int) -> None:
        """Draw the consequences of an order that has acted."""
        if self._leg_changed:
            self._leg_changed = False
            pair = self.account.pairs[symbol]
            for order in tuple(self.books[symbol].values()):
                stays = order.phase is Phase.WAITING and not order.instructions.tied
                if not stays and barred(pair, order.order) is Reason.REDUCE_ONLY:
                    self.close(order, Found.EXPIRED, now_ns, Reason.REDUCE_ONLY)
        self.liquidate(now_ns)

    def liquidate(self, now_ns: int) -> None:
        """Close what no longer has its maintenance margin, unless it is proven safe."""
        if self._safe is not None:
            return
        account = self.account
        if not account.isolated:
            if margin.cross_slack(account) < 0:
                self._liquidate_account(now_ns)
            return
        while (leg := margin.failing_leg(account)) is not None:
            self._liquidate_leg(leg, now_ns)

    def _liquidate_account(self, now_ns: int) -> None:
        """Cancel every order, close every leg; the insurance fund pays what is owed."""
        account = self.account
        for book in self.books:
            for order in tuple(book.values()):
                self.close(order, Found.CANCELED, now_ns, Reason.LIQUIDATION)
        for symbol in range(len(self.books)):
            for side in LEGS:
                self._close_leg(symbol, side, now_ns)
        account.insure(now_ns)
        self.money_moved()
        for symbol in range(len(self.books)):
            account.liquidated(symbol)
            self.tell_account(symbol, now_ns)

    def _liquidate_leg(self, leg: Exposure, now_ns: int) -> None:
        """Cancel the orders of an isolated leg and close it."""
        account, symbol, side = self.account, leg.symbol, leg.leg
        pair = account.pairs[symbol]
        for order in tuple(self.books[symbol].values()):
            if route(pair, order.order.side, order.order.position_side) is side:
                self.close(order, Found.CANCELED, now_ns, Reason.LIQUIDATION)
        self._close_leg(symbol, side, now_ns)
        account.liquidated(symbol)
        self.tell_account(symbol, now_ns)

    def _close_leg(self, symbol: int, side: PositionSide, now_ns: int) -> None:
        """Close a leg at mark for the liquidation fee."""
        account = self.account
        qty, mark = account.leg(symbol, side).qty, account.marks[symbol]
        instrument = account.instruments[symbol]
        if qty:
            trade = Trade(
                now_ns,
                0,
                symbol,
                Side.SELL if side is PositionSide.LONG else Side.BUY,
                side if account.mode is PositionMode.HEDGE else PositionSide.NONE,
                qty,
                mark,
                ppm_of(instrument.notional(mark, qty), instrument.liquidation_ppm),
                liquidation=True,
            )
            self._book(trade)
