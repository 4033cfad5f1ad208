"""Slots for two or three symbols, each with one order and one position, at a venue.

The bot ranks again at any time, enters what its gate lets it enter, and keeps one order a symbol
as the order manager does.  What the rankings call for is judged by comparing symbols pair by pair.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from attrs import evolve

from machines import slots as machine
from machines.messages import Restarted
from machines.slots import Counted, Event, ModeSet, Ranked, Reconciled, Score, Seat, Slots, allows
from simulator.actors import Actor, ActorWorld, Channel, Do
from simulator.worlds.slots_claims import by_hand, placing
from simulator.worlds.slots_claims import rules as claimed
from simulator.worlds.slots_scene import (
    Ask,
    Person,
    Scope,
    Scores,
    Sends,
    Told,
    Venue,
    person_acts,
    put,
    show_person,
    show_venue,
    venue_acts,
    venue_features,
    venue_hears,
    words,
)
from spec.slots import Action, Mode, Purpose, State

Step = Callable[[Slots, Event], tuple[Slots, tuple[tuple[int, Action], ...]]]
Gate = Callable[[Slots, int, Purpose], bool]
NONE, LIVE, CANCELING, CLOSING = range(4)
FLAT = (State.READY, State.LEAVING)


class Rules(NamedTuple):
    """What decides: the machine's step, and its gate."""

    step: Step = machine.step
    allows: Gate = allows


SOUND = Rules()


class Bot(NamedTuple):
    """The slots, the latest ranking, and what the order manager knows of each symbol.

    *fresh* says that nothing was heard since the last ranking, *first* is the first symbol that got
    a slot.  The last ten say what has happened, or gone wrong.
    """

    slots: Slots
    budget: Scope
    scores: Scores
    orders: tuple[int, ...]
    lots: tuple[int, ...]
    modes: tuple[Mode, ...]
    fresh: bool = False
    first: int = -1
    unfair: bool = False  # a slot went to a symbol that was wanted less
    rough: bool = False  # a symbol lost its slot to one that was not wanted enough
    hasty: bool = False  # an order was canceled of a symbol that was chosen
    leaked: bool = False  # a position was to be opened where none may be
    touched: bool = False  # something left in the mode MANUAL
    misled: bool = False  # a state is not what position, orders and mode call for
    late: bool = False  # a cancel has lost to a fill
    again: bool = False  # a symbol was chosen while its orders were to go
    stays: bool = False  # a symbol stayed although another was wanted more
    passed: bool = False  # a slot went from one symbol to another


def show_bot(bot: Bot) -> str:
    """Return the seat of each symbol: its state, its mode if it has another, what it holds."""
    return ", ".join(
        f"{number} {seat.state.name}{'' if seat.mode is Mode.NORMAL else f' {seat.mode.name}'}"
        f" holds {seat.lots}{f', {seat.orders} orders' if seat.orders else ''}"
        for number, seat in enumerate(bot.slots.seats)
    )


def scored(bot: Bot) -> Mapping[int, int]:
    """Return the scores of the symbols that may be entered and have no position."""
    return {
        each.symbol: each.score
        for each in bot.scores
        if not bot.lots[each.symbol] and bot.modes[each.symbol] is Mode.NORMAL
    }


def beats(bot: Bot, one: int, other: int) -> bool:
    """Return whether *one* is to have a slot rather than *other*, by the words of the property."""
    scores, seats = scored(bot), bot.slots.seats
    has, had = (seats[symbol].state is not State.OUT for symbol in (one, other))
    if has is had:
        return (-scores[one], one) < (-scores[other], other)
    if has:
        return scores[one] + bot.slots.hysteresis >= scores[other]
    return scores[one] > scores[other] + bot.slots.hysteresis


def wanted(bot: Bot) -> frozenset[int]:
    """Return the symbols that fewer others beat than there are slots without a position."""
    free = bot.slots.count - sum(lots > 0 for lots in bot.lots)
    scores = scored(bot)
    ahead = {one: sum(beats(bot, each, one) for each in scores if each != one) for one in scores}
    return frozenset(one for one, others in ahead.items() if others < free)


