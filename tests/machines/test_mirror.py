"""The mirror overlay by example: settings, orders, limits and errors; and pair by pair."""

from itertools import permutations
from typing import Any

import pytest
from attrs import evolve

from machines.mirror import (
    Cancel,
    Failed,
    Limited,
    Overlay,
    Place,
    Resumed,
    Stopped,
    Withdraw,
    decide,
    run,
    step,
)
from machines.mirror_allocation import blocks, limits, lots_off
from machines.mirror_inputs import Base, Block, Cycle, Entry, Order, band_of, cap_of, max_positions
from machines.mirror_ranking import borda, gate_passes, of_market, to_reduce
from spec.fsm import pairs
from spec.mirror import MIRROR, Action, Fault, Limit, Mode, Pending, Reason, Reduce, State, Symbol
from spec.terms import Instrument, PositionSide, Side
from spec.units import MILLION
from tests.machines.mirror_desk import (
    LONG_MIRRORS,
    LONGS,
    base_of,
    cycle,
    filled,
    free,
    held,
    market,
    named,
    one_way,
    ordered,
    settings,
    until_quiet,
)

# The numbers of the description.


def test_the_hedge_is_left_alone_inside_the_band() -> None:
    """A target of 800 with a tolerance of 5 % is left alone from 760 to 840."""
    assert band_of(settings(tolerance_ppm=50_000), 800) == 40
    expected = {759: Symbol.UNDER, 760: Symbol.INSIDE, 840: Symbol.INSIDE, 841: Symbol.OVER}
    for hedge, symbol in expected.items():
        found = decide(cycle(base_of(800), held("X", hedge), max_n_positions=1))
        assert (found.base, found.hedge, found.target, found.band) == (800, hedge, 800, 40)
        assert found.symbol is symbol


def test_the_cap_follows_from_the_settings_alone() -> None:
    """A limit of 1.5, five mirrors and an allowance of 0.2 make a cap of 0.36 of the balance."""
    base = Base(long_n_positions=5, exposure_limit_ppm=1_500_000, balance=100)
    idle = evolve(cycle(max_n_positions=5), base=base)
    busy = evolve(idle, markets=(base_of(10_000), held("X", 5_000)))
    assert cap_of(idle) == cap_of(busy) == 36


def test_the_target_is_a_multiple_of_the_base() -> None:
    """Half of what the base holds, all of it, or more."""
    for threshold, target in ((500_000, 400), (MILLION, 800), (1_500_000, 1_200)):
        assert decide(cycle(base_of(800), threshold_ppm=threshold)).target == target


@pytest.mark.parametrize(
    ("base", "most", "cap", "changes"),
    [
        (
            Base(long_n_positions=5, balance=1_000),
            5,
            220,
            {"tolerance_ppm": 100_000, "excess_allowance_ppm": 100_000, "ema_dist_ppm": 10_000},
        ),
        (
            Base(long_n_positions=5, exposure_limit_ppm=1_500_000, balance=1_000),
            10,
            97,
            {
                "threshold_ppm": 500_000,
                "max_n_positions": 10,
                "excess_allowance_ppm": 300_000,
            },
        ),
        (
            Base(short_n_positions=8, exposure_limit_ppm=1_200_000, balance=1_000),
            8,
            135,
            {"mode": LONG_MIRRORS, "threshold_ppm": 750_000, "tolerance_ppm": 80_000},
        ),
    ],
)
def test_the_example_configurations(
    base: Base, most: int, cap: int, changes: dict[str, Any]
) -> None:
    """A cautious one, half a hedge on many mirrors, and shorts hedged by longs."""
    example = evolve(cycle(base_of(1_000), **changes), base=base)
    assert (max_positions(example), cap_of(example)) == (most, cap)
    assert decide(example).fault is Fault.NONE
    assert decide(example).target == changes.get("threshold_ppm", MILLION) // 1_000


