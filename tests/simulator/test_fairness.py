"""Leads-to under weak fairness: textbook mutual exclusion, and every small graph by brute force."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Generic, TypeVar

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from simulator.explorer import Claim, Fair, Move, Verdict, explore, leads_to
from spec.properties import Kind, Property

St = TypeVar("St", bound=Hashable)
Edge = tuple[int, str, int]
Edges = tuple[Edge, ...]

SERVED = Property("MUT-1", Kind.LEADS_TO, "Whoever waits gets in.")


@frozen
class Toy(Generic[St]):
    """A world given by its functions."""

    start: tuple[St, ...]
    next: Callable[[St], Iterable[tuple[Move, St]]]
    claimed: tuple[Claim[St], ...]
    name: str = "toy"

    def initial(self) -> Iterable[St]:
        return self.start

    def moves(self, state: St, /) -> Iterable[tuple[Move, St]]:
        return self.next(state)

    def claims(self) -> Iterable[Claim[St]]:
        return self.claimed

    def show(self, state: St, /) -> Mapping[str, str]:
        return {"toy": str(state)}


def judge(
    start: St,
    moves: Callable[[St], Iterable[tuple[Move, St]]],
    when: Callable[[St], bool],
    then: Callable[[St], bool],
    fair: Fair = frozenset(),
) -> Verdict[St]:
    """Return the verdict on one leads-to."""
    world = Toy((start,), moves, (leads_to(SERVED, when, then, fair),))
    return explore(world, states_max=10_000).verdict("MUT-1")


# Mutual exclusion

Turns = tuple[str, str, int]


def lock(state: Turns) -> Iterator[tuple[Move, Turns]]:
    """Two processes and a lock that either may take when it is free; the second may dawdle."""
    yield Move("p1", "dawdles"), state
    for me in (0, 1):
        mine, other, who = state[me], state[1 - me], f"p{me}"
        for what, before, after in (
            ("waits", "idle", "waiting"),
            ("enters", "waiting", "inside"),
            ("leaves", "inside", "idle"),
        ):
            if mine == before and not (what == "enters" and other == "inside"):
                pair = (after, other) if me == 0 else (other, after)
                yield Move(who, what), (*pair, state[2])


def peterson(state: Turns) -> Iterator[tuple[Move, Turns]]:
    """As `lock`, but who comes to wait gives the other the turn."""
    for move, (first, second, _) in lock(state):
        me = int(move.who[1])
        if move.what == "waits":
            yield move, (first, second, 1 - me)
        elif move.what != "enters" or state[1 - me] == "idle" or state[2] == me:
            yield move, (first, second, state[2])


IDLE: Turns = ("idle", "idle", 0)
POLITE = frozenset({("p0", "enters"), ("p1", "enters"), ("p1", "leaves")})


def first_waits(state: Turns) -> bool:
    return state[0] == "waiting"


def first_is_in(state: Turns) -> bool:
    return state[0] == "inside"


def test_without_fairness_the_first_process_starves_while_the_second_dawdles() -> None:
    """A leads-to without fairness fails where a process may wait for ever."""
    verdict = judge(IDLE, peterson, first_waits, first_is_in)
    assert not verdict.holds
    assert verdict.path is not None
    assert verdict.cycle == 1
    assert verdict.moves() == (Move("p0", "waits"), Move("p1", "dawdles"))
    assert verdict.path[-1][1] == verdict.path[verdict.cycle][1]


def test_with_weak_fairness_nobody_starves_in_petersons_protocol() -> None:
    """The known liveness of a known protocol holds once its moves are weakly fair."""
    assert judge(IDLE, peterson, first_waits, first_is_in, POLITE).holds


@pytest.mark.parametrize("missing", [("p0", "enters"), ("p1", "enters"), ("p1", "leaves")])
def test_each_fair_move_of_petersons_protocol_is_needed(missing: tuple[str, str]) -> None:
    """Without it the first process waits forever, and the move is not made on the way round."""
    verdict = judge(IDLE, peterson, first_waits, first_is_in, POLITE - {missing})
    assert not verdict.holds
    assert Move(*missing) not in verdict.moves()[verdict.cycle :]


def test_weak_fairness_does_not_save_a_lock_that_anyone_may_snatch() -> None:
    """Entering is disabled on every round, so it is never owed."""
    verdict = judge(IDLE, lock, first_waits, first_is_in, POLITE)
    assert not verdict.holds
    assert verdict.cycle is not None
    cycle = verdict.moves()[verdict.cycle :]
    assert [move.what for move in cycle if move.who == "p1"] == ["waits", "enters", "leaves"]
    assert len(cycle) == 3


def test_fair_moves_may_be_chosen_by_a_predicate() -> None:
    """A predicate on moves selects the same fair moves as their names do."""
    assert judge(
        IDLE, peterson, first_waits, first_is_in, lambda move: move.what in {"enters", "leaves"}
    ).holds
    assert not judge(IDLE, peterson, first_waits, first_is_in, lambda move: move.who == "p1").holds


def test_a_fair_move_is_chosen_by_who_and_how_its_words_begin() -> None:
    """Another actor's moves, or a word in the middle, do not count."""
    begins = frozenset({("p0", "en"), ("p1", "")})
    assert judge(IDLE, peterson, first_waits, first_is_in, begins).holds
    middle = frozenset({("p0", "nters"), ("p", "enters"), ("p1", "")})
    assert not judge(IDLE, peterson, first_waits, first_is_in, middle).holds


