"""The closed worlds of the position pair: what they see."""

from functools import cache
from itertools import chain
from typing import Any

from machines.position import Fill, Pair
from simulator.explorer import Report, explore
from simulator.worlds.position import (
    PositionWorld,
    TwinsWorld,
    every_fill,
    settled,
    worlds,
)
from spec.position import Action, State
from spec.terms import Side

WORLDS = {world.name: world for world in worlds()}


@cache
def report(name: str) -> Report[Any]:
    """Return what the exploration of a world says."""
    return explore(WORLDS[name], states_max=2_000)


def test_what_must_be_possible_is_seen_as_it_happens() -> None:
    """The witness of a sometimes ends with the fill that the property speaks of."""
    flip = report("position-one-way").verdict("POS-5.2")
    refusal = report("position-hedge").verdict("POS-5.3")
    assert flip.path is not None
    assert refusal.path is not None
    (*_, (_, before), (_, after)) = flip.path
    assert {before.pair.state, after.pair.state} == {State.LONG, State.SHORT}
    assert Action.REFUSE in refusal.path[-1][1].emits
    assert "leg none" in refusal.moves()[-1].what


def test_fills_are_every_combination() -> None:
    """No side, quantity, price, leg or kind of order is left out, and none is there twice."""
    fills = every_fill(3, 2)
    assert len(fills) == len(set(fills.values())) == 2 * 3 * 2 * 3 * 2


def test_twins_use_one_leg_at_a_time() -> None:
    """The twins see every fill of the leg in use, named or not, and no other leg is ever open."""
    world = TwinsWorld("twins")
    (flat,) = world.initial()
    seen, todo = {flat}, [flat]
    for twins in todo:
        assert twins.hedge.state is not State.HEDGED
        new = {after for _, after in world.moves(twins)} - seen
        seen |= new
        todo.extend(new)
    moves = set(chain.from_iterable((move for move, _ in world.moves(each)) for each in seen))
    assert moves == set(every_fill(3, 2))


def test_a_fill_sees_no_profit_of_earlier_fills() -> None:
    """What a step claim finds in a pair is what the latest fill realized, and only that."""
    fill = Fill(side=Side.SELL, qty=1, notional=2)
    bought = Fill(side=Side.BUY, qty=2, notional=2)
    world = PositionWorld("long")
    (scene,) = world.initial()
    for wanted in (bought, fill, fill):
        scene = next(
            after
            for move, after in world.moves(scene)
            if every_fill(world.qty, world.prices)[move] == wanted
        )
    assert scene.pair.long.realized == 1
    assert settled(scene.pair) == Pair()
