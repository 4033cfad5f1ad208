"""The hedge wallet on a month of real candles: exact accounts, whole restarts, stable journals."""

from functools import cache
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from adapters import config as configs
from adapters.candles import load
from machines import ladder
from machines.order_manager import live
from simulator.account import Item, Trade
from simulator.candles import Candles
from simulator.closed_form import usd
from simulator.cycles import Cycle
from simulator.prng import Prng
from simulator.results import verify
from simulator.world import Run, Setup, run
from spec.hedge_wallet import OrderKind
from spec.units import MILLI_NS, SECOND_NS

MONTH = "data/binance_usdm_1m_2025-05"
BUSY = ("ETHUSDT", "SOLUSDT", "LAYERUSDT")
CASES = [
    *(("BTCUSDT", mode) for mode in ("one_way", "hedge")),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in product(BUSY, ("one_way", "hedge"))),
]
CALM_BARS = 10
CALM_NS = CALM_BARS * 60 * SECOND_NS
PARTS = 10
RESTARTS = 300
WIRE_NS = 100 * MILLI_NS
each_market = pytest.mark.parametrize(("symbol", "mode"), CASES)


@cache
def month(shared: Path, symbol: str) -> Candles:
    """Return the month of *symbol*; the test is skipped where it is not there."""
    if not (shared / MONTH / f"{symbol}.parquet").is_file():
        pytest.skip(f"no {symbol} in {shared / MONTH}")
    return load(shared / MONTH, symbol)


def chosen(candles: Candles, mode: str) -> Setup:
    """Return the default configuration in *mode*, with jitter and every check."""
    config = configs.replaced(configs.default(), {"mode": mode, "jitter_ms": 30})
    return evolve(configs.setup(config, candles), checked=True)


@cache
def plain(shared: Path, symbol: str, mode: str) -> Run:
    """Return an undisturbed run."""
    candles = month(shared, symbol)
    return run(chosen(candles, mode), candles)


def cash_of(done: Run, fills: list[Trade]) -> int:
    """Return the money units that *fills* bring in, after fees, as if they were paid in full."""
    value = done.setup.wallet.instrument.value
    gross = sum(-fill.side.sign * fill.qty * fill.price_ticks for fill in fills) * value
    return gross - sum(fill.fee for fill in fills)


@each_market
def test_every_money_unit_of_a_month_is_accounted_for(shared: Path, symbol: str, mode: str) -> None:
    """Venue cash is the deposit, the fills and the funding; a simple cycle is the closed form."""
    done = plain(shared, symbol, mode)
    account, found = done.venue.account, verify(done)
    funding = [each for each in account.transfers if each.item is Item.FUNDING]
    assert account.insurance == 0
    assert account.cash == account.deposit + account.realized - account.fees + account.funding
    assert account.funding == sum(each.amount for each in funding) != 0
    tied = account.pairs[0].long.cost - account.pairs[0].short.cost
    tied *= done.setup.wallet.instrument.value
    assert account.cash - tied == account.deposit + cash_of(done, done.venue.fills) + sum(
        each.amount for each in funding
    )
    for cycle, after in pairwise(found):
        earns_what_its_fills_bring(done, cycle, after.start_ns)
    assert sum(cycle.simple for cycle in found) > 30
    assert any(cycle.end_ns and not cycle.simple for cycle in found)


def earns_what_its_fills_bring(done: Run, cycle: Cycle, until_ns: int) -> None:
    """Assert what a complete cycle earned: fill by fill, and by the closed form if it is simple."""
    instrument, unit_ticks = done.setup.wallet.instrument, done.setup.wallet.unit_ticks
    account = done.venue.account
    fills = [fill for fill in done.venue.fills if cycle.start_ns <= fill.time_ns < until_ns]
    buys = [fill for fill in fills if fill.kind == OrderKind.MARKET_BUY_FULL]
    funding = sum(t.amount for t in account.transfers if cycle.start_ns <= t.time_ns < until_ns)
    assert cycle.reset_unit is not None
    assert cycle.qty == sum(fill.qty for fill in buys)
    reset = cycle.anchor_ticks + cycle.reset_unit * unit_ticks
    paid = sum(fill.qty * fill.price_ticks for fill in buys)
    held = (cycle.qty * reset - paid) * instrument.value
    assert cash_of(done, fills) + funding == cycle.net + held
    if cycle.simple:
        peak = cycle.anchor_ticks + cycle.peak_unit * unit_ticks
        quarter = paid * instrument.value // 4
        form = usd(
            cycle.peak_unit - cycle.low_unit,
            unit_ticks,
            peak,
            cycle.qty,
            lambda price: quarter // (price * instrument.value),
        )
        earned = form.pnl * instrument.value - cycle.slippage - cycle.fees + cycle.funding
        assert cycle.net == earned


@each_market
def test_one_seed_is_one_journal(shared: Path, symbol: str, mode: str) -> None:
    """The same seed again is the same to the last line; another latency is another run."""
    done = plain(shared, symbol, mode)
    again = run(done.setup, done.candles)
    assert again.journal_hash == done.journal_hash
    assert again.venue.fills == done.venue.fills
    late = run(evolve(done.setup, to_bot_ns=done.setup.to_bot_ns + MILLI_NS), done.candles)
    assert late.journal_hash != done.journal_hash


@each_market
@pytest.mark.parametrize("seed", [1, 2])
def test_restarts_lose_nothing(shared: Path, symbol: str, mode: str, seed: int) -> None:
    """Restarts while news is on a slow wire, thin liquidity: bot and venue agree in the end."""
    before = plain(shared, symbol, mode)
    candles, first = calm(before.candles), before.venue.fills[0]
    thin = evolve(before.setup.venue, liquidity_lots=first.qty // PARTS, refill_ns=SECOND_NS // 10)
    setup = evolve(
        before.setup,
        seed=seed,
        venue=thin,
        jitter_ns=WIRE_NS,
        restarts=moments(before, seed, candles.end_ms * MILLI_NS - CALM_NS // 2),
    )
    done = run(setup, candles)
    assert done.under_way == 0
    verify(done)
    assert not done.bot.wallet.halted
    assert {each.wanted for each in live(done.bot.book)} == {*ladder.wanted(done.bot.wallet)}
    assert len(done.venue.fills) > 2 * len(before.venue.fills)


def moments(before: Run, seed: int, end_ns: int) -> tuple[int, ...]:
    """Return when to restart: right after funding, right after many fills, and at random."""
    dice = Prng(seed).split("restarts")
    start_ns, fills = before.candles.start_ms * MILLI_NS, before.venue.fills
    events = [each.time_ns for each in before.venue.account.transfers]
    events += [fills[dice.below(len(fills))].time_ns for _ in range(RESTARTS)]
    found = [at_ns + dice.below(WIRE_NS) for at_ns in events]
    found += [dice.between(start_ns, end_ns) for _ in range(RESTARTS)]
    return tuple(sorted(at_ns for at_ns in found if at_ns < end_ns))


def calm(candles: Candles) -> Candles:
    """Return *candles* with still prices at the end, so that everything can arrive."""
    last = candles.close[-CALM_BARS - 1]
    still = np.full(CALM_BARS, last, np.int64)
    open_, high, low, close = (
        np.concatenate((column[:-CALM_BARS], still))
        for column in (candles.open, candles.high, candles.low, candles.close)
    )
    return evolve(candles, open=open_, high=high, low=low, close=close)