def test_the_gate_asks_for_a_price_beyond_the_averages() -> None:
    """At 0 it is exactly at the band, -1 opens at any price."""
    passes = {
        Mode.SHORTS_FOR_LONGS: {(101, 10_000), (100, 0), (99, -10_000), (1, -MILLION)},
        Mode.LONGS_FOR_SHORTS: {(99, 10_000), (100, 0), (101, -10_000), (999, -MILLION)},
    }
    fails = {
        Mode.SHORTS_FOR_LONGS: {(100, 10_000), (99, 0), (98, -10_000)},
        Mode.LONGS_FOR_SHORTS: {(100, 10_000), (101, 0), (102, -10_000)},
    }
    for mode, cases in passes.items():
        band = {"lower_ticks": 100, "upper_ticks": 100}
        assert all(gate_passes(market("X", ticks, **band), mode, dist) for ticks, dist in cases)
        assert not any(
            gate_passes(market("X", ticks, **band), mode, dist) for ticks, dist in fails[mode]
        )


def test_an_unknown_band_does_not_open() -> None:
    """Averages that are not there say nothing of the price; the gate is named."""
    assert named(cycle(base_of(100), free("X"), ema_dist_ppm=0)) == (Limit.EMA_GATE,)
    assert named(cycle(base_of(100), free("X"), ema_dist_ppm=-MILLION)) == ()


# The sixteen defects of the original's code: none may come back.


def test_defect_1_an_approved_symbol_is_opened() -> None:
    """There is one path for every caller, and what it is told to be approved is used."""
    assert ordered(cycle(base_of(100), free("X"), market("Y"), max_n_positions=1)) == {"X": 100}


def test_defect_2_volume_ranks() -> None:
    """Of two symbols that are equally calm the busier one opens, wherever it is listed."""
    quiet, busy = free("X", volatility=5, volume=10), free("Y", volatility=5, volume=20)
    for markets in ((quiet, busy), (busy, quiet)):
        assert borda(markets) == [busy, quiet]
        assert ordered(cycle(base_of(100), *markets, max_n_positions=1)) == {"Y": 100}
    calm = evolve(quiet, volatility=4)
    assert borda((busy, calm)) == [calm, busy]  # a rank each: the name decides
    assert borda((busy, evolve(calm, volume=20))) == [evolve(calm, volume=20), busy]


def test_only_what_is_better_takes_a_rank() -> None:
    """Equals share theirs, so a tie in one rank does not push either behind a third symbol."""
    calm, calmer = free("A", volatility=1, volume=20), free("B", volatility=1, volume=10)
    wild = free("C", volatility=2, volume=30)
    assert borda((wild, calmer, calm)) == [calm, calmer, wild]
    busy, busier = free("A", volatility=2, volume=9), free("B", volatility=3, volume=9)
    idle = free("C", volatility=1, volume=8)
    assert borda((idle, busier, busy)) == [busy, busier, idle]


def test_defect_3_a_symbol_that_the_base_wants_is_not_added_to() -> None:
    """On a one-way account a mirror there grows no more, and the base's order leaves."""
    wanted = held("X", 10, base_entries=(Entry(5, 1),))
    asked = one_way(cycle(base_of(100), wanted, max_n_positions=1))
    assert ordered(asked) == {}
    assert named(asked) == (Limit.OCCUPIED,)
    _, sent = run(Overlay(), asked, ("the base's order",))
    assert sent[0] == "the base's order"
    assert ordered(cycle(base_of(100), wanted, max_n_positions=1)) == {"X": 95}


def test_defect_4_a_mirror_that_closes_for_the_base_is_left_alone() -> None:
    """Cycle after cycle, until it is gone: it counts as a position, not as a hedge."""
    closing = held("X", 10, closing=True, openable=False)
    asked = one_way(cycle(base_of(10), closing, free("Y"), max_n_positions=1))
    for _ in range(3):
        found = decide(asked)
        assert (found.hedge, found.orders) == (0, ())
        assert limits(found.blocks) == (Limit.COUNT, Limit.OCCUPIED)
        asked = filled(asked)
    gone = evolve(closing, mirror_qty=0, mirror_cost=0)
    assert ordered(evolve(asked, markets=(base_of(10), gone, free("Y")))) == {"Y": 10}


def test_defect_5_entries_far_from_the_market_are_not_hedged() -> None:
    """Only those at the touch count, unless the settings say otherwise."""
    near, far = Entry(10, 90), Entry(10, 89)
    long = market("BASE", 90, base_qty=1, base_entries=(near, far))
    for count, target in ((Pending.NONE, 90), (Pending.AT_TOUCH, 990), (Pending.ALL, 1_880)):
        assert decide(cycle(long, count_pending_base=count)).target == target
    short = evolve(long, base_entries=(Entry(10, 90), Entry(10, 91)))
    assert decide(cycle(short, mode=LONG_MIRRORS)).target == 990


