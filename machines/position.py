"""The position machine: `step` is the only way a position changes.

Profit is counted in tick-lots (ticks times lots); an instrument says what one is worth in money.
A leg keeps the sum of its entry notionals, not an average price, so nothing is ever rounded away:
what a reduction does not take out of the cost stays in it.
"""

from typing import assert_never

from attrs import evolve, frozen

from spec.fsm import Spec
from spec.position import POSITION, Action, State, Symbol
from spec.terms import PositionMode, PositionSide, Side
from spec.units import div_near


@frozen(kw_only=True)
class Leg:
    """One leg: *qty* lots (never negative), *cost* (their entry notional) and *realized* profit.

    Both are in tick-lots.
    """

    qty: int = 0
    cost: int = 0
    realized: int = 0


@frozen(kw_only=True)
class Pair:
    """The position of one symbol; in one-way mode at most one leg is open."""

    mode: PositionMode = PositionMode.ONE_WAY
    state: State = POSITION.initial
    long: Leg = Leg()
    short: Leg = Leg()


@frozen(kw_only=True)
class Fill:
    """*qty* lots traded for *notional* tick-lots, by an order that named a leg or none."""

    side: Side
    qty: int
    notional: int
    position_side: PositionSide = PositionSide.NONE
    reduce_only: bool = False


PositionSpec = Spec[State, Symbol, Action]


def well_formed(pair: Pair) -> bool:
    """Return whether the state says which legs are open, and no leg is negative."""
    for leg in (pair.long, pair.short):
        if leg.qty < 0 or leg.cost < 0 or (leg.qty == 0 and leg.cost != 0):
            return False
    if pair.mode is PositionMode.ONE_WAY and pair.long.qty and pair.short.qty:
        return False
    return pair.state is state_of(pair.long.qty, pair.short.qty)


def state_of(long_qty: int, short_qty: int) -> State:
    """Return which legs are open.

    >>> state_of(2, 2)
    <State.HEDGED: 3>
    """
    if long_qty:
        return State.HEDGED if short_qty else State.LONG
    return State.SHORT if short_qty else State.FLAT


def route(pair: Pair, side: Side, position_side: PositionSide) -> PositionSide:
    """Return the leg that an order of *side* acts on, or NONE where it must be refused.

    Refused are: a named leg in one-way mode; no leg named in hedge mode while both are open.
    """
    if pair.mode is PositionMode.HEDGE and position_side is not PositionSide.NONE:
        return position_side
    if position_side is not PositionSide.NONE or pair.state is State.HEDGED:
        return PositionSide.NONE
    if pair.state is State.FLAT:
        return PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
    return PositionSide.LONG if pair.state is State.LONG else PositionSide.SHORT


def opens(leg: PositionSide, side: Side) -> bool:
    """Return whether *side* adds to *leg*."""
    return (leg is PositionSide.LONG) == (side is Side.BUY)


def reducible(pair: Pair, side: Side, position_side: PositionSide) -> int:
    """Return the lots that an order of *side* can close."""
    leg = route(pair, side, position_side)
    if leg is PositionSide.NONE or opens(leg, side):
        return 0
    return pair.long.qty if leg is PositionSide.LONG else pair.short.qty


def classify(pair: Pair, fill: Fill) -> Symbol:
    """Return what *fill* does to *pair*."""
    leg = route(pair, fill.side, fill.position_side)
    if leg is PositionSide.NONE or fill.qty < 1 or fill.notional < 0:
        return Symbol.REFUSED
    is_long = leg is PositionSide.LONG
    held = pair.long.qty if is_long else pair.short.qty
    if opens(leg, fill.side):
        if fill.reduce_only:
            return Symbol.REFUSED
        if held:
            return Symbol.ADD_LONG if is_long else Symbol.ADD_SHORT
        return Symbol.OPEN_LONG if is_long else Symbol.OPEN_SHORT
    if fill.qty < held:
        return Symbol.REDUCE_LONG if is_long else Symbol.REDUCE_SHORT
    if fill.qty == held:
        return Symbol.CLOSE_LONG if is_long else Symbol.CLOSE_SHORT
    if fill.reduce_only or pair.mode is PositionMode.HEDGE:
        return Symbol.REFUSED
    return Symbol.FLIP_TO_SHORT if is_long else Symbol.FLIP_TO_LONG


