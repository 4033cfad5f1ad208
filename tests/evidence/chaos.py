"""Trade over a wire that spoils what it carries, and compare what the venue and the journal say.

One process is `hedgeproof exchange`, the other `hedgeproof run`; between them is a `ChaosWire`.  In
each run the bot trades for some seconds while faults of one kind strike, and has to be RUNNING
again once they have stopped and what they had held back is gone.  Then it is stopped with its
orders canceled, and all that the venue has is held against the journal.  The seed draws market and
faults; which request meets which fault depends on the moment.
`python -m tests.evidence.chaos --help`.
"""

import argparse
import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from attrs import evolve, frozen

from tests.evidence import kills
from tests.evidence.chaos_wire import HOST, ChaosWire, Kind

ALL = "all"
KINDS: dict[str, tuple[Kind, ...]] = {each.value: (each,) for each in Kind}
KINDS |= {ALL: tuple(each for each in Kind if each is not Kind.TWICE)}  # a halt ends a run
QUIET_S, RECOVERY_S = 3.0, 300.0
FUNDING_MS, CLEAR_S = 8 * 3_600_000, 10.0
WRONG = {  # what is counted as wrong, by what it means
    "doubled": ("orders that were there twice", "orders filled beyond what was placed"),
    "lost": ("orders whose fills differ in lots, price or fee",),
    "orphaned": ("orders at the venue that the journal does not have", "orders left open"),
    "mismatched": (
        "lots of the position that differ",
        "money units that differ",
        "findings of the journal's audit",
    ),
}


@frozen(kw_only=True)
class Run:
    """What came of a run: *recovered_s* is None where the bot did not run again.

    That the bot *halted* is right where requests were sent *twice*: a refused order whose copy is
    taken later can only be noticed.
    """

    faults: int
    recovered_s: float | None
    halted: bool
    twice: bool
    found: kills.Comparison | None = None

    @property
    def passed(self) -> bool:
        """Whether the bot came through, and all agrees."""
        if self.found is None:
            return self.halted and self.twice
        return not any(self.found.wrong.values())


def wrong(runs: Sequence[Run], column: str) -> str:
    """Return in how many *runs* something of *column* is wrong."""
    found = [run.found.wrong for run in runs if run.found is not None]
    return str(sum(any(each[name] for name in WRONG[column]) for each in found))


def seconds(runs: Sequence[Run], chosen: Callable[[list[float]], float]) -> str:
    """Return what *chosen* picks of the times until the bot ran again."""
    found = [run.recovered_s for run in runs if run.recovered_s is not None]
    return f"{chosen(found):.1f}" if found else "-"


COLUMNS: dict[str, Callable[[Sequence[Run]], str]] = {
    "runs": lambda runs: str(len(runs)),
    "orders": lambda runs: f"{sum(run.found.placed for run in runs if run.found):,}",
    "fills": lambda runs: f"{sum(run.found.fills for run in runs if run.found):,}",
    "faults": lambda runs: f"{sum(run.faults for run in runs):,}",
    **{name: partial(wrong, column=name) for name in WRONG},
    "not RUNNING again": lambda runs: str(sum(run.recovered_s is None for run in runs)),
    "but HALTED": lambda runs: str(sum(run.halted for run in runs)),
    "seconds to RUNNING, median": partial(seconds, chosen=median),
    "longest": partial(seconds, chosen=max),
}


