"""What a venue shows against what a bot knows: orders first, then positions, then patience."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from machines.messages import Cancel, Wanted, Woken
from machines.order import Order
from machines.order_manager import Book, Working, empty
from machines.reconciliation import (
    BEHIND_MAX,
    UNEXPLAINED_TIMES,
    Difference,
    Looks,
    Shown,
    answers,
    by_symbol,
    cancels_of_opening,
    compared,
    held_back,
    judged,
    orders,
    pending,
)
from machines.supervisor import Supervisor, step
from spec.order import State as OrderState
from spec.supervisor import Match, Part, State
from spec.terms import PositionSide, Side
from tests.laws import laws_port
from tests.machines.strategies import SMALL, TRIED, try_law

BUY = Wanted(key=0, kind=0, side=Side.BUY, qty=5)
CLOSE = evolve(BUY, side=Side.SELL, reduce_only=True)


def book(key: int, wanted: Wanted = BUY, state: OrderState = OrderState.NEW) -> Book:
    """Return the orders of a symbol that has order *key* open."""
    working = Working(client_order_id=key, wanted=wanted, order=Order(qty=5, state=state))
    return evolve(empty(1), working=(working,))


BOOKS = (book(3), book(2, CLOSE))
SHOWN = Shown(lots={0: (5, 0)}, orders=((0, 3), (1, 2)))
HELD = ((5, 0), (0, 0))


def test_orders_are_those_of_all_symbols() -> None:
    """Each is told with its symbol, under the name that the account knows it by."""
    assert {key: symbol for key, (symbol, _) in orders(BOOKS).items()} == {3: 0, 2: 1}
    assert pending(BOOKS) == ()
    states = (OrderState.PENDING_NEW, OrderState.PENDING_CANCEL, OrderState.UNKNOWN)
    assert all(pending([book(7, state=state)]) == (7,) for state in states)


def test_lots_are_those_of_their_legs() -> None:
    """Longs come first; what comes in parts is added up."""
    legs = [(0, PositionSide.LONG, 2), (0, PositionSide.SHORT, 3), (1, PositionSide.LONG, 1)]
    assert by_symbol([*legs, legs[0]]) == {0: (4, 3), 1: (1, 0)}


def test_answers_that_are_torn_are_of_two_moments() -> None:
    """The fills are of a later one than positions and orders."""
    whole, torn = (answers(4, 7, Match.AGREES, {}, torn=each) for each in (False, True))
    assert {each.part: each.moment for each in whole} == dict.fromkeys(Part, 7)
    assert {each.part: each.moment for each in torn} == {
        Part.POSITIONS: 7,
        Part.ORDERS: 7,
        Part.FILLS: 8,
    }


def test_only_orders_that_open_are_canceled() -> None:
    """What closes stays."""
    assert [*cancels_of_opening(BOOKS)] == [Cancel(3, 0)]
    assert [*cancels_of_opening(BOOKS[::-1])] == [Cancel(3, 1)]


def test_what_is_held_back_is_woken_by_symbol() -> None:
    """An order that was refused waits for it; one that a liquidation took does not."""
    refused = evolve(empty(1), refused=(BUY,), failures=(1,))
    taken = evolve(empty(1), refused=(BUY,))
    assert [*held_back([taken, refused])] == [Woken(0, 1)]


def test_equals_agree() -> None:
    """Orders, fills and positions."""
    assert compared(BOOKS, HELD, SHOWN) == Difference(match=Match.AGREES)


def test_orders_are_looked_at_before_positions() -> None:
    """While orders or fills are missing nobody can say whose a position is."""
    strange = evolve(SHOWN, lots={1: (0, 7)})
    gone = compared(BOOKS, HELD, evolve(strange, orders=((0, 3),)))
    assert gone == Difference(match=Match.BEHIND, missing=((1, 2),))
    more = compared(BOOKS, HELD, evolve(strange, orders=(*SHOWN.orders, (1, 9))))
    assert more == Difference(match=Match.BEHIND, orphans=((1, 9),))
    assert compared(BOOKS, HELD, evolve(strange, unknown=True)).match is Match.BEHIND
    assert compared(BOOKS, HELD, strange).match is Match.UNEXPLAINED


def test_closes_from_outside_explain_lots_that_are_gone() -> None:
    """As many as were closed, of that leg and no other."""
    less = evolve(SHOWN, lots={0: (2, 0)}, closed={0: (3, 0)})
    assert compared(BOOKS, HELD, less) == Difference(match=Match.BEHIND, gone={0: (3, 0)})
    for closed in ({}, {0: (2, 0)}, {0: (0, 3)}, {1: (3, 0)}):
        unexplained = compared(BOOKS, HELD, evolve(less, closed=closed))
        strange = (0, (5, 0), (2, 0))
        assert unexplained == Difference(match=Match.UNEXPLAINED, strange=strange)


AGREES, BEHIND = Difference(match=Match.AGREES), Difference(match=Match.BEHIND)


def strange(shown: int) -> Difference:
    """Return that a venue shows so many lots, and we know of five."""
    return Difference(match=Match.UNEXPLAINED, strange=(0, (5, 0), (shown, 0)))


def verdicts(*differences: Difference) -> list[Match]:
    """Return what looks in a row that come to *differences* amount to."""
    looks, told = Looks(), list[Match]()
    for difference in differences:
        looks, verdict = judged(looks, difference)
        told.append(verdict)
    return told


def test_an_unexplained_position_counts_when_it_repeats() -> None:
    """A look that explains it in between begins the count anew, and so does a lot that moves."""
    seven, behind = strange(7), Match.BEHIND
    often = verdicts(*[seven] * UNEXPLAINED_TIMES)
    assert often == [*[behind] * (UNEXPLAINED_TIMES - 1), Match.UNEXPLAINED]
    assert set(verdicts(seven, seven, BEHIND, seven, seven)) == {behind}
    assert verdicts(seven, seven, AGREES, seven)[2:] == [Match.AGREES, behind]
    assert set(verdicts(seven, seven, strange(8), strange(8), seven)) == {behind}


def test_what_stays_behind_is_for_a_person() -> None:
    """Asked for that often, what would explain it does not come; one agreement is enough."""
    often = [BEHIND] * BEHIND_MAX
    assert verdicts(*often, BEHIND) == [*[Match.BEHIND] * BEHIND_MAX, Match.UNEXPLAINED]
    assert verdicts(*often, AGREES, BEHIND)[-1] is Match.BEHIND


def test_three_answers_describe_one_moment_or_are_torn() -> None:
    """Of one moment they let the bot run; torn ones are asked for again."""
    asking = Supervisor(state=State.RECONCILING, connected=True, query=4)
    for torn in (False, True):
        supervisor = asking
        for each in answers(4, 7, Match.AGREES, {Part.ORDERS: 2}, torn=torn):
            supervisor, _ = step(supervisor, each)
        assert supervisor.state is (State.RECONCILING if torn else State.RUNNING)
        assert supervisor.query == 4 + torn


def test_a_stop_hears_what_is_left() -> None:
    """Lots of positions, and open orders, each of its own answer."""
    held = {Part.POSITIONS: 9, Part.ORDERS: 2}
    told = {each.part: each.held for each in answers(1, 1, Match.AGREES, held, torn=False)}
    assert told == {Part.POSITIONS: 9, Part.ORDERS: 2, Part.FILLS: 0}


@TRIED
@given(SMALL, SMALL, st.sampled_from(Match), SMALL, st.booleans())
def test_laws_of_looks(
    behind: int,
    unexplained: int,
    match: Match,
    times: int,
    moved: bool,  # noqa: FBT001
) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    law = laws_port.a_person_is_called_for_what_stays
    for before in (behind, BEHIND_MAX):
        try_law(law, before, unexplained, match, times, moved)


@TRIED
@given(SMALL, SMALL, SMALL, st.booleans())
def test_laws_of_positions(held: int, shown: int, closed: int, is_long: bool) -> None:  # noqa: FBT001
    """The same of positions."""
    laws_port.only_equal_positions_agree(held, shown, closed, is_long=is_long)
