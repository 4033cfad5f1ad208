"""How quick the live loop is: from an event to the request that the port is handed.

In one process, over the simulated venue, on the computer's clock; the journal is on disk.  The
resident size is that of `hedgeproof run` on `hedgeproof exchange`, ccxt included.  Prints the
table of docs/benchmarks.md: `.venv/bin/python -m tests.benchmarks.live_latency`.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles

from adapters.cli.venue_port import VenuePort
from adapters.journal.store import Journal
from adapters.live import start
from adapters.live.loop import Loop
from adapters.live.terms import Terms
from adapters.venue.port import Outcome, Quote
from machines.ladder import Config
from machines.messages import Wanted
from simulator.venue import Venue
from simulator.venue_terms import VenueConfig
from spec.supervisor import State
from spec.terms import Instrument
from tests.evidence import kills

PRICE, UNIT = 30_000, 30
STEPS = 400
QUOTES = 100_000
LIFE_S = 10.0


class Timed(VenuePort):
    """A venue that notes when it is handed a request."""

    handed_ns = 0

    async def place(self, symbol: int, client_order_id: int, order: Wanted) -> Outcome:
        self.handed_ns = self.handed_ns or time.perf_counter_ns()
        return await super().place(symbol, client_order_id, order)

    async def cancel(self, symbol: int, client_order_id: int) -> Outcome:
        self.handed_ns = self.handed_ns or time.perf_counter_ns()
        return await super().cancel(symbol, client_order_id)


@asynccontextmanager
async def running(path: Path, *, durable: bool) -> AsyncIterator[tuple[Loop, Timed]]:
    """Yield a loop that runs on a new journal, and its port."""
    instrument = Instrument(symbol="S", max_qty=10**9)
    config = Config(instrument=instrument, unit_ticks=UNIT)
    venue = Venue(VenueConfig(deposit=1_000 * PRICE, leverage=2), (instrument,))
    port = Timed(venue, time.time_ns)
    port.price(0, PRICE)
    start.found(path, config, 1_000 * PRICE, time.time_ns())
    journal = Journal(path, durable=durable)
    loop = start.loop(
        lambda: port, journal, config, Terms(settle_s=0.1), time.time_ns, lambda *_, **__: None
    )
    process = asyncio.create_task(loop.run())
    while loop.supervising.state is not State.RUNNING:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await quiet(loop)
    await asyncio.sleep(0.2)
    try:
        yield loop, port
    finally:
        process.cancel()
        await asyncio.wait((process,))
        journal.close()


async def quiet(loop: Loop) -> None:
    """Wait until no request is under way."""
    while not loop.asking.quiet:  # noqa: ASYNC110  # as soon as it is
        await asyncio.sleep(0)


async def latencies(path: Path, *, durable: bool) -> list[float]:
    """Return the ms from a price that moves the ladder to the first request, of many."""
    found: list[float] = []
    async with running(path, durable=durable) as (loop, port):
        price = port.quotes[0].last
        for _ in range(STEPS):
            price += UNIT
            port.handed_ns = 0
            port.venue.price(0, price, price, time.time_ns())
            began_ns = time.perf_counter_ns()
            loop.session.quote(Quote(0, price, price, price, price))
            await asyncio.sleep(0)
            await quiet(loop)
            found.append((port.handed_ns - began_ns) / 1e6)
    return found


async def throughput(path: Path) -> tuple[float, float]:
    """Return quotes a second that change nothing, and journaled steps a second of a busy ladder."""
    async with running(path, durable=False) as (loop, port):
        price, first = port.quotes[0].last, loop.journal.head.row
        quote = Quote(0, price, price, price, price)
        began_s = time.perf_counter()
        for _ in range(QUOTES):
            loop.session.quote(quote)
        quotes = QUOTES / (time.perf_counter() - began_s)
        began_s = time.perf_counter()
        for _ in range(STEPS):
            price += UNIT
            port.price(0, price)
            await asyncio.sleep(0)
            await quiet(loop)
        steps = (loop.journal.head.row - first) / (time.perf_counter() - began_s)
    return quotes, steps


def resident_mb(folder: Path) -> float:
    """Return the resident size in MB of a bot that runs on a simulated exchange."""
    config = folder / "config.json"
    config.write_text(json.dumps({"symbol": kills.SYMBOL}))
    with kills.exchange(60.0, 1) as port, kills.bot(config, port, folder) as process:
        kills.running(folder, 0)
        time.sleep(LIFE_S)
        status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1_024


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows: list[tuple[str, str]] = []
        for durable in (True, False):
            found = asyncio.run(latencies(folder / f"latency-{durable}", durable=durable))
            cuts = quantiles(found, n=100)
            sync = "with a full sync" if durable else "without"
            rows.append(
                (f"price to request, ms, p50 / p99, {sync}", f"{cuts[49]:.2f} / {cuts[98]:.2f}")
            )
        quotes, steps = asyncio.run(throughput(folder / "throughput"))
        rows.append(("quotes that change nothing, a second", f"{quotes:,.0f}"))
        rows.append(("journaled steps that send orders, a second, without sync", f"{steps:,.0f}"))
        rows.append(("resident size of `hedgeproof run`, MB", f"{resident_mb(folder):.0f}"))
    print("| live loop, one symbol | |")
    print("|---|---:|")
    for label, value in rows:
        print(f"| {label} | {value} |")


if __name__ == "__main__":
    main()
