"""The journal's file: one connection appends, any number may read meanwhile.

A step with an intent, and all that waits before it, is committed with a full sync before `append`
returns; so whatever has left for a venue is on disk.  Steps without one are committed in batches:
what a crash loses is the end of the file, none of which has left.
"""

import fcntl
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Self, TypeVar

from attrs import evolve

from adapters.bots import AnyBot, cash_of
from adapters.journal import schema
from adapters.journal.chain import GENESIS, KEEP, End, Kind, Row, following, verified
from adapters.journal.codec import Body, CodecError, decode, encode
from adapters.journal.errors import NO_ROW, JournalError
from adapters.journal.steps import Intervention, Snapshot, Step, Supervision, Words, intents

T = TypeVar("T")
BATCH = 256
SELECT = "SELECT row, kind, at_ns, body, hash FROM journal WHERE row >= ? ORDER BY row"
ENDS = "SELECT base_row, base_hash, head_row, head_hash FROM chain"
WROTE = "use the release that wrote it"
STOP = "stop the bot, see to the disk, and start again from the file"


class Journal:
    """A journal open for appending: the only connection that writes to its file.

    A step that could not be written closes it: the bot is then ahead of its journal.
    """

    def __init__(self, path: Path, *, durable: bool = True, batch: int = BATCH) -> None:
        """Open the journal at *path*; not *durable* is for simulations, which are run again.

        Raises:
            JournalError: No journal, of an unknown version, broken, or another process appends.
        """
        if not path.is_file():
            raise JournalError(NO_ROW, f"no file {path}", "give the path of a journal")
        self.path, self.durable, self.batch = path, durable, batch
        self._lock = _locked(path)
        with ExitStack() as undo:
            undo.callback(self._lock.close)
            self._connection = _writer(path)
            with _explained():
                schema.checked(self._connection)
                schema.migrate(self._connection)
                self.base, self.head = _ends(self._connection)
            undo.pop_all()
        self._waiting: list[Row] = []
        self._newest: Snapshot | None = None  # once it was read
        self.closed = False

    @classmethod
    def create(  # noqa: PLR0913
        cls,
        path: Path,
        bot: AnyBot,
        at_ns: int,
        words: Words = (),
        *,
        durable: bool = True,
        batch: int = BATCH,
    ) -> Self:
        """Make a journal at *path* whose row 0 is *bot*, chosen by *words*, and open it.

        Raises:
            JournalError: There is a file already.
        """
        if path.exists():
            raise JournalError(NO_ROW, f"{path} exists", "give another path")
        begun = Snapshot(bot, words, cash_of(bot))
        first = following(GENESIS, Kind.SNAPSHOT, at_ns, _encoded(begun))
        with closing(_writer(path)) as connection, _explained():
            schema.create(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", first)
            ends = (*GENESIS, first.row, first.hash)
            connection.execute("INSERT INTO chain VALUES (?, ?, ?, ?)", ends)
            connection.execute("COMMIT")
        journal = cls(path, durable=durable, batch=batch)
        journal._newest = begun
        return journal

    def append(self, at_ns: int, step: Step) -> int:
        """Write *step*, and return its row; once it returns, the intents of *step* may leave.

        Raises:
            JournalError: It is not on disk: nothing may leave.
        """
        self._add(Kind.STEP, at_ns, _encoded(step))
        if intents(step):
            self.flush(full=self.durable)
        elif len(self._waiting) >= self.batch:
            self.flush()
        return self.head.row

    def snapshot(self, at_ns: int, bot: AnyBot, words: Words | None = None) -> int:
        """Write the whole *bot*, as the steps so far have made it, and return the row.

        With *words*, by which a person has chosen other terms for it, it is what these make of it.
        """
        before = self._newest or self.newest()
        self._newest = evolve(before, bot=bot, words=before.words if words is None else words)
        self._add(Kind.SNAPSHOT, at_ns, _encoded(self._newest))
        self.flush(full=self.durable)
        return self.head.row

    def newest(self) -> Snapshot:
        """Return the newest snapshot, with the money of the beginning.

        Raises:
            JournalError: There is none, or it is not as it was written.
        """
        found = self._snapshot_at(self.last_snapshot())
        if found.deposit is None:
            found = evolve(found, deposit=cash_of(self._snapshot_at(self.base.row + 1).bot))
        self._newest = found
        return found

    def supervise(self, at_ns: int, supervision: Supervision) -> int:
        """Write what the supervisor was told, and return the row: a halt outlives its process."""
        self._add(Kind.SUPERVISION, at_ns, _encoded(supervision))
        self.flush(full=self.durable)
        return self.head.row

    def intervene(self, at_ns: int, intervention: Intervention) -> int:
        """Write what the supervisor sends, and return the row; then it may leave."""
        self._add(Kind.INTERVENTION, at_ns, _encoded(intervention))
        self.flush(full=self.durable)
        return self.head.row

    def flush(self, *, full: bool = False) -> None:
        """Commit what waits; only *full* is safe from a loss of power, both are from a crash.

        Raises:
            JournalError: The disk is full, or the like; the journal is closed.
        """
        if not self._waiting:
            return
        try:
            self._synchronous(full=full)
            with self.transaction() as connection:
                connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", self._waiting)
                connection.execute("UPDATE chain SET head_row = ?, head_hash = ?", self.head)
        except sqlite3.Error as error:
            row = self._waiting[0].row
            self._abandon()
            raise JournalError(row, f"it could not be written, {error}", STOP) from error
        self._waiting.clear()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Yield the connection inside of one transaction: all of it is written, or nothing."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def rows(self, first: int = 0) -> Generator[Row]:
        """Yield the rows from number *first* on, or from the first one there is, verified."""
        self.flush()
        return _rows(self._connection, first)

    def last_snapshot(self) -> int:
        """Return the row of the newest snapshot."""
        row = self._last("SELECT max(row) FROM journal WHERE kind = 0")
        if row is None:
            raise JournalError(self.base.row + 1, "no snapshot is left", KEEP)
        return row

    def last_supervision(self) -> int | None:
        """Return the row of what the supervisor was told last, if there is any."""
        return self._last("SELECT max(row) FROM journal WHERE kind = 2")

    def shrink(self, archive: Path | None, base: End) -> None:
        """Drop the rows up to *base*, which a snapshot follows; copy all to *archive* before."""
        self.flush(full=True)
        if archive is not None:
            if archive.exists():
                raise JournalError(NO_ROW, f"{archive} exists", "give another path")
            self._connection.execute("VACUUM INTO ?", (str(archive),))
        self._synchronous(full=True)
        with self.transaction() as connection:
            connection.execute("DELETE FROM journal WHERE row <= ?", (base.row,))
            connection.execute("UPDATE chain SET base_row = ?, base_hash = ?", base)
        self.base = base
        self._connection.execute("VACUUM")

    def close(self) -> None:
        """Commit what waits, fold the log into the file, and let others append."""
        try:
            self.flush(full=self.durable)
        finally:
            self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, kind: Kind, at_ns: int, body: str) -> None:
        """Chain one more row."""
        if self.closed:
            raise JournalError(self.head.row + 1, "the journal is closed", STOP)
        row = following(self.head, kind, at_ns, body)
        self._waiting.append(row)
        self.head = End(row.row, row.hash)

    def _snapshot_at(self, row: int) -> Snapshot:
        """Return the snapshot that *row* is."""
        with closing(self.rows(row)) as rows:
            return decoded(next(rows), Snapshot)

    def _last(self, query: str) -> int | None:
        """Return the number that *query* finds."""
        self.flush()
        with _explained():
            (row,) = self._connection.execute(query).fetchone()
        return None if row is None else int(row)

    def _synchronous(self, *, full: bool) -> None:
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")

    def _abandon(self) -> None:
        """Close the file without writing."""
        self.closed = True
        self._waiting.clear()
        self._connection.close()
        self._lock.close()


