"""`hedgeproof backtest`: a strategy's configuration on the candles of many markets."""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import FAILED, CommandError, console, made_folder, needed, waiting

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.backtest.setup import Backtest
    from adapters.strategy.keys import Json
    from simulator.engine.run import Result, Settings
    from simulator.engine.strict import Venue
    from simulator.metrics import Records

OUT = Path("runs/backtest")
STRICT, PASSIVBOT = "strict", "passivbot"
CANDLES, EVENTS = "candles", "events"
SHOWN = (
    "gain",
    "adg",
    "drawdown_worst",
    "sharpe",
    "sortino",
    "fill_count",
    "trade_count",
    "win_rate",
    "pnl",
    "fees",
    "funding",
    "exposure_long_mean",
    "exposure_short_mean",
    "exposure_net_mean",
    "mirror_net",
    "beta_after",
)


Config = Annotated[Path, typer.Argument(help="The strategy's configuration, a JSON file.")]
Data = Annotated[Path, typer.Option(help="The folder of the candle files.")]
From = Annotated[
    str, typer.Option("--from", help="backtest.start_date: trade from this date on, UTC.")
]
To = Annotated[str, typer.Option("--to", help="backtest.end_date: trade before this date, UTC.")]
Symbols = Annotated[str, typer.Option(help="Trade these only, as in BTC,ETH.")]
Balance = Annotated[str, typer.Option(help="backtest.starting_balance: quote units at the start.")]
Warmup = Annotated[
    str, typer.Option(help="backtest.max_warmup_minutes: averages warm up no longer.")
]
Markets = Annotated[
    Path | None, typer.Option(help="Terms of the markets; else DATA/markets.json, if there.")
]
Semantics = Annotated[
    str, typer.Option(help="What a bar does to orders: strict, or passivbot as there.")
]
Engine = Annotated[
    str, typer.Option(help="candles, or events: orders and reports one by one, checked, and slow.")
]
Funding = Annotated[
    str, typer.Option(help="Strict: a rate each 8 hours, as in 0.0001, or a folder of rates.")
]
Maintenance = Annotated[
    float | None, typer.Option(min=0, max=1, help="Strict: the margin to keep, of the worth.")
]
VolumeShare = Annotated[
    float | None, typer.Option(min=0, max=1, help="Strict: the part of a bar's volume that fills.")
]
Pictures = Annotated[bool, typer.Option(help="Write the charts as PNG files too.")]
Out = Annotated[Path, typer.Option(help="The folder to write to.")]


def backtest(  # noqa: PLR0913  # the options are the command's
    config: Config,
    *,
    data: Data,
    start: From = "",
    end: To = "",
    symbols: Symbols = "",
    balance: Balance = "",
    warmup: Warmup = "",
    markets: Markets = None,
    engine: Engine = CANDLES,
    semantics: Semantics = STRICT,
    funding: Funding = "",
    maintenance: Maintenance = None,
    volume_share: VolumeShare = None,
    pictures: Pictures = True,
    out: Out = OUT,
) -> None:
    """Backtest a strategy over candles and write a report."""
    needed("numba")
    from adapters.backtest import setup

    said = {"--funding": funding, "--maintenance": maintenance, "--volume-share": volume_share}
    _check_engine(engine, semantics, volume_share)
    venue = _venue(said, semantics)
    numbers = {"starting_balance": balance, "max_warmup_minutes": warmup}
    replaced: dict[str, Json] = {"start_date": start, "end_date": end}
    replaced |= {name: _number(name, text) for name, text in numbers.items() if text}
    with _refused(config):
        strategy = setup.load(config, {name: each for name, each in replaced.items() if each != ""})
        names = tuple(filter(None, symbols.replace(" ", "").split(",")))
        strategy = setup.restricted(strategy, data, names)
        asked = setup.planned(strategy, data)
        with waiting("symbols") as told:
            found = setup.made(strategy, asked, markets, told, venue, _rates(funding, data))
    _run(found, engine, config.stem, made_folder(out), pictures=pictures)


def _check_engine(engine: str, semantics: str, volume_share: float | None) -> None:
    """Refuse an engine that there is not, and what only the candle engine does."""
    if engine not in {CANDLES, EVENTS}:
        raise CommandError(f"--engine {engine!r}: choose {CANDLES} or {EVENTS}")
    if engine == EVENTS and semantics != STRICT:
        raise CommandError(f"--semantics {semantics}: only with --engine {CANDLES}")
    if engine == EVENTS and volume_share is not None:
        raise CommandError(f"--volume-share {volume_share}: only with --engine {CANDLES}")


def _rate(text: str) -> float | None:
    """Return the rate that *text* is, None if it is no number."""
    try:
        return float(text)
    except ValueError:
        return None


def _rates(text: str, data: Path) -> Path | None:
    """Return the folder of rates that *text* names, or the one of *data*; None for no rates."""
    from adapters.backtest.funding import FOLDER

    if text:
        return Path(text) if _rate(text) is None else None
    return data / FOLDER if (data / FOLDER).is_dir() else None


