"""The closed worlds of market mirroring that are too large for every day, and what is special."""

import pytest

from machines.mirroring import Limits
from simulator.judge import Mutant, explore, kill
from simulator.mutants.mirroring import mutants
from simulator.worlds.mirroring import deep_worlds
from simulator.worlds.mirroring_scene import opening

DEEP_COUNTS = {
    "mirroring-slots-ends": (96_624, 440_542, 47),
    "mirroring-slots-unordered": (158_336, 844_768, 46),
    "mirroring-slots-prices": (475_740, 2_144_840, 48),
    "mirroring-three-slots": (1_867_670, 8_267_322, 70),
    "mirroring-acks-lots": (54_960, 287_918, 39),
    "mirroring-whims-prices": (131_120, 661_766, 39),
    "mirroring-loss-lots": (212_088, 972_430, 41),
}
WORLDS = {world.name: world for world in deep_worlds()}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """More slots, prices and refusals make no difference to what holds."""
    found = explore(WORLDS[name])
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


def test_reordered_reports_pass_the_limit_in_seven_steps_without_the_repair() -> None:
    """A request that ends with its closing report gives back lots that were sold unseen."""
    found = kill(_mutant("a closing report ends a request", "MMS-1.2"))
    assert found.verdict is not None
    assert len(found.verdict.moves()) == 7


def test_the_first_state_is_what_a_strategy_settles_to() -> None:
    """A world starts with nothing open and an id for each slot."""
    first = opening(Limits(exposure_max=1, slip_ticks_max=1), 3)
    assert [request.id for request in first.requests] == [0, 1, 2]
    assert not any(request.qty for request in first.requests)


def _mutant(defect: str, property_id: str) -> Mutant:
    """Return the mutant with *defect* that breaks *property_id*."""
    return next(m for m in mutants() if (m.defect, m.property_id) == (defect, property_id))
