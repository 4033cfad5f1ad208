"""The same candles and settings in the candle engine and in the event world, to be compared.

The candle engine sees the next bar when it plans.  So it differs from a venue in three ways:

- A leg that enters and closes in one bar has closed first.  At a venue the price decides, and so
  does the average entry price that follows.  `certain` names the first bar of that kind.
- Of a ladder of closes nothing fills unless the first one does, the one whose size is found first.
  Where a markup ends above its start the others are nearer to the market, and a venue fills them.
- The limit of a side's exposure takes entries away; those of positions that the next bar does not
  reach count with their first order only.  At a venue all that rest count.  Without an allowance
  above their shares, positions fit below the limit as they are.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from attrs import evolve

from machines.planner_inputs import Strategy
from machines.portfolio import Config
from machines.pricing.kinds import Kind
from machines.pricing.numbers import Market, lots, ticks
from simulator import portfolio_world
from simulator.candles import Candles, Ints
from simulator.engine import run as engine
from simulator.engine.bars import side_by_side
from simulator.engine.run import Settings
from simulator.portfolio_world import Run, Setup
from simulator.venue_terms import VenueConfig
from spec.terms import Instrument, PositionMode
from spec.units import MILLI_NS, MILLION

MONEY = Decimal("0.00000001")
LEVERAGE = 100  # the candle engine knows no margin: there is to be enough of it
LEVELS = 16
BEYOND = 2**62


class Filled(NamedTuple):
    """A fill; *qty* lots are negative to sell."""

    bar: int
    symbol: int
    kind: int
    ticks: int
    qty: int


def by_candles(candles: Sequence[Candles], settings: Settings) -> list[Filled]:
    """Return the fills of the candle engine, in the order of `Filled`."""
    found = engine.run(side_by_side(candles, opens=True), settings).fills
    markets = settings.markets
    filled: list[Filled] = []
    for fill in found:
        bar, coin, kind = (int(fill[name]) for name in ("bar", "coin", "kind"))
        price, qty = float(fill["price"]), float(fill["qty"])
        filled.append(
            Filled(bar, coin, kind, ticks(price, markets[coin]), lots(qty, markets[coin]))
        )
    return sorted(filled)


def by_events(candles: Sequence[Candles], settings: Settings) -> list[Filled]:
    """Return the fills of the event world, in the order of `Filled`.

    What is ordered as a bar closes can fill in the next one: that is the bar it belongs to.
    """
    done = world(candles, settings)
    start_ns, step_ns = candles[0].start_ms * MILLI_NS, candles[0].step_ms * MILLI_NS
    return sorted(
        Filled(
            (trade.time_ns + 1 - start_ns) // step_ns,
            trade.symbol,
            trade.kind,
            trade.price_ticks,
            trade.side.sign * trade.qty,
        )
        for trade in done.venue.fills
    )


def certain(fills: Sequence[Filled]) -> int:
    """Return the first bar in which a leg both enters and closes, or a number beyond all bars."""
    legs: dict[tuple[int, int, bool], set[bool]] = {}
    for fill in fills:
        enters = fill.kind < Kind.CLOSE_GRID
        leg = (fill.bar, fill.symbol, (fill.qty > 0) == enters)
        legs.setdefault(leg, set()).add(enters)
    return min((bar for (bar, _, _), both in legs.items() if len(both) > 1), default=BEYOND)


def world(candles: Sequence[Candles], settings: Settings) -> Run:
    """Run the event world under what the candle engine takes for granted.

    No latency, no funding, no lack of margin, and limit orders that make at their own price.
    """
    pairs = tuple(zip(candles, settings.markets, strict=True))
    instruments = tuple(instrument(each.symbol, market, settings.fee) for each, market in pairs)
    mode = PositionMode.HEDGE if settings.hedge else PositionMode.ONE_WAY
    strategy = Strategy(
        instruments=instruments,
        long=settings.long,
        short=settings.short,
        mode=mode,
        losses_max=settings.losses_max,
    )
    deposit = int(Decimal(settings.balance) / MONEY)
    setup = Setup(
        portfolio=Config(
            strategy=strategy, warmup_bars=max(1, settings.warmup_bars), levels=LEVELS
        ),
        venue=VenueConfig(deposit=deposit, mode=mode, leverage=LEVERAGE, all_make=True),
        to_venue_ns=0,
        to_bot_ns=0,
        funding_ppm=0,
    )
    return portfolio_world.run(setup, [in_ticks(each, market) for each, market in pairs])


def instrument(symbol: str, market: Market, fee: float) -> Instrument:
    """Return *market* as the event world has it."""
    tick, lot = Decimal(repr(market.price_step)), Decimal(repr(market.qty_step))
    return Instrument(
        symbol=symbol,
        value=whole(tick * lot * Decimal(repr(market.c_mult)) / MONEY),
        min_qty=whole(Decimal(repr(market.min_qty)) / lot),
        min_notional=whole(Decimal(repr(market.min_cost)) / MONEY),
        maker_ppm=round(fee * MILLION),
        leverage_max=LEVERAGE,
        tick=str(tick),
        lot=str(lot),
        money=str(MONEY),
    )


def in_ticks(candles: Candles, market: Market) -> Candles:
    """Return *candles* in ticks and lots of *market*."""
    places, tick = candles.price_dp, market.price_step
    return evolve(
        candles,
        open=steps(candles.open, places, tick),
        high=steps(candles.high, places, tick),
        low=steps(candles.low, places, tick),
        close=steps(candles.close, places, tick),
        volume=steps(candles.volume, candles.volume_dp, market.qty_step),
    )


def steps(column: Ints, places: int, step: float) -> Ints:
    """Return what has so many decimal *places* as whole multiples of *step*."""
    top, bottom = (Decimal(1).scaleb(-places) / Decimal(repr(step))).as_integer_ratio()
    assert not (column * top % bottom).any()
    return np.asarray(column * top // bottom, np.int64)


def whole(number: Decimal) -> int:
    """Return *number*, which is whole."""
    assert number == int(number)
    return int(number)
