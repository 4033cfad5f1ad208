"""The portfolio bot: one event in, commands out; every symbol has its own book, all share money."""

from attrs import evolve

from machines import order_manager
from machines.hedge_wallet import Resumed
from machines.messages import (
    AccountReport,
    Alert,
    Bar,
    Bars,
    Cancel,
    Command,
    Place,
    Query,
    QueryAccount,
    Report,
    Restarted,
    Wake,
    Woken,
)
from machines.order import Acked, Canceled, Filled, Found, Reconciled, Rejected
from machines.planner_inputs import Strategy
from machines.portfolio import Config, Event, Portfolio, new, step
from machines.position import Leg
from machines.pricing.kinds import Kind
from spec.terms import PositionMode, PositionSide, Reason, Side
from tests.machines.test_planner import BOTH, CASH, COINS, LONGS

MINUTE_MS = 60_000
FLAT = Bar(1_001, 999, 1_000, 500)
FEE, VALUE = 1_000, COINS[0].value


def bars(minute: int, *found: Bar | None, past: bool = False) -> Bars:
    """Return bars of all three symbols."""
    return Bars(minute * MINUTE_MS, found or (FLAT,) * 3, past)


def told(bot: Portfolio, *events: Event) -> tuple[Portfolio, list[Command]]:
    """Return *bot* after *events*, and what the last one made it ask for."""
    commands: tuple[Command, ...] = ()
    for event in events:
        bot, commands = step(bot, event)
    return bot, list(commands)


def warm(strategy: Strategy = LONGS) -> tuple[Portfolio, list[Place]]:
    """Return a bot that has ordered for the first time, and its orders."""
    bot = new(Config(strategy=strategy), CASH)
    bot, commands = told(bot, Restarted(), bars(0), bars(1), bars(2))
    return bot, [each for each in commands if isinstance(each, Place)]


def filled(place: Place, qty: int | None = None) -> Report:
    """Return the report of a fill, of all of it by default."""
    total = place.order.qty if qty is None else qty
    notional = total * place.order.price_ticks
    return Report(
        client_order_id=place.client_order_id,
        event=Filled(total),
        notional=notional,
        fee=FEE,
        symbol=place.symbol,
    )


def acked(place: Place) -> Report:
    """Return the report that the venue has taken an order."""
    return Report(client_order_id=place.client_order_id, event=Acked(), symbol=place.symbol)


def test_nothing_is_ordered_before_the_averages_are_warm() -> None:
    """The first bar begins the averages, one more is to move them."""
    bot, commands = told(new(Config(strategy=LONGS), CASH), Restarted())
    assert commands == [QueryAccount(0), QueryAccount(1), QueryAccount(2)]
    for minute in (0, 1):
        bot, commands = told(bot, bars(minute))
        assert not commands
    assert warm()[1]


def test_every_symbol_is_ordered_for_under_ids_of_its_own() -> None:
    """Commands name their symbol; no two orders of the account share a client order id."""
    _, places = warm(BOTH)
    ids = [place.client_order_id for place in places]
    assert ids == list(range(1, len(ids) + 1))
    assert {place.symbol for place in places} == {0, 1, 2}
    legs = {(each.order.position_side, each.order.side) for each in places}
    assert legs == {(PositionSide.LONG, Side.BUY), (PositionSide.SHORT, Side.SELL)}
    assert not any(place.order.reduce_only for place in places)


def test_what_is_wanted_already_is_left_alone() -> None:
    """The same market once more: no order is touched; a moved one is canceled, then replaced."""
    bot, places = warm()
    acks = map(acked, places)
    bot, commands = told(bot, *acks, bars(3))
    assert not commands
    moved = Bar(910, 899, 900, 500)
    bot, commands = told(bot, bars(4, moved, FLAT, FLAT))
    assert {type(each) for each in commands} == {Cancel}
    assert Cancel(places[0].client_order_id, 0) in commands
    gone = places[0]
    canceled = Report(client_order_id=gone.client_order_id, event=Canceled(0), symbol=0)
    _, commands = told(bot, canceled)
    assert [type(each) for each in commands] == [Place]
    assert commands[0] != gone


def test_a_fill_is_booked_and_planned_for_with_the_next_bars() -> None:
    """Cash pays the fee, the leg remembers its price; closes leave once the bars have closed."""
    bot, places = warm()
    first = next(place for place in places if place.order.kind == Kind.ENTRY_INITIAL_NORMAL)
    bot, commands = told(bot, filled(first))
    assert not [each for each in commands if isinstance(each, Place)]
    desk, qty = bot.desks[first.symbol], first.order.qty
    assert desk.pair.long == Leg(qty=qty, cost=qty * first.order.price_ticks)
    assert (desk.long.qty, desk.long.price) == (qty, first.order.price_ticks / 10)
    assert bot.cash == CASH - FEE
    _, commands = told(bot, bars(3))
    closes = [each for each in commands if isinstance(each, Place) and each.order.reduce_only]
    assert sum(each.order.qty for each in closes) == qty
    assert {each.symbol for each in closes} == {first.symbol}


def test_profit_and_its_peak_are_the_accounts() -> None:
    """A close that wins raises both, before fees; one that loses takes back only the profit."""
    bot, places = warm()
    first = next(place for place in places if place.order.kind == Kind.ENTRY_INITIAL_NORMAL)
    bot, commands = told(bot, filled(first), bars(3))
    close = next(each for each in commands if isinstance(each, Place) and each.order.reduce_only)
    bot, _ = told(bot, filled(close))
    gain = close.order.qty * (close.order.price_ticks - first.order.price_ticks) * VALUE
    assert bot.profits.now == bot.profits.most == gain > 0
    assert bot.cash == CASH + gain - 2 * FEE


