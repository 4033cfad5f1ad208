"""What the charts of a backtest show: panels of lines, areas, bands and marks, thinned out.

Page and pictures draw the same charts.  Times are Unix ms; floats, for drawing only.
"""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from attrs import field, frozen

from simulator.metrics import LONG, NET, SHORT, Band, Records
from simulator.metrics.records import Floats, Ints, Rows
from simulator.metrics.series import drawdowns
from simulator.report import style
from simulator.report.views import Line, thin
from spec.hedge_wallet import OrderKind

MARKS_MAX: Final = 1_000  # of one kind
MIRROR: Final = "#7a3fa5"
MIRROR_CLOSE: Final = "#b78fd3"
BAND: Final = "#bb97d8"
COLORS: Final = {
    (LONG, False): style.ORDERS[OrderKind.MARKET_BUY_FULL],
    (LONG, True): style.ORDERS[OrderKind.STOP_LOSS_FULL],
    (SHORT, False): style.ORDERS[OrderKind.STOP_ENTRY_SHORT],
    (SHORT, True): style.ORDERS[OrderKind.STOP_LOSS_COVER],
}
SIZES: Final = {"up": 7.0, "down": 7.0, "diamond": 9.0, "cross": 11.0}  # pixels
SIDES: Final = {LONG: "Long", SHORT: "Short"}


@frozen(eq=False, kw_only=True)
class Curve:
    """A line in time; *steps* holds each value until the next, *filled* reaches down to zero."""

    name: str
    line: Line
    color: str
    width: float = 1.2
    steps: bool = False
    filled: bool = False


@frozen(eq=False, kw_only=True)
class Area:
    """The space between two lines at the same moments, in steps."""

    name: str
    ms: Ints
    low: Floats
    high: Floats
    color: str


@frozen(eq=False, kw_only=True)
class Marks:
    """Points, with a text for each."""

    name: str
    line: Line
    texts: tuple[str, ...] = field(repr=False)
    color: str
    shape: str  # up, down, diamond or cross
    size: float


Shape = Curve | Area | Marks


@frozen(eq=False)
class Panel:
    """One plot: what its values are, what it shows, and its share of the height."""

    label: str
    shapes: tuple[Shape, ...]
    share: float


@frozen(eq=False)
class Chart:
    """Panels above each other that share their time."""

    name: str
    title: str
    panels: tuple[Panel, ...]


def charts(records: Records) -> Iterator[Chart]:
    """Yield the charts of *records*: the account, its exposure, and each symbol with a fill."""
    if len(records.ts_ms):
        yield account(records)
        yield exposure(records)
        for symbol in traded(records):
            yield price(records, symbol)


def traded(records: Records) -> list[int]:
    """Return the symbols with a fill, as places in `Records.symbols`, those with most first."""
    counts = np.bincount(records.fills["symbol"], minlength=len(records.symbols))
    order = np.argsort(-counts, kind="stable")
    return [int(symbol) for symbol in order if counts[symbol]]


def account(records: Records) -> Chart:
    """Return equity and balance, and below them how far the equity is under water."""
    ms = records.ts_ms
    money: list[Shape] = [
        Curve(name="Balance", line=thin(ms, records.balance), color=style.HOLDING, steps=True),
        Curve(name="Equity", line=thin(ms, records.equity), color=style.EQUITY, width=1.6),
    ]
    if records.mirror_pnl is not None:
        before = records.equity - (records.mirror_pnl - records.mirror_pnl[0])
        line = thin(ms, before)
        money.insert(1, Curve(name="Equity without mirrors", line=line, color=MIRROR_CLOSE))
    under = thin(ms, -100 * drawdowns(records.equity))
    fall = Curve(name="Drawdown", line=under, color=style.LOSS, filled=True)
    panels = (Panel("Quote units", tuple(money), 2.6), Panel("Drawdown (%)", (fall,), 1))
    return Chart("account", "Equity, balance and drawdown", panels)


def exposure(records: Records) -> Chart:
    """Return long and short exposure, the net below, and the target band of one of them."""
    ms, sides = records.ts_ms, list[Shape]()
    for side, values in ((LONG, records.long), (SHORT, -records.short)):
        line, color = thin(ms, 100 * values), COLORS[side, False]
        sides.append(Curve(name=SIDES[side], line=line, color=color, steps=True, filled=True))
    line = thin(ms, 100 * records.exposure(NET))
    net: list[Shape] = [Curve(name="Net", line=line, color=style.INK, steps=True)]
    if records.band is not None:
        (net if records.band.side == NET else sides).insert(0, _band(records, records.band))
    panels = (
        Panel("Exposure (% of balance)", tuple(sides), 1.7),
        Panel("Net (% of balance)", tuple(net), 1),
    )
    return Chart("exposure", "Exposure: long above, short below, net", panels)


