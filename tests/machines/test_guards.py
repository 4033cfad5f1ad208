"""What `make guards` breaks, and what it is told may be broken."""

import ast

import pytest

from tests.evidence.guards import PARTS, ROOT, broken
from tests.evidence.guards_same import SAME

MODULES = [module for modules in PARTS.values() for module in modules]


@pytest.mark.parametrize("module", ["position", "slots"])
def test_each_guard_is_broken_once_and_alone(module: str) -> None:
    """No two texts are alike, and none is the module as it is; annotations stay."""
    whole = ast.unparse(ast.parse((ROOT / "machines" / f"{module}.py").read_text())) + "\n"
    found = [each.text for each in broken(module)]
    assert len({whole, *found}) == 1 + len(found) > 1
    lines = whole.splitlines()
    for text in found:
        assert sum(a != b for a, b in zip(lines, text.splitlines(), strict=True)) == 1


def test_what_makes_no_difference_is_there_still() -> None:
    """A reason for a guard that has gone or changed would hide nothing, and mislead."""
    there = {(each.module, each.before, each.after) for m in MODULES for each in broken(m)}
    assert set(SAME) <= there
