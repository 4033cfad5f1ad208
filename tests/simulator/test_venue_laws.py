"""What holds of the venue whatever it is told: random commands, prices, jumps and funding."""

from hypothesis import event, given, settings
from hypothesis import strategies as st

from machines import order as order_machine
from machines.messages import Cancel, Place, Query, Report, Wanted
from machines.order import (
    CancelRequested,
    Event,
    Found,
    Lost,
    Order,
    Rejected,
    ReplaceRequested,
)
from machines.position import Fill, Pair, gross_qty
from machines.position import step as position_step
from simulator.prng import Prng
from simulator.venue import Venue
from simulator.venue_terms import Replace, VenueConfig
from spec.order import ORDER, Action, State
from spec.terms import (
    Instrument,
    MarginMode,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    Tier,
    TimeInForce,
    TriggerBy,
)

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
MARKET, LIMIT, STOP, STOP_LIMIT, PROFIT, PROFIT_LIMIT = OrderType
ONE_WAY, HEDGE = PositionMode
SMALL = Instrument(
    symbol="S",
    maker_ppm=10_000,
    taker_ppm=20_000,
    max_qty=12,
    min_notional=120,
    tiers=(Tier(300, 10_000), Tier(600, 30_000), Tier(10**30, 80_000)),
)
ACTS = (
    *("submit",) * 7,
    *("price",) * 7,
    *("inside", "inside", "again", "cancel", "cancel", "replace", "replace"),
    *("query", "fund", "wake", "wake"),
)
FOUND = {
    Found.FILLED: State.FILLED,
    Found.CANCELED: State.CANCELED,
    Found.EXPIRED: State.EXPIRED,
    Found.REJECTED: State.REJECTED,
}


