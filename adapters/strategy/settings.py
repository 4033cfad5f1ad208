"""From a configuration to the settings of the candle engine.

What the engine cannot do is refused where it is asked for, and told where it is only a default.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil

from adapters.strategy import terms
from adapters.strategy.keys import LONG, SHORT, SIDES, Json
from adapters.strategy.parse import Strategy
from adapters.strategy.rules import mirrors, trades
from adapters.strategy.table import KEYS, OVERRIDES
from adapters.strategy.text import Problem, StrategyError, written
from machines.pricing.numbers import Market
from machines.pricing.sides import Side, SideTerms
from simulator.engine.mirrors import MirrorSettings
from simulator.engine.run import Settings

MINUTE_MS, HOUR_MINUTES, DAY_MS = 60_000, 60, 86_400_000
FEE = "backtest.maker_fee_override"
INTERVAL = "backtest.candle_interval_minutes"
WARMUP = "backtest.max_warmup_minutes"
LOOKBACK = "live.pnls_max_lookback_days"
SHARED = "backtest.dynamic_wel_by_tradability"
SPANS = {  # of averages, with the minutes in one of their units
    "ema_span_0": 1,
    "ema_span_1": 1,
    "forager_volume_ema_span": 1,
    "forager_volatility_ema_span": 1,
    "entry_volatility_ema_span_hours": HOUR_MINUTES,
}
OFF: Mapping[str, Json] = {  # what leaves out the things that the engine does not have
    "live.market_orders_allowed": False,
    "backtest.filter_by_min_effective_cost": False,
    "backtest.btc_collateral_cap": 0,
    "backtest.suite_enabled": False,
}
OFF_ON_A_SIDE: Mapping[str, Json] = {"hsl_enabled": False, "wallet_exposure_limit": -1}
WITHOUT = "a backtest cannot do this;"
KEPT = ("backtest.", "live.")  # sections with keys that have no effect here


def traded(strategy: Strategy, symbols: Sequence[str]) -> tuple[str, ...]:
    """Return which of *symbols* a run of *strategy* needs: the base's and the mirrors'."""
    sides = [side for side in SIDES if trades(strategy.values, side)]
    sides += mirrors(strategy.values) or ()
    found = {symbol for side in sides for symbol in terms.approved(strategy, side, symbols)}
    return tuple(symbol for symbol in symbols if symbol in found)


def warmup(strategy: Strategy) -> tuple[int, str]:
    """Return the minutes for which averages warm up, and what says so."""
    spans = [
        (strategy.number(f"bot.{side}.{name}") * minutes, f"bot.{side}.{name}")
        for side in SIDES
        if trades(strategy.values, side)
        for name, minutes in SPANS.items()
    ]
    longest, path = max(spans, default=(Decimal(0), ""))
    minutes = ceil(longest * strategy.number("live.warmup_ratio"))
    most = int(strategy.number(WARMUP))
    return (most, WARMUP) if 0 < most < minutes else (minutes, f"{path} x live.warmup_ratio")


def settings(
    strategy: Strategy, markets: Mapping[str, Market], step_ms: int, warmup_bars: int
) -> Settings:
    """Return the settings of a run on *markets*, in their order, over bars of *step_ms*.

    Raises:
        StrategyError: The engine cannot do what is asked for.
    """
    if problems := tuple(refused(strategy, step_ms)):
        raise StrategyError(problems)
    return Settings(
        markets=tuple(markets.values()),
        long=_side(strategy, LONG, tuple(markets), step_ms),
        short=_side(strategy, SHORT, tuple(markets), step_ms),
        balance=float(strategy.number("backtest.starting_balance")),
        fee=float(strategy.number(FEE)),
        warmup_bars=warmup_bars,
        hedge=bool(strategy.values["live.hedge_mode"]),
        liquidation_threshold=float(strategy.number("backtest.liquidation_threshold")),
        losses_max=float(strategy.number("live.max_realized_loss_pct")),
        mirror=_mirror(strategy, tuple(markets)),
    )


def _mirror(strategy: Strategy, symbols: Sequence[str]) -> MirrorSettings | None:
    """Return what is asked of the mirrors, None if there are to be none."""
    sides = mirrors(strategy.values)
    if sides is None:
        return None
    return MirrorSettings(terms.settings(strategy), terms.approved(strategy, sides[1], symbols))


def _side(strategy: Strategy, side: str, symbols: Sequence[str], step_ms: int) -> Side:
    """Return how *side* trades; spans become bars, and the engine shares the limit."""
    found, bar_minutes = terms.terms(strategy, side), step_ms / MINUTE_MS
    forager, spans = found.forager, found.spans
    return Side(
        found.entries,
        found.closes,
        found.unstuck,
        SideTerms(
            total_limit=found.exposure_limit,
            positions=found.n_positions,
            excess_allowance_pct=float(strategy.number(f"bot.{side}.risk_we_excess_allowance_pct")),
            total_enforcer_threshold=found.enforcer_threshold,
            volume_drop_pct=forager.volume_drop_pct,
            volume_weight=forager.volume_weight,
            range_weight=forager.volatility_weight,
            readiness_weight=forager.ema_readiness_weight,
            band_span=spans.ema_0 / bar_minutes,
            other_band_span=spans.ema_1 / bar_minutes,
            volume_span=forager.volume_ema_span / bar_minutes,
            range_span=forager.volatility_ema_span / bar_minutes,
            hourly_span=spans.volatility_hours,
        ),
        frozenset(terms.approved(strategy, side, symbols)),
    )


def refused(strategy: Strategy, step_ms: int) -> Iterator[Problem]:
    """Yield what is asked for and cannot be done over bars of *step_ms*."""
    off = dict(OFF)
    for side in SIDES:
        if trades(strategy.values, side):
            off |= {f"bot.{side}.{name}": value for name, value in OFF_ON_A_SIDE.items()}
            off[f"live.forced_mode_{side}"] = ""
    for path, value in off.items():
        if (asked := strategy.values[path]) != value:
            yield Problem(path, asked, f"{WITHOUT} set it to {written(value)} to run without it")
    for coin, values in strategy.overrides.items():
        if values:
            fix = f"{WITHOUT} leave it out to trade {coin} like the others"
            yield Problem(f"{OVERRIDES}.{coin}", dict(values), fix)
    if strategy.values[FEE] is None:
        yield Problem(FEE, None, "give the venue's fee of a resting order, such as 0.0002")
    minutes = strategy.number(INTERVAL)
    if minutes not in {1, Decimal(step_ms) / MINUTE_MS}:
        fix = f"the bars last {step_ms / MINUTE_MS:g} minutes; `hedgeproof data resample` makes"
        yield Problem(INTERVAL, minutes, f"{fix} longer ones")


def unheeded(strategy: Strategy, coins: int, trading_ms: int) -> Iterator[str]:
    """Yield what has less effect than its key says, for *coins* traded during *trading_ms*."""
    days = strategy.number(LOOKBACK)
    if 0 <= days * DAY_MS < trading_ms and any(_unstucks(strategy, side) for side in SIDES):
        yield f"{LOOKBACK} {days}: unstucking counts profits and losses of the whole run"
    most = max(terms.n_positions(strategy, side) for side in SIDES)
    if not strategy.values[SHARED] and coins < most:
        yield f"{SHARED} false: the {coins} coins share the side's limit nevertheless"
    names = [path for path in strategy.given if path.startswith(KEPT) and _idle(strategy, path)]
    if names:
        yield f"without effect in a backtest: {', '.join(names)}"


def _unstucks(strategy: Strategy, side: str) -> bool:
    """Return whether *side* closes stuck positions at a loss."""
    allowed = terms.terms(strategy, side).unstuck.loss_allowance_pct
    return trades(strategy.values, side) and allowed > 0.0


def _idle(strategy: Strategy, path: str) -> bool:
    """Return whether *path* has a value of its own, and no effect; what is refused is not idle."""
    key = KEYS[path]
    told = path in {LOOKBACK, SHARED, *OFF}
    return not key.used and not told and strategy.values[path] != key.default
