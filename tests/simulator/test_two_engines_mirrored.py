"""Two engines, one truth, with mirrors: what the overlay asks for fills alike in both.

Along the path inside a bar, without latency and without faults.  In both the overlay cancels one
cycle and places in a later one, and a base that wants a mirrored symbol waits until it is free.
"""

from pathlib import Path
from typing import NamedTuple

import pytest
from attrs import evolve

from adapters.candles import load
from machines.overlay import PATIENCE, Close, Commands
from machines.pricing.kinds import Kind
from simulator import by_events
from simulator.engine import run as engine
from simulator.engine.at_once import Working
from simulator.engine.bars import Bars, side_by_side
from simulator.engine.mirrors import MirrorCycle, MirrorSettings
from simulator.engine.run import Result, Semantics, Settings
from simulator.synthetic import market
from spec.mirror import Mode
from tests.simulator import recorded_runs
from tests.simulator.test_engine import OFF
from tests.simulator.test_engine_mirror_markets import ASKED, EXAMPLES, FULL
from tests.simulator.test_two_engines import settings as busy
from tests.simulator.two_engines import Filled, filled

COINS, BARS = 4, 300
DAY = 1_440
HEDGE = pytest.mark.parametrize("hedge", [True, False], ids=["hedge", "one-way"])


class Ran(NamedTuple):
    """A run in one engine: its fills, and the cycles of the overlay that count."""

    fills: list[Filled]
    cycles: list[tuple[int, Commands, tuple[str, ...]]]


def ran(result: Result, settings: Settings) -> Ran:
    """Return what is compared of *result*."""
    assert result.mirror is not None
    return Ran(filled(result, settings), [words(each) for each in result.mirror.cycles])


def words(cycle: MirrorCycle) -> tuple[int, Commands, tuple[str, ...]]:
    """Return when a cycle was, what it asked for, and who had to wait."""
    return cycle.bar, cycle.outcome.commands, cycle.outcome.gated


def both(bars: Bars, settings: Settings) -> Ran:
    """Return what came of *settings*, once it is the same in both engines."""
    ours, theirs = by_events.run(bars, settings), engine.run(bars, settings)
    assert ran(ours, settings) == ran(theirs, settings)
    assert ours.bars == theirs.bars
    assert ours.balance == pytest.approx(theirs.balance, rel=1e-6)
    return ran(theirs, settings)


def small(seed: int, mode: Mode, *, hedge: bool, patience: int = PATIENCE) -> tuple[Bars, Settings]:
    """Return four synthetic markets, and a base with two positions that is mirrored."""
    candles = [evolve(market(10 * seed + i, BARS), symbol=f"{i}") for i in range(COINS)]
    plain = busy(candles, "hedge" if hedge else "one-way")
    name, other = ("long", "short") if mode is Mode.SHORTS_FOR_LONGS else ("short", "long")
    side = getattr(plain, name)
    terms = side.terms._replace(positions=2, total_limit=1.5)
    sides = {name: evolve(side, terms=terms), other: evolve(getattr(plain, other), terms=OFF)}
    asked = evolve(ASKED["gated"], mode=mode)
    symbols = tuple(each.symbol for each in candles)
    mirror = MirrorSettings(asked, symbols, patience)
    strict = evolve(plain, semantics=Semantics.STRICT, mirror=mirror, **sides)
    return side_by_side(candles, opens=True), strict


def real(shared: Path, name: str, bars: int, *, hedge: bool) -> tuple[Bars, Settings]:
    """Return *bars* of fifteen markets, and a documented example on them."""
    made = recorded_runs.config(shared, "both_one_way")
    plain, (asked, side, positions, limit) = recorded_runs.settings(made), EXAMPLES[name]
    other = "short" if side == "long" else "long"
    chosen, barred = getattr(plain, side), getattr(plain, other)
    terms = chosen.terms._replace(positions=positions, total_limit=limit)
    symbols, first_ms = made["symbols"], made["first_ts_ms"]
    settings = evolve(
        plain,
        hedge=hedge,
        warmup_bars=300,
        semantics=Semantics.STRICT,
        mirror=MirrorSettings(asked, tuple(symbols)),
        **{side: evolve(chosen, terms=terms), other: evolve(barred, terms=OFF)},
    )
    until_ms = first_ms + bars * 60_000
    folder = shared / recorded_runs.DATA
    candles = [load(folder, symbol).between(first_ms, until_ms) for symbol in symbols]
    return side_by_side(candles, opens=True), settings


@HEDGE
@pytest.mark.parametrize(("mode", "seed"), [(Mode.SHORTS_FOR_LONGS, 3), (Mode.LONGS_FOR_SHORTS, 6)])
def test_mirrors_fill_alike(mode: Mode, seed: int, *, hedge: bool) -> None:
    """Every fill and every cycle agree, of openings, additions, reductions and collisions."""
    fills = both(*small(seed, mode, hedge=hedge)).fills
    kinds = {Kind(fill.kind) for fill in fills}
    assert {Kind.MIRROR_OPEN, Kind.MIRROR_ADD} <= kinds
    assert kinds & {Kind.MIRROR_REDUCE, Kind.MIRROR_CLOSE}
    assert (Kind.MIRROR_COLLISION in kinds) is not hedge


def test_closes_that_cross_fill_alike() -> None:
    """Without patience a mirror makes way at any price: it fills as it is handed over."""
    found = both(*small(6, Mode.LONGS_FOR_SHORTS, hedge=False, patience=0))
    asked = [each for _, commands, _ in found.cycles for each in commands]
    crossed = [each for each in asked if isinstance(each, Close) and each.crosses]
    assert len(crossed) == sum(fill.kind == Kind.MIRROR_COLLISION for fill in found.fills) > 2


def test_an_engine_that_forgets_its_orders_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that a bar did not fill works on: who decides anew fills otherwise."""

    def forgotten(*_: object) -> None:
        return None

    bars, settings = small(3, Mode.SHORTS_FOR_LONGS, hedge=False)
    sound = ran(engine.run(bars, settings), settings)
    monkeypatch.setattr(Working, "after", forgotten)
    assert ran(engine.run(bars, settings), settings).fills != sound.fills


@pytest.mark.slow
@HEDGE
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_documented_examples_fill_alike(shared: Path, name: str, *, hedge: bool) -> None:
    """Fifteen real markets, most of a day, every setting as documented."""
    found = both(*real(shared, name, DAY, hedge=hedge))
    assert sum(fill.kind >= Kind.MIRROR_OPEN for fill in found.fills) > 20


@pytest.mark.slow
def test_collisions_fill_alike_on_real_markets(shared: Path) -> None:
    """One way, mirrors nearly at any price: the base takes symbols back."""
    bars, settings = real(shared, "partial", DAY, hedge=False)
    assert settings.mirror is not None
    asked = evolve(FULL, ema_dist_ppm=-1_000)
    found = both(bars, evolve(settings, mirror=evolve(settings.mirror, overlay=asked)))
    assert sum(fill.kind == Kind.MIRROR_COLLISION for fill in found.fills) > 2
