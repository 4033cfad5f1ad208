"""A counterexample reads as a story and draws as a sequence: golden texts."""

from collections.abc import Iterable, Iterator, Mapping

import pytest
from attrs import evolve, frozen

from simulator.counterexample import mermaid, text
from simulator.explorer import (
    NO_EXCEPTION,
    START,
    Claim,
    Move,
    Verdict,
    always,
    explore,
    leads_to,
    sometimes,
)
from spec.properties import Kind, Property

KNOWN = Property("TOY-1", Kind.ALWAYS, "What the venue filled we know of.")
FILLS = Property("TOY-2", Kind.SOMETIMES, "An order is filled.")
NEVER = Property("TOY-3", Kind.SOMETIMES, "An order is filled twice.")
ACKED = Property("TOY-4", Kind.LEADS_TO, "A sent order is acknowledged.")
SMALL = Property("TOY-5", Kind.ALWAYS, "An order has one lot.")


@frozen
class Trade:
    """One order as we believe it, as the venue has it, and what is on the wire."""

    order: str = "NONE"
    venue: str = "NONE"
    wire: str = ""


@frozen
class Toy:
    """One order, one venue, a wire that may lose; *stuck* forbids to send again."""

    stuck: bool = False
    name: str = "toy"

    def initial(self) -> Iterable[Trade]:
        return (Trade(),)

    def moves(self, state: Trade, /) -> Iterator[tuple[Move, Trade]]:
        if state.order == "NONE":
            yield (
                Move("bot", "places the order", "wire"),
                evolve(state, order="PENDING_NEW", wire="order"),
            )
        if state.wire == "order":
            yield Move("wire", "delivers the order", "venue"), evolve(state, venue="NEW", wire="")
            yield Move("wire", "loses the order"), evolve(state, wire="")
        if (state.order, state.venue, state.wire) == ("PENDING_NEW", "NONE", "") and not self.stuck:
            yield Move("bot", "sends it again", "wire"), evolve(state, wire="order")
        if state.venue == "NEW":
            yield Move("venue", "fills 1 lot"), evolve(state, venue="FILLED", wire="fill")
        if state.wire == "fill":
            yield Move("wire", "delivers the fill", "bot"), evolve(state, order="FILLED", wire="")

    def claims(self) -> Iterable[Claim[Trade]]:
        return (
            always(KNOWN, lambda s: s.venue != "FILLED" or s.order == "FILLED"),
            sometimes(FILLS, lambda s: s.order == "FILLED"),
            sometimes(NEVER, lambda s: s.order == "FILLED TWICE"),
            leads_to(ACKED, lambda s: s.order == "PENDING_NEW", lambda s: s.venue != "NONE"),
            always(SMALL, lambda _: True),
        )

    def show(self, state: Trade, /) -> Mapping[str, str]:
        shown = {"bot": f"order {state.order}", "venue": state.venue, "lots": "1"}
        return shown | ({"wire": f"[{state.wire}]"} if state.wire else {})


def verdict(property_id: str, world: Toy) -> Verdict[Trade]:
    return explore(world, states_max=100).verdict(property_id)


def test_a_counterexample_says_who_does_what_to_whom_and_what_changes() -> None:
    """Each step is numbered and shows only the actors whose state has changed."""
    assert (
        text(verdict("TOY-1", Toy()), Toy())
        == """\
TOY-1 fails: What the venue filled we know of.
Shortest counterexample, 3 moves, in world toy:

0. start
   bot order NONE
   venue NONE
   lots 1
1. bot: places the order -> wire
   bot order NONE -> order PENDING_NEW
   wire absent -> [order]
2. wire: delivers the order -> venue
   venue NONE -> NEW
   wire [order] -> absent
3. venue: fills 1 lot
   venue NEW -> FILLED
   wire absent -> [fill]
"""
    )


def test_a_counterexample_draws_as_a_sequence_of_arrows_and_notes() -> None:
    """Who only stands by has no column."""
    assert (
        mermaid(verdict("TOY-1", Toy()), Toy())
        == """\
sequenceDiagram
    %% TOY-1 fails: What the venue filled we know of.
    autonumber
    participant p1 as bot
    participant p2 as wire
    participant p3 as venue
    Note over p1: order NONE
    Note over p3: NONE
    p1->>p2: places the order
    Note over p1: order PENDING_NEW
    Note over p2: [order]
    p2->>p3: delivers the order
    Note over p3: NEW
    Note over p2: absent
    p3->>p3: fills 1 lot
    Note over p3: FILLED
    Note over p2: [fill]
"""
    )


def test_a_witness_is_told_in_the_same_way() -> None:
    """What shows that something is possible reads like what shows that something is wrong."""
    lines = text(verdict("TOY-2", Toy()), Toy()).splitlines()
    assert lines[:2] == [
        "TOY-2 is reached: An order is filled.",
        "Shortest witness, 4 moves, in world toy:",
    ]
    assert lines[-3:] == [
        "4. wire: delivers the fill -> bot",
        "   bot order PENDING_NEW -> order FILLED",
        "   wire [fill] -> absent",
    ]


