"""What OKX writes of orders, fills, legs and prices, in answers and in streams."""

from collections.abc import Callable, Iterator, Mapping

from adapters.venue.contracts import Roster
from adapters.venue.dialect import Body, Candle, Item, Prices
from adapters.venue.market_rows import bar, prices
from adapters.venue.port import CashNews, FillNews, LegState, OrderState
from adapters.venue.text import Unreadable, number, written
from machines.order import Found
from spec.terms import PositionSide, Reason, Side

_LEG = {"net": PositionSide.NONE, "long": PositionSide.LONG, "short": PositionSide.SHORT}
_OPEN = {"live", "partially_filled", "pause", "partially_effective", "effective"}
_BY_US = {"", "1"}
PRICES = {"last": "last", "markPx": "mark", "bidPx": "bid", "askPx": "ask"}
_CLOSING = {  # a cancelSource
    "2": Reason.MARGIN,
    "3": Reason.LIQUIDATION,
    "9": Reason.MARGIN,
    "17": Reason.REDUCE_ONLY,
    "21": Reason.REDUCE_ONLY,
    "22": Reason.REDUCE_ONLY,
    "23": Reason.REDUCE_ONLY,
    "31": Reason.POST_ONLY_CROSSED,
}
_LIQUIDATIONS = {"full_liquidation", "partial_liquidation", "adl"}
_FOUND = {
    "filled": Found.FILLED,
    "order_failed": Found.REJECTED,
    "partially_failed": Found.REJECTED,
}


def order(roster: Roster, row: Body) -> OrderState | None:
    """Read an order that works or has worked."""
    contract = roster.contract(row["instId"])
    if contract is None:
        return None
    algo_text = row.get("algoClOrdId") or ""
    closed_by = str(row.get("cancelSource") or "")
    return OrderState(
        symbol=contract.index,
        client_order_id=roster.owner(contract, algo_text or row["clOrdId"], row["ordId"]),
        venue_id=str(row["ordId"]),
        found=_found(str(row["state"]), closed_by),
        qty=contract.lots(row["sz"]),
        cum_qty=contract.lots(row["accFillSz"]),
        fee=contract.fee(opposite(row["fee"])) if row.get("fee") else None,
        triggered=bool(algo_text),
        reason=_CLOSING.get(closed_by, Reason.NONE),
    )


def algo(roster: Roster, row: Body) -> OrderState | None:
    """Read an algo order; one that is triggered is known by the id of what works in its place."""
    contract = roster.contract(row["instId"])
    if contract is None:
        return None
    venue_id = str(row.get("ordId") or row["algoId"])
    return OrderState(
        symbol=contract.index,
        client_order_id=roster.owner(contract, row["algoClOrdId"], venue_id),
        venue_id=venue_id,
        found=_found(str(row["state"]), ""),
        qty=contract.lots(row["sz"]),
        cum_qty=0,
        triggered=row["state"] == "effective",
    )


def fill(roster: Roster, row: Body) -> FillNews | None:
    """Read a fill of an answer."""
    names = ("fillSz", "fillPx", "fee", "feeCcy", "ts")
    return _fill(roster, row, {name: row[name] for name in names})


def leg(roster: Roster, row: Body) -> LegState | None:
    """Read a leg, flat or not; in one-way mode the sign of the quantity is the side."""
    contract = roster.contract(row["instId"])
    if contract is None:
        return None
    signed, side = contract.lots(row["pos"]), _LEG[row["posSide"]]
    if side is PositionSide.NONE:
        side = PositionSide.SHORT if signed < 0 else PositionSide.LONG
    return LegState(
        symbol=contract.index,
        position_side=side,
        qty=abs(signed),
        entry_ticks=contract.near(row["avgPx"]),
    )


def cash(roster: Roster, row: Body) -> CashNews | None:
    """Read the wallet: the currency in which the contracts settle."""
    contract = roster.contracts[0]
    for detail in row["details"]:
        if detail["ccy"] == contract.settle:
            return CashNews(contract.cash(detail["cashBal"]))
    return None


def opposite(said: object) -> str:
    """Return an amount that is negative where it is paid as one that is positive then.

    >>> opposite("-0.0005"), opposite("0.0001")
    ('0.0005', '-0.0001')
    """
    return written(-1, number(said))


def news(roster: Roster, message: Body) -> Iterator[Item]:
    """Read a message of a stream."""
    about = message["arg"]
    channel = str(about["channel"])
    if channel in _READERS:
        read = _READERS[channel]
        for row in message["data"]:
            yield from (item for item in read(roster, row) if item is not None)
        return
    contract = roster.contract(about.get("instId"))
    if contract is None:
        return
    for row in message["data"]:
        if channel.startswith("candle"):
            yield Candle(bar(contract, row[:6]), row[-1] == "1")
        else:
            yield Prices(contract.index, prices(contract, row, PRICES))


def _order_news(roster: Roster, row: Body) -> tuple[Item | None, ...]:
    """Read what has happened to an order, and the fill if it is one."""
    state = order(roster, row)
    if not row.get("tradeId"):
        return (state,)
    names = {
        "fillSz": "fillSz",
        "fillPx": "fillPx",
        "fee": "fillFee",
        "feeCcy": "fillFeeCcy",
        "ts": "fillTime",
    }
    return state, _fill(roster, row, {name: row[key] for name, key in names.items()})


def _fill(roster: Roster, row: Body, told: Mapping[str, object]) -> FillNews | None:
    """Read a fill: *row* says of what order, *told* what it is."""
    contract = roster.contract(row["instId"])
    if contract is None:
        return None
    if told["feeCcy"] != contract.settle:
        raise Unreadable(f"a fee in {told['feeCcy']}: it must be in {contract.settle}")
    return FillNews(
        symbol=contract.index,
        fill_id=str(row["tradeId"]),
        client_order_id=roster.owner(contract, row.get("clOrdId"), row["ordId"]),
        venue_id=str(row["ordId"]),
        side=Side[row["side"].upper()],
        position_side=_LEG[row["posSide"]],
        qty=contract.lots(told["fillSz"]),
        price_ticks=contract.ticks(told["fillPx"]),
        fee=contract.fee(opposite(told["fee"])),
        time_ms=int(str(told["ts"])),
        liquidation=row.get("category") in _LIQUIDATIONS,
    )


def _found(state: str, closed_by: str) -> Found:
    """Return what has become of an order: canceled by us, or expired at the venue's own will."""
    if state in _OPEN:
        return Found.OPEN
    if state in _FOUND:
        return _FOUND[state]
    if state not in {"canceled", "mmp_canceled"}:
        raise Unreadable(f"order state {state}")
    return Found.CANCELED if closed_by in _BY_US else Found.EXPIRED


_READERS: dict[str, Callable[[Roster, Body], tuple[Item | None, ...]]] = {
    "orders": _order_news,
    "orders-algo": lambda roster, row: (algo(roster, row),),
    "positions": lambda roster, row: (leg(roster, row),),
    "account": lambda roster, row: (cash(roster, row),),
}
