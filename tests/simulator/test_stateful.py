"""What no closed world says: a machine against another model of it, the bot on the real venue.

Walks through closed worlds are in `test_fuzz.py`.
"""

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
from machines.order_manager import live
from machines.position import Fill, Pair, net_qty, total_pnl
from machines.position import step as position_step
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.hedge_wallet import Fragment, OrderKind
from spec.hedge_wallet import State as Phase
from spec.position import Action as PositionAction
from spec.terms import Instrument, PositionMode, PositionSide, Side

# A failing run is replayed, not shrunk: here that takes minutes, in the explorer none.
STEPS = settings(stateful_step_count=40, phases=(Stage.explicit, Stage.reuse, Stage.generate))


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


TestLotsOnePair = LotsOnePair.TestCase
TestLotsOnePair.settings = STEPS
TestBotAtVenue = BotAtVenue.TestCase
TestBotAtVenue.settings = STEPS
