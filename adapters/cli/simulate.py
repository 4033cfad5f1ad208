"""`hedgeproof simulate`: a hedge wallet on recorded or synthetic candles."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.simulate_failures import explain, watched
from adapters.cli.terminal import FAILED, CommandError, console, made_folder, waiting

if TYPE_CHECKING:
    from collections.abc import Generator

    from adapters.config import Simulation
    from simulator.candles import Candles
    from simulator.world import Setup, Told

OUT = Path("runs/default")


def simulate(  # noqa: PLR0913  # the options are the command's
    config: Annotated[
        Path | None, typer.Argument(help="A JSON file; the embedded default if left out.")
    ] = None,
    *,
    data: Annotated[Path | None, typer.Option(help="The folder of the candle files.")] = None,
    symbol: Annotated[str | None, typer.Option(help="The candle file, without its ending.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of the market and the wire.")] = None,
    bars: Annotated[int | None, typer.Option(help="Take the first bars only; 0: all.")] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = OUT,
    journal: Annotated[Path | None, typer.Option(help="A new file for a journal to audit.")] = None,
) -> None:
    """Simulate a hedge wallet and write a report."""
    from adapters import config as configs

    values = {
        "data": None if data is None else str(data),
        "symbol": symbol,
        "seed": seed,
        "bars": bars,
    }
    chosen = {name: value for name, value in values.items() if value is not None}
    wanted = configs.default() if config is None else configs.load(config)
    _simulate(configs.replaced(wanted, chosen), out, journal)


def _simulate(config: "Simulation", out: Path, journal: Path | None) -> None:
    """Run *config*, write what came of it to *out*, and sum it up."""
    from adapters import config as configs
    from adapters.cli.results import rows_taken, shares, table, write
    from simulator.results import summary

    for warning in configs.warnings(config):
        print(f"hedgeproof: {warning}", file=sys.stderr)
    candles = _candles(config)
    setup = configs.setup(config, candles)
    made_folder(out)
    with _recorded(journal, setup, candles) as step, waiting("bars") as told:
        done, failure = watched(setup, candles, lambda bar, count: told(bar, count, ""), step)
    if done is not None:
        found = summary(done) | shares(rows_taken(done))
        with waiting("files") as told:
            for number, count in write(done, found, config, out):
                told(number, count, "")
        console().print(table(done, found))
        print(f"The report is {out / 'report.html'}")
    if failure is not None:
        explain(failure, out)
        raise typer.Exit(FAILED)


@contextmanager
def _recorded(journal: Path | None, setup: "Setup", candles: "Candles") -> "Generator[Told | None]":
    """Yield what writes each step of a run to *journal*, if there is one."""
    if journal is None:
        yield None
        return
    from adapters.cli.audit import refused
    from adapters.cli.recording import recorded
    from spec.units import MILLI_NS

    with refused(), recorded(journal, setup, candles.start_ms * MILLI_NS) as told:
        yield told


def _candles(config: "Simulation") -> "Candles":
    """Return the market that *config* names."""
    if not config.data:
        from adapters.config import SYNTHETIC_BARS
        from simulator.synthetic import market

        return market(config.seed, config.bars or SYNTHETIC_BARS, symbol=config.symbol)
    from adapters.candles import load

    candles = load(Path(config.data), config.symbol)
    if config.bars > len(candles):
        raise CommandError(
            f"bars {config.bars}: {config.symbol} has {len(candles)}; give fewer or 0"
        )
    if not config.bars:
        return candles
    return candles.between(candles.start_ms, candles.start_ms + config.bars * candles.step_ms)
