"""An account's orders, trades, positions and balances as the venue writes them."""

from adapters.exchange import figures
from adapters.exchange.binance.ledger import Ledger
from adapters.exchange.core import Exchange
from adapters.exchange.records import ExecType, Execution, Order, Status
from adapters.exchange.text import ratio, text
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Payload
from simulator.account import LEGS
from simulator.venue_order import Trail, limited
from spec.terms import OrderType, PositionMode, PositionSide, Side, TriggerBy
from spec.units import MILLI_NS

TRAILING = "TRAILING_STOP_MARKET"
CONDITIONAL = {
    TRAILING: OrderType.STOP_MARKET,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "STOP": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_LIMIT,
}
WORKING_TYPE = {"CONTRACT_PRICE": TriggerBy.LAST, "MARK_PRICE": TriggerBy.MARK}
_TYPE = {kind: name for name, kind in CONDITIONAL.items() if name != TRAILING}
_WORKING_TYPE = {by: name for name, by in WORKING_TYPE.items()}
_SIDE = {PositionSide.NONE: "BOTH", PositionSide.LONG: "LONG", PositionSide.SHORT: "SHORT"}
PERCENT = "0.0001"  # of one in a million
_STATUS = {Status.UNTRIGGERED: "NEW", Status.TRIGGERED: "NEW"}
_OTHERS: Payload = {  # what orders here do not have
    "priceProtect": False,
    "priceMatch": "NONE",
    "selfTradePreventionMode": "NONE",
    "goodTillDate": 0,
}


