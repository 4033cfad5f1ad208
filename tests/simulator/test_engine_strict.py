"""Strict fills: the path inside a bar, funding, margin, and volume."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.candles import load
from machines.pricing.sides import Side as SideChosen
from simulator import by_events as events
from simulator.account import Account, Trade
from simulator.candles import Candles
from simulator.engine.bars import Bars, side_by_side
from simulator.engine.run import Result, Semantics, Settings, run
from simulator.engine.strict import FIRST, SECOND, Rates, Venue, price_at, reached_at
from simulator.margin import liquidation_price
from simulator.metrics import metrics, validate
from simulator.metrics.of_candles import of_candles
from simulator.path import Path as Walk
from simulator.synthetic import market
from spec.terms import Instrument, PositionSide, Side, Tier
from tests.simulator.recorded_runs import DATA
from tests.simulator.test_engine import LONG_ONLY, SHORT_ONLY, busy, flat, words
from tests.simulator.test_two_engines import BARS, SYMBOLS
from tests.simulator.test_two_engines import settings as two_engines_settings
from tests.simulator.two_engines import by_candles, by_events, certain

BIG = 2**62
STEP_MS = 60_000
BUSY_MS = 1_746_705_600_000  # 2025-05-08 12:00
HOUR_MS = 3_600_000
STRICT = evolve(LONG_ONLY, semantics=Semantics.STRICT)


def bars(*changes: tuple[int, float, float, float, float], first_ms: int = 0) -> Bars:
    """Return twenty bars at 100 but for *changes*: bar, open, high, low, close."""
    made = flat(*((bar, high, low, close) for bar, _, high, low, close in changes))
    opens = np.full((20, 1), 100.0)
    for bar, opened, *_ in changes:
        opens[bar] = opened
    return evolve(made, opens=opens, first_ms=first_ms)


def strict(settings: Settings, **venue: object) -> Settings:
    """Return *settings* for a strict run at a venue."""
    return evolve(settings, semantics=Semantics.STRICT, venue=Venue(**venue))  # type: ignore[arg-type]


def test_closes_come_first_where_the_high_does() -> None:
    """A position closes on the way up, and the fall after it enters anew for the old ladder."""
    rising = (8, 100.0, 100.0, 99.0, 100.0), (10, 100.0, 101.5, 97.5, 100.0)
    assert words(run(bars(*rising), STRICT))[1:] == [
        (10, "close_grid_long", 101.0, -0.2),
        (10, "entry_grid_normal_long", 97.9, 0.204),
    ]
    assert words(run(bars(*rising), STRICT)) == words(run(bars(*rising), LONG_ONLY))


def test_entries_come_first_where_the_low_does() -> None:
    """What falls first is bought first; then the close sells what it was planned for."""
    falling = (8, 100.0, 100.0, 99.0, 100.0), (10, 98.5, 101.5, 97.5, 100.0)
    found = run(bars(*falling), STRICT)
    assert words(found)[1:] == [
        (10, "entry_grid_normal_long", 97.9, 0.204),
        (10, "close_grid_long", 101.0, -0.2),
    ]
    average = (0.2 * 100.0 + 0.204 * 97.9) / 0.404
    assert found.fills["profit"][-1] == pytest.approx(0.2 * (101.0 - average))
    assert found.fills["size"][-1] == pytest.approx(0.204)


def test_a_jump_fills_at_the_order_s_own_price() -> None:
    """An order that rests is met before the prices beyond it, wherever the bar opens."""
    jump = bars((8, 95.0, 96.0, 94.0, 95.0))
    assert words(run(jump, STRICT)) == words(run(jump, LONG_ONLY))
    assert len(words(run(jump, STRICT))) >= 2


@pytest.fixture(scope="module")
def one_a_bar() -> tuple[Bars, Settings]:
    """A run of one coin in which no bar fills two orders."""
    made = side_by_side([market(3, 6_000)], opens=True)
    calm = evolve(LONG_ONLY.long, entry=LONG_ONLY.long.entry._replace(grid_spacing_pct=0.2))
    settings = evolve(
        LONG_ONLY, long=calm, markets=(LONG_ONLY.markets[0]._replace(price_step=0.01),)
    )
    fills = run(made, settings).fills
    assert len(fills) > 20
    assert len(np.unique(fills["bar"])) == len(fills)
    return made, settings


def test_one_fill_a_bar_is_the_same_either_way(one_a_bar: tuple[Bars, Settings]) -> None:
    """Without funding, far from liquidation: every column of every fill, and the equity."""
    made, settings = one_a_bar
    loose, tight = run(made, settings), run(made, strict(settings))
    assert (loose.fills == tight.fills).all()
    assert (loose.equity == tight.equity).all()


def agree(candles: Sequence[Candles]) -> None:
    """Assert that no fill differs from those of the event world, where those of the other do."""
    settings = two_engines_settings(candles, "hedge")
    theirs = by_events(candles, settings)
    assert by_candles(candles, evolve(settings, semantics=Semantics.STRICT)) == theirs
    assert certain(theirs) < len(candles[0])
    assert by_candles(candles, settings) != theirs


@pytest.mark.parametrize("seeds", [(7, 8, 9), (10, 11, 12)])
def test_strict_fills_are_those_of_the_event_world(seeds: tuple[int, ...]) -> None:
    """Also where a leg enters and closes in one bar: the price decides which comes first."""
    agree([evolve(market(seed, BARS), symbol=f"{seed}") for seed in seeds])


def test_they_are_on_real_markets_too(shared: Path) -> None:
    """Three altcoins in a restless hour."""
    until_ms = BUSY_MS + BARS * STEP_MS
    agree([load(shared / DATA, each).between(BUSY_MS, until_ms) for each in SYMBOLS])


def test_nothing_is_strict_without_opens() -> None:
    """The path inside a bar begins at its open."""
    with pytest.raises(ValueError, match="opens"):
        run(flat(), STRICT)


prices = st.integers(900, 1_100)


@given(prices, prices, prices, prices, st.integers(0, 99))
def test_the_price_inside_a_bar_is_that_of_the_walk(
    a: int, b: int, c: int, d: int, at: int
) -> None:
    """Open, nearer extreme, other extreme and close, straight between, within a unit."""
    low, high = min(a, b, c, d), max(a, b, c, d)
    columns = {"open": a, "high": high, "low": low, "close": b, "volume": 1}
    candles = Candles(
        symbol="X",
        venue="none",
        start_ms=0,
        step_ms=STEP_MS,
        price_dp=0,
        volume_dp=0,
        **{name: np.array([value], np.int64) for name, value in columns.items()},
    )
    path, part = Walk(candles), at / 100
    path.advance(0, BIG, int(part * STEP_MS) * 1_000_000)
    assert abs(price_at(a, high, low, b, part) - path.price) <= 1 + (high - low) / 1_000


@given(prices, prices, prices, prices, st.booleans())
def test_an_order_fills_where_the_price_passes_it(
    opened: int,
    high: int,
    low: int,
    price: int,
    buys: bool,  # noqa: FBT001
) -> None:
    """At that moment the price is the order's, or was beyond it as the bar opened."""
    low, high = min(low, opened, high), max(high, opened, low)
    at = reached_at(opened, high, low, price, buys)
    if at > 1.0:
        assert low >= price if buys else high <= price
    elif at == 0.0:
        assert opened <= price if buys else opened >= price
    else:
        assert at <= SECOND
        assert price_at(opened, high, low, opened, at) == pytest.approx(price)


