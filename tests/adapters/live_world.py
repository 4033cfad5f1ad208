"""A venue behind a faulty wire, in a time that jumps: what the live loop is tried on."""

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import frozen

from adapters.bots import AnyBot, holdings, mode_of
from adapters.cli.venue_port import VenuePort
from adapters.journal.audit import audit
from adapters.journal.replay import rebuilt
from adapters.journal.store import Journal
from adapters.live import start
from adapters.live.loop import Loop
from adapters.live.matching import expected_cash
from adapters.live.terms import Terms
from adapters.venue.port import (
    CashNews,
    FillNews,
    Gap,
    GapEnded,
    LegState,
    News,
    OrderState,
    Outcome,
    Snapshot,
    Unavailable,
    Unknown,
)
from machines import bot as bots
from machines import order_manager
from machines.bot import Bot
from machines.ladder import Config
from machines.messages import Cancel, Place, Query, Wanted
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.supervisor import State
from spec.terms import Instrument, PositionMode

BEGIN_NS = 1_700_000_000 * 1_000_000_000
UNIT, PRICE = 100, 30_000
DEPOSIT = 1_000 * PRICE
T = TypeVar("T")


class Jumping(selectors.DefaultSelector):
    """A selector that does not wait: time jumps to what is due next."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen"
            self.now += timeout
        return ready


class JumpLoop(asyncio.SelectorEventLoop):
    """An event loop of simulated time."""

    def __init__(self) -> None:
        self.jumping = Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def simulated(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* in simulated time."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        return runner.run(work)


def clock_ns() -> int:
    """Return the simulated time, Unix ns."""
    return BEGIN_NS + round(asyncio.get_running_loop().time() * 1e9)


@frozen
class Faults:
    """What the wire does: chances that a request or its answer is lost; latencies up to *slow_s*.

    A request whose caller has given up arrives up to *late_s* later.
    """

    lost: float = 0.0
    unanswered: float = 0.0
    twice: float = 0.0
    gaps: float = 0.0
    unavailable: float = 0.0
    slow_s: float = 0.1
    late_s: float = 5.0


class WirePort(VenuePort):
    """The venue behind a wire that delays, and loses and doubles as *faults* say."""

    def __init__(self, venue: Venue, dice: random.Random, faults: Faults) -> None:
        super().__init__(venue, clock_ns)
        self.dice, self.faults = dice, faults
        self.foreign: set[int] = set()
        self.placed: Counter[int] = Counter()  # arrivals at the venue by order
        self.gap = False
        self.down = False
        self.arrivals: dict[type, float] = {}

    def ours(self, client_order_id: int) -> int:
        return 0 if client_order_id in self.foreign else client_order_id

    async def open(self) -> Unavailable | None:
        await self._wait()
        return Unavailable("down") if self.down or self._may(self.faults.unavailable) else None

    async def place(self, symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        async def arrives() -> Outcome:
            self.placed[client_order_id] += 1
            return await super(WirePort, self).place(symbol, client_order_id, order)

        return await self._sent(arrives)

    async def cancel(self, symbol: int, client_order_id: int) -> Outcome:
        return await self._sent(lambda: super(WirePort, self).cancel(symbol, client_order_id))

    async def order(self, symbol: int, client_order_id: int) -> Snapshot[OrderState] | Unavailable:
        return await self._asked(lambda: super(WirePort, self).order(symbol, client_order_id))

    async def open_orders(self) -> Snapshot[tuple[OrderState, ...]] | Unavailable:
        return await self._asked(lambda: super(WirePort, self).open_orders())

    async def fills(self, since_ms: int) -> Snapshot[tuple[FillNews, ...]] | Unavailable:
        return await self._asked(lambda: super(WirePort, self).fills(since_ms))

    async def positions(self) -> Snapshot[tuple[LegState, ...]] | Unavailable:
        return await self._asked(lambda: super(WirePort, self).positions())

    async def cash(self) -> Snapshot[CashNews] | Unavailable:
        return await self._asked(lambda: super(WirePort, self).cash())

    def _may(self, chance: float) -> bool:
        return self.dice.random() < chance

    async def _wait(self) -> None:
        await asyncio.sleep(self.dice.random() * self.faults.slow_s)

    async def _asked(self, question: Callable[[], Coroutine[Any, Any, T]]) -> T | Unavailable:
        await self._wait()
        got = await question()
        if self.down or self._may(self.faults.unavailable):
            return Unavailable("lost")
        await self._wait()
        return got

    async def _sent(self, request: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Carry a request that goes on by itself, whoever waits for it."""
        loop = asyncio.get_running_loop()
        delay = self.dice.random() * self.faults.slow_s
        if self._may(self.faults.lost):
            await asyncio.sleep(delay)
            return Unknown("time-out")
        answered = loop.create_future()

        async def arrives() -> None:
            await asyncio.sleep(delay)
            answered.set_result(await request())

        late = self._may(self.faults.unanswered)
        if late:
            delay = (1 + self.dice.random()) / 2 * self.faults.late_s
        loop.create_task(arrives()).add_done_callback(lambda _: None)
        if late:
            await asyncio.sleep(self.dice.random() * delay)
            return Unknown("time-out")
        outcome: Outcome = await asyncio.shield(answered)
        await self._wait()
        return outcome

    def publish(self, news: News) -> None:
        """Tell the streams late, sometimes twice, and not at all while there is a gap.

        News overtake only news of another kind.
        """
        loop = asyncio.get_running_loop()
        if self.gap:
            return
        if self._may(self.faults.gaps):
            self.gap = True
            self._carry(Gap("lost"))
            loop.call_later(1.0, self._whole)
            return
        for _ in range(1 + self._may(self.faults.twice)):
            at_s = max(
                self.arrivals.get(type(news), 0.0) + 1e-6,  # timers of one moment have no order
                loop.time() + self.dice.random() * self.faults.slow_s,
            )
            self.arrivals[type(news)] = at_s
            loop.call_at(at_s, super().publish, news)

    def _whole(self) -> None:
        self.gap = False
        self._carry(GapEnded())

    def _carry(self, news: News) -> None:
        super().publish(news)


