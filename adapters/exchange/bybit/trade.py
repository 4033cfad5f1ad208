"""Commands and questions of an account: orders, executions, positions, mode and leverage."""

from collections.abc import Callable

from adapters.exchange.bybit.errors import Code, refused
from adapters.exchange.bybit.exits import Exit, exits_of
from adapters.exchange.bybit.fields import PAGE, category, concerns, inside, page, scoped, symbol_of
from adapters.exchange.bybit.orders import amended, link_of, rows, wanted_of
from adapters.exchange.bybit.private import Private, identity, number_of
from adapters.exchange.core import Exchange
from adapters.exchange.records import ExecType, Execution, Order
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused, said
from simulator.venue_order import conditional, trigger
from spec.terms import Reason
from spec.units import MILLI_NS

EXECUTIONS, EXECUTIONS_MAX = 50, 100
RECENT = 500  # closed orders that are still found by their id among the open ones
EXEC_TYPES = {
    "": set(ExecType),
    "Trade": {ExecType.TRADE},
    "Funding": {ExecType.FUNDING},
    "BustTrade": {ExecType.LIQUIDATION},
}


class Trade:
    """Does what the accounts of *exchange* ask for; *private* writes the answers."""

    def __init__(self, exchange: Exchange, private: Private) -> None:
        self.exchange, self.private, self.stops = exchange, private, private.stops

    # --- Commands --------------------------------------------------------------------------

    def create(self, trader: Trader, body: Body) -> Payload:
        """Place an order."""
        wanted, link = wanted_of(self.exchange, trader, body), link_of(body)
        symbol = symbol_of(self.exchange, body)
        exits = [each for each in self._exits(symbol, body) if each.ticks]
        placed = self.stops.place(trader, symbol, wanted, link, exits)
        if isinstance(placed, Reason):
            raise refused(placed, rising=conditional(wanted) and trigger(wanted).above)
        return self._ids(trader, placed)

    def amend(self, trader: Trader, body: Body) -> Payload:
        """Change size, price or trigger of an open order."""
        order = self._open(trader, body)
        wanted = amended(self.exchange, order, body)
        before = self.stops.attached(trader, order)
        exits = self.stops.amended(trader, order, self._exits(order.symbol, body))
        if wanted == order.wanted and set(exits) == set(before):
            raise Refused(Code.NOT_AMENDED)
        if wanted.qty <= order.cum_qty:
            raise Refused(Code.BELOW_FILLED)
        self.stops.attach(trader, order, exits)
        reason = trader.amend(order.number, wanted, self.exchange.now_ns)
        if reason is not Reason.NONE:
            self.stops.attach(trader, order, before)
            raise refused(reason, rising=conditional(wanted) and trigger(wanted).above)
        return self._ids(trader, order)

    def _exits(self, symbol: int, body: Body) -> list[Exit]:
        """Read the exits that an order brings with it."""
        return exits_of(body, self.exchange.listings[symbol].instrument, sized=False)

    def cancel(self, trader: Trader, body: Body) -> Payload:
        """Cancel an open order."""
        order = self._open(trader, body)
        trader.cancel(order.number, self.exchange.now_ns)
        return self._ids(trader, order)

    def cancel_all(self, trader: Trader, body: Body) -> Payload:
        """Cancel the open orders that *body* chooses."""
        chosen = [order for order in self._chosen(trader, body) if order.working]
        for order in chosen:
            trader.cancel(order.number, self.exchange.now_ns)
        return {"list": [self._ids(trader, order) for order in chosen], "success": "1"}

    def create_batch(self, trader: Trader, body: Body) -> Payload:
        """Place orders one after the other."""
        return self._batch(trader, body, self.create)

    def amend_batch(self, trader: Trader, body: Body) -> Payload:
        """Amend orders one after the other."""
        return self._batch(trader, body, self.amend)

    def cancel_batch(self, trader: Trader, body: Body) -> Payload:
        """Cancel orders one after the other."""
        return self._batch(trader, body, self.cancel)

    def _batch(self, trader: Trader, body: Body, do: Callable[[Trader, Body], Payload]) -> Payload:
        """Do each request of a batch, and answer what came of each."""
        category(body)
        done, told = list[Payload](), list[Payload]()
        for row in rows(body):
            about: Payload = {"category": "linear", "symbol": said(row, "symbol")}
            link = said(row, "orderLinkId")
            try:
                ids = do(trader, row)
                about |= ids | {"createAt": str(self.exchange.now_ns // MILLI_NS)}
                told.append({"code": 0, "msg": "OK"})
            except Refused as refusal:
                about |= {"orderId": "", "orderLinkId": link, "createAt": ""}
                told.append({"code": refusal.code, "msg": refusal.message})
            done.append(about)
        return {"list": done, "retExtInfo": {"list": told}}

    # --- Questions -------------------------------------------------------------------------

    def realtime(self, trader: Trader, body: Body) -> Payload:
        """Answer open orders; a closed one is found by its id while it is recent."""
        scoped(body)
        found = self._chosen(trader, body)
        closed = [order for order in found if not order.working][:RECENT]
        if said(body, "orderId") or said(body, "orderLinkId"):
            chosen = [order for order in found if order.working] + closed
        elif said(body, "openOnly") == "1":
            chosen = closed
        else:
            chosen = [order for order in found if order.working]
        return page(body, [self.private.order(trader, each) for each in chosen])

    def history(self, trader: Trader, body: Body) -> Payload:
        """Answer closed orders, the newest first."""
        category(body)
        chosen = [
            order
            for order in self._chosen(trader, body)
            if not order.working and inside(body, order.created_ns)
        ]
        written = [self.private.order(trader, each) for each in chosen]
        status = said(body, "orderStatus")
        if status:
            written = [each for each in written if each["orderStatus"] == status]
        return page(body, written)

    def executions(self, trader: Trader, body: Body) -> Payload:
        """Answer executions, the newest first."""
        category(body)
        kinds = EXEC_TYPES.get(said(body, "execType"), set())
        chosen = [
            each
            for each in reversed(trader.executions)
            if each.type in kinds
            and concerns(self.exchange, body, each.symbol)
            and self._of_order(trader, body, each)
            and inside(body, each.time_ns)
        ]
        written = [self.private.execution(trader, each) for each in chosen]
        return page(body, written, EXECUTIONS, EXECUTIONS_MAX)

    def positions(self, trader: Trader, body: Body) -> Payload:
        """Answer positions: of one symbol also where it is flat, else only what is open."""
        scoped(body)
        if said(body, "symbol"):
            symbol = symbol_of(self.exchange, body)
            return page(body, self.private.positions(trader, symbol), PAGE, 200)
        symbols = range(len(self.exchange.listings))
        written = [row for each in symbols for row in self.private.positions(trader, each)]
        return page(body, [row for row in written if row["size"] != "0"], PAGE, 200)

    # --- Shared ----------------------------------------------------------------------------

    def _ids(self, trader: Trader, order: Order) -> Payload:
        """Return both ids of *order*."""
        name = identity("order", trader.name, order.number)
        return {"orderId": name, "orderLinkId": order.link}

    def _number(self, trader: Trader, body: Body) -> int | None:
        """Return the number of the order that *body* names, or None."""
        name = said(body, "orderId")
        if name:
            return number_of("order", trader.name, name)
        return trader.linked(said(body, "orderLinkId"))

    def _open(self, trader: Trader, body: Body) -> Order:
        """Return the open order that *body* names.

        Raises:
            Refused: There is none.
        """
        symbol = symbol_of(self.exchange, body)
        if not said(body, "orderId") and not said(body, "orderLinkId"):
            raise Refused(Code.BAD_PARAMETER, "orderId or orderLinkId is required")
        number = self._number(trader, body)
        order = trader.orders.get(number) if number is not None else None
        if order is None or not order.working or order.symbol != symbol:
            raise Refused(Code.NOT_FOUND)
        return order

    def _chosen(self, trader: Trader, body: Body) -> list[Order]:
        """Return the orders that fit the filters of *body*, the newest first."""
        category(body)
        named = bool(said(body, "orderId") or said(body, "orderLinkId"))
        number, kind = self._number(trader, body), said(body, "orderFilter")
        return [
            order
            for order in reversed(trader.orders.values())
            if concerns(self.exchange, body, order.symbol)
            and (not named or order.number == number)
            and (not kind or (kind == "StopOrder") == conditional(order.wanted))
        ]

    def _of_order(self, trader: Trader, body: Body, execution: Execution) -> bool:
        """Return whether *execution* is of the order that *body* names, if it names one."""
        if not said(body, "orderId") and not said(body, "orderLinkId"):
            return True
        number = self._number(trader, body)
        return execution.order is not None and execution.order.number == number