def held(first_ms: int, **venue: object) -> tuple[Result, Result]:
    """Return runs that buy in bar 8 and keep it: at a venue, and without one."""
    made = bars((8, 100.0, 100.0, 99.0, 100.0), first_ms=first_ms)
    return run(made, strict(LONG_ONLY, **venue)), run(made, LONG_ONLY)


@pytest.mark.parametrize(("bar", "paid"), [(8, 0.0), (9, 0.002), (12, 0.002)])
def test_longs_pay_funding_as_its_hour_opens(bar: int, paid: float) -> None:
    """The rate on what was held before that bar, once, at its open; nothing at other bars."""
    found, free = held(8 * HOUR_MS - bar * STEP_MS, funding=0.0001)
    assert found.funding is not None
    expected = np.zeros(20)
    expected[bar] = -paid
    assert found.funding == pytest.approx(expected)
    assert found.balance == pytest.approx(free.balance - paid, rel=1e-12)


def test_shorts_receive_it_and_the_hours_may_be_others() -> None:
    """The other side of the same payment, here twice an hour apart."""
    made = bars((8, 100.0, 101.0, 100.0, 100.0), first_ms=HOUR_MS - 10 * STEP_MS)
    found = run(made, strict(SHORT_ONLY, funding=0.0001, funding_hours=1))
    assert found.funding is not None
    assert found.funding[10] == pytest.approx(0.002)
    assert np.count_nonzero(found.funding) == 1


