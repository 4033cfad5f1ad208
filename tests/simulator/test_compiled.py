"""The compiled explorer says what the reference explorer says, of any world of actors."""

import gc
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import compiled, explorer
from simulator.actors import Actor, ActorWorld, Channel, Do, Rule
from simulator.compiled.layout import STATE, WORD_BITS, Layout, Words, column, layout, packed, slots
from simulator.compiled.tables import Memory
from simulator.explorer import NO_EXCEPTION, BoundExceeded, Report, Verdict
from spec.properties import Kind, Property

MESSAGES, STATES_MAX = 3, 400
ALWAYS = Property("XX-1", Kind.ALWAYS, "Something never happens.")
SOMETIMES = Property("XX-2", Kind.SOMETIMES, "Something happens.")
FULL = Property("XX-3", Kind.SOMETIMES, "A channel is full.")
HEAVY = Property("XX-4", Kind.ALWAYS, "What is under way is light.")
LEADS_TO = Property("XX-5", Kind.LEADS_TO, "Something leads to something.")


def outcomes(draw: st.DrawFn, states: int, channels: list[str]) -> tuple[Do, ...]:
    """Return up to two things that an actor may do."""
    sends = st.tuples(st.sampled_from(channels), st.integers(1, MESSAGES))
    one = st.builds(
        Do,
        st.sampled_from(("a", "b", "c")),
        st.integers(0, states - 1),
        st.lists(sends, max_size=2).map(tuple),
    )
    return tuple(draw(st.lists(one, max_size=2)))


@st.composite
def worlds(draw: st.DrawFn) -> ActorWorld:
    """Return a small world whose actors do anything, and whose states take one to three words."""
    names = [f"q{number}" for number in range(draw(st.integers(1, 3)))]
    actors = tuple(actor(draw, f"actor{n}", names) for n in range(draw(st.integers(1, 2))))
    channels = tuple(
        Channel(
            name,
            draw(st.sampled_from(actors)).name,
            capacity=draw(st.integers(1, 3)),
            ordered=draw(st.booleans()),
            lossy=draw(st.booleans()),
            doubling=draw(st.booleans()),
            weights={f"{name}_weight": int},
        )
        for name in names
    )
    full = (Channel(f"none{n}", "actor0", WORD_BITS - 3) for n in range(draw(st.integers(0, 2))))
    labels = frozenset(draw(st.sets(st.sampled_from([("actor0", "a"), ("q0", ""), ("q0", "2")]))))
    rules = (
        Rule(ALWAYS, lambda f: (f.actor0 != 2) | (f.q0 != 1)),
        Rule(SOMETIMES, lambda f: (f.actor0 == 1) & (f.q0 > 0)),
        Rule(FULL, lambda f: f.q0 >= channels[0].capacity),
        Rule(HEAVY, lambda f: f.q0_weight + f.actor0 <= 5),
        Rule(LEADS_TO, lambda f: f.actor0 == 0, when=lambda f: f.actor0 > 0, fair=labels),
    )
    return ActorWorld("drawn", actors, (*channels, *full), rules)


def actor(draw: st.DrawFn, name: str, channels: list[str]) -> Actor:
    """Return an actor of up to four states."""
    states = draw(st.integers(1, 4))
    acts = [outcomes(draw, states, channels) for _ in range(states)]
    keys = [(s, c, m) for s in range(states) for c in channels for m in range(1, MESSAGES + 1)]
    hears = {key: outcomes(draw, states, channels) for key in keys}

    def heard(state: int, channel: str, message: int) -> tuple[Do, ...]:
        return hears[state, channel, message]

    return Actor(name, 0, acts.__getitem__, heard, lambda state: {name: int(state)})


def essence(report: Report[Any]) -> tuple[Any, ...]:
    """Return what two explorations of one world must agree on."""
    counts = (report.states, report.transitions, report.by_depth, report.deadlocks, report.complete)
    return counts, [(v.property.id, v.holds, length(v)) for v in report.verdicts]


def length(verdict: Verdict[Any]) -> int | None:
    """Return how far the nearest state is that shows it: the last, or where a cycle begins."""
    if verdict.path is None:
        return None
    return len(verdict.path) - 1 if verdict.cycle is None else verdict.cycle


