"""From a configuration to the portfolio that trades it at a venue."""

from collections.abc import Mapping, Sequence

from attrs import evolve

from adapters.strategy import live, terms
from adapters.strategy import settings as strategies
from adapters.strategy.coins import ALL, coin_of
from adapters.strategy.keys import LONG, SHORT, SIDES, Json
from adapters.strategy.parse import Strategy
from adapters.strategy.rules import COINS, mirrors
from adapters.strategy.settings import MINUTE_MS
from adapters.strategy.text import Problem, StrategyError
from machines import planner_inputs
from machines.portfolio import Config
from machines.portfolio_handling import Handling
from machines.portfolio_mirrors import MirrorConfig
from machines.pricing.sides import Side
from spec.terms import Instrument
from spec.units import MILLION

WARMUP, LEVERAGE = "live.max_warmup_minutes", "live.leverage"
AGE, IN_FORCE, RESTS = "live.minimum_coin_age_days", "live.time_in_force", "post_only"
TOLERANCE, SNAP = "live.order_match_tolerance_pct", "live.balance_hysteresis_snap_pct"
DISTANCE = "live.price_distance_threshold"
HEEDED = frozenset(key.path for key in live.KEYS if key.venue)


def coins(strategy: Strategy) -> tuple[str, ...]:
    """Return the coins that *strategy* trades, the base's and the mirrors'.

    There are none where it approves of all: then it takes those that the venue lists.

    Raises:
        StrategyError: It asks for what cannot be done, or trades nothing.
    """
    problems, names = list(strategies.beyond(strategy)), named(strategy)
    found = () if ALL in _lists(strategy) else strategies.traded(strategy, names)
    if not found and ALL not in _lists(strategy):
        problems.append(Problem(COINS, names, "nothing is traded; name coins for the base"))
    if problems:
        raise StrategyError(problems)
    return found


def named(strategy: Strategy) -> tuple[str, ...]:
    """Return the coins that *strategy* approves of by their names."""
    lists = (each for each in _lists(strategy) if isinstance(each, Sequence) and each != ALL)
    return tuple(dict.fromkeys(coin_of(str(name)) for each in lists for name in each))


def _lists(strategy: Strategy) -> tuple[Json, ...]:
    """Return what is approved of on each side."""
    listed = strategy.values[COINS]
    return tuple(listed.get(side, ()) if isinstance(listed, Mapping) else listed for side in SIDES)


def config(strategy: Strategy, instruments: Mapping[str, Instrument]) -> Config:
    """Return the portfolio of *strategy* on *instruments*, which are by their coins."""
    sides, minutes = mirrors(strategy.values), strategies.warmup(strategy, WARMUP)[0]
    mirrored = None
    if sides is not None:
        approved = terms.approved(strategy, sides[1], tuple(instruments))
        mirrored = MirrorConfig(
            settings=terms.settings(strategy),
            approved=frozenset(instruments[coin].symbol for coin in approved),
        )
    return Config(
        strategy=planner_inputs.Strategy(
            instruments=tuple(instruments.values()),
            long=_side(strategy, LONG, instruments),
            short=_side(strategy, SHORT, instruments),
            mode=terms.position_mode(strategy),
            losses_max=float(strategy.number("live.max_realized_loss_pct")),
            lookback_ms=strategies.lookback_ms(strategy),
            affordable=bool(strategy.values["live.filter_by_min_effective_cost"]),
        ),
        mirrors=mirrored,
        warmup_bars=max(minutes, 1),
        handling=_handling(strategy),
    )


def _handling(strategy: Strategy) -> Handling:
    """Return how orders are handed over."""
    return Handling(
        tolerance_ppm=int(strategy.number(TOLERANCE) * MILLION),
        snap_ppm=int(strategy.number(SNAP) * MILLION),
        distance_ppm=int(strategy.number(DISTANCE) * MILLION),
        post_only=strategy.values[IN_FORCE] == RESTS,
    )


def _side(strategy: Strategy, side: str, instruments: Mapping[str, Instrument]) -> Side:
    """Return how *side* trades, its coins by the names of the instruments."""
    found = strategies.side_of(strategy, side, tuple(instruments), MINUTE_MS, even=False)
    approved = () if found.approved is None else found.approved
    return evolve(
        found,
        approved=frozenset(instruments[coin].symbol for coin in approved),
        coins=tuple((instruments[coin].symbol, own) for coin, own in found.coins),
    )


def unheeded(strategy: Strategy) -> tuple[str, ...]:
    """Return what is given for a venue and has no effect there."""
    heeded = HEEDED if ALL in _lists(strategy) else HEEDED - {AGE}
    return tuple(path for path in strategies.idle(strategy, "live.") if path not in heeded)
