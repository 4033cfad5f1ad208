"""Which coins get the free slots: those that are traded much and move much."""

from math import inf

from machines.pricing.entries import EntryTerms
from machines.pricing.numbers import Floats, Market, Records, compiled, copy, cost, halves_away


@compiled
def readiness(side: int, touch: float, band: float, ema_dist: float) -> float:
    """Return how far the market is from a first entry, as a fraction: less is readier."""
    return side * (touch / (band * (1.0 - side * ema_dist)) - 1.0)


@compiled
def affordable(market: Market, terms: EntryTerms, balance: float, touch: float) -> bool:
    """Return whether a first entry is worth at least what the venue asks of any order."""
    least = max(market.min_cost, cost(market.min_qty, touch, market.c_mult))
    return least <= balance * terms.limit * terms.initial_qty_pct


@compiled
def first_by_distance(
    touch: float, lower: float, upper: float, long_dist: float, short_dist: float
) -> bool:
    """Return whether a flat coin may be entered long, else short, when it may be held one way."""
    long = lower * (1.0 - long_dist) / touch - 1.0
    short = 1.0 - upper * (1.0 + short_dist) / touch
    return long >= short


@compiled
def keep_by_volume(volumes: Floats, may: Records, slots: int, drop: float, kept: Records) -> None:
    """Mark in *kept* which of the coins that *may* be chosen are left when *drop* are dropped."""
    count = marked(may)
    most = max(slots, max(1, int(halves_away(count * (1.0 - drop)))))  # noqa: PLW3301
    kept[:] = False
    for _ in range(min(most, count)):
        kept[best(volumes, may, kept)] = True


@compiled
def marked(flags: Records) -> int:
    """Return how many of *flags* are set."""
    count = 0
    for coin in range(len(flags)):
        if flags[coin]:
            count += 1
    return count


@compiled
def best(scores: Floats, may: Records, taken: Records) -> int:
    """Return the coin with the highest score that may be taken and is not; the first of equals."""
    found = -1
    for coin in range(len(scores)):
        if may[coin] and not taken[coin] and (found < 0 or scores[coin] > scores[found]):
            found = coin
    return found


@compiled
def add_score(scores: Floats, values: Floats, kept: Records, weight: float, inverted: bool) -> None:  # noqa: FBT001
    """Add *values*, from 0 for the least kept to 1 for the most, times *weight* to *scores*."""
    least, most = inf, -inf
    for coin in range(len(values)):
        if kept[coin]:
            least, most = min(least, values[coin]), max(most, values[coin])
    if weight == 0.0 or not most > least:
        return
    for coin in range(len(values)):
        part = (values[coin] - least) / (most - least)
        scores[coin] += weight * (1.0 - part if inverted else part)


@compiled
def choose(
    slots: int,
    drop: float,
    weights: tuple[float, float, float],
    volumes: Floats,
    ranges: Floats,
    distances: Floats,
    may: Records,
    forced: Records,
    chosen: Records,
    kept: Records,
    scores: Floats,
) -> None:
    """Mark in *chosen* what fills *slots*: by volume, range and readiness, weighted by *weights*.

    Those that are *forced* come first.  *may*, *kept* and *scores* are overwritten.
    """
    if marked(may) <= slots:
        copy(may, chosen)
        return
    for coin in range(len(may)):
        chosen[coin] = may[coin] and forced[coin] and slots > 0
        may[coin] = may[coin] and not forced[coin]
        slots -= chosen[coin]
    if slots == 0:
        return
    keep_by_volume(volumes, may, slots, drop, kept)
    total = weights[0] + weights[1] + weights[2]
    scores[:] = 0.0
    add_score(scores, volumes, kept, weights[0] / total if total > 0.0 else 1.0, False)  # noqa: FBT003
    if total > 0.0:
        add_score(scores, distances, kept, weights[2] / total, True)  # noqa: FBT003
        add_score(scores, ranges, kept, weights[1] / total, False)  # noqa: FBT003
    for _ in range(slots):
        chosen[best(scores, kept, chosen)] = True
