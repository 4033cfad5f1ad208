"""What is read alike of every venue's market: bars and prices."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.venue.contracts import Contract
from adapters.venue.port import Bar


def bar(contract: Contract, columns: Iterable[Any]) -> Bar:
    """Read a bar: its time, open, high, low, close and volume."""
    open_ms, *prices, volume = columns
    opened, high, low, close = map(contract.ticks, prices)
    lots = contract.near_lots(volume)
    return Bar(contract.index, int(open_ms), opened, high, low, close, lots)


def prices(contract: Contract, row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, int]:
    """Return those prices that *row* tells; *names* are ours by the venue's."""
    return {ours: contract.near(row[theirs]) for theirs, ours in names.items() if row.get(theirs)}
