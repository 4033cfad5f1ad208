"""Inquiries: when an order is asked for, which answer counts, and what a whole life comes to."""

import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from machines.inquiry import (
    ABSENT_TIMES,
    SHOWN_FACTOR,
    Inquiry,
    answered,
    asked,
    counts,
    ended,
    is_idle,
    may_ask,
    sent,
    well_formed,
)
from machines.order import Found
from tests.laws import laws_port
from tests.laws.laws_port import Truth
from tests.machines.strategies import SMALL, TRIED, try_law

VALID_NS = 3


def test_an_outcome_that_is_known_ends_a_request() -> None:
    """What the venue has answered cannot be carried out any more."""
    away = sent(Inquiry())
    assert not may_ask(away, 100)
    assert is_idle(ended(away, 0), 100)


def test_a_request_of_unknown_outcome_is_awaited_until_it_is_invalid() -> None:
    """Of several the one that is valid longest; another that ends well changes nothing."""
    inquiry = ended(ended(ended(sent(sent(sent(Inquiry()))), 9), 7), 0)
    assert not may_ask(inquiry, 8)
    assert may_ask(inquiry, 9)


def test_absent_is_believed_when_it_repeats() -> None:
    """Any other answer is believed at once."""
    inquiry, query = asked(Inquiry(), 4), 4
    for _ in range(ABSENT_TIMES - 1):
        assert not counts(inquiry, query, Found.ABSENT)
        assert all(counts(inquiry, query, found) for found in Found if found is not Found.ABSENT)
        inquiry = answered(inquiry, query, Found.ABSENT)
    assert counts(inquiry, query, Found.ABSENT)
    assert answered(inquiry, query, Found.ABSENT) == Inquiry()


def test_an_order_that_was_shown_is_not_denied_so_soon() -> None:
    """It has arrived, so an answer that it is absent is of the past, or false."""
    inquiry = asked(Inquiry(), 4, shown=True)
    for _ in range(ABSENT_TIMES * SHOWN_FACTOR - 1):
        assert not counts(inquiry, 4, Found.ABSENT)
        assert counts(inquiry, 4, Found.OPEN)
        inquiry = answered(inquiry, 4, Found.ABSENT)
    assert counts(inquiry, 4, Found.ABSENT)
    assert answered(inquiry, 4, Found.ABSENT) == Inquiry()


@pytest.mark.parametrize(
    "broken",
    [
        Inquiry(flying=-1),
        Inquiry(query=-1),
        Inquiry(query=1, absent=-1),
        Inquiry(absent=1),
        Inquiry(shown=True),
        Inquiry(flying=-1, query=1),
    ],
)
def test_counts_and_questions_make_sense(broken: Inquiry) -> None:
    """What is known of answers belongs to a question."""
    assert not well_formed(broken)
    assert well_formed(Inquiry(flying=1, query=1, absent=1, shown=True))


def test_a_newer_question_begins_anew() -> None:
    """It does not take over what the older one has heard, whose answers are dropped."""
    inquiry = answered(asked(Inquiry(), 1), 1, Found.ABSENT)
    newer = asked(inquiry, 2)
    assert newer == asked(Inquiry(), 2)
    assert not counts(newer, 1, Found.OPEN)
    assert answered(newer, 1, Found.OPEN) == newer


@define
class Request:
    """A request away from us: the venue may take it while it is valid and not decided."""

    until_ns: int
    decided: bool = False


@define
class World:
    """An order's requests as they are, beside what is known of them."""

    inquiry: Inquiry = field(factory=Inquiry)
    now_ns: int = 0
    flying: list[Request] = field(factory=list[Request])
    lost: list[Request] = field(factory=list[Request])
    absent: int = 0  # answers in a row to the newest question
    query: int = 0
    shown: bool = False
    told: int = 0

    @property
    def needed(self) -> int:
        """How many answers in a row it takes to believe that the order is absent."""
        return ABSENT_TIMES * (SHOWN_FACTOR if self.shown else 1)

    def act(self, what: int) -> None:
        """Do one thing that may happen."""
        match what:
            case 0:
                self.flying.append(Request(self.now_ns + VALID_NS))
                self.inquiry = sent(self.inquiry)
            case 1 | 2 if self.flying:
                request = self.flying.pop()
                request.decided = what == 1
                self.lost += [] if request.decided else [request]
                until_ns = 0 if request.decided else request.until_ns
                self.inquiry = ended(self.inquiry, until_ns)
            case 3 | 6:
                self.query, self.absent, self.shown = self.query + 1, 0, what == 6
                self.inquiry = asked(self.inquiry, self.query, shown=self.shown)
            case 4 | 5 if self.inquiry.query and may_ask(self.inquiry, self.now_ns):
                self.answer(Found.ABSENT if what == 4 else Found.OPEN)
            case _:
                self.now_ns += 1

    def answer(self, found: Found) -> None:
        """Let the venue answer, which can still take nothing."""
        assert not self.flying
        assert all(request.until_ns <= self.now_ns for request in self.lost)
        self.absent += 1
        if counts(self.inquiry, self.query, found):
            assert found is Found.OPEN or self.absent == self.needed
            self.told += 1
        self.inquiry = answered(self.inquiry, self.query, found)


@TRIED
@given(st.lists(st.integers(0, 7), max_size=40))
def test_a_life(what: list[int]) -> None:
    """Whatever is sent, lost, asked and answered in whatever order: each answer is of its moment.

    In the end the newest question is answered, once.
    """
    world = World()
    for each in what:
        world.act(each)
    while world.flying:
        world.act(1)
    world.now_ns += VALID_NS
    told, waits = world.told, bool(world.inquiry.query)
    for _ in range(world.needed):
        world.act(4)
    assert world.told == told + waits
    assert is_idle(world.inquiry, world.now_ns)


def inquiries() -> SearchStrategy[Inquiry]:
    """Return inquiries that make sense."""
    drawn = st.builds(
        Inquiry, flying=SMALL, until_ns=SMALL, query=SMALL, absent=SMALL, shown=st.booleans()
    )
    return drawn.map(lambda each: each if each.query else evolve(each, absent=0, shown=False))


FOUND = st.sampled_from(Found)


@TRIED
@given(inquiries(), SMALL, SMALL, FOUND)
def test_laws(inquiry: Inquiry, one: int, other: int, found: Found) -> None:
    """What CrossHair proves for all integers is tried here on a few."""
    truth = Truth(inquiry.flying, min(one, inquiry.until_ns))
    try_law(laws_port.every_request_is_known, inquiry, truth, other)
    law = laws_port.nothing_is_asked_while_a_request_may_be_carried_out
    try_law(law, inquiry, truth, other)
    for shown in (False, True):
        laws_port.questions_and_answers_leave_requests_alone(inquiry, one + 1, found, shown)


@TRIED
@given(inquiries().filter(lambda each: each.query > 0), SMALL, SMALL, SMALL, FOUND)
def test_answers(inquiry: Inquiry, one: int, other: int, times: int, found: Found) -> None:
    """The same of answers."""
    law = laws_port.absent_counts_after_so_many_in_a_row
    law(inquiry, inquiry.absent, found, times + 1)
    try_law(laws_port.an_abandoned_question_is_never_answered, inquiry, one, other, found, times)
