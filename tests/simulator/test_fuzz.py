"""Random walks: they hold what is proven, find known defects, and tell of them in few words."""

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from attrs import evolve, frozen

from simulator import catalogue as catalogues
from simulator.actors import Actor, ActorWorld, Channel
from simulator.catalogue import catalogue
from simulator.coverage import rows_at, watched, whole
from simulator.explorer import (
    NO_EXCEPTION,
    Claim,
    Move,
    World,
    always,
    always_step,
    explore,
    leads_to,
    sometimes,
)
from simulator.fuzz import PROFILES, budget, fuzz
from simulator.fuzz_graph import REST, BrokenError, Seen, kind
from simulator.fuzz_trace import Trace, TraceError, follow, judge, numbers, read, replay, trace
from simulator.judge import Mutant, kill
from simulator.mutants.order import added_up
from simulator.worlds.order import Size, order_world, our_side
from simulator.worlds.order_ours import Budget
from spec.fsm import Spec
from spec.order import ORDER, State, Symbol
from spec.properties import Kind, Property

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
# Every world in a few seconds, and many more walks at night.
SHORT = budget(PROFILE, examples=5 if PROFILE != "nightly" else 300, steps=25)
WORLDS = {entry.name: entry.world for entry in catalogue()}
WORDS = {module.__name__.rpartition(".")[2]: module.mutants() for module in catalogues.MUTANTS}

LOW = Property("CLK-1", Kind.ALWAYS, "It is before three.")
UP = Property("CLK-2", Kind.ALWAYS, "It never goes back.")
TWO = Property("CLK-3", Kind.SOMETIMES, "It is two.")
STRUCK = Property("CLK-4", Kind.LEADS_TO, "What was wound strikes.")


@frozen
class Clock:
    """It counts to *stop*, from zero or from *late*; at *fails* its code does."""

    claimed: tuple[Claim[int], ...] = ()
    stop: int = 9
    late: int = 0
    fails: int = -1
    back: int = -1
    name: str = "clock"

    def initial(self) -> Iterable[int]:
        return (0, self.late)

    def moves(self, state: int, /) -> Iterator[tuple[Move, int]]:
        assert state != self.fails, "the spring breaks"
        if state == self.back:
            yield Move("clock", "ticks"), 0
        if state < self.stop:
            yield Move("clock", "ticks"), state + 1
            yield Move("clock", "jumps"), min(state + 2, self.stop)

    def claims(self) -> Iterable[Claim[int]]:
        return self.claimed

    def show(self, state: int, /) -> Mapping[str, str]:
        return {"clock": str(state)}


@frozen
class Star:
    """From the middle one move leads to each of the ends."""

    name: str = "star"

    def initial(self) -> Iterable[int]:
        return (0,)

    def moves(self, state: int, /) -> Iterator[tuple[Move, int]]:
        if not state:
            yield from ((Move("we", "go"), end) for end in range(1, 150))

    def claims(self) -> Iterable[Claim[int]]:
        return ()

    def show(self, state: int, /) -> Mapping[str, str]:
        return {"we": str(state)}


BEFORE_THREE: Claim[int] = always(LOW, lambda hour: hour < 3)
BEFORE_FOUR: Claim[int] = always(LOW, lambda hour: hour < 4)
ONWARDS: Claim[int] = always_step(UP, lambda before, _, after: after >= before)
STRIKES: Claim[int] = leads_to(STRUCK, lambda hour: hour == 1, lambda hour: hour == 9)


def walked(world: World[int], only: str = "") -> str:
    """Return what fails on a few walks and the shortest way there, as numbers."""
    found = fuzz(world, budget(examples=20), seed=1, only=only)
    if found.failure is None:
        return ""
    return f"{found.failure.property.id} {numbers(found.failure, world)}"


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_proven_is_not_refuted(name: str) -> None:
    """No walk breaks a claim of a world that was explored whole."""
    found = fuzz(WORLDS[name], SHORT)
    assert found.failure is None
    assert found.walks
    assert len(found.states) > 1