def test_defect_6_orders_go_to_the_target_not_to_the_edge_of_the_band() -> None:
    """The band is a fraction of the target, and what is ordered reaches the target."""
    (first, last) = until_quiet(cycle(base_of(800), held("X", 700), max_n_positions=1))
    assert (first.band, last.hedge) == (40, 800)


def test_defect_7_a_distance_of_0_gates_and_only_opening_is_gated() -> None:
    """A mirror that is open grows at any price."""
    below = {"upper_ticks": 5, "ema_dist_ppm": 0}
    gate = {"ema_dist_ppm": below.pop("ema_dist_ppm"), "max_n_positions": 1}
    assert named(cycle(base_of(100), free("X", **below), **gate)) == (Limit.EMA_GATE,)
    assert ordered(cycle(base_of(100), held("X", 10, **below), **gate)) == {"X": 90}


def test_defect_8_both_sides_of_the_base_are_an_error() -> None:
    """The field is named; the base itself is not touched."""
    both = Base(long_n_positions=5, short_n_positions=1, balance=1_000)
    for mode, field in zip(Mode, ("bot.short.n_positions", "bot.long.n_positions"), strict=True):
        asked = evolve(cycle(base_of(100), free("X"), mode=mode), base=both)
        overlay, sent = run(Overlay(), asked, ("base",))
        assert sent == ("base", Stopped(1, Fault.BOTH_SIDES, field))
        assert overlay.state is State.STOPPED
    unused = evolve(cycle(base_of(100), threshold_ppm=0), base=both)
    assert step(Overlay(), unused) == (Overlay(), ())


def test_defect_9_a_threshold_of_0_unwinds_what_is_left() -> None:
    """So does the switch; then the overlay is off."""
    for off in ({"threshold_ppm": 0}, {"enabled": False}):
        asked = cycle(base_of(100), held("X", 30), held("Y", 20), **off)
        overlay, sent = step(Overlay(state=State.ACTIVE), asked)
        assert overlay.state is State.UNWINDING
        assert [each.order.reason for each in sent if isinstance(each, Place)] == [
            Reason.UNWIND,
            Reason.UNWIND,
        ]
        assert step(overlay, filled(asked)) == (Overlay(), ())
        (order, _) = decide(asked).orders
        late = cycle(base_of(100), free("X", working=order), **off)
        assert step(overlay, late) == (Overlay(state=State.UNWINDING), (Cancel(order),))


def test_defect_10_0_is_a_legal_value() -> None:
    """Of the tolerance, of the allowance and of the share that is added at a time."""
    zero = {"tolerance_ppm": 0, "excess_allowance_ppm": 0, "allocation_min_ppm": 0}
    asked = cycle(base_of(1_000), *map(free, "UVWXY"), ema_dist_ppm=-MILLION, **zero)
    assert (cap_of(asked), decide(asked).band) == (200, 0)
    *_, last = until_quiet(asked)
    assert (last.symbol, last.hedge) == (Symbol.INSIDE, 1_000)


def test_defect_11_a_mirror_without_room_does_not_stop_the_others() -> None:
    """The one furthest under water is at its cap; the other one grows."""
    full = held("X", 199, 1, entry=1, min_qty=10)
    worst = evolve(full, mirror_cost=100)
    asked = cycle(base_of(400), worst, held("Y", 50), excess_allowance_ppm=0)
    assert cap_of(asked) == 200
    assert ordered(asked) == {"Y": 150}


def test_defect_12_the_last_mirror_is_reduced_to_the_target() -> None:
    """600 hedged, 500 wanted: 100 go, not 300; the original closes 300 and opens 200 again."""
    asked = cycle(base_of(500), held("X", 300), held("Y", 300), max_n_positions=2)
    (order,) = decide(asked).orders
    assert (order.qty, order.reason) == (100, Reason.REDUCE)
    assert [found.hedge for found in until_quiet(asked)] == [600, 500]
    whole = evolve(asked, settings=evolve(asked.settings, reduce=Reduce.FULL))
    assert [found.hedge for found in until_quiet(whole)] == [600, 300, 500]


