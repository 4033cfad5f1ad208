"""Steps of the machines with many kinds of event, read twice as in `diff_steps`, one kind a pair.

One pair for all of them has too many paths to see them all.  So have the kinds that are left out.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args

from machines import order, supervisor, unstuck
from spec.fsm import Spec
from spec.order import ORDER
from spec.supervisor import SUPERVISOR
from spec.unstuck import UNSTUCK
from tests.laws.diff_tables import Control, Reading, read

MACHINES = (
    (order, ORDER, order.Order),
    (supervisor, SUPERVISOR, supervisor.Supervisor),
    (unstuck, UNSTUCK, unstuck.Unstuck),
)
LEFT_OUT = {order.Reconciled, supervisor.Answered, unstuck.Surveyed}


def readings(
    machine: ModuleType, spec: Spec[Any, Any, Any], held: type, told: type
) -> tuple[Reading, Reading]:
    """Return both readings of *machine*, as functions of what it *held* and what it is *told*."""

    def rows(before: Any, event: Any) -> Control:  # noqa: ANN401
        return read(spec, before.state, machine.classify(before, event))

    def step(before: Any, event: Any) -> Control:  # noqa: ANN401
        after, emits = machine.step(before, event)
        return after.state, emits

    for reading in (rows, step):
        reading.__annotations__ |= {"before": held, "event": told}
    return rows, step


def named() -> Iterator[tuple[str, tuple[Reading, Reading]]]:
    """Yield the name of each pair, and its readings."""
    for machine, spec, held in MACHINES:
        for told in get_args(machine.Event):
            if told not in LEFT_OUT:
                yield f"{spec.name}_{told.__name__}", readings(machine, spec, held, told)


for _name, _pair in named():
    globals()[f"{_name}_rows"], globals()[f"{_name}_step"] = _pair
