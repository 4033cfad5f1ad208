"""The numbers of a status as Prometheus text, version 0.0.4: money in the quote currency.

Each family is told once, with what it means; a text becomes a label.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ONE = Decimal(1)
TEXTS = ("venue", "state", "phase", "overlay")
ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
MONEY = {
    "balance": "Wallet balance",
    "equity": "Balance and unrealized profit at the mark prices",
    "equity_min": "Equity below which it halts",
    "exposure": "Worth of positions and opening orders",
    "exposure_max": "Exposure above which nothing is opened",
    "profit": "Realized profit since the journal began",
}
COUNTS = {
    "state_number": "State of the supervisor",
    "connected": "Whether it is connected to the venue",
    "halts": "Halts so far; the last one is resumed by this number",
    "stale": "Whether prices are old",
    "drift": "Whether the clocks differ",
    "limited": "Whether the venue refuses for the number of requests",
    "gap": "Whether the stream may have lost news",
    "open_orders": "Orders that are not final",
    "last_order": "Number of the newest order",
    "journal_rows": "Rows of the journal",
    "wallet_halted": "Whether the wallet waits for a person",
    "terms_waiting": "Whether changed terms wait for the wallet's next cycle",
    "portfolio_halted": "Whether the portfolio waits for a person",
    "warm_bars": "Bars that the averages have seen",
    "warmup_bars": "Bars that the averages need",
}
PRICES = {"last": "Last price", "mark": "Mark price"}
SIZE = "lots"
LEGS = {
    SIZE: "Size of a position, in the base currency",
    "cost": "Cost of a position, in the quote currency",
    "worth": "Worth of a position at the mark price, in the quote currency",
    "profit": "Unrealized profit of a position, in the quote currency",
}
Samples = list[tuple[dict[str, str], Decimal]]


def metrics(found: Mapping[str, Any]) -> str:
    """Return the numbers of *found*, a status.

    >>> symbols = {"S": {"tick": "0.1", "lot": "1", "last": 7, "mark": None, "legs": {}}}
    >>> some = {"venue": "v", "state": "RUNNING", "halts": 1, "money": "0.01", "symbols": symbols}
    >>> print(metrics(some), end="")
    # HELP hedgeproof_info The run and the state of its supervisor
    # TYPE hedgeproof_info gauge
    hedgeproof_info{venue="v",state="RUNNING"} 1
    # HELP hedgeproof_halts Halts so far; the last one is resumed by this number
    # TYPE hedgeproof_halts gauge
    hedgeproof_halts 1
    # HELP hedgeproof_price_last Last price
    # TYPE hedgeproof_price_last gauge
    hedgeproof_price_last{symbol="S"} 0.7
    """
    return "".join(f"{line}\n" for family in _families(found) for line in _lines(*family))


def _families(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Samples]]:
    """Yield the name of each family, what it means, and its numbers by their labels."""
    words = {name: str(found[name]) for name in TEXTS if name in found}
    yield "info", "The run and the state of its supervisor", [(words, ONE)]
    money, symbols = Decimal(found["money"]), found["symbols"].items()
    for name, text in COUNTS.items():
        yield name, text, _samples({}, found.get(name), ONE)
    for name, text in MONEY.items():
        yield name, f"{text}, in the quote currency", _samples({}, found.get(name), money)
    for name, text in PRICES.items():
        samples: Samples = []
        for symbol, each in symbols:
            samples += _samples({"symbol": symbol}, each[name], Decimal(each["tick"]))
        yield f"price_{name}", text, samples
    for name, text in LEGS.items():
        samples = []
        for symbol, each in symbols:
            unit = Decimal(each["lot"]) if name == SIZE else money
            for leg, of in each["legs"].items():
                samples += _samples({"symbol": symbol, "leg": leg}, of[name], unit)
        yield f"position_{'size' if name == SIZE else name}", text, samples


def _samples(labels: dict[str, str], value: int | None, unit: Decimal) -> Samples:
    """Return *value* units under *labels*, nothing where it is not known."""
    return [] if value is None else [(labels, value * unit)]


def _lines(name: str, text: str, samples: Samples) -> Iterator[str]:
    """Yield the lines of a family, none where it has no number."""
    if samples:
        yield f"# HELP hedgeproof_{name} {text}"
        yield f"# TYPE hedgeproof_{name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{label}="{word.translate(ESCAPED)}"' for label, word in labels.items())
        yield f"hedgeproof_{name}{f'{{{inside}}}' if inside else ''} {value:f}"
