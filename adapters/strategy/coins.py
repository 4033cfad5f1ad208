"""Lists of coins: names, "all", or a file that has them; for both sides or for each."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.strategy.keys import SIDES, Json
from adapters.strategy.text import Object, Problem, StrategyError

ALL = "all"
QUOTES = ("USDT", "USDC", "USD")
SUFFIXES = (".json", ".txt")
PATHS = ("approved_coins", "ignored_coins")
BETWEEN = re.compile(r"[\s,]+")
FIX = 'give names such as ["BTC", "ETH"], or "all", or one of these for each of long and short'


def coin_of(symbol: str) -> str:
    """Return the coin of *symbol*.

    >>> coin_of("BTC/USDT:USDT"), coin_of("ETHUSDC"), coin_of("SOL")
    ('BTC', 'ETH', 'SOL')
    """
    base = symbol.partition("/")[0]
    for quote in QUOTES:
        if base.endswith(quote) and base != quote:
            return base.removesuffix(quote)
    return base


def is_file(value: Json) -> bool:
    """Return whether *value* names a file."""
    return isinstance(value, str) and ("/" in value or value.endswith(SUFFIXES))


def settled(value: Json) -> Json:
    """Return a list of coins as names, "all", or one of these for each side; None if it is none.

    >>> settled("BTC, ETH"), settled({"long": ["BTC"]}), settled(["BTC", 5])
    (('BTC', 'ETH'), {'long': ('BTC',), 'short': ()}, None)
    """
    if isinstance(value, Mapping):
        each = {side: _one(value.get(side, ())) for side in SIDES}
        fine = all(name in SIDES for name in value) and None not in each.values()
        return each if fine else None
    return _one(value)


def _one(value: Json) -> Json:
    """Return what one side has as names or "all", None if it is neither."""
    if isinstance(value, str):
        if is_file(value) or not value.isprintable():
            return None
        return ALL if value == ALL else _names(value)
    if not isinstance(value, Sequence):
        return None
    if list(value) == [ALL]:
        return ALL
    fine = all(isinstance(name, str) and name and name.isprintable() for name in value)
    return tuple(value) if fine else None


def _names(text: str) -> tuple[str, ...]:
    """Return the names in *text*, between commas or white space."""
    return tuple(filter(None, BETWEEN.split(text)))


def within(value: Json, side: str, symbols: Sequence[str]) -> tuple[str, ...]:
    """Return which of *symbols* the settled list *value* has on *side*, in their order."""
    names = value.get(side, ()) if isinstance(value, Mapping) else value
    if names == ALL:
        return tuple(symbols)
    listed = tuple(names) if isinstance(names, Sequence) else ()
    return tuple(each for each in symbols if each in listed or coin_of(each) in listed)


def opened(document: Object, folder: Path) -> Object:
    """Return *document* with the coins of the files that it names, in *folder* or from here.

    Raises:
        StrategyError: A file cannot be read, or has no list of names.
    """
    live = document.get("live")
    if not isinstance(live, Mapping):
        return document
    lists = {name: _read(f"live.{name}", live[name], folder) for name in PATHS if name in live}
    return {**document, "live": {**live, **lists}}


def _read(path: str, value: Json, folder: Path) -> Json:
    """Return *value* with the list of each file that it names."""
    if isinstance(value, Mapping):
        return {side: _read(f"{path}.{side}", each, folder) for side, each in value.items()}
    if isinstance(value, Sequence) and len(value) == 1 and is_file(value[0]):
        value = value[0]
    if not isinstance(value, str) or not is_file(value):
        return value
    near = folder / value
    try:
        text = (near if near.exists() else Path(value)).read_text(encoding="utf-8")
        found: Json = json.loads(text) if value.endswith(".json") else _names(text)
    except (OSError, ValueError, RecursionError) as error:
        fix = f"it cannot be read, {type(error).__name__}; give a file with a list of names"
        raise StrategyError([Problem(path, value, fix)]) from error
    if settled(found) is None:
        raise StrategyError([Problem(path, value, 'write a list such as ["BTC", "ETH"] in it')])
    return found
