"""Slots by example, pair by pair, and by their laws."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from machines.messages import Restarted
from machines.slots import (
    Counted,
    Event,
    ModeSet,
    Ranked,
    Reconciled,
    Score,
    Seat,
    Slots,
    allows,
    chosen,
    step,
    taken,
    well_formed,
)
from spec.fsm import pairs
from spec.slots import SLOTS, Action, Mode, Purpose, State, Symbol
from tests.laws import laws_slots
from tests.machines.strategies import TRIED, try_law

FIRST = (0, Action.CANCEL)


def after(slots: Slots, *events: Event) -> Slots:
    """Return *slots* after *events*."""
    for event in events:
        slots, _ = step(slots, event)
    return slots


def states(slots: Slots) -> list[State]:
    """Return the state of each symbol."""
    return [seat.state for seat in slots.seats]


def ranked(*scores: int) -> Ranked:
    """Return a ranking by symbol."""
    return Ranked(tuple(Score(symbol, score) for symbol, score in enumerate(scores)))


def empty(count: int, symbols: int, hysteresis: int = 0) -> Slots:
    """Return slots of which none is taken."""
    return Slots(count=count, seats=(Seat(),) * symbols, hysteresis=hysteresis, known=True)


OUT, READY, HELD, LEAVING = State
ONE = after(empty(1, 2), ranked(5, 4))
OPEN = after(ONE, Counted(0, 0, 1))
POSITION = after(OPEN, Counted(0, 1, 0))


def test_the_symbols_wanted_most_get_the_slots() -> None:
    """Of equals the first by number, in whichever order they are told."""
    assert states(after(empty(2, 4), ranked(1, 3, 2, 3))) == [OUT, READY, OUT, READY]
    even = Ranked((Score(2, 7), Score(1, 7), Score(0, 7)))
    assert states(after(empty(2, 3), even)) == [READY, READY, OUT]


def test_a_symbol_without_orders_makes_way_at_once() -> None:
    """Nothing can fill any more."""
    assert states(after(ONE, ranked(5, 6))) == [OUT, READY]


def test_a_symbol_with_an_order_keeps_its_slot_until_the_order_is_gone() -> None:
    """The cancel may lose to a fill."""
    leaving, emits = step(OPEN, ranked(5, 6))
    assert (states(leaving), emits) == ([LEAVING, OUT], (FIRST,))
    gone = after(leaving, Counted(0, 0, 0))
    assert states(gone) == [OUT, OUT]
    assert states(after(gone, ranked(5, 6))) == [OUT, READY]
    filled = after(leaving, Counted(0, 1, 0), ranked(5, 6))
    assert states(filled) == [HELD, OUT]


def test_a_position_keeps_its_slot_whatever_the_ranking() -> None:
    """Also if it is not wanted at all, or its mode forbids to enter it."""
    assert states(after(POSITION, ranked(1, 9))) == [HELD, OUT]
    assert states(after(POSITION, Ranked((Score(1, 9),)))) == [HELD, OUT]
    for mode in Mode:
        assert states(after(POSITION, ModeSet(0, mode), ranked(1, 9))) == [HELD, OUT]


def test_a_closed_position_leaves_its_slot_to_the_next_ranking() -> None:
    """Its symbol may be wanted most again."""
    closed = after(POSITION, Counted(0, 0, 0))
    assert states(closed) == [READY, OUT]
    assert states(after(closed, ranked(5, 4))) == [READY, OUT]
    assert states(after(closed, ranked(5, 6))) == [OUT, READY]


def test_a_symbol_chosen_again_needs_no_other_slot() -> None:
    """Its order need not be gone first."""
    again, emits = step(after(OPEN, ranked(5, 6)), ranked(5, 4))
    assert (states(again), emits) == ([READY, OUT], ())


@pytest.mark.parametrize(("score", "expected"), [(7, [READY, OUT]), (8, [OUT, READY])])
def test_a_challenger_must_be_wanted_more_by_the_hysteresis(
    score: int, expected: list[State]
) -> None:
    """Equality is not enough."""
    slots = after(empty(1, 2, hysteresis=2), ranked(5, 4))
    assert states(after(slots, ranked(5, score))) == expected


def test_a_position_that_nobody_ordered_takes_a_slot() -> None:
    """More positions than slots: nothing else is entered, and who is flat makes way."""
    by_hand = after(ONE, Counted(1, 3, 0))
    assert (states(by_hand), taken(by_hand)) == ([READY, HELD], 2)
    assert states(after(by_hand, ranked(5, 4))) == [OUT, HELD]


@pytest.mark.parametrize("mode", [Mode.GRACEFUL_STOP, Mode.TP_ONLY, Mode.PANIC])
def test_a_flat_symbol_that_may_not_be_entered_gives_its_slot_back(mode: Mode) -> None:
    """At once without orders, after them with."""
    assert states(after(ONE, ModeSet(0, mode))) == [OUT, OUT]
    leaving, emits = step(OPEN, ModeSet(0, mode))
    assert (states(leaving), emits) == ([LEAVING, OUT], (FIRST,))
    held = after(POSITION, ModeSet(0, mode))
    assert states(after(held, Counted(0, 0, 0))) == [OUT, OUT]
    assert step(held, Counted(0, 0, 2))[1] == (FIRST,)
    assert states(after(empty(1, 2), ModeSet(0, mode), ranked(5, 4))) == [OUT, READY]


def test_manual_orders_keep_their_slot_until_they_are_gone_by_themselves() -> None:
    """Nothing is canceled; once the mode allows it, it is."""
    manual, emits = step(OPEN, ModeSet(0, Mode.MANUAL))
    assert (states(manual), emits) == ([LEAVING, OUT], ())
    assert step(manual, ranked(5, 6)) == (manual, ())
    assert step(manual, ModeSet(0, Mode.TP_ONLY))[1] == (FIRST,)
    assert states(after(manual, Counted(0, 0, 0))) == [OUT, OUT]


@pytest.mark.parametrize(
    ("mode", "allowed"),
    [
        (Mode.NORMAL, {Purpose.ADD, Purpose.CLOSE, Purpose.CANCEL}),
        (Mode.GRACEFUL_STOP, {Purpose.ADD, Purpose.CLOSE, Purpose.CANCEL}),
        (Mode.TP_ONLY, {Purpose.CLOSE, Purpose.CANCEL}),
        (Mode.MANUAL, set[Purpose]()),
        (Mode.PANIC, {Purpose.CLOSE, Purpose.CANCEL}),
    ],
)
def test_the_gate_of_a_position(mode: Mode, allowed: set[Purpose]) -> None:
    """What each mode allows; a position is not entered again."""
    held = after(POSITION, ModeSet(0, mode))
    assert {purpose for purpose in Purpose if allows(held, 0, purpose)} == allowed


def test_the_gate_of_a_flat_symbol() -> None:
    """It is entered in its slot only, and not before all is known."""
    assert [allows(ONE, symbol, Purpose.ENTER) for symbol in (-1, 0, 1, 2)] == [0, 1, 0, 0]
    assert not allows(evolve(ONE, known=False), 0, Purpose.ENTER)
    assert not allows(ONE, 0, Purpose.CLOSE)


def test_a_restart_gives_slots_to_positions_and_orders_only() -> None:
    """And to nothing else before all of them are told."""
    slots = after(POSITION, Restarted())
    assert (states(slots), slots.known) == ([OUT, OUT], False)
    assert step(slots, ranked(5, 6)) == (slots, ())
    found = after(slots, Counted(0, 0, 1), Counted(1, 2, 0), Reconciled())
    assert states(found) == [READY, HELD]
    manual = after(slots, ModeSet(0, Mode.MANUAL), Counted(0, 0, 1))
    assert states(manual) == [LEAVING, OUT]
    stopped, emits = step(after(slots, ModeSet(0, Mode.TP_ONLY)), Counted(0, 0, 1))
    assert (states(stopped), emits) == ([LEAVING, OUT], (FIRST,))


def test_what_is_no_news_changes_nothing() -> None:
    """A symbol without a seat, a score told twice."""
    for stray in (Counted(2, 1, 1), Counted(-1, 1, 1), ModeSet(2, Mode.PANIC)):
        assert step(ONE, stray) == (ONE, ())
    scores = (Score(9, 9), Score(2, 9), Score(1, 6), Score(1, 1), Score(0, 5), Score(-1, 9))
    assert chosen(ONE, scores) == (1,)
    assert after(ONE, Counted(0, -3, 0)).seats[0].lots == 3


@pytest.mark.parametrize(("state", "symbol"), pairs(SLOTS))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row changes nothing and asks for nothing."""
    row = SLOTS.row(state, symbol)
    expected = (state, ()) if row is None else (row.target, row.emits)
    assert SLOTS.take(state, symbol) == expected


