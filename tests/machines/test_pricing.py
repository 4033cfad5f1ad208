"""Prices and sizes against an independent program's answers, and by laws of their own."""

from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.pricing.closes import CloseTerms, Held, closes, next_close
from machines.pricing.enforcer import cut_price, cut_qty, under_water
from machines.pricing.entries import EntryTerms, Scene, entries, next_entry
from machines.pricing.numbers import (
    LONG,
    SHORT,
    Extremes,
    Market,
    Order,
    down,
    entered,
    exposure,
    halves_away,
    least_qty,
    lots,
    near,
    ticks,
    up,
)
from machines.pricing.unstuck import UnstuckTerms, allowance, distance, unstuck
from tests.machines.pricing_cases import (
    Case,
    cases,
    close_arguments,
    cut_orders,
    entry_arguments,
    expected,
    limit,
    market,
    placed,
)

COIN = Market(qty_step=0.001, price_step=0.1, min_qty=0.001, min_cost=5.0, c_mult=1.0)
ENTRIES = EntryTerms(
    limit=1.0,
    initial_qty_pct=0.02,
    initial_ema_dist=0.01,
    grid_double_down_factor=0.8,
    grid_inflation=False,
    grid_spacing_pct=0.02,
    grid_spacing_we_weight=0.5,
    grid_spacing_volatility_weight=1.0,
    trailing_grid_ratio=0.0,
    trailing_double_down_factor=0.8,
    trailing_threshold_pct=0.01,
    trailing_threshold_we_weight=0.0,
    trailing_threshold_volatility_weight=0.0,
    trailing_retracement_pct=0.002,
    trailing_retracement_we_weight=0.0,
    trailing_retracement_volatility_weight=0.0,
)
CLOSES = CloseTerms(1.0, 0.01, 0.005, 0.2, 0.0, 0.2, 0.01, 0.002, 0.0)
QUIET = Extremes(inf, 0.0, 0.0, inf)


def of(shared: Path, *names: str) -> list[Case]:
    """Return the recorded cases of the functions *names*."""
    return [case for case in cases(shared) if case["fn"] in names]


def test_next_entries_are_those_of_the_original(shared: Path) -> None:
    """Price in ticks, quantity in lots and kind agree, long and short."""
    for case in of(shared, "calc_next_entry_long", "calc_next_entry_short"):
        side, steps, terms, scene, seen = entry_arguments(case)
        found = placed(next_entry(side, steps, terms, scene, seen), side, side, steps)
        assert found == expected(case["out"], steps), case


def test_entry_ladders_are_those_of_the_original(shared: Path) -> None:
    """Every order of every ladder agrees."""
    for case in of(shared, "calc_entries_long", "calc_entries_short"):
        side, steps, terms, scene, seen = entry_arguments(case)
        found = [
            placed(order, side, side, steps) for order in entries(side, steps, terms, scene, seen)
        ]
        assert found == [expected(order, steps) for order in case["out"]], case


def test_next_closes_are_those_of_the_original(shared: Path) -> None:
    """Price in ticks, quantity in lots and kind agree, long and short."""
    for case in of(shared, "calc_next_close_long", "calc_next_close_short"):
        side, steps, terms, held, seen = close_arguments(case)
        found = placed(next_close(side, steps, terms, held, seen), -side, side, steps)
        assert found == expected(case["out"], steps), case


def test_close_ladders_are_those_of_the_original(shared: Path) -> None:
    """Every order of every ladder agrees."""
    for case in of(shared, "calc_closes_long", "calc_closes_short"):
        side, steps, terms, held, seen = close_arguments(case)
        found = [
            placed(order, -side, side, steps) for order in closes(side, steps, terms, held, seen)
        ]
        assert found == [expected(order, steps) for order in case["out"]], case


def test_the_loss_allowance_is_that_of_the_original(shared: Path) -> None:
    """What may be lost follows from the profits."""
    for case in of(shared, "calc_auto_unstuck_allowance"):
        given_ = case["in"]
        found = allowance(
            given_["balance"],
            given_["loss_allowance_pct"],
            given_["pnl_cumsum_max"],
            given_["pnl_cumsum_last"],
        )
        assert found == pytest.approx(case["out"], rel=1e-12), case


def test_unstuck_orders_are_those_of_the_original(shared: Path) -> None:
    """The same position is chosen, and the same part of it closed at the same price."""
    for case in of(shared, "calc_unstucking_close"):
        best = min(map(stuck, [case["in"]] * 9, case["in"]["positions"]), key=lambda each: each[0])
        distant, index, name, order, steps = best
        if case["out"] is None:
            assert distant == inf, case
        else:
            side = LONG if name == "long" else SHORT
            found = placed(order, -side, side, steps)
            assert [index, name, *found] == [*case["out"][:2], *expected(case["out"][2:], steps)]


