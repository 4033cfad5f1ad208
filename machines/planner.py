"""The planner: all the orders that the base strategy wants at one moment, whatever comes next.

Every formula is in `machines.pricing`; the order of the decisions is that of the compiled candle
engine, which leaves out what the next bar does not reach.  Floats stay inside: orders leave in
lots and ticks.
"""

from typing import NamedTuple

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from machines.planner_inputs import Moment, Strategy, enabled
from machines.pricing.closes import LADDER_MAX, Held, write_closes
from machines.pricing.closes import REDUCED as REDUCED_ALONE
from machines.pricing.enforcer import REDUCED, cut_price, cuts
from machines.pricing.entries import Scene, next_entry, write_entries
from machines.pricing.forager import affordable, choose, first_by_distance, readiness
from machines.pricing.gates import PANIC, gate_entries, total_exposure, trim_closes, without_losses
from machines.pricing.numbers import (
    LADDER,
    LONG,
    SHORT,
    Floats,
    Market,
    Order,
    Records,
    lots,
    price_from,
    put,
    qty_from,
    ticks,
)
from machines.pricing.reach import unstuck_enabled
from machines.pricing.sides import (
    Own,
    Position,
    Side,
    base_limit,
    even_share,
    in_quote,
    least_balance,
    market_from,
    position_limit,
)
from machines.pricing.unstuck import allowance, distance, unstuck
from spec.slots import Mode
from spec.terms import PositionMode

CLOSES, ENTRIES = 0, 1
LOWER, UPPER = 0, 1
SPREAD = 2  # a ladder of closes may get an unstucking close and a cut besides
SIDES = (LONG, SHORT)
ADDING = {None, Mode.NORMAL, Mode.GRACEFUL_STOP}  # modes in which a position may grow
LEFT = {Mode.MANUAL, Mode.PANIC}  # modes in which the strategy closes nothing
Flags = NDArray[np.bool_]


class Line(NamedTuple):
    """An order that is wanted; *kind* is one of `machines.pricing.kinds`."""

    qty: int
    price_ticks: int
    kind: int


@frozen
class Ladders:
    """What one side wants in one symbol, the nearest orders first."""

    entries: tuple[Line, ...] = ()
    closes: tuple[Line, ...] = ()


@frozen(kw_only=True)
class _Sheet:
    """One side's numbers, in coins and in quote; *ladders* and *counts* are written to.

    *owns* say how each coin trades; *count* positions share the limit, *slots* may be open.
    """

    side: int
    chosen: Side
    owns: tuple[Own, ...]
    count: int
    slots: int
    affordable: bool
    one_way: bool
    balance: float
    profit: float
    profit_max: float
    markets: tuple[Market, ...]
    table: Floats
    touches: Floats  # at which an entry may rest
    outs: Floats  # at which a close may
    sizes: Floats
    prices: Floats
    positions: tuple[Position, ...]
    bands: Floats
    hourly: Floats
    activity: Floats
    tradable: Flags
    forced: Flags
    ladders: Records
    counts: NDArray[np.int64]
    held: tuple[int, ...]

    def edge(self, coin: int, *, near: bool) -> float:
        """Return the edge of the EMA band on the side of an entry, or of a close."""
        return float(self.bands[coin, LOWER if (self.side == LONG) == near else UPPER])

    def add(self, group: int, coin: int, order: Order) -> None:
        """Write *order* behind those of a ladder."""
        place = self.counts[group, coin]
        put(self.ladders[group, coin], place, order.qty, order.price, order.kind)
        self.counts[group, coin] = place + 1


def plan(strategy: Strategy, moment: Moment) -> tuple[tuple[Ladders, Ladders], ...]:
    """Return what longs and shorts want, symbol by symbol.  Total: never raises."""
    sheets = tuple(_sheet(strategy, moment, side) for side in SIDES)
    for sheet in sheets:
        if enabled(sheet.chosen):
            _plan_entries(sheet, sheets)
            _plan_closes(sheet)
    _plan_unstuck(sheets)
    for sheet in sheets:
        if enabled(sheet.chosen):
            _plan_cuts(sheet)
            _finish_closes(sheet, strategy.losses_max)
    longs, shorts = sheets
    count = len(strategy.instruments)
    return tuple((_ladders(longs, coin), _ladders(shorts, coin)) for coin in range(count))


