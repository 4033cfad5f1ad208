"""The bot: routes one event to the machines it concerns and merges what they ask for.

The hedge wallet says which orders it wants, the order manager brings that about, the position
pair books every fill.  Reports are totals: whatever was lost before a restart is in the answers to
the queries after it.  Only `step` changes a bot; the same bot trades, is simulated and is checked.
"""

from collections.abc import Callable, Iterator
from typing import assert_never

from attrs import evolve, field, frozen

from machines import hedge_wallet, ladder, order_manager, position
from machines.hedge_wallet import Closed, Funded, Liquidated, Price, Resumed, WalletSpec
from machines.ladder import KEYS, Config, Wallet
from machines.messages import (
    AccountReport,
    Alert,
    Command,
    QueryAccount,
    Report,
    Restarted,
    Wanted,
    Watch,
    Woken,
)
from machines.order_manager import Book, Booked, Effect, Ended, Stray
from machines.position import Fill, Pair
from machines.refusal import Refused, other_units
from spec.hedge_wallet import HEDGE_WALLET, OrderKind
from spec.hedge_wallet import State as Phase
from spec.position import State as Position
from spec.terms import PositionMode, Reason

Event = Price | Report | AccountReport | Woken | Restarted | Resumed
Strategy = Callable[[Wallet], tuple[Wanted, ...]]
WalletEvent = Price | Closed | Funded | Liquidated | Resumed


@frozen(kw_only=True, cache_hash=True)
class Bot:
    """A wallet, its orders and its position; *account* is what is known of the account beside them.

    *watched* is the price band last asked for, *next_config* what is chosen for the next cycle.
    """

    wallet: Wallet
    book: Book
    pair: Pair
    account: AccountReport = field(factory=AccountReport)
    watched: tuple[int, int] = (0, 0)
    next_config: Config | None = None
    spec: WalletSpec = field(default=HEDGE_WALLET, repr=False, eq=id)


def new(config: Config, cash: int) -> Bot:
    """Return a bot that holds *cash* money units and nothing else."""
    wallet = Wallet(config=config, cash=cash)
    return Bot(wallet=wallet, book=order_manager.empty(KEYS), pair=Pair(mode=config.mode))


def chosen(bot: Bot) -> Config:
    """Return what a person has chosen last."""
    return bot.next_config or bot.wallet.config


def reconfigured(bot: Bot, config: Config) -> Bot | Refused:
    """Return *bot* once a person has chosen *config*, which holds from the next cycle on.

    A cycle ends by the terms that it began with: its covers belong one unit above its entries.
    """
    before = bot.wallet.config
    other = other_units(before.instrument, config.instrument)
    if other is not None:
        return other
    if config.mode is not before.mode and not (_pauses(bot) and bot.pair.state is Position.FLAT):
        fix = "the wallet trades; let --on-stop flatten close what it holds first"
        return Refused("mode", before.mode.name, config.mode.name, fix)
    pair = evolve(bot.pair, mode=config.mode)
    return _taken_up(evolve(bot, pair=pair, next_config=None if config == before else config))


def _pauses(bot: Bot) -> bool:
    """Return whether no cycle is under way, nor an order that could fill late."""
    return bot.wallet.phase is Phase.RESET and not order_manager.live(bot.book)


def _taken_up(bot: Bot) -> Bot:
    """Return *bot* with what is chosen for its next cycle, if it is between two."""
    if bot.next_config is None or not _pauses(bot):
        return bot
    return evolve(bot, wallet=evolve(bot.wallet, config=bot.next_config), next_config=None)


def step(
    bot: Bot, event: Event, wanted: Strategy = ladder.wanted
) -> tuple[Bot, tuple[Command, ...]]:
    """Return *bot* after *event*, and the commands to send, cancels before orders.

    *wanted* says which orders the wallet wants; another choice than the default is for mutants.
    """
    bot, commands = _routed(bot, event)
    bot = _taken_up(bot)
    book, sent = order_manager.plan(bot.book, wanted(bot.wallet))
    watched = ladder.watch(bot.wallet)
    # A one-shot watch is used up by any price, so it is asked for again after one.
    again = watched != (0, 0) and isinstance(event, Price)
    if watched != bot.watched or again:
        sent = (*sent, Watch(*watched))
    if book is not bot.book or watched != bot.watched:
        bot = evolve(bot, book=book, watched=watched)
    return bot, (*commands, *sent)


def _routed(bot: Bot, event: Event) -> tuple[Bot, tuple[Command, ...]]:
    """Give *event* to the machines it concerns."""
    match event:
        case Price():
            return evolve(bot, wallet=_walked(bot, event)), ()
        case Resumed():
            return _resumed(evolve(bot, book=order_manager.unblocked(bot.book)), event)
        case Report():
            book, effects = order_manager.report(bot.book, event)
            return _effects(evolve(bot, book=book), effects)
        case AccountReport():
            return _accounted(bot, event)
        case Woken():
            return evolve(bot, book=order_manager.woken(bot.book, event.key)), ()
        case Restarted():
            book, commands = order_manager.restarted(bot.book)
            # The account is asked about last: its answer finds the wallet knowing every fill.
            return evolve(bot, book=book, watched=(0, 0)), (*commands, QueryAccount())
    assert_never(event)


