"""The planner: the formulas' ladders in ticks and lots, and the choices between symbols."""

from itertools import chain

import pytest
from attrs import evolve

from machines.planner import Ladders, plan
from machines.planner_inputs import Moment, Strategy
from machines.pricing.averages import Averages, SideAverages
from machines.pricing.closes import Held, closes
from machines.pricing.entries import Scene, entries
from machines.pricing.extremes import forgotten
from machines.pricing.kinds import Kind
from machines.pricing.numbers import LONG, SHORT, Order, lots, ticks
from machines.pricing.sides import Own, Position, Side, SideTerms, market_from
from machines.pricing.unstuck import UnstuckTerms
from spec.slots import Mode
from spec.terms import Instrument, PositionMode
from tests.machines.test_pricing import CLOSES, ENTRIES

COINS = tuple(
    Instrument(
        symbol=name,
        value=10_000,
        min_notional=500_000_000,
        tick="0.1",
        lot="0.001",
        money="0.00000001",
    )
    for name in "ABC"
)
MARKET = market_from(COINS[0])
CASH = 100_000_000_000  # 1,000 of quote
TERMS = SideTerms(1.0, 3, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 5.0, 5.0, 5.0, 5.0, 1.0)
NEVER = UnstuckTerms(0.0, 0.5, 0.1, -0.1, 0.0)
SIDE = Side(ENTRIES, CLOSES, NEVER, TERMS)
OFF = evolve(SIDE, terms=TERMS._replace(total_limit=0.0))
LONGS = Strategy(instruments=COINS, long=SIDE, short=OFF)
BOTH = evolve(LONGS, short=SIDE)
NONE = (Position(),) * 3


def averages(*ranges: float) -> Averages:
    """Return averages of three coins at 100 that have moved by *ranges*."""
    side = SideAverages(
        closes=((100.0,) * 3,) * 3,
        bands=((99.0, 101.0),) * 3,
        activity=tuple((1.0, each) for each in ranges),
        hourly=(0.0,) * 3,
    )
    return Averages(sides=(side, side), bars=(9,) * 3, highs=(100.0,) * 3, lows=(100.0,) * 3)


FLAT = Moment(
    bids=(1_000,) * 3,
    asks=(1_000,) * 3,
    tradable=(True,) * 3,
    averages=averages(0.1, 0.3, 0.2),
    longs=NONE,
    shorts=NONE,
    balance=CASH,
)


def holding(*qtys: int, price: float = 100.0) -> tuple[Position, ...]:
    """Return positions of *qtys* lots, all entered at *price*."""
    return tuple(Position(qty, price) if qty else Position() for qty in qtys)


def chosen(side: Side, **terms: float) -> Side:
    """Return *side* with other terms."""
    return evolve(side, terms=side.terms._replace(**terms))


def own(side: Side = SIDE, mode: Mode | None = None, **terms: float) -> Own:
    """Return how a coin of *side* trades with another mode or other terms."""
    return Own(side.entry, side.close, side.unstuck, side.terms._replace(**terms), mode)


def opened(side: Side, moment: Moment, strategy: Strategy = LONGS) -> list[bool]:
    """Return of which coins entries are wanted by *side*."""
    found = plan(evolve(strategy, long=side), moment)
    return [bool(longs.entries) for longs, _ in found]


def counted(orders: list[Order]) -> tuple[tuple[int, int, int], ...]:
    """Return *orders* in lots and ticks."""
    return tuple((lots(o.qty, MARKET), ticks(o.price, MARKET), o.kind) for o in orders)


def kinds(found: Ladders) -> set[int]:
    """Return the kinds of all orders."""
    return {line.kind for line in chain(found.entries, found.closes)}


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_the_ladders_are_those_of_the_formulas(side: int) -> None:
    """One position far below its limit: nothing is gated, and all of both ladders is wanted."""
    held, one_third = holding(500, 0, 0), TERMS.total_limit / 3
    long = side == LONG
    moment = evolve(FLAT, longs=held if long else NONE, shorts=NONE if long else held)
    strategy = evolve(BOTH, long=SIDE if long else OFF, short=OFF if long else SIDE)
    found = plan(strategy, moment)[0][0 if long else 1]
    scene = Scene(1_000.0, 0.5, 100.0, 100.0, 99.0 if long else 101.0, 0.0)
    terms = ENTRIES._replace(limit=one_third), CLOSES._replace(limit=one_third)
    wanted = entries(side, MARKET, terms[0], scene, forgotten())
    assert found.entries == counted(wanted)
    assert len(found.entries) > 3
    out = closes(side, MARKET, terms[1], Held(1_000.0, 0.5, 100.0, 100.0), forgotten())
    assert found.closes == counted(out)
    assert sum(line.qty for line in found.closes) == 500


