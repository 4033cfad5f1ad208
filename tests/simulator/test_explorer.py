"""The explorer sees every state once and finds shortest paths: textbook worlds, known counts."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Generic, TypeVar

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from simulator.explorer import (
    START,
    BoundExceeded,
    Claim,
    Move,
    Path,
    World,
    always,
    always_step,
    explore,
    leads_to,
    sometimes,
)
from spec.properties import Kind, Property

St = TypeVar("St", bound=Hashable)
Edges = tuple[tuple[int, str, int], ...]
Claims = tuple[Claim[int], ...]

SAFE = Property("TOY-1", Kind.ALWAYS, "Nothing bad happens.")
STEADY = Property("TOY-2", Kind.ALWAYS, "No step goes wrong.")
SEEN = Property("TOY-3", Kind.SOMETIMES, "Something interesting happens.")
DONE = Property("TOY-4", Kind.LEADS_TO, "What is begun is finished.")

UP, DOWN = Move("counter", "goes up"), Move("counter", "goes down")
ANYTHING: Claims = (always(SAFE, lambda _: True),)
EMPTY: tuple[int, int] = (0, 0)


@frozen
class Toy(Generic[St]):
    """A world given by its functions."""

    start: tuple[St, ...]
    next: Callable[[St], Iterable[tuple[Move, St]]]
    claimed: tuple[Claim[St], ...] = ()
    name: str = "toy"

    def initial(self) -> Iterable[St]:
        return self.start

    def moves(self, state: St, /) -> Iterable[tuple[Move, St]]:
        return self.next(state)

    def claims(self) -> Iterable[Claim[St]]:
        return self.claimed

    def show(self, state: St, /) -> Mapping[str, str]:
        return {"toy": str(state)}


def replay(world: World[St], path: Path[St] | None) -> tuple[St, ...]:
    """Return the states along *path*, each of which the world really allows."""
    assert path is not None
    assert path[0][0] is START
    assert path[0][1] in list(world.initial())
    for (_, before), step in pairwise(path):
        assert step in list(world.moves(before))
    return tuple(state for _, state in path)


@frozen
class Commit:
    """Each resource manager's state, the coordinator's, what it knows, and all ever sent."""

    managers: tuple[str, ...]
    coordinator: str = "init"
    prepared: frozenset[int] = frozenset()
    sent: frozenset[str] = frozenset()


def two_phase(state: Commit) -> Iterator[tuple[Move, Commit]]:
    def manager(number: int, to: str, *sends: str) -> Commit:
        managers = (*state.managers[:number], to, *state.managers[number + 1 :])
        return evolve(state, managers=managers, sent=state.sent | set(sends))

    undecided = state.coordinator == "init"
    if undecided and len(state.prepared) == len(state.managers):
        yield (
            Move("coordinator", "commits"),
            evolve(state, coordinator="committed", sent=state.sent | {"commit"}),
        )
    if undecided:
        yield (
            Move("coordinator", "aborts"),
            evolve(state, coordinator="aborted", sent=state.sent | {"abort"}),
        )
    for number, now in enumerate(state.managers):
        who, vote = f"manager {number}", f"prepared {number}"
        if undecided and vote in state.sent:
            yield (
                Move("coordinator", "hears", who),
                evolve(state, prepared=state.prepared | {number}),
            )
        if now == "working":
            yield Move(who, "prepares"), manager(number, "prepared", vote)
            yield Move(who, "aborts"), manager(number, "aborted")
        if "commit" in state.sent:
            yield Move(who, "learns of the commit"), manager(number, "committed")
        if "abort" in state.sent:
            yield Move(who, "learns of the abort"), manager(number, "aborted")


@pytest.mark.parametrize(
    ("managers", "states", "transitions", "depth"), [(3, 288, 1145, 10), (5, 8832, 58145, 16)]
)
def test_two_phase_commit_has_the_published_counts(
    managers: int, states: int, transitions: int, depth: int
) -> None:
    """As other checkers count them, but for the first state, which no transition reaches."""
    world = Toy(
        (Commit(("working",) * managers),),
        two_phase,
        (
            always(SAFE, lambda s: not {"committed", "aborted"} <= set(s.managers)),
            sometimes(SEEN, lambda s: set(s.managers) == {"committed"}),
        ),
    )
    report = explore(world, states_max=states)
    assert (report.states, report.transitions, report.depth) == (states, transitions, depth)
    assert report.failures == ()
    assert len(report.verdict("TOY-3").moves()) == 3 * managers + 1


def jugs(state: tuple[int, int]) -> Iterator[tuple[Move, tuple[int, int]]]:
    """A jug of 3 and a jug of 5: fill, empty, pour."""
    small, big = state
    yield Move("small", "is filled"), (3, big)
    yield Move("big", "is filled"), (small, 5)
    yield Move("small", "is emptied"), (0, big)
    yield Move("big", "is emptied"), (small, 0)
    poured = min(small, 5 - big)
    yield Move("small", "is poured", "big"), (small - poured, big + poured)
    poured = min(big, 3 - small)
    yield Move("big", "is poured", "small"), (small + poured, big - poured)


def test_the_jugs_measure_four_in_six_moves() -> None:
    """The classic puzzle: fill 5, pour, empty 3, pour, fill 5, pour."""
    world = Toy((EMPTY,), jugs, (sometimes(SEEN, lambda s: s[1] == 4),))
    report = explore(world, states_max=100)
    states = replay(world, report.verdict("TOY-3").path)
    assert states == ((0, 0), (0, 5), (3, 2), (0, 2), (2, 0), (2, 5), (3, 4))
    assert (report.states, report.transitions, report.depth) == (16, 96, 7)
    assert explore(world, states_max=100) == report


def philosophers(state: tuple[int, ...]) -> Iterator[tuple[Move, tuple[int, ...]]]:
    """Each holds nothing (0), the left fork (1) or both (2), and takes the left one first."""
    for seat, holds in enumerate(state):
        left, right = state[seat - 1], state[(seat + 1) % len(state)]
        free = (left < 2, right == 0, True)[holds]
        if free:
            after = (*state[:seat], (holds + 1) % 3, *state[seat + 1 :])
            yield Move(f"philosopher {seat}", ("takes left", "takes right", "eats")[holds]), after


@pytest.mark.parametrize("seats", [3, 4, 5])
def test_the_philosophers_deadlock_when_all_took_the_left_fork(seats: int) -> None:
    """The known deadlock of a known model is found, counted and shown by a shortest path."""
    stuck = (1,) * seats
    world = Toy(((0,) * seats,), philosophers, (always(SAFE, lambda s: s != stuck),))
    report = explore(world, states_max=1000)
    assert report.deadlocks == 1
    (failure,) = report.failures
    assert len(failure.moves()) == seats
    assert replay(world, failure.path)[-1] == stuck


def graph_world(starts: tuple[int, ...], edges: Edges, *claims: Claim[int]) -> Toy[int]:
    def moves(state: int) -> Iterator[tuple[Move, int]]:
        return ((Move("edge", what), to) for source, what, to in edges if source == state)

    return Toy(starts, moves, claims)


def distances(starts: tuple[int, ...], edges: Edges) -> dict[int, int]:
    """Return the least number of edges to each state, by relaxation."""
    least = dict.fromkeys(starts, 0)
    for _ in edges:
        for source, _, to in edges:
            if source in least:
                least[to] = min(least.get(to, len(edges)), least[source] + 1)
    return least


STATES = st.integers(0, 6)
STARTS = st.lists(STATES, min_size=1, max_size=3).map(tuple)
EDGES = st.lists(st.tuples(STATES, st.sampled_from("ab"), STATES), max_size=14).map(tuple)


@given(starts=STARTS, edges=EDGES, target=STATES)
def test_every_graph_is_counted_exactly_and_paths_are_shortest(
    starts: tuple[int, ...], edges: Edges, target: int
) -> None:
    """States, transitions, depth and distances agree with a plain search of the same graph."""
    least = distances(starts, edges)
    world = graph_world(
        starts,
        edges,
        always(SAFE, lambda s: s != target),
        always_step(STEADY, lambda _, move, after: (move.what, after) != ("a", target)),
        sometimes(SEEN, lambda s: s == target),
    )
    report = explore(world, states_max=7)
    assert report.states == len(least)
    assert report.transitions == sum(source in least for source, _, _ in edges)
    assert report.depth == max(least.values())
    assert report.deadlocks == len(set(least) - {source for source, _, _ in edges})
    assert report.complete
    never, steady, once = report.verdicts
    assert never.holds is (target not in least)
    assert once.holds is (target in least)
    assert never.path == once.path
    if target in least:
        assert len(never.moves()) == least[target]
        assert replay(world, never.path)[-1] == target
    steps = [least[s] + 1 for s, what, to in edges if s in least and (what, to) == ("a", target)]
    assert steady.holds is (not steps)
    if steps:
        assert len(steady.moves()) == min(steps)
        assert replay(world, steady.path)[-1] == target


def counter(last: int) -> Callable[[int], Iterator[tuple[Move, int]]]:
    def moves(state: int) -> Iterator[tuple[Move, int]]:
        if state < last:
            yield UP, state + 1
        if state == 5:
            yield DOWN, 2

    return moves


def test_a_world_that_passes_the_bound_proves_nothing() -> None:
    """As many states as allowed are explored; one more raises, initial ones included."""
    world = Toy((0,), counter(9))
    assert explore(world, states_max=10).states == 10
    with pytest.raises(BoundExceeded, match=r"toy: more than 9 states; nothing was proven"):
        explore(world, states_max=9)
    with pytest.raises(BoundExceeded):
        explore(Toy((0, 1, 2), lambda _: ()), states_max=2)


def test_a_step_claim_sees_before_move_and_after() -> None:
    """The count never shrinks, except from 5 to 2: found in 6 moves."""
    seen: list[tuple[int, Move, int]] = []

    def grows(before: int, move: Move, after: int) -> bool:
        seen.append((before, move, after))
        return before <= after

    world = Toy((0,), counter(9), (always_step(STEADY, grows),))
    (failure,) = explore(world, states_max=10).failures
    assert replay(world, failure.path) == (0, 1, 2, 3, 4, 5, 2)
    assert failure.moves() == (UP,) * 5 + (DOWN,)
    assert seen[-1] == (5, DOWN, 2)


@pytest.mark.parametrize(
    "claim", [always(SAFE, lambda s: s < 3), always_step(SAFE, lambda before, _, __: before < 2)]
)
def test_a_failure_to_stop_at_ends_the_exploration_at_once(claim: Claim[int]) -> None:
    """A mutant run costs only the states up to its failure; open claims get no verdict."""
    claims: Claims = (
        claim,
        sometimes(SEEN, lambda s: s == 500),
        leads_to(DONE, bool, lambda s: s == 999),
    )
    world = Toy((0,), counter(999), claims)
    report = explore(world, states_max=1000, stop_at_first_failure=frozenset({"TOY-1"}))
    assert report.states <= 5
    assert not report.complete
    assert [verdict.property for verdict in report.verdicts] == [SAFE]
    assert len(report.verdict("TOY-1").moves()) == 3
    with pytest.raises(KeyError):
        report.verdict("TOY-3")


def test_only_the_failure_of_a_named_property_ends_the_exploration() -> None:
    """Another failure does not, nor does a witness of the named one."""
    claims: Claims = (sometimes(SEEN, lambda s: s == 3), always(SAFE, lambda s: s < 3))
    world = Toy((0,), counter(99), claims)
    report = explore(world, states_max=100, stop_at_first_failure=frozenset({"TOY-3"}))
    assert (report.states, report.complete) == (100, True)
    found = [(verdict.holds, len(verdict.moves())) for verdict in report.verdicts]
    assert found == [(True, 3), (False, 3)]


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (Toy((0,), counter(9)), r"toy: nothing claims \['TOY-1'\]"),
        (Toy((), counter(9), ANYTHING), "toy: no initial state"),
        (Toy((0,), counter(9), ANYTHING * 2), "two claims share a property"),
    ],
)
def test_what_would_prove_nothing_is_an_error(world: Toy[int], message: str) -> None:
    """A stop at an unclaimed property, no beginning, one verdict for two claims."""
    with pytest.raises(ValueError, match=message):
        explore(world, states_max=10, stop_at_first_failure=frozenset({"TOY-1"}))


def test_a_claim_of_another_kind_than_declared_is_an_error() -> None:
    """A property declared as one kind cannot be claimed as another."""
    with pytest.raises(ValueError, match=r"TOY-3 is declared 'sometimes', not 'always'"):
        always(SEEN, lambda _: True)
    with pytest.raises(ValueError, match="TOY-4"):
        always_step(DONE, lambda _, __, ___: True)
    with pytest.raises(ValueError, match="TOY-1"):
        sometimes(SAFE, lambda _: True)
    with pytest.raises(ValueError, match="TOY-1"):
        leads_to(SAFE, lambda _: True, lambda _: True)


def test_an_assertion_that_fails_in_a_move_is_a_failure_with_the_path_to_it() -> None:
    """A failing assertion of a machine is a verdict, not a crash, and ends the exploration."""

    def moves(state: int) -> Iterator[tuple[Move, int]]:
        assert state < 4, "the counter has three places"
        yield UP, state + 1

    world = Toy((0,), moves, ANYTHING)
    report = explore(world, states_max=100)
    (failure,) = report.failures
    assert failure.property.id == "no exception"
    assert replay(world, failure.path) == (0, 1, 2, 3, 4)
    assert failure.note.startswith(f"{moves.__qualname__}, line ")
    assert "the counter has three places" in failure.note
    assert not report.complete
    assert [verdict.property.id for verdict in report.verdicts] == ["no exception"]


def fails_at_two(state: int) -> bool:
    assert state != 2
    return True


@pytest.mark.parametrize(
    "claim",
    [
        always(SAFE, fails_at_two),
        sometimes(SEEN, lambda s: not fails_at_two(s)),
        leads_to(DONE, fails_at_two, lambda _: True),
        leads_to(DONE, lambda _: True, fails_at_two),
    ],
)
def test_an_assertion_that_fails_in_a_claim_is_a_failure_too(claim: Claim[int]) -> None:
    """A failing assertion in a predicate is told with the state in which it failed."""
    world = Toy((0,), counter(9), (claim,))
    (failure,) = explore(world, states_max=10).failures
    assert failure.property.id == "no exception"
    assert replay(world, failure.path) == (0, 1, 2)


def test_an_assertion_that_fails_before_the_first_state_has_an_empty_path() -> None:
    """Where no state was reached there is no path, and the failure is told all the same."""

    @frozen
    class Broken(Toy[int]):
        def initial(self) -> Iterable[int]:
            raise AssertionError("no way to begin")

    (failure,) = explore(Broken((0,), counter(9)), states_max=10).failures
    assert failure.path == ()
    assert "no way to begin" in failure.note


def test_other_exceptions_are_not_caught() -> None:
    """An error in a world's code is an error, never a verdict."""
    with pytest.raises(ZeroDivisionError):
        explore(Toy((0,), lambda s: [(UP, 1 // s)]), states_max=10)


def test_progress_reports_states_transitions_depth_and_queue() -> None:
    """Progress tells exact numbers at the stated interval."""
    calls: list[tuple[int, ...]] = []
    world = Toy((EMPTY,), jugs)
    explore(world, states_max=100, every=5, progress=lambda *numbers: calls.append(numbers))
    assert [call[1] for call in calls] == [30, 60, 90]  # six moves from each of 5, 10, 15 states
    assert all(queue == states - 5 * n for n, (states, _, _, queue) in enumerate(calls, start=1))
    assert calls[-1] == (16, 90, 7, 1)


def test_a_claim_may_answer_with_any_true_or_false_value() -> None:
    """A count or a set is as good as a bool."""
    claims: Claims = (
        always(SAFE, lambda s: 10 - s),  # type: ignore[arg-type, return-value]
        sometimes(SEEN, lambda s: {s} & {7}),  # type: ignore[arg-type, return-value]
    )
    report = explore(Toy((0,), counter(9), claims), states_max=10)
    assert [verdict.holds for verdict in report.verdicts] == [True, True]
