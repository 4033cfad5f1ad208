"""`audit` and `replay` on journals of simulations: what they show, and how they end."""

import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import app
from adapters.journal import properties, wallet_properties
from adapters.journal.replay import Moment, rebuilt
from adapters.journal.store import Journal

BARS = 300


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulation's files and its journal; the pictures are left out."""
    path = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        results = import_module("adapters.cli.results")
        patch.setattr(results, "html", lambda _: "<html>")
        patch.setattr(results, "pngs", lambda _: {"price": b"png"})
        words = ("simulate", "--bars", BARS)
        plain = run(*words, "--out", path / "plain")
        told = run(*words, "--out", path / "told", "--journal", path / "journal.db")
        again = run(*words, "--out", path / "again", "--journal", path / "journal.db")
    assert told.exit_code == 0
    assert again.exit_code == 2
    assert "journal.db exists; give another path" in again.stderr
    (path / "plain.txt").write_text(plain.stdout)
    (path / "told.txt").write_text(told.stdout)
    return path


@pytest.fixture
def journal(folder: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    path = tmp_path / "journal.db"
    path.write_bytes((folder / "journal.db").read_bytes())
    return path


def printed_hash(text: str) -> str:
    """Return the hash of the journal's lines in *text*."""
    (line,) = (line for line in text.splitlines() if "journal hash" in line)
    return line.split()[-1]


def test_the_journal_on_disk_is_the_one_in_memory(folder: Path) -> None:
    """The same lines in the same order, the same hash, and writing them changes nothing."""
    shown = run("audit", folder / "journal.db")
    assert shown.exit_code == 0
    hashes = {printed_hash((folder / name).read_text()) for name in ("plain.txt", "told.txt")}
    assert hashes == {printed_hash(shown.stdout)}
    replayed = run("replay", folder / "journal.db")
    assert replayed.exit_code == 0
    assert replayed.stdout == (folder / "plain" / "journal.txt").read_text()


def test_an_audit_shows_every_property(folder: Path) -> None:
    """Each with the number of cases, and the verdict in the last line."""
    lines = run("audit", folder / "journal.db").stdout.splitlines()
    for name, (text, _) in (properties.COMMON | wallet_properties.CHECKS).items():
        (line,) = (line for line in lines if line.split()[0] == name and text in line)
        assert line.split()[2] == "0"
    assert lines[-1] == "The chain holds, and the machines repeat every step."


def test_a_broken_row_ends_the_audit(journal: Path) -> None:
    """Exit code 1, the row, what to do, and what was found before it."""
    connection = sqlite3.connect(journal, isolation_level=None)
    connection.execute("UPDATE journal SET at_ns = at_ns + 1 WHERE row = 30")
    connection.close()
    result = run("audit", journal)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("journal row 30: its hash does not follow")
    assert "put back a copy" in result.stdout
    assert "0 to 29" in result.stdout
    assert "hash of row 29" in result.stdout
    replayed = run("replay", journal)
    assert replayed.exit_code == 2
    assert replayed.stderr.startswith("hedgeproof: journal row 30: ")
    assert len(replayed.stdout.splitlines()) > 29
    story = run("audit", journal, "--order", 1)
    assert story.exit_code == 2
    assert "FILLED" in story.stdout


def test_a_property_that_fails_is_an_exit_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of the failures are named."""

    def check(moment: Moment) -> Iterator[str]:
        yield "it is the seventh" if moment.row == 7 else ""

    monkeypatch.setitem(wallet_properties.CHECKS, "HW-5", ("Not the seventh.", check))
    result = run("audit", folder / "journal.db")
    assert result.exit_code == 1
    assert "HW-5 fails in row 7: it is the seventh" in result.stdout


def test_the_story_of_one_order(folder: Path, tmp_path: Path) -> None:
    """Printed as text and diagram, or written to a folder."""
    shown = run("audit", folder / "journal.db", "--order", 16)
    assert shown.exit_code == 0
    told, drawn = shown.stdout.split("\n\n")
    assert "Place STOP_LOSS_COVER" in told
    assert "because of Filled of order 4" in told
    assert drawn.startswith("sequenceDiagram\n")
    out = tmp_path / "new"
    written = run("audit", folder / "journal.db", "--order", 16, "--out", out)
    assert written.stdout.splitlines() == [f"{out}/order-16.txt", f"{out}/order-16.mmd"]
    assert (out / "order-16.txt").read_text() == f"{told}\n"
    assert (out / "order-16.mmd").read_text() == drawn


def test_replay_until_a_row(folder: Path) -> None:
    """The rows up to that number, and no more."""
    shown = run("replay", folder / "journal.db", "--until", 2).stdout.splitlines()
    assert [line.split()[1] for line in shown] == ["<", ">", ">", "<", ">", ">"]
    assert shown[0].endswith("Restarted()")


def test_a_journal_is_compacted(journal: Path, tmp_path: Path) -> None:
    """Rows that are younger stay; the hash of the last one does, too."""
    with Journal(journal) as opened:
        bot, last = rebuilt(opened), opened.head.row
        opened.snapshot(7, bot)
        head = opened.head
    kept = run("compact", journal, "--keep-days", 100_000)
    assert kept.stdout == f"0 rows dropped; {journal} has rows 0 to {last + 1}\n"
    archive = tmp_path / "archive.db"
    done = run("compact", journal, "--archive", archive)
    assert done.stdout == f"{last + 1} rows dropped; {journal} has rows {last + 1} to {last + 1}\n"
    assert head.hash.hex() in run("audit", journal).stdout
    assert head.hash.hex() in run("audit", archive).stdout
    again = run("compact", journal, "--archive", archive)
    assert again.stdout.startswith("0 rows dropped")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("compact", "none.db"), "journal: no file none.db; give the path of a journal"),
        (("audit", "none.db"), "journal: no file none.db; give the path of a journal"),
        (("replay", "none.db"), "journal: no file none.db; give the path of a journal"),
        (("audit", "none.db", "--order", "1"), "journal: no file none.db"),
        (("audit", __file__), "file is not a database"),
    ],
)
def test_what_is_no_journal_is_refused(words: tuple[str, ...], why: str) -> None:
    """In one line, with exit code 2."""
    result = run(*words)
    assert result.exit_code == 2
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_order_that_is_not_there_is_refused(folder: Path) -> None:
    """The refusal says where to look."""
    result = run("audit", folder / "journal.db", "--order", 9_999)
    assert result.exit_code == 2
    assert "no order 9999" in result.stderr