def config(mode: PositionMode = PositionMode.ONE_WAY) -> Config:
    instrument = Instrument(symbol="S", min_notional=5, max_qty=10**9)
    return Config(instrument=instrument, unit_ticks=UNIT, mode=mode)


class World:
    """A venue, a wire, a market, and one bot process after another on a journal at *path*."""

    def __init__(  # noqa: PLR0913
        self,
        path: Path,
        *,
        seed: int = 1,
        faults: Faults | None = None,
        terms: Terms | None = None,
        mode: PositionMode = PositionMode.ONE_WAY,
        liquidity: int = 0,
        bot: AnyBot | None = None,
        leverage: int = 2,
    ) -> None:
        bot = bot or bots.new(config(mode), DEPOSIT)
        self.path, self.dice = path, random.Random(seed)  # noqa: S311
        self.terms = terms or Terms(audit_s=20.0)
        venue = VenueConfig(
            deposit=DEPOSIT,
            leverage=leverage,
            mode=mode_of(bot),
            liquidity_lots=liquidity,
            refill_ns=300_000_000,
        )
        instruments = tuple(held.instrument for held in holdings(bot))
        self.venue = Venue(venue, instruments, checked=True)
        self.port = self._port(faults or Faults())
        for symbol in range(len(instruments)):
            self.port.price(symbol, PRICE)
        self.said: list[tuple[str, dict[str, object]]] = []
        self.journal: Journal | None = None
        if not path.exists():
            start.found(path, bot, clock_ns())

    def _port(self, faults: Faults) -> WirePort:
        return WirePort(self.venue, self.dice, faults)

    def traded(self) -> VenuePort:
        """Return the port that a process trades through."""
        return self.port

    def begin(self, resume: int | None = None) -> asyncio.Task[State]:
        """Start a process."""
        self.journal = Journal(self.path, durable=False)
        self.loop = start.loop(self.traded, self.journal, self.terms, clock_ns, self._say)
        self.process = asyncio.get_running_loop().create_task(self.loop.run(resume))
        return self.process

    async def kill(self) -> None:
        """End the process without a word: nothing is flushed, nothing is closed."""
        assert self.journal is not None
        self.journal._abandon()
        self.process.cancel()
        await asyncio.gather(self.process, return_exceptions=True)

    async def end(self, task: asyncio.Task[State]) -> State:
        """Wait until the process has ended."""
        state = await task
        assert self.journal is not None
        self.journal.close()
        return state

    @property
    def bot(self) -> Bot:
        bot = self.loop.session.bot
        assert isinstance(bot, Bot)
        return bot

    async def until(self, holds: Callable[[], bool], limit_s: float = 600.0) -> None:
        """Wait until *holds*."""
        async with asyncio.timeout(limit_s):
            while not holds():
                if self.process.done():
                    self.process.result()
                self.beat()
                await asyncio.sleep(0.05)

    async def running(self) -> None:
        """Wait until the bot runs and nothing is under way."""
        await self.until(
            lambda: (
                self.loop.supervising.state is State.RUNNING
                and self.loop.reconciling.asking.quiet
                and not self.loop.session.waits
                and not self.venue.wake_ns()
            )
        )
        await asyncio.sleep(1.0)

    async def walk(self, *prices: int, pause_s: float = 1.0) -> None:
        """Move the price, by single ticks' worth of wandering in between none."""
        for price in prices:
            self.port.price(0, price)
            await asyncio.sleep(pause_s)

    async def wander(self, seconds: float, step: int = 25) -> None:
        """Let the market go on for so long."""
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            last = self.port.quotes[0].last
            move = self.dice.choice((-2, -1, -1, 0, 1, 1, 2)) * self.dice.randrange(1, step)
            self.port.price(0, max(last + move, PRICE // 2))
            self.beat()
            await asyncio.sleep(self.dice.random() * 0.4)

    def beat(self) -> None:
        """Repeat the price, and let the venue do what is due."""
        if (wake_ns := self.venue.wake_ns()) is not None and wake_ns <= clock_ns():
            self.venue.wake(clock_ns())
        for quote in tuple(self.port.quotes.values()):
            self.port.price(quote.symbol, quote.last)

    def _say(self, what: str, **words: object) -> None:
        self.said.append((what, words))

    def check(self) -> None:
        """Assert that the venue's books, the journal and the bot tell the same story."""
        assert self.journal is not None
        self.venue.reconcile()
        bot = self.loop.session.bot
        assert rebuilt(self.journal) == bot
        for held in holdings(bot):
            pair, legs = self.venue.position(held.symbol), held.legs
            assert (legs.long.qty, legs.short.qty) == (pair.long.qty, pair.short.qty)
            theirs = {each.client_order_id for each in self.venue.open_orders(held.symbol)}
            ours = {each.client_order_id for each in order_manager.live(held.book)}
            assert ours == theirs - self.port.foreign
        assert expected_cash(bot) == self.venue.account.cash
        found = audit(self.path)
        assert found.passed, found.findings or found.fault


class CrashError(Exception):
    """The process ends here."""


@contextmanager
def crashing_at(number: int) -> Generator[None]:
    """Meanwhile let a process end once its request of *number* is on disk, before it leaves."""
    sent: list[Place | Cancel | Query] = []
    send = Loop._send

    def crashing(loop: Loop, command: Place | Cancel | Query) -> None:
        sent.append(command)
        if len(sent) == number:
            raise CrashError
        send(loop, command)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "_send", crashing)
        yield
