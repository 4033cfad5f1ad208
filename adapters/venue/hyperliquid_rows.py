"""What Hyperliquid writes of orders, fills, positions and prices, in answers and in streams."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from adapters.venue import text
from adapters.venue.contracts import Contract, Roster
from adapters.venue.dialect import Body, Candle, Item, Prices, listed
from adapters.venue.market_rows import bar
from adapters.venue.port import CashNews, FillNews, LegState, OrderState
from machines.order import Found
from spec.terms import PositionSide, Reason, Side

_SIDE = {"B": Side.BUY, "A": Side.SELL}
_FOUND = {
    "open": Found.OPEN,
    "triggered": Found.OPEN,
    "filled": Found.FILLED,
    "canceled": Found.CANCELED,
}
_CLOSING = {  # of a status that says why
    "badAloPxRejected": Reason.POST_ONLY_CROSSED,
    "badTriggerPxRejected": Reason.TRIGGER_CROSSED,
    "liquidatedCanceled": Reason.LIQUIDATION,
    "marginCanceled": Reason.MARGIN,
    "minTradeNtlRejected": Reason.MIN_NOTIONAL,
    "perpMarginRejected": Reason.MARGIN,
    "reduceOnlyCanceled": Reason.REDUCE_ONLY,
    "reduceOnlyRejected": Reason.REDUCE_ONLY,
    "tickRejected": Reason.BAD_PRICE,
}


def order(roster: Roster, row: Body) -> OrderState | None:
    """Read an order: alone it is open, in an envelope its status is beside it, twice in answers."""
    status, about = str(row.get("status", "open")), row
    while "order" in about:
        status, about = str(about["status"]), about["order"]
        if "order" in about:
            status = str(about["status"])
    contract = roster.contract(about["coin"])
    if contract is None:
        return None
    qty = contract.lots(about["origSz"])
    found = _found(status)
    return OrderState(
        symbol=contract.index,
        client_order_id=roster.owner(contract, about.get("cloid"), about["oid"]),
        venue_id=str(about["oid"]),
        found=found,
        qty=qty,
        cum_qty=qty if found is Found.FILLED else qty - contract.lots(about["sz"]),
        triggered=status == "triggered",
        reason=_CLOSING.get(status, Reason.NONE),
    )


def fill(roster: Roster, row: Body) -> FillNews | None:
    """Read a fill; only with its time and coin is its number the only one."""
    contract = roster.contract(row["coin"])
    if contract is None:
        return None
    return FillNews(
        symbol=contract.index,
        fill_id=f"{row['time']}-{row['coin']}-{row['tid']}",
        client_order_id=roster.owner(contract, row.get("cloid"), row["oid"]),
        venue_id=str(row["oid"]),
        side=_SIDE[row["side"]],
        position_side=PositionSide.NONE,
        qty=contract.lots(row["sz"]),
        price_ticks=contract.ticks(row["px"]),
        fee=contract.fee(row["fee"]),
        time_ms=int(row["time"]),
        liquidation=bool(row.get("liquidation")),
    )


def leg(roster: Roster, row: Body) -> LegState | None:
    """Read a position, whose sign is its side."""
    held = row["position"]
    contract = roster.contract(held["coin"])
    if contract is None:
        return None
    signed = contract.lots(held["szi"])
    return LegState(
        symbol=contract.index,
        position_side=PositionSide.SHORT if signed < 0 else PositionSide.LONG,
        qty=abs(signed),
        entry_ticks=contract.near(held["entryPx"]),
    )


def cash(roster: Roster, row: Body) -> CashNews:
    """Read the wallet: the account's value without what its positions have gained."""
    gained = sum(
        (text.number(each["position"]["unrealizedPnl"]) for each in row["assetPositions"]),
        Decimal(0),
    )
    value = text.number(row["marginSummary"]["accountValue"])
    return CashNews(roster.contracts[0].cash(value - gained))


def context(contract: Contract, row: Body, more: Mapping[str, str]) -> dict[str, int]:
    """Return the mark price of *row*, and what *more* of it counts as."""
    names = {"markPx": "mark", **more}
    return {ours: contract.near(row[theirs]) for theirs, ours in names.items() if row.get(theirs)}


def book(contract: Contract, row: Body) -> dict[str, int]:
    """Return the best prices of a book."""
    best = zip(("bid", "ask"), row["levels"], strict=True)
    return {name: contract.ticks(levels[0]["px"]) for name, levels in best if levels}


def news(roster: Roster, message: Body) -> Iterator[Item]:
    """Read a message of a stream."""
    data = message.get("data")
    match message.get("channel"):
        case "orderUpdates":
            yield from _known(order(roster, row) for row in data)
        case "userFills" if not data.get("isSnapshot"):
            yield from _known(fill(roster, row) for row in data["fills"])
        case "clearinghouseState":
            yield from _account(roster, data["clearinghouseState"])
        case "activeAssetCtx" | "l2Book" | "trades" | "candle" as channel:
            yield from _market(roster, channel, data)
        case _:
            return


def _known(items: Iterator[Item | None]) -> Iterator[Item]:
    """Return those of *items* that are of contracts that are traded."""
    return (item for item in items if item is not None)


def _account(roster: Roster, state: Body) -> Iterator[Item]:
    """Read every position, those that are not there too, and the wallet."""
    held = {each.symbol: each for row in state["assetPositions"] if (each := leg(roster, row))}
    for contract in roster.contracts:
        flat = LegState(
            symbol=contract.index, position_side=PositionSide.LONG, qty=0, entry_ticks=0
        )
        yield held.get(contract.index, flat)
    yield cash(roster, state)


def _market(roster: Roster, channel: str, data: Body) -> Iterator[Item]:
    """Read prices and bars."""
    for row in listed(data):
        contract = roster.contract(row.get("coin") or row.get("s"))
        if contract is None:
            continue
        match channel:
            case "activeAssetCtx":
                yield Prices(contract.index, context(contract, row["ctx"], {}))
            case "l2Book":
                yield Prices(contract.index, book(contract, row))
            case "trades":
                yield Prices(contract.index, {"last": contract.ticks(row["px"])})
            case _:
                yield Candle(bar(contract, [row[each] for each in "tohlcv"]), None)


def _found(status: str) -> Found:
    """Return what has become of an order: a status that says why ends with what it was."""
    if status in _FOUND:
        return _FOUND[status]
    if status.endswith("Rejected"):
        return Found.REJECTED
    if status.endswith("Canceled") or status == "scheduledCancel":
        return Found.EXPIRED
    raise text.Unreadable(f"order status {status}")
