"""The same candles and settings in the candle engine and in the event world, to be compared.

The candle engine sees the next bar when it plans.  So it differs from a venue in three ways:

- A leg that enters and closes in one bar has closed first.  At a venue the price decides, and so
  does the average entry price that follows.  `certain` names the first bar of that kind.
- Of a ladder of closes nothing fills unless the first one does, the one whose size is found first.
  Where a markup ends above its start the others are nearer to the market, and a venue fills them.
- The limit of a side's exposure takes entries away; those of positions that the next bar does not
  reach count with their first order only.  At a venue all that rest count.  Without an allowance
  above their shares, positions fit below the limit as they are.

A strict run differs in the last one alone, and with mirrors in none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from machines.pricing.kinds import Kind
from machines.pricing.numbers import lots, ticks
from simulator import by_events as events
from simulator.candles import Candles
from simulator.engine import run as engine
from simulator.engine.bars import side_by_side
from simulator.engine.run import Result, Settings

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
    return filled(engine.run(side_by_side(candles, opens=True), settings), settings)


def by_events(candles: Sequence[Candles], settings: Settings) -> list[Filled]:
    """Return the fills of the event world, in the order of `Filled`."""
    return filled(events.run(side_by_side(candles, opens=True), settings), settings)


def filled(result: Result, settings: Settings) -> list[Filled]:
    """Return the fills of *result*, in the order of `Filled`."""
    found: list[Filled] = []
    for fill in result.fills:
        bar, coin, kind = (int(fill[name]) for name in ("bar", "coin", "kind"))
        market, price, qty = settings.markets[coin], float(fill["price"]), float(fill["qty"])
        found.append(Filled(bar, coin, kind, ticks(price, market), lots(qty, market)))
    return sorted(found)


def certain(fills: Sequence[Filled]) -> int:
    """Return the first bar in which a leg both enters and closes, or a number beyond all bars."""
    legs: dict[tuple[int, int, bool], set[bool]] = {}
    for fill in fills:
        enters = fill.kind < Kind.CLOSE_GRID
        leg = (fill.bar, fill.symbol, (fill.qty > 0) == enters)
        legs.setdefault(leg, set()).add(enters)
    return min((bar for (bar, _, _), both in legs.items() if len(both) > 1), default=BEYOND)
