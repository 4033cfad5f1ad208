"""`hedgeproof export`: a world on the terminal or in files, and what is refused."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app

RESEND = Path(__file__).parents[2] / "docs" / "how-to" / "resend.py"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def refusal(*words: object) -> str:
    """Return the one line that refuses *words*."""
    result = run(*words)
    assert result.exit_code == 2
    assert not result.stdout
    (line,) = result.stderr.splitlines()
    return line.removeprefix("hedgeproof: ")


def test_a_world_is_written_to_the_terminal() -> None:
    """The first line says which world of which version it is."""
    for language, begins in (("promela", "/* World resend, of hedgeproof"), ("tla", "-----")):
        result = run(RESEND, "--to", language)
        assert result.exit_code == 0
        assert result.stdout.startswith(begins)
        assert "World resend, of hedgeproof 0." in result.stdout


def test_a_world_is_written_to_a_file(tmp_path: Path) -> None:
    """The folder is made, and the path is printed."""
    path = tmp_path / "models" / "resend.pml"
    result = run(RESEND, "--to", "promela", "--out", path)
    assert result.stdout.splitlines() == [str(path)]
    assert "active proctype world()" in path.read_text()


def test_tlc_gets_a_configuration_for_each_question(tmp_path: Path) -> None:
    """The module is called after its file; beside it lies what TLC must be told."""
    result = run(RESEND, "--to", "tla", "--out", tmp_path / "wire.tla")
    names = ["wire.tla", "wire.cfg", "wire-RS_3.cfg", "wire-RS_2.cfg"]
    assert result.stdout.splitlines() == [str(tmp_path / name) for name in names]
    assert "-- MODULE wire --" in (tmp_path / "wire.tla").read_text()
    assert "INVARIANT Known RS_1" in (tmp_path / "wire.cfg").read_text()
    assert "PROPERTY RS_2" in (tmp_path / "wire-RS_2.cfg").read_text()


def test_a_mutant_is_written_by_its_number() -> None:
    """The model says which defect it has, and what must fail."""
    text = run(RESEND, "--to", "promela", "--mutant", 1).stdout
    assert "World resend with a defect (every transmission is booked)" in text
    assert "RS_1, always, FAILS at depth" in text
    assert "RS_3" not in text


def test_a_world_of_several_is_named(tmp_path: Path) -> None:
    """A file may have more than one."""
    file = tmp_path / "several.py"
    text = RESEND.read_text().replace('(resend("resend"),)', '(resend("one"), resend("two"))')
    file.write_text(text.replace("def mutants", "def _mutants"))
    assert f"{file}:WORLD is one of one, two" in refusal(file, "--to", "promela")
    assert "World two, of" in run(f"{file}:two", "--to", "promela").stdout
    assert "no world 'tow'" in refusal(f"{file}:tow", "--to", "promela")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("position-twins",), "position-twins is not made of actors and channels"),
        (("supervisor-hlat",), "no world 'supervisor-hlat'; the nearest is supervisor-halt"),
        ((RESEND, "--mutant", 4), "resend has no mutant 4; there are: 1 RS-1 every transmission"),
        ((RESEND, "--mutant", -1), "resend has no mutant -1"),
        (("mirroring-acks", "--mutant", 1), "mirroring-acks has no mutant 1; it has none"),
        ((RESEND, "--out", "re-send.tla"), "such as re_send.tla"),
        ((RESEND, "--out", "resend.txt"), "such as resend.tla"),
    ],
    ids=["no actors", "unknown", "mutant", "negative", "no mutants", "name", "suffix"],
)
def test_what_cannot_be_written_is_refused(words: tuple[object, ...], why: str) -> None:
    """One line says why, and what there is instead."""
    assert why in refusal(*words, "--to", "tla")
