"""In which order the mirror overlay takes symbols: to open, to add, to reduce; and who may open.

No rank depends on the order in which symbols are listed: ties go by name.
"""

from machines.mirror_inputs import Cycle, Market, lot_worth, min_lots, price
from spec.mirror import Limit, Mode
from spec.terms import PositionMode, Side
from spec.units import MILLION


def underwater_ppm(side: Side, qty: int, cost: int, bid_ticks: int, ask_ticks: int) -> int:
    """Return how far a mirror opened by *side* is from break-even, positive where it loses.

    *cost* is in tick-lots; without one the mirror is at break-even.

    >>> underwater_ppm(Side.SELL, 2, 200, 110, 110), underwater_ppm(Side.BUY, 2, 200, 110, 110)
    (100000, -100000)
    """
    if cost <= 0:
        return 0
    worth = qty * (bid_ticks + ask_ticks)
    return -side.sign * (worth - 2 * cost) * MILLION // (2 * cost)


def of_market(market: Market, side: Side) -> int:
    """Return how far under water the mirror of *market* is, in parts per million."""
    qty, cost = market.mirror_qty, market.mirror_cost
    return underwater_ppm(side, qty, cost, market.bid_ticks, market.ask_ticks)


def to_reduce(mirrors: tuple[Market, ...], side: Side) -> list[Market]:
    """Return *mirrors* with the least underwater first."""
    return sorted(mirrors, key=lambda market: (of_market(market, side), market.symbol))


def borda(candidates: tuple[Market, ...]) -> list[Market]:
    """Return *candidates* by the sum of two ranks: of low volatility, and of high volume.

    A rank is the number of candidates that are better, so equals rank equally.
    """
    return sorted(candidates, key=lambda market: (score(market, candidates), market.symbol))


def score(market: Market, candidates: tuple[Market, ...]) -> int:
    """Return the sum of the two ranks of *market* among *candidates*, lower is better."""
    calmer = sum(each.volatility < market.volatility for each in candidates)
    busier = sum(each.volume > market.volume for each in candidates)
    return calmer + busier


def gate_passes(market: Market, mode: Mode, dist_ppm: int) -> bool:
    """Return whether the price is far enough out for a mirror to open; an unknown band is not."""
    if dist_ppm <= -MILLION:
        return True
    mid = (market.bid_ticks + market.ask_ticks) * MILLION
    if mode is Mode.SHORTS_FOR_LONGS:
        return market.upper_ticks > 0 and mid >= 2 * market.upper_ticks * (MILLION + dist_ppm)
    return mid <= 2 * market.lower_ticks * (MILLION - dist_ppm)


def closed_to(cycle: Cycle, market: Market) -> Limit | None:
    """Return what keeps a mirror from opening on *market*, whatever its size."""
    if not market.approved:
        return Limit.APPROVED
    if occupied(cycle, market):
        return Limit.OCCUPIED
    settings = cycle.settings
    passes = gate_passes(market, settings.mode, settings.ema_dist_ppm)
    return None if passes else Limit.EMA_GATE


def occupied(cycle: Cycle, market: Market) -> bool:
    """Return whether *market* is the base's to use: collision says so, or a one-way account."""
    if market.closing or not market.openable:
        return True
    one_way = cycle.position_mode is PositionMode.ONE_WAY
    return one_way and (market.base_qty > 0 or bool(market.base_entries))


def least(market: Market, side: Side) -> tuple[int, int]:
    """Return the fewest lots that may be opened on *market*, and their exposure."""
    lots = min_lots(market.instrument, price(market, side))
    return lots, lots * lot_worth(market)
