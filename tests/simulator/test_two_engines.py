"""Two engines, one truth: the candle engine and the event world fill the same orders.

Where they must differ is told in `two_engines`; these windows have no such bar.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve

from adapters.candles import load
from machines.pricing.numbers import Market
from machines.pricing.sides import Own, Side
from simulator.candles import Candles
from simulator.engine.run import Semantics, Settings
from simulator.synthetic import market
from spec.slots import Mode
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


def overridden(chosen: Settings, first: str, last: str) -> Settings:
    """Return *chosen* with coins that trade otherwise, a dear one, and losses that are limited."""
    cheap, dear, _ = chosen.markets
    return evolve(
        chosen,
        markets=(cheap, dear._replace(min_cost=20_000.0), cheap),
        long=own(chosen.long, first, last),
        short=own(chosen.short, last, first),
        lookback_ms=20 * MINUTE_MS,
        affordable=True,
        losses_max=0.005,
        semantics=Semantics.STRICT,
    )


def own(chosen: Side, first: str, forced: str) -> Side:
    """Return *chosen* with a coin that trades otherwise and one that is forced."""
    terms = chosen.terms._replace(
        own_limit=0.4, excess_allowance_pct=0.1, band_span=20.0, other_band_span=30.0
    )
    entry = chosen.entry._replace(initial_ema_dist=-0.002, initial_qty_pct=0.2)
    close = chosen.close._replace(grid_markup_start=0.002)
    one = Own(entry, close, chosen.unstuck._replace(threshold=0.3), terms)
    other = Own(chosen.entry, chosen.close, chosen.unstuck, chosen.terms, Mode.NORMAL)
    return evolve(chosen, coins=((first, one), (forced, other)))


def side(chosen: Side, *, on: bool) -> Side:
    """Return *chosen* without an allowance above its limits, or switched off."""
    positions = chosen.terms.positions if on else 0.0
    terms = chosen.terms._replace(positions=positions, excess_allowance_pct=0.0)
    return evolve(chosen, terms=terms)


def compare(candles: Sequence[Candles], chosen: Settings) -> None:
    """Assert that no fill differs."""
    ours, theirs = by_events(candles, chosen), by_candles(candles, chosen)
    assert certain(theirs) > BARS
    assert ours == theirs
    assert len(theirs) > 20
    assert len({fill.kind for fill in theirs}) > 4


@pytest.mark.parametrize("way", ["hedge", "one-way"])
def test_no_fill_differs_on_synthetic_markets(way: str) -> None:
    """Bar, symbol, kind, price in ticks and quantity in lots of every fill agree."""
    candles = [evolve(market(seed, BARS), symbol=f"{seed}") for seed in (4, 5, 6)]
    compare(candles, settings(candles, way))


@pytest.mark.parametrize("way", ["hedge", "one-way"])
def test_no_fill_differs_where_coins_trade_otherwise(way: str) -> None:
    """Own terms, a forced coin, a filter by least cost, profits that are forgotten: each counts."""
    candles = [evolve(market(seed, BARS), symbol=f"{seed}") for seed in (13, 14, 15)]
    chosen = overridden(settings(candles, way), "13", "15")
    found = by_candles(candles, chosen)
    assert by_events(candles, chosen) == found
    assert len(found) > 100
    for without in (
        {"lookback_ms": None},
        {"affordable": False},
        {"long": evolve(chosen.long, coins=())},
        {"short": evolve(chosen.short, coins=())},
    ):
        assert by_candles(candles, evolve(chosen, **without)) != found, without


@pytest.mark.parametrize("way", WAYS)
def test_no_fill_differs_on_real_markets(shared: Path, way: str) -> None:
    """The same on bars of a venue: long, short, both at once, and both one way."""
    until_ms = FROM_MS + BARS * MINUTE_MS
    candles = [load(shared / DATA, each).between(FROM_MS, until_ms) for each in SYMBOLS]
    compare(candles, settings(candles, way))
