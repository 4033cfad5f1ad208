"""Unstucking of two positions, whose reports and balances arrive in their own time.

The bot surveys at any time what it knows.  Its order manager's place survives a restart, as the
journal does.  A budget may be older than the fills: it says which losses it contains.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from attrs import evolve

from machines import unstuck as machine
from machines.messages import Restarted
from machines.unstuck import Event, Restored, Surveyed, Unstuck
from simulator.actors import Actor, ActorWorld, Channel, Do, Holds, Rule
from simulator.explorer import Move
from simulator.worlds.unstuck_scene import (
    Account,
    Ask,
    Balance,
    Quote,
    Scene,
    Scope,
    Sends,
    Told,
    account_acts,
    account_features,
    account_hears,
    candidates,
    show_account,
    words,
)
from spec.unstuck import PROPERTIES, Action, State

Step = Callable[[Unstuck, Event], tuple[Unstuck, tuple[Action, ...]]]


class Rules(NamedTuple):
    """What decides: the machine's step."""

    step: Step = machine.step


SOUND = Rules()


class Bot(NamedTuple):
    """The machine, what it is told of, and the order manager's record of the latest order.

    *asked* says that it is to be canceled.  The last seven say what has happened, or gone wrong.
    """

    unstuck: Unstuck
    budget: Scope
    sizes: tuple[int, int]
    balance: Balance
    scene: int = 0
    record: Restored = Restored(order=0, lost=0)
    asked: bool = False
    rash: bool = False  # an order was sent beyond the budget
    wrong: bool = False  # not of the closest position
    fickle: bool = False  # an order was canceled that was called for
    over: bool = False  # a minimum order has exceeded the budget
    yields: bool = False  # an order was canceled for one of another position
    found: bool = False  # a restart has found an order
    misled: bool = False  # the state is not what was heard and asked calls for


def show_bot(bot: Bot) -> str:
    """Return the machine of *bot*, and what it was told may be lost."""
    machine, left = bot.unstuck, bot.balance.budgets
    order = f" order {machine.order} of {machine.position}: {machine.cum_qty}/{machine.qty}"
    told = f"left {left[0]} {left[1]}, lost {machine.lost}"
    return f"{machine.state.name}{order if machine.order else ''}, {told}"


def survey(bot: Bot) -> Surveyed:
    """Return what *bot* finds."""
    found = candidates(bot.budget, bot.scene, bot.sizes, bot.balance.budgets)
    return Surveyed(bot.balance.lost, found)


def within(bot: Bot, position: int) -> int:
    """Return what *position* may still lose: what was lost since the balance counts once."""
    return bot.balance.budgets[position] + bot.balance.lost - bot.record.lost


def best(bot: Bot) -> int:
    """Return the position closest to break-even, -1 if none is stuck: what the property says."""
    quotes = bot.budget.scenes[bot.scene]
    stuck = [n for n in (0, 1) if quotes[n].stuck and bot.sizes[n] and within(bot, n) > 0]
    return min(((quotes[n].distance, n) for n in stuck), default=(0, -1))[1]


def affords(bot: Bot, position: int, qty: int) -> bool:
    """Return whether *qty* lots of *position* lose no more than its budget, or are minimal."""
    loss = qty * bot.budget.scenes[bot.scene][position].loss
    return within(bot, position) > 0 and (qty == 1 or loss <= within(bot, position))


def told(rules: Rules, bot: Bot, event: Event) -> tuple[Bot, Sends]:
    """Step the machine of *bot*, do what it asks for, and note what goes wrong."""
    was, (now, emits) = bot.unstuck, rules.step(bot.unstuck, event)
    bot = bot._replace(
        unstuck=now,
        found=bot.found or (was.state is State.RESTORING and now.state is State.WORKING),
    )
    sends: Sends = ()
    if Action.CANCEL in emits:
        bot = canceled(bot, was)
        sends = (("asks", Ask("cancel", was.order)),)
    if Action.PLACE in emits:
        bot, placed = ordered(bot)
        sends += placed
    restores = isinstance(event, Restarted) or was.state is State.RESTORING
    if isinstance(event, Restored):
        restores = False
    asked = bot.record.open and not restores and (bot.asked or Action.CANCEL in emits)
    misled = now.state is not expected(bot._replace(asked=asked), restores=restores)
    return bot._replace(asked=asked, misled=bot.misled or misled), sends


