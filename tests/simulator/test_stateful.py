"""Machines against naive models and against the simulated venue, driven by Hypothesis."""

from fractions import Fraction

from hypothesis import Phase as Stage
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from machines import bot as bots
from machines import ladder
from machines.hedge_wallet import Price
from machines.ladder import Config
from machines.messages import (
    AccountReport,
    Alert,
    Cancel,
    Command,
    Place,
    Query,
    QueryAccount,
    Report,
    Restarted,
    Wake,
    Watch,
    Woken,
)
from machines.order import (
    Acked,
    Canceled,
    CancelRejected,
    CancelRequested,
    Event,
    Expired,
    Filled,
    Found,
    Lost,
    Order,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRejected,
    ReplaceRequested,
    Triggered,
    exposure,
    step,
    well_formed,
)
from machines.order_manager import live
from machines.position import Fill, Pair, net_qty, total_pnl
from machines.position import step as position_step
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.hedge_wallet import Fragment, OrderKind
from spec.hedge_wallet import State as Phase
from spec.order import ORDER, Action, State
from spec.position import Action as PositionAction
from spec.terms import Instrument, PositionMode, PositionSide, Side

FINAL = {
    Found.FILLED: State.FILLED,
    Found.CANCELED: State.CANCELED,
    Found.EXPIRED: State.EXPIRED,
    Found.REJECTED: State.REJECTED,
    Found.ABSENT: State.REJECTED,  # it never arrived, and we had given it up
}
# A failing run is replayed, not shrunk: here that takes minutes, in the explorer none.
STEPS = settings(stateful_step_count=40, phases=(Stage.explicit, Stage.reuse, Stage.generate))
INDEX = st.integers(0, 9)


class OrderAtVenue(RuleBasedStateMachine):
    """One order, a venue, and wires that delay, swap, double and lose; whoever loses says so."""

    def __init__(self) -> None:
        super().__init__()
        self.order = Order(qty=1)
        self.found, self.qty, self.cum_qty, self.triggered = Found.ABSENT, 0, 0, False
        self.requests: list[tuple[Action, int, int]] = []
        self.reports: list[Event] = []

    @initialize(qty=st.integers(1, 9))
    def sent(self, qty: int) -> None:
        self.order = Order(qty=qty)
        self.requests.append((Action.SEND_NEW, 0, qty))

    def told(self, event: Event) -> None:
        """Tell our side, and send what it asks for."""
        before = self.order
        self.order, emits = step(self.order, event)
        assert self.order.cum_qty >= before.cum_qty
        lost = before.state is State.UNKNOWN or event == Lost()
        assert lost or self.order.state is not State.UNKNOWN
        for action in emits:
            if action in {Action.SEND_NEW, Action.SEND_CANCEL, Action.RECONCILE}:
                number = self.order.query if action is Action.RECONCILE else 0
                self.requests.append((action, number, self.order.qty))
            elif action is Action.SEND_REPLACE:
                self.requests.append((action, self.order.revision, self.order.replace_qty))

    @rule()
    def we_cancel(self) -> None:
        self.told(CancelRequested())

    @rule(qty=st.integers(1, 12))
    def we_replace(self, qty: int) -> None:
        self.told(ReplaceRequested(qty))

    @rule()
    def we_crash(self) -> None:
        """Memory goes, the journal stays; what was on the way to us is lost."""
        self.reports.clear()
        if self.order.state not in ORDER.final:
            self.told(Lost())

    @precondition(lambda self: self.requests)
    @rule(index=INDEX, lost=st.integers(0, 5), takes=st.integers(0, 5))
    def a_request_arrives(self, index: int, lost: int, takes: int) -> None:
        action, number, qty = self.requests.pop(index % len(self.requests))
        if action is Action.RECONCILE:
            if any(other[0] is not Action.RECONCILE for other in self.requests):
                self.requests.append((action, number, qty))  # asked once all others are over
                return
            answer = self.found, max(self.qty, 1), self.cum_qty, self.triggered
            self.reports.append(Reconciled(number, *answer))
        elif not lost:
            self.reports.append(Lost())
        elif action is Action.SEND_NEW:
            assert self.found is Found.ABSENT
            self.found, self.qty = (Found.OPEN if takes else Found.REJECTED), qty
            self.reports.append(Acked() if takes else Rejected())
        elif self.found is not Found.OPEN:
            cancel = action is Action.SEND_CANCEL
            self.reports.append(CancelRejected() if cancel else ReplaceRejected(number))
        elif action is Action.SEND_CANCEL:
            self.close(Found.CANCELED)
        elif qty > self.cum_qty and takes:
            self.qty = qty
            self.reports.append(Replaced(number, qty))
        else:
            self.reports.append(ReplaceRejected(number))

    def close(self, found: Found) -> None:
        """Close the order at the venue."""
        self.found = found
        if found is Found.REJECTED:
            self.reports.append(Rejected())
        else:
            report = Canceled if found is Found.CANCELED else Expired
            self.reports.append(report(self.cum_qty))

    @precondition(lambda self: self.found is Found.OPEN)
    @rule(lots=st.integers(1, 9))
    def it_fills(self, lots: int) -> None:
        self.cum_qty = min(self.cum_qty + lots, self.qty)
        if self.cum_qty == self.qty:
            self.found = Found.FILLED
        self.reports.append(Filled(self.cum_qty))

    @precondition(lambda self: self.found is Found.OPEN)
    @rule(how=st.sampled_from((Found.CANCELED, Found.EXPIRED, Found.REJECTED, Found.OPEN)))
    def the_venue_acts_by_itself(self, how: Found) -> None:
        if how is Found.OPEN:
            self.triggered = True
            self.reports.append(Triggered())
        elif how is not Found.REJECTED or not self.cum_qty:
            self.close(how)

    @precondition(lambda self: self.reports)
    @rule(index=INDEX, fate=st.integers(0, 5))
    def a_report_arrives(self, index: int, fate: int) -> None:
        event = self.reports[index % len(self.reports)]
        if fate:  # else it will come again
            self.reports.remove(event)
        self.told(Lost() if fate == 1 else event)

    @invariant()
    def our_view_is_safe(self) -> None:
        """ORD-1, ORD-2: we never count more than has filled, nor less than still may."""
        assert well_formed(self.order)
        held = self.qty if self.found is Found.OPEN else self.cum_qty
        assert self.order.cum_qty <= self.cum_qty <= self.qty
        assert held <= exposure(self.order)

    def teardown(self) -> None:
        """ORD-6: once everything is delivered, our state is the venue's."""
        while self.requests or self.reports:
            while self.requests:
                self.a_request_arrives(0, lost=1, takes=1)
            while self.reports:
                self.a_report_arrives(0, fate=5)
        assert self.order.cum_qty == self.cum_qty
        if self.found is Found.OPEN:
            assert self.order.state not in ORDER.final
            assert self.order.qty == self.qty
        else:
            assert self.order.state is FINAL[self.found]


