"""The shortest way in a closed world to a failure that was met elsewhere, such as in a run."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from simulator.explorer import NO_EXCEPTION, BoundExceeded, Verdict, World
from simulator.judge import Entry, explore, only

BOUNDS = (500, 5_000)  # states of each world: a defect shows early, and somebody waits


@frozen
class Nearest:
    """How the world of *entry* fails: *verdict* has the shortest way there."""

    entry: Entry
    verdict: Verdict[Any]


def nearest(entries: Sequence[Entry], ids: frozenset[str]) -> Nearest | None:
    """Return the shortest failure of one of the properties *ids* in the worlds of *entries*.

    None if no world fails so within the last of BOUNDS states, on a path that comes to an end.
    """
    for states_max in BOUNDS:
        found = ((entry, _failure(entry.world, ids, states_max)) for entry in entries)
        failing = [Nearest(entry, verdict) for entry, verdict in found if verdict is not None]
        if failing:
            return min(failing, key=lambda each: len(each.verdict.moves()))
    return None


def _failure(world: World[Any], ids: frozenset[str], states_max: int) -> Verdict[Any] | None:
    """Return the shortest way in which *world* breaks one of *ids*, None if it is not found."""
    claimed = ids & {claim.property.id for claim in world.claims()}
    if not claimed and NO_EXCEPTION.id not in ids:
        return None
    try:
        report = explore(only(world, claimed), stop_at=claimed, states_max=states_max)
    except BoundExceeded:
        return None
    ends = [each for each in report.failures if each.property.id in ids and each.cycle is None]
    return min(ends, key=lambda each: len(each.moves()), default=None)
