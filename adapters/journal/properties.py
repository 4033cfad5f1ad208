"""What must hold of every recorded step, as far as the bot's side alone can show it.

A check yields one text for each case that it looks at: empty where the rule holds, else what is
wrong.  What needs the venue's side, or time, is proven on the closed worlds and not here.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from adapters.journal.replay import Moment
from adapters.journal.steps import ORDER
from machines import ladder, order, position
from machines.bot import Bot
from machines.messages import AccountReport, Place, Report, Restarted
from machines.order import Found, Lost, Reconciled
from machines.order_manager import Working, live
from spec.hedge_wallet import OrderKind
from spec.hedge_wallet import State as Phase
from spec.order import State
from spec.terms import OrderType, PositionMode

Check = Callable[[Moment], Iterator[str]]


class Trade(NamedTuple):
    """What a report adds to an order: *qty* lots for *notional* tick-lots; *sign* +1 is a buy."""

    working: Working
    sign: int
    qty: int
    notional: int


def by_id(bot: Bot) -> dict[int, Working]:
    """Return the orders that are not final by client order id."""
    return {working.client_order_id: working for working in live(bot.book)}


def reported(moment: Moment) -> tuple[Working, Report] | None:
    """Return the order that *moment* is a report about, as it was before, and the report."""
    if moment.step is None or not isinstance(moment.step.event, Report):
        return None
    working = by_id(moment.before).get(moment.step.event.client_order_id)
    return None if working is None else (working, moment.step.event)


def filled_total(bot: Bot, client_order_id: int) -> int:
    """Return the filled lots that *bot* knows of, of an order open or remembered."""
    if (working := by_id(bot).get(client_order_id)) is not None:
        return working.order.cum_qty
    return dict(bot.book.closed).get(client_order_id, 0)


def trade(moment: Moment) -> Trade | None:
    """Return what traded, from the totals of the report and of the order alone."""
    found = reported(moment)
    if found is None:
        return None
    working, news = found
    qty = filled_total(moment.after, news.client_order_id) - working.order.cum_qty
    notional = news.notional - working.notional
    return Trade(working, working.wanted.side.sign, qty, notional) if qty else None


def orders_well_formed(moment: Moment) -> Iterator[str]:
    """Each order makes sense in itself."""
    for number, working in by_id(moment.after).items():
        yield "" if order.well_formed(working.order) else f"order {number}: {working.order}"


def within_report(moment: Moment) -> Iterator[str]:
    """ORD-1: our total <= the venue's <= the quantity; here the venue's is what it reports."""
    if (found := reported(moment)) is None:
        return
    working, news = found
    number, said = news.client_order_id, order.total(working.order, news.event)
    ours, most = filled_total(moment.after, number), order.exposure_max(working.order)
    yield "" if ours <= said <= most else f"order {number}: {ours} of {said} reported, {most} asked"


def exposure_covers(moment: Moment) -> Iterator[str]:
    """ORD-2: the bound before a report covers what it says is open and filled."""
    if (found := reported(moment)) is None:
        return
    working, news = found
    bound, said = order.exposure(working.order), order.total(working.order, news.event)
    if isinstance(news.event, Reconciled) and news.event.found is Found.OPEN:
        said = max(said, news.event.qty)
    yield "" if said <= bound else f"order {news.client_order_id}: {said} above the bound {bound}"


def one_order_an_id(moment: Moment) -> Iterator[str]:
    """ORD-3: a new order has a new id; an old id is sent again only if its order was absent."""
    if moment.step is None:
        return
    known = by_id(moment.before)
    for command in moment.step.commands:
        if not isinstance(command, Place):
            continue
        number, event = command.client_order_id, moment.step.event
        if number > moment.before.book.sequence:
            yield ""
            continue
        answer = event.event if isinstance(event, Report) else None
        absent = isinstance(answer, Reconciled) and answer.found is Found.ABSENT
        same = number in known and known[number].wanted == command.order
        yield "" if absent and same else f"order {number} is placed a second time"


def final_absorbs(moment: Moment) -> Iterator[str]:
    """ORD-4: a filled total never shrinks, and what is closed does not come back."""
    now = by_id(moment.after)
    for number, working in by_id(moment.before).items():
        was, is_now = working.order.cum_qty, filled_total(moment.after, number)
        yield "" if is_now >= was else f"order {number}: filled {was}, then {is_now}"
    for number, _ in moment.before.book.closed:
        yield "" if number not in now else f"order {number} was closed and works again"


def unknown_by_loss(moment: Moment) -> Iterator[str]:
    """ORD-5: a report has a row; UNKNOWN is entered only where something may be lost."""
    if moment.step is None:
        return
    event = moment.step.event
    lost = isinstance(event, Restarted) or (
        isinstance(event, Report) and isinstance(event.event, Lost)
    )
    for each in moment.step.changes:
        if each.machine == ORDER and each.after == State.UNKNOWN:
            yield "" if lost else f"order {each.number} is UNKNOWN after {type(event).__name__}"


def position_well_formed(moment: Moment) -> Iterator[str]:
    """The position makes sense in itself."""
    yield "" if position.well_formed(moment.after.pair) else f"{moment.after.pair}"


def conserves(moment: Moment) -> Iterator[str]:
    """POS-1: what a fill paid is in realized profit and cost, to the last tick-lot."""
    if (found := trade(moment)) is None:
        return
    paid = found.sign * found.notional
    before = position.total_pnl(moment.before.pair, 0)
    change = position.total_pnl(moment.after.pair, 0) - before
    yield "" if change == -paid else f"a fill of {paid} tick-lots changed the total by {change}"


def one_leg(moment: Moment) -> Iterator[str]:
    """POS-2: a fill moves net by its lots and changes one leg; without one nothing moves."""
    before, after = moment.before.pair, moment.after.pair
    found = trade(moment)
    if found is None:
        if moment.step is not None and not isinstance(moment.step.event, AccountReport):
            yield "" if before == after else "the position changed without a fill"
        return
    moved = position.net_qty(after) - position.net_qty(before)
    legs = (before.long != after.long) + (before.short != after.short)
    flips = before.mode is PositionMode.ONE_WAY and legs == len(("long", "short"))
    ok = moved == found.sign * found.qty and (legs == 1 or flips)
    yield "" if ok else f"a fill of {found.sign * found.qty} moved net by {moved}, {legs} legs"


def only_reduces(moment: Moment) -> Iterator[str]:
    """POS-4: a reduce-only order never opens or flips a leg."""
    found = trade(moment)
    if found is None or not found.working.wanted.reduce_only:
        return
    before, after = moment.before.pair, moment.after.pair
    grew = after.long.qty > before.long.qty or after.short.qty > before.short.qty
    yield f"order {found.working.client_order_id} opened a leg" if grew else ""


def never_both(moment: Moment) -> Iterator[str]:
    """HW-1: counted long and short at once only in ADVANCE, until the exit's fill is known."""
    wallet = moment.after.wallet
    both = ladder.exit_qty(wallet) > 0 and ladder.shorts(wallet) > 0
    wrong = both and wallet.phase is not Phase.ADVANCE
    yield f"long and short in {wallet.phase.name}" if wrong else ""


