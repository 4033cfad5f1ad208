"""From a journal to a running loop: the same path after a start, a crash and an upgrade."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from attrs import evolve

from adapters.journal.chain import Kind
from adapters.journal.codec import decode
from adapters.journal.replay import opened, supervisor
from adapters.journal.steps import Snapshot
from adapters.journal.store import Journal
from adapters.live.loop import MARGIN_MS, Loop, Said
from adapters.live.terms import Terms
from adapters.venue.port import Port
from machines import bot as bots
from machines import order_manager
from machines.bot import Bot
from machines.ladder import Config
from spec.units import MILLI_NS, SECOND_NS


def found(path: Path, config: Config, cash: int, now_ns: int) -> None:
    """Make a new journal at *path* of a bot that holds *cash* money units and nothing else.

    Its orders are numbered from the time of its beginning in ms: no two journals of an account use
    a number twice.  It appears whole or not at all.
    """
    bot = bots.new(config, cash)
    numbered = evolve(bot, book=evolve(bot.book, sequence=now_ns // MILLI_NS))
    new = path.with_name(f"{path.name}-new")
    for left in path.parent.glob(f"{new.name}*"):
        left.unlink()
    Journal.create(new, numbered, now_ns).close()
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
    """Return the terms of *journal*'s wallet, and the money units that its first row holds."""
    with closing(journal.rows()) as rows:
        wallet = decode(next(rows).body, Snapshot).bot.wallet
    return wallet.config, wallet.cash


def lapse(journal: Journal, bot: Bot) -> tuple[int, int]:
    """Return when the oldest open order of *bot* was placed, and the last row written, Unix ns.

    With no order open, both are the last row: what came before it is booked.
    """
    orders = order_manager.live(bot.book)
    oldest = f'"client_order_id":{orders[0].client_order_id},' if orders else ""
    first_ns = since_ns = last_ns = 0
    with closing(journal.rows()) as rows:
        for row in rows:
            first_ns, last_ns = first_ns or row.at_ns, row.at_ns
            if oldest and not since_ns and row.kind is Kind.STEP and oldest in row.body:
                since_ns = row.at_ns
    if not orders:
        return last_ns, last_ns
    return since_ns or first_ns, last_ns  # a compacted journal may have dropped the row
