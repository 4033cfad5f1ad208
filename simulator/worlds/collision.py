"""A bot that trades base and mirror in a few symbols of one account, and the venue.

The bot is a desk a symbol: the machine, the orders that are not final, and the lots that reports
have told of.  A cycle begins at any time, and what the base wants in it is its own affair.  Base
and overlay ask the machine before they open; what it says of closing is done as it says.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from machines.collision import Collision
from simulator.actors import Actor, ActorWorld, Channel, Do
from simulator.worlds.collision_claims import asks_for, rules
from simulator.worlds.collision_desk import (
    SOUND,
    Desk,
    Gate,
    base_uses,
    cycled,
    entered,
    mirror_uses,
    opened,
    reduced,
    reported,
    restarted,
    show_desk,
    trespassed,
)
from simulator.worlds.collision_scene import (
    NAMES,
    Book,
    Kind,
    Sends,
    Told,
    Venue,
    show_ask,
    show_told,
    show_venue,
    venue_acts,
    venue_features,
    venue_hears,
)
from spec.collision import State, User

ENDLESS = -1
ROOM = 9  # never more is under way: nobody waits to send


class Scope(NamedTuple):
    """How much may happen, at a time and in all.

    Mirrors are opened by *lots* at once, the base enters by one and may have *base_lots*.
    *openings* and *entries* are how often, *whims* how often the venue may refuse.
    """

    symbols: int = 1
    lots: int = 1
    base_lots: int = 1
    patience: int = 1
    openings: int = ENDLESS
    entries: int = ENDLESS
    whims: int = 0
    restarts: int = 0
    exits: bool = True  # the venue may close the base's position
    ousts: bool = False  # and the mirror's
    reduces: int = 0  # how often the overlay may close a lot by itself
    trespasses: int = 0  # how often a mirror is opened where the base is, without asking
    keeps: bool = False  # the base may make up its mind
    hedge: bool = False
    mixed: bool = False  # requests and reports arrive in any order
    totals: bool = True  # closing reports tell what has filled
    strict: bool = True  # a close can only reduce


class Bot(NamedTuple):
    """The desks, and what may still happen.

    *keeps* is 1 once the base keeps wanting the first symbol, 2 once it has come in.
    """

    scope: Scope
    desks: tuple[Desk, ...]
    keeps: int = 0


def bot_hears(gate: Gate, bot: Bot, _channel: str, report: Told) -> Iterator[Do]:
    """Yield what *bot* makes of *report*."""
    desk = bot.desks[report.symbol]
    desk, sends = reported(gate, desk, report, numbered=bot.scope.mixed)
    yield Do("hears", with_desk(bot, report.symbol, desk), sends)


def with_desk(bot: Bot, symbol: int, desk: Desk) -> Bot:
    """Return *bot* with *desk*; a base that has come in need not keep wanting."""
    keeps = 2 if bot.keeps == 1 and symbol == 0 and base_uses(desk) else bot.keeps
    return bot._replace(desks=(*bot.desks[:symbol], desk, *bot.desks[symbol + 1 :]), keeps=keeps)


def bot_acts(gate: Gate, bot: Bot) -> Iterator[Do]:
    """Yield what *bot* may do unasked."""
    yield from cycles(gate, bot)
    for symbol, desk in enumerate(bot.desks):
        yield from base_acts(gate, bot, symbol, desk)
        yield from overlay_acts(gate, bot, symbol, desk)
        if bot.scope.restarts:
            less = bot._replace(scope=bot.scope._replace(restarts=bot.scope.restarts - 1))
            after, sends = restarted(gate, desk, symbol)
            yield Do(f"restarts {NAMES[symbol]}", with_desk(less, symbol, after), sends)
    if bot.scope.keeps and not bot.keeps:
        kept = 2 if base_uses(bot.desks[0]) else 1
        yield Do("makes up its mind", bot._replace(keeps=kept))


def fewer(count: int) -> int:
    """Return what is left of *count* after one."""
    return count if count == ENDLESS else max(count - 1, 0)


def cycles(gate: Gate, bot: Bot) -> Iterator[Do]:
    """Yield how a cycle may begin: the base wants one symbol, or none."""
    symbols = range(len(bot.desks))
    for choice in (0,) if bot.keeps == 1 else (None, *symbols):
        after = bot
        sends: Sends = ()
        for symbol, desk in enumerate(bot.desks):
            cycle, sent = cycled(gate, desk, symbol, wants=symbol == choice)
            after, sends = with_desk(after, symbol, cycle), sends + sent
        wanted = "nothing" if choice is None else NAMES[choice]
        yield Do(f"begins a cycle, base wants {wanted}", after, sends)


def base_acts(gate: Gate, bot: Bot, symbol: int, desk: Desk) -> Iterator[Do]:
    """Yield what the base may do: enter where it wants to, and again where it holds."""
    holds, scope = desk.base_lots > 0, bot.scope
    insists = bot.keeps == 1 and symbol == 0
    if desk.orders[Kind.ENTRY] is not None or not (scope.entries or insists):
        return
    admitted = gate.admits(desk.collision, User.BASE)
    if (holds and desk.base_lots < scope.base_lots) or (desk.wants and not holds):
        if admitted:
            less = bot._replace(scope=scope._replace(entries=fewer(scope.entries)))
            after, sends = entered(gate, desk, symbol)
            yield Do(f"enters {NAMES[symbol]}", with_desk(less, symbol, after), sends)
        elif holds and not desk.gated:
            yield Do(f"is gated {NAMES[symbol]}", with_desk(bot, symbol, desk._replace(gated=True)))


def overlay_acts(gate: Gate, bot: Bot, symbol: int, desk: Desk) -> Iterator[Do]:
    """Yield what the overlay may do: one mirror at a time, apart from those being closed."""
    scope, holds = bot.scope, desk.mirror_lots > 0
    others = (each for each in bot.desks if each is not desk)
    elsewhere = any(mirror_uses(each) and not each.closes for each in others)
    busy = desk.orders[Kind.OPEN] is not None or desk.mirror_lots >= scope.lots or elsewhere
    if scope.openings and not busy and gate.admits(desk.collision, User.MIRROR):
        less = bot._replace(scope=scope._replace(openings=fewer(scope.openings)))
        after, sends = opened(gate, desk, symbol, scope.lots - desk.mirror_lots)
        yield Do(f"mirrors {NAMES[symbol]}", with_desk(less, symbol, after), sends)
    free = holds and desk.orders[Kind.CLOSE] is None and desk.collision.state is State.MIRROR
    if scope.reduces and free:
        less = bot._replace(scope=scope._replace(reduces=scope.reduces - 1))
        after, sends = reduced(gate, desk, symbol)
        yield Do(f"reduces {NAMES[symbol]}", with_desk(less, symbol, after), sends)
    if scope.trespasses and base_uses(desk) and desk.orders[Kind.OPEN] is None:
        less = bot._replace(scope=scope._replace(trespasses=scope.trespasses - 1))
        after, sends = trespassed(gate, desk, symbol)
        yield Do(f"mirrors {NAMES[symbol]} unasked", with_desk(less, symbol, after), sends)


def bot_features(bot: Bot) -> Mapping[str, int]:
    """Return what is claimed of, of *bot*: what went wrong anywhere, and each desk."""
    found: dict[str, int] = {"keeps": bot.keeps, "base_in": base_uses(bot.desks[0])}
    for flaw in FLAWS:
        found[flaw] = any(getattr(desk, flaw) for desk in bot.desks)
    for symbol, desk in enumerate(bot.desks):
        close = desk.orders[Kind.CLOSE]
        found |= {
            f"state_{symbol}": desk.collision.state,
            f"closes_{symbol}": desk.closes,
            f"gave_up_{symbol}": desk.gave_up,
            f"mirrors_{symbol}": mirror_uses(desk),
            f"mirror_lots_{symbol}": desk.mirror_lots,
            f"recalls_{symbol}": close is not None and close.asked,
            f"crosses_{symbol}": close is not None and close.cross,
        }
    return found


def show_bot(bot: Bot) -> str:
    """Return *bot* in words."""
    return "; ".join(map(show_desk, NAMES, bot.desks))


FLAWS = (
    "rushed", "intruded", "reopened", "gated", "misled", "alerted", "unheard", "hindered",
)  # fmt: skip


ONE_WAY = ("COL-1.1", "COL-1.2", "COL-2", "COL-4.1", "COL-4.2", "COL-6.1", "COL-7.1", "COL-7.2")
HEDGE = ("COL-6.2", "COL-6.3", "COL-7.1", "COL-7.2")
ODD = ("COL-7.1", "COL-7.3", "COL-7.4")


def everywhere(scope: Scope) -> tuple[str, ...]:
    """Return what is claimed of every world like that of *scope*."""
    if scope.hedge:
        return HEDGE
    return ODD if scope.trespasses else ONE_WAY


def collision_world(
    name: str, scope: Scope, claims: tuple[str, ...], gate: Gate = SOUND
) -> ActorWorld:
    """Return the world of *scope* that also claims *claims*; another *gate* is for mutants."""
    first = Collision(hedge_mode=scope.hedge, patience=scope.patience)
    bot = Bot(scope, (Desk(first, wants=True),) * scope.symbols)
    venue = Venue(
        books=(Book(),) * scope.symbols,
        whims=scope.whims,
        exits=scope.exits,
        ousts=scope.ousts,
        hedge=scope.hedge,
        totals=scope.totals,
        strict=scope.strict,
    )
    ordered = not scope.mixed
    sent = {
        f"{user}_sent_{symbol}": asks_for(symbol, kind)
        for symbol in range(scope.symbols)
        for user, kind in (("base", Kind.ENTRY), ("mirror", Kind.OPEN))
    }
    return ActorWorld(
        name,
        (
            Actor(
                "bot",
                bot,
                partial(bot_acts, gate),
                partial(bot_hears, gate),
                bot_features,
                show_bot,
            ),
            Actor("venue", venue, venue_acts, venue_hears, venue_features, show_venue),
        ),
        (
            Channel("asks", "venue", ROOM, ordered, weights=sent, show=show_ask),
            Channel("reports", "bot", ROOM, ordered, show=show_told),
        ),
        rules(scope.symbols, (*everywhere(scope), *claims)),
    )


LATE = ("COL-5.1", "COL-5.3", "COL-5.4")
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "collision": (Scope(keeps=True), ("COL-3", *LATE)),
    "collision-lots": (Scope(lots=2, keeps=True), ("COL-3", *LATE, "COL-5.2", "COL-5.5")),
    "collision-refused": (Scope(whims=1, keeps=True), ("COL-3", *LATE)),
    "collision-reduces": (Scope(lots=2, reduces=1, keeps=True, exits=False), ("COL-3",)),
    "collision-restart": (
        Scope(restarts=1, base_lots=2, reduces=1, keeps=True),
        ("COL-3", *LATE),
    ),
    "collision-hasty": (Scope(patience=0, restarts=1), ("COL-5.4",)),
    "collision-untold": (Scope(lots=2, exits=False, totals=False), LATE),
    "collision-ousted": (
        Scope(openings=2, ousts=True, exits=False, keeps=True),
        ("COL-3", *LATE),
    ),
    "collision-mixed": (
        Scope(openings=2, entries=1, keeps=True, exits=False, mixed=True),
        ("COL-3", *LATE),
    ),
    "collision-two": (
        Scope(symbols=2, openings=2, entries=1, exits=False),
        (*LATE, "COL-5.6"),
    ),
    "collision-odd": (Scope(trespasses=1, entries=1, exits=False), ()),
    "collision-hedge": (Scope(hedge=True), ()),
}


DEEP: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "collision-patient": (Scope(lots=2, patience=2, whims=1, keeps=True), ("COL-3", *LATE)),
    "collision-refused-twice": (
        Scope(lots=2, base_lots=2, whims=2, restarts=1, keeps=True),
        ("COL-3", *LATE),
    ),
    "collision-mixed-lots": (
        Scope(lots=2, openings=1, entries=1, whims=1, keeps=True, mixed=True),
        ("COL-3", *LATE, "COL-5.2"),
    ),
    "collision-ousted-lots": (
        Scope(lots=2, openings=3, ousts=True, whims=1, keeps=True),
        ("COL-3", *LATE, "COL-5.2"),
    ),
    "collision-two-keeps": (
        Scope(symbols=2, openings=2, entries=2, exits=False, keeps=True),
        ("COL-3", *LATE, "COL-5.6"),
    ),
    "collision-two-exits": (Scope(symbols=2, openings=1, entries=2, keeps=True), ("COL-3",)),
    "collision-two-mirrors": (
        Scope(symbols=2, openings=3, entries=1, exits=False),
        (*LATE, "COL-5.6"),
    ),
    "collision-hedge-mixed": (
        Scope(lots=2, base_lots=2, openings=2, entries=2, hedge=True, mixed=True),
        (),
    ),
}


def named(name: str, gate: Gate = SOUND) -> ActorWorld:
    """Return the small world called *name*; another *gate* is for mutants."""
    return collision_world(name, *SCOPES[name], gate)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked."""
    return tuple(map(named, SCOPES))


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds."""
    return tuple(collision_world(name, *DEEP[name]) for name in DEEP)
