"""Older files: each step is one row, and what it changed is reported.

A step applies where all its old names are; a new name that is there already keeps its value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from attrs import frozen

from adapters.strategy.keys import EACH, SIDES, Json, Range
from adapters.strategy.table import OVERRIDES, joined
from adapters.strategy.text import Object, plain, written

SIDE, LIVE, BACKTEST, BOUNDS = f"bot.{EACH}", "live", "backtest", "optimize.bounds"
POSITIONS = Range.of("[0, 10000]")
OFF, STRICT = Decimal(-1), Decimal(1)
CURRENT = "v7.9.0"
MISSING = "as its version traded"
VERSION = re.compile(r"v?7(\.[0-9]{1,4}){0,2}")
Make = Callable[..., Object | None]
Place = tuple[str, ...]  # the names that lead to an object


@frozen
class Step:
    """In *scope*, *make* says what *olds* become, None if they stay; *why* is for people."""

    scope: str
    olds: tuple[str, ...]
    make: Make
    why: str = ""


@frozen
class Change:
    """At *place*, *olds* became *news*, or went without a trace."""

    place: Place
    olds: tuple[str, ...]
    news: Object
    why: str

    def __str__(self) -> str:
        path, reason = plain(".".join(self.place)), f" ({self.why})" if self.why else ""
        told = ", ".join(f"{plain(name)} {written(value)}" for name, value in self.news.items())
        if not self.olds:
            return f"{path}: {told} added{reason}"
        olds = joined(path, ", ".join(map(plain, self.olds)))
        return f"{olds}: now {told}{reason}" if told else f"{olds}: dropped{reason}"


@frozen
class Migrated:
    """The *document* in today's names, and the *changes* that led there."""

    document: Object
    changes: tuple[Change, ...]


def renamed(scope: str, old: str, *news: str) -> Step:
    """Return the step that gives the value of *old* to each of *news*."""

    def make(value: Json) -> Object:
        return dict.fromkeys(news, value)

    return Step(scope, (old,), make)


def dropped(scope: str, old: str, why: str) -> Step:
    """Return the step that forgets *old*."""

    def make(_: Json) -> Object:
        return {}

    return Step(scope, (old,), make, why)


def _number(value: Json) -> Decimal | None:
    """Return *value* if it is a number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)


def _markups(least: Json, span: Json) -> Object | None:
    """Return the grid of closes that began at its far end."""
    low, width = _number(least), _number(span)
    if low is None or width is None:
        return None
    return {"close_grid_markup_start": low + width, "close_grid_markup_end": low}


def _enforced(value: Json) -> Object | None:
    """Return the thresholds that a switch stood for."""
    if value not in (True, False):
        return None
    threshold = STRICT if value else OFF
    names = "risk_wel_enforcer_threshold", "risk_twel_enforcer_threshold"
    return dict.fromkeys(names, threshold)


def _rounded(value: Json) -> Object | None:
    """Return a whole number of positions; optimizers have written fractions."""
    count = _number(value)
    if count is None or count not in POSITIONS or count == int(count):
        return None
    return {"n_positions": int(count.to_integral_value(ROUND_HALF_EVEN))}


def _everything(empty_is_all: Json, approved: Json) -> Object:
    """Return the approved coins, all of them if that was meant by none."""
    return {"approved_coins": "all" if empty_is_all and not approved else approved}


def _unwrapped(inner: Json) -> Object | None:
    """Return the configuration inside of a result."""
    return inner if isinstance(inner, Mapping) else None


def _version(value: Json) -> Object | None:
    """Return today's version of the format, which later ones cannot become."""
    old = isinstance(value, str) and VERSION.fullmatch(value) and value != CURRENT
    return {"config_version": CURRENT} if old else None


def _collateral(value: Json) -> Object | None:
    """Return the part of the balance that a switch stood for."""
    return {"btc_collateral_cap": int(value)} if value in (True, False, 0, 1) else None


def _venues(name: Json) -> Object:
    """Return the list of venues that one was."""
    return {"exchanges": (name,)}


def _empty(value: Json) -> Object | None:
    """Return that nothing becomes of an empty value; others are left for a person."""
    return None if value else {}


