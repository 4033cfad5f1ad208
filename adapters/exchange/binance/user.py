"""The user data stream: what an account is told of its orders, its positions and its money."""

from collections.abc import Mapping

from adapters.exchange.binance.ledger import dead_at_trigger
from adapters.exchange.binance.listen import ListenKeys
from adapters.exchange.binance.private import Private, position_side
from adapters.exchange.records import (
    Backed,
    Change,
    Configured,
    ExecType,
    Execution,
    Moved,
    Notice,
    Order,
    Status,
)
from adapters.exchange.text import text
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Message, Payload, fields
from simulator.venue_order import conditional
from spec.units import MILLI_NS

_ORDER = {  # short names of what an answer spells out
    "s": "symbol",
    "c": "clientOrderId",
    "S": "side",
    "o": "type",
    "f": "timeInForce",
    "q": "origQty",
    "p": "price",
    "ap": "avgPrice",
    "X": "status",
    "i": "orderId",
    "z": "executedQty",
    "T": "updateTime",
    "R": "reduceOnly",
    "cp": "closePosition",
    "ot": "origType",
    "ps": "positionSide",
}
_FILL = {
    "l": "qty",
    "L": "price",
    "N": "commissionAsset",
    "n": "commission",
    "t": "id",
    "m": "maker",
    "rp": "realizedPnl",
}
_ALGO = {
    "caid": "clientAlgoId",
    "aid": "algoId",
    "at": "algoType",
    "o": "orderType",
    "s": "symbol",
    "S": "side",
    "ps": "positionSide",
    "f": "timeInForce",
    "q": "quantity",
    "ai": "actualOrderId",
    "ap": "actualPrice",
    "aq": "actualQty",
    "act": "actualType",
    "tp": "triggerPrice",
    "p": "price",
    "wt": "workingType",
    "R": "reduceOnly",
    "cp": "closePosition",
    "tt": "triggerTime",
}
_POSITION = {
    "s": "symbol",
    "pa": "positionAmt",
    "ep": "entryPrice",
    "bep": "breakEvenPrice",
    "up": "unRealizedProfit",
    "mt": "marginType",
    "iw": "isolatedWallet",
    "ps": "positionSide",
    "ma": "marginAsset",
}
_NO_FILL: Payload = {"l": "0", "L": "0", "t": 0, "m": False, "rp": "0"}
_OTHERS: Payload = {"pP": False, "V": "NONE", "pm": "NONE", "gtd": 0}
_OF_ORDER: Payload = {"sp": "0", "b": "0", "a": "0", "wt": "CONTRACT_PRICE", "si": 0, "ss": 0}
_CLOSED = {Status.CANCELED: "CANCELED", Status.EXPIRED: "EXPIRED", Status.REJECTED: "REJECTED"}


