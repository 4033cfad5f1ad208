"""One side of an account: what a person chooses for it, and what all its positions share."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from attrs import evolve, field, frozen

from machines.pricing.closes import CloseTerms
from machines.pricing.entries import EntryTerms
from machines.pricing.extremes import forgotten, seen_ticks
from machines.pricing.numbers import (
    Extremes,
    Floats,
    Market,
    compiled,
    entered,
    price_from,
    qty_from,
    tidy,
)
from machines.pricing.unstuck import UnstuckTerms
from spec.slots import Mode
from spec.terms import Instrument

SHARED = -1.0  # a limit of one position that is an even share


class SideTerms(NamedTuple):
    """What a person chooses for a side besides the terms of its orders."""

    total_limit: float  # total wallet exposure limit
    positions: float  # at most so many at once
    excess_allowance_pct: float
    total_enforcer_threshold: float  # negative for never
    volume_drop_pct: float
    volume_weight: float
    range_weight: float
    readiness_weight: float
    band_span: float
    other_band_span: float
    volume_span: float
    range_span: float
    hourly_span: float
    own_limit: float = SHARED  # of one position, without its allowance


@compiled
def side_terms(row: Floats) -> SideTerms:
    """Return what a *row* of numbers says."""
    return SideTerms(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
    )


@frozen
class Own:
    """How one coin trades on a side; the terms' own *limit* follows from it.

    A *mode* is forced on it, None leaves it to the slots.
    """

    entry: EntryTerms
    close: CloseTerms
    unstuck: UnstuckTerms
    terms: SideTerms
    mode: Mode | None = None


@frozen
class Side:
    """What a person chooses for longs or for shorts: how its coins trade.

    Positions are opened in the symbols that are *approved*; None is all.  The *coins* trade
    otherwise, as far as it is about their orders, their limit, their band, their hourly span and
    their mode.
    """

    entry: EntryTerms
    close: CloseTerms
    unstuck: UnstuckTerms
    terms: SideTerms
    approved: frozenset[str] | None = None
    mode: Mode | None = None
    coins: tuple[tuple[str, Own], ...] = ()

    def of(self, symbol: str) -> Own:
        """Return how *symbol* trades."""
        for name, own in self.coins:
            if name == symbol:
                return own
        return Own(self.entry, self.close, self.unstuck, self.terms, self.mode)

    def opens(self, symbol: str) -> bool:
        """Return whether positions may be opened in *symbol*."""
        own = self.of(symbol)
        approved = self.approved is None or symbol in self.approved
        return approved and own.mode in {None, Mode.NORMAL} and own.terms.own_limit != 0.0

    def slots(self, symbols: Sequence[str]) -> int:
        """Return how many positions there may be in *symbols*: each that is forced has a slot."""
        return max(int(self.terms.positions), sum(map(self.forces, symbols)))

    def forces(self, symbol: str) -> bool:
        """Return whether *symbol* comes before those that are chosen."""
        return self.of(symbol).mode is Mode.NORMAL and self.opens(symbol)


@frozen
class Position:
    """What a side has in a symbol: *qty* lots, entered at *price* on average.

    *extremes* are those since the last fill, *filled* says that this came after the last bar.
    """

    qty: int = 0
    price: float = 0.0
    extremes: Extremes = field(factory=forgotten)
    filled: bool = False


def traded(position: Position, qty: int, notional: int, market: Market) -> Position:
    """Return *position* after a fill that added *qty* lots for *notional* tick-lots.

    A negative *qty* was taken from it, at whatever price.
    """
    after = position.qty + qty
    price = position.price if after else 0.0
    if qty > 0:
        size, added = qty_from(position.qty, market), qty_from(qty, market)
        average = notional / qty * market.price_step if notional % qty else 0.0
        fill_price = average or price_from(notional // qty, market)
        _, price = entered(market, size, position.price, added, fill_price)
    return Position(after, price, forgotten(), filled=True)


def watched(position: Position, high: int, low: int, close: int, market: Market) -> Position:
    """Return *position* after a bar in ticks; one that filled in it starts to watch with the next.

    A position that does not exist watches nothing.
    """
    if position.filled or not position.qty:
        return evolve(position, filled=False) if position.filled else position
    return evolve(position, extremes=seen_ticks(position.extremes, high, low, close, market))


@cache
def market_from(instrument: Instrument) -> Market:
    """Return what the venue says of *instrument* in coins and in quote."""
    tick, lot, money = float(instrument.tick), float(instrument.lot), float(instrument.money)
    return Market(
        qty_step=lot,
        price_step=tick,
        min_qty=tidy(instrument.min_qty * lot),
        min_cost=tidy(instrument.min_notional * money),
        c_mult=tidy(instrument.value * money / (tick * lot)),
    )


def in_quote(money: int, instrument: Instrument) -> float:
    """Return *money* units in quote."""
    return money / round(1.0 / float(instrument.money))


@compiled
def even_share(total_limit: float, count: int) -> float:
    """Return what one of *count* positions has of the limit of all."""
    return total_limit / count


@compiled
def base_limit(terms: SideTerms, count: int) -> float:
    """Return the exposure limit of one of *count* positions, without its allowance."""
    return terms.own_limit if terms.own_limit >= 0.0 else even_share(terms.total_limit, count)


@compiled
def position_limit(terms: SideTerms, count: int) -> float:
    """Return the exposure limit of one of *count* positions, its allowance included."""
    return base_limit(terms, count) * (1.0 + max(0.0, terms.excess_allowance_pct))


@compiled
def least_balance(balance: float, profit: float, profit_max: float, losses_max: float) -> float:
    """Return what closes must leave of *balance*: all but *losses_max* of the peak.

    *profit* is all that was realized, *profit_max* the most that it has been.
    """
    return (balance + profit_max - profit) * (1.0 - losses_max)