def test_a_refused_order_waits_to_be_woken() -> None:
    """It is not sent again before that, and then only if it is still wanted."""
    bot, places = warm()
    place = places[0]
    refused = Report(
        client_order_id=place.client_order_id, event=Rejected(), reason=Reason.MARGIN, symbol=0
    )
    bot, commands = told(bot, refused)
    (wake,) = commands
    assert wake == Wake(place.order.key, order_manager.RETRY_NS, 0)
    _, commands = told(bot, Woken(place.order.key, 0))
    assert [each.order for each in commands if isinstance(each, Place)] == [place.order]


def test_after_a_restart_nothing_is_ordered_on_old_prices() -> None:
    """Every open order is asked for; what is found is booked, and ordering waits for new bars."""
    bot, places = warm()
    bot, commands = told(bot, Restarted())
    queries = [each for each in commands if isinstance(each, Query)]
    assert [each.client_order_id for each in queries] == [p.client_order_id for p in places]
    assert commands[-3:] == [QueryAccount(0), QueryAccount(1), QueryAccount(2)]
    first, query = places[0], queries[0]
    qty = first.order.qty
    found = Report(
        client_order_id=first.client_order_id,
        event=Reconciled(query.query, Found.FILLED, qty, qty),
        notional=qty * first.order.price_ticks,
        fee=FEE,
    )
    bot, commands = told(bot, found)
    assert not commands
    gone = Reconciled(queries[1].query, Found.CANCELED, places[1].order.qty, 0)
    bot, commands = told(bot, Report(client_order_id=places[1].client_order_id, event=gone))
    assert not commands
    assert bot.desks[0].pair.long.qty == qty
    bot, commands = told(bot, bars(3, past=True))
    assert not commands
    _, commands = told(bot, bars(4))
    assert any(isinstance(each, Place) for each in commands)


def test_missed_bars_move_the_averages() -> None:
    """Told late or in time, what is known of the market is the same."""
    moved = Bar(1_050, 990, 1_040, 700)
    late, _ = told(warm()[0], bars(3, moved, FLAT, None, past=True))
    timely, _ = told(warm()[0], bars(3, moved, FLAT, None))
    assert late.averages == timely.averages
    assert late.averages.bars == (4, 4, 3)
    again, commands = told(timely, bars(3, FLAT, FLAT, FLAT))
    assert (again, commands) == (timely, [])


def test_the_account_is_credited_once() -> None:
    """Totals say all: a report that is told again, or of another symbol, brings nothing new."""
    bot, _ = warm()
    paid = AccountReport(symbol=1, sequence=1, credited=-70)
    bot, _ = told(bot, paid, paid, evolve(paid, symbol=2))
    assert bot.cash == CASH - 70
    bot, _ = told(bot, AccountReport(symbol=0, sequence=2, credited=-50), paid)
    assert bot.cash == CASH - 50


def test_a_liquidation_halts_until_a_person_has_looked() -> None:
    """The lots are gone, cash is what they were sold for less what they cost; all is canceled."""
    bot, places = warm()
    first = next(place for place in places if place.order.kind == Kind.ENTRY_INITIAL_NORMAL)
    bot, _ = told(bot, filled(first))
    qty, sold = first.order.qty, first.order.qty * 600 * VALUE - FEE
    news = AccountReport(sequence=1, credited=sold, liquidations=1, long_closed=qty)
    bot, commands = told(bot, evolve(news, symbol=first.symbol))
    assert Alert("liquidated", first.symbol) in commands
    assert bot.desks[first.symbol].pair.long.qty == bot.desks[first.symbol].long.qty == 0
    lost = qty * (first.order.price_ticks - 600) * VALUE
    assert bot.cash == CASH - lost - 2 * FEE
    bot, commands = told(bot, bars(3))
    assert not [each for each in commands if isinstance(each, Place)]
    _, commands = told(bot, Resumed(), bars(4))
    assert any(isinstance(each, Place) for each in commands)


def test_one_way_an_entry_waits_for_the_end_of_one_of_the_other_side() -> None:
    """Both could fill, and what was to open one leg would close the other."""
    one_way = evolve(BOTH, mode=PositionMode.ONE_WAY)
    bot, places = warm(one_way)
    assert {place.order.side for place in places} == {Side.BUY}
    acks = map(acked, places)
    risen = Bar(1_021, 1_019, 1_020, 500)
    bot, commands = told(bot, *acks, bars(3, risen, risen, risen))
    assert {type(each) for each in commands} == {Cancel}
    for place in places:
        gone = Report(client_order_id=place.client_order_id, event=Canceled(0), symbol=place.symbol)
        bot, commands = told(bot, gone)
    assert {each.order.side for each in commands if isinstance(each, Place)} == {Side.SELL}


def test_one_position_is_unstuck_at_a_time() -> None:
    """UNS-1.1: a second unstucking close waits until the first has ended, then leaves at once."""
    bot, places = warm()
    close = evolve(
        places[0].order, key=0, kind=Kind.CLOSE_UNSTUCK, side=Side.SELL, reduce_only=True
    )
    keys = [each.order.key for each in places]
    close = evolve(close, key=next(key for key in range(99) if key not in keys))
    desks = tuple(evolve(desk, wanted=(*desk.wanted, close)) for desk in bot.desks)
    bot = evolve(bot, desks=desks)
    bot, commands = told(bot, Woken(close.key, 0))
    (first,) = (each for each in commands if isinstance(each, Place))
    assert first.order == close
    bot, commands = told(bot, Woken(close.key, 1))
    assert not commands
    bot, commands = told(bot, filled(first))
    (second,) = (each for each in commands if isinstance(each, Place))
    assert (second.symbol, second.order) == (1, close)
