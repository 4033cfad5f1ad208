"""The hedge wallet by example, pair by pair, and by its laws."""

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from machines.hedge_wallet import (
    Closed,
    Event,
    Funded,
    Liquidated,
    Price,
    Resumed,
    classify,
    step,
)
from machines.ladder import Config, Slot, Wallet, fragment_qty, level, wanted, watch
from spec.fsm import pairs
from spec.hedge_wallet import HEDGE_WALLET, Action, Fragment, OrderKind, State, Symbol
from spec.terms import Instrument, OrderType, PositionMode
from tests.laws import laws_hedge_wallet
from tests.laws.laws_hedge_wallet import Start
from tests.machines.strategies import TRIED, closings, other_news, starts, try_law

BUY, EXIT, ENTRY, COVER = OrderKind
ONE_WAY = PositionMode.ONE_WAY
CONFIG = Config(instrument=Instrument(symbol="S", taker_ppm=0), unit_ticks=10)
BOUGHT = Closed(kind=BUY, ordered=40, qty=40, notional=40_000)


def after(wallet: Wallet, *events: Event) -> Wallet:
    """Return *wallet* after *events*."""
    for event in events:
        wallet, _ = step(wallet, event)
    return wallet


def long() -> Wallet:
    """Return a wallet that has bought 40 lots at 1,000 ticks."""
    return after(Wallet(config=CONFIG, cash=40_200), Price(1_000), BOUGHT)


def entry(slot: int, unit: int) -> Closed:
    """Return the end of a short entry of 10 lots at *unit*."""
    return Closed(
        kind=ENTRY, slot=slot, unit=unit, ordered=10, qty=10, notional=10_000 + 100 * unit
    )


def cover(slot: int, unit: int) -> Closed:
    """Return the end of a cover of 10 lots at *unit*."""
    return Closed(
        kind=COVER, slot=slot, unit=unit, ordered=10, qty=10, notional=10_000 + 100 * unit
    )


SOLD = Closed(kind=EXIT, unit=-1, ordered=40, qty=40, notional=39_600)
FALL = (SOLD, entry(3, -1), entry(2, -2), entry(1, -3), entry(0, -4))


def test_the_wallet_buys_with_all_cash_but_the_reserve() -> None:
    """RESET: one price sizes one market order."""
    wallet = after(Wallet(config=CONFIG, cash=40_200), Price(1_000))
    (order,) = wanted(wallet)
    assert (order.kind, order.qty, order.alone) == (BUY, 40, True)


@pytest.mark.parametrize(
    ("cash", "qty", "symbol"),
    [
        (40_200, 40, Symbol.BOUGHT),
        (400_000, 40, Symbol.BOUGHT),
        (40_200, 10, Symbol.BOUGHT_PART),
        (10_500, 10, Symbol.BOUGHT),
        (40_200, 0, Symbol.UNPLACED),
    ],
    ids=["all", "all that was ordered", "part", "part, the rest is too little", "nothing"],
)
def test_a_purchase_goes_on_while_it_is_short_of_lots_and_not_of_cash(
    cash: int, qty: int, symbol: Symbol
) -> None:
    """The cash is what was there before it."""
    bought = Closed(kind=BUY, ordered=40, qty=qty, notional=1_000 * qty)
    assert classify(after(Wallet(config=CONFIG, cash=cash), Price(1_000)), bought) is symbol


@pytest.mark.parametrize("kind", [EXIT, ENTRY, COVER])
def test_what_closes_without_a_trade_after_the_cycle_is_no_news(kind: OrderKind) -> None:
    """It was canceled as the cycle ended."""
    late = Closed(kind=kind, ordered=10, qty=0, notional=0)
    assert classify(Wallet(config=CONFIG, cash=40_200), late) is Symbol.NO_NEWS


@pytest.mark.parametrize(("mode", "only"), [(mode, mode is ONE_WAY) for mode in PositionMode])
def test_what_closes_a_position_only_reduces_on_an_account_without_legs(
    mode: PositionMode, *, only: bool
) -> None:
    """Were the position gone it would open another; a leg cannot turn."""
    config = evolve(CONFIG, mode=mode)
    wallet = after(Wallet(config=config, cash=40_200), Price(1_000), BOUGHT)
    assert wanted(wallet)[0].reduce_only is only
    covers = [each for each in wanted(after(wallet, *FALL)) if each.kind is COVER]
    assert {each.reduce_only for each in covers} == {only}