def _venue(given: "Mapping[str, str | float | None]", semantics: str) -> "Venue | None":
    """Return the venue of a strict run, None for another one."""
    from math import inf

    from attrs import evolve

    from simulator.engine.strict import Venue

    said = {name: value for name, value in given.items() if value is not None and value != ""}
    if semantics not in {STRICT, PASSIVBOT}:
        raise CommandError(f"--semantics {semantics!r}: choose {STRICT} or {PASSIVBOT}")
    if semantics == PASSIVBOT:
        for name, value in said.items():
            raise CommandError(f"{name} {value}: only with --semantics {STRICT}")
        return None
    funding, share = _rate(str(said.get("--funding", 0))), float(said.get("--volume-share", 0))
    found = Venue(funding=funding or 0.0, volume_share=share)
    rate = said.get("--maintenance")
    return found if rate is None else evolve(found, tiers=((inf, float(rate)),))


def _number(name: str, text: str) -> "Json":
    """Return the number that an option is."""
    from decimal import Decimal, InvalidOperation

    try:
        return Decimal(text)
    except InvalidOperation:
        raise CommandError(f"backtest.{name} {text!r}: give a number") from None


@contextmanager
def _refused(config: Path) -> Generator[None]:
    """End with the problems of *config*, a line each."""
    from adapters.strategy.text import StrategyError

    try:
        yield
    except StrategyError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"{config}:\n{lines}") from None


def _run(found: "Backtest", engine: str, title: str, out: Path, *, pictures: bool) -> None:
    """Run *found* on *engine*, write what came of it to *out*, and sum it up."""
    from adapters.backtest.markets import dump as dump_markets
    from adapters.backtest.report import Provenance, versions, write
    from adapters.strategy.parse import dump
    from simulator.metrics.of_candles import of_candles

    strategy, data = found.strategy, found.data
    told_first = [*(f"older: {change}" for change in strategy.changes), *strategy.warnings]
    notes = (*found.notes, *_unlike(engine, found))
    for note in (*told_first, *notes):
        print(f"hedgeproof: {note}", file=sys.stderr)
    result = _traded(found, engine)
    records = of_candles(data.bars, found.settings, result, found.sample_bars)
    endings = tuple(_endings(result))
    provenance = Provenance(
        title=title,
        config=dump(strategy),
        markets=dump_markets(data.markets, found.settings.venue.own_tiers),
        engine={"engine": engine, **_engine(found.settings)},
        data=data.fingerprints,
        versions=versions(),
        notes=(*endings, *notes),
    )
    with waiting("files") as told:
        for number, count in write(records, provenance, out, pictures=pictures):
            told(number, count, "")
    if result.mirror is not None:
        from adapters.backtest import mirror_log

        mirror_log.write(result.mirror, out)
    console().print(_table(records, title))
    for ending in endings:
        print(ending)
    print(f"The report is {out / 'report.html'}")


def _traded(found: "Backtest", engine: str) -> "Result":
    """Return what came of *found* on *engine*."""
    from simulator import by_events
    from simulator.engine.run import run

    if engine == CANDLES:
        return run(found.data.bars, found.settings)
    with waiting("bars") as told:
        try:
            return by_events.run(
                found.data.bars, found.settings, progress=lambda done, bars: told(done, bars, "")
            )
        except ValueError as error:
            raise CommandError(f"--engine {EVENTS}: {error}") from error
        except AssertionError as error:
            print(f"hedgeproof: a property does not hold: {error}", file=sys.stderr)
            raise typer.Exit(FAILED) from error


def _unlike(engine: str, found: "Backtest") -> Generator[str]:
    """Yield what *engine* does not do as the other one does."""
    threshold = found.settings.liquidation_threshold
    if engine == EVENTS and threshold:
        yield (
            f"--engine {EVENTS}: backtest.liquidation_threshold {threshold:g} ends nothing; "
            "the venue liquidates where margin is missing"
        )


def _engine(settings: "Settings") -> dict[str, str | float]:
    """Return what the engine was told besides configuration and markets."""
    from adapters.backtest.funding import fingerprint

    found: dict[str, str | float] = {"semantics": settings.semantics.value}
    if settings.semantics.value == STRICT:
        venue = settings.venue
        paid = fingerprint(venue.rates) if venue.rates else venue.funding
        found |= {"funding": paid, "maintenance": venue.tiers[0][1]}
        found |= {"volume_share": venue.volume_share}
    return found


def _endings(result: "Result") -> Generator[str]:
    """Yield what ended *result* early, or a part of it, or kept a part from beginning."""
    if result.liquidated:
        yield f"liquidated in bar {result.bars:,}, with a balance of {result.balance:,.2f}"
    if result.mirror is not None and result.mirror.stopped:
        yield f"the mirrors stopped: {result.mirror.stopped}"
    elif result.mirror is not None and not result.mirror.cycles:
        yield "no mirror was missing: the base held nothing, or no more than the band allows"


def _table(records: "Records", title: str) -> "Table":
    """Return the summary of *records* for the terminal."""
    from rich.table import Table
    from rich.text import Text

    from simulator.metrics import BY_NAME, metrics
    from simulator.report.backtest.words import NONE, value, words

    found = metrics(records, SHOWN)
    shown = Table(title=Text(title), title_justify="left", box=None, show_header=False)
    shown.add_column(style="bold")
    shown.add_column(justify="right")
    for name, number in found.items():
        if (text := value(BY_NAME[name], number)) != NONE:
            shown.add_row(words(name), text)
    return shown
