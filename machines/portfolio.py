"""The portfolio bot: the base strategy on many symbols of one account.

Each time that bars close, the planner says which orders it wants, and the order manager of each
symbol brings that about; fills are booked as they are reported.  Reports are totals: whatever was
lost before a restart is in the answers to the queries after it.  Only `step` changes a portfolio.
"""

from typing import assert_never

import numpy as np
from attrs import evolve, field, frozen

from machines import (
    mirror,
    order_manager,
    overlay,
    planner,
    portfolio_desk,
    portfolio_mirrors,
    portfolio_slots,
)
from machines.hedge_wallet import Resumed
from machines.messages import (
    AccountReport,
    Bars,
    Command,
    QueryAccount,
    Report,
    Restarted,
    Wanted,
    Woken,
)
from machines.overlay import Mirrors, Outcome
from machines.planner import Ladders
from machines.planner_inputs import Moment, Strategy
from machines.portfolio_desk import Desk, Money, about, is_mirror, is_unstuck, unsticks
from machines.portfolio_handling import Handling, sized
from machines.portfolio_mirrors import (
    MirrorConfig,
    alerts,
    asked,
    base_of,
    cycle_scene,
    scene,
)
from machines.pricing import averages
from machines.pricing.averages import Averages
from machines.pricing.board import convert_bars
from machines.pricing.numbers import Floats
from machines.profits import Profits
from spec.collision import User
from spec.terms import PositionMode

Event = Bars | Report | AccountReport | Woken | Restarted | Resumed
Both = tuple[Ladders, Ladders]
Commands = tuple[Command, ...]
LEVELS = 20
NO_BAR = (np.nan,) * 4


@frozen(kw_only=True)
class Config:
    """What a person chooses: the strategy, and how it is run.

    Nothing is ordered until *warmup_bars* have closed.  At most *levels* orders of a ladder work at
    a time, the nearest to the market, and *handling* says how they are handed over.  Without
    *mirrors* there is no overlay.
    """

    strategy: Strategy
    mirrors: MirrorConfig | None = None
    warmup_bars: int = 1
    levels: int = LEVELS
    handling: Handling = field(factory=Handling)


@frozen(kw_only=True)
class Portfolio:
    """The desks of all symbols, the money of the account, and what is known of the markets.

    *cash* is what has been settled, in money units, *sizes* the balance that sizes go by since the
    newest bars, and *profits* what was realized; *outcome* is what the newest cycle of the overlay
    came to, *slots* say in which symbols the base may open positions, *account* is the newest
    report of the account and *newest_ms* when the newest bars opened.  *sequence* numbers the
    orders of all symbols.  What is wanted is *stale* from a restart to the next bars: until then
    orders stay as they are.  A *halted* portfolio, after a liquidation, has no orders until a
    person says go on.
    """

    config: Config
    desks: tuple[Desk, ...]
    averages: Averages
    cash: int
    slots: portfolio_slots.Both
    mirrors: Mirrors | None = None
    outcome: Outcome | None = None
    profits: Profits = field(factory=Profits)
    account: AccountReport = field(factory=AccountReport)
    newest_ms: int = -1
    sequence: int = 0
    stale: bool = True
    halted: bool = False
    sizes: int = 0


def new(config: Config, cash: int) -> Portfolio:
    """Return a portfolio that holds *cash* money units and nothing else."""
    strategy = config.strategy
    return Portfolio(
        config=config,
        desks=tuple(
            portfolio_desk.new(each, strategy.mode, config.levels) for each in strategy.instruments
        ),
        averages=averages.unknown(len(strategy.instruments)),
        cash=cash,
        slots=portfolio_slots.begin(strategy),
        mirrors=portfolio_mirrors.begin(config.mirrors, strategy) if config.mirrors else None,
    )


def step(portfolio: Portfolio, event: Event) -> tuple[Portfolio, Commands]:
    """Return *portfolio* after *event*, and the commands to send.  Total: never raises."""
    match event:
        case Bars():
            return _closed(portfolio, event)
        case Report() | AccountReport():
            return _reported(portfolio, event)
        case Woken():
            desk = portfolio.desks[event.symbol]
            desk = evolve(desk, book=order_manager.woken(desk.book, event.key))
            return _settled(_put(portfolio, event.symbol, desk), event.symbol)
        case Restarted():
            return _restarted(portfolio)
        case Resumed():
            return _resumed(portfolio), ()
    assert_never(event)


