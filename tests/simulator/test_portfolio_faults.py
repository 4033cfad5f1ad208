"""A portfolio through drawn faults: afterwards it and the venue agree, and its properties hold."""

import pytest

from simulator.faults import drawn
from simulator.portfolio_world import run
from simulator.swarm_draws import calmed
from simulator.swarm_portfolio import disagreements
from spec.supervisor import State
from spec.terms import PositionMode
from spec.units import SECOND_NS
from tests.simulator.portfolios import markets, setup

BARS, CALM_BARS = 95, 8
MINUTE_NS = 60 * SECOND_NS
FROM_NS, UNTIL_NS = 60 * MINUTE_NS, 90 * MINUTE_NS


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("mode", "seed"), [*zip(PositionMode, (1, 2), strict=True)])
def test_a_portfolio_comes_through(mode: PositionMode, seed: int, *, mirrored: bool) -> None:
    """Cash, positions and orders are the venue's on every symbol; no property of mirrors failed."""
    faults = drawn(seed, begin_ns=FROM_NS, end_ns=UNTIL_NS)
    chosen = setup(seed, mode, mirrored=mirrored, faults=faults)
    done = run(chosen, [calmed(each, CALM_BARS) for each in markets(seed, BARS)])
    assert done.wire is not None
    assert done.venue.fills
    assert sum(done.wire.strikes.counts.values()) > 10
    assert done.wire.port.supervisor.state is State.RUNNING
    assert not disagreements(done.bot, done.venue)