def _sheet(strategy: Strategy, moment: Moment, side: int) -> _Sheet:
    """Return the numbers of *side*, without orders."""
    long = side == LONG
    chosen = strategy.long if long else strategy.short
    positions = moment.longs if long else moment.shorts
    markets = tuple(market_from(each) for each in strategy.instruments)
    averages = moment.averages.sides[0 if long else 1]
    coins = len(markets)
    names = tuple(each.symbol for each in strategy.instruments)
    opens, forced = map(chosen.opens, names), np.array([*map(chosen.forces, names)])
    tradable = np.array(moment.tradable) & [*opens]
    count = min(int(chosen.terms.positions), int(tradable.sum()))
    bids, asks = _prices(moment.bids, markets), _prices(moment.asks, markets)
    unit = strategy.instruments[0]
    return _Sheet(
        side=side,
        chosen=chosen,
        owns=tuple(_limited(chosen.of(name), count) for name in names),
        count=count,
        slots=max(count, int(forced.sum())),
        affordable=strategy.affordable,
        one_way=strategy.mode is PositionMode.ONE_WAY,
        balance=in_quote(moment.balance, unit),
        profit=in_quote(moment.profit, unit),
        profit_max=in_quote(moment.profit_max, unit),
        markets=markets,
        table=np.array(markets),
        touches=bids if long else asks,
        outs=asks if long else bids,
        sizes=np.array([qty_from(p.qty, m) for p, m in zip(positions, markets, strict=True)]),
        prices=np.array([float(position.price) for position in positions]),
        positions=positions,
        bands=np.array(averages.bands),
        hourly=np.array(averages.hourly),
        activity=np.array(averages.activity),
        tradable=tradable,
        forced=forced,
        ladders=np.zeros((2, coins, LADDER_MAX + SPREAD), LADDER),
        counts=np.zeros((2, coins), np.int64),
        held=tuple(coin for coin, position in enumerate(positions) if position.qty),
    )


def _limited(own: Own, count: int) -> Own:
    """Return *own* with the limit of one of *count* positions."""
    if count == 0:
        return own
    limit = position_limit(own.terms, count)
    return evolve(
        own,
        entry=own.entry._replace(limit=limit),
        close=own.close._replace(limit=limit),
        unstuck=own.unstuck._replace(limit=limit),
    )


def _prices(found: tuple[int, ...], markets: tuple[Market, ...]) -> Floats:
    """Return prices in ticks as prices in quote."""
    return np.array([price_from(each, m) for each, m in zip(found, markets, strict=True)])


def _plan_entries(sheet: _Sheet, sheets: tuple[_Sheet, ...]) -> None:
    """Plan the re-entries of what is held and the first entries of what is chosen, then gate."""
    market = sheet.markets
    adding = [coin for coin in sheet.held if sheet.owns[coin].mode in ADDING]
    for coin in (*adding, *_chosen(sheet, sheets)):
        scene = Scene(
            sheet.balance,
            sheet.sizes[coin],
            sheet.prices[coin],
            sheet.touches[coin],
            sheet.edge(coin, near=True),
            sheet.hourly[coin],
        )
        seen, ladder = sheet.positions[coin].extremes, sheet.ladders[ENTRIES, coin]
        terms = sheet.owns[coin].entry
        first = next_entry(sheet.side, market[coin], terms, scene, seen)
        count = write_entries(sheet.side, market[coin], terms, scene, seen, first, ladder)
        sheet.counts[ENTRIES, coin] = count
    gate_entries(
        sheet.side,
        sheet.table,
        sheet.balance,
        sheet.chosen.terms.total_limit,
        sheet.sizes,
        sheet.prices,
        sheet.touches,
        sheet.ladders[ENTRIES],
        sheet.counts[ENTRIES],
    )


