"""Which orders take the mirrors' exposure to its target, and what is in the way where none does.

`lots_off` and `lots_on` decide about one mirror, in plain integers; all else is in which order
mirrors are asked.  One order a symbol, in the order of their names.
"""

from collections.abc import Mapping

from attrs import evolve, frozen

from machines.mirror_inputs import (
    Block,
    Cycle,
    Market,
    Order,
    cap_of,
    enters,
    hedge_exposure,
    leaves,
    leg,
    lot_worth,
    max_positions,
    price,
    wanted,
)
from machines.mirror_ranking import borda, closed_to, least, occupied, to_reduce, underwater_ppm
from spec.mirror import Limit, Reason, Reduce
from spec.terms import Instrument, Side
from spec.units import MILLION

ROUNDS_MAX = 200  # of adding a share of what is missing, in one cycle
Lots = Mapping[str, int]


def sellable(size: int, lots: int, min_qty: int, max_qty: int) -> int:
    """Return the most lots, up to *lots*, that one order may take off a mirror of *size*.

    What it leaves is nothing, or enough for another order.

    >>> sellable(5, 4, 2, 10), sellable(5, 5, 2, 10), sellable(1, 1, 2, 10)
    (3, 5, 0)
    """
    most = min(lots, size, max_qty)
    if most < size and size - most < min_qty:
        most = size - min_qty
    return most if most >= min_qty else 0


