"""At which bars the mirror overlay has to be asked: where it might do anything at all.

The screen may ask in vain, it never stays silent where the overlay would act or report: what it
computes in floats counts as undecided where integers might come out on the other side.
"""

# ruff: noqa: PLR0913, PLR0917 -- arrays in, arrays out

from math import ceil

from machines.pricing.ema import CLOSE
from machines.pricing.entries import entry_terms, write_entries
from machines.pricing.gates import gate_entries
from machines.pricing.numbers import (
    LONG,
    Order,
    compiled,
    in_billionths,
    lots,
    market_of,
    ticks,
    ticks_above,
    ticks_below,
)
from machines.pricing.sides import side_terms
from simulator.engine.fills import extremes_of
from simulator.engine.hedge import (
    BASE_LOTS,
    HANDED,
    KNOWN,
    LEAST,
    LISTED,
    LOWER,
    MIRROR_LOTS,
    MOST,
    NOTIONAL,
    OPENING,
    RESTLESS,
    SETTLED,
    STOPPED,
    TICKS,
    UPPER,
    VALUE,
    VOLATILITY,
    VOLUME,
    WANTED,
    Hedge,
)
from simulator.engine.indicators import catch_up
from simulator.engine.layout import (
    BALANCE,
    ENTRIES,
    Desk,
    side_of,
    tradable,
)
from simulator.engine.plan import choose_coins, plan_entry, scene_of
from spec.mirror import Limit, Pending
from spec.units import MILLION

ASK = -1  # a situation: an order might help, or which one it is cannot be told here
INSIDE = 0  # a situation: nothing to do; any other one has a bit for each limit that is in the way
SLACK, UNITS = 1e-9, 4.0  # of money, and units of it: more than integers lose by rounding
ALL, AT_TOUCH = int(Pending.ALL), int(Pending.AT_TOUCH)
CAP, COUNT, APPROVED = 1 << Limit.CAP, 1 << Limit.COUNT, 1 << Limit.APPROVED
OCCUPIED, EMA_GATE, MIN_SIZE = 1 << Limit.OCCUPIED, 1 << Limit.EMA_GATE, 1 << Limit.MIN_SIZE


@compiled
def asks(desk: Desk, hedge: Hedge, bar: int, row: int, hour: int) -> bool:
    """Plan the base's entries after *bar*, and return whether the overlay is to be asked first."""
    wish(desk, hedge, bar, row, hour)
    look(desk, hedge, bar, row)
    now = situation(desk, hedge)
    idle = hedge.flags[STOPPED] or now == hedge.flags[SETTLED] != ASK
    hedge.flags[SETTLED] = now
    if idle and not (hedge.every or hedge.flags[RESTLESS] or newly_wanted(hedge)):
        return False
    measure(desk, hedge, bar, hour)
    return True


@compiled
def wish(desk: Desk, hedge: Hedge, bar: int, row: int, hour: int) -> None:
    """Plan every entry that the base wants, may the next bar reach it or not."""
    s, balance, limit = hedge.base, desk.cash[BALANCE], side_terms(desk.chosen[hedge.base])[0]
    ladders, counts = desk.orders[s, ENTRIES], desk.counts[s, ENTRIES]
    counts[:] = 0
    chosen = choose_coins(desk, s, bar, row, False, False)  # noqa: FBT003
    for coin in range(len(counts)):
        if desk.sizes[s, coin] != 0.0 or (chosen and desk.flags[1, coin]):
            plan_entry(desk, s, coin, bar, row, hour)
            if hedge.ladders and counts[coin] == 1:
                write_ladder(desk, s, coin, bar, row, hour)
    touches, sizes, prices = desk.bars[bar, :, CLOSE], desk.sizes[s], desk.prices[s]
    gate_entries(side_of(s), desk.markets, balance, limit, sizes, prices, touches, ladders, counts)


