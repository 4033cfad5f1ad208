"""The answers to the three questions against the journal: what it misses, and what no one explains.

Pure.  The money is compared too: what the balance holds beyond our own fills is funding, or what a
liquidation brought, and is told to the bot as the venue's total.
"""

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen

from adapters.bots import AnyBot, holdings
from adapters.live.session import Session
from adapters.venue.port import FillNews, LegState, OrderState
from machines import portfolio_desk, reconciliation
from machines.bot import Bot
from machines.messages import AccountReport
from machines.order_manager import live
from machines.portfolio import Portfolio
from machines.portfolio_desk import Desk
from machines.position import Leg
from machines.reconciliation import NONE, Difference, Lots, Shown, by_symbol
from spec.supervisor import Match
from spec.terms import PositionSide, Side

OWN_CLOSES = 1 << 50  # the supervisor's orders are numbered from here, the bot's below


@frozen(kw_only=True)
class Answers:
    """What the venue answered; *torn* says that something happened meanwhile.

    *moment* counts the changes of the account, from 1 on.  *cash* is in money units.
    """

    query: int
    moment: int
    torn: bool
    asked_ms: int
    fills: tuple[FillNews, ...]
    positions: tuple[LegState, ...]
    orders: tuple[OrderState, ...]
    cash: int


def compared(session: Session, answers: Answers) -> Difference:
    """Return how *answers* differ from the journal, the money included."""
    bot, found = session.bot, holdings(session.bot)
    known = session.orders()
    own = (fill for fill in answers.fills if fill.client_order_id in known)
    mine = (state for state in answers.orders if state.client_order_id)
    shown = Shown(
        lots=by_symbol((leg.symbol, leg.position_side, leg.qty) for leg in answers.positions),
        orders=tuple((state.symbol, state.client_order_id) for state in mine),
        closed=by_symbol(_closes(answers.fills)),
        unknown=session.waits or any(not session.ledger.knows(fill) for fill in own),
    )
    held = tuple((each.legs.long.qty, each.legs.short.qty) for each in found)
    difference = reconciliation.compared(session.books, held, shown)
    if difference.match is Match.AGREES or difference.gone:
        return evolve(difference, news=_news(bot, answers.cash, difference.gone))
    return difference


def _closes(fills: Iterable[FillNews]) -> Iterator[tuple[int, PositionSide, int]]:
    """Yield (symbol, leg, lots) of each of *fills* that closed beside the bot's orders."""
    for fill in fills:
        if fill.liquidation or fill.client_order_id >= OWN_CLOSES:
            sold = fill.side is Side.SELL
            yield fill.symbol, PositionSide.LONG if sold else PositionSide.SHORT, fill.qty


def expected_cash(bot: AnyBot, gone: Mapping[int, Lots] = NONE) -> int:
    """Return the wallet balance (money units) that the bot's own fills make.

    Lots that are *gone* leave at their cost.
    """
    if isinstance(bot, Portfolio):
        return bot.cash + sum(_paid(bot.desks[symbol], lots) for symbol, lots in gone.items())
    return _unpaid(bot, gone.get(0, (0, 0)))


def _paid(desk: Desk, gone: Lots) -> int:
    """Return what is paid for lots that are *gone* once the bot hears of it."""
    known, (long_gone, short_gone) = desk.account, gone
    news = evolve(
        known,
        liquidations=known.liquidations + 1,
        long_closed=known.long_closed + long_gone,
        short_closed=known.short_closed + short_gone,
    )
    _, money, _ = portfolio_desk.accounted(desk, news)
    return money.cash


def _unpaid(bot: Bot, gone: Lots) -> int:
    """Return what a wallet's cash is at the venue.

    The wallet counts trades as if paid in full, and only closed orders; a venue leaves the cost of
    what is open in the balance.
    """
    cash, value = bot.wallet.cash, bot.wallet.config.instrument.value
    for working in live(bot.book):
        cash -= working.wanted.side.sign * working.notional * value + working.fee
    long_gone, short_gone = gone
    return cash + (_kept(bot.pair.long, long_gone) - _kept(bot.pair.short, short_gone)) * value


def _kept(leg: Leg, gone: int) -> int:
    """Return the cost in tick-lots of *leg* without *gone* lots."""
    return leg.cost - (leg.cost * gone // leg.qty if leg.qty else 0)


def _news(bot: AnyBot, cash: int, gone: Mapping[int, Lots]) -> tuple[AccountReport, ...]:
    """Return what has happened beside the bot's orders, as totals; the money is in the first."""
    known, credited = bot.account, cash - expected_cash(bot, gone)
    if not credited and not gone:
        return ()
    held = holdings(bot)
    told: list[AccountReport] = []
    for sequence, symbol in enumerate(tuple(gone) or (known.symbol,), known.sequence + 1):
        long_gone, short_gone = gone.get(symbol, (0, 0))
        before = held[symbol].account
        report = AccountReport(
            symbol=symbol,
            sequence=sequence,
            credited=known.credited + credited,
            liquidations=before.liquidations + (symbol in gone),
            long_closed=before.long_closed + long_gone,
            short_closed=before.short_closed + short_gone,
        )
        told.append(report)
    return tuple(told)
