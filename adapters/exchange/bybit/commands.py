"""Commands over a stream: some requests of HTTP under other names, on a connection signed once."""

from collections.abc import Callable, Mapping
from typing import cast

from adapters.exchange.bybit import auth
from adapters.exchange.bybit.errors import Code
from adapters.exchange.records import Notice
from adapters.exchange.signing import recent
from adapters.exchange.trader import Trader
from adapters.exchange.wire import Answer, Body, Payload, fields, listed, said

PATH = "/v5/trade"
METHODS = ("create", "amend", "cancel", "create-batch", "amend-batch", "cancel-batch")
PATHS = {f"order.{name}": f"/v5/order/{name}" for name in METHODS}
Do = Callable[[str, str, Body, int], Answer]


class CommandSession:
    """One connection, *name*, whose messages are commands that are given to *do*.

    That takes an account, a path, a body and the computer's time; *keys* are as those of requests,
    *now_ms* tells the time at the exchange.
    """

    def __init__(
        self, do: Do, keys: Mapping[str, tuple[str, str]], now_ms: Callable[[], int], name: str
    ) -> None:
        self._do, self._keys, self._now_ms, self._name = do, keys, now_ms, name
        self._account: str | None = None

    def receive(self, text: str, clock_ms: int) -> list[Payload]:
        """Return the answer to a message."""
        asked = fields(text)
        clocks, name = (clock_ms, self._now_ms()), said(asked, "op")
        if name == "ping":
            return [self._told(asked, 0, "OK", {"op": "pong", "data": [str(self._now_ms())]})]
        if name == "auth":
            self._account = auth.stream_account(listed(asked, "args"), self._keys, clocks)
            return [self._told(asked, *(Code.BAD_SIGN.value if not self._account else (0, "OK")))]
        if self._account is None:
            return [self._told(asked, *Code.NOT_AUTHORIZED.value)]
        header, args = _object(asked.get("header")), asked.get("args")
        window = said(header, "X-BAPI-RECV-WINDOW") or str(auth.WINDOW_MS)
        if not recent(said(header, "X-BAPI-TIMESTAMP"), window, clocks):
            return [self._told(asked, *Code.BAD_TIME.value)]
        if name not in PATHS or not isinstance(args, list) or not args:
            return [self._told(asked, *Code.NO_PATH.value)]
        body = _object(cast("list[object]", args)[0])
        answer = self._do(self._account, PATHS[name], body, clock_ms)
        told = {"data": answer.body["result"], "retExtInfo": answer.body["retExtInfo"]}
        told["header"] = dict(answer.headers) | {"Timenow": str(self._now_ms())}
        return [self._told(asked, answer.body["retCode"], answer.body["retMsg"], told)]

    def notify(self, _: Trader, __: tuple[Notice, ...]) -> list[Payload]:
        """Return nothing: accounts have a stream of their own."""
        return []

    def market(self, _: int) -> list[Payload]:
        """Return nothing: so has the market."""
        return []

    def _told(self, asked: Payload, code: int, words: str, more: Payload | None = None) -> Payload:
        """Return an answer to what was *asked*."""
        told: Payload = {"reqId": said(asked, "reqId"), "retCode": code, "retMsg": words}
        told |= {"op": said(asked, "op"), "data": dict[str, object](), "connId": self._name}
        return told | (more or {})


def _object(value: object) -> Body:
    """Return *value* where it is an object, else an empty one."""
    return cast("Body", value) if isinstance(value, dict) else {}
