"""The actors of the mirror overlay: all outside it, the desk where it trades, and a person.

From outside come prices, what the base wants of the first symbol, and whether to hedge at all.
The desk looks and decides; what it decided takes effect later; meanwhile orders fill.
"""

from collections.abc import Iterator
from typing import NamedTuple

from machines.mirror import Cancel, Command, Overlay, Place, Resumed, Stopped, Withdraw
from machines.mirror_inputs import Order
from simulator.actors import Do
from simulator.worlds.mirror_moment import (
    BROKEN,
    MISSING,
    NAMES,
    Answer,
    Held,
    Look,
    Moment,
    Run,
    Scope,
    Work,
    Wrongs,
    either,
    thought,
)
from spec.mirror import State
from spec.terms import PositionMode


class Outside(NamedTuple):
    """What the overlay has no hand in; once *quiet* it stays as it is."""

    prices: tuple[int, ...]
    glitches: int
    wish: int = 0
    on: bool = True
    quiet: bool = False


class Desk(NamedTuple):
    """The overlay and what it trades on; *answer* is under way; after a crash the bot is *down*.

    *done*: the latest cycle saw all stand still and ordered nothing; *added* and *reduced* are what
    was ordered since all stands still.
    """

    held: tuple[Held, ...]
    work: tuple[Work | None, ...]
    overlay: Overlay = Overlay()
    base: int = 0
    answer: Answer | None = None
    refusals: int = 0
    crashes: int = 0
    down: bool = False
    done: bool = False
    added: bool = False
    reduced: bool = False
    wrongs: Wrongs = Wrongs()


class Person(NamedTuple):
    """Who looks at an error; *told* is its number, 0 for none."""

    told: int = 0
    resumes: int = 0
    errs: int = 0


def desk_hears(scope: Scope, run: Run, desk: Desk, message: Look | Resumed) -> Iterator[Do]:
    """Yield what the desk makes of a look, once its last answer is out, or of a person's word.

    While the bot is down a look is lost, and a person says the word again.
    """
    if desk.down:
        yield from () if isinstance(message, Resumed) else (Do("nobody looks", desk),)
    elif isinstance(message, Resumed):
        yield heard(run, desk, message)
    elif desk.answer is None:
        moment = Moment(message, desk.base, desk.held, desk.work)
        found = thought(scope, run, desk.overlay, moment)
        after = desk._replace(
            overlay=found.overlay,
            answer=found.answer,
            done=found.answer.still and not found.answer.orders,
            wrongs=either(desk.wrongs, found.wrongs),
        )
        calls = tuple(("calls", each) for each in found.calls)
        yield Do(f"the bot {words(found.answer.orders)}", after, calls)


def heard(run: Run, desk: Desk, message: Resumed) -> Do:
    """Return what becomes of a person's word."""
    before = desk.overlay
    known = before.state is State.STOPPED and message.stop == before.stops
    after, _ = run(before, message, ())
    freed = before.state is State.STOPPED and after.state is not State.STOPPED and not known
    misled = after.state is not (State.OFF if known else before.state)
    wrongs = either(desk.wrongs, Wrongs(freed=freed, misled=misled))
    return Do("it is heard", desk._replace(overlay=after, done=False, wrongs=wrongs))


def words(orders: tuple[Command, ...]) -> str:
    """Return *orders* in words."""
    said = list[str]()
    for each in orders:
        if isinstance(each, Place):
            verb = "reduces" if each.order.reduce_only else "adds"
            said.append(f"{verb} {each.order.qty} {each.order.symbol} at {each.order.price_ticks}")
        elif isinstance(each, Cancel):
            said.append(f"cancels {each.order.symbol}")
    return ", ".join(said) or ("withdraws" if orders else "waits")


def desk_acts(scope: Scope, desk: Desk) -> Iterator[Do]:
    """Yield what may happen at the desk: its answer takes effect, an order fills, it crashes."""
    if desk.answer is not None:
        yield Do("the answer takes effect", answered(scope, desk, desk.answer))
        if desk.refusals and any(
            isinstance(each, Cancel | Withdraw) for each in desk.answer.orders
        ):
            less = desk._replace(refusals=desk.refusals - 1)
            refused = desk.answer._replace(orders=())  # cancels never come with other orders
            yield Do("its cancels are refused", answered(scope, less, refused))
    for number, work in enumerate(desk.work):
        if work is not None:
            yield Do(f"fills a lot of {NAMES[number]}", filled(desk, number, work))
    if desk.crashes:
        yield from crashed(desk)
    if desk.down:
        yield Do("the bot restarts", restarted(scope, desk))


def crashed(desk: Desk) -> Iterator[Do]:
    """Yield a crash after each part of the answer that may have left by then."""
    down = desk._replace(crashes=desk.crashes - 1, down=True)
    if desk.answer is None:
        yield Do("the bot crashes", down)
        return
    yield Do("the bot crashes before its answer leaves", down._replace(answer=None))
    for count in range(len(desk.answer.orders) + 1):
        left = desk.answer._replace(orders=desk.answer.orders[:count])
        yield Do(f"the bot crashes once it {words(left.orders)}", down._replace(answer=left))


def restarted(scope: Scope, desk: Desk) -> Desk:
    """Return *desk* once the overlay is as the journal says."""
    overlay = Overlay() if scope.forgets else desk.overlay
    freed = overlay.state is not State.STOPPED and desk.overlay.state is State.STOPPED
    wrongs = either(desk.wrongs, Wrongs(freed=freed))
    return desk._replace(down=False, overlay=overlay, wrongs=wrongs)


