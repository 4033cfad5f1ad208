"""A trailing order in a market that prints bars, with reports that arrive before or after them.

The bot keeps one order at a time, as the order manager does: it cancels, waits and places.  What
is claimed of extremes and states is judged by the list of all bars heard since the last fill.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from machines import trailing as machine
from machines.messages import Restarted
from machines.trailing import (
    OFF,
    Bar,
    Event,
    Filled,
    Leveled,
    Levels,
    RebuildFailed,
    Rebuilt,
    Trailing,
    opened,
    order_ticks,
)
from simulator.actors import Actor, ActorWorld, Channel, Do, Holds, Rule
from simulator.explorer import Move
from simulator.worlds.trailing_scene import (
    Answer,
    Ask,
    Market,
    Scope,
    Sends,
    Told,
    called_for,
    extremes,
    market_acts,
    market_features,
    market_hears,
    show_market,
    words,
)
from spec.terms import Side
from spec.trailing import PROPERTIES, Action, State
from spec.units import MILLION

Step = Callable[[Trailing, Event], tuple[Trailing, tuple[Action, ...]]]
Price = Callable[[Trailing, int], int]
NONE, LIVE, CANCELING = range(3)


class Rules(NamedTuple):
    """What decides: the machine's step, its price, and whether a cancel is waited for."""

    step: Step = machine.step
    price: Price = order_ticks
    waits: bool = True


SOUND = Rules()


class Bot(NamedTuple):
    """A trailing order and the order manager's place for it.

    *bars* and *since* are all that was heard since the last fill; the last six say what has
    happened, or gone wrong.
    """

    trailing: Trailing
    budget: Scope
    last: int
    order: int = NONE
    wanted: bool = False
    bars: tuple[Bar, ...] = ()
    since: int = 0
    withdrawn: bool = False  # since the last fill
    again: bool = False  # fired again without a fill between
    late: bool = False  # a fill was told too late
    kept: bool = False  # a rebuilt trailing order found its order still wanted
    rash: bool = False  # fired although the bars do not call for it
    idle: bool = False  # fired without levels


def show_bot(bot: Bot) -> str:
    """Return the trailing order of *bot*, what it knows of the price, and its order."""
    trailing = bot.trailing
    levels = f"{trailing.levels.threshold_ticks}/{trailing.levels.retracement_ppm}"
    seen = f"extreme {trailing.extreme_ticks}, back {trailing.retraced_ticks}"
    order = ", order out" if bot.order else ""
    since = f"bar {trailing.moment} since {trailing.since}"
    return f"{trailing.state.name} {levels}, {seen}, {since}{order}"


def told(rules: Rules, bot: Bot, event: Event) -> tuple[Bot, Sends]:
    """Step the trailing order of *bot*, do what it asks for, and note what goes wrong."""
    was, (now, emits) = bot.trailing, rules.step(bot.trailing, event)
    placed, rebuilt = Action.PLACE in emits, was.state is State.REBUILDING
    undone = Action.WITHDRAW in emits and was.state is State.FIRED
    fits = called_for(now.side, bot.bars, now.levels) is State.FIRED
    bot = bot._replace(
        trailing=now,
        wanted=(bot.wanted or placed) and Action.WITHDRAW not in emits,
        again=bot.again or (placed and bot.withdrawn),
        withdrawn=(bot.withdrawn or undone) and not isinstance(event, Filled),
        late=bot.late
        or (isinstance(event, Filled) and now.state is State.REBUILDING is not was.state),
        kept=bot.kept or (placed and rebuilt and bot.order == LIVE),
        rash=bot.rash or (placed and now.levels.retracement_ppm > 0 and not fits),
        idle=bot.idle or (placed and now.levels == OFF),
    )
    asks: Sends = ()
    if Action.QUERY in emits:
        asks = (("asks", Ask("query", now.query)),)
    bot, orders = managed(rules, bot)
    return bot, asks + orders


def managed(rules: Rules, bot: Bot) -> tuple[Bot, Sends]:
    """Return *bot* with the difference between the order wanted and the order open sent."""
    if bot.order == LIVE and not bot.wanted:
        order = CANCELING if rules.waits else NONE
        return bot._replace(order=order), (("asks", Ask("cancel")),)
    price, levels = rules.price(bot.trailing, bot.last), bot.trailing.levels
    if bot.order != NONE or not bot.wanted or not price:
        return bot, ()
    stop = 0 if levels.retracement_ppm else levels.threshold_ticks
    return bot._replace(order=LIVE), (("asks", Ask("place", price, stop)),)