def test_rates_of_a_symbol_are_paid_at_their_own_moments() -> None:
    """Each as the next bar opens, two of one bar together; the even rate is not paid then."""
    times = np.array([0, 9, 11, 12, 99], np.int64) * STEP_MS
    times[2] += 1
    rates = {"BTC": Rates(times, np.array([1.0, 0.0001, -0.0002, 0.0005, 1.0]))}
    found, _ = held(0, funding=0.1, rates=rates)
    assert found.funding is not None
    expected = np.zeros(20)
    expected[9], expected[12] = -0.002, -0.006
    assert found.funding == pytest.approx(expected)
    other, _ = held(8 * HOUR_MS - 9 * STEP_MS, funding=0.0001, rates={"ETH": rates["BTC"]})
    assert other.funding is not None
    assert other.funding[9] == pytest.approx(-0.002)


def without_cuts(side: SideChosen) -> SideChosen:
    """Return *side* without what closes at a loss."""
    return evolve(
        side,
        close=side.close._replace(enforcer_threshold=0.0),
        unstuck=side.unstuck._replace(loss_allowance_pct=0.0),
        terms=side.terms._replace(total_enforcer_threshold=-1.0),
    )


def test_rates_are_paid_as_in_the_event_world() -> None:
    """Fill for fill, and to the money unit of each payment; long and short, coin by coin.

    Nothing crosses the book here: what does fills before the bar opens, and so before it pays.
    """
    candles = [evolve(market(seed, BARS), symbol=f"{seed}") for seed in (7, 8, 9)]
    times = candles[0].start_ms + np.arange(150, 480, 30) * STEP_MS
    dice = np.random.default_rng(7)
    rates = {
        each.symbol: Rates(times, dice.integers(-3_000, 3_000, len(times)) / 1e6)
        for each in candles[:2]
    }
    chosen = two_engines_settings(candles, "hedge")
    settings = evolve(
        strict(chosen, rates=rates),
        long=without_cuts(chosen.long),
        short=without_cuts(chosen.short),
    )
    assert by_candles(candles, settings) == by_events(candles, settings)
    made = side_by_side(candles, opens=True)
    ours, theirs = run(made, settings).funding, events.run(made, settings).funding
    assert ours is not None
    assert theirs is not None
    assert np.count_nonzero(ours) == len(times)
    assert ours == pytest.approx(theirs, abs=1e-7)


TIERS = (4_000.0, 0.005), (inf, 0.01)


def leveraged(first_low: float, second_low: float) -> tuple[Bars, Settings]:
    """Return a run that buys ten times its balance at 100 and meets two lows."""
    entry = LONG_ONLY.long.entry._replace(initial_qty_pct=0.5, grid_spacing_pct=0.9)
    terms = LONG_ONLY.long.terms._replace(total_limit=20.0)
    settings = evolve(LONG_ONLY, long=evolve(LONG_ONLY.long, entry=entry, terms=terms), fee=0.0)
    made = bars(
        (8, 100.0, 100.0, 99.5, 100.0),
        (10, 100.0, 100.0, first_low, 100.0),
        (12, 100.0, 100.0, second_low, 100.0),
    )
    return made, strict(settings, tiers=TIERS)


def test_liquidation_comes_in_its_bar_at_its_price() -> None:
    """Where the integer account says, within a tick, and not in the bar whose low is above."""
    instrument = Instrument(
        symbol="X", tiers=(Tier(4_000_000, 5_000), Tier(10**30, 10_000)), taker_ppm=0, maker_ppm=0
    )
    account = Account([instrument], deposit=1_000_000)
    account.book(Trade(0, 1, 0, Side.BUY, PositionSide.NONE, 100, 100_000, 0))
    account.marks[0] = 100_000
    price = liquidation_price(account, 0, PositionSide.LONG)
    assert price is not None
    made, settings = leveraged((price + 20) / 1_000, (price - 20) / 1_000)
    found = run(made, settings)
    assert found.liquidated
    assert [int(bar) for bar in found.fills["bar"]] == [8, 12]
    last = found.fills[-1]
    assert last["price"] == pytest.approx(price / 1_000, abs=0.001)
    assert last["fee"] == pytest.approx(100 * last["price"] * 0.005)
    assert last["size"] == 0
    assert found.bars == 13


def test_a_symbol_may_have_tiers_of_its_own() -> None:
    """They hold instead of those for all; another symbol's do not."""
    made, settings = leveraged(90.9, 90.4)
    whole, even = run(made, settings), Venue(tiers=((inf, 0.0),))
    assert whole.liquidated
    for symbol, liquidated in (("BTC", True), ("ETH", False)):
        found = run(made, evolve(settings, venue=evolve(even, own_tiers={symbol: TIERS})))
        assert found.liquidated is liquidated
        assert (len(found.fills) == len(whole.fills)) is liquidated