def short_as_sold(moment: Moment) -> Iterator[str]:
    """HW-2.1: short is at most what the four slots have sold or are selling."""
    held, wallet = moment.after.pair.short.qty, moment.after.wallet
    most = ladder.short_qty(wallet) + _under_way(moment.after, OrderKind.STOP_ENTRY_SHORT)
    yield "" if held <= most else f"{held} lots short, the slots account for {most}"


def long_as_bought(moment: Moment) -> Iterator[str]:
    """HW-2.2: long is at most what the wallet has bought or is buying."""
    held, wallet = moment.after.pair.long.qty, moment.after.wallet
    most = wallet.long_qty + _under_way(moment.after, OrderKind.MARKET_BUY_FULL)
    yield "" if held <= most else f"{held} lots long, the wallet accounts for {most}"


def _under_way(bot: Bot, kind: OrderKind) -> int:
    """Return the lots that working orders of *kind* have filled or can fill."""
    orders = (working for working in live(bot.book) if working.wanted.kind == kind)
    return sum(order.exposure(working.order) for working in orders)


def no_twins(moment: Moment) -> Iterator[str]:
    """HW-5: no two working stop orders share level and kind."""
    seen = [
        (working.wanted.kind, working.wanted.trigger_ticks)
        for working in live(moment.after.book)
        if working.wanted.type is not OrderType.MARKET and not working.order.triggered
    ]
    yield "" if len(set(seen)) == len(seen) else f"two orders of one kind and level: {sorted(seen)}"


def halts_when_liquidated(moment: Moment) -> Iterator[str]:
    """HW-10: a wallet halts only on news of a liquidation."""
    if moment.after.wallet.halted and not moment.before.wallet.halted:
        more = moment.after.account.liquidations > moment.before.account.liquidations
        yield "" if more else "it halted without a liquidation"


def phase_counts(moment: Moment) -> Iterator[str]:
    """HW-11: the phase says how many slots are short, and whether the exit has filled."""
    wallet = moment.after.wallet
    anew = wallet.phase is Phase.RESET or not wallet.halted or ladder.shorts(wallet) > 0
    yield "" if ladder.well_formed(wallet) and anew else f"{wallet.phase.name}: {wallet.slots}"


CHECKS: dict[str, tuple[str, Check]] = {
    "order": ("Every order makes sense in itself.", orders_well_formed),
    "ORD-1": ("Our filled total <= what the venue reports <= the quantity.", within_report),
    "ORD-2": ("Our exposure bound covers what the venue reports.", exposure_covers),
    "ORD-3": ("An id stands for one order; absent, it is sent again.", one_order_an_id),
    "ORD-4": ("A final state absorbs, and the filled total never shrinks.", final_absorbs),
    "ORD-5": ("Every report has a row: UNKNOWN is entered only by loss.", unknown_by_loss),
    "position": ("The position makes sense in itself.", position_well_formed),
    "POS-1": ("Every fill is conserved in realized profit and cost.", conserves),
    "POS-2": ("A fill moves net by its lots and changes one leg.", one_leg),
    "POS-4": ("A reduce-only order never opens or flips a leg.", only_reduces),
    "HW-1": ("Long and short at once only until the exit's fill is known.", never_both),
    "HW-2.1": ("Short at most what the four slots sold or are selling.", short_as_sold),
    "HW-2.2": ("Long at most what the wallet bought or is buying.", long_as_bought),
    "HW-5": ("No two working orders share level and kind.", no_twins),
    "HW-10": ("The wallet halts only when it was liquidated.", halts_when_liquidated),
    "HW-11": ("The phase says how many slots are short.", phase_counts),
}
