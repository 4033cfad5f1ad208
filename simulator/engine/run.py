"""Backtests of the grid and trailing strategy over candles, compiled: settings in, fills out."""

from enum import Enum
from typing import Any

import numpy as np
from attrs import Factory, field, frozen
from numpy.typing import NDArray

from machines.mirror_inputs import wanted
from machines.pricing.closes import LADDER_MAX
from machines.pricing.ema import hourly
from machines.pricing.numbers import Floats, Market
from machines.pricing.sides import Side
from simulator.engine.bars import Bars
from simulator.engine.chosen import chosen
from simulator.engine.hedge import no_hedge
from simulator.engine.indicators import find_listed
from simulator.engine.kernel import BAR, FILLS, PLACES, SAMPLES, Rules, trade
from simulator.engine.layout import FILL, SIDES, SPREAD, START, new_desk
from simulator.engine.mirrors import (
    MirrorResult,
    MirrorSettings,
    Overlaid,
    overlaid,
    trade_mirrored,
)
from simulator.engine.strict import Strict, Venue, not_strict, strict

FILLS_MIN, FILLS_PER_BAR = 4_096, 4  # places to begin with; untouched ones cost nothing
WARMUP_MIN, NEVER = 1, -2
HOUR_MS = 3_600_000


class Semantics(Enum):
    """What a bar does to orders.

    `PASSIVBOT`: an order planned at a bar's close fills in the next bar, in full and at its price,
    if the bar trades through it; no queue, no funding, no margin.

    `STRICT`: the same orders fill in the order in which the path inside the bar meets them, as far
    as enough was traded; positions pay funding, and need margin.
    """

    PASSIVBOT = "passivbot"
    STRICT = "strict"


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
    lookback_ms: int | None = None  # profits and losses that are older do not count
    affordable: bool = False  # coins whose smallest order is too large for the balance stay out
    semantics: Semantics = Semantics.PASSIVBOT
    venue: Venue = field(factory=Venue)  # of a strict run
    mirror: MirrorSettings | None = None


@frozen
class Result:
    """What happened: *fills* of dtype `FILL`, *equity* once an hour from the first bar traded.

    *funding* is what was received as each bar opened, float64 (bars,), of a strict run.
    """

    fills: NDArray[Any] = field(eq=False, repr=False)
    equity: Floats = field(eq=False, repr=False)
    equity_ms: NDArray[np.int64] = field(eq=False, repr=False)
    balance: float
    bars: int
    liquidated: bool
    symbols: tuple[str, ...] = Factory(tuple)
    mirror: MirrorResult | None = field(default=None, repr=False)
    funding: Floats | None = field(default=None, eq=False, repr=False)


def run(bars: Bars, settings: Settings) -> Result:
    """Trade *bars* by *settings*; the same arguments give the same result.

    Raises:
        ValueError: The settings do not fit the bars.
    """
    listed, mirrors = _listed(bars, settings), _mirrors(bars, settings)
    rules = _rules(bars, settings, listed, mirrored=mirrors is not None)
    markets = np.array(settings.markets, np.float64)
    asked = chosen((settings.long, settings.short), bars.symbols)
    hours = hourly(bars.values, bars.first_ms, bars.step_ms, asked.hours)
    samples = max(0, len(bars.values) - 1 - settings.warmup_bars) // rules.sample_bars + 1
    capacity = max(FILLS_MIN, FILLS_PER_BAR * len(bars.values))
    while True:
        desk = new_desk(
            bars.values,
            listed,
            markets,
            asked,
            hours,
            settings.balance,
            peaks=max(0, rules.lookback_bars + 2),
            affordable=settings.affordable,
        )
        fills, equity = np.zeros(capacity, FILL), np.zeros(samples)
        place, mirror = np.zeros(PLACES, np.int64), None
        if mirrors is None:
            trade(desk, no_hedge(), rules, fills, equity, place)
        else:
            mirror = trade_mirrored(mirrors, desk, rules, fills, equity, place)
        count, last = int(place[FILLS]), int(place[BAR])
        if count <= capacity:
            break
        capacity = 2 * count
    first, sampled = bars.first_ms + (rules.warmup_bars + 1) * bars.step_ms, int(place[SAMPLES])
    return Result(
        fills[:count],
        equity[:sampled],
        first + np.arange(sampled) * rules.sample_bars * bars.step_ms,
        float(desk.cash[0]),
        last + 1,
        last + 1 < len(bars.values),
        bars.symbols,
        mirror,
        rules.strict.received if rules.strict.on else None,
    )


def _mirrors(bars: Bars, settings: Settings) -> Overlaid | None:
    """Return what holds of the mirrors, None where there are none and none are wanted."""
    asked = settings.mirror
    if asked is None or not (wanted(asked.overlay) or asked.held):
        return None
    chosen = settings.long.terms, settings.short.terms
    return overlaid(
        bars.symbols,
        settings.markets,
        chosen,
        asked,
        one_way=not settings.hedge,
        path=settings.semantics is Semantics.STRICT,
    )


def _rules(bars: Bars, settings: Settings, listed: NDArray[np.int64], *, mirrored: bool) -> Rules:
    """Return what holds for the whole run."""
    last, warmup = len(bars.values) - 1, max(WARMUP_MIN, settings.warmup_bars)
    return Rules(
        bars.first_ms,
        bars.step_ms,
        warmup,
        max(1, HOUR_MS // bars.step_ms),
        settings.fee,
        settings.losses_max,
        _lookback(bars, settings),
        settings.balance * settings.liquidation_threshold,
        min(market.min_cost for market in settings.markets),
        not settings.hedge,
        bool((listed[:, 0] > 0).any() or (listed[:, 1] < last).any()),
        mirrored,
        _strict(bars, settings),
    )


def _lookback(bars: Bars, settings: Settings) -> int:
    """Return the bars before which profits are forgotten, `NEVER` where none is in this run."""
    if settings.lookback_ms is None or settings.lookback_ms // bars.step_ms >= len(bars.values):
        return NEVER
    return settings.lookback_ms // bars.step_ms


def _strict(bars: Bars, settings: Settings) -> Strict:
    """Return what a strict run knows, or its stand-in."""
    if settings.semantics is not Semantics.STRICT:
        return not_strict()
    return strict(settings.venue, bars, LADDER_MAX + SPREAD)


def _listed(bars: Bars, settings: Settings) -> NDArray[np.int64]:
    """Return each coin's first and last bar, and the first to open a position on each side."""
    shape = bars.values.shape
    if shape[1:] != (len(settings.markets), 4) or len(bars.symbols) != len(settings.markets):
        raise ValueError(f"bars of shape {shape} for {len(settings.markets)} markets")
    listed = np.zeros((shape[1], START + SIDES), np.int64)
    if not find_listed(bars.values, settings.warmup_bars, listed):
        raise ValueError("a coin has no bars; leave it out")
    for s, side in enumerate((settings.long, settings.short)):
        barred = [not side.opens(symbol) for symbol in bars.symbols]
        listed[barred, START + s] = len(bars.values)
    return listed