def test_nothing_is_liquidated_above_that_price() -> None:
    """The same lows a little higher end nothing."""
    made, settings = leveraged(90.9, 90.9)
    assert len(run(made, settings).fills) == 1


@pytest.mark.parametrize(
    "tiers", [((1.0, 0.1),), ((1.0, 0.2), (inf, 0.1)), ((2.0, 0.1), (1.0, 0.2))]
)
def test_tiers_that_break_the_argument_are_refused(tiers: tuple[tuple[float, float], ...]) -> None:
    """An end, a falling rate, a falling worth."""
    with pytest.raises(ValueError, match="tiers"):
        run(bars(), strict(LONG_ONLY, tiers=tiers))


def test_no_more_fills_than_was_traded() -> None:
    """A share of the bar's volume, whole lots; the rest is planned anew, and closes wait for it."""
    made = bars((8, 100.0, 100.0, 99.0, 100.0), (9, 100.0, 100.0, 99.0, 100.0))
    made.values[8, 0, 3], made.values[9, 0, 3] = 0.5, 100.0
    found = words(run(made, strict(LONG_ONLY, volume_share=0.1)))
    assert found[0] == (8, "entry_initial_normal_long", 100.0, 0.05)
    assert found[1][:3] == (9, "entry_initial_partial_long", 100.0)
    assert found[0][3] + found[1][3] == pytest.approx(0.2)
    made.values[8, 0, 3] = 0.009
    assert words(run(made, strict(LONG_ONLY, volume_share=0.1)))[0][0] == 9


@pytest.fixture(scope="module")
def traded() -> tuple[Bars, Settings, Result]:
    """A busy strict run: three coins, both sides, funding each hour, a tenth of the volume."""
    _, settings = busy()
    candles = [evolve(market(seed, 6_000), symbol=f"{seed}") for seed in (1, 2, 3)]
    made = side_by_side(candles, opens=True)
    settings = strict(settings, funding=0.0002, funding_hours=1, volume_share=0.1)
    return made, settings, run(made, settings)


def test_money_adds_up(traded: tuple[Bars, Settings, Result]) -> None:
    """The last balance is the first, profits, fees and funding; the records say the same."""
    made, settings, found = traded
    fills = found.fills
    assert len(fills) > 300
    assert found.funding is not None
    assert np.count_nonzero(found.funding) > 50
    left = settings.balance + fills["profit"].sum() - fills["fee"].sum() + found.funding.sum()
    assert found.balance == pytest.approx(left, rel=1e-12)
    records = of_candles(made, settings, found, 60)
    validate(records)
    assert records.balance[-1] == pytest.approx(found.balance, rel=1e-12)
    assert metrics(records, ["funding"])["funding"] == pytest.approx(found.funding.sum())


def test_no_order_fills_outside_its_bar_or_beyond_its_volume(
    traded: tuple[Bars, Settings, Result],
) -> None:
    """Prices are inside the bar, and what fills of a coin in a bar is a tenth of its volume."""
    made, _, found = traded
    volumes: dict[tuple[int, int], float] = {}
    for fill in found.fills:
        high, low, _, volume = made.values[fill["bar"], fill["coin"]]
        opened = made.opens[fill["bar"], fill["coin"]] if made.opens is not None else 0.0
        assert fill["price"] > low if fill["qty"] > 0 else fill["price"] < high
        assert low <= opened <= high
        key = int(fill["bar"]), int(fill["coin"])
        volumes[key] = volumes.get(key, 0.0) + abs(float(fill["qty"]))
        assert volumes[key] <= 0.1 * volume + 1e-9


def test_fills_of_a_coin_follow_its_path(traded: tuple[Bars, Settings, Result]) -> None:
    """Within a bar, each fill is no earlier than the one before it."""
    made, _, found = traded
    assert made.opens is not None
    before: tuple[int, float] = (0, 0.0)
    several = 0
    for fill in found.fills:
        bar, coin = int(fill["bar"]), int(fill["coin"])
        high, low = made.values[bar, coin, :2]
        buys = bool(fill["qty"] > 0)
        at = reached_at(float(made.opens[bar, coin]), high, low, float(fill["price"]), buys)
        assert (bar, at) >= before
        several += bar == before[0]
        before = bar, at
    assert several > 20
    assert FIRST < SECOND


def test_the_same_strict_run_twice_is_the_same(traded: tuple[Bars, Settings, Result]) -> None:
    """Nothing is left over from one run in the next."""
    made, settings, found = traded
    again = run(made, settings)
    assert (again.fills == found.fills).all()
    assert again.balance == found.balance
