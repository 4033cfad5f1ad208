"""Laws of market mirroring, for all integers: CrossHair proves each, Hypothesis tries each.

The leading assertions of a law are what it assumes, the others what it claims.  A mirror of two
requests stands for one of many: *rest* may be as large as all the other requests together.
"""

from attrs import evolve, frozen

from machines.mirroring import (
    Done,
    Fill,
    Limits,
    Mirror,
    News,
    Place,
    Reported,
    Request,
    Resumed,
    Target,
    Venue,
    act,
    budget,
    exposure,
    guard,
    hear,
    left,
    move,
    place,
    recoup,
    unwanted,
    well_formed,
)
from machines.order import Acked, Canceled, CancelRejected, CancelRequested, Rejected
from spec.mirroring import Action, State
from spec.terms import Side

TOLD = frozenset({State.CLOSING, State.CLOSED})


@frozen
class Mind:
    """What a strategy knows besides its requests."""

    exposure_max: int
    slip_ticks_max: int
    ticks: int
    qty: int
    quote_ticks: int
    unrecouped: int
    basis_ticks: int
    held: bool
    recoup_held: bool
    halted: bool


@frozen
class Truth:
    """What is true of an order: lots that rest or will, and lots that filled, told or not."""

    open_qty: int
    cum_qty: int


def mirror_of(mind: Mind, mine: Request, rest: Request, last: Request) -> Mirror:
    """Return the strategy with *mine* in its first slot and *rest* in the other."""
    return Mirror(
        limits=Limits(exposure_max=mind.exposure_max, slip_ticks_max=mind.slip_ticks_max),
        requests=(mine, rest),
        recoup=last,
        ticks=mind.ticks,
        qty=mind.qty,
        quote_ticks=mind.quote_ticks,
        unrecouped=mind.unrecouped,
        basis_ticks=mind.basis_ticks,
        held=mind.held,
        recoup_held=mind.recoup_held,
        halted=mind.halted,
    )


def counting(lots: int, id_: int) -> Request:
    """Return a request of *lots* that has closed and waits for its fills: nothing is done to it."""
    return Request(id=id_, state=State.CLOSING, qty=lots)


def bounded(mirror: Mirror) -> bool:
    """MMS-2: no request counts less than nothing, recoups are at most what was sold, E' <= M."""
    mine, rest = mirror.requests
    if left(mine) < 0 or left(rest) < 0:
        return False
    return 0 <= left(mirror.recoup) <= mirror.unrecouped and budget(mirror) >= 0


def requests_stay_requests(request: Request, news: News) -> None:
    """Whatever a venue says, a request stays one, and what it may come to never grows."""
    assert well_formed(request)
    after, emits = move(request, news)
    assert well_formed(after)
    assert after.qty <= request.qty
    assert after.cum_qty >= request.cum_qty
    assert after.qty == request.qty or Action.RELEASE in emits
    assert after.cum_qty == request.cum_qty or Action.BOOK in emits


def a_cancel_is_asked_once(request: Request) -> None:
    """MMS-3: after a cancel, none is sent before a venue has refused it."""
    assert well_formed(request)
    after, emits = move(request, CancelRequested())
    assert (Action.SEND_CANCEL in emits) == (request.state is State.OPEN)
    assert after.state is not State.OPEN


def requests_cover_the_truth(request: Request, news: News, truth: Truth) -> None:
    """What a request counts covers what rests and what filled unseen, after any honest news."""
    assert well_formed(request)
    assert covers(request, truth)
    assert honest(request, news, truth)
    after, _ = move(request, news)
    assert covers(after, truth)
    assert after.state is not State.DISPUTED or request.state is State.DISPUTED


def fills_at_the_venue_stay_covered(request: Request, truth: Truth, lots: int) -> None:
    """The venue may fill, and close, unseen."""
    assert well_formed(request)
    assert covers(request, truth)
    assert 0 <= lots <= truth.open_qty
    assert covers(request, Truth(truth.open_qty - lots, truth.cum_qty + lots))
    assert covers(request, Truth(0, truth.cum_qty))


def recoups_stay_counted(mind: Mind, others: int, last: Request, news: News, bought: Truth) -> None:
    """MMS-1, MMS-5.3: what was bought unseen is less than what is counted, before and after."""
    assert well_formed(last)
    assert covers(last, bought)
    assert honest(last, news, bought)
    assert bounded(mirror_of(mind, counting(others, 0), counting(0, 1), last))
    mirror = mirror_of(mind, counting(others, 0), counting(0, 1), last)
    short = mirror.unrecouped - (bought.cum_qty - last.cum_qty)
    assert short >= 0
    after = hear(mirror, Reported(Venue.SOURCE, last.id, news))
    assert after.unrecouped - (bought.cum_qty - after.recoup.cum_qty) == short
    assert bounded(after)
    assert others + short <= exposure(after)


