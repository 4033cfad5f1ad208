"""Disconnection protection: who has subscribed to its topic is missed once the stream ends."""

from adapters.exchange.bybit.errors import Code
from adapters.exchange.core import Exchange
from adapters.exchange.countdown import Countdowns
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused, said
from spec.units import MILLI_NS, SECOND_NS

TOPIC = "dcp.future"
PRODUCTS = {"OPTIONS", "DERIVATIVES", "SPOT"}
WINDOW_S, WINDOW_S_MIN, WINDOW_S_MAX = 10, 3, 300
SECOND_MS = SECOND_NS // MILLI_NS


class Protection:
    """How long the accounts of *exchange* may be away before their orders are canceled."""

    def __init__(self, exchange: Exchange) -> None:
        self._countdowns = Countdowns(exchange)
        self._symbols = range(len(exchange.listings))
        self._windows_s: dict[str, int] = {}

    def set_window(self, trader: Trader, body: Body) -> Payload:
        """Set how long *trader* may be away."""
        given, product = said(body, "timeWindow"), said(body, "product") or "OPTIONS"
        if product not in PRODUCTS:
            raise Refused(Code.BAD_PARAMETER, "product invalid")
        if not given.isdecimal() or not WINDOW_S_MIN <= int(given) <= WINDOW_S_MAX:
            raise Refused(Code.BAD_PARAMETER, "timeWindow invalid")
        if product == "DERIVATIVES":
            self._windows_s[trader.name] = int(given)
        return {}

    def heard(self, trader: Trader, clock_ms: int) -> None:
        """Take note that *trader* is there at Unix *clock_ms*."""
        window_s = self._windows_s.get(trader.name, WINDOW_S)
        self._countdowns.put_off(trader, self._symbols, clock_ms + window_s * SECOND_MS)

    def left(self, trader: Trader) -> None:
        """Take note that *trader* has left the topic: nobody misses it."""
        self._countdowns.stop(trader, self._symbols)

    def due(self, clock_ms: int) -> None:
        """Cancel the orders of those who have been away too long at Unix *clock_ms*."""
        self._countdowns.due(clock_ms)
