"""The nearest failure: of the worlds that fail as a run did, the one that fails soonest."""

from collections.abc import Iterator, Mapping

import pytest
from attrs import frozen

from simulator import nearest as module
from simulator.explorer import NO_EXCEPTION, Claim, Move, always, leads_to
from simulator.judge import Entry
from simulator.nearest import nearest
from spec.properties import Kind, Property

EARLY = Property("CNT-1", Kind.ALWAYS, "It is before *late*.")
SEVEN = Property("CNT-2", Kind.LEADS_TO, "It becomes seven.")


@frozen
class Counter:
    """A world that counts to *stop*, then goes on for ever or not, and must not reach *late*."""

    name: str
    stop: int = 9
    late: int = 9_999
    broken: int = -1
    turns: bool = False

    def initial(self) -> list[int]:
        return [0]

    def moves(self, state: int) -> Iterator[tuple[Move, int]]:
        assert state != self.broken, "it is broken"
        if state < self.stop:
            yield Move("counter", "counts"), state + 1
        elif self.turns:
            yield Move("counter", "turns"), state

    def claims(self) -> list[Claim[int]]:
        return [
            always(EARLY, lambda n: n < self.late),
            leads_to(SEVEN, lambda n: n == 0, lambda n: n == 7, lambda _: True),
        ]

    def show(self, state: int) -> Mapping[str, str]:
        return {"counter": str(state)}


def found(*worlds: Counter, ids: tuple[str, ...] = ("CNT-1",)) -> tuple[str, str, int] | None:
    """Return the world that fails soonest, the property and the moves; None if none fails."""
    each = nearest(tuple(map(Entry, worlds)), frozenset(ids))
    if each is None:
        return None
    return each.entry.name, each.verdict.property.id, len(each.verdict.moves())


def test_the_shortest_way_of_all_worlds() -> None:
    """Whatever their order; worlds in which it holds do not count."""
    worlds = Counter("holds"), Counter("five", late=5), Counter("three", late=3)
    assert found(*worlds) == found(*worlds[::-1]) == ("three", "CNT-1", 3)
    assert found(Counter("holds")) is None


def test_only_the_properties_that_are_asked_for_count() -> None:
    """Another failure of the same world is none, an assertion neither unless it is asked for."""
    world = Counter("five", stop=6, late=5)
    assert found(world, ids=("CNT-2",)) == ("five", "CNT-2", 6)
    assert found(Counter("broken", broken=4)) is None
    assert found(Counter("broken", broken=4), ids=(NO_EXCEPTION.id,)) == (
        "broken", NO_EXCEPTION.id, 4,
    )  # fmt: skip


def test_a_way_without_end_is_none() -> None:
    """Nothing can replay it."""
    assert found(Counter("ends", stop=6), ids=("CNT-2",)) == ("ends", "CNT-2", 6)
    assert found(Counter("turns", stop=6, turns=True), ids=("CNT-2",)) is None


def test_a_world_is_left_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure beyond it is not found; one before it is, although the world goes on."""
    monkeypatch.setattr(module, "BOUNDS", (3, 6))
    assert found(Counter("five", late=5)) == ("five", "CNT-1", 5)
    assert found(Counter("seven", late=7)) is None
