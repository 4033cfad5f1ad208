"""The matrix of assumptions: what survives which network, and the page that says so."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from attrs import frozen

from adapters import docs
from simulator.actors import Actor, ActorWorld, Channel, Do
from simulator.catalogue import WORLDS
from simulator.explorer import Claim, Move, always, explore, leads_to, sometimes
from simulator.matrix import Assumed, Assumption, Line, Pair, hooks, matrix, reasons
from simulator.view.assumptions import markdown
from simulator.worlds.wires import doubled, late, wired
from spec.catalogue import MACHINES, Machine
from spec.order import ORDER
from spec.properties import Kind, Property, declare

A = Assumption
FEW = declare(
    Property("CNT-1", Kind.ALWAYS, "It is less than three."),
    Property("CNT-2", Kind.LEADS_TO, "One leads to two."),
    Property("CNT-3", Kind.SOMETIMES, "It is two."),
    Property("CNT-4", Kind.ALWAYS, "It is no seven."),
)
COUNTERS: Mapping[str, Machine] = {"counter": (ORDER, FEW)}


@frozen
class Counter:
    """A world that counts from *start* to *stop*, and breaks at *broken*."""

    name: str
    stop: int
    start: int = 0
    broken: int = -1

    def initial(self) -> list[int]:
        return [self.start]

    def moves(self, state: int) -> Iterator[tuple[Move, int]]:
        assert state != self.broken, "it is broken"
        if state < self.stop:
            yield Move("counter", "counts"), state + 1

    def claims(self) -> list[Claim[int]]:
        return [
            always(FEW["CNT-1"], lambda n: n < 3),
            leads_to(FEW["CNT-2"], lambda n: n == 1, lambda n: n == 2, lambda _: True),
            sometimes(FEW["CNT-3"], lambda n: n == 2),
        ]

    def show(self, state: int) -> Mapping[str, str]:
        return {"counter": str(state)}


def cells(*pairs: Pair) -> dict[str, dict[A, str]]:
    """Return the words of each property's cells."""
    lines = matrix([lambda: pairs], COUNTERS)
    return {line.property.id: {a: cell.words for a, cell in line.cells.items()} for line in lines}


@cache
def every_line() -> tuple[Line, ...]:
    """Return the lines of our machines."""
    return matrix(hooks(WORLDS), MACHINES)


def ours() -> dict[tuple[str, str], Line]:
    """Return the lines of our machines by property and defect."""
    return {(x.property.id, x.defect): x for x in every_line()}


def words(property_id: str, defect: str = "") -> Sequence[str]:
    """Return the words of one of our lines, in the order of the assumptions."""
    return [ours()[property_id, defect].cells[each].words for each in A]


def test_a_cell_says_what_becomes_of_a_property() -> None:
    """It holds, fails after so many moves, or is not spoken of; what can happen is left out."""
    found = cells((A.FIFO, Counter("two", 2)), (A.LOSSY, Counter("one", 1)), (A.CRASH, "no use"))
    assert set(found) == {"CNT-1", "CNT-2"}
    assert found["CNT-1"] == dict.fromkeys(A, "-") | {A.FIFO: "holds", A.LOSSY: "holds"}
    assert found["CNT-2"] == dict.fromkeys(A, "-") | {A.FIFO: "holds", A.LOSSY: "1 move"}


def test_a_failure_in_one_world_is_a_failure() -> None:
    """A machine may have several worlds for one assumption."""
    found = cells((A.FIFO, Counter("two", 2)), (A.FIFO, Counter("four", 4)), (A.FIFO, "no use"))
    assert found["CNT-1"][A.FIFO] == "3 moves"
    assert found["CNT-2"][A.FIFO] == "holds"


def test_what_never_begins_is_not_said_to_hold() -> None:
    """A leads-to whose beginning never occurs says nothing."""
    late_start = Counter("late", 2, start=2)
    lines = matrix([lambda: [(A.FIFO, late_start)]], COUNTERS)
    cell = lines[1].cells[A.FIFO]
    assert (cell.verdict, cell.why) == (None, "no state ever starts it")


def test_an_assertion_that_fails_is_a_failure() -> None:
    """Of what a broken world leaves open nothing is said to hold."""
    found = cells((A.FIFO, Counter("broken", 2, broken=2)))
    assert found["CNT-2"][A.FIFO] == "2 moves"


def test_a_world_without_end_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """More states than the bound: neither holds nor fails."""
    monkeypatch.setattr("simulator.matrix.STATES_MAX", 3)
    (line, _) = matrix([lambda: [(A.FIFO, Counter("long", 9))]], COUNTERS)
    assert line.cells[A.FIFO].verdict is None
    assert "too many states" in line.cells[A.FIFO].why


def test_a_defect_has_lines_of_its_own_for_what_fails() -> None:
    """What holds without a repair as well needs no line."""
    bad = Assumed(A.LOSSY, Counter("four", 4), "it does not stop")
    lines = matrix([lambda: [Assumed(A.FIFO, Counter("two", 2)), bad]], COUNTERS)
    found = [(line.property.id, line.defect) for line in lines]
    assert found == [("CNT-1", ""), ("CNT-2", ""), ("CNT-1", "it does not stop")]