@settings(max_examples=100)
@given(worlds())
def test_both_explorers_agree(world: ActorWorld) -> None:
    """States, transitions, depth, deadlocks, verdicts and the lengths of their paths."""
    try:
        expected = explorer.explore(world, states_max=STATES_MAX)
    except BoundExceeded:
        with pytest.raises(BoundExceeded):
            compiled.explore(world, states_max=STATES_MAX)
        return
    found = compiled.explore(world, states_max=STATES_MAX)
    assert essence(found) == essence(expected)
    assert len(found.by_depth) == found.depth + 1
    for verdict in found.verdicts:
        walk(world, verdict)
    assert compiled.explore(world, states_max=STATES_MAX, workers=2) == found


def walk(world: ActorWorld, verdict: Verdict[Any]) -> None:
    """Check that the path of *verdict* is one of *world*."""
    path = verdict.path or ()
    for (_, before), step in pairwise(path):
        assert step in list(world.moves(before))


def counter(end: int, *, fails_at: int = -1) -> ActorWorld:
    """Return a world that counts to *end*, sending each number to an actor that adds them."""

    def acts(state: int) -> tuple[Do, ...]:
        assert state != fails_at, "this number"
        return (Do("counts", state + 1, (("numbers", state),)),) if state < end else ()

    def hears(state: int, _channel: str, message: int) -> tuple[Do, ...]:
        return (Do("adds", state + message),)

    one = Actor("counter", 0, acts, features=lambda state: {"count": state})
    other = Actor("adder", 0, lambda _: (), hears, lambda state: {"sum": state})
    least = Property("XX-6", Kind.ALWAYS, "The sum stays small.")
    rule = Rule(least, lambda f: f.sum < end * end)
    return ActorWorld("counter", (one, other), (Channel("numbers", "adder", 3),), (rule,))


@pytest.mark.parametrize("idle", [0, 1, 2])
def test_numbers_grow_out_of_their_fields(idle: int) -> None:
    """The states are packed anew, and none is lost, however many words a state has.

    An idle channel fills a word, so that states differ in the last one only.
    """
    world = counter(300)
    full = (Channel(f"none{number}", "adder", WORD_BITS - 3) for number in range(idle))
    world = evolve(world, channels=(*world.channels, *full))
    found = compiled.explore(world, states_max=10_000)
    assert essence(found) == essence(explorer.explore(world, states_max=10_000))
    assert found.states > 1_000


def spread(many: int, sizes: int) -> ActorWorld:
    """Return a world of *many* actors that go round on their own, each in so many states."""

    def acts(state: int) -> tuple[Do, ...]:
        return (Do("goes on", (state + 1) % sizes), Do("returns", 0))

    actors = tuple(Actor(f"actor{n}", 0, acts, features=place(n)) for n in range(many))
    ends = Property("XX-9", Kind.SOMETIMES, "All are at their ends.")
    far = many * (sizes - 1)
    rule = Rule(ends, lambda f: sum(getattr(f, f"at{n}") for n in range(many)) == far)
    return ActorWorld("spread", actors, (), (rule,))


def place(number: int) -> Callable[[int], dict[str, int]]:
    """Return where an actor is as a feature."""
    return lambda state: {f"at{number}": state}


def test_two_workers_find_what_one_finds() -> None:
    """The same report, paths included, of a world that is more than one chunk to a worker."""
    world = spread(4, 12)
    one = compiled.explore(world, states_max=30_000)
    assert one.states == sum(one.by_depth) == 12**4
    assert compiled.explore(world, states_max=30_000, workers=2) == one
    for workers in (0, 3):
        with pytest.raises(ValueError, match=f"workers, not {workers}"):
            compiled.explore(world, states_max=30_000, workers=workers)


def test_a_bound_on_memory_that_is_exceeded_is_no_result() -> None:
    """Nothing was proven, as with one on states; what suffices is not felt."""
    world = spread(5, 12)
    enough = compiled.explore(world, states_max=300_000)
    assert compiled.explore(world, states_max=300_000, memory_max=20_000_000) == enough
    with pytest.raises(BoundExceeded, match="more than 4000000 bytes; nothing was proven"):
        compiled.explore(world, states_max=300_000, memory_max=4_000_000)


