"""From a configuration to what pricing and the machines take.

Pricing takes fractions as floats; the machines take parts per million, which are exact: a fraction
that is none was refused when the configuration was read.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from attrs import frozen

from adapters.strategy import coins
from adapters.strategy.parse import Strategy
from adapters.strategy.rules import trades
from machines.mirror_inputs import Settings
from machines.pricing.closes import CloseTerms
from machines.pricing.entries import EntryTerms
from machines.pricing.unstuck import UnstuckTerms
from spec import mirror, slots
from spec.terms import PositionMode

PPM_DP = 6
OFF = -1.0
MODES: Mapping[str, slots.Mode] = {
    "n": slots.Mode.NORMAL,
    "m": slots.Mode.MANUAL,
    "g": slots.Mode.GRACEFUL_STOP,
    "t": slots.Mode.TP_ONLY,
    "p": slots.Mode.PANIC,
}
NAMED_APART = {"grid_inflation": "entry_grid_inflation_enabled"}


class Spans(NamedTuple):
    """Spans of averages: of the band in minutes, of hourly log ranges in hours."""

    ema_0: float
    ema_1: float
    volatility_hours: float


class Forager(NamedTuple):
    """How coins are chosen: spans in minutes, the part left out, and what counts how much."""

    volume_drop_pct: float
    volume_ema_span: float
    volatility_ema_span: float
    volume_weight: float
    ema_readiness_weight: float
    volatility_weight: float


@frozen(kw_only=True)
class Terms:
    """How one side trades a coin; exposures are multiples of the balance.

    *n_positions* is 0 for a side that is off, *exposure_limit* that of all its positions together;
    they are cut from *enforcer_threshold* of it on, never if that is below 0.  *position_limit* is
    that of one position without its *excess_allowance*, *shared* where it is an even share.
    """

    n_positions: int
    exposure_limit: float
    enforcer_threshold: float
    position_limit: float
    shared: bool
    excess_allowance: float
    entries: EntryTerms
    closes: CloseTerms
    unstuck: UnstuckTerms
    forager: Forager
    spans: Spans


def terms(strategy: Strategy, side: str, coin: str = "") -> Terms:
    """Return how *side* trades *coin*; without one, those that have nothing of their own."""
    read = _Reader(strategy, side, coin)
    base, excess = _limit(read), read.number("risk_we_excess_allowance_pct")
    limit = base * (1.0 + max(0.0, excess))
    enforcer = read.number("risk_twel_enforcer_threshold")
    return Terms(
        n_positions=n_positions(strategy, side),
        exposure_limit=read.number("total_wallet_exposure_limit"),
        enforcer_threshold=enforcer if enforcer > 0.0 else OFF,
        position_limit=base,
        shared=read.number("wallet_exposure_limit") < 0.0,
        excess_allowance=excess,
        entries=_entries(read, limit),
        closes=_closes(read, limit),
        unstuck=_unstuck(read, limit),
        forager=_forager(read),
        spans=Spans(
            read.number("ema_span_0"),
            read.number("ema_span_1"),
            read.number("entry_volatility_ema_span_hours"),
        ),
    )


def n_positions(strategy: Strategy, side: str) -> int:
    """Return how many positions *side* may have: none if it is off."""
    count = strategy.number(f"bot.{side}.n_positions")
    return int(count) if trades(strategy.values, side) else 0


@frozen
class _Reader:
    """The values of one side, those of one coin first."""

    strategy: Strategy
    side: str
    coin: str

    def number(self, name: str) -> float:
        """Return a number, or 1 for a switch that is on."""
        return float(self.strategy.number(f"bot.{self.side}.{name}", self.coin))


def _limit(read: _Reader) -> float:
    """Return the limit of one position: its own, or an even share."""
    own = read.number("wallet_exposure_limit")
    if own >= 0.0:
        return own
    count = n_positions(read.strategy, read.side)
    return read.number("total_wallet_exposure_limit") / count if count else 0.0


def _entries(read: _Reader, limit: float) -> EntryTerms:
    """Return the terms of entries."""
    names = (NAMED_APART.get(name, f"entry_{name}") for name in EntryTerms._fields[1:])
    values = dict(zip(EntryTerms._fields[1:], map(read.number, names), strict=True))
    inflation = values.pop("grid_inflation") > 0.0
    return EntryTerms(limit=limit, grid_inflation=inflation, **values)


def _closes(read: _Reader, limit: float) -> CloseTerms:
    """Return the terms of closes."""
    values = (read.number(f"close_{name}") for name in CloseTerms._fields[1:-1])
    return CloseTerms._make((limit, *values, read.number("risk_wel_enforcer_threshold")))


def _unstuck(read: _Reader, limit: float) -> UnstuckTerms:
    """Return the terms of unstucking; without an allowance there is none."""
    threshold, close = read.number("unstuck_threshold"), read.number("unstuck_close_pct")
    wanted = threshold > 0.0 and close > 0.0
    return UnstuckTerms(
        limit=limit,
        threshold=threshold,
        close_pct=close,
        ema_dist=read.number("unstuck_ema_dist"),
        loss_allowance_pct=read.number("unstuck_loss_allowance_pct") if wanted else 0.0,
    )


def _forager(read: _Reader) -> Forager:
    """Return how coins are chosen."""
    return Forager(
        volume_drop_pct=read.number("forager_volume_drop_pct"),
        volume_ema_span=read.number("forager_volume_ema_span"),
        volatility_ema_span=read.number("forager_volatility_ema_span"),
        volume_weight=read.number("forager_score_weights.volume"),
        ema_readiness_weight=read.number("forager_score_weights.ema_readiness"),
        volatility_weight=read.number("forager_score_weights.volatility"),
    )


def settings(strategy: Strategy) -> Settings:
    """Return what is asked of the mirror overlay."""
    return Settings(
        enabled=bool(strategy.values["live.mirror.enabled"]),
        mode=mirror.Mode[_word(strategy, "mode").removeprefix("MIRROR_")],
        threshold_ppm=_ppm(strategy, "threshold"),
        tolerance_ppm=_ppm(strategy, "tolerance_pct"),
        max_n_positions=int(strategy.number("live.mirror.max_n_positions")),
        excess_allowance_ppm=_ppm(strategy, "mirror_excess_allowance_pct"),
        allocation_min_ppm=_ppm(strategy, "allocation_min_fraction"),
        ema_dist_ppm=_ppm(strategy, "ema_dist_entry"),
        reduce=mirror.Reduce[_word(strategy, "reduce")],
        count_pending_base=mirror.Pending[_word(strategy, "count_pending_base")],
    )


def _word(strategy: Strategy, name: str) -> str:
    """Return the name of a member of an enumeration of the mirror overlay."""
    return strategy.text(f"live.mirror.{name}").upper()


def _ppm(strategy: Strategy, name: str) -> int:
    """Return a fraction of the mirror overlay in parts per million, of which it is a multiple."""
    return int(strategy.number(f"live.mirror.{name}").scaleb(PPM_DP))


def position_mode(strategy: Strategy) -> PositionMode:
    """Return whether one symbol may be held long and short at a time."""
    return PositionMode.HEDGE if strategy.values["live.hedge_mode"] else PositionMode.ONE_WAY


def forced_mode(strategy: Strategy, side: str, coin: str = "") -> slots.Mode | None:
    """Return the mode that *coin*, or each one, is forced into on *side*; None if into none."""
    return MODES.get(strategy.text(f"live.forced_mode_{side}", coin)[:1])


def override(strategy: Strategy, symbol: str) -> str:
    """Return the coin whose overrides *symbol* has, empty if it has none."""
    names = symbol, coins.coin_of(symbol)
    return next((name for name in names if name in strategy.overrides), "")


def approved(strategy: Strategy, side: str, symbols: Sequence[str]) -> tuple[str, ...]:
    """Return which of *symbols* may be traded on *side*, in their order."""
    ignored = coins.within(strategy.values["live.ignored_coins"], side, symbols)
    listed = coins.within(strategy.values["live.approved_coins"], side, symbols)
    return tuple(each for each in listed if each not in ignored)
