"""One moment of the mirror overlay's world: what is seen, what is made of it, what is wrong then.

Caps, counts and the band are judged by plain numbers of the scope: claims do not trust the machine.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from attrs import evolve, frozen

from machines.mirror import (
    Cancel,
    Command,
    Event,
    Failed,
    Limited,
    Overlay,
    Place,
    Stopped,
    Withdraw,
    decide,
)
from machines.mirror_allocation import limits
from machines.mirror_inputs import Base, Cycle, Market, Order, Settings, enters
from spec.mirror import Mode, Pending, Reason, State
from spec.terms import Instrument, PositionMode, PositionSide, Side
from spec.units import MILLION

NAMES = ("A", "B", "C")  # the base's symbol comes first
BROKEN, MISSING = 1, 2  # glitches: a price is not there, nothing is there
Run = Callable[[Overlay, Event, tuple[int, ...]], tuple[Overlay, tuple[int | Command, ...]]]


@frozen(kw_only=True, cache_hash=True)
class Scope:
    """How large a world is; *cap* and *most* are what its settings come to, by hand.

    The base holds one of *lots* of the first symbol; each symbol has *prices*, a smallest order
    (*sizes*) and a gate (*uppers*, 0 for none).  *approved* are numbers of symbols, *held* the lots
    of the mirrors at first.  The overlay may be switched (*switches*), inputs may be broken
    (*glitches*), a person may look (*resumes*), or say so without having looked (*errs*), cancels
    may be refused (*refusals*).  The bot may crash (*crashes*) and start again from its journal,
    where what the overlay remembers is kept unless it *forgets*.
    """

    mode: Mode = Mode.SHORTS_FOR_LONGS
    position_mode: PositionMode = PositionMode.ONE_WAY
    prices: tuple[tuple[int, ...], ...] = ((6,), (3,), (2,))
    sizes: tuple[int, ...] = (1, 1, 1)
    uppers: tuple[int, ...] = (0, 0, 0)
    approved: tuple[int, ...] = (1, 2)
    lots: tuple[int, ...] = (0, 1, 2)
    tolerance_ppm: int = 200_000
    threshold_ppm: int = MILLION
    balance: int = 12
    excess_ppm: int = 200_000
    most: int = 2
    cap: int = 7
    held: tuple[int, ...] = (0, 0, 0)
    switches: bool = False
    glitches: int = 0
    resumes: int = 0
    errs: int = 0
    refusals: int = 0
    crashes: int = 0
    forgets: bool = False


class Held(NamedTuple):
    """A mirror: *qty* lots, entered at *ticks*."""

    qty: int = 0
    ticks: int = 0


class Work(NamedTuple):
    """What is left of an order of the overlay."""

    qty: int
    ticks: int
    reduces: bool


class Look(NamedTuple):
    """What the desk is shown."""

    prices: tuple[int, ...]
    wish: int
    on: bool
    quiet: bool
    glitch: int = 0


class Moment(NamedTuple):
    """What a cycle is decided from."""

    look: Look
    base: int
    held: tuple[Held, ...]
    work: tuple[Work | None, ...]


class Answer(NamedTuple):
    """What leaves: the lots that the *base* wants, None if that is lost, and *orders*.

    Orders were decided at *prices*, *still* if nothing but them changes anything any more.
    """

    base: int | None
    still: bool
    prices: tuple[int, ...]
    orders: tuple[Place | Cancel | Withdraw, ...]


class Wrongs(NamedTuple):
    """What has ever gone wrong."""

    capped: bool = False  # a mirror was ordered beyond its cap
    crowded: bool = False  # more mirrors were open, or might open, than allowed
    strayed: bool = False  # a mirror was opened where it must not
    needless: bool = False  # an order left, or went on, where none helps
    undone: bool = False  # an order was undone although all stood still
    starved: bool = False  # a limit was not reported, or an order would have helped
    lost: bool = False  # an order of the base was
    uneven: bool = False  # another order of the inputs made a difference
    silent: bool = False  # an error did not stop the overlay, or nobody was told
    freed: bool = False  # STOPPED was left without a person
    misled: bool = False  # the state is not what was shown calls for


class Gap(NamedTuple):
    """Where the hedge is, by plain numbers."""

    hedge: int
    target: int
    band: int

    @property
    def low(self) -> int:
        """The lower edge of the band."""
        return self.target - self.band

    @property
    def high(self) -> int:
        """The upper edge of the band."""
        return self.target + self.band

    @property
    def inside(self) -> bool:
        """Whether the hedge is inside the band."""
        return self.low <= self.hedge <= self.high


def gap(scope: Scope, moment: Moment) -> Gap:
    """Return where the hedge is at *moment*."""
    look = moment.look
    pairs = zip(moment.held, look.prices, strict=True)
    target = moment.base * look.prices[0] * scope.threshold_ppm // MILLION if look.on else 0
    band = target * scope.tolerance_ppm // MILLION
    return Gap(sum(held.qty * ticks for held, ticks in pairs), target, band)


@cache
def cycle_of(scope: Scope, moment: Moment) -> Cycle:
    """Return the inputs of a cycle at *moment*; a broken one has a symbol without a price."""
    longs = scope.mode is Mode.SHORTS_FOR_LONGS
    return Cycle(
        settings=Settings(
            enabled=moment.look.on,
            mode=scope.mode,
            threshold_ppm=scope.threshold_ppm,
            tolerance_ppm=scope.tolerance_ppm,
            max_n_positions=scope.most,
            excess_allowance_ppm=scope.excess_ppm,
            ema_dist_ppm=0 if any(scope.uppers) else -MILLION,
            count_pending_base=Pending.NONE,
        ),
        base=Base(
            long_n_positions=int(longs), short_n_positions=int(not longs), balance=scope.balance
        ),
        position_mode=scope.position_mode,
        markets=tuple(_market(scope, moment, number) for number in range(len(moment.held))),
    )


def _market(scope: Scope, moment: Moment, number: int) -> Market:
    """Return what the desk sees of symbol *number*."""
    look, held, work = moment.look, moment.held[number], moment.work[number]
    ticks = 0 if look.glitch == BROKEN and number == 1 else look.prices[number]
    return Market(
        instrument=Instrument(symbol=NAMES[number], min_qty=scope.sizes[number]),
        bid_ticks=ticks,
        ask_ticks=ticks,
        upper_ticks=scope.uppers[number],
        lower_ticks=scope.uppers[number],
        volatility=number,
        base_qty=moment.base if number == 0 else 0,
        mirror_qty=held.qty,
        mirror_cost=held.qty * held.ticks,
        approved=number in scope.approved,
        working=_order(scope, number, work) if work else None,
    )


def _order(scope: Scope, number: int, work: Work) -> Order:
    """Return *work* as the order that it is left of."""
    side = enters(scope.mode)
    return Order(
        symbol=NAMES[number],
        side=Side(1 - side) if work.reduces else side,
        qty=work.qty,
        price_ticks=work.ticks,
        position_side=PositionSide.NONE,
        reduce_only=work.reduces,
        reason=Reason.REDUCE if work.reduces else Reason.ADD,
    )


class Thought(NamedTuple):
    """What the bot makes of a moment, and what is wrong with it."""

    overlay: Overlay
    answer: Answer
    calls: tuple[Stopped, ...]
    wrongs: Wrongs


@cache
def thought(scope: Scope, run: Run, overlay: Overlay, moment: Moment) -> Thought:
    """Return what *run* makes of *moment*, and note what claims ask for."""
    look, cycle = moment.look, cycle_of(scope, moment)
    base: tuple[int, ...] = (look.wish,)
    missing = look.glitch == MISSING
    after, sent = run(overlay, Failed("prices") if missing else cycle, base)
    mixed = evolve(cycle, markets=cycle.markets[::-1])
    _, other = (after, sent) if missing else run(overlay, mixed, base)
    orders = tuple(each for each in sent if isinstance(each, Place | Cancel | Withdraw))
    calls = tuple(each for each in sent if isinstance(each, Stopped))
    asked = next((each for each in sent if isinstance(each, int)), None)
    still = look.quiet and moment.base == look.wish
    named = after.limits == overlay.limits or any(isinstance(each, Limited) for each in sent)
    named &= after.limits == limits(decide(cycle).blocks)
    stops = broken(moment) and overlay.state is not State.STOPPED
    wrongs = Wrongs(
        needless=helpless(scope, moment, after.state) and not withdrawn(moment, orders),
        starved=after.state is State.LIMITED and not (named and not helped(scope, moment)),
        lost=asked != look.wish,
        uneven=other != sent,
        silent=stops and not (after.state is State.STOPPED and calls),
        freed=overlay.state is State.STOPPED and after.state is not State.STOPPED,
        misled=not fits(scope, overlay.state, moment, after.state, orders),
    )
    answer = Answer(asked, still, look.prices if orders else (), orders)
    return Thought(after, answer, calls, wrongs)


def helpless(scope: Scope, moment: Moment, after: State) -> bool:
    """Return whether no order is to work any more: inside the band, at a limit, once stopped."""
    return after in (State.LIMITED, State.STOPPED) or gap(scope, moment).inside


def withdrawn(moment: Moment, orders: tuple[Command, ...]) -> bool:
    """Return whether *orders* place nothing and cancel all that works."""
    working = {name for name, work in zip(NAMES, moment.work, strict=False) if work}
    canceled = {each.order.symbol for each in orders if isinstance(each, Cancel)}
    places = any(isinstance(each, Place) for each in orders)
    return not places and (working == canceled or any(isinstance(e, Withdraw) for e in orders))


def left(moment: Moment) -> bool:
    """Return whether the overlay has anything at *moment*."""
    return any(moment.work) or any(held.qty for held in moment.held)


def broken(moment: Moment) -> bool:
    """Return whether *moment* is one that the overlay must not go on from."""
    asks = moment.look.on or left(moment)
    return moment.look.glitch == MISSING or (moment.look.glitch == BROKEN and asks)


def fits(
    scope: Scope, before: State, moment: Moment, after: State, orders: tuple[Command, ...]
) -> bool:
    """Return whether *after* is the state that *moment* calls for."""
    if before is State.STOPPED or broken(moment):
        return after is State.STOPPED
    if not moment.look.on and not left(moment):
        return after is State.OFF
    inside = gap(scope, moment).inside
    rests = any(moment.work) and not orders
    if after is State.LIMITED:
        return not inside and not rests and not any(isinstance(each, Place) for each in orders)
    hedges = State.ACTIVE if moment.look.on else State.UNWINDING
    return after is hedges and (inside or rests or bool(orders))


def helped(scope: Scope, moment: Moment) -> bool:
    """Return whether one order could bring the hedge nearer, and not out at the other edge."""
    now = gap(scope, moment)
    for number, held in enumerate(moment.held):
        ticks, least = moment.look.prices[number], scope.sizes[number]
        if now.hedge > now.target:
            lots = range(least, held.qty + 1)
            leaves = (held.qty - qty for qty in lots if now.hedge - qty * ticks >= now.low)
            if any(rest == 0 or rest >= least for rest in leaves):
                return True
        elif grows(scope, moment, number):
            after = (held.qty + least) * ticks
            if after <= scope.cap and now.hedge + least * ticks <= now.high:
                return True
    return False


def grows(scope: Scope, moment: Moment, number: int) -> bool:
    """Return whether the mirror of symbol *number* may open, or become larger."""
    held, ticks = moment.held[number], moment.look.prices[number]
    one_way = scope.position_mode is PositionMode.ONE_WAY
    if number not in scope.approved or (one_way and number == 0 and moment.base > 0):
        return False
    full = sum(each.qty > 0 for each in moment.held) >= scope.most
    sign = 1 if scope.mode is Mode.SHORTS_FOR_LONGS else -1
    gated = any(scope.uppers) and sign * (ticks - scope.uppers[number]) < 0
    return held.qty > 0 or not (full or gated)


def either(one: Wrongs, other: Wrongs) -> Wrongs:
    """Return what is wrong in *one* or the *other*."""
    return Wrongs(*(a or b for a, b in zip(one, other, strict=True)))
