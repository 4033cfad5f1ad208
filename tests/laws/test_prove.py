"""The prover: it must not call proven what is not."""

import pytest

from tests.laws import laws_hedge_wallet, laws_order, laws_position
from tests.laws.prove import CONFIRMED, MODULES, Proof, laws, prove, verdict


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("laws.py:3: info: Confirmed over all paths.\n", True),
        ("laws.py:3: info: Not confirmed.\n", False),
        ("laws.py:3: info: Unable to meet precondition.\n", False),
        ("laws.py:3: error: AssertionError:  when calling law(0)\n", False),
        ("a.py:3: info: Confirmed over all paths.\na.py:9: info: Not confirmed.\n", False),
        ("WARNING: Targets found, but contain no checkable functions.\n", False),
        ("", False),
    ],
)
def test_only_what_is_confirmed_is_proven(report: str, expected: bool) -> None:  # noqa: FBT001
    """CrossHair exits with 0 in most of these cases; its words decide."""
    assert Proof("law", 1.0, verdict(report)).proven is expected
    assert (verdict(report) == CONFIRMED) is expected


def test_every_law_is_found_and_starts_with_what_it_assumes() -> None:
    """A law without a leading assertion would not be checked at all."""
    found = [law.rpartition(".")[2] for module in MODULES for law in laws(module)]
    assert len(found) == len(set(found))
    for module in (laws_order, laws_position, laws_hedge_wallet):
        assert module.__name__ in MODULES
    assert {"exposure_covers_the_truth", "fills_conserve_worth"} <= {*found}


@pytest.mark.slow
def test_a_wrong_law_is_refuted_with_its_counterexample() -> None:
    """A prover that cannot see a needle proves nothing when it is silent."""
    proof = prove("tests.laws.laws_canary.every_sum_is_small", budget_s=60)
    assert not proof.proven
    assert "7919, 104729" in proof.verdict


@pytest.mark.slow
def test_what_the_budget_does_not_suffice_for_is_not_proven() -> None:
    """Neither a proof nor a counterexample is a failure."""
    proof = prove("tests.laws.laws_canary.no_two_cubes_make_a_third", budget_s=5)
    assert not proof.proven
    assert proof.verdict == "Not confirmed."
