"""The prover: it must not call proven what is not."""

from importlib import import_module

import pytest

from spec.catalogue import MACHINES
from tests.laws import laws_hedge_wallet, laws_order, laws_position
from tests.laws.diff_tables import read
from tests.laws.prove import (
    CONFIRMED,
    MODULES,
    PAIRS,
    ROWS,
    SAME,
    STEP,
    Proof,
    compare,
    difference,
    laws,
    pairs,
    prove,
    verdict,
)


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


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (f"No differences found. (attempted 20 iterations)\n{SAME}\n", True),
        ("No differences found. (attempted 20 iterations)\nConsider trying longer.\n", False),
        (f"Given: (x=7),\n  one : returns 1\n  two : returns 2\n{SAME}\n", False),
        ("Traceback (most recent call last):\nTypeError: no\n", False),
        ("", False),
    ],
)
def test_only_what_was_seen_on_all_paths_is_the_same(report: str, expected: bool) -> None:  # noqa: FBT001
    """To have found no difference is not to know that there is none."""
    assert Proof("pair", 1.0, difference(report)).proven is expected


def test_every_machine_is_read_twice() -> None:
    """Each pair has both functions, and no declared machine is left out."""
    tables, steps, events = (set(pairs(module)) for module in PAIRS)
    assert {pair.rpartition(".")[2] for pair in tables} == set(MACHINES)
    assert {pair.rpartition(".")[2] for pair in steps} <= set(MACHINES)
    told = {pair.rpartition(".")[2].rpartition("_")[0] for pair in events}
    assert told <= set(MACHINES) - {pair.rpartition(".")[2] for pair in steps}
    for pair in tables | steps | events:
        module, _, name = pair.rpartition(".")
        assert callable(getattr(import_module(module), name + ROWS))
        assert callable(getattr(import_module(module), name + STEP))


@pytest.mark.parametrize("name", MACHINES)
def test_rows_read_from_the_top_are_the_table(name: str) -> None:
    """For every state and symbol, where there is a row and where there is none."""
    spec, _ = MACHINES[name]
    for state in spec.states:
        for symbol in spec.symbols:
            assert read(spec, state, symbol) == spec.take(state, symbol)


@pytest.mark.slow
def test_a_single_row_that_differs_is_found() -> None:
    """The input is told, and what each of the two makes of it."""
    proof = compare("tests.laws.diff_canary.astray", budget_s=120)
    assert not proof.proven
    assert "astray_rows : returns (<State.LONG" in proof.verdict
    assert "astray_step : returns (<State.HEDGED" in proof.verdict


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