# Small cases, one rule each


def edges_from(edges: Edges) -> Callable[[int], Iterator[tuple[Move, int]]]:
    def moves(state: int) -> Iterator[tuple[Move, int]]:
        return ((Move("edge", what), to) for source, what, to in edges if source == state)

    return moves


def verdict_on(
    edges: Edges, when: set[int], then: set[int], fair: str = "", start: int = 0
) -> Verdict[int]:
    return judge(
        start,
        edges_from(edges),
        lambda s: s in when,
        lambda s: s in then,
        lambda move: move.what in fair,
    )


def states_of(verdict: Verdict[int]) -> list[int]:
    return [state for _, state in verdict.path or ()]


def test_a_state_that_nothing_leaves_breaks_the_promise() -> None:
    """However fair, nothing happens there: the path ends and does not repeat."""
    verdict = verdict_on(((0, "a", 1), (1, "a", 2), (1, "b", 3)), {0}, {2}, "ab")
    assert not verdict.holds
    assert states_of(verdict) == [0, 1, 3]
    assert verdict.cycle is None


def test_a_state_that_nothing_leaves_may_be_the_goal() -> None:
    """A path that ends in the goal keeps the promise."""
    assert verdict_on(((0, "a", 1),), {0}, {1}).holds


def test_where_the_goal_holds_already_nothing_is_owed() -> None:
    """A promise made where it is kept already cannot be broken."""
    assert verdict_on(((0, "a", 1), (1, "a", 1)), {0}, {0}).holds


def test_a_promise_that_was_kept_may_be_forgotten() -> None:
    """Only paths that avoid the goal altogether count."""
    assert verdict_on(((0, "a", 1), (1, "a", 2), (2, "a", 2)), {0}, {1}).holds


def test_a_cycle_before_the_promise_does_not_matter() -> None:
    """Only what comes after the promise can break it."""
    assert verdict_on(((0, "a", 0), (0, "b", 1), (1, "a", 2)), {1}, {2}).holds


def test_an_edge_back_to_its_own_state_is_a_cycle() -> None:
    """A state may be left for itself for ever."""
    verdict = verdict_on(((0, "a", 0), (0, "b", 1)), {0}, {1})
    assert states_of(verdict) == [0, 0]
    assert verdict.cycle == 0


def test_a_fair_move_that_leads_out_of_the_cycle_is_taken_in_the_end() -> None:
    """A cycle in which a fair move stays enabled without being taken is no counterexample."""
    assert verdict_on(((0, "a", 0), (0, "b", 1)), {0}, {1}, "b").holds


def test_a_fair_move_that_stays_in_the_cycle_counts_as_taken() -> None:
    """The same label leaves one state and stays in another."""
    edges = ((0, "a", 1), (1, "a", 0), (0, "b", 0), (1, "b", 2))
    verdict = verdict_on(edges, {0}, {2}, "b")
    assert not verdict.holds
    assert verdict.cycle is not None
    assert Move("edge", "b") in verdict.moves()[verdict.cycle :]


def test_a_fair_move_that_is_disabled_once_a_round_is_not_owed() -> None:
    """Weak fairness owes only what stays enabled all the way round."""
    edges = ((0, "a", 1), (1, "a", 0), (0, "b", 2))
    verdict = verdict_on(edges, {0}, {2}, "b")
    assert states_of(verdict)[verdict.cycle :] == [0, 1, 0]


def test_each_fair_label_is_owed_by_itself() -> None:
    """A wire that may repeat one message forever still delivers the other."""
    edges = ((0, "deliver 1", 0), (0, "deliver 2", 1))
    fair = frozenset({("edge", "deliver")})
    assert judge(0, edges_from(edges), lambda s: s == 0, lambda s: s == 1, fair).holds


def test_a_cycle_visits_what_fairness_asks_for() -> None:
    """Each fair label is taken or seen disabled on the way round, not only in the component."""
    edges = ((0, "a", 1), (1, "a", 2), (2, "a", 3), (3, "a", 0), (1, "x", 0))
    owed = (*((s, "b", 4) for s in (0, 1, 3)), *((s, "c", 4) for s in (0, 1, 2)))
    verdict = verdict_on((*edges, *owed), {0}, {4}, "bc")
    assert states_of(verdict) == [0, 1, 2, 3, 0]


