"""Unstucking by example, pair by pair, and by its laws."""

from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from machines.messages import Restarted
from machines.pricing.numbers import LONG, SHORT, least_qty
from machines.pricing.unstuck import UnstuckTerms, distance, unstuck
from machines.unstuck import (
    WITH_ORDER,
    Candidate,
    Event,
    Reported,
    Restored,
    Surveyed,
    Unstuck,
    closest,
    sized,
    step,
    well_formed,
)
from spec.fsm import pairs
from spec.unstuck import UNSTUCK, Action, State, Symbol
from tests.laws import laws_unstuck
from tests.machines.pricing_cases import Case, cases, limit, market
from tests.machines.strategies import TRIED, try_law

NEAR = Candidate(
    position=4, distance=10, price_ticks=90, size=9, qty=5, min_qty=2, loss=10, budget=100
)
FAR = evolve(NEAR, position=2, distance=20, price_ticks=70, loss=30)
IDLE = Unstuck(state=State.IDLE)


def after(unstuck: Unstuck, *events: Event) -> Unstuck:
    """Return *unstuck* after *events*."""
    for event in events:
        unstuck, _ = step(unstuck, event)
    return unstuck


def survey(*candidates: Candidate, lost: int = 0, budget: int | None = None) -> Surveyed:
    """Return a survey that finds *candidates*, all with *budget* if there is one."""
    if budget is not None:
        candidates = tuple(evolve(each, budget=budget) for each in candidates)
    return Surveyed(lost, candidates)


WORKING = after(IDLE, survey(FAR, NEAR))
CANCELING = after(WORKING, survey(FAR, NEAR, budget=0))


def test_the_position_closest_to_break_even_is_reduced() -> None:
    """Whatever the order in which positions are found."""
    placed, emits = step(IDLE, survey(NEAR, FAR))
    assert placed == WORKING
    assert emits == (Action.PLACE,)
    assert (placed.position, placed.price_ticks, placed.qty) == (4, 90, 5)


def test_of_equals_the_first_by_number_is_reduced() -> None:
    """A position without lots is none, nor is one whose side has no budget left."""
    even = evolve(FAR, distance=10)
    assert closest((NEAR, even)) == closest((even, NEAR)) == even
    assert closest((evolve(even, size=0), NEAR)) == NEAR
    assert closest((evolve(even, budget=0), NEAR)) == NEAR
    assert closest((evolve(even, budget=20), NEAR), spent=20) == NEAR
    assert after(IDLE, survey()) == IDLE


@pytest.mark.parametrize(
    ("budget", "qty"), [(1_000, 5), (50, 5), (49, 4), (25, 2), (19, 2), (1, 2), (0, 0), (-5, 0)]
)
def test_the_budget_bounds_the_loss_but_for_a_minimum_order(budget: int, qty: int) -> None:
    """Exceeded by less than a minimum order loses, and by nothing once it is used up."""
    assert sized(evolve(NEAR, budget=budget)) == qty
    assert sized(NEAR, NEAR.budget - budget) == qty


def test_no_more_is_closed_than_there_is() -> None:
    """Not even a minimum order; what wins costs no budget."""
    assert sized(evolve(NEAR, size=3)) == 3
    assert sized(evolve(NEAR, size=1, budget=1)) == 1
    assert sized(evolve(NEAR, loss=-3, budget=1)) == 5


def test_nothing_is_ordered_where_the_budget_is_less_than_a_lot_loses() -> None:
    """Unless a venue has a least order: without one there is nothing to send."""
    dear = evolve(NEAR, min_qty=0, loss=101)
    assert sized(dear) == 0
    assert step(IDLE, survey(dear)) == (IDLE, ())


def test_a_report_that_has_filled_all_ends_the_order() -> None:
    """Also where it does not say that it is over; one that tells of no more lots is no news."""
    assert after(WORKING, Reported(1, 5, 50, closed=False)).state is State.IDLE
    part = after(WORKING, Reported(1, 2, 20, closed=False))
    assert step(part, Reported(1, 2, 30, closed=False)) == (part, ())


def test_an_order_is_left_alone_while_it_is_called_for() -> None:
    """Also after a part, whose loss the budget does not contain yet."""
    assert step(WORKING, survey(NEAR, budget=50)) == (WORKING, ())
    part = after(WORKING, Reported(1, 2, 20, closed=False))
    assert step(part, survey(evolve(NEAR, size=7), budget=50)) == (part, ())