def test_reasons_name_their_cells() -> None:
    """Each reason once, with the properties and assumptions that it is about."""
    pairs: list[Pair] = [
        (A.FIFO, Counter("two", 2)),
        (A.LOSSY, Counter("late", 2, start=2)),
        (A.CRASH, "why"),
    ]
    found = reasons(matrix([lambda: pairs], COUNTERS))
    assert found["why"] == "all under crash"
    assert found["no state ever starts it"] == "CNT-2 under lossy"
    assert found["not explored"].startswith("all under unordered, duplicating")


def test_hooks_are_found_in_a_module_or_beside_it() -> None:
    """A world module may leave its wires to another one."""
    own, none = ModuleType("own"), ModuleType("none")
    vars(own)["assumptions"] = lambda: [(A.FIFO, "here")]
    order = next(each for each in WORLDS if each.__name__ == "simulator.worlds.order")
    first, second = hooks([own, none, order])
    assert list(first()) == [(A.FIFO, "here")]
    assert {pair[0] for pair in second()} == set(A)


def test_the_order_survives_every_network() -> None:
    """One thing wrong at a time, whatever it is: no property fails."""
    ids = [key for key in ours() if key[0].startswith("ORD-")]
    assert len(ids) == 8
    assert {word for key in ids for word in words(*key)} == {"holds", "-"}
    assert words("ORD-2") == ["holds"] * len(A)


def test_mirroring_needs_its_repairs_only_out_of_order() -> None:
    """With reports in order the strategy of the source description is right; else it is not."""
    assert words("MMS-1.1")[:2] == ["holds", "holds"]
    for defect in ("closing reports have no total", "a closing report ends a request"):
        in_order, out_of_order, *_ = words("MMS-1.1", defect)
        assert in_order == "holds"
        assert out_of_order.endswith("moves")


def test_mirroring_books_increments_so_a_doubled_report_breaks_it() -> None:
    """It is told of each fill once, or it counts wrong."""
    assert words("MMS-1.1")[2] == "5 moves"
    assert words("MMS-2")[2] == "holds"


def test_mirroring_survives_a_crash_over_order_machines() -> None:
    """A restart asks for every open order, and loses none of what was counted."""
    ids = [key[0] for key in ours() if key[0].startswith("MMS-") and not key[1]]
    assert len(ids) == 10
    assert {word for each in ids for word in words(each)[6:] if word != "-"} == {"holds"}


def test_the_wallet_survives_late_and_missing_answers_over_order_machines() -> None:
    """What breaks it is news that is lost without a word."""
    ids = [key[0] for key in ours() if key[0].startswith("HW-")]
    assert words("HW-1")[3].endswith("moves")
    assert {word for each in ids for word in (*words(each)[4:6], words(each)[7])} == {"holds", "-"}
    assert words("HW-11")[4:6] == ["holds", "holds"]


def test_the_collision_relies_on_the_orders_below_it() -> None:
    """Over order machines no network keeps the base out for ever; without them a loss does."""
    ids = [key[0] for key in ours() if key[0].startswith("COL-") and not key[1]]
    assert {word for each in ids for word in words(each)} == {"holds", "-"}
    bare = words("COL-3", "no order machines below it")
    failing = [word.endswith("moves") for word in bare]
    assert failing == [False] * 3 + [True, False, True, False, False]


def test_the_overlay_needs_nothing_of_its_network() -> None:
    """It decides each cycle from all that it sees, so what was lost is seen the next time."""
    ids = [key[0] for key in ours() if key[0].startswith("MIR-") and not key[1]]
    assert len(ids) == 13
    assert {tuple(words(each)) for each in ids} == {
        ("holds", "-", "holds", "holds", "-", "holds", "holds", over_orders)
        for over_orders in ("holds", "-")
    }


def test_the_overlay_needs_its_journal_for_nothing_but_a_stop() -> None:
    """One that starts anew after a crash goes on from an error that no person has looked at."""
    forgets = [key for key in ours() if key[1] == "what it remembers is not in the journal"]
    assert [property_id for property_id, _ in forgets] == ["MIR-7.2"]
    assert words(*forgets[0])[6] == "4 moves"


def test_a_trailing_order_relies_on_news_that_comes_once_and_comes_at_all() -> None:
    """A report that comes twice frees the place of another order; a lost bar may be the last."""
    assert words("TRL-4")[2].endswith("moves")
    assert words("TRL-5")[3].endswith("moves")
    safe = ("TRL-1.1", "TRL-1.2", "TRL-1.3", "TRL-2", "TRL-3", "TRL-6")
    assert {word for each in safe for word in words(each)} == {"holds", "-"}