class LotsOnePair(RuleBasedStateMachine):
    """The position machine against one list of lots a leg, counted one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.lots: dict[PositionSide, list[Fraction]] = {}
        self.paid = 0

    @initialize(mode=st.sampled_from(PositionMode))
    def opened(self, mode: PositionMode) -> None:
        self.pair = Pair(mode=mode)
        self.lots = {PositionSide.LONG: [], PositionSide.SHORT: []}

    @rule(
        side=st.sampled_from(Side),
        qty=st.integers(1, 9),
        price=st.integers(1, 200),
        leg=st.sampled_from(PositionSide),
        reduce_only=st.booleans(),
    )
    def a_fill(
        self, *, side: Side, qty: int, price: int, leg: PositionSide, reduce_only: bool
    ) -> None:
        fill = Fill(
            side=side,
            qty=qty,
            notional=qty * price,
            position_side=leg,
            reduce_only=reduce_only,
        )
        self.pair, emits = position_step(self.pair, fill)
        taken = self.taken(fill)
        assert taken == (PositionAction.REFUSE not in emits)
        if taken:
            self.paid += side.sign * qty * price

    def taken(self, fill: Fill) -> bool:
        """Count *fill* lot by lot; return whether it is allowed."""
        adding = PositionSide.LONG if fill.side is Side.BUY else PositionSide.SHORT
        other = PositionSide.SHORT if fill.side is Side.BUY else PositionSide.LONG
        hedged = self.pair.mode is PositionMode.HEDGE
        if not hedged and fill.position_side is not PositionSide.NONE:
            return False
        leg = fill.position_side
        if leg is PositionSide.NONE:
            if self.lots[adding] and self.lots[other]:
                return False
            leg = other if self.lots[other] else adding
        closing = fill.qty if leg is other else 0
        room = len(self.lots[other])
        if fill.reduce_only and (leg is adding or closing > room):
            return False
        if hedged and closing > room:
            return False
        closing = min(closing, room)
        self.lots[other] = self.lots[other][closing:]
        self.lots[adding] += [Fraction(fill.notional, fill.qty)] * (fill.qty - closing)
        return True

    @invariant()
    def it_counts_the_same(self) -> None:
        """POS-1, POS-2: lots by leg, and profit at two prices, are those of the fills."""
        if not self.lots:
            return
        assert self.pair.long.qty == len(self.lots[PositionSide.LONG])
        assert self.pair.short.qty == len(self.lots[PositionSide.SHORT])
        for price in (1, 150):
            assert total_pnl(self.pair, price) == net_qty(self.pair) * price - self.paid


MONEY = Instrument(symbol="S", value=2, min_qty=1, taker_ppm=500)


class BotAtVenue(RuleBasedStateMachine):
    """The hedge wallet's bot on the simulated venue; both wires keep their order but lag."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.price, self.unit = 0, 1_000, 10
        self.to_venue: list[Place | Cancel | Query | QueryAccount] = []
        self.to_bot: list[bots.Event] = []
        self.sleeping: list[int] = []
        self.band = (0, 0)

    @initialize(
        mode=st.sampled_from(PositionMode),
        fragment=st.sampled_from(Fragment),
        liquidity_lots=st.sampled_from((0, 7, 100)),
        slippage_ticks=st.integers(0, 2),
    )
    def started(
        self, mode: PositionMode, fragment: Fragment, liquidity_lots: int, slippage_ticks: int
    ) -> None:
        config = VenueConfig(
            deposit=100_000,
            mode=mode,
            leverage=20,
            liquidity_lots=liquidity_lots,
            slippage_ticks=slippage_ticks,
        )
        self.venue = Venue(config, [MONEY], checked=True)
        self.venue.price(0, self.price, self.price, self.now)
        wallet = Config(instrument=MONEY, unit_ticks=self.unit, mode=mode, fragment=fragment)
        self.bot = bots.new(wallet, config.deposit)
        self.told(Restarted())

    def told(self, event: bots.Event) -> None:
        """Tell the bot of *event* and put its commands on the wire."""
        self.bot, commands = bots.step(self.bot, event)
        for command in commands:
            self.commanded(command)

    def commanded(self, command: Command) -> None:
        """Send what is for the venue, do what is for us."""
        match command:
            case Watch():
                self.band = (command.low, command.high)
                self.publish()
            case Wake():
                self.sleeping.append(command.key)
            case Alert():
                raise AssertionError(command.text)
            case Place() | Cancel() | Query() | QueryAccount():
                self.to_venue.append(command)

    def publish(self) -> None:
        """Tell of the price once it is outside the band, and only once."""
        low, high = self.band
        if (low and self.price <= low) or (high and self.price >= high):
            self.band = (0, 0)
            self.to_bot.append(Price(self.price))

    def listened(self) -> None:
        """Put what the venue says on the wire."""
        for _, message in self.venue.outbox:
            assert isinstance(message, Report | AccountReport)
            self.to_bot.append(message)
        self.venue.outbox.clear()

    @rule(ticks=st.sampled_from((-43, -25, -15, -10, -7, -4, 4, 7, 10, 15, 25, 43)))
    def the_price_jumps(self, ticks: int) -> None:
        self.now += 1
        self.price = min(max(self.price + ticks, 700), 1_400)
        self.venue.price(0, self.price, self.price, self.now)
        self.listened()
        self.publish()

    @rule(
        ticks=st.sampled_from((-25, -10, -10, -6, 6, 10, 10, 25)),
        steps=st.integers(2, 9),
        lag=st.integers(0, 9),
    )
    def the_market_trends(self, ticks: int, steps: int, lag: int) -> None:
        """Go on in one direction; *lag* of ten messages are not yet delivered at each step."""
        for _ in range(steps):
            self.the_price_jumps(ticks)
            for _ in range(10 - lag):
                if self.to_venue:
                    self.a_command_arrives()
                if self.to_bot:
                    self.a_report_arrives()

    @precondition(lambda self: self.to_venue)
    @rule()
    def a_command_arrives(self) -> None:
        command = self.to_venue.pop(0)
        match command:
            case Place():
                self.venue.submit(command, 0, self.now)
            case Cancel():
                self.venue.cancel(command, self.now)
            case Query():
                self.venue.query(command, self.now)
            case QueryAccount():
                self.venue.query_account(0, self.now)
        self.listened()

    @precondition(lambda self: self.to_bot)
    @rule()
    def a_report_arrives(self) -> None:
        self.told(self.to_bot.pop(0))

    @precondition(lambda self: self.sleeping)
    @rule()
    def a_key_wakes(self) -> None:
        self.told(Woken(self.sleeping.pop(0)))

    @rule()
    def the_venue_goes_on(self) -> None:
        self.now += 1
        self.venue.wake(self.now)
        self.listened()

    @rule(rate_ppm=st.integers(-300, 300))
    def funding_is_paid(self, rate_ppm: int) -> None:
        self.venue.fund(0, rate_ppm, self.now)
        self.listened()

    @rule()
    def the_bot_restarts(self) -> None:
        """What is on the way to us is lost; the answers to our queries make up for it."""
        self.to_bot.clear()
        self.sleeping.clear()
        self.band = (0, 0)
        self.told(Restarted())

    @rule()
    def all_settles(self) -> None:
        """While the price stands still everything is delivered, and then the books agree."""
        for _ in range(1_000):
            if self.to_venue:
                self.a_command_arrives()
            elif self.to_bot:
                self.a_report_arrives()
            elif self.venue.wake_ns() is not None:
                self.the_venue_goes_on()  # a refill is sooner than a second try
            elif self.sleeping:
                self.a_key_wakes()
            else:
                break
        else:
            raise AssertionError("it never settles")
        self.books_agree()
        self.orders_fit_the_phase()

    def books_agree(self) -> None:
        """Money and lots are the venue's, to the last unit; the wallet pays in full."""
        pair, theirs, wallet = self.bot.pair, self.venue.position(0), self.bot.wallet
        assert (pair.state, pair.long.qty) == (theirs.state, theirs.long.qty)
        assert pair.short.qty == theirs.short.qty
        assert total_pnl(pair, 1_000) == total_pnl(theirs, 1_000)
        assert net_qty(theirs) == wallet.long_qty - ladder.short_qty(wallet)
        tied = (theirs.long.cost - theirs.short.cost) * MONEY.value
        assert wallet.cash == self.venue.account.cash - tied
        self.venue.reconcile()

    def orders_fit_the_phase(self) -> None:
        """HW-3, HW-4, HW-5: what works at the venue is what the phase says."""
        wallet = self.bot.wallet
        assert not wallet.halted
        theirs = self.venue.open_orders(0)
        ours = [working.wanted for working in live(self.bot.book)]
        assert sorted(order.client_order_id for order in theirs) == [
            working.client_order_id for working in live(self.bot.book)
        ]
        assert len(ours) == {Phase.ADVANCE: 5, Phase.RESET: 0}.get(wallet.phase, 4)
        assert {*ours} == {*ladder.wanted(wallet)}
        assert len({(order.kind, order.trigger_ticks) for order in ours}) == len(ours)
        covers = sum(order.kind == OrderKind.STOP_LOSS_COVER for order in ours)
        assert (covers == 4) == (wallet.phase is Phase.DECLINE)
        pair = self.venue.position(0)
        assert not (pair.long.qty and pair.short.qty)
        assert (pair.long.qty > 0) == (wallet.phase is Phase.ADVANCE)

    @invariant()
    def one_order_a_key(self) -> None:
        """HW-2: whatever lags, no key works twice at the venue, and the lots are bounded."""
        if not hasattr(self, "venue"):
            return
        keys = [order.order.key for order in self.venue.open_orders(0)]
        assert len({*keys}) == len(keys)
        wallet, pair = self.bot.wallet, self.venue.position(0)
        assert 0 <= ladder.shorts(wallet) <= 4
        assert (
            pair.long.qty <= max(wallet.cycle_qty, wallet.bought_qty) or wallet.phase is Phase.RESET
        )

    def teardown(self) -> None:
        if hasattr(self, "venue"):
            self.all_settles()


TestOrderAtVenue = OrderAtVenue.TestCase
TestOrderAtVenue.settings = STEPS
TestLotsOnePair = LotsOnePair.TestCase
TestLotsOnePair.settings = STEPS
TestBotAtVenue = BotAtVenue.TestCase
TestBotAtVenue.settings = STEPS
