"""The slots machine: `step` moves every symbol, `allows` is the gate for what is done with one.

Classify, take the row, update, as in `machines.order`, for each symbol; a ranking is read once for
all of them.  Symbols are numbers from 0 on, the places of their seats.
"""

from collections.abc import Iterator
from typing import assert_never

from attrs import evolve, frozen

from machines.messages import Restarted
from spec.fsm import Spec
from spec.slots import SLOTS, Action, Mode, Purpose, State, Symbol


@frozen(kw_only=True, cache_hash=True)
class Seat:
    """One symbol: the lots of its position, 0 or more, and its orders that are not final."""

    state: State = SLOTS.initial
    mode: Mode = Mode.NORMAL
    lots: int = 0
    orders: int = 0


@frozen(kw_only=True, cache_hash=True)
class Slots:
    """*count* slots for the symbols of *seats*.

    A symbol that has a slot is wanted by *hysteresis* more than its score says.  *known* says that
    positions and orders are known since the last restart.
    """

    count: int
    seats: tuple[Seat, ...]
    hysteresis: int = 0
    known: bool = False


@frozen
class Counted:
    """What *symbol* has: *lots* and *orders* that are not final, of one report or one moment."""

    symbol: int
    lots: int
    orders: int


@frozen
class ModeSet:
    """A person, or the configuration, wants *symbol* to be treated as *mode* says."""

    symbol: int
    mode: Mode


@frozen
class Score:
    """How much *symbol* is wanted; one that a person wants traded has the highest score."""

    symbol: int
    score: int


@frozen
class Ranked:
    """All symbols that may be entered, in any order; others are not wanted."""

    scores: tuple[Score, ...]


@frozen
class Reconciled:
    """Positions, orders and modes have been told since the restart."""


Event = Counted | ModeSet | Ranked | Reconciled | Restarted
SlotsSpec = Spec[State, Symbol, Action]
Emits = tuple[tuple[int, Action], ...]


def well_formed(seat: Seat) -> bool:
    """Return whether *seat* makes sense: laws, explorer and adapters all ask."""
    if seat.lots < 0 or seat.orders < 0:
        return False
    if seat.state is State.HELD:
        return seat.lots > 0
    if seat.lots > 0:
        return False
    match seat.state:
        case State.OUT:
            return seat.orders == 0
        case State.READY:
            return seat.mode is Mode.NORMAL
        case State.LEAVING:
            return seat.orders > 0
    assert_never(seat.state)


def taken(slots: Slots) -> int:
    """Return how many symbols have a slot.

    >>> taken(Slots(count=2, seats=(Seat(), Seat(state=State.READY))))
    1
    """
    return sum(seat.state is not State.OUT for seat in slots.seats)


def allows(slots: Slots, symbol: int, purpose: Purpose) -> bool:
    """Return whether an order or a cancel of *symbol* may leave: the gate that each must pass.

    An open order whose purpose is not allowed any more is to be canceled, if that is allowed.

    >>> manual = Seat(state=State.HELD, mode=Mode.MANUAL, lots=1)
    >>> allows(Slots(count=1, seats=(manual,), known=True), 0, Purpose.CLOSE)
    False
    """
    if not 0 <= symbol < len(slots.seats):
        return False
    seat = slots.seats[symbol]
    match purpose:
        case Purpose.ENTER:
            return slots.known and seat.state is State.READY and seat.mode is Mode.NORMAL
        case Purpose.ADD:
            adds = seat.mode in (Mode.NORMAL, Mode.GRACEFUL_STOP)
            return slots.known and seat.state is State.HELD and adds
        case Purpose.CLOSE:
            return seat.state is State.HELD and seat.mode is not Mode.MANUAL
        case Purpose.CANCEL:
            return seat.mode is not Mode.MANUAL
    assert_never(purpose)


def chosen(slots: Slots, scores: tuple[Score, ...]) -> tuple[int, ...]:
    """Return the symbols that *scores* give a slot, if it is free: the most wanted first.

    Positions keep theirs; of equals the one that has a slot comes first, then the lower number.

    >>> seats = (Seat(), Seat(state=State.READY), Seat())
    >>> chosen(Slots(count=1, seats=seats), (Score(0, 7), Score(1, 7), Score(2, 6)))
    (1,)
    """
    held = sum(seat.state is State.HELD for seat in slots.seats)
    wanted = sorted(_wanted(slots, scores))
    return tuple(symbol for _, _, symbol in wanted[: max(0, slots.count - held)])


