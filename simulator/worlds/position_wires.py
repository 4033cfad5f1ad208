"""The small worlds of a position pair; its fills come in any order already."""

from collections.abc import Iterator

from simulator.matrix import Assumption
from simulator.worlds.position import PositionWorld, TwinsWorld
from spec.terms import PositionMode

ONCE = "a pair is told of each lot once: the order before it sees to that (ORD-1)"
SILENT = "a pair sends nothing"


def assumptions() -> Iterator[tuple[Assumption, PositionWorld | TwinsWorld | str]]:
    """Yield the pairs, as far as assumptions on a network concern them."""
    worlds = (
        PositionWorld("position, one-way"),
        PositionWorld("position, hedge", mode=PositionMode.HEDGE, qty=2),
        TwinsWorld("position, twins"),
    )
    for assumption in Assumption:
        if assumption in {Assumption.FIFO, Assumption.UNORDERED}:
            yield from ((assumption, world) for world in worlds)
        else:
            yield assumption, SILENT if assumption is Assumption.OVERTAKING else ONCE
