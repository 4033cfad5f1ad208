"""The table of every machine, read twice: as compiled, and row by row from the top.

`prove.py` asks CrossHair for a state and a symbol for which the two functions of a machine differ.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from spec.catalogue import MACHINES
from spec.fsm import Spec

Control = tuple[IntEnum, tuple[IntEnum, ...]]  # the next state, and the actions
Reading = Callable[[IntEnum, IntEnum], Control]


def read(spec: Spec[Any, Any, Any], state: IntEnum, symbol: IntEnum) -> Control:
    """Return what the first row that fits says; what *spec* says otherwise if none does."""
    for row in spec.rows:
        if row.symbol == symbol and row.source == state:
            return row.target, row.emits
    target, emits = spec.otherwise
    return state if target is None else target, emits


def readings(spec: Spec[Any, Any, Any]) -> tuple[Reading, Reading]:
    """Return both readings of *spec*, as functions of its own states and symbols."""

    def rows(state: IntEnum, symbol: IntEnum) -> Control:
        return read(spec, state, symbol)

    def step(state: IntEnum, symbol: IntEnum) -> Control:
        return spec.take(state, symbol)

    for reading in (rows, step):
        reading.__annotations__ |= {"state": spec.states, "symbol": spec.symbols}
    return rows, step


for _name, (_spec, _) in MACHINES.items():
    globals()[f"{_name}_rows"], globals()[f"{_name}_step"] = readings(_spec)
