"""The hedge wallet where frames overtake each other: what is void, and how large the worlds are."""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from machines.messages import Cancel, Command, Place, Query
from simulator import compiled
from simulator.actors import Actor, Do
from simulator.worlds.product_wallet_overtaking import (
    Reads,
    Sent,
    deep_worlds,
    mixed,
    overtaking,
)
from simulator.worlds.product_wallet_venue import Exchange

DEEP_COUNTS = {
    "wallet-advance-overtaking-late": (247_534, 788_362, 21),
    "wallet-decline-overtaking-late": (86_411, 247_411, 23),
    "wallet-recovery-overtaking-late": (51_967, 139_052, 25),
}
DEEP = {world.name: world for world in deep_worlds()}


def _sides(*, patient: bool = False) -> tuple[Actor, Actor]:
    """Return both sides of a world in which nothing gets lost but what is void."""
    we, venue = overtaking(mixed("advance"), patient=patient).actors
    assert isinstance(venue.initial, Reads)
    assert isinstance(venue.initial.exchange, Exchange)
    whole = venue.initial.exchange._replace(losses=0)
    return we, evolve(venue, initial=Reads(whole))


def _read(venue: Actor, *frames: Sent) -> Exchange:
    """Return the venue once it has read *frames*, in this order."""
    state: Any = venue.initial
    for frame in frames:
        (do,) = venue.hears(state, "commands", frame)
        state = do.state
    assert isinstance(state.exchange, Exchange)
    return state.exchange


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP_COUNTS)
def test_each_deep_world_has_its_size_and_its_claims_hold(name: str) -> None:
    """A market that jumps, and losses before a crash, make no difference."""
    found = compiled.explore(DEEP[name], states_max=1_000_000)
    assert (found.states, found.transitions, found.depth) == DEEP_COUNTS[name]
    assert not found.failures


def test_a_command_that_a_later_query_overtook_is_void() -> None:
    """What the answer did not know of changes nothing any more; it does where it stays valid."""
    for patient in (False, True):
        venue = _sides(patient=patient)[1]
        first = _read(venue).resting[0]
        cancel, query = Cancel(first.number), Query(first.number, 1)
        late = _read(venue, Sent((query,), (1,)), Sent((cancel,), (0,)))
        assert (first in late.resting) is not patient
        again = _read(venue, Sent((query,), (1,)), Sent((cancel,), (1,)))
        assert first not in again.resting


def test_a_query_voids_nothing_of_other_orders() -> None:
    """An answer is about one order."""
    venue = _sides()[1]
    first, second, *_ = _read(venue).resting
    frames = Sent((Query(first.number, 1),), (1,)), Sent((Cancel(second.number),), (0,))
    assert second not in _read(venue, *frames).resting


def test_commands_say_which_query_was_the_latest() -> None:
    """After a restart each order has been asked for once, before it none."""
    we, _ = _sides()
    ours: Any = we.initial
    (restart,) = we.acts(ours._replace(down=True))
    sent = tuple(_stamps(restart))
    assert sent
    assert {query for command, query in sent if isinstance(command, Query)} == {1}
    assert not [each for each, query in sent if isinstance(each, Place | Cancel) and query]


def _stamps(do: Do) -> Iterator[tuple[Command, int]]:
    """Yield the commands of the first frame that *do* sends, each with its latest query."""
    frame: Any = do.sends[0][1]
    yield from zip(*frame, strict=True)
