"""The event world over many symbols: a portfolio bot, one venue, and bars that close together.

Each symbol has its own path through its bars; the next thing to happen is on the queue, or the
first price of any symbol that the venue has asked about.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy

from attrs import evolve, field, frozen

from machines import portfolio
from machines.hedge_wallet import Resumed
from machines.messages import Bar, Bars, Command, Restarted, Watch
from machines.portfolio import Config, Portfolio
from machines.portfolio_desk import Desk
from machines.position import Leg, Pair, state_of
from simulator import collector
from simulator.candles import Candles
from simulator.path import Path
from simulator.portfolio_claims import Claims
from simulator.record import Notes
from simulator.venue import Venue
from simulator.wire import Wire
from simulator.wire_terms import Known
from simulator.world import Conditions, Kind, World
from spec.units import MILLI_NS

BARS_SHOWN = 10
Told = Callable[[int, portfolio.Event, tuple[Command, ...], Portfolio], None]


@frozen(kw_only=True)
class Setup(Conditions):
    """One run of a portfolio."""

    portfolio: Config


@frozen(kw_only=True)
class Run:
    """What came of a run; *journal_hash* is over every event and command, in order.

    *under_way* counts the messages that had not arrived when the candles ended, *collided* how
    often a mirror had to make way for the base, in a checked run.
    """

    setup: Setup
    candles: tuple[Candles, ...] = field(repr=False)
    bot: Portfolio = field(repr=False)
    venue: Venue = field(repr=False)
    record: Notes = field(repr=False)
    journal_hash: str
    end_ns: int
    under_way: int
    collided: int = 0
    wire: Wire | None = field(default=None, repr=False)


def run(
    setup: Setup,
    candles: Sequence[Candles],
    *,
    progress: Callable[[int, int], None] | None = None,
    told: Told | None = None,
) -> Run:
    """Run *setup* over *candles*, one of each instrument, and return what came of it.

    Prices are ticks and volumes lots of the instrument, and all bars open at the same times.
    *progress* is called with (bars done, bars) about every 10 bars, *told* with each step of the
    bot: the time in ns, the event, the commands, the bot after it.

    Raises:
        ValueError: The candles are not of the same times, or not one for each instrument.
    """
    first = candles[0]
    times = {(each.start_ms, each.step_ms, len(each)) for each in candles}
    if len(times) > 1 or len(candles) != len(setup.portfolio.strategy.instruments):
        raise ValueError(f"{first.symbol}: give candles of the same times, one an instrument")
    with collector.at_rest():
        return _PortfolioWorld(setup, tuple(candles), told).run(progress)


class _PortfolioWorld(World[Bars | Resumed]):
    """A run of a portfolio under way."""

    def __init__(self, setup: Setup, candles: tuple[Candles, ...], told: Told | None) -> None:
        super().__init__(setup, setup.portfolio.strategy.instruments, Notes())
        self.setup, self.candles, self.tell = setup, candles, told
        self.paths = [Path(each) for each in candles]
        bot = portfolio.new(setup.portfolio, setup.venue.deposit)
        desks = tuple(
            evolve(desk, book=evolve(desk.book, spec=self.record.orders)) for desk in bot.desks
        )
        self.bot = evolve(bot, desks=desks)
        strategy = setup.portfolio.strategy
        names = tuple(each.symbol for each in strategy.instruments)
        slots = strategy.long.slots(names) + strategy.short.slots(names)
        self.claims = Claims(self.venue, slots)
        self.sent = self.told_bars = 0  # bars on the wire or told, bars told

    @property
    def now_ns(self) -> int:
        return self.paths[0].now_ns

    def run(self, progress: Callable[[int, int], None] | None) -> Run:
        """Go on until the candles end."""
        first = self.candles[0]
        start_ns, step_ns, end_ns = self.now_ns, first.step_ms * MILLI_NS, first.end_ms * MILLI_NS
        self._price()
        self._begin(start_ns, end_ns)
        for at_ns in range(start_ns + step_ns, end_ns + 1, step_ns):
            self._at(at_ns - 1, self._close, Kind.PLAN)  # until then the price rests at the close
        shown = 0
        while not self.paths[0].finished:
            self._advance()
            if progress is not None and self.sent >= shown + BARS_SHOWN:
                shown = self.sent
                progress(shown, len(first))
        self._price()
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
            collided=self.claims.collided,
            wire=self.wire,
        )

    def _advance(self) -> None:
        """Do the next thing: the first touch, the venue's own work, or what is due on the queue."""
        wake_ns = self.venue.wake_ns()
        until_ns = max(self._due_ns(wake_ns), self.now_ns)
        found = [self._moved(symbol, path, until_ns) for symbol, path in enumerate(self.paths)]
        first_ns = min(path.now_ns for path, _ in found)
        touched = any(touch and path.now_ns == first_ns for path, touch in found)
        self.paths = [
            after if after.now_ns == first_ns else self._moved(symbol, path, first_ns)[0]
            for symbol, (path, (after, _)) in enumerate(zip(self.paths, found, strict=True))
        ]
        self._price()
        if not touched and not self.paths[0].finished:
            self._act(wake_ns)
        if self.setup.checked:
            self.claims.check_venue()

    def _moved(self, symbol: int, path: Path, until_ns: int) -> tuple[Path, bool]:
        """Return *path* at its first touch or at *until_ns*, and whether it is a touch."""
        low, high, mark_low, mark_high = self.venue.barriers(symbol)
        low, high = max(low, mark_low), min(high, mark_high)
        if not low < path.price < high:
            return path, True
        if until_ns == path.now_ns:
            return path, False
        after = copy(path)
        return after, after.advance(low, high, until_ns)

    def _price(self) -> None:
        """Tell the venue the prices; in candles the mark price is the last price."""
        for symbol, path in enumerate(self.paths):
            self.venue.price(symbol, path.price, path.price, self.now_ns)
        self._flush()

    def _close(self) -> None:
        """Send the bars that close now."""
        bar = self.paths[0].bar
        self.sent = bar + 1
        self._send(self._bars(bar))

    def _bars(self, bar: int, *, past: bool = False) -> Bars:
        """Return the bars of all symbols at index *bar*."""
        first = self.candles[0]
        found = tuple(_bar(each, bar) for each in self.candles)
        return Bars(first.start_ms + bar * first.step_ms, found, past)

    def _watch(self, watch: Watch) -> None:
        """Do nothing: a portfolio looks at bars."""

    def _told(self, event: portfolio.Event) -> None:
        super()._told(event)
        if isinstance(event, Restarted):
            for bar in range(self.told_bars, self.sent):
                super()._told(self._bars(bar, past=True))

    def _known(self) -> Known:
        desks = self.bot.desks
        return Known(tuple(desk.book for desk in desks), tuple(_held(desk) for desk in desks))

    def _steps(self, event: portfolio.Event) -> Iterable[Command]:
        if isinstance(event, Bars):
            first = self.candles[0]
            self.told_bars = (event.open_ms - first.start_ms) // first.step_ms + 1
        before = self.bot
        self.bot, commands = portfolio.step(before, event)
        if self.setup.checked:
            self.claims.check_step(before, event, self.bot, commands)
        self.record.write(self.now_ns, event, commands)
        if self.tell is not None:
            self.tell(self.now_ns, event, commands, self.bot)
        return commands


def _held(desk: Desk) -> Pair:
    """Return what base and mirror hold together; the rest of a pair does not matter here."""
    base, mirror = desk.pair, desk.mirror
    long = Leg(qty=base.long.qty + mirror.long.qty)
    short = Leg(qty=base.short.qty + mirror.short.qty)
    state = state_of(long.qty, short.qty)
    return Pair(mode=base.mode, state=state, long=long, short=short)


def _bar(candles: Candles, bar: int) -> Bar:
    """Return a bar as a bot is told of it."""
    return Bar(
        int(candles.high[bar]),
        int(candles.low[bar]),
        int(candles.close[bar]),
        int(candles.volume[bar]),
    )
