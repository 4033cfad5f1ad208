"""`hedgeproof check --symmetry`: what is alike is counted once, by declaration only."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app

EXAMPLES = Path(__file__).parents[2] / "docs" / "how-to"


def run(*words: object) -> Result:
    """Run `hedgeproof check` with *words*."""
    return CliRunner().invoke(app, ["check", *map(str, words)])


@pytest.mark.parametrize(("words", "states"), [((), "190"), (("--symmetry",), "35")])
def test_states_that_are_alike_are_counted_once(words: tuple[str, ...], states: str) -> None:
    """Of a world that declares it, where it is asked for; the verdicts are the same."""
    result = run(EXAMPLES / "lock.py", *words)
    assert result.exit_code == 0
    first, second = (line.split() for line in result.stdout.splitlines()[1:3])
    assert first[:5] == ["lock", "LK-1", "always", "holds", states]
    assert first[-1] == "1/1"
    assert second[:3] == ["LK-2", "sometimes", "witnessed"]
    assert ("counted once in lock" in result.stdout) == bool(words)


def test_where_nothing_is_declared_nothing_is_alike() -> None:
    """The option would do nothing, so it is refused."""
    result = run(EXAMPLES / "resend.py", "--symmetry")
    assert result.exit_code == 2
    assert "none of the worlds declares one" in result.stderr


def test_a_world_that_is_not_symmetric_is_refused(tmp_path: Path) -> None:
    """A lock that prefers the first client names the step that shows it."""
    text, fair = (EXAMPLES / "lock.py").read_text(), "(*queue, number)"
    assert text.count(fair) == 1
    path = tmp_path / "unfair.py"
    path.write_text(text.replace(fair, "(*queue, number) if number else (0, *queue)"))
    result = run(path, "--symmetry")
    assert result.exit_code == 2
    assert "lock: requests:" in result.stderr
    assert "has no counterpart, renamed by" in result.stderr
