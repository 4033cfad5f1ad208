"""The mirroring strategy by example, pair by pair, and by its laws."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from machines.mirroring import (
    Alarm,
    Cancel,
    Command,
    Done,
    Event,
    Fill,
    Limits,
    Mirror,
    News,
    Place,
    Reported,
    Request,
    Resumed,
    Target,
    Venue,
    budget,
    classify,
    exposure,
    left,
    live,
    start,
    step,
)
from machines.order import Acked, Canceled, CancelRejected, CancelRequested, Rejected
from spec.fsm import pairs
from spec.mirroring import MIRRORING, Action, State, Symbol
from spec.terms import Side
from tests.laws import laws_mirroring
from tests.laws.laws_mirroring import Mind, Truth
from tests.machines.strategies import LOTS, SMALL, TRIED, try_law

SLOTS = 6
# The target is the best offer of a book; lots are tenths of a coin.
B1 = B2 = Target(1000, 10, 1000)
B3, B4 = Target(1000, 30, 1000), Target(1500, 10, 1500)
Total = Counter[tuple[str, int]]


def mirror(most: int, slots: int = SLOTS, *, side: Side = Side.SELL, slip: int = 1000) -> Mirror:
    """Return a strategy that has nothing open."""
    return start(Limits(exposure_max=most, slip_ticks_max=slip, side=side), slots)


def after(state: Mirror, *events: Event) -> tuple[Mirror, list[Command]]:
    """Return *state* after *events*, and what was sent meanwhile."""
    sent: list[Command] = []
    for event in events:
        state, more = step(state, event)
        sent += more
    return state, sent


def told(id_: int, news: News) -> Reported:
    """Return what the destination tells of order *id_*."""
    return Reported(Venue.DESTINATION, id_, news)


def bought(id_: int, news: News) -> Reported:
    """Return what the source tells of recoup *id_*."""
    return Reported(Venue.SOURCE, id_, news)


def totals(sent: list[Command], orders: dict[int, Place]) -> Total:
    """Return the lots placed, canceled and recouped at each price; *orders* are those placed."""
    found: Total = Counter()
    for command in sent:
        match command:
            case Place(Venue.DESTINATION, id_, ticks, qty):
                orders[id_] = command
                found["placed", ticks] += qty
            case Place(Venue.SOURCE, _, ticks, qty):
                found["recouped", ticks] += qty
            case Cancel(Venue.DESTINATION, id_):
                found["canceled", orders[id_].ticks] += orders[id_].qty
            case Cancel(Venue.SOURCE):
                found["recoup canceled", 0] += 1
            case Cancel() | Place() | Alarm():
                raise AssertionError(command)
    return found


def checkpoints(state: Mirror, *events: Event) -> list[Total]:
    """Return what was sent up to each book, since the book before."""
    orders: dict[int, Place] = {}
    found, since = list[Total](), list[Command]()
    for event in events:
        state, sent = step(state, event)
        since += sent
        if isinstance(event, Target):
            found.append(totals(since, orders))
            since = []
    return found


def first(state: Mirror) -> Request:
    """Return what is in the first slot."""
    return state.requests[0]


@pytest.mark.parametrize(
    ("request_", "symbol"),
    [
        (Request(id=1, qty=3), Symbol.REJECTED),
        (Request(id=1, qty=3, cum_qty=1), Symbol.CONTRADICTION),
        (Request(id=1, state=State.CLOSED), Symbol.STALE),
        (Request(id=1, state=State.CLOSED, qty=3, cum_qty=3), Symbol.CONTRADICTION),
        (Request(id=1, state=State.CLOSING, qty=3), Symbol.CONTRADICTION),
    ],
)
def test_only_an_order_that_has_not_filled_is_refused(request_: Request, symbol: Symbol) -> None:
    """A second refusal says nothing new."""
    assert classify(request_, Rejected()) is symbol


@pytest.mark.parametrize(("most", "last"), [(50, {("placed", 1500): 10}), (30, {})])
def test_a_volume_that_shrinks_and_moves(most: int, last: dict[tuple[str, int], int]) -> None:
    """The first trace: what is too much is canceled and no more; a new price waits for lots."""
    found = checkpoints(mirror(most), B1, B2, B3, B2, B2, B4)
    assert found == [
        {("placed", 1000): 10},
        {},
        {("placed", 1000): 20},
        {("canceled", 1000): 20},
        {},
        {("canceled", 1000): 10, **last},
    ]


def test_fills_are_recouped_and_replaced() -> None:
    """The second trace: a fill is recouped at once, and what it took is placed again."""
    found = checkpoints(mirror(50), B1, B2, told(6, Fill(2)), B3, B4)
    assert found == [
        {("placed", 1000): 10},
        {},
        {("recouped", 1000): 2, ("placed", 1000): 22},
        {("canceled", 1000): 32, ("placed", 1500): 10, ("recoup canceled", 0): 1},
    ]


def test_nothing_is_placed_before_a_recoup_or_a_cancel_gives_the_budget_back() -> None:
    """The third trace: with the whole limit in use, lots come back one report at a time."""
    events = (B3, told(6, Fill(2)), B3, bought(1, Fill(2)), B3, B4, told(6, Canceled(2)), B4)
    assert checkpoints(mirror(30), *events) == [
        {("placed", 1000): 30},
        {("recouped", 1000): 2},
        {("placed", 1000): 2},
        {("canceled", 1000): 32},
        {("placed", 1500): 10},
    ]


def test_a_cancel_that_comes_too_late() -> None:
    """The fourth trace: what filled in spite of its cancel is recouped, at what it costs now."""
    events = (B3, B4, told(6, Fill(30)), B3, told(6, Done(30)), bought(1, Fill(30)), B3)
    assert checkpoints(mirror(50), *events) == [
        {("placed", 1000): 30},
        {("canceled", 1000): 30, ("placed", 1500): 10},
        {("recouped", 1500): 30, ("canceled", 1500): 10, ("placed", 1000): 10},
        {("placed", 1000): 20},
    ]


def test_the_rest_of_a_smaller_target_waits_for_no_book() -> None:
    """After a decrease, what the cancel gives back is placed when the cancel is confirmed."""
    state, sent = after(mirror(3, 1), Target(1, 3, 1), Target(1, 2, 1))
    assert sent[-1] == Cancel(Venue.DESTINATION, 1)
    assert live(state) == 0
    _, sent = after(state, told(1, Canceled(0)))
    assert sent == [Place(Venue.DESTINATION, 2, 1, 2)]


def test_a_closing_report_that_overtakes_a_fill_frees_nothing_yet() -> None:
    """The lots of the total that were not seen may be at risk: they count until they are."""
    state, _ = after(mirror(3, 1), Target(1, 3, 1), Target(1, 0, 1), told(1, Canceled(2)))
    assert (first(state).state, left(first(state)), budget(state)) == (State.CLOSING, 2, 1)
    state, _ = after(state, told(1, Fill(2)))
    assert (first(state).state, state.unrecouped, budget(state)) == (State.CLOSED, 2, 1)


def test_a_small_order_makes_way_where_no_slot_is_free() -> None:
    """The volume comes back in one larger order."""
    state, sent = after(mirror(3, 1), Target(1, 1, 1), Target(1, 3, 1))
    assert sent == [Place(Venue.DESTINATION, 1, 1, 1), Cancel(Venue.DESTINATION, 1)]
    _, sent = after(state, told(1, Canceled(0)))
    assert sent == [Place(Venue.DESTINATION, 2, 1, 3)]


def test_after_a_refusal_the_next_book_is_awaited() -> None:
    """An order that the venue refuses, or closes by itself, is not sent again at once."""
    for news in (Rejected(), Canceled(0)):
        state, sent = after(mirror(2), Target(1, 2, 1), told(6, news))
        assert len(sent) == 1
        assert budget(state) == 2
        _, sent = after(state, Target(1, 2, 1))
        assert [type(command) for command in sent] == [Place]


def test_a_refused_recoup_waits_for_the_next_book_too() -> None:
    """Else it would be sent, and refused, for ever; what is sold meanwhile does not wake it."""
    state, _ = after(mirror(3), Target(5, 3, 5), told(6, Fill(1)))
    state, sent = after(state, bought(1, Rejected()), told(6, Fill(1)))
    assert sent == []
    state, sent = after(state, Target(5, 0, 5))
    assert sent[-1] == Place(Venue.SOURCE, 2, 5, 2)


@pytest.mark.parametrize(("unrecouped", "taken"), [(-1, False), (0, True), (4, True), (5, False)])
def test_a_person_resumes_within_the_limit(unrecouped: int, *, taken: bool) -> None:
    """More than may be at risk is not accepted, nor less than nothing."""
    state, _ = after(mirror(4, slip=2), Target(5, 4, 5), told(6, Fill(1)), Target(8, 4, 8))
    assert after(state, Resumed(unrecouped))[0].halted is not taken


def test_a_refused_cancel_is_asked_again() -> None:
    """The order may rest on, so it is open again, and unwanted."""
    state, sent = after(mirror(2), Target(1, 2, 1), Target(2, 0, 2), told(6, CancelRejected()))
    assert sent.count(Cancel(Venue.DESTINATION, 6)) == 2
    assert first(state).state is State.CANCELING


def test_a_recoup_follows_the_price() -> None:
    """A recoup that the price has left behind is canceled, and the rest asked at the new price."""
    state, _ = after(mirror(2), Target(5, 2, 5), told(6, Fill(2)), bought(1, Fill(1)))
    state, sent = after(state, Target(4, 0, 4))
    assert Cancel(Venue.SOURCE, 1) not in sent
    state, sent = after(state, Target(6, 0, 6))
    assert Cancel(Venue.SOURCE, 1) in sent
    _, sent = after(state, bought(1, Canceled(1)))
    assert sent == [Place(Venue.SOURCE, 2, 6, 1)]


@pytest.mark.parametrize(("side", "worse"), [(Side.SELL, 8), (Side.BUY, 2)])
def test_the_loss_limit_halts_loudly(side: Side, worse: int) -> None:
    """Beyond the limit nothing is recouped or placed, everything is canceled, a person called."""
    state, sent = after(mirror(4, side=side, slip=2), Target(5, 4, 5), told(6, Fill(1)))
    assert isinstance(sent[-1], Place)
    at_the_limit = worse + side.sign
    assert not after(state, Target(at_the_limit, 4, at_the_limit))[0].halted
    state, sent = after(state, Target(worse, 4, worse))
    assert sent == [Alarm(), Cancel(Venue.DESTINATION, 6)]
    assert state.halted
    state, sent = after(state, Target(5, 4, 5), bought(1, Canceled(0)))
    assert sent == []


def test_the_worst_price_counts_of_all_that_is_to_be_recouped() -> None:
    """The loss limit is per lot: later, better sales do not pay for earlier ones."""
    for side, low in ((Side.SELL, 5), (Side.BUY, 9)):
        books = (Target(5, 1, 5), Target(9, 1, 9))
        state, _ = after(mirror(4, side=side, slip=100), *books, told(7, Fill(1)), told(6, Fill(1)))
        assert state.unrecouped == 2
        assert state.basis_ticks == low


def test_lots_of_an_unknown_order_halt() -> None:
    """A fill of an order that we do not know is at risk and not counted: call a person."""
    state, sent = after(mirror(2), Target(1, 2, 1), told(12, Fill(1)))
    assert Alarm() in sent
    assert state.halted
    state, sent = after(mirror(2), Target(1, 2, 1), told(12, Canceled(0)), told(12, Fill(0)))
    assert not state.halted
    assert len(sent) == 1


def test_more_than_was_ordered_halts_and_stays_counted() -> None:
    """Nonsense has a place to go: it is counted, and nothing more is placed."""
    state, sent = after(mirror(5), Target(1, 2, 1), told(6, Fill(3)))
    assert sent[-1] == Alarm()
    assert (first(state).state, exposure(state)) == (State.DISPUTED, 2)
    state, sent = after(state, Target(1, 4, 1), told(6, Fill(1)), Resumed(6))
    assert sent == []
    assert state.halted


def test_a_person_resumes_with_what_is_to_be_recouped() -> None:
    """Ids go on, so that a late report of an order from before is not one of a new order."""
    state, _ = after(mirror(5), Target(1, 2, 1), told(6, Fill(3)))
    state, sent = after(state, Resumed(1))
    assert sent == [Place(Venue.SOURCE, 1, 1, 1), Place(Venue.DESTINATION, 12, 1, 2)]
    assert not state.halted


def test_reports_that_come_twice_close_nothing_twice() -> None:
    """A closing report that is repeated is no news."""
    state, _ = after(mirror(3), Target(1, 3, 1), Target(1, 0, 1), told(6, Canceled(0)))
    assert after(state, told(6, Canceled(0)), told(6, Acked())) == (state, [])


@pytest.mark.parametrize(("state", "symbol"), pairs(MIRRORING))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: without a row a person is called; a final state stays otherwise."""
    target, emits = MIRRORING.take(state, symbol)
    row = MIRRORING.row(state, symbol)
    if row is None:
        assert (target, emits) == (State.DISPUTED, (Action.HALT,))
    else:
        assert (target, emits) == (row.target, row.emits)
        assert state not in MIRRORING.final or (target is state and not emits)
    assert (Action.SEND_CANCEL in emits) == ((state, symbol) == (State.OPEN, Symbol.CANCEL))