def answered(scope: Scope, desk: Desk, answer: Answer) -> Desk:
    """Return *desk* once *answer* has taken effect."""
    base = desk.base if answer.base is None else answer.base
    desk = desk._replace(base=base, answer=None)
    for each in answer.orders:
        match each:
            case Place():
                desk = placed(scope, desk, answer, each.order)
            case Cancel():
                number = NAMES.index(each.order.symbol)
                desk = with_work(desk, number, None)
            case Withdraw():
                desk = desk._replace(work=(None,) * len(desk.work))
    return desk


def placed(scope: Scope, desk: Desk, answer: Answer, order: Order) -> Desk:
    """Return *desk* with *order*, and what is wrong with it."""
    number, reduces = NAMES.index(order.symbol), order.reduce_only
    rests = desk.work[number]
    qty = order.qty + (rests.qty if rests else 0)
    after = with_work(desk, number, Work(qty, order.price_ticks, reduces))
    undone = answer.still and (desk.added if reduces else desk.reduced)
    after = after._replace(
        added=desk.added or (answer.still and not reduces),
        reduced=desk.reduced or (answer.still and reduces),
    )
    if reduces:
        return after._replace(wrongs=either(desk.wrongs, Wrongs(undone=undone)))
    opens = zip(after.held, after.work, strict=True)
    count = sum(held.qty > 0 or bool(work and not work.reduces) for held, work in opens)
    taken = scope.position_mode is PositionMode.ONE_WAY and number == 0 and desk.base > 0
    wrongs = Wrongs(
        capped=(desk.held[number].qty + qty) * answer.prices[number] > scope.cap,
        crowded=count > scope.most,
        strayed=number not in scope.approved or taken,
        undone=undone,
    )
    return after._replace(wrongs=either(desk.wrongs, wrongs))


def with_work(desk: Desk, number: int, work: Work | None) -> Desk:
    """Return *desk* with another order of symbol *number*."""
    return desk._replace(work=(*desk.work[:number], work, *desk.work[number + 1 :]))


def filled(desk: Desk, number: int, work: Work) -> Desk:
    """Return *desk* after one lot of *work* on symbol *number* has filled."""
    held = desk.held[number]
    after = Held(held.qty + 1, work.ticks)
    if work.reduces:
        after = Held(held.qty - 1, held.ticks) if held.qty > 1 else Held()
    rest = work._replace(qty=work.qty - 1) if work.qty > 1 else None
    desk = with_work(desk, number, rest)
    return desk._replace(held=(*desk.held[:number], after, *desk.held[number + 1 :]))


def outside_acts(scope: Scope, outside: Outside) -> Iterator[Do]:
    """Yield a look for the desk, and until all falls quiet whatever else may change."""
    yield shown(outside, 0)
    if outside.glitches:
        less = outside._replace(glitches=outside.glitches - 1)
        yield from (shown(less, glitch) for glitch in (BROKEN, MISSING))
    if outside.quiet:
        return
    yield Do("falls quiet", outside._replace(quiet=True))
    if scope.switches:
        yield Do(f"switches {'off' if outside.on else 'on'}", outside._replace(on=not outside.on))
    for lots in scope.lots:
        if lots != outside.wish:
            yield Do(f"wants {lots} for the base", outside._replace(wish=lots))
    for number, prices in enumerate(scope.prices):
        for ticks in prices:
            if ticks != outside.prices[number]:
                moved = (*outside.prices[:number], ticks, *outside.prices[number + 1 :])
                yield Do(f"moves {NAMES[number]} to {ticks}", outside._replace(prices=moved))


def shown(outside: Outside, glitch: int) -> Do:
    """Return the start of a cycle."""
    look = Look(outside.prices, outside.wish, outside.on, outside.quiet, glitch)
    what = ("shows a moment", "shows a broken moment", "shows nothing")[glitch]
    return Do(what, outside, (("looks", look),))


def person_hears(person: Person, stopped: Stopped) -> Iterator[Do]:
    """Yield a person who is told of an error."""
    yield Do("a person is told", person._replace(told=stopped.stop))


def person_acts(person: Person) -> Iterator[Do]:
    """Yield what a person does about the latest error: look, or look at the one before it."""
    if person.told and person.resumes:
        looked = person._replace(told=0, resumes=person.resumes - 1)
        yield Do("resumes", looked, (("words", Resumed(person.told)),))
    if person.errs:
        erred = person._replace(errs=person.errs - 1)
        yield Do("errs", erred, (("words", Resumed(max(person.told - 1, 0))),))


def show_desk(desk: Desk) -> str:
    """Return the desk in words."""
    said = [f"{desk.overlay.state.name}, base {desk.base}"]
    for name, held, work in zip(NAMES, desk.held, desk.work, strict=False):
        if held.qty:
            said.append(f"mirror {held.qty} {name} at {held.ticks}")
        if work:
            said.append(f"{'reduces' if work.reduces else 'adds'} {work.qty} {name}")
    if desk.answer is not None:
        said.append(f"under way: {words(desk.answer.orders)}")
    if desk.down:
        said.append("down")
    return ", ".join((*said, *(name for name, wrong in desk.wrongs._asdict().items() if wrong)))


def show_outside(outside: Outside) -> str:
    """Return all outside in words."""
    prices = ", ".join(f"{n} {p}" for n, p in zip(NAMES, outside.prices, strict=False))
    flags = {"off": not outside.on, "quiet": outside.quiet}
    said = (prices, f"base wants {outside.wish}", *(flag for flag in flags if flags[flag]))
    return ", ".join(said)


def show_message(message: Look | Stopped | Resumed) -> str:
    """Return a message in words."""
    match message:
        case Look():
            kind = ("", "broken ", "empty ")[message.glitch]
            return f"{kind}moment at {'/'.join(map(str, message.prices))}"
        case Stopped():
            return f"stop {message.stop}: {message.fault.name} {message.where}"
        case Resumed():
            return f"resume after stop {message.stop}"