def main() -> None:
    """Run the program.

    Raises:
        SystemExit: Something is wrong.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--dialect", choices=kills.CONFIGS, default=kills.BYBIT)
    parser.add_argument("--kind", choices=KINDS, nargs="*", default=list(KINDS))
    parser.add_argument("--seconds", type=float, default=15.0, help="of faults in a run")
    parser.add_argument("--speed", type=float, default=500.0, help="of the market")
    parser.add_argument("--unit", default="0.02%", help="of the ladder")
    parser.add_argument("--state", type=Path, default=Path("runs/chaos"), help="of failed runs")
    chosen = parser.parse_args()
    failed = False
    print(f"| {chosen.dialect} |", " | ".join(COLUMNS), "|")
    print("|---|" + "---:|" * len(COLUMNS), flush=True)
    for kind in chosen.kind:
        runs = [run(chosen, kind, chosen.seed + number) for number in range(chosen.runs)]
        print(f"| {kind} |", " | ".join(count(runs) for count in COLUMNS.values()), "|", flush=True)
        failed |= not all(each.passed for each in runs)
    if failed:
        raise SystemExit(1)


def run(chosen: argparse.Namespace, kind: str, seed: int) -> Run:
    """Make one run; what it leaves stays where it failed."""
    state: Path = chosen.state / f"{chosen.dialect}-{kind}-{seed}"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    with kills.exchange(chosen.speed, seed, chosen.dialect) as port:
        made = asyncio.run(lived(chosen, ChaosWire(port, KINDS[kind], seed), state))
        if made.recovered_s is not None:
            (journal,) = state.glob(f"*/{kills.SYMBOL}.journal")
            made = evolve(made, found=kills.compared(journal, port, chosen.dialect))
    if made.passed:
        shutil.rmtree(state)
        return made
    again = f"--dialect {chosen.dialect} --kind {kind} --runs 1 --seed {seed}"
    print(f"failed: python -m tests.evidence.chaos {again}; see {state}", file=sys.stderr)
    told = "it does not run" if made.found is None else made.found
    print(told, file=sys.stderr, flush=True)
    return made


async def lived(chosen: argparse.Namespace, wire: ChaosWire, state: Path) -> Run:
    """Let a bot trade through *wire*, spoil it meanwhile, and stop the bot once it runs again."""
    config = state / "config.json"
    config.write_text(json.dumps({"symbol": kills.SYMBOL, "unit": chosen.unit, "leverage": 2}))
    more = "--on-stop", "cancel", "--venue", chosen.dialect
    async with wire:
        with kills.bot(config, wire.port, state, *more) as process:
            await asyncio.to_thread(kills.running, state, 0)
            wire.on = True
            await asyncio.sleep(chosen.seconds)
            wire.on = False
            recovered_s = await recovery(wire, process, state)
            if recovered_s is not None:
                await clear_of_funding(wire.target)
                process.send_signal(signal.SIGINT)
                assert await asyncio.to_thread(process.wait, kills.RUN_S) == 0
    return Run(
        faults=wire.faults.total(),
        recovered_s=recovered_s,
        halted=states(state)[-1] == "HALTED",
        twice=wire.faults[Kind.TWICE] > 0,
    )


async def recovery(wire: ChaosWire, process: subprocess.Popen[bytes], state: Path) -> float | None:
    """Return after how many seconds the bot runs for good, None if it does not."""
    began_s = time.monotonic()
    since_s: float | None = None
    while (now_s := time.monotonic()) < began_s + RECOVERY_S and process.poll() is None:
        now = states(state)[-1]
        if now == "HALTED":
            return None
        if now != "RUNNING" or not wire.calm:
            since_s = None
        elif since_s is None:
            since_s = now_s
        elif now_s - since_s > QUIET_S:
            return since_s - began_s
        await asyncio.sleep(0.1)
    return None


def states(state: Path) -> list[object]:
    """Return the states of the supervisor so far, as the log in *state* has them."""
    return [line["state"] for line in kills.log(state) if line["what"] == "state"]


async def clear_of_funding(port: int) -> None:
    """Wait until no funding is paid soon: the market goes on after the bot has ended."""
    while True:
        told = await asyncio.to_thread(market_time, port)
        left_s = (FUNDING_MS - told["now_ms"] % FUNDING_MS) / told["speed"] / 1_000
        if left_s > CLEAR_S:
            return
        await asyncio.sleep(left_s + 0.1)


def market_time(port: int) -> dict[str, float]:
    """Return what the exchange says of its clock."""
    with urlopen(f"http://{HOST}:{port}/control/time") as answer:
        told: dict[str, float] = json.load(answer)
    return told


if __name__ == "__main__":
    main()