def by_walks(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """Yield the mutants that a walk can tell: none shows that something never happens."""
    for mutant in mutants:
        claims = mutant.world.claims()
        kinds = {claim.property.id: claim.property.kind for claim in claims}
        if kinds[mutant.property_id] is not Kind.SOMETIMES:
            yield mutant


@pytest.mark.parametrize("word", WORDS)
def test_defects_of_every_machine_are_found(word: str) -> None:
    """A harness that cannot find a defect proves nothing when it is silent."""
    limits = budget(examples=20, steps=40)
    for mutant in by_walks(WORDS[word]):
        failure = fuzz(mutant.world, limits, seed=1, only=mutant.property_id).failure
        if failure is not None:
            break
    else:
        pytest.fail("no defect was found")
    assert failure.property.id == mutant.property_id
    told = str(trace(failure, mutant.world, mutant.defect))
    with pytest.raises(AssertionError, match=f"^{mutant.property_id} fails: "):
        replay(mutant.world, told)
    shortest = kill(mutant).verdict
    assert shortest is not None
    assert len(failure.moves()) >= len(shortest.moves())


WIDE = Size(
    qty=9,
    stop=True,
    orders=2,
    anew=True,
    losses=4,
    budget=Budget(losses=4, doubles=4, crashes=2, replaces=4),
)


def wide(**defect: Any) -> ActorWorld:  # noqa: ANN401
    """Return orders of many lots with many faults, too many to explore, and maybe a *defect*."""
    return order_world("order-wide", WIDE, ours=evolve(our_side(WIDE), **defect))


def test_a_wide_world_holds_where_nobody_can_explore_it() -> None:
    """Losses, doubles, crashes and replaces at once: no claim breaks, also not at the end."""
    limits = budget(PROFILE, examples=PROFILES[PROFILE] // 2, steps=100)
    found = fuzz(wide(), limits)
    assert found.failure is None
    assert any(found.witnessed.values())


def test_defects_are_found_in_a_wide_world() -> None:
    """The ways to a failure are longer there, and not all of them are met in a few walks."""
    limits = budget(examples=10, steps=100)
    believed = ORDER.redirected(State.NEW, Symbol.CANCEL, State.CANCELED)
    for property_id, world in (
        ("ORD-1", wide(step=added_up)),
        ("ORD-2", wide(spec=believed)),
        ("ORD-3", wide(eager=True)),
    ):
        failure = fuzz(world, limits, seed=1, only=property_id).failure
        assert failure is not None, property_id
        assert failure.property.id == property_id


def test_each_kind_of_claim_is_judged() -> None:
    """States, steps, what is owed at the end, and assertions; the first way is the shortest."""
    assert walked(Clock((BEFORE_THREE,))) == "CLK-1 0/0/1"
    assert walked(Clock((BEFORE_THREE,), late=5)) == "CLK-1 1"
    assert walked(Clock((ONWARDS,), back=4)) == "CLK-2 0/1/1/0"
    assert walked(Clock((STRIKES,), stop=3)) in {"CLK-4 0/0/1", "CLK-4 0/0/0/0"}
    assert not walked(Clock((STRIKES,)))
    assert walked(Clock((), fails=4)) == f"{NO_EXCEPTION.id} 0/1/1"
    assert not walked(Clock((ONWARDS,), late=5))


def test_a_claim_that_cannot_be_judged_is_told() -> None:
    """An assertion in a claim fails as one in the world's code does."""

    def early(hour: int) -> bool:
        assert hour < 4, "the hand comes off"
        return True

    claim: Claim[int] = always(UP, early)
    found = fuzz(Clock((claim,)), budget(examples=20), seed=1)
    assert found.failure is not None
    assert found.failure.property is NO_EXCEPTION
    assert "the hand comes off" in found.failure.note
    assert len(found.failure.moves()) == 2


def test_only_the_property_that_is_named_is_judged() -> None:
    """What else a defect breaks does not matter."""
    both = Clock((BEFORE_THREE, ONWARDS), back=6)
    assert walked(both, "CLK-2").startswith("CLK-2 ")
    assert walked(both).startswith("CLK-1 ")


def test_the_same_seed_walks_the_same_way() -> None:
    """And another seed another way."""
    world, limits = WORLDS["order-crash"], budget(examples=10)
    one, same, other = (fuzz(world, limits, seed) for seed in (1, 1, 2))
    assert (one.states, one.transitions) == (same.states, same.transitions)
    assert one.states != other.states


def test_walks_see_all_of_a_small_world() -> None:
    """Everything that is walked can be reached, and at last all that can be reached is walked."""
    never = Property("CLK-5", Kind.SOMETIMES, "It is ten.")
    claims: tuple[Claim[int], ...] = (
        sometimes(TWO, lambda hour: hour == 2),
        sometimes(never, lambda hour: hour == 10),
    )
    world = Clock(claims, late=5)
    found = fuzz(world, budget(examples=20), seed=1)
    everything = whole(world, 100)
    assert everything is not None
    assert (len(found.states), found.transitions) == (everything.states, everything.transitions)
    assert 0 < found.witnessed["CLK-3"] <= found.walks
    assert found.witnessed["CLK-5"] == 0


def test_a_walk_begins_anew_where_it_ends() -> None:
    """A walk of many steps is not over after the first one."""
    found = fuzz(Clock(stop=1, late=1), budget(examples=3), seed=1)
    assert found.transitions == 2
    star = fuzz(Star(), budget(examples=3), seed=1)
    assert len(star.states) > 1 + star.walks


def test_later_walks_begin_where_earlier_ones_left_off() -> None:
    """No walk of 20 steps goes beyond 40, but the next may."""
    found = fuzz(Clock(stop=500), budget(examples=60, steps=20), seed=1)
    assert max(found.states) > 60


def test_a_share_is_of_exactly_what_can_be_reached() -> None:
    """The totals are the explorer's; the rows of the states visited are among those reachable."""
    world = WORLDS["order-plain"]
    found, report = fuzz(world, budget(examples=10), seed=1), explore(world, states_max=1_000)
    everything = whole(world, 1_000)
    assert everything is not None
    assert (everything.states, everything.transitions) == (report.states, report.transitions)
    (rows,) = rows_at(world, found.states)
    assert len(found.states) < report.states
    assert 0 < found.transitions < report.transitions
    assert rows.taken <= everything.rows["order"].taken
    assert len(everything.rows["order"].taken) < rows.declared == len(ORDER.rows)


@pytest.mark.parametrize(
    ("name", "machines"),
    [
        ("mirroring-ends", ["mirroring"]),
        ("hedge-wallet-lagging", ["hedge_wallet", "order", "position"]),
    ],
)
def test_rows_are_counted_whatever_a_world_remembers(name: str, machines: list[str]) -> None:
    """A second look takes the same rows: steps remembered from the first are forgotten."""
    world = WORLDS[name]
    states = fuzz(world, budget(examples=2), seed=1).states
    first, second = (rows_at(world, states) for _ in range(2))
    assert first == second
    assert [rows.machine for rows in first if rows.taken] == machines


def test_a_machine_is_watched_only_meanwhile() -> None:
    """Afterwards the table is read as before; a pair without a row is not counted."""
    before = Spec[Any, Any, Any].take
    declared = {(row.source, row.symbol) for row in ORDER.rows}
    bare = next(pair for pair in product(State, Symbol) if pair not in declared)
    with watched() as found:
        ORDER.take(State.PENDING_NEW, Symbol.ACK)
        ORDER.take(*bare)
        (rows,) = found()
    assert Spec[Any, Any, Any].take is before
    assert (rows.machine, rows.declared) == ("order", len(ORDER.rows))
    assert rows.taken == {(State.PENDING_NEW, Symbol.ACK)}


def test_what_is_too_large_or_fails_has_no_totals() -> None:
    """Nobody knows the share of what nobody has explored."""
    assert whole(Clock(), 5) is None
    assert whole(Clock(fails=3), 100) is None


WIRE = ActorWorld(
    "wire",
    (Actor("we", 0, lambda _: ()), Actor("they", 0, lambda _: ())),
    (Channel("news", "we", 2, lossy=True, doubling=True),),
)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("Fill 3: books", "news delivers"),
        ("loses Fill 3", "news loses"),
        ("doubles Fill 3: books", "news doubles"),
        ("1: takes note", "news delivers"),
    ],
)
def test_the_fate_of_a_message_is_a_kind_of_move(what: str, expected: str) -> None:
    """What it says is not: there may be very many different messages."""
    assert kind(WIRE, Move("news", what, "we")) == expected


