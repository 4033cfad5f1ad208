"""Laws of the position machine, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from attrs import evolve

from machines.position import (
    Fill,
    Pair,
    classify,
    net_qty,
    route,
    step,
    total_pnl,
    well_formed,
)
from spec.position import Action, Symbol
from spec.terms import PositionMode, PositionSide

FLIPS = (Symbol.FLIP_TO_SHORT, Symbol.FLIP_TO_LONG)


def step_keeps_pairs_well_formed(pair: Pair, fill: Fill) -> None:
    """The state always says which legs are open; nothing becomes negative."""
    assert well_formed(pair)
    after, _ = step(pair, fill)
    assert well_formed(after)
    assert after.mode is pair.mode


def fills_conserve_worth(pair: Pair, fill: Fill, price_ticks: int) -> None:
    """POS-1: at every mark price, a fill changes total profit by its own and nothing else."""
    assert well_formed(pair)
    after, emits = step(pair, fill)
    gained = total_pnl(after, price_ticks) - total_pnl(pair, price_ticks)
    taken = Action.REFUSE not in emits
    assert gained == (fill.side.sign * (fill.qty * price_ticks - fill.notional) if taken else 0)


def one_leg_changes(pair: Pair, fill: Fill) -> None:
    """POS-2: net moves by the fill; one leg changes, both only where a position flips."""
    assert well_formed(pair)
    after, emits = step(pair, fill)
    if Action.REFUSE in emits:
        assert after == pair
    else:
        assert net_qty(after) - net_qty(pair) == fill.side.sign * fill.qty
        same_long, same_short = after.long == pair.long, after.short == pair.short
        flipped = classify(pair, fill) in FLIPS
        assert not same_long or not same_short
        assert flipped or same_long or same_short
        assert not flipped or pair.mode is PositionMode.ONE_WAY


def hedge_mode_with_one_leg_is_one_way(pair: Pair, fill: Fill) -> None:
    """POS-3: until a flip, an account with legs that uses one does what one without legs does."""
    assert well_formed(pair)
    assert pair.mode is PositionMode.ONE_WAY
    assert fill.position_side is PositionSide.NONE
    assert classify(pair, fill) not in FLIPS
    after, emits = step(pair, fill)
    twin = evolve(pair, mode=PositionMode.HEDGE)
    leg = route(pair, fill.side, PositionSide.NONE)
    for named in (fill, evolve(fill, position_side=leg)):
        other, others = step(twin, named)
        assert (other.state, other.long, other.short) == (after.state, after.long, after.short)
        assert others == emits


def reduce_only_never_opens(pair: Pair, fill: Fill) -> None:
    """POS-4: no leg grows by an order that only reduces."""
    assert well_formed(pair)
    assert fill.reduce_only
    after, _ = step(pair, fill)
    assert after.long.qty <= pair.long.qty
    assert after.short.qty <= pair.short.qty


def reductions_share_the_cost(pair: Pair, fill: Fill) -> None:
    """A reduction realizes its share of the cost, rounded down to a whole tick-lot."""
    assert well_formed(pair)
    assert classify(pair, fill) is Symbol.REDUCE_LONG
    after, _ = step(pair, fill)
    exact, share = pair.long.cost * fill.qty, pair.long.cost - after.long.cost
    assert share * pair.long.qty <= exact < (share + 1) * pair.long.qty
