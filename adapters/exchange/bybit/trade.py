"""Commands and questions of an account: orders, executions, positions, mode and leverage."""

from collections.abc import Callable, Sequence

from adapters.exchange.bybit.errors import Code, refused
from adapters.exchange.bybit.orders import (
    amended,
    category,
    link_of,
    rows,
    symbol_of,
    wanted_of,
)
from adapters.exchange.bybit.private import Private, identity, number_of
from adapters.exchange.core import Exchange
from adapters.exchange.records import ExecType, Execution, Order
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload, Refused, said
from simulator.venue_order import conditional, trigger
from spec.terms import MarginMode, PositionMode, Reason
from spec.units import MILLI_NS

PAGE, PAGE_MAX = 20, 50
EXECUTIONS, EXECUTIONS_MAX = 50, 100
RECENT = 500  # closed orders that are still found by their id among the open ones
MODES = {"0": PositionMode.ONE_WAY, "3": PositionMode.HEDGE}
MARGINS = {"REGULAR_MARGIN": MarginMode.CROSS, "ISOLATED_MARGIN": MarginMode.ISOLATED}
EXEC_TYPES = {
    "": set(ExecType),
    "Trade": {ExecType.TRADE},
    "Funding": {ExecType.FUNDING},
    "BustTrade": {ExecType.LIQUIDATION},
}


