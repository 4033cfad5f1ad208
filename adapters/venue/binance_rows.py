"""What Binance writes of orders, fills, legs and prices, in answers and in streams."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.venue.contracts import Contract, Roster
from adapters.venue.dialect import Body, Candle, Item, Prices
from adapters.venue.market_rows import bar, prices
from adapters.venue.port import CashNews, FillNews, LegState, OrderState
from adapters.venue.text import Unreadable
from machines.order import Found
from spec.terms import PositionSide, Side

LEG = {"BOTH": PositionSide.NONE, "LONG": PositionSide.LONG, "SHORT": PositionSide.SHORT}
FOUND = {
    "NEW": Found.OPEN,
    "PARTIALLY_FILLED": Found.OPEN,
    "TRIGGERING": Found.OPEN,
    "TRIGGERED": Found.OPEN,
    "FILLED": Found.FILLED,
    "CANCELED": Found.CANCELED,
    "EXPIRED": Found.EXPIRED,
    "EXPIRED_IN_MATCH": Found.EXPIRED,
    "REJECTED": Found.REJECTED,
}
REST_PRICES = {"price": "last", "markPrice": "mark", "bidPrice": "bid", "askPrice": "ask"}
STREAM_PRICES = {
    "aggTrade": {"p": "last"},
    "trade": {"p": "last"},
    "markPriceUpdate": {"p": "mark"},
    "bookTicker": {"b": "bid", "a": "ask"},
}
_ORDER_NEWS = {  # a field of an answer by that of a stream
    "s": "symbol",
    "i": "orderId",
    "c": "clientOrderId",
    "X": "status",
    "q": "origQty",
    "z": "executedQty",
}
_FILL_NEWS = {
    "s": "symbol",
    "t": "id",
    "i": "orderId",
    "S": "side",
    "ps": "positionSide",
    "l": "qty",
    "L": "price",
    "n": "commission",
    "N": "commissionAsset",
    "T": "time",
}
_ALGO_NEWS = {
    "s": "symbol",
    "aid": "algoId",
    "caid": "clientAlgoId",
    "X": "algoStatus",
    "q": "quantity",
    "ai": "actualOrderId",
    "aq": "actualQty",
}
_LIQUIDATION = ("autoclose-", "adl_autoclose")
_FILLS = {"TRADE", "CALCULATED"}


def order(roster: Roster, row: Body) -> OrderState | None:
    """Read an order that works or has worked."""
    contract = roster.contract(row["symbol"])
    if contract is None:
        return None
    venue_id, client_text = str(row["orderId"]), str(row["clientOrderId"])
    if client_text.startswith(_LIQUIDATION):
        roster.liquidations.add(venue_id)
    number = roster.owner(contract, client_text, venue_id)
    return OrderState(
        symbol=contract.index,
        client_order_id=number,
        venue_id=venue_id,
        found=FOUND[row["status"]],
        qty=contract.lots(row["origQty"]),
        cum_qty=contract.lots(row["executedQty"]),
        notional=contract.notional(row["cumQuote"]) if "cumQuote" in row else None,
        triggered=number in roster.conditional,
    )


def algo(roster: Roster, row: Body) -> OrderState | None:
    """Read an algo order; one that is triggered is known by the id of what works in its place."""
    contract = roster.contract(row["symbol"])
    if contract is None:
        return None
    actual, status = str(row["actualOrderId"] or ""), str(row["algoStatus"])
    venue_id = actual or str(row["algoId"])
    number = roster.owner(contract, row["clientAlgoId"], venue_id)
    if number:
        roster.conditional.add(number)
    qty, cum_qty = contract.lots(row["quantity"]), contract.lots(row["actualQty"])
    finished = Found.FILLED if cum_qty == qty else Found.CANCELED
    return OrderState(
        symbol=contract.index,
        client_order_id=number,
        venue_id=venue_id,
        found=finished if status == "FINISHED" else FOUND[status],
        qty=qty,
        cum_qty=cum_qty,
        triggered=bool(actual),
    )


def fill(roster: Roster, row: Body) -> FillNews | None:
    """Read a fill; it names its order by the venue's id alone."""
    contract = roster.contract(row["symbol"])
    if contract is None:
        return None
    venue_id = str(row["orderId"])
    return FillNews(
        symbol=contract.index,
        fill_id=str(row["id"]),
        client_order_id=roster.owner(contract, "", venue_id),
        venue_id=venue_id,
        side=Side[row["side"]],
        position_side=LEG[row["positionSide"]],
        qty=contract.lots(row["qty"]),
        price_ticks=contract.ticks(row["price"]),
        fee=_fee(contract, row),
        time_ms=int(row["time"]),
        liquidation=venue_id in roster.liquidations,
    )


