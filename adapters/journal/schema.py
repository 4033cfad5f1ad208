"""The tables of a journal, as numbered migrations: `PRAGMA user_version` says how many are done.

A migration adds; it rewrites no row, as its hash stands for what it says.
"""

import sqlite3
from collections.abc import Sequence

from adapters.journal.errors import NO_ROW, JournalError

APPLICATION = 0x68706A6C  # "hpjl"
JOURNAL = """CREATE TABLE journal (
    row INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
)"""
CHAIN = """CREATE TABLE chain (
    base_row INTEGER NOT NULL,
    base_hash BLOB NOT NULL,
    head_row INTEGER NOT NULL,
    head_hash BLOB NOT NULL
)"""
SNAPSHOTS = "CREATE INDEX snapshots ON journal (row) WHERE kind = 0"  # a restart looks for the last
SUPERVISIONS = "CREATE INDEX supervisions ON journal (row) WHERE kind = 2"  # ... for this one too
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (JOURNAL, CHAIN),
    (SNAPSHOTS,),
    (SUPERVISIONS,),
    (),  # rows of one more kind: the supervisor's own commands
)


def version(connection: sqlite3.Connection) -> int:
    """Return how many migrations the file has seen.

    Raises:
        JournalError: It is no journal.
    """
    if _pragma(connection, "application_id") != APPLICATION:
        raise JournalError(NO_ROW, "the file is another program's", "give a file made by this one")
    return _pragma(connection, "user_version")


def checked(connection: sqlite3.Connection) -> int:
    """Return the version of the file, which this program can read.

    Raises:
        JournalError: It is no journal, or of a version that this program does not know.
    """
    found = version(connection)
    if not 1 <= found <= len(MIGRATIONS):
        why = f"schema version {found}, known are 1 to {len(MIGRATIONS)}"
        raise JournalError(NO_ROW, why, "use the release that wrote it, or a newer one")
    return found


def create(connection: sqlite3.Connection) -> None:
    """Make an empty file a journal without rows."""
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    migrate(connection)


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Bring the file to the newest version, one migration a transaction."""
    for number in range(version(connection), len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        for statement in migrations[number]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
