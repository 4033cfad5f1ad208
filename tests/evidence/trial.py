"""One trial: a bot trades over real sockets while something goes wrong, and has to come through.

The exchange, the wire and the bot of `hedgeproof run` share a process; the client is ccxt as it
is.  Once the bot runs, the faults strike, and the market goes on much faster than the clock.  Then
they stop, and the bot has to run again.  The market stands still, so that nothing happens unheard,
the bot cancels its orders and ends, and all that the exchange has is held against the journal.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from attrs import evolve, field, frozen

from adapters.journal.store import Journal
from adapters.live.account import AccountError
from adapters.live.log import Log
from adapters.live.loop import Loop
from adapters.live.prepare import Plan
from adapters.live.start import loop
from adapters.live.terms import Terms
from adapters.venue.ccxt_venue import CcxtVenue
from spec.supervisor import State, StopPolicy
from spec.units import SECOND_NS
from tests.evidence.comparison import TRIES, Totals, compared, ported, told
from tests.evidence.stand import Stand, Trial

START_S, RECOVERY_S, STOP_S = 300.0, 300.0, 120.0
QUIET_S = 3.0  # of RUNNING, before it counts
HALTED_S = 5.0  # of a halt, in which nothing is to be opened
POLL_S = 0.05
JOURNAL, LOG = "bot.journal", "log.jsonl"
NOTHING = 0, 0, 0
DOUBLED = (
    "orders under the name of another",
    "orders that were there twice",
    "orders filled beyond what was placed",
)


@frozen(kw_only=True)
class Outcome:
    """What came of a trial; *wrong* counts what is not as it has to be.

    *outage_s* is the longest time out of RUNNING, *settled_s* the time from the end of the faults
    until the bot ran for good, None if it did not.  It has *noticed* what it cannot withstand: by a
    halt that names the position, or by a word on each order that is there twice.
    """

    name: str
    dialect: str
    seed: int
    faults: dict[str, int] = field(factory=dict[str, int])  # how often each that was on has struck
    orders: int = 0
    fills: int = 0
    outage_s: float = 0.0
    settled_s: float | None = None
    noticed: bool = False
    wrong: dict[str, int] = field(factory=dict[str, int])


async def tried(trial: Trial, folder: Path) -> Outcome:
    """Return what comes of *trial*; *folder* is for its journal and its log."""
    name, dialect, seed = trial.key
    outcome = Outcome(name=name, dialect=dialect, seed=seed)
    async with Stand(trial).served() as stand:
        try:
            outcome = await _lived(trial, stand, folder, outcome)
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not have happened
            outcome = evolve(outcome, wrong={repr(error): 1})
        return evolve(outcome, faults=stand.faults, outage_s=outage_s(folder / LOG))


async def _lived(trial: Trial, stand: Stand, folder: Path, outcome: Outcome) -> Outcome:
    """Let a bot live on *stand*, and compare."""
    async with _bot(trial.dialect, stand, folder) as bot, asyncio.TaskGroup() as group:
        task = group.create_task(bot.run())
        await _until(lambda: bot.supervising.state is State.RUNNING, START_S)
        stand.spoil(on=True)
        await asyncio.sleep(trial.seconds)
        stand.spoil(on=False)
        settled_s = await settled(bot, stand)
        halted = bot.supervising.state is State.HALTED
        opened = await _opened(stand) if halted else 0
        stand.freeze()
        bot.stop(StopPolicy.CANCEL)
        await asyncio.wait_for(task, STOP_S)
    log = folder / LOG
    if halted and trial.may_double:
        named = "unexplained position" in log.read_text()
        wrong = {"orders opened after a halt": opened, "halts without a reason": int(not named)}
        return evolve(outcome, orders=len(stand.orders), noticed=True, wrong=wrong)
    found = await compared(folder / JOURNAL, stand.wire.target, trial.dialect)
    more = {"halts": int(halted), "trials that did not settle": int(settled_s is None)}
    wrong = {**found.wrong, **_booked(stand, folder), **more}
    noticed = trial.may_double and any(wrong[name] for name in DOUBLED)
    if noticed:
        wrong = {name: count for name, count in wrong.items() if name not in DOUBLED}
        wrong["doubled orders without a word"] = len(stand.doubled - _told(log))
    return evolve(
        outcome,
        orders=found.placed,
        fills=found.fills,
        settled_s=settled_s,
        noticed=noticed,
        wrong=wrong,
    )


def _booked(stand: Stand, folder: Path) -> dict[str, int]:
    """Return what is wrong with the books of the exchange, which no client has a part in."""
    with Journal(folder / JOURNAL) as journal:
        story = told(journal)
    totals = dict[int, Totals]()
    for name, order in stand.orders:
        qty, notional, fee = totals.get(name, NOTHING)
        totals[name] = qty + order.cum_qty, notional + order.notional, fee + order.fee
    return {
        "orders under the name of another": len(stand.doubled),
        "orders in the books that the journal does not have": len(totals.keys() - story.placed),
        "orders in the books whose fills differ": sum(
            total != story.totals.get(name, NOTHING) for name, total in totals.items()
        ),
    }


def _told(log: Path) -> set[int]:
    """Return the orders of which a person was told that they are not as they should be."""
    lines = list(map(json.loads, log.read_text().splitlines()))
    alerts = {line["number"] for line in lines if line["what"] == "bot"}
    return alerts | {line["order"] for line in lines if line["what"] == "orphan"}


@asynccontextmanager
async def _bot(dialect: str, stand: Stand, folder: Path) -> AsyncGenerator[Loop]:
    """Yield a bot as `hedgeproof run` makes it."""
    plan = stand.plan
    made = partial(ported, stand.port, dialect, plan.symbols, plan.bot)
    await _prepared(made, plan, folder / JOURNAL)
    with (folder / LOG).open("w") as lines, Journal(folder / JOURNAL) as journal:
        log = Log(lines, time.time_ns, plan.name)
        terms = Terms(drift_ms=None)  # the exchange has a clock of its own
        yield loop(made, journal, terms, time.time_ns, log.say)


async def _prepared(made: Callable[[], CcxtVenue], plan: Plan, path: Path) -> None:
    """Prepare the account; a busy computer is late now and then, and the start is repeated."""
    for _ in range(TRIES):
        port = made()
        try:
            await plan.prepared(port, path, time.time_ns())
        except AccountError:
            await asyncio.sleep(1.0)
        else:
            return
        finally:
            await port.close()
    raise AssertionError("the exchange cannot be reached")


async def settled(bot: Loop, stand: Stand) -> float | None:
    """Return after how many seconds *bot* runs for good, None if it does not."""
    began_s = time.monotonic()
    since_s: float | None = None
    while (now_s := time.monotonic()) < began_s + RECOVERY_S:
        state = bot.supervising.state
        if state is State.HALTED:
            return None
        if state is not State.RUNNING or not stand.calm:
            since_s = None
        elif since_s is None:
            since_s = now_s
        elif now_s - since_s > QUIET_S:
            return since_s - began_s
        await asyncio.sleep(POLL_S)
    return None


async def _opened(stand: Stand) -> int:
    """Return how many orders come in a halt once it has begun, or are left that can open."""
    with suppress(TimeoutError):
        await _until(lambda: stand.calm and not stand.opening, RECOVERY_S)
    before = len(stand.orders)
    await asyncio.sleep(HALTED_S)
    return len(stand.orders) - before + stand.opening


async def _until(done: Callable[[], bool], limit_s: float) -> None:
    """Wait until something is *done*."""
    async with asyncio.timeout(limit_s):
        while not done():  # noqa: ASYNC110  # many things end it
            await asyncio.sleep(POLL_S)


def outage_s(log: Path) -> float:
    """Return the longest time between leaving RUNNING and being there again, by *log*."""
    longest_ns, ran, left_ns = 0, False, 0
    lines = log.read_text().splitlines() if log.exists() else []
    for line in map(json.loads, lines):
        if line["what"] != "state":
            continue
        if line["state"] == State.RUNNING.name:
            longest_ns = max(longest_ns, line["at_ns"] - left_ns) if left_ns else longest_ns
            ran, left_ns = True, 0
        elif ran and not left_ns:
            left_ns = line["at_ns"]
    return longest_ns / SECOND_NS
