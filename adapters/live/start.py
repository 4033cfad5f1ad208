"""From a journal to a running loop: the same path after a start, a crash and an upgrade."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from adapters.bots import AnyBot, Config, Holding, config_of, holdings, numbered
from adapters.journal.chain import Kind
from adapters.journal.errors import JournalError
from adapters.journal.replay import rebuilt, supervisor
from adapters.journal.steps import Words
from adapters.journal.store import Journal
from adapters.live.loop import Loop, Said
from adapters.live.reconciling import MARGIN_MS
from adapters.live.terms import Terms
from adapters.venue.port import Port
from machines.order_manager import live
from machines.reconciliation import orders
from spec.position import State
from spec.units import MILLI_NS, SECOND_NS


def found(path: Path, bot: AnyBot, now_ns: int, words: Words = ()) -> None:
    """Make a new journal at *path* of *bot*, chosen by *words*, which has no orders yet.

    Its orders are numbered from the time of its beginning in ms: no two journals of an account use
    a number twice.  It appears whole or not at all.
    """
    new = path.with_name(f"{path.name}-new")
    for left in path.parent.glob(f"{new.name}*"):
        left.unlink()
    Journal.create(new, numbered(bot, now_ns // MILLI_NS), now_ns, words).close()
    new.rename(path)


def is_new(path: Path) -> bool:
    """Return whether there is no journal at *path* yet."""
    return not path.exists()


def loop(
    made: Callable[[], Port],
    journal: Journal,
    terms: Terms,
    clock_ns: Callable[[], int],
    said: Said,
) -> Loop:
    """Return the loop of *journal* as it was left.

    Raises:
        JournalError: The journal is broken.
    """
    bot = rebuilt(journal)
    running = Loop(made, journal, bot, supervisor(journal), terms, clock_ns, said)
    running.requests.since_ms = since_ns(journal, bot) // MILLI_NS - MARGIN_MS
    running.requests.until_ns = clock_ns() + int(terms.validity_s * SECOND_NS)
    return running


def left_open(folder: Path, own: Path) -> Iterator[str]:
    """Yield what other journals of *folder* than *own* have open, which nobody looks after now."""
    for path in sorted(folder.glob(f"*{own.suffix}")):
        if path != own:
            try:
                with closing(Journal(path)) as journal:
                    found = holdings(rebuilt(journal))
            except JournalError as error:
                yield f"{path}: {error}"
                continue
            symbols = [held.instrument.symbol for held in found if _is_open(held)]
            if symbols:
                yield f"{path}: still open, and not looked after: {', '.join(symbols)}"


def _is_open(held: Holding) -> bool:
    """Return whether there is a position, or an order that is not final."""
    return held.legs.state is not State.FLAT or bool(live(held.book))


def begun(journal: Journal) -> tuple[Config, int]:
    """Return what was chosen last for the bot of *journal*, and the money units of its beginning.

    Raises:
        JournalError: A row is not as it was written, or of a release that had other fields.
    """
    newest = journal.newest()
    assert newest.deposit is not None
    return config_of(newest.bot), newest.deposit


def since_ns(journal: Journal, bot: AnyBot) -> int:
    """Return when the oldest open order of *bot* was placed, Unix ns.

    With no order open it is when the last row was written: what came before it is booked.
    """
    known = orders(held.book for held in holdings(bot))
    oldest = f'"client_order_id":{min(known)},' if known else ""
    first_ns = placed_ns = last_ns = 0
    with closing(journal.rows()) as rows:
        for row in rows:
            first_ns, last_ns = first_ns or row.at_ns, row.at_ns
            if oldest and not placed_ns and row.kind is Kind.STEP and oldest in row.body:
                placed_ns = row.at_ns
    if not known:
        return last_ns
    return placed_ns or first_ns  # a compacted journal may have dropped the row
