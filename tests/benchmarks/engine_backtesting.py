"""Measure backtesting.py with the small wallet: stop orders, filled on the bars.

Its sizes are whole numbers, so prices are per lot.
"""

import warnings

import pandas as pd  # type: ignore[import-untyped]
from backtesting import Backtest, Strategy  # type: ignore[import-not-found]

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


class Hedge(Strategy):  # type: ignore[misc]  # the library ships no types
    """The small wallet; *wallet* and *tick*, the price of one tick per lot, are set before."""

    wallet: Wallet
    tick: float
    submitted = 0
    filled = 0

    def init(self) -> None:
        self.working: dict[int, Wanted] = {}
        self.sent: dict[int, object] = {}

    def next(self) -> None:
        if len(self.orders) != len(self.sent):
            self.book()
        self.wallet.price(round(self.data.Close[-1] / self.tick))
        self.plan()

    def book(self) -> None:
        """Tell the wallet of the orders that are gone: no order is canceled but by `plan`."""
        orders = self.orders
        for key in [key for key, order in self.sent.items() if order not in orders]:
            del self.sent[key]
            trigger_ticks = self.working.pop(key).trigger_ticks
            self.wallet.filled(key, trigger_ticks or round(self.data.Open[-1] / self.tick))
            type(self).filled += 1

    def plan(self) -> None:
        """Bring the working orders to what the wallet wants; cancels work at once."""
        wanted = self.wallet.wanted()
        cancels, _ = changes(self.working, wanted)
        for key in cancels:
            del self.working[key]
            self.sent.pop(key).cancel()  # type: ignore[attr-defined]
        _, places = changes(self.working, wanted)
        for order in places:
            send = self.buy if order.lots > 0 else self.sell
            stop = order.trigger_ticks * self.tick or None
            self.working[order.key] = order
            self.sent[order.key] = send(size=abs(order.lots), stop=stop)
            type(self).submitted += 1


def frame(market: Market, tick: float) -> pd.DataFrame:
    """Return the bars of *market*, in prices per lot."""
    times = market.start_ms + market.step_ms * pd.RangeIndex(len(market.columns["open"]))
    columns = {name.title(): each * tick for name, each in market.columns.items()}
    return pd.DataFrame(columns, index=pd.to_datetime(times, unit="ms"))


def main() -> None:
    """Run it once."""
    watch = Watch()
    watch.lap("import_s")
    path, unit = arguments()
    market = read(path)
    dp, first = market.price_dp + market.volume_dp, market.first_ticks
    Hedge.wallet = Wallet(unit_ticks(unit, first), sized(first, dp))
    Hedge.tick = 10.0**-dp
    bars = frame(market, Hedge.tick)
    commission = TAKER_PPM / 1_000_000
    test = Backtest(bars, Hedge, cash=DEPOSIT, commission=commission, margin=1 / LEVERAGE)
    warnings.filterwarnings("error", message=".*insufficient margin.*")
    watch.lap("prepare_s")
    figures = test.run()
    watch.lap("run_s")
    assert figures["Equity Final [$]"] > 0, "without money it stops before the last bar"
    counts = {"bars": len(bars), "orders": Hedge.submitted, "filled": Hedge.filled}
    report(watch, "backtesting", counts)


if __name__ == "__main__":
    main()
