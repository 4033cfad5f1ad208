"""`hedgeproof swarm`: a table by fault, and a command that repeats what failed."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app
from simulator.faults import FAULTS, markdown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"
SEED = 8
GAPS = ("--fault", "ws_gap=500000", "--begin", "1350", "--end", "1351")
DEAF_PORTFOLIO = (*GAPS, "--broken", "deaf", "--bot", "portfolio")
DEAF = ("--fault", "ws_gap=20000", "--end", "3600", "--broken", "deaf")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["swarm", *(str(word) for word in words)])


def cells(result: Result, name: str) -> list[str]:
    """Return the line of *name* in the table."""
    (line,) = (line for line in result.stdout.splitlines() if line.strip().startswith(name + " "))
    return line.split()


def test_the_table_has_a_line_for_each_fault_that_was_on() -> None:
    """Two runs with one fault: it struck, and nothing is wrong."""
    result = run("--runs", 2, "--seed", SEED, "--fault", "lost_request=100000")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"seeds {SEED} to {SEED + 1}\n")
    line = cells(result, "lost_request")
    assert line[1] == "2"
    assert int(line[4]) > 0
    assert line[5:9] == ["0"] * 4
    assert cells(result, "all runs")[2:] == line[1:]
    assert "2 runs, 0 failed" in result.stdout


def test_faults_are_drawn_unless_they_are_named() -> None:
    """Which ones are on is the seed's choice."""
    result = run("--runs", 1, "--seed", SEED)
    shown = [name for name in FAULTS if f" {name} " in result.stdout]
    assert 0 < len(shown) < len(FAULTS)
    assert result.exit_code == 0


def test_collisions_of_a_portfolio_are_counted() -> None:
    """The last count is of mirrors that made way for the base; a wallet has none."""
    words = ("--runs", 1, "--seed", SEED, "--fault", "lost_request")
    portfolio, wallet = run(*words, "--bot", "portfolio"), run(*words)
    assert portfolio.exit_code == wallet.exit_code == 0
    assert " collided " in portfolio.stdout
    assert " collided " not in wallet.stdout
    assert int(cells(portfolio, "lost_request")[10]) > 0


@pytest.mark.parametrize("words", [DEAF, DEAF_PORTFOLIO], ids=["wallet", "portfolio"])
def test_what_fails_is_repeated_by_its_command(words: tuple[str, ...], tmp_path: Path) -> None:
    """The command is printed and written, and fails in the same way."""
    result = run("--runs", 1, "--seed", SEED, *words, "--out", tmp_path)
    assert result.exit_code == 1
    found = json.loads((tmp_path / f"seed-{SEED}.json").read_text())
    assert ("--bot portfolio" in found["command"]) == ("portfolio" in words)
    assert f"Repeat it with: {found['command']}" in result.stdout
    program, command, *again_words = shlex.split(found["command"])
    assert (program, command) == ("hedgeproof", "swarm")
    again = run(*again_words, "--out", tmp_path / "again")
    assert again.exit_code == 1
    assert json.loads((tmp_path / "again" / f"seed-{SEED}.json").read_text()) == found
    assert found["wrong"]
    assert found["lost"] + found["orphaned"] > 0


def test_without_the_break_the_same_run_is_fine() -> None:
    """The gap is noticed, and what it hid is asked for."""
    assert run("--runs", 1, "--seed", SEED, *DEAF[:-2]).exit_code == 0


def test_what_is_not_known_is_refused() -> None:
    """One line says what is near, or how to write it."""
    for words, told in (
        (("--fault", "ws_gop"), "no fault 'ws_gop'; the nearest is ws_gap"),
        (("--fault", "ws_gap=often"), "fault ws_gap=often: give a rate in ppm"),
        (("--bot", "portfoli"), "no bot 'portfoli'; the nearest is portfolio"),
        (("--broken", "def"), "no defence 'def'; the nearest is deaf"),
    ):
        result = run("--runs", 1, *words)
        assert result.exit_code == 2
        assert told in result.stderr


def test_the_page_is_the_catalogue() -> None:
    """The page of faults is printed anew whenever they change."""
    assert PAGE.read_text() == markdown()