def judged(bot: Bot, was: tuple[Seat, ...], best: frozenset[int], canceled: list[int]) -> Bot:
    """Return *bot* after a ranking, with what is wrong or worth a note.

    Before it the seats were *was*, and *best* were the symbols that were to have a slot; *canceled*
    are those whose orders are to go.
    """
    seats, scores = bot.slots.seats, scored(bot)
    chosen = [n for n, seat in enumerate(seats) if seat.state is State.READY]
    new = [n for n in chosen if was[n].state is State.OUT]
    kept = [n for n in chosen if was[n].state in FLAT and n in scores]
    missed = [n for n in best if n not in chosen]
    others = [n for n in scores if n not in best]
    before = bot._replace(slots=evolve(bot.slots, seats=was))  # who has a slot decides who beats
    overtaken = any(beats(before, one, other) for one in missed for other in new)
    vacant = machine.taken(bot.slots) < bot.slots.count
    unfair = not best.issuperset(chosen) or (bool(missed) and vacant) or overtaken
    lost = bot.first >= 0 and seats[bot.first].state is State.OUT
    return bot._replace(
        unfair=bot.unfair or unfair,
        rough=bot.rough or any(was[n].state in FLAT for n in missed),
        hasty=bot.hasty or any(n in best for n in canceled),
        again=bot.again or any(was[n].state is State.LEAVING for n in chosen),
        stays=bot.stays or any(scores[n] < scores[o] for n in kept for o in others),
        passed=bot.passed or (bool(new) and lost),
        first=new[0] if new and bot.first < 0 else bot.first,
    )


def told(rules: Rules, bot: Bot, event: Event) -> tuple[Bot, Sends]:
    """Step the slots of *bot*, do what they ask for, and note what goes wrong."""
    was, best = bot.slots, wanted(bot)
    now, emits = rules.step(was, event)
    bot = bot._replace(slots=now)
    canceled = [symbol for symbol, _ in emits]
    if isinstance(event, Ranked) and was.known:
        bot = judged(bot, was.seats, best, canceled)
    sends: Sends = ()
    for symbol in canceled:
        if bot.orders[symbol] == LIVE and rules.allows(now, symbol, Purpose.CANCEL):
            touched = bot.touched or bot.modes[symbol] is Mode.MANUAL
            bot = bot._replace(orders=put(bot.orders, symbol, CANCELING), touched=touched)
            sends += (("asks", Ask("cancel", symbol)),)
    remembers = isinstance(event, Restarted) and machine.taken(now) > 0
    return bot._replace(misled=bot.misled or remembers or misled(bot)), sends


def counted(bot: Bot, symbol: int) -> Counted:
    """Return what *bot* knows of *symbol*."""
    return Counted(symbol, bot.lots[symbol], int(bot.orders[symbol] != NONE))


def misled(bot: Bot) -> bool:
    """Return whether a state is not what position, orders and mode call for."""
    return bot.slots.known and any(
        seat.state not in called_for(bot.lots[n], bot.orders[n], bot.modes[n])
        for n, seat in enumerate(bot.slots.seats)
    )


def called_for(lots: int, order: int, mode: Mode) -> tuple[State, ...]:
    """Return the states that a symbol may be in, by the words of the property."""
    if lots:
        return (State.HELD,)
    if mode is Mode.NORMAL:
        return (State.READY, State.OUT if order == NONE else State.LEAVING)
    return (State.OUT,) if order == NONE else (State.LEAVING,)


def bot_hears(rules: Rules, bot: Bot, _channel: str, message: Any) -> Iterator[Do]:  # noqa: ANN401
    """Yield what *bot* makes of *message*: news, a ranking or a mode."""
    bot = bot._replace(fresh=False)
    if isinstance(message, Told):
        symbol, order = message.symbol, bot.orders[message.symbol]
        closed = order == CLOSING and not message.lots
        late = order == CANCELING and message.over and message.lots > 0
        bot = bot._replace(
            lots=put(bot.lots, symbol, message.lots),
            orders=put(bot.orders, symbol, NONE) if message.over or closed else bot.orders,
            late=bot.late or (late and bot.slots.seats[symbol].state is State.LEAVING),
        )
        yield Do("hears", *told(rules, bot, counted(bot, symbol)))
    elif isinstance(message, ModeSet):
        bot = bot._replace(modes=put(bot.modes, message.symbol, message.mode))
        yield Do("hears", *told(rules, bot, message))
    else:
        yield Do("hears", bot._replace(scores=message))


