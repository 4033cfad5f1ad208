"""Averages, extremes, ranking, gates and reaches: by example, and by laws of their own."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.pricing.closes import REDUCED, CloseTerms, Held, closes, next_close
from machines.pricing.ema import HOUR_MS, alpha, band_block, hourly, spans_between
from machines.pricing.entries import GRID, EntryTerms, Scene, next_entry
from machines.pricing.extremes import forgotten, seen
from machines.pricing.forager import choose, first_by_distance, readiness
from machines.pricing.gates import (
    gate_entries,
    gate_touching,
    total_exposure,
    trim_closes,
    without_losses,
)
from machines.pricing.kinds import Kind
from machines.pricing.numbers import (
    LADDER,
    LONG,
    SHORT,
    Extremes,
    Records,
    entered,
    least_qty,
    lots,
    near,
)
from machines.pricing.reach import close_reach, entry_reach, initial_reach, partial_below
from tests.machines.test_pricing import CLOSES, COIN, ENTRIES, QUIET

VOLUMES, RANGES = np.array([5.0, 4.0, 3.0, 2.0, 1.0]), np.array([1.0, 1.0, 2.0, 9.0, 9.0])
DISTANCES = np.array([0.5, 0.1, 0.5, 0.5, 0.5])
FINE = COIN._replace(price_step=1e-6, qty_step=1e-6, min_qty=1e-6)  # rounding hides nothing
STEEP = ENTRIES._replace(grid_spacing_we_weight=5.0, trailing_threshold_we_weight=5.0)
MARKETS = np.array([tuple(COIN)] * 3)
sides = st.sampled_from([LONG, SHORT])
sizes = st.integers(0, 12_000).map(lambda n: near(n * COIN.qty_step, COIN.qty_step))
prices = st.integers(500, 2_000).map(lambda n: near(n * COIN.price_step, COIN.price_step))
ratios = st.sampled_from([-1.0, -0.6, 0.0, 0.4, 1.0])


def ladder_of(*orders: tuple[float, float, int]) -> Records:
    """Return a ladder that starts with *orders* and has places left."""
    ladder = np.zeros(8, LADDER)
    for i, order in enumerate(orders):
        ladder[i] = order
    return ladder


def test_an_average_weighs_the_newest_value_by_its_span() -> None:
    """Two over the span and one, never more than one; the middle span is the geometric mean."""
    assert alpha(3.0) == 0.5
    assert alpha(0.5) == 1.0
    assert spans_between(400.0, 100.0) == (100.0, 200.0, 400.0)


def test_a_band_is_the_same_in_one_block_as_in_two() -> None:
    """Its edges are the least and the greatest of three averages; missing bars move none."""
    bars = np.full((9, 2, 4), 100.0)
    bars[:, 0, 2] = np.arange(9) + 100.0
    bars[4:, 1] = np.nan
    weights = np.array([[0.5, 0.2, 0.1], [0.3, 0.3, 0.3]])
    whole, parts = np.zeros((9, 2, 2)), np.zeros((9, 2, 2))
    band_block(bars, 0, 9, weights, np.full((2, 3), 100.0), whole)
    state = np.full((2, 3), 100.0)
    band_block(bars, 0, 4, weights, state, parts[:4])
    band_block(bars, 4, 9, weights, state, parts[4:])
    assert (whole == parts).all()
    assert whole[1, 0] == pytest.approx([100.1, 100.5])
    assert (whole[:, 1] == 100.0).all()


def test_an_hour_counts_when_it_is_over() -> None:
    """The average of log ranges changes with the hour, by the whole hour before."""
    bars = np.full((180, 1, 4), 100.0)
    bars[70, 0, :2] = 110.0, 90.0
    found = hourly(bars, HOUR_MS, 60_000, np.array([[0.5], [1.0]]))
    assert found[:, :, 0].tolist() == [[0.0, 0.0, 0.5 * log(110 / 90)], [0.0, 0.0, log(110 / 90)]]


def test_the_way_back_starts_at_a_new_extreme() -> None:
    """A new low forgets the bounce, another bar can only raise it; highs are the mirror image."""
    first = seen(forgotten(), 105.0, 95.0, 100.0)
    assert first == Extremes(95.0, 100.0, 105.0, 100.0)
    assert seen(first, 104.0, 96.0, 97.0) == Extremes(95.0, 104.0, 105.0, 96.0)
    assert seen(first, 104.0, 94.0, 97.0) == Extremes(94.0, 97.0, 105.0, 94.0)


def chosen(slots: int, drop: float, weights: tuple[float, float, float], *forced: int) -> list[int]:
    """Return which of five coins, all free, get *slots*."""
    first, taken, kept = np.zeros((3, 5), np.bool_)
    first[[*forced]] = True
    may, scores = np.ones(5, np.bool_), np.zeros(5)
    choose(slots, drop, weights, VOLUMES, RANGES, DISTANCES, may, first, taken, kept, scores)
    return [int(coin) for coin in np.flatnonzero(taken)]


def test_slots_go_to_what_moves_most_among_what_is_traded_most() -> None:
    """The least traded are dropped first; equal scores go to the first coin; no weights: volume."""
    assert chosen(2, 0.4, (0.0, 1.0, 0.0)) == [0, 2]
    assert chosen(2, 0.0, (0.0, 1.0, 0.0)) == [3, 4]
    assert chosen(1, 0.0, (0.0, 0.0, 1.0)) == [1]
    assert chosen(3, 0.0, (0.0, 0.0, 0.0)) == [0, 1, 2]
    assert chosen(5, 0.9, (0.0, 1.0, 0.0)) == [0, 1, 2, 3, 4]


def test_forced_coins_come_first_whatever_they_score() -> None:
    """The others get the slots that are left, if any is."""
    assert chosen(2, 0.0, (0.0, 1.0, 0.0), 0) == [0, 3]
    assert chosen(1, 0.0, (0.0, 1.0, 0.0), 0, 1) == [0]
    assert chosen(2, 0.0, (0.0, 1.0, 0.0), 0, 1) == [0, 1]
    assert chosen(5, 0.9, (0.0, 1.0, 0.0), 2) == [0, 1, 2, 3, 4]


def test_a_coin_is_entered_on_the_side_whose_band_is_nearer() -> None:
    """One way only: the side with the shorter way to its first entry; equal is long."""
    assert first_by_distance(100.0, 99.0, 105.0, 0.0, 0.0)
    assert not first_by_distance(100.0, 95.0, 101.0, 0.0, 0.0)
    assert first_by_distance(100.0, 99.0, 101.0, 0.0, 0.0)
    assert readiness(LONG, 100.0, 100.0, 0.0) == readiness(SHORT, 100.0, 100.0, 0.0) == 0.0


def test_what_would_remain_is_closed_by_the_furthest() -> None:
    """Nothing too small to close is left behind, and nothing too small is placed."""
    ladder = ladder_of((0.06, 101.0, 8), (0.001, 100.5, 8), (0.06, 100.0, 10))
    assert trim_closes(LONG, COIN, 0.16, 100.0, ladder, 3) == 2
    assert [tuple(line) for line in ladder[:2]] == [(0.06, 100.0, 10), (0.1, 101.0, 8)]
    assert trim_closes(LONG, COIN, 0.01, 100.0, ladder_of((0.06, 101.0, 8)), 1) == 1


@given(sides, sizes, prices, st.lists(st.tuples(sizes, prices), max_size=6))
def test_closes_are_trimmed_to_the_position(
    side: int, size: float, touch: float, orders: list[tuple[float, float]]
) -> None:
    """What remains is sorted, fits the position, and each order can be placed or closes it all."""
    ladder = ladder_of(*((qty, price, int(Kind.CLOSE_GRID)) for qty, price in orders))
    left = ladder[: trim_closes(side, COIN, size, touch, ladder, len(orders))]
    assert sum(lots(float(qty), COIN) for qty in left["qty"]) <= lots(size, COIN)
    assert sorted(left["price"] * side) == list(left["price"] * side)
    assert all(qty >= min(size, least_qty(COIN, touch)) - 1e-9 for qty in left["qty"])


def test_closes_that_lose_too_much_are_dropped() -> None:
    """A loss may take the balance down to its floor, no further; a panic is never dropped."""
    ladder = ladder_of((1.0, 90.0, 8), (1.0, 99.0, 8), (1.0, 80.0, int(Kind.CLOSE_PANIC)))
    assert without_losses(LONG, COIN, 100.0, 1_000.0, 995.0, ladder, 3) == 2
    assert list(ladder["price"][:2]) == [99.0, 80.0]


positions = st.tuples(*[st.tuples(st.sampled_from([0.0, 0.1, 1.0, 3.0]), prices)] * 3)
ladders = st.tuples(*[st.lists(st.tuples(sizes, st.integers(0, 9)), max_size=2)] * 3)


@given(sides, positions, ladders, st.floats(0.5, 3.0))
def test_entries_that_pass_the_gate_fit_the_limit(
    side: int,
    held: tuple[tuple[float, float], ...],
    orders: tuple[list[tuple[float, int]], ...],
    limit: float,
) -> None:
    """If all that remains fills, the exposure is below the limit, or nothing remains."""
    size, price = np.array(held).T.copy()
    table, counts = np.zeros((3, 8), LADDER), np.zeros(3, np.int64)
    for coin, ladder in enumerate(orders):
        counts[coin] = len(ladder)
        for i, (qty, away) in enumerate(sorted(ladder, key=lambda order: order[1])):
            table[coin, i] = qty, 100.0 - side * away, int(Kind.ENTRY_GRID_NORMAL)
    gate_entries(side, MARKETS, 1_000.0, limit, size, price, np.full(3, 100.0), table, counts)
    for coin in range(3):
        for order in table[coin, : counts[coin]]:
            size[coin], price[coin] = entered(
                COIN, size[coin], price[coin], float(order["qty"]), float(order["price"])
            )
    assert not counts.any() or total_exposure(MARKETS, 1_000.0, size, price) < limit


@given(sides, positions, st.tuples(*[st.tuples(sizes, st.booleans())] * 3), st.floats(0.5, 3.0))
def test_the_gate_needs_only_the_nearest_entries_where_those_reach_the_limit(
    side: int,
    held: tuple[tuple[float, float], ...],
    orders: tuple[tuple[float, bool], ...],
    limit: float,
) -> None:
    """Both gates agree: coin by coin at the touch, and with all entries known."""
    size, price = np.array(held).T.copy()
    touches, balance = np.full(3, 100.0), 1_000.0
    now = total_exposure(MARKETS, balance, size, price)
    if now >= limit - 1e-9:
        return
    table, counts = np.zeros((3, 8), LADDER), np.ones(3, np.int64)
    for coin, (qty, at_touch) in enumerate(orders):
        price_at = 100.0 if at_touch else 100.0 - side
        table[coin, 0] = max(qty, 0.06), price_at, int(Kind.ENTRY_GRID_NORMAL)
    full, full_counts = table.copy(), counts.copy()
    gate_entries(side, MARKETS, balance, limit, size, price, touches, full, full_counts)
    for coin in (2, 1, 0):
        now = gate_touching(MARKETS, balance, limit, now, size, price, touches, table, counts, coin)
        if now >= limit - 1e-12:
            break
    else:
        gate_entries(side, MARKETS, balance, limit, size, price, touches, table, counts)
    assert counts.tolist() == full_counts.tolist()
    assert all((table[c, : counts[c]] == full[c, : counts[c]]).all() for c in range(3))


spans = st.floats(0.99, 1.01)  # how the balance may change before a reach is computed again


@given(sides, sizes, prices, prices, prices, st.floats(0.0, 0.1), ratios, spans)
def test_no_entry_passes_its_reach(  # noqa: PLR0913, PLR0917
    side: int,
    size: float,
    price: float,
    touch: float,
    band: float,
    volatility: float,
    ratio: float,
    drift: float,
) -> None:
    """A re-entry of the grid is within its level; a first entry comes only where it may."""
    terms = STEEP._replace(trailing_grid_ratio=ratio)
    if size == 0.0:
        order = next_entry(side, FINE, terms, Scene(1e3, 0.0, 0.0, touch, band, 0.0), QUIET)
        assert side * order.price <= initial_reach(side, touch, band, terms.initial_ema_dist)
        return
    known = Scene(1_000.0, size / 4.0, price, price, band, volatility)
    into = entry_reach(side, FINE, terms, known)
    order = next_entry(side, FINE, terms, known._replace(balance=1_000.0 * drift), QUIET)
    if order.kind == GRID:
        assert side * order.price <= into.level
    elif order.qty and order.kind in {Kind.ENTRY_INITIAL_NORMAL, Kind.ENTRY_INITIAL_PARTIAL}:
        assert order.price < partial_below(FINE, terms, 1_000.0, known.size)


turns = st.tuples(prices, prices, prices).map(
    lambda bar: seen(seen(forgotten(), 100.1, 99.9, 100.0), max(bar), min(bar), sorted(bar)[1])
)


@given(sides, sizes, prices, prices, turns, ratios, spans)
def test_no_trailing_order_comes_before_its_turn(  # noqa: PLR0913, PLR0917
    side: int,
    size: float,
    price: float,
    touch: float,
    extremes: Extremes,
    ratio: float,
    drift: float,
) -> None:
    """A trailing entry is planned only where its reach says that it trails, and has fallen."""
    if size == 0.0:
        return
    terms = STEEP._replace(trailing_grid_ratio=ratio)
    scene = Scene(1_000.0, size, price, touch, touch, 0.0)
    into = entry_reach(side, FINE, terms, scene)
    order = next_entry(side, FINE, terms, scene._replace(balance=1_000.0 * drift), extremes)
    if order.qty and order.kind == Kind.ENTRY_TRAILING_NORMAL:
        worst = extremes.min_since_open if side == LONG else extremes.max_since_open
        assert into.trails
        assert side * worst < side * into.fall


@given(sides, sizes, prices, prices, ratios, spans)
def test_no_close_passes_its_reach(  # noqa: PLR0913, PLR0917
    side: int, size: float, price: float, touch: float, ratio: float, drift: float
) -> None:
    """A close that reduces nothing is beyond its level; so are all those of its ladder."""
    if size == 0.0:
        return
    terms: CloseTerms = CLOSES._replace(trailing_grid_ratio=ratio)
    known, now = (Held(balance, size, price, touch) for balance in (1_000.0, 1_000.0 * drift))
    first, whole = (close_reach(side, FINE, terms, known, ladder) for ladder in (False, True))
    order = next_close(side, FINE, terms, now, QUIET)
    if order.qty and order.kind != REDUCED:
        assert side * order.price >= first.level
    for each in closes(side, FINE, terms, now, QUIET):
        assert each.kind == REDUCED or side * each.price >= whole.level


def test_a_reach_is_not_wider_than_it_must_be() -> None:
    """For a position a tenth full it is within two steps of the next orders."""
    terms: EntryTerms = ENTRIES
    scene = Scene(1_000.0, 1.0, 100.0, 100.0, 100.0, 0.0)
    entry = next_entry(LONG, COIN, terms, scene, QUIET)
    assert entry_reach(LONG, COIN, terms, scene).level == pytest.approx(entry.price, abs=0.2)
    held = Held(1_000.0, 1.0, 100.0, 100.0)
    close = next_close(LONG, COIN, CLOSES, held, QUIET)
    assert close_reach(LONG, COIN, CLOSES, held, ladder=False).level == pytest.approx(
        close.price, abs=0.2
    )
