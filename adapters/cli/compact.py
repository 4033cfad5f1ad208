"""`hedgeproof compact`: a journal without its oldest rows."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.audit import File, refused

KEEP_DAYS, DAY_S = 30, 86_400


def compact(
    journal: File,
    *,
    keep_days: Annotated[int, typer.Option(min=0, help="Keep rows that are younger.")] = KEEP_DAYS,
    archive: Annotated[
        Path | None, typer.Option(help="A file for a copy of the whole journal, made before.")
    ] = None,
) -> None:
    """Drop the oldest rows of a journal; what is left verifies against the same last hash."""
    import time

    from adapters.journal.compact import compact as compacted
    from adapters.journal.store import Journal
    from spec.units import SECOND_NS

    with refused(), Journal(journal) as opened:
        dropped = compacted(opened, time.time_ns() - keep_days * DAY_S * SECOND_NS, archive)
        first, last = opened.base.row + 1, opened.head.row
    print(f"{dropped:,} rows dropped; {journal} has rows {first:,} to {last:,}")
