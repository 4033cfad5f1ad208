"""The bot by example: events in, commands out, every machine told what concerns it."""

import pytest

from machines import bot as bots
from machines.bot import Bot, Event
from machines.hedge_wallet import Funded, Liquidated, Price
from machines.ladder import Config
from machines.messages import Alert, Cancel, Command, Place, Query, Report, Restarted, Wake, Watch
from machines.messages import Woken as WokenEvent
from machines.order import Acked, Filled, Found, Reconciled, Rejected
from machines.position import net_qty
from spec.hedge_wallet import OrderKind, State
from spec.terms import Instrument, Reason

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


def long() -> Bot:
    """Return a bot that has bought 40 lots at 1,000 ticks; its orders 2 to 6 are placed."""
    bot, _ = told(bots.new(CONFIG, 40_200), Restarted(), Price(1_000), filled(1, 40, 1_000))
    bot, _ = told(bot, *(Report(client_order_id=order, event=Acked()) for order in range(2, 7)))
    return bot


def test_it_asks_for_a_price_then_buys_then_guards() -> None:
    """From the first moment to ADVANCE in three events."""
    bot, commands = told(bots.new(CONFIG, 40_200), Restarted())
    assert commands == [Watch(1, 1)]
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
    _, (place,) = told(long(), refused)
    assert isinstance(place, Place)
    assert (place.order.kind, place.order.trigger_ticks) == (EXIT, 0)


def test_any_other_refusal_is_tried_again_later() -> None:
    """The key sleeps until it is woken."""
    bot, commands = told(long(), Report(client_order_id=2, event=Rejected()))
    (wake,) = commands
    assert isinstance(wake, Wake)
    _, (place,) = told(bot, WokenEvent(wake.key))
    assert isinstance(place, Place)
    assert place.order.kind is EXIT


def test_a_restart_asks_for_its_orders_and_its_price_again() -> None:
    """What was on the way is lost, what the journal knows is not."""
    _, commands = told(long(), Restarted())
    assert commands == [*(Query(order, 1) for order in range(2, 7)), Watch(0, 1_010)]


def test_funding_moves_the_cash() -> None:
    """Funding is money, not news for an order."""
    bot = long()
    after, commands = told(bot, Funded(-7))
    assert (after.wallet.cash, commands) == (bot.wallet.cash - 7, [])


def test_a_liquidation_is_told_to_a_person() -> None:
    """The wallet halts, the position is gone."""
    bot, commands = told(long(), Liquidated(50))
    assert commands[0] == Alert("liquidated", 50)
    assert bot.wallet.halted
    assert net_qty(bot.pair) == 0


@pytest.mark.xfail(strict=True, reason="a fill of a reduce-only order is refused by the position")
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