@compiled
def write_ladder(desk: Desk, s: int, coin: int, bar: int, row: int, hour: int) -> None:
    """Plan what follows the first entry of a coin, though the next bar does not reach that."""
    ladder, extremes = desk.orders[s, ENTRIES, coin], extremes_of(desk.positions[s, coin])
    side, market = side_of(s), market_of(desk.markets, coin)
    terms = entry_terms(desk.entry[s, coin])
    first = Order(ladder[0].qty, ladder[0].price, ladder[0].kind)
    scene = scene_of(desk, s, coin, bar, row, hour)
    desk.counts[s, ENTRIES, coin] = write_entries(
        side, market, terms, scene, extremes, first, ladder
    )


@compiled
def look(desk: Desk, hedge: Hedge, bar: int, row: int) -> None:
    """Write prices, bands and positions in ticks and lots."""
    s = hedge.base
    for coin in range(len(desk.markets)):
        seen, market = hedge.seen[coin], market_of(desk.markets, coin)
        close, band = desk.bars[bar, coin, CLOSE], desk.bands[s, row, coin]
        seen[LISTED] = tradable(desk.listed, 0, coin, bar) or tradable(desk.listed, 1, coin, bar)
        seen[TICKS] = ticks(close, market) if close == close else 0  # noqa: PLR0124
        seen[LOWER] = ticks_below(band[0], market)
        seen[UPPER] = ticks_above(band[1], market)
        seen[BASE_LOTS] = lots(desk.sizes[s, coin], market)
        seen[MIRROR_LOTS] = lots(desk.sizes[1 - s, coin], market)
        seen[WANTED] = seen[BASE_LOTS] == 0 and desk.counts[s, ENTRIES, coin] > 0
        seen[OPENING] = 0 if seen[BASE_LOTS] else seen[HANDED]  # else the base uses it anyway
        seen[HANDED] = 0
        for i in range(desk.counts[s, ENTRIES, coin] if hedge.one_way else 0):
            seen[HANDED] += lots(desk.orders[s, ENTRIES, coin, i].qty, market)


@compiled
def measure(desk: Desk, hedge: Hedge, bar: int, hour: int) -> None:
    """Write what only the overlay looks at: quote traded in a bar, and the range of an hour."""
    s = hedge.base
    activity = desk.activity[catch_up(desk, s, bar)]
    for coin in range(len(desk.markets)):
        seen = hedge.seen[coin]
        seen[KNOWN] = seen[WANTED] or seen[BASE_LOTS]
        seen[VOLUME] = int(activity[coin, 0])
        seen[VOLATILITY] = in_billionths(desk.hourly[s, hour, coin])


@compiled
def newly_wanted(hedge: Hedge) -> bool:
    """Return whether the base wants a symbol of which the overlay does not know it.

    Only on a one-way account; who was in when the overlay was asked is known to want.
    """
    for coin in range(len(hedge.seen)):
        seen = hedge.seen[coin]
        if hedge.one_way and seen[WANTED] and not seen[KNOWN]:
            return True
    return False


@compiled
def situation(desk: Desk, hedge: Hedge) -> int:
    """Return `ASK`, `INSIDE` the band, or the limits that leave nothing to order."""
    if broken(desk, hedge):
        return ASK
    hedged = mirror_exposure(hedge)
    target = base_exposure(desk, hedge) * hedge.threshold
    if hedged == 0.0 and target == 0.0:
        return INSIDE
    band, slack = target * hedge.tolerance, (hedged + target) * SLACK + UNITS
    off = abs(hedged - target) - band
    if off < -slack:
        return INSIDE
    if off <= slack:
        return ASK
    if hedged > target:
        return above(hedge, hedged - target + band + slack)
    cap = hedge.cap * desk.cash[BALANCE] * hedge.money
    return below(hedge, cap, target + band - hedged, slack + cap * SLACK)


@compiled
def broken(desk: Desk, hedge: Hedge) -> bool:
    """Return whether a price is missing, or all cash is gone: the overlay stops."""
    for coin in range(len(hedge.seen)):
        if hedge.seen[coin, LISTED] and hedge.seen[coin, TICKS] <= 0:
            return True
    return bool(desk.cash[BALANCE] * hedge.money <= UNITS)


