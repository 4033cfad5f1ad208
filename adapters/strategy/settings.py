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
from machines.pricing.sides import SHARED, Own, Side, SideTerms
from simulator.engine.mirrors import MirrorSettings
from simulator.engine.run import Settings

MINUTE_MS, HOUR_MINUTES, DAY_MS = 60_000, 60, 86_400_000
FEE = "backtest.maker_fee_override"
INTERVAL = "backtest.candle_interval_minutes"
WARMUP = "backtest.max_warmup_minutes"
LOOKBACK = "live.pnls_max_lookback_days"
FORAGED = "backtest.dynamic_wel_by_tradability"
AFFORDABLE = "backtest.filter_by_min_effective_cost"
LEVERAGE = "live.leverage"
SPANS = {  # of averages, with the minutes in one of their units
    "ema_span_0": 1,
    "ema_span_1": 1,
    "forager_volume_ema_span": 1,
    "forager_volatility_ema_span": 1,
    "entry_volatility_ema_span_hours": HOUR_MINUTES,
}
OFF: Mapping[str, Json] = {  # what leaves out the things that the engine does not have
    "live.market_orders_allowed": False,
    "backtest.btc_collateral_cap": 0,
    "backtest.suite_enabled": False,
}
OFF_ON_A_SIDE: Mapping[str, Json] = {"hsl_enabled": False}
WITHOUT = "this cannot be done;"
KEPT = ("backtest.", "live.")  # sections with keys that have no effect here


def traded(strategy: Strategy, symbols: Sequence[str]) -> tuple[str, ...]:
    """Return which of *symbols* a run of *strategy* needs: the base's and the mirrors'."""
    sides = [side for side in SIDES if trades(strategy.values, side)]
    sides += mirrors(strategy.values) or ()
    found = {symbol for side in sides for symbol in terms.approved(strategy, side, symbols)}
    return tuple(symbol for symbol in symbols if symbol in found)


def warmup(strategy: Strategy, limit: str = WARMUP) -> tuple[int, str]:
    """Return the minutes for which averages warm up, at most those at *limit*, and what says so."""
    spans = [
        (strategy.number(f"bot.{side}.{name}", coin) * minutes, _path(f"bot.{side}.{name}", coin))
        for side in SIDES
        if trades(strategy.values, side)
        for name, minutes in SPANS.items()
        for coin in ("", *strategy.overrides)
    ]
    longest, path = max(spans, default=(Decimal(0), ""))
    minutes = ceil(longest * strategy.number("live.warmup_ratio"))
    most = int(strategy.number(limit))
    return (most, limit) if 0 < most < minutes else (minutes, f"{path} x live.warmup_ratio")


def _path(path: str, coin: str) -> str:
    """Return *path*, as it is called for *coin*."""
    return f"{OVERRIDES}.{coin}.{path}" if coin else path


def settings(
    strategy: Strategy, markets: Mapping[str, Market], step_ms: int, warmup_bars: int
) -> Settings:
    """Return the settings of a run on *markets*, in their order, over bars of *step_ms*.

    Raises:
        StrategyError: The engine cannot do what is asked for.
    """
    if problems := tuple(refused(strategy, step_ms)):
        raise StrategyError(problems)
    even = bool(strategy.values[FORAGED])
    return Settings(
        markets=tuple(markets.values()),
        long=side_of(strategy, LONG, tuple(markets), step_ms, even=even),
        short=side_of(strategy, SHORT, tuple(markets), step_ms, even=even),
        balance=float(strategy.number("backtest.starting_balance")),
        fee=float(strategy.number(FEE)),
        warmup_bars=warmup_bars,
        hedge=bool(strategy.values["live.hedge_mode"]),
        liquidation_threshold=float(strategy.number("backtest.liquidation_threshold")),
        losses_max=float(strategy.number("live.max_realized_loss_pct")),
        lookback_ms=lookback_ms(strategy),
        affordable=bool(strategy.values[AFFORDABLE]),
        mirror=_mirror(strategy, tuple(markets)),
    )


