"""Portfolios on synthetic markets, with and without mirrors."""

from typing import Any

from attrs import evolve

from machines.mirror_inputs import Settings as Overlay
from machines.planner_inputs import Strategy
from machines.portfolio import Config
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing.numbers import Market
from machines.pricing.sides import Side
from simulator.by_events import MONEY_DP, in_ticks
from simulator.candles import Candles
from simulator.engine.bars import side_by_side
from simulator.engine.instruments import instrument
from simulator.portfolio_world import Setup
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from spec.terms import PositionMode
from spec.units import MILLI_NS, MILLION
from tests.simulator.test_engine import busy

SYMBOLS = 4
DEPOSIT = 100_000 * 10**MONEY_DP
STEPS = Market(0.001, 0.01, 0.001, 5.0, 1.0)
OVERLAY = Overlay(threshold_ppm=MILLION, allocation_min_ppm=500_000)


def markets(seed: int, bars: int) -> tuple[Candles, ...]:
    """Return bars of four markets, in ticks and lots."""
    found = (evolve(market(SYMBOLS * seed + i, bars), symbol=f"{i}") for i in range(SYMBOLS))
    return tuple(in_ticks(side_by_side(tuple(found), opens=True), (STEPS,) * SYMBOLS))


def sides(*, mirrored: bool) -> tuple[Side, Side]:
    """Return two busy sides; the mirrors' one is off."""
    chosen = busy()[1]
    off = evolve(chosen.short, terms=chosen.short.terms._replace(positions=0.0))
    return chosen.long, off if mirrored else chosen.short


def setup(seed: int, mode: PositionMode, *, mirrored: bool, **fields: Any) -> Setup:  # noqa: ANN401
    """Return a checked run of four symbols with latency and jitter."""
    long, short = sides(mirrored=mirrored)
    instruments = tuple(instrument(f"{i}", STEPS, MONEY_DP) for i in range(SYMBOLS))
    mirrors = MirrorConfig(settings=OVERLAY, approved=frozenset(f"{i}" for i in range(SYMBOLS)))
    config = Config(
        strategy=Strategy(instruments=instruments, long=long, short=short, mode=mode),
        warmup_bars=60,
        mirrors=mirrors if mirrored else None,
    )
    venue = VenueConfig(deposit=DEPOSIT, mode=mode, leverage=20)
    plain = Setup(
        portfolio=config,
        venue=venue,
        seed=seed,
        checked=True,
        jitter_ns=400 * MILLI_NS,
        funding_ppm=0,
    )
    return evolve(plain, **fields)
