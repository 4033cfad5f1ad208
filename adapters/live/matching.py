"""The answers to the three questions against the journal: what it misses, and what no one explains.

Pure.  The money is compared too: what the balance holds beyond our own fills is funding, or what a
liquidation brought, and is told to the bot as the venue's total.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import evolve, frozen

from adapters.live.holdings import holdings
from adapters.live.session import Session
from adapters.venue.port import FillNews, LegState, OrderState
from machines.bot import Bot
from machines.messages import AccountReport
from machines.order_manager import live
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


def _compared_legs(bot: Bot, answers: Answers) -> Difference:
    """Return how positions and money differ; closes from outside explain lots that are gone."""
    gone: dict[int, Gone] = {}
    for held in holdings(bot):
        legs = {
            leg.position_side: leg.qty for leg in answers.positions if leg.symbol == held.symbol
        }
        long_gone = held.pair.long.qty - legs.get(PositionSide.LONG, 0)
        short_gone = held.pair.short.qty - legs.get(PositionSide.SHORT, 0)
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


def expected_cash(bot: Bot, gone: Mapping[int, Gone] = MappingProxyType({})) -> int:
    """Return the wallet balance (money units) that the bot's own fills make.

    The wallet counts trades as if paid in full, and only closed orders; a venue leaves the cost of
    what is open in the balance.  Lots that are *gone* leave at their cost.
    """
    cash = bot.wallet.cash
    for held in holdings(bot):
        value = held.instrument.value
        for working in live(held.book):
            cash -= working.wanted.side.sign * working.notional * value + working.fee
        long_gone, short_gone = gone.get(held.symbol, (0, 0))
        cash += (_kept(held.pair.long, long_gone) - _kept(held.pair.short, short_gone)) * value
    return cash


def _kept(leg: Leg, gone: int) -> int:
    """Return the cost in tick-lots of *leg* without *gone* lots."""
    return leg.cost - (leg.cost * gone // leg.qty if leg.qty else 0)


def _news(bot: Bot, cash: int, gone: Mapping[int, Gone]) -> tuple[AccountReport, ...]:
    """Return what has happened beside the bot's orders, as totals; the money is in the first."""
    known, credited = bot.account, cash - expected_cash(bot, gone)
    if not credited and not gone:
        return ()
    told: list[AccountReport] = []
    for symbol in tuple(gone) or (known.symbol,):
        long_gone, short_gone = gone.get(symbol, (0, 0))
        known = evolve(
            known,
            symbol=symbol,
            sequence=known.sequence + 1,
            credited=known.credited + (0 if told else credited),
            liquidations=known.liquidations + (symbol in gone),
            long_closed=known.long_closed + long_gone,
            short_closed=known.short_closed + short_gone,
        )
        told.append(known)
    return tuple(told)