@pytest.mark.parametrize(
    "found",
    [
        survey(NEAR, budget=0),
        survey(NEAR, budget=49),
        survey(evolve(NEAR, price_ticks=89)),
        survey(NEAR, evolve(FAR, distance=9)),
        survey(evolve(NEAR, size=4)),
        survey(),
    ],
    ids=["no budget", "less budget", "another price", "another position", "less to close", "none"],
)
def test_an_order_that_is_not_called_for_goes(found: Surveyed) -> None:
    """The next one waits until it is over."""
    canceling, emits = step(WORKING, found)
    assert (canceling.state, emits) == (State.CANCELING, (Action.CANCEL,))
    assert step(canceling, survey(FAR)) == (canceling, ())
    free = after(canceling, Reported(1, 0, 0, closed=True))
    assert after(free, survey(FAR)).order == 2


def test_a_budget_contains_losses_that_are_named() -> None:
    """What has filled since is not spent twice, what it contains already counts once."""
    lost = after(WORKING, Reported(1, 5, 50, closed=True))
    assert (lost.state, lost.lost) == (State.IDLE, 50)
    assert step(lost, survey(NEAR, budget=50)) == (lost, ())
    assert after(lost, survey(NEAR, budget=100)).qty == 5
    assert after(lost, survey(NEAR, budget=20, lost=50)).qty == 2
    assert step(WORKING, survey(NEAR, budget=30, lost=20)) == (WORKING, ())


def test_a_cancel_that_is_too_late_counts_what_was_lost() -> None:
    """Reports carry totals: the last one says all."""
    filled = after(CANCELING, Reported(1, 2, 20, closed=False), Reported(1, 5, 50, closed=True))
    assert (filled.state, filled.lost, filled.qty) == (State.IDLE, 50, 0)


def test_reports_that_say_nothing_new_change_nothing() -> None:
    """Of another order, of fewer lots, of an order that is over."""
    part = after(WORKING, Reported(1, 2, 20, closed=False))
    for stale in (Reported(1, 2, 20, closed=False), Reported(7, 5, 50, closed=True)):
        assert step(part, stale) == (part, ())
    assert step(IDLE, Reported(0, 5, 50, closed=True)) == (IDLE, ())


def test_a_restart_waits_for_what_is_open() -> None:
    """Then goes on with it, or with none."""
    lost, emits = step(WORKING, Restarted())
    assert (lost.state, emits) == (State.RESTORING, (Action.RESTORE,))
    assert step(lost, survey(NEAR)) == (lost, ())
    found = Restored(order=1, lost=0, open=True, position=4, price_ticks=90, qty=5)
    assert after(lost, found) == WORKING
    assert after(lost, Restored(order=1, lost=50)) == evolve(IDLE, order=1, lost=50)
    assert after(lost, evolve(found, cum_qty=5)).state is State.IDLE
    assert step(WORKING, found) == (WORKING, ())


