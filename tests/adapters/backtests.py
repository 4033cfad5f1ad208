"""A folder of small markets, configurations that trade on them, and the command line."""

import json
from pathlib import Path
from typing import Any

from attrs import evolve
from typer.testing import CliRunner, Result

from adapters.candles import save
from adapters.cli import app
from simulator.synthetic import market

Json = dict[str, Any]
BARS = 4_000
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
SIDE: Json = {
    "n_positions": 2,
    "total_wallet_exposure_limit": 1.5,
    "ema_span_0": 60,
    "ema_span_1": 200,
    "entry_initial_ema_dist": -0.001,
    "entry_initial_qty_pct": 0.1,
    "entry_grid_spacing_pct": 0.004,
    "entry_trailing_grid_ratio": 0,
    "entry_volatility_ema_span_hours": 5,
    "close_grid_markup_start": 0.004,
    "close_grid_markup_end": 0.002,
    "close_trailing_grid_ratio": 0,
    "forager_volatility_ema_span": 60,
    "forager_volume_ema_span": 60,
}
OFF: Json = {"n_positions": 0, "total_wallet_exposure_limit": 0}


def candle_folder(folder: Path, bars: int = BARS) -> Path:
    """Write three markets, some days long or as many *bars*, to *folder*, and return it."""
    for seed, symbol in enumerate(SYMBOLS, start=1):
        save(evolve(market(seed, bars), symbol=symbol), folder)
    return folder


def config(path: Path, *, long: Json = SIDE, short: Json = OFF, **sections: Json) -> Path:
    """Write a configuration to *path*, and return it."""
    backtest = {"max_warmup_minutes": 500} | sections.pop("backtest", {})
    found = {"bot": {"long": long, "short": short}, "backtest": backtest, **sections}
    path.write_text(json.dumps(found))
    return path


def command(*words: object) -> Result:
    """Run the command line with *words*."""
    return CliRunner().invoke(app, [*map(str, words)])
