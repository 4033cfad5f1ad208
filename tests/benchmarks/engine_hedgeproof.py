"""Measure the event world of hedgeproof: its own hedge wallet, with everything it does."""

from adapters.config import Simulation, setup
from simulator.candles import Candles
from simulator.world import run
from tests.benchmarks.probe import Watch, arguments, read, report


def main() -> None:
    """Run the world once."""
    watch = Watch()
    watch.lap("import_s")
    path, unit = arguments()
    market = read(path)
    candles = Candles(
        symbol=market.symbol,
        venue="benchmark",
        start_ms=market.start_ms,
        step_ms=market.step_ms,
        price_dp=market.price_dp,
        volume_dp=market.volume_dp,
        **market.columns,
    )
    prepared = setup(Simulation(unit=unit), candles)
    watch.lap("prepare_s")
    done = run(prepared, candles)
    watch.lap("run_s")
    lives = done.record.lives
    filled = sum(life.how == "filled" for life in lives)
    report(watch, "hedgeproof", {"bars": len(candles), "orders": len(lives), "filled": filled})


if __name__ == "__main__":
    main()
