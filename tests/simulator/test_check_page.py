"""The page of a check: it shows what was found, and nothing that it needs is elsewhere."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

from adapters.machine_file import load
from simulator.checked import Table, checked, tables
from simulator.explorer import START, Claim, Move, Verdict, always, explore
from simulator.judge import Entry
from simulator.view import Shown, page
from simulator.view.depths import depths
from simulator.view.sequence import sequence
from simulator.view.tables import changes, coverage
from simulator.view.trace import Step, Trace, trace
from spec.properties import Kind, Property

EXAMPLE = load(Path(__file__).parents[2] / "docs" / "how-to" / "resend.py")
VOID = {"meta"}


class Queue:
    """A world whose path is written out: what its two actors show after each move."""

    def __init__(self, *states: tuple[str, str]) -> None:
        self.name, self.states = "queue", states

    def initial(self) -> list[int]:
        return [0]

    def moves(self, state: int) -> Iterator[tuple[Move, int]]:
        if state + 1 < len(self.states):
            yield Move("us", f"step {state + 1}", "wire"), state + 1

    def claims(self) -> list[Claim[int]]:
        last = len(self.states) - 1
        short = Property("QUE-1", Kind.ALWAYS, "It does not come to <the end>.")
        return [always(short, lambda state: state < last)]

    def show(self, state: int) -> Mapping[str, str]:
        return dict(zip(("us", "wire"), self.states[state], strict=True))


def traced(*states: tuple[str, str]) -> Trace:
    """Return the path through *states*."""
    world = Queue(*states)
    (verdict,) = explore(world, states_max=99).failures
    return trace(verdict, world, "what <happens>")


def marked(step: Step, actor: str) -> list[str]:
    """Return the parts that are new."""
    return [part.text for part in step.looks[actor].parts if part.new]


class Tags(HTMLParser):
    """A reader that refuses tags which are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if "href" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of nothing: it is closed."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(*, mutants: bool) -> str:
    """Return the page of the example and of a world that fails."""
    bad = Entry(Queue(("a", "empty"), ("b", "<one>")))
    done = [Shown(checked(entry), 0.1) for entry in (*EXAMPLE.entries, bad)]
    found = tables(EXAMPLE.machines, (each.checked for each in done), EXAMPLE.machines)
    return page("A <check>", {"Commit": "abc"}, done, found, mutants=mutants)


def test_the_page_is_whole_and_alone() -> None:
    """Every tag is closed, every link leads somewhere on it, nothing is loaded or run."""
    text, tags = written(mutants=True), Tags()
    tags.feed(text)
    assert not tags.open
    assert {link.removeprefix("#") for link in tags.links} <= set(tags.ids)
    assert len(set(tags.ids)) == len(tags.ids)
    assert not re.search(r"<script|https?://|url\(|src=|@import", text)


def test_the_page_tells_what_was_found() -> None:
    """Worlds, properties, verdicts, sizes, rows and the commit."""
    text = written(mutants=False)
    for each in ("RS-1", "RS-2", "witnessed in 2", "FAILS", "QUE-1 fails after 1 move<", "abc"):
        assert each in text
    assert "4 of 4 rows taken" in text
    assert "18 states, 34 transitions, depth 6" in text
    assert "2, 1 not sound" in text


def test_words_of_others_are_text() -> None:
    """No title, state or property is taken for markup."""
    text = written(mutants=True)
    assert "<check>" not in text
    assert "<one>" not in text
    assert "&lt;the end&gt;" in text


def test_mutants_are_drawn_if_asked_for() -> None:
    """A counterexample always is; a defect that was found only then."""
    assert written(mutants=False).count('class="sequence"') == 1
    assert written(mutants=True).count('class="sequence"') == 3
    assert "it is sent once only <b>RS-3 is never reached.</b>" in written(mutants=True)


def test_a_mutant_that_lives_is_shown_in_any_case() -> None:
    """A property that misses a defect is a failure."""
    entry = EXAMPLE.entries[0]
    lives = evolve(entry.mutants[0], world=entry.world)
    done = [Shown(checked(evolve(entry, mutants=(lives,))), 0.1)]
    assert "RS-1 misses" in page("t", {}, done, (), mutants=False)


