"""The event world: a bot, a wire, a venue and a market, driven by one queue and no clock.

The next thing to happen is either on the queue or the first price that the venue or the bot has
asked about; everything between is skipped.  Same candles, setup and seed: same journal, same hash.
"""

import gc
import hashlib
from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
from typing import NamedTuple

from attrs import evolve, field, frozen

from machines import bot as bots
from machines import order_manager
from machines.bot import Bot
from machines.hedge_wallet import Price
from machines.ladder import Config
from machines.messages import (
    AccountReport,
    Alert,
    Cancel,
    Command,
    Place,
    Query,
    QueryAccount,
    Report,
    Restarted,
    Wake,
    Watch,
    Woken,
)
from simulator.candles import Candles
from simulator.path import Path
from simulator.prng import Prng
from simulator.record import Record
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.units import MILLI_NS, SECOND_NS

Told = Callable[[int, bots.Event, tuple[Command, ...], Bot], None]

NEVER = 2**62
FUNDING_NS = 8 * 3_600 * SECOND_NS


@frozen(kw_only=True)
class Setup:
    """One run: the wallet, the venue, the wire between them, funding, restarts.

    Latencies in ns each way; a draw up to *jitter_ns* is added to each message, which never
    overtakes another of its direction.  *funding_ppm* is paid every *funding_ns* of Unix time.
    *restarts* are moments (Unix ns) at which the bot loses what is on its way and starts again.
    """

    wallet: Config
    venue: VenueConfig
    seed: int = 1
    to_venue_ns: int = 50 * MILLI_NS
    to_bot_ns: int = 50 * MILLI_NS
    jitter_ns: int = 0
    funding_ppm: int = 100
    funding_ns: int = FUNDING_NS
    restarts: tuple[int, ...] = ()
    checked: bool = False


class Kind(IntEnum):
    """What is on the queue; a restart loses what is TO_BOT, and the bot's TIMERs."""

    TO_VENUE = 0
    TO_BOT = 1
    TIMER = 2
    PLAN = 3


class Item(NamedTuple):
    """Something that happens at *at_ns*; *order* keeps what is simultaneous in order."""

    at_ns: int
    order: int
    act: Callable[[], None]
    kind: Kind


@frozen(kw_only=True)
class Run:
    """What came of a run; *journal_hash* is over every event and command, in order.

    *under_way* counts the messages that had not arrived when the candles ended.
    """

    setup: Setup
    candles: Candles
    bot: Bot
    venue: Venue = field(repr=False)
    record: Record = field(repr=False)
    journal_hash: str
    end_ns: int
    under_way: int


