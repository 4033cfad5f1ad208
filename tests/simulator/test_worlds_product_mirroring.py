"""Mirroring over order machines: what the strategy is told, what a restart asks, large worlds."""

import pytest

from machines.mirroring import Done, Fill, Limits, Target
from machines.order import Canceled, CancelRejected, Filled, Order, Rejected
from simulator import compiled
from simulator.explorer import Move
from simulator.worlds.mirroring_scene import Strategy, opening
from simulator.worlds.order_ours import Budget
from simulator.worlds.order_venue import Held, Life, Report, Request
from simulator.worlds.product_mirroring import deep_worlds
from simulator.worlds.product_mirroring_desk import Desk, DeskActor, told_of
from simulator.worlds.product_mirroring_rules import delivers, delivers_and_fills
from simulator.worlds.product_mirroring_venues import Exchange, ExchangeActor
from simulator.worlds.product_places import Place, Sent, Told, unused
from spec.order import State

STATES_MAX = 4_000_000
DEEP_COUNTS = {
    "mirrored-orders-lossy-recoups": (849_156, 3_605_844, 64),
    "mirrored-orders-lossy-crash": (616_764, 2_685_176, 59),
    "mirrored-orders-prices-lossy-ends": (883_552, 3_703_468, 52),
    "mirrored-orders-prices-crash": (577_596, 2_153_630, 50),
    "mirrored-orders-whims-crash": (692_124, 2_736_540, 61),
    "mirrored-orders-lots-crash": (856_852, 3_523_342, 57),
    "mirrored-orders-slots": (1_187_452, 4_531_942, 71),
    "mirrored-orders-mixed-whims": (661_284, 3_468_876, 36),
}
WORLDS = {world.name: world for world in deep_worlds()}
LIMITS = Limits(exposure_max=2, slip_ticks_max=1)
EMPTY = Desk(Strategy(opening(LIMITS, 1), 0, (False,)), unused(2), Budget())


def _placed() -> Desk:
    """Return a desk that has sent an order of two lots."""
    (do,) = DeskActor().hears(EMPTY, "book", Target(1, 2, 1))
    assert do.sends == (("orders", Sent(1, 1, Request("new", 0, qty=2))),)
    assert isinstance(do.state, Desk)
    return do.state


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """Losses at both venues, a crash, and a second slot make no difference to what holds."""
    found = compiled.explore(WORLDS[name], states_max=STATES_MAX)
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


def test_the_strategy_is_told_what_a_total_has_grown_by() -> None:
    """A total that skips a report still brings every lot, once."""
    before, part = Order(qty=3, state=State.NEW), Order(qty=3, cum_qty=2, state=State.UNKNOWN)
    assert list(told_of(before, part)) == [Fill(2)]
    full = Order(qty=3, cum_qty=3, state=State.FILLED)
    assert list(told_of(part, full)) == [Fill(1), Done(3)]
    assert not list(told_of(full, full))


def test_the_strategy_is_told_how_an_order_ends() -> None:
    """An order that never arrived and is not wanted any more was not refused by anybody."""
    asked = Order(qty=1, state=State.PENDING_CANCEL, unwanted=True)
    ends = {State.REJECTED: Canceled(0), State.CANCELED: Canceled(0), State.EXPIRED: Canceled(0)}
    for state, news in ends.items():
        assert list(told_of(asked, Order(qty=1, state=state, unwanted=True))) == [news]
    sent = Order(qty=1)
    assert list(told_of(sent, Order(qty=1, state=State.REJECTED))) == [Rejected()]
    assert list(told_of(asked, Order(qty=1, state=State.NEW))) == [CancelRejected()]
    assert not list(told_of(asked, Order(qty=1, state=State.UNKNOWN, unwanted=True)))


def test_a_restart_asks_for_every_open_order() -> None:
    """The strategy goes on counting what the orders may still come to."""
    restart, *_ = DeskActor().acts(_placed()._replace(down=True))
    assert restart.sends == (("orders", Sent(1, 0, Request("query", 0, query=1))),)
    assert isinstance(restart.state, Desk)
    assert restart.state.strategy == _placed().strategy


def test_a_book_waits_for_a_restart_and_reports_do_not() -> None:
    """A book can be asked for again; what a report told has to be asked of the venue."""
    side, down = DeskActor(), _placed()._replace(down=True)
    assert not list(side.hears(down, "book", Target(1, 1, 1)))
    (lost,) = side.hears(down, "reports", Told(1, Report(0, Filled(2))))
    assert (lost.state, lost.sends) == (down, ())


def test_news_of_the_order_before_is_dropped() -> None:
    """A place has one order at a time, and late answers are not about the next one."""
    desk = _placed()
    (do,) = DeskActor().hears(desk, "reports", Told(0, Report(0, Filled(2))))
    assert (do.state, do.sends) == (desk, ())


def test_a_fill_is_recouped_at_once() -> None:
    """The order's total becomes a fill, and that an order at the source."""
    (do,) = DeskActor().hears(_placed(), "reports", Told(1, Report(0, Filled(1))))
    assert do.sends == (("recoups", Sent(1, 1, Request("new", 1, qty=1))),)


def test_a_request_of_another_turn_is_about_a_newer_order() -> None:
    """The venue finds the order of the turn that it was asked about, or nothing."""
    closed = Exchange((Place(0, 1, Held(Life.FILLED, 1, 1)),))
    (asked,) = ExchangeActor("reports").hears(closed, "orders", Sent(1, 0, Request("query", 0, 1)))
    assert asked.state == Exchange((Place(1),))


def test_what_happens_in_the_end_is_what_works() -> None:
    """Losses and crashes need not happen; recoups fill only where that is claimed."""
    fill = Move("source", "fills a lot of the recoup", "recoup_reports")
    assert delivers_and_fills(fill)
    assert not delivers(fill)
    assert not delivers(Move("orders", "new of 1 lots (order 0), turn 1: is lost", "destination"))
    assert delivers(Move("we", "restart", "orders"))
