"""What Bybit writes of orders, fills, legs and prices: the same in answers and in streams."""

from collections.abc import Iterator

from adapters.venue.contracts import Roster
from adapters.venue.dialect import Body, Candle, Item, Prices
from adapters.venue.market_rows import bar, prices
from adapters.venue.port import CashNews, FillNews, LegState, OrderState
from adapters.venue.text import Unreadable
from machines.order import Found
from spec.terms import PositionMode, PositionSide, Reason, Side

_SIDE = {"Buy": Side.BUY, "Sell": Side.SELL}
_OPEN = {"New", "PartiallyFilled", "Untriggered", "Triggered", "Created", "Active"}
_WAITING = {"Untriggered", "Deactivated"}
_FOUND = {"Filled": Found.FILLED, "Rejected": Found.REJECTED}
_CLOSED = {"Cancelled", "PartiallyFilledCanceled", "Deactivated"}
_BY_US = {"CancelByUser", "EC_PerCancelRequest"}
_TRADES = {"Trade", "BustTrade", "AdlTrade"}
PRICES = {"lastPrice": "last", "markPrice": "mark", "bid1Price": "bid", "ask1Price": "ask"}
_CLOSING = {
    "EC_PostOnlyWillTakeLiquidity": Reason.POST_ONLY_CROSSED,
    "CancelByReduceOnly": Reason.REDUCE_ONLY,
    "CancelAllBeforeLiq": Reason.LIQUIDATION,
    "CancelByPrepareLiq": Reason.LIQUIDATION,
    "CancelByCannotAffordOrderCost": Reason.MARGIN,
    "EC_NoEnoughQtyToFill": Reason.NONE,
}


def order(roster: Roster, row: Body) -> OrderState | None:
    """Read an order."""
    contract = roster.contract(row["symbol"])
    if contract is None:
        return None
    status = str(row["orderStatus"])
    closing = {str(row.get("cancelType", "")), str(row.get("rejectReason", ""))}
    told = (reason for words, reason in _CLOSING.items() if words in closing)
    return OrderState(
        symbol=contract.index,
        client_order_id=roster.owner(contract, row.get("orderLinkId"), row["orderId"]),
        venue_id=str(row["orderId"]),
        found=_found(status, closing),
        qty=contract.lots(row["qty"]),
        cum_qty=contract.lots(row["cumExecQty"]),
        notional=contract.notional(row["cumExecValue"]),
        fee=contract.fee(row["cumExecFee"]),
        triggered=contract.near(row.get("triggerPrice")) > 0 and status not in _WAITING,
        reason=Reason.NONE if status in _OPEN else next(told, Reason.NONE),
    )


def fill(roster: Roster, row: Body) -> FillNews | None:
    """Read a fill, whose leg is what its side and what it closes make it."""
    contract = roster.contract(row["symbol"])
    if contract is None or row["execType"] not in _TRADES:
        return None
    side, leg_side = _SIDE[row["side"]], PositionSide.NONE
    if roster.mode is PositionMode.HEDGE:
        closes = contract.lots(row["closedSize"]) > 0
        leg_side = PositionSide.LONG if (side is Side.BUY) != closes else PositionSide.SHORT
    return FillNews(
        symbol=contract.index,
        fill_id=str(row["execId"]),
        client_order_id=roster.owner(contract, row.get("orderLinkId"), row["orderId"]),
        venue_id=str(row["orderId"]),
        side=side,
        position_side=leg_side,
        qty=contract.lots(row["execQty"]),
        price_ticks=contract.ticks(row["execPrice"]),
        fee=contract.fee(row["execFee"]),
        time_ms=int(row["execTime"]),
        liquidation=row["execType"] != "Trade",
    )


def leg(roster: Roster, row: Body) -> LegState | None:
    """Read a leg, flat or not."""
    contract = roster.contract(row["symbol"])
    if contract is None:
        return None
    index = int(row["positionIdx"])
    shorts = index == PositionSide.SHORT or (not index and row["side"] == "Sell")
    return LegState(
        symbol=contract.index,
        position_side=PositionSide.SHORT if shorts else PositionSide.LONG,
        qty=contract.lots(row["size"]),
        entry_ticks=contract.near(row.get("avgPrice") or row.get("entryPrice")),
    )


def cash(roster: Roster, row: Body) -> CashNews | None:
    """Read the wallet: the coin in which the contracts settle."""
    contract = roster.contracts[0]
    for coin in row["coin"]:
        if coin["coin"] == contract.settle:
            return CashNews(contract.cash(coin["walletBalance"]))
    return None


def news(roster: Roster, message: Body) -> Iterator[Item]:
    """Read a message of a stream."""
    topic, _, rest = str(message["topic"]).partition(".")
    if topic in _READERS:
        items = (_READERS[topic](roster, row) for row in message["data"])
        yield from (item for item in items if item is not None)
    contract = roster.contract(rest.rpartition(".")[2])
    if contract is None:
        return
    if topic == "tickers":
        yield Prices(contract.index, prices(contract, message["data"], PRICES))
    if topic == "kline":
        for row in message["data"]:
            columns = [row[each] for each in ("start", "open", "high", "low", "close", "volume")]
            yield Candle(bar(contract, columns), row["confirm"])


def _found(status: str, closing: set[str]) -> Found:
    """Return what has become of an order: canceled by us, or expired at the venue's own will."""
    if status in _OPEN:
        return Found.OPEN
    if status in _FOUND:
        return _FOUND[status]
    if status not in _CLOSED:
        raise Unreadable(f"order status {status}")
    return Found.CANCELED if closing & _BY_US else Found.EXPIRED


_READERS = {"order": order, "execution": fill, "position": leg, "wallet": cash}
