"""Write the markets to a folder, one NumPy file each: `python markets.py FOLDER SHARED`.

Prints one line of JSON: the name of each market, and its file or why there is none.
"""

import json
import sys
from pathlib import Path

import numpy as np

from adapters.candles import load
from adapters.config import SYNTHETIC_BARS
from simulator.candles import COLUMNS, Candles
from simulator.synthetic import market

DATA = "data/binance_usdm_1m_2025-05"
ABOUT = ("symbol", "start_ms", "step_ms", "price_dp", "volume_dp")
MARKETS = ("synthetic", "BTCUSDT")


def save(candles: Candles, path: Path) -> None:
    """Write *candles* to *path*."""
    about = json.dumps({name: getattr(candles, name) for name in ABOUT})
    columns = {name: getattr(candles, name) for name in COLUMNS}
    np.savez(path, about=np.array(about), **columns)


def recorded(shared: Path) -> Candles | None:
    """Return the recorded market, as many bars as the synthetic one has, if it is there."""
    folder = shared / DATA
    if not (folder / "BTCUSDT.parquet").exists():
        return None
    candles = load(folder, "BTCUSDT")
    bars = min(SYNTHETIC_BARS, len(candles))
    return candles.between(candles.start_ms, candles.start_ms + bars * candles.step_ms)


if __name__ == "__main__":
    folder, shared = map(Path, sys.argv[1:])
    found = (market(1, SYNTHETIC_BARS), recorded(shared))
    for name, candles in zip(MARKETS, found, strict=True):
        if candles is not None:
            save(candles, folder / f"{name}.npz")
