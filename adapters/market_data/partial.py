"""The bars of a download that is not complete: a text file that grows by whole lines."""

import os
from collections.abc import Sequence
from pathlib import Path

from adapters.candles import DataError

Row = tuple[int, str, str, str, str, str]  # opens at, ms; open, high, low, close, volume as sent
NAMES = "ts_ms,open,high,low,close,volume"


class Partial:
    """The file *path*, which begins with *head*, what was asked for.

    A line that was cut off by a crash is dropped when the file is opened again.

    Raises:
        DataError: It was begun for something else.
    """

    def __init__(self, path: Path, head: str) -> None:
        self.path = path
        self.rows, self.last_ms = 0, -1
        begin = f"# {head}\n{NAMES}\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        found = path.read_bytes() if path.exists() else b""
        if found.count(b"\n") < begin.count("\n"):
            path.write_text(begin, encoding="utf-8")
            return
        theirs = found.split(b"\n", 1)[0].decode(errors="replace").removeprefix("# ")
        if theirs != head:
            raise DataError(
                f"{path}: was begun with {theirs}, not {head}; ask for that, or --force to restart"
            )
        whole = found[: found.rfind(b"\n") + 1]
        if len(whole) < len(found):
            os.truncate(path, len(whole))
        lines = whole.splitlines()[begin.count("\n") :]
        self.rows = len(lines)
        self.last_ms = int(lines[-1].split(b",", 1)[0]) if lines else -1

    def append(self, rows: Sequence[Row]) -> None:
        """Add *rows*, which are later than all before, and see them onto the disk."""
        if not rows:
            return
        text = "".join(",".join(map(str, row)) + "\n" for row in rows)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.rows += len(rows)
        self.last_ms = rows[-1][0]