def test_there_is_no_entry_below_zero_nor_of_less_than_a_venue_takes() -> None:
    """An order that no venue takes is not wanted."""
    wallet = long()
    assert [fragment_qty(wallet, unit) for unit in (-99, -100, -101)] == [1_000, 0, 0]
    in_coins = evolve(wallet, config=evolve(CONFIG, fragment=Fragment.COIN))
    assert [fragment_qty(in_coins, unit) for unit in (-99, -100, -101)] == [10, 0, 0]
    least = evolve(CONFIG, instrument=Instrument(symbol="S", min_qty=11))
    assert fragment_qty(evolve(wallet, config=least), -1) == 0


def test_the_exit_and_four_entries_trail_below_the_price() -> None:
    """ADVANCE: five orders, one level apart, and the first two share a level."""
    wallet = long()
    assert [order.trigger_ticks for order in wanted(wallet)] == [990, 990, 980, 970, 960]
    assert [order.kind for order in wanted(wallet)] == [EXIT, ENTRY, ENTRY, ENTRY, ENTRY]
    assert watch(wallet) == (0, 1_010)
    up = after(wallet, Price(1_010))
    assert [order.trigger_ticks for order in wanted(up)] == [1_000, 1_000, 990, 980, 970]


def test_a_jump_over_units_is_taken_unit_by_unit() -> None:
    """Each step slides the window by one; the last is no news."""
    wallet = long()
    for _ in range(4):
        wallet = after(wallet, Price(1_030))
    assert [order.trigger_ticks for order in wanted(wallet)] == [1_020, 1_020, 1_010, 1_000, 990]


def test_a_fall_and_a_rise_go_through_every_phase() -> None:
    """Long, cash, short, cash, long."""
    phases = [long().phase]
    wallet = long()
    for event in (*FALL, Price(950), cover(0, -3), cover(1, -2), cover(2, -1), cover(3, -4)):
        wallet = after(wallet, event)
        phases.append(wallet.phase)
    retracement, decline = State.RETRACEMENT, State.DECLINE
    assert phases[:6] == [State.ADVANCE, *[retracement] * 4, decline]
    assert phases[6:] == [decline, *[State.RECOVERY] * 3, State.RESET]


def test_replacements_go_beside_the_unit_of_the_fill() -> None:
    """A cover is one unit above its short, the next short one unit below that cover."""
    wallet = after(long(), SOLD, entry(3, -1))
    assert (COVER, 0) in [(order.kind, order.unit) for order in wanted(wallet)]
    wallet = after(wallet, entry(2, -2), cover(3, 0))
    assert (ENTRY, -1) in [(order.kind, order.unit) for order in wanted(wallet)]


def test_all_shorts_open_trail_below_the_price() -> None:
    """DECLINE: a unit down brings the highest cover down to the lowest."""
    wallet = after(long(), *FALL)
    assert [order.trigger_ticks for order in wanted(wallet)] == [1_000, 990, 980, 970]
    assert watch(wallet) == (950, 0)
    assert [o.trigger_ticks for o in wanted(after(wallet, Price(950)))] == [990, 980, 970, 960]


def test_a_slot_stays_in_the_window_when_its_old_order_fills() -> None:
    """A canceled cover may fill after the market has leapt on: the edges stay neighbours."""
    wallet = after(long(), *FALL, Price(950))
    once, twice = wallet, after(wallet, Price(940))
    assert after(once, cover(3, 0)).slots[3].edge == -1
    assert after(twice, cover(3, 0)).slots[3].edge == twice.slots[3].edge == -5


@pytest.mark.parametrize(("kind", "unit"), [(COVER, -1), (ENTRY, -2)])
def test_a_crossed_trigger_that_is_no_longer_wanted_there_is_not_done(
    kind: OrderKind, unit: int
) -> None:
    """The slot waits for another order meanwhile, or at another unit."""
    wallet = after(long(), SOLD)
    late = Closed(kind=kind, slot=3, unit=unit, ordered=10, qty=0, notional=0, crossed=True)
    assert not any(slot.at_market for slot in after(wallet, late).slots)
    now = evolve(late, kind=ENTRY, unit=-1)
    assert after(wallet, now).slots[3].at_market


