"""Pages and diagrams say all of a declaration, and nothing else."""

from enum import IntEnum
from typing import Any

import pytest

from spec.catalogue import MACHINES
from spec.fsm import Spec, at, on
from spec.properties import Kind, Property, declare
from spec.render import arrows, markdown, mermaid, rest


class Light(IntEnum):
    OFF = 0
    ON = 1
    BROKEN = 2


class Press(IntEnum):
    SHORT = 0
    LONG = 1
    HAMMER = 2


class Do(IntEnum):
    CLICK = 0
    BUZZ = 1


LAMP = Spec(
    name="lamp",
    title="A lamp",
    states=Light,
    symbols=Press,
    actions=Do,
    initial=Light.OFF,
    final=frozenset({Light.BROKEN}),
    otherwise=(None, (Do.BUZZ,)),
    rows=(
        *at(Light.OFF, on(Press.SHORT, Light.ON, Do.CLICK, why="light"), on(Press.LONG, Light.ON)),
        *at(Light.ON, on(Press.HAMMER, Light.BROKEN)),
    ),
)
CLAIMS = declare(Property("LMP-1", Kind.ALWAYS, "A broken lamp stays broken."))

PAGE = """\
# A lamp

Printed from `spec/lamp.py` by `make docs`: change that, not this page.

![A lamp](lamp.svg)

## States

| state | initial | final |
| --- | --- | --- |
| `OFF` | yes | |
| `ON` | | |
| `BROKEN` | | yes |

## Rows

| state | on | go to | do | why |
| --- | --- | --- | --- | --- |
| `OFF` | `SHORT` | `ON` | `CLICK` | light |
| `OFF` | `LONG` | `ON` | | |
| `ON` | `HAMMER` | `BROKEN` | | |
| any | anything else | stays | `BUZZ` | |

## Properties

| id | kind | text |
| --- | --- | --- |
| LMP-1 | always | A broken lamp stays broken. |
"""

DIAGRAM = """\
stateDiagram-v2
    direction LR
    [*] --> OFF
    OFF --> ON : SHORT / CLICK<br>LONG
    ON --> BROKEN : HAMMER
    BROKEN --> [*]
    note left of OFF : in any state anything else stays / BUZZ
"""


def test_a_page_says_all_of_a_declaration() -> None:
    """States, rows with their reasons, what otherwise happens, and the properties."""
    assert markdown(LAMP, CLAIMS) == PAGE


def test_a_diagram_has_one_arrow_for_two_states() -> None:
    """Rows between the same two states share an arrow, a line each."""
    assert mermaid(LAMP) == DIAGRAM


def test_the_rest_names_where_it_leads() -> None:
    """Without a row a symbol stays, or goes where the declaration sends it."""
    assert rest(LAMP) == "anything else stays / BUZZ"
    order, _ = MACHINES["order"]
    assert rest(order) == "anything else goes to UNKNOWN / RECONCILE"


@pytest.mark.parametrize("spec", [spec for spec, _ in MACHINES.values()])
def test_no_row_is_left_out(spec: Spec[Any, Any, Any]) -> None:
    """Every row is a line of the table and a line of an arrow."""
    lines = [line for line in markdown(spec, {}).splitlines() if line.startswith("| `")]
    assert len(lines) == len(spec.rows) + len(spec.compile())
    assert sum(map(len, arrows(spec).values())) == len(spec.rows)


def test_machines_are_known_by_their_names() -> None:
    """The catalogue has each machine under the name that it declares, with its properties."""
    strategies = ["collision", "mirror", "mirroring", "trailing", "unstuck", "slots"]
    assert list(MACHINES) == ["order", "position", "hedge_wallet", *strategies, "supervisor"]
    assert all(spec.name == name and properties for name, (spec, properties) in MACHINES.items())