class Watched:
    """A venue and, fed with its reports, what a bot would believe."""

    def __init__(self, config: VenueConfig, dice: Prng) -> None:
        self.venue = Venue(config, [SMALL, SMALL], checked=True)
        self.dice = dice
        self.now = 0
        self.prices = [(100, 100), (100, 100)]
        self.orders: dict[int, Order] = {}
        self.totals: dict[int, tuple[int, int, int]] = {}
        self.filled: dict[int, tuple[int, int, int]] = {}
        self.refused: set[int] = set()
        self.pairs = [Pair(mode=config.mode), Pair(mode=config.mode)]
        for symbol in (0, 1):
            self.venue.price(symbol, 100, 100, 0)

    def act(self, name: str) -> None:
        """Do one thing, then check everything."""
        self.now += 1
        booked = len(self.venue.fills)
        getattr(self, f"_{name}")()
        self._listen()
        self._book(booked)
        self._agree()

    def _symbol(self) -> int:
        return self.dice.below(2)

    def _key(self) -> int:
        """Return the id of a recent order."""
        return max(len(self.orders) - self.dice.below(12), 1)

    def _submit(self) -> None:
        self._place(len(self.orders) + 1)

    def _again(self) -> None:
        """Use an id again."""
        self._place(self._key())

    def _place(self, key: int) -> None:
        symbol = self._symbol()
        order = drawn_order(self.dice, self.prices[symbol], self.venue.config.mode)
        self.venue.submit(Place(key, order), symbol, self.now)
        answer = answered(self.venue, key)
        if answer == Lost():
            assert key in self.orders
            self.venue.outbox.pop()
            return
        self.orders[key] = Order(qty=order.qty)
        self.totals[key] = self.filled[key] = 0, 0, 0
        self.refused.discard(key)
        if answer == Rejected():
            self.refused.add(key)

    def _price(self) -> None:
        symbol, far = self._symbol(), 5 if self.dice.below(10) else 30
        last, mark = (max(at + self.dice.between(-far, far), 1) for at in self.prices[symbol])
        self.prices[symbol] = last, mark
        self.venue.price(symbol, last, mark, self.now)

    def _inside(self) -> None:
        """Move every symbol inside its barriers, and look anew: nothing may happen."""
        bands = [self.venue.barriers(symbol) for symbol in (0, 1)]
        for symbol, (last_lo, last_hi, mark_lo, mark_hi) in enumerate(bands):
            assert last_lo < self.prices[symbol][0] < last_hi
            assert mark_lo < self.prices[symbol][1] < mark_hi
            last = self.dice.between(last_lo + 1, min(last_hi, last_lo + 300) - 1)
            mark = self.dice.between(mark_lo + 1, min(mark_hi, mark_lo + 300) - 1)
            self.prices[symbol] = last, mark
            self.venue.price(symbol, *self.prices[symbol], self.now)
        self.venue._matching.money_moved()
        for symbol in (0, 1):
            self.venue.price(symbol, *self.prices[symbol], self.now)
        assert self.venue.outbox == []

    def _cancel(self) -> None:
        if Action.SEND_CANCEL in self._ask(key := self._key(), CancelRequested()):
            self.venue.cancel(Cancel(key), self.now)

    def _replace(self) -> None:
        key, qty = self._key(), self.dice.between(1, 12)
        if Action.SEND_REPLACE in self._ask(key, ReplaceRequested(qty)):
            self.venue.replace(Replace(key, self.orders[key].revision, qty), self.now)

    def _query(self) -> None:
        if Action.RECONCILE in self._ask(key := self._key(), Lost()):
            self.venue.query(Query(key, self.orders[key].query), self.now)

    def _ask(self, key: int, wish: Event) -> tuple[Action, ...]:
        """Tell the order machine what we want; return what it sends."""
        if key not in self.orders:
            return ()
        self.orders[key], emits = order_machine.step(self.orders[key], wish)
        return emits

    def _fund(self) -> None:
        self.venue.fund(self._symbol(), self.dice.between(-50_000, 50_000), self.now)

    def _wake(self) -> None:
        self.now += self.dice.below(4)
        self.venue.wake(self.now)

    def _listen(self) -> None:
        """Feed the order machine: totals never shrink, nothing fills beyond its quantity."""
        for _, message in self.venue.outbox:
            event(type(message).__name__)
            if isinstance(message, Report):
                key, known = message.client_order_id, self.orders[message.client_order_id]
                event(f"{type(message.event).__name__} {message.reason.name}")
                cum_qty = order_machine.total(known, message.event)
                total = (cum_qty, message.notional, message.fee)
                assert all(x >= y for x, y in zip(total, self.totals[key], strict=True))
                assert cum_qty <= order_machine.exposure_max(known)
                self.orders[key], _ = order_machine.step(known, message.event)
                self.totals[key] = total
                assert self.orders[key].state is not State.UNKNOWN
                assert order_machine.well_formed(self.orders[key])
        self.venue.outbox.clear()

    def _agree(self) -> None:
        """The bot's view of every order is the venue's."""
        held = {order.client_order_id: order for s in (0, 1) for order in self.venue.open_orders(s)}
        for key, ours in self.orders.items():
            theirs = self.venue._matching.orders.get(key)
            assert (key in held) == (ours.state not in ORDER.final)
            if theirs is None or key in self.refused:
                assert ours.state is State.REJECTED
                continue
            assert (ours.cum_qty, ours.triggered) == (theirs.cum_qty, theirs.triggered)
            assert self.totals[key] == (theirs.cum_qty, theirs.notional, theirs.fee)
            if key in held:
                assert ours.qty == theirs.qty
            else:
                assert ours.state is FOUND[theirs.found]

    def _book(self, booked: int) -> None:
        """Positions are those of the fills; reduce-only fills shrink exactly one leg."""
        for fill in self.venue.fills[booked:]:
            before = self.pairs[fill.symbol]
            news = Fill(
                side=fill.side,
                qty=fill.qty,
                notional=fill.qty * fill.price_ticks,
                position_side=fill.position_side,
            )
            self.pairs[fill.symbol], _ = position_step(before, news)
            if fill.reduce_only or fill.liquidation:
                assert gross_qty(self.pairs[fill.symbol]) == gross_qty(before) - fill.qty
            if not fill.liquidation:
                qty, notional, fee = self.filled[fill.client_order_id]
                total = qty + fill.qty, notional + news.notional, fee + fill.fee
                self.filled[fill.client_order_id] = total
        account = self.venue.account
        assert self.filled == self.totals
        assert self.pairs == account.pairs
        assert account.isolated or not account.flat or account.cash >= 0
        assert not account.isolated or account.free() >= 0