@pytest.mark.parametrize(("state", "symbol"), pairs(UNSTUCK))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row changes nothing and asks for nothing."""
    row = UNSTUCK.row(state, symbol)
    expected = (state, ()) if row is None else (row.target, row.emits)
    assert UNSTUCK.take(state, symbol) == expected


def test_orders_are_placed_from_idle_only() -> None:
    """One at a time: no row places another where one may be open."""
    places = [row for row in UNSTUCK.rows if Action.PLACE in row.emits]
    assert [str(row) for row in places] == ["IDLE + CALLED -> WORKING"]


SMALL = st.integers(0, 4)
MONEY = st.integers(-4, 12)


@st.composite
def unstucks(draw: DrawFn) -> Unstuck:
    """Draw an unstucking that is well formed."""
    state, order = draw(st.sampled_from(State)), draw(SMALL)
    if state not in WITH_ORDER:
        return Unstuck(state=state, order=order, lost=draw(SMALL))
    loss, cum_qty = draw(SMALL), draw(SMALL)
    return Unstuck(
        state=state,
        order=order,
        position=draw(SMALL),
        price_ticks=draw(SMALL),
        qty=cum_qty + 1 + draw(SMALL),
        cum_qty=cum_qty,
        loss=loss,
        lost=loss + draw(SMALL),
    )


def candidates() -> SearchStrategy[Candidate]:
    """Return stuck positions."""
    return st.builds(
        Candidate,
        position=SMALL,
        distance=st.integers(-1, 2),
        price_ticks=SMALL,
        size=SMALL,
        qty=SMALL,
        min_qty=st.integers(1, 3),
        loss=st.integers(-1, 4),
        budget=MONEY,
    )


def reports() -> SearchStrategy[Reported]:
    """Return reports, sensible or not."""
    return st.builds(Reported, SMALL, st.integers(-1, 9), MONEY, st.booleans())


def restored() -> SearchStrategy[Restored]:
    """Return what journal and venue agree on, sensible or not."""
    return st.builds(
        Restored,
        order=SMALL,
        lost=MONEY,
        open=st.booleans(),
        position=SMALL,
        price_ticks=SMALL,
        qty=SMALL,
        cum_qty=st.integers(-1, 4),
        loss=MONEY,
    )


@TRIED
@given(unstucks(), reports() | restored() | st.just(Restarted()))
def test_news(unstuck: Unstuck, news: laws_unstuck.News) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    assert well_formed(unstuck)
    try_law(laws_unstuck.news_keep_unstuck_well_formed, unstuck, news)


@TRIED
@given(unstucks(), reports())
def test_losses(unstuck: Unstuck, report: Reported) -> None:
    """Totals count once."""
    try_law(laws_unstuck.losses_are_counted_once, unstuck, report)


@pytest.mark.parametrize(
    "law",
    [
        laws_unstuck.surveys_keep_unstuck_well_formed,
        laws_unstuck.an_order_fits_or_is_minimal,
        laws_unstuck.one_order_at_a_time,
    ],
    ids=["well formed", "fits", "one at a time"],
)
@TRIED
@given(st.tuples(unstucks(), MONEY, candidates(), candidates()))
def test_surveys(law: Callable[..., None], drawn: tuple[object, ...]) -> None:
    """UNS-1, UNS-2, UNS-3 and UNS-6 on a few numbers."""
    try_law(law, *drawn)


@TRIED
@given(unstucks(), MONEY, candidates())
def test_the_rest(unstuck: Unstuck, money: int, one: Candidate) -> None:
    """A restart, and UNS-2.2."""
    try_law(laws_unstuck.a_restart_waits_for_what_is_open, unstuck, money, one)
    try_law(laws_unstuck.the_excess_is_less_than_a_minimum_order, one, money)


FINE = 10**12  # the other program's money and distances are no whole numbers


def candidate(case: Case, position: Case) -> Candidate | None:
    """Return *position* as a survey tells of it, None if it is not stuck."""
    side = LONG if position["side"] == "long" else SHORT
    steps, balance = market(position), case["balance"]
    names = ("unstuck_threshold", "unstuck_close_pct", "unstuck_ema_dist")
    terms = UnstuckTerms._make((limit(position), *(position[name] for name in names), 0.0))
    size, price = abs(position["position_size"]), position["position_price"]
    touch = position["current_price"]
    band = position["ema_band_upper" if side == LONG else "ema_band_lower"]
    far = distance(side, steps, terms, balance, size, price, touch, band)
    if far == inf:
        return None
    whole = unstuck(side, steps, terms, balance, size, price, touch, inf)
    return Candidate(
        position=position["idx"],
        distance=round(far * FINE),
        price_ticks=round(touch / steps.price_step),
        size=round(size / steps.qty_step),
        qty=round(whole.qty / steps.qty_step),
        min_qty=round(least_qty(steps, touch) / steps.qty_step),
        loss=round(side * (price - touch) * steps.qty_step * steps.c_mult * FINE),
        budget=round(case[f"allowance_{position['side']}"] * FINE),
    )


def test_another_program_reduces_the_same_position_by_as_much(shared: Path) -> None:
    """Which position, and how many lots at what price, by the answers of its own core."""
    placed = 0
    for case in cases(shared):
        if case["fn"] != "calc_unstucking_close":
            continue
        found = (candidate(case["in"], each) for each in case["in"]["positions"])
        survey_ = Surveyed(0, tuple(each for each in found if each is not None))
        ours, emits = step(IDLE, survey_)
        assert bool(emits) is (case["out"] is not None)
        if emits:
            index, _, qty, price, _ = case["out"]
            steps = market(next(p for p in case["in"]["positions"] if p["idx"] == index))
            expected = (index, round(abs(qty) / steps.qty_step), round(price / steps.price_step))
            assert (ours.position, ours.qty, ours.price_ticks) == expected, case
            placed += 1
    assert placed == 98
