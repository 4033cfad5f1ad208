"""What must hold of every recorded step, as far as the bot's side alone can show it.

A check yields one text for each case that it looks at: empty where the rule holds, else what is
wrong.  What needs the venue's side, or time, is proven on the closed worlds and not here.
"""

from collections.abc import Iterator
from typing import NamedTuple

from adapters.bots import AnyBot, Holding, holdings, sequence_of
from adapters.journal import mirror_properties, wallet_properties
from adapters.journal.replay import Checks, Moment
from adapters.journal.steps import ORDER
from machines import order, position
from machines.messages import AccountReport, Place, Report, Restarted
from machines.order import Found, Lost, Reconciled
from machines.order_manager import Working, live
from machines.portfolio import Portfolio
from machines.position import Pair
from spec.order import State
from spec.terms import PositionMode


class Trade(NamedTuple):
    """What a report adds to an order: *qty* lots for *notional* tick-lots; *sign* +1 is a buy.

    The fill has made *after* of the position *before*.
    """

    working: Working
    sign: int
    qty: int
    notional: int
    before: Pair
    after: Pair


def by_id(held: Holding) -> dict[int, Working]:
    """Return the orders that are not final by client order id."""
    return {working.client_order_id: working for working in live(held.book)}


def of_report(moment: Moment) -> tuple[Holding, Holding, Report] | None:
    """Return the holdings before and after that *moment* is a report about, and the report."""
    if moment.step is None or not isinstance(moment.step.event, Report):
        return None
    news = moment.step.event
    return holdings(moment.before)[news.symbol], holdings(moment.after)[news.symbol], news


def reported(moment: Moment) -> tuple[Working, Report] | None:
    """Return the order that *moment* is a report about, as it was before, and the report."""
    if (found := of_report(moment)) is None:
        return None
    before, _, news = found
    working = by_id(before).get(news.client_order_id)
    return None if working is None else (working, news)


def filled_total(held: Holding, client_order_id: int) -> int:
    """Return the filled lots that are known of an order, open or remembered."""
    if (working := by_id(held).get(client_order_id)) is not None:
        return working.order.cum_qty
    return dict(held.book.closed).get(client_order_id, 0)


def trade(moment: Moment) -> Trade | None:
    """Return what traded, from the totals of the report and of the order alone."""
    if (found := of_report(moment)) is None:
        return None
    before, after, news = found
    working = by_id(before).get(news.client_order_id)
    if working is None:
        return None
    qty = filled_total(after, news.client_order_id) - working.order.cum_qty
    if not qty:
        return None
    notional, wanted = news.notional - working.notional, working.wanted
    return Trade(working, wanted.side.sign, qty, notional, before.of(wanted), after.of(wanted))


def orders_well_formed(moment: Moment) -> Iterator[str]:
    """Each order makes sense in itself."""
    for _, held in moment.changed:
        for number, working in by_id(held).items():
            yield "" if order.well_formed(working.order) else f"order {number}: {working.order}"


def within_report(moment: Moment) -> Iterator[str]:
    """ORD-1: our total <= the venue's <= the quantity; here the venue's is what it reports."""
    if (found := reported(moment)) is None:
        return
    working, news = found
    number, said = news.client_order_id, order.total(working.order, news.event)
    after = holdings(moment.after)[news.symbol]
    ours, most = filled_total(after, number), order.exposure_max(working.order)
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
    newest = sequence_of(moment.before)
    for command in moment.step.commands:
        if not isinstance(command, Place):
            continue
        number, event = command.client_order_id, moment.step.event
        if number > newest:
            yield ""
            continue
        known = by_id(holdings(moment.before)[command.symbol])
        answer = event.event if isinstance(event, Report) else None
        absent = isinstance(answer, Reconciled) and answer.found is Found.ABSENT
        same = number in known and known[number].wanted == command.order
        yield "" if absent and same else f"order {number} is placed a second time"


def final_absorbs(moment: Moment) -> Iterator[str]:
    """ORD-4: a filled total never shrinks, and what is closed does not come back."""
    for before, after in moment.changed:
        now = by_id(after)
        for number, working in by_id(before).items():
            was, is_now = working.order.cum_qty, filled_total(after, number)
            yield "" if is_now >= was else f"order {number}: filled {was}, then {is_now}"
        for number, _ in before.book.closed:
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
    for _, held in moment.changed:
        for pair in _pairs(held):
            yield "" if position.well_formed(pair) else f"{pair}"


def conserves(moment: Moment) -> Iterator[str]:
    """POS-1: what a fill paid is in realized profit and cost, to the last tick-lot."""
    if (found := trade(moment)) is None:
        return
    paid = found.sign * found.notional
    change = position.total_pnl(found.after, 0) - position.total_pnl(found.before, 0)
    yield "" if change == -paid else f"a fill of {paid} tick-lots changed the total by {change}"


def one_leg(moment: Moment) -> Iterator[str]:
    """POS-2: a fill moves net by its lots and changes one leg; without one nothing moves."""
    if moment.step is None or isinstance(moment.step.event, AccountReport):
        return
    found = trade(moment)
    pairs = [
        each for was, now in moment.changed for each in zip(_pairs(was), _pairs(now), strict=True)
    ]
    moves = sum(before != after for before, after in pairs)
    if found is None:
        yield "" if not moves else "the position changed without a fill"
        return
    before, after = found.before, found.after
    moved = position.net_qty(after) - position.net_qty(before)
    legs = (before.long != after.long) + (before.short != after.short)
    flips = before.mode is PositionMode.ONE_WAY and legs == len(("long", "short"))
    ok = moved == found.sign * found.qty and (legs == 1 or flips) and moves == 1
    yield "" if ok else f"a fill of {found.sign * found.qty} moved net by {moved}, {legs} legs"


def only_reduces(moment: Moment) -> Iterator[str]:
    """POS-4: a reduce-only order never opens or flips a leg."""
    found = trade(moment)
    if found is None or not found.working.wanted.reduce_only:
        return
    before, after = found.before, found.after
    grew = after.long.qty > before.long.qty or after.short.qty > before.short.qty
    yield f"order {found.working.client_order_id} opened a leg" if grew else ""


def _pairs(held: Holding) -> tuple[Pair, ...]:
    """Return the positions of a symbol: the strategy's, and the overlay's where there is one."""
    return (held.pair,) if held.mirror is None else (held.pair, held.mirror)


COMMON: Checks = {
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
}


def checks_of(bot: AnyBot) -> Checks:
    """Return the checks that there are of *bot*."""
    if isinstance(bot, Portfolio):
        return COMMON if bot.mirrors is None else COMMON | mirror_properties.CHECKS
    return COMMON | wallet_properties.CHECKS
