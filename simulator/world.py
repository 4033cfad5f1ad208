"""The event world: a bot, a wire, a venue and a market, driven by one queue and no clock.

The next thing to happen is either on the queue or the first price that the venue or the bot has
asked about; everything between is skipped.  Same candles, setup and seed: same journal, same hash.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from functools import partial
from heapq import heappop, heappush
from typing import Generic, NamedTuple, TypeVar

from attrs import evolve, field, frozen

from machines import bot as bots
from machines.bot import Bot
from machines.hedge_wallet import Price, Resumed
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
from simulator import collector
from simulator.candles import Candles
from simulator.faults import Faults
from simulator.path import Path
from simulator.prng import Prng
from simulator.record import Notes, Record
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from simulator.wire import Wire
from simulator.wire_port import Defences
from simulator.wire_terms import Ends, Known, Latency
from spec.terms import Instrument
from spec.units import MILLI_NS, SECOND_NS

Told = Callable[[int, bots.Event, tuple[Command, ...], Bot], None]
E = TypeVar("E")

NEVER = 2**62
FUNDING_NS = 8 * 3_600 * SECOND_NS


@frozen(kw_only=True)
class Conditions:
    """What a bot trades under: the venue, the wire to it, funding, restarts.

    Latencies in ns each way; a draw up to *jitter_ns* is added to each message, which never
    overtakes another of its direction.  *funding_ppm* is paid every *funding_ns* of Unix time,
    *fundings* besides: Unix ns, and the ppm of each symbol.
    *restarts* are moments (Unix ns) at which the bot loses what is on its way and starts again.
    With *faults* the wire is that of `simulator.wire`, and *defences* are what its port does.
    """

    venue: VenueConfig
    seed: int = 1
    to_venue_ns: int = 50 * MILLI_NS
    to_bot_ns: int = 50 * MILLI_NS
    jitter_ns: int = 0
    funding_ppm: int = 100
    funding_ns: int = FUNDING_NS
    fundings: tuple[tuple[int, tuple[int, ...]], ...] = ()
    restarts: tuple[int, ...] = ()
    checked: bool = False
    faults: Faults | None = None
    defences: Defences = field(default=Defences())


@frozen(kw_only=True)
class Setup(Conditions):
    """One run of a hedge wallet."""

    wallet: Config


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
    wire: Wire | None = field(default=None, repr=False)


def run(
    setup: Setup,
    candles: Candles,
    *,
    progress: Callable[[int, int], None] | None = None,
    told: Told | None = None,
) -> Run:
    """Run *setup* over *candles* and return what came of it.

    *progress* is called with (bars done, bars) about every 1,000 bars, *told* with each step of the
    bot: the time in ns, the event, the commands, the bot after it.
    """
    with collector.at_rest():
        return _World(setup, candles, told).run(progress)


class World(ABC, Generic[E]):
    """A bot, a venue, the queue and the wire between them; what moves the prices is left open."""

    def __init__(self, setup: Conditions, instruments: Sequence[Instrument], record: Notes) -> None:
        self.conditions = setup
        self.venue = Venue(setup.venue, instruments, checked=setup.checked)
        self.record = record
        self.queue: list[Item] = []
        self.sequence = 0
        self.jitter = Prng(setup.seed).split("wire")
        self.arrivals = [0, 0]  # the latest at the venue, at the bot
        self.wakes: dict[tuple[int, int], Wake] = {}  # the newest, by symbol and key
        self.wire: Wire | None = None  # where faults are wanted

    @property
    @abstractmethod
    def now_ns(self) -> int:
        """The time, Unix ns."""

    @abstractmethod
    def _steps(self, event: E | Report | AccountReport | Woken | Restarted) -> Iterable[Command]:
        """Let the bot step, and return what it asks for."""

    @abstractmethod
    def _watch(self, watch: Watch) -> None:
        """Tell the bot of prices from now on as it asks."""

    @abstractmethod
    def _known(self) -> Known:
        """Return what the bot knows, which a faulty wire's port compares with the venue."""

    def _begin(self, start_ns: int, end_ns: int) -> None:
        """Put on the queue what is known from the start: funding, restarts and the first one."""
        if self.conditions.faults is not None:
            self.wire = self._wire(self.conditions.faults)
        self._plan_funding(start_ns, end_ns)
        for at_ns in self.conditions.restarts:
            self._at(at_ns, self._restart, Kind.PLAN)
        start = self.wire.start if self.wire is not None else lambda: self._told(Restarted())
        self._at(start_ns, start, Kind.PLAN)

    def _wire(self, faults: Faults) -> Wire:
        """Return a wire with *faults*."""
        setup = self.conditions
        ends = Ends(
            now=lambda: self.now_ns,
            venue=self.venue,
            known=self._known,
            tell=self._told,
            hand=self._arrives,
            flush=self._flush,
            crash=self._restart,
            to_venue=lambda at_ns, act: self._at(at_ns, act, Kind.TO_VENUE),
            to_bot=lambda at_ns, act: self._at(at_ns, act, Kind.TO_BOT),
            timer=lambda at_ns, act: self._at(at_ns, act, Kind.TIMER),
        )
        latency = Latency(setup.to_venue_ns, setup.to_bot_ns, setup.jitter_ns)
        return Wire(faults, setup.seed, latency, ends, setup.defences)

    def _plan_funding(self, start_ns: int, end_ns: int) -> None:
        """Put every funding time of the run on the queue."""
        rate_ppm, step = self.conditions.funding_ppm, self.conditions.funding_ns
        times = range(-(-start_ns // step) * step, end_ns, step) if rate_ppm else ()
        even = (rate_ppm,) * len(self.venue.account.instruments)
        for at_ns, rates in (*((each, even) for each in times), *self.conditions.fundings):
            self._at(at_ns, partial(self._fund, rates), Kind.PLAN)

    def _fund(self, rates_ppm: tuple[int, ...]) -> None:
        """Pay funding."""
        for symbol, rate_ppm in enumerate(rates_ppm):
            self.venue.fund(symbol, rate_ppm, self.now_ns)
        self._flush()

    def _act(self, wake_ns: int | None) -> None:
        """Do what is due: the venue's own work before what is next on the queue."""
        if wake_ns is not None and wake_ns <= self.now_ns:
            self.venue.wake(self.now_ns)
            self._flush()
        elif self.queue and self.queue[0].at_ns <= self.now_ns:
            heappop(self.queue).act()

    def _due_ns(self, wake_ns: int | None) -> int:
        """Return when the venue works or the queue has something next."""
        due_ns = self.queue[0].at_ns if self.queue else NEVER
        return due_ns if wake_ns is None else min(due_ns, wake_ns)

    def _restart(self) -> None:
        """Lose what is on its way to the bot, and start it again from its journal."""
        lost = {Kind.TO_BOT, Kind.TIMER}
        self.queue = sorted(item for item in self.queue if item.kind not in lost)
        if self.wire is not None:
            self.wire.crashed()
        else:
            self._told(Restarted())

    def _flush(self) -> None:
        """Send what the venue has to say."""
        outbox = self.venue.outbox
        for _, message in outbox:
            self.record.reported(self.now_ns, message)
            if isinstance(message, Report | AccountReport):
                self._send(message)
        outbox.clear()

    def _send(self, message: E | Report | AccountReport) -> None:
        """Put *message* on the wire to the bot."""
        if self.wire is not None:
            self.wire.hear(message)
            return
        at_ns = self._arrival(Kind.TO_BOT, self.conditions.to_bot_ns)
        self._at(at_ns, lambda: self._told(message), Kind.TO_BOT)

    def _told(self, event: E | Report | AccountReport | Woken | Restarted) -> None:
        """Tell the bot of *event* and put its commands on the wire."""
        for command in self._steps(event):
            self._command(command)

    def _command(self, command: Command) -> None:
        """Send a command to the venue, or do what concerns only the bot's own side."""
        match command:
            case Watch():
                self._watch(command)
            case Wake():
                self.wakes[command.symbol, command.key] = command
                self._at(self.now_ns + command.delay_ns, lambda: self._wake(command), Kind.TIMER)
            case Alert():
                pass
            case _ if self.wire is not None:
                self.wire.post(command)
            case _:
                at_ns = self._arrival(Kind.TO_VENUE, self.conditions.to_venue_ns)
                self._at(at_ns, lambda: self._arrives(command), Kind.TO_VENUE)

    def _wake(self, wake: Wake) -> None:
        """Wake the bot, unless it has asked anew since."""
        if self.wakes[wake.symbol, wake.key] is wake:
            self._told(Woken(wake.key, wake.symbol))

    def _arrives(self, command: Place | Cancel | Query | QueryAccount) -> None:
        """Hand *command* to the venue."""
        now_ns, venue = self.now_ns, self.venue
        match command:
            case Place():
                self.record.placed(now_ns, command)
                venue.submit(command, command.symbol, now_ns)
            case Cancel():
                venue.cancel(command, now_ns)
            case Query():
                venue.query(command, now_ns)
            case QueryAccount():
                venue.query_account(command.symbol, now_ns)
        self._flush()

    def _arrival(self, way: Kind, latency_ns: int) -> int:
        """Return when a message sent now arrives; it overtakes none sent before."""
        jitter_ns = self.conditions.jitter_ns
        drawn = self.jitter.below(jitter_ns + 1) if jitter_ns else 0
        self.arrivals[way] = max(self.arrivals[way], self.now_ns + latency_ns + drawn)
        return self.arrivals[way]

    def _at(self, at_ns: int, act: Callable[[], None], kind: Kind) -> None:
        """Put *act* on the queue."""
        self.sequence += 1
        heappush(self.queue, Item(at_ns, self.sequence, act, kind))

    def _under_way(self) -> int:
        """Return how many messages have not arrived."""
        return sum(item.kind <= Kind.TO_BOT for item in self.queue)


class _World(World[Price | Resumed]):
    """A run of a hedge wallet under way."""

    def __init__(self, setup: Setup, candles: Candles, told: Told | None) -> None:
        record = Record(candles.start_ms * MILLI_NS)
        super().__init__(setup, (setup.wallet.instrument,), record)
        self.setup, self.candles, self.tell = setup, candles, told
        self.path = Path(candles)
        self.record: Record = record
        bot = bots.new(setup.wallet, setup.venue.deposit)
        book = evolve(bot.book, spec=record.orders)
        self.bot = evolve(bot, spec=record.phases, book=book)
        self.band = (0, NEVER)

    @property
    def now_ns(self) -> int:
        return self.path.now_ns

    def run(self, progress: Callable[[int, int], None] | None) -> Run:
        """Go on until the candles end."""
        start_ns, end_ns = self.path.now_ns, self.candles.end_ms * MILLI_NS
        self._price()
        self._begin(start_ns, end_ns)
        told = 0
        while not self.path.finished:
            self._advance()
            if progress is not None and self.path.bar >= told + 1_000:
                told = self.path.bar
                progress(told, len(self.candles))
        self._price()  # the mark price of the last close: equity is as of the end
        self.venue.reconcile()
        self.record.finish(end_ns)
        return Run(
            setup=self.setup,
            candles=self.candles,
            bot=self.bot,
            venue=self.venue,
            record=self.record,
            journal_hash=self.record.journal_hash(),
            end_ns=end_ns,
            under_way=self._under_way(),
            wire=self.wire,
        )

    def _advance(self) -> None:
        """Do the next thing: a touch, the venue's own work, or what is next on the queue."""
        path = self.path
        low, high, mark_low, mark_high = self.venue.barriers(0)
        low, high = max(low, mark_low, self.band[0]), min(high, mark_high, self.band[1])
        wake_ns = self.venue.wake_ns()
        until_ns = max(self._due_ns(wake_ns), path.now_ns)
        if not low < path.price < high or path.advance(low, high, until_ns):
            self._price()
            self._publish()
            return
        if path.finished:
            return
        self._price()
        self._act(wake_ns)

    def _price(self) -> None:
        """Tell the venue the price; in candles the mark price is the last price."""
        self.venue.price(0, self.path.price, self.path.price, self.path.now_ns)
        self._flush()

    def _watch(self, watch: Watch) -> None:
        self.band = (watch.low, watch.high or NEVER)
        self._publish()

    def _publish(self) -> None:
        """Send the price to the bot once it is outside the band that the bot asked about."""
        low, high = self.band
        if not low < self.path.price < high:
            self.band = (0, NEVER)
            self._send(Price(self.path.price))

    def _restart(self) -> None:
        self.band = (0, NEVER)
        super()._restart()

    def _known(self) -> Known:
        return Known((self.bot.book,), (self.bot.pair,))

    def _steps(self, event: bots.Event) -> Iterable[Command]:
        self.bot, commands = bots.step(self.bot, event)
        self.record.told(self.path.now_ns, event, commands, self.bot)
        if self.tell is not None:
            self.tell(self.path.now_ns, event, commands, self.bot)
        return commands
