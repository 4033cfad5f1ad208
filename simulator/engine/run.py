"""Backtests of the grid and trailing strategy over candles, compiled: settings in, fills out."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np
from attrs import Factory, field, frozen
from numpy.typing import NDArray

from machines.pricing.closes import CloseTerms
from machines.pricing.ema import alpha, hourly
from machines.pricing.entries import EntryTerms
from machines.pricing.numbers import Floats, Market
from machines.pricing.unstuck import UnstuckTerms
from simulator.engine.bars import Bars
from simulator.engine.indicators import find_listed
from simulator.engine.kernel import Rules, trade
from simulator.engine.layout import FILL, SideTerms, new_desk

FILLS_MIN, FILLS_PER_BAR = 4_096, 4  # places to begin with; untouched ones cost nothing
WARMUP_MIN = 1
HOUR_MS = 3_600_000


class Semantics(Enum):
    """What a bar does to orders.

    `PASSIVBOT`: an order planned at a bar's close fills in the next bar, in full and at its price,
    if the bar trades through it; no queue, no funding, no margin.
    """

    PASSIVBOT = "passivbot"


@frozen
class Side:
    """What a person chooses for longs or for shorts; the terms' own *limit* follows from it."""

    entry: EntryTerms
    close: CloseTerms
    unstuck: UnstuckTerms
    terms: SideTerms


@frozen
class Settings:
    """What a person chooses for a run."""

    markets: tuple[Market, ...]  # in the order of the bars' symbols
    long: Side
    short: Side
    balance: float
    fee: float  # fraction of what is filled
    warmup_bars: int = 0
    hedge: bool = True  # a coin may be held long and short at once
    liquidation_threshold: float = 0.05  # of the starting balance
    losses_max: float = 1.0  # of the peak balance; 1 for all
    semantics: Semantics = Semantics.PASSIVBOT


@frozen
class Result:
    """What happened: *fills* of dtype `FILL`, *equity* once an hour from the first bar traded."""

    fills: NDArray[Any] = field(eq=False, repr=False)
    equity: Floats = field(eq=False, repr=False)
    equity_ms: NDArray[np.int64] = field(eq=False, repr=False)
    balance: float
    bars: int
    liquidated: bool
    symbols: tuple[str, ...] = Factory(tuple)


def run(bars: Bars, settings: Settings) -> Result:
    """Trade *bars* by *settings*; the same arguments give the same result.

    Raises:
        ValueError: The settings do not fit the bars.
    """
    listed = _listed(bars, settings)
    rules = _rules(bars, settings, listed)
    markets = _table(settings.markets)
    sides = (settings.long, settings.short)
    terms = (
        _table(side.entry for side in sides),
        _table(side.close for side in sides),
        _table(side.unstuck for side in sides),
        _table(side.terms for side in sides),
    )
    weights = np.array([alpha(side.terms.hourly_span) for side in sides])
    hours = hourly(bars.values, bars.first_ms, bars.step_ms, weights)
    samples = max(0, len(bars.values) - 1 - settings.warmup_bars) // rules.sample_bars + 1
    capacity = max(FILLS_MIN, FILLS_PER_BAR * len(bars.values))
    while True:
        desk = new_desk(bars.values, listed, markets, terms, hours, settings.balance)
        fills, equity = np.zeros(capacity, FILL), np.zeros(samples)
        count, sampled, last = trade(desk, rules, fills, equity)
        if count <= capacity:
            break
        capacity = 2 * count
    first = bars.first_ms + (rules.warmup_bars + 1) * bars.step_ms
    return Result(
        fills[:count].copy(),
        equity[:sampled],
        first + np.arange(sampled) * rules.sample_bars * bars.step_ms,
        float(desk.cash[0]),
        last + 1,
        last + 1 < len(bars.values),
        bars.symbols,
    )


def _table(rows: Iterable[Iterable[float]]) -> Floats:
    """Return *rows* of numbers as an array."""
    return np.array([[float(value) for value in row] for row in rows])


def _rules(bars: Bars, settings: Settings, listed: NDArray[np.int64]) -> Rules:
    """Return what holds for the whole run."""
    last, warmup = len(bars.values) - 1, max(WARMUP_MIN, settings.warmup_bars)
    return Rules(
        bars.first_ms,
        bars.step_ms,
        warmup,
        max(1, HOUR_MS // bars.step_ms),
        settings.fee,
        settings.losses_max,
        settings.balance * settings.liquidation_threshold,
        min(market.min_cost for market in settings.markets),
        not settings.hedge,
        bool((listed[:, 0] > 0).any() or (listed[:, 1] < last).any()),
    )


def _listed(bars: Bars, settings: Settings) -> NDArray[np.int64]:
    """Return the first and the last bar of each coin, and the first in which it may be traded."""
    shape = bars.values.shape
    if shape[1:] != (len(settings.markets), 4) or len(bars.symbols) != len(settings.markets):
        raise ValueError(f"bars of shape {shape} for {len(settings.markets)} markets")
    listed = np.zeros((shape[1], 3), np.int64)
    if not find_listed(bars.values, settings.warmup_bars, listed):
        raise ValueError("a coin has no bars; leave it out")
    return listed
