"""The fields of a request: read, and never guessed."""

import json
from collections.abc import Iterable
from typing import cast

from adapters.exchange.binance.errors import Code, missing
from adapters.exchange.core import Exchange
from adapters.exchange.wire import Body, Payload, Refused, said

PAGE, PAGE_MAX = 500, 1_000
RECENT_MS = 7 * 86_400_000
_BOOLEAN = {"": False, "false": False, "true": True}


def symbol_of(exchange: Exchange, body: Body) -> int:
    """Return the symbol that *body* names.

    Raises:
        Refused: None, or no such symbol.
    """
    name = said(body, "symbol")
    if not name:
        raise missing("symbol")
    symbol = exchange.symbols.get(name)
    if symbol is None:
        raise Refused(Code.BAD_SYMBOL)
    return symbol


def symbols_of(exchange: Exchange, body: Body) -> Iterable[int]:
    """Return the symbol that *body* names, or all where it names none.

    Raises:
        Refused: No such symbol.
    """
    return (symbol_of(exchange, body),) if said(body, "symbol") else range(len(exchange.listings))


def whole(body: Body, name: str, default: int = 0) -> int:
    """Return field *name* as a whole number.

    Raises:
        Refused: It is none.
    """
    given = said(body, name)
    if not given:
        return default
    if not given.isdecimal():
        raise missing(name)
    return int(given)


def flag(body: Body, name: str) -> bool:
    """Return field *name* as a truth value, false where it is not there.

    Raises:
        Refused: It is none.
    """
    found = _BOOLEAN.get(said(body, name).lower())
    if found is None:
        raise missing(name)
    return found


def batch(body: Body, name: str, most: int) -> list[object]:
    """Return the list that field *name* holds as JSON, empty where it is not there.

    Capital letters of the name do not matter.

    Raises:
        Refused: It is none, or has more than *most* entries.
    """
    fields = {key.lower(): value for key, value in body.items()}
    try:
        found = json.loads(str(fields.get(name.lower(), "[]")))
    except json.JSONDecodeError:
        raise Refused(Code.BAD_PARAMETER) from None
    if not isinstance(found, list) or len(cast("list[object]", found)) > most:
        raise Refused(Code.BATCH_SIZE)
    return cast("list[object]", found)


def page(body: Body, written: list[Payload], now_ms: int, number: str, time: str) -> list[Payload]:
    """Return the page of *written* (oldest first) that *body* asks for.

    *number* and *time* are the fields of a row by which it is found: from a number on, or between
    two times, by themselves the last seven days.

    Raises:
        Refused: The times are more than seven days apart.
    """
    start_ms, end_ms = whole(body, "startTime"), whole(body, "endTime")
    if start_ms and end_ms and end_ms - start_ms > RECENT_MS:
        raise Refused(Code.TIME_SPAN)
    limit = max(1, min(whole(body, "limit", PAGE), PAGE_MAX))
    first = whole(body, "fromId" if number == "id" else number)
    if first:
        return [each for each in written if cast("int", each[number]) >= first][:limit]
    last_ms = end_ms or (start_ms + RECENT_MS if start_ms else now_ms)
    first_ms = start_ms or last_ms - RECENT_MS
    found = [each for each in written if first_ms <= cast("int", each[time]) <= last_ms]
    return found[:limit] if start_ms else found[-limit:]