def _resumed(bot: Bot, event: Resumed) -> tuple[Bot, tuple[Command, ...]]:
    """Go on, unless the wallet counts other lots than there are: a liquidation crosses fills."""
    if bot.wallet.halted and bot.pair.state is Position.FLAT:
        bot = evolve(bot, wallet=_walked(bot, Liquidated(bot.wallet.cash)))
    elif bot.wallet.halted and not _flat(bot.wallet, bot.pair.long.qty, bot.pair.short.qty):
        return bot, (Alert("cannot resume: close what is open", position.net_qty(bot.pair)),)
    return evolve(bot, wallet=_walked(bot, event)), ()


def _walked(bot: Bot, event: WalletEvent) -> Wallet:
    """Return the wallet after *event*; a price is taken one unit a step until it is no news."""
    wallet, _ = hedge_wallet.step(bot.wallet, event, bot.spec)
    if isinstance(event, Price):
        before = bot.wallet
        while wallet != before:
            before = wallet
            wallet, _ = hedge_wallet.step(wallet, event, bot.spec)
    return wallet


def _effects(bot: Bot, effects: tuple[Effect, ...]) -> tuple[Bot, tuple[Command, ...]]:
    """Book fills, tell the wallet of closed orders, pass commands on."""
    commands: list[Command] = []
    for effect in effects:
        match effect:
            case Booked():
                bot = _booked(bot, effect)
            case Ended():
                bot = evolve(bot, wallet=_walked(bot, _closed(effect)))
            case Stray():
                commands.append(Alert("late report", effect.client_order_id))
            case _:
                commands.append(effect)
    return bot, tuple(commands)


def _booked(bot: Bot, booked: Booked) -> Bot:
    """Return *bot* with a fill in its position: whatever the order was for, the venue filled it."""
    fill = Fill(
        side=booked.wanted.side,
        qty=booked.qty,
        notional=booked.notional,
        position_side=booked.wanted.position_side,
    )
    pair, _ = position.step(bot.pair, fill)
    return evolve(bot, pair=pair)


def _closed(ended: Ended) -> Closed:
    """Return what the wallet is told of an order that is final."""
    wanted = ended.wanted
    return Closed(
        kind=OrderKind(wanted.kind),
        slot=wanted.slot,
        unit=wanted.unit,
        ordered=wanted.qty,
        qty=ended.qty,
        notional=ended.notional,
        fee=ended.fee,
        crossed=ended.reason is Reason.TRIGGER_CROSSED,
    )


def _accounted(bot: Bot, news: AccountReport) -> tuple[Bot, tuple[Command, ...]]:
    """Book what has happened to the account since the newest report before *news*."""
    known = bot.account
    if news.sequence <= known.sequence:
        return bot, ()
    gained = Funded(news.credited - known.credited)
    bot = evolve(bot, account=news, wallet=_walked(bot, gained))
    if news.liquidations == known.liquidations:
        return bot, ()
    long_qty = news.long_closed - known.long_closed
    short_qty = news.short_closed - known.short_closed
    pair = position.closed_by_venue(bot.pair, long_qty, short_qty)
    if pair.state is Position.FLAT and _flat(bot.wallet, long_qty, short_qty):
        return _liquidated(bot, bot.wallet.cash)
    return _liquidated_part(evolve(bot, pair=pair), long_qty, short_qty)


def _flat(wallet: Wallet, long_qty: int, short_qty: int) -> bool:
    """Return whether *wallet* holds nothing without *long_qty* and *short_qty* lots."""
    long_left, short_left = wallet.long_qty - long_qty, ladder.short_qty(wallet) - short_qty
    if wallet.config.mode is PositionMode.ONE_WAY:
        return long_left == short_left
    return not long_left and not short_left


def _liquidated(bot: Bot, cash: int) -> tuple[Bot, tuple[Command, ...]]:
    """Return *bot* halted, with *cash* and nothing else."""
    wallet = _walked(bot, Liquidated(cash))
    return evolve(bot, wallet=wallet, pair=Pair(mode=bot.pair.mode)), (Alert("liquidated", cash),)


def _liquidated_part(bot: Bot, long_qty: int, short_qty: int) -> tuple[Bot, tuple[Command, ...]]:
    """Return *bot* halted: from now on it only closes what the venue has left.

    To the wallet these lots are an exit and covers that filled; what they brought is booked.
    """
    for closed in (*_exits(bot.wallet, long_qty), *_covers(bot.wallet, short_qty)):
        bot = evolve(bot, wallet=_walked(bot, closed))
    alert = Alert("partly liquidated", bot.wallet.cash)
    return evolve(bot, wallet=evolve(bot.wallet, halted=True)), (alert,)


def _exits(wallet: Wallet, qty: int) -> tuple[Closed, ...]:
    """Return the sale of *qty* lots for nothing."""
    kind, ordered = OrderKind.STOP_LOSS_FULL, wallet.long_qty
    return (Closed(kind=kind, ordered=ordered, qty=qty, notional=0),) if qty else ()


def _covers(wallet: Wallet, qty: int) -> Iterator[Closed]:
    """Yield purchases of *qty* lots for nothing, slot by slot."""
    for index, slot in enumerate(wallet.slots):
        part = min(qty, slot.short)
        qty -= part
        if part:
            yield Closed(
                kind=OrderKind.STOP_LOSS_COVER,
                slot=index,
                unit=slot.edge + 1,
                ordered=slot.short,
                qty=part,
                notional=0,
            )