def _band(records: Records, band: Band) -> Area:
    """Return the target band; that of shorts lies below zero, as they do."""
    low, high = (-band.high, -band.low) if band.side == SHORT else (band.low, band.high)
    lower, upper = thin(records.ts_ms, 100 * low), thin(records.ts_ms, 100 * high)
    ms = np.union1d(lower.ms, upper.ms)
    at = np.searchsorted(records.ts_ms, ms)
    name = f"Target band, {SIDES.get(band.side, 'Net').lower()}"
    return Area(name=name, ms=ms, low=100 * low[at], high=100 * high[at], color=BAND)


def price(records: Records, symbol: int) -> Chart:
    """Return the price of *symbol* with its fills, and its position below."""
    name = records.symbols[symbol]
    fills = records.fills[records.fills["symbol"] == symbol]
    shapes: list[Shape] = []
    if records.closes is not None:
        known = np.isfinite(records.closes[:, symbol])
        closes = thin(records.ts_ms[known], records.closes[known, symbol])
        shapes.append(Curve(name="Price", line=closes, color=style.PRICE, width=0.9))
    shapes += _marks(fills, records.kinds)
    panels = (
        Panel("Price (quote units)", tuple(shapes), 3),
        Panel("Position (coins)", tuple(_positions(records, fills)), 1),
    )
    plain = re.sub(r"[^\w.-]", "_", name)  # names a file, too
    return Chart(f"symbol-{plain}", f"{name}: price, fills and position", panels)


def _largest(fills: Rows) -> Rows:
    """Return the largest of *fills*, in their order."""
    order = np.argsort(-np.abs(fills["qty"]) * fills["price"], kind="stable")
    shown: Rows = fills[np.sort(order[:MARKS_MAX])]
    return shown


def _marks(fills: Rows, kinds: tuple[str, ...]) -> Iterator[Marks]:
    """Yield the fills by what they are, as far as there are any."""
    for name, rows, color, shape in _groups(fills):
        if len(rows):
            shown = _largest(rows)
            texts = tuple(
                f"{kinds[row['kind']]}<br>{row['qty']:+,.8g} at {row['price']:,.8g}"
                f"<br>P&L {row['pnl']:,.2f}, fee {row['fee']:,.2f}"
                for row in shown
            )
            few = "" if len(shown) == len(rows) else f"largest {len(shown):,} of "
            yield Marks(
                name=f"{name} ({few}{len(rows):,})",
                line=Line(shown["ts_ms"], shown["price"]),
                texts=texts,
                color=color,
                shape=shape,
                size=SIZES[shape],
            )


def _groups(fills: Rows) -> Iterator[tuple[str, Rows, str, str]]:
    """Yield name, fills, colour and shape: entries and closes of a side, mirrors, collisions."""
    closes, sides = fills["qty"] * fills["side"] < 0, fills["side"]
    collisions = fills["collision"]
    mirrors = fills["mirror"] & ~collisions
    for side in (LONG, SHORT):
        for close in (False, True):
            name = f"{SIDES[side]} {'close' if close else 'entry'}"
            mine = (sides == side) & (closes == close) & ~mirrors & ~collisions
            buys = (side == LONG) is not close
            yield name, fills[mine], COLORS[side, close], "up" if buys else "down"
    yield "Mirror entry", fills[mirrors & ~closes], MIRROR, "diamond"
    yield "Mirror close", fills[mirrors & closes], MIRROR_CLOSE, "diamond"
    yield "Collision", fills[collisions], style.LIQUIDATION, "cross"


def _positions(records: Records, fills: Rows) -> Iterator[Curve]:
    """Yield what was held of a symbol, longs above zero and shorts below."""
    start, end = records.ts_ms[0], records.ts_ms[-1]
    for side in (LONG, SHORT):
        mine = fills[fills["side"] == side]
        if len(mine):
            held = side * mine["position_qty"]
            ms = np.concatenate([[start], mine["ts_ms"], [end]])
            line = thin(ms, np.concatenate([[0.0], held, held[-1:]]))
            color = COLORS[side, False]
            yield Curve(
                name=f"{SIDES[side]} position", line=line, color=color, steps=True, filled=True
            )
