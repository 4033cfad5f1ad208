"""The bot by example: events in, commands out, every machine told what concerns it."""

from attrs import evolve

from machines import bot as bots
from machines.bot import Bot, Event
from machines.hedge_wallet import Price, Resumed
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
from machines.order import Acked, Canceled, Filled, Found, Reconciled, Rejected
from machines.position import Pair, net_qty, well_formed
from spec.hedge_wallet import OrderKind, State
from spec.terms import Instrument, PositionMode, Reason

BUY, EXIT, ENTRY, COVER = OrderKind
CONFIG = Config(instrument=Instrument(symbol="S", taker_ppm=0), unit_ticks=10)


def told(bot: Bot, *events: Event) -> tuple[Bot, list[Command]]:
    """Return *bot* after *events*, and every command on the way."""
    commands: list[Command] = []
    for event in events:
        bot, sent = bots.step(bot, event)
        commands.extend(sent)
    return bot, commands


def filled(order: int, qty: int, price: int) -> Report:
    """Return the report that *order* is complete."""
    return Report(client_order_id=order, event=Filled(qty), notional=qty * price)


def long(mode: PositionMode = PositionMode.ONE_WAY) -> Bot:
    """Return a bot that has bought 40 lots at 1,000 ticks; its orders 2 to 6 are placed."""
    bot = bots.new(evolve(CONFIG, mode=mode), 40_200)
    bot, _ = told(bot, Restarted(), Price(1_000), filled(1, 40, 1_000))
    bot, _ = told(bot, *(Report(client_order_id=order, event=Acked()) for order in range(2, 7)))
    return bot


def test_it_asks_for_a_price_then_buys_then_guards() -> None:
    """From the first moment to ADVANCE in three events."""
    bot, commands = told(bots.new(CONFIG, 40_200), Restarted())
    assert commands == [QueryAccount(), Watch(1, 1)]
    bot, (buy, _) = told(bot, Price(1_000))
    assert isinstance(buy, Place)
    assert (buy.client_order_id, buy.order.kind, buy.order.qty) == (1, BUY, 40)
    bot, commands = told(bot, filled(1, 40, 1_000))
    kinds = [command.order.kind for command in commands if isinstance(command, Place)]
    assert kinds == [EXIT, ENTRY, ENTRY, ENTRY, ENTRY]
    assert commands[-1] == Watch(0, 1_010)
    assert (bot.wallet.phase, net_qty(bot.pair)) == (State.ADVANCE, 40)


def test_a_unit_up_moves_the_exit_and_the_lowest_entry() -> None:
    """What is still right stays; no new order before its key is free; the next level is watched."""
    _, commands = told(long(), Price(1_010))
    assert commands == [Cancel(2), Cancel(6), Watch(0, 1_020)]


def test_a_refusal_because_the_trigger_was_crossed_sells_at_market() -> None:
    """The wallet is told why, and wants the same at once."""
    refused = Report(client_order_id=2, event=Rejected(), reason=Reason.TRIGGER_CROSSED)
    _, commands = told(long(), refused)
    (place,) = (command for command in commands if isinstance(command, Place))
    assert (place.order.kind, place.order.trigger_ticks) == (EXIT, 0)


def test_any_other_refusal_is_tried_again_later() -> None:
    """The key sleeps until it is woken."""
    bot, commands = told(long(), Report(client_order_id=2, event=Rejected()))
    (wake,) = commands
    assert isinstance(wake, Wake)
    _, (place,) = told(bot, Woken(wake.key))
    assert isinstance(place, Place)
    assert place.order.kind is EXIT


def test_a_restart_asks_for_its_orders_then_its_account_and_its_price() -> None:
    """What was on the way is lost, what the journal knows is not."""
    _, commands = told(long(), Restarted())
    queries = [Query(order, 1, shown=True) for order in range(2, 7)]
    assert commands == [*queries, QueryAccount(), Watch(0, 1_010)]


def test_funding_moves_the_cash() -> None:
    """Funding is money, not news for an order."""
    bot = long()
    after, commands = told(bot, AccountReport(sequence=1, credited=-7))
    assert (after.wallet.cash, commands) == (bot.wallet.cash - 7, [])


def test_an_account_report_contains_those_that_were_lost() -> None:
    """Money counts once, whichever reports arrive and how often."""
    first, second, third = (AccountReport(sequence=n, credited=-7 * n) for n in (1, 2, 3))
    bot = long()
    for reports in ((first, second, third), (third,), (first, third, third), (third, first)):
        after, _ = told(bot, *reports)
        assert after.wallet.cash == bot.wallet.cash - 21


def test_a_liquidation_is_told_to_a_person() -> None:
    """The wallet halts with the cash that is left, the position is gone; once is enough."""
    gone = AccountReport(sequence=3, credited=38_000, liquidations=1, long_closed=40)
    bot, commands = told(long(), gone, gone)
    assert commands[0] == Alert("liquidated", 38_200)
    assert [command for command in commands if isinstance(command, Alert)] == commands[:1]
    assert bot.wallet.halted
    assert bot.wallet.cash == 38_200
    assert net_qty(bot.pair) == 0


