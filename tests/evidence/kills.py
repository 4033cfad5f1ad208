"""Kill a live bot again and again, over the wire, and compare what the venue and the journal say.

One process is `hedgeproof exchange`, whose market goes on meanwhile, the other `hedgeproof run`,
which is killed with SIGKILL at random moments and started anew.  At the end it runs undisturbed,
is stopped with its orders canceled, and every order and fill of the venue is held against the
journal.  `make wire`, or tests/evidence/kills.py --help.
"""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from attrs import frozen

from adapters.exchange.binance import client as binance
from adapters.exchange.bybit import client as bybit
from adapters.journal.audit import Finding, audit
from adapters.journal.chain import Kind
from adapters.journal.codec import decode
from adapters.journal.replay import rebuilt
from adapters.journal.steps import Step
from adapters.journal.store import Journal
from adapters.live.matching import expected_cash
from adapters.live.start import begun
from adapters.venue.ccxt_venue import CcxtVenue
from adapters.venue.credentials import Credentials
from adapters.venue.port import FillNews, LegState, OrderState, Snapshot, T, Unavailable
from adapters.venue.venues import VENUES
from machines.messages import Place, Report
from spec.terms import PositionSide

HEDGEPROOF = [sys.executable, "-m", "adapters"]
SYMBOL, BOT, BYBIT = "BTCUSDT", "hedge-wallet", "bybit"
CONFIGS = {BYBIT: bybit.ccxt_config, "binance": binance.ccxt_config}
RUN_S = 120.0
TRADING = 0.75  # of the kills are after it has begun to run, the others during its start
Totals = tuple[int, int, int]


@frozen(kw_only=True)
class Venue:
    """The account as the venue shows it; *cash* in money units."""

    legs: tuple[LegState, ...]
    orders: tuple[OrderState, ...]
    fills: tuple[FillNews, ...]
    cash: int


@frozen(kw_only=True)
class Story:
    """What the journal says: each order's placed lots, and the totals of its fills."""

    placed: dict[int, int]
    totals: dict[int, Totals]
    rows: int


@frozen(kw_only=True)
class Comparison:
    """How venue and journal compare: what is wrong is counted in *wrong*; *gained* money units."""

    placed: int
    fills: int
    rows: int
    gained: int
    wrong: dict[str, int]
    findings: tuple[Finding, ...]


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=300.0, help="of the market")
    parser.add_argument("--unit", default="0.1%", help="of the ladder")
    parser.add_argument("--longest", type=float, default=5.0, help="seconds until a kill")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, exchange(chosen.speed, chosen.seed) as port:
        path = Path(folder)
        config = path / "config.json"
        config.write_text(json.dumps({"symbol": SYMBOL, "unit": chosen.unit, "leverage": 2}))
        lives(chosen, config, port, path)
        (journal,) = path.glob(f"*/{SYMBOL}.journal")
        report(journal, port, chosen.kills)


def lives(chosen: argparse.Namespace, config: Path, port: int, state: Path) -> None:
    """Start and kill, then let the last one live until it runs, and stop it."""
    dice = random.Random(chosen.seed)  # noqa: S311
    for number in range(chosen.kills):
        with bot(config, port, state) as process:
            if dice.random() < TRADING:
                running(state, len(log(state)))
            time.sleep(dice.uniform(0.0, chosen.longest))
            assert process.poll() is None, "it ended by itself"
            process.kill()
            process.wait()
        if not (number + 1) % 10:
            print(f"{number + 1} kills", file=sys.stderr, flush=True)
    with bot(config, port, state, "--on-stop", "cancel") as process:
        running(state, len(log(state)))
        process.send_signal(signal.SIGINT)
        assert process.wait(RUN_S) == 0