def test_a_crossed_trigger_is_done_at_market() -> None:
    """What the price has passed already is not waited for."""
    refused = Closed(kind=EXIT, unit=-1, ordered=40, qty=0, notional=0, crossed=True)
    order = wanted(after(long(), refused))[0]
    assert (order.kind, order.type, order.trigger_ticks) == (EXIT, OrderType.MARKET, 0)


def test_on_a_netting_account_exit_and_first_entry_may_fill_in_either_order() -> None:
    """The level is shared: one fragment short is the result both ways."""
    part = Closed(kind=EXIT, unit=-1, ordered=40, qty=30, notional=29_700)
    rest = Closed(kind=ENTRY, slot=3, unit=-1, ordered=10, qty=10, notional=9_900)
    one, other = after(long(), SOLD, entry(3, -1)), after(long(), entry(3, -1), part, rest)
    assert (one.phase, one.cash, one.slots[3]) == (other.phase, other.cash, other.slots[3])
    assert one.slots[3] == Slot(-1, 10)


def test_after_a_liquidation_nothing_opens_until_a_person_resumes() -> None:
    """The wallet halts in RESET."""
    wallet = after(long(), Liquidated(500))
    assert (wallet.phase, wallet.cash, wanted(wallet)) == (State.RESET, 500, ())
    wallet = after(wallet, Price(100))
    assert wanted(wallet) == ()
    assert not after(wallet, Resumed()).halted


def test_levels_are_counted_from_the_average_fill() -> None:
    """The anchor is level 0, rounded to the nearest tick."""
    bought = Closed(kind=BUY, ordered=40, qty=40, notional=40_021)
    wallet = after(Wallet(config=CONFIG, cash=40_200), Price(1_000), bought)
    assert [level(wallet, unit) for unit in (-1, 0, 1)] == [991, 1_001, 1_011]


@pytest.mark.parametrize(("state", "symbol"), pairs(HEDGE_WALLET))
def test_every_pair_leads_somewhere(state: State, symbol: Symbol) -> None:
    """`take` is total: what has no row halts the wallet where it is."""
    row = HEDGE_WALLET.row(state, symbol)
    expected = (state, (Action.HALT,)) if row is None else (row.target, row.emits)
    assert HEDGE_WALLET.take(state, symbol) == expected


@pytest.mark.parametrize(
    "law",
    [
        laws_hedge_wallet.prices_keep_the_wallet,
        laws_hedge_wallet.prices_inside_the_band_change_nothing,
    ],
)
@TRIED
@given(starts(), st.integers(-10, 250))
def test_laws_of_prices(law: Callable[..., None], start: Start, ticks: int) -> None:
    """A price moves the window and nothing else, and only where it was asked for."""
    try_law(law, start, ticks)


@pytest.mark.parametrize(
    "law",
    [
        laws_hedge_wallet.exits_move_what_they_traded,
        laws_hedge_wallet.entries_move_what_they_traded,
        laws_hedge_wallet.covers_move_what_they_traded,
        laws_hedge_wallet.buys_move_what_they_traded,
    ],
)
@TRIED
@given(starts(), st.data())
def test_laws_of_closed_orders(law: Callable[..., None], start: Start, data: DataObject) -> None:
    """A closed order moves what it traded, and the phase says what the slots are."""
    try_law(law, start, data.draw(closings(start)))


@TRIED
@given(starts(), other_news())
def test_laws_of_other_news(start: Start, event: Funded | Liquidated | Resumed) -> None:
    """Funding moves cash alone, a liquidation ends the cycle."""
    try_law(laws_hedge_wallet.other_news_keeps_the_wallet, start, event)


@pytest.mark.parametrize("phase", [state for state in State if state is not State.RESET])
def test_a_person_can_resume_a_wallet_that_halted_in_any_phase(phase: State) -> None:
    """A contradiction halts a wallet where it is; `Resumed` must let it go on."""
    halted = Wallet(config=CONFIG, cash=0, phase=phase, halted=True)
    assert not after(halted, Resumed()).halted
