"""Every closed world: its exact size, its claims, and the defects that must be found in it."""

from functools import cache
from typing import Any

import pytest

from simulator import catalogue as catalogues
from simulator.catalogue import catalogue
from simulator.explorer import Report
from simulator.judge import Mutant, explore, kill
from spec.catalogue import MACHINES
from spec.properties import Kind

SIZES = {  # states, transitions, depth
    "order-plain": (300, 870, 9),
    "order-fifo": (198, 481, 11),
    "order-stop": (780, 2_417, 11),
    "order-replace": (14_885, 57_574, 20),
    "order-doubled": (1_525, 5_862, 13),
    "order-lossy": (2_470, 8_576, 14),
    "order-crash": (17_805, 73_704, 16),
    "order-anew": (4_800, 18_751, 16),
    "order-stop-replace": (9_306, 34_349, 17),
    "order-stop-lossy": (8_217, 31_161, 16),
    "order-replace-lossy": (35_773, 152_995, 21),
    "position-one-way": (280, 28_824, 3),
    "position-hedge": (1_071, 68_408, 5),
    "position-twins": (205, 15_552, 3),
    "hedge-wallet": (2_388, 3_414, 33),
    "hedge-wallet-legs": (2_592, 3_754, 27),
    "hedge-wallet-empty": (2_859, 4_471, 34),
    "hedge-wallet-alone": (80, 72, 2),
    "hedge-wallet-parts": (10_456, 17_297, 39),
    "hedge-wallet-crash": (12_703, 18_451, 37),
    "hedge-wallet-liquidated": (13_253, 18_847, 49),
    "hedge-wallet-lagging": (1_464, 2_434, 28),
    "hedge-wallet-legs-lagging": (1_166, 1_949, 27),
    "cycle-one-way-usd": (165, 164, 18),
    "cycle-one-way-coin": (165, 164, 18),
    "cycle-hedge-usd": (165, 164, 18),
    "cycle-hedge-coin": (165, 164, 18),
    "cycle-one-way-usd-gap": (388, 387, 11),
    "cycle-hedge-usd-gap": (388, 387, 11),
    "mirroring-slots": (24_156, 97_502, 45),
    "mirroring-prices": (8_296, 33_244, 31),
    "mirroring-shrinks": (12_224, 52_024, 35),
    "mirroring-ends": (10_672, 45_990, 27),
    "mirroring-unordered": (4_184, 16_980, 33),
    "mirroring-unordered-ends": (12_784, 58_094, 27),
    "mirroring-acks": (3_612, 16_764, 31),
    "mirroring-whims": (11_628, 52_384, 37),
    "mirroring-whims-lots": (22_700, 94_714, 35),
    "mirroring-loss": (10_384, 43_922, 30),
    "supervisor-start": (16_449, 57_173, 37),
    "supervisor-gap": (10_701, 26_933, 53),
    "supervisor-halt": (4_613, 14_187, 28),
    "supervisor-crash": (8_794, 21_084, 58),
    "supervisor-stop": (40_590, 110_856, 52),
    "supervisor-silent": (14_787, 38_550, 25),
    "supervisor-trade": (3_769, 9_217, 50),
    "supervisor-causes": (23_431, 68_163, 28),
    "supervisor-trips": (47_194, 170_238, 32),
    "supervisor-stop-drift": (6_330, 19_065, 25),
    "supervisor-stop-again": (9_848, 28_881, 29),
    "supervisor-stop-trip": (34_438, 105_319, 32),
    "supervisor-stop-odd": (24_292, 79_383, 29),
    "supervisor-trips-drift": (31_852, 107_351, 28),
    "supervisor-drift-drop": (9_368, 23_518, 27),
    "supervisor-stop-drop": (6_346, 15_673, 25),
    "supervisor-halt-drop": (5_974, 18_256, 27),
}
WORLDS = {entry.name: entry.world for entry in catalogue()}
MUTANTS = {
    f"{entry.name} {m.property_id} {m.defect}": m
    for entry in catalogue(deep=True)
    for m in entry.mutants
}
PROPERTIES = {each.id: each for _, properties in MACHINES.values() for each in properties.values()}


@cache
def report(name: str) -> Report[Any]:
    """Return what the exploration of a world says."""
    return explore(WORLDS[name])


@pytest.mark.parametrize("name", WORLDS)
def test_each_world_has_its_size(name: str) -> None:
    """A change of a machine, or of its world, shows in the number of states."""
    found = report(name)
    assert (found.states, found.transitions, found.depth) == SIZES[name]
    assert found.complete


@pytest.mark.parametrize("name", WORLDS)
def test_each_claim_holds(name: str) -> None:
    """Each property that a world claims holds in it, and what must be possible is."""
    assert not report(name).failures


@pytest.mark.parametrize("name", MUTANTS)
def test_each_defect_is_found_by_its_property(name: str) -> None:
    """A claim that no defect can break would say nothing."""
    mutant = MUTANTS[name]
    found = kill(mutant)
    assert found.killed
    assert found.verdict is not None
    shown = PROPERTIES[mutant.property_id].kind is not Kind.SOMETIMES
    assert bool(found.verdict.path) is shown


def test_every_property_is_claimed_and_has_a_defect_that_breaks_it() -> None:
    """No property of a machine goes unchecked."""
    claimed = {claim.property.id for world in WORLDS.values() for claim in world.claims()}
    assert claimed == set(PROPERTIES)
    assert {mutant.property_id for mutant in MUTANTS.values()} == set(PROPERTIES)


def test_a_mutant_belongs_to_a_world() -> None:
    """Mutants are found by the name of their world; none is left out, no two share a name."""
    names = [entry.name for entry in catalogue(deep=True)]
    assert len(set(names)) == len(names)
    assert len(MUTANTS) == sum(len(module.mutants()) for module in catalogues.MUTANTS)


def test_a_defect_that_breaks_something_else_is_not_found() -> None:
    """A mutant is killed by the property that it names, not by any other."""
    mutant = next(m for m in MUTANTS.values() if m.property_id == "ORD-4")
    assert not kill(Mutant(mutant.defect, "ORD-3", mutant.world)).killed
