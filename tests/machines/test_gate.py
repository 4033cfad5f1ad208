"""The gate: what may leave, and when the stream is whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.gate import hears, opens_exposure, passes, present
from machines.messages import Cancel, Place, Query, QueryAccount, Wanted
from machines.supervisor import Degraded, Supervisor, step, well_formed
from spec.supervisor import Cause, State, StopPolicy
from spec.terms import PositionSide, Side
from tests.laws import laws_port
from tests.machines.strategies import TRIED

BUY = Wanted(key=0, kind=0, side=Side.BUY, qty=1)


@pytest.mark.parametrize(
    ("side", "leg", "reduces", "opens"),
    [
        (Side.BUY, PositionSide.NONE, False, True),
        (Side.BUY, PositionSide.NONE, True, False),
        (Side.BUY, PositionSide.LONG, False, True),
        (Side.SELL, PositionSide.LONG, False, False),
        (Side.SELL, PositionSide.SHORT, False, True),
        (Side.BUY, PositionSide.SHORT, False, False),
        (Side.SELL, PositionSide.SHORT, True, False),
    ],
)
def test_what_opens_exposure(side: Side, leg: PositionSide, *, reduces: bool, opens: bool) -> None:
    """An order that names no leg may open one, unless it says that it only reduces."""
    order = Wanted(key=0, kind=0, side=side, qty=1, position_side=leg, reduce_only=reduces)
    assert opens_exposure(order) is opens


def test_without_a_connection_nothing_leaves() -> None:
    """Neither orders nor cancels nor questions."""
    for command in (Place(1, BUY), Cancel(1), Query(1, 1), QueryAccount()):
        assert not passes(Supervisor(state=State.CONNECTING), command)
        assert passes(Supervisor(state=State.RUNNING, connected=True), command)


def test_a_gap_is_not_heard_through() -> None:
    """Nor is there anything to hear without a connection."""
    assert not hears(Supervisor())
    assert hears(Supervisor(state=State.RUNNING, connected=True))
    assert not hears(Supervisor(state=State.DEGRADED, connected=True, gap=True))


@pytest.mark.parametrize("cause", Cause)
def test_a_cause_is_present_once_it_is_told(cause: Cause) -> None:
    """Each has its place."""
    after, _ = step(Supervisor(state=State.RUNNING, connected=True), Degraded(cause))
    assert [each for each in Cause if present(after, each)] == [cause]


SUPERVISORS = st.builds(
    Supervisor,
    state=st.sampled_from(State),
    policy=st.sampled_from(StopPolicy),
    connected=st.booleans(),
)


@TRIED
@given(SUPERVISORS, st.sampled_from(Side), st.sampled_from(PositionSide), st.booleans())
def test_law(supervisor: Supervisor, side: Side, leg: PositionSide, reduces: bool) -> None:  # noqa: FBT001
    """What CrossHair proves for all integers is tried here on a few."""
    law = laws_port.what_opens_leaves_only_in_running
    if well_formed(supervisor):
        law(supervisor, side, leg, reduces=reduces)
