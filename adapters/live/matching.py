"""The answers to the three questions against the journal: what it misses, and what no one explains.

Pure.  The money is compared too: what the balance holds beyond our own fills is funding, or what a
liquidation brought, and is told to the bot as the venue's total.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import evolve, frozen

from adapters.bots import AnyBot, holdings
from adapters.live.session import Session
from adapters.venue.port import FillNews, LegState, OrderState
from machines import portfolio_desk
from machines.bot import Bot
from machines.messages import AccountReport
from machines.order_manager import live
from machines.portfolio import Portfolio
from machines.portfolio_desk import Desk
from machines.position import Leg
from spec.supervisor import Match
from spec.terms import PositionSide, Side

OWN_CLOSES = 1 << 50  # the supervisor's orders are numbered from here, the bot's below
Gone = tuple[int, int]  # lots of the long and of the short leg


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

    @property
    def lots(self) -> int:
        """The lots of all open legs."""
        return sum(leg.qty for leg in self.positions)


@frozen(kw_only=True)
class Difference:
    """How answers differ from the journal.

    *missing* are open orders of ours, (symbol, client order id), that the venue does not show,
    *orphans* those that it shows and we do not know.  *news* tells the bot what has happened
    beside its orders.
    """

    match: Match
    missing: tuple[tuple[int, int], ...] = ()
    orphans: tuple[OrderState, ...] = ()
    news: tuple[AccountReport, ...] = ()


def compared(session: Session, answers: Answers) -> Difference:
    """Return how *answers* differ from the journal."""
    orders = session.orders()
    shown = {state.client_order_id for state in answers.orders}
    missing = tuple((symbol, key) for key, (symbol, _) in orders.items() if key not in shown)
    mine = (state for state in answers.orders if state.client_order_id)
    orphans = tuple(state for state in mine if state.client_order_id not in orders)
    own = (fill for fill in answers.fills if fill.client_order_id in orders)
    unknown = any(not session.ledger.knows(fill) for fill in own)
    if missing or orphans or unknown or session.waits:
        return Difference(match=Match.BEHIND, missing=missing, orphans=orphans)
    return _compared_legs(session.bot, answers)


def _compared_legs(bot: AnyBot, answers: Answers) -> Difference:
    """Return how positions and money differ; closes from outside explain lots that are gone."""
    gone: dict[int, Gone] = {}
    for held in holdings(bot):
        legs = {
            leg.position_side: leg.qty for leg in answers.positions if leg.symbol == held.symbol
        }
        long_gone = held.legs.long.qty - legs.get(PositionSide.LONG, 0)
        short_gone = held.legs.short.qty - legs.get(PositionSide.SHORT, 0)
        closed = [fill for fill in answers.fills if fill.symbol == held.symbol and _outside(fill)]
        long_sold, short_bought = _lots(closed, Side.SELL), _lots(closed, Side.BUY)
        if not (0 <= long_gone <= long_sold and 0 <= short_gone <= short_bought):
            return Difference(match=Match.UNEXPLAINED)
        if long_gone or short_gone:
            gone[held.symbol] = long_gone, short_gone
    match = Match.BEHIND if gone else Match.AGREES
    return Difference(match=match, news=_news(bot, answers.cash, gone))


def _outside(fill: FillNews) -> bool:
    """Return whether *fill* closes a position beside the bot's orders."""
    return fill.liquidation or fill.client_order_id >= OWN_CLOSES


def _lots(fills: Iterable[FillNews], side: Side) -> int:
    """Return the lots that *fills* traded on *side*."""
    return sum(fill.qty for fill in fills if fill.side is side)


def expected_cash(bot: AnyBot, gone: Mapping[int, Gone] = MappingProxyType({})) -> int:
    """Return the wallet balance (money units) that the bot's own fills make.

    Lots that are *gone* leave at their cost.
    """
    if isinstance(bot, Portfolio):
        return bot.cash + sum(_paid(bot.desks[symbol], lots) for symbol, lots in gone.items())
    return _unpaid(bot, gone.get(0, (0, 0)))


def _paid(desk: Desk, gone: Gone) -> int:
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


def _unpaid(bot: Bot, gone: Gone) -> int:
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


def _news(bot: AnyBot, cash: int, gone: Mapping[int, Gone]) -> tuple[AccountReport, ...]:
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