def _chosen(sheet: _Sheet, sheets: tuple[_Sheet, ...]) -> tuple[int, ...]:
    """Return the coins without a position that get the free slots of a side."""
    slots, one_way = sheet.slots - len(sheet.held), sheet.one_way
    if slots <= 0:
        return ()
    longs, shorts = sheets
    other = shorts if sheet is longs else longs
    may = sheet.tradable & (sheet.sizes == 0) & ~(one_way & (other.sizes != 0))
    may &= sheet.forced | [_affordable(sheet, coin) for coin in range(len(may))]
    chosen, kept = np.zeros_like(may), np.zeros_like(may)
    terms, volumes, ranges = sheet.chosen.terms, *np.ascontiguousarray(sheet.activity.T)
    weights = (terms.volume_weight, terms.range_weight, terms.readiness_weight)
    distances, scores = _distances(sheet), np.zeros(len(may))
    drop, forced = terms.volume_drop_pct, sheet.forced
    choose(slots, drop, weights, volumes, ranges, distances, may, forced, chosen, kept, scores)
    both = one_way and enabled(longs.chosen) and enabled(shorts.chosen)
    coins: list[int] = np.flatnonzero(chosen).tolist()
    return tuple(c for c in coins if not both or _long_first(longs, shorts, c) == (sheet is longs))


def _affordable(sheet: _Sheet, coin: int) -> bool:
    """Return whether a first entry is as large as the venue asks, where that matters."""
    market, terms, touch = sheet.markets[coin], sheet.owns[coin].entry, sheet.touches[coin]
    return not sheet.affordable or bool(affordable(market, terms, sheet.balance, touch))


def _distances(sheet: _Sheet) -> Floats:
    """Return how far the market is from the first entry of each coin that may be opened."""
    found = np.zeros(len(sheet.markets))
    for coin in np.flatnonzero(sheet.tradable).tolist():
        band, dist = sheet.edge(coin, near=True), sheet.owns[coin].entry.initial_ema_dist
        found[coin] = readiness(sheet.side, sheet.touches[coin], band, dist)
    return found


def _long_first(longs: _Sheet, shorts: _Sheet, coin: int) -> bool:
    """Return whether a coin that is held one way only may be entered long, else short."""
    return bool(
        first_by_distance(
            longs.touches[coin],
            longs.edge(coin, near=True),
            shorts.edge(coin, near=True),
            longs.owns[coin].entry.initial_ema_dist,
            shorts.owns[coin].entry.initial_ema_dist,
        )
    )


def _plan_closes(sheet: _Sheet) -> None:
    """Plan the closes of what is held; in a panic that is one, a tick through the market."""
    for coin in sheet.held:
        market, own, size = sheet.markets[coin], sheet.owns[coin], sheet.sizes[coin]
        if own.mode is Mode.PANIC:
            price = sheet.outs[coin] - sheet.side * market.price_step
            sheet.add(CLOSES, coin, Order(size, price, PANIC))
        elif own.mode is not Mode.MANUAL:
            held = Held(sheet.balance, size, sheet.prices[coin], sheet.outs[coin])
            seen, ladder = sheet.positions[coin].extremes, sheet.ladders[CLOSES, coin]
            count = write_closes(sheet.side, market, own.close, held, seen, ladder)
            sheet.counts[CLOSES, coin] = count


def _plan_unstuck(sheets: tuple[_Sheet, ...]) -> None:
    """Plan a close of the position that is stuck the least, if any is."""
    found: list[tuple[float, _Sheet, int, float]] = []
    for sheet in sheets:
        allowed = _allowed(sheet)
        if allowed > 0:
            found += [(_stuck(sheet, coin), sheet, coin, allowed) for coin in sheet.held]
    if not found:
        return
    far, sheet, coin, allowed = min(found, key=lambda each: each[0])
    if far < np.inf:
        size, price, touch = sheet.sizes[coin], sheet.prices[coin], sheet.outs[coin]
        market, terms = sheet.markets[coin], sheet.owns[coin].unstuck
        order = unstuck(sheet.side, market, terms, sheet.balance, size, price, touch, allowed)
        sheet.add(CLOSES, coin, order)


