"""What fails in a simulated run, and the shortest way to it in the closed worlds of the machine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from adapters.cli.terminal import needed, waiting

if TYPE_CHECKING:
    from adapters.journal.replay import Moment
    from machines.bot import Bot, Event
    from machines.messages import Command
    from simulator.candles import Candles
    from simulator.judge import Entry
    from simulator.nearest import Nearest
    from simulator.world import Run, Setup, Told

MACHINES = ("order", "position", "hedge_wallet")  # of the bot that is simulated


@frozen
class Failure:
    """*check*, a property or a machine, fails: *text* says how, *moment* when, if that is known."""

    check: str
    text: str
    moment: "Moment | None" = None


def watched(
    setup: "Setup", candles: "Candles", progress: "Callable[[int, int], None]", then: "Told | None"
) -> "tuple[Run | None, Failure | None]":
    """Return a run of *setup* over *candles*, None if an assertion ends it, and what failed first.

    Each step is checked as an audit of its journal would, and passed on to *then*.
    """
    from simulator.exploration import origin
    from simulator.explorer import NO_EXCEPTION
    from simulator.results import verify
    from simulator.world import run

    watch, done = _Watch(setup, then), None
    try:
        done = run(setup, candles, progress=progress, told=watch.told)
        verify(done)
    except AssertionError as error:
        return done, watch.failure or Failure(NO_EXCEPTION.id, origin(error))
    return done, watch.failure


class _Watch:
    """Checks each step of a run, and keeps the first *failure*."""

    def __init__(self, setup: "Setup", then: "Told | None") -> None:
        from machines import bot as bots

        self.failure: Failure | None = None
        self._bot = bots.new(setup.wallet, setup.venue.deposit)
        self._row = 0
        self._then = then

    def told(
        self, at_ns: int, event: "Event", commands: "tuple[Command, ...]", after: "Bot"
    ) -> None:
        """Check the step that made *after* of the bot before."""
        from adapters.journal.properties import checks_of
        from adapters.journal.replay import Moment
        from adapters.journal.steps import Step, changes

        self._row += 1
        step = Step(event=event, commands=commands, changes=changes(self._bot, event, after))
        moment = Moment(row=self._row, at_ns=at_ns, before=self._bot, step=step, after=after)
        self._bot = after
        if self.failure is None:
            checks = checks_of(after).items()
            found = ((name, text) for name, (_, check) in checks for text in check(moment))
            wrong = (Failure(name, text, moment) for name, text in found if text)
            self.failure = next(wrong, None)
        if self._then is not None:
            self._then(at_ns, event, commands, after)


def explain(failure: Failure, out: Path) -> None:
    """Print *failure* and the shortest trace of it in a closed world, which is written to *out*."""
    needed("numba", "scipy")
    print(f"\n{failure.check} fails in the run{_where(failure)}: {failure.text}")
    with waiting("closed worlds"):
        found, same = _nearest(failure)
    if found is None:
        print("No closed world fails so: the cause is in what they leave out, money among it.")
        return
    from adapters.cli.fuzz_traces import Subject, write
    from simulator.counterexample import text

    if not same:
        print("No closed world fails so, but the same machine fails otherwise.")
    print(f"\n{text(found.verdict, found.entry.world)}", end="")
    write(Subject(found.entry.name, found.entry.world, by="simulate"), found.verdict, out)


def _where(failure: Failure) -> str:
    """Return when *failure* came about, after what, and which rows were taken then."""
    moment = failure.moment
    if moment is None or moment.step is None:
        return ""
    from adapters.cli.results import utc

    event = type(moment.step.event).__name__
    taken = "; ".join(_rows(moment))
    return f" at {utc(moment.at_ns)}, step {moment.row}, after {event} ({taken or 'no row'})"


def _rows(moment: "Moment") -> Iterator[str]:
    """Yield the rows that the step of *moment* takes, which is repeated for that."""
    from machines import bot as bots
    from machines.bot import Bot
    from machines.messages import Bars
    from simulator.record import tally

    assert moment.step is not None
    before, event = moment.before, moment.step.event
    assert isinstance(before, Bot)
    assert not isinstance(event, Bars)
    counted = tally(before.spec), tally(before.book.spec)
    book = evolve(before.book, spec=counted[1])
    bots.step(evolve(before, spec=counted[0], book=book), event)
    for spec in counted:
        for state, symbol in spec.counts:
            yield f"{spec.name} {state.name} x {symbol.name}"


def _nearest(failure: Failure) -> "tuple[Nearest | None, bool]":
    """Return how a closed world fails, and whether it is the same property that fails there."""
    from simulator.catalogue import catalogue
    from simulator.explorer import NO_EXCEPTION
    from simulator.nearest import nearest
    from spec.catalogue import MACHINES as DECLARED

    owners = [name for name in MACHINES if failure.check in {name, *DECLARED[name][1]}]
    machines = frozenset(owners or MACHINES)
    entries = [entry for entry in catalogue() if _owned(entry, machines)]
    found = nearest(entries, frozenset({failure.check}))
    if found is not None:
        return found, True
    every = frozenset(each for name in machines for each in DECLARED[name][1])
    return nearest(entries, every | {NO_EXCEPTION.id}), False


def _owned(entry: "Entry", machines: frozenset[str]) -> bool:
    """Return whether the world of *entry* claims something of one of *machines*."""
    from simulator.checked import owners
    from spec.catalogue import MACHINES as DECLARED

    return bool(machines & owners(entry.world, DECLARED))
