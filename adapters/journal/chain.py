"""The hash chain: each row's hash covers its content and the hash of the row before.

Who changes, drops, swaps or inserts a row has to change every hash after it, the last one too.
The last hash kept elsewhere, or printed by an audit, is what the whole file can be held against.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple

from adapters.journal.errors import JournalError

HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)
KEEP = "put back a copy of the file, or keep the rows before it, which are as they were written"


class Kind(IntEnum):
    """What a row is."""

    SNAPSHOT = 0
    STEP = 1
    SUPERVISION = 2
    INTERVENTION = 3


class Row(NamedTuple):
    """Row number *row*, written at *at_ns* (Unix ns); *body* is canonical JSON."""

    row: int
    kind: Kind
    at_ns: int
    body: str
    hash: bytes


class End(NamedTuple):
    """A place in the chain: the row there and its hash."""

    row: int
    hash: bytes


GENESIS = End(-1, NO_HASH)  # what comes before the first row of a new journal


def link(before: bytes, row: int, kind: int, at_ns: int, body: str) -> bytes:
    """Return the hash of a row that follows the one with hash *before*; *body* is ASCII."""
    content = f"{row} {kind} {at_ns} {body}".encode("ascii")
    return blake2b(before + content, digest_size=HASH_BYTES).digest()


def following(before: End, kind: Kind, at_ns: int, body: str) -> Row:
    """Return the row that comes after *before*."""
    row = before.row + 1
    return Row(row, kind, at_ns, body, link(before.hash, row, kind, at_ns, body))


def verified(base: End, found: Iterable[tuple[object, ...]], head: End | None) -> Iterator[Row]:
    """Yield the rows *found* after *base* as long as each follows from the one before.

    Raises:
        JournalError: A row is missing, out of turn, changed or not of its type, or the last one
            is not *head*.  What was yielded before is as it was written.
    """
    last = base
    for values in found:
        row = _typed(last.row + 1, values)
        if row.row != last.row + 1:
            why = f"it is missing, after row {last.row} comes row {row.row}"
            raise JournalError(last.row + 1, why, KEEP)
        if row.hash != link(last.hash, *row[:4]):
            why = "its hash does not follow from what it says and from the row before"
            raise JournalError(row.row, why, KEEP)
        yield row
        last = End(row.row, row.hash)
    if head is not None and last != head:
        why = f"it is missing, the journal was written up to row {head.row}"
        raise JournalError(last.row + 1, why, KEEP)


def _typed(expected: int, values: tuple[object, ...]) -> Row:
    """Return *values* as a row."""
    row, kind, at_ns, body, digest = values
    if (
        type(row) is int
        and type(kind) is int
        and kind in tuple(Kind)
        and type(at_ns) is int
        and type(body) is str
        and body.isascii()
        and type(digest) is bytes
    ):
        return Row(row, Kind(kind), at_ns, body, digest)
    raise JournalError(expected, "it holds values of other types than were written", KEEP)