@compiled
def worth(hedge: Hedge, coin: int) -> float:
    """Return what one lot is worth."""
    return float(hedge.seen[coin, TICKS] * hedge.venue[coin, VALUE])


@compiled
def mirror_exposure(hedge: Hedge) -> float:
    """Return the exposure of all mirrors at the close."""
    total = 0.0
    for coin in range(len(hedge.seen)):
        if hedge.seen[coin, LISTED]:
            total += hedge.seen[coin, MIRROR_LOTS] * worth(hedge, coin)
    return total


@compiled
def base_exposure(desk: Desk, hedge: Hedge) -> float:
    """Return the exposure of the base at the close, with the entries that count already."""
    total, side = 0.0, side_of(hedge.base)
    for coin in range(len(hedge.seen)):
        if not hedge.seen[coin, LISTED]:
            continue
        total += hedge.seen[coin, BASE_LOTS] * worth(hedge, coin)
        market, touch = market_of(desk.markets, coin), side * hedge.seen[coin, TICKS]
        for i in range(desk.counts[hedge.base, ENTRIES, coin]):
            order = desk.orders[hedge.base, ENTRIES, coin, i]
            at = ticks(order.price, market)
            if hedge.pending == ALL or (hedge.pending == AT_TOUCH and side * at >= touch):
                total += float(lots(order.qty, market)) * at * hedge.venue[coin, VALUE]
    return total


@compiled
def above(hedge: Hedge, most: float) -> int:
    """Return what the situation is where mirrors exceed their target; *most* is to be taken off."""
    for coin in range(len(hedge.seen)):
        size, terms = hedge.seen[coin, MIRROR_LOTS], hedge.venue[coin]
        if hedge.seen[coin, LISTED] and size:
            if not hedge.full:
                size = min(size, int(most / worth(hedge, coin)))
            if min(size, terms[MOST]) >= terms[LEAST]:
                return ASK
    return MIN_SIZE


@compiled
def below(hedge: Hedge, cap: float, room: float, slack: float) -> int:
    """Return what the situation is where mirrors are missing; *room* is left for an order."""
    count, found = 0, 0
    for coin in range(len(hedge.seen)):
        count += hedge.seen[coin, LISTED] and hedge.seen[coin, MIRROR_LOTS] > 0
    for coin in range(len(hedge.seen)):
        if hedge.seen[coin, LISTED]:
            limit = limit_of(hedge, coin, count, cap, room, slack)
            if limit == 0:
                return ASK
            found |= limit
    return found & ~APPROVED or APPROVED


@compiled
def limit_of(hedge: Hedge, coin: int, count: int, cap: float, room: float, slack: float) -> int:
    """Return what keeps the mirror of a coin as it is, 0 for nothing that is certain."""
    seen, terms, lot = hedge.seen[coin], hedge.venue[coin], worth(hedge, coin)
    size = seen[MIRROR_LOTS]
    if not hedge.approved[coin]:
        return APPROVED
    if not size and count >= hedge.slots:
        return COUNT
    if hedge.one_way and (seen[BASE_LOTS] or seen[OPENING] or seen[HANDED]):
        return OCCUPIED
    if not size and not gate_passes(hedge, coin):
        return EMA_GATE
    least = max(terms[LEAST], ceil(terms[NOTIONAL] / lot)) * lot
    left = cap - size * lot
    if least > left + slack:
        return CAP
    return MIN_SIZE if least > room + slack and least <= left - slack else 0


@compiled
def gate_passes(hedge: Hedge, coin: int) -> bool:
    """Return whether the price of a coin is far enough out for a mirror to open."""
    seen, dist = hedge.seen[coin], hedge.dist_ppm
    if dist <= -MILLION:
        return True
    if side_of(hedge.base) == LONG:
        return bool(seen[UPPER] > 0 and seen[TICKS] * MILLION >= seen[UPPER] * (MILLION + dist))
    return bool(seen[TICKS] * MILLION <= seen[LOWER] * (MILLION - dist))