def _allowed(sheet: _Sheet) -> float:
    """Return the loss that unstucking of a side may take, in quote; 0 if it is not enabled."""
    terms = sheet.chosen.unstuck
    if not (unstuck_enabled(terms) and enabled(sheet.chosen)):
        return 0
    part = terms.loss_allowance_pct * sheet.chosen.terms.total_limit
    return float(allowance(sheet.balance, part, sheet.profit_max, sheet.profit))


def _stuck(sheet: _Sheet, coin: int) -> float:
    """Return how far a stuck position is under water, as a fraction; inf if it is not stuck."""
    own = sheet.owns[coin]
    if own.mode in LEFT or not unstuck_enabled(own.unstuck):
        return np.inf
    return float(
        distance(
            sheet.side,
            sheet.markets[coin],
            own.unstuck,
            sheet.balance,
            sheet.sizes[coin],
            sheet.prices[coin],
            sheet.outs[coin],
            sheet.edge(coin, near=False),
        )
    )


def _plan_cuts(sheet: _Sheet) -> None:
    """Plan what cuts a side back to its total limit, if it is above."""
    terms, coins = sheet.chosen.terms, len(sheet.markets)
    most = terms.total_limit * terms.total_enforcer_threshold
    exposed = total_exposure(sheet.table, sheet.balance, sheet.sizes, sheet.prices)
    if terms.total_enforcer_threshold <= 0 or exposed <= most:
        return
    kept = np.array([_reduces(sheet, coin) for coin in range(coins)])
    share = even_share(terms.total_limit, max(sheet.slots, len(sheet.held)))
    floor = np.array([min(share, base_limit(own.terms, max(1, sheet.count))) for own in sheet.owns])
    left, gone, qty = np.zeros((3, coins))
    cuts(
        sheet.side,
        sheet.table,
        sheet.balance,
        sheet.sizes,
        sheet.prices,
        sheet.outs,
        floor,
        most,
        kept,
        left,
        gone,
        qty,
    )
    for coin in np.flatnonzero(qty > 0).tolist():
        price = cut_price(sheet.side, sheet.markets[coin], sheet.outs[coin])
        sheet.add(CLOSES, coin, Order(qty[coin], price, REDUCED))


def _reduces(sheet: _Sheet, coin: int) -> bool:
    """Return whether a position's own enforcer is at work, or nothing is to be cut of it."""
    if sheet.owns[coin].mode in LEFT:
        return True
    count = sheet.counts[CLOSES, coin]
    return bool((sheet.ladders[CLOSES, coin, :count]["kind"] == REDUCED_ALONE).any())


def _finish_closes(sheet: _Sheet, losses_max: float) -> None:
    """Trim the closes to their positions, and drop those that lose more than *losses_max*."""
    side, balance = sheet.side, sheet.balance
    least = least_balance(balance, sheet.profit, sheet.profit_max, losses_max)
    for coin in sheet.held:
        market, ladder = sheet.markets[coin], sheet.ladders[CLOSES, coin]
        count = int(sheet.counts[CLOSES, coin])
        count = trim_closes(side, market, sheet.sizes[coin], sheet.outs[coin], ladder, count)
        if losses_max < 1:
            price = sheet.prices[coin]
            count = without_losses(side, market, price, balance, least, ladder, count)
        sheet.counts[CLOSES, coin] = count


def _ladders(sheet: _Sheet, coin: int) -> Ladders:
    """Return the orders of a coin, in lots and ticks."""
    return Ladders(_lines(sheet, ENTRIES, coin), _lines(sheet, CLOSES, coin))


def _lines(sheet: _Sheet, group: int, coin: int) -> tuple[Line, ...]:
    """Return one ladder of a coin, in lots and ticks."""
    market, count = sheet.markets[coin], sheet.counts[group, coin]
    if not count:
        return ()
    rows = sheet.ladders[group, coin, :count].tolist()
    return tuple(Line(lots(qty, market), ticks(price, market), kind) for qty, price, kind in rows)