def _resumed(portfolio: Portfolio) -> Portfolio:
    """Return *portfolio* once a person has looked: it orders again, and so do its mirrors."""
    mirrors = portfolio.mirrors
    if mirrors is not None:
        mirrors, _ = overlay.told(mirrors, mirror.Resumed(mirrors.overlay.stops))
    return evolve(portfolio, halted=False, mirrors=mirrors)


def _closed(portfolio: Portfolio, event: Bars) -> tuple[Portfolio, Commands]:
    """Return *portfolio* after bars have closed: everything is planned anew.

    Bars that are not newer than all known ones were told before.
    """
    if event.open_ms <= portfolio.newest_ms:
        return portfolio, ()
    strategy, desks = portfolio.config.strategy, portfolio.desks
    bars = _array(strategy, event)
    known = averages.moved(portfolio.averages, bars, event.open_ms, strategy.terms)
    seen = tuple(
        desk if bar is None else portfolio_desk.watched(desk, bar)
        for desk, bar in zip(desks, event.bars, strict=True)
    )
    lookback_ms = strategy.lookback_ms
    profits = portfolio.profits.since(None if lookback_ms is None else event.open_ms - lookback_ms)
    portfolio = evolve(
        portfolio,
        averages=known,
        desks=seen,
        newest_ms=event.open_ms,
        profits=profits,
        sizes=sized(portfolio.sizes, portfolio.cash, portfolio.config.handling),
    )
    if event.past or max(known.bars) <= portfolio.config.warmup_bars + 1:
        return portfolio, ()
    config, plans = portfolio.config, planner.plan(strategy, _moment(portfolio, event))
    ladders = tuple(
        portfolio_desk.sent(desk, both, config.handling)
        for desk, both in zip(portfolio.desks, plans, strict=True)
    )
    portfolio, commands = _cycled(evolve(portfolio, stale=False), event, ladders)
    pairs = zip(portfolio.desks, ladders, strict=True)
    desks = tuple(
        portfolio_desk.planned(desk, both, config.levels, config.handling) for desk, both in pairs
    )
    slots = portfolio_slots.ranked(portfolio.slots, desks)
    portfolio = evolve(portfolio, desks=desks, slots=slots)
    for symbol, desk in enumerate(desks):
        if portfolio.mirrors is None and portfolio_desk.idle(desk):
            continue  # nothing to bring about, and no overlay to tell of it
        portfolio, sent = _settled(portfolio, symbol)
        commands += sent
    return portfolio, commands


def _cycled(
    portfolio: Portfolio, event: Bars, ladders: tuple[Both, ...]
) -> tuple[Portfolio, Commands]:
    """Return *portfolio* after a cycle of the overlay, which knows what the base wants."""
    config, desks, mirrors = portfolio.config.mirrors, portfolio.desks, portfolio.mirrors
    if config is None or mirrors is None:
        return portfolio, ()
    scenes = tuple(
        cycle_scene(desk, symbol, config, portfolio.averages, ladders[symbol])
        for symbol, (desk, may) in enumerate(zip(desks, _tradable(portfolio, event), strict=True))
        if may
    )
    base = base_of(config.settings, portfolio.config.strategy, portfolio.cash)
    mirrors, outcome = overlay.cycle(mirrors, overlay.Moment(base=base, scenes=scenes))
    portfolio = evolve(portfolio, mirrors=mirrors, outcome=outcome)
    portfolio = _asked(portfolio, outcome.commands)
    return portfolio, alerts(outcome.commands, desks)


def _asked(portfolio: Portfolio, commands: overlay.Commands) -> Portfolio:
    """Return *portfolio* wanting what *commands* of the overlay ask for."""
    if not commands:
        return portfolio
    return evolve(portfolio, desks=tuple(asked(desk, commands) for desk in portfolio.desks))


