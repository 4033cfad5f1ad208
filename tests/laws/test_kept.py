"""Kept proofs: one counts only for the very sources that it was made of."""

from pathlib import Path

import pytest

from tests.laws import kept
from tests.laws.kept import fingerprint, keep, sources


def test_what_a_law_imports_however_far_is_among_its_sources() -> None:
    """The law imports the machine, the machine its declaration, the declaration the units."""
    names = {path.relative_to(kept.ROOT).as_posix() for path in sources("tests.laws.laws_slots")}
    assert {
        "tests/laws/laws_slots.py",
        "machines/slots.py",
        "spec/slots.py",
        "spec/units.py",
    } <= names
    assert "machines/unstuck.py" not in names


def test_a_proof_is_kept_until_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit of any file of the law's own makes the kept proof void."""
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    machine, law = tmp_path / "machines" / "one.py", tmp_path / "tests" / "law.py"
    for path, text in ((machine, "x = 1"), (law, "from machines import one")):
        path.parent.mkdir()
        path.write_text(text)
    file = tmp_path / "runs" / "proofs.jsonl"
    sources.cache_clear()
    fingerprint.cache_clear()
    assert kept.kept("tests.law.holds", file) is None
    keep("tests.law.holds", 1.26, "Confirmed over all paths.", file)
    assert kept.kept("tests.law.holds", file) == (1.3, "Confirmed over all paths.")
    assert kept.kept("tests.law.another", file) is None
    machine.write_text("x = 2")
    sources.cache_clear()
    fingerprint.cache_clear()
    assert kept.kept("tests.law.holds", file) is None
    sources.cache_clear()
    fingerprint.cache_clear()
