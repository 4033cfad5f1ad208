"""The kinds of orders that base strategy and mirror overlay place, by names that users know."""

from enum import IntEnum


class Kind(IntEnum):
    """What an order is for; the side is not part of it."""

    EMPTY = 0
    ENTRY_INITIAL_NORMAL = 1
    ENTRY_INITIAL_PARTIAL = 2
    ENTRY_TRAILING_NORMAL = 3
    ENTRY_TRAILING_CROPPED = 4
    ENTRY_GRID_NORMAL = 5
    ENTRY_GRID_CROPPED = 6
    ENTRY_GRID_INFLATED = 7
    CLOSE_GRID = 8
    CLOSE_TRAILING = 9
    CLOSE_UNSTUCK = 10
    CLOSE_AUTO_REDUCE_WEL = 11
    CLOSE_AUTO_REDUCE_TWEL = 12
    CLOSE_PANIC = 13
    MIRROR_OPEN = 14
    MIRROR_ADD = 15
    MIRROR_REDUCE = 16  # to the target
    MIRROR_CLOSE = 17  # whole
    MIRROR_UNWIND = 18  # nothing is to be hedged any more
    MIRROR_COLLISION = 19  # the base wants the symbol


def word(kind: int, side: int) -> str:
    """Return the name of *kind* on *side* (+1 long, -1 short).

    >>> word(Kind.CLOSE_GRID, -1)
    'close_grid_short'
    """
    if kind == Kind.EMPTY:
        return "empty"
    return f"{Kind(kind).name.lower()}_{'long' if side > 0 else 'short'}"