def step(pair: Pair, fill: Fill, spec: PositionSpec = POSITION) -> tuple[Pair, tuple[Action, ...]]:
    """Return *pair* after *fill*, and what follows.  Total: never raises.

    >>> step(Pair(), Fill(side=Side.BUY, qty=2, notional=200))[0].long
    Leg(qty=2, cost=200, realized=0)
    """
    symbol = classify(pair, fill)
    state, emits = spec.take(pair.state, symbol)
    if Action.REFUSE in emits:
        return (pair if state is pair.state else evolve(pair, state=state)), emits
    long, short = _legs(pair, fill, symbol)
    return Pair(mode=pair.mode, state=state, long=long, short=short), emits


def _legs(pair: Pair, fill: Fill, symbol: Symbol) -> tuple[Leg, Leg]:
    """Return the long and the short leg after *fill*."""
    qty, notional = fill.qty, fill.notional
    match symbol:
        case Symbol.OPEN_LONG | Symbol.ADD_LONG:
            return _grown(pair.long, qty, notional), pair.short
        case Symbol.OPEN_SHORT | Symbol.ADD_SHORT:
            return pair.long, _grown(pair.short, qty, notional)
        case Symbol.REDUCE_LONG | Symbol.CLOSE_LONG:
            return _reduced(pair.long, qty, notional, 1), pair.short
        case Symbol.REDUCE_SHORT | Symbol.CLOSE_SHORT:
            return pair.long, _reduced(pair.short, qty, notional, -1)
        case Symbol.FLIP_TO_SHORT:
            part = notional * pair.long.qty // qty
            rest = _grown(pair.short, qty - pair.long.qty, notional - part)
            return _reduced(pair.long, pair.long.qty, part, 1), rest
        case Symbol.FLIP_TO_LONG:
            part = notional * pair.short.qty // qty
            rest = _grown(pair.long, qty - pair.short.qty, notional - part)
            return rest, _reduced(pair.short, pair.short.qty, part, -1)
        case Symbol.REFUSED:
            return pair.long, pair.short
    assert_never(symbol)


def _grown(leg: Leg, qty: int, notional: int) -> Leg:
    """Return *leg* with *qty* lots more."""
    return Leg(qty=leg.qty + qty, cost=leg.cost + notional, realized=leg.realized)


def _reduced(leg: Leg, qty: int, notional: int, sign: int) -> Leg:
    """Return *leg* with *qty* lots fewer, their share of the cost against *notional* realized."""
    share = leg.cost * qty // leg.qty if qty < leg.qty else leg.cost
    profit = sign * (notional - share)
    return Leg(qty=leg.qty - qty, cost=leg.cost - share, realized=leg.realized + profit)


def closed_by_venue(pair: Pair, long_qty: int, short_qty: int) -> Pair:
    """Return *pair* without these lots, at their cost: what they brought is not told apart."""
    for side, qty, leg, held in (
        (Side.SELL, long_qty, PositionSide.LONG, pair.long),
        (Side.BUY, short_qty, PositionSide.SHORT, pair.short),
    ):
        named = leg if pair.mode is PositionMode.HEDGE else PositionSide.NONE
        cost = held.cost * qty // held.qty if held.qty else 0
        fill = Fill(side=side, qty=qty, notional=cost, position_side=named)
        pair, _ = step(pair, fill)
    return pair


def net_qty(pair: Pair) -> int:
    """Return long minus short, in lots."""
    return pair.long.qty - pair.short.qty


def gross_qty(pair: Pair) -> int:
    """Return long plus short, in lots."""
    return pair.long.qty + pair.short.qty


def unrealized(pair: Pair, price_ticks: int) -> int:
    """Return the profit of the open legs at *price_ticks*, in tick-lots."""
    return net_qty(pair) * price_ticks - pair.long.cost + pair.short.cost


def long_pnl(pair: Pair, price_ticks: int) -> int:
    """Return realized plus unrealized profit of the long leg, in tick-lots."""
    return pair.long.realized + pair.long.qty * price_ticks - pair.long.cost


def short_pnl(pair: Pair, price_ticks: int) -> int:
    """Return realized plus unrealized profit of the short leg, in tick-lots."""
    return pair.short.realized - pair.short.qty * price_ticks + pair.short.cost


def total_pnl(pair: Pair, price_ticks: int) -> int:
    """Return realized plus unrealized profit of both legs, in tick-lots."""
    return long_pnl(pair, price_ticks) + short_pnl(pair, price_ticks)


def entry_ticks(leg: Leg) -> int:
    """Return the average entry price of an open leg, rounded to the nearest tick."""
    return div_near(leg.cost, leg.qty) if leg.qty else 0


def with_mode(pair: Pair, mode: PositionMode) -> Pair:
    """Return *pair* in *mode*; a venue allows the change only while flat."""
    assert pair.state is State.FLAT
    return evolve(pair, mode=mode)