@contextmanager
def exchange(speed: float, seed: int, dialect: str = BYBIT) -> Iterator[int]:
    """Yield the port of a simulated exchange."""
    options = ["--port", "0", "--speed", str(speed), "--seed", str(seed), "--symbol", SYMBOL]
    command = [*HEDGEPROOF, "exchange", "--dialect", dialect, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        address = process.stdout.readline().split()[2].rstrip(",")
        try:
            yield int(address.rpartition(":")[2])
        finally:
            process.kill()


@contextmanager
def bot(config: Path, port: int, state: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a bot's process."""
    url = f"http://127.0.0.1:{port}"
    options = ["--url", url, "--state", str(state), "--status-port", "0", *more]
    command = [*HEDGEPROOF, "run", str(config), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def log(state: Path) -> list[dict[str, object]]:
    """Return what the runs have logged; a kill may have cut the last line."""
    lines = [line for path in state.glob("*/log.jsonl") for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.endswith("}")]


def running(state: Path, seen: int) -> None:
    """Wait until a line after the first *seen* says that the bot runs."""
    until_s = time.monotonic() + RUN_S
    while time.monotonic() < until_s:
        if any(line.get("state") == "RUNNING" for line in log(state)[seen:]):
            return
        time.sleep(0.2)
    raise AssertionError("it does not run")


def report(path: Path, port: int, kills: int) -> None:
    """Compare, and print the table.

    Raises:
        SystemExit: Something does not agree.
    """
    found = compared(path, port)
    recovered = recoveries(log(path.parent.parent))
    print(f"| kills with SIGKILL | {kills:,} |")
    print("|---|---:|")
    print(f"| orders placed | {found.placed:,} |")
    print(f"| fills | {found.fills:,} |")
    print(f"| rows of the journal | {found.rows:,} |")
    print(f"| result in money units | {found.gained:,} |")
    print(f"| seconds from start to RUNNING, median | {median(recovered):.1f} |")
    print(f"| ... the longest | {max(recovered):.1f} |")
    for name, count in found.wrong.items():
        print(f"| {name} | {count:,} |")
    for finding in found.findings:
        print(f"{finding.check}, row {finding.row}: {finding.text}", file=sys.stderr)
    if any(found.wrong.values()):
        raise SystemExit(1)


def compared(path: Path, port: int, dialect: str = BYBIT) -> Comparison:
    """Compare the journal at *path*, of a bot that has ended, with the venue."""
    with Journal(path) as journal:
        live, since_ms = rebuilt(journal), next(journal.rows()).at_ns // 1_000_000
        story = told(journal)
        first = begun(journal)[1]
    found = asyncio.run(shown(port, since_ms - 60_000, dialect))
    sums = summed(found.fills)
    owners = Counter(
        key for key, _ in {(each.client_order_id, each.venue_id) for each in found.fills}
    )
    legs = {leg.position_side: leg.qty for leg in found.legs}
    held = legs.get(PositionSide.LONG, 0), legs.get(PositionSide.SHORT, 0)
    checked = audit(path)
    wrong = {
        "orders at the venue that the journal does not have": len(set(sums) - set(story.placed)),
        "orders that were there twice": sum(count > 1 for count in owners.values()),
        "orders filled beyond what was placed": sum(
            sums[key][0] > story.placed.get(key, 0) for key in sums
        ),
        "orders whose fills differ in lots, price or fee": sum(
            sums[key] != story.totals.get(key) for key in sums.keys() | story.totals.keys()
        ),
        "orders left open": len(found.orders),
        "lots of the position that differ": abs(held[0] - live.pair.long.qty)
        + abs(held[1] - live.pair.short.qty),
        "money units that differ": abs(found.cash - expected_cash(live)),
        "findings of the journal's audit": len(checked.findings) + (checked.fault is not None),
    }
    return Comparison(
        placed=len(story.placed),
        fills=len(found.fills),
        rows=story.rows,
        gained=found.cash - first,
        wrong=wrong,
        findings=checked.findings,
    )


def told(journal: Journal) -> Story:
    """Return what *journal* says of its orders."""
    placed: dict[int, int] = {}
    totals: dict[int, Totals] = {}
    rows = 0
    with closing(journal.rows()) as found:
        for row in found:
            rows += 1
            if row.kind is not Kind.STEP:
                continue
            step = decode(row.body, Step)
            placed |= {
                each.client_order_id: each.order.qty
                for each in step.commands
                if isinstance(each, Place)
            }
            if isinstance(step.event, Report):
                news = step.event
                filled: int = getattr(news.event, "cum_qty", 0)
                if filled:
                    totals[news.client_order_id] = filled, news.notional, news.fee
    return Story(placed=placed, totals=totals, rows=rows)


def summed(fills: tuple[FillNews, ...]) -> dict[int, Totals]:
    """Return the totals of *fills* by order."""
    qty, notional, fee = Counter[int](), Counter[int](), Counter[int]()
    for fill in fills:
        key = fill.client_order_id
        qty[key] += fill.qty
        notional[key] += fill.qty * fill.price_ticks
        fee[key] += fill.fee
    return {key: (qty[key], notional[key], fee[key]) for key in qty}


def recoveries(lines: list[dict[str, object]]) -> list[float]:
    """Return how many seconds each start that came so far took until it ran."""
    found: list[float] = []
    began_ns = 0
    for line in lines:
        at_ns = line["at_ns"]
        assert isinstance(at_ns, int)
        if line.get("event") in ("Restarted()", "StartRequested()"):
            began_ns = at_ns
        elif line.get("state") == "RUNNING" and began_ns:
            found.append((at_ns - began_ns) / 1e9)
            began_ns = 0
    return found


async def shown(port: int, since_ms: int, dialect: str = BYBIT) -> Venue:
    """Return the account as the venue shows it to a client of its own."""
    made = CONFIGS[dialect](port)
    keys = Credentials(key="key-1", secret="secret-1")  # noqa: S106
    config = {name: value for name, value in made.items() if name not in ("apiKey", "secret")}
    venue = CcxtVenue(VENUES[dialect], [SYMBOL], BOT, keys, config)
    assert await venue.open() is None
    try:
        return Venue(
            legs=had(await venue.positions()),
            orders=had(await venue.open_orders()),
            fills=had(await venue.fills(since_ms)),
            cash=had(await venue.cash()).cash,
        )
    finally:
        await venue.close()


def had(answer: Snapshot[T] | Unavailable) -> T:
    """Return what was answered."""
    assert isinstance(answer, Snapshot), answer
    return answer.value


if __name__ == "__main__":
    main()
