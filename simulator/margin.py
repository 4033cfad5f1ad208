"""Margin: what an account must hold to open, what it must keep, and how far it is from neither.

Equity minus maintenance is concave in every mark price, because maintenance rates never fall with
size.  So if it is positive at two prices it is positive between them, and two evaluations prove a
whole interval safe.  Maintenance is rounded up in several places; a cushion of one money unit for
each of them keeps the argument exact.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from machines.position import Pair, net_qty, opens, route
from simulator.account import LEGS, Account
from simulator.venue_order import NO_BOUND, Phase, VenueOrder
from spec.terms import Instrument, PositionMode, PositionSide, Side
from spec.units import MILLION, div_up, ppm_of

REACH_PPM = (500_000, 50_000)
DOUBLINGS_MAX = 40
UNBOUNDED = 10**18


class Exposure(NamedTuple):
    """Legs that stand or fall together on one mark price: money units, and money units a tick."""

    instrument: Instrument
    symbol: int
    mark: int
    slope: int
    base: int
    long: int
    short: int
    leg: PositionSide = PositionSide.NONE

    def slack(self, mark: int) -> int:
        """Return margin plus profit minus maintenance at a mark price in ticks, in money units."""
        slack = self.slope * mark + self.base
        if self.long:
            slack -= self.instrument.maintenance(self.long * mark)
        if self.short:
            slack -= self.instrument.maintenance(self.short * mark)
        return slack

    @property
    def roundings(self) -> int:
        """How many roundings up are in `slack`."""
        return len(self.instrument.tiers) * ((self.long > 0) + (self.short > 0))


def check_tiers(instrument: Instrument) -> None:
    """Check what the proof of safe intervals rests on.

    Raises:
        ValueError: A maintenance rate falls with size, or the last tier has an end.
    """
    for low, high in pairwise(instrument.tiers):
        if high.notional_max <= low.notional_max or high.maintenance_ppm < low.maintenance_ppm:
            raise ValueError(f"{instrument.symbol}: tiers must rise in size and in rate")
    if instrument.tiers[-1].notional_max < UNBOUNDED:
        raise ValueError(f"{instrument.symbol}: the last tier must have no end: {UNBOUNDED}")


def exposures(account: Account) -> list[Exposure]:
    """Return what could be liquidated: symbols in cross mode, legs in isolated mode."""
    found: list[Exposure] = []
    for symbol, pair in enumerate(account.pairs):
        if account.isolated:
            found.extend(_leg(account, symbol, leg) for leg in LEGS if account.leg(symbol, leg).qty)
        elif pair.long.qty or pair.short.qty:
            found.append(_pair(account, symbol, pair))
    return found


def _pair(account: Account, symbol: int, pair: Pair) -> Exposure:
    """Return both legs of *symbol*; the cash that backs them is the account's."""
    instrument = account.instruments[symbol]
    value = instrument.value
    return Exposure(
        instrument,
        symbol,
        account.marks[symbol],
        slope=net_qty(pair) * value,
        base=(pair.short.cost - pair.long.cost) * value,
        long=pair.long.qty * value,
        short=pair.short.qty * value,
    )


def _leg(account: Account, symbol: int, side: PositionSide) -> Exposure:
    """Return one leg with its isolated margin."""
    instrument = account.instruments[symbol]
    leg, value = account.leg(symbol, side), instrument.value
    is_long = side is PositionSide.LONG
    sign = 1 if is_long else -1
    return Exposure(
        instrument,
        symbol,
        account.marks[symbol],
        slope=sign * leg.qty * value,
        base=account.margins[symbol][0 if is_long else 1] - sign * leg.cost * value,
        long=leg.qty * value if is_long else 0,
        short=0 if is_long else leg.qty * value,
        leg=side,
    )


def cross_slack(account: Account) -> int:
    """Return equity minus maintenance of a cross account in money units; below 0 it is closed."""
    return account.cash + sum(each.slack(each.mark) for each in exposures(account))


def failing_leg(account: Account) -> Exposure | None:
    """Return the first isolated leg whose margin and profit are below its maintenance."""
    return next((each for each in exposures(account) if each.slack(each.mark) < 0), None)


def safe_bands(account: Account) -> list[tuple[int, int]]:
    """Return for each symbol the mark prices (low, high) strictly between which nothing fails.

    They hold jointly: every symbol may move inside its own.
    """
    bands = [(0, NO_BOUND) for _ in account.pairs]
    found = exposures(account)
    if account.isolated:
        for each in found:
            low, high = _band(each, 0)
            bands[each.symbol] = max(bands[each.symbol][0], low), min(bands[each.symbol][1], high)
    elif len(found) == 1:
        bands[found[0].symbol] = _band(found[0], account.cash)
    elif found:
        for each, band in zip(found, _box(found, account.cash), strict=True):
            bands[each.symbol] = band
    return bands


def _band(exposure: Exposure, cash: int) -> tuple[int, int]:
    """Return the safe prices of *exposure* alone, backed by *cash*."""
    spare = cash - exposure.roundings
    mark, slack = exposure.mark, exposure.slack
    if slack(mark) + spare < 0:
        return mark - 1, mark + 1

    def safe(price: int) -> bool:
        return slack(price) + spare >= 0

    return _edge(safe, mark, -1), _edge(safe, mark, 1)


