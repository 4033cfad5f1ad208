"""Whether a bot and the venue know the same, once nothing is under way."""

from collections.abc import Iterator

from machines import reconciliation
from machines.bot import Bot
from machines.order_manager import Book, live
from machines.position import Pair
from machines.reconciliation import Lots
from simulator.venue import Venue
from simulator.wire_terms import Known, Shown


def disagreements(bot: Bot, venue: Venue) -> tuple[str, ...]:
    """Return in words what the bot and the venue do not agree about: position, orders, money."""
    return (*of_symbol(0, legs(bot.pair), bot.book, venue), *_of_money(bot, venue))


def of_symbol(symbol: int, held: Lots, book: Book, venue: Venue) -> Iterator[str]:
    """Yield what the venue does not agree about with who holds *held* lots and has *book*."""
    name, theirs = venue.account.instruments[symbol].symbol, legs(venue.account.pairs[symbol])
    for leg, mine, other in zip(("long", "short"), held, theirs, strict=True):
        if mine != other:
            yield f"{name} {leg}: the bot counts {mine} lots, the venue {other}"
    mine_open = {each.client_order_id for each in live(book)}
    open_ids = {order.client_order_id for order in venue.open_orders(symbol)}
    if mine_open != open_ids:
        ours, others = sorted(mine_open), sorted(open_ids)
        yield f"{name} orders: open for the bot {ours}, at the venue {others}"


def _of_money(bot: Bot, venue: Venue) -> Iterator[str]:
    account, theirs = venue.account, venue.account.pairs[0]
    if bot.account != account.report(0):
        yield f"account: the bot knows {bot.account}, the venue {account.report(0)}"
    value, working = account.instruments[0].value, live(bot.book)
    cash = bot.wallet.cash  # a fill counts in it once its order has closed
    cash -= sum(each.wanted.side.sign * each.notional * value + each.fee for each in working)
    tied = (theirs.long.cost - theirs.short.cost) * value
    if cash != account.cash - tied:
        yield f"cash: the bot counts {cash}, the venue {account.cash - tied}"


def seen(shown: Shown, known: Known) -> reconciliation.Shown:
    """Return what the venue has *shown*; fills are told by what they come to."""
    lots = reconciliation.by_symbol((row.symbol, row.leg, row.qty) for row in shown.rows)
    unknown = shown.made != tuple(map(legs, known.pairs))
    return reconciliation.Shown(lots=lots, orders=shown.working, unknown=unknown)


def legs(pair: Pair) -> Lots:
    """Return the lots of the long and of the short leg of *pair*."""
    return pair.long.qty, pair.short.qty