def test_a_person_resumes_only_what_the_wallet_counts_right() -> None:
    """A liquidation crosses a fill: what is left must be closed first, then all begins anew."""
    bot = long()
    bot = evolve(bot, wallet=evolve(bot.wallet, halted=True, long_qty=30))
    after, commands = told(bot, Resumed())
    assert after.wallet.halted
    assert commands[0] == Alert("cannot resume: close what is open", 40)
    flat = evolve(bot, pair=Pair(mode=bot.pair.mode))
    after, _ = told(flat, Resumed())
    assert not after.wallet.halted
    assert (after.wallet.phase, after.wallet.long_qty) == (State.RESET, 0)


def both_legs() -> Bot:
    """Return a bot in hedge mode that has sold 10 lots short at 990 before its exit has filled."""
    bot, _ = told(long(PositionMode.HEDGE), filled(3, 10, 990))
    assert (bot.pair.long.qty, bot.pair.short.qty) == (40, 10)
    assert bot.wallet.phase is State.ADVANCE
    return bot


def test_a_liquidated_long_leg_leaves_the_covers() -> None:
    """The wallet halts in the phase that its exit leads to, and closes the short leg in time."""
    before = both_legs()
    bot, commands = told(
        before, AccountReport(sequence=1, credited=36_000, liquidations=1, long_closed=40)
    )
    wallet = bot.wallet
    assert commands[0] == Alert("partly liquidated", before.wallet.cash + 36_000)
    assert (wallet.phase, wallet.halted, wallet.long_qty) == (State.RETRACEMENT, True, 0)
    assert (bot.pair.long.qty, bot.pair.short.qty) == (0, 10)
    assert well_formed(bot.pair)
    (cover,) = (command.order for command in commands if isinstance(command, Place))
    assert (cover.kind, cover.qty) == (COVER, 10)
    working = next(w for w in bot.book.working if w is not None and w.wanted == cover)
    bot, _ = told(bot, filled(working.client_order_id, 10, 1_000))
    assert (bot.wallet.phase, bot.wallet.halted) == (State.RESET, True)
    assert net_qty(bot.pair) == 0
    assert bot.wallet.cash == before.wallet.cash + 36_000 - 10_000


def test_a_working_order_outlives_the_liquidation_of_the_other_leg() -> None:
    """Lots that an entry has sold so far are held, although the wallet is told at its end."""
    news = AccountReport(sequence=1, credited=36_000, liquidations=1, long_closed=40)
    part = Report(client_order_id=3, event=Filled(4), notional=3_960)
    bot, commands = told(long(PositionMode.HEDGE), part, news)
    assert commands[0] == Alert("partly liquidated", 36_200)
    assert (bot.pair.long.qty, bot.pair.short.qty) == (0, 4)
    bot, _ = told(bot, Report(client_order_id=3, event=Canceled(4), notional=3_960))
    assert (bot.wallet.halted, [slot.short for slot in bot.wallet.slots if slot.short]) == (
        True,
        [4],
    )
    assert bot.wallet.cash == 36_200 + 3_960


def test_what_was_sold_after_a_liquidation_stays() -> None:
    """The answers after a restart tell of the later entry first: the totals add up all the same."""
    sold = Reconciled(1, Found.FILLED, 10, 10, triggered=True)
    news = AccountReport(sequence=1, credited=36_000, liquidations=1, long_closed=40)
    for mode in PositionMode:
        before = long(mode)
        bot, _ = told(before, Restarted())
        bot, _ = told(bot, Report(client_order_id=3, event=sold, notional=9_900), news)
        assert (net_qty(bot.pair), well_formed(bot.pair)) == (-10, True)
        assert (bot.wallet.long_qty, bot.wallet.halted) == (0, True)
        assert [slot.short for slot in bot.wallet.slots if slot.short] == [10]
        assert bot.wallet.cash == before.wallet.cash + 9_900 + 36_000


def test_a_liquidated_short_leg_leaves_the_exit() -> None:
    """The wallet halts and sells what it holds."""
    before = both_legs()
    bot, commands = told(
        before, AccountReport(sequence=1, credited=-9_950, liquidations=1, short_closed=10)
    )
    wallet = bot.wallet
    assert commands[0] == Alert("partly liquidated", before.wallet.cash - 9_950)
    assert (wallet.phase, wallet.halted, wallet.long_qty) == (State.ADVANCE, True, 40)
    assert (bot.pair.long.qty, bot.pair.short.qty) == (40, 0)
    assert not any(slot.short for slot in wallet.slots)
    assert not [command for command in commands if isinstance(command, Place)]


def test_after_a_restart_the_position_is_that_of_the_fills_in_any_order() -> None:
    """Entry and exit share a level; the answers about them may come the other way around."""
    bot, _ = told(long(), Restarted())
    entry = Reconciled(1, Found.FILLED, 10, 10, triggered=True)
    exit_ = Reconciled(1, Found.FILLED, 40, 40, triggered=True)
    bot, _ = told(
        bot,
        Report(client_order_id=3, event=entry, notional=9_900),
        Report(client_order_id=2, event=exit_, notional=39_600),
    )
    assert net_qty(bot.pair) == -10
