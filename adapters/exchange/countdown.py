"""Countdowns: what is open of an account is canceled once nobody has put it off in time."""

from collections.abc import Iterable

from adapters.exchange.core import Exchange
from adapters.exchange.trader import Trader
from machines.order import Found


class Countdowns:
    """The countdowns of *exchange*, by account and symbol.

    They run by the computer's clock, as a client's heart does, however fast the market goes.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._due_ms: dict[tuple[str, int], int] = {}

    def put_off(self, trader: Trader, symbols: Iterable[int], until_ms: int) -> None:
        """Let the countdown of each of *symbols* end at Unix *until_ms*."""
        self._due_ms |= {(trader.name, symbol): until_ms for symbol in symbols}

    def stop(self, trader: Trader, symbols: Iterable[int]) -> None:
        """Stop the countdown of each of *symbols*."""
        for symbol in symbols:
            self._due_ms.pop((trader.name, symbol), None)

    def due(self, clock_ms: int) -> None:
        """Cancel what is open where a countdown has ended by Unix *clock_ms*."""
        for key in [key for key, due_ms in self._due_ms.items() if due_ms <= clock_ms]:
            del self._due_ms[key]
            name, symbol = key
            trader = self.exchange.traders[name]
            for order in tuple(trader.orders.values()):
                if order.working and order.symbol == symbol:
                    trader.drop(order.number, Found.CANCELED, self.exchange.now_ns)
