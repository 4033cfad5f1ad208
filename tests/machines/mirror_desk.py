"""Cycles of the mirror overlay to test with, and what becomes of what they order."""

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from machines.mirror import Decision, decide
from machines.mirror_allocation import limits
from machines.mirror_inputs import Base, Cycle, Market, Order, Settings
from spec.mirror import Limit, Mode, Symbol
from spec.terms import Instrument, PositionMode
from spec.units import MILLION

LONGS = Base(long_n_positions=5, balance=1_000)
SHORTS = Base(short_n_positions=8, balance=1_000)
ONE_WAY = PositionMode.ONE_WAY
LONG_MIRRORS = Mode.LONGS_FOR_SHORTS


def settings(**changes: Any) -> Settings:  # noqa: ANN401
    """Return settings that hedge all of the base at any price, with *changes*."""
    return evolve(Settings(threshold_ppm=MILLION, ema_dist_ppm=-MILLION), **changes)


def market(symbol: str, ticks: int = 1, **changes: Any) -> Market:  # noqa: ANN401
    """Return a market without spread, with *changes*; orders may be of any size."""
    names = ("value", "min_qty", "max_qty", "min_notional")
    sizes = {name: changes.pop(name) for name in names if name in changes}
    plain = Market(instrument=Instrument(symbol=symbol, **sizes), bid_ticks=ticks, ask_ticks=ticks)
    return evolve(plain, **changes)


def free(symbol: str, ticks: int = 1, **changes: Any) -> Market:  # noqa: ANN401
    """Return a market where a mirror may open."""
    return market(symbol, ticks, **{"approved": True, **changes})


def held(symbol: str, qty: int, ticks: int = 1, entry: int = 0, **changes: Any) -> Market:  # noqa: ANN401
    """Return a market with a mirror of *qty* lots, entered at *entry* or at the present price."""
    return free(symbol, ticks, mirror_qty=qty, mirror_cost=qty * (entry or ticks), **changes)


def base_of(qty: int, ticks: int = 1, **changes: Any) -> Market:  # noqa: ANN401
    """Return the base's market, with *qty* lots of it."""
    return market("BASE", ticks, base_qty=qty, **changes)


def cycle(*markets: Market, **changes: Any) -> Cycle:  # noqa: ANN401
    """Return a cycle over *markets* on a two-way account, with *changes* of the settings."""
    asked = settings(**changes)
    base = SHORTS if asked.mode is LONG_MIRRORS else LONGS
    return Cycle(settings=asked, base=base, markets=markets)


def one_way(given_cycle: Cycle) -> Cycle:
    """Return *given_cycle* on a one-way account."""
    return evolve(given_cycle, position_mode=ONE_WAY)


def ordered(given_cycle: Cycle) -> dict[str, int]:
    """Return the lots ordered of each symbol, negative where the mirror is reduced."""
    orders = decide(given_cycle).orders
    return {order.symbol: -order.qty if order.reduce_only else order.qty for order in orders}


def named(given_cycle: Cycle) -> tuple[Limit, ...]:
    """Return the limits that leave nothing to order, none where something is."""
    found = decide(given_cycle)
    return limits(found.blocks) if found.symbol is Symbol.LIMIT else ()


def filled(given_cycle: Cycle) -> Cycle:
    """Return *given_cycle* once every order that it decides on has filled at its price."""
    orders = {order.symbol: order for order in decide(given_cycle).orders}
    markets = (_filled(m, orders.get(m.symbol)) for m in given_cycle.markets)
    return evolve(given_cycle, markets=tuple(markets))


def _filled(given_market: Market, order: Order | None) -> Market:
    """Return *given_market* after *order*."""
    if order is None:
        return given_market
    had, cost = given_market.mirror_qty, given_market.mirror_cost
    if order.reduce_only:
        rest = had - order.qty
        return evolve(given_market, mirror_qty=rest, mirror_cost=cost * rest // had)
    cost += order.qty * order.price_ticks
    return evolve(given_market, mirror_qty=had + order.qty, mirror_cost=cost)


def until_quiet(given_cycle: Cycle, most: int = 50) -> Iterator[Decision]:
    """Yield what is decided, while all that is ordered fills, until nothing is ordered."""
    for _ in range(most):
        found = decide(given_cycle)
        yield found
        if not found.orders:
            return
        given_cycle = filled(given_cycle)
    raise AssertionError("orders do not end")