def _edge(safe: Callable[[int], bool], mark: int, sign: int) -> int:
    """Return a price up to which, from *mark* in the direction of *sign*, all is safe."""
    far = mark
    for reach_ppm in REACH_PPM:
        far = mark + sign * max(mark * reach_ppm // MILLION, 1)
        if safe(far):
            return far
    return _bisect(safe, mark, far)


def _bisect(safe: Callable[[int], bool], inside: int, outside: int) -> int:
    """Return the first unsafe price on the way from safe *inside* to unsafe *outside*."""
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if safe(middle):
            inside = middle
        else:
            outside = middle
    return outside


def _box(found: list[Exposure], cash: int) -> list[tuple[int, int]]:
    """Return safe prices of several symbols that share *cash*: the worst corner is still safe."""
    spare = cash - sum(each.roundings for each in found)
    reach_ppm = REACH_PPM[0]
    while reach_ppm:
        bands = [_around(each.mark, reach_ppm) for each in found]
        worst = spare
        for each, (low, high) in zip(found, bands, strict=True):
            worst += min(each.slack(low), each.slack(high))
        if worst >= 0:
            return bands
        reach_ppm //= 4
    return [_around(each.mark, 0) for each in found]


def _around(mark: int, reach_ppm: int) -> tuple[int, int]:
    """Return the prices *reach_ppm* away from *mark*, at least one tick."""
    reach = max(mark * reach_ppm // MILLION, 1)
    return mark - reach, mark + reach


def liquidation_price(account: Account, symbol: int, side: PositionSide) -> int | None:
    """Return the mark price in ticks at which a leg is liquidated if nothing else changes.

    None where the leg is not open or no price is bad enough: the price is looked for below a
    long leg and above a short one.
    """
    spare, mine = account.cash, None
    for each in exposures(account):
        if each.symbol == symbol and each.leg in {PositionSide.NONE, side}:
            mine = each
        elif not account.isolated:
            spare += each.slack(each.mark)
    if mine is None or not account.leg(symbol, side).qty:
        return None
    slack, backing = mine.slack, 0 if account.isolated else spare

    def safe(price: int) -> bool:
        return slack(price) + backing >= 0

    if not safe(mine.mark):
        return mine.mark
    outside = _unsafe(safe, mine.mark, side)
    return None if outside is None else _bisect(safe, mine.mark, outside)


def _unsafe(safe: Callable[[int], bool], mark: int, side: PositionSide) -> int | None:
    """Return any price that a leg of *side* does not survive, or None."""
    if side is PositionSide.LONG:
        return None if safe(1) else 1
    prices = (mark << doublings for doublings in range(1, DOUBLINGS_MAX))
    return next((price for price in prices if not safe(price)), None)


def open_cost(account: Account, symbol: int, side: Side, qty: int, price_ticks: int) -> int:
    """Return initial margin, fee and loss against mark of opening *qty* lots, in money units."""
    instrument = account.instruments[symbol]
    notional = instrument.notional(price_ticks, qty)
    worse = side.sign * (price_ticks - account.marks[symbol])
    return (
        div_up(notional, account.leverage)
        + max(ppm_of(notional, instrument.taker_ppm), 0)
        + max(worse, 0) * qty * instrument.value
    )


def position_margin(account: Account, symbol: int) -> tuple[int, int]:
    """Return the initial margin of the long and the short leg in money units.

    Isolated legs have theirs; cross legs need it at the mark price.
    """
    if account.isolated:
        long, short = account.margins[symbol]
        return long, short
    pair, price = account.pairs[symbol], account.marks[symbol]
    price *= account.instruments[symbol].value
    leverage = account.leverage
    return div_up(pair.long.qty * price, leverage), div_up(pair.short.qty * price, leverage)


def required(account: Account, symbol: int, orders: Iterable[VenueOrder]) -> int:
    """Return the money that the legs of *symbol* and those of *orders* that can fill now need.

    One-way orders first reduce the position, oldest first.  Buys and sells cannot both add to
    one position, so the dearer side counts.
    """
    pair = account.pairs[symbol]
    hedge = pair.mode is PositionMode.HEDGE
    costs = list(position_margin(account, symbol))
    closable = [pair.short.qty, pair.long.qty]
    for each in orders:
        if each.phase is Phase.WAITING or each.phase is Phase.CLOSED:
            continue
        order, opening = each.order, each.leaves_qty
        side = order.side
        if hedge:
            leg = route(pair, side, order.position_side)
            opening = opening if leg is not PositionSide.NONE and opens(leg, side) else 0
        else:
            reduced = min(closable[side], opening)
            closable[side] -= reduced
            opening -= reduced
        if opening and not order.reduce_only:
            costs[side] += open_cost(account, symbol, side, opening, each.reserve_ticks)
    return sum(costs) if hedge else max(costs)


def backing(account: Account) -> int:
    """Return the money that must cover what is `required`: isolated legs do not lend theirs."""
    return account.cash if account.isolated else account.equity()
