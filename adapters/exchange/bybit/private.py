"""An account's orders, executions, positions and wallet as the venue writes them."""

from hashlib import blake2b
from uuid import UUID

from adapters.exchange import figures
from adapters.exchange.bybit.exits import PARTIAL, Exit, Kind
from adapters.exchange.bybit.trading_stop import TradingStop
from adapters.exchange.core import Exchange
from adapters.exchange.records import ExecType, Execution, Order, Status
from adapters.exchange.text import ratio, text
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Payload
from machines.position import reducible
from simulator.account import LEGS
from simulator.venue_order import conditional, limited, trigger
from spec.terms import (
    Instrument,
    PositionMode,
    PositionSide,
    Reason,
    Side,
    TimeInForce,
    TriggerBy,
)
from spec.units import MILLI_NS

LOW = 2**64
BY = {TriggerBy.LAST: "LastPrice", TriggerBy.MARK: "MarkPrice"}
LEG_EXITS = Kind.TAKE_PROFIT, Kind.STOP_LOSS, Kind.TRAILING

_STATUS = {
    Status.UNTRIGGERED: "Untriggered",
    Status.TRIGGERED: "Triggered",
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.CANCELED: "Cancelled",
    Status.REJECTED: "Rejected",
    Status.EXPIRED: "Cancelled",
}
_EXEC = {ExecType.TRADE: "Trade", ExecType.LIQUIDATION: "BustTrade", ExecType.FUNDING: "Funding"}
_CANCEL = {Reason.REDUCE_ONLY: "CancelByReduceOnly", Reason.LIQUIDATION: "CancelAllBeforeLiq"}
_ORDER: Payload = {  # what orders here do not have
    "smpType": "None",
    "smpGroup": 0,
    "smpOrderId": "",
    "blockTradeId": "",
    "isLeverage": "",
    "orderIv": "",
}
_EXECUTION: Payload = {
    "indexPrice": "",
    "tradeIv": "",
    "markIv": "",
    "underlyingPrice": "",
    "blockTradeId": "",
}
_POSITION: Payload = {
    "positionBalance": "0",
    "positionStatus": "Normal",
    "autoAddMargin": 0,
    "adlRankIndicator": 0,
    "riskId": 1,
    "riskLimitValue": "0",
    "tpslMode": "Full",
    "isReduceOnly": False,
}
SIDE = {Side.BUY: "Buy", Side.SELL: "Sell"}


def identity(kind: str, account: str, number: int) -> str:
    """Return the venue's text for *number*: `number_of` reads it back."""
    high = int.from_bytes(blake2b(f"{kind}/{account}".encode(), digest_size=8).digest())
    return str(UUID(int=high * LOW + number))


def number_of(kind: str, account: str, name: str) -> int | None:
    """Return the number that `identity` has written as *name*, or None."""
    try:
        number = UUID(name).int % LOW
    except ValueError:
        return None
    return number if identity(kind, account, number) == name else None