def bot_acts(rules: Rules, bot: Bot) -> Iterator[Do]:
    """Yield what *bot* may do unasked: rank, enter, close in PANIC, crash, reconcile."""
    yield Do("ranks", *told(rules, bot._replace(fresh=True), Ranked(bot.scores)))
    for symbol, order in enumerate(bot.orders):
        if bot.fresh and order == NONE and rules.allows(bot.slots, symbol, Purpose.ENTER):
            yield entered(rules, bot, symbol)
        if order == LIVE and bot.lots[symbol] and stopped(rules, bot.slots, symbol):
            after = bot._replace(orders=put(bot.orders, symbol, CANCELING))
            yield Do(f"withdraws {symbol}", after, (("asks", Ask("cancel", symbol)),))
        panics = bot.modes[symbol] is Mode.PANIC and bot.lots[symbol] and order == NONE
        if panics and rules.allows(bot.slots, symbol, Purpose.CLOSE):
            after = bot._replace(orders=put(bot.orders, symbol, CLOSING))
            after, sends = told(rules, after, counted(after, symbol))
            yield Do(f"closes {symbol}", after, (*sends, ("asks", Ask("close", symbol))))
    if bot.budget.crashes:
        lost = bot._replace(fresh=False, budget=bot.budget._replace(crashes=bot.budget.crashes - 1))
        yield Do("crashes", *told(rules, lost, Restarted()))
    if not bot.slots.known:
        yield reconciled(rules, bot)


def stopped(rules: Rules, slots: Slots, symbol: int) -> bool:
    """Return whether an order that adds to a position may not stay, and may be canceled."""
    adds = rules.allows(slots, symbol, Purpose.ADD)
    return not adds and rules.allows(slots, symbol, Purpose.CANCEL)


def entered(rules: Rules, bot: Bot, symbol: int) -> Do:
    """Return how *bot* enters *symbol*."""
    seat, mode = bot.slots.seats[symbol], bot.modes[symbol]
    entitled = bot.slots.known and seat.state is State.READY and mode is Mode.NORMAL
    bot = bot._replace(
        orders=put(bot.orders, symbol, LIVE),
        leaked=bot.leaked or not entitled,
        touched=bot.touched or mode is Mode.MANUAL,
    )
    bot, sends = told(rules, bot, counted(bot, symbol))
    return Do(f"enters {symbol}", bot, (("asks", Ask("place", symbol)), *sends))


def reconciled(rules: Rules, bot: Bot) -> Do:
    """Return how *bot* tells its slots what there is."""
    sends: Sends = ()
    for symbol, mode in enumerate(bot.modes):
        for event in (ModeSet(symbol, mode), counted(bot, symbol)):
            bot, sent = told(rules, bot, event)
            sends += sent
    bot, sent = told(rules, bot, Reconciled())
    return Do("reconciles", bot, sends + sent)


def bot_features(bot: Bot) -> Mapping[str, int]:
    """Return what is claimed of, of *bot*: some by symbol, what modes ask for of the first."""
    seats = bot.slots.seats
    held = [seat.state is State.HELD for seat in seats]
    waits = [n for n in wanted(bot) if seats[n].state is not State.READY]
    found: dict[str, int] = {f"state_{n}": seat.state for n, seat in enumerate(seats)}
    return found | {
        "known": bot.slots.known,
        "slots": bot.slots.count,
        "held": sum(held),
        "evicted": bot.slots.known and any(bot.lots[n] > held[n] for n in range(len(held))),
        "waits": bot.slots.known and bool(waits),
        "mode": bot.modes[0],
        "flat": bot.lots[0] == 0,
        "unfair": bot.unfair,
        "rough": bot.rough,
        "hasty": bot.hasty,
        "leaked": bot.leaked,
        "touched": bot.touched,
        "misled": bot.misled,
        "late": bot.late,
        "again": bot.again,
        "stays": bot.stays,
        "passed": bot.passed,
    }


