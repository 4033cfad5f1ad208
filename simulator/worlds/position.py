"""A position pair under every fill of a few lots at a few prices.

Profit already realized makes no difference to what follows, so it is left out of the state; what
a fill realizes is checked on the step itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from attrs import evolve, frozen

from machines.position import (
    Fill,
    Leg,
    Pair,
    gross_qty,
    net_qty,
    route,
    step,
    total_pnl,
    well_formed,
)
from simulator.explorer import Claim, Move, always, always_step, sometimes
from spec.position import PROPERTIES, Action, State
from spec.terms import PositionMode, PositionSide, Side

MARKS = (0, 1, 7)
Step = Callable[[Pair, Fill], tuple[Pair, tuple[Action, ...]]]


class Scene(NamedTuple):
    """*pair*, and *twin*, a one-way pair told the same fills without a leg; *fill* came last.

    *before* is what the pair was, with realized profit counted from *fill* on.
    """

    pair: Pair
    twin: Pair
    before: Pair
    fill: Fill | None = None
    refused: bool = False


@frozen
class PositionWorld:
    """Fills of 1..*qty* lots at prices 1..*prices* on a pair of at most *qty* lots a leg.

    With *twin*, only the long leg of a hedge-mode pair is used, beside a one-way pair.  *step* is
    for mutants.
    """

    name: str
    mode: PositionMode = PositionMode.ONE_WAY
    qty: int = 3
    prices: int = 2
    twin: bool = False
    step: Step = step

    def initial(self) -> Iterable[Scene]:
        """Return the scene in which nothing is held."""
        flat = Pair(mode=self.mode)
        yield Scene(flat, Pair(), flat)

    def moves(self, scene: Scene) -> Iterator[tuple[Move, Scene]]:
        """Yield every fill that keeps the legs small enough."""
        legs = (PositionSide.LONG,) if self.twin else tuple(PositionSide)
        for side, qty, price, leg, reduce_only in product(
            Side, range(1, self.qty + 1), range(1, self.prices + 1), legs, (False, True)
        ):
            fill = Fill(
                side=side,
                qty=qty,
                notional=qty * price,
                position_side=leg,
                reduce_only=reduce_only,
            )
            if self.twin and side is Side.SELL and qty > scene.pair.long.qty:
                continue
            after, emits = self.step(scene.pair, fill)
            twin, _ = step(scene.twin, evolve(fill, position_side=PositionSide.NONE))
            if max(after.long.qty, after.short.qty) <= self.qty:
                words = f"{side.name.lower()} {qty} at {price}, leg {leg.name.lower()}"
                label = Move("venue", words + (", reduce-only" if reduce_only else ""))
                refused = Action.REFUSE in emits
                yield label, Scene(after, twin, scene.pair, fill, refused)._replace(
                    pair=_unrealized(after), twin=_unrealized(twin), before=_change(scene, after)
                )

    def claims(self) -> Iterable[Claim[Scene]]:
        """Yield what is claimed of the pair."""
        p = PROPERTIES
        if self.twin:
            yield always(p["POS-3"], equals_twin)
            return
        yield always(p["POS-1"], conserved)
        yield always_step(p["POS-2"], one_leg_changes)
        yield always_step(p["POS-4"], only_reduces)
        if self.mode is PositionMode.HEDGE:
            yield sometimes(p["POS-5.1"], equal_legs)
            yield sometimes(p["POS-5.3"], both_open_refused)
        else:
            yield sometimes(p["POS-5.2"], flipped)

    def show(self, scene: Scene) -> Mapping[str, str]:
        """Return the legs."""
        pair = scene.pair
        long, short = pair.long, pair.short
        held = f"{pair.state.name} long {long.qty} for {long.cost}, short {short.qty} for {short.cost}"
        return {"position": held}


def _unrealized(pair: Pair) -> Pair:
    """Return *pair* without the profit realized so far."""
    return evolve(pair, long=evolve(pair.long, realized=0), short=evolve(pair.short, realized=0))


def _change(scene: Scene, after: Pair) -> Pair:
    """Return the pair before the fill, its realized profit so that the one after is zero."""
    before = scene.pair
    return evolve(
        before,
        long=_earned(before.long, after.long),
        short=_earned(before.short, after.short),
    )


def _earned(before: Leg, after: Leg) -> Leg:
    """Return *before* with minus what has been realized since."""
    return evolve(before, realized=before.realized - after.realized)


def conserved(scene: Scene) -> bool:
    """POS-1: at any mark, profit changes by what was bought or sold, less what was paid."""
    if scene.fill is None:
        return True
    sign, fill = (0 if scene.refused else scene.fill.side.sign), scene.fill
    return well_formed(scene.pair) and all(
        total_pnl(scene.pair, mark) - total_pnl(scene.before, mark)
        == sign * (fill.qty * mark - fill.notional)
        for mark in MARKS
    )


def one_leg_changes(before: Scene, move: Move, after: Scene) -> bool:
    """POS-2: the net changes by the fill, and one leg does not change unless a one-way flips."""
    assert after.fill is not None
    signed = 0 if after.refused else after.fill.qty * after.fill.side.sign
    if net_qty(after.pair) - net_qty(before.pair) != signed:
        return False
    same = (before.pair.long == after.pair.long, before.pair.short == after.pair.short)
    flips = before.pair.mode is PositionMode.ONE_WAY and {before.pair.state, after.pair.state} == {
        State.LONG,
        State.SHORT,
    }
    return all(same) if after.refused else flips or sum(same) == 1


def only_reduces(before: Scene, move: Move, after: Scene) -> bool:
    """POS-4: a reduce-only fill makes no leg larger."""
    if after.fill is None or not after.fill.reduce_only:
        return True
    smaller = gross_qty(after.pair) <= gross_qty(before.pair)
    leg = route(before.pair, after.fill.side, after.fill.position_side)
    grown = (
        after.pair.long.qty > before.pair.long.qty or after.pair.short.qty > before.pair.short.qty
    )
    return smaller and not grown and (after.refused or leg is not PositionSide.NONE)


def equals_twin(scene: Scene) -> bool:
    """POS-3: the long leg of a hedge-mode pair is a one-way position."""
    return scene.pair.long == scene.twin.long and scene.pair.state is scene.twin.state


def equal_legs(scene: Scene) -> bool:
    """Return whether both legs are open with the same quantity."""
    return scene.pair.state is State.HEDGED and net_qty(scene.pair) == 0


def both_open_refused(scene: Scene) -> bool:
    """Return whether an order without a leg was refused while both legs are open."""
    named = scene.fill is not None and scene.fill.position_side is not PositionSide.NONE
    return scene.refused and not named and scene.pair.state is State.HEDGED


def flipped(scene: Scene) -> bool:
    """Return whether the latest fill turned long into short or short into long."""
    return {scene.before.state, scene.pair.state} == {State.LONG, State.SHORT}