def test_defect_13_new_mirrors_become_equal_in_whole_lots_by_one_order_each() -> None:
    """None takes everything up to its cap because it is listed first."""
    asked = cycle(base_of(900, 3), free("X", 7), free("Y", 11), free("Z", 13), max_n_positions=3)
    asked = evolve(asked, base=Base(long_n_positions=3, balance=10_000))
    lots = ordered(asked)
    assert len(decide(asked).orders) == len(lots) == 3
    sizes = [lots[name] * ticks for name, ticks in (("X", 7), ("Y", 11), ("Z", 13))]
    assert max(sizes) - min(sizes) <= 2_700 // 10
    assert 2_700 - 7 < sum(sizes) <= 2_700


def test_defect_14_a_cycle_says_what_it_saw_and_what_is_in_the_way() -> None:
    """Exposures each cycle; a limit once; more mirrors make each of them smaller."""
    asked = cycle(base_of(500), held("X", 240), max_n_positions=5)
    found = decide(asked)
    assert (found.base, found.hedge, found.target, found.band) == (500, 240, 500, 25)
    overlay, sent = step(Overlay(state=State.ACTIVE), asked)
    assert sent == (Limited((Limit.CAP,), found.blocks),)
    assert [block.limit for block in found.blocks] == [Limit.APPROVED, Limit.CAP]
    assert step(overlay, asked) == (overlay, ())
    assert cap_of(cycle(max_n_positions=10)) < cap_of(cycle(max_n_positions=5))
    assert cap_of(cycle(excess_allowance_ppm=0)) < cap_of(cycle(excess_allowance_ppm=10_000))


def test_defect_15_nothing_depends_on_the_order_of_the_inputs() -> None:
    """Five symbols that are equal in everything but their names."""
    markets = (base_of(100), *map(free, "XYZ"), held("W", 1))
    found = {decide(cycle(*each, max_n_positions=3)).orders for each in permutations(markets)}
    assert len(found) == 1
    assert [order.symbol for order in found.pop()] == ["W", "X", "Y"]
    dust = (held("Y", 1, min_qty=2), held("X", 1, min_qty=2))
    stuck = {decide(cycle(base_of(0), *each)).blocks for each in permutations(dust)}
    assert stuck == {(Block("X", Limit.MIN_SIZE), Block("Y", Limit.MIN_SIZE))}


def test_defect_16_all_mirrors_together_stay_within_the_limit_of_the_base() -> None:
    """Caps add up to the base's limit times threshold and allowance, whatever the base holds."""
    asked = evolve(cycle(base_of(90_000), *map(free, "UVWXYZ")), base=LONGS)
    *_, last = until_quiet(asked)
    assert last.hedge == 5 * cap_of(asked) == 1_200
    assert limits(last.blocks) == (Limit.CAP, Limit.COUNT)


# Orders.


def test_mirrors_open_short_for_longs_and_long_for_shorts() -> None:
    """Orders rest at the touch; on a two-way account they name their leg."""
    spread = free("X", bid_ticks=9, ask_ticks=11)
    for mode, side, price, leg in (
        (Mode.SHORTS_FOR_LONGS, Side.SELL, 11, PositionSide.SHORT),
        (Mode.LONGS_FOR_SHORTS, Side.BUY, 9, PositionSide.LONG),
    ):
        asked = cycle(base_of(100), spread, mode=mode, max_n_positions=1)
        order = Order(
            symbol="X",
            side=side,
            qty=10,
            price_ticks=price,
            position_side=leg,
            reduce_only=False,
            reason=Reason.OPEN,
        )
        assert decide(asked).orders == (order,)
        assert decide(one_way(asked)).orders == (evolve(order, position_side=PositionSide.NONE),)
        assert decide(filled(asked)).orders == ()


def test_mirrors_are_closed_on_the_other_side_of_the_book() -> None:
    """A short is bought back at the bid, a long sold at the ask."""
    spread = held("X", 100, bid_ticks=9, ask_ticks=11)
    for mode, side, price in ((Mode.SHORTS_FOR_LONGS, Side.BUY, 9), (LONG_MIRRORS, Side.SELL, 11)):
        (order,) = decide(cycle(base_of(0), spread, mode=mode)).orders
        assert (order.side, order.price_ticks, order.qty) == (side, price, 100)
        assert order.reduce_only
        assert order.reason is Reason.CLOSE