ALWAYS = ("FOR-2", "FOR-3", "FOR-4.1", "FOR-4.2", "FOR-4.3", "FOR-6.1", "FOR-6.2", "FOR-7")


def world(name: str, scope: Scope, claims: tuple[str, ...], rules: Rules = SOUND) -> ActorWorld:
    """Return the world of *scope* that also claims *claims*; other *rules* are for mutants."""
    symbols, none = scope.symbols, (0,) * scope.symbols
    places = {f"placing_{n}": placing(n) for n in range(symbols)}
    seats = (Seat(),) * symbols
    slots = Slots(count=scope.slots, seats=seats, hysteresis=scope.hysteresis, known=True)
    bot = Bot(slots, scope, scope.rankings[0], none, none, (Mode.NORMAL,) * symbols)
    venue = Venue(scope, (False,) * symbols, none)
    return ActorWorld(
        name,
        (
            Actor(
                "bot",
                bot,
                partial(bot_acts, rules),
                partial(bot_hears, rules),
                bot_features,
                show_bot,
            ),
            Actor("venue", venue, venue_acts, venue_hears, venue_features, show_venue),
            Actor("person", Person(scope), person_acts, show=show_person),
        ),
        (
            Channel("news", "bot", 2, weights={"by_hand": by_hand}, show=words),
            Channel("words", "bot", 1, show=words),
            Channel(
                "asks",
                "venue",
                2 * symbols,
                weights=places,
                show=words,
            ),
        ),
        claimed(symbols, (*ALWAYS, *claims)),
    )


def ranking(*scores: int) -> Scores:
    """Return *scores* by symbol; a negative one is not wanted."""
    return tuple(Score(n, score) for n, score in enumerate(scores) if score >= 0)


MINE = ("FOR-1", "FOR-5")
STOP, TP, PANIC, MANUAL, NORMAL = (
    Mode.GRACEFUL_STOP, Mode.TP_ONLY, Mode.PANIC, Mode.MANUAL, Mode.NORMAL,
)  # fmt: skip
SWAP = (ranking(5, 4), ranking(5, 6))
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "slots-swap": (Scope(SWAP, ranks=2), (*MINE, "FOR-8.1", "FOR-8.2", "FOR-8.3")),
    "slots-three": (
        Scope((ranking(3, 3, 3), ranking(1, 2, 3)), symbols=3, slots=2),
        MINE,
    ),
    "slots-hysteresis": (
        Scope((*SWAP, ranking(5, 7)), hysteresis=1, ranks=2),
        (*MINE, "FOR-8.5"),
    ),
    "slots-unwanted": (Scope((ranking(5, 4), ranking(-1, 4)), ranks=2), MINE),
    "slots-by-hand": (Scope(SWAP, opens=1), ("FOR-5", "FOR-8.4")),
    "slots-stop": (Scope(SWAP, modes=(STOP, NORMAL)), (*MINE, "FOR-6.3")),
    "slots-manual": (Scope(SWAP, modes=(MANUAL, TP)), ("FOR-1", "FOR-6.3")),
    "slots-manual-by-hand": (Scope(SWAP, ranks=0, opens=1, modes=(MANUAL, TP)), ("FOR-6.3",)),
    "slots-panic": (Scope(SWAP, modes=(PANIC,), opens=1), ("FOR-5", "FOR-6.3", "FOR-6.4")),
    "slots-crash": (Scope(SWAP, crashes=1), (*MINE, "FOR-8.1")),
    "slots-crash-modes": (
        Scope(SWAP, ranks=0, crashes=1, modes=(MANUAL, STOP)),
        ("FOR-1", "FOR-6.3"),
    ),
}
DEEP: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "slots-three-swaps": (
        Scope((ranking(3, 3, 3), ranking(1, 2, 3)), symbols=3, slots=2, ranks=2, crashes=1),
        (*MINE, "FOR-8.1", "FOR-8.2", "FOR-8.3"),
    ),
}


def named(name: str, rules: Rules = SOUND) -> ActorWorld:
    """Return the small world called *name*; other *rules* are for mutants."""
    return world(name, *SCOPES[name], rules)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(map(named, SCOPES))


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(world(name, *DEEP[name]) for name in DEEP)
