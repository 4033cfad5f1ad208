"""Defects of the position pair: what bots get wrong about legs, costs and reduce-only."""

from attrs import evolve

from machines import position as positions
from machines.position import Fill, Leg, Pair, PositionSpec, entry_ticks, net_qty
from simulator.judge import Mutant
from simulator.worlds.position import Emits, PositionWorld, TwinsWorld
from spec.position import POSITION, Action, State, Symbol
from spec.terms import PositionMode, PositionSide, Side

S, X, A = State, Symbol, Action


def mutants() -> tuple[Mutant, ...]:
    """Return one defect or more for each property."""
    one_way = PositionWorld("position-one-way")
    hedge = PositionWorld("position-hedge", mode=PositionMode.HEDGE)
    twins = TwinsWorld("position-twins")
    unbooked = POSITION.redirected(S.LONG, X.REDUCE_LONG, S.LONG, ())
    flat = POSITION.redirected(S.HEDGED, X.CLOSE_LONG, S.FLAT)
    single = _refusing((S.LONG, X.OPEN_SHORT), (S.SHORT, X.OPEN_LONG))
    stuck = _refusing((S.LONG, X.FLIP_TO_SHORT), (S.SHORT, X.FLIP_TO_LONG))
    return (
        Mutant(
            "a leg keeps its average entry in whole ticks", "POS-1", evolve(one_way, step=averaged)
        ),
        Mutant(
            "the profit of a reduction stays out of cash", "POS-1", evolve(one_way, spec=unbooked)
        ),
        Mutant("equal legs cancel out", "POS-2", evolve(hedge, step=netted)),
        Mutant("closing one leg forgets the other", "POS-2", evolve(hedge, spec=flat)),
        Mutant("profit goes to the other leg", "POS-3", evolve(twins, step=crossed)),
        Mutant("reduce-only is ignored", "POS-4", evolve(one_way, step=unbound)),
        Mutant("reduce-only is ignored", "POS-4", evolve(hedge, step=unbound)),
        Mutant("a second leg is refused", "POS-5.1", evolve(hedge, spec=single)),
        Mutant(
            "a fill in excess of the position is refused", "POS-5.2", evolve(one_way, spec=stuck)
        ),
        Mutant("no order needs a leg", "POS-5.3", evolve(hedge, step=guessed)),
        Mutant(
            "an order without a leg opens one by its side", "POS-6", evolve(hedge, step=guessed)
        ),
    )  # fmt: skip


def averaged(pair: Pair, fill: Fill, spec: PositionSpec) -> tuple[Pair, Emits]:
    """Step *pair*, then make the cost of each leg its quantity times a whole price."""
    after, emits = positions.step(pair, fill, spec)
    return evolve(after, long=_averaged(after.long), short=_averaged(after.short)), emits


def _averaged(leg: Leg) -> Leg:
    """Return *leg* with its average entry rounded to a tick."""
    return evolve(leg, cost=leg.qty * entry_ticks(leg))


def netted(pair: Pair, fill: Fill, spec: PositionSpec) -> tuple[Pair, Emits]:
    """Step *pair*, then close both legs if they are equal."""
    after, emits = positions.step(pair, fill, spec)
    return (after if net_qty(after) else Pair(mode=after.mode)), emits


def crossed(pair: Pair, fill: Fill, spec: PositionSpec) -> tuple[Pair, Emits]:
    """Step *pair*, then exchange what its legs have realized if it has two."""
    after, emits = positions.step(pair, fill, spec)
    if pair.mode is PositionMode.ONE_WAY:
        return after, emits
    long = evolve(after.long, realized=after.short.realized)
    return evolve(after, long=long, short=evolve(after.short, realized=after.long.realized)), emits


def unbound(pair: Pair, fill: Fill, spec: PositionSpec) -> tuple[Pair, Emits]:
    """Step *pair* as if the order were not reduce-only."""
    return positions.step(pair, evolve(fill, reduce_only=False), spec)


def guessed(pair: Pair, fill: Fill, spec: PositionSpec) -> tuple[Pair, Emits]:
    """Step *pair* as if an order that names no leg, while both are open, adds to one of them."""
    if pair.state is State.HEDGED and fill.position_side is PositionSide.NONE:
        leg = PositionSide.LONG if fill.side is Side.BUY else PositionSide.SHORT
        fill = evolve(fill, position_side=leg, reduce_only=False)
    return positions.step(pair, fill, spec)


def _refusing(*pairs: tuple[State, Symbol]) -> PositionSpec:
    """Return the table that refuses what is given as (state, symbol)."""
    spec = POSITION
    for state, symbol in pairs:
        spec = spec.redirected(state, symbol, state, (A.REFUSE,))
    return spec