def test_bids_are_for_buyers_and_asks_for_sellers() -> None:
    """No entry and no close is better than the side of the book at which it may rest."""
    moment = evolve(
        FLAT,
        bids=(950,) * 3,
        asks=(1_050,) * 3,
        longs=holding(500, 0, 0),
        shorts=holding(0, 500, 0),
    )
    for longs, shorts in plan(BOTH, moment):
        buys, sells = longs.entries + shorts.closes, longs.closes + shorts.entries
        assert all(line.price_ticks <= 950 for line in buys)
        assert all(line.price_ticks >= 1_050 for line in sells)


def test_free_slots_go_to_what_moves_most() -> None:
    """Two slots for three coins: the one that moves least has to wait."""
    found = plan(evolve(LONGS, long=chosen(SIDE, positions=2.0)), FLAT)
    assert [bool(longs.entries) for longs, _ in found] == [False, True, True]
    held = evolve(FLAT, longs=holding(500, 0, 0))
    found = plan(evolve(LONGS, long=chosen(SIDE, positions=2.0)), held)
    assert [bool(longs.entries) for longs, _ in found] == [True, True, False]


def test_nothing_is_opened_where_it_may_not_be() -> None:
    """Not approved, or not tradable: no first entry; what is held is traded on."""
    strategy = evolve(LONGS, long=evolve(SIDE, approved=frozenset("AB")))
    found = plan(strategy, evolve(FLAT, tradable=(True, False, True)))
    assert [bool(longs.entries) for longs, _ in found] == [True, False, False]
    found = plan(strategy, evolve(FLAT, longs=holding(0, 0, 500)))
    assert found[2][0].entries
    assert found[2][0].closes


@pytest.mark.parametrize(
    ("mode", "opens", "adds", "closes"),
    [
        (None, True, True, True),
        (Mode.NORMAL, True, True, True),
        (Mode.GRACEFUL_STOP, False, True, True),
        (Mode.TP_ONLY, False, False, True),
        (Mode.MANUAL, False, False, False),
        (Mode.PANIC, False, False, True),
    ],
)
def test_a_mode_says_what_is_done(
    mode: Mode | None,
    opens: bool,  # noqa: FBT001
    adds: bool,  # noqa: FBT001
    closes: bool,  # noqa: FBT001
) -> None:
    """Of the side whose mode it is; what it leaves out is not wanted, flat or held."""
    strategy = evolve(BOTH, long=evolve(SIDE, mode=mode))
    held, flat, _ = plan(strategy, evolve(FLAT, longs=holding(500, 0, 0)))
    assert bool(flat[0].entries) is opens
    assert (bool(held[0].entries), bool(held[0].closes)) == (adds, closes)
    assert held[1].entries
    if mode is Mode.PANIC:
        assert held[0].closes == ((500, 999, Kind.CLOSE_PANIC),)


def test_what_is_manual_or_closed_in_a_panic_is_neither_cut_nor_unstuck() -> None:
    """The enforcer and unstucking take from the other positions."""
    stuck = evolve(SIDE, unstuck=NEVER._replace(loss_allowance_pct=0.05))
    moment = evolve(FLAT, longs=holding(4_000, 4_000, 4_000, price=105.0))
    nothing: set[int] = set()
    for mode, left in ((Mode.MANUAL, nothing), (Mode.PANIC, {int(Kind.CLOSE_PANIC)})):
        side = evolve(chosen(stuck, total_enforcer_threshold=1.0), coins=(("A", own(mode=mode)),))
        found = plan(evolve(LONGS, long=side), moment)
        assert kinds(evolve(found[0][0], entries=())) == left
        cut = {Kind.CLOSE_AUTO_REDUCE_TWEL, Kind.CLOSE_UNSTUCK}
        assert cut & (kinds(found[1][0]) | kinds(found[2][0]))


def test_forced_coins_come_first_and_each_brings_a_slot() -> None:
    """One slot and two that are forced make two; who holds a position keeps its slot."""
    side = chosen(SIDE, positions=1.0)
    forced = own(side, mode=Mode.NORMAL)
    one = evolve(side, coins=(("A", forced),))
    assert opened(one, FLAT) == [True, False, False]
    assert opened(one, evolve(FLAT, longs=holding(0, 500, 0))) == [False, True, False]
    two = evolve(side, coins=(("A", forced), ("C", forced)))
    assert opened(two, FLAT) == [True, False, True]


def test_a_coin_trades_by_its_own_terms() -> None:
    """Its limit, the distance and size of its first entry, its markup; others as the side says."""
    mine = Own(
        ENTRIES._replace(initial_qty_pct=0.2, initial_ema_dist=0.05),
        CLOSES._replace(grid_markup_start=0.03, grid_markup_end=0.03),
        NEVER,
        TERMS._replace(own_limit=0.25, excess_allowance_pct=0.1),
    )
    strategy = evolve(LONGS, long=evolve(SIDE, coins=(("B", mine),)))
    plain, found = plan(LONGS, FLAT), plan(strategy, FLAT)
    assert (found[0], found[2]) == (plain[0], plain[2])
    first = found[1][0].entries[0]
    assert first.price_ticks == 940  # 5 % below the band's 99
    assert first.qty == round(0.275 * 0.2 * 1_000 / 94.0 * 1_000)
    held = plan(strategy, evolve(FLAT, longs=holding(0, 500, 0)))[1][0]
    assert {line.price_ticks for line in held.closes} == {1_030}


