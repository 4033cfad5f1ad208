"""How quick the live loop is: from an event to the requests that the port is handed.

In one process, over the simulated venue, on the computer's clock; the journal is on disk.  Times
are those of the thread's processor, ours alone, and of the wall.  One symbol is the hedge wallet
and a price that moves its ladder; many are a portfolio and the bars of a minute.  The sizes are
those of `hedgeproof run` on `hedgeproof exchange`, ccxt included.  Prints the table of
docs/benchmarks.md: `.venv/bin/python -m tests.benchmarks.live_latency`.
"""

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from attrs import evolve, frozen

from adapters.bots import AnyBot, config_of, instruments_of, mode_of
from adapters.cli.venue_port import VenuePort
from adapters.journal.store import Journal
from adapters.live import start
from adapters.live.bars import told
from adapters.live.loop import Loop
from adapters.live.terms import Terms
from adapters.strategy.keys import SIDES
from adapters.strategy.parse import parse
from adapters.strategy.portfolio import config as configured
from adapters.strategy.text import read
from adapters.venue.port import Bar, Outcome, Quote, Snapshot
from machines import bot as bots
from machines import ladder, portfolio
from machines.messages import Bars, Wanted
from machines.planner_inputs import Strategy
from machines.portfolio import Portfolio
from machines.portfolio_rehearsal import rehearse
from simulator.by_events import MONEY_DP, in_ticks
from simulator.engine.bars import side_by_side
from simulator.engine.instruments import instrument
from simulator.synthetic import market
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.supervisor import State
from spec.terms import Instrument, PositionMode
from tests.evidence import comparison, kills
from tests.simulator.portfolios import STEPS, sides

PRICE, UNIT = 30_000, 30
PRICES, QUOTES = 400, 100_000
SYMBOLS, SLOTS, WARMUP, MINUTES = 50, 10, 60, 120
MINUTE_MS = 60_000
DEPOSIT = 10**15
LIFE_S = 10.0
TEMPLATE = Path("configs/strategy/both_hedge.json")
STRATEGY = Path("configs/strategy/mirror_shorts_for_longs.json")
COINS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "AVAXUSDT", "LINKUSDT", "LTCUSDT", "SUIUSDT")
Clocks = tuple[int, int]  # of the thread's processor and of the wall, ns


def clocks() -> Clocks:
    """Return the time by both clocks."""
    return time.thread_time_ns(), time.perf_counter_ns()