def books_and_people_keep_the_bound(
    mind: Mind, others: int, recouping: int, event: Target | Resumed
) -> None:
    """MMS-2: a book moves no lots; what a person leaves to us is within the limit."""
    assert mind.exposure_max >= 0
    assert bounded(mirror_of(mind, counting(others, 0), counting(0, 1), counting(recouping, 0)))
    mirror = mirror_of(mind, counting(others, 0), counting(0, 1), counting(recouping, 0))
    after = hear(mirror, event)
    assert bounded(after)


def orders_fit_the_budget(mind: Mind, mine: Request, rest: Request, recouping: int) -> None:
    """MMS-2, MMS-3: what is placed is more than nothing and within A, so E' <= M after it."""
    assert mine.id % 2 == 0
    assert rest.id % 2 == 1
    assert bounded(mirror_of(mind, mine, rest, counting(recouping, 0)))
    mirror = mirror_of(mind, mine, rest, counting(recouping, 0))
    command = place(mirror)
    if command is not None:
        assert budget(mirror) > 0
        assert not mirror.halted
        after, _ = act(mirror, command)
        assert bounded(after)


def recoups_fit_what_was_sold(mind: Mind, others: int, last: Request) -> None:
    """MMS-5: a recoup is for what was sold, all of it, and once."""
    assert well_formed(last)
    assert bounded(mirror_of(mind, counting(others, 0), counting(0, 1), last))
    mirror = mirror_of(mind, counting(others, 0), counting(0, 1), last)
    command = recoup(mirror)
    if isinstance(command, Place):
        assert left(last) == 0
        after, _ = act(mirror, command)
        assert bounded(after)
        assert left(after.recoup) == after.unrecouped > 0


def recoups_stay_within_the_loss_limit(mind: Mind, side: Side, last: Request) -> None:
    """MMS-5.2: a recoup costs at most the limit more than any lot was placed against."""
    assert well_formed(last)
    assert mind.unrecouped >= 0
    mirror = mirror_of(mind, counting(0, 0), counting(0, 1), last)
    guarded = guard(evolve(mirror, limits=evolve(mirror.limits, side=side)))
    command = recoup(guarded)
    if isinstance(command, Place):
        assert side.sign * (mind.basis_ticks - command.ticks) <= mind.slip_ticks_max


def cancels_are_for_open_orders(mind: Mind, mine: Request, rest: Request) -> None:
    """MMS-3: a cancel is asked of an open order, and what is counted stays."""
    assert mine.id % 2 == 0
    assert rest.id % 2 == 1
    mirror = mirror_of(mind, mine, rest, counting(0, 0))
    command = unwanted(mirror)
    if command is not None:
        after, _ = act(mirror, command)
        slot = command.id % 2
        assert mirror.requests[slot].state is State.OPEN
        assert after.requests[slot].state is State.CANCELING
        assert left(mirror.requests[slot]) == left(after.requests[slot])
        assert mirror.requests[1 - slot] is after.requests[1 - slot]


def what_is_at_risk_stays_counted(
    mind: Mind, mine: Request, others: int, news: News, truth: Truth
) -> None:
    """MMS-1, MMS-2: E <= E' <= M after honest news of an order, whatever is under way."""
    assert well_formed(mine)
    assert mine.id % 2 == 0
    assert covers(mine, truth)
    assert honest(mine, news, truth)
    assert bounded(mirror_of(mind, mine, counting(others, 1), counting(0, 0)))
    mirror = mirror_of(mind, mine, counting(others, 1), counting(0, 0))
    after = hear(mirror, Reported(Venue.DESTINATION, mine.id, news))
    assert sold(after, truth) == sold(mirror, truth)
    assert truth.open_qty + others + sold(after, truth) <= exposure(after) <= mind.exposure_max


def sold(mirror: Mirror, truth: Truth) -> int:
    """Return what was sold and not recouped: what we know of, and fills on their way to us."""
    return mirror.unrecouped + truth.cum_qty - mirror.requests[0].cum_qty


def covers(request: Request, truth: Truth) -> bool:
    """Return whether *request* counts all of *truth*; a final one knows all of it."""
    if truth.open_qty < 0 or truth.cum_qty < request.cum_qty:
        return False
    if request.state in TOLD:
        return truth.open_qty == 0 and truth.cum_qty == request.qty
    return truth.open_qty + truth.cum_qty <= request.qty


def honest(request: Request, news: News, truth: Truth) -> bool:
    """Return whether *news* is true, and a fill one that was not told before."""
    match news:
        case Fill():
            return 0 <= news.qty <= truth.cum_qty - request.cum_qty
        case Done():
            return truth.open_qty == 0 and news.cum_qty == truth.cum_qty == request.qty
        case Canceled():
            return truth.open_qty == 0 and news.cum_qty == truth.cum_qty
        case Rejected():
            return truth.open_qty == truth.cum_qty == 0
        case Acked() | CancelRequested() | CancelRejected():
            return True
