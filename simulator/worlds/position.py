"""A position pair under every fill of a few lots at a few prices.

What was realized before a fill makes no difference to it, so a scene keeps the profit of its
latest fill only, and money is claimed of each fill by itself: that makes the world finite.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from attrs import evolve, field, frozen

from machines import position as positions
from machines.position import (
    Fill,
    Pair,
    PositionSpec,
    net_qty,
    reducible,
    route,
    unrealized,
    well_formed,
)
from simulator.explorer import Claim, Move, always, always_step, sometimes
from spec.position import POSITION, PROPERTIES, Action, State, Symbol
from spec.terms import PositionMode, PositionSide, Side

MARKS = (0, 1, 7)  # profit is linear in the mark price: two would do
FLIPS = frozenset({(State.LONG, State.SHORT), (State.SHORT, State.LONG)})
Emits = tuple[Action, ...]
Step = Callable[[Pair, Fill, PositionSpec], tuple[Pair, Emits]]
Fills = Mapping[Move, Fill]

S, X, A = State, Symbol, Action


class Scene(NamedTuple):
    """*pair*, and what its latest fill was: *leg* it named, *emits* that came of it.

    *was* is the state before it.
    """

    pair: Pair
    was: State = State.FLAT
    leg: PositionSide = PositionSide.NONE
    emits: Emits = ()


class Twins(NamedTuple):
    """A *hedge* mode pair and a *one_way* pair, told the same fills."""

    hedge: Pair
    one_way: Pair


@frozen
class PositionWorld:
    """Fills of 1..*qty* lots at prices 1..*prices* on a pair of at most *qty* lots a leg.

    *spec* and *step* are for mutants.
    """

    name: str
    mode: PositionMode = PositionMode.ONE_WAY
    qty: int = 3
    prices: int = 2
    spec: PositionSpec = field(default=POSITION, repr=False)
    step: Step = field(default=positions.step, repr=False)

    def initial(self) -> Iterable[Scene]:
        """Return the scene in which nothing is held."""
        yield Scene(Pair(mode=self.mode))

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield every fill that keeps the legs small enough."""
        before = settled(scene.pair)
        for move, fill in every_fill(self.qty, self.prices).items():
            pair, emits = self.step(before, fill, self.spec)
            if max(pair.long.qty, pair.short.qty) <= self.qty:
                yield move, Scene(pair, before.state, fill.position_side, emits)

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of the pair."""
        p = PROPERTIES
        yield always_step(p["POS-1"], self.conserves)
        yield always_step(p["POS-2"], self.changes_one_leg)
        yield always_step(p["POS-4"], self.only_reduces)
        if self.mode is PositionMode.HEDGE:
            yield sometimes(p["POS-5.1"], equal_legs)
            yield sometimes(p["POS-5.3"], refused_without_a_leg)
            yield always_step(p["POS-6"], self.guesses_no_leg)
        else:
            yield sometimes(p["POS-5.2"], flipped)

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return the legs."""
        return {"position": words(scene.pair)}

    def conserves(self, before: Scene, move: Move, after: Scene) -> bool:
        """POS-1: cash and equity change by what the fill's lots are worth, less what they cost.

        Profit becomes cash where the machine says so, at any mark price the rest is equity.
        """
        fill, pair = self._fill(move), after.pair
        lots = 0 if Action.REFUSE in after.emits else fill.side.sign
        cash = pair.long.realized + pair.short.realized if Action.REALIZE in after.emits else 0
        return all(
            cash + unrealized(pair, mark) - unrealized(before.pair, mark)
            == lots * (fill.qty * mark - fill.notional)
            for mark in MARKS
        )

    def changes_one_leg(self, before: Scene, move: Move, after: Scene) -> bool:
        """POS-2: the net changes by the fill, on one leg unless a one-way position flips."""
        fill, old, new = self._fill(move), settled(before.pair), after.pair
        changed = (old.long != new.long) + (old.short != new.short)
        grown = net_qty(new) - net_qty(old)
        if Action.REFUSE in after.emits:
            return new == old
        flips = new.mode is PositionMode.ONE_WAY and (old.state, new.state) in FLIPS
        legs = 2 if flips else 1
        return well_formed(new) and changed == legs and grown == fill.side.sign * fill.qty

    def only_reduces(self, before: Scene, move: Move, after: Scene) -> bool:
        """POS-4: a reduce-only fill makes no leg larger."""
        old, new = before.pair, after.pair
        grown = new.long.qty > old.long.qty or new.short.qty > old.short.qty
        return not (self._fill(move).reduce_only and grown)

    def guesses_no_leg(self, before: Scene, move: Move, after: Scene) -> bool:
        """POS-6: a fill without a leg is refused while both legs are open."""
        bare = self._fill(move).position_side is PositionSide.NONE
        both = before.pair.state is State.HEDGED
        return Action.REFUSE in after.emits or not (bare and both)

    def _fill(self, move: Move) -> Fill:
        """Return what *move* fills."""
        return every_fill(self.qty, self.prices)[move]