def bot_hears(rules: Rules, bot: Bot, _channel: str, message: Any) -> Iterator[Do]:  # noqa: ANN401
    """Yield what *bot* makes of *message*: a bar, a report or an answer."""
    match message:
        case Bar():
            bot = remembered(bot._replace(last=message.close), bot.since, (message,))
            yield Do("hears", *told(rules, bot, message))
        case Told():
            if message.over:
                bot = bot._replace(order=NONE)
            if message.what == "canceled":
                yield Do("hears", *managed(rules, bot))
                return
            bot = remembered(bot, message.moment, ())
            yield Do("hears", *told(rules, bot, Filled(message.moment)))
        case Answer():
            yield from answered(rules, bot, message)
        case _:
            raise ValueError(message)


def answered(rules: Rules, bot: Bot, answer: Answer) -> Iterator[Do]:
    """Yield what *bot* makes of *answer*, by any levels that the position may now have."""
    if answer.bars is None:
        yield Do("hears", *told(rules, bot, RebuildFailed(answer.query)))
        return
    bot = remembered(bot, answer.since, answer.bars)
    extreme, back = extremes(bot.trailing.side, answer.bars)
    for levels in bot.budget.levels:
        event = Rebuilt(
            query=answer.query,
            since=answer.since,
            moment=answer.moment,
            extreme_ticks=extreme,
            retraced_ticks=back,
            levels=levels,
        )
        yield Do("hears", *told(rules, bot, event))


def remembered(bot: Bot, since: int, bars: tuple[Bar, ...]) -> Bot:
    """Return *bot* with what it has now heard of: *bars*, and a fill in bar *since*."""
    since = max(since, bot.since)
    found = {bar.moment: bar for bar in (*bot.bars, *bars) if bar.moment > since}
    return bot._replace(bars=tuple(found[moment] for moment in sorted(found)), since=since)


