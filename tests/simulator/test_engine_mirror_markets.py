"""Mirrors in the candle engine on busy markets: the screen, the laws, the documented examples."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from attrs import evolve

from machines.mirror import Place
from machines.mirror_inputs import Settings as Overlay
from machines.mirror_inputs import cap_of, lot_worth, max_positions
from machines.overlay import Alerted, Mirrors, Moment, Outcome, cycle, cycle_of, well_formed
from machines.pricing.kinds import Kind
from simulator.engine.bars import Bars
from simulator.engine.mirrors import MirrorSettings
from simulator.engine.run import Result, Settings, run
from spec.mirror import Mode, Pending, Reduce
from spec.terms import PositionMode
from spec.units import MILLION
from tests.simulator import recorded_runs
from tests.simulator.test_engine import OFF, busy

OPEN = -MILLION  # the gate lets everything through
CONSERVATIVE = Overlay(
    threshold_ppm=MILLION,
    tolerance_ppm=100_000,
    excess_allowance_ppm=100_000,
    allocation_min_ppm=200_000,
    ema_dist_ppm=10_000,
)
PARTIAL = Overlay(
    threshold_ppm=500_000,
    tolerance_ppm=50_000,
    max_n_positions=10,
    excess_allowance_ppm=300_000,
    allocation_min_ppm=100_000,
    ema_dist_ppm=OPEN,
)
SHORT_ONLY = Overlay(
    mode=Mode.LONGS_FOR_SHORTS,
    threshold_ppm=750_000,
    tolerance_ppm=80_000,
    excess_allowance_ppm=200_000,
    allocation_min_ppm=150_000,
    ema_dist_ppm=5_000,
)
FULL = Overlay(threshold_ppm=MILLION, ema_dist_ppm=OPEN)
ASKED = {
    "full": FULL,
    "no-band": evolve(FULL, tolerance_ppm=0),
    "gated": evolve(FULL, ema_dist_ppm=0),
    "half": evolve(FULL, threshold_ppm=500_000),
    "more": evolve(FULL, threshold_ppm=1_500_000),
    "one": evolve(FULL, max_n_positions=1),
    "capped": evolve(FULL, max_n_positions=9, excess_allowance_ppm=0, ema_dist_ppm=0),
    "whole": evolve(FULL, reduce=Reduce.FULL),
    "pending": evolve(FULL, count_pending_base=Pending.ALL),
    "held": evolve(FULL, count_pending_base=Pending.NONE, ema_dist_ppm=-1_000),
}
Asks = list[tuple[Mirrors, Moment, Outcome]]


def one_sided(settings: Settings) -> Settings:
    """Return *settings* without shorts of the base."""
    return evolve(settings, short=evolve(settings.short, terms=OFF))


def with_mirrors(settings: Settings, bars: Bars, asked: Overlay, **changes: Any) -> Settings:  # noqa: ANN401
    """Return *settings* with mirrors on every coin."""
    return evolve(settings, mirror=MirrorSettings(asked, bars.symbols, **changes))


def same(one: Result, other: Result) -> bool:
    """Return whether two runs filled the same and logged the same."""
    assert one.mirror is not None
    assert other.mirror is not None
    assert one.mirror.asked < other.mirror.asked
    filled = len(one.fills) == len(other.fills) and bool((one.fills == other.fills).all())
    return filled and one.mirror.cycles == other.mirror.cycles


@pytest.mark.parametrize("hedge", [True, False], ids=["hedge", "one-way"])
@pytest.mark.parametrize("name", ASKED)
def test_the_screen_misses_nothing(name: str, *, hedge: bool) -> None:
    """Asked at every bar the overlay does what it does when asked only where it might act."""
    bars, settings = busy()
    short = Bars(bars.symbols, bars.first_ms, bars.step_ms, bars.values[:1_000])
    small = evolve(one_sided(settings), hedge=hedge, balance=3_000.0)
    if not hedge:  # one slot and two mirrors: the base moves on to a symbol that has one
        terms = small.long.terms._replace(positions=1, total_limit=1.5)
        small = evolve(small, long=evolve(small.long, terms=terms))
    screened = run(short, with_mirrors(small, short, ASKED[name]))
    asked = run(short, with_mirrors(small, short, ASKED[name], every_bar=True))
    assert same(screened, asked)
    kinds = set(screened.fills["kind"])
    assert Kind.MIRROR_OPEN in kinds
    assert (Kind.MIRROR_COLLISION in kinds) == (not hedge and name != "gated")


def days(shared: Path, name: str, count: int) -> tuple[Bars, Settings]:
    """Return *count* days of the recorded run *name*, after its warm-up."""
    made = recorded_runs.config(shared, name)
    bars, settings = recorded_runs.bars(shared, made), recorded_runs.settings(made)
    last = settings.warmup_bars + count * 1_440
    return Bars(bars.symbols, bars.first_ms, bars.step_ms, bars.values[:last]), settings


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch) -> Asks:
    """What the overlay was asked, and what came of it; each one keeps the laws."""
    found: Asks = []

    def noted(mirrors: Mirrors, moment: Moment) -> tuple[Mirrors, Outcome]:
        after, outcome = cycle(mirrors, moment)
        lawful(after, moment, outcome)
        found.append((after, moment, outcome))
        return after, outcome

    monkeypatch.setattr("simulator.engine.mirrors.cycle", noted)
    return found


def lawful(mirrors: Mirrors, moment: Moment, outcome: Outcome) -> None:
    """Check what must hold of the symbols and of the mirrors in every cycle."""
    decision, inputs = outcome.decision, cycle_of(mirrors, moment)
    orders = {c.order.symbol: c.order for c in outcome.commands if isinstance(c, Place)}
    assert well_formed(mirrors)
    assert not any(isinstance(command, Alerted) for command in outcome.commands)
    assert not decision.fault
    inside = abs(decision.hedge - decision.target) <= decision.band
    assert not (inside and orders)  # MIR-2
    grown = {symbol: order.qty for symbol, order in orders.items() if not order.reduce_only}
    count = 0
    for market in inputs.markets:
        lots = market.mirror_qty + grown.get(market.symbol, 0)
        count += lots > 0
        if market.symbol in grown:  # MIR-1
            assert market.approved
            assert lots * lot_worth(market) <= cap_of(inputs)
    assert not grown or count <= max_positions(inputs)
    if mirrors.position_mode is PositionMode.ONE_WAY:
        for scene in moment.scenes:  # COL-1, COL-4
            market = scene.market
            assert not (market.base_qty and market.mirror_qty)
            assert not (market.symbol in grown and (market.base_qty or scene.wants))
    else:
        assert not outcome.gated


def collided_entries_wait(result: Result) -> None:
    """Check that a base enters a symbol a cycle after its mirror was closed, or later (COL-2)."""
    closed: dict[int, int] = {}
    for fill in result.fills:
        coin, bar = int(fill["coin"]), int(fill["bar"])
        if fill["kind"] == Kind.MIRROR_COLLISION and not fill["size"]:
            closed[coin] = bar
        elif fill["kind"] == Kind.ENTRY_INITIAL_NORMAL and coin in closed:
            assert bar > closed.pop(coin)


class Example(NamedTuple):
    """An example configuration: its mirrors, and the side, number and limit of its base."""

    asked: Overlay
    side: str
    positions: int
    limit: float


EXAMPLES = {
    "conservative": Example(CONSERVATIVE, "long", 5, 1.0),
    "partial": Example(PARTIAL, "long", 5, 1.5),
    "short-only": Example(SHORT_ONLY, "short", 8, 1.2),
}


@pytest.mark.parametrize("hedge", [True, False], ids=["hedge", "one-way"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_documented_examples_trade_lawfully(
    shared: Path, asks: Asks, name: str, *, hedge: bool
) -> None:
    """Example Configurations: mirrors open, and every cycle keeps the laws."""
    bars, settings = days(shared, "both_one_way", 3)
    asked, side, positions, limit = EXAMPLES[name]
    other = "short" if side == "long" else "long"
    chosen, barred = getattr(settings, side), getattr(settings, other)
    terms = chosen.terms._replace(positions=positions, total_limit=limit)
    sides = {side: evolve(chosen, terms=terms), other: evolve(barred, terms=OFF)}
    result = run(bars, with_mirrors(evolve(settings, hedge=hedge, **sides), bars, asked))
    assert result.mirror is not None
    assert result.mirror.asked == len(asks) < 1_500
    assert not result.mirror.stopped
    kinds = set(result.fills["kind"])
    assert {Kind.MIRROR_OPEN, Kind.MIRROR_ADD} <= kinds
    assert {int(s) for s in result.fills[result.fills["kind"] >= Kind.MIRROR_OPEN]["side"]} == {
        -1 if side == "long" else 1
    }
    collided_entries_wait(result)
    if hedge:
        assert Kind.MIRROR_COLLISION not in kinds


def test_collisions_happen_on_real_markets(shared: Path, asks: Asks) -> None:
    """One way, with mirrors at any price: the base takes symbols back, and then enters them."""
    bars, settings = days(shared, "long_default", 4)
    settings = evolve(one_sided(settings), hedge=False)
    result = run(bars, with_mirrors(settings, bars, evolve(FULL, ema_dist_ppm=-1_000)))
    assert asks
    assert (result.fills["kind"] == Kind.MIRROR_COLLISION).sum() > 5
    collided_entries_wait(result)


def test_the_screen_misses_nothing_on_real_markets(shared: Path) -> None:
    """A few hours, asked at every bar."""
    bars, settings = days(shared, "long_default", 2)
    short = Bars(bars.symbols, bars.first_ms, bars.step_ms, bars.values[:2_500])
    settings = evolve(one_sided(settings), hedge=False)
    asked = evolve(FULL, ema_dist_ppm=-1_000)
    screened = run(short, with_mirrors(settings, short, asked))
    assert same(screened, run(short, with_mirrors(settings, short, asked, every_bar=True)))
    assert (screened.fills["kind"] == Kind.MIRROR_COLLISION).any()


def test_an_overlay_that_may_do_nothing_leaves_a_real_run_as_it_is(shared: Path) -> None:
    """Every fill of the base is there, though its entries were planned in another way."""
    bars, settings = days(shared, "long_grid_active", 4)
    settings = one_sided(settings)
    plain = run(bars, settings)
    result = run(bars, evolve(settings, mirror=MirrorSettings(FULL, ())))
    assert len(plain.fills) > 1_000
    assert (result.fills == plain.fills).all()
