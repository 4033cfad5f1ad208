"""What the server hands to a dialect and gets back, whichever venue is imitated."""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Any, Protocol, cast

from attrs import frozen

from adapters.exchange.core import Exchange
from adapters.exchange.records import Notice
from adapters.exchange.trader import Trader

Body = Mapping[str, object]
Payload = dict[str, object]
Message = Payload | list[Payload]


@frozen(kw_only=True)
class Request:
    """A request as it came: header names in capitals, *clock_ms* the computer's Unix time."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    clock_ms: int


@frozen
class Answer:
    """What is answered: JSON, headers, and the status of HTTP."""

    body: Any
    headers: Mapping[str, str]
    status: int = HTTPStatus.OK


class Session(Protocol):
    """One connection of a client to a stream; each method returns what it is told."""

    def receive(self, text: str, clock_ms: int, /) -> Sequence[Message]:
        """Answer a message of the client."""
        ...

    def notify(self, trader: Trader, notices: tuple[Notice, ...], /) -> Sequence[Message]:
        """Tell what has happened to *trader*."""
        ...

    def market(self, clock_ms: int, /) -> Sequence[Message]:
        """Tell what has changed in the market since it was last asked."""
        ...


class Dialect(Protocol):
    """The words of a venue in front of *exchange*."""

    exchange: Exchange

    def answer(self, request: Request, /) -> Answer:
        """Answer *request*; a refusal is an answer too."""
        ...

    def stream(self, path: str, query: str, name: str, /) -> Session | None:
        """Open the stream at *path* for a connection called *name*, or say that there is none."""
        ...

    def due(self, clock_ms: int, /) -> None:
        """Do what was to be done by the computer's Unix *clock_ms*."""
        ...


class Refused(Exception):  # noqa: N818  # the exchange's answer, not a fault of the program
    """A request is answered with *code*, which is (number, usual message) or has another one."""

    def __init__(self, code: Enum, message: str = "") -> None:
        number, usual = code.value
        self.kind, self.code, self.message = code, int(number), message or str(usual)
        super().__init__(f"{self.code} {self.message}")


def fields(text: str) -> Payload:
    """Return the JSON object in *text*, empty where it is none."""
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return cast("Payload", found) if isinstance(found, dict) else {}


def listed(body: Body, name: str) -> list[str]:
    """Return the list in field *name* as texts, empty where it is none."""
    found = body.get(name)
    return [str(each) for each in cast("list[object]", found)] if isinstance(found, list) else []


def said(body: Body, name: str) -> str:
    """Return field *name* as text, empty where it is not there."""
    value = body.get(name)
    return "" if value is None else str(value)
