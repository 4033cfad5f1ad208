"""Mirrored runs to test with: markets made by hand, and the recorded ones."""

from typing import Any

import numpy as np
from attrs import evolve

from machines.mirror_inputs import Settings as Overlay
from machines.pricing.kinds import word
from machines.pricing.sides import Side
from simulator.engine.bars import Bars
from simulator.engine.mirrors import MirrorSettings
from simulator.engine.run import Result, Settings, run
from spec.mirror import Mode, Pending
from spec.units import MILLION
from tests.machines.test_pricing import CLOSES, COIN, ENTRIES
from tests.simulator.test_engine import OFF, ON, UNSTUCK

# Half of the balance at once, closed only half as high again.
PATIENT = Side(
    ENTRIES._replace(initial_ema_dist=0.0, initial_qty_pct=0.5, grid_spacing_pct=0.5),
    CLOSES._replace(grid_markup_start=0.5, grid_markup_end=0.4),
    UNSTUCK._replace(loss_allowance_pct=0.0),
    ON._replace(positions=2),
    frozenset({"A"}),
)
NOBODY = Side(ENTRIES, CLOSES, UNSTUCK, OFF)
BASE = Settings(
    (COIN,) * 3, PATIENT, NOBODY, balance=1_000.0, fee=0.0002, warmup_bars=5, hedge=False
)
BOUGHT = (8, "A", 100.0, 99.0, 100.0)  # the base's first entry fills
COINS = ("A", "B", "C")


def bars(*changes: tuple[int, str, float, float, float], count: int = 20) -> Bars:
    """Return bars of three coins at 100 but for *changes*: bar, coin, high, low, close."""
    values = np.full((count, len(COINS), 4), 100.0)
    for bar, coin, *prices in changes:
        values[bar, COINS.index(coin), :3] = prices
    return Bars(COINS, 0, 60_000, values)


def swings(
    *coins: str, first: int = 9, count: int = 11
) -> list[tuple[int, str, float, float, float]]:
    """Return bars in which *coins* trade a tenth above and below 100."""
    return [
        (bar, coin, 100.1, 99.9, 100.0) for coin in coins for bar in range(first, first + count)
    ]


def overlay(**changes: Any) -> Overlay:  # noqa: ANN401
    """Return an overlay that hedges all that the base holds at any price, with *changes*."""
    plain = Overlay(threshold_ppm=MILLION, ema_dist_ppm=-MILLION, count_pending_base=Pending.NONE)
    return evolve(plain, **changes)


def mirrored(
    *approved: str,
    base: Settings = BASE,
    every_bar: bool = False,
    **changes: Any,  # noqa: ANN401
) -> Settings:
    """Return *base* with mirrors on the *approved* coins."""
    return evolve(base, mirror=MirrorSettings(overlay(**changes), approved, every_bar=every_bar))


def turned(settings: Settings) -> Settings:
    """Return *settings* with longs and shorts changed for each other."""
    assert settings.mirror is not None
    mirror = evolve(
        settings.mirror, overlay=evolve(settings.mirror.overlay, mode=Mode.LONGS_FOR_SHORTS)
    )
    return evolve(settings, long=settings.short, short=settings.long, mirror=mirror)


def fills(given_bars: Bars, settings: Settings) -> list[tuple[int, str, str, float, float]]:
    """Return the fills of mirrors of a run: bar, coin, kind, price and quantity."""
    return words(run(given_bars, settings))


def words(result: Result) -> list[tuple[int, str, str, float, float]]:
    """Return the fills of mirrors: bar, coin, kind, price and quantity."""
    found = [
        (
            int(fill["bar"]),
            result.symbols[fill["coin"]],
            word(int(fill["kind"]), int(fill["side"])),
            round(float(fill["price"]), 6),
            round(float(fill["qty"]), 6),
        )
        for fill in result.fills
    ]
    return [each for each in found if each[2].startswith("mirror")]