def lots_off(instrument: Instrument, size: int, worth: int, excess: int, band: int) -> int:
    """Return the lots to take off a mirror of *size* lots worth *worth* each.

    The hedge is *excess* above its target.  The mirror is closed whole where the hedge then stays
    at or above the band; else it is reduced to the target, or below it if that leads inside.
    """
    least_qty, most_qty = instrument.min_qty, instrument.max_qty
    if size * worth <= excess + band:
        return sellable(size, size, least_qty, most_qty)
    lots = sellable(size, excess // worth, least_qty, most_qty)
    if lots > 0 and excess - lots * worth <= band:
        return lots
    return sellable(size, (excess + band) // worth, least_qty, most_qty)


def lots_on(worth: int, room: int, wish: int, fewest: int, most: int) -> int:
    """Return the lots to add for *wish* money: *fewest* or more, none where *room* is too small.

    >>> lots_on(10, 100, 35, 2, 9), lots_on(10, 100, 0, 2, 9), lots_on(10, 15, 0, 2, 9)
    (3, 2, 0)
    """
    lots = min(max(wish // worth, fewest), most, room // worth)
    return lots if lots >= fewest else 0


def reductions(cycle: Cycle, target: int, band: int) -> tuple[Order, ...]:
    """Return what takes the hedge down into the band, least underwater first."""
    hedge, found = hedge_exposure(cycle), list[Order]()
    side = enters(cycle.settings.mode)
    for market in to_reduce(mirrors(cycle), side):
        if hedge <= target + band:
            break
        lots = _off(cycle, market, hedge - target, band)
        if lots:
            found.append(_exit(cycle, market, lots))
            hedge -= lots * lot_worth(market)
    return _listed(found)


def mirrors(cycle: Cycle) -> tuple[Market, ...]:
    """Return the markets whose mirrors the overlay may change."""
    return tuple(m for m in cycle.markets if m.mirror_qty > 0 and not m.closing)


def _off(cycle: Cycle, market: Market, excess: int, band: int) -> int:
    """Return the lots to take off *market*; the setting FULL closes it whole in any case."""
    instrument, size = market.instrument, market.mirror_qty
    if cycle.settings.reduce is Reduce.FULL:
        return sellable(size, size, instrument.min_qty, instrument.max_qty)
    return lots_off(instrument, size, lot_worth(market), excess, band)


def _exit(cycle: Cycle, market: Market, lots: int) -> Order:
    """Return the order that takes *lots* off the mirror of *market*."""
    whole = Reason.CLOSE if wanted(cycle.settings) else Reason.UNWIND
    reason = whole if lots == market.mirror_qty else Reason.REDUCE
    return _order(cycle, market, leaves(cycle.settings.mode), lots, reason)


def additions(cycle: Cycle, target: int, band: int) -> tuple[Order, ...]:
    """Return what takes the hedge up to *target*, or at least into the band.

    Mirrors open at the smallest size; then each share of what is missing goes to the mirror that
    is furthest under water and has room, among equals to the smallest.  What the target leaves no
    room for may still go as far as the upper edge.
    """
    plan = plan_of(cycle, target)
    lots = plan.grown(plan.opened({}))
    wider = evolve(plan, ceiling=target + band, enough=target - band)
    lots = wider.grown(wider.opened(lots))
    return tuple(_entry(cycle, m, lots[m.symbol]) for m in plan.markets if m.symbol in lots)


def plan_of(cycle: Cycle, target: int) -> "Plan":
    """Return how orders are to grow up to *target*."""
    markets = tuple(sorted(cycle.markets, key=lambda market: market.symbol))
    free = (m for m in markets if not m.mirror_qty and closed_to(cycle, m) is None)
    return Plan(
        side=enters(cycle.settings.mode),
        share_ppm=cycle.settings.allocation_min_ppm,
        cap=cap_of(cycle),
        slots=max_positions(cycle) - open_mirrors(cycle),
        hedge=hedge_exposure(cycle),
        markets=markets,
        free=tuple(borda(tuple(free))),
        held=tuple(m for m in markets if m.mirror_qty > 0 and grows(cycle, m)),
        ceiling=target,
        enough=target,
    )


@frozen(kw_only=True)
class Plan:
    """Orders that grow until the hedge would be *enough*, and never beyond *ceiling*."""

    side: Side
    share_ppm: int
    cap: int
    slots: int
    hedge: int
    markets: tuple[Market, ...]
    free: tuple[Market, ...]
    held: tuple[Market, ...]
    ceiling: int
    enough: int

    def planned(self, lots: Lots) -> int:
        """Return the hedge once *lots* have filled."""
        return self.hedge + sum(lots.get(m.symbol, 0) * lot_worth(m) for m in self.markets)

    def opened(self, lots: Lots) -> Lots:
        """Return *lots* with the smallest order for each mirror that may open."""
        for market in self.free:
            full = sum(m.symbol in lots for m in self.free) >= self.slots
            if full or self.planned(lots) >= self.enough:
                break
            if market.symbol not in lots:
                lots = self.more(lots, market, 0)
        return lots

    def grown(self, lots: Lots) -> Lots:
        """Return *lots* with a share of what is missing given away again and again."""
        for _ in range(ROUNDS_MAX):
            missing = self.enough - self.planned(lots)
            if missing <= 0:
                break
            wish = missing * self.share_ppm // MILLION
            tries = (self.more(lots, market, wish) for market in self.by_need(lots))
            more = next((each for each in tries if each is not lots), None)
            if more is None:
                break
            lots = more
        return lots

    def by_need(self, lots: Lots) -> list[Market]:
        """Return the mirrors that may grow, furthest under water first, then smallest first."""
        some = (*self.held, *(market for market in self.free if market.symbol in lots))
        return sorted(some, key=lambda m: (-self.loss(lots, m), self.size(lots, m), m.symbol))

    def loss(self, lots: Lots, market: Market) -> int:
        """Return how far under water *market* will be; above water all are equal."""
        if market.mirror_cost == 0:  # nothing is entered yet, or it is not known at what price
            return 0
        more = lots.get(market.symbol, 0)
        cost = market.mirror_cost + more * price(market, self.side)
        qty, bid, ask = market.mirror_qty + more, market.bid_ticks, market.ask_ticks
        return max(underwater_ppm(self.side, qty, cost, bid, ask), 0)

    def size(self, lots: Lots, market: Market) -> int:
        """Return the exposure that *market* will have."""
        return (market.mirror_qty + lots.get(market.symbol, 0)) * lot_worth(market)

    def more(self, lots: Lots, market: Market, wish: int) -> Lots:
        """Return *lots* with more of *market*, or *lots* itself where it has no room."""
        had = lots.get(market.symbol, 0)
        room = min(self.cap - self.size(lots, market), self.ceiling - self.planned(lots))
        fewest = 1 if had else least(market, self.side)[0]
        added = lots_on(lot_worth(market), room, wish, fewest, market.instrument.max_qty - had)
        return {**lots, market.symbol: had + added} if added else lots


def open_mirrors(cycle: Cycle) -> int:
    """Return how many mirrors are open."""
    return sum(market.mirror_qty > 0 for market in cycle.markets)


def grows(cycle: Cycle, market: Market) -> bool:
    """Return whether an open mirror may become larger."""
    return market.approved and not occupied(cycle, market)


def _entry(cycle: Cycle, market: Market, lots: int) -> Order:
    """Return the order that adds *lots* to the mirror of *market*."""
    reason = Reason.ADD if market.mirror_qty else Reason.OPEN
    return _order(cycle, market, enters(cycle.settings.mode), lots, reason)


def _order(cycle: Cycle, market: Market, side: Side, lots: int, reason: Reason) -> Order:
    """Return the order for *lots* on *side*; on the side that leaves a mirror it only reduces."""
    mode = cycle.settings.mode
    return Order(
        symbol=market.symbol,
        side=side,
        qty=lots,
        price_ticks=price(market, side),
        position_side=leg(mode, cycle.position_mode),
        reduce_only=side is leaves(mode),
        reason=reason,
    )


def _listed(orders: list[Order]) -> tuple[Order, ...]:
    """Return *orders* by the name of their symbol."""
    return tuple(sorted(orders, key=lambda order: order.symbol))


def blocks(cycle: Cycle, *, below: bool) -> tuple[Block, ...]:
    """Return what keeps each mirror as it is, where no order leads into the band.

    *below* the band mirrors cannot grow; above it, only their size can keep them from shrinking.
    """
    markets = sorted(cycle.markets if below else mirrors(cycle), key=lambda market: market.symbol)
    return tuple(Block(m.symbol, _limit(cycle, m) if below else Limit.MIN_SIZE) for m in markets)


def _limit(cycle: Cycle, market: Market) -> Limit:
    """Return what keeps the mirror of *market* from growing, or from opening."""
    if not market.approved:
        return Limit.APPROVED
    if not market.mirror_qty and open_mirrors(cycle) >= max_positions(cycle):
        return Limit.COUNT
    closed = closed_to(cycle, market) if not market.mirror_qty else None
    if closed is not None:
        return closed
    if market.mirror_qty and not grows(cycle, market):
        return Limit.OCCUPIED
    room = cap_of(cycle) - market.mirror_qty * lot_worth(market)
    return Limit.CAP if least(market, enters(cycle.settings.mode))[1] > room else Limit.MIN_SIZE


def limits(found: tuple[Block, ...]) -> tuple[Limit, ...]:
    """Return the names of what blocks; symbols that are not approved count only among themselves.

    >>> limits((Block("X", Limit.APPROVED), Block("Y", Limit.CAP)))
    (<Limit.CAP: 0>,)
    """
    names = {block.limit for block in found if block.limit is not Limit.APPROVED}
    return tuple(sorted(names)) or (Limit.APPROVED,)
