"""Who may use a symbol: by example, pair by pair, and by its laws."""

from collections.abc import Callable
from itertools import product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from machines.collision import (
    BaseHolds,
    Collision,
    Cycled,
    Event,
    Holding,
    MirrorHolds,
    admits,
    step,
    well_formed,
)
from spec.collision import COLLISION, Action, State, Symbol, User
from spec.fsm import pairs
from tests.laws import laws_collision
from tests.machines.strategies import TRIED, try_law

CANCEL, CLOSE, CROSS, ALERT = Action
WANTS, REST = Cycled(wants=True), Cycled(wants=False)
BASE_GONE, MIRROR_GONE = BaseHolds(0, 0), MirrorHolds(0, 0, 0)


def after(collision: Collision, *events: Event) -> Collision:
    """Return *collision* after *events*."""
    for event in events:
        collision, _ = step(collision, event)
    return collision


def seen(collision: Collision, *events: Event) -> list[tuple[Action, ...]]:
    """Return what each of *events* asks for, one after the other."""
    found: list[tuple[Action, ...]] = []
    for event in events:
        collision, emits = step(collision, event)
        found.append(emits)
    return found


FREE = after(Collision(patience=2), REST)
MIRROR = after(FREE, MirrorHolds(0, 3, 0), MirrorHolds(3, 0, 0))
CLOSING = after(MIRROR, WANTS)
GATED = after(CLOSING, MIRROR_GONE)
RESERVED = after(GATED, WANTS)
BASE = after(RESERVED, BaseHolds(0, 2))


@pytest.mark.parametrize(("patience", "first"), [(-1, CROSS), (0, CROSS), (1, CLOSE)])
def test_so_many_closes_are_tried_at_the_touch_as_there_is_patience_for(
    patience: int, first: Action
) -> None:
    """Then they cross the spread, the first one already where there is none."""
    mirror = evolve(MIRROR, patience=patience)
    assert seen(mirror, WANTS) == [(CANCEL, first)]
    closing = after(mirror, WANTS)
    assert well_formed(closing)
    assert seen(closing, MirrorHolds(3, 0, 0), WANTS)[-1] == (CANCEL, CROSS)


def test_a_collision_from_the_close_to_the_entry() -> None:
    """The mirror is closed at once, the base enters in the cycle after it has gone."""
    assert seen(MIRROR, WANTS, MIRROR_GONE, WANTS) == [(CANCEL, CLOSE), (), ()]
    states = (MIRROR, CLOSING, GATED, RESERVED, BASE)
    names = (State.MIRROR, State.CLOSING, State.GATED, State.RESERVED, State.BASE)
    assert tuple(each.state for each in states) == names
    assert [admits(each, User.BASE) for each in states] == [False, False, False, True, True]
    assert [admits(each, User.MIRROR) for each in states] == [True, False, False, False, False]


def test_a_close_that_does_not_fill_keeps_the_gate_shut() -> None:
    """However many cycles pass: one cycle is the least, not the most."""
    later = after(CLOSING, *[WANTS] * 5)
    assert later.state is State.CLOSING
    assert not admits(later, User.BASE)


def test_an_unfilled_close_is_priced_again_then_crosses() -> None:
    """Each cycle takes it back, and what is back is closed anew at once."""
    back = MirrorHolds(3, 0, 0)
    asked = seen(CLOSING, WANTS, back, WANTS, back, WANTS, back)
    anew, crossing = (CANCEL, CLOSE), (CANCEL, CROSS)
    assert asked == [(CANCEL,), anew, (CANCEL,), crossing, (CANCEL,), crossing]


def test_without_patience_the_first_close_crosses() -> None:
    """The touch is an offer to wait."""
    hurried = evolve(MIRROR, patience=0)
    assert seen(hurried, WANTS) == [(CANCEL, CROSS)]


def test_a_refused_close_is_tried_again_at_the_next_cycle() -> None:
    """Not at once: who refuses once may refuse again."""
    refused = MirrorHolds(3, 0, 0)
    assert seen(CLOSING, refused, WANTS) == [(), (CANCEL, CLOSE)]


def test_a_close_takes_what_is_left() -> None:
    """After a part, and after orders that filled before they were canceled."""
    part = after(CLOSING, MirrorHolds(1, 0, 1), WANTS, MirrorHolds(1, 0, 0))
    assert part.mirror == Holding(lots=1, closing=1)
    grown = after(CLOSING, MirrorHolds(4, 0, 0), WANTS)
    assert grown.mirror == Holding(lots=4, closing=4)


def test_a_mirror_that_holds_nothing_yet_is_canceled_and_waited_for() -> None:
    """Its order may fill before the cancel arrives: then there is something to close."""
    opening = after(FREE, MirrorHolds(0, 3, 0))
    closing = after(opening, WANTS)
    assert seen(opening, WANTS, WANTS) == [(CANCEL,), (CANCEL,)]
    assert not admits(after(closing, WANTS), User.BASE)
    assert seen(closing, MirrorHolds(3, 0, 0), WANTS) == [(), (CANCEL, CLOSE)]