def stuck(given_: Case, position: Case) -> tuple[float, int, str, Order, Market]:
    """Return how stuck *position* is, and what would unstick it."""
    side = LONG if position["side"] == "long" else SHORT
    steps, allowed = market(position), given_[f"allowance_{position['side']}"]
    terms = UnstuckTerms(
        limit(position),
        position["unstuck_threshold"],
        position["unstuck_close_pct"],
        position["unstuck_ema_dist"],
        0.0,
    )
    size, price = abs(position["position_size"]), position["position_price"]
    touch = position["current_price"]
    band = position["ema_band_upper" if side == LONG else "ema_band_lower"]
    far = distance(side, steps, terms, given_["balance"], size, price, touch, band)
    order = unstuck(side, steps, terms, given_["balance"], size, price, touch, allowed)
    return far if allowed > 0.0 else inf, position["idx"], position["side"], order, steps


def test_cuts_are_those_of_the_original(shared: Path) -> None:
    """What brings all positions together back to their limit agrees, order for order."""
    for case in of(shared, "calc_twel_enforcer_orders"):
        side = LONG if case["in"]["side"] == "long" else SHORT
        steps = {each["idx"]: market(each) for each in case["in"]["positions"]}
        found = {
            index: placed(order, -side, side, steps[index])
            for index, order in cut_orders(case).items()
        }
        assert found == {line[0]: expected(line[1:], steps[line[0]]) for line in case["out"]}, case


def test_rounding_is_half_away_from_zero() -> None:
    """The nearest step, and no half lost to the binary fraction."""
    assert [halves_away(x) for x in (0.5, 1.5, -0.5, 0.49999999999999994)] == [1, 2, -1, 0]
    assert near(2.5, 1.0) == 3.0
    assert down(0.7, 0.1) == 0.6  # 0.7 / 0.1 is less than 7
    assert up(0.28, 0.1) == 0.3


def test_a_flat_wallet_enters_below_the_band() -> None:
    """The first entry: two hundredths of the limit, one hundredth below the lower band."""
    order = next_entry(LONG, COIN, ENTRIES, Scene(1_000.0, 0.0, 0.0, 120.0, 100.0, 0.0), QUIET)
    assert (lots(order.qty, COIN), ticks(order.price, COIN)) == (202, 990)


def test_a_grid_close_falls_as_the_position_fills() -> None:
    """A small position waits for the first price, a full one for the last."""
    small = next_close(LONG, COIN, CLOSES, Held(1_000.0, 0.1, 100.0, 90.0), QUIET)
    full = next_close(LONG, COIN, CLOSES, Held(1_000.0, 10.0, 100.0, 90.0), QUIET)
    assert (ticks(small.price, COIN), ticks(full.price, COIN)) == (1_010, 1_005)


sides = st.sampled_from([LONG, SHORT])
sizes = st.integers(0, 12_000).map(lambda n: near(n * COIN.qty_step, COIN.qty_step))
prices = st.integers(500, 2_000).map(lambda n: near(n * COIN.price_step, COIN.price_step))


@given(sides, sizes, prices, prices, prices, st.floats(0.0, 0.1))
def test_entries_never_cross_the_market_nor_pass_the_limit(  # noqa: PLR0913, PLR0917
    side: int, size: float, price: float, touch: float, band: float, volatility: float
) -> None:
    """Each order of a ladder rests, is further away than the one before, and fits the limit."""
    scene = Scene(1_000.0, size, price, touch, band, volatility)
    ladder = entries(side, COIN, ENTRIES, scene, QUIET)
    assert all(side * order.price <= side * touch for order in ladder)
    assert all(order.qty >= least_qty(COIN, order.price) for order in ladder)
    last = touch
    for order in ladder:
        assert side * order.price <= side * last
        size, price = entered(COIN, size, price, order.qty, order.price)
        last = order.price
        least = exposure(COIN, 1_000.0, least_qty(COIN, last) + COIN.qty_step, last)
        assert exposure(COIN, 1_000.0, size, price) <= ENTRIES.limit * 1.01 + least


@given(sides, sizes, prices, prices, st.floats(0.01, 1.2))
def test_closes_never_exceed_the_position(
    side: int, size: float, price: float, touch: float, pct: float
) -> None:
    """A ladder of closes sells what is held, to the last lot, and never across the market."""
    terms = CLOSES._replace(grid_qty_pct=pct)
    ladder = closes(side, COIN, terms, Held(1_000.0, size, price, touch), QUIET)
    assert sum(lots(order.qty, COIN) for order in ladder) == lots(size, COIN)
    assert all(side * order.price >= side * touch for order in ladder)


@given(sides, sizes, prices, prices, st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_a_cut_leaves_its_floor(  # noqa: PLR0913, PLR0917
    side: int, size: float, price: float, touch: float, floor: float, excess: float
) -> None:
    """An enforcer never cuts more than is held, nor below the floor, whatever is in excess."""
    qty = cut_qty(COIN, 1_000.0, size, price, floor, excess)
    assert 0 <= lots(qty, COIN) <= lots(size, COIN)
    if qty:
        assert exposure(COIN, 1_000.0, size - qty, price) >= floor - 1e-9
    assert side * cut_price(side, COIN, touch) < side * touch


def test_under_water_is_a_loss_on_either_side() -> None:
    """A long above its market is under water, and so is a short below it."""
    assert under_water(LONG, 100.0, 90.0) == pytest.approx(0.1)
    assert under_water(SHORT, 100.0, 110.0) == pytest.approx(0.1)
