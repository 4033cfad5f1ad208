"""From a configuration to the settings of the candle engine, as recorded runs had them."""

import json
from pathlib import Path

import pytest
from attrs import evolve

from adapters.backtest.markets import market
from adapters.candles import load
from adapters.strategy.parse import parse
from adapters.strategy.settings import settings, traded, warmup
from adapters.strategy.text import read
from machines.pricing.numbers import Market
from machines.pricing.sides import SHARED
from spec.slots import Mode
from tests.simulator import recorded_runs


@pytest.mark.parametrize("name", recorded_runs.NAMES)
def test_a_recorded_configuration_gives_the_recorded_settings(shared: Path, name: str) -> None:
    """Every number of both sides, fee, balance and modes; markets as their candles show them."""
    made = recorded_runs.config(shared, name)
    theirs, symbols = recorded_runs.settings(made), made["symbols"]
    for side in made["bot"].values():
        del side["is_forced_active"]
    backtest = made["backtest"]
    strategy = parse(
        read(
            json.dumps(
                {
                    "bot": made["bot"],
                    "live": {
                        "hedge_mode": backtest["hedge_mode"],
                        "max_realized_loss_pct": backtest["max_realized_loss_pct"],
                        "pnls_max_lookback_days": -1,
                    },
                    "backtest": {
                        "starting_balance": backtest["starting_balance"],
                        "maker_fee_override": backtest["maker_fee"],
                        "liquidation_threshold": backtest["liquidation_threshold"],
                    },
                }
            )
        )
    )
    folder = shared / recorded_runs.DATA
    markets = {symbol: market({}, symbol, load(folder, symbol)) for symbol in symbols}
    ours = settings(strategy, markets, 60_000, theirs.warmup_bars)
    for side in ("long", "short"):
        mine, its = getattr(ours, side), getattr(theirs, side)
        assert mine.approved == frozenset(symbols)
        if its.terms.positions:  # nothing else is looked at on a side that is off
            zero = {"limit": 0.0}  # the engine shares the limit itself
            assert mine.terms == its.terms
            for part in ("entry", "close", "unstuck"):
                assert getattr(mine, part)._replace(**zero) == getattr(its, part), part
        else:
            assert mine.terms.positions == 0
    assert evolve(ours, long=theirs.long, short=theirs.short) == theirs


def test_a_limit_is_shared_by_those_that_may_be_or_as_many_as_were_chosen() -> None:
    """A limit of one position's own is neither; a coin has its own, its spans and its mode."""
    long = {"n_positions": 4, "total_wallet_exposure_limit": 1, "ema_span_0": 10}
    coin = {"bot": {"long": {"wallet_exposure_limit": 0.5, "ema_span_0": 40}}}
    forced = {"live": {"forced_mode_long": "n"}}
    found: dict[str, object] = {"bot": {"long": long}, "coin_overrides": {"B": coin, "C": forced}}
    names: tuple[str, ...] = ("AUSDT", "BUSDT", "CUSDT")
    markets = dict.fromkeys(names, Market(0.1, 0.1, 0.1, 1.0, 1.0))
    for even, limit in ((True, SHARED), (False, 0.25)):
        found["backtest"] = {"dynamic_wel_by_tradability": even}
        side = settings(parse(read(json.dumps(found))), markets, 120_000, 1).long
        first, second, third = (side.of(symbol) for symbol in markets)
        assert [own.terms.own_limit for own in (first, second, third)] == [limit, 0.5, limit]
        assert [own.terms.band_span for own in (first, second, third)] == [5.0, 20.0, 5.0]
        assert [own.mode for own in (first, second, third)] == [None, None, Mode.NORMAL]
    found["bot"] = {"long": {**long, "wallet_exposure_limit": 0.1}}
    assert settings(parse(read(json.dumps(found))), markets, 60_000, 1).long.terms.own_limit == 0.1


def test_the_longest_span_says_how_long_to_warm_up() -> None:
    """Of the sides that trade, in minutes, times the ratio, and no more than what is asked for."""
    side = {"n_positions": 1, "total_wallet_exposure_limit": 1, "ema_span_0": 1_000}
    long = {**side, "entry_volatility_ema_span_hours": 2, "ema_span_1": 9}
    short = {"n_positions": 0, "ema_span_0": 90_000}
    found: dict[str, object] = {
        "bot": {"long": long, "short": short},
        "live": {"warmup_ratio": 0.5},
    }
    assert warmup(parse(read(json.dumps(found)))) == (
        500,
        "bot.long.ema_span_0 x live.warmup_ratio",
    )
    found["coin_overrides"] = {"BTC": {"bot": {"long": {"ema_span_1": 2_000}}}}
    path = "coin_overrides.BTC.bot.long.ema_span_1 x live.warmup_ratio"
    assert warmup(parse(read(json.dumps(found)))) == (1_000, path)
    found["backtest"] = {"max_warmup_minutes": 30}
    assert warmup(parse(read(json.dumps(found)))) == (30, "backtest.max_warmup_minutes")


def test_a_run_needs_the_coins_of_its_sides_and_mirrors() -> None:
    """Those approved for a side that trades, or that mirrors are kept on; in the given order."""
    symbols = ("AUSDT", "BUSDT", "CUSDT", "DUSDT")
    approved = {"long": ["B", "A"], "short": ["C"]}
    for threshold, needed in ((0, symbols[:2]), (1, symbols[:3])):
        live = {"approved_coins": approved, "mirror": {"threshold": threshold}}
        assert traded(parse(read(json.dumps({"live": live}))), symbols) == needed
