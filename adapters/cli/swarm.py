"""`hedgeproof swarm`: runs with drawn faults; what fails is shrunk and can be repeated."""

import json
from pathlib import Path
from secrets import randbelow
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import FAILED, CommandError, console, nearest, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from simulator.faults import Faults
    from simulator.swarm import Outcome
    from simulator.swarm_draws import BotName, Trial
    from simulator.wire_port import Defences

OUT = Path("runs/swarm")
RUNS = 100
WALLET = "wallet"
EXPLAINED = 3  # failing runs that are shrunk


def swarm(  # noqa: PLR0913  # the options are the command's
    *,
    runs: Annotated[int, typer.Option(help="How many runs.", min=1)] = RUNS,
    seed: Annotated[int | None, typer.Option(help="The seed of the first; drawn if none.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Only this fault, or NAME=PPM; again for more. Drawn if none."),
    ] = None,
    begin: Annotated[int, typer.Option(help="The second in which faults begin.", min=0)] = 0,
    end: Annotated[int | None, typer.Option(help="The second in which they end.")] = None,
    broken: Annotated[str, typer.Option(help="Without a defence, to see it missed.")] = "",
    bot: Annotated[str, typer.Option(help="What trades: wallet or portfolio.")] = WALLET,
    out: Annotated[Path, typer.Option(help="The folder for what fails.")] = OUT,
) -> None:
    """Trade through drawn faults, and compare the bot with the venue afterwards."""
    from simulator.swarm import perform
    from simulator.swarm_draws import WINDOW_NS, Trial
    from spec.units import SECOND_NS

    window = {
        "begin_ns": begin * SECOND_NS,
        "end_ns": WINDOW_NS if end is None else min(end * SECOND_NS, WINDOW_NS),
    }
    defences, name = _defences(broken), _bot(bot)
    first = randbelow(2**32) if seed is None else seed
    print(f"seeds {first} to {first + runs - 1}\n")
    outcomes = list["Outcome"]()
    with waiting("runs") as told:
        for number in range(first, first + runs):
            faults = _faults(number, fault or [], window)
            trial = Trial(seed=number, faults=faults, defences=defences, bot=name)
            outcomes.append(perform(trial))
            told(number + 1 - first, runs, "")
    console().print(_table(outcomes))
    failed = [outcome for outcome in outcomes if outcome.failed]
    print(f"\n{runs:,} runs, {len(failed):,} failed")
    for outcome in failed[:EXPLAINED]:
        _explain(outcome, broken, out)
    if failed:
        raise typer.Exit(FAILED)


def _defences(broken: str) -> "Defences":
    """Return all defences, but for the one that is named."""
    from simulator.swarm_draws import BROKEN
    from simulator.wire_port import Defences

    if broken and broken not in BROKEN:
        raise nearest("defence", broken, list(BROKEN))
    return BROKEN[broken] if broken else Defences()


def _bot(name: str) -> "BotName":
    """Return the bot that is named."""
    from simulator.swarm_draws import BOTS

    if name not in BOTS:
        raise nearest("bot", name, list(BOTS))
    return BOTS[BOTS.index(name)]


def _faults(seed: int, named: "Sequence[str]", window: dict[str, int]) -> "Faults":
    """Return the faults that are *named*, or those that *seed* draws."""
    from attrs import evolve

    from simulator.faults import FAULTS, chosen, drawn
    from spec.units import MILLION

    if not named:
        return drawn(seed, **window)
    rates = dict[str, int]()
    for text in named:
        name, _, ppm = text.partition("=")
        if name not in FAULTS:
            raise nearest("fault", name, list(FAULTS))
        if not ppm:
            rates |= chosen([name]).rates
        elif not ppm.isdecimal() or int(ppm) > MILLION:
            raise CommandError(f"fault {text}: give a rate in ppm, such as {name}=50000")
        else:
            rates[name] = int(ppm)
    return evolve(chosen([], **window), rates=rates)


def _table(outcomes: "Sequence[Outcome]") -> "Table":
    """Return one line for each fault, of the runs in which it was on."""
    from rich.table import Table

    from simulator.faults import FAULTS

    table = Table("fault", box=None, header_style="bold")
    for head in (*_figures(outcomes, 0), "outage ms: median", "longest"):
        table.add_column(head, justify="right")
    for name in FAULTS:
        mine = [outcome for outcome in outcomes if name in outcome.injected]
        if mine:
            injected = sum(outcome.injected[name] for outcome in mine)
            table.add_row(name, *_cells(mine, injected))
    total = sum(sum(each.injected.values()) for each in outcomes)
    table.add_row("[bold]all runs[/]", *_cells(outcomes, total))
    return table


def _cells(outcomes: "Sequence[Outcome]", injected: int) -> list[str]:
    """Return a line about *outcomes*."""
    from spec.units import MILLI_NS

    outages = [each // MILLI_NS for outcome in outcomes for each in outcome.outages_ns]
    times = (round(median(outages)), max(outages)) if outages else ()
    counts = _figures(outcomes, injected).values()
    return [f"{count:,}" for count in (*counts, *times)]


def _figures(outcomes: "Sequence[Outcome]", injected: int) -> dict[str, int]:
    """Return the counts of *outcomes* by the head of their column; wallets do not collide."""
    figures = {
        "runs": len(outcomes),
        "orders": sum(outcome.orders for outcome in outcomes),
        "fills": sum(outcome.fills for outcome in outcomes),
        "injected": injected,
        "doubled": sum(outcome.doubled for outcome in outcomes),
        "lost": sum(outcome.lost for outcome in outcomes),
        "orphaned": sum(outcome.orphaned for outcome in outcomes),
        "disagreed": sum(bool(outcome.wrong) for outcome in outcomes),
        "violated": sum(outcome.violated for outcome in outcomes),
    }
    if outcomes[0].trial.bot != WALLET:
        figures["collided"] = sum(outcome.collided for outcome in outcomes)
    return figures


def _explain(outcome: "Outcome", broken: str, out: Path) -> None:
    """Shrink what failed, say how to repeat it, and write both to *out*."""
    from simulator.swarm import perform, shrunk

    seed = outcome.trial.seed
    with waiting(f"seed {seed}: smaller runs") as told:
        tried = 0

        def fails(trial: "Trial") -> bool:
            nonlocal tried
            tried += 1
            told(tried, 0, "")
            return perform(trial).failed

        trial = shrunk(outcome.trial, fails)
    least = perform(trial)
    command = replay(trial, broken)
    print(f"\nseed {seed}:")
    for line in least.wrong:
        print(f"  {line}")
    print(f"Repeat it with: {command}")
    found = {
        "command": command,
        "wrong": least.wrong,
        "doubled": least.doubled,
        "lost": least.lost,
        "orphaned": least.orphaned,
        "injected": dict(least.injected),
        "journal_hash": least.journal_hash,
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"seed-{seed}.json"
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"out {out}: {error.strerror}; give a folder to write to") from error
    print(f"Written to {path}")


def replay(trial: "Trial", broken: str = "") -> str:
    """Return the command that repeats *trial*."""
    from spec.units import SECOND_NS

    faults = trial.faults
    words = ["hedgeproof", "swarm", "--seed", str(trial.seed), "--runs", "1"]
    for name, ppm in faults.rates.items():
        words += ["--fault", f"{name}={ppm}"]
    words += ["--begin", str(faults.begin_ns // SECOND_NS)]
    words += ["--end", str(faults.end_ns // SECOND_NS)]
    words += ["--bot", trial.bot] if trial.bot != WALLET else []
    return " ".join([*words, *(("--broken", broken) if broken else ())])
