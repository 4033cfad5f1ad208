"""Kill a live bot again and again, over the wire, and compare what the venue and the journal say.

One process is `hedgeproof exchange`, whose market goes on meanwhile, the other `hedgeproof run`,
which is killed with SIGKILL at random moments and started anew.  At the end it runs undisturbed,
is stopped with its orders canceled, and every order and fill of the venue is held against the
journal.  `make kills`, or `python -m tests.evidence.kills --help`.
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
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from simulator.prng import Prng
from tests.evidence.comparison import BYBIT, SYMBOL, compared
from tests.evidence.traded import BOTS, COINS, MODES, document

HEDGEPROOF = [sys.executable, "-m", "adapters"]
RUN_S = 120.0
TRADING = 0.75  # of the kills are after it has begun to run, the others during its start


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=300.0, help="of the market")
    parser.add_argument("--unit", default="0.1%", help="of the ladder")
    parser.add_argument("--longest", type=float, default=5.0, help="seconds until a kill")
    parser.add_argument("--bot", choices=BOTS, default=BOTS[0])
    parser.add_argument("--mode", choices=MODES, default=MODES[0])
    chosen = parser.parse_args()
    wanted = document(chosen.bot, Prng(chosen.seed), chosen.mode)
    wanted |= {"unit": chosen.unit} if "unit" in wanted else {}
    symbols = [f"{coin}USDT" for coin in COINS] if chosen.bot == "portfolio" else [SYMBOL]
    with (
        tempfile.TemporaryDirectory() as folder,
        exchange(chosen.speed, chosen.seed, symbols=symbols) as port,
    ):
        path = Path(folder)
        config = path / "config.json"
        config.write_text(json.dumps(wanted))
        lives(chosen, config, port, path)
        (journal,) = path.glob("*/*.journal")
        report(journal, port, chosen.kills)


def lives(chosen: argparse.Namespace, config: Path, port: int, state: Path, *more: str) -> None:
    """Start and kill, then let the last one live until it runs, and stop it."""
    dice = random.Random(chosen.seed)  # noqa: S311
    for number in range(chosen.kills):
        with bot(config, port, state, *more) as process:
            if dice.random() < TRADING:
                running(state, len(log(state)))
            time.sleep(dice.uniform(0.0, chosen.longest))
            assert process.poll() is None, "it ended by itself"
            process.kill()
            process.wait()
        if not (number + 1) % 10:
            print(f"{number + 1} kills", file=sys.stderr, flush=True)
    with bot(config, port, state, "--on-stop", "cancel", *more) as process:
        running(state, len(log(state)))
        process.send_signal(signal.SIGINT)
        assert process.wait(RUN_S) == 0


@contextmanager
def exchange(
    speed: float, seed: int, dialect: str = BYBIT, symbols: Sequence[str] = (SYMBOL,)
) -> Generator[int]:
    """Yield the port of a simulated exchange."""
    options = ["--port", "0", "--speed", str(speed), "--seed", str(seed)]
    options += [word for symbol in symbols for word in ("--symbol", symbol)]
    command = [*HEDGEPROOF, "exchange", "--dialect", dialect, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        address = process.stdout.readline().split()[2].rstrip(",")
        try:
            yield int(address.rpartition(":")[2])
        finally:
            process.kill()


@contextmanager
def bot(config: Path, port: int, state: Path, *more: str) -> Generator[subprocess.Popen[bytes]]:
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
    found = asyncio.run(compared(path, port))
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


if __name__ == "__main__":
    main()
