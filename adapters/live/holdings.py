"""What a bot has of each symbol: how the live loop sees its orders and its positions.

A hedge wallet has one symbol.  A bot of several gives one holding for each, in the venue's order.
"""

from collections.abc import Iterable

from attrs import frozen

from machines.bot import Bot
from machines.messages import Wanted
from machines.order_manager import Book, Working, live
from machines.position import Pair, opens, unrealized
from spec.terms import Instrument, PositionSide


@frozen(kw_only=True)
class Holding:
    """The orders and the position of *symbol*, an index of the venue's instruments."""

    symbol: int
    instrument: Instrument
    book: Book
    pair: Pair

    def opening(self) -> tuple[Working, ...]:
        """Return the open orders that can open exposure."""
        return tuple(each for each in live(self.book) if opens_exposure(each.wanted))

    def exposure(self, price_ticks: int) -> int:
        """Return what the position and the opening orders are worth, in money units."""
        lots = self.pair.long.qty + self.pair.short.qty
        lots += sum(each.wanted.qty - each.order.cum_qty for each in self.opening())
        return self.instrument.notional(price_ticks, lots)

    def profit(self, price_ticks: int) -> int:
        """Return the profit of what is open at *price_ticks*, in money units."""
        return unrealized(self.pair, price_ticks) * self.instrument.value


def holdings(bot: Bot) -> tuple[Holding, ...]:
    """Return what *bot* has of each symbol."""
    instrument = bot.wallet.config.instrument
    return (Holding(symbol=0, instrument=instrument, book=bot.book, pair=bot.pair),)


def orders(found: Iterable[Holding]) -> dict[int, tuple[int, Working]]:
    """Return (symbol, order) of every order that is not final, by client order id."""
    return {
        working.client_order_id: (each.symbol, working)
        for each in found
        for working in live(each.book)
    }


def opens_exposure(order: Wanted) -> bool:
    """Return whether *order* can open exposure: it neither only reduces nor acts against its leg.

    >>> from spec.terms import Side
    >>> exit_ = Wanted(key=0, kind=0, side=Side.SELL, qty=1, position_side=PositionSide.LONG)
    >>> opens_exposure(exit_)
    False
    """
    if order.reduce_only:
        return False
    leg = order.position_side
    return leg is PositionSide.NONE or opens(leg, order.side)
