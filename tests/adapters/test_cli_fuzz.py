"""`hedgeproof fuzz`: what is found is told, kept and replayed by one command."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from runpy import run_path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app, terminal
from adapters.docs import EXAMPLE

HOW_TO = EXAMPLE.parent
BROKEN = """
from collections.abc import Iterable
from simulator.actors import Actor, ActorWorld, Do, Rule
from spec.properties import Kind, Property

LOW = Property("CLK-1", Kind.ALWAYS, "It is before three.")

def acts(hour):
    if hour < 5:
        yield Do("ticks", hour + 1)
        yield Do("jumps", hour + 2)

def worlds():
    clock = Actor("clock", 0, acts, features=lambda hour: {"hour": hour})
    yield ActorWorld("clock", (clock,), (), (Rule(LOW, lambda f: f.hour < LIMIT),))

LIMIT = 3
"""


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def fuzzed(out: Path, *words: object) -> Result:
    return run("fuzz", *words, "--seed", 1, "--examples", 10, "--out", out)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the folder of Hypothesis where the other tests have it."""
    monkeypatch.setattr("hypothesis.configuration.set_hypothesis_home_dir", lambda _: None)


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A user's file whose only world fails."""
    path = tmp_path / "clock.py"
    path.write_text(BROKEN)
    return path


def test_help_does_not_import_hypothesis() -> None:
    """Only the command itself does."""
    code = "import sys, adapters.cli; print('hypothesis' in sys.modules)"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "False\n"


def test_shares_are_of_what_can_be_reached(tmp_path: Path) -> None:
    """The seed first, then states, transitions and rows of all that there are."""
    result = fuzzed(tmp_path, "order-plain")
    assert result.exit_code == 0
    head, _, _, line, *_ = result.stdout.splitlines()
    assert head == "seed 1: in each world 10 walks of at most 50 steps"
    assert line.split()[0] == "order-plain"
    assert " of 163 (" in line
    assert " of 442 (" in line
    assert re.search(r"order \d+ of 38 \([\d.]+ %\), 100 declared", line)
    assert re.search(r"\norder-plain: of \d+ walks ORD-8.1 in \d+, ", result.stdout)
    assert result.stdout == fuzzed(tmp_path, "order-plain").stdout


def test_a_failure_is_told_kept_and_replayed(clock: Path, tmp_path: Path) -> None:
    """The shortest way, a trace that replays it, numbers that do, and a diagram."""
    out = tmp_path / "out"
    result = fuzzed(out, clock)
    assert result.exit_code == 1
    assert "Shortest counterexample, 2 moves, in world clock:" in result.stdout
    kept = out / "clock-CLK-1.trace"
    assert kept.read_text() == ("# world: clock\n# property: CLK-1\nclock: ticks\nclock: jumps\n")
    assert (out / "clock-CLK-1.mmd").read_text().startswith("sequenceDiagram")
    assert f"Replay it: hedgeproof fuzz {clock} --replay {kept}" in result.stdout
    for said in (kept, "0/0/1"):
        again = run("fuzz", clock, "--replay", said)
        assert again.exit_code == 1
        assert "Counterexample, 2 moves, in world clock:" in again.stdout
    assert f"or: hedgeproof fuzz {clock} --replay 0/0/1" in result.stdout


def test_the_test_that_is_written_fails_until_it_is_mended(clock: Path, tmp_path: Path) -> None:
    """With the property's own words; then it passes, and so does the replay."""
    fuzzed(tmp_path, clock)
    written = tmp_path / "test_clock_CLK_1.py"
    with pytest.raises(AssertionError, match=r"^CLK-1 fails: It is before three\.$"):
        run_path(str(written))["test_clock_CLK_1"]()
    clock.write_text(BROKEN.replace("LIMIT = 3", "LIMIT = 9"))
    run_path(str(written))["test_clock_CLK_1"]()
    again = run("fuzz", clock, "--replay", tmp_path / "clock-CLK-1.trace")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[-1] == "CLK-1 holds along the way"


