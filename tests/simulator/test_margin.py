"""Margin: safe intervals are safe, liquidation prices are exact, requirements are right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.messages import Wanted
from simulator import margin
from simulator.account import Account, Trade
from simulator.venue_order import NO_BOUND, Phase, VenueOrder
from spec.terms import Instrument, MarginMode, OrderType, PositionMode, PositionSide, Side, Tier

BUY, SELL = Side
NONE, LONG, SHORT = PositionSide
TIERED = Instrument(symbol="A", tiers=(Tier(500, 10_000), Tier(900, 33_333), Tier(10**30, 90_001)))
FREE = Instrument(symbol="B", taker_ppm=0, tiers=(Tier(10**30, 10_000),))


def account(  # noqa: PLR0913
    *legs: tuple[int, Side, int, int],
    deposit: int = 1_000,
    mark: int = 100,
    leverage: int = 1,
    hedge: bool = False,
    isolated: bool = False,
    instrument: Instrument = FREE,
) -> Account:
    """Return an account of two symbols after trades of (symbol, side, qty, price)."""
    a = Account(
        [instrument, instrument],
        deposit=deposit,
        mode=PositionMode.HEDGE if hedge else PositionMode.ONE_WAY,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        leverage=leverage,
    )
    for symbol, side, qty, price in legs:
        leg = (LONG if side is BUY else SHORT) if hedge else NONE
        a.book(Trade(0, 1, symbol, side, leg, qty, price, 0))
    a.marks[:] = [mark, mark]
    return a


def order(
    side: Side, qty: int, price: int = 100, *, leg: PositionSide = NONE, reduce_only: bool = False
) -> VenueOrder:
    """Return a limit order that rests."""
    wanted = Wanted(
        key=0,
        kind=0,
        side=side,
        qty=qty,
        type=OrderType.LIMIT,
        price_ticks=price,
        position_side=leg,
        reduce_only=reduce_only,
    )
    return VenueOrder(
        client_order_id=1,
        symbol=0,
        order=wanted,
        qty=qty,
        phase=Phase.RESTING,
        reserve_ticks=price,
    )


@pytest.mark.parametrize(
    "tiers",
    [
        (Tier(100, 20_000), Tier(10**30, 10_000)),
        (Tier(100, 10_000), Tier(100, 20_000), Tier(10**30, 30_000)),
        (Tier(100, 10_000),),
    ],
)
def test_tiers_that_would_break_the_proof_are_refused(tiers: tuple[Tier, ...]) -> None:
    """A falling rate, a falling size or an end makes maintenance not convex."""
    with pytest.raises(ValueError, match="tier"):
        margin.check_tiers(Instrument(symbol="A", tiers=tiers))


def test_a_long_leg_is_liquidated_where_equity_meets_maintenance() -> None:
    """1000 cash, 20 long at 100: at 50 nothing is left, maintenance takes 1 % of what is held."""
    a = account((0, BUY, 20, 100))
    assert margin.liquidation_price(a, 0, LONG) == 50
    a.marks[0] = 51
    assert margin.cross_slack(a) == 1000 - 20 * 49 - 11
    a.marks[0] = 50
    assert margin.cross_slack(a) < 0
    assert margin.liquidation_price(a, 0, SHORT) is None
    assert margin.liquidation_price(a, 1, LONG) is None


def test_a_position_without_debt_has_no_liquidation_price() -> None:
    """A long leg paid in full survives every price of one tick or more."""
    assert margin.liquidation_price(account((0, BUY, 9, 100)), 0, LONG) is None
    assert margin.safe_bands(account())[0] == (0, NO_BOUND)


def test_both_legs_of_a_hedge_share_their_liquidation_price_in_cross_mode() -> None:
    """Equal legs lose nothing, but maintenance grows with the price."""
    a = account((0, BUY, 20, 100), (0, SELL, 20, 100), hedge=True)
    price = margin.liquidation_price(a, 0, SHORT)
    assert price == 2_501  # 2 * 20 * 2501 * 1 % is more than 1000
    assert margin.liquidation_price(a, 0, LONG) is None


def test_an_isolated_leg_stands_alone() -> None:
    """Each leg has its own margin, and its liquidation price does not know the other leg."""
    legs = ((0, BUY, 20, 100), (0, SELL, 20, 100))
    a = account(*legs, hedge=True, isolated=True, leverage=10, deposit=10_000)
    assert margin.liquidation_price(a, 0, LONG) == 90
    assert margin.liquidation_price(a, 0, SHORT) == 109
    assert margin.safe_bands(a)[0] == (95, 105)
    a.marks[0] = 106
    assert margin.safe_bands(a)[0] == (101, 109)
    assert margin.failing_leg(a) is None
    a.marks[0] = 109
    failing = margin.failing_leg(a)
    assert failing is not None
    assert failing.leg is SHORT


@given(data=st.data())
def test_safe_bands_are_safe(data: st.DataObject) -> None:
    """No mark price strictly inside the bands, of all symbols at once, comes below maintenance."""
    hedge, isolated = data.draw(st.booleans()), data.draw(st.booleans())
    leg = st.tuples(
        st.integers(0, 1), st.sampled_from(Side), st.integers(1, 9), st.integers(90, 110)
    )
    legs = data.draw(st.lists(leg, max_size=5))
    deposit = data.draw(st.integers(0, 1_500))
    leverage = data.draw(st.integers(1, 30))
    a = account(
        *legs,
        deposit=deposit,
        leverage=leverage,
        hedge=hedge,
        isolated=isolated,
        instrument=TIERED,
    )
    if not isolated and data.draw(st.booleans()):
        a.cash += data.draw(st.integers(0, 9)) - margin.cross_slack(a)  # roundings matter
    safe_now = (margin.failing_leg(a) is None) if isolated else margin.cross_slack(a) >= 0
    bands = margin.safe_bands(a)
    for (low, high), mark in zip(bands, a.marks, strict=True):
        assert low < mark < high
    if safe_now:
        inside = [st.integers(low + 1, min(high - 1, 400)) for low, high in bands]
        corners = [st.sampled_from((low + 1, min(high - 1, 400))) for low, high in bands]
        for _ in range(5):
            a.marks[:] = [data.draw(x | y) for x, y in zip(inside, corners, strict=True)]
            assert margin.failing_leg(a) is None if isolated else margin.cross_slack(a) >= 0


@pytest.mark.parametrize(
    ("tier", "legs", "mark", "cash"),
    [
        ((121, 124_000, 312_000), (4, 3), 31, -2),
        ((382, 245_000, 441_000), (2, 1), 24, -6),
        ((171, 207_000, 561_000), (2, 1), 50, -18),
        ((394, 207_000, 541_000), (2, 1), 53, -20),
    ],
)
def test_roundings_hide_no_gap_in_a_safe_band(
    tier: tuple[int, int, int], legs: tuple[int, int], mark: int, cash: int
) -> None:
    """Rounded up twice, maintenance can fail between two prices at which it holds."""
    tiers = (Tier(tier[0], tier[1]), Tier(10**30, tier[2]))
    long, short = legs
    instrument = Instrument(symbol="A", tiers=tiers)
    each = margin.Exposure(instrument, 0, mark, long - short, 0, long, short)
    low, high = margin._band(each, cash)
    assert low < mark < high
    assert all(each.slack(price) + cash >= 0 for price in range(low + 1, high))


@given(
    side=st.sampled_from(Side),
    qty=st.integers(1, 9),
    deposit=st.integers(0, 1_500),
    isolated=st.booleans(),
    other=st.booleans(),
)
def test_liquidation_prices_are_exact(
    side: Side, qty: int, deposit: int, *, isolated: bool, other: bool
) -> None:
    """At the liquidation price the account fails, one tick towards the present it does not."""
    legs = [(0, side, qty, 100)] + ([(1, BUY, 2, 100)] if other else [])
    a = account(*legs, deposit=deposit, isolated=isolated, leverage=4, instrument=TIERED)

    def fails() -> bool:
        if not isolated:
            return margin.cross_slack(a) < 0
        failing = margin.failing_leg(a)
        return failing is not None and failing.symbol == 0

    price = margin.liquidation_price(a, 0, LONG if side is BUY else SHORT)
    fails_now = fails()
    assert (price == 100) == fails_now
    if price is None:
        a.marks[0] = 1 if side is BUY else 10**6
        assert not fails()
    elif not fails_now:
        a.marks[0] = price
        assert fails()
        a.marks[0] = price + side.sign
        assert not fails()


def test_the_barrier_is_the_exact_tick_once_it_is_near() -> None:
    """Within 5 % the band ends at the liquidation price, or one tick before it."""
    a = account((0, BUY, 20, 100), mark=52)
    low, high = margin.safe_bands(a)[0]
    assert 50 <= low <= 51
    assert high > 70


def test_opening_takes_margin_fee_and_the_loss_to_mark() -> None:
    """A buy above the mark price loses the difference at once."""
    instrument = Instrument(symbol="A", taker_ppm=10_000)
    a = account(leverage=3, instrument=instrument)
    assert margin.open_cost(a, 0, BUY, 2, 100) == 67 + 2
    assert margin.open_cost(a, 0, BUY, 2, 103) == 69 + 3 + 6
    assert margin.open_cost(a, 0, SELL, 2, 103) == 69 + 3
    assert margin.open_cost(a, 0, SELL, 2, 97) == 65 + 2 + 6


def test_one_way_orders_reduce_first_and_sides_do_not_add_up() -> None:
    """Long 4: selling 6 opens 2, which is less than the 4 held; another sale opens all it sells."""
    a = account((0, BUY, 4, 100))
    assert margin.required(a, 0, []) == 400
    assert margin.required(a, 0, [order(SELL, 6)]) == 400
    assert margin.required(a, 0, [order(SELL, 6), order(SELL, 3)]) == 500
    assert margin.required(a, 0, [order(BUY, 1)]) == 500
    assert margin.required(a, 0, [order(BUY, 1), order(SELL, 8)]) == 500


def test_hedge_legs_and_orders_add_up() -> None:
    """Both legs need margin, so do orders that open; orders that close need none."""
    a = account((0, BUY, 4, 100), (0, SELL, 4, 100), hedge=True)
    assert margin.required(a, 0, []) == 800
    assert margin.required(a, 0, [order(BUY, 4, leg=SHORT), order(SELL, 4, leg=LONG)]) == 800
    assert margin.required(a, 0, [order(SELL, 1, leg=SHORT), order(BUY, 1, leg=LONG)]) == 1_000


def test_waiting_and_reduce_only_orders_reserve_nothing() -> None:
    """An untriggered stop costs nothing, and a reduce-only order cannot open."""
    a = account()
    waiting = order(BUY, 5)
    waiting.phase = Phase.WAITING
    assert margin.required(a, 0, [waiting, order(BUY, 5, reduce_only=True)]) == 0


def test_isolated_legs_do_not_lend_their_profit() -> None:
    """In cross mode profit backs new orders, in isolated mode only cash does."""
    assert margin.backing(account((0, BUY, 4, 90))) == 1_040
    isolated = account((0, BUY, 4, 90), isolated=True)
    assert margin.backing(isolated) == 1_000
    assert margin.required(isolated, 0, []) == 360
