"""`hedgeproof data`: candle files from elsewhere, checked, resampled, downloaded and listed."""

import sys
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.terminal import FAILED, CommandError, console, orderly, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from adapters.market_data.checks import Finding, Rules
    from adapters.market_data.table import Layout, Table
    from simulator.candles import Candles

app = typer.Typer(
    name="data",
    help="Import, check, resample, download and list candle files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
OUT = Path("candles")

Out = Annotated[Path, typer.Option(help="The folder to write to.")]
Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of files.")]
Step = Annotated[str, typer.Option(help="The length of a bar, as in 1m; left out: as found.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="As in volume=Vol: what a column is called there."),
]
Order = Annotated[
    str, typer.Option(help="The columns of files without names: each of t o h l c v, - skips one.")
]
From = Annotated[str, typer.Option("--from", help="The first bar, as in 2025-05-07 10:31, UTC.")]
To = Annotated[str, typer.Option("--to", help="The moment before which the last bar opens.")]
Fill = Annotated[int, typer.Option(help="Fill gaps of so many bars with the last close, volume 0.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file that is there.")]
Dp = Annotated[int | None, typer.Option(help="Decimals; left out: as few as the rows need.")]


@app.command("import")
@orderly
def import_(  # noqa: PLR0913  # the options are the command's
    paths: Paths,
    *,
    symbol: Annotated[str, typer.Option(help="The market, and the name of the new file.")],
    venue: Annotated[str, typer.Option(help="Where the bars are from, as in binance-usdm.")],
    step: Step = "",
    price_dp: Dp = None,
    volume_dp: Dp = None,
    column: Columns = None,
    order: Order = "tohlcv",
    start: From = "",
    end: To = "",
    fill: Fill = 0,
    out: Out = OUT,
    force: Force = False,
) -> None:
    """Make one candle file of CSV, Parquet, feather or NumPy files of one market."""
    from adapters.market_data import files
    from adapters.market_data.conversion import Target, converted
    from adapters.market_data.times import moment_ms, step_ms

    target = Target(
        symbol=symbol,
        venue=venue,
        step_ms=step_ms(step) if step else None,
        price_dp=price_dp,
        volume_dp=volume_dp,
        from_ms=moment_ms(start) if start else None,
        to_ms=moment_ms(end) if end else None,
        fill=fill,
    )
    files.free(out, symbol, force=force)
    with waiting("rows") as told:
        tables = list(_tables(paths, _layout(column, order), told))
    candles, notes = converted(tables, target)
    files.keep(candles, out, force=force)
    _told(candles, out, notes)


@app.command()
@orderly
def check(  # noqa: PLR0913
    paths: Paths,
    *,
    step: Step = "",
    column: Columns = None,
    order: Order = "tohlcv",
    spike: Annotated[int, typer.Option(help="A move of so many usual moves is a spike.")] = 60,
    quiet: Annotated[int, typer.Option(help="So many bars without volume are told.")] = 10,
    limit: Annotated[int, typer.Option(help="Findings to show of each file.")] = 20,
) -> None:
    """Look for gaps, duplicates, disorder, impossible bars, bars without volume and spikes."""
    from adapters.market_data.checks import Rules
    from adapters.market_data.times import step_ms

    rules = Rules(spike_mads=spike, quiet_bars=quiet)
    layout, given, failed = _layout(column, order), step_ms(step) if step else 0, False
    with waiting("rows") as told:
        for name, parts in _markets(paths):
            table = _one(list(_tables(parts, layout, told)))
            found, length = _checked(table, given, rules)
            print(
                f"{name}: {_count(len(table), 'bar')} of {length}, {_count(len(found), 'finding')}"
            )
            _show(table, found, limit)
            failed |= bool(found)
    if failed:
        raise typer.Exit(FAILED)


@app.command()
@orderly
def resample(
    paths: Paths,
    *,
    step: Annotated[str, typer.Option(help="A multiple of the step of the files, as in 5m.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    force: Force = False,
) -> None:
    """Make longer bars of the bars of candle files."""
    from adapters.market_data import files
    from adapters.market_data.resampling import resampled
    from adapters.market_data.times import step_ms

    length = step_ms(step)
    sources = [each for path in paths for each in files.candle_files(path)]
    for path in sources:
        candles, before, after = resampled(files.candle_file(path), length)
        files.keep(candles, out, force=force)
        dropped = f"dropped {_count(before, 'bar')} before and {after} after whole bars"
        _told(candles, out, [dropped] if before or after else [])


@app.command()
@orderly
def info(paths: Paths) -> None:
    """List candle files: what is in them, and a fingerprint of it."""
    from rich.table import Table as Page

    from adapters.candles import DataError
    from adapters.market_data import files

    page = Page(box=None, header_style="bold")
    page.add_column("file", overflow="fold")
    for head in ("venue", "symbol", "step", "from", "to"):
        page.add_column(head, no_wrap=True)
    for head in ("bars", "price dp", "volume dp"):
        page.add_column(head, justify="right")
    page.add_column("fingerprint", no_wrap=True)
    refused = list[str]()
    sources = [each for path in paths for each in files.candle_files(path)]
    with waiting("files") as told:
        for number, path in enumerate(sources, 1):
            try:
                page.add_row(str(path), *_line(files.candle_file(path)))
            except DataError as error:
                refused.append(str(error))
            told(number, len(sources), "")
    if page.rows:
        console().print(page)
    for why in refused:
        print(f"hedgeproof: {why}", file=sys.stderr)
    if refused:
        raise typer.Exit(FAILED)


@app.command()
@orderly
def download(  # noqa: PLR0913
    exchange: Annotated[str, typer.Argument(help="The name that ccxt has, as in binanceusdm.")],
    symbol: Annotated[str, typer.Argument(help="The market, as in BTC/USDT:USDT or BTCUSDT.")],
    *,
    start: From,
    step: Annotated[str, typer.Option(help="The length of a bar.")] = "1m",
    end: Annotated[
        str, typer.Option("--to", help="The moment before which the last bar opens; left out: now.")
    ] = "",
    name: Annotated[str, typer.Option(help="The name of the file; left out: as in BTCUSDT.")] = "",
    fill: Fill = 0,
    out: Out = OUT,
    force: Force = False,
    url_rewrite: Annotated[
        str, typer.Option(hidden=True, help="OLD=NEW, the beginning of each address.")
    ] = "",
) -> None:
    """Download the bars of one market; the same command goes on where one was stopped."""
    from adapters.market_data import download as work
    from adapters.market_data.ccxt_source import CcxtSource
    from adapters.market_data.times import moment_ms, step_ms

    old, _, new = url_rewrite.partition("=")
    source = CcxtSource(
        exchange, symbol, step, (lambda url: url.replace(old, new)) if new else None
    )
    first_ms, length = moment_ms(start), step_ms(step)
    order = work.Order(
        symbol=name or work.patient(source.name, _patiently),
        step_ms=length,
        from_ms=first_ms,
        to_ms=moment_ms(end) if end else source.now_ms(),
        fill=fill,
        force=force,
    )
    try:
        with waiting("bars") as told:
            candles, notes = work.download(source, order, out, told, _patiently)
    except KeyboardInterrupt:
        kept = work.part_path(source, order, out)
        print(f"hedgeproof: {kept} is kept; the same command goes on from it", file=sys.stderr)
        raise
    _told(candles, out, notes)


def _patiently(seconds: float) -> None:
    """Wait, and say so."""
    print(f"hedgeproof: no answer, or too many requests; again in {seconds:.0f} s", file=sys.stderr)
    sleep(seconds)


def _layout(column: "Sequence[str] | None", order: str) -> "Layout":
    """Return where the columns are."""
    from adapters.market_data.table import Layout

    said = column or ()
    if odd := [each for each in said if not all(each.partition("="))]:
        raise CommandError(f"--column {odd[0]!r}: write OURS=THEIRS, as in volume=Vol")
    return Layout(order, dict(each.split("=", 1) for each in said))


def _tables(
    paths: "Sequence[Path]", layout: "Layout", told: "Callable[[int, int, str], None]"
) -> "Iterator[Table]":
    """Yield what each file of *paths* holds."""
    from adapters.market_data.readers import files, read

    done = 0
    for path in [found for given in paths for found in files(given)]:
        table = read(path, layout, lambda rows: told(done + rows, 0, ""))  # noqa: B023
        done += len(table)
        yield table


def _markets(paths: "Sequence[Path]") -> "Iterator[tuple[str, list[Path]]]":
    """Yield the files of each market: NumPy files of one folder are its days, others one each."""
    from adapters.market_data.readers import files

    for path in paths:
        found = files(path)
        days = [each for each in found if each.suffix == ".npy"]
        if path.is_dir() and days:
            yield str(path), days
            found = [each for each in found if each not in days]
        yield from ((str(each), [each]) for each in found)


def _one(tables: "list[Table]") -> "Table":
    """Return *tables* as one."""
    from adapters.market_data.table import joined

    return tables[0] if len(tables) == 1 else joined(tables)


def _checked(table: "Table", given_ms: int, rules: "Rules") -> "tuple[list[Finding], str]":
    """Return what is wrong with *table*, and the step that it was held against."""
    from adapters.market_data import checks
    from adapters.market_data.times import step_text

    length = given_ms or checks.step_of(table.times)
    found = checks.findings(checks.bars_of(table), length, rules)
    return found, step_text(length) if length else "no step"


def _show(table: "Table", found: "Sequence[Finding]", limit: int) -> None:
    """Print the first *limit* of what was found, and how many there are of each kind."""
    from collections import Counter

    for each in found[:limit]:
        where = table.place(each.row).removeprefix(f"{table.path}: ")
        print(f"  {each.kind}: {where}: {each.what}")
    if len(found) > limit:
        counts = Counter(each.kind for each in found)
        print(f"  in all {', '.join(f'{kind} {count:,}' for kind, count in counts.items())}")


def _told(candles: "Candles", out: Path, notes: "Sequence[str]") -> None:
    """Print what was written."""
    from adapters.market_data.files import SUFFIX

    for note in notes:
        print(note)
    venue, _, step, first, last, _, *rest = _line(candles)
    bars = f"{_count(len(candles), 'bar')} of {step}"
    dp = f"decimals {rest[0]} and {rest[1]}, fingerprint {rest[2]}"
    where = out / f"{candles.symbol}{SUFFIX}"
    print(f"{where}: {venue}, {bars}, {first} to {last}, {dp}")


def _line(candles: "Candles") -> tuple[str, ...]:
    """Return venue, symbol, step, from, to, bars, decimals and fingerprint of *candles*."""
    from adapters.market_data.files import fingerprint
    from adapters.market_data.times import step_text
    from simulator.candles import utc

    return (
        candles.venue,
        candles.symbol,
        step_text(candles.step_ms),
        utc(candles.start_ms).removesuffix(" UTC"),
        utc(candles.end_ms).removesuffix(" UTC"),
        f"{len(candles):,}",
        str(candles.price_dp),
        str(candles.volume_dp),
        fingerprint(candles),
    )


def _count(number: int, what: str) -> str:
    """Return *number* and *what* in the number it is in."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