MINDS = st.builds(
    Mind,
    exposure_max=st.integers(0, 20),
    slip_ticks_max=SMALL,
    ticks=st.integers(1, 2),
    qty=SMALL,
    quote_ticks=SMALL,
    unrecouped=SMALL,
    basis_ticks=SMALL,
    held=st.booleans(),
    recoup_held=st.booleans(),
    halted=st.booleans(),
)
BOOKS = st.builds(Target, SMALL, LOTS, SMALL) | st.builds(Resumed, LOTS)


@st.composite
def requests(draw: DrawFn, slot: int = 0) -> Request:
    """Draw a request that is well formed, in *slot* of two."""
    state = draw(st.sampled_from(State))
    qty = draw(st.integers(1, 5))
    cum_qty = qty
    if state not in {State.SPENT, State.CLOSED}:
        cum_qty = draw(st.integers(0, qty - 1))
    price, basis = draw(st.integers(1, 2)), draw(SMALL)
    return Request(id=slot, state=state, ticks=price, basis_ticks=basis, qty=qty, cum_qty=cum_qty)


@st.composite
def told_requests(draw: DrawFn) -> tuple[Request, News, Truth]:
    """Draw a request, what is true of it, and news that may be."""
    request = draw(requests())
    cum_qty = draw(st.integers(request.cum_qty, request.qty))
    open_qty = draw(st.integers(0, request.qty - cum_qty))
    quiet: SearchStrategy[News] = st.sampled_from(
        [Acked(), Rejected(), CancelRequested(), CancelRejected()]
    )
    true: SearchStrategy[News] = st.sampled_from(
        [Fill(cum_qty - request.cum_qty), Done(cum_qty), Canceled(cum_qty)]
    )
    odd: SearchStrategy[News] = (
        st.builds(Fill, LOTS) | st.builds(Done, LOTS) | st.builds(Canceled, LOTS)
    )
    return request, draw(quiet | true | odd), Truth(open_qty, cum_qty)