class UserSession:
    """One connection that is told of *account*, as long as listen key *key* of *keys* lasts."""

    def __init__(
        self, private: Private, keys: ListenKeys, key: str, account: str, *, combined: bool
    ) -> None:
        self.private, self.exchange, self.account = private, private.exchange, account
        self._keys, self._key, self._combined = keys, key, combined
        self._over = False

    def receive(self, text: str, _: int) -> list[Message]:
        """Acknowledge a message: there is nothing to choose here."""
        return [{"result": None, "id": fields(text).get("id")}]

    def market(self, clock_ms: int) -> list[Message]:
        """Return that the listen key is over, once it is."""
        if self._over or self._keys.lasts(self._key, clock_ms):
            return []
        self._over = True
        return self._wrapped([{"e": "listenKeyExpired", "E": clock_ms, "listenKey": self._key}])

    def notify(self, trader: Trader, notices: tuple[Notice, ...]) -> list[Message]:
        """Return what *account* is told of *notices*."""
        if self._over or trader.name != self.account:
            return []
        dead, told = dead_at_trigger(notices), list[Payload]()
        for notice in notices:
            match notice:
                case Order():
                    told += self._of_order(trader, notice, dead)
                case Execution():
                    told += self._of_execution(trader, notice)
                case Backed(symbol):
                    told.append(self._of_margin(trader, symbol))
                case Configured():
                    told += self._of_leverage(trader)
                case Moved(symbol):
                    made = [each for each in notices if isinstance(each, Execution)]
                    told.append(self._of_account(trader, symbol, made))
        return self._wrapped(told)

    def _wrapped(self, events: list[Payload]) -> list[Message]:
        """Return *events* as they are sent."""
        if not self._combined:
            return [*events]
        return [{"stream": self._key, "data": each} for each in events]

    # --- Orders ----------------------------------------------------------------------------

    def _of_order(self, trader: Trader, order: Order, dead: set[int]) -> list[Payload]:
        """Return what is told of *order*; a fill is told as an execution."""
        waits = conditional(order.wanted)
        match order.change:
            case Change.NEW if waits:
                return [self._algo(trader, order, "NEW")]
            case Change.NEW:
                return [self._order(trader, order, "NEW")]
            case Change.REPLACED:
                return [self._order(trader, order, "AMENDMENT")]
            case Change.TRIGGERED:
                begun = [self._algo(trader, order, "TRIGGERING")]
                if order.number in dead:
                    return begun
                entered = self._order(trader, order, "NEW")
                return [*begun, self._algo(trader, order, "TRIGGERED"), entered]
            case Change.CLOSED if order.number in dead:
                return [self._algo(trader, order, "REJECTED")]
            case Change.CLOSED if waits and not order.triggered:
                return [self._algo(trader, order, _CLOSED[order.status])]
            case Change.CLOSED:
                closed = [self._order(trader, order, _CLOSED[order.status])]
                return [*closed, self._algo(trader, order, "FINISHED")] if waits else closed
            case _:
                return []

    def _of_execution(self, trader: Trader, execution: Execution) -> list[Payload]:
        """Return what is told of *execution*."""
        order = execution.order
        if execution.type is ExecType.FUNDING:
            return []
        if order is None:
            fill = _short(self.private.trade(trader, execution), _FILL)
            closing = self.private.liquidation(trader, execution)
            return [self._of_written(closing, "CALCULATED", fill)]
        told = [self._order(trader, order, "TRADE", execution)]
        if order.status is Status.FILLED and conditional(order.wanted):
            told.append(self._algo(trader, order, "FINISHED"))
        return told

    def _event(self, kind: str, content: Payload, name: str = "o") -> Payload:
        """Return an event of now."""
        now_ms = self.exchange.now_ns // MILLI_NS
        return {"e": kind, "E": now_ms, "T": now_ms, name: content}

    def _order(
        self, trader: Trader, order: Order, happened: str, execution: Execution | None = None
    ) -> Payload:
        """Write what has *happened* to *order*."""
        fill = _NO_FILL
        if execution is not None:
            fill = _short(self.private.trade(trader, execution), _FILL)
        return self._of_written(self.private.order(trader, order), happened, fill)

    def _of_written(self, order: Payload, happened: str, fill: Payload) -> Payload:
        """Write what has *happened* to an order that an answer would write as *order*."""
        content = _short(order, _ORDER) | {"x": happened, **_OF_ORDER, **_OTHERS}
        return self._event("ORDER_TRADE_UPDATE", content | fill)

    def _algo(self, trader: Trader, order: Order, status: str) -> Payload:
        """Write that the conditional order that *order* is or was has come to *status*."""
        content = _short(self.private.algo(trader, order), _ALGO) | {"X": status, **_OTHERS}
        content["rm"] = order.reason.name if status == "REJECTED" else ""
        if status == "TRIGGERING":
            content["ai"] = ""
        return self._event("ALGO_UPDATE", content)

    # --- Positions and money ---------------------------------------------------------------

    def _of_account(self, trader: Trader, symbol: int, made: list[Execution]) -> Payload:
        """Write the wallet, and the legs of *symbol* that *made* has moved."""
        mine = [each for each in made if each.symbol == symbol]
        funding = [each for each in mine if each.type is ExecType.FUNDING]
        traded = {position_side(trader, each) for each in mine if each.type is not ExecType.FUNDING}
        reason = "ORDER" if traded else "FUNDING_FEE" if funding else "INSURANCE_CLEAR"
        moved = [row for row in self._positions(trader, symbol) if row["ps"] in traded]
        return self._account(trader, symbol, reason, moved, -sum(each.fee for each in funding))

    def _of_margin(self, trader: Trader, symbol: int) -> Payload:
        """Write that margin has gone to a leg of *symbol*, or come from it."""
        held = [row for row in self._positions(trader, symbol) if row["pa"] != "0"]
        return self._account(trader, symbol, "MARGIN_TRANSFER", held, 0)

    def _account(
        self, trader: Trader, symbol: int, reason: str, rows: list[Payload], change: int
    ) -> Payload:
        """Write the wallet, which *change* money units have moved beside trades, and legs."""
        listing = self.exchange.listings[symbol]
        money = listing.instrument.money
        balance: Payload = {
            "a": listing.quote,
            "wb": text(trader.account.cash, money),
            "cw": text(trader.account.free(), money),
            "bc": text(change, money),
        }
        return self._event("ACCOUNT_UPDATE", {"m": reason, "B": [balance], "P": rows}, "a")

    def _positions(self, trader: Trader, symbol: int) -> list[Payload]:
        """Write the legs of *symbol*."""
        rows = self.private.positions(trader, symbol)
        return [self._position(trader, symbol, each) for each in rows]

    def _of_leverage(self, trader: Trader) -> list[Payload]:
        """Write the leverage of each symbol."""
        leverage, listings = trader.account.leverage, self.exchange.listings
        told: list[Payload] = [{"s": each.symbol, "l": leverage} for each in listings]
        return [self._event("ACCOUNT_CONFIG_UPDATE", each, "ac") for each in told]

    def _position(self, trader: Trader, symbol: int, row: Payload) -> Payload:
        """Write a leg of *symbol* that a question for positions answers with *row*."""
        instrument, pair = self.exchange.listings[symbol].instrument, trader.account.pairs[symbol]
        realized = {"LONG": pair.long.realized, "SHORT": pair.short.realized}
        total = realized.get(str(row["positionSide"]), sum(realized.values()))
        cumulated = text(total * instrument.value, instrument.money)
        return _short(row, _POSITION) | {"cr": cumulated}


def _short(written: Payload, names: Mapping[str, str]) -> Payload:
    """Return what an answer would spell out, under the short *names* of a stream."""
    return {short: written[name] for short, name in names.items()}
