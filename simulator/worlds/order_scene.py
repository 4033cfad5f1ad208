"""The scenes of the order's world: what we believe, what is true, and what is under way."""

from enum import IntEnum
from typing import NamedTuple

from machines.order import Event, Found, Order
from spec.order import State


class Life(IntEnum):
    """What the venue knows of an order."""

    NONE = 0
    OPEN = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5


CLOSED = frozenset({Life.FILLED, Life.CANCELED, Life.EXPIRED, Life.REJECTED})
SAME = {
    Life.FILLED: State.FILLED,
    Life.CANCELED: State.CANCELED,
    Life.EXPIRED: State.EXPIRED,
    Life.REJECTED: State.REJECTED,
}
FOUND = {
    Life.NONE: Found.ABSENT,
    Life.OPEN: Found.OPEN,
    Life.FILLED: Found.FILLED,
    Life.CANCELED: Found.CANCELED,
    Life.EXPIRED: Found.EXPIRED,
    Life.REJECTED: Found.REJECTED,
}


class Held(NamedTuple):
    """An order as it is at the venue; *doubled* if a second one was taken under its id."""

    life: Life = Life.NONE
    qty: int = 0
    cum_qty: int = 0
    triggered: bool = False
    doubled: bool = False


class Request(NamedTuple):
    """A command under way to the venue."""

    what: str  # new, cancel, replace, query
    which: int  # of our orders
    number: int = 0  # of the replace or query
    qty: int = 0


class Budget(NamedTuple):
    """How often the surroundings may still misbehave."""

    losses: int = 0
    doubles: int = 0
    crashes: int = 0
    replaces: int = 0
    orders: int = 0


class Scene(NamedTuple):
    """*order* is what we believe of our latest order, *held* what is true of each."""

    order: Order
    held: tuple[Held, ...]
    requests: tuple[Request, ...]
    reports: tuple[tuple[int, Event], ...]
    budget: Budget
    was: State  # our state before the latest event
    crashed: bool = False