SIDE_NAMES = {
    "ddown_factor": "entry_grid_double_down_factor",
    "initial_eprice_ema_dist": "entry_initial_ema_dist",
    "initial_qty_pct": "entry_initial_qty_pct",
    "rentry_pprice_dist": "entry_grid_spacing_pct",
    "rentry_pprice_dist_wallet_exposure_weighting": "entry_grid_spacing_we_weight",
    "entry_grid_spacing_weight": "entry_grid_spacing_we_weight",
    "entry_grid_spacing_log_weight": "entry_grid_spacing_volatility_weight",
    "entry_grid_spacing_log_span_hours": "entry_volatility_ema_span_hours",
    "entry_log_range_ema_span_hours": "entry_volatility_ema_span_hours",
    "entry_volatility_ema_span_1h": "entry_volatility_ema_span_hours",
    "entry_trailing_retracement_log_weight": "entry_trailing_retracement_volatility_weight",
    "entry_trailing_threshold_log_weight": "entry_trailing_threshold_volatility_weight",
    "filter_volatility_ema_span": "forager_volatility_ema_span",
    "filter_noisiness_rolling_window": "forager_volatility_ema_span",
    "filter_noisiness_ema_span": "forager_volatility_ema_span",
    "filter_log_range_ema_span": "forager_volatility_ema_span",
    "filter_volume_ema_span": "forager_volume_ema_span",
    "filter_volume_rolling_window": "forager_volume_ema_span",
    "filter_volume_drop_pct": "forager_volume_drop_pct",
    "filter_relative_volume_clip_pct": "forager_volume_drop_pct",
}
LEAST, SPAN = "close_grid_min_markup", "close_grid_markup_range"
SIDE_STEPS = (
    *(renamed(SIDE, old, new) for old, new in SIDE_NAMES.items()),
    renamed(
        SIDE, "filter_rolling_window", "forager_volatility_ema_span", "forager_volume_ema_span"
    ),
    renamed(SIDE, "min_markup", LEAST),
    renamed(SIDE, "markup_range", SPAN),
    Step(SIDE, (LEAST, SPAN), _markups),
    renamed(SIDE, LEAST, "close_grid_markup_start", "close_grid_markup_end"),
    Step(SIDE, ("enforce_exposure_limit",), _enforced),
    Step(SIDE, ("n_positions",), _rounded, "rounded"),
    dropped(SIDE, "filter_volatility_drop_pct", "coins are not filtered by volatility"),
    dropped(SIDE, "is_forced_active", "live.forced_mode_long and _short say so"),
)
FILE_STEPS = (
    Step("", ("config",), _unwrapped, "taken out of a result"),
    dropped("", "analysis", "a result, not a setting"),
    Step("", ("config_version",), _version, "the same format"),
)
LIVE_STEPS = (
    renamed(LIVE, "approved_symbols", "approved_coins"),
    renamed(LIVE, "ignored_symbols", "ignored_coins"),
    renamed(LIVE, "minimum_market_age_days", "minimum_coin_age_days"),
    renamed(LIVE, "ohlcvs_1m_update_after_minutes", "inactive_coin_candle_ttl_minutes"),
    Step(LIVE, ("empty_means_all_approved", "approved_coins"), _everything, '"all" says so'),
    dropped(LIVE, "empty_means_all_approved", "what is left out approves all"),
    Step(LIVE, ("coin_flags",), _empty, "coin_overrides say so"),
    dropped(LIVE, "base_config_path", "not a setting"),
    dropped(LIVE, "equity_hard_stop_loss", "a stop on equity has no effect here"),
    dropped(LIVE, "filter_relative_volume_clip_pct", "each side has its own"),
    dropped(LIVE, "memory_snapshot_interval_minutes", "belongs in logging, without effect"),
    dropped(LIVE, "mimic_backtest_1m_delay", "without effect"),
    dropped(LIVE, "noisiness_rolling_mean_window_size", "each side has its own spans"),
    dropped(LIVE, "ohlcv_rolling_window", "each side has its own spans"),
    dropped(LIVE, "ohlcvs_1m_rolling_window_days", "without effect"),
    dropped(LIVE, "pnls_manager_shadow_mode", "without effect"),
    dropped("live.mirror", "approved_coins", "live.approved_coins counts"),
)
BACKTEST_STEPS = (
    renamed(BACKTEST, "panic_market_slippage_pct", "market_order_slippage_pct"),
    Step(BACKTEST, ("exchange",), _venues),
    Step(BACKTEST, ("use_btc_collateral",), _collateral),
    dropped(BACKTEST, "combine_ohlcvs", "without effect"),
    dropped(BACKTEST, "suite", "scenarios and suite_enabled say so"),
)
BOUNDS_STEPS = tuple(
    renamed(BOUNDS, f"{side}_{old}", f"{side}_{new}")
    for side in SIDES
    for old, new in (*SIDE_NAMES.items(), (LEAST, "close_grid_markup_end"))
)
STEPS = (*FILE_STEPS, *SIDE_STEPS, *LIVE_STEPS, *BACKTEST_STEPS, *BOUNDS_STEPS)

