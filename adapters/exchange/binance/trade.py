"""Commands and questions about orders, those that work and those that wait for a trigger."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from adapters.exchange.binance.errors import Code, missing, refused
from adapters.exchange.binance.fields import batch, page, symbol_of
from adapters.exchange.binance.ledger import link_of as made_up
from adapters.exchange.binance.orders import amended, conditional_of, link_of, unfillable, wanted_of
from adapters.exchange.binance.private import Private
from adapters.exchange.core import Exchange
from adapters.exchange.records import Order
from adapters.exchange.text import text
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused, said
from machines.messages import Wanted
from simulator.venue_order import NONE_GIVEN, Instructions, conditional
from spec.terms import Reason
from spec.units import MILLI_NS

BATCH_MAX, CANCELS_MAX = 5, 10
DONE: Payload = {"code": 200, "msg": "The operation of cancel all open order is done."}


class Trade:
    """Does what the accounts of *exchange* ask for; *private* writes the answers."""

    def __init__(self, exchange: Exchange, private: Private) -> None:
        self.exchange, self.private = exchange, private

    # --- Orders that work ------------------------------------------------------------------

    def create(self, trader: Trader, body: Body) -> Payload:
        """Place an order that works at once."""
        wanted = wanted_of(self.exchange, trader, body)
        link = link_of(body, "newClientOrderId")
        order = self._place(trader, symbol_of(self.exchange, body), wanted, link)
        written = self.private.order(trader, trader.orders[order.number])
        if said(body, "newOrderRespType") == "RESULT":
            return written
        told = {
            "status": "NEW",
            "executedQty": "0",
            "cumQty": "0",
            "cumQuote": "0",
            "avgPrice": "0",
        }
        return written | told

    def test(self, trader: Trader, body: Body) -> Payload:
        """Read a new order, and do nothing."""
        wanted_of(self.exchange, trader, body)
        link_of(body, "newClientOrderId")
        return {}

    def amend(self, trader: Trader, body: Body) -> Payload:
        """Change size and price of an open limit order; one that may not work so is cancelled."""
        order = self._open(trader, body, Code.NO_ORDER)
        wanted, now_ns = amended(self.exchange, order, body), self.exchange.now_ns
        reason = Reason.POST_ONLY_CROSSED
        if wanted.qty > order.cum_qty:
            reason = trader.amend(order.number, wanted, now_ns)
        if reason is Reason.POST_ONLY_CROSSED:
            trader.cancel(order.number, now_ns)
        elif reason is not Reason.NONE:
            raise refused(reason, self._min_notional(order.symbol))
        return self.private.order(trader, trader.orders[order.number])

    def cancel(self, trader: Trader, body: Body) -> Payload:
        """Cancel an open order."""
        order = self._open(trader, body, Code.UNKNOWN_ORDER)
        trader.cancel(order.number, self.exchange.now_ns)
        return self.private.order(trader, trader.orders[order.number])

    def cancel_all(self, trader: Trader, body: Body) -> Payload:
        """Cancel the open orders of a symbol, but not those that wait for a trigger."""
        for order in self._working(trader, symbol_of(self.exchange, body)):
            trader.cancel(order.number, self.exchange.now_ns)
        return DONE

    def query(self, trader: Trader, body: Body) -> Payload:
        """Answer an order, open or closed."""
        return self.private.order(trader, self._found(trader, body, Code.NO_ORDER))

    def open_order(self, trader: Trader, body: Body) -> Payload:
        """Answer an open order."""
        return self.private.order(trader, self._open(trader, body, Code.NO_ORDER))

    def open_orders(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the open orders, of one symbol or of all."""
        found = self._working(trader, self._symbol(body))
        return [self.private.order(trader, each) for each in found]

    def all_orders(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the orders of a symbol, open or closed, oldest first."""
        symbol = symbol_of(self.exchange, body)
        written = [
            self.private.order(trader, each)
            for each in trader.orders.values()
            if each.symbol == symbol and self.private.ledgers[trader.name].order_id(each)
        ]
        written.sort(key=lambda each: cast("int", each["orderId"]))
        return page(body, written, self.exchange.now_ns // MILLI_NS, "orderId", "time")

    # --- Orders that wait for a trigger ----------------------------------------------------

    def create_algo(self, trader: Trader, body: Body) -> Payload:
        """Place a conditional order."""
        wanted, given = conditional_of(self.exchange, trader, body)
        link = link_of(body, "clientAlgoId")
        order = self._place(trader, symbol_of(self.exchange, body), wanted, link, given)
        return self.private.algo(trader, trader.orders[order.number])

    def cancel_algo(self, trader: Trader, body: Body) -> Payload:
        """Cancel a conditional order that still waits."""
        order = self._algo(trader, body, Code.UNKNOWN_ORDER)
        if order.triggered or not trader.cancel(order.number, self.exchange.now_ns):
            raise Refused(Code.UNKNOWN_ORDER)
        written = self.private.algo(trader, order)
        ids = {name: written[name] for name in ("algoId", "clientAlgoId")}
        return ids | {"code": "200", "msg": "success"}

    def cancel_all_algos(self, trader: Trader, body: Body) -> Payload:
        """Cancel the conditional orders of a symbol that still wait."""
        for order in self._waiting(trader, symbol_of(self.exchange, body)):
            trader.cancel(order.number, self.exchange.now_ns)
        return DONE

    def query_algo(self, trader: Trader, body: Body) -> Payload:
        """Answer a conditional order, whatever has become of it."""
        return self.private.algo(trader, self._algo(trader, body, Code.NO_ORDER))

    def open_algos(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the conditional orders that still wait, of one symbol or of all."""
        found = self._waiting(trader, self._symbol(body))
        return [self.private.algo(trader, each) for each in found]

    def all_algos(self, trader: Trader, body: Body) -> list[Payload]:
        """Answer the conditional orders of a symbol, oldest first."""
        symbol = symbol_of(self.exchange, body)
        written = [
            self.private.algo(trader, each)
            for each in trader.orders.values()
            if each.symbol == symbol and conditional(each.wanted)
        ]
        return page(body, written, self.exchange.now_ns // MILLI_NS, "algoId", "createTime")

    # --- Batches ---------------------------------------------------------------------------

    def create_batch(self, trader: Trader, body: Body) -> list[Payload]:
        """Place orders one after the other."""
        return self._each(trader, batch(body, "batchOrders", BATCH_MAX), self.create)

    def amend_batch(self, trader: Trader, body: Body) -> list[Payload]:
        """Amend orders one after the other."""
        return self._each(trader, batch(body, "batchOrders", BATCH_MAX), self.amend)

    def cancel_batch(self, trader: Trader, body: Body) -> list[Payload]:
        """Cancel orders one after the other, by either id."""
        symbol = said(body, "symbol")
        named = [("orderId", each) for each in batch(body, "orderIdList", CANCELS_MAX)]
        links = batch(body, "origClientOrderIdList", CANCELS_MAX)
        named += [("origClientOrderId", each) for each in links]
        return self._each(
            trader, [{"symbol": symbol, name: each} for name, each in named], self.cancel
        )

    def _each(
        self, trader: Trader, requests: Sequence[object], do: Callable[[Trader, Body], Payload]
    ) -> list[Payload]:
        """Do each of *requests*, and answer what came of it."""
        if not requests:
            raise Refused(Code.BATCH_SIZE)
        told = list[Payload]()
        for each in requests:
            if not isinstance(each, Mapping):
                raise Refused(Code.BAD_PARAMETER)
            try:
                told.append(do(trader, cast("Body", each)))
            except Refused as refusal:
                told.append({"code": refusal.code, "msg": refusal.message})
        return told

    # --- Which orders ----------------------------------------------------------------------

    def _place(
        self,
        trader: Trader,
        symbol: int,
        wanted: Wanted,
        link: str,
        instructions: Instructions = NONE_GIVEN,
    ) -> Order:
        """Place *wanted* or refuse it."""
        if unfillable(self.exchange, symbol, wanted):
            raise Refused(Code.FILL_OR_KILL)
        link = link or made_up(trader.name, len(trader.orders) + 1)
        placed = trader.place(symbol, wanted, link, self.exchange.now_ns, instructions)
        if isinstance(placed, Reason):
            raise refused(placed, self._min_notional(symbol))
        return placed

    def _min_notional(self, symbol: int) -> str:
        """Return the least notional of *symbol* in the quote currency."""
        instrument = self.exchange.listings[symbol].instrument
        return text(instrument.min_notional, instrument.money)

    def _symbol(self, body: Body) -> int | None:
        """Return the symbol that *body* names, if it names one."""
        return symbol_of(self.exchange, body) if said(body, "symbol") else None

    def _working(self, trader: Trader, symbol: int | None) -> list[Order]:
        """Return the open orders of *symbol*, or all, that work."""
        ledger = self.private.ledgers[trader.name]
        return [each for each in _open(trader, symbol) if ledger.order_id(each)]

    def _waiting(self, trader: Trader, symbol: int | None) -> list[Order]:
        """Return the open orders of *symbol*, or all, that wait for a trigger."""
        ledger = self.private.ledgers[trader.name]
        return [each for each in _open(trader, symbol) if not ledger.order_id(each)]

    def _found(self, trader: Trader, body: Body, code: Code) -> Order:
        """Return the order that *body* names, once it works."""
        symbol, ledger = symbol_of(self.exchange, body), self.private.ledgers[trader.name]
        names = said(body, "orderId"), said(body, "origClientOrderId")
        if not any(names):
            raise missing("orderId")
        number = ledger.order_number(names[0]) if names[0] else trader.linked(names[1])
        order = trader.orders.get(number or 0)
        if order is None or not ledger.order_id(order) or order.symbol != symbol:
            raise Refused(code)
        return order

    def _open(self, trader: Trader, body: Body, code: Code) -> Order:
        """Return the open order that *body* names, once it works."""
        order = self._found(trader, body, code)
        if not order.working:
            raise Refused(code)
        return order

    def _algo(self, trader: Trader, body: Body, code: Code) -> Order:
        """Return the conditional order that *body* names."""
        ledger = self.private.ledgers[trader.name]
        names = said(body, "algoId"), said(body, "clientAlgoId")
        if not any(names):
            raise missing("algoId")
        number = ledger.algo_number(names[0]) if names[0] else trader.linked(names[1])
        order = trader.orders.get(number or 0)
        if order is None or not conditional(order.wanted):
            raise Refused(code)
        return order


def _open(trader: Trader, symbol: int | None) -> list[Order]:
    """Return the open orders of *symbol*, or all, oldest first."""
    return [
        each for each in trader.orders.values() if each.working and symbol in {None, each.symbol}
    ]