def test_a_slot_is_freed_where_nothing_is_open() -> None:
    """No other symbol leads OUT but a restart."""
    out = {row.symbol for row in SLOTS.rows if row.target is OUT is not row.source}
    assert out == {Symbol.FREE, Symbol.RESTARTED}


SMALL = st.integers(0, 3)
SCORES = st.integers(-2, 4)


@st.composite
def seats(draw: DrawFn) -> Seat:
    """Draw a seat that is well formed."""
    state, mode = draw(st.sampled_from(State)), draw(st.sampled_from(Mode))
    lots = draw(st.integers(1, 3)) if state is State.HELD else 0
    orders = draw(SMALL)
    if state is State.OUT:
        orders = 0
    elif state is State.LEAVING:
        orders += 1
    elif state is State.READY:
        mode = Mode.NORMAL
    return Seat(state=state, mode=mode, lots=lots, orders=orders)


def told() -> SearchStrategy[Counted | ModeSet]:
    """Return what the first symbol may be told, sensible or not."""
    counted = st.builds(Counted, st.just(0), st.integers(-1, 2), st.integers(-1, 2))
    return counted | st.builds(ModeSet, st.just(0), st.sampled_from(Mode))


@TRIED
@given(seats(), told())
def test_news(seat: Seat, event: Counted | ModeSet) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    assert well_formed(seat)
    try_law(laws_slots.news_keep_a_seat_well_formed, seat, event)
    try_law(laws_slots.a_slot_is_freed_only_when_nothing_is_open, seat, event)
    try_law(laws_slots.what_is_told_again_changes_nothing, seat, event)


