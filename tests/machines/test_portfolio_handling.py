"""What a venue is spared: orders that hardly differ stay, and sizes go by a steady balance."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from machines.messages import AccountReport, Bar, Cancel, Place, Restarted
from machines.planner import NONE, Ladders, Line
from machines.portfolio import Config, Portfolio, new
from machines.portfolio_desk import Desk, planned
from machines.portfolio_handling import Handling, handed, near, sized, stays
from machines.pricing.kinds import Kind
from spec.terms import PositionSide
from spec.units import MILLION
from tests.machines.strategies import TRIED
from tests.machines.test_planner import CASH, LONGS
from tests.machines.test_portfolio import acked, bars, filled, told

AMOUNT = st.integers(1, 5_000)
PPM = st.integers(0, 50_000)


def ordered(handling: Handling) -> tuple[Portfolio, list[Place]]:
    """Return a bot that has orders at the venue, and what they are."""
    bot = new(Config(strategy=LONGS, handling=handling), CASH)
    bot, commands = told(bot, Restarted(), bars(0), bars(1), bars(2))
    places = [each for each in commands if isinstance(each, Place)]
    for place in places:
        bot, _ = told(bot, acked(place))
    return bot, places


def canceled(bot: Portfolio, by: int) -> int:
    """Return how many orders the next bars make *bot* cancel, whose prices move *by* ticks."""
    close = 1_000 + by
    _, commands = told(bot, bars(3, *(Bar(close, close, close, 500),) * 3))
    return sum(isinstance(each, Cancel) for each in commands)


def test_orders_that_hardly_differ_stay() -> None:
    """By default a small move has orders placed anew; with a tolerance a large one has."""
    exact, places = ordered(Handling())
    tolerant, _ = ordered(Handling(tolerance_ppm=20_000))
    assert canceled(exact, -2) > len(places) / 2
    assert canceled(tolerant, -2) == 0
    assert canceled(tolerant, -100) == len(places)


def test_a_balance_that_hardly_changes_leaves_sizes_alone() -> None:
    """Funding of a thousandth changes no order; a tenth does."""
    for steady in (True, False):
        bot, places = ordered(Handling(snap_ppm=10_000 if steady else 0))
        (first, *_) = places
        bot, _ = told(bot, filled(first), bars(3))
        before = [order for desk in bot.desks for order in desk.wanted]
        for share, change in ((1_000, not steady), (10, True)):
            news = AccountReport(sequence=share, credited=CASH // share)
            after, _ = told(bot, news, bars(4))
            assert ([o for desk in after.desks for o in desk.wanted] != before) is change


def test_orders_are_post_only_but_in_panic() -> None:
    """A close in panic is to fill, whatever it pays."""
    _, places = ordered(Handling(post_only=True))
    assert places
    assert all(place.order.post_only for place in places)
    _, plain = ordered(Handling())
    assert not any(place.order.post_only for place in plain)
    panic = evolve(places[0].order, kind=Kind.CLOSE_PANIC, post_only=False)
    assert handed(panic, Handling(post_only=True)) == panic


@TRIED
@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, PPM)
def test_what_stays_is_near_and_no_larger(
    qty: int, price: int, planned_qty: int, planned_price: int, ppm: int
) -> None:
    """Exposure never exceeds the plan; a close has its quantity, and no tolerance is equality."""
    _, (place, *_) = ordered(Handling())
    line = Line(planned_qty, planned_price, place.order.kind)
    entry = evolve(place.order, qty=qty, price_ticks=price)
    may = stays(entry, line, Handling(tolerance_ppm=ppm))
    if may:
        assert 0 <= (planned_qty - qty) * MILLION <= ppm * planned_qty
        assert abs(planned_price - price) * MILLION <= ppm * planned_price
    same = (qty, price) == (planned_qty, planned_price)
    assert may or not same
    assert stays(entry, line, Handling()) is same
    close = evolve(entry, reduce_only=True)
    assert stays(close, line, Handling(tolerance_ppm=ppm)) is (may and qty == planned_qty)
    assert not stays(entry, line._replace(kind=Kind.CLOSE_GRID), Handling(tolerance_ppm=ppm))


@TRIED
@given(AMOUNT, AMOUNT, PPM)
def test_sizes_follow_the_balance(sizes: int, cash: int, ppm: int) -> None:
    """They are never further from it than what a person allows."""
    found = sized(sizes, cash, Handling(snap_ppm=ppm))
    assert found in {sizes, cash}
    assert abs(cash - found) * MILLION <= ppm * found
    assert sized(sizes, cash, Handling()) == cash


def test_the_balance_may_be_off_by_all_of_what_is_allowed() -> None:
    """One part in a hundred stays, a unit more does not."""
    handling = Handling(snap_ppm=10_000)
    assert [sized(1_000, cash, handling) for cash in (990, 1_010)] == [1_000, 1_000]
    assert [sized(1_000, cash, handling) for cash in (989, 1_011)] == [989, 1_011]


@pytest.mark.parametrize("ppm", [0, 20_000])
def test_each_line_has_a_key_of_its_own(ppm: int) -> None:
    """Two lines that both are near one order do not share it."""
    bot, _ = ordered(Handling())
    desk: Desk = next(each for each in bot.desks if each.wanted)
    (order, *_) = desk.wanted
    lines = tuple(Line(order.qty, order.price_ticks + by, order.kind) for by in (2, 1, -1))
    after = planned(desk, (Ladders(entries=lines), NONE), 20, Handling(tolerance_ppm=ppm))
    keys = [each.key for each in after.wanted]
    assert len(set(keys)) == len(lines)
    assert (order in after.wanted) is bool(ppm)


def test_what_opens_a_position_waits_for_the_market() -> None:
    """Far entries of a flat leg are not sent; with a position they rest, and closes always do."""
    first, far = (Line(5, price, Kind.ENTRY_GRID_NORMAL) for price in (999, 900))
    close, stuck = Line(5, 1_200, Kind.CLOSE_GRID), Line(5, 1_200, Kind.CLOSE_UNSTUCK)
    ladders, market = Ladders((first, far), (stuck, close)), (1_000, 1_001)
    assert near(ladders, PositionSide.LONG, 0, market, 1_000) == Ladders((first,), (close,))
    assert near(ladders, PositionSide.LONG, 0, market, 999) == Ladders((), (close,))
    assert near(ladders, PositionSide.LONG, 5, market, 999) == Ladders((first, far), (close,))
    assert near(ladders, PositionSide.LONG, 0, market, MILLION) == ladders
    partial = Ladders((Line(5, 900, Kind.ENTRY_INITIAL_PARTIAL), far))
    assert near(partial, PositionSide.LONG, 5, market, 999) == Ladders()


def test_shorts_look_at_the_ask() -> None:
    """They sell above the market, and buy back below it."""
    entry, stuck = Line(5, 1_011, Kind.ENTRY_GRID_NORMAL), Line(5, 990, Kind.CLOSE_UNSTUCK)
    ladders, market = Ladders((entry,), (stuck,)), (1_000, 1_001)
    assert near(ladders, PositionSide.SHORT, 0, market, 10_000) == ladders
    assert near(ladders, PositionSide.SHORT, 0, market, 9_990) == Ladders((), ())


def test_a_portfolio_enters_once_the_market_is_near() -> None:
    """The first entry of a flat market is sent, the grid behind it once that has filled."""
    bot, places = ordered(Handling(distance_ppm=10_000))
    assert {place.order.kind for place in places} == {Kind.ENTRY_INITIAL_NORMAL}
    (first, *_) = places
    _, commands = told(bot, filled(first), bars(3))
    behind = {each.order.kind for each in commands if isinstance(each, Place)}
    assert Kind.ENTRY_GRID_NORMAL in behind
