"""What trades in a trial: a hedge wallet, or a portfolio of a base strategy and its mirrors."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from adapters import config as configs
from adapters.live.prepare import Plan, WalletPlan
from adapters.live.prepare_strategy import StrategyPlan
from adapters.strategy import portfolio as portfolios
from adapters.strategy.parse import parse
from simulator.prng import Prng
from tests.evidence.comparison import SYMBOL

MODES = "one_way", "hedge"
UNITS = "0.01%", "0.02%", "0.05%"
COINS = ("BTC", "ETH", "SOL", "XRP")
WARMUP = 60  # minutes
TEMPLATE = Path("configs/strategy/mirror_shorts_for_longs.json")
BOTS = "wallet", "portfolio"
SIDES = ("long", "short")
MIRRORED = {"long": "mirror_shorts_for_longs", "short": "mirror_longs_for_shorts"}
BUSY: Mapping[str, Any] = MappingProxyType(  # a template's numbers for minutes instead of days
    {
        "close_grid_markup_start": 0.002,
        "close_grid_markup_end": 0.001,
        "close_trailing_grid_ratio": 0,
        "ema_span_0": 20,
        "ema_span_1": 50,
        "entry_initial_ema_dist": -0.001,
        "entry_initial_qty_pct": 0.1,
        "entry_grid_spacing_pct": 0.002,
        "entry_grid_spacing_volatility_weight": 0,
        "entry_trailing_grid_ratio": 0,
        "entry_volatility_ema_span_hours": 1,
        "forager_volatility_ema_span": 20,
        "forager_volume_ema_span": 20,
        "total_wallet_exposure_limit": 2,
        "unstuck_threshold": 0.5,
        "unstuck_loss_allowance_pct": 0.05,
    }
)


def plan(bot: str, dice: Prng, mode: str) -> Plan:
    """Return what *bot* is to trade on an account in *mode*."""
    found = document(bot, dice, mode)
    if bot == "wallet":
        return WalletPlan(configs.replaced(configs.default(), found))
    strategy = parse(json.loads(json.dumps(found), parse_float=Decimal), Path())
    return StrategyPlan(strategy, portfolios.coins(strategy), "USDT")


def document(bot: str, dice: Prng, mode: str) -> dict[str, Any]:
    """Return the configuration of *bot* on an account in *mode*."""
    if bot == "wallet":
        unit = UNITS[dice.below(len(UNITS))]
        return {"symbol": SYMBOL, "unit": unit, "mode": mode, "leverage": 2}
    found: dict[str, Any] = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    del found["$schema"]
    base, other = SIDES[:: 1 - 2 * dice.below(2)]
    positions = dice.between(1, 2)
    found["bot"] = {
        base: found["bot"]["long"] | BUSY | {"n_positions": positions},
        other: {"n_positions": 0, "total_wallet_exposure_limit": 0},
    }
    live = found["live"]
    live["mirror"] |= {"mode": MIRRORED[base], "ema_dist_entry": -1}
    live |= {"approved_coins": COINS, "hedge_mode": mode == "hedge", "max_warmup_minutes": WARMUP}
    return found


def contracts(chosen: Plan) -> tuple[str, ...]:
    """Return what the exchange calls the contracts of *chosen*."""
    if isinstance(chosen, StrategyPlan):
        return tuple(f"{coin}{chosen.quote}" for coin in chosen.coins)
    return chosen.symbols