def test_a_coin_without_a_limit_is_not_opened() -> None:
    """It takes no slot from another one."""
    side = chosen(SIDE, positions=1.0)
    side = evolve(side, coins=(("B", own(side, own_limit=0.0)),))
    assert opened(side, FLAT) == [False, False, True]


def test_what_costs_too_much_is_left_out_where_asked() -> None:
    """The smallest order against the first entry, by worth and by quantity; forced coins stay."""
    dear = evolve(COINS[0], min_notional=3_334_000_000), evolve(COINS[1], min_qty=334)
    strategy = evolve(LONGS, instruments=(*dear, COINS[2]))
    entry = ENTRIES._replace(initial_qty_pct=0.1)  # of a third of 1,000
    strategy = evolve(strategy, long=evolve(SIDE, entry=entry))
    assert opened(strategy.long, FLAT, strategy) == [True, True, True]
    filtered = evolve(strategy, affordable=True)
    assert opened(strategy.long, FLAT, filtered) == [False, False, True]
    forced = evolve(strategy.long, coins=(("A", Own(entry, CLOSES, NEVER, TERMS, Mode.NORMAL)),))
    assert opened(forced, FLAT, filtered) == [True, False, True]


@pytest.mark.parametrize("mode", PositionMode)
def test_one_way_a_coin_has_one_side(mode: PositionMode) -> None:
    """In hedge mode both sides may enter, one way only the one whose entry is nearer."""
    found = plan(evolve(BOTH, mode=mode), evolve(FLAT, shorts=holding(500, 0, 0)))
    sides = [(bool(longs.entries), bool(shorts.entries)) for longs, shorts in found]
    if mode is PositionMode.HEDGE:
        assert sides == [(True, True)] * 3
    else:
        assert sides == [(False, True), (True, False), (True, False)]


def test_all_entries_together_stay_below_the_limit() -> None:
    """Where each position may take more than its share, a tenth of the balance is left for all."""
    greedy = evolve(LONGS, long=chosen(SIDE, excess_allowance_pct=1.0))
    found = plan(greedy, evolve(FLAT, longs=holding(3_000, 3_000, 3_000)))
    worth = sum(line.qty * line.price_ticks for longs, _ in found for line in longs.entries)
    assert 0 < worth * COINS[0].value < CASH // 10
    full = evolve(FLAT, longs=holding(3_400, 3_400, 3_400))
    assert not any(longs.entries for longs, _ in plan(greedy, full))


def test_the_position_that_is_stuck_the_least_is_closed_a_little() -> None:
    """Of two that are stuck only the one nearer to its entry price, and only with an allowance."""
    held = (Position(3_300, 110.0), Position(3_300, 105.0), Position())
    moment = evolve(FLAT, longs=held, averages=averages(0.1, 0.1, 0.1))
    stuck = evolve(SIDE, unstuck=NEVER._replace(loss_allowance_pct=0.05))
    found = plan(evolve(LONGS, long=stuck), moment)
    assert [Kind.CLOSE_UNSTUCK in kinds(longs) for longs, _ in found] == [False, True, False]
    assert not any(Kind.CLOSE_UNSTUCK in kinds(longs) for longs, _ in plan(LONGS, moment))


def test_a_side_above_its_limit_is_cut_back() -> None:
    """The enforcer sells across the market; at the limit it does nothing."""
    strategy = evolve(LONGS, long=chosen(SIDE, total_enforcer_threshold=1.0))
    above = plan(strategy, evolve(FLAT, longs=holding(4_000, 4_000, 4_000)))
    cut = [line for longs, _ in above for line in longs.closes if line.price_ticks < 1_000]
    assert cut
    assert {line.kind for line in cut} == {Kind.CLOSE_AUTO_REDUCE_TWEL}
    below = plan(strategy, evolve(FLAT, longs=holding(3_000, 3_000, 3_000)))
    assert not any(Kind.CLOSE_AUTO_REDUCE_TWEL in kinds(longs) for longs, _ in below)


def test_closes_that_lose_too_much_are_dropped() -> None:
    """A loss may not take the balance below a part of its peak; profits may always be taken."""
    strategy = evolve(LONGS, long=chosen(SIDE, total_enforcer_threshold=1.0))
    moment = evolve(FLAT, longs=holding(4_000, 4_000, 4_000, price=120.0))
    for losses_max, lossy in ((1.0, True), (0.0, False)):
        found = plan(evolve(strategy, losses_max=losses_max), moment)
        prices = [line.price_ticks for longs, _ in found for line in longs.closes]
        assert any(each < 1_200 for each in prices) is lossy
        assert any(each >= 1_200 for each in prices)