class Timed(VenuePort):
    """A venue that notes when it is handed requests, before it looks at them."""

    def __init__(self, venue: Venue) -> None:
        super().__init__(venue, time.time_ns)
        self.handed: list[Clocks] = []

    async def place(self, symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        await self._note()
        return await super().place(symbol, client_order_id, order)

    async def cancel(self, symbol: int, client_order_id: int) -> Outcome:
        await self._note()
        return await super().cancel(symbol, client_order_id)

    async def bars(
        self, symbol: int, since_ms: int, until_ms: int | None = None
    ) -> Snapshot[tuple[Bar, ...]]:
        del symbol, since_ms, until_ms
        return self._now(())

    async def _note(self) -> None:
        self.handed.append(clocks())
        await asyncio.sleep(0)  # the others are handed over first


@frozen
class Latency:
    """From an event to its *requests*: ms to the first and to the last, by either clock."""

    requests: int
    cpu: tuple[float, float]
    wall: tuple[float, float]


async def measured(port: Timed, tell: Callable[[], None]) -> Latency | None:
    """Return how long it takes to *tell* and to hand over what follows, if anything does."""
    port.handed.clear()
    began = clocks()
    tell()
    await asyncio.sleep(0)
    if not port.handed:
        return None
    cpu, wall = (
        tuple((port.handed[each][clock] - began[clock]) / 1e6 for each in (0, -1))
        for clock in (0, 1)
    )
    return Latency(len(port.handed), (cpu[0], cpu[1]), (wall[0], wall[1]))


@asynccontextmanager
async def running(
    path: Path, bot: AnyBot, prices: tuple[int, ...], *, durable: bool
) -> AsyncGenerator[tuple[Loop, Timed]]:
    """Yield a loop of *bot* that runs on a new journal, and its port."""
    config = config_of(bot)
    venue = Venue(
        VenueConfig(deposit=DEPOSIT, mode=mode_of(bot), leverage=2 if len(prices) == 1 else 20),
        instruments_of(config),
    )
    port = Timed(venue)
    for symbol, price in enumerate(prices):
        port.price(symbol, price)
    start.found(path, bot, time.time_ns())
    journal = Journal(path, durable=durable)
    loop = start.loop(
        lambda: port, journal, Terms(settle_s=0.1), time.time_ns, lambda *_, **__: None
    )
    process = asyncio.create_task(loop.run())
    while loop.supervising.state is not State.RUNNING:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await quiet(loop)
    await asyncio.sleep(0.2)
    gc.collect()
    gc.freeze()  # as `hedgeproof run` does
    try:
        yield loop, port
    finally:
        gc.unfreeze()
        process.cancel()
        await asyncio.wait((process,))
        journal.close()


async def quiet(loop: Loop) -> None:
    """Wait until no request is under way."""
    while not loop.reconciling.asking.quiet:  # noqa: ASYNC110  # as soon as it is
        await asyncio.sleep(0)


# --- One symbol -------------------------------------------------------------------------------


def wallet() -> bots.Bot:
    """Return a hedge wallet."""
    contract = Instrument(symbol="S", max_qty=10**9)
    return bots.new(ladder.Config(instrument=contract, unit_ticks=UNIT), DEPOSIT)


async def prices(path: Path, *, durable: bool) -> tuple[list[Latency], float]:
    """Return the latencies of prices that move the ladder, and rows a processor second."""
    found: list[Latency] = []
    async with running(path, wallet(), (PRICE,), durable=durable) as (loop, port):
        price, first, began = PRICE, loop.journal.head.row, time.process_time()
        for _ in range(PRICES):
            price += UNIT
            quote = Quote(0, price, price, price, price)
            port.venue.price(0, price, price, time.time_ns())
            latency = await measured(port, lambda: loop.session.quote(quote))  # noqa: B023
            await quiet(loop)
            found += [latency] if latency else []
        rows = loop.journal.head.row - first
        return found, rows / (time.process_time() - began)


async def idle(path: Path) -> float:
    """Return quotes a second that change nothing."""
    async with running(path, wallet(), (PRICE,), durable=False) as (loop, _):
        quote = Quote(0, PRICE, PRICE, PRICE, PRICE)
        began_s = time.perf_counter()
        for _ in range(QUOTES):
            loop.session.quote(quote)
        return QUOTES / (time.perf_counter() - began_s)


# --- Many symbols -----------------------------------------------------------------------------


def minutes() -> Iterator[tuple[Bar, ...]]:
    """Yield the bars of every symbol, minute by minute."""
    found = [
        evolve(market(symbol, WARMUP + MINUTES + 2), symbol=f"{symbol}")
        for symbol in range(SYMBOLS)
    ]
    markets = tuple(in_ticks(side_by_side(found, opens=True), (STEPS,) * SYMBOLS))
    for minute in range(WARMUP + MINUTES + 2):
        columns = ("open", "high", "low", "close", "volume")
        yield tuple(
            Bar(symbol, minute * MINUTE_MS, *(int(getattr(each, name)[minute]) for name in columns))
            for symbol, each in enumerate(markets)
        )


def contracts() -> tuple[Instrument, ...]:
    """Return the contracts of all symbols."""
    return tuple(instrument(f"{symbol}", STEPS, MONEY_DP) for symbol in range(SYMBOLS))


def usual() -> portfolio.Config:
    """Return what `hedgeproof run` makes of the template for both sides."""
    found = json.loads(TEMPLATE.read_text())
    for side in SIDES:
        found["bot"][side]["n_positions"] = SLOTS
    found["live"] |= {"approved_coins": [f"{each}" for each in range(SYMBOLS)]}
    found["live"] |= {"max_warmup_minutes": WARMUP}
    strategy = parse(read(json.dumps(found)))
    return configured(strategy, {each.symbol: each for each in contracts()})


def busy() -> portfolio.Config:
    """Return a portfolio that wants other orders at every price: all of them are replaced."""
    long, short = (
        evolve(side, terms=side.terms._replace(positions=float(SLOTS)))
        for side in sides(mirrored=False)
    )
    strategy = Strategy(instruments=contracts(), long=long, short=short, mode=PositionMode.HEDGE)
    return portfolio.Config(strategy=strategy, warmup_bars=WARMUP)


def warm(
    config: portfolio.Config, rows: Iterator[tuple[Bar, ...]]
) -> tuple[Portfolio, tuple[Bar, ...]]:
    """Return a portfolio that has seen the first of *rows*, and the last of them.

    Each side has *SLOTS* positions.
    """
    bot = portfolio.new(config, DEPOSIT)
    past = tuple(islice(rows, WARMUP + 2))
    for row in past:
        bot, _ = portfolio.step(bot, told(row[0].open_ms, row, past=True))
    rehearse()  # as `hedgeproof run` does
    return bot, past[-1]


async def bars(
    config: portfolio.Config, path: Path, *, durable: bool
) -> tuple[list[Latency], float]:
    """Return the latencies of the bars of a minute, and rows a processor second."""
    found: list[Latency] = []
    rows = minutes()
    bot, last = warm(config, rows)
    closes = tuple(bar.close for bar in last)
    async with running(path, bot, closes, durable=durable) as (loop, port):
        first, began = loop.journal.head.row, time.process_time()
        for row in rows:
            for bar in row:
                port.price(bar.symbol, bar.close)
            await asyncio.sleep(0.01)
            await quiet(loop)
            news: Bars = told(row[0].open_ms, row, past=False)
            latency = await measured(port, lambda: loop.session.bars(news))  # noqa: B023
            await quiet(loop)
            found += [latency] if latency else []
        count = loop.journal.head.row - first
        return found, count / (time.process_time() - began)


# --- The table --------------------------------------------------------------------------------


def resident(state: Path, config: Path, symbols: tuple[str, ...]) -> dict[str, float]:
    """Return the sizes in MB of a bot that runs on a simulated exchange, as the system names them.

    *VmRSS* is all that is in memory, *RssAnon* what no other process shares and no file holds.
    """
    with (
        kills.exchange(60.0, 1, symbols=symbols) as port,
        kills.bot(config, port, state) as process,
    ):
        kills.running(state, 0)
        time.sleep(LIFE_S)
        status = Path(f"/proc/{process.pid}/status").read_text()
    words = (line.split() for line in status.splitlines() if line.endswith(" kB"))
    return {name.rstrip(":"): int(number) / 1_024 for name, number, _ in words}


def sizes(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of the table about memory: of the wallet, and of README's portfolio."""
    wallet = folder / "wallet.json"
    wallet.write_text(json.dumps({"symbol": comparison.SYMBOL}))
    found = (
        resident(folder / "wallet", wallet, (comparison.SYMBOL,)),
        resident(folder / "portfolio", STRATEGY, COINS),
    )
    for label, key in (("resident size, MB", "VmRSS"), ("... of its own, MB", "RssAnon")):
        yield f"`hedgeproof run`: {label}", [f"{each[key]:.0f}" for each in found]


def shown(found: list[float]) -> str:
    """Return the middle of *found*, and what one in a hundred exceeds."""
    cuts = quantiles(found, n=100)
    return f"{cuts[49]:.2f} / {cuts[98]:.2f}"


def rows_of(found: list[Latency], sync: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of the table about *found*."""
    yield f"requests of an event, the median, {sync}", f"{median(e.requests for e in found):.0f}"
    for which, name in enumerate(("first", "last")):
        yield (
            f"processor ms from the event to the {name} request, p50 / p99, {sync}",
            shown([each.cpu[which] for each in found]),
        )
    yield f"wall ms to the first request, {sync}", shown([each.wall[0] for each in found])


def main() -> None:
    """Measure, and print the table."""
    table: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, chosen in {"one": None, "usual": usual(), "busy": busy()}.items():
            for durable in (True, False):
                sync = "with a full sync" if durable else "without"
                path = folder / f"{kind}-{durable}"
                work = (
                    bars(chosen, path, durable=durable) if chosen else prices(path, durable=durable)
                )
                found, a_second = asyncio.run(work)
                for label, value in rows_of(found, sync):
                    table.setdefault(label, []).append(value)
                label = f"journaled steps a processor second, the venue's work included, {sync}"
                table.setdefault(label, []).append(f"{a_second:,.0f}")
        quotes = asyncio.run(idle(folder / "idle"))
        table["quotes that change nothing, a second"] = [f"{quotes:,.0f}", "-", "-"]
        table |= sizes(folder)
    print(
        f"| live loop | one symbol | {SYMBOLS} symbols | ... all replaced |\n|---|---:|---:|---:|"
    )
    for label, values in table.items():
        print(f"| {label} | {' | '.join(values)} |")


if __name__ == "__main__":
    main()