class Private:
    """Writes what belongs to the accounts of *exchange*; *ledgers* are by account."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        traders = enumerate(exchange.traders.values())
        self.ledgers = {trader.name: Ledger(trader, index) for index, trader in traders}

    # --- Orders ----------------------------------------------------------------------------

    def order(self, trader: Trader, order: Order) -> Payload:
        """Write *order*, which works or has worked."""
        listing, wanted = self.exchange.listings[order.symbol], order.wanted
        instrument, kind = listing.instrument, working_type(order)
        return {
            "orderId": self.ledgers[trader.name].order_id(order),
            "symbol": listing.symbol,
            "status": status(order),
            "clientOrderId": order.link,
            "price": text(wanted.price_ticks, instrument.tick),
            "avgPrice": ratio(order.notional, order.cum_qty, instrument.tick),
            "origQty": text(wanted.qty, instrument.lot),
            "executedQty": text(order.cum_qty, instrument.lot),
            "cumQty": text(order.cum_qty, instrument.lot),
            "cumQuote": text(order.notional * instrument.value, instrument.money),
            "timeInForce": time_in_force(order),
            "type": kind,
            "origType": kind,
            "reduceOnly": reduces(order),
            "closePosition": order.instructions.whole,
            "side": wanted.side.name,
            "positionSide": _SIDE[wanted.position_side],
            "stopPrice": "0",
            "workingType": "CONTRACT_PRICE",
            "time": order.created_ns // MILLI_NS,
            "updateTime": order.updated_ns // MILLI_NS,
            **_OTHERS,
        }

    def algo(self, trader: Trader, order: Order) -> Payload:
        """Write the conditional order that *order* is or was."""
        listing, wanted = self.exchange.listings[order.symbol], order.wanted
        instrument, ledger = listing.instrument, self.ledgers[trader.name]
        actual, trail = ledger.order_id(order), order.instructions.trail
        shown = trail or Trail()
        return {
            "algoId": ledger.algo_id(order),
            "clientAlgoId": order.link,
            "algoType": "CONDITIONAL",
            "orderType": TRAILING if trail else _TYPE[wanted.type],
            "symbol": listing.symbol,
            "side": wanted.side.name,
            "positionSide": _SIDE[wanted.position_side],
            "timeInForce": time_in_force(order),
            "quantity": text(0 if order.instructions.whole else wanted.qty, instrument.lot),
            "algoStatus": self.algo_status(trader, order),
            "triggerPrice": text(trader.trigger_ticks(order), instrument.tick),
            "activatePrice": text(shown.start_ticks, instrument.tick) if trail else "",
            "callbackRate": text(shown.ppm, PERCENT) if trail else "",
            "price": text(wanted.price_ticks, instrument.tick),
            "icebergQuantity": None,
            "workingType": _WORKING_TYPE[wanted.trigger_by],
            "reduceOnly": reduces(order),
            "closePosition": order.instructions.whole,
            "actualOrderId": str(actual) if actual else "",
            "actualPrice": ratio(order.notional, order.cum_qty, instrument.tick),
            "actualType": working_type(order) if actual else "",
            "actualQty": text(order.cum_qty, instrument.lot),
            "createTime": order.created_ns // MILLI_NS,
            "updateTime": order.updated_ns // MILLI_NS,
            "triggerTime": ledger.triggered_ns.get(order.number, 0) // MILLI_NS,
            **_OTHERS,
        }

    def algo_status(self, trader: Trader, order: Order) -> str:
        """Return what has become of the conditional order that *order* is or was."""
        if not order.triggered:
            return _STATUS.get(order.status, order.status.name)
        if not self.ledgers[trader.name].order_id(order):
            return "REJECTED"
        return "TRIGGERED" if order.working else "FINISHED"

    def trade(self, trader: Trader, execution: Execution) -> Payload:
        """Write *execution*, a fill or a liquidation."""
        listing = self.exchange.listings[execution.symbol]
        instrument = listing.instrument
        notional = instrument.notional(execution.price_ticks, execution.qty)
        return {
            "symbol": listing.symbol,
            "id": execution.number,
            "orderId": self.ledgers[trader.name].execution_id(execution),
            "side": execution.side.name,
            "price": text(execution.price_ticks, instrument.tick),
            "qty": text(execution.qty, instrument.lot),
            "quoteQty": text(notional, instrument.money),
            "realizedPnl": text(execution.profit, instrument.money),
            "commission": text(execution.fee, instrument.money),
            "commissionAsset": listing.quote,
            "time": execution.time_ns // MILLI_NS,
            "positionSide": position_side(trader, execution),
            "maker": execution.maker,
            "buyer": execution.side is Side.BUY,
        }

    def liquidation(self, trader: Trader, execution: Execution) -> Payload:
        """Write the order of its own with which the venue has closed a leg."""
        written = self.trade(trader, execution)
        return written | {
            "clientOrderId": f"autoclose-{written['time']}",
            "type": "LIQUIDATION",
            "origType": "LIQUIDATION",
            "timeInForce": "IOC",
            "origQty": written["qty"],
            "executedQty": written["qty"],
            "avgPrice": written["price"],
            "status": "FILLED",
            "updateTime": written["time"],
            "reduceOnly": False,
            "closePosition": False,
        }

    # --- Positions and balances ------------------------------------------------------------

    def positions(self, trader: Trader, symbol: int) -> list[Payload]:
        """Write the legs of *symbol*: in one-way mode one, flat or not."""
        return [self._position(trader, symbol, leg) for leg in legs(trader, symbol)]

    def _position(self, trader: Trader, symbol: int, side: PositionSide) -> Payload:
        """Write one leg."""
        listing, leg = self.exchange.listings[symbol], figures.leg(trader, symbol, side)
        instrument, sign = listing.instrument, 1 if side is PositionSide.LONG else -1
        money, isolated = instrument.money, trader.account.isolated
        _, ordered = trader.margins(symbol)
        liquidation = trader.venue.liquidation_price(symbol, side) or 0
        entry = ratio(leg.cost, leg.qty, instrument.tick)
        hedge = trader.account.mode is PositionMode.HEDGE
        return {
            "symbol": listing.symbol,
            "positionSide": _SIDE[side] if hedge else "BOTH",
            "positionAmt": text(sign * leg.qty, instrument.lot),
            "entryPrice": entry,
            "breakEvenPrice": entry,
            "markPrice": text(leg.mark, instrument.tick),
            "unRealizedProfit": text(leg.profit, money),
            "liquidationPrice": text(liquidation, instrument.tick),
            "isolatedMargin": text(leg.isolated + leg.profit if leg.isolated else 0, money),
            "notional": text(sign * leg.value, money),
            "marginAsset": listing.quote,
            "isolatedWallet": text(leg.isolated, money),
            "isolated": isolated,
            "marginType": "isolated" if isolated else "cross",
            "leverage": str(trader.account.leverage),
            "maxNotionalValue": text(instrument.tiers[-1].notional_max, money),
            "isAutoAddMargin": "false",
            "initialMargin": text(leg.margin + ordered, money),
            "maintMargin": text(leg.maintenance, money),
            "positionInitialMargin": text(leg.margin, money),
            "openOrderInitialMargin": text(ordered, money),
            "adl": 0,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": trader.moved_ns.get(symbol, 0) // MILLI_NS,
        }

    def asset(self, trader: Trader) -> Payload:
        """Write the one asset there is, the quote currency."""
        listing, wallet = self.exchange.listings[0], figures.wallet(trader)
        money = listing.instrument.money
        cash, free = text(wallet.cash, money), text(wallet.free, money)
        return {
            "asset": listing.quote,
            "walletBalance": cash,
            "unrealizedProfit": text(wallet.profit, money),
            "marginBalance": text(wallet.equity, money),
            "maintMargin": text(wallet.kept, money),
            "initialMargin": text(wallet.held + wallet.ordered, money),
            "positionInitialMargin": text(wallet.held, money),
            "openOrderInitialMargin": text(wallet.ordered, money),
            "crossWalletBalance": text(trader.account.free(), money),
            "crossUnPnl": text(0 if trader.account.isolated else wallet.profit, money),
            "availableBalance": free,
            "maxWithdrawAmount": free,
            "marginAvailable": True,
            "updateTime": max([self.exchange.began_ns, *trader.moved_ns.values()]) // MILLI_NS,
        }


def legs(trader: Trader, symbol: int) -> tuple[PositionSide, ...]:
    """Return the legs that are written of *symbol*: both in hedge mode, else the open one."""
    if trader.account.mode is PositionMode.HEDGE:
        return LEGS
    short = trader.account.pairs[symbol].short.qty
    return (PositionSide.SHORT if short else PositionSide.LONG,)


def position_side(trader: Trader, execution: Execution) -> str:
    """Return the leg of *execution*, BOTH in one-way mode."""
    if execution.order is not None:
        return _SIDE[execution.order.wanted.position_side]
    if trader.account.mode is PositionMode.ONE_WAY:
        return "BOTH"
    # A long leg is sold when it is liquidated, and named by a buy when it pays funding.
    long = (execution.side is Side.BUY) == (execution.type is ExecType.FUNDING)
    return "LONG" if long else "SHORT"


def status(order: Order) -> str:
    """Return the status of *order*, which works or has worked."""
    return _STATUS.get(order.status, order.status.name)


def reduces(order: Order) -> bool:
    """Return whether *order* was sent as reduce-only: what closes a position is that unsaid."""
    return order.wanted.reduce_only and not order.instructions.whole


def working_type(order: Order) -> str:
    """Return the type that *order* has once it works."""
    return "LIMIT" if limited(order.wanted) else "MARKET"


def time_in_force(order: Order) -> str:
    """Return how long *order* works."""
    return "GTX" if order.wanted.post_only else order.wanted.time_in_force.name
