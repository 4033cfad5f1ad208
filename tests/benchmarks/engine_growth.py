"""How the candle engine's time grows: `python -m tests.benchmarks.engine_growth`.

A template of the command line, longs and shorts, over synthetic minutes that are laid end to end,
there and back, until there are enough: processor time of `run`, one thread, warm, the fastest of
three.  The bars are read once for certain, so their bytes a second are set beside what the memory
of the same machine gives to a copy and to a sum of them.  Last what a run allocates beside the
bars, at its peak.
"""

import time
from pathlib import Path

import numpy as np
from attrs import evolve
from rich.console import Console
from rich.table import Table

from adapters.strategy.parse import load
from adapters.strategy.settings import settings
from machines.pricing.ema import CLOSE, HIGH, LOW
from machines.pricing.numbers import Floats, Market
from simulator.engine.bars import Bars, side_by_side
from simulator.engine.run import Semantics, Settings, run
from simulator.synthetic import market
from tests.benchmarks.engine_candles import start
from tests.benchmarks.probe import peak_bytes

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "configs/strategy/both_hedge.json"
SYMBOLS = (1, 10, 50, 200)
TOTALS = (10_000, 100_000, 1_000_000, 10_000_000)  # bars of all symbols together
SEEDS, PIECE = 10, 20_000
REPEATS, WARMUP, STEP_MS = 3, 1_440, 60_000
COIN = Market(0.001, 0.01, 0.001, 5.0, 1.0)
GIGA, MEGA = 1e9, 1e6
FORGET = Path("/proc/self/clear_refs")


def piece() -> Floats:
    """Return (PIECE, SEEDS, 4) synthetic bars."""
    candles = [market(seed, PIECE, symbol=f"{seed}") for seed in range(SEEDS)]
    return side_by_side(candles).values


def bars(made: Floats, symbols: int, count: int) -> Bars:
    """Return *count* bars of *symbols*: *made* there and back, each from a place of its own."""
    values = np.empty((count, symbols, 4))
    forth = np.concatenate([made, made[::-1]])
    for coin in range(symbols):
        turned = np.roll(forth[:, coin % SEEDS], -coin * PIECE // max(1, symbols // SEEDS), axis=0)
        for first in range(0, count, len(turned)):
            part = values[first : first + len(turned), coin]
            part[:] = turned[: len(part)]
    names = tuple(f"S{coin}" for coin in range(symbols))
    closes = np.concatenate([values[:1, :, CLOSE], values[:-1, :, CLOSE]])
    opens = np.clip(closes, values[:, :, LOW], values[:, :, HIGH])
    return Bars(names, 1_735_689_600_000, STEP_MS, values, opens)


def chosen(names: tuple[str, ...]) -> Settings:
    """Return the settings of the template for coins with these *names*."""
    return settings(load(TEMPLATE), dict.fromkeys(names, COIN), STEP_MS, WARMUP)


def fastest(work: object, *arguments: object) -> float:
    """Return the least processor time of calling *work* with *arguments*, s."""
    assert callable(work)
    found = []
    for _ in range(REPEATS):
        began = time.process_time()
        work(*arguments)
        found.append(time.process_time() - began)
    return min(found)


def beside(given: Bars, asked: Settings) -> int:
    """Return the bytes by which the process grows in a run, at its peak; the bars are there before.

    What is reserved and never touched, such as room for fills, is no memory.
    """
    FORGET.write_text("5")  # the peak until now
    before = peak_bytes()
    run(given, asked)
    return peak_bytes() - before


def bandwidth(values: Floats) -> tuple[float, float]:
    """Return the bytes a second of copying and of summing *values*, read and written alike."""
    there = np.empty_like(values)
    copied = fastest(np.copyto, there, values)
    return 2 * values.nbytes / copied, values.nbytes / fastest(np.sum, values)


def main() -> None:
    """Print the table."""
    console, made = Console(width=120), piece()
    big = bars(made, SYMBOLS[-1], TOTALS[-1] // SYMBOLS[-1]).values
    copied, summed = bandwidth(big)
    del big
    heads = "symbols", "bars of each", "fills", "CPU ms", "M coin-bars/CPU-s", "GB/s", "of sum"
    table = Table(*heads, "strict CPU ms", "MB of bars", "beside")
    run(found := bars(made, 1, 2_000), chosen(found.symbols))  # compiles, or loads what is
    for symbols in SYMBOLS:
        for total in TOTALS:
            if (count := total // symbols) <= WARMUP:
                continue
            given = bars(made, symbols, count)
            asked = chosen(given.symbols)
            fills = len(run(given, asked).fills)
            seconds = fastest(run, given, asked)
            strictly = fastest(run, given, evolve(asked, semantics=Semantics.STRICT))
            speed = given.values.nbytes / seconds
            table.add_row(
                *(f"{each:,}" for each in (symbols, count, fills)),
                f"{seconds * 1e3:,.1f}",
                f"{count * symbols / seconds / MEGA:.1f}",
                f"{speed / GIGA:.2f}",
                f"{100 * speed / summed:.1f} %",
                f"{strictly * 1e3:,.1f}",
                f"{given.values.nbytes / MEGA:,.1f}",
                f"{beside(given, asked) / MEGA:,.1f}",
            )
    console.print(table)
    console.print(f"memory: {copied / GIGA:.1f} GB/s of a copy, {summed / GIGA:.1f} GB/s of a sum")
    imported, ran = start()
    console.print(f"new process: import {imported:.2f} s, first run {ran:.2f} s, of the processor")


if __name__ == "__main__":
    main()