@TRIED
@given(told_requests(), SMALL)
def test_laws_of_a_request(case: tuple[Request, News, Truth], lots: int) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    request, news, truth = case
    laws_mirroring.requests_stay_requests(request, news)
    laws_mirroring.a_cancel_is_asked_once(request)
    try_law(laws_mirroring.fills_at_the_venue_stay_covered, request, truth, lots)


@TRIED
@given(told_requests(), MINDS, SMALL)
def test_laws_of_reports(case: tuple[Request, News, Truth], mind: Mind, others: int) -> None:
    """MMS-1, MMS-2: what is counted covers what is at risk, whatever is told of an order."""
    request, news, truth = case
    try_law(laws_mirroring.requests_cover_the_truth, request, news, truth)
    try_law(laws_mirroring.what_is_at_risk_stays_counted, mind, request, others, news, truth)


@TRIED
@given(told_requests(), MINDS, SMALL)
def test_laws_of_recoups(case: tuple[Request, News, Truth], mind: Mind, others: int) -> None:
    """MMS-1, MMS-5: no more is recouped than was sold, and what is left stays counted."""
    last, news, truth = case
    try_law(laws_mirroring.recoups_stay_counted, mind, others, last, news, truth)


@TRIED
@given(MINDS, requests(), requests(1), SMALL, st.sampled_from(Side))
def test_laws_of_decisions(mind: Mind, mine: Request, rest: Request, lots: int, side: Side) -> None:
    """MMS-2, MMS-3, MMS-5: what is placed fits the budget, what is canceled was open."""
    laws_mirroring.cancels_are_for_open_orders(mind, mine, rest)
    laws_mirroring.recoups_stay_within_the_loss_limit(mind, side, mine)
    try_law(laws_mirroring.orders_fit_the_budget, mind, mine, rest, lots)


@TRIED
@given(MINDS, requests(), SMALL, SMALL, BOOKS)
def test_laws_of_books_and_people(
    mind: Mind, last: Request, others: int, lots: int, event: Target | Resumed
) -> None:
    """MMS-2, MMS-5: neither a book nor a person raises what is counted beyond the limit."""
    try_law(laws_mirroring.books_and_people_keep_the_bound, mind, others, lots, event)
    try_law(laws_mirroring.recoups_fit_what_was_sold, mind, others, last)
