"""Swarm runs: a seed draws a market, a venue and its faults; afterwards all must agree.

The faults stop before the run ends.  Then the bot and the venue have to know the same, no intent
may have been filled twice, no fill forgotten, and no order left behind.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from machines.bot import Bot
from machines.messages import Command, Place
from machines.order_manager import Book, live
from simulator import world
from simulator.agreement import disagreements
from simulator.swarm_draws import WINDOW_NS, BotName, Trial, candles_of, setup_of
from spec.supervisor import State
from spec.units import SECOND_NS

if TYPE_CHECKING:
    from machines.portfolio import Portfolio
    from simulator import portfolio_world

    Run = world.Run | portfolio_world.Run


LAST_BARS = 1  # a portfolio's last bars close as the run ends


@frozen(kw_only=True)
class Outcome:
    """What came of a trial; counts of client order ids, and what is wrong in words.

    *doubled*: more was filled than was ordered.  *lost*: the bot knows of less than was filled.
    *orphaned*: open for one side only.  *wrong*: all that the two do not agree about.  *outages_ns*
    are the times without RUNNING, but for the first.  *collided* is how often a mirror had to make
    way for the base.  *violated*: a property did not hold, which ended the run there and then, so
    that only its orders were counted.
    """

    trial: Trial
    orders: int
    fills: int = 0
    injected: Mapping[str, int] = field(hash=False)
    doubled: int = 0
    lost: int = 0
    orphaned: int = 0
    wrong: tuple[str, ...]
    outages_ns: tuple[int, ...] = ()
    journal_hash: str = ""
    collided: int = 0
    violated: bool = False

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.wrong or self.doubled or self.lost or self.orphaned)


class _Totals:
    """What the bot asked for, and what it knows of its fills, by client order id."""

    def __init__(self) -> None:
        self.ordered: dict[int, int] = {}
        self.filled: dict[int, int] = {}

    def told(
        self, _: int, event: object, commands: tuple[Command, ...], bot: "Bot | Portfolio"
    ) -> None:
        """Take note of a step."""
        del event
        for command in commands:
            if isinstance(command, Place):
                self.ordered[command.client_order_id] = command.order.qty
        for book in _books(bot):
            self.filled.update(book.closed[-1:])


def _books(bot: "Bot | Portfolio") -> tuple[Book, ...]:
    """Return the orders of *bot*, one book a symbol."""
    return (bot.book,) if isinstance(bot, Bot) else tuple(desk.book for desk in bot.desks)


def perform(trial: Trial) -> Outcome:
    """Run *trial* and compare."""
    totals = _Totals()
    try:
        done, wrong = _PERFORMED[trial.bot](trial, totals)
    except AssertionError as violated:
        return Outcome(
            trial=trial,
            orders=len(totals.ordered),
            injected=dict.fromkeys(trial.faults.rates, 0),
            wrong=(str(violated) or "an assertion without words",),
            violated=True,
        )
    return _compared(trial, totals, done, wrong)


def _wallet(trial: Trial, totals: _Totals) -> "tuple[Run, tuple[str, ...]]":
    """Return the run of a hedge wallet, and what it and the venue do not agree about."""
    done = world.run(setup_of(trial), candles_of(trial.seed), told=totals.told)
    return done, (*_unsettled(done, 0), *disagreements(done.bot, done.venue))


def _portfolio(trial: Trial, totals: _Totals) -> "tuple[Run, tuple[str, ...]]":
    """Return the run of a portfolio, and what it and the venue do not agree about."""
    from simulator import portfolio_world, swarm_portfolio

    setup, candles = swarm_portfolio.setup_of(trial), swarm_portfolio.candles_of(trial.seed)
    done = portfolio_world.run(setup, candles, told=totals.told)
    wrong = swarm_portfolio.disagreements(done.bot, done.venue)
    return done, (*_unsettled(done, LAST_BARS), *wrong)


_PERFORMED: Mapping[BotName, Callable[[Trial, _Totals], "tuple[Run, tuple[str, ...]]"]] = (
    MappingProxyType({"wallet": _wallet, "portfolio": _portfolio})
)


def _unsettled(done: "Run", expected: int) -> Iterator[str]:
    """Yield what has not come to rest; up to *expected* messages may be under way."""
    assert done.wire is not None
    state = done.wire.port.supervisor.state
    if state is not State.RUNNING:
        yield f"the process is {state.name}"
    if done.under_way > expected:
        yield f"{done.under_way - expected} messages are under way"


def _compared(trial: Trial, totals: _Totals, done: "Run", wrong: tuple[str, ...]) -> Outcome:
    """Return what came of a run, with all orders of both sides compared."""
    assert done.wire is not None
    books = _books(done.bot)
    known = totals.filled | {
        each.client_order_id: each.order.cum_qty for book in books for each in live(book)
    }
    filled = Counter[int]()
    for fill in done.venue.fills:
        filled[fill.client_order_id] += 0 if fill.liquidation else fill.qty
    doubled = {key for key, qty in filled.items() if qty > totals.ordered.get(key, 0)}
    lost = {key for key, qty in filled.items() if qty > known.get(key, 0)} - doubled
    ours = {each.client_order_id for book in books for each in live(book)}
    theirs = {
        order.client_order_id
        for symbol in range(len(books))
        for order in done.venue.open_orders(symbol)
    }
    return Outcome(
        trial=trial,
        orders=len(totals.ordered),
        fills=len(done.venue.fills),
        injected=done.wire.strikes.counts,
        doubled=len(doubled),
        lost=len(lost),
        orphaned=len(ours ^ theirs),
        wrong=wrong,
        outages_ns=tuple(end - begin for begin, end in done.wire.port.outages[1:]),
        journal_hash=done.journal_hash,
        collided=getattr(done, "collided", 0),
    )


def shrunk(trial: Trial, fails: Callable[[Trial], bool]) -> Trial:
    """Return the smallest trial found that still fails: fewest faults, then the shortest window.

    *trial* must fail.  A fault that gives another its occasion goes only with it.
    """
    trial = evolve(trial, faults=evolve(trial.faults, end_ns=min(trial.faults.end_ns, WINDOW_NS)))
    for name in tuple(trial.faults.rates):
        rates = {other: ppm for other, ppm in trial.faults.rates.items() if other != name}
        less = evolve(trial, faults=evolve(trial.faults, rates=rates))
        if fails(less):
            trial = less
    for side in ("end_ns", "begin_ns"):
        trial = _narrowed(trial, side, fails)
    return trial


def _narrowed(trial: Trial, side: str, fails: Callable[[Trial], bool]) -> Trial:
    """Return *trial* with one *side* of the window moved in as far as bisection finds."""
    faults = trial.faults
    good = getattr(faults, side)  # fails
    bad = faults.begin_ns if side == "end_ns" else faults.end_ns
    while abs(good - bad) > SECOND_NS:
        middle = (good + bad) // 2 // SECOND_NS * SECOND_NS  # as a command can say it
        tried = evolve(trial, faults=evolve(faults, **{side: middle}))
        if fails(tried):
            good, trial = middle, tried
        else:
            bad = middle
    return trial
