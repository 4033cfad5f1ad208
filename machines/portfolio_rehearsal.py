"""A rehearsal: a made-up portfolio asks of the formulas whatever a real one may ever ask.

A formula is compiled or loaded on its first call, and for that no market waits.
"""

from machines import portfolio
from machines.messages import Bar, Bars, Place, Report, Restarted
from machines.mirror_inputs import Settings
from machines.order import Filled
from machines.planner_inputs import Strategy
from machines.portfolio import Config, Portfolio
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing.ema import HOUR_MS
from machines.pricing.rehearsed import LOSSES_MAX, SIDE
from spec.terms import Instrument, PositionMode
from spec.units import MILLION

CASH = 100_000
PRICES = (1_000, 1_000, 1_000, 990, 990, 1_010)  # ticks, an hour apart
COINS = tuple(Instrument(symbol=name) for name in "ABCD")
CONFIG = Config(
    strategy=Strategy(
        instruments=COINS,
        long=SIDE,
        short=SIDE,
        mode=PositionMode.ONE_WAY,
        losses_max=LOSSES_MAX,
        affordable=True,
    ),
    mirrors=MirrorConfig(settings=Settings(threshold_ppm=MILLION), approved=frozenset()),
)


def rehearse() -> Portfolio:
    """Return a portfolio that has used every formula."""
    bot, _ = portfolio.step(portfolio.new(CONFIG, CASH), Restarted())
    for hour, price in enumerate(PRICES, 1):
        bar = Bar(high=price + 1, low=price - 1, close=price, volume=1)
        bot, commands = portfolio.step(bot, Bars(hour * HOUR_MS, (bar,) * len(COINS)))
        for each in commands:
            if isinstance(each, Place) and not each.order.reduce_only:
                bot, _ = portfolio.step(bot, _filled(each))
    return bot


def _filled(place: Place) -> Report:
    """Return the report that all of an order has filled."""
    qty = place.order.qty
    return Report(
        client_order_id=place.client_order_id,
        event=Filled(qty),
        notional=qty * place.order.price_ticks,
        symbol=place.symbol,
    )