def _array(strategy: Strategy, event: Bars) -> Floats:
    """Return bars in quote and in coins: high, low, close, volume; NaN where none came."""
    rows = ((bar.high, bar.low, bar.close, bar.volume) if bar else NO_BAR for bar in event.bars)
    found = np.array([*rows], np.float64)
    convert_bars(strategy.rosters[0].table, found)
    return found


def _tradable(portfolio: Portfolio, event: Bars) -> tuple[bool, ...]:
    """Return where a position may be opened: a bar has come, and the averages are warm."""
    least, counts = portfolio.config.warmup_bars, portfolio.averages.bars
    pairs = zip(event.bars, counts, strict=True)
    return tuple(bar is not None and count > least for bar, count in pairs)


def _moment(portfolio: Portfolio, event: Bars) -> Moment:
    """Return what the strategy looks at once the bars of *event* have closed."""
    desks = portfolio.desks
    return Moment(
        bids=tuple(desk.bid for desk in desks),
        asks=tuple(desk.ask for desk in desks),
        tradable=_tradable(portfolio, event),
        averages=portfolio.averages,
        longs=tuple(desk.long for desk in desks),
        shorts=tuple(desk.short for desk in desks),
        balance=portfolio.sizes,
        profit=portfolio.profits.now,
        profit_max=portfolio.profits.most,
    )


def _reported(portfolio: Portfolio, news: Report | AccountReport) -> tuple[Portfolio, Commands]:
    """Return *portfolio* after news of an order or of the account: the money moves."""
    desk = portfolio.desks[news.symbol]
    if isinstance(news, Report):
        desk, money, commands = portfolio_desk.reported(desk, news)
    else:
        liquidated = news.liquidations > desk.account.liquidations
        desk, money, commands = portfolio_desk.accounted(desk, news)
        portfolio = _credited(portfolio, news, halts=liquidated)
    over = unsticks(portfolio.desks[news.symbol]) and not unsticks(desk)
    portfolio, sent = _settled(_paid(_put(portfolio, news.symbol, desk), money), news.symbol)
    commands = (*about(news.symbol, commands), *sent)
    for symbol in _stuck(portfolio) if over else ():
        portfolio, sent = _brought(portfolio, symbol)
        commands += sent
    return portfolio, commands


def _stuck(portfolio: Portfolio) -> tuple[int, ...]:
    """Return the symbols that want an unstucking close."""
    pairs = enumerate(portfolio.desks)
    return tuple(symbol for symbol, desk in pairs if any(map(is_unstuck, desk.wanted)))


def _credited(portfolio: Portfolio, news: AccountReport, *, halts: bool) -> Portfolio:
    """Return *portfolio* with what has come since the newest report: totals say all."""
    known, halted = portfolio.account, portfolio.halted or halts
    if news.sequence <= known.sequence:
        return evolve(portfolio, halted=halted)
    cash = portfolio.cash + news.credited - known.credited
    return evolve(portfolio, account=news, cash=cash, halted=halted)


def _paid(portfolio: Portfolio, money: Money) -> Portfolio:
    """Return *portfolio* with *money* settled."""
    if money == Money():
        return portfolio
    profits = portfolio.profits.after(money.profit, portfolio.newest_ms)
    return evolve(portfolio, cash=portfolio.cash + money.cash, profits=profits)


def _settled(portfolio: Portfolio, symbol: int) -> tuple[Portfolio, Commands]:
    """Return *portfolio* once *symbol* has the orders it wants, and whoever waited for its slot."""
    before = portfolio.slots
    portfolio, commands = _brought(_counted(portfolio, symbol), symbol)
    for other in portfolio_slots.newly(before, portfolio.slots):
        portfolio, sent = _brought(portfolio, other)
        commands += sent
    return portfolio, commands


def _counted(portfolio: Portfolio, symbol: int) -> Portfolio:
    """Return *portfolio* whose slots know of *symbol*; one that becomes free is given away."""
    before, desks = portfolio.slots, portfolio.desks
    slots = portfolio_slots.counted(before, symbol, desks[symbol])
    if slots is before:
        return portfolio
    if portfolio_slots.freed(before, slots) and not portfolio.stale:
        slots = portfolio_slots.ranked(slots, desks)
    return evolve(portfolio, slots=slots)


