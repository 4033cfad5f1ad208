"""Write a simulation into a journal on disk, step by step, as a live bot would."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from adapters.journal.steps import Step, changes
from adapters.journal.store import Journal
from machines import bot as bots
from machines.bot import Bot, Event
from machines.messages import Command
from simulator.world import Setup, Told


@contextmanager
def recorded(path: Path, setup: Setup, start_ns: int) -> Generator[Told]:
    """Yield what writes each step of a run of *setup* to a new journal at *path*.

    It starts at *start_ns* (Unix ns).  The journal is not synced: a simulation is run again.
    """
    before = bots.new(setup.wallet, setup.venue.deposit)
    with Journal.create(path, before, start_ns, durable=False) as journal:

        def told(now_ns: int, event: Event, commands: tuple[Command, ...], after: Bot) -> None:
            nonlocal before
            changed = changes(before, event, after)
            journal.append(now_ns, Step(event=event, commands=commands, changes=changed))
            before = after

        yield told
