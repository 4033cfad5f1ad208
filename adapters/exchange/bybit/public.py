"""Contracts, tickers, candles, the book and funding as the venue writes them."""

from decimal import Decimal

from adapters.exchange import figures
from adapters.exchange.bybit.private import SIDE
from adapters.exchange.core import FUNDING_NS, Exchange
from adapters.exchange.market import Bar, Print
from adapters.exchange.text import ratio, text
from adapters.exchange.wire import Payload
from spec.terms import Side
from spec.units import MILLI_NS


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
                "maxPrice": text(figures.PRICE_TICKS_MAX, each.tick),
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
        bid, ask = (self.levels(symbol, side) for side in figures.book(exchange, symbol, 1))
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
            "volume24h": figures.volume(listing, day.volume),
            "turnover24h": figures.turnover(listing, day.volume, day.close),
            "fundingRate": text(exchange.terms.funding_ppm, "0.000001"),
            "nextFundingTime": str(exchange.funding_at_ns // MILLI_NS),
            "bid1Price": bid[0][0],
            "bid1Size": bid[0][1],
            "ask1Price": ask[0][0],
            "ask1Size": ask[0][1],
            "deliveryTime": "0",
            "basis": "",
        }

    def levels(self, symbol: int, levels: figures.Levels) -> list[list[str]]:
        """Write one side of the book."""
        instrument = self.exchange.listings[symbol].instrument
        return [
            [text(ticks, instrument.tick), text(lots, instrument.lot)] for ticks, lots in levels
        ]

    def kline(self, symbol: int, bar: Bar) -> list[str]:
        """Write a candle as the list of its columns."""
        listing = self.exchange.listings[symbol]
        tick = listing.instrument.tick
        prices = [text(each, tick) for each in (bar.open, bar.high, bar.low, bar.close)]
        traded = (
            figures.volume(listing, bar.volume),
            figures.turnover(listing, bar.volume, bar.close),
        )
        return [str(bar.start_ms), *prices, *traded]

    def trade(self, symbol: int, each: Print) -> Payload:
        """Write a trade of the tape."""
        listing = self.exchange.listings[symbol]
        return {
            "execId": str(each.number),
            "symbol": listing.symbol,
            "price": text(each.price, listing.instrument.tick),
            "size": figures.volume(listing, each.volume),
            "side": SIDE[each.side],
            "time": str(each.time_ms),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(each.number),
        }

    def streamed_trade(self, symbol: int, each: Print) -> Payload:
        """Write a trade of the tape as a stream does."""
        written = self.trade(symbol, each)
        return {
            "T": each.time_ms,
            "s": written["symbol"],
            "S": written["side"],
            "v": written["size"],
            "p": written["price"],
            "L": "PlusTick" if each.side is Side.BUY else "MinusTick",
            "i": written["execId"],
            "BT": False,
            "RPI": False,
            "seq": each.number,
        }

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

    def tiers(self, symbol: int) -> list[Payload]:
        """Write the maintenance margin of *symbol* by notional."""
        instrument = self.exchange.listings[symbol].instrument
        return [
            {
                "id": number,
                "symbol": instrument.symbol,
                "riskLimitValue": text(tier.notional_max, instrument.money),
                "maintenanceMargin": text(tier.maintenance_ppm, "0.000001"),
                "initialMargin": ratio(1, instrument.leverage_max, "1"),
                "isLowestRisk": int(number == 1),
                "maxLeverage": str(instrument.leverage_max),
                "mmDeduction": "",
            }
            for number, tier in enumerate(instrument.tiers, 1)
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