def test_a_cycle_takes_every_fair_move_that_is_enabled_all_along() -> None:
    """Being back where it began is not enough."""
    edges = ((0, "a", 0), (0, "b", 0), (0, "c", 1))
    verdict = verdict_on(edges, {0}, {1}, "ab")
    assert [move.what for move in verdict.moves()] == ["a", "b"]


@pytest.mark.parametrize(
    ("made", "way"), [({0, 5}, [0, 5, 6, 6]), ({0, 4}, [0, 5, 6, 6]), ({4}, [0, 1, 2, 3, 4, 4])]
)
def test_the_way_into_a_cycle_is_shortest_from_the_first_state_on(
    made: set[int], way: list[int]
) -> None:
    """Not from where the promise is made: state 4 breaks it at once, but is far away."""
    slow = ((0, "a", 1), (1, "a", 2), (2, "a", 3), (3, "a", 4), (4, "a", 4))
    verdict = verdict_on((*slow, (0, "b", 5), (5, "b", 6), (6, "b", 6)), made, set())
    assert states_of(verdict) == way
    assert verdict.cycle == len(way) - 2


def test_a_promise_that_is_never_made_is_said_to_be_vacuous() -> None:
    """A leads-to that no state starts holds, and a note says why."""
    verdict = verdict_on(((0, "a", 0),), set(), set())
    assert verdict.holds
    assert verdict.note == "no state ever starts it"


# Every small graph


def brute_bad(inner: Edges, edges: Edges, waiting: set[int], fair: str) -> set[int]:
    """Return the waiting states that are stuck or lie on some fair closed walk.

    Tries every subset of the edges as that which a path repeats forever.
    """
    bad = waiting - {source for source, _, _ in edges}
    for size in range(1, len(inner) + 1):
        for repeated in combinations(inner, size):
            on = {source for source, _, _ in repeated}
            if all(reach(state, repeated) == on for state in on) and all(
                label in {what for _, what, _ in repeated}
                or any((state, label) not in {(s, w) for s, w, _ in edges} for state in on)
                for label in fair
            ):
                bad |= on
    return bad


def reach(start: int, edges: Iterable[Edge]) -> set[int]:
    """Return what *start* reaches by one edge or more."""
    reached: set[int] = set()
    frontier = {start}
    while frontier:
        frontier = {to for source, _, to in edges if source in frontier} - reached
        reached |= frontier
    return reached


def brute_distance(
    edges: Edges, when: set[int], then: set[int], bad: set[int], start: int
) -> int | None:
    """Return the least number of edges to *bad* with the promise open, or None."""
    wave, seen, distance = {(start, start in when - then)}, set[tuple[int, bool]](), 0
    while wave:
        if any(owed and state in bad for state, owed in wave):
            return distance
        seen |= wave
        wave = {
            (to, (owed or to in when) and to not in then)
            for state, owed in wave
            for source, _, to in edges
            if source == state
        } - seen
        distance += 1
    return None


STATES = st.integers(0, 3)
EDGES = st.lists(
    st.tuples(STATES, st.sampled_from("abc"), STATES), min_size=4, max_size=9, unique=True
).map(tuple)


@given(
    edges=EDGES,
    when=st.sets(STATES, min_size=1),
    then=st.sets(STATES, max_size=2),
    fair=st.sampled_from(["", "a", "ab", "abc"]),
)
def test_every_small_graph_is_judged_as_by_brute_force(
    edges: Edges, when: set[int], then: set[int], fair: str
) -> None:
    """Same verdict as trying every closed walk; the path is real, fair and shortest."""
    labels = {what for source, what, _ in edges if source in {0} | reach(0, edges)}
    owed = "".join(label for label in fair if label in labels)
    waiting = set(range(4)) - then
    inner = tuple(edge for edge in edges if edge[0] in waiting and edge[2] in waiting)
    bad = brute_bad(inner, edges, waiting, owed)
    distance = brute_distance(edges, when, then, bad, 0)
    verdict = verdict_on(edges, when, then, fair)
    assert verdict.holds is (distance is None)
    if distance is None:
        return
    states, moves = states_of(verdict), verdict.moves()
    end = len(moves) if verdict.cycle is None else verdict.cycle
    assert end == distance
    for (before, after), move in zip(pairwise(states), moves, strict=True):
        assert (before, move.what, after) in edges
    made = max(at for at in range(end + 1) if states[at] in when and states[at] in waiting)
    assert set(states[made:]) <= waiting
    if verdict.cycle is None:
        assert not reach(states[-1], edges)
        return
    repeated = states[end:]
    assert len(repeated) > 1
    assert repeated[0] == repeated[-1]
    for label in owed:
        disabled = any((state, label) not in {(s, w) for s, w, _ in edges} for state in repeated)
        assert disabled or label in {move.what for move in moves[end:]}
