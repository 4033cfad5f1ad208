"""What must hold of the steps of a hedge wallet's bot, *before* and *after* each of them."""

from collections.abc import Callable, Iterator

from adapters.journal.replay import Check, Checks, Moment
from machines import ladder, order
from machines.bot import Bot
from machines.order_manager import live
from spec.hedge_wallet import OrderKind
from spec.hedge_wallet import State as Phase
from spec.terms import OrderType


def never_both(_: Bot, after: Bot) -> Iterator[str]:
    """HW-1: counted long and short at once only in ADVANCE, until the exit's fill is known."""
    wallet = after.wallet
    both = ladder.exit_qty(wallet) > 0 and ladder.shorts(wallet) > 0
    wrong = both and wallet.phase is not Phase.ADVANCE
    yield f"long and short in {wallet.phase.name}" if wrong else ""


def short_as_sold(_: Bot, after: Bot) -> Iterator[str]:
    """HW-2.1: short is at most what the four slots have sold or are selling."""
    held, wallet = after.pair.short.qty, after.wallet
    most = ladder.short_qty(wallet) + _under_way(after, OrderKind.STOP_ENTRY_SHORT)
    yield "" if held <= most else f"{held} lots short, the slots account for {most}"


def long_as_bought(_: Bot, after: Bot) -> Iterator[str]:
    """HW-2.2: long is at most what the wallet has bought or is buying."""
    held, wallet = after.pair.long.qty, after.wallet
    most = wallet.long_qty + _under_way(after, OrderKind.MARKET_BUY_FULL)
    yield "" if held <= most else f"{held} lots long, the wallet accounts for {most}"


def _under_way(bot: Bot, kind: OrderKind) -> int:
    """Return the lots that working orders of *kind* have filled or can fill."""
    orders = (working for working in live(bot.book) if working.wanted.kind == kind)
    return sum(order.exposure(working.order) for working in orders)


def no_twins(_: Bot, after: Bot) -> Iterator[str]:
    """HW-5: no two working stop orders share level and kind."""
    seen = [
        (working.wanted.kind, working.wanted.trigger_ticks)
        for working in live(after.book)
        if working.wanted.type is not OrderType.MARKET and not working.order.triggered
    ]
    yield "" if len(set(seen)) == len(seen) else f"two orders of one kind and level: {sorted(seen)}"


def halts_when_liquidated(before: Bot, after: Bot) -> Iterator[str]:
    """HW-10: a wallet halts only on news of a liquidation."""
    if after.wallet.halted and not before.wallet.halted:
        more = after.account.liquidations > before.account.liquidations
        yield "" if more else "it halted without a liquidation"


def phase_counts(_: Bot, after: Bot) -> Iterator[str]:
    """HW-11: the phase says how many slots are short, and whether the exit has filled."""
    wallet = after.wallet
    anew = wallet.phase is Phase.RESET or not wallet.halted or ladder.shorts(wallet) > 0
    yield "" if ladder.well_formed(wallet) and anew else f"{wallet.phase.name}: {wallet.slots}"


def _of(check: Callable[[Bot, Bot], Iterator[str]]) -> Check:
    """Return *check* of the bots of a moment."""

    def checked(moment: Moment) -> Iterator[str]:
        before, after = moment.before, moment.after
        if isinstance(before, Bot) and isinstance(after, Bot):
            yield from check(before, after)

    return checked


CHECKS: Checks = {
    "HW-1": ("Long and short at once only until the exit's fill is known.", _of(never_both)),
    "HW-2.1": ("Short at most what the four slots sold or are selling.", _of(short_as_sold)),
    "HW-2.2": ("Long at most what the wallet bought or is buying.", _of(long_as_bought)),
    "HW-5": ("No two working orders share level and kind.", _of(no_twins)),
    "HW-10": ("The wallet halts only when it was liquidated.", _of(halts_when_liquidated)),
    "HW-11": ("The phase says how many slots are short.", _of(phase_counts)),
}
