"""`hedgeproof config`: what is printed, where to, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app
from adapters.strategy.parse import default, load
from adapters.strategy.schema import dump
from adapters.strategy.templates import templates

HEAVY = {"numba", "numpy", "rich", "simulator", "machines"}
OLD = {"bot": {"long": {"filter_volume_ema_span": 7, "ema_span_0": 0.0}}}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["config", *map(str, words)])


def written(folder: Path, value: object) -> Path:
    """Return the file that has *value*."""
    path = folder / "config.json"
    path.write_text(json.dumps(value))
    return path


def test_a_file_without_problems_is_fine(tmp_path: Path) -> None:
    """One line says how much of it there is."""
    path = written(tmp_path, {"bot": {"long": {"ema_span_0": 0.0}}})
    result = run("check", path)
    assert result.exit_code == 0
    assert result.stdout == f"{path}: 1 key is fine, the others have their defaults\n"


def test_older_names_and_oddities_are_told(tmp_path: Path) -> None:
    """The file is used all the same."""
    values = {"bot": {"long": {"filter_volume_drop_pct": 0, "hsl_enabled": True}}}
    result = run("check", written(tmp_path, values))
    assert result.exit_code == 0
    assert (
        "older: bot.long.filter_volume_drop_pct: now forager_volume_drop_pct 0\n" in result.stdout
    )
    assert "warning: bot.long.hsl_enabled true: it has no effect here\n" in result.stdout


def test_all_problems_are_named(tmp_path: Path) -> None:
    """A line each; the command has found them, so it has not been refused."""
    result = run("check", written(tmp_path, {"bot": {"long": {"ema_span_0": -1, "ema_span": 1}}}))
    assert result.exit_code == 1
    assert not result.stderr
    assert result.stdout.splitlines() == [
        "bot.long.ema_span_0 -1: give a number, 0 to 5,256,000",
        "bot.long.ema_span 1: there is no such key; the nearest is bot.long.ema_span_1",
    ]


@pytest.mark.parametrize("command", ["check", "migrate"])
@pytest.mark.parametrize("text", ["{", "[]", None])
def test_what_is_no_configuration_at_all_is_refused(
    tmp_path: Path, command: str, text: str | None
) -> None:
    """One line on stderr, as everywhere; it names the file."""
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    result = run(command, path)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f'hedgeproof: file "{path}'[:80])  # a long name is cut


def test_migration_writes_names_of_today(tmp_path: Path) -> None:
    """To the terminal, with the changes apart; or to a file, which needs no second migration."""
    path, out = written(tmp_path, OLD), tmp_path / "new.json"
    result = run("migrate", path)
    assert result.exit_code == 0
    assert "bot.long.filter_volume_ema_span: now forager_volume_ema_span 7" in result.stderr
    assert run("migrate", path, "--out", out).stdout == f"{out}\n"
    assert out.read_text() == result.stdout
    assert load(out).values == load(path).values
    again = run("migrate", out)
    assert (again.stdout, again.stderr) == (result.stdout, "")


def test_migration_leaves_problems_to_a_person(tmp_path: Path) -> None:
    """Nothing is written."""
    out = tmp_path / "new.json"
    result = run("migrate", written(tmp_path, {"bot": {"x": 1}}), "--out", out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("bot.x 1: there is no such key; the nearest is bot.long")
    assert not out.exists()


def test_a_key_is_explained() -> None:
    """Type, range, default, meaning."""
    assert run("explain", "mirror.threshold").stdout.splitlines() == [
        "live.mirror.threshold",
        "  Exposure that the mirrors are to have; 0 switches them off.",
        "  type: number, 0 to 100",
        "  unit: multiple of the base's exposure",
        "  multiple of: 0.000001",
        "  default: 0",
    ]


def test_an_object_is_explained_key_by_key() -> None:
    """An empty line between them."""
    assert run("explain", "live.mirror").stdout.count("\n\n") == 9


def test_an_unknown_key_has_a_nearest_one() -> None:
    """It is refused with that."""
    result = run("explain", "n_position")
    assert result.exit_code == 2
    assert result.stderr == "hedgeproof: no key 'n_position'; the nearest is n_positions\n"


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    """An editor reads the file."""
    out = tmp_path / "schema.json"
    assert run("schema", "--out", out).exit_code == 0
    assert out.read_text() == run("schema").stdout == dump()


def test_templates_are_listed_and_written(tmp_path: Path) -> None:
    """Each is a start for one's own file."""
    assert [line.split()[0] for line in run("template").stdout.splitlines()] == [*templates()]
    out = tmp_path / "own.json"
    assert run("template", "long_default", "--out", out).exit_code == 0
    assert load(out).values["bot.long.n_positions"] == default().values["bot.long.n_positions"]
    refusal = run("template", "long").stderr
    assert refusal == "hedgeproof: no template 'long'; the nearest is long_default\n"


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """The line says which."""
    result = run("schema", "--out", tmp_path / "no" / "schema.json")
    assert result.exit_code == 2
    assert "give a file to write to" in result.stderr


def test_checking_imports_nothing_heavy(tmp_path: Path) -> None:
    """A check answers before numba would have been found on the disk."""
    path = written(tmp_path, {})
    code = (
        "import sys; from adapters.strategy.parse import load; from pathlib import Path;"
        "import adapters.strategy.page, adapters.strategy.schema;"
        f"load(Path({str(path)!r})); print(*{{name.split('.')[0] for name in sys.modules}})"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    assert not HEAVY & set(done.stdout.split())
