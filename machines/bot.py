"""The bot: routes one event to the machines it concerns and merges what they ask for.

The hedge wallet says which orders it wants, the order manager brings that about, the position
pair books every fill.  Only `step` changes a bot; the same bot trades, is simulated and is checked.
"""

from typing import assert_never

from attrs import evolve, field, frozen

from machines import hedge_wallet, ladder, order_manager, position
from machines.hedge_wallet import Closed, Funded, Liquidated, Price, Resumed, WalletSpec
from machines.ladder import KEYS, Config, Wallet
from machines.messages import Alert, Command, Report, Restarted, Watch, Woken
from machines.order_manager import Book, Booked, Effect, Ended, Stray
from machines.position import Fill, Pair
from spec.hedge_wallet import HEDGE_WALLET, OrderKind
from spec.terms import Reason

Event = Price | Report | Funded | Liquidated | Woken | Restarted | Resumed
WalletEvent = Price | Closed | Funded | Liquidated | Resumed


@frozen(kw_only=True, cache_hash=True)
class Bot:
    """A wallet, its orders and its position; *watched* is the price band last asked for."""

    wallet: Wallet
    book: Book
    pair: Pair
    watched: tuple[int, int] = (0, 0)
    spec: WalletSpec = field(default=HEDGE_WALLET, repr=False, eq=False)


def new(config: Config, cash: int) -> Bot:
    """Return a bot that holds *cash* money units and nothing else."""
    wallet = Wallet(config=config, cash=cash)
    return Bot(wallet=wallet, book=order_manager.empty(KEYS), pair=Pair(mode=config.mode))


def step(bot: Bot, event: Event) -> tuple[Bot, tuple[Command, ...]]:
    """Return *bot* after *event*, and the commands to send, cancels before orders."""
    bot, commands = _routed(bot, event)
    book, sent = order_manager.plan(bot.book, ladder.wanted(bot.wallet))
    watched = ladder.watch(bot.wallet)
    # A one-shot watch is used up by any price, so it is asked for again after one.
    again = watched != (0, 0) and isinstance(event, Price)
    if watched != bot.watched or again:
        sent = (*sent, Watch(*watched))
    return evolve(bot, book=book, watched=watched), (*commands, *sent)


def _routed(bot: Bot, event: Event) -> tuple[Bot, tuple[Command, ...]]:
    """Give *event* to the machines it concerns."""
    match event:
        case Price() | Funded():
            return evolve(bot, wallet=_walked(bot, event)), ()
        case Resumed():
            book = order_manager.unblocked(bot.book)
            return evolve(bot, wallet=_walked(bot, event), book=book), ()
        case Report():
            book, effects = order_manager.report(bot.book, event)
            return _effects(evolve(bot, book=book), effects)
        case Woken():
            return evolve(bot, book=order_manager.woken(bot.book, event.key)), ()
        case Restarted():
            book, commands = order_manager.restarted(bot.book)
            return evolve(bot, book=book, watched=(0, 0)), commands
        case Liquidated():
            wallet = _walked(bot, event)
            pair = Pair(mode=bot.pair.mode)
            return evolve(bot, wallet=wallet, pair=pair), (Alert("liquidated", event.cash),)
    assert_never(event)


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
    """Return *bot* with a fill in its position."""
    fill = Fill(
        side=booked.wanted.side,
        qty=booked.qty,
        notional=booked.notional,
        position_side=booked.wanted.position_side,
        reduce_only=booked.wanted.reduce_only,
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
