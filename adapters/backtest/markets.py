"""The terms of markets: from a file, and what it does not say from the candles themselves."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import gcd, inf
from pathlib import Path
from typing import NamedTuple, TypeGuard

import numpy as np

from adapters.candles import DataError
from adapters.strategy.coins import coin_of
from adapters.strategy.keys import Json, near
from adapters.strategy.parse import read_file
from adapters.strategy.text import Problem, StrategyError, page
from machines.pricing.numbers import Market
from simulator.candles import Candles, Ints
from simulator.engine.strict import Tiers

FILE = "markets.json"  # of a folder of candles
MIN_COST = 5.0  # quote units: what the large venues ask of most contracts
PROBE = 4_096  # bars that tell nearly always all about the steps
TIERS = "tiers"


class Said(NamedTuple):
    """What a file says of a market: *numbers* by the names of `Market`, and *tiers* of margin."""

    numbers: Mapping[str, float] = {}
    tiers: Tiers = ()


Terms = Mapping[str, Said]


def load(path: Path) -> Terms:
    """Return what the file *path* says of each symbol or coin; docs/how-to/backtest.md shows one.

    Raises:
        StrategyError: It cannot be read, or says something that no market has.
    """
    problems = list[Problem]()
    found = {name: _terms(name, value, problems) for name, value in read_file(path).items()}
    if problems:
        raise StrategyError(problems)
    return found


def _terms(name: str, value: Json, problems: list[Problem]) -> Said:
    """Return the terms of one market, and add what cannot be used to *problems*."""
    if not isinstance(value, Mapping):
        problems.append(Problem(name, value, 'write an object such as {"price_step": 0.1}'))
        return Said()
    found: dict[str, float] = {}
    tiers: Tiers = ()
    for field, number in value.items():
        path = f"{name}.{field}"
        if field == TIERS:
            if not (tiers := _tiers(number)):
                fix = "write [[50000, 0.004], [null, 0.01]], both rising, null at the end"
                problems.append(Problem(path, number, fix))
        elif field not in Market._fields:
            fix = f"a market has no such term; the nearest is {near(field, Market._fields)}"
            problems.append(Problem(path, number, fix))
        elif not _positive(number):
            problems.append(Problem(path, number, "give a number above 0"))
        else:
            found[field] = float(number)
    return Said(found, tiers)


def _positive(value: Json) -> TypeGuard[int | Decimal]:
    """Return whether *value* is a number above 0."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value > 0


def _tiers(value: Json) -> Tiers:
    """Return *value* as tiers of margin, none if it is not: each is a worth, null at the end."""
    found: list[tuple[float, float]] = []
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    for row in rows:
        worth, rate = row if isinstance(row, Sequence) and len(row) == 2 else (0, 0)  # noqa: PLR2004
        if not (_positive(rate) and rate < 1 and (worth is None or _positive(worth))):
            return ()
        found.append((inf if worth is None else float(worth), float(rate)))
    rise = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(found))
    return tuple(found) if found and rise and found[-1][0] == inf else ()


def said_of(terms: Terms, symbol: str) -> Said:
    """Return what *terms* say of *symbol*, or of its coin."""
    return terms.get(symbol, terms.get(coin_of(symbol), Said()))


def market(terms: Terms, symbol: str, candles: Candles) -> Market:
    """Return the market of *symbol*: its *terms*, or those of its coin, the rest from *candles*."""
    said = said_of(terms, symbol).numbers
    qty_step = said.get("qty_step") or lot(candles)
    found = {
        "qty_step": qty_step,
        "price_step": said.get("price_step") or tick(candles),
        "min_qty": said.get("min_qty", qty_step),
        "min_cost": said.get("min_cost", MIN_COST),
        "c_mult": said.get("c_mult", 1.0),
    }
    return Market(**found)


def tick(candles: Candles) -> float:
    """Return the largest step that all prices of *candles* are multiples of, quote units."""
    step = common(candles.open, candles.high, candles.low, candles.close)
    return float(Decimal(step).scaleb(-candles.price_dp))


def lot(candles: Candles) -> float:
    """Return the largest step that all volumes of *candles* are multiples of, base units."""
    return float(Decimal(common(candles.volume)).scaleb(-candles.volume_dp))


def common(*columns: Ints) -> int:
    """Return the greatest common divisor of all values, 1 if all are 0.

    >>> common(np.array([30, 45]), np.array([5, 0])), common(np.array([0]))
    (5, 1)
    """
    found = 0
    for column in columns:
        found = gcd(found, int(np.gcd.reduce(column[:PROBE])))
        if found != 1:
            rest = column % found if found else column
            found = gcd(found, int(np.gcd.reduce(rest[rest > 0])))
    return found or 1


def dump(markets: Mapping[str, Market], tiers: Mapping[str, Tiers]) -> str:
    """Return *markets*, with the *tiers* of those that have some, as a file that `load` reads."""
    found: dict[str, dict[str, Json]] = {}
    for symbol, market in markets.items():
        found[symbol] = {name: Decimal(str(value)) for name, value in market._asdict().items()}
        if symbol in tiers:
            found[symbol][TIERS] = [
                [None if worth == inf else Decimal(str(worth)), Decimal(str(rate))]
                for worth, rate in tiers[symbol]
            ]
    return page(found)


def of_folder(folder: Path, given: Path | None) -> Terms:
    """Return the terms in the file *given*, or in that of *folder*, or none.

    Raises:
        DataError: There is no file *given*.
        StrategyError: A file cannot be read, or says something that no market has.
    """
    if given is not None and not given.is_file():
        raise DataError(f"{given}: no such file; give one as in docs/how-to/backtest.md")
    path = given or folder / FILE
    return load(path) if path.is_file() else {}
