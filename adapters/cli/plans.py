"""What a configuration file wants traded: a hedge wallet, or a strategy of many coins."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.cli.terminal import CommandError, needed

if TYPE_CHECKING:
    from adapters.live.prepare import Plan, WalletPlan
    from adapters.live.prepare_strategy import StrategyPlan

SYMBOL = "BTCUSDT"
SECTIONS = ("bot", "live")  # of a strategy; a wallet has none
QUOTES = {"hyperliquid": "USDC"}  # other venues settle in USDT


def chosen(config: Path | None, symbol: str | None, venue: str) -> "Plan":
    """Return what *config* wants traded on *venue*, a wallet on *symbol* where one is given."""
    from adapters.strategy.parse import read_file
    from adapters.strategy.text import Object, StrategyError

    try:
        given: Object = {} if config is None else read_file(config)
    except StrategyError:
        given = {}  # a wallet's reader says what is wrong
    if config is None or not any(name in given for name in SECTIONS):
        return _wallet(config, symbol)
    if symbol is not None:
        raise CommandError(f"symbol {symbol}: {config} names its coins; leave it")
    return _strategy(config, QUOTES.get(venue, "USDT"))


def _wallet(config: Path | None, symbol: str | None) -> "WalletPlan":
    """Return the hedge wallet of *config*."""
    from adapters import config as configs
    from adapters.live.prepare import WalletPlan

    found = configs.default() if config is None else configs.load(config)
    if symbol is not None or config is None:
        found = configs.replaced(found, {"symbol": SYMBOL if symbol is None else symbol})
    _say(configs.warnings(found))
    return WalletPlan(found)


def _strategy(config: Path, quote: str) -> "StrategyPlan":
    """Return the portfolio of *config*."""
    needed("numba")
    from adapters.live.prepare_strategy import StrategyPlan
    from adapters.strategy import portfolio
    from adapters.strategy.parse import load
    from adapters.strategy.text import StrategyError

    try:
        found = load(config)
        coins = portfolio.coins(found)
    except StrategyError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"{config}:\n{lines}") from None
    idle = portfolio.unheeded(found)
    without = (f"without effect at a venue: {', '.join(idle)}",) if idle else ()
    _say((*(f"older: {change}" for change in found.changes), *found.warnings, *without))
    return StrategyPlan(found, coins, quote)


def _say(notes: tuple[str, ...]) -> None:
    for note in notes:
        print(f"hedgeproof: {note}", file=sys.stderr)