def test_the_least_underwater_is_closed_first() -> None:
    """Whole mirrors go while the hedge stays above the band, then one goes to the target."""
    worse, worst, best = (held(n, 100, 10, e) for n, e in zip("XYZ", (9, 8, 11), strict=True))
    shorts = (worse, worst, best)
    assert [of_market(m, Side.SELL) for m in shorts] == [111_111, 250_000, -90_910]
    assert to_reduce(shorts, Side.SELL) == [best, worse, worst]
    assert to_reduce(shorts, Side.BUY) == [worst, worse, best]
    asked = cycle(base_of(150, 10), *shorts, max_n_positions=3)
    assert ordered(asked) == {"X": -50, "Z": -100}


def test_a_mirror_is_closed_whole_down_to_the_lower_edge_of_the_band() -> None:
    """A lot more, and it is reduced to the target instead."""
    for qty, lots in ((61, -61), (62, -31)):
        markets = (base_of(100), held("X", qty), held("Y", 131 - qty))
        assert ordered(cycle(*markets, tolerance_ppm=300_000)) == {"X": lots}


def test_a_coarse_mirror_is_reduced_below_the_target_where_that_alone_is_inside() -> None:
    """Two lots of 15 make 30 of 20, one 15: the band is 5, so one goes; with 4 it stays."""
    for tolerance, order in ((250_000, {"X": -1}), (200_000, {})):
        asked = cycle(base_of(20), held("X", 2, 15), tolerance_ppm=tolerance)
        assert ordered(asked) == order
        assert named(asked) == (() if order else (Limit.MIN_SIZE,))
    assert ordered(cycle(base_of(20), held("X", 3, 15), tolerance_ppm=250_000)) == {"X": -2}


def test_what_is_just_inside_is_enough() -> None:
    """At the edge of the band nothing more is closed, reduced, opened or added."""
    assert lots_off(Instrument(symbol="X"), 10, 10, excess=25, band=5) == 2
    over = cycle(base_of(100), held("X", 7, 10), held("Y", 13, 10), tolerance_ppm=300_000)
    assert ordered(over) == {"X": -7}
    free_two = free("X", 80), free("Y", 30, volatility=9)
    under = cycle(base_of(100), *free_two, tolerance_ppm=200_000, max_n_positions=2)
    assert ordered(under) == {"X": 1}
    held_one = free("X", 50), held("Z", 1, 30)
    under = cycle(base_of(100), *held_one, tolerance_ppm=200_000, max_n_positions=2)
    assert ordered(under) == {"X": 1}


def test_a_mirror_is_at_its_cap_where_the_least_order_does_not_fit() -> None:
    """One that just fits does."""
    cap = cap_of(cycle(max_n_positions=1))
    for room, limit in ((0, Limit.CAP), (1, Limit.MIN_SIZE)):
        full = cycle(held("X", cap - room), max_n_positions=1)
        assert blocks(full, below=True) == (Block("X", limit),)


def test_an_order_is_not_larger_than_the_largest() -> None:
    """The next cycle orders the rest."""
    asked = cycle(base_of(100), free("X", max_qty=40), max_n_positions=1)
    assert [found.hedge for found in until_quiet(asked)] == [0, 40, 80, 100]


def test_a_mirror_that_closes_for_the_base_is_not_reduced() -> None:
    """The others are, as far as they count."""
    asked = cycle(base_of(10), held("X", 50, closing=True), held("Y", 50))
    assert ordered(asked) == {"Y": -40}


def test_one_mirror_may_be_open_at_least() -> None:
    """By default as many as the base has positions."""
    for many, most in ((0, 1), (1, 1), (3, 3)):
        asked = evolve(cycle(), base=Base(long_n_positions=many, balance=1))
        assert max_positions(asked) == most


def test_the_furthest_under_water_is_added_to_first() -> None:
    """Up to its cap; what is above water counts as even."""
    markets = (held("X", 100), held("Y", 100, entry=2), held("Z", 100))
    asked = cycle(base_of(400), evolve(markets[0], mirror_cost=50), *markets[1:])
    assert cap_of(asked) == 240
    assert ordered(asked) == {"X": 100}
    assert ordered(evolve(asked, markets=(base_of(400), *markets[1:]))) == {"Y": 100, "Z": 100}


