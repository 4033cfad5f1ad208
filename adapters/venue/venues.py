"""The venues by name."""

from adapters.venue.binance import Binance
from adapters.venue.bybit import Bybit
from adapters.venue.dialect import Dialect
from adapters.venue.hyperliquid import Hyperliquid
from adapters.venue.okx import Okx

VENUES: dict[str, Dialect] = {
    "bybit": Bybit(),
    "binance": Binance(),
    "okx": Okx(),
    "hyperliquid": Hyperliquid(),
}
