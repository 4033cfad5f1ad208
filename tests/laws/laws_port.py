"""Laws of what a port is for, inquiries, the gate and looks: CrossHair proves each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from attrs import frozen

from machines.gate import passes
from machines.inquiry import (
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
from machines.messages import Cancel, Place, Query, Wanted
from machines.order import Found
from machines.position import opens
from machines.reconciliation import BEHIND_MAX, Difference, Looks, Shown, compared, judged
from machines.supervisor import Supervisor
from machines.supervisor import well_formed as makes_sense
from spec.supervisor import Match, State
from spec.terms import PositionSide, Side


@frozen
class Truth:
    """What is true of the requests for an order: *flying* have no outcome yet.

    The venue may still carry one out at *latest_ns*, an outcome unknown, but not later.
    """

    flying: int
    latest_ns: int


def covers(inquiry: Inquiry, truth: Truth) -> bool:
    """Return whether *inquiry* knows of all that is under way."""
    return truth.flying == inquiry.flying and truth.latest_ns <= inquiry.until_ns


def every_request_is_known(inquiry: Inquiry, truth: Truth, until_ns: int) -> None:
    """A request is known from its hand-over until its outcome, and beyond if that is unknown."""
    assert well_formed(inquiry)
    assert covers(inquiry, truth)
    away = sent(inquiry)
    assert covers(away, Truth(truth.flying + 1, truth.latest_ns))
    assert covers(ended(away, 0), truth)
    assert covers(ended(away, until_ns), Truth(truth.flying, max(truth.latest_ns, until_ns)))
    assert well_formed(away)
    assert ended(away, inquiry.until_ns) == inquiry


def nothing_is_asked_while_a_request_may_be_carried_out(
    inquiry: Inquiry, truth: Truth, now_ns: int
) -> None:
    """The answer describes a moment at which no request of ours was under way."""
    assert well_formed(inquiry)
    assert covers(inquiry, truth)
    if may_ask(inquiry, now_ns):
        assert truth.flying == 0
        assert truth.latest_ns <= now_ns
    assert not may_ask(sent(inquiry), now_ns)
    assert not is_idle(inquiry, now_ns) or may_ask(inquiry, now_ns)


def questions_and_answers_leave_requests_alone(
    inquiry: Inquiry,
    query: int,
    found: Found,
    shown: bool,  # noqa: FBT001
) -> None:
    """What is under way stays known, whatever is asked and answered."""
    assert well_formed(inquiry)
    assert query > 0
    now = asked(inquiry, query, shown=shown)
    assert now.shown == shown
    for after in (now, answered(inquiry, query, found, 3)):
        assert well_formed(after)
        assert (after.flying, after.until_ns) == (inquiry.flying, inquiry.until_ns)


def absent_counts_after_so_many_in_a_row(
    inquiry: Inquiry, heard: int, found: Found, times: int
) -> None:
    """*heard* is how often in a row the question was answered with ABSENT: all of them count.

    Of an order that was shown before it takes far more.
    """
    assert well_formed(inquiry)
    assert inquiry.query > 0
    assert times > 0
    assert inquiry.absent == heard
    needed = SHOWN_FACTOR * times if inquiry.shown else times
    after = answered(inquiry, inquiry.query, found, times)
    if counts(inquiry, inquiry.query, found, times):
        assert found is not Found.ABSENT or heard + 1 >= needed
        assert after.query == 0
    else:
        assert found is Found.ABSENT
        assert heard + 1 < needed
        assert after.absent == heard + 1
        assert (after.query, after.shown) == (inquiry.query, inquiry.shown)


def an_abandoned_question_is_never_answered(
    inquiry: Inquiry, newer: int, older: int, found: Found, times: int
) -> None:
    """A newer question replaces an older one, of which no answer counts any more."""
    assert well_formed(inquiry)
    assert older != newer
    now = asked(inquiry, newer)
    assert not counts(now, older, found, times)
    assert answered(now, older, found, times) == now
    assert (now.query, now.absent, now.shown) == (newer, 0, False)


def a_person_is_called_for_what_stays(
    behind: int,
    unexplained: int,
    match: Match,
    times: int,
    moved: bool,  # noqa: FBT001
) -> None:
    """UNEXPLAINED is told after so many in a row that are the same, or after too many of any."""
    assert 0 <= unexplained <= behind
    assert times > 0
    strange = (0, (int(moved), 0), (7, 0)) if match is Match.UNEXPLAINED else None
    looks = Looks(behind, unexplained, (0, (0, 0), (7, 0)))
    after, told = judged(looks, Difference(match=match, strange=strange), times)
    assert 0 <= after.unexplained <= after.behind
    if match is Match.AGREES:
        assert told is Match.AGREES
        assert after == Looks()
        return
    assert after.behind == behind + 1
    in_a_row = 0 if strange is None else 1 if moved else unexplained + 1
    assert after.unexplained == in_a_row
    hopeless = in_a_row >= times or behind >= BEHIND_MAX
    assert told is (Match.UNEXPLAINED if hopeless else Match.BEHIND)


def only_equal_positions_agree(held: int, shown: int, closed: int, *, is_long: bool) -> None:
    """Lots that are gone are news if closes from outside explain them; else nothing does."""
    assert closed >= 0

    def leg(lots: int) -> tuple[int, int]:
        return (lots, 0) if is_long else (0, lots)

    there = Shown(lots={0: leg(shown)}, orders=(), closed={0: leg(closed)})
    difference = compared((), (leg(held),), there)
    match difference.match:
        case Match.AGREES:
            assert held == shown
            assert not difference.gone
        case Match.BEHIND:
            assert 0 < held - shown <= closed
            assert difference.gone[0] == leg(held - shown)
        case Match.UNEXPLAINED:
            assert held < shown or held - shown > closed


def what_opens_leaves_only_in_running(
    supervisor: Supervisor, side: Side, leg: PositionSide, *, reduces: bool
) -> None:
    """SUP-1 for orders as they are; a stop has orders of its own only."""
    assert makes_sense(supervisor)
    order = Wanted(key=0, kind=0, side=side, qty=1, position_side=leg, reduce_only=reduces)
    passed = passes(supervisor, Place(1, order))
    if not reduces and (leg is PositionSide.NONE or opens(leg, side)):
        assert passed == (supervisor.state is State.RUNNING)
    else:
        assert passed == (supervisor.connected and supervisor.state is not State.STOPPING)
    assert passes(supervisor, Cancel(1)) == supervisor.connected
    assert passes(supervisor, Query(1, 1)) == supervisor.connected
