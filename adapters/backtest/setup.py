"""From a configuration and a folder of candles to a backtest that can be run."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from attrs import evolve, field, frozen

from adapters import candles
from adapters.backtest import funding
from adapters.backtest.data import Data, Plan, Told, Window, plan, read
from adapters.backtest.markets import of_folder, said_of
from adapters.candles import DataError
from adapters.market_data.times import moment_ms
from adapters.strategy import settings as strategies
from adapters.strategy import terms
from adapters.strategy.coins import coin_of, within
from adapters.strategy.keys import SIDES, Json
from adapters.strategy.migrate import migrate
from adapters.strategy.parse import Strategy, parse, read_file
from adapters.strategy.text import Problem, StrategyError
from simulator.candles import utc
from simulator.engine.run import Semantics, Settings
from simulator.engine.strict import Rates, Venue

APPROVED = "live.approved_coins"
NOW_MS = 10**14  # later than any bar
REST = {4: "-01-01", 7: "-01"}  # of a date that is only a year, or a year and a month


@frozen(kw_only=True)
class Backtest:
    """All that a run needs; *notes* are what a person should know before believing it."""

    strategy: Strategy = field(repr=False)
    data: Data
    settings: Settings = field(repr=False)
    sample_bars: int  # one sample of the account in so many bars
    notes: tuple[str, ...]


def load(path: Path, replaced: Mapping[str, Json]) -> Strategy:
    """Read the configuration *path*; keys of `backtest` that are *replaced* have other values.

    Raises:
        StrategyError: It cannot be read, or has problems.
    """
    found = migrate(read_file(path))
    given = found.document.get("backtest", {})
    if replaced and isinstance(given, Mapping):
        document = {**found.document, "backtest": {**given, **replaced}}
        return evolve(parse(document, path.parent), changes=found.changes)
    return evolve(parse(found.document, path.parent), changes=found.changes)


def restricted(strategy: Strategy, folder: Path, names: Sequence[str]) -> Strategy:
    """Return *strategy* for those of its approved coins that are among *names*; none: for all.

    Raises:
        StrategyError: A name, or an approved coin, has no candle file in *folder*, or a name is not
            approved.
        DataError: There is no such folder.
    """
    known = candles.symbols(folder)
    if not names:
        _known(strategy, folder, known)
        return strategy
    problems = [
        _missing("--symbols", name, folder, known) for name in names if not _of(name, known)
    ]
    if problems:
        raise StrategyError(problems)
    approved = {
        side: within(tuple(names), side, terms.approved(strategy, side, known)) for side in SIDES
    }
    left = evolve(strategy, values=MappingProxyType({**strategy.values, APPROVED: approved}))
    for name in names:
        if not _of(name, strategies.traded(left, known)):
            fix = f"it is not approved; add it to {APPROVED}, or leave it out here"
            problems.append(Problem("--symbols", name, fix))
    if problems:
        raise StrategyError(problems)
    return left


def _known(strategy: Strategy, folder: Path, known: Sequence[str]) -> None:
    """Check that each coin that is approved by name has a candle file."""
    listed = strategy.values[APPROVED]
    names: dict[str, None] = {}
    for side in SIDES:
        value = listed.get(side, ()) if isinstance(listed, Mapping) else listed
        if isinstance(value, Sequence) and not isinstance(value, str):
            names |= dict.fromkeys(map(str, value))
    missing = [name for name in names if not _of(name, known)]
    if missing:
        raise StrategyError(_missing(APPROVED, name, folder, known) for name in missing)


def _of(name: str, symbols: Sequence[str]) -> bool:
    """Return whether *name* is one of *symbols* or the coin of one."""
    return any(name in {symbol, coin_of(symbol)} for symbol in symbols)


def _missing(path: str, name: str, folder: Path, known: Sequence[str]) -> Problem:
    """Return the problem that *name* has no candle file."""
    near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
    others = f"the nearest of {len(known)}: {', '.join(near)}; " if known else ""
    return Problem(path, name, f"no candle file in {folder}; {others}leave it out, or add the file")


def planned(strategy: Strategy, folder: Path) -> Plan:
    """Return which bars in *folder* a run of *strategy* needs.

    Raises:
        DataError: A file cannot be used, or no bar is left to trade.
    """
    symbols = strategies.traded(strategy, candles.symbols(folder))
    if not symbols:
        raise DataError(f"{folder}: no candle file of a coin that {APPROVED} has")
    minutes, _ = strategies.warmup(strategy)
    window = Window(
        from_ms=_date_ms(strategy.text("backtest.start_date")),
        to_ms=_date_ms(strategy.text("backtest.end_date")),
        warmup_ms=minutes * strategies.MINUTE_MS,
    )
    return plan(folder, symbols, window)


def _date_ms(text: str) -> int:
    """Return the Unix ms of a date of the configuration."""
    return NOW_MS if text == "now" else moment_ms(text + REST.get(len(text), ""))


def made(  # noqa: PLR0913, PLR0917  # what a person says of a run
    strategy: Strategy,
    asked: Plan,
    markets: Path | None,
    told: Told,
    venue: Venue | None = None,
    rates: Path | None = None,
) -> Backtest:
    """Read the bars that were *asked* for, and return the backtest of *strategy* over them.

    With a *venue* it is a strict one; *rates* is a folder of rates of funding.

    Raises:
        DataError: A file cannot be used, or one of *rates* is missing.
        StrategyError: The file of *markets* has problems, or the engine cannot do what is asked.
    """
    if problems := tuple(strategies.refused(strategy, asked.step_ms)):
        raise StrategyError(problems)
    said = of_folder(asked.folder, markets)
    data = read(asked, said, told, opens=venue is not None)
    settings = strategies.settings(strategy, data.markets, asked.step_ms, asked.warmup_bars)
    notes = _notes(strategy, asked, tuple(said))
    if venue is not None:
        symbols = tuple(asked.spans)
        tiers = {symbol: each for symbol in symbols if (each := said_of(said, symbol).tiers)}
        paid: Mapping[str, Rates] = {} if rates is None else funding.read(rates, symbols)
        notes += tuple(funding.notes(paid, asked.from_ms, asked.to_ms))
        venue = evolve(venue, rates=paid, own_tiers=tiers)
        settings = evolve(settings, semantics=Semantics.STRICT, venue=venue)
    minutes = int(strategy.number("backtest.balance_sample_divider"))
    return Backtest(
        strategy=strategy,
        data=data,
        settings=settings,
        sample_bars=max(1, minutes * strategies.MINUTE_MS // asked.step_ms),
        notes=notes,
    )


def _notes(strategy: Strategy, asked: Plan, said: Sequence[str]) -> tuple[str, ...]:
    """Return what a person should know before believing the run."""
    guessed = [
        symbol for symbol in asked.spans if symbol not in said and coin_of(symbol) not in said
    ]
    notes = [*strategies.unheeded(strategy, tuple(asked.spans)), *asked.notes]
    if guessed:
        notes.append(f"terms not given, so taken from the candles: {', '.join(guessed)}")
    _, why = strategies.warmup(strategy)
    first = f"trading from {utc(asked.from_ms)} to {utc(asked.to_ms)}"
    return (f"{first}; averages warm up for {asked.warmup_bars:,} bars ({why})", *notes)
