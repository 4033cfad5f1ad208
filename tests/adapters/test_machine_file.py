"""A user's own file: what it declares is drawn and checked, and what is wrong with it is told."""

from pathlib import Path

import pytest

from adapters.docs import EXAMPLE
from adapters.machine_file import MachineFileError, load
from simulator.checked import checked

WORLD = """
from simulator.actors import Actor, ActorWorld
def worlds():
    yield ActorWorld("still", (Actor("one", 0, lambda state: ()),), ())
"""


def written(folder: Path, text: str) -> Path:
    """Return a file that holds *text*."""
    path = folder / "mine.py"
    path.write_text(text)
    return path


def test_the_example_holds_and_its_defects_are_found() -> None:
    """Each property has a verdict, and a mutant that it rejects."""
    found = load(EXAMPLE)
    spec, properties = found.machines["sender"]
    assert spec.title == "Sender"
    (entry,) = found.entries
    judgement = checked(entry).judgement
    assert [verdict.holds for verdict in judgement.report.verdicts] == [True, True, True]
    assert {kill.mutant.property_id for kill in judgement.kills if kill.killed} == set(properties)


def test_a_file_may_have_worlds_only(tmp_path: Path) -> None:
    """No machine and no mutants: there is still something to explore."""
    found = load(written(tmp_path, WORLD))
    assert not found.machines
    assert [entry.name for entry in found.entries] == ["still"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def (", "SyntaxError"),
        ("\n\n1 / 0", "line 3: ZeroDivisionError"),
        ("raise SystemExit", "SystemExit"),
        ("def worlds():\n    return [1]", r"worlds\(\): 1 is no world"),
        (f"{WORLD}\ndef mutants():\n    return ['x']", r"mutants\(\): x is of no world"),
        (WORLD.replace("yield", "for _ in range(2): yield"), "two worlds of one name"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    """One line: the file, the line where there is one, and what it is."""
    with pytest.raises(MachineFileError, match=told):
        load(written(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(MachineFileError, match="no such Python file"):
        load(tmp_path / "mine.py")