def leg(roster: Roster, row: Body) -> LegState | None:
    """Read a leg, flat or not; in one-way mode the sign of the quantity is the side."""
    contract = roster.contract(row["symbol"])
    if contract is None:
        return None
    signed, side = contract.lots(row["positionAmt"]), LEG[row["positionSide"]]
    if side is PositionSide.NONE:
        side = PositionSide.SHORT if signed < 0 else PositionSide.LONG
    entry_ticks = contract.near(row["entryPrice"])
    return LegState(
        symbol=contract.index, position_side=side, qty=abs(signed), entry_ticks=entry_ticks
    )


def news(roster: Roster, told: Body) -> Iterable[Item]:
    """Read a message of a stream."""
    match told.get("e"):
        case "ORDER_TRADE_UPDATE":
            return _order_news(roster, told["o"])
        case "ALGO_UPDATE":
            return _algo_news(roster, told["o"])
        case "ACCOUNT_UPDATE":
            return _account_news(roster, told["a"])
        case "kline":
            return _bar_news(roster, told["k"])
        case kind:
            return _price_news(roster, told, STREAM_PRICES.get(kind, {}))


def _order_news(roster: Roster, row: Body) -> Iterator[Item]:
    """Read what has happened to an order, and the fill if it is one."""
    state = order(roster, _renamed(row, _ORDER_NEWS))
    filled = fill(roster, _renamed(row, _FILL_NEWS)) if row["x"] in _FILLS else None
    return (item for item in (state, filled) if item is not None)


def _algo_news(roster: Roster, row: Body) -> Iterator[Item]:
    """Read what has happened to an algo order; how it ends is told by what works in its place."""
    state = algo(roster, _renamed(row, _ALGO_NEWS))
    if state is not None and row["X"] != "FINISHED":
        yield state


def _account_news(roster: Roster, told: Body) -> Iterator[Item]:
    """Read what has happened to the legs and to the wallet."""
    for row in told["P"]:
        named = {"symbol": "s", "positionSide": "ps", "positionAmt": "pa", "entryPrice": "ep"}
        state = leg(roster, {name: row[key] for name, key in named.items()})
        if state is not None:
            yield state
    contract = roster.contracts[0]
    for row in told["B"]:
        if row["a"] == contract.settle:
            roster.credited += contract.cash(row["bc"])
            yield CashNews(contract.cash(row["wb"]), roster.credited)


def _bar_news(roster: Roster, row: Body) -> Iterator[Item]:
    """Read a bar as far as it has come."""
    contract = roster.contract(row["s"])
    if contract is not None:
        yield Candle(bar(contract, [row[key] for key in "tohlcv"]), row["x"])


def _price_news(roster: Roster, told: Body, names: Mapping[str, str]) -> Iterator[Item]:
    """Read the prices of a message."""
    contract = roster.contract(told.get("s"))
    if contract is not None and names:
        yield Prices(contract.index, prices(contract, told, names))


def _renamed(row: Body, names: Mapping[str, str]) -> dict[str, Any]:
    """Return *row* of a stream with the names of an answer."""
    return {name: row[key] for key, name in names.items()}


def _fee(contract: Contract, row: Body) -> int:
    """Read the fee, which must be paid in the currency of the contract."""
    if row["commissionAsset"] != contract.settle:
        paid = f"{row['commission']} {row['commissionAsset']}"
        raise Unreadable(f"a fee of {paid}: fees must be paid in {contract.settle}")
    return contract.fee(row["commission"])
