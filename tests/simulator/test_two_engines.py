"""Two engines, one truth: the candle engine and the event world fill the same orders.

Where they must differ is told in `two_engines`; these windows have no such bar.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve

from adapters.candles import load
from machines.pricing.numbers import Market
from machines.pricing.sides import Side
from simulator.candles import Candles
from simulator.engine.run import Settings
from simulator.synthetic import market
from tests.simulator.recorded_runs import DATA
from tests.simulator.test_engine import busy
from tests.simulator.two_engines import by_candles, by_events, certain

FROM_MS, MINUTE_MS = 1_746_586_800_000, 60_000  # 2025-05-07
SYMBOLS = ("XRPUSDT", "SUIUSDT", "ENAUSDT")
BARS = 500
WAYS = {
    "long": {"short": False},
    "short": {"long": False},
    "hedge": {},
    "one-way": {"hedge": False},
}


def settings(candles: Sequence[Candles], way: str) -> Settings:
    """Return busy settings for *candles* whose steps are their decimals."""
    chosen, sides = busy()[1], WAYS[way]
    return evolve(
        chosen,
        markets=tuple(
            Market(10.0**-each.volume_dp, 10.0**-each.price_dp, 10.0**-each.volume_dp, 5.0, 1.0)
            for each in candles
        ),
        long=side(chosen.long, on=sides.get("long", True)),
        short=side(chosen.short, on=sides.get("short", True)),
        hedge=sides.get("hedge", True),
        warmup_bars=120,
    )


def side(chosen: Side, *, on: bool) -> Side:
    """Return *chosen* without an allowance above its limits, or switched off."""
    positions = chosen.terms.positions if on else 0.0
    terms = chosen.terms._replace(positions=positions, excess_allowance_pct=0.0)
    return evolve(chosen, terms=terms)


def compare(candles: Sequence[Candles], way: str) -> None:
    """Assert that no fill differs; the candle engine leaves out the last bar."""
    chosen = settings(candles, way)
    ours, theirs = by_events(candles, chosen), by_candles(candles, chosen)
    assert certain(theirs) > BARS
    assert [fill for fill in ours if fill.bar < BARS - 1] == theirs
    assert len(theirs) > 20
    assert len({fill.kind for fill in theirs}) > 4


@pytest.mark.parametrize("way", ["hedge", "one-way"])
def test_no_fill_differs_on_synthetic_markets(way: str) -> None:
    """Bar, symbol, kind, price in ticks and quantity in lots of every fill agree."""
    compare([evolve(market(seed, BARS), symbol=f"{seed}") for seed in (4, 5, 6)], way)


@pytest.mark.parametrize("way", WAYS)
def test_no_fill_differs_on_real_markets(shared: Path, way: str) -> None:
    """The same on bars of a venue: long, short, both at once, and both one way."""
    until_ms = FROM_MS + BARS * MINUTE_MS
    compare([load(shared / DATA, each).between(FROM_MS, until_ms) for each in SYMBOLS], way)
