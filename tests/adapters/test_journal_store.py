"""The file: what an intent promises, who may write, and every way in which it can be broken."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from adapters.bots import AnyBot, sequence_of
from adapters.journal import schema
from adapters.journal.audit import audit
from adapters.journal.chain import Row, link
from adapters.journal.errors import JournalError
from adapters.journal.replay import rebuilt, tell
from adapters.journal.steps import Step, intents
from adapters.journal.store import Journal, Reader
from machines import bot as bots
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.ladder import Config
from machines.messages import Place, Restarted
from spec.terms import Instrument
from tests.adapters.journal_tapes import Tape, tape, write

CONFIG = Config(instrument=Instrument(symbol="S"), unit_ticks=10)
BOT = bots.new(CONFIG, 40_200)


@pytest.fixture(scope="module")
def recording() -> Tape:
    return tape(1, bars=400)


@pytest.fixture(scope="module")
def whole(recording: Tape, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal of some pages."""
    path = tmp_path_factory.mktemp("whole") / "journal.db"
    write(path, recording, every=40)
    return path.read_bytes()


@pytest.fixture
def broken(tmp_path: Path, whole: bytes) -> Path:
    """A journal to be broken."""
    path = tmp_path / "journal.db"
    path.write_bytes(whole)
    return path


def read(path: Path) -> tuple[list[Row], JournalError | None]:
    """Return the rows that can be read, and why no more."""
    rows: list[Row] = []
    try:
        with Reader(path) as reader:
            rows.extend(reader.rows())
    except JournalError as error:
        return rows, error
    return rows, None