def test_a_lasso_says_what_repeats_forever() -> None:
    """A path that never ends is told once, with the step from which it repeats."""
    assert (
        text(verdict("TOY-4", Toy()), Toy())
        == """\
TOY-4 fails: A sent order is acknowledged.
Shortest way into a cycle, 1 move and then 2 forever, in world toy:

0. start
   bot order NONE
   venue NONE
   lots 1
1. bot: places the order -> wire
   bot order NONE -> order PENDING_NEW
   wire absent -> [order]
-- from here on, forever:
2. wire: loses the order
   wire [order] -> absent
3. bot: sends it again -> wire
   wire absent -> [order]
-- and again from 2
"""
    )


def test_a_lasso_draws_as_a_loop() -> None:
    """The part of a lasso that repeats is a loop in the sequence diagram."""
    assert (
        mermaid(verdict("TOY-4", Toy()), Toy())
        == """\
sequenceDiagram
    %% TOY-4 fails: A sent order is acknowledged.
    autonumber
    participant p1 as bot
    participant p2 as wire
    Note over p1: order NONE
    p1->>p2: places the order
    Note over p1: order PENDING_NEW
    Note over p2: [order]
    loop forever
        p2->>p2: loses the order
        Note over p2: absent
        p1->>p2: sends it again
        Note over p2: [order]
    end
"""
    )


def test_a_broken_promise_may_end_where_nothing_can_happen() -> None:
    """A leads-to also fails in a state that nothing leaves, and the text says so."""
    world = Toy(stuck=True)
    broken = verdict("TOY-4", world)
    assert (
        text(broken, world)
        == """\
TOY-4 fails: A sent order is acknowledged.
Shortest way to where nothing can happen any more, 2 moves, in world toy:

0. start
   bot order NONE
   venue NONE
   lots 1
1. bot: places the order -> wire
   bot order NONE -> order PENDING_NEW
   wire absent -> [order]
2. wire: loses the order
   wire [order] -> absent
-- nothing can happen any more
"""
    )
    assert mermaid(broken, world).splitlines()[-3:] == [
        "    p2->>p2: loses the order",
        "    Note over p2: absent",
        "    Note over p1,p2: nothing can happen any more",
    ]


def test_a_verdict_without_a_path_is_one_line() -> None:
    """Where there is nothing to show, the verdict alone is told."""
    world = Toy()
    never, small = verdict("TOY-3", world), verdict("TOY-5", world)
    assert text(never, world) == "TOY-3 is never reached: An order is filled twice.\n"
    assert text(small, world) == "TOY-5 holds: An order has one lot.\n"
    with pytest.raises(ValueError, match="TOY-3: no path to draw"):
        mermaid(never, world)


def test_the_note_of_a_verdict_is_told() -> None:
    """What else there is to know of a verdict is not lost in the text."""
    vacuous: Verdict[Trade] = Verdict(ACKED, holds=True, note="no state ever starts it")
    assert text(vacuous, Toy()).splitlines()[1] == "Note: no state ever starts it"
    raised = Verdict(NO_EXCEPTION, False, ((START, Trade()),), note="step, line 7: no lots; #1")  # noqa: FBT003
    assert text(raised, Toy()).splitlines()[:3] == [
        "no exception fails: No assertion of a machine fails.",
        "Note: step, line 7: no lots; #1",
        "Shortest counterexample, 0 moves, in world toy:",
    ]
    assert mermaid(raised, Toy()).splitlines()[3:] == [
        "    participant p1 as bot",
        "    participant p2 as venue",
        "    participant p3 as lots",
        "    Note over p1: order NONE",
        "    Note over p2: NONE",
        "    Note over p3: 1",
        "    Note over p1,p3: step, line 7#58; no lots#59; #35;1",
    ]


def test_ten_moves_are_numbered_in_one_column() -> None:
    """Numbers are padded to one width, so that a long path stays readable."""
    path = ((START, Trade()), *((Move("bot", "waits"), Trade()) for _ in range(10)))
    lines = text(Verdict(KNOWN, holds=False, path=path), Toy()).splitlines()
    assert lines[3:5] == [" 0. start", "    bot order NONE"]
    assert lines[-2:] == [" 9. bot: waits", "10. bot: waits"]


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        ("a;b#c", "a#59;b#35;c"),
        ("<b>&amp;", "#60;b#62;#38;amp#59;"),
        ("wrap: x", "wrap#58; x"),
        ("100 %{x}", "100 #37;#123;x#125;"),
        ("two\nlines", "two lines"),
        ("E' <= M, (1/2) [x] a-b_c!", "E' #60;= M, (1/2) [x] a-b_c!"),
        ('"$x$" `y` \\', "#34;#36;x#36;#34; #96;y#96; #92;"),
    ],
)
def test_what_mermaid_would_misread_is_written_as_codes(words: str, safe: str) -> None:
    """In arrows, notes and names alike."""

    @frozen
    class Odd(Toy):
        def show(self, state: Trade, /) -> Mapping[str, str]:
            return {words: words if state.wire else "quiet"}

    path = ((START, Trade()), (Move(words, words, "wire"), Trade(wire="order")))
    lines = mermaid(Verdict(KNOWN, holds=False, path=path), Odd()).splitlines()
    assert f"    participant p1 as {safe}" in lines
    assert f"    p1->>p2: {safe}" in lines
    assert lines[-1] == f"    Note over p1: {safe}"