def test_what_is_claimed_of_very_many_states_is_judged_of_each() -> None:
    """More of them differ in what is claimed than are judged at once, and one is sought."""
    path = compiled.explore(spread(5, 12), states_max=300_000).verdict("XX-9").path
    assert path is not None
    assert path[-1][1].actors == (11,) * 5
    assert len(path) == 1 + 5 * 11


def test_nothing_of_the_graph_outlives_the_exploration() -> None:
    """A report holds its paths, not the states."""
    world = spread(5, 12)
    tracemalloc.start()
    try:
        report = compiled.explore(world, states_max=300_000)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.states == 12**5
    assert peak > 12**5 * 8
    assert held < 1_000_000


def test_nothing_waits_for_the_collector() -> None:
    """What the actors were asked is gone with the exploration: nothing in it refers to itself."""
    gc.collect()
    gc.disable()
    try:
        compiled.explore(counter(9), states_max=1_000)
        left = [each for each in gc.get_objects() if isinstance(each, Memory)]
    finally:
        gc.enable()
    assert not left


def test_a_bound_that_is_exceeded_is_no_result() -> None:
    """Nothing was proven."""
    with pytest.raises(BoundExceeded, match="more than 50 states"):
        compiled.explore(counter(300), states_max=50)


def test_more_messages_than_have_numbers_are_refused() -> None:
    """A message's number has eleven bits."""
    with pytest.raises(ValueError, match="counter: numbers: more than 2047 messages"):
        compiled.explore(counter(2_100), states_max=100_000)


def test_an_assertion_of_an_actor_is_a_counterexample() -> None:
    """With the shortest way to the state in which it fails."""
    found = compiled.explore(counter(9, fails_at=4), states_max=1_000)
    verdict = found.verdict(NO_EXCEPTION.id)
    assert len(verdict.moves()) == 5  # four numbers, of which the channel holds three
    assert "this number" in verdict.note
    assert not found.complete


def test_a_failure_may_end_the_exploration() -> None:
    """What the caller stops at is the last thing to be seen."""
    world = counter(300)
    prop = Property("XX-7", Kind.ALWAYS, "The count stays below ten.")
    world = evolve(world, rules=(Rule(prop, lambda f: f.count < 10),))
    found = compiled.explore(world, states_max=10_000, stop_at_first_failure=frozenset({"XX-7"}))
    assert not found.complete
    assert found.states < 100
    assert len(found.verdict("XX-7").moves()) == 17  # ten numbers, three of them under way


def test_an_unknown_feature_is_named() -> None:
    """A misspelled feature is no silent truth."""
    prop = Property("XX-8", Kind.ALWAYS, "No such thing.")
    world = evolve(counter(3), rules=(Rule(prop, lambda f: f.cuont < 10),))
    with pytest.raises(AttributeError, match="cuont"):
        compiled.explore(world, states_max=100)


def test_fields_keep_their_numbers_when_they_grow() -> None:
    """However many words there are: what goes in comes out after it was packed anew."""
    counts, many = (1_000, 3, 200, 70_000, 9), (1, 4, 3, 2, 1)
    narrow, wide = layout(counts, many), layout(tuple(99 * count for count in counts), many)
    assert (narrow.words, wide.words) == (2, 3)
    dice = np.random.default_rng(1)
    states = np.zeros((50, narrow.words), np.uint64)
    for field, word in enumerate(narrow.shape.word):
        for slot in range(many[field]):
            drawn = dice.integers(0, counts[field], 50, np.uint64)
            place = int(narrow.shape.shift[field]) + slot * narrow.bits[field]
            states[:, word] |= drawn << np.uint64(place)
    states[:, 0] |= STATE
    again = packed(packed(states, narrow, wide), wide, narrow)
    assert (again == states).all()
    assert columns(packed(states, narrow, wide), wide) == columns(states, narrow)


def columns(states: Words, at: Layout) -> list[list[int]]:
    """Return every slot of every field of *states*."""
    fields = range(len(at.slots))
    return [s.tolist() for f in fields for s in slots(column(states, at.shape, f), at, f)]
