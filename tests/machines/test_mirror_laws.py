"""The mirror overlay by its laws: what no cycle may order, and how cycles end."""

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from machines.mirror import Failed, Resumed, decide, run, well_formed
from machines.mirror_inputs import (
    Base,
    Cycle,
    Entry,
    Market,
    Settings,
    cap_of,
    enters,
    lot_worth,
    max_positions,
)
from spec.mirror import Mode, Pending, State, Symbol
from spec.terms import PositionMode, Side
from spec.units import MILLION
from tests.laws import laws_mirror
from tests.laws.laws_mirror import Sizes
from tests.machines.mirror_desk import filled, market, until_quiet
from tests.machines.strategies import LOTS, SMALL, TRIED, try_law


@st.composite
def cycles(draw: DrawFn) -> Cycle:
    """Draw a cycle without errors, of up to five symbols."""
    mode, account = draw(st.sampled_from(Mode)), draw(st.sampled_from(PositionMode))
    markets = tuple(draw(markets_of(name, account)) for name in "ABCDE"[: draw(st.integers(0, 5))])
    few = st.integers(1, 3)
    base = {"long_n_positions" if mode is Mode.SHORTS_FOR_LONGS else "short_n_positions": draw(few)}
    ppm = st.sampled_from((0, 1, 50_000, 100_000, 333_333, MILLION))
    asked = Settings(
        enabled=draw(st.integers(0, 9)) < 9,
        mode=mode,
        threshold_ppm=draw(st.sampled_from((MILLION, 500_000, 1_500_000, 0))),
        tolerance_ppm=draw(ppm),
        max_n_positions=draw(st.integers(0, 3)),
        excess_allowance_ppm=draw(ppm),
        allocation_min_ppm=draw(ppm),
        ema_dist_ppm=draw(st.sampled_from((-MILLION, -MILLION, -10_000, 10_000))),
        count_pending_base=draw(st.sampled_from(Pending)),
    )
    balance = draw(st.sampled_from((1, 200, 2_000)))
    return Cycle(
        settings=asked, base=Base(balance=balance, **base), position_mode=account, markets=markets
    )


@st.composite
def markets_of(draw: DrawFn, name: str, account: PositionMode) -> Market:
    """Draw the market called *name*."""
    bid = draw(st.integers(1, 30))
    both = account is PositionMode.HEDGE
    base_qty = draw(st.sampled_from((0, 1, 50)))
    qty = draw(st.sampled_from((0, 0, 1, 3, 12))) if both or not base_qty else 0
    entries = (Entry(draw(SMALL), draw(st.integers(1, 30))),) * draw(st.integers(0, 1))
    low = draw(st.sampled_from((0, 10, 20)))
    return market(
        name,
        bid,
        ask_ticks=bid + draw(st.integers(0, 2)),
        min_qty=draw(st.integers(1, 3)),
        max_qty=draw(st.sampled_from((4, 10**12))),
        min_notional=draw(st.sampled_from((0, 0, 40))),
        value=draw(st.integers(1, 2)),
        lower_ticks=low,
        upper_ticks=low,
        volatility=draw(SMALL),
        volume=draw(SMALL),
        base_qty=base_qty,
        base_entries=entries,
        mirror_qty=qty,
        mirror_cost=qty * draw(st.integers(0, 30)),
        approved=draw(st.integers(0, 3)) < 3,
        openable=draw(st.integers(0, 9)) < 9,
        closing=draw(st.integers(0, 9)) == 9,
    )


@TRIED
@given(cycles())
def test_law_orders_are_within_every_limit(given_cycle: Cycle) -> None:
    """MIR-1: cap, count, approval, size and cost; one order a symbol, in whole lots."""
    markets = {each.symbol: each for each in given_cycle.markets}
    found = decide(given_cycle)
    names = [order.symbol for order in found.orders]
    assert names == sorted(set(names))
    opened = sum(each.mirror_qty > 0 for each in given_cycle.markets)
    for order in found.orders:
        on = markets[order.symbol]
        assert on.instrument.placeable(order.price_ticks, order.qty, reduce_only=order.reduce_only)
        assert not on.closing
        if order.reduce_only:
            rest = on.mirror_qty - order.qty
            assert rest == 0 or rest >= on.instrument.min_qty
            continue
        assert order.side is enters(given_cycle.settings.mode)
        assert (on.mirror_qty + order.qty) * lot_worth(on) <= cap_of(given_cycle)
        assert on.approved
        assert on.openable
        assert given_cycle.position_mode is PositionMode.HEDGE or not on.base_qty
        opened += not on.mirror_qty
        assert on.mirror_qty or opened <= max_positions(given_cycle)


@TRIED
@given(cycles())
def test_law_orders_lead_towards_the_band_and_never_across_it(given_cycle: Cycle) -> None:
    """MIR-2, MIR-3: inside nothing is ordered; outside each cycle leads nearer, and it ends."""
    found = decide(given_cycle)
    assert (abs(found.hedge - found.target) <= found.band) == (
        found.symbol in (Symbol.INSIDE, Symbol.NOTHING_LEFT)
        or (found.symbol is Symbol.LEFT and not found.orders)
    )
    if found.orders:
        after = decide(filled(given_cycle))
        low, high = found.target - found.band, found.target + found.band
        if found.hedge > found.target:
            assert low <= after.hedge < found.hedge
        else:
            assert found.hedge < after.hedge <= high
    *_, last = until_quiet(given_cycle)
    outside = abs(last.hedge - last.target) > last.band
    assert outside == (last.symbol is Symbol.LIMIT) == bool(last.blocks)


