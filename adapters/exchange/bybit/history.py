"""What an account has gained: positions that were closed, and each change of its wallet."""

from collections.abc import Iterator

from adapters.exchange.bybit.fields import category, concerns, inside, page
from adapters.exchange.bybit.private import Private, notional
from adapters.exchange.core import Exchange
from adapters.exchange.records import ExecType, Execution
from adapters.exchange.text import ratio, text
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Body, Payload

LOG = {ExecType.TRADE: "TRADE", ExecType.LIQUIDATION: "LIQUIDATION", ExecType.FUNDING: "SETTLEMENT"}
CLOSED_MAX = 100


class History:
    """Answers for the accounts of *exchange*; *private* writes executions."""

    def __init__(self, exchange: Exchange, private: Private) -> None:
        self.exchange, self.private = exchange, private

    def closed(self, trader: Trader, body: Body) -> Payload:
        """Answer what each order has closed, the newest first."""
        category(body)
        found: dict[str, list[Execution]] = {}
        for each in reversed(trader.executions):
            asked = concerns(self.exchange, body, each.symbol) and inside(body, each.time_ns)
            if each.closed_qty and asked:
                name = str(self.private.execution(trader, each)["orderId"])
                found.setdefault(name, []).append(each)
        written = [self._closed(trader, made) for made in found.values()]
        return page(body, written, size_max=CLOSED_MAX)

    def _closed(self, trader: Trader, made: list[Execution]) -> Payload:
        """Write what the executions *made* of one order, the newest first, have closed."""
        last, qty = made[0], sum(each.closed_qty for each in made)
        instrument = self.exchange.listings[last.symbol].instrument
        written, sign = self.private.execution(trader, last), -last.side.sign
        left = sum(each.closed_qty * each.price_ticks for each in made)
        profit, fee = sum(each.profit for each in made), sum(each.fee for each in made)
        entered = left - sign * profit // instrument.value
        return {
            **{name: written[name] for name in ("symbol", "orderId", "side", "orderType")},
            **{name: written[name] for name in ("execType", "orderPrice")},
            "qty": text(qty, instrument.lot),
            "closedSize": text(qty, instrument.lot),
            "cumEntryValue": notional(instrument, entered),
            "avgEntryPrice": ratio(entered, qty, instrument.tick),
            "cumExitValue": notional(instrument, left),
            "avgExitPrice": ratio(left, qty, instrument.tick),
            "closedPnl": text(profit - fee, instrument.money),
            "fillCount": str(len(made)),
            "leverage": str(trader.account.leverage),
            "createdTime": written["execTime"],
            "updatedTime": written["execTime"],
        }

    def log(self, trader: Trader, body: Body) -> Payload:
        """Answer what has changed the wallet, the newest first."""
        rows = [
            row
            for each, row in self._changes(trader)
            if concerns(self.exchange, body, each.symbol) and inside(body, each.time_ns)
        ]
        return page(body, rows[::-1])

    def _changes(self, trader: Trader) -> Iterator[tuple[Execution, Payload]]:
        """Write what each execution has changed, oldest first."""
        cash = trader.account.deposit
        for each in trader.executions:
            listing = self.exchange.listings[each.symbol]
            money, written = listing.instrument.money, self.private.execution(trader, each)
            funding = each.type is ExecType.FUNDING
            cash += each.profit - each.fee
            names = ("symbol", "category", "side", "orderId", "orderLinkId", "feeRate")
            yield (
                each,
                {
                    **{name: written[name] for name in names},
                    "id": written["execId"],
                    "tradeId": written["execId"],
                    "type": LOG[each.type],
                    "transactionTime": written["execTime"],
                    "tradePrice": written["execPrice"],
                    "qty": written["execQty"],
                    "currency": listing.quote,
                    "funding": text(-each.fee, money) if funding else "",
                    "fee": "0" if funding else text(each.fee, money),
                    "cashFlow": text(each.profit, money),
                    "change": text(each.profit - each.fee, money),
                    "cashBalance": text(cash, money),
                },
            )