def test_unstucking_never_overspends_what_it_knows_of() -> None:
    """A bad network keeps it from orders that are called for; it never loses beyond the budget."""
    for each in ("UNS-2.1", "UNS-2.2", "UNS-3"):
        assert set(words(each)) == {"holds", "-"}
    assert [word.endswith("moves") for word in words("UNS-5")] == [
        False, True, False, True, False, True, False, True,
    ]  # fmt: skip


def test_slots_stay_bounded_on_every_network() -> None:
    """What is lost keeps a slot from being given back; it never makes one too many."""
    for each in ("FOR-1", "FOR-2", "FOR-3", "FOR-6.1", "FOR-7"):
        assert set(words(each)) == {"holds", "-"}
    for each in ("FOR-5", "FOR-6.3", "FOR-6.4"):
        assert words(each)[3].endswith("moves")
        assert words(each)[5].endswith("moves")
        assert words(each)[7].endswith("moves")


def test_requests_that_overtake_each_other_need_order_machines() -> None:
    """A cancel that overtakes its order comes to nothing; only an order machine asks again."""
    for each in ("ORD-6", "HW-7", "COL-3", "MIR-3.1", "MMS-4"):
        assert words(each)[7] == "holds"
    for each in ("TRL-5", "UNS-5", "FOR-5"):
        assert words(each)[7].endswith("moves")


def test_every_machine_says_what_it_assumes() -> None:
    """Each has lines, and each of their cells a verdict or a reason of its own."""
    sound = [line for line in ours().values() if not line.defect]
    assert {line.machine for line in sound} == set(MACHINES)
    assert "not explored" not in {cell.why for line in sound for cell in line.cells.values()}


def test_a_line_comes_once() -> None:
    """A world over other machines is asked for its own one only."""
    assert len(ours()) == len(every_line())


def test_the_supervisor_relies_on_being_told_of_gaps() -> None:
    """News lost with a word about it does no harm, without one it does.

    So does a question about the account that overtakes an order.
    """
    assert words("SUP-5.2")[7].endswith("moves")
    assert words("SUP-2.2")[3] == "holds"
    assert words("SUP-2.2", "nobody says that news was lost")[3].endswith("moves")


def test_the_page_of_assumptions_is_current() -> None:
    """It says what the explorer finds today."""
    assert docs.ASSUMPTIONS.read_text() == markdown(every_line(), MACHINES)


def test_each_counterexample_of_the_page_is_linked() -> None:
    """A failing cell leads to a trace, and no trace is left over."""
    page = docs.ASSUMPTIONS.read_text()
    traces = page.count("\n### Trace ")
    assert traces > 10
    for number in range(1, traces + 1):
        assert f"(#trace-{number})" in page
        assert f"\n### Trace {number}\n" in page


# --- Wires ---------------------------------------------------------------------------------


def post(*, ordered: bool = True, lossy: bool = False) -> ActorWorld:
    """Return a world in which "a" sends 1 and 2 to "b", who keeps what comes."""

    def acts(sent: int) -> Iterator[Do]:
        if sent < 2:
            yield Do("sends", sent + 1, (("post", sent + 1),))

    def hears(kept: tuple[int, ...], _channel: str, letter: int) -> Iterator[Do]:
        yield Do("keeps", (*kept, letter))

    actors = (Actor("a", 0, acts), Actor("b", (), lambda _: (), hears))
    return ActorWorld("post", actors, (Channel("post", "b", 2, ordered, lossy),))


def kept(world: ActorWorld) -> set[Any]:
    """Return all that "b" may have kept in the end."""
    seen, wave = set(world.initial()), list(world.initial())
    while wave:
        wave = [s for state in wave for _, s in world.moves(state) if s not in seen]
        seen.update(wave)
    return {s.actors[1] for s in seen if not any(True for _ in world.moves(s))}


def test_a_wire_can_be_changed() -> None:
    """Only the channels that are named."""
    assert kept(post()) == {(1, 2)}
    assert kept(wired(post(), {"post"}, ordered=False)) == {(1, 2), (2, 1)}
    assert kept(wired(post(), {"post"}, lossy=True)) == {(), (1,), (2,), (1, 2)}
    assert kept(wired(post(), {"other"}, lossy=True)) == {(1, 2)}


def test_a_message_may_arrive_twice_so_often_in_all() -> None:
    """Right after each other, on the channels that are named."""
    ends = {state.local for state in kept(doubled(post(), "b", {"post"}, times=1))}
    assert ends == {(1, 2), (1, 1, 2), (1, 2, 2)}
    assert {s.local for s in kept(doubled(post(), "b", {"other"}, times=1))} == {(1, 2)}


def test_some_messages_may_be_overtaken() -> None:
    """The late ones by the others, and not the other way round."""
    assert kept(late(post(), "a", "post", lambda letter: letter == 1)) == {(1, 2), (2, 1)}
    assert kept(late(post(), "a", "post", lambda letter: letter == 9)) == {(1, 2)}


def test_changed_wires_are_explored_like_any() -> None:
    """What they make is a world of actors."""
    world = late(doubled(post(), "b", {"post"}, times=1), "a", "post", lambda letter: letter == 1)
    assert explore(world, states_max=100).complete