class Reader:
    """A journal open for reading, also while it is written, also where it is broken."""

    def __init__(self, path: Path) -> None:
        """Open the journal at *path*.

        Raises:
            JournalError: No journal, of an unknown version, or broken at its very beginning.
        """
        if not path.is_file():
            raise JournalError(NO_ROW, f"no file {path}", "give the path of a journal")
        self.path = path
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        with ExitStack() as undo:
            undo.callback(self._connection.close)
            with _explained():
                self._connection.execute("PRAGMA writable_schema = ON")  # reads a truncated file
                self.version = schema.checked(self._connection)
                self.base, self.head = _ends(self._connection)
            undo.pop_all()

    def rows(self, first: int = 0) -> Generator[Row]:
        """Yield the rows from number *first* on, or from the first one there is, verified."""
        return _rows(self._connection, first)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _rows(connection: sqlite3.Connection, first: int) -> Generator[Row]:
    """Yield the rows from *first* on as of one moment, each following from the one before."""
    connection.execute("BEGIN")
    try:
        with _explained():
            base, head = _ends(connection)
            if first > base.row + 1:
                base = _end(connection, first - 1)
        yield from verified(base, _found(connection, base.row + 1), head)
    finally:
        with suppress(sqlite3.ProgrammingError):  # the file was closed first
            connection.execute("ROLLBACK")


