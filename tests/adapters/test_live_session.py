"""What the session makes of news that come in parts, twice, late or out of turn."""

import pytest

from adapters.bots import AnyBot, Event, step
from adapters.live.session import Session
from adapters.venue.port import (
    Acked,
    Duplicate,
    FillNews,
    OrderState,
    Outcome,
    Quote,
    Rejected,
    Unknown,
)
from machines import bot as bots
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.messages import Cancel, Command, Place, Query, Report
from machines.order import Canceled, CancelRequested, Filled, Found, Reconciled
from spec.order import State
from spec.terms import PositionSide, Reason, Side
from tests.adapters.live_world import DEPOSIT, PRICE, config


class Told:
    """A session that runs, and what its bot was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.left: list[Command] = []
        bot = bots.new(config(), DEPOSIT)
        self.session = Session(bot, self._journaled, lambda _: True, self.left.append)
        self.session.fills(())
        self.session.quote(Quote(0, PRICE, PRICE, PRICE, PRICE))
        self.session.restarted()
        self.session.trade(priced=True)

    @property
    def bot(self) -> Bot:
        bot = self.session.bot
        assert isinstance(bot, Bot)
        return bot

    def _journaled(self, bot: AnyBot, event: Event) -> tuple[AnyBot, tuple[Command, ...]]:
        self.events.append(event)
        return step(bot, event)

    @property
    def reports(self) -> list[object]:
        """The order events that the bot was told."""
        return [event.event for event in self.events if isinstance(event, Report)]


def fill(order: int, number: int, qty: int) -> FillNews:
    return FillNews(
        symbol=0,
        fill_id=str(number),
        client_order_id=order,
        venue_id="",
        side=Side.BUY,
        position_side=PositionSide.NONE,
        qty=qty,
        price_ticks=PRICE,
        fee=1,
        time_ms=number,
    )


def state(order: int, found: Found, cum_qty: int) -> OrderState:
    return OrderState(
        symbol=0, client_order_id=order, venue_id="", found=found, qty=994, cum_qty=cum_qty
    )


def test_the_first_order_is_placed_once_there_is_a_price() -> None:
    """A wallet without a price asks for one; the price that is known answers it."""
    told = Told()
    assert Price(PRICE) in told.events
    assert [command for command in told.left if isinstance(command, Place)]


def test_fills_count_once_and_are_totals() -> None:
    """The same fill again is no news; another one adds to it."""
    told = Told()
    for each in (fill(1, 1, 300), fill(1, 1, 300), fill(1, 2, 200), fill(1, 1, 300)):
        told.session.fill(each)
    assert told.reports == [Filled(300), Filled(500)]
    assert told.session.orders()[1][1].notional == 500 * PRICE
    assert told.session.orders()[1][1].fee == 2


def test_an_end_waits_for_the_fills_before_it() -> None:
    """A cancel that overtakes fills is told with them, not before."""
    told = Told()
    told.session.order(state(1, Found.CANCELED, 500))
    assert told.session.waits
    told.session.fill(fill(1, 1, 300))
    assert told.reports == [Filled(300)]
    told.session.fill(fill(1, 2, 200))
    assert told.reports == [Filled(300), Filled(500), Canceled(500)]
    assert not told.session.waits


def test_an_end_that_waits_is_not_replaced_by_an_older_state() -> None:
    """An answer that still shows the order open came too late."""
    told = Told()
    told.session.order(state(1, Found.CANCELED, 500))
    told.session.order(state(1, Found.OPEN, 300))
    told.session.fill(fill(1, 1, 500))
    assert told.reports[-1] == Canceled(500)


def test_an_answer_waits_for_the_fills_that_it_counts() -> None:
    """The totals of a reconciled order are those of its fills."""
    told = Told()
    told.session.lost(0, 1)
    (query,) = (command for command in told.left if isinstance(command, Query))
    told.session.answered(query, state(1, Found.OPEN, 300))
    assert told.session.orders()[1][1].order.state is State.UNKNOWN
    told.session.fill(fill(1, 1, 300))
    assert told.reports[-1] == Reconciled(1, Found.OPEN, 994, 300)
    assert told.session.orders()[1][1].order.state is State.PARTIALLY_FILLED


def test_while_fills_may_be_missing_those_of_the_stream_wait() -> None:
    """The bot hears of fills in the venue's order: first what a gap hid, then what came after."""
    told = Told()
    told.session.torn()
    told.session.fill(fill(1, 2, 200))
    assert told.reports == []
    told.session.fills((fill(1, 1, 300),))
    assert told.reports == [Filled(300), Filled(500)]


