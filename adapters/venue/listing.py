"""What a venue lists: its perpetual contracts that are linear and settle in one currency."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from adapters.venue import text
from adapters.venue.client import UNREADABLE, Client
from adapters.venue.outcomes import Failure


@frozen
class Listed:
    """The contract of *coin*, of which so much was traded in a day, in the quote currency.

    *since_ms* (Unix ms) is when it was listed, None where the venue does not tell.
    """

    coin: str
    since_ms: int | None
    turnover: Decimal


async def listing(client: Client, quote: str) -> tuple[Listed, ...] | Failure:
    """Return the contracts of the venue of *client* that settle in *quote* and trade."""
    failed = await client.load(())
    if isinstance(failed, Failure):
        return failed
    markets = {
        symbol: market
        for symbol, market in client.exchange.markets.items()
        if symbol == f"{market['base']}/{quote}:{quote}" and market["swap"] and market["active"]
    }
    try:
        tickers = await client.exchange.fetch_tickers(list(markets))
        return tuple(_listed(each, tickers[name]) for name, each in markets.items())
    except (client.errors, *UNREADABLE, OSError) as error:
        return Failure("", f"{type(error).__name__}: {error}")


def _listed(market: Mapping[str, Any], ticker: Mapping[str, Any]) -> Listed:
    """Return what ccxt says of a contract; some venues count contracts, not money."""
    turnover = ticker["quoteVolume"]
    if turnover is None:
        terms = ticker["baseVolume"], market["contractSize"], ticker["last"]
        turnover = text.product(*(text.number(each or 0) for each in terms))
    return Listed(market["base"], market["created"], text.number(turnover))