def test_smallest_orders_are_honoured() -> None:
    """By lots and by cost; what one reduction leaves can be closed by another."""
    asked = cycle(base_of(100), free("X", 3, min_qty=5, min_notional=50), max_n_positions=1)
    assert ordered(asked) == {"X": 33}
    assert named(evolve(asked, markets=(base_of(45), free("X", 3, min_notional=60)))) == (
        Limit.MIN_SIZE,
    )
    tight = evolve(asked, markets=(base_of(57), free("X", 3, min_notional=59)))
    assert ordered(tight) == {}
    assert ordered(evolve(tight, settings=settings(tolerance_ppm=53_000, max_n_positions=1))) == {
        "X": 20
    }
    rest = cycle(base_of(10), held("X", 12, min_qty=5), tolerance_ppm=0)
    assert named(rest) == (Limit.MIN_SIZE,)
    assert ordered(evolve(rest, markets=(base_of(6), held("X", 12, min_qty=5)))) == {"X": -6}
    assert ordered(evolve(rest, markets=(base_of(0), held("X", 12, min_qty=5, max_qty=10)))) == {
        "X": -7
    }


def test_two_way_accounts_may_mirror_the_symbol_of_the_base() -> None:
    """One-way accounts may not."""
    asked = cycle(base_of(100, approved=True), max_n_positions=1)
    assert ordered(asked) == {"BASE": 100}
    assert named(one_way(asked)) == (Limit.OCCUPIED,)
    assert named(evolve(asked, markets=(base_of(100, approved=True, openable=False),))) == (
        Limit.OCCUPIED,
    )


def test_a_mirror_that_is_no_longer_approved_counts_and_closes_but_does_not_grow() -> None:
    """It keeps its place among those that are open."""
    gone = held("X", 50, approved=False)
    assert ordered(cycle(base_of(100), gone, max_n_positions=1)) == {}
    assert named(cycle(base_of(100), gone, free("Y"), max_n_positions=1)) == (Limit.COUNT,)
    assert ordered(cycle(base_of(20), gone, max_n_positions=1)) == {"X": -30}


def test_nothing_approved_is_a_limit() -> None:
    """Its name is told where nothing else is in the way."""
    assert named(cycle(base_of(100), market("X"))) == (Limit.APPROVED,)


# What is under way.


def test_what_is_not_wanted_is_canceled_before_anything_is_placed() -> None:
    """The next cycle knows what it has filled; what is still wanted stays."""
    asked = cycle(base_of(100), free("X"), free("Y"), max_n_positions=2)
    x, y = decide(asked).orders
    old = evolve(x, qty=x.qty + 1)
    state = Overlay(state=State.ACTIVE)
    for now, sent in (
        ((None, None), (Place(x), Place(y))),
        ((x, None), (Place(y),)),
        ((x, y), ()),
        ((old, None), (Cancel(old),)),
        ((evolve(x, price_ticks=2), y), (Cancel(evolve(x, price_ticks=2)),)),
    ):
        markets = (evolve(m, working=w) for m, w in zip(asked.markets[1:], now, strict=True))
        shown = evolve(asked, markets=(asked.markets[0], *markets))
        assert step(state, shown)[1] == sent
        assert step(Overlay(state=State.STOPPED, fault=Fault.PRICE, stops=1), shown)[1] == tuple(
            Cancel(order) for order in now if order
        )


def test_inside_the_band_what_still_works_is_withdrawn() -> None:
    """An order that was meant for the target ends where the hedge is close enough."""
    (order,) = decide(cycle(base_of(100), held("X", 90), max_n_positions=1)).orders
    inside = cycle(base_of(100), held("X", 96, working=evolve(order, qty=4)), max_n_positions=1)
    assert step(Overlay(), inside) == (Overlay(state=State.ACTIVE), (Cancel(evolve(order, qty=4)),))


# Errors.

FINE = cycle(base_of(100), free("X"))


def asking(**changes: int) -> Cycle:
    """Return the cycle that is fine but for *changes* of its settings."""
    return evolve(FINE, settings=settings(**changes))


