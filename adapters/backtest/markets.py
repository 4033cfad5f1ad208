"""The terms of markets: from a file, and what it does not say from the candles themselves."""

from collections.abc import Mapping
from decimal import Decimal
from math import gcd
from pathlib import Path

import numpy as np

from adapters.candles import DataError
from adapters.strategy.coins import coin_of
from adapters.strategy.keys import Json, near
from adapters.strategy.parse import content
from adapters.strategy.text import Problem, StrategyError, page, read
from machines.pricing.numbers import Market
from simulator.candles import Candles, Ints

FILE = "markets.json"  # of a folder of candles
MIN_COST = 5.0  # quote units: what the large venues ask of most contracts
PROBE = 4_096  # bars that tell nearly always all about the steps
Terms = Mapping[str, Mapping[str, float]]


def load(path: Path) -> Terms:
    """Return what the file *path* says of each symbol or coin; docs/how-to/backtest.md shows one.

    Raises:
        StrategyError: It cannot be read, or says something that no market has.
    """
    problems = list[Problem]()
    found = {name: _terms(name, value, problems) for name, value in read(content(path)).items()}
    if problems:
        raise StrategyError(problems)
    return found


def _terms(name: str, value: Json, problems: list[Problem]) -> Mapping[str, float]:
    """Return the terms of one market, and add what cannot be used to *problems*."""
    if not isinstance(value, Mapping):
        problems.append(Problem(name, value, 'write an object such as {"price_step": 0.1}'))
        return {}
    found: dict[str, float] = {}
    for field, number in value.items():
        path = f"{name}.{field}"
        if field not in Market._fields:
            fix = f"a market has no such term; the nearest is {near(field, Market._fields)}"
            problems.append(Problem(path, number, fix))
        elif isinstance(number, bool) or not isinstance(number, int | Decimal) or number <= 0:
            problems.append(Problem(path, number, "give a number above 0"))
        else:
            found[field] = float(number)
    return found


def market(terms: Terms, symbol: str, candles: Candles) -> Market:
    """Return the market of *symbol*: its *terms*, or those of its coin, the rest from *candles*."""
    said = terms.get(symbol, terms.get(coin_of(symbol), {}))
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


def dump(markets: Mapping[str, Market]) -> str:
    """Return *markets* as a file that `load` reads."""
    return page(
        {
            symbol: {name: Decimal(str(value)) for name, value in market._asdict().items()}
            for symbol, market in markets.items()
        }
    )


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
