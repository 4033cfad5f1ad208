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
    "order-plain": (163, 442, 10),
    "order-fifo": (131, 295, 12),
    "order-stop": (453, 1_285, 12),
    "order-replace": (8_071, 29_996, 21),
    "order-doubled": (9_320, 56_781, 45),
    "order-lossy": (6_147, 22_144, 17),
    "order-crash": (86_125, 382_116, 22),
    "order-anew": (3_425, 12_276, 18),
    "order-stop-replace": (5_474, 18_781, 18),
    "order-stop-lossy": (23_862, 94_482, 19),
    "order-replace-lossy": (124_586, 568_139, 23),
    "order-anew-crash": (74_886, 324_612, 23),
    "order-doubled-crash": (123_873, 941_511, 37),
    "order-silent": (192_187, 2_222_655, 38),
    "order-twins": (26_891, 146_490, 20),
    "order-twins-lossy": (167_970, 957_365, 23),
    "order-twins-crash": (393_715, 2_237_152, 24),
    "mirrored-orders": (231_904, 938_236, 48),
    "mirrored-orders-lots": (39_000, 145_132, 52),
    "mirrored-orders-whims": (69_612, 250_224, 57),
    "mirrored-orders-doubled": (31_836, 173_892, 53),
    "mirrored-orders-lossy": (328_524, 1_343_256, 60),
    "mirrored-orders-recoup-lossy": (22_812, 82_476, 57),
    "mirrored-orders-crash": (362_400, 1_444_800, 61),
    "mirrored-orders-prices-lossy": (220_888, 799_748, 50),
    "mirrored-orders-lots-lossy": (168_776, 650_924, 54),
    "mirrored-orders-loss": (188_968, 670_916, 56),
    "mirrored-orders-mixed": (55_148, 260_876, 31),
    "mirrored-orders-overtaking": (81_308, 409_076, 31),
    "mirrored-orders-overtaking-crash": (178_248, 853_760, 32),
    "wallet-advance-lossy": (12_423, 17_973, 30),
    "wallet-advance-crash": (22_105, 34_847, 29),
    "wallet-advance-jumps": (10_403, 14_855, 23),
    "wallet-advance-legs": (21_245, 33_585, 28),
    "wallet-retracement-lossy": (21_048, 32_291, 35),
    "wallet-retracement-crash": (30_684, 50_149, 33),
    "wallet-retracement-jumps": (6_856, 9_127, 21),
    "wallet-retracement-legs": (30_231, 49_497, 29),
    "wallet-decline-lossy": (3_868, 5_688, 20),
    "wallet-decline-crash": (8_004, 13_164, 21),
    "wallet-decline-jumps": (7_736, 10_636, 25),
    "wallet-decline-legs": (8_004, 13_164, 21),
    "wallet-recovery-lossy": (2_686, 3_850, 19),
    "wallet-recovery-crash": (5_330, 8_629, 18),
    "wallet-recovery-jumps": (8_033, 11_026, 25),
    "wallet-recovery-legs": (5_330, 8_629, 18),
    "wallet-advance-overtaking": (26_045, 51_502, 16),
    "wallet-retracement-overtaking": (31_359, 88_571, 20),
    "wallet-decline-overtaking": (26_481, 62_535, 22),
    "wallet-recovery-overtaking": (40_790, 110_186, 21),
    "collision-orders": (17_464, 61_465, 62),
    "collision-orders-whims": (78_120, 285_801, 65),
    "collision-orders-lossy": (37_744, 146_100, 38),
    "collision-orders-crash": (49_092, 168_572, 48),
    "collision-orders-overtaking": (25_442, 154_185, 34),
    "mirrored-collision": (1_116, 3_230, 31),
    "mirrored-collision-whims": (7_079, 20_688, 34),
    "mirrored-collision-lossy": (65_384, 214_115, 36),
    "mirrored-collision-crash": (20_805, 63_719, 35),
    "mirrored-collision-mixed": (13_192, 71_200, 35),
    "mirrored-collision-overtaking": (35_601, 209_725, 35),
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
    "collision": (4_018, 14_660, 39),
    "collision-lots": (8_074, 29_012, 46),
    "collision-refused": (11_402, 43_012, 39),
    "collision-reduces": (18_954, 67_068, 48),
    "collision-restart": (28_810, 116_806, 43),
    "collision-hasty": (3_665, 14_131, 37),
    "collision-untold": (3_953, 14_146, 44),
    "collision-ousted": (4_640, 16_884, 35),
    "collision-mixed": (52_676, 298_063, 45),
    "collision-two": (51_262, 240_604, 32),
    "collision-odd": (2_681, 9_542, 35),
    "collision-hedge": (2_557, 9_902, 26),
    "mirror-base": (33_356, 115_251, 32),
    "mirror-prices": (17_828, 56_244, 29),
    "mirror-longs": (17_828, 56_244, 29),
    "mirror-count": (858, 2_148, 23),
    "mirror-cap": (27_984, 96_244, 30),
    "mirror-gate": (33_788, 116_430, 39),
    "mirror-sizes": (2_070, 5_105, 30),
    "mirror-hedge": (3_470, 10_031, 27),
    "mirror-occupied": (1_318, 3_390, 25),
    "mirror-starved": (27_230, 91_399, 31),
    "mirror-left": (67_030, 252_090, 34),
    "mirror-dust": (2_042, 6_098, 23),
    "mirror-late": (15_058, 46_941, 24),
    "mirror-limits": (22_880, 78_914, 24),
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
    "trailing-buy": (8_500, 15_556, 19),
    "trailing-sell": (2_277, 4_279, 15),
    "trailing-late": (16_482, 36_848, 19),
    "trailing-crash": (24_955, 47_855, 20),
    "trailing-fails": (8_936, 17_119, 18),
    "trailing-gap": (30_020, 55_531, 15),
    "trailing-moves": (6_652, 14_190, 15),
    "trailing-levels": (8_084, 17_277, 18),
    "trailing-off": (3_943, 9_179, 16),
    "trailing-bars": (11_308, 25_515, 16),
    "unstuck-budget": (671, 1_923, 24),
    "unstuck-lots": (185, 603, 20),
    "unstuck-moves": (7_727, 27_381, 34),
    "unstuck-loose": (210, 620, 19),
    "unstuck-sides": (141, 390, 17),
    "unstuck-shock": (494, 1_374, 21),
    "unstuck-crash": (1_692, 5_689, 25),
    "unstuck-all": (20_810, 77_836, 32),
    "slots-swap": (321, 837, 21),
    "slots-three": (1_084, 3_194, 28),
    "slots-hysteresis": (675, 1_827, 21),
    "slots-unwanted": (321, 837, 21),
    "slots-by-hand": (1_489, 4_364, 26),
    "slots-stop": (1_216, 3_623, 25),
    "slots-manual": (639, 1_974, 21),
    "slots-manual-by-hand": (3_466, 11_420, 29),
    "slots-panic": (9_466, 34_883, 28),
    "slots-crash": (396, 1_152, 20),
    "slots-crash-modes": (765, 2_477, 21),
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