class Trade:
    """Does what the accounts of *exchange* ask for; *private* writes the answers."""

    def __init__(self, exchange: Exchange, private: Private) -> None:
        self.exchange, self.private = exchange, private

    # --- Commands --------------------------------------------------------------------------

    def create(self, trader: Trader, body: Body) -> Payload:
        """Place an order."""
        wanted, link = wanted_of(self.exchange, trader, body), link_of(body)
        symbol, now_ns = symbol_of(self.exchange, body), self.exchange.now_ns
        placed = trader.place(symbol, wanted, link, now_ns)
        if isinstance(placed, Reason):
            raise refused(placed, rising=conditional(wanted) and trigger(wanted).above)
        return self._ids(trader, placed)

    def amend(self, trader: Trader, body: Body) -> Payload:
        """Change size, price or trigger of an open order."""
        order = self._open(trader, body)
        wanted = amended(self.exchange, order, body)
        if wanted.qty <= order.cum_qty:
            raise Refused(Code.BELOW_FILLED)
        reason = trader.amend(order.number, wanted, self.exchange.now_ns)
        if reason is not Reason.NONE:
            raise refused(reason, rising=conditional(wanted) and trigger(wanted).above)
        return self._ids(trader, order)

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

    def set_leverage(self, trader: Trader, body: Body) -> Payload:
        """Change the leverage: it is one for all symbols of the account."""
        symbol = symbol_of(self.exchange, body)
        buy, sell = said(body, "buyLeverage"), said(body, "sellLeverage")
        if buy != sell or not buy.isdecimal():
            raise Refused(Code.BAD_PARAMETER, "leverage must be one whole number")
        if not 1 <= int(buy) <= self.exchange.listings[symbol].instrument.leverage_max:
            raise Refused(Code.BAD_LEVERAGE)
        if int(buy) == trader.account.leverage:
            raise Refused(Code.SAME_LEVERAGE)
        if not trader.set_leverage(int(buy)):
            raise Refused(Code.POSITION_MARGIN)
        return {}

    def switch_mode(self, trader: Trader, body: Body) -> Payload:
        """Change the position mode: it is one for all symbols of the account."""
        category(body)
        if said(body, "symbol"):
            symbol_of(self.exchange, body)
        mode = MODES.get(said(body, "mode"))
        if mode is None:
            raise Refused(Code.BAD_PARAMETER, "mode invalid")
        if mode is trader.account.mode:
            raise Refused(Code.SAME_MODE)
        if not trader.set_mode(mode, self.exchange.now_ns):
            flat = trader.account.flat
            raise Refused(Code.MODE_ORDERS if flat else Code.MODE_POSITION)
        return {}

    def set_margin_mode(self, trader: Trader, body: Body) -> Payload:
        """Change the margin mode of the account."""
        mode = MARGINS.get(said(body, "setMarginMode"))
        if mode is None:
            raise Refused(Code.BAD_PARAMETER, "setMarginMode invalid")
        if not trader.set_isolated(isolated=mode is MarginMode.ISOLATED):
            raise Refused(Code.MARGIN_MODE)
        return {"reasons": []}

    # --- Questions -------------------------------------------------------------------------

    def realtime(self, trader: Trader, body: Body) -> Payload:
        """Answer open orders; a closed one is found by its id while it is recent."""
        _scoped(body)
        found = self._chosen(trader, body)
        closed = [order for order in found if not order.working][:RECENT]
        if said(body, "orderId") or said(body, "orderLinkId"):
            chosen = [order for order in found if order.working] + closed
        elif said(body, "openOnly") == "1":
            chosen = closed
        else:
            chosen = [order for order in found if order.working]
        return self._page(body, [self.private.order(trader, each) for each in chosen])

    def history(self, trader: Trader, body: Body) -> Payload:
        """Answer closed orders, the newest first."""
        category(body)
        chosen = [
            order
            for order in self._chosen(trader, body)
            if not order.working and _inside(body, order.created_ns)
        ]
        written = [self.private.order(trader, each) for each in chosen]
        status = said(body, "orderStatus")
        if status:
            written = [each for each in written if each["orderStatus"] == status]
        return self._page(body, written)

    def executions(self, trader: Trader, body: Body) -> Payload:
        """Answer executions, the newest first."""
        category(body)
        kinds = EXEC_TYPES.get(said(body, "execType"), set())
        chosen = [
            each
            for each in reversed(trader.executions)
            if each.type in kinds
            and self._of_symbol(body, each.symbol)
            and self._of_order(trader, body, each)
            and _inside(body, each.time_ns)
        ]
        written = [self.private.execution(trader, each) for each in chosen]
        return self._page(body, written, EXECUTIONS, EXECUTIONS_MAX)

    def positions(self, trader: Trader, body: Body) -> Payload:
        """Answer positions: of one symbol also where it is flat, else only what is open."""
        _scoped(body)
        if said(body, "symbol"):
            symbol = symbol_of(self.exchange, body)
            return self._page(body, self.private.positions(trader, symbol), PAGE, 200)
        symbols = range(len(self.exchange.listings))
        written = [row for each in symbols for row in self.private.positions(trader, each)]
        return self._page(body, [row for row in written if row["size"] != "0"], PAGE, 200)

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
            if self._of_symbol(body, order.symbol)
            and (not named or order.number == number)
            and (not kind or (kind == "StopOrder") == conditional(order.wanted))
        ]

    def _of_symbol(self, body: Body, symbol: int) -> bool:
        """Return whether *symbol* is one that *body* asks about."""
        listing = self.exchange.listings[symbol]
        return (
            said(body, "symbol") in {"", listing.symbol}
            and said(body, "settleCoin") in {"", listing.quote}
            and said(body, "baseCoin") in {"", listing.base}
        )

    def _of_order(self, trader: Trader, body: Body, execution: Execution) -> bool:
        """Return whether *execution* is of the order that *body* names, if it names one."""
        if not said(body, "orderId") and not said(body, "orderLinkId"):
            return True
        number = self._number(trader, body)
        return execution.order is not None and execution.order.number == number

    @staticmethod
    def _page(
        body: Body, found: Sequence[Payload], size: int = PAGE, size_max: int = PAGE_MAX
    ) -> Payload:
        """Return the page of *found* that *body* asks for; the cursor is where it begins."""
        limit, cursor = said(body, "limit"), said(body, "cursor")
        if not (limit or "1").isdecimal() or not (cursor or "0").isdecimal():
            raise Refused(Code.BAD_PARAMETER, "limit or cursor invalid")
        first = int(cursor or 0)
        stop = first + max(1, min(int(limit or size), size_max))
        after = str(stop) if stop < len(found) else ""
        return {"category": "linear", "list": list(found[first:stop]), "nextPageCursor": after}


def _scoped(body: Body) -> None:
    """Check that *body* says which symbols it asks about."""
    category(body)
    if not any(said(body, name) for name in ("symbol", "settleCoin", "baseCoin")):
        raise Refused(Code.BAD_PARAMETER, "symbol, settleCoin or baseCoin is required")


def _inside(body: Body, time_ns: int) -> bool:
    """Return whether *time_ns* is inside the times of *body*."""
    start, end = said(body, "startTime"), said(body, "endTime")
    if not (start or "0").isdecimal() or not (end or "0").isdecimal():
        raise Refused(Code.BAD_PARAMETER, "startTime or endTime invalid")
    time_ms = time_ns // MILLI_NS
    return int(start or 0) <= time_ms and (not end or time_ms <= int(end))