def expected(bot: Bot, *, restores: bool) -> State:
    """Return the state that *bot* should be in, by the words of the property."""
    if restores:
        return State.RESTORING
    if not bot.record.open:
        return State.IDLE
    return State.CANCELING if bot.asked else State.WORKING


def canceled(bot: Bot, was: Unstuck) -> Bot:
    """Return *bot*, whose order is canceled; note whether it was called for, and why it goes."""
    first, rest = best(bot), was.qty - was.cum_qty
    quote = bot.budget.scenes[bot.scene][was.position]
    called = (first, quote.price) == (was.position, was.price_ticks)
    fits = affords(bot, was.position, rest) and rest <= bot.sizes[was.position]
    makes_way = first >= 0 and first != was.position
    return bot._replace(
        fickle=bot.fickle or (called and fits and rest <= bot.budget.qty),
        yields=bot.yields or makes_way,
    )


def ordered(bot: Bot) -> tuple[Bot, Sends]:
    """Return *bot*, whose order is sent, and the order."""
    now = bot.unstuck
    loss = bot.budget.scenes[bot.scene][now.position].loss
    record = Restored(
        order=now.order,
        lost=bot.record.lost,
        open=True,
        position=now.position,
        price_ticks=now.price_ticks,
        qty=now.qty,
    )
    bot = bot._replace(
        record=record,
        rash=bot.rash or not affords(bot, now.position, now.qty),
        wrong=bot.wrong or now.position != best(bot),
        over=bot.over or now.qty * loss > within(bot, now.position),
    )
    return bot, (("asks", Ask("place", now.order, now.position, now.qty, loss)),)


def bot_hears(rules: Rules, bot: Bot, _channel: str, message: Any) -> Iterator[Do]:  # noqa: ANN401
    """Yield what *bot* makes of *message*: a report, a balance, or how the market looks."""
    match message:
        case Told():
            bot = noted(bot, message)
            yield Do("hears", *told(rules, bot, message.report))
        case Balance():
            yield Do("hears", bot._replace(balance=message))
        case _:
            yield Do("hears", bot._replace(scene=message))


def noted(bot: Bot, news: Told) -> Bot:
    """Return *bot* with its record and its sizes as *news* tells."""
    report, record = news.report, bot.record
    if report.order != record.order or news.again:
        return bot
    sizes = list(bot.sizes)
    sizes[news.position] -= report.cum_qty - record.cum_qty
    known = evolve(
        record,
        lost=record.lost + report.loss - record.loss,
        open=not report.closed,
        cum_qty=report.cum_qty,
        loss=report.loss,
    )
    return bot._replace(sizes=(sizes[0], sizes[1]), record=known)


def bot_acts(rules: Rules, bot: Bot) -> Iterator[Do]:
    """Yield what *bot* may do unasked: survey, crash, find its order again."""
    yield Do("surveys", *told(rules, bot, survey(bot)))
    if bot.unstuck.state is State.RESTORING:
        yield Do("restores", *told(rules, bot, bot.record))
    if bot.budget.crashes:
        lost = bot._replace(budget=bot.budget._replace(crashes=bot.budget.crashes - 1))
        yield Do("crashes", *told(rules, lost, Restarted()))


def fair(move: Move) -> bool:
    """Return whether *move* happens in the end where it stays possible."""
    return not move.what.startswith(("fills", "moves", "loses", "crashes"))


def bot_features(bot: Bot) -> Mapping[str, int]:
    """Return what is claimed of, of *bot*."""
    return {
        "state": bot.unstuck.state,
        "rash": bot.rash,
        "wrong": bot.wrong,
        "fickle": bot.fickle,
        "over": bot.over,
        "yields": bot.yields,
        "found": bot.found,
        "misled": bot.misled,
    }


def closes(news: Told) -> int:
    """Return whether *news* says that an order is over."""
    return news.report.closed and not news.again


def places(ask: Ask) -> int:
    """Return whether *ask* is an order."""
    return ask.what == "place"


