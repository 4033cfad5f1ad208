"""Commands over a stream: the requests of HTTP under other names, answered on one connection."""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from adapters.exchange.records import Notice
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Answer, Body, Message, Request, fields

PATH = "/ws-fapi/v1"
METHODS = {
    "ping": ("GET", "/fapi/v1/ping"),
    "time": ("GET", "/fapi/v1/time"),
    "depth": ("GET", "/fapi/v1/depth"),
    "ticker.price": ("GET", "/fapi/v1/ticker/price"),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
    "order.place": ("POST", "/fapi/v1/order"),
    "order.test": ("POST", "/fapi/v1/order/test"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
}


class CommandSession:
    """One connection whose messages *ask* answers as if they were requests."""

    def __init__(self, ask: Callable[[Request], Answer]) -> None:
        self._ask = ask

    def receive(self, text: str, clock_ms: int) -> list[Message]:
        """Return the answer to a message."""
        said = fields(text)
        params = said.get("params")
        answer = self._ask(_request(str(said.get("method")), params, clock_ms))
        name = "result" if answer.status == HTTPStatus.OK else "error"
        return [{"id": said.get("id"), "status": int(answer.status), name: answer.body}]

    def notify(self, _: Trader, __: tuple[Notice, ...]) -> list[Message]:
        """Return nothing: accounts have streams of their own."""
        return []

    def market(self, _: int) -> list[Message]:
        """Return nothing: so has the market."""
        return []


def _request(name: str, params: object, clock_ms: int) -> Request:
    """Return what a message asks for; its signature is of the parameters in alphabetical order."""
    method, path = METHODS.get(name, ("GET", f"/{name}"))
    found: Body = cast("Body", params) if isinstance(params, dict) else {}
    texts = {key: _text(value) for key, value in found.items()}
    signature = texts.pop("signature", "")
    query = "&".join(f"{key}={texts[key]}" for key in sorted(texts))
    return Request(
        method=method,
        path=path,
        query=f"{query}&signature={signature}" if signature else query,
        headers={"X-MBX-APIKEY": texts.get("apiKey", "")},
        body="",
        clock_ms=clock_ms,
    )


def _text(value: object) -> str:
    """Return *value* as it is signed."""
    return str(value).lower() if isinstance(value, bool) else str(value)
