"""All coins of one side at once: arrays in, arrays out, with a row for each coin."""

from math import inf

from machines.pricing.closes import Held, close_terms, write_closes
from machines.pricing.ema import CLOSE, HIGH, LOW, VOLUME
from machines.pricing.entries import Scene, entry_terms, next_entry, write_entries
from machines.pricing.forager import affordable, readiness
from machines.pricing.gates import trim_closes, without_losses
from machines.pricing.numbers import (
    Extremes,
    Floats,
    Records,
    compiled,
    lots,
    market_of,
    price_from,
    qty_from,
    ticks,
)
from machines.pricing.reach import unstuck_enabled
from machines.pricing.sides import position_limit, side_terms
from machines.pricing.unstuck import distance, unstuck_terms


@compiled
def write_prices(counts: Records, markets: Floats, prices: Floats) -> None:
    """Write *counts* of ticks to *prices*."""
    for coin in range(len(counts)):
        prices[coin] = price_from(counts[coin], market_of(markets, coin))


@compiled
def write_sizes(counts: Records, markets: Floats, sizes: Floats) -> None:
    """Write *counts* of lots to *sizes*."""
    for coin in range(len(counts)):
        sizes[coin] = qty_from(counts[coin], market_of(markets, coin))


@compiled
def write_limits(shares: Floats, count: int, entry: Floats, close: Floats, unstuck: Floats) -> None:
    """Write the limit of one of *count* positions to the terms, whose first field it is."""
    for coin in range(len(shares)):
        limit = position_limit(side_terms(shares[coin]), count)
        entry[coin, 0] = close[coin, 0] = unstuck[coin, 0] = limit


@compiled
def convert_bars(markets: Floats, bars: Floats) -> None:
    """Convert *bars*, as in `machines.pricing.ema`, from ticks and lots to quote and to coins."""
    for coin in range(len(bars)):
        market, row = market_of(markets, coin), bars[coin]
        if row[CLOSE] == row[CLOSE]:
            row[HIGH], row[LOW] = price_from(row[HIGH], market), price_from(row[LOW], market)
            row[CLOSE] = price_from(row[CLOSE], market)
            row[VOLUME] = qty_from(row[VOLUME], market)


@compiled
def extremes_of(row: Floats) -> Extremes:
    """Return a row of extremes."""
    return Extremes(row[0], row[1], row[2], row[3])


@compiled
def write_all_entries(
    side: int,
    coins: Records,
    markets: Floats,
    terms: Floats,
    balance: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    bands: Floats,
    volatilities: Floats,
    seen: Floats,
    ladders: Records,
    counts: Records,
) -> None:
    """Write the entries of *coins* to *ladders* and *counts*; *bands* are on the entries' side."""
    for place in range(len(coins)):
        coin = int(coins[place])
        scene = Scene(
            balance, sizes[coin], prices[coin], touches[coin], bands[coin], volatilities[coin]
        )
        market, own = market_of(markets, coin), entry_terms(terms[coin])
        extremes, ladder = extremes_of(seen[coin]), ladders[coin]
        first = next_entry(side, market, own, scene, extremes)
        counts[coin] = write_entries(side, market, own, scene, extremes, first, ladder)


@compiled
def write_all_closes(
    side: int,
    coins: Records,
    markets: Floats,
    terms: Floats,
    balance: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    seen: Floats,
    ladders: Records,
    counts: Records,
) -> None:
    """Write the closes of *coins* to *ladders* and *counts*."""
    for place in range(len(coins)):
        coin = int(coins[place])
        market, own = market_of(markets, coin), close_terms(terms[coin])
        held = Held(balance, sizes[coin], prices[coin], touches[coin])
        extremes, ladder = extremes_of(seen[coin]), ladders[coin]
        counts[coin] = write_closes(side, market, own, held, extremes, ladder)


@compiled
def finish_all_closes(
    side: int,
    coins: Records,
    markets: Floats,
    balance: float,
    least_balance: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    ladders: Records,
    counts: Records,
) -> None:
    """Trim the closes of *coins*, and drop those that take *balance* below *least_balance*."""
    for place in range(len(coins)):
        coin = int(coins[place])
        market, ladder = market_of(markets, coin), ladders[coin]
        count = trim_closes(side, market, sizes[coin], touches[coin], ladder, counts[coin])
        counts[coin] = without_losses(
            side, market, prices[coin], balance, least_balance, ladder, count
        )


@compiled
def least_stuck(
    side: int,
    coins: Records,
    markets: Floats,
    terms: Floats,
    balance: float,
    sizes: Floats,
    prices: Floats,
    touches: Floats,
    bands: Floats,
) -> tuple[float, int]:
    """Return how far the least stuck of *coins* is under water, inf if none is, and which it is."""
    least, found = inf, -1
    for place in range(len(coins)):
        coin = int(coins[place])
        own = unstuck_terms(terms[coin])
        if unstuck_enabled(own):
            market, size, price = market_of(markets, coin), sizes[coin], prices[coin]
            far = distance(side, market, own, balance, size, price, touches[coin], bands[coin])
            if far < least:
                least, found = far, coin
    return least, found


@compiled
def write_distances(
    side: int, touches: Floats, bands: Floats, terms: Floats, may: Records, distances: Floats
) -> None:
    """Write how far the market is from the first entry of each coin that *may* be opened."""
    for coin in range(len(may)):
        distances[coin] = 0.0
        if may[coin]:
            own = entry_terms(terms[coin])
            distances[coin] = readiness(side, touches[coin], bands[coin], own.initial_ema_dist)


@compiled
def drop_dear(
    markets: Floats, terms: Floats, balance: float, touches: Floats, forced: Records, may: Records
) -> None:
    """Clear the flags in *may* of coins whose smallest order is too large, but the *forced*."""
    for coin in range(len(may)):
        if may[coin] and not forced[coin]:
            market, own = market_of(markets, coin), entry_terms(terms[coin])
            may[coin] = affordable(market, own, balance, touches[coin])


@compiled
def write_lines(markets: Floats, ladders: Records, counts: Records, lines: Records) -> None:
    """Write the orders of *ladders*, coin by coin, to *lines*: lots, ticks and kind."""
    line = 0
    for coin in range(len(counts)):
        market = market_of(markets, coin)
        for i in range(counts[coin]):
            order = ladders[coin, i]
            lines[line, 0] = lots(order.qty, market)
            lines[line, 1] = ticks(order.price, market)
            lines[line, 2] = order.kind
            line += 1