def test_what_the_overlay_reduces_by_itself_is_taken_back_first() -> None:
    """One order at a time reduces the mirror."""
    reducing = after(MIRROR, MirrorHolds(3, 0, 1))
    assert reducing.state is State.MIRROR
    assert seen(reducing, WANTS, MirrorHolds(3, 0, 0)) == [(CANCEL,), (CANCEL, CLOSE)]


def test_the_last_order_of_the_mirror_must_be_known_to_have_ended() -> None:
    """To hold nothing is not to have gone."""
    for left in (MirrorHolds(0, 1, 0), MirrorHolds(0, 0, 1)):
        assert after(CLOSING, left).state is State.CLOSING


def test_a_base_that_gives_up_leaves_the_symbol_free() -> None:
    """The close goes on; afterwards the mirror may come back, and nothing is gated."""
    gave_up = after(CLOSING, REST)
    assert gave_up.state is State.CLOSING
    assert seen(CLOSING, REST, MirrorHolds(3, 0, 0)) == [(CANCEL,), (CANCEL, CLOSE)]
    assert after(gave_up, MIRROR_GONE).state is State.FREE
    assert after(GATED, REST).state is State.FREE
    assert after(RESERVED, REST).state is State.FREE


def test_nothing_is_gated_where_nothing_collides() -> None:
    """The base takes a symbol that nobody uses in the cycle in which it wants it."""
    assert after(FREE, WANTS).state is State.RESERVED


def test_the_base_keeps_what_its_orders_could_open() -> None:
    """The other direction: no mirror while an entry works, is being canceled, or has filled."""
    for held in (BaseHolds(0, 2), BaseHolds(1, 1), BaseHolds(2, 0)):
        unwanted = after(BASE, held, REST)
        assert unwanted.state is State.BASE
        assert not admits(unwanted, User.MIRROR)
        assert admits(unwanted, User.BASE)


def test_a_base_that_vanishes_leaves_the_symbol_to_who_wants_it() -> None:
    """Closed, liquidated or never filled: the base may come back where it still wants to."""
    assert after(BASE, BASE_GONE).state is State.RESERVED
    assert after(BASE, REST, BASE_GONE).state is State.FREE


def test_reports_without_news_open_no_gate() -> None:
    """Only a cycle does."""
    for collision in (Collision(), GATED, FREE, RESERVED):
        assert after(collision, BASE_GONE, MIRROR_GONE).state is collision.state


def test_a_start_waits_for_a_cycle_unless_the_base_holds_the_symbol() -> None:
    """What the base wants is not known before."""
    found = after(Collision(), MirrorHolds(3, 0, 0))
    assert found.state is State.GATED
    assert after(found, REST).state is State.MIRROR
    assert seen(found, WANTS) == [(CANCEL, CLOSE)]
    assert after(Collision(), BaseHolds(2, 0)).state is State.BASE
    assert not any(admits(Collision(), user) for user in User)


@pytest.mark.parametrize(
    ("where", "event"),
    [
        (BASE, MirrorHolds(0, 1, 0)),
        (MIRROR, BaseHolds(1, 0)),
        (FREE, MirrorHolds(-1, 0, 0)),
        (FREE, BaseHolds(0, -1)),
        (RESERVED, MirrorHolds(2, 0, 0)),
        (FREE, BaseHolds(2, 0)),
    ],
)
def test_what_did_not_ask_calls_a_person(where: Collision, event: Event) -> None:
    """Nobody may open until it is gone, and all that could open the mirror further is canceled."""
    odd, emits = step(where, event)
    assert (odd.state, emits) == (State.CLOSING, (CANCEL, ALERT))
    assert not any(admits(odd, user) for user in User)


def test_the_base_goes_on_once_a_trespasser_has_gone() -> None:
    """A person, or the cancel, has sorted out who holds what."""
    assert after(BASE, MirrorHolds(0, 1, 0), MIRROR_GONE).state is State.BASE


def test_in_hedge_mode_nothing_collides() -> None:
    """Both may open at any time, and nothing is closed."""
    hedge = Collision(hedge_mode=True)
    events = (WANTS, MirrorHolds(2, 1, 0), BaseHolds(3, 1), WANTS, MIRROR_GONE)
    assert seen(hedge, *events) == [()] * len(events)
    assert all(admits(after(hedge, *events[:n]), user) for n in range(6) for user in User)


@pytest.mark.parametrize("state", State)
def test_the_gate(state: State) -> None:
    """State by state: never both."""
    collision = Collision(state=state)
    base, mirror = (admits(collision, user) for user in User)
    assert base is (state in (State.BASE, State.RESERVED))
    assert mirror is (state in (State.FREE, State.MIRROR))