def altered(path: Path, *statements: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


CHILD = dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from adapters.journal.replay import tell
    from adapters.journal.store import Journal
    from machines import bot as bots
    from machines.hedge_wallet import Price
    from machines.ladder import Config
    from machines.messages import Place, Restarted
    from spec.terms import Instrument

    bot = bots.new(Config(instrument=Instrument(symbol="S"), unit_ticks=10), 40_200)
    journal = Journal.create(Path(sys.argv[1]), bot, 0)
    bot, _ = tell(journal, bot, Restarted(), 1)
    if sys.argv[2] == "intent":
        bot, commands = tell(journal, bot, Price(1_000), 2)
        assert isinstance(commands[0], Place)
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


@pytest.mark.parametrize(("until", "steps"), [("intent", 2), ("event", 0)])
def test_an_intent_is_on_disk_when_append_returns(tmp_path: Path, until: str, steps: int) -> None:
    """Killed right after, the file has the intent and all before it; events alone may wait."""
    path = tmp_path / "journal.db"
    words = [sys.executable, "-c", CHILD, str(path), until]
    done = subprocess.run(words, check=False, cwd=Path(__file__).parents[2])  # noqa: S603
    assert done.returncode == -signal.SIGKILL
    found = audit(path)
    assert found.passed
    assert found.steps == steps
    with Journal(path) as journal:
        bot = rebuilt(journal)
    assert sequence_of(bot) == (until == "intent")


def test_intents_are_synced_and_events_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step with a Place is committed at once with a full sync; one without waits."""
    seen: list[bool] = []
    original = Journal.flush

    def flush(journal: Journal, *, full: bool = False) -> None:
        if not journal._waiting:
            return
        seen.append(full)
        original(journal, full=full)
        mode = journal._connection.execute("PRAGMA synchronous").fetchone()
        assert mode == ((2,) if full else (1,))

    monkeypatch.setattr(Journal, "flush", flush)
    with Journal.create(tmp_path / "journal.db", BOT, 0, batch=3) as journal:
        bot, _ = tell(journal, BOT, Restarted(), 1)
        assert seen == []
        bot, commands = tell(journal, bot, Price(1_000), 2)
        assert any(isinstance(command, Place) for command in commands)
        assert seen == [True]
        for _ in range(3):
            bot, _ = tell(journal, bot, Price(1_000), 3)
        assert seen == [True, False]


def test_a_query_is_an_intent(recording: Tape) -> None:
    """Were its number used again after a crash, a late answer to the first one would count."""
    kinds = {
        type(command).__name__
        for told in recording.told
        for command in intents(Step(event=told.event, commands=told.commands, changes=()))
    }
    assert kinds == {"Place", "Cancel", "Query"}


def test_one_process_appends(tmp_path: Path) -> None:
    """A second writer is refused, a reader is not, and the next writer finds the file free."""
    path = tmp_path / "journal.db"
    with Journal.create(path, BOT, 0) as journal:
        tell(journal, BOT, Restarted(), 1)
        with pytest.raises(JournalError, match="another process appends"):
            Journal(path)
        with pytest.raises(JournalError, match="exists; give another path"):
            Journal.create(path, BOT, 0)
        assert len(read(path)[0]) == 1
        journal.flush()
        assert len(read(path)[0]) == 2
    with Journal(path) as journal:
        assert journal.head.row == 1


def test_a_failed_append_closes_the_journal(tmp_path: Path) -> None:
    """Nothing may leave, and the bot in memory is ahead of the file: it starts again from there."""
    path = tmp_path / "journal.db"
    journal = Journal.create(path, BOT, 0)
    bot, _ = tell(journal, BOT, Restarted(), 1)
    journal._connection.execute("PRAGMA max_page_count = 1")
    assert isinstance(bot, Bot)
    big = evolve(bot, book=evolve(bot.book, closed=tuple((n, n) for n in range(9_000))))
    with pytest.raises(JournalError, match="row 1: it could not be written"):
        journal.snapshot(2, big)
    with pytest.raises(JournalError, match="closed; stop the bot"):
        tell(journal, bot, Restarted(), 3)
    journal.close()
    with Journal(path) as again:
        assert again.head.row == 0


def test_only_messages_are_written(tmp_path: Path) -> None:
    """What the codec does not know is refused, and leaves no trace."""
    with Journal.create(tmp_path / "journal.db", BOT, 0) as journal:
        with pytest.raises(JournalError, match="not written"):
            journal.append(1, Step(event="secret", commands=(), changes=()))  # type: ignore[arg-type]
        assert journal.head.row == 0


SWAP = (
    "UPDATE journal SET row = -1 WHERE row = 30",
    "UPDATE journal SET row = 30 WHERE row = 31",
    "UPDATE journal SET row = 31 WHERE row = -1",
)


@pytest.mark.parametrize(
    ("statements", "row", "why"),
    [
        (("UPDATE journal SET body = replace(body, '1', '2') WHERE row = 30",), 30, "its hash"),
        (("UPDATE journal SET at_ns = at_ns + 1 WHERE row = 30",), 30, "its hash"),
        (("UPDATE journal SET kind = 0 WHERE row = 30",), 30, "its hash"),
        (("UPDATE journal SET hash = zeroblob(32) WHERE row = 30",), 30, "its hash"),
        (("UPDATE journal SET hash = 'text' WHERE row = 30",), 30, "other types"),
        (("UPDATE journal SET at_ns = 'soon' WHERE row = 30",), 30, "other types"),
        (("UPDATE journal SET kind = 7 WHERE row = 30",), 30, "other types"),
        (("UPDATE journal SET body = 'ä' WHERE row = 30",), 30, "other types"),
        (("UPDATE journal SET body = CAST(x'ff' AS TEXT) WHERE row = 30",), 30, "cannot be read"),
        (("DELETE FROM journal WHERE row = 30",), 30, "missing, after row 29 comes row 31"),
        (("DELETE FROM journal WHERE row = 0",), 0, "missing, after row -1 comes row 1"),
        (("DELETE FROM journal WHERE row >= 30",), 30, "missing, the journal was written up to"),
        (SWAP, 30, "its hash"),
    ],
)
def test_a_broken_row_is_named(
    broken: Path, whole: bytes, statements: tuple[str, ...], row: int, why: str
) -> None:
    """The error has the row, the reason and what to do; what is before it is still read."""
    before, fault = read(broken)
    assert fault is None
    altered(broken, *statements)
    rows, fault = read(broken)
    assert fault is not None
    assert fault.row == row
    assert why in fault.why
    assert "put back a copy" in str(fault)
    assert rows == before[:row]
    found = audit(broken)
    assert found.fault is not None
    assert found.fault.row == row
    assert found.last == row - 1
    assert len(whole) > 4 * 4_096


def test_a_forger_has_to_forge_every_later_row(broken: Path) -> None:
    """A row with another content and the hash of that: the row after it no longer follows."""
    rows, _ = read(broken)
    forged = link(rows[29].hash, 30, rows[30].kind, 7, rows[30].body)
    text = f"UPDATE journal SET at_ns = 7, hash = x'{forged.hex()}' WHERE row = 30"  # noqa: S608
    altered(broken, text)
    found, fault = read(broken)
    assert fault is not None
    assert fault.row == 31
    assert len(found) == 31


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_torn_file_is_read_as_far_as_it_goes(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    """Cut anywhere: the rows that are there, each as it was written, then the error."""
    path = tmp_path_factory.mktemp("torn") / "journal.db"
    path.write_bytes(whole)
    before, _ = read(path)
    path.write_bytes(whole[: int(len(whole) * share)])
    rows, fault = read(path)
    assert fault is not None
    assert rows == before[: len(rows)]


def test_a_half_is_still_read(broken: Path, whole: bytes) -> None:
    """Not only the whole file or nothing."""
    count = len(read(broken)[0])
    broken.write_bytes(whole[: len(whole) * 3 // 4])
    rows, fault = read(broken)
    assert fault is not None
    assert fault.row == len(rows)
    assert count // 3 < len(rows) < count


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_is_found_or_means_nothing(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    """Flip any bit of the file: the rows that are read are as they were, or there is an error."""
    path = tmp_path_factory.mktemp("flipped") / "journal.db"
    path.write_bytes(whole)
    before, _ = read(path)
    changed = bytearray(whole)
    changed[at % len(whole)] ^= 1 << bit
    path.write_bytes(bytes(changed))
    rows, fault = read(path)
    assert rows == before[: len(rows)]
    assert fault is not None or rows == before


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("PRAGMA user_version = 99", "schema version 99, known are 1 to 4; use the release"),
        ("PRAGMA user_version = 0", "schema version 0"),
        ("PRAGMA application_id = 1", "the file is another program's"),
        ("DELETE FROM chain", "its ends are not as they were written"),
        ("DROP TABLE journal", "no such table"),
        ("UPDATE chain SET head_hash = 'x'", "its ends are not as they were written"),
    ],
)
@pytest.mark.parametrize("open_it", [Reader, Journal])
def test_what_is_no_journal_is_refused(
    broken: Path, statement: str, why: str, open_it: Callable[[Path], Reader | Journal]
) -> None:
    """An unknown version, another program's file, a table that is not there."""
    altered(broken, statement)
    with pytest.raises(JournalError, match=why), open_it(broken) as journal:
        list(journal.rows())


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Text, nothing, and no file."""
    path = tmp_path / "journal.db"
    for words, why in (("a text " * 99, "not a database"), ("", "another program's")):
        path.write_text(words)
        with pytest.raises(JournalError, match=why):
            Reader(path)
        with pytest.raises(JournalError, match=why):
            Journal(path)
    path.unlink()
    with pytest.raises(JournalError, match="no file"):
        Journal(path)


def test_an_old_journal_is_brought_up_to_date(
    tmp_path: Path, recording: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of version 1 is read as it is, and migrated once it is written to."""
    path = tmp_path / "journal.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        patch.setattr(schema.migrate, "__defaults__", (schema.MIGRATIONS,))
        write(path, recording, 30)
    with Reader(path) as reader:
        assert reader.version == 1
        assert len(list(reader.rows())) == 31
    Journal(path).close()
    with Reader(path) as reader:
        assert reader.version == len(schema.MIGRATIONS)
        assert len(list(reader.rows())) == 31


def test_a_migration_is_done_whole_or_not_at_all(broken: Path) -> None:
    """The second statement fails: the first is undone, the version is the old one."""
    connection = sqlite3.connect(broken, isolation_level=None)
    more = (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "CREATE TABLE journal (x)"))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        schema.migrate(connection, more)
    connection.close()
    with Reader(broken) as reader:
        assert reader.version == len(schema.MIGRATIONS)
    assert b"extra" not in broken.read_bytes()[:8_192]


def test_a_journal_can_be_read_while_it_is_written(tmp_path: Path, recording: Tape) -> None:
    """A reader sees the journal as of one moment, and does not hold up the writer."""
    path = tmp_path / "journal.db"
    bot: AnyBot = recording.start
    with Journal.create(path, bot, 0, durable=False, batch=1) as journal, Reader(path) as reader:
        rows = reader.rows()
        assert next(rows).row == 0
        for told in recording.told[:20]:
            bot, _ = tell(journal, bot, told.event, told.at_ns)
        assert list(rows) == []
        assert len(list(reader.rows())) == 21
