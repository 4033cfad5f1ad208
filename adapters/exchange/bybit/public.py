"""Contracts, tickers, candles, the book and funding as the venue writes them.

The book is a picture: one tick on either side of the last price, as much again at each further
tick.  An order at the last price itself takes.
"""

from decimal import Decimal

from adapters.exchange.bybit.text import ratio, text
from adapters.exchange.core import FUNDING_NS, Exchange
from adapters.exchange.market import Bar
from spec.units import MILLI_NS

Payload = dict[str, object]
Level = list[str]
LEVEL_LOTS = 1_000
DEPTH_MAX = 200
PRICE_TICKS_MAX = 10**9


class Public:
    """Writes the market of *exchange*."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def instrument(self, symbol: int) -> Payload:
        """Write the contract of *symbol*."""
        listing = self.exchange.listings[symbol]
        each = listing.instrument
        return {
            "symbol": listing.symbol,
            "contractType": "LinearPerpetual",
            "status": "Trading",
            "baseCoin": listing.base,
            "quoteCoin": listing.quote,
            "settleCoin": listing.quote,
            "launchTime": str(listing.candles.start_ms),
            "deliveryTime": "0",
            "deliveryFeeRate": "",
            "priceScale": str(-int(Decimal(each.tick).as_tuple().exponent)),
            "leverageFilter": {
                "minLeverage": "1",
                "maxLeverage": str(each.leverage_max),
                "leverageStep": "1",
            },
            "priceFilter": {
                "minPrice": each.tick,
                "maxPrice": text(PRICE_TICKS_MAX, each.tick),
                "tickSize": each.tick,
            },
            "lotSizeFilter": {
                "minOrderQty": text(each.min_qty, each.lot),
                "maxOrderQty": text(each.max_qty, each.lot),
                "maxMktOrderQty": text(each.max_qty, each.lot),
                "postOnlyMaxOrderQty": text(each.max_qty, each.lot),
                "qtyStep": each.lot,
                "minNotionalValue": text(each.min_notional, each.money),
            },
            "unifiedMarginTrade": True,
            "fundingInterval": FUNDING_NS // MILLI_NS // 60_000,
            "copyTrading": "none",
            "upperFundingRate": "0.00375",
            "lowerFundingRate": "-0.00375",
            "isPreListing": False,
            "preListingInfo": None,
        }

    def ticker(self, symbol: int) -> Payload:
        """Write the prices of *symbol* and its last 24 hours."""
        exchange = self.exchange
        listing, day, price = (
            exchange.listings[symbol],
            exchange.market.day(symbol),
            self._price(symbol),
        )
        tick = listing.instrument.tick
        bid, ask = self.book(symbol, 1)
        return {
            "symbol": listing.symbol,
            "lastPrice": price,
            "markPrice": price,
            "indexPrice": price,
            "prevPrice24h": text(day.open, tick),
            "price24hPcnt": ratio(day.close - day.open, day.open, "1", 6),
            "highPrice24h": text(day.high, tick),
            "lowPrice24h": text(day.low, tick),
            "prevPrice1h": text(day.open, tick),
            "openInterest": "0",
            "openInterestValue": "0",  # its presence says that this is a contract
            "volume24h": self._volume(symbol, day),
            "turnover24h": self._turnover(symbol, day),
            "fundingRate": text(exchange.terms.funding_ppm, "0.000001"),
            "nextFundingTime": str(exchange.funding_at_ns // MILLI_NS),
            "bid1Price": bid[0][0],
            "bid1Size": bid[0][1],
            "ask1Price": ask[0][0],
            "ask1Size": ask[0][1],
            "deliveryTime": "0",
            "basis": "",
        }

    def book(self, symbol: int, depth: int) -> tuple[list[Level], list[Level]]:
        """Write *depth* levels of bids and asks, the best first."""
        instrument = self.exchange.listings[symbol].instrument
        price = self.exchange.market.price(symbol)
        lots = self.exchange.terms.venue.liquidity_lots or LEVEL_LOTS
        away = max(self.exchange.terms.venue.slippage_ticks, 1)
        sides = list[list[Level]]()
        for sign in (-1, 1):
            ticks = (price + sign * (away + level) for level in range(depth))
            rows = [
                [text(each, instrument.tick), text(lots * (level + 1), instrument.lot)]
                for level, each in enumerate(ticks)
                if each > 0
            ]
            sides.append(rows)
        return sides[0], sides[1]

    def kline(self, symbol: int, bar: Bar) -> list[str]:
        """Write a candle as the list of its columns."""
        tick = self.exchange.listings[symbol].instrument.tick
        prices = [text(each, tick) for each in (bar.open, bar.high, bar.low, bar.close)]
        return [str(bar.start_ms), *prices, self._volume(symbol, bar), self._turnover(symbol, bar)]

    def funding(self, symbol: int) -> list[Payload]:
        """Write when funding was paid on *symbol*, the newest first."""
        name = self.exchange.listings[symbol].symbol
        return [
            {
                "symbol": name,
                "fundingRate": text(each.rate_ppm, "0.000001"),
                "fundingRateTimestamp": str(each.time_ns // MILLI_NS),
            }
            for each in reversed(self.exchange.fundings)
        ]

    def fee_rate(self, symbol: int) -> Payload:
        """Write what makers and takers of *symbol* pay."""
        listing = self.exchange.listings[symbol]
        return {
            "symbol": listing.symbol,
            "baseCoin": "",
            "takerFeeRate": text(listing.instrument.taker_ppm, "0.000001"),
            "makerFeeRate": text(listing.instrument.maker_ppm, "0.000001"),
        }

    def _price(self, symbol: int) -> str:
        """Write the last price."""
        return text(
            self.exchange.market.price(symbol), self.exchange.listings[symbol].instrument.tick
        )

    def _volume(self, symbol: int, bar: Bar) -> str:
        """Write the volume of *bar* in the base currency."""
        unit = Decimal(1).scaleb(-self.exchange.listings[symbol].candles.volume_dp)
        return text(bar.volume, f"{unit:f}")

    def _turnover(self, symbol: int, bar: Bar) -> str:
        """Write the volume of *bar* in the quote currency, at its close."""
        listing = self.exchange.listings[symbol]
        unit = Decimal(listing.instrument.tick).scaleb(-listing.candles.volume_dp)
        return text(bar.volume * bar.close, f"{unit:f}")
