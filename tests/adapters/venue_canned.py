"""A venue of canned answers: for tests of adapters to venues that nothing here simulates."""
# ruff: noqa: ANN401, S106  # canned answers are JSON, and the secrets are none

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.venue.ccxt_venue import CcxtVenue
from adapters.venue.credentials import Credentials
from adapters.venue.dialect import Item
from adapters.venue.feed import Feed
from adapters.venue.port import Snapshot
from adapters.venue.venues import VENUES

BOT = "bot-1"
NOW_MS = 1_700_000_040_000


class Canned:
    """Answers by path (OKX) or by the kind of a question or action (Hyperliquid)."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[tuple[str, Any]]()

    async def fetch(self, url: str, method: str = "", headers: Any = None, body: Any = None) -> Any:
        """Answer one request."""
        del method, headers
        said = json.loads(body) if body else {}
        told = said if isinstance(said, dict) else {}
        name = told.get("action", told).get("type") or urlsplit(url).path.partition("/v5/")[2]
        self.asked.append((name, told.get("action", said)))
        return self.answers[name]


@asynccontextmanager
async def opened(
    monkeypatch: pytest.MonkeyPatch, venue: str, symbol: str, answers: dict[str, Any]
) -> AsyncIterator[tuple[CcxtVenue, Canned]]:
    """Open the adapter of *venue* on canned *answers*, without its streams."""

    async def whole(_: Feed, __: float) -> str:
        return ""

    monkeypatch.setattr(Feed, "open", whole)
    keys = Credentials(key="k", secret="0x" + "1" * 64, password="p", wallet="0x" + "1" * 40)
    found, canned = CcxtVenue(VENUES[venue], [symbol], BOT, keys), Canned(answers)
    found._client.exchange.fetch = canned.fetch
    try:
        assert await found.open() is None
        yield found, canned
    finally:
        await found.close()


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run *test* to its end."""
    asyncio.run(test)


def value(found: Any) -> Any:
    """Return what was answered."""
    assert isinstance(found, Snapshot), found
    return found.value


def items(venue: CcxtVenue, message: dict[str, Any]) -> list[Item]:
    """Return what is read in a message of a stream."""
    return list(venue._dialect.news(venue._roster, message))
