"""What `well_formed` of each machine refuses: one number or flag of a sound state at a time."""

from typing import Any

import pytest
from attrs import evolve

from machines import collision, ladder, mirror, order, slots, supervisor, trailing, unstuck
from machines.collision import Collision, Holding
from machines.ladder import Slot
from machines.order import Order
from machines.slots import Seat
from machines.supervisor import Answers, Supervisor
from machines.trailing import Trailing
from machines.unstuck import Unstuck
from spec.collision import State as Use
from spec.hedge_wallet import State as Phase
from spec.mirror import Fault, Limit
from spec.mirror import State as Overlay
from spec.order import State
from spec.slots import Mode
from spec.slots import State as Place
from spec.supervisor import State as Run
from spec.supervisor import StopPolicy
from spec.terms import Side
from spec.trailing import State as Trail
from spec.unstuck import State as Stuck
from tests.machines.test_hedge_wallet import CONFIG

ORDERS = (
    (Order(qty=3), {"cum_qty": -1}, {"cum_qty": 4}, {"cum_qty": 1}, {"qty": 0}, {"qty": -1}),
    (
        Order(qty=3),
        {"replace_qty": -1},
        {"replace_qty": 4},
        {"triggered": True},
        {"unwanted": True},
    ),
    (Order(qty=3, state=State.NEW), {"cum_qty": 1}, {"triggered": True}, {"unwanted": True}),
    (Order(qty=3, state=State.TRIGGERED, triggered=True), {"triggered": False}, {"unwanted": True}),
    (Order(qty=3, cum_qty=1, state=State.PARTIALLY_FILLED), {"cum_qty": 0}, {"unwanted": True}),
    (Order(qty=3, cum_qty=1, state=State.PARTIALLY_FILLED), {"cum_qty": 3}, {"replace_qty": 4}),
    (Order(qty=3, state=State.PENDING_CANCEL, unwanted=True), {"unwanted": False}, {"cum_qty": 3}),
    (
        Order(qty=3, state=State.PENDING_REPLACE, replace_qty=4),
        {"replace_qty": 0},
        {"unwanted": True},
    ),
    (Order(qty=3, cum_qty=3, state=State.FILLED), {"cum_qty": 2}, {"cum_qty": 4}),
    (Order(qty=3, state=State.REJECTED), {"cum_qty": 1}, {"cum_qty": 3}),
    (Order(qty=3, cum_qty=3, state=State.UNKNOWN), {"cum_qty": 4}, {"cum_qty": -1}, {"qty": 0}),
)
FLAT = ladder.Wallet(config=CONFIG, cash=0)
SOLD = Slot(-4, short=2), Slot(-3, short=2), Slot(-2, short=2), Slot(-1, short=2)
WALLETS = (
    (FLAT, {"long_qty": -1}, {"bought_qty": -1}, {"slots": (Slot(-4, short=1), *SOLD[1:])}),
    (
        FLAT,
        {"slots": (Slot(-4, short=-1), *FLAT.slots[1:])},
        {"slots": (*FLAT.slots[:3], Slot(0))},
    ),
    (evolve(FLAT, phase=Phase.DECLINE, slots=SOLD), {"slots": FLAT.slots}, {"long_qty": 1}),
)
LOTS, OPENING = Holding(lots=1), Holding(opening=1)
USES = (
    (Collision(state=Use.FREE, wants=False), {"wants": True}, {"base": LOTS}, {"mirror": LOTS}),
    (Collision(state=Use.FREE, wants=False), {"tries": 1}, {"recalled": True}, {"base": OPENING}),
    (Collision(state=Use.BASE, base=LOTS), {"base": Holding()}, {"mirror": LOTS}, {"tries": 1}),
    (Collision(state=Use.MIRROR, mirror=LOTS, wants=False), {"mirror": Holding()}, {"wants": True}),
    (Collision(state=Use.RESERVED), {"wants": False}, {"mirror": OPENING}, {"recalled": True}),
    (Collision(state=Use.GATED, hedge_mode=True), {"state": Use.BASE}, {"tries": 1}),
    (Collision(state=Use.CLOSING, mirror=LOTS), {"mirror": Holding()}, {"tries": -1}, {"tries": 3}),
    (Collision(state=Use.CLOSING, mirror=LOTS), {"recalled": True}, {"state": Use.FREE}),
    (Collision(state=Use.CLOSING, mirror=Holding(lots=-1)), {"state": Use.MIRROR}),
    (Collision(state=Use.CLOSING, mirror=Holding(opening=-1)), {"state": Use.MIRROR}),
    (Collision(state=Use.CLOSING, mirror=Holding(closing=-1)), {"state": Use.MIRROR}),
    (Collision(state=Use.CLOSING, base=Holding(lots=-1)), {"state": Use.BASE}),
    (Collision(state=Use.CLOSING, base=Holding(opening=-1)), {"state": Use.BASE}),
    (Collision(state=Use.CLOSING, base=LOTS, mirror=LOTS), {"state": Use.BASE}),
)
OVERLAYS = (
    (mirror.Overlay(), {"limits": (Limit(0),)}, {"stops": -1}, {"fault": Fault.MISSING}),
    (mirror.Overlay(state=Overlay.LIMITED, limits=(Limit(0),)), {"limits": ()}, {"stops": -1}),
    (mirror.Overlay(state=Overlay.STOPPED, fault=Fault.MISSING), {"fault": Fault.NONE}),
)
BUY = Trailing(side=Side.BUY, state=Trail.REBUILDING, since=2, moment=3)
TRAILS = (
    (BUY, {"since": -1}, {"moment": 1}, {"extreme_ticks": 90, "retraced_ticks": 95}),
    (evolve(BUY, state=Trail.IDLE), {"extreme_ticks": -1}, {"retraced_ticks": 1}),
    (
        evolve(BUY, state=Trail.IDLE),
        {"extreme_ticks": 9, "retraced_ticks": 8},
        {"state": Trail.FIRED},
    ),
)
WORKING = Unstuck(state=Stuck.WORKING, qty=3, cum_qty=1, loss=2, lost=2)
STUCK = (
    (WORKING, {"cum_qty": -1}, {"cum_qty": 3}, {"loss": -1}, {"loss": 3}, {"qty": 0}),
    (Unstuck(state=Stuck.IDLE), {"qty": 1}, {"cum_qty": 1}, {"loss": 1}, {"lost": -1}),
)
SEATS = (
    (
        Seat(state=Place.OUT, mode=Mode.NORMAL),
        {"lots": -1},
        {"orders": -1},
        {"orders": 1},
        {"lots": 1},
    ),
    (Seat(state=Place.HELD, mode=Mode.NORMAL, lots=1), {"lots": 0}, {"orders": -1}, {"lots": -1}),
    (Seat(state=Place.LEAVING, mode=Mode.NORMAL, orders=1), {"orders": 0}, {"lots": 1}),
    (Seat(state=Place.READY, mode=Mode.NORMAL), {"mode": Mode.MANUAL}, {"lots": 1}),
)
RUNNING = Supervisor(state=Run.RUNNING, connected=True)
RUNS = (
    (RUNNING, {"connected": False}, {"gap": True}, {"stale": True}, {"drift": True}),
    (RUNNING, {"limited": True}, {"answers": Answers(positions=1)}, {"answers": Answers(lots=1)}),
    (evolve(RUNNING, state=Run.DEGRADED, stale=True), {"stale": False}, {"connected": False}),
    (evolve(RUNNING, state=Run.RECONCILING), {"drift": True}, {"connected": False}),
    (evolve(RUNNING, state=Run.RECONCILING), {"answers": Answers(positions=1, orders=1, fills=1)}),
    (evolve(RUNNING, state=Run.HALTED), {"connected": False, "gap": True}),
    (Supervisor(state=Run.STOPPING, policy=StopPolicy.CANCEL), {"policy": StopPolicy.LEAVE}),
    (Supervisor(), {"connected": True}),
)
CASES = (
    (order, ORDERS),
    (ladder, WALLETS),
    (collision, USES),
    (mirror, OVERLAYS),
    (trailing, TRAILS),
    (unstuck, STUCK),
    (slots, SEATS),
    (supervisor, RUNS),
)


@pytest.mark.parametrize(
    ("machine", "sound", "change"),
    [
        (machine, sound, each)
        for machine, rows in CASES
        for sound, *changes in rows
        for each in changes
    ],
)
def test_one_change_makes_no_sense(machine: Any, sound: Any, change: dict[str, Any]) -> None:  # noqa: ANN401
    """The state before it does."""
    assert machine.well_formed(sound)
    assert not machine.well_formed(evolve(sound, **change))