def ms(time_ns: int) -> str:
    """Return Unix ms as text."""
    return str(time_ns // MILLI_NS)


def notional(instrument: Instrument, tick_lots: int) -> str:
    """Return *tick_lots* in the quote currency."""
    return text(tick_lots * instrument.value, instrument.money)


class Private:
    """Writes what belongs to the accounts of *exchange*; *stops* keep the exits of positions."""

    def __init__(self, exchange: Exchange, stops: TradingStop) -> None:
        self.exchange, self.stops = exchange, stops

    def order(self, trader: Trader, order: Order) -> Payload:
        """Write *order*."""
        listing = self.exchange.listings[order.symbol]
        instrument, wanted = listing.instrument, order.wanted
        waits = conditional(wanted)
        rising = waits and trigger(wanted).above
        spent = text(order.fee, instrument.money)
        left = order.leaves_qty
        kind, qty = self.stops.kind(trader, order), wanted.qty
        if order.instructions.whole and not order.triggered:
            qty = left = reducible(
                trader.account.pairs[order.symbol], wanted.side, wanted.position_side
            )
        return {
            "category": "linear",
            "symbol": listing.symbol,
            "orderId": identity("order", trader.name, order.number),
            "orderLinkId": order.link,
            "side": SIDE[wanted.side],
            "orderType": "Limit" if limited(wanted) else "Market",
            "price": text(wanted.price_ticks, instrument.tick),
            "qty": text(qty, instrument.lot),
            "timeInForce": _time_in_force(order),
            "orderStatus": _status(order),
            "rejectReason": _reject_reason(order),
            "cancelType": _cancel_type(order),
            "reduceOnly": wanted.reduce_only,
            "closeOnTrigger": kind is not None,
            "positionIdx": int(wanted.position_side),
            "leavesQty": text(left, instrument.lot),
            "leavesValue": notional(instrument, left * wanted.price_ticks),
            "cumExecQty": text(order.cum_qty, instrument.lot),
            "cumExecValue": notional(instrument, order.notional),
            "cumExecFee": spent,
            "cumFeeDetail": {listing.quote: spent} if order.cum_qty else {},
            "avgPrice": ratio(order.notional, order.cum_qty, instrument.tick)
            if order.cum_qty
            else "",
            "createType": f"CreateBy{kind.value if kind else 'User'}",
            "stopOrderType": kind.value if kind else "Stop" if waits else "",
            "triggerPrice": text(trader.trigger_ticks(order), instrument.tick) if waits else "",
            "triggerDirection": 0 if not waits else 1 if rising else 2,
            "triggerBy": BY[wanted.trigger_by] if waits else "",
            "lastPriceOnCreated": text(order.placed_at, instrument.tick),
            "createdTime": ms(order.created_ns),
            "updatedTime": ms(order.updated_ns),
            **self._exits(order, self.stops.attached(trader, order), kind),
            **_ORDER,
        }

    def _exits(self, order: Order, brings: list[Exit], kind: Kind | None) -> Payload:
        """Write the exits that *order* brings with it, and of what mode they or it are."""
        tick = self.exchange.listings[order.symbol].instrument.tick
        profit = next((each for each in brings if each.kind.profit), None)
        loss = next((each for each in brings if not each.kind.profit), None)
        told: Payload = {}
        for name, short, each in (("takeProfit", "tp", profit), ("stopLoss", "sl", loss)):
            told[name] = text(each.ticks, tick) if each else ""
            told[f"{short}TriggerBy"] = BY[each.trigger_by] if each else ""
            told[f"{short}LimitPrice"] = text(each.limit_ticks, tick) if each else "0"
        kinds = {each.kind for each in brings} | ({kind} if kind else set[Kind]())
        mode = "" if not kinds else "Partial" if kinds & PARTIAL else "Full"
        return told | {"tpslMode": mode}  # its presence says that this is a contract

    def execution(self, trader: Trader, execution: Execution) -> Payload:
        """Write *execution*; one of no order bears its own number as the order's."""
        listing = self.exchange.listings[execution.symbol]
        instrument, order = listing.instrument, execution.order
        wanted = order.wanted if order else None
        value = execution.qty * execution.price_ticks
        own = identity("execution", trader.name, execution.number)
        kind = self.stops.kind(trader, order) if order else None
        waited = wanted is not None and conditional(wanted)
        rate = instrument.maker_ppm if execution.maker else instrument.taker_ppm
        if execution.type is ExecType.FUNDING:
            rate = self.exchange.terms.funding_ppm
        return {
            "category": "linear",
            "symbol": listing.symbol,
            "orderId": identity("order", trader.name, order.number) if order else own,
            "orderLinkId": order.link if order else "",
            "side": SIDE[execution.side],
            "orderType": ("Limit" if limited(wanted) else "Market") if wanted else "UNKNOWN",
            "stopOrderType": kind.value if kind else "Stop" if waited else "UNKNOWN",
            "orderPrice": text(wanted.price_ticks, instrument.tick) if wanted else "0",
            "orderQty": text(wanted.qty if wanted else 0, instrument.lot),
            "leavesQty": text(order.leaves_qty if order else 0, instrument.lot),
            "createType": f"CreateBy{kind.value if kind else 'User'}" if order else "",
            "execId": own,
            "execType": _EXEC[execution.type],
            "execPrice": text(execution.price_ticks, instrument.tick),
            "execQty": text(execution.qty, instrument.lot),
            "execValue": notional(instrument, value),
            "execFee": text(execution.fee, instrument.money),
            "feeRate": text(rate, "0.000001"),
            "feeCurrency": listing.quote,
            "execPnl": text(execution.profit, instrument.money),
            "execTime": ms(execution.time_ns),
            "isMaker": execution.maker,
            "closedSize": text(execution.closed_qty, instrument.lot),
            "markPrice": text(execution.price_ticks, instrument.tick),
            **_EXECUTION,
            "seq": execution.number,
        }

    def positions(self, trader: Trader, symbol: int) -> list[Payload]:
        """Write the position of *symbol*: one row, or in hedge mode one a leg, flat or not."""
        if trader.account.mode is PositionMode.HEDGE:
            return [self._position(trader, symbol, leg, int(leg)) for leg in LEGS]
        pair = trader.account.pairs[symbol]
        leg = PositionSide.SHORT if pair.short.qty else PositionSide.LONG
        return [self._position(trader, symbol, leg, 0)]

    def _position(self, trader: Trader, symbol: int, side: PositionSide, index: int) -> Payload:
        """Write one leg."""
        listing, account = self.exchange.listings[symbol], trader.account
        instrument, leg = listing.instrument, figures.leg(trader, symbol, side)
        realized = account.leg(symbol, side).realized
        if index == 0:
            realized = account.pairs[symbol].long.realized + account.pairs[symbol].short.realized
        money = instrument.money
        liquidation = trader.venue.liquidation_price(symbol, side)
        moved_ns = trader.moved_ns.get(symbol, 0)
        shown = SIDE[Side.BUY if side is PositionSide.LONG else Side.SELL]
        return {
            "category": "linear",
            "symbol": listing.symbol,
            "positionIdx": index,
            "side": shown if leg.qty or index else "",
            "size": text(leg.qty, instrument.lot),
            "avgPrice": ratio(leg.cost, leg.qty, instrument.tick),
            "entryPrice": ratio(leg.cost, leg.qty, instrument.tick),
            "positionValue": notional(instrument, leg.cost),
            "markPrice": text(leg.mark, instrument.tick),
            "leverage": str(account.leverage),
            "unrealisedPnl": text(leg.profit, money),
            "curRealisedPnl": notional(instrument, realized),
            "cumRealisedPnl": notional(instrument, realized),
            "liqPrice": text(liquidation, instrument.tick) if liquidation else "",
            "bustPrice": "",
            "positionIM": text(leg.margin, money),
            "positionMM": text(leg.maintenance, money),
            "tradeMode": int(account.isolated),
            **self._exits_of_leg(trader, symbol, PositionSide(index)),
            **_POSITION,
            "createdTime": ms(moved_ns),
            "updatedTime": ms(moved_ns),
            "seq": len(trader.executions),
        }

    def _exits_of_leg(self, trader: Trader, symbol: int, named: PositionSide) -> Payload:
        """Write the exits of all of a leg."""
        tick = self.exchange.listings[symbol].instrument.tick
        exits = self.stops.exits(trader, symbol, named)
        profit, loss, trail = (exits.get(kind) for kind in LEG_EXITS)
        distance = trail.instructions.trail.ticks if trail and trail.instructions.trail else 0
        return {
            "takeProfit": text(profit.wanted.trigger_ticks, tick) if profit else "",
            "stopLoss": text(loss.wanted.trigger_ticks, tick) if loss else "",
            "trailingStop": text(distance, tick),
        }

    def wallet(self, trader: Trader) -> Payload:
        """Write the wallet: one coin, the quote currency of the first symbol."""
        account, listing = trader.account, self.exchange.listings[0]
        money, wallet = listing.instrument.money, figures.wallet(trader)
        used = wallet.held + wallet.ordered
        coin: Payload = {
            "coin": listing.quote,
            "equity": text(wallet.equity, money),
            "usdValue": text(wallet.equity, money),
            "walletBalance": text(wallet.cash, money),
            "locked": "0",
            "borrowAmount": "0",
            "accruedInterest": "0",
            "totalOrderIM": text(wallet.ordered, money),
            "totalPositionIM": text(wallet.held, money),
            "totalPositionMM": text(wallet.kept, money),
            "unrealisedPnl": text(wallet.profit, money),
            "cumRealisedPnl": text(account.cash - account.deposit, money),
            "bonus": "0",
            "collateralSwitch": True,
            "marginCollateral": True,
            "spotHedgingQty": "0",
        }
        return {
            "accountType": "UNIFIED",
            "accountLTV": "0",
            "totalEquity": text(wallet.equity, money),
            "totalWalletBalance": text(wallet.cash, money),
            "totalMarginBalance": text(wallet.equity, money),
            "totalAvailableBalance": text(wallet.free, money),
            "totalPerpUPL": text(wallet.profit, money),
            "totalInitialMargin": text(used, money),
            "totalMaintenanceMargin": text(wallet.kept, money),
            "accountIMRate": _share(used, wallet.equity),
            "accountMMRate": _share(wallet.kept, wallet.equity),
            "coin": [coin],
        }


def _share(part: int, whole: int) -> str:
    """Return *part* of *whole* to four places."""
    return ratio(part, whole, "1", 4) if whole > 0 else ""


def _status(order: Order) -> str:
    """Return the status; one that is cancelled before its trigger was never active."""
    waited = conditional(order.wanted) and not order.triggered
    if waited and not order.working:
        return "Deactivated"
    return _STATUS[order.status]


def _time_in_force(order: Order) -> str:
    """Return how long it works: what takes at any price works at once or not at all."""
    if order.wanted.post_only:
        return "PostOnly"
    return order.wanted.time_in_force.name if limited(order.wanted) else TimeInForce.IOC.name


def _reject_reason(order: Order) -> str:
    """Return why the matching engine has not taken all of it."""
    if order.reason is Reason.POST_ONLY_CROSSED:
        return "EC_PostOnlyWillTakeLiquidity"
    if order.status is Status.REJECTED:
        return "EC_Others"
    if order.status is Status.CANCELED and order.reason is Reason.NONE:
        return "EC_PerCancelRequest"
    if order.status is Status.EXPIRED and order.reason is Reason.NONE:
        return (
            "EC_NoEnoughQtyToFill"
            if order.wanted.time_in_force is TimeInForce.FOK
            else "EC_NoImmediateQtyToFill"
        )
    return "EC_NoError"


def _cancel_type(order: Order) -> str:
    """Return who cancelled it."""
    if order.status is Status.CANCELED and order.reason is Reason.NONE:
        return "CancelByUser"
    if order.instructions.tied and not order.triggered and not order.working:
        return "CancelByTpSlTsClear"
    return _CANCEL.get(order.reason, "UNKNOWN")
