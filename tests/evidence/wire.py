"""Trade over the wire under each fault, or under drawn sets of them, and compare in the end.

A `trial` is one run.  What came of each is a line of the file of results: trials that are there
are not made again, so a program that was stopped goes on, and the table is of all in the file.
`make wire`, or `python -m tests.evidence.wire --help`.
"""

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, evolve

from adapters.exchange.faults import SERVED
from simulator.faults import CATALOGUE, FAULTS, chosen, drawn
from simulator.prng import Prng
from tests.evidence.chaos_wire import Kind
from tests.evidence.stand import DIALECTS, Trial
from tests.evidence.table import SWARM, failed, table
from tests.evidence.traded import BOTS
from tests.evidence.trial import Outcome, tried

ALL = "all"
KINDS: dict[str, tuple[Kind, ...]] = {
    **{each.value: (each,) for each in Kind},
    ALL: tuple(each for each in Kind if each is not Kind.TWICE),
}
NAMES = (*(each.name for each in CATALOGUE if each.name in SERVED), *KINDS)
KIND_ODDS = 6  # one in so many swarms has a kind of the wire
OFTEN, MOST_PPM = 3, 500_000  # how often a fault strikes that is tried by itself


def main() -> None:
    """Run the program.

    Raises:
        SystemExit: Something is wrong.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", choices=NAMES, nargs="*", default=[], help="default: each")
    parser.add_argument("--swarm", type=int, default=0, help="drawn sets of faults instead")
    parser.add_argument("--runs", type=int, default=1, help="of each fault and dialect")
    parser.add_argument("--seed", type=int, default=0, help="of the first run")
    parser.add_argument("--dialect", choices=DIALECTS, nargs="*", default=list(DIALECTS))
    parser.add_argument("--together", type=int, default=4, help="runs at a time")
    parser.add_argument("--seconds", type=float, default=20.0, help="of faults in a run")
    parser.add_argument("--bot", choices=BOTS, default=BOTS[0])
    parser.add_argument("--results", type=Path, help="default: runs/wire/BOT.jsonl")
    options = parser.parse_args()
    options.results = options.results or Path(f"runs/wire/{options.bot}.jsonl")
    options.results.parent.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner() as runner:
        wanted = [evolve(each, bot=options.bot) for each in trials(options)]
        runner.run(made(wanted, options.results, options.together))
    of = [each for each in known(options.results) if (each.name == SWARM) == bool(options.swarm)]
    print(table(of, NAMES), end="")
    if any(map(failed, of)):
        raise SystemExit(1)


def trials(options: argparse.Namespace) -> Iterator[Trial]:
    """Yield what is to be tried."""
    if options.swarm:
        for seed in range(options.seed, options.seed + options.swarm):
            yield swarm(seed, options.dialect, options.seconds)
        return
    for name in options.fault or NAMES:
        for dialect in options.dialect:
            for seed in range(options.seed, options.seed + options.runs):
                yield single(name, dialect, seed, options.seconds)


def single(name: str, dialect: str, seed: int, lasts_s: float) -> Trial:
    """Return the trial of one fault, often enough to be met, and of those that give it occasion."""
    if name in KINDS:
        return Trial(name=name, dialect=dialect, seed=seed, kinds=KINDS[name], seconds=lasts_s)
    rates = {**chosen([name]).rates, name: min(OFTEN * FAULTS[name].ppm, MOST_PPM)}
    return Trial(name=name, dialect=dialect, seed=seed, rates=rates, seconds=lasts_s)


def swarm(seed: int, dialects: Sequence[str], lasts_s: float) -> Trial:
    """Return a trial of what *seed* draws: faults of the exchange and kinds of the wire.

    No request arrives twice where an id may be used again, for that ends in a halt.
    """
    dice = Prng(seed).split("wire")
    dialect = dialects[seed % len(dialects)]
    here = SERVED - ({"retry_duplicate"} if dialect == "binance" else set())
    rates = {name: ppm for name, ppm in drawn(seed).rates.items() if name in here}
    kinds = tuple(each for each in KINDS[ALL] if not dice.below(KIND_ODDS))
    return Trial(name=SWARM, dialect=dialect, seed=seed, rates=rates, kinds=kinds, seconds=lasts_s)


async def made(wanted: Sequence[Trial], results: Path, together: int) -> None:
    """Make what is *wanted* and not among the *results* yet, some *together*."""
    done = {(each.name, each.dialect, each.seed) for each in known(results)}
    left = iter([each for each in wanted if each.key not in done])

    async def work() -> None:
        for trial in left:
            folder = results.parent / "-".join(map(str, trial.key))
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            outcome = await tried(trial, folder)
            with results.open("a") as lines:
                lines.write(json.dumps(asdict(outcome)) + "\n")
            say(outcome, folder)

    await asyncio.gather(*(work() for _ in range(together)))


def say(outcome: Outcome, folder: Path) -> None:
    """Tell of a trial that has been made; what it leaves stays where it failed."""
    if not failed(outcome):
        shutil.rmtree(folder)
    found = {name: count for name, count in outcome.wrong.items() if count}
    told = f"failed, see {folder}: {found}" if found else "agrees"
    print(f"{outcome.name} {outcome.dialect} {outcome.seed}: {told}", file=sys.stderr, flush=True)


def known(results: Path) -> list[Outcome]:
    """Return the outcomes in the file of *results*."""
    if not results.exists():
        return []
    rows: list[dict[str, Any]] = [json.loads(line) for line in results.read_text().splitlines()]
    return [Outcome(**row) for row in rows]


if __name__ == "__main__":
    main()
