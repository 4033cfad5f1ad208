"""Laws of unstucking, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.
"""

from machines.messages import Restarted
from machines.unstuck import (
    Candidate,
    Reported,
    Restored,
    Surveyed,
    Unstuck,
    sized,
    step,
    well_formed,
)
from spec.unstuck import Action, State

News = Reported | Restored | Restarted


def news_keep_unstuck_well_formed(unstuck: Unstuck, news: News) -> None:
    """Whatever is told, and in whatever order; nothing but a survey places or cancels."""
    assert well_formed(unstuck)
    after, emits = step(unstuck, news)
    assert well_formed(after)
    assert Action.PLACE not in emits
    assert Action.CANCEL not in emits


def surveys_keep_unstuck_well_formed(
    unstuck: Unstuck, lost: int, one: Candidate, other: Candidate
) -> None:
    """A survey of two positions, stuck or not."""
    assert one.min_qty > 0
    assert other.min_qty > 0
    assert well_formed(unstuck)
    after, _ = step(unstuck, Surveyed(lost, (one, other)))
    assert well_formed(after)
    assert after.lost == unstuck.lost


def an_order_fits_or_is_minimal(
    unstuck: Unstuck, lost: int, one: Candidate, other: Candidate
) -> None:
    """UNS-2, UNS-3, UNS-6: of the closest position, within its size and the budget."""
    assert one.min_qty > 0
    assert other.min_qty > 0
    assert one.position < other.position
    assert well_formed(unstuck)
    after, emits = step(unstuck, Surveyed(lost, (one, other)))
    if Action.PLACE in emits:
        best, rest = (one, other) if after.position == one.position else (other, one)
        spent = unstuck.lost - lost
        within = best.budget - spent
        assert after.position == best.position
        assert after.price_ticks == best.price_ticks
        assert within > 0
        assert 0 < after.qty <= best.size
        assert after.qty <= best.min_qty or after.qty * best.loss <= within
        stuck = rest.size > 0 and rest.budget > spent
        assert not stuck or (best.distance, best.position) < (rest.distance, rest.position)


def one_order_at_a_time(unstuck: Unstuck, lost: int, one: Candidate, other: Candidate) -> None:
    """UNS-1: an order is placed only where none is open, under a number of its own."""
    assert well_formed(unstuck)
    after, emits = step(unstuck, Surveyed(lost, (one, other)))
    if Action.PLACE in emits:
        assert unstuck.state is State.IDLE
        assert after.order == unstuck.order + 1
    if Action.CANCEL in emits:
        assert unstuck.state is State.WORKING
        assert after.state is State.CANCELING
    if not emits:
        assert after == unstuck


def the_excess_is_less_than_a_minimum_order(candidate: Candidate, spent: int) -> None:
    """UNS-2.2: what an order may lose beyond its budget."""
    assert candidate.min_qty > 0
    assert candidate.loss > 0
    assert candidate.budget > spent
    qty, within = sized(candidate, spent), candidate.budget - spent
    assert qty * candidate.loss - within < candidate.min_qty * candidate.loss


def losses_are_counted_once(unstuck: Unstuck, report: Reported) -> None:
    """A report that comes twice, or of another order, adds nothing; losses never shrink."""
    assert well_formed(unstuck)
    after, _ = step(unstuck, report)
    again, _ = step(after, report)
    assert again == after
    assert after.lost >= unstuck.lost
    if report.order != unstuck.order:
        assert after == unstuck


def a_restart_waits_for_what_is_open(unstuck: Unstuck, lost: int, one: Candidate) -> None:
    """UNS-1: until it is told nothing is placed."""
    assert well_formed(unstuck)
    restarted, emits = step(unstuck, Restarted())
    assert (restarted.state, emits) == (State.RESTORING, (Action.RESTORE,))
    assert step(restarted, Surveyed(lost, (one,))) == (restarted, ())
