"""The closed form against a ladder walked unit by unit, and against the event world."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.ladder import Config
from simulator.candles import Candles
from simulator.closed_form import Form, LevelFill, coin, cover_below, reset_below, usd
from simulator.cycles import cycles
from simulator.venue_terms import VenueConfig
from simulator.world import Run, Setup, run
from spec.hedge_wallet import Fragment, OrderKind
from spec.terms import Instrument, PositionMode, Side

UNIT, START, DEPOSIT = 10, 10_000, 50_000_000
ROOT = Path(__file__).parents[2]
ROWS = {f"| {v}" for v in range(1, 9)}
FREE = Instrument(symbol="FREE", taker_ppm=0, maker_ppm=0)

falls = st.integers(1, 40)
units = st.integers(1, 1_000)
quantities = st.integers(4, 10**6)


def walked(v: int, unit: int, peak: int, qty: int, lots: Callable[[int], int]) -> Form:
    """Walk a ladder down *v* units and up to RESET, one unit at a time, without any formula."""
    waiting = {peak - slot * unit for slot in (1, 2, 3, 4)}  # prices at which shorts are sold
    covers: dict[int, int] = {}  # price at which a short is bought back -> lots
    fills: list[LevelFill] = []
    cash, price = 0, peak

    def trade(kind: OrderKind, sign: int, lots_: int) -> int:
        fills.append(LevelFill(kind, (peak - price) // unit, lots_))
        return sign * lots_ * price

    for _ in range(v):
        price -= unit
        if price == peak - unit:
            cash += trade(OrderKind.STOP_LOSS_FULL, 1, qty)
        if price in waiting:
            waiting.remove(price)
            covers[price + unit] = lots(price)
            cash += trade(OrderKind.STOP_ENTRY_SHORT, 1, covers[price + unit])
        elif not waiting:
            covers[price + unit] = covers.pop(max(covers))
    while covers:
        price += unit
        if price in covers:
            cash += trade(OrderKind.STOP_LOSS_COVER, -1, covers.pop(price))
    below = (peak - price) // unit
    return Form(pnl=cash - qty * price, reset_below=below, fills=tuple(fills))


@given(falls, units, quantities)
def test_coin_is_what_the_ladder_earns(v: int, unit: int, qty: int) -> None:
    """Money, RESET level and the level of every fill, for falls of 1 to 40 units."""
    fragment = qty // 4
    assert coin(v, unit, qty, fragment) == walked(v, unit, 10**6, qty, lambda _: fragment)


@given(falls, units, quantities, st.lists(st.integers(1, 10**6), min_size=4, max_size=4))
def test_usd_is_what_the_ladder_earns(v: int, unit: int, qty: int, sizes: list[int]) -> None:
    """The same where each short has its own lots."""
    peak = 10**6
    lots = {peak - slot * unit: size for slot, size in enumerate(sizes, 1)}.__getitem__
    assert usd(v, unit, peak, qty, lots) == walked(v, unit, peak, qty, lots)


@pytest.mark.parametrize("v", range(1, 41))
def test_both_sums_are_one_where_all_shorts_are_alike(v: int) -> None:
    """A fragment that does not depend on the level makes the two sizings equal."""
    assert usd(v, 7, 5_000, 41, lambda _: 10) == coin(v, 7, 41, 10)


def test_in_units_of_the_position() -> None:
    """With quarters: -(1 + v/4) up to 4 units, 2 (v - 5) from there; both say -2 at 4."""
    earned = [coin(v, 1, 4, 1).pnl for v in range(1, 41)]
    assert earned[:4] == [-(4 + v) for v in (1, 2, 3, 4)]
    assert earned[3:] == [4 * 2 * (v - 5) for v in range(4, 41)]


def test_the_table_of_the_documentation_is_right() -> None:
    """Each row of the page says what the functions say."""
    page = ROOT / "docs" / "explanation" / "closed-form.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line[:3] in ROWS]
    assert [int(row[0]) for row in rows] == list(range(1, 9))
    for v, row in enumerate(rows, 1):
        form, slots = coin(v, 1, 4, 1), range(1, min(v, 4) + 1)
        sold = " ".join(str(slot) for slot in slots)
        bought = " ".join(str(cover_below(v, slot)) for slot in slots)
        assert row[1:5] == [str(form.reset_below), "1", sold, bought]
        assert Fraction(row[5]) * 4 == form.pnl


def candles(*points: int) -> Candles:
    """Return bars that go straight from each of *points* to the next, after a bar at rest."""
    legs = np.array(list(pairwise((points[0], *points))), dtype=np.int64)
    return Candles(
        symbol="V",
        venue="test",
        start_ms=0,
        step_ms=60_000,
        price_dp=0,
        volume_dp=0,
        open=legs[:, 0].copy(),
        high=legs.max(axis=1),
        low=legs.min(axis=1),
        close=legs[:, 1].copy(),
        volume=np.ones(len(legs), np.int64),
    )


def fallen(v: int, mode: PositionMode, fragment: Fragment) -> Run:
    """Run a rise, a fall of *v* units and a rise to RESET, without latency, fees or funding."""
    rise, odd = v % 4, v % UNIT
    peak = START + rise * UNIT
    reset = peak - reset_below(v) * UNIT
    path = candles(START, peak + odd, peak - v * UNIT - odd, reset + odd)
    wallet = Config(instrument=FREE, unit_ticks=UNIT, mode=mode, fragment=fragment)
    venue = VenueConfig(deposit=DEPOSIT, mode=mode, leverage=5)
    return run(Setup(wallet=wallet, venue=venue, to_venue_ns=0, to_bot_ns=0, funding_ppm=0), path)


def by_level(done: Run, peak: int) -> Counter[tuple[Side, int]]:
    """Return the lots of each side at each level: which of two orders there sold is left open.

    On a one-way account an entry that fills before the exit is sold once more.
    """
    lots: Counter[tuple[Side, int]] = Counter()
    for fill in done.venue.fills[1:-1]:
        lots[fill.side, (peak - fill.price_ticks) // UNIT] += fill.qty
    return lots


def lots_by_level(form: Form) -> Counter[tuple[Side, int]]:
    lots: Counter[tuple[Side, int]] = Counter()
    for fill in form.fills:
        side = Side.BUY if fill.kind is OrderKind.STOP_LOSS_COVER else Side.SELL
        lots[side, fill.below] += fill.qty
    return lots


@pytest.mark.parametrize(("mode", "fragment"), [*product(PositionMode, Fragment)])
def test_the_event_world_earns_the_closed_form(mode: PositionMode, fragment: Fragment) -> None:
    """HW-9: machines, order manager, wire and venue together, to the last money unit."""
    for v in range(1, 41):
        done = fallen(v, mode, fragment)
        first, second = cycles(done)
        peak = START + v % 4 * UNIT
        reset = peak - reset_below(v) * UNIT
        if fragment is Fragment.COIN:
            form = coin(v, UNIT, first.qty, first.qty // 4)
        else:
            quarter = first.qty * START // 4
            form = usd(v, UNIT, peak, first.qty, lambda price: quarter // price)  # noqa: B023
        held = first.qty * (reset - START)
        assert first.simple
        assert first.path == ((0, v % 4) if v % 4 else (0,)) + (v % 4 - v, v % 4 - reset_below(v))
        assert (first.pnl, first.expected, first.slippage) == (form.pnl, form.pnl, 0)
        assert done.venue.account.cash == DEPOSIT + held + form.pnl
        assert (second.anchor_ticks, second.end_ns) == (reset, None)
        assert by_level(done, peak) == lots_by_level(form)
