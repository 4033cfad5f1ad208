"""From the strategy's configuration to what pricing and the machines take."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import asdict, evolve

from adapters.strategy import coins, portfolio
from adapters.strategy.keys import LONG, SHORT, SIDES, Json, Key, Kind
from adapters.strategy.parse import Strategy, default, parse
from adapters.strategy.settings import refused, warmup
from adapters.strategy.settings import settings as engine
from adapters.strategy.table import KEYS, LISTED
from adapters.strategy.terms import (
    Terms,
    approved,
    forced_mode,
    n_positions,
    override,
    position_mode,
    settings,
    terms,
)
from adapters.strategy.text import read
from adapters.strategy.values import checked
from machines.mirror_inputs import Settings
from machines.portfolio import Config
from machines.portfolio_handling import Handling
from machines.pricing.closes import CloseTerms
from machines.pricing.entries import EntryTerms
from machines.pricing.numbers import Market
from machines.pricing.unstuck import UnstuckTerms
from simulator.engine.run import Settings as Run
from spec.mirror import Mode, Pending, Reduce
from spec.slots import Mode as SlotMode
from spec.terms import Instrument, PositionMode

SELECTING = {  # which candles a backtest takes: its command's own tests show it
    f"backtest.{name}" for name in ("start_date", "end_date", "balance_sample_divider")
}
RUNNING: dict[str, Callable[[Strategy], object]] = {  # how a backtest goes on
    "backtest.candle_interval_minutes": lambda strategy: tuple(refused(strategy, 60_000)),
    "backtest.liquidation_threshold": lambda strategy: run_of(strategy).liquidation_threshold,
    "backtest.maker_fee_override": lambda strategy: run_of(strategy).fee,
    "backtest.max_warmup_minutes": warmup,
    "backtest.dynamic_wel_by_tradability": lambda strategy: run_of(strategy).long.terms,
    "backtest.filter_by_min_effective_cost": lambda strategy: run_of(strategy).affordable,
    "backtest.starting_balance": lambda strategy: run_of(strategy).balance,
    "live.filter_by_min_effective_cost": lambda strategy: at_venue(strategy).strategy.affordable,
    "live.max_realized_loss_pct": lambda strategy: run_of(strategy).losses_max,
    "live.pnls_max_lookback_days": lambda strategy: run_of(strategy).lookback_ms,
    "live.warmup_ratio": warmup,
}
USED = [key for key in LISTED if key.used and key.path not in {*SELECTING, *RUNNING}]
MARKET = Market(qty_step=0.001, price_step=0.1, min_qty=0.001, min_cost=5, c_mult=1)
SYMBOLS = ("BTCUSDT", "ETH/USDT:USDT", "SOLUSDC", "USDT")
HANDLING = Handling(tolerance_ppm=200, snap_ppm=10_000, distance_ppm=2_000)
BOTH = {
    side: {"n_positions": 3, "total_wallet_exposure_limit": 1.5, "risk_we_excess_allowance_pct": 0}
    for side in SIDES
}


def of(values: object) -> Strategy:
    """Return the configuration that *values* are."""
    return parse(read(json.dumps(values)))


def limit(strategy: Strategy, coin: str = "") -> float:
    """Return the limit of one long position."""
    return terms(strategy, LONG, coin).entries.limit


def everything(strategy: Strategy) -> object:
    """Return all that the program reads of *strategy*."""
    return (
        [asdict(terms(strategy, side)) for side in SIDES],
        [forced_mode(strategy, side) for side in SIDES],
        [n_positions(strategy, side) for side in SIDES],
        [approved(strategy, side, SYMBOLS) for side in SIDES],
        (settings(strategy), position_mode(strategy)),
    )


def run_of(strategy: Strategy) -> Run:
    """Return what the engine is told."""
    return engine(strategy, {"BTCUSDT": MARKET}, 60_000, 1)


def at_venue(strategy: Strategy) -> Config:
    """Return what the portfolio at a venue is told."""
    return portfolio.config(strategy, {"BTC": Instrument(symbol="BTC/USDT:USDT")})


def other(key: Key) -> Json:
    """Return a legal value of *key* that is no default."""
    if key.kind is Kind.SWITCH:
        return not key.default
    if key.kind is Kind.CHOICE:
        return key.choices[-1]
    if key.kind is Kind.COINS:
        return ["SOL"]
    return 7 if key.kind is Kind.WHOLE else key.range.high / 8


@pytest.mark.parametrize("key", USED, ids=lambda key: key.path)
def test_every_key_that_has_an_effect_reaches_the_program(key: Key) -> None:
    """And those that are said to have none do not."""
    whole = of({"bot": BOTH})
    kept, fix = checked(key, other(key))
    assert (fix, kept == whole.values[key.path]) == ("", False)
    assert everything(evolve(whole, values={**whole.values, key.path: kept})) != everything(whole)


@pytest.mark.parametrize("path", RUNNING)
def test_keys_of_a_backtest_reach_it(path: str) -> None:
    """Each of them changes what the engine is told, or is refused."""
    whole = of({"bot": BOTH})
    value = not whole.values[path] if KEYS[path].kind is Kind.SWITCH else Decimal(120)
    changed = evolve(whole, values={**whole.values, path: value})
    assert RUNNING[path](changed) != RUNNING[path](whole)


@pytest.mark.parametrize(
    ("name", "value", "handling"),
    [
        ("order_match_tolerance_pct", 0.0005, evolve(HANDLING, tolerance_ppm=500)),
        ("balance_hysteresis_snap_pct", 0, evolve(HANDLING, snap_ppm=0)),
        ("price_distance_threshold", 1, evolve(HANDLING, distance_ppm=1_000_000)),
        ("time_in_force", "post_only", evolve(HANDLING, post_only=True)),
    ],
)
def test_keys_of_a_venue_reach_the_portfolio(name: str, value: Json, handling: Handling) -> None:
    """They say how orders are handed over; by default few are."""
    strategy = of({"bot": BOTH, "live": {name: value}})
    assert at_venue(strategy).handling == handling
    assert f"live.{name}" not in portfolio.unheeded(strategy)


@pytest.mark.parametrize("key", [key for key in LISTED if not key.used], ids=lambda key: key.path)
def test_keys_without_effect_change_nothing(key: Key) -> None:
    """The page says so, and so it is."""
    changed = evolve(default(), values={**default().values, key.path: "anything"})
    assert everything(changed) == everything(default())


def test_terms_are_what_is_written() -> None:
    """Each field has the value of the key of its name; fractions stay fractions."""
    found = terms(default(), LONG)
    size = 1.25 / 10 * (1.0 + 0.37)
    assert found.entries == EntryTerms(
        limit=size,
        initial_qty_pct=0.0276,
        initial_ema_dist=0.0097,
        grid_double_down_factor=0.73,
        grid_inflation=True,
        grid_spacing_pct=0.033,
        grid_spacing_we_weight=0.135,
        grid_spacing_volatility_weight=2.4,
        trailing_grid_ratio=-0.5,
        trailing_double_down_factor=0.9,
        trailing_threshold_pct=0.0029,
        trailing_threshold_we_weight=1.31,
        trailing_threshold_volatility_weight=76.0,
        trailing_retracement_pct=0.0276,
        trailing_retracement_we_weight=3.97,
        trailing_retracement_volatility_weight=87.0,
    )
    assert found.closes == CloseTerms(
        limit=size,
        grid_markup_start=0.00634,
        grid_markup_end=0.0094,
        grid_qty_pct=0.51,
        trailing_grid_ratio=-0.76,
        trailing_qty_pct=0.05,
        trailing_threshold_pct=0.001,
        trailing_retracement_pct=0.00279,
        enforcer_threshold=0.994,
    )
    assert found.unstuck == UnstuckTerms(
        limit=size, threshold=0.408, close_pct=0.078, ema_dist=-0.07, loss_allowance_pct=0.0102
    )
    assert found.spans == (770.0, 210.0, 1690.0)
    assert found.forager == (0.57, 520.0, 225.0, 0.0, 0.0, 1.0)
    assert (found.n_positions, found.exposure_limit, found.enforcer_threshold) == (10, 1.25, 1.0)


def test_a_position_has_an_even_share_or_its_own_limit() -> None:
    """Among the positions that there may be, raised by the allowance."""
    long = BOTH["long"]
    assert limit(of({"bot": {"long": long}})) == 0.5
    assert limit(of({"bot": {"long": {**long, "wallet_exposure_limit": 0.25}}})) == 0.25
    assert limit(of({"bot": {"long": {**long, "wallet_exposure_limit": 0.0}}})) == 0.0
    assert limit(of({"bot": {"long": {**long, "risk_we_excess_allowance_pct": 1}}})) == 1.0


def test_a_coin_has_its_own_values_first() -> None:
    """Its limit, its allowance, and for the rest what the side says."""
    strategy = of({
        "bot": {"long": BOTH["long"]},
        "coin_overrides": {
            "BTC": {"bot": {"long": {"wallet_exposure_limit": 0.25}}},
            "SOL": {"bot": {"long": {"risk_we_excess_allowance_pct": 1}}},
        },
    })  # fmt: skip
    assert [limit(strategy, coin) for coin in ("BTC", "SOL", "ETH")] == [0.25, 1.0, 0.5]


def test_modes_are_forced_by_letter_or_by_word() -> None:
    """For all symbols of a side, or for one coin."""
    words = {"n": SlotMode.NORMAL, "gs": SlotMode.GRACEFUL_STOP, "panic": SlotMode.PANIC}
    words |= {"tp_only": SlotMode.TP_ONLY, "manual": SlotMode.MANUAL, "m": SlotMode.MANUAL}
    for word, mode in words.items():
        strategy = of({
            "live": {"forced_mode_short": word},
            "coin_overrides": {"BTC": {"live": {"forced_mode_long": word}}},
        })  # fmt: skip
        assert forced_mode(strategy, SHORT) is mode
        assert forced_mode(strategy, LONG, "BTC") is mode
        assert forced_mode(strategy, LONG) is None


def test_a_symbol_has_the_overrides_of_its_coin() -> None:
    """Its own name is closer."""
    strategy = of({"coin_overrides": {"BTC": {}, "BTCUSDT": {}, "ETH": {}}})
    assert [override(strategy, each) for each in SYMBOLS] == ["BTCUSDT", "ETH", "", ""]
    assert coins.coin_of("USDT") == "USDT"


@pytest.mark.parametrize("name", ["n_positions", "total_wallet_exposure_limit"])
def test_a_side_without_positions_or_limit_is_off(name: str) -> None:
    """It has no positions, and no limit for one."""
    strategy = of({"bot": {"long": {name: 0}}})
    assert (n_positions(strategy, LONG), limit(strategy)) == (0, 0.0)


@pytest.mark.parametrize("name", ["close_pct", "loss_allowance_pct", "threshold"])
def test_unstucking_is_off_where_any_of_its_keys_is_0(name: str) -> None:
    """Without an allowance nothing is closed."""
    assert terms(of({"bot": {"long": {f"unstuck_{name}": 0.0}}}), LONG).unstuck[-1] == 0.0


@pytest.mark.parametrize("threshold", [0.0, -0.5, -1])
def test_positions_are_never_cut_at_a_threshold_of_0_or_less(threshold: float) -> None:
    """0 is off, as a person who writes it means it."""
    strategy = of({"bot": {"long": {"risk_twel_enforcer_threshold": threshold}}})
    assert terms(strategy, LONG).enforcer_threshold == -1.0


def test_the_mirror_is_told_in_whole_parts_per_million() -> None:
    """0 stays 0, and nothing is rounded."""
    mirror = {
        "mode": "mirror_longs_for_shorts",
        "enabled": False,
        "threshold": 0.750001,
        "tolerance_pct": 0.0,
        "max_n_positions": 4,
        "mirror_excess_allowance_pct": 0.0,
        "allocation_min_fraction": 0.0,
        "ema_dist_entry": -1.0,
        "reduce": "full",
        "count_pending_base": "all",
    }
    assert settings(of({"live": {"mirror": mirror}})) == Settings(
        enabled=False,
        mode=Mode.LONGS_FOR_SHORTS,
        threshold_ppm=750_001,
        tolerance_ppm=0,
        max_n_positions=4,
        excess_allowance_ppm=0,
        allocation_min_ppm=0,
        ema_dist_ppm=-1_000_000,
        reduce=Reduce.FULL,
        count_pending_base=Pending.ALL,
    )


def test_what_is_left_out_of_the_mirror_is_the_machine_s_default() -> None:
    """Two defaults that differ would be a trap."""
    assert settings(default()) == Settings()


@pytest.mark.parametrize("given", [True, False])
def test_hedge_mode_is_the_account_s(*, given: bool) -> None:
    """One signed position, or two legs."""
    found = position_mode(of({"live": {"hedge_mode": given}}))
    assert found is (PositionMode.HEDGE if given else PositionMode.ONE_WAY)


@pytest.mark.parametrize(
    ("live", "longs", "shorts"),
    [
        ({}, SYMBOLS, SYMBOLS),
        ({"approved_coins": []}, (), ()),
        ({"approved_coins": ["ETH", "BTC"]}, SYMBOLS[:2], SYMBOLS[:2]),
        ({"approved_coins": "SOL,USDT"}, SYMBOLS[2:], SYMBOLS[2:]),
        ({"approved_coins": {"long": ["BTCUSDT"]}}, SYMBOLS[:1], ()),
        ({"approved_coins": {"long": "all", "short": ["all"]}}, SYMBOLS, SYMBOLS),
        ({"ignored_coins": {"short": ["BTC"]}}, SYMBOLS, SYMBOLS[1:]),
        ({"ignored_coins": "all"}, (), ()),
    ],
)
def test_approved_symbols_keep_the_order_of_the_market(
    live: object, longs: tuple[str, ...], shorts: tuple[str, ...]
) -> None:
    """By symbol or by coin, less those ignored."""
    strategy = of({"live": live})
    assert approved(strategy, LONG, SYMBOLS) == longs
    assert approved(strategy, SHORT, SYMBOLS) == shorts


def test_terms_of_recorded_runs_are_those_of_the_run(shared: Path) -> None:
    """Limits and thresholds are computed as the original program computed them."""
    files = sorted((shared / "oracle" / "passivbot").glob("*/config.json"))
    if not files:
        pytest.skip(f"no recorded runs in {shared}")
    for file in files:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        strategy = of({"bot": recorded["bot"]})
        for side in SIDES:
            values, found = recorded["bot"][side], terms(strategy, side)
            assert same(found, values), (file, side)


def same(found: Terms, values: dict[str, float]) -> bool:
    """Return whether *found* is what a run took from *values*."""
    count = values["n_positions"]
    share = values["total_wallet_exposure_limit"] / count if count else 0.0
    size = share * (1.0 + max(0.0, values["risk_we_excess_allowance_pct"]))
    entries = {
        name: values[f"entry_{name}"] for name in EntryTerms._fields if f"entry_{name}" in values
    }
    limits = {found.entries.limit, found.closes.limit, found.unstuck.limit}
    kept = {name: value for name, value in found.entries._asdict().items() if name in entries}
    return limits == {size} and kept == entries and found.spans[0] == values["ema_span_0"]
