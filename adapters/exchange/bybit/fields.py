"""The fields that requests share: which contracts, which rows and which page of them."""

from collections.abc import Iterable, Sequence

from adapters.exchange.bybit.errors import Code
from adapters.exchange.core import Exchange
from adapters.exchange.wire import Body, Payload, Refused, said
from spec.units import MILLI_NS

PAGE, PAGE_MAX = 20, 50


def symbol_of(exchange: Exchange, body: Body) -> int:
    """Return the symbol that *body* names.

    Raises:
        Refused: Not linear, or no such symbol.
    """
    category(body)
    symbol = exchange.symbols.get(said(body, "symbol"))
    if symbol is None:
        raise Refused(Code.BAD_SYMBOL)
    return symbol


def symbols_of(exchange: Exchange, body: Body) -> Iterable[int]:
    """Return the symbol that *body* names, or all where it names none.

    Raises:
        Refused: As `symbol_of`.
    """
    return (symbol_of(exchange, body),) if said(body, "symbol") else range(len(exchange.listings))


def number(body: Body, name: str, default: int) -> int:
    """Return field *name* as a whole number.

    Raises:
        Refused: It is none.
    """
    given = said(body, name)
    if not given:
        return default
    if not given.isdecimal():
        raise Refused(Code.BAD_PARAMETER, f"{name} invalid")
    return int(given)


def category(body: Body) -> None:
    """Check that *body* is of linear contracts.

    Raises:
        Refused: It is not.
    """
    if said(body, "category") != "linear":
        raise Refused(Code.BAD_CATEGORY)


def page(
    body: Body, found: Sequence[Payload], size: int = PAGE, size_max: int = PAGE_MAX
) -> Payload:
    """Return the page of *found* that *body* asks for; the cursor is where it begins.

    Raises:
        Refused: Its limit or its cursor is none.
    """
    limit, cursor = said(body, "limit"), said(body, "cursor")
    if not (limit or "1").isdecimal() or not (cursor or "0").isdecimal():
        raise Refused(Code.BAD_PARAMETER, "limit or cursor invalid")
    first = int(cursor or 0)
    stop = first + max(1, min(int(limit or size), size_max))
    after = str(stop) if stop < len(found) else ""
    return {"category": "linear", "list": list(found[first:stop]), "nextPageCursor": after}


def concerns(exchange: Exchange, body: Body, symbol: int) -> bool:
    """Return whether *symbol* is one that *body* asks about."""
    listing = exchange.listings[symbol]
    return (
        said(body, "symbol") in {"", listing.symbol}
        and said(body, "settleCoin") in {"", listing.quote}
        and said(body, "baseCoin") in {"", listing.base}
    )


def scoped(body: Body) -> None:
    """Check that *body* says which symbols it asks about.

    Raises:
        Refused: It does not.
    """
    category(body)
    if not any(said(body, name) for name in ("symbol", "settleCoin", "baseCoin")):
        raise Refused(Code.BAD_PARAMETER, "symbol, settleCoin or baseCoin is required")


def inside(body: Body, time_ns: int) -> bool:
    """Return whether *time_ns* is inside the times of *body*.

    Raises:
        Refused: They are none.
    """
    start, end = said(body, "startTime"), said(body, "endTime")
    if not (start or "0").isdecimal() or not (end or "0").isdecimal():
        raise Refused(Code.BAD_PARAMETER, "startTime or endTime invalid")
    time_ms = time_ns // MILLI_NS
    return int(start or 0) <= time_ms and (not end or time_ms <= int(end))