def _found(connection: sqlite3.Connection, first: int) -> Iterator[tuple[object, ...]]:
    """Yield what is stored from row *first* on."""
    number = first
    try:
        for values in connection.execute(SELECT, (first,)):
            yield values
            number += 1
    except sqlite3.DatabaseError as error:
        raise JournalError(number, f"it cannot be read, {error}", KEEP) from error


def _end(connection: sqlite3.Connection, row: int) -> End:
    """Return the place of *row*."""
    found = connection.execute("SELECT row, hash FROM journal WHERE row = ?", (row,)).fetchone()
    if found is None:
        raise JournalError(row, "it is missing", KEEP)
    return End(*found)


def _ends(connection: sqlite3.Connection) -> tuple[End, End]:
    """Return what the first row follows, and the last row."""
    found = connection.execute(ENDS).fetchall()
    if len(found) != 1 or [type(value) for value in found[0]] != [int, bytes] * 2:
        raise JournalError(NO_ROW, "its ends are not as they were written", "put back a copy")
    base_row, base_hash, head_row, head_hash = found[0]
    return End(base_row, base_hash), End(head_row, head_hash)


def decoded(row: Row, kind: type[T]) -> T:
    """Return what *row* says.

    Raises:
        JournalError: It says nothing of *kind*, as this release knows it.
    """
    try:
        return decode(row.body, kind)
    except CodecError as error:
        raise JournalError(row.row, str(error), WROTE) from error


def _encoded(value: Body) -> str:
    """Return *value* as a body.

    Raises:
        JournalError: It holds what no journal does.
    """
    try:
        return encode(value)
    except CodecError as error:
        fix = "give the bot's own messages only"
        raise JournalError(NO_ROW, f"not written, {error}", fix) from error


def _writer(path: Path) -> sqlite3.Connection:
    """Return a connection that commits when it is told to."""
    connection = sqlite3.connect(path, isolation_level=None)
    with _explained():
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA fullfsync = ON")  # where a sync alone stops at the drive's cache
    return connection


def _locked(path: Path) -> IO[bytes]:
    """Return a file beside *path* that is locked as long as it is open, whoever dies."""
    lock = path.with_name(f"{path.name}-lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        why = f"another process appends to {path}"
        raise JournalError(NO_ROW, why, "stop that one first") from error
    return lock


@contextmanager
def _explained() -> Generator[None]:
    """Say of a file that cannot be read that it is the file's fault."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise JournalError(
            NO_ROW, f"the file cannot be read, {error}", "put back a copy"
        ) from error
