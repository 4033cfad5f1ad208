"""What any venue shows of an account and of the market, in whole units: dialects only write it.

The book is a picture: one tick on either side of the last price, as much again at each further
tick.  An order at the last price itself takes.
"""

from decimal import Decimal

from attrs import frozen

from adapters.exchange.core import Exchange
from adapters.exchange.market import Listing
from adapters.exchange.text import text
from adapters.exchange.trader import Trader
from simulator import margin
from simulator.account import LEGS
from spec.terms import PositionSide

Levels = list[tuple[int, int]]
LEVEL_LOTS = 1_000
DEPTH_MAX = 200
PRICE_TICKS_MAX = 10**9


@frozen(kw_only=True)
class Wallet:
    """The account in money units; *free* may still be used as margin.

    *held* and *ordered* are initial margins of positions and orders, *kept* is maintenance.
    """

    cash: int
    equity: int
    free: int
    held: int
    ordered: int
    kept: int

    @property
    def profit(self) -> int:
        """The unrealized profit at mark."""
        return self.equity - self.cash


@frozen(kw_only=True)
class LegFigures:
    """A leg of *qty* lots that have cost *cost* tick-lots; *mark* is in ticks.

    The rest is in money units: *value* at mark, *profit* unrealized, *margin* initial,
    *maintenance*, and *isolated*, the margin that is this leg's own.
    """

    qty: int
    cost: int
    mark: int
    value: int
    profit: int
    margin: int
    maintenance: int
    isolated: int


def wallet(trader: Trader) -> Wallet:
    """Return what *trader* has."""
    account = trader.account
    symbols = range(len(account.pairs))
    margins = [trader.margins(symbol) for symbol in symbols]
    held, ordered = (sum(column) for column in zip(*margins, strict=True))
    return Wallet(
        cash=account.cash,
        equity=account.equity(),
        free=max(margin.backing(account) - held - ordered, 0),
        held=held,
        ordered=ordered,
        kept=sum(leg(trader, symbol, side).maintenance for symbol in symbols for side in LEGS),
    )


def leg(trader: Trader, symbol: int, side: PositionSide) -> LegFigures:
    """Return what one leg of *trader* is worth."""
    account, mark = trader.account, trader.account.marks[symbol]
    instrument, held = account.instruments[symbol], account.leg(symbol, side)
    is_long = side is PositionSide.LONG
    sign = 1 if is_long else -1
    value = instrument.notional(mark, held.qty)
    return LegFigures(
        qty=held.qty,
        cost=held.cost,
        mark=mark,
        value=value,
        profit=sign * (value - held.cost * instrument.value),
        margin=value // account.leverage,
        maintenance=instrument.maintenance(value),
        isolated=account.margins[symbol][0 if is_long else 1],
    )


def book(exchange: Exchange, symbol: int, depth: int) -> tuple[Levels, Levels]:
    """Return *depth* levels of bids and asks as (ticks, lots), the best first."""
    price, venue = exchange.market.price(symbol), exchange.terms.venue
    lots, away = venue.liquidity_lots or LEVEL_LOTS, max(venue.slippage_ticks, 1)
    steps = range(min(depth, DEPTH_MAX))
    bids = [(price - away - step, lots * (step + 1)) for step in steps if price > away + step]
    asks = [(price + away + step, lots * (step + 1)) for step in steps]
    return bids, asks


def changed(old: Levels, new: Levels) -> Levels:
    """Return the levels of a side that have changed; one that is gone has no lots."""
    before, after = dict(old), dict(new)
    gone = [(ticks, 0) for ticks in before if ticks not in after]
    return gone + [level for level in new if level not in before.items()]


def volume(listing: Listing, units: int) -> str:
    """Write a volume of the candles in the base currency."""
    unit = Decimal(1).scaleb(-listing.candles.volume_dp)
    return text(units, f"{unit:f}")


def turnover(listing: Listing, units: int, price: int) -> str:
    """Write a volume of the candles in the quote currency, at a price in ticks."""
    unit = Decimal(listing.instrument.tick).scaleb(-listing.candles.volume_dp)
    return text(units * price, f"{unit:f}")