def test_defects_are_looked_for_and_replayed(tmp_path: Path) -> None:
    """Each mutant that a walk can tell, with a trace and a test of its own."""
    result = fuzzed(tmp_path, "order-plain", "--mutants")
    assert result.exit_code == 0
    traces, tests = sorted(tmp_path.glob("*.trace")), sorted(tmp_path.glob("test_*.py"))
    assert len(traces) == len(tests) > 0
    assert f"{len(traces)} of 4" in result.stdout
    assert run("fuzz", "order-plain", "--replay", traces[0]).exit_code == 1
    with pytest.raises(AssertionError, match=r"^ORD-\d fails: "):
        run_path(str(tests[0]))[tests[0].stem]()


def test_what_cannot_be_replayed_is_refused(clock: Path, tmp_path: Path) -> None:
    """In one line, with exit code 2."""
    other = tmp_path / "other.trace"
    other.write_text("# world: watch\nclock: ticks\n")
    for said, told in (
        ("0/7", "replay 0/7: clock: move 1, '#7', is not possible; possible is: clock: ticks"),
        ("nowhere.trace", "replay nowhere.trace: no trace"),
        (other, "replay: no world 'watch'; there is clock"),
    ):
        result = run("fuzz", clock, "--replay", said)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"hedgeproof: {told}")
    assert "replay: of one world only; there is order-plain" in run("fuzz", "--replay", "0").stderr


def test_worlds_are_named_as_elsewhere() -> None:
    """An unknown one is refused with the nearest name."""
    result = run("fuzz", "order-plane")
    assert result.exit_code == 2
    assert result.stderr == "hedgeproof: no world 'order-plane'; the nearest is order-plain\n"


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """After `make run` only what running needs is there."""
    monkeypatch.setattr(terminal, "find_spec", lambda _: None)
    result = run("fuzz")
    assert result.exit_code == 2
    assert "not installed: hypothesis, numba, scipy" in result.stderr


@pytest.mark.parametrize("page", ["own-machine.md", "fuzz.md"])
def test_pages_quote_what_is_printed(page: str, tmp_path: Path) -> None:
    """Each block under a fuzz command is what the command prints, line by line."""
    text = (HOW_TO / page).read_text()
    quoted = re.findall(r"\$ (hedgeproof fuzz .*)\n```\n(?:.*\n)*?```text\n((?:.*\n)*?)```", text)
    assert quoted
    for command, block in quoted:
        words = command.replace("docs/how-to/resend.py", str(EXAMPLE)).split()[1:]
        printed = run(*words, "--out", tmp_path).stdout.replace(str(tmp_path), "runs/fuzz")
        shown = printed.replace(str(EXAMPLE), "docs/how-to/resend.py").splitlines()
        rest = iter(line.rstrip() for line in shown)
        for line in block.splitlines():
            assert line in {"", "..."} or line in rest, line


def test_a_simulation_says_which_rows_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each machine that runs: in the summary as a share, in a file row by row."""
    results = import_module("adapters.cli.results")
    monkeypatch.setattr(results, "html", lambda _: "<html>")
    monkeypatch.setattr(results, "pngs", lambda _: {})
    result = run("simulate", "--bars", 1_500, "--out", tmp_path)
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert lines[0] == "machine,state,symbol,next,taken"
    for machine in ("hedge_wallet", "order", "position"):
        mine = [line for line in lines if line.startswith(f"{machine},")]
        taken = sum(not line.endswith(",0") for line in mine)
        shown = f"{machine.replace('_', ' ')} rows"
        assert taken
        assert re.search(rf"{shown} +{taken} of {len(mine)}", result.stdout)
    fills = len((tmp_path / "fills.csv").read_text().splitlines()) - 1
    times = sum(int(line.rpartition(",")[2]) for line in lines[1:] if line.startswith("position,"))
    assert times == fills