RULES: Mapping[str, Holds] = {
    "UNS-1.1": lambda f: f.open + f.placing + f.closing <= 1,
    "UNS-1.2": lambda f: (f.state != State.IDLE) | (f.open + f.placing == 0),
    "UNS-2.1": lambda f: f.rash == 0,
    "UNS-2.2": lambda f: f.deep == 0,
    "UNS-3": lambda f: f.wrong == 0,
    "UNS-4": lambda f: f.overdrawn == 0,
    "UNS-5": lambda f: (f.calls == 0) | (f.served == 1),
    "UNS-6": lambda f: f.torn == 0,
    "UNS-7": lambda f: f.fickle == 0,
    "UNS-9": lambda f: f.misled == 0,
    "UNS-8.1": lambda f: f.over == 1,
    "UNS-8.2": lambda f: (f.late == 1) & (f.state == State.CANCELING),
    "UNS-8.3": lambda f: f.yields == 1,
    "UNS-8.4": lambda f: f.found == 1,
}
WHEN: Mapping[str, Holds] = {
    "UNS-4": lambda f: f.overdrawn == 1,
    "UNS-5": lambda f: f.calls == 1,
}
EVERYWHERE = ("UNS-1.1", "UNS-1.2", "UNS-2.1", "UNS-3", "UNS-4", "UNS-5", "UNS-6", "UNS-7", "UNS-9")


def world(name: str, scope: Scope, claims: tuple[str, ...], rules: Rules = SOUND) -> ActorWorld:
    """Return the world of *scope* that also claims *claims*; other *rules* are for mutants."""
    account = Account(scope, scope.sizes, scope.budgets)
    idle = Unstuck(state=State.IDLE)
    bot = Bot(idle, scope, scope.sizes, Balance(scope.budgets, 0))
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
            Actor("account", account, account_acts, account_hears, account_features, show_account),
        ),
        (
            Channel("reports", "bot", 2, weights={"closing": closes}, show=words),
            Channel("balances", "bot", 2, show=words),
            Channel("scenes", "bot", 1, show=words),
            Channel("asks", "account", 3, weights={"placing": places}, show=words),
        ),
        tuple(Rule(PROPERTIES[p], RULES[p], WHEN.get(p), fair) for p in (*EVERYWHERE, *claims)),
    )


NEAR: Scene = (Quote(1, 90, 2), Quote(2, 50, 1))
FAR: Scene = (Quote(2, 90, 2), Quote(1, 50, 1))
EVEN: Scene = (Quote(1, 90, 2), Quote(1, 50, 1))
MOVED: Scene = (Quote(1, 91, 1), Quote(2, 50, 1))
LOOSE: Scene = (Quote(1, 90, 2, stuck=False), Quote(1, 50, 1, stuck=False))
BOUND = ("UNS-2.2", "UNS-8.1")
SCOPES: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "unstuck-budget": (Scope((NEAR, FAR), moves=2), BOUND),
    "unstuck-lots": (
        Scope((EVEN, NEAR), budgets=(9, 9), sizes=(3, 1), qty=3, moves=2),
        ("UNS-2.2",),
    ),
    "unstuck-moves": (
        Scope((FAR, MOVED), budgets=(4, 4), moves=2, repeats=2),
        ("UNS-2.2", "UNS-8.3"),
    ),
    "unstuck-loose": (Scope((NEAR, LOOSE), moves=2), ("UNS-2.2", "UNS-8.2")),
    "unstuck-sides": (Scope((NEAR, FAR), budgets=(2, 4), moves=1), ("UNS-2.2",)),
    "unstuck-shock": (Scope((NEAR,), budgets=(5, 5), sizes=(3, 2), shocks=2), ("UNS-8.2",)),
    "unstuck-crash": (Scope((NEAR, FAR), moves=1, crashes=2), ("UNS-2.2", "UNS-8.4")),
    "unstuck-all": (
        Scope((FAR, MOVED), budgets=(4, 4), moves=1, shocks=1, crashes=1, repeats=1),
        ("UNS-8.2", "UNS-8.3", "UNS-8.4"),
    ),
}
DEEP: Mapping[str, tuple[Scope, tuple[str, ...]]] = {
    "unstuck-scenes": (
        Scope((NEAR, FAR, MOVED, LOOSE), budgets=(6, 4), sizes=(3, 3), moves=3, crashes=1),
        BOUND,
    ),
    "unstuck-shocks": (
        Scope((NEAR, MOVED, LOOSE), budgets=(8, 6), sizes=(3, 3), moves=2, shocks=2, crashes=1),
        ("UNS-8.4",),
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
