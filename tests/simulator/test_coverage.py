"""Which rows a world takes, and how many states it has at each depth."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from adapters.machine_file import load
from simulator.catalogue import catalogue
from simulator.checked import UNTAKEN, Checked, Table, checked, owners, tables
from simulator.explorer import Claim, Move, World, sometimes
from simulator.judge import Entry, Mutant
from simulator.worlds.mirroring import worlds as mirroring_worlds
from simulator.worlds.position import PositionWorld, TwinsWorld
from spec.catalogue import MACHINES
from spec.fsm import Row
from spec.mirroring import MIRRORING
from spec.position import POSITION, State
from spec.properties import Kind, Property
from spec.terms import PositionMode

EXAMPLE = load(Path(__file__).parents[2] / "docs" / "how-to" / "resend.py")
ONE_WAY = PositionWorld("one-way", qty=2)
LEGS = PositionWorld("legs", mode=PositionMode.HEDGE, qty=2)
TWINS = TwinsWorld("twins")


def alone(world: World[Any]) -> Checked:
    """Return what the exploration of *world* shows, without mutants."""
    return checked(Entry(world))


def by_hand(world: World[Any]) -> tuple[int, ...]:
    """Return the number of states at each depth, found without an explorer."""
    wave, seen, counts = set(world.initial()), set(world.initial()), list[int]()
    while wave:
        counts.append(len(wave))
        wave = {after for state in wave for _, after in world.moves(state)} - seen
        seen |= wave
    return tuple(counts)


class Odd:
    """A world with two starts, one of which leads to the other."""

    name = "odd"

    def initial(self) -> list[int]:
        return [0, 3]

    def moves(self, state: int) -> Iterator[tuple[Move, int]]:
        if state < 5:
            yield Move("odd", "counts"), state + 1

    def claims(self) -> list[Claim[int]]:
        return [sometimes(Property("ODD-1", Kind.SOMETIMES, "It is five."), lambda n: n == 5)]

    def show(self, state: int) -> Mapping[str, str]:
        return {"odd": str(state)}


@pytest.mark.parametrize(
    "world",
    [Odd(), LEGS, EXAMPLE.entries[0].world, mirroring_worlds()[6]],
    ids=lambda world: world.name,
)
def test_states_are_counted_depth_by_depth(world: World[Any]) -> None:
    """Both explorers tell of every depth, the last one included."""
    assert alone(world).judgement.report.by_depth == by_hand(world)


def test_the_rows_of_a_world_are_those_that_its_moves_take() -> None:
    """Each pair that was looked up and has a row, of the machines that were asked."""
    done = alone(ONE_WAY)
    assert set(done.taken) == {"position"}
    assert {State(state) for state, _ in done.taken["position"]} == set(State) - {State.HEDGED}


def test_a_world_that_was_explored_before_takes_the_same_rows() -> None:
    """What a world or its module remembers of steps is not missed the second time."""
    entry = next(entry for entry in catalogue() if entry.name == "mirroring-acks")
    bare = evolve(entry, mutants=())
    assert checked(bare).taken == checked(bare).taken != {}


def test_what_a_mutant_does_is_not_counted() -> None:
    """Rows that only a defect takes are not checked."""
    other = Mutant("another mode", "POS-1", evolve(LEGS, name="one-way"))
    done = checked(Entry(ONE_WAY, (other,)))
    assert done.taken == alone(ONE_WAY).taken
    assert len(done.judgement.kills) == 1


def test_worlds_add_up() -> None:
    """What one world does not take another may; dead is what none of them takes."""
    (few,) = tables(MACHINES, [alone(TWINS)], {"position"})
    done = [alone(TWINS), alone(ONE_WAY), alone(LEGS)]
    (all_,) = tables(MACHINES, done, {"position"})
    assert set(few.dead) == set(POSITION.rows) - set(few.taken)
    assert few.dead
    assert not all_.dead
    assert all_.taken == POSITION.rows
    opening = POSITION.rows[0]
    assert all_.of(opening) == ("twins", "one-way", "legs")


def test_where_worlds_are_left_out_nothing_is_dead() -> None:
    """A row may be taken by a world that was not asked for."""
    (found,) = tables(MACHINES, [alone(TWINS)], set())
    assert len(found.taken) < len(POSITION.rows)
    assert not found.dead


def test_a_row_that_says_why_no_world_takes_it_is_not_dead() -> None:
    """The declaration may explain; any other remark does not."""

    def rows(why: str) -> tuple[Row[Any, Any, Any], ...]:
        first, *rest = MIRRORING.rows
        return (evolve(first, why=why), *rest)

    def dead(why: str) -> int:
        spec = evolve(MIRRORING, rows=rows(why))
        takers = {(int(row.source), int(row.symbol)): ("w",) for row in spec.rows[1:]}
        return len(Table(spec, takers, whole=True).dead)

    assert dead("any remark") == 1
    assert dead(f"{UNTAKEN}venues never do so") == 0


def test_a_world_belongs_to_the_machines_that_it_claims_something_of() -> None:
    """So worlds of new machines are found by what they claim."""
    found = {entry.name: owners(entry.world, MACHINES) for entry in catalogue()}
    assert all(found.values())
    assert found["cycle-hedge-usd"] == {"hedge_wallet"}
    assert set.union(*(set(names) for names in found.values())) == set(MACHINES)


@pytest.mark.slow
def test_no_row_is_dead() -> None:
    """Every row of every table is taken in some world."""
    found = tables(MACHINES, (alone(entry.world) for entry in catalogue()), MACHINES)
    assert {each.spec.name for each in found} == set(MACHINES)
    assert not [row for each in found for row in each.dead]


def test_a_users_machine_is_counted_like_ours() -> None:
    """Its table is looked up in the same way."""
    done = [checked(entry) for entry in EXAMPLE.entries]
    (found,) = tables(EXAMPLE.machines, done, EXAMPLE.machines)
    assert found.spec.name == "sender"
    assert not found.dead
