"""Compaction: a snapshot takes the place of the rows before it.

It says what was chosen for the bot, and with what money the journal began.

The chain goes on through the snapshot: its hash covers the bot and the hash of the last row that
was dropped, and every hash after it covers its own.  So what is left verifies, against the same
last hash as before.
"""

from pathlib import Path

from adapters.journal.chain import End, Kind
from adapters.journal.errors import NO_ROW, JournalError
from adapters.journal.store import Journal


def compact(journal: Journal, keep_from_ns: int, archive: Path | None = None) -> int:
    """Drop the rows before the newest snapshot that is not after *keep_from_ns* (Unix ns).

    Returns how many; 0 if no snapshot but the first row is that old.  *archive* is a path for a
    copy of the whole journal, made before.

    Raises:
        JournalError: A row up to the snapshot is not as it was written: nothing was dropped.
    """
    last = found = kept = journal.base
    supervised = journal.last_supervision() is not None
    for row in journal.rows():
        if row.kind is Kind.SNAPSHOT and row.at_ns <= keep_from_ns:
            kept = last
        if not supervised or row.kind is Kind.SUPERVISION:  # the last one stays: it may be a halt
            found = kept
        last = End(row.row, row.hash)
    dropped = found.row - journal.base.row
    if dropped < 0:
        raise JournalError(NO_ROW, "it has no rows", "put back a copy")
    if dropped:
        journal.shrink(archive, found)
    return dropped