def answered(v: Venue, key: int) -> object:
    """Return the first event of *key* in the outbox: the answer to its submit."""
    reports = [m for _, m in v.outbox if isinstance(m, Report) and m.client_order_id == key]
    return reports[0].event


def drawn_config(dice: Prng) -> VenueConfig:
    """Return any configuration."""
    return VenueConfig(
        deposit=(300, 1_000, 10_000, 30_000)[dice.below(4)],
        mode=PositionMode(dice.below(2)),
        margin_mode=MarginMode(dice.below(2)),
        leverage=(1, 3, 10, 25)[dice.below(4)],
        slippage_ticks=dice.below(3),
        liquidity_lots=(0, 0, 3)[dice.below(3)],
        refill_ns=dice.below(4),
        unique_ids="ever" if dice.below(2) else "open",
    )


def drawn_order(dice: Prng, prices: tuple[int, int], mode: PositionMode) -> Wanted:
    """Return an order near *prices*, as a rule on the right side of them and with a fitting leg."""
    side, kind = Side(dice.below(2)), (MARKET, LIMIT, *OrderType)[dice.below(8)]
    by = TriggerBy(dice.below(3) == 0)
    above = (kind in {STOP, STOP_LIMIT}) == (side is BUY)
    fits = (mode is HEDGE) == (dice.below(10) > 0)
    return Wanted(
        key=0,
        kind=0,
        side=side,
        qty=dice.between(1, 12),
        type=kind,
        price_ticks=prices[0] + dice.between(-6, 6),
        trigger_ticks=prices[by] + dice.between(-1, 8) * (1 if above else -1),
        trigger_by=by,
        position_side=(LONG, SHORT)[dice.below(2)] if fits else NONE,
        time_in_force=(TimeInForce.GTC, TimeInForce.GTC, *TimeInForce)[dice.below(5)],
        post_only=dice.below(5) == 0,
        reduce_only=dice.below(5) == 0,
    )


@settings(max_examples=4 * settings().max_examples)
@given(st.integers(0, 2**64 - 1), st.integers(1, 250))
def test_books_orders_and_barriers_hold_whatever_happens(seed: int, acts: int) -> None:
    """Money is conserved, the order machine agrees, nothing happens inside the barriers."""
    dice = Prng(seed)
    world = Watched(drawn_config(dice), dice)
    for _ in range(acts):
        world.act(ACTS[dice.below(len(ACTS))])


@settings(max_examples=4 * settings().max_examples)
@given(st.integers(0, 2**64 - 1), st.integers(1, 100))
def test_stopping_at_barriers_only_is_seeing_every_tick(seed: int, ticks: int) -> None:
    """On a continuous path, calls at barriers alone tell the same as a call at every tick."""
    dice = Prng(seed)
    config = drawn_config(dice)
    orders = [drawn_order(dice, (100, 100), config.mode) for _ in range(8)]
    every, barriers = Watched(config, dice).venue, Watched(config, dice).venue
    for key, order in enumerate(orders):
        every.submit(Place(key, order), 0, 1)
        barriers.submit(Place(key, order), 0, 1)
    at, trend = 100, 0
    for now in range(2, ticks):
        trend = (-1, trend, 1)[dice.below(3)] or 1
        at = max(at + trend, 1)
        every._matching.money_moved()
        every.price(0, at, at, now)
        last_lo, last_hi, mark_lo, mark_hi = barriers.barriers(0)
        if not (last_lo < at < last_hi and mark_lo < at < mark_hi):
            barriers.price(0, at, at, now)
    assert every.outbox == barriers.outbox