def test_what_has_changed_is_marked() -> None:
    """Part by part; of equal parts as many as have come."""
    found = traced(("NEW 0/2", "ack"), ("NEW 0/2", "ack, ack"), ("HELD", "ack, fill"))
    _, second, third = found.steps
    assert marked(second, "us") == []
    assert marked(second, "wire") == ["ack"]
    assert marked(third, "us") == ["HELD"]
    assert marked(third, "wire") == ["fill"]
    assert changes(found).count("<mark>") == 3


def test_what_is_left_is_marked_where_something_has_gone() -> None:
    """A queue that gets shorter has changed."""
    _, second = traced(("a", "one, two"), ("a", "two")).steps
    assert marked(second, "wire") == ["two"]
    assert second.changed("wire")
    assert not second.changed("us")


def test_a_long_record_is_told_by_the_fields_that_have_changed() -> None:
    """What the repr of a named tuple says in full would hide the one field that matters."""
    idle = "first=1, second=2, third=3, fourth=4, fifth=5, sixth=6, seventh=7"
    before, after = f"Bot(at=At(x=1, y=0), {idle})", f"Bot(at=At(x=1, y=2), {idle})"
    _, second = traced((before, "-"), (after, "-")).steps
    assert second.looks["us"].news == "at.y 2"
    _, back = traced((after, "-"), (before, "-")).steps
    assert back.looks["us"].news == "no at.y"


def test_a_sequence_has_an_arrow_a_move_and_a_note_a_change() -> None:
    """Well formed, and with the names of who takes part."""
    found = traced(("a", "x"), ("b", "x"), ("b", "y"))
    root = ET.fromstring(sequence(found))  # noqa: S314  # it is ours
    kinds = [each.get("class") for each in root.iter()]
    assert kinds.count("point") == 2
    assert kinds.count("note") == 2 + 2
    assert kinds.count("life") == kinds.count("head") == 2
    texts = ["".join(each.itertext()) for each in root.iter("text")]
    assert texts[:2] == ["us", "wire"]
    assert "step 1" in texts


def test_a_cycle_is_framed() -> None:
    """From where it repeats, for ever."""
    prop = Property("CYC-1", Kind.LEADS_TO, "It comes to rest.")
    path = ((START, 0), (Move("us", "goes", "wire"), 1), (Move("wire", "back", "us"), 0))
    verdict = Verdict(prop, holds=False, path=path, cycle=1)
    found = trace(verdict, Queue(("a", "x"), ("b", "x")), "round")
    assert sequence(found).count('class="loop"') == 1
    assert changes(found).count('class="again"') == 1
    assert sequence(traced(("a", "x"), ("b", "x"))).count('class="loop"') == 0


def test_one_move_may_be_to_several() -> None:
    """An arrow to each of them, and one back to the mover if it is to nobody."""
    prop = Property("MOV-1", Kind.ALWAYS, "It does not move.")
    path = ((START, 0), (Move("a", "sends", "b, c"), 1), (Move("a", "waits"), 1))
    verdict = Verdict(prop, holds=False, path=path)

    class Three(Queue):
        def show(self, state: int) -> Mapping[str, str]:
            return dict.fromkeys("abc", str(state))

    found = trace(verdict, Three(), "three")
    assert found.actors == ("a", "b", "c")
    assert sequence(found).count('class="point"') == 3


def test_the_chart_has_a_bar_for_each_depth() -> None:
    """The largest as high as there is room, each with its number."""
    root = ET.fromstring(depths((1, 4, 2)))  # noqa: S314  # it is ours
    bars = [each for each in root.iter("rect") if each.get("class") == "bar"]
    heights = [float(each.get("height", "0")) for each in bars]
    assert heights == [heights[1] / 4, heights[1], heights[1] / 2]
    assert [each.findtext("title") for each in bars][1] == "depth 1: 4 states"


@pytest.mark.parametrize(("whole", "word"), [(True, "dead"), (False, "not taken")])
def test_a_row_that_no_world_takes_is_marked(whole: bool, word: str) -> None:  # noqa: FBT001
    """Dead if every world of its machine was asked; else only not taken."""
    spec, _ = EXAMPLE.machines["sender"]
    takers = {(int(row.source), int(row.symbol)): ("w",) for row in spec.rows[1:]}
    text = coverage(Table(spec, takers, whole), ["w", "unrelated"])
    assert text.count(f"<td>{word}</td>") == 1
    assert text.count("<td>●</td>") == len(spec.rows) - 1
    assert "unrelated" not in text