def test_prices_reach_the_bot_only_while_it_trades() -> None:
    """A ladder does not move on prices that nobody may act on."""
    told = Told()
    told.session.trade(priced=False)
    told.session.fill(fill(1, 1, told.session.orders()[1][1].wanted.qty))
    before = told.bot.wallet
    told.session.quote(Quote(0, PRICE * 2, PRICE * 2, PRICE * 2, PRICE * 2))
    assert told.bot.wallet == before
    told.session.trade(priced=True)
    assert told.bot.wallet != before


def test_fills_of_others_are_none_of_ours() -> None:
    """A fill without a client order id of ours changes nothing."""
    told = Told()
    told.session.fill(fill(0, 1, 300))
    assert told.reports == []


@pytest.mark.parametrize("outcome", [Duplicate(), Unknown("time-out")])
def test_an_outcome_that_tells_nothing_is_asked_about(outcome: Outcome) -> None:
    """An id that is taken, or no answer at all: the order may be there, and stays exposed."""
    told = Told()
    (place,) = (command for command in told.left if isinstance(command, Place))
    told.session.ended(place, outcome)
    assert told.session.orders()[1][1].order.state is State.UNKNOWN
    assert Query(1, 1) in told.left


def test_that_the_venue_has_shown_an_order_is_noted_while_a_cancel_is_under_way() -> None:
    """An answer or the stream tells of it once; a question that follows says so."""
    for by_stream in (False, True):
        told = Told()
        told.session.tell(Report(client_order_id=1, event=CancelRequested()))
        before = len(told.reports)
        for _ in range(2):
            if by_stream:
                told.session.order(state(1, Found.OPEN, 0))
            else:
                told.session.ended(Cancel(1), Acked())
        assert len(told.reports) == before + 1
        assert told.session.orders()[1][1].order.state is State.PENDING_CANCEL
        told.session.lost(0, 1)
        assert Query(1, 1, shown=True) in told.left


@pytest.mark.parametrize(
    ("reason", "state"),
    [(Reason.UNKNOWN_ORDER, State.UNKNOWN), (Reason.BAD_PRICE, State.NEW)],
)
def test_a_refused_cancel_leaves_the_order_or_asks_for_it(reason: Reason, state: State) -> None:
    """A venue that has nothing to cancel may have closed it; one that will not cancel keeps it."""
    told = Told()
    told.session.ended(Place(1, told.session.orders()[1][1].wanted), Acked())
    told.session.tell(Report(client_order_id=1, event=CancelRequested()))
    told.session.ended(Cancel(1), Rejected(reason, "", ""))
    assert told.session.orders()[1][1].order.state is state


def test_what_the_gate_holds_back_never_left() -> None:
    """A held order is refused at once, and tried again when trading begins."""
    told = Told()
    told.session._gate = lambda _: False
    told.session.ended(
        Place(1, told.session.orders()[1][1].wanted), Rejected(Reason.MARGIN, "", "")
    )
    assert not told.session.orders()
    told.session.trade(priced=False)
    told.session._gate = lambda _: True
    told.session.trade(priced=True)
    assert list(told.session.orders()) == [told.bot.book.sequence]