def run(
    setup: Setup,
    candles: Candles,
    *,
    progress: Callable[[int, int], None] | None = None,
    told: Told | None = None,
) -> Run:
    """Run *setup* over *candles* and return what came of it.

    *progress* is called with (bars done, bars) about every 1,000 bars, *told* with each step of the
    bot: the time in ns, the event, the commands, the bot after it.  The collector of reference
    cycles rests meanwhile: a run makes none, and looking for them costs a sixth of its time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _World(setup, candles, told).run(progress)
    finally:
        if collecting:
            gc.enable()


class _World:
    """One run under way."""

    def __init__(self, setup: Setup, candles: Candles, told: Told | None) -> None:
        self.setup, self.candles, self.tell = setup, candles, told
        self.venue = Venue(setup.venue, (setup.wallet.instrument,), checked=setup.checked)
        self.path = Path(candles)
        self.record = Record(candles.start_ms * MILLI_NS)
        bot = bots.new(setup.wallet, setup.venue.deposit)
        book = evolve(bot.book, spec=self.record.orders)
        self.bot = evolve(bot, spec=self.record.phases, book=book)
        self.queue: list[Item] = []
        self.sequence = 0
        self.band = (0, NEVER)
        self.jitter = Prng(setup.seed).split("wire")
        self.arrivals = [0, 0]  # the latest at the venue, at the bot

    def run(self, progress: Callable[[int, int], None] | None) -> Run:
        """Go on until the candles end."""
        start_ns, end_ns = self.path.now_ns, self.candles.end_ms * MILLI_NS
        self._price()
        self._plan_funding(start_ns, end_ns)
        for at_ns in self.setup.restarts:
            self._at(at_ns, self._restart, Kind.PLAN)
        self._at(start_ns, lambda: self._told(Restarted()), Kind.PLAN)
        told = 0
        while not self.path.finished:
            self._advance()
            if progress is not None and self.path.bar >= told + 1_000:
                told = self.path.bar
                progress(told, len(self.candles))
        self._price()  # the mark price of the last close: equity is as of the end
        self.venue.reconcile()
        self.record.finish(end_ns)
        journal = hashlib.blake2b("\n".join(self.record.journal).encode(), digest_size=16)
        return Run(
            setup=self.setup,
            candles=self.candles,
            bot=self.bot,
            venue=self.venue,
            record=self.record,
            journal_hash=journal.hexdigest(),
            end_ns=end_ns,
            under_way=sum(item.kind <= Kind.TO_BOT for item in self.queue),
        )

    def _advance(self) -> None:
        """Do the next thing: a touch, the venue's own work, or what is next on the queue."""
        path, queue = self.path, self.queue
        low, high, mark_low, mark_high = self.venue.barriers(0)
        low, high = max(low, mark_low, self.band[0]), min(high, mark_high, self.band[1])
        wake_ns = self.venue.wake_ns()
        due_ns = queue[0].at_ns if queue else NEVER
        until_ns = due_ns if wake_ns is None else min(due_ns, wake_ns)
        if not low < path.price < high or path.advance(low, high, max(until_ns, path.now_ns)):
            self._price()
            self._publish()
            return
        if path.finished:
            return
        self._price()
        if wake_ns is not None and wake_ns <= path.now_ns:
            self.venue.wake(path.now_ns)
            self._flush()
        elif queue and queue[0].at_ns <= path.now_ns:
            heappop(queue).act()

    def _price(self) -> None:
        """Tell the venue the price; in candles the mark price is the last price."""
        self.venue.price(0, self.path.price, self.path.price, self.path.now_ns)
        self._flush()

    def _publish(self) -> None:
        """Send the price to the bot once it is outside the band that the bot asked about."""
        low, high = self.band
        if not low < self.path.price < high:
            self.band = (0, NEVER)
            self._send(Price(self.path.price))

    def _plan_funding(self, start_ns: int, end_ns: int) -> None:
        """Put every funding time of the run on the queue."""
        step = self.setup.funding_ns
        if self.setup.funding_ppm:
            for at_ns in range(-(-start_ns // step) * step, end_ns, step):
                self._at(at_ns, self._fund, Kind.PLAN)

    def _fund(self) -> None:
        """Pay funding."""
        self.venue.fund(0, self.setup.funding_ppm, self.path.now_ns)
        self._flush()

    def _restart(self) -> None:
        """Lose what is on its way to the bot, and start it again from its journal."""
        lost = {Kind.TO_BOT, Kind.TIMER}
        self.queue = sorted(item for item in self.queue if item.kind not in lost)
        self.band = (0, NEVER)
        self._told(Restarted())

    def _flush(self) -> None:
        """Send what the venue has to say."""
        outbox = self.venue.outbox
        for _, message in outbox:
            self.record.reported(self.path.now_ns, message)
            if isinstance(message, Report | AccountReport):
                self._send(message)
        outbox.clear()

    def _send(self, message: Report | AccountReport | Price) -> None:
        """Put *message* on the wire to the bot."""
        at_ns = self._arrival(Kind.TO_BOT, self.setup.to_bot_ns)
        self._at(at_ns, lambda: self._told(message), Kind.TO_BOT)

    def _told(self, event: bots.Event) -> None:
        """Tell the bot of *event* and put its commands on the wire."""
        self.bot, commands = bots.step(self.bot, event)
        self.record.told(self.path.now_ns, event, commands, self.bot)
        if self.tell is not None:
            self.tell(self.path.now_ns, event, commands, self.bot)
        for command in commands:
            self._command(command)

    def _command(self, command: Command) -> None:
        """Send a command to the venue, or do what concerns only the bot's own side."""
        match command:
            case Watch():
                high = command.high or NEVER
                self.band = (command.low, high)
                self._publish()
            case Wake():
                at_ns = self.path.now_ns + command.delay_ns
                key = command.key
                self._at(at_ns, lambda: self._told(Woken(key)), Kind.TIMER)
            case Alert():
                pass
            case _:
                at_ns = self._arrival(Kind.TO_VENUE, self.setup.to_venue_ns)
                self._at(at_ns, lambda: self._arrives(command), Kind.TO_VENUE)

    def _arrives(self, command: Place | Cancel | Query | QueryAccount) -> None:
        """Hand *command* to the venue."""
        now_ns, venue = self.path.now_ns, self.venue
        match command:
            case Place():
                self.record.placed(now_ns, command)
                venue.submit(command, 0, now_ns)
            case Cancel():
                venue.cancel(command, now_ns)
            case Query():
                venue.query(command, now_ns)
            case QueryAccount():
                venue.query_account(0, now_ns)
        self._flush()

    def _arrival(self, way: Kind, latency_ns: int) -> int:
        """Return when a message sent now arrives; it overtakes none sent before."""
        drawn = self.jitter.below(self.setup.jitter_ns + 1) if self.setup.jitter_ns else 0
        self.arrivals[way] = max(self.arrivals[way], self.path.now_ns + latency_ns + drawn)
        return self.arrivals[way]

    def _at(self, at_ns: int, act: Callable[[], None], kind: Kind) -> None:
        """Put *act* on the queue."""
        self.sequence += 1
        heappush(self.queue, Item(at_ns, self.sequence, act, kind))


def working(run_: Run) -> int:
    """Return how many orders the bot has open at the end."""
    return len(order_manager.live(run_.bot.book))
