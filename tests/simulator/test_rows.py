"""Rows led astray: each one is noticed, or there is a reason why it cannot be."""

from simulator.rows import SAME, UNDER, Redirected, redirect
from spec.catalogue import MACHINES
from spec.order import ORDER
from spec.position import POSITION


def test_every_machine_can_be_led_astray() -> None:
    """A machine without worlds would go unchecked."""
    assert set(UNDER) == set(MACHINES)


def test_every_row_of_the_position_is_noticed() -> None:
    """Each row leads to another state than it should, and a property fails."""
    done = list(redirect(POSITION, UNDER["position"]))
    assert [each.row for each in done] == list(POSITION.rows)
    assert all(each.target is not each.row.target for each in done)
    assert all(each.found.startswith("position-") for each in done)


def test_a_row_that_nobody_minds_is_not_sound() -> None:
    """Where nothing is explored nothing is found; a reason is needed."""

    def nowhere(_spec: object) -> tuple[()]:
        return ()

    done = list(redirect(ORDER, nowhere))
    assert {each.found for each in done} == {""}
    excused = [(each.row.source, each.row.symbol) for each in done if each.sound]
    assert set(excused) == set(SAME)


def test_what_is_found_is_sound() -> None:
    """A property that fails is all that is asked for."""
    row = ORDER.rows[0]
    assert Redirected(row, row.source, "order-plain ORD-1").sound
    assert not Redirected(row, row.source, "").sound
