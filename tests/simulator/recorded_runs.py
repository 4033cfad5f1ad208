"""Whole backtests that an independent program recorded, as bars, settings and fills of ours."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

from adapters.candles import load
from machines.pricing.closes import CloseTerms
from machines.pricing.entries import EntryTerms
from machines.pricing.numbers import Market
from machines.pricing.sides import Side, SideTerms
from machines.pricing.unstuck import UnstuckTerms
from simulator.engine.bars import Bars, side_by_side
from simulator.engine.run import Settings

NAMES = ("long_default", "long_grid_active", "both_one_way", "both_hedge_forager4")
DATA = "data/binance_usdm_1m_2025-05"
CHOSEN = {
    "total_limit": "total_wallet_exposure_limit",
    "positions": "n_positions",
    "excess_allowance_pct": "risk_we_excess_allowance_pct",
    "total_enforcer_threshold": "risk_twel_enforcer_threshold",
    "volume_drop_pct": "forager_volume_drop_pct",
    "band_span": "ema_span_0",
    "other_band_span": "ema_span_1",
    "volume_span": "forager_volume_ema_span",
    "range_span": "forager_volatility_ema_span",
    "hourly_span": "entry_volatility_ema_span_hours",
}
WEIGHTS = {
    "volume_weight": "volume",
    "range_weight": "volatility",
    "readiness_weight": "ema_readiness",
}
Json = dict[str, Any]


def folder(shared: Path, name: str) -> Path:
    """Return where the run *name* was recorded."""
    return shared / "oracle/passivbot" / name


def config(shared: Path, name: str) -> Json:
    """Return what the run *name* was made with."""
    found: Json = json.loads((folder(shared, name) / "config.json").read_text())
    return found


def side(bot: Json) -> Side:
    """Return what was chosen for a side."""
    entry = bot | {"entry_grid_inflation": bot["entry_grid_inflation_enabled"]}
    chosen = {name: float(bot[theirs]) for name, theirs in CHOSEN.items()}
    weights = {name: float(bot["forager_score_weights"][key]) for name, key in WEIGHTS.items()}
    return Side(
        EntryTerms._make((0.0, *(entry[f"entry_{name}"] for name in EntryTerms._fields[1:]))),
        CloseTerms._make(
            (
                0.0,
                *(bot[f"close_{name}"] for name in CloseTerms._fields[1:-1]),
                bot["risk_wel_enforcer_threshold"],
            )
        ),
        UnstuckTerms._make((0.0, *(bot[f"unstuck_{name}"] for name in UnstuckTerms._fields[1:]))),
        SideTerms(**chosen, **weights),
    )


def settings(made: Json) -> Settings:
    """Return the settings of a run that was *made* with these."""
    backtest = made["backtest"]
    return Settings(
        markets=tuple(
            Market._make(float(made["exchange"][symbol][name]) for name in Market._fields)
            for symbol in made["symbols"]
        ),
        long=side(made["bot"]["long"]),
        short=side(made["bot"]["short"]),
        balance=backtest["starting_balance"],
        fee=backtest["maker_fee"],
        warmup_bars=backtest["global_warmup_bars"],
        hedge=backtest["hedge_mode"],
        liquidation_threshold=backtest["liquidation_threshold"],
        losses_max=backtest["max_realized_loss_pct"],
    )


def bars(shared: Path, made: Json) -> Bars:
    """Return the bars of a run that was *made* with these."""
    first = made["first_ts_ms"]
    last = first + made["minutes"] * 60_000
    found = [load(shared / DATA, symbol).between(first, last) for symbol in made["symbols"]]
    return side_by_side(found)


def lines(shared: Path, name: str, file: str) -> list[dict[str, str]]:
    """Return a table that was recorded of the run *name*."""
    with gzip.open(folder(shared, name) / f"{file}.csv.gz", "rt") as text:
        return list(csv.DictReader(text))