# A side written in old names is of a version that did not have these, and traded like this.
BEFORE: Mapping[str, Json] = {
    "close_trailing_grid_ratio": Decimal(0),
    "close_trailing_qty_pct": Decimal(1),
    "entry_grid_spacing_volatility_weight": Decimal(0),
    "entry_grid_spacing_we_weight": Decimal(0),
    "entry_trailing_grid_ratio": Decimal(0),
    "entry_trailing_retracement_volatility_weight": Decimal(0),
    "entry_trailing_retracement_we_weight": Decimal(0),
    "entry_trailing_threshold_volatility_weight": Decimal(0),
    "entry_trailing_threshold_we_weight": Decimal(0),
    "risk_twel_enforcer_threshold": OFF,
    "risk_we_excess_allowance_pct": Decimal(0),
    "risk_wel_enforcer_threshold": OFF,
    "unstuck_loss_allowance_pct": Decimal(0),
}
COPIED = {"entry_trailing_double_down_factor": "entry_grid_double_down_factor"}


OLD = tuple(old for step in SIDE_STEPS if not step.why for old in step.olds)


def migrate(document: Object) -> Migrated:
    """Return *document* in today's names; what is not known stays for the checks."""
    changes: list[Change] = []
    for step in STEPS:
        for place in _places(document, step.scope):
            document = _changed(document, place, step, changes)
    for side in SIDES:
        document = _completed(document, ("bot", side), changes)
    return Migrated(document, tuple(changes))


def _places(document: Object, scope: str) -> Iterator[Place]:
    """Yield the objects that *scope* stands for; what one coin has otherwise is like a side."""
    if scope != SIDE:
        yield tuple(filter(None, scope.split(".")))
        return
    yield from (("bot", side) for side in SIDES)
    coins = document.get(OVERRIDES)
    for coin in coins if isinstance(coins, Mapping) else ():
        yield from ((OVERRIDES, coin, "bot", side) for side in SIDES)


def _at(document: Json, place: Place) -> Object | None:
    """Return the object at *place*, if there is one."""
    for name in place:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else None


def _put(document: Object, place: Place, section: Object) -> Object:
    """Return *document* with *section* at *place*, where an object is."""
    if not place:
        return section
    inner = _at(document, place[:1]) or {}
    return {**document, place[0]: _put(inner, place[1:], section)}


def _changed(document: Object, place: Place, step: Step, changes: list[Change]) -> Object:
    """Return *document* after *step* at *place*, and add what it changed to *changes*."""
    section = _at(document, place)
    if section is None or any(old not in section for old in step.olds):
        return document
    made = step.make(*(section[old] for old in step.olds))
    if made is None:
        return document
    news = {name: value for name, value in made.items() if name in step.olds or name not in section}
    changes.append(Change(place, step.olds, news, step.why))
    return _put(document, place, _replaced(section, step.olds, news))


def _replaced(section: Object, olds: tuple[str, ...], news: Object) -> Object:
    """Return *section* with *news* in the place of the first of *olds*."""
    found: dict[str, Json] = {}
    for name, value in section.items():
        if name == olds[0]:
            found |= news
        if name not in olds:
            found[name] = value
    return found


def _completed(document: Object, place: Place, changes: list[Change]) -> Object:
    """Return *document* with what its version did not have, where names at *place* were old."""
    section = _at(document, place)
    old = any(change.place == place and change.olds[0] in OLD for change in changes)
    if section is None or not old:
        return document
    copied = {new: section[old] for new, old in COPIED.items() if old in section}
    known = {**BEFORE, **copied}
    missing = {name: value for name, value in known.items() if name not in section}
    changes.extend(Change(place, (), {name: value}, MISSING) for name, value in missing.items())
    return _put(document, place, {**section, **missing})
