"""From a journal to a running loop: the same path after a start, a crash and an upgrade."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from adapters.bots import AnyBot, Config, cash_of, config_of, holdings, numbered
from adapters.journal.chain import Kind
from adapters.journal.replay import decoded, opened, supervisor
from adapters.journal.steps import Snapshot
from adapters.journal.store import Journal
from adapters.live.holdings import orders
from adapters.live.loop import MARGIN_MS, Loop, Said
from adapters.live.terms import Terms
from adapters.venue.port import Port
from spec.units import MILLI_NS, SECOND_NS


def found(path: Path, bot: AnyBot, now_ns: int) -> None:
    """Make a new journal at *path* of *bot*, which has no orders yet.

    Its orders are numbered from the time of its beginning in ms: no two journals of an account use
    a number twice.  It appears whole or not at all.
    """
    new = path.with_name(f"{path.name}-new")
    for left in path.parent.glob(f"{new.name}*"):
        left.unlink()
    Journal.create(new, numbered(bot, now_ns // MILLI_NS), now_ns).close()
    new.rename(path)


def loop(  # noqa: PLR0913, PLR0917
    made: Callable[[], Port],
    journal: Journal,
    config: Config,
    terms: Terms,
    clock_ns: Callable[[], int],
    said: Said,
) -> Loop:
    """Return the loop of *journal* as it was left.

    Raises:
        JournalError: The journal is broken, or not of *config*.
    """
    bot = opened(journal, config)
    running = Loop(made, journal, bot, supervisor(journal), terms, clock_ns, said)
    since_ns, last_ns = lapse(journal, bot)
    running.requests.since_ms = since_ns // MILLI_NS - MARGIN_MS
    running.requests.until_ns = last_ns + int(terms.validity_s * SECOND_NS)
    return running


def begun(journal: Journal) -> tuple[Config, int]:
    """Return what was chosen for the bot of *journal*, and the money units of its first row.

    Raises:
        JournalError: The row is not as it was written, or of a release that had other fields.
    """
    with closing(journal.rows()) as rows:
        bot = decoded(next(rows), Snapshot).bot
    return config_of(bot), cash_of(bot)


def lapse(journal: Journal, bot: AnyBot) -> tuple[int, int]:
    """Return when the oldest open order of *bot* was placed, and the last row written, Unix ns.

    With no order open, both are the last row: what came before it is booked.
    """
    known = orders(holdings(bot))
    oldest = f'"client_order_id":{min(known)},' if known else ""
    first_ns = since_ns = last_ns = 0
    with closing(journal.rows()) as rows:
        for row in rows:
            first_ns, last_ns = first_ns or row.at_ns, row.at_ns
            if oldest and not since_ns and row.kind is Kind.STEP and oldest in row.body:
                since_ns = row.at_ns
    if not known:
        return last_ns, last_ns
    return since_ns or first_ns, last_ns  # a compacted journal may have dropped the row
