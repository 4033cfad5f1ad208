"""Contracts, tickers, candles, trades and funding as the venue writes them."""

from decimal import Decimal

from adapters.exchange import figures
from adapters.exchange.binance.limits import ORDERS, WEIGHT
from adapters.exchange.binance.private import CONDITIONAL
from adapters.exchange.core import FUNDING_NS, Exchange
from adapters.exchange.market import Bar, Print, length_ms
from adapters.exchange.text import ratio, text
from adapters.exchange.wire import Payload
from spec.terms import Side
from spec.units import MILLI_NS

NO_DELIVERY_MS = 4_133_404_800_000
INTERVALS = {  # by the venue's name, in the words of the market
    "1m": "1",
    "3m": "3",
    "5m": "5",
    "15m": "15",
    "30m": "30",
    "1h": "60",
    "2h": "120",
    "4h": "240",
    "6h": "360",
    "8h": "480",
    "12h": "720",
    "1d": "D",
    "3d": "4320",
    "1w": "W",
    "1M": "M",
}


class Public:
    """Writes the market of *exchange*."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def exchange_info(self, now_ms: int) -> Payload:
        """Write the rules, the asset and the contracts."""
        rates = [
            {
                "rateLimitType": each.kind,
                "interval": each.interval,
                "intervalNum": each.number,
                "limit": each.limit,
            }
            for each in (WEIGHT, *ORDERS)
        ]
        asset = {"asset": self.exchange.listings[0].quote, "marginAvailable": True}
        return {
            "timezone": "UTC",
            "serverTime": now_ms,
            "futuresType": "U_MARGINED",
            "rateLimits": rates,
            "exchangeFilters": [],
            "assets": [asset],
            "symbols": [self._contract(each) for each in range(len(self.exchange.listings))],
        }

    def _contract(self, symbol: int) -> Payload:
        """Write the contract of *symbol*."""
        listing = self.exchange.listings[symbol]
        each = listing.instrument
        most = text(each.max_qty, each.lot)
        size = {"minQty": text(each.min_qty, each.lot), "maxQty": most, "stepSize": each.lot}
        price = {
            "filterType": "PRICE_FILTER",
            "minPrice": each.tick,
            "maxPrice": text(figures.PRICE_TICKS_MAX, each.tick),
            "tickSize": each.tick,
        }
        notional = text(each.min_notional, each.money)
        return {
            "symbol": listing.symbol,
            "pair": listing.symbol,
            "contractType": "PERPETUAL",
            "deliveryDate": NO_DELIVERY_MS,
            "onboardDate": listing.candles.start_ms,
            "status": "TRADING",
            "baseAsset": listing.base,
            "quoteAsset": listing.quote,
            "marginAsset": listing.quote,
            "pricePrecision": _decimals(each.tick),
            "quantityPrecision": _decimals(each.lot),
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "liquidationFee": text(each.liquidation_ppm, "0.000001"),
            "orderTypes": ["LIMIT", "MARKET", *CONDITIONAL],
            "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
            "filters": [
                price,
                {"filterType": "LOT_SIZE"} | size,
                {"filterType": "MARKET_LOT_SIZE"} | size,
                {"filterType": "MIN_NOTIONAL", "notional": notional},
            ],
        }

    def ticker(self, symbol: int) -> Payload:
        """Write the last 24 hours of *symbol*."""
        exchange = self.exchange
        listing, day = exchange.listings[symbol], exchange.market.day(symbol)
        tick, volume = listing.instrument.tick, figures.volume(listing, day.volume)
        last = exchange.market.last_print(symbol)
        return {
            "symbol": listing.symbol,
            "priceChange": text(day.close - day.open, tick),
            "priceChangePercent": ratio(100 * (day.close - day.open), day.open, "1", 3),
            "weightedAvgPrice": text(day.close, tick),
            "lastPrice": text(day.close, tick),
            "lastQty": volume,
            "openPrice": text(day.open, tick),
            "highPrice": text(day.high, tick),
            "lowPrice": text(day.low, tick),
            "volume": volume,
            "quoteVolume": figures.turnover(listing, day.volume, day.close),
            "openTime": day.start_ms,
            "closeTime": exchange.now_ns // MILLI_NS,
            "firstId": 1,
            "lastId": last,
            "count": last,
        }

    def price(self, symbol: int) -> Payload:
        """Write the last price of *symbol*."""
        listing, now_ms = self.exchange.listings[symbol], self.exchange.now_ns // MILLI_NS
        price = text(self.exchange.market.price(symbol), listing.instrument.tick)
        return {"symbol": listing.symbol, "price": price, "time": now_ms}

    def best(self, symbol: int) -> Payload:
        """Write the best bid and ask of *symbol*."""
        bid, ask = (self.levels(symbol, side) for side in figures.book(self.exchange, symbol, 1))
        return {
            "symbol": self.exchange.listings[symbol].symbol,
            "bidPrice": bid[0][0],
            "bidQty": bid[0][1],
            "askPrice": ask[0][0],
            "askQty": ask[0][1],
            "time": self.exchange.now_ns // MILLI_NS,
        }

    def premium(self, symbol: int) -> Payload:
        """Write mark price, index price and funding of *symbol*."""
        price = self.price(symbol)
        rate = text(self.exchange.terms.funding_ppm, "0.000001")
        return {
            "symbol": price["symbol"],
            "markPrice": price["price"],
            "indexPrice": price["price"],
            "estimatedSettlePrice": price["price"],
            "lastFundingRate": rate,
            "interestRate": rate,
            "nextFundingTime": self.exchange.funding_at_ns // MILLI_NS,
            "time": price["time"],
        }

    def fundings(self, symbol: int) -> list[Payload]:
        """Write when funding was paid on *symbol*, oldest first."""
        name = self.exchange.listings[symbol].symbol
        return [
            {
                "symbol": name,
                "fundingRate": text(each.rate_ppm, "0.000001"),
                "fundingTime": each.time_ns // MILLI_NS,
                "markPrice": "",
            }
            for each in self.exchange.fundings
        ]

    def funding_info(self, symbol: int) -> Payload:
        """Write how often funding of *symbol* is paid."""
        return {
            "symbol": self.exchange.listings[symbol].symbol,
            "adjustedFundingRateCap": "0.02",
            "adjustedFundingRateFloor": "-0.02",
            "fundingIntervalHours": FUNDING_NS // MILLI_NS // 3_600_000,
            "disclaimer": False,
        }

    def levels(self, symbol: int, levels: figures.Levels) -> list[list[str]]:
        """Write one side of the book."""
        each = self.exchange.listings[symbol].instrument
        return [[text(ticks, each.tick), text(lots, each.lot)] for ticks, lots in levels]

    def kline(self, symbol: int, interval: str, bar: Bar) -> list[object]:
        """Write a candle as the list of its columns; *interval* is the venue's name."""
        listing = self.exchange.listings[symbol]
        tick, turnover = listing.instrument.tick, figures.turnover(listing, bar.volume, bar.close)
        volume = figures.volume(listing, bar.volume)
        prices = [text(each, tick) for each in (bar.open, bar.high, bar.low, bar.close)]
        end_ms = bar.start_ms + length_ms(INTERVALS[interval]) - 1
        return [bar.start_ms, *prices, volume, end_ms, turnover, 4, volume, turnover, "0"]

    def trade(self, symbol: int, each: Print) -> Payload:
        """Write a trade of the tape."""
        listing = self.exchange.listings[symbol]
        return {
            "id": each.number,
            "price": text(each.price, listing.instrument.tick),
            "qty": figures.volume(listing, each.volume),
            "quoteQty": figures.turnover(listing, each.volume, each.price),
            "time": each.time_ms,
            "isBuyerMaker": each.side is Side.SELL,
        }

    def aggregate(self, symbol: int, each: Print) -> Payload:
        """Write a trade of the tape as one that stands for itself alone."""
        written = self.trade(symbol, each)
        return {
            "a": each.number,
            "p": written["price"],
            "q": written["qty"],
            "f": each.number,
            "l": each.number,
            "T": each.time_ms,
            "m": written["isBuyerMaker"],
        }


def _decimals(unit: str) -> int:
    """Return how many decimals *unit* has."""
    return max(-int(Decimal(unit).as_tuple().exponent), 0)