def test_every_move_is_of_a_kind_that_has_a_rule() -> None:
    """Also those that the sample did not meet."""
    seen = Seen(WORLDS["order-crash"])
    assert {"reports delivers", "we crash", "venue fills"} <= seen.kinds
    seen.kinds = frozenset({"we crash"})
    assert set(seen.choices(seen.starts[0])) == {REST, "we crash"}


class TestTraces:
    """Traces: what is written is read, and followed to the same end."""

    def test_a_trace_leads_to_the_same_failure(self) -> None:
        """As words and as numbers; words that fit several moves are numbered."""
        world = Clock((BEFORE_THREE, ONWARDS), back=2)
        failure = fuzz(world, budget(examples=20), seed=1, only="CLK-1").failure
        assert failure is not None
        kept = trace(failure, world)
        assert read(str(kept)) == kept
        for moves in (kept, read(numbers(failure, world))):
            assert follow(world, moves) == failure.path
            assert judge(world, follow(world, moves), "CLK-1") == failure

    def test_moves_of_one_label_are_told_apart(self) -> None:
        """The second clock: ticks of two is meant by #1."""
        kept = read("# world: clock\nclock: jumps\nclock: ticks #1\n#0\n")
        path = follow(Clock(back=2), kept)
        assert [state for _, state in path] == [0, 2, 3, 4]
        verdict = explore(Clock((BEFORE_FOUR,), back=2), states_max=99).verdict("CLK-1")
        assert trace(verdict, Clock(back=2)).moves == ("clock: jumps", "clock: jumps")
        verdict = evolve(verdict, path=path)
        assert trace(verdict, Clock(back=2)).moves[1] == "clock: ticks #1"

    def test_a_trace_of_what_was_mended_fails_no_more(self) -> None:
        """The test that was written for it passes."""
        broken, mended = Clock((BEFORE_THREE,)), Clock((ONWARDS,))
        text = "# world: clock\n# property: CLK-1\nclock: jumps\nclock: jumps\n"
        with pytest.raises(BrokenError, match="CLK-1 fails: It is before three"):
            replay(broken, text)
        replay(mended, text)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("clock: ticks", "no trace"),
            ("", "no trace"),
            ("# world: clock\n# start: 7", "no start 7; there are 1"),
            ("# world: clock\n# start: x", "no trace"),
            ("0/2", "move 1, '#2', is not possible; possible is: clock: ticks; clock: jumps"),
            ("# world: clock\nclock: stops", "'clock: stops', is not possible"),
            ("0/1/1/1/1/1/1", "possible is: nothing"),
        ],
    )
    def test_what_cannot_be_followed_is_told(self, text: str, told: str) -> None:
        """With the move, and what is possible there."""
        with pytest.raises(TraceError, match=told):
            replay(Clock(), text)

    def test_a_failure_without_a_path_is_no_trace(self) -> None:
        """What never happens leaves nothing to replay."""
        never: Claim[int] = sometimes(TWO, lambda hour: hour > 99)
        verdict = explore(Clock((never,)), states_max=99).verdict("CLK-3")
        with pytest.raises(ValueError, match="CLK-3: no path to write"):
            trace(verdict, Clock())


def test_profiles_grow() -> None:
    """The names are those that HYPOTHESIS_PROFILE takes."""
    assert list(PROFILES) == ["dev", "ci", "nightly"]
    assert sorted(PROFILES.values()) == list(PROFILES.values())
    assert budget("ci").derandomize
    assert budget("nightly").max_examples == 10_000
    assert Trace(world="clock").moves == ()
