"""Measure NautilusTrader's backtest engine with the small wallet, on external one-minute bars."""

# mypy: disable-error-code="import-not-found, misc"

from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.events import OrderCanceled, OrderDenied, OrderFilled, OrderRejected
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from tests.benchmarks.probe import Market, Watch, arguments, read, report, unit_ticks
from tests.benchmarks.small_wallet import (
    DEPOSIT,
    LEVERAGE,
    TAKER_PPM,
    Wallet,
    Wanted,
    changes,
    sized,
)

VENUE = Venue("BENCH")
PPM = Decimal("0.000001")


class Hedge(Strategy):
    """The small wallet: cancels and orders after each bar and each order that closed."""

    def __init__(self, wallet: Wallet, instrument: CryptoPerpetual, bar_type: BarType) -> None:
        super().__init__()
        self.wallet, self.contract, self.bar_type = wallet, instrument, bar_type
        self.tick = float(instrument.price_increment)
        self.working: dict[int, Wanted] = {}
        self.sent: dict[int, object] = {}
        self.keys: dict[object, int] = {}
        self.canceling: set[int] = set()
        self.submitted = self.filled = 0

    def on_start(self) -> None:
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        self.wallet.price(round(float(bar.close) / self.tick))
        self.plan()

    def on_order_filled(self, event: OrderFilled) -> None:
        if not self.cache.order(event.client_order_id).is_closed:
            return
        key = self.ended(event.client_order_id)
        self.filled += 1
        self.wallet.filled(key, round(float(event.last_px) / self.tick))
        self.plan()

    def on_order_canceled(self, event: OrderCanceled) -> None:
        self.ended(event.client_order_id)
        self.plan()

    def on_order_rejected(self, event: OrderRejected) -> None:
        raise AssertionError(event)

    def on_order_denied(self, event: OrderDenied) -> None:
        raise AssertionError(event)

    def ended(self, client_order_id: object) -> int:
        """Forget an order that is closed, and return its key."""
        key = self.keys.pop(client_order_id)
        del self.working[key], self.sent[key]
        self.canceling.discard(key)
        return key

    def plan(self) -> None:
        """Bring the working orders towards what the wallet wants."""
        cancels, places = changes(self.working, self.wallet.wanted())
        for key in cancels:
            if key not in self.canceling:
                self.canceling.add(key)
                self.cancel_order(self.sent[key])
        for wanted in places:
            self.place(wanted)

    def place(self, wanted: Wanted) -> None:
        """Submit *wanted*."""
        side = OrderSide.BUY if wanted.lots > 0 else OrderSide.SELL
        contract, factory = self.contract, self.order_factory
        qty = contract.make_qty(abs(wanted.lots) * float(contract.size_increment))
        if wanted.trigger_ticks:
            price = contract.make_price(wanted.trigger_ticks * self.tick)
            order = factory.stop_market(contract.id, side, qty, price)
        else:
            order = factory.market(contract.id, side, qty)
        self.working[wanted.key], self.sent[wanted.key] = wanted, order
        self.keys[order.client_order_id] = wanted.key
        self.submitted += 1
        self.submit_order(order)


def perpetual(market: Market) -> CryptoPerpetual:
    """Return the contract of *market*."""
    price, size = Decimal(1).scaleb(-market.price_dp), Decimal(1).scaleb(-market.volume_dp)
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(market.symbol), VENUE),
        raw_symbol=Symbol(market.symbol),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=market.price_dp,
        size_precision=market.volume_dp,
        price_increment=Price.from_str(f"{price:f}"),
        size_increment=Quantity.from_str(f"{size:f}"),
        ts_event=0,
        ts_init=0,
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.005"),
        maker_fee=200 * PPM,
        taker_fee=TAKER_PPM * PPM,
    )


def bars(market: Market, bar_type: BarType) -> list[Bar]:
    """Return the bars of *market*, each stamped with its end."""
    price, size = 10.0**-market.price_dp, 10.0**-market.volume_dp
    names = ("open", "high", "low", "close", "volume")
    rows = zip(*(market.columns[name].tolist() for name in names), strict=True)
    found: list[Bar] = []
    for index, (*prices, volume) in enumerate(rows, 1):
        ts_ns = (market.start_ms + index * market.step_ms) * 1_000_000
        o, h, l, c = (Price(each * price, market.price_dp) for each in prices)  # noqa: E741
        traded = Quantity(volume * size, market.volume_dp)
        found.append(Bar(bar_type, o, h, l, c, traded, ts_ns, ts_ns))
    return found


def engine_for(contract: CryptoPerpetual) -> BacktestEngine:
    """Return a silent engine with one venue that fills on bars, as near to ours as it goes."""
    logging = LoggingConfig(bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, run_analysis=False))
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USDT,
        starting_balances=[Money(DEPOSIT, USDT)],
        default_leverage=Decimal(LEVERAGE),
        reject_stop_orders=False,
        bar_adaptive_high_low_ordering=True,
    )
    engine.add_instrument(contract)
    return engine


def main() -> None:
    """Run it once."""
    watch = Watch()
    watch.lap("import_s")
    path, unit = arguments()
    market = read(path)
    contract = perpetual(market)
    bar_type = BarType.from_str(f"{contract.id}-1-MINUTE-LAST-EXTERNAL")
    first, dp = market.first_ticks, market.price_dp + market.volume_dp
    hedge = Hedge(Wallet(unit_ticks(unit, first), sized(first, dp)), contract, bar_type)
    data = bars(market, bar_type)
    engine = engine_for(contract)
    engine.add_data(data)
    engine.add_strategy(hedge)
    watch.lap("prepare_s")
    engine.run()
    watch.lap("run_s")
    assert engine.iteration == len(data), "it has left out bars"
    counts = {"bars": len(data), "orders": hedge.submitted, "filled": hedge.filled}
    report(watch, "nautilus-trader", counts)


if __name__ == "__main__":
    main()