def bot_acts(rules: Rules, bot: Bot) -> Iterator[Do]:
    """Yield what *bot* may do unasked: compute its levels, crash."""
    trailing, budget = bot.trailing, bot.budget
    blank = trailing.levels == OFF and trailing.state is not State.REBUILDING
    moves = not blank and budget.moves
    less = budget._replace(moves=budget.moves - 1) if moves else budget
    for levels in budget.levels if blank or moves else ():
        if levels != trailing.levels:
            event = Leveled(trailing.since, levels)
            word = "levels" if blank else "moves the levels"
            yield Do(word, *told(rules, bot._replace(budget=less), event))
    if budget.crashes:
        lost = bot._replace(budget=budget._replace(crashes=budget.crashes - 1))
        yield Do("crashes", *told(rules, lost, Restarted()))


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end where it stays possible."""
    what = move.what.rpartition(": ")[2]
    return not what.startswith(("loses", "prints", "fails", "crashes", "moves"))


def whole(bot: Bot) -> bool:
    """Return whether no bar is missing among those heard since the last fill."""
    return [bar.moment - bot.since for bar in bot.bars] == list(range(1, len(bot.bars) + 1))


def bot_features(bot: Bot) -> Mapping[str, int]:
    """Return what is claimed of, of *bot*."""
    trailing = bot.trailing
    known = trailing.state is not State.REBUILDING
    seen = (trailing.extreme_ticks, trailing.retraced_ticks)
    fits = seen == extremes(trailing.side, bot.bars) and whole(bot)
    levels = trailing.levels
    return {
        "state": trailing.state,
        "sign": trailing.side.sign,
        "threshold": levels.threshold_ticks,
        "retracement": levels.retracement_ppm,
        "canceling": bot.order == CANCELING,
        "astray": known and not fits,
        "misled": known and trailing.state is not called_for(trailing.side, bot.bars, levels),
        "again": bot.again,
        "late": bot.late,
        "kept": bot.kept,
        "rash": bot.rash,
        "idle": bot.idle,
    }


def over(report: Told) -> int:
    """Return whether *report* says that our order is closed."""
    return report.over


def lost(report: Told) -> int:
    """Return whether *report* says that our order has filled."""
    return report.own and report.over


def places(ask: Ask) -> int:
    """Return whether *ask* is an order."""
    return ask.what == "place"


def calls(f: Any) -> Any:  # noqa: ANN401  # a number or an array
    """Return whether the venue's bars call for an order, by the bot's levels."""
    beyond = (f.true_extreme != 0) & (f.sign * (f.threshold - f.true_extreme) > 0)
    way = f.true_back * MILLION - f.true_extreme * (MILLION + f.sign * f.retracement)
    returned = ((f.threshold == 0) | beyond) & (f.sign * way > 0)
    rests = (f.retracement == 0) & (f.threshold > 0)
    return ((f.retracement > 0) & returned) | rests


RULES: Mapping[str, Holds] = {
    "TRL-1.1": lambda f: f.rash == 0,
    "TRL-1.2": lambda f: f.short == 0,
    "TRL-1.3": lambda f: f.idle == 0,
    "TRL-2": lambda f: f.astray == 0,
    "TRL-3": lambda f: f.misled == 0,
    "TRL-4": lambda f: f.resting + f.placing + f.over <= 1,
    "TRL-5": lambda f: (f.threshold + f.retracement > 0) & (f.resting == calls(f)),
    "TRL-6": lambda f: f.state != State.REBUILDING,
    "TRL-7.1": lambda f: f.again == 1,
    "TRL-7.2": lambda f: (f.canceling == 1) & (f.lost > 0),
    "TRL-7.3": lambda f: f.late == 1,
    "TRL-7.4": lambda f: f.kept == 1,
    "TRL-7.5": lambda f: (f.filled == 1) & (f.resting == 1),
}
WHEN: Mapping[str, Holds] = {
    "TRL-5": lambda f: f.quiet == 1,
    "TRL-6": lambda f: f.state == State.REBUILDING,
}
ALWAYS = ("TRL-1.1", "TRL-1.2", "TRL-1.3", "TRL-2", "TRL-3", "TRL-4")
ENDS = ("TRL-5", "TRL-6")


def world(name: str, scope: Scope, claims: tuple[str, ...], rules: Rules = SOUND) -> ActorWorld:
    """Return the world of *scope* that also claims *claims*; other *rules* are for mutants."""
    market = Market(scope, scope.start)
    bot = Bot(opened(scope.side, 0), scope._replace(bars=0), scope.start)
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
            Actor("market", market, market_acts, market_hears, market_features, show_market),
        ),
        (
            Channel("bars", "bot", 2, lossy=scope.losses > 0, show=words),
            Channel("reports", "bot", 3, weights={"over": over, "lost": lost}, show=words),
            Channel("answers", "bot", 2, show=words),
            Channel("asks", "market", 4, weights={"placing": places}, show=words),
        ),
        tuple(Rule(PROPERTIES[p], RULES[p], WHEN.get(p), fair) for p in (*ALWAYS, *claims)),
    )


BUY = Levels(threshold_ticks=9, retracement_ppm=100_000, limit_ticks=9)
LOW = Levels(threshold_ticks=8, retracement_ppm=100_000, limit_ticks=8)
BACK = Levels(retracement_ppm=70_000)  # no threshold
REST = Levels(threshold_ticks=9, limit_ticks=9)  # no retracement
SELL = Levels(threshold_ticks=11, retracement_ppm=70_000, limit_ticks=11)
BUYS = Scope(Side.BUY, (7, 10), 10, (BUY,))
SELLS = Scope(Side.SELL, (10, 13), 10, (SELL,))
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "trailing-buy": (BUYS._replace(bars=5), ("TRL-5", "TRL-7.1", "TRL-7.2", "TRL-7.5")),
    "trailing-sell": (SELLS._replace(parts=1), ("TRL-5", "TRL-7.1", "TRL-7.2")),
    "trailing-late": (BUYS._replace(others=1), (*ENDS, "TRL-7.3")),
    "trailing-crash": (SELLS._replace(crashes=1), (*ENDS, "TRL-7.4")),
    "trailing-fails": (BUYS._replace(bars=3, crashes=1, failures=1), ENDS),
    "trailing-gap": (BUYS._replace(losses=1), ("TRL-6",)),
    "trailing-moves": (SELLS._replace(moves=1, levels=(SELL, BACK)), ("TRL-5",)),
    "trailing-levels": (BUYS._replace(bars=3, moves=1, levels=(REST, BACK)), ("TRL-5",)),
    "trailing-off": (BUYS._replace(bars=3, crashes=1, levels=(LOW, OFF)), ("TRL-6",)),
    "trailing-bars": (BUYS._replace(bars=3, whole=True, others=1, prices=(8, 10)), ENDS),
}
DEEP: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "trailing-late-crash": (BUYS._replace(others=1, crashes=1), (*ENDS, "TRL-7.3")),
    "trailing-sell-late": (SELLS._replace(others=1, crashes=1, parts=1), ENDS),
    "trailing-gap-crash": (BUYS._replace(bars=3, losses=1, crashes=1, failures=1), ("TRL-6",)),
    "trailing-whole": (BUYS._replace(bars=3, whole=True, others=1), ENDS),
}


def named(name: str, rules: Rules = SOUND) -> ActorWorld:
    """Return the small world called *name*; other *rules* are for mutants."""
    return world(name, *SCOPES[name], rules)


def worlds() -> tuple[ActorWorld, ...]:
    """Return the worlds that are checked: what may go wrong, one or two kinds at a time."""
    return tuple(map(named, SCOPES))


def deep_worlds() -> tuple[ActorWorld, ...]:
    """Return larger worlds: more of it at once."""
    return tuple(world(name, *DEEP[name]) for name in DEEP)
