"""What `transitions` drives and what people look at are the declaration, row for row."""

from enum import IntEnum
from typing import Any

import pytest

from machines.lift import draw, lift
from spec.catalogue import MACHINES
from spec.fsm import Spec, pairs
from spec.render import arrows, label

SPECS = [spec for spec, _ in MACHINES.values()]
PAIRS = [
    pytest.param(spec, state, symbol, id=f"{spec.name}-{state.name}-{symbol.name}")
    for spec in SPECS
    for state, symbol in pairs(spec)
]
MACHINE = {spec.name: lift(spec) for spec in SPECS}
TABLE = {spec.name: spec.compile() for spec in SPECS}


@pytest.mark.parametrize(("spec", "state", "symbol"), PAIRS)
def test_the_lifted_machine_moves_as_declared(
    spec: Spec[Any, Any, Any], state: IntEnum, symbol: IntEnum
) -> None:
    """Every pair of a state and a symbol leads where the compiled table says."""
    machine: Any = MACHINE[spec.name]
    machine.set_state(state)
    assert machine.model.trigger(symbol.name)
    assert machine.model.state is spec.states(TABLE[spec.name][state, symbol])


@pytest.mark.parametrize("spec", SPECS)
def test_the_lifted_machine_starts_at_the_initial_state(spec: Spec[Any, Any, Any]) -> None:
    """Watching begins where the declaration begins."""
    machine: Any = lift(spec)
    assert machine.model.state is spec.initial


@pytest.mark.parametrize("spec", SPECS)
def test_the_diagram_hides_nothing(spec: Spec[Any, Any, Any]) -> None:
    """Each arrow carries all of its rows, and each box the rows that stay."""
    dot = draw(spec)
    for (source, target), labels in arrows(spec).items():
        if source is target:
            box = next(x for x in dot.splitlines() if x.strip().startswith(f"{source.name} ["))
            assert "".join(f'{each}<br align="left"/>' for each in labels) in box
        else:
            words = "".join(f"{each}\\l" for each in labels)
            ends = f"{source.name} -> {target.name} ["
            (arrow,) = (x for x in dot.splitlines() if x.strip().startswith(ends))
            assert f'label="{words}"' in arrow or f"label={words} " in arrow
    assert sum(map(len, arrows(spec).values())) == len(spec.rows)
    assert all(label(row) in dot for row in spec.rows)


@pytest.mark.parametrize("spec", SPECS)
def test_the_diagram_marks_where_it_begins_and_ends(spec: Spec[Any, Any, Any]) -> None:
    """The initial state has the start's arrow, final states a double line, the rest a note."""
    dot = draw(spec)
    assert f"start -> {spec.initial.name}" in dot
    assert dot.count("peripheries=2") == len(spec.final)
    target = spec.otherwise[0]
    assert "otherwise [label=" in dot
    assert (f"otherwise -> {target.name}" in dot) if target is not None else "stays" in dot
