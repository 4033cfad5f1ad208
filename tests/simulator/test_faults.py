"""The catalogue of faults: what a seed draws, and that every fault acts and is survived."""

import pytest
from attrs import evolve

from simulator.faults import CATALOGUE, FAULTS, Faults, Strikes, Where, chosen, drawn
from simulator.swarm import perform
from simulator.swarm_draws import WINDOW_NS, Trial
from spec.units import SECOND_NS

SEEDS_MAX = 20
RARE = {
    "crash",
    "maintenance",
    "clock_drift",
    "rate_limit",
    "not_found_after_ack",
    "stale_open_orders",
    "stop_changes_id",
    "position_lag",
    "phantom_leg_row",
}
RARE_MORE, PPM_MAX = 6, 500_000


def faults_of(name: str) -> Faults:
    """Return the fault *name*; rare ones, and their occasions, come more often."""
    faults = chosen([name], end_ns=WINDOW_NS)
    if name not in RARE:
        return faults
    often = {each: min(RARE_MORE * ppm, PPM_MAX) for each, ppm in faults.rates.items()}
    return evolve(faults, rates=often)


def test_the_quirks_have_their_numbers() -> None:
    """All 21 of the list are there, and names are unique."""
    assert sorted(fault.number for fault in CATALOGUE if fault.number) == list(range(1, 22))
    assert len(FAULTS) == len(CATALOGUE)
    assert {fault.where for fault in CATALOGUE} == set(Where)
    assert all(set(fault.needs) <= FAULTS.keys() for fault in CATALOGUE)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_acts_and_is_survived(name: str) -> None:
    """In the first run in which it strikes, and those before, the two agree afterwards."""
    for seed in range(SEEDS_MAX):
        outcome = perform(Trial(seed=seed, faults=faults_of(name)))
        assert not outcome.wrong, outcome.trial
        assert not outcome.failed
        if outcome.injected[name]:
            return
    pytest.fail("it never strikes")


def test_a_seed_draws_which_faults_are_on() -> None:
    """Every fault is on in some runs and off in others; a seed always draws the same."""
    sets = [set(drawn(seed).rates) for seed in range(100)]
    assert drawn(7) == drawn(7)
    for name in FAULTS:
        assert 20 < sum(name in each for each in sets) < 80
    assert min(map(len, sets)) < 5
    assert max(map(len, sets)) > len(FAULTS) - 5


def test_a_fault_strikes_as_often_as_it_should_and_only_in_its_window() -> None:
    """Half of the chances from second 1 to second 2, none before or after."""
    faults = Faults(rates={"crash": 500_000}, begin_ns=SECOND_NS, end_ns=2 * SECOND_NS)
    strikes = Strikes(faults, 1, 0)
    struck = [sum(strikes.on("crash", at * SECOND_NS) for _ in range(1_000)) for at in range(3)]
    assert struck[0] == struck[2] == 0
    assert 450 < struck[1] < 550
    assert strikes.counts == {"crash": struck[1]}
    assert not strikes.on("ws_gap", SECOND_NS)


def test_a_fault_that_is_off_moves_no_other() -> None:
    """Each has dice of its own, so a smaller set strikes at the same chances."""
    both = Strikes(Faults(rates={"crash": 500_000, "ws_gap": 500_000}), 1, 0)
    one = Strikes(Faults(rates={"ws_gap": 500_000}), 1, 0)
    for _ in range(100):
        both.on("crash", 0)
        assert both.on("ws_gap", 0) == one.on("ws_gap", 0)


def test_what_gives_occasion_comes_along() -> None:
    """A lie about orders needs somebody who asks."""
    assert set(chosen(["stop_changes_id"]).rates) == {"stop_changes_id", "garbage_200", "ws_gap"}
    with pytest.raises(KeyError):
        chosen(["earthquake"])
