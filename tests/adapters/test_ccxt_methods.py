"""What the unmodified client library says it can do, it can do on the simulated exchange."""

import asyncio
from importlib import import_module
from typing import Any

import pytest

pytest.importorskip("ccxt", reason="ccxt is not installed: nothing to point at it")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: the exchange cannot be served")

from tests.evidence.ccxt_methods import (
    KINDS,
    VENUES,
    Came,
    results,
    unknown,
)

BUT = {  # what does not work, and why: docs/how-to/trade-on-the-simulated-exchange.md
    "bybit": {
        "fetchLongShortRatioHistory": Came.ABSENT,
        "fetchOpenInterest": Came.ABSENT,
        "fetchOpenInterestHistory": Came.ABSENT,
        "fetchPremiumIndexOHLCV": Came.ABSENT,
        "fetchTradingFees": Came.REFUSED,  # the client names no category
    },
    "binance": {
        "cancelAllOrdersWs": Came.CLIENT,
        "fetchADLRank": Came.ABSENT,
        "fetchLedgerEntry": Came.CLIENT,
        "fetchLongShortRatioHistory": Came.ABSENT,
        "fetchMyTradesWs": Came.ABSENT,
        "fetchOHLCVWs": Came.ABSENT,
        "fetchOpenInterestHistory": Came.ABSENT,
        "fetchOpenOrdersWs": Came.CLIENT,
        "fetchOrderTrades": Came.CLIENT,
        "fetchOrdersWs": Came.CLIENT,
        "fetchPosition": Came.CLIENT,
        "fetchPositionADLRank": Came.ABSENT,
        "fetchPositionForSymbolWs": Came.CLIENT,
        "fetchPositionsADLRank": Came.ABSENT,
        "fetchPremiumIndexOHLCV": Came.ABSENT,
        "fetchTradesWs": Came.ABSENT,
    },
}
EMPTY = {  # where nothing has happened yet
    "cancelAllOrders",
    "cancelAllOrders trigger",
    "fetchFundingHistory",
    "fetchFundingRateHistory",
    "fetchMyLiquidations",
    "fetchOpenOrders trigger",
}


@pytest.mark.parametrize("name", VENUES)
def test_every_method_of_the_client_is_looked_at(name: str) -> None:
    """What the client has is called, or has nothing to do with linear contracts."""
    client: Any = getattr(import_module("ccxt.pro"), VENUES[name].client)()
    assert unknown(client.has) == set()


@pytest.mark.parametrize("name", VENUES)
def test_what_the_client_has_works(name: str) -> None:
    """Each method gets an answer that it can read; the others are known, and why."""
    found = asyncio.run(results(name, [kind for kind in KINDS if kind != "streams"]))
    other = {each.method: each for each in found if each.came is not Came.WORKS}
    for way in [way for way in EMPTY & other.keys() if other[way].came is Came.EMPTY]:
        del other[way]
    assert {way: each.came for way, each in other.items()} == BUT[name], other