@pytest.mark.parametrize(
    ("wrong", "fault", "where"),
    [
        (asking(threshold_ppm=-1), Fault.SETTING, "live.mirror.threshold"),
        (asking(tolerance_ppm=-1), Fault.SETTING, "live.mirror.tolerance_pct"),
        (asking(max_n_positions=-1), Fault.SETTING, "live.mirror.max_n_positions"),
        (
            asking(excess_allowance_ppm=-1),
            Fault.SETTING,
            "live.mirror.mirror_excess_allowance_pct",
        ),
        (asking(allocation_min_ppm=-1), Fault.SETTING, "live.mirror.allocation_min_fraction"),
        (
            asking(allocation_min_ppm=MILLION + 1),
            Fault.SETTING,
            "live.mirror.allocation_min_fraction",
        ),
        (
            evolve(FINE, base=evolve(LONGS, exposure_limit_ppm=-1)),
            Fault.SETTING,
            "bot.total_wallet_exposure_limit",
        ),
        (evolve(FINE, base=Base(long_n_positions=1, balance=0)), Fault.BALANCE, "balance"),
        (evolve(FINE, markets=(market("X", 0),)), Fault.PRICE, "X"),
        (evolve(FINE, markets=(market("X", 9, ask_ticks=8),)), Fault.PRICE, "X"),
        (evolve(FINE, markets=(held("X", -1),)), Fault.POSITION, "X"),
        (evolve(FINE, markets=(market("X", value=0),)), Fault.INSTRUMENT, "X"),
        (evolve(FINE, markets=(market("X", min_qty=0),)), Fault.INSTRUMENT, "X"),
        (evolve(FINE, markets=(market("X", min_qty=2, max_qty=1),)), Fault.INSTRUMENT, "X"),
        (evolve(FINE, markets=(market("X", 0), market("W", 0))), Fault.PRICE, "W"),
        (evolve(FINE, markets=(free("X"), free("X"))), Fault.TWICE, "X"),
        (one_way(cycle(held("X", 1, base_qty=1))), Fault.LONG_AND_SHORT, "X"),
    ],
)
def test_an_error_stops_the_overlay_and_a_person_is_told(
    wrong: Cycle, fault: Fault, where: str
) -> None:
    """Once; nothing is ordered until the person has looked at this very stop."""
    assert decide(FINE).symbol is Symbol.UNDER
    overlay, sent = step(Overlay(state=State.ACTIVE), wrong)
    assert overlay == Overlay(state=State.STOPPED, stops=1, fault=fault, where=where)
    assert sent == (Stopped(1, fault, where),)
    assert step(overlay, wrong) == step(overlay, FINE) == (overlay, ())
    assert step(overlay, Resumed(0)) == (overlay, ())
    assert step(overlay, Resumed(1)) == (Overlay(stops=1), ())
    assert step(Overlay(stops=1), FINE)[0].state is State.ACTIVE


@pytest.mark.parametrize(
    "fine",
    [
        asking(threshold_ppm=0),
        asking(tolerance_ppm=0),
        asking(max_n_positions=0),
        asking(excess_allowance_ppm=0),
        asking(allocation_min_ppm=0),
        asking(allocation_min_ppm=MILLION),
        evolve(FINE, base=evolve(LONGS, exposure_limit_ppm=0)),
        evolve(FINE, markets=(market("X", min_qty=2, max_qty=2),)),
        evolve(FINE, markets=(market("X", 9, ask_ticks=9),)),
    ],
)
def test_the_bounds_themselves_are_no_errors(fine: Cycle) -> None:
    """Nothing at all may be asked for, and an order may be of one size only."""
    assert decide(fine).fault is Fault.NONE


def test_inputs_that_cannot_be_had_are_an_error() -> None:
    """Orders are withdrawn although nobody can name them."""
    overlay, sent = run(Overlay(state=State.ACTIVE), Failed("candles"), ("base",))
    assert sent == ("base", Withdraw(), Stopped(1, Fault.MISSING, "candles"))
    assert overlay.state is State.STOPPED


@pytest.mark.parametrize(("state", "symbol"), pairs(MIRROR))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total; without a row nothing happens; orders leave nowhere but where they help."""
    target, emits = MIRROR.take(state, symbol)
    if MIRROR.row(state, symbol) is None:
        assert (target, emits) == (state, ())
    helps = symbol in (Symbol.LEFT, Symbol.OVER, Symbol.UNDER) and state is not State.STOPPED
    assert (Action.ORDER in emits) == helps
    assert (Action.ALERT in emits) == (target is State.STOPPED is not state)
    assert state is not State.STOPPED or (target is state) == (symbol is not Symbol.RESUME)