def _brought(portfolio: Portfolio, symbol: int) -> tuple[Portfolio, Commands]:
    """Return *portfolio* once *symbol* has the orders it wants and the overlay knows of them."""
    mirrors, found = portfolio.mirrors, list[Command]()
    if mirrors is None:
        return _ordered(portfolio, symbol)
    while True:
        there = scene(portfolio.desks[symbol], mirrors.settings)
        mirrors, news = overlay.known(mirrors, there)
        portfolio = _asked(evolve(portfolio, mirrors=mirrors), news)
        portfolio, sent = _ordered(portfolio, symbol)
        found += (*alerts(news, portfolio.desks), *sent)
        if not sent:
            return portfolio, tuple(found)


def _ordered(portfolio: Portfolio, symbol: int) -> tuple[Portfolio, Commands]:
    """Return *portfolio* and the commands that bring the orders of *symbol* to what is wanted."""
    if portfolio.stale:
        return portfolio, ()
    desk = portfolio.desks[symbol]
    wanted = () if portfolio.halted else _admitted(portfolio, symbol)
    book, commands = order_manager.plan(desk.book, wanted, portfolio.sequence)
    if book is desk.book:
        return portfolio, ()
    portfolio = evolve(_put(portfolio, symbol, evolve(desk, book=book)), sequence=book.sequence)
    return _counted(portfolio, symbol), about(symbol, commands)


def _admitted(portfolio: Portfolio, symbol: int) -> tuple[Wanted, ...]:
    """Return what is wanted and may be handed over now; what only reduces always may.

    The base opens in a slot only, and unsticks one position at a time, as both orders might fill.
    One way, no order that opens leaves while one of the other side is not final, and base and
    mirror open only where collision admits them: a first entry that is gated waits here.
    """
    slots, desk = portfolio.slots, portfolio.desks[symbol]
    wanted = tuple(
        order
        for order in (*desk.wanted, *desk.overlaid)
        if portfolio_slots.admits(slots, symbol, order)
        and not (is_unstuck(order) and _unsticks_elsewhere(portfolio, symbol, order))
    )
    name = desk.instrument.symbol
    if desk.pair.mode is PositionMode.HEDGE:
        return wanted
    entries = {w.wanted.side for w in order_manager.live(desk.book) if not w.wanted.reduce_only}
    mirrors = portfolio.mirrors
    may = {each: mirrors is None or overlay.admits(mirrors, name, each) for each in User}
    return tuple(
        order
        for order in wanted
        if order.reduce_only
        or (entries <= {order.side} and may[User.MIRROR if is_mirror(order) else User.BASE])
    )


def _unsticks_elsewhere(portfolio: Portfolio, symbol: int, order: Wanted) -> bool:
    """Return whether an unstucking close beside *order* of *symbol* is not final."""
    return any(
        is_unstuck(each.wanted) and (other, each.wanted.key) != (symbol, order.key)
        for other, desk in enumerate(portfolio.desks)
        for each in order_manager.live(desk.book)
    )


def _restarted(portfolio: Portfolio) -> tuple[Portfolio, Commands]:
    """Return *portfolio* after a restart: every open order is asked for, then the account."""
    desks: list[Desk] = []
    queries: list[Command] = []
    for symbol, desk in enumerate(portfolio.desks):
        book, commands = order_manager.restarted(desk.book)
        desks.append(evolve(desk, book=book))
        queries.extend(about(symbol, commands))
    accounts = tuple(QueryAccount(symbol) for symbol in range(len(desks)))
    slots = portfolio_slots.restarted(portfolio.slots, tuple(desks))
    portfolio = evolve(portfolio, desks=tuple(desks), slots=slots, stale=True)
    return portfolio, (*queries, *accounts)


def _put(portfolio: Portfolio, symbol: int, desk: Desk) -> Portfolio:
    """Return *portfolio* with *desk* for *symbol*."""
    desks = portfolio.desks
    return evolve(portfolio, desks=(*desks[:symbol], desk, *desks[symbol + 1 :]))