@TRIED
@given(cycles(), st.randoms(use_true_random=False))
def test_law_nothing_depends_on_the_order_of_the_inputs(given_cycle: Cycle, dice: Any) -> None:  # noqa: ANN401
    """MIR-5: the same inputs, however they are listed, make the same orders in the same order."""
    mixed = list(given_cycle.markets)
    dice.shuffle(mixed)
    assert decide(evolve(given_cycle, markets=tuple(mixed))) == decide(given_cycle)


@TRIED
@given(cycles())
def test_law_a_limit_that_is_named_is_one(given_cycle: Cycle) -> None:
    """MIR-3.4: where the symbols are approved and free, and no size is too small, orders help."""
    found = decide(given_cycle)
    if found.symbol is not Symbol.LIMIT or found.hedge > found.target:
        return
    lifted = evolve(
        given_cycle,
        settings=evolve(given_cycle.settings, ema_dist_ppm=-MILLION, max_n_positions=9),
        base=evolve(given_cycle.base, balance=10**9),
        position_mode=PositionMode.HEDGE,
        markets=tuple(
            market(
                each.symbol,
                each.bid_ticks,
                ask_ticks=each.ask_ticks,
                value=each.instrument.value,
                base_qty=each.base_qty,
                base_entries=each.base_entries,
                mirror_qty=each.mirror_qty,
                approved=True,
                closing=each.closing,
                openable=True,
            )
            for each in given_cycle.markets
        ),
    )
    again = decide(lifted)
    least = [lot_worth(each) for each in given_cycle.markets if not each.closing]
    missing = again.target + again.band - again.hedge
    assert again.symbol is Symbol.UNDER or not least or min(least) > missing


@TRIED
@given(cycles() | st.just(Failed("candles")), st.sampled_from(State))
def test_law_the_base_is_left_alone(event: Cycle | Failed, state: State) -> None:
    """MIR-4: whatever the overlay makes of a cycle, the base's orders leave first, all of them."""
    after, sent = run(laws_mirror.overlay_of(state, 1), event, ("one", "two"))
    assert sent[:2] == ("one", "two")
    assert not any(isinstance(each, str) for each in sent[2:])
    assert well_formed(after)


@TRIED
@given(st.builds(Sizes, LOTS, LOTS, LOTS), SMALL, LOTS, SMALL, LOTS)
def test_laws_of_lots(sizes: Sizes, size: int, excess: int, band: int, wish: int) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    least, most = sizes.min_qty, sizes.max_qty
    try_law(laws_mirror.what_is_sold_leaves_enough_to_sell, size, wish, least, most)
    try_law(laws_mirror.a_reduction_stays_at_or_above_the_band, sizes, size, excess, band)


@TRIED
@given(st.builds(Sizes, SMALL, LOTS, LOTS), SMALL, LOTS, LOTS, st.tuples(LOTS, LOTS))
def test_laws_of_additions(
    sizes: Sizes, qty: int, hedge: int, wish: int, most: tuple[int, int]
) -> None:
    """MIR-1: what is added fits its room, its cap and the ceiling."""
    try_law(laws_mirror.an_addition_fits_its_room, sizes, hedge, wish)
    try_law(laws_mirror.a_mirror_stays_within_cap_and_ceiling, sizes, qty, hedge, wish, most)


@TRIED
@given(SMALL, SMALL, SMALL, SMALL, st.sampled_from(Side))
def test_laws_of_numbers(one: int, two: int, three: int, four: int, side: Side) -> None:
    """MIR-2, and what worth and loss are."""
    try_law(laws_mirror.inside_the_band_nothing_is_ordered, one, two, three * 100_000, four)
    try_law(laws_mirror.a_loss_is_under_water, side, one, two, three, four)
    try_law(laws_mirror.worth_is_never_understated, one, two, three)
    try_law(laws_mirror.orders_never_mix_with_cancels, one, two, three, four)


COMES_TO = tuple(x for x in Symbol if x <= Symbol.FAULT and x is not Symbol.SAME_LIMIT)


@TRIED
@given(st.sampled_from(State), SMALL, st.sampled_from(COMES_TO), SMALL)
def test_laws_of_the_overlay(state: State, stops: int, symbol: Symbol, number: int) -> None:
    """MIR-7, MIR-8: an error is told once, a person ends it, orders leave where they help."""
    told = number == 0
    laws_mirror.a_cycle_keeps_overlays_well_formed(state, stops, symbol, told=told)
    laws_mirror.only_orders_that_are_decided_leave(state, stops, symbol, told=told)
    laws_mirror.stopped_is_left_by_a_person_who_knows(state, stops, Resumed(number))
    laws_mirror.stopped_is_left_by_a_person_who_knows(state, stops, Failed("prices"))
