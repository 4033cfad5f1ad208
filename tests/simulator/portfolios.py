"""Portfolios on synthetic markets, with and without mirrors."""

from typing import Any

from attrs import evolve

from machines.mirror_inputs import Settings as Overlay
from machines.planner_inputs import Strategy
from machines.portfolio import Config
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing.numbers import Market
from machines.pricing.sides import Side
from simulator.candles import Candles
from simulator.portfolio_world import Setup
from simulator.synthetic import market
from simulator.venue_terms import VenueConfig
from spec.terms import PositionMode
from spec.units import MILLI_NS, MILLION
from tests.simulator.test_engine import busy
from tests.simulator.two_engines import MONEY, in_ticks, instrument

SYMBOLS = 4
DEPOSIT = int(100_000 / MONEY)
STEPS = Market(0.001, 0.01, 0.001, 5.0, 1.0)
OVERLAY = Overlay(threshold_ppm=MILLION, allocation_min_ppm=500_000)


def markets(seed: int, bars: int) -> tuple[Candles, ...]:
    """Return bars of four markets, in ticks and lots."""
    return tuple(
        in_ticks(evolve(market(SYMBOLS * seed + i, bars), symbol=f"{i}"), STEPS)
        for i in range(SYMBOLS)
    )


def sides(*, mirrored: bool) -> tuple[Side, Side]:
    """Return two busy sides; the mirrors' one is off."""
    chosen = busy()[1]
    off = evolve(chosen.short, terms=chosen.short.terms._replace(positions=0.0))
    return chosen.long, off if mirrored else chosen.short


def setup(seed: int, mode: PositionMode, *, mirrored: bool, **fields: Any) -> Setup:  # noqa: ANN401
    """Return a checked run of four symbols with latency and jitter."""
    long, short = sides(mirrored=mirrored)
    instruments = tuple(instrument(f"{i}", STEPS, 0.0002) for i in range(SYMBOLS))
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