def _wanted(slots: Slots, scores: tuple[Score, ...]) -> Iterator[tuple[int, bool, int]]:
    """Yield the symbols that may be entered, as they sort; of two scores the first counts."""
    seen: set[int] = set()
    for each in scores:
        if each.symbol in seen or not 0 <= each.symbol < len(slots.seats):
            continue
        seen.add(each.symbol)
        seat = slots.seats[each.symbol]
        if seat.state is State.HELD or seat.mode is not Mode.NORMAL:
            continue
        outside = seat.state is State.OUT
        bonus = 0 if outside else slots.hysteresis
        yield -each.score - bonus, outside, each.symbol


def classify(seat: Seat) -> Symbol:
    """Return what the counts and the mode of *seat* amount to, in the state that it has."""
    if seat.lots > 0:
        return Symbol.OPENED
    if seat.mode is Mode.NORMAL and seat.state is not State.LEAVING:
        if seat.state is State.HELD:
            return Symbol.CLOSED
        found = seat.state is State.OUT and seat.orders > 0
        return Symbol.FOUND if found else Symbol.NO_NEWS
    if seat.state is State.OUT and not seat.orders:
        return Symbol.NO_NEWS
    return _unchosen(seat)


def _unchosen(seat: Seat) -> Symbol:
    """Return how *seat*, which is flat, has to go."""
    if not seat.orders:
        return Symbol.FREE
    return Symbol.HANDS_OFF if seat.mode is Mode.MANUAL else Symbol.BUSY


def step(slots: Slots, event: Event, spec: SlotsSpec = SLOTS) -> tuple[Slots, Emits]:
    """Return *slots* after *event*, and what must now be done with which symbol.  Total.

    >>> slots = Slots(count=1, seats=(Seat(), Seat()), known=True)
    >>> slots, _ = step(slots, Ranked((Score(0, 5), Score(1, 6))))
    >>> [seat.state.name for seat in slots.seats]
    ['OUT', 'READY']
    """
    match event:
        case Counted() | ModeSet():
            return _changed(slots, event, spec)
        case Ranked():
            return _ranked(slots, spec, event) if slots.known else (slots, ())
        case Reconciled():
            return evolve(slots, known=True), ()
        case Restarted():
            fresh = (_moved(Seat(state=s.state), Symbol.RESTARTED, spec)[0] for s in slots.seats)
            return evolve(slots, seats=tuple(fresh), known=False), ()
    assert_never(event)


def _moved(seat: Seat, symbol: Symbol, spec: SlotsSpec) -> tuple[Seat, tuple[Action, ...]]:
    """Return *seat* where *symbol* leads."""
    state, emits = spec.take(seat.state, symbol)
    return evolve(seat, state=state), emits


def _replaced(slots: Slots, symbol: int, seat: Seat) -> Slots:
    """Return *slots* with *seat* for *symbol*."""
    return evolve(slots, seats=(*slots.seats[:symbol], seat, *slots.seats[symbol + 1 :]))


def _changed(slots: Slots, event: Counted | ModeSet, spec: SlotsSpec) -> tuple[Slots, Emits]:
    """Return *slots* with what *event* tells of a symbol; one without a seat is no news."""
    symbol = event.symbol
    if not 0 <= symbol < len(slots.seats):
        return slots, ()
    told = slots.seats[symbol]
    match event:
        case ModeSet():
            told = evolve(told, mode=event.mode)
        case Counted():
            told = evolve(told, lots=abs(event.lots), orders=max(0, event.orders))
    seat, emits = _moved(told, classify(told), spec)
    return _replaced(slots, symbol, seat), tuple((symbol, action) for action in emits)


def _ranked(slots: Slots, spec: SlotsSpec, event: Ranked) -> tuple[Slots, Emits]:
    """Return *slots* after a ranking: who is not chosen goes first, then who is chosen comes."""
    best, emitted = chosen(slots, event.scores), list[tuple[int, Action]]()
    for symbol, seat in enumerate(slots.seats):
        if seat.state in (State.READY, State.LEAVING) and symbol not in best:
            moved, emits = _moved(seat, _unchosen(seat), spec)
            slots = _replaced(slots, symbol, moved)
            emitted.extend((symbol, action) for action in emits)
    for symbol in best:
        seat = slots.seats[symbol]
        if seat.state is not State.OUT or taken(slots) < slots.count:
            moved, emits = _moved(seat, Symbol.CHOSEN, spec)
            slots = _replaced(slots, symbol, moved)
            emitted.extend((symbol, action) for action in emits)
    return slots, tuple(emitted)
