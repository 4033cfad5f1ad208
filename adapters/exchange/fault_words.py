"""How each dialect says what a fault makes it say, and which paths a fault concerns."""

import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qsl

from adapters.exchange.binance.errors import Code as Binance
from adapters.exchange.bybit.errors import Code as Bybit
from adapters.exchange.wire import fields

if TYPE_CHECKING:
    from aiohttp import web

SIGNED = ("timestamp", "signature", "recvWindow")
UNAVAILABLE = "maintenance"
WAIT = {"Retry-After": "5"}


class Route(IntEnum):
    """What a request is about."""

    OTHER = 0
    CREATE = 1
    CANCEL = 2
    ORDERS = 3
    POSITIONS = 4


class Words(NamedTuple):
    """What a dialect says; *codes* are of refusals by fault, *absent* of an order not found."""

    routes: Mapping[tuple[str, str], Route]
    codes: Mapping[str, tuple[int, str]]
    absent: Mapping[Route, tuple[int, str]]
    body: Callable[[int, str], dict[str, object]]
    status: int
    key: str

    def route(self, method: str, path: str) -> Route:
        """Return what a request is about."""
        return self.routes.get((method, path), Route.OTHER)

    def refusal(self, name: str) -> "web.Response":
        """Return the refusal that the fault *name* makes."""
        from aiohttp import web

        if name == UNAVAILABLE:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="maintenance")
        limited = name == "rate_limit"
        status = HTTPStatus.TOO_MANY_REQUESTS if limited and self.status != HTTPStatus.OK else None
        body = self.body(*self.codes[name])
        headers = WAIT if limited else {}
        return web.json_response(body, status=status or self.status, headers=headers)

    def hides(self, route: Route) -> "web.Response | None":
        """Return the answer that an order is not found, to a request of *route*."""
        from aiohttp import web

        if route not in self.absent:
            return None
        number, text = self.absent[route]
        status = self.status if number else HTTPStatus.OK
        return web.json_response(self.body(number, text), status=status)

    def question(self, request: "web.Request") -> tuple[str, str]:
        """Return who asks what, whenever it is asked."""
        pairs = parse_qsl(request.query_string)
        asked = sorted(pair for pair in pairs if pair[0] not in SIGNED)
        return request.headers.get(self.key, ""), f"{request.path} {asked}"


def _bybit(number: int, text: str) -> dict[str, object]:
    """Return an answer of Bybit."""
    result: dict[str, object] = {"list": list[object](), "nextPageCursor": ""}
    return {"retCode": number, "retMsg": text, "result": result, "retExtInfo": {}, "time": 0}


def _binance(number: int, text: str) -> dict[str, object]:
    """Return an answer of Binance."""
    return {"code": number, "msg": text}


WORDS: Mapping[str, Words] = {
    "v5": Words(
        routes={
            ("POST", "/v5/order/create"): Route.CREATE,
            ("POST", "/v5/order/cancel"): Route.CANCEL,
            ("GET", "/v5/order/realtime"): Route.ORDERS,
            ("GET", "/v5/position/list"): Route.POSITIONS,
        },
        codes={
            "clock_drift": Bybit.BAD_TIME.value,
            "rate_limit": Bybit.TOO_MANY.value,
            "leg_mismatch": Bybit.BAD_POSITION_INDEX.value,
            "reduce_only_reject": Bybit.REDUCE_ONLY.value,
        },
        absent={Route.ORDERS: (0, "OK"), Route.CANCEL: Bybit.NOT_FOUND.value},
        body=_bybit,
        status=HTTPStatus.OK,
        key="X-BAPI-API-KEY",
    ),
    "fapi": Words(
        routes={
            ("POST", "/fapi/v1/order"): Route.CREATE,
            ("POST", "/fapi/v1/algoOrder"): Route.CREATE,
            ("DELETE", "/fapi/v1/order"): Route.CANCEL,
            ("GET", "/fapi/v1/order"): Route.ORDERS,
            ("GET", "/fapi/v1/openOrders"): Route.ORDERS,
            ("GET", "/fapi/v2/positionRisk"): Route.POSITIONS,
            ("GET", "/fapi/v3/positionRisk"): Route.POSITIONS,
        },
        codes={
            "clock_drift": Binance.BAD_TIME.value,
            "rate_limit": Binance.TOO_MANY.value,
            "leg_mismatch": Binance.POSITION_SIDE.value,
            "reduce_only_reject": Binance.REDUCE_ONLY.value,
        },
        absent={Route.ORDERS: Binance.NO_ORDER.value, Route.CANCEL: Binance.UNKNOWN_ORDER.value},
        body=_binance,
        status=HTTPStatus.BAD_REQUEST,
        key="X-MBX-APIKEY",
    ),
}


def executed(answer: "web.StreamResponse") -> bool:
    """Return whether *answer* says that a command was carried out."""
    from aiohttp import web

    if answer.status != HTTPStatus.OK or not isinstance(answer, web.Response):
        return False
    return fields(answer.text or "").get("retCode", 0) == 0


def phantom(text: str) -> str:
    """Return the positions in *text* with an empty leg before them."""
    found: Any = json.loads(text)
    rows = cast("list[dict[str, object]]", found["result"]["list"] if fields(text) else found)
    if rows:
        rows.insert(0, rows[0] | {"size": "0", "side": "", "positionAmt": "0"})
    return json.dumps(found)