@frozen
class TwinsWorld:
    """A hedge mode pair that uses one leg at a time, beside a one-way pair.

    The fills are those of `PositionWorld` that the one leg can take: a fill in excess of it flips
    a one-way position and is refused in hedge mode.  *spec* and *step* are for mutants.
    """

    name: str
    qty: int = 3
    prices: int = 2
    spec: PositionSpec = field(default=POSITION, repr=False)
    step: Step = field(default=positions.step, repr=False)

    def initial(self) -> Iterable[Twins]:
        """Return the twins that hold nothing."""
        yield Twins(Pair(mode=PositionMode.HEDGE), Pair())

    def moves(self, twins: Twins) -> Iterator[tuple[Move, Twins]]:
        """Yield every fill of the one leg; the one-way pair is told of no leg."""
        hedge, one_way = settled(twins.hedge), settled(twins.one_way)
        for move, fill in every_fill(self.qty, self.prices).items():
            if _on_one_leg(one_way, fill):
                bare = evolve(fill, position_side=PositionSide.NONE)
                after, _ = self.step(hedge, fill, self.spec)
                same, _ = self.step(one_way, bare, self.spec)
                if max(same.long.qty, same.short.qty) <= self.qty:
                    yield move, Twins(after, same)

    def claims(self) -> Iterable[Claim[Twins]]:
        """Yield what is claimed of the twins."""
        yield always(PROPERTIES["POS-3"], alike)

    def show(self, twins: Twins) -> Mapping[str, str]:
        """Return the legs of both."""
        return {"hedge mode": words(twins.hedge), "one-way mode": words(twins.one_way)}


@cache
def every_fill(qty: int, prices: int) -> Fills:
    """Return the fills of 1..*qty* lots at prices 1..*prices*, by their moves."""
    fills: dict[Move, Fill] = {}
    for side, lots, price, leg, reduce_only in product(
        Side, range(1, qty + 1), range(1, prices + 1), PositionSide, (False, True)
    ):
        label = f"{side.name.lower()} {lots} at {price}, leg {leg.name.lower()}"
        move = Move("venue", label + (", reduce-only" if reduce_only else ""))
        fills[move] = Fill(
            side=side,
            qty=lots,
            notional=lots * price,
            position_side=leg,
            reduce_only=reduce_only,
        )
    return MappingProxyType(fills)


def settled(pair: Pair) -> Pair:
    """Return *pair* without the profit realized so far."""
    if pair.long.realized == pair.short.realized == 0:
        return pair
    return evolve(pair, long=evolve(pair.long, realized=0), short=evolve(pair.short, realized=0))


def words(pair: Pair) -> str:
    """Return *pair* in a few words."""
    long, short = pair.long, pair.short
    return f"{pair.state.name} long {long.qty} for {long.cost}, short {short.qty} for {short.cost}"


def _on_one_leg(one_way: Pair, fill: Fill) -> bool:
    """Return whether *fill* names the one leg or none, and flips nothing."""
    leg = route(one_way, fill.side, PositionSide.NONE)
    if fill.position_side not in {PositionSide.NONE, leg}:
        return False
    return fill.reduce_only or not 0 < reducible(one_way, fill.side, PositionSide.NONE) < fill.qty


def alike(twins: Twins) -> bool:
    """POS-3: both pairs have the same legs, profit included, and are in the same state."""
    return evolve(twins.hedge, mode=PositionMode.ONE_WAY) == twins.one_way


def equal_legs(scene: Scene) -> bool:
    """Return whether both legs are open with the same quantity."""
    return scene.pair.state is State.HEDGED and net_qty(scene.pair) == 0


def refused_without_a_leg(scene: Scene) -> bool:
    """Return whether an order without a leg has just been refused while both legs are open."""
    bare = scene.leg is PositionSide.NONE
    return bare and scene.pair.state is State.HEDGED and Action.REFUSE in scene.emits


def flipped(scene: Scene) -> bool:
    """Return whether the latest fill turned long into short or short into long."""
    return (scene.was, scene.pair.state) in FLIPS and Action.REALIZE in scene.emits


def worlds() -> tuple[PositionWorld | TwinsWorld, ...]:
    """Return the worlds that are checked: each mode, and both side by side."""
    return (
        PositionWorld("position-one-way", prices=3),
        PositionWorld("position-hedge", mode=PositionMode.HEDGE),
        TwinsWorld("position-twins", qty=4, prices=3),
    )


def deep_worlds() -> tuple[PositionWorld | TwinsWorld, ...]:
    """Return larger worlds."""
    return (PositionWorld("position-hedge-deep", mode=PositionMode.HEDGE, qty=4, prices=3),)