@pytest.mark.parametrize(("state", "symbol"), pairs(COLLISION))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row closes the mirror and calls a person."""
    row = COLLISION.row(state, symbol)
    expected = (State.CLOSING, (CANCEL, ALERT)) if row is None else (row.target, row.emits)
    assert COLLISION.take(state, symbol) == expected


def test_the_gate_is_left_by_a_cycle_or_a_base_that_is_in() -> None:
    """GATED leads to RESERVED by one row, and nothing else leads from CLOSING to an entry."""
    rows = [row for row in COLLISION.rows if row.target is State.RESERVED is not row.source]
    assert list(map(str, rows)) == [
        "FREE + WANTED -> RESERVED",
        "BASE + WANTED -> RESERVED",
        "GATED + WANTED -> RESERVED",
    ]


LOTS = st.integers(0, 2)
ANY_LOTS = st.integers(-1, 2)


def events(lots: SearchStrategy[int] = ANY_LOTS) -> SearchStrategy[Event]:
    """Return what a collision may be told, sensible or not as *lots* are."""
    cycles = st.sampled_from((WANTS, REST))
    return cycles | st.builds(BaseHolds, lots, lots) | st.builds(MirrorHolds, lots, lots, lots)


@st.composite
def collisions(draw: DrawFn) -> Collision:
    """Draw a collision by what it was told: some of it makes sense."""
    start = Collision(hedge_mode=draw(st.integers(0, 9)) == 0, patience=draw(st.integers(0, 2)))
    nothing = st.sampled_from((BASE_GONE, MIRROR_GONE))
    kinds: SearchStrategy[Event] = st.one_of(events(LOTS), nothing, events())
    told = draw(st.lists(kinds, max_size=6))
    drawn = after(start, *told)
    assert well_formed(drawn)
    return drawn


TRUTHS = st.builds(laws_collision.Truth, ANY_LOTS, ANY_LOTS)


@pytest.mark.parametrize(
    "law",
    [
        laws_collision.step_keeps_collisions_well_formed,
        laws_collision.what_nobody_asked_for_is_told,
    ],
)
@TRIED
@given(collisions(), events())
def test_laws(law: Callable[..., None], collision: Collision, event: Event) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    try_law(law, collision, event)


@TRIED
@given(collisions())
def test_one_of_them_is_admitted(collision: Collision) -> None:
    """COL-1, COL-4: never both."""
    try_law(laws_collision.one_of_them_is_admitted, collision)


@TRIED
@given(collisions(), TRUTHS)
def test_what_is_known_keeps_them_apart(collision: Collision, truth: laws_collision.Truth) -> None:
    """COL-1: of what is there, whatever is on the wire."""
    try_law(laws_collision.what_is_known_keeps_them_apart, collision, truth)


@pytest.mark.parametrize(("where", "wants"), list(product((GATED, CLOSING, MIRROR), (False, True))))
def test_waits_last_a_cycle(where: Collision, wants: bool) -> None:  # noqa: FBT001
    """COL-2: no report lets the base in, and no cycle that begins with a mirror."""
    for lots, opening in product(range(3), repeat=2):
        for event in (MirrorHolds(lots, opening, 0), MirrorHolds(lots, 0, opening)):
            laws_collision.a_report_lets_nobody_in(where, event)
    if where is not GATED:
        laws_collision.a_cycle_lets_in_once_the_mirror_has_gone(where, wants)


@TRIED
@given(LOTS, LOTS, events())
def test_closing_goes_on(lots: int, opening: int, event: Event) -> None:
    """COL-3, COL-4: tried in each cycle, and left only once the mirror has gone."""
    told = after(CLOSING, MirrorHolds(lots, opening, 0))
    if told.state is State.CLOSING:
        laws_collision.closing_ends_once_the_mirror_has_gone(told, event)
        laws_collision.a_close_is_tried_as_a_cycle_begins(told)
    recalled = after(CLOSING, WANTS)
    laws_collision.a_recalled_close_is_tried_again_at_once(recalled, lots + 1, opening)


@TRIED
@given(st.integers(1, 3))
def test_who_is_admitted_meets_nobody(qty: int) -> None:
    """COL-1: an order that is handed over counts before it leaves."""
    for entering in (RESERVED, BASE):
        truth = laws_collision.Truth(entering.base.opening, 0)
        laws_collision.an_admitted_entry_meets_no_mirror(entering, qty, truth)
    for mirroring in (FREE, MIRROR):
        truth = laws_collision.Truth(0, mirroring.mirror.lots)
        laws_collision.an_admitted_mirror_meets_no_base(mirroring, qty, truth)


@TRIED
@given(events())
def test_hedge_mode_is_free_for_both(event: Event) -> None:
    """COL-6: whatever is told."""
    laws_collision.in_hedge_mode_nothing_collides(Collision(hedge_mode=True), event)
