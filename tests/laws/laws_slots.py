"""Laws of slots, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from machines.slots import (
    Counted,
    ModeSet,
    Ranked,
    Score,
    Seat,
    Slots,
    allows,
    chosen,
    classify,
    step,
    taken,
    well_formed,
)
from spec.slots import Mode, Purpose, State


def news_keep_a_seat_well_formed(one: Seat, event: Counted | ModeSet) -> None:
    """Whatever is told of a symbol: a position has a slot, a slot to be freed has orders."""
    assert well_formed(one)
    assert event.symbol == 0
    after, _ = step(Slots(count=1, seats=(one,), known=True), event)
    assert well_formed(after.seats[0])
    if isinstance(event, Counted) and event.lots:
        assert after.seats[0].state is State.HELD


def a_slot_is_freed_only_when_nothing_is_open(one: Seat, event: Counted | ModeSet) -> None:
    """FOR-2: flat and without orders, as far as is known."""
    assert well_formed(one)
    assert event.symbol == 0
    after, _ = step(Slots(count=1, seats=(one,), known=True), event)
    seat = after.seats[0]
    if seat.state is State.OUT:
        assert (seat.lots, seat.orders) == (0, 0)


def a_ranking_gives_no_more_slots_than_there_are(
    count: int, hysteresis: int, one: Seat, other: Seat, ahead: int
) -> None:
    """FOR-1, FOR-3: positions stay, so does what is open, the rest shares what is free."""
    assert hysteresis >= 0
    assert well_formed(one)
    assert well_formed(other)
    slots = Slots(count=count, seats=(one, other), hysteresis=hysteresis, known=True)
    after, emits = step(slots, Ranked((Score(0, ahead), Score(1, 0))))
    assert taken(after) <= max(count, taken(slots))
    for was, seat in zip(slots.seats, after.seats, strict=True):
        assert well_formed(seat)
        assert (was.state is State.HELD) == (seat.state is State.HELD)
        if seat.state is State.OUT:
            assert seat.orders == 0
    assert all(slots.seats[symbol].mode is not Mode.MANUAL for symbol, _ in emits)


def one_slot_goes_to_the_symbol_wanted_most(
    hysteresis: int, one: Seat, other: Seat, ahead: int
) -> None:
    """FOR-4: by more than the hysteresis if it has none yet, of equals the first."""
    assert hysteresis >= 0
    assert one.mode is other.mode is Mode.NORMAL
    assert one.lots == other.lots == 0
    assert well_formed(one)
    assert well_formed(other)
    slots = Slots(count=1, seats=(one, other), hysteresis=hysteresis, known=True)
    best = chosen(slots, (Score(0, ahead), Score(1, 0)))
    if one.state is State.OUT and other.state is not State.OUT:
        assert best == ((0,) if ahead > hysteresis else (1,))
    elif one.state is not State.OUT and other.state is State.OUT:
        assert best == ((0,) if ahead >= -hysteresis else (1,))
    else:
        assert best == ((0,) if ahead >= 0 else (1,))


def the_gate_follows_slot_and_mode(one: Seat, purpose: Purpose, *, known: bool) -> None:
    """FOR-6: to enter takes a slot in the mode NORMAL, to do anything another mode than MANUAL."""
    assert well_formed(one)
    allowed = allows(Slots(count=1, seats=(one,), known=known), 0, purpose)
    if allowed:
        assert one.mode is not Mode.MANUAL
    if allowed and purpose is Purpose.ENTER:
        assert known
        assert (one.state, one.mode, one.lots) == (State.READY, Mode.NORMAL, 0)
    if allowed and purpose in (Purpose.ADD, Purpose.CLOSE):
        assert one.lots > 0


def what_is_told_again_changes_nothing(one: Seat, event: Counted | ModeSet) -> None:
    """Reports carry totals: a second one says nothing new."""
    assert well_formed(one)
    assert event.symbol == 0
    after, _ = step(Slots(count=1, seats=(one,), known=True), event)
    again, _ = step(after, event)
    assert again == after
    assert classify(again.seats[0]) is classify(after.seats[0])