@TRIED
@given(seats(), st.sampled_from(Purpose), st.booleans())
def test_the_gate(seat: Seat, purpose: Purpose, known: bool) -> None:  # noqa: FBT001
    """FOR-6 on a few seats."""
    assert well_formed(seat)
    laws_slots.the_gate_follows_slot_and_mode(seat, purpose, known=known)


@TRIED
@given(SMALL, SMALL, seats(), seats(), SCORES)
def test_rankings(count: int, hysteresis: int, one: Seat, other: Seat, ahead: int) -> None:
    """FOR-1 and FOR-3 on a few scores."""
    law = laws_slots.a_ranking_gives_no_more_slots_than_there_are
    try_law(law, count, hysteresis, one, other, ahead)


@TRIED
@given(SMALL, seats(), seats(), SCORES)
def test_one_slot(hysteresis: int, one: Seat, other: Seat, ahead: int) -> None:
    """FOR-4 on a few scores."""
    law = laws_slots.one_slot_goes_to_the_symbol_wanted_most
    try_law(law, hysteresis, one, other, ahead)


@TRIED
@given(st.lists(SCORES, min_size=4, max_size=4), st.integers(0, 5))
def test_empty_slots_go_to_the_highest_scores(scores: list[int], count: int) -> None:
    """Of any number of symbols, as a stable sort has it."""
    slots = after(empty(count, 4), ranked(*scores))
    best = sorted(range(4), key=lambda symbol: -scores[symbol])[:count]
    assert states(slots) == [READY if symbol in best else OUT for symbol in range(4)]
