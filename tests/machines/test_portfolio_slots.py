"""The slots of a portfolio: a symbol that is given up keeps its slot until its order is gone."""

import pytest
from attrs import evolve

from machines.messages import Cancel, Command, Place, Report, Restarted
from machines.order import Canceled, Filled, Found, Reconciled
from machines.portfolio import Config, Event, Portfolio, new, step
from machines.portfolio_slots import admits, freed, newly
from machines.slots import Seat, Slots
from spec.slots import State
from tests.machines.test_planner import CASH, LONGS
from tests.machines.test_portfolio import FLAT, acked, bars, filled, told

LONG, SHORT = 0, 1
DEAR = evolve(FLAT, high=1_101, low=1_099, close=1_100)  # far above the band: less ready to enter


def one_slot() -> Portfolio:
    """Return a bot whose longs have a single slot, warm and without orders."""
    terms = LONGS.long.terms._replace(
        positions=1.0,
        readiness_weight=1.0,
        volume_weight=0.0,
        range_weight=0.0,
        volume_drop_pct=0.0,
    )
    strategy = evolve(LONGS, long=evolve(LONGS.long, terms=terms))
    return told(new(Config(strategy=strategy, levels=1), CASH), Restarted(), bars(0), bars(1))[0]


def entered(bot: Portfolio, *events: Event) -> tuple[Portfolio, Place]:
    """Return *bot* after *events*, and the only order of the last one."""
    bot, commands = told(bot, *events)
    (place,) = (each for each in commands if isinstance(each, Place))
    return bot, place


@pytest.fixture
def given_up() -> tuple[Portfolio, Place, list[Command]]:
    """A bot whose one entry is no longer wanted, that entry, and what was asked for."""
    bot, first = entered(one_slot(), bars(2))
    bars_now = [FLAT] * 3
    bars_now[first.symbol] = DEAR
    bot, commands = told(bot, acked(first), bars(3, *bars_now))
    return bot, first, commands


def test_another_symbol_waits_until_the_order_is_gone(
    given_up: tuple[Portfolio, Place, list[Command]],
) -> None:
    """FOR-1: the cancel alone frees nothing; its report does, and then the other one enters."""
    bot, first, commands = given_up
    assert commands == [Cancel(first.client_order_id, first.symbol)]
    assert bot.slots[LONG].seats[first.symbol].state is State.LEAVING
    gone = Report(client_order_id=first.client_order_id, event=Canceled(0), symbol=first.symbol)
    bot, second = entered(bot, gone)
    assert second.symbol != first.symbol
    states = [seat.state for seat in bot.slots[LONG].seats]
    assert states.count(State.OUT) == 2
    assert states[second.symbol] is State.READY


def test_a_cancel_that_loses_to_a_fill_keeps_the_slot(
    given_up: tuple[Portfolio, Place, list[Command]],
) -> None:
    """FOR-3: the position has it now, and nobody else enters."""
    bot, first, _ = given_up
    bot, commands = told(bot, filled(first))
    assert not [each for each in commands if isinstance(each, Place)]
    assert bot.slots[LONG].seats[first.symbol].state is State.HELD


def test_after_a_restart_an_order_of_unknown_fate_has_its_slot(
    given_up: tuple[Portfolio, Place, list[Command]],
) -> None:
    """FOR-7: the slots follow from positions and orders; the bars that come next enter nowhere."""
    bot, first, _ = given_up
    bot, _ = told(bot, Restarted())
    seat = bot.slots[LONG].seats[first.symbol]
    assert (seat.state, seat.orders) == (State.READY, 1)
    bars_now = [FLAT] * 3
    bars_now[first.symbol] = DEAR
    bot, commands = told(bot, bars(4, *bars_now))
    assert not [each for each in commands if isinstance(each, Place)]
    absent = Reconciled(2, Found.ABSENT, 0, 0)
    news = Report(client_order_id=first.client_order_id, event=absent, symbol=first.symbol)
    assert step(bot, news)[0].slots[LONG].seats[first.symbol].state in {State.OUT, State.LEAVING}


def test_only_what_opens_for_the_base_needs_a_slot() -> None:
    """Closes and mirrors leave without one; longs and shorts do not share theirs."""
    _, place = entered(one_slot(), bars(2))
    full = Slots(count=1, seats=(Seat(),) * 3, known=True)
    assert not admits((full, full), 0, place.order)
    assert admits((full, full), 0, evolve(place.order, reduce_only=True))
    ready = evolve(full, seats=(Seat(state=State.READY), Seat(), Seat()))
    assert admits((ready, full), 0, place.order)
    assert not admits((full, ready), 0, place.order)


def test_who_is_new_in_a_slot_and_whether_one_is_free() -> None:
    """Of both sides together."""
    empty = Slots(count=1, seats=(Seat(), Seat()), known=True)
    taken = evolve(empty, seats=(Seat(), Seat(state=State.READY)))
    assert newly((empty, empty), (empty, taken)) == (1,)
    assert newly((empty, taken), (empty, taken)) == ()
    assert freed((taken, empty), (empty, taken))
    assert not freed((empty, empty), (taken, empty))


def test_a_fill_is_held_and_gives_the_slot_back_once_closed() -> None:
    """The position takes the slot of its order; sold out, the next ranking decides."""
    bot, first = entered(one_slot(), bars(2))
    bot, _ = told(bot, filled(first))
    assert bot.slots[LONG].seats[first.symbol] == Seat(
        state=State.HELD, lots=first.order.qty, orders=0
    )
    assert all(seat == Seat() for seat in bot.slots[SHORT].seats)
    bot, commands = told(bot, bars(3))
    closes = [each for each in commands if isinstance(each, Place) and each.order.reduce_only]
    bot, _ = told(bot, *map(filled, closes))
    assert bot.slots[LONG].seats[first.symbol].state is not State.HELD
    assert isinstance(filled(first).event, Filled)