def _mirror(strategy: Strategy, symbols: Sequence[str]) -> MirrorSettings | None:
    """Return what is asked of the mirrors, None if there are to be none."""
    sides = mirrors(strategy.values)
    if sides is None:
        return None
    return MirrorSettings(terms.settings(strategy), terms.approved(strategy, sides[1], symbols))


def lookback_ms(strategy: Strategy) -> int | None:
    """Return how old a profit or loss may be that counts, None for any age."""
    days = strategy.number(LOOKBACK)
    return int(days * DAY_MS) if days >= 0 else None


def side_of(
    strategy: Strategy, side: str, symbols: Sequence[str], step_ms: int, *, even: bool
) -> Side:
    """Return how *side* trades *symbols*; spans become bars.

    The limit is shared *even*ly among the positions that there can be, else among those that there
    may be.
    """
    whole = _own(strategy, side, "", step_ms, even=even)
    return Side(
        whole.entry,
        whole.close,
        whole.unstuck,
        whole.terms,
        frozenset(terms.approved(strategy, side, symbols)),
        whole.mode,
        tuple(
            (symbol, _own(strategy, side, coin, step_ms, even=even))
            for symbol in symbols
            if (coin := terms.override(strategy, symbol))
        ),
    )


def _own(strategy: Strategy, side: str, coin: str, step_ms: int, *, even: bool) -> Own:
    """Return how *coin* trades on *side*, "" for those that have nothing of their own."""
    found, bar_minutes = terms.terms(strategy, side, coin=coin), step_ms / MINUTE_MS
    forager, spans = found.forager, found.spans
    return Own(
        found.entries,
        found.closes,
        found.unstuck,
        SideTerms(
            total_limit=found.exposure_limit,
            positions=found.n_positions,
            excess_allowance_pct=found.excess_allowance,
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
            own_limit=SHARED if even and found.shared else found.position_limit,
        ),
        terms.forced_mode(strategy, side, coin),
    )


def refused(strategy: Strategy, step_ms: int) -> Iterator[Problem]:
    """Yield what is asked for and a backtest cannot do over bars of *step_ms*."""
    yield from beyond(strategy)
    if strategy.values[FEE] is None:
        yield Problem(FEE, None, "give the venue's fee of a resting order, such as 0.0002")
    minutes = strategy.number(INTERVAL)
    if minutes not in {1, Decimal(step_ms) / MINUTE_MS}:
        fix = f"the bars last {step_ms / MINUTE_MS:g} minutes; `hedgeproof data resample` makes"
        yield Problem(INTERVAL, minutes, f"{fix} longer ones")


def beyond(strategy: Strategy) -> Iterator[Problem]:
    """Yield what is asked for and is done neither in a backtest nor at a venue."""
    off = dict(OFF)
    for side in SIDES:
        if trades(strategy.values, side):
            off |= {f"bot.{side}.{name}": value for name, value in OFF_ON_A_SIDE.items()}
    for path, value in off.items():
        if (asked := strategy.values[path]) != value:
            yield Problem(path, asked, f"{WITHOUT} set it to {written(value)} to run without it")


def unheeded(strategy: Strategy, symbols: Sequence[str]) -> Iterator[str]:
    """Yield what has no effect, though its key is given, in a backtest of *symbols*."""
    names = idle(strategy, KEPT)
    if names:
        yield f"without effect in a backtest: {', '.join(names)}"
    used = {terms.override(strategy, symbol) for symbol in symbols}
    if others := [coin for coin in strategy.overrides if coin not in used]:
        yield f"{OVERRIDES} of coins that are not traded: {', '.join(others)}"


def idle(strategy: Strategy, sections: str | tuple[str, ...]) -> list[str]:
    """Return what was given of *sections*, or for one coin, and has no effect."""
    own = [_path(LEVERAGE, coin) for coin, each in strategy.overrides.items() if LEVERAGE in each]
    given = (path for path in strategy.given if path.startswith(sections))
    return [*(path for path in given if _idle(strategy, path)), *own]


def _idle(strategy: Strategy, path: str) -> bool:
    """Return whether *path* has a value of its own, and no effect; what is refused is not idle."""
    key = KEYS[path]
    told = path in OFF
    return not key.used and not told and strategy.values[path] != key.default
